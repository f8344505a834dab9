/* test_ops: opcodes.def is sorted, unique, and its signatures can be read; lookup finds exactly its
 * rows. SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "shield/wasm/ops.h"

#include <string.h>

static uint32_t key_of(enum wm_op op)
{
    return (uint32_t)wm_op_info[op].prefix << 16 | wm_op_info[op].code;
}

static void test_order(void)
{
    enum wm_op unsorted = WM_OP_COUNT;

    for (enum wm_op op = 1; op < WM_OP_COUNT; op++)
        if (key_of(op) <= key_of(op - 1))
            unsorted = op;
    tap_ok(unsorted == WM_OP_COUNT, "rows ascend by prefix and code: %s",
           unsorted == WM_OP_COUNT ? "yes" : wm_op_info[unsorted].text);
}

static void test_find(void)
{
    static const uint8_t prefixes[] = {0, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff};
    uint32_t found = 0, wrong = 0;

    for (uint32_t i = 0; i < LENGTH_OF(prefixes); i++)
        for (uint32_t code = 0; code < 0x10000; code++) {
            enum wm_op op = wm_op_find(prefixes[i], code);
            if (op == WM_OP_COUNT)
                continue;
            found++;
            wrong += wm_op_info[op].prefix != prefixes[i] || wm_op_info[op].code != code;
        }
    tap_ok(found == WM_OP_COUNT && wrong == 0, "lookup finds %u of %u operators, %u wrong", found,
           (uint32_t)WM_OP_COUNT, wrong);
    tap_ok(wm_op_find(0xfd, UINT32_MAX) == WM_OP_COUNT, "no operator at the largest code");
}

static bool is_signature(const char *sig)
{
    const char *colon = strchr(sig, ':');
    if (strcmp(sig, "*") == 0)
        return true;
    return colon != NULL && strspn(sig, "iIfFva") == (size_t)(colon - sig) &&
           strspn(colon + 1, "iIfFva") == strlen(colon + 1) && colon - sig <= 8;
}

/* 'a' needs a memory among the immediates; a memory access needs its width. */
static bool fits_immediates(const struct wm_op_info *info)
{
    bool is_access = info->imm == WM_IMM_MEMARG || info->imm == WM_IMM_MEMARG_LANE;
    bool names_memory = is_access || info->imm == WM_IMM_MEMORY || info->imm == WM_IMM_DATA_MEMORY;
    bool is_power = info->width != 0 && (info->width & (info->width - 1)) == 0;

    if (strchr(info->sig, 'a') != NULL && !names_memory)
        return false;
    return is_access || info->imm == WM_IMM_LANE ? is_power : info->width == 0;
}

static void test_rows(void)
{
    const char *bad = NULL;

    for (enum wm_op op = 0; op < WM_OP_COUNT; op++) {
        const struct wm_op_info *info = &wm_op_info[op];
        if (!is_signature(info->sig) || !fits_immediates(info) || info->imm >= WM_IMM_COUNT ||
            info->feature >= WM_FEATURE_COUNT || info->text[0] == '\0')
            bad = info->text;
    }
    tap_ok(bad == NULL, "signature, immediates, width and feature of each row: %s",
           bad == NULL ? "good" : bad);
}

static void test_features(void)
{
    struct wm_features on = wm_features_default(), all = wm_features_all();
    struct diag dg = {0};
    uint32_t wrong = 0;

    for (enum wm_feature f = 0; f < WM_FEATURE_COUNT; f++)
        wrong += wm_feature_find(wm_feature_info[f].name) != f || !wm_has(all, f) ||
                 wm_has(on, f) != wm_feature_info[f].is_default;
    tap_ok(wrong == 0, "each feature is found by its name: %u wrong", wrong);
    tap_ok(wm_feature_find("no-such-thing") == WM_FEATURE_COUNT, "an unknown name is not found");
    tap_ok(wm_need(all, WM_FEATURE_THREADS, 7, "x", &dg) == ST_OK, "a feature that is on");
    enum status st = wm_need(on, WM_FEATURE_THREADS, 7, "i32.atomic.load", &dg);
    tap_ok(st == ST_UNSUPPORTED && dg.offset == 7 &&
               strcmp(dg.text, "i32.atomic.load needs --feature threads") == 0,
           "a feature that is off: %s", dg.text);
    wm_feature_set(&on, WM_FEATURE_THREADS, true);
    tap_ok(wm_has(on, WM_FEATURE_THREADS), "switched on");
    wm_feature_set(&on, WM_FEATURE_THREADS, false);
    tap_ok(!wm_has(on, WM_FEATURE_THREADS), "switched off");
}

int main(void)
{
    test_order();
    test_find();
    test_rows();
    test_features();
    return tap_done();
}
