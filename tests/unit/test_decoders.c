/* test_decoders: the validator's fast loop decodes by itself. Over the modules of the public
 * suites, it must see instructions exactly where wm_ins_read() does, and judge as the plain path
 * does. SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>

static void trace(size_t offset);
#define WM_TRACE(offset) trace(offset)
#include "shield/wasm/validate_code.c" /* in place of the library's */

#include "judging.h"
#include "suites.h"

static const char *const folders[] = {
    "wasm-spec",
    "wasm-spec/legacy",
    "wasm-spec/proposals/threads",
    "wasm-spec/proposals/wide-arithmetic",
    "wasm-spec/proposals/custom-page-sizes",
    "wasi/assemblyscript",
    "wasi/c",
    "../bench/wasm",
    "../bench/wasm-simd",
};

struct totals {
    unsigned modules, valid, misjudged;
    uint64_t instructions, misplaced;
};

/* A byte for each byte of the module being validated: where the validator saw an instruction. */
static uint8_t *seen;
static size_t seen_size;

static void trace(size_t offset)
{
    if (offset < seen_size && seen[offset] != UINT8_MAX)
        seen[offset]++;
}

/* Instructions of the bodies that the validator did not see exactly once, and places inside bodies
 * where it saw one that is none. */
static void compare_bodies(const struct wm_module *m, struct totals *t)
{
    for (uint32_t i = 0; i < m->code_count; i++) {
        struct wm_reader r = wm_reader_of(m->codes[i].body, m->features);
        uint32_t total = 0;
        uint64_t places = 0, real = 0;
        if (wm_read_locals(&r, &total, NULL, NULL, NULL) != ST_OK)
            t->misplaced++;
        for (size_t at = r.pos; at < r.end; at++)
            places += seen[r.offset + at];
        while (r.pos < r.end) {
            struct wm_ins ins;
            if (wm_ins_read(&r, &ins, NULL) != ST_OK)
                break;
            t->misplaced += seen[ins.offset] != 1;
            real++;
        }
        t->misplaced += places != real || r.pos != r.end;
        t->instructions += real;
    }
}

static void check_module(void *ctx, struct str s)
{
    struct totals *t = ctx;
    uint8_t *bytes = exact_copy((const uint8_t *)s.text, s.size);
    struct arena a, scratch;
    struct wm_module m;
    struct diag fast = {0}, plain;

    seen = calloc(s.size + 1, 1);
    seen_size = s.size;
    arena_init(&a, (size_t)1 << 30);
    arena_init(&scratch, (size_t)1 << 30);
    t->modules++;
    enum status st = wm_read_module(bytes, s.size, wm_features_all(), &a, &m, &fast);
    if (st == ST_OK) {
        st = wm_validate(&m, &scratch, &fast);
        if (st == ST_OK)
            compare_bodies(&m, t);
    }
    seen_size = 0;
    enum status plain_status = judge_once(bytes, s.size, wm_features_all(), true, &plain);
    t->valid += st == ST_OK;
    t->misjudged +=
        st != plain_status || fast.offset != plain.offset || strcmp(fast.text, plain.text) != 0;
    arena_free(&scratch);
    arena_free(&a);
    free(seen);
    free(bytes);
}

int main(void)
{
    const char *root = suites_root();
    struct totals all = {0};

    if (root == NULL)
        return tap_skip_all("no suites: neither $MUJUN_SUITES nor ../shared/suites");
    for (uint32_t i = 0; i < LENGTH_OF(folders); i++) {
        struct totals t = {0};
        struct module_visit v = {.visit = check_module, .ctx = &t};
        if (visit_folder(root, folders[i], v) == 0) {
            tap_ok(true, "%s # SKIP not there", folders[i]);
            continue;
        }
        tap_ok(t.modules != 0 && t.misjudged == 0 && t.misplaced == 0,
               "%s: %u modules, %u valid, %llu instructions; %u judged otherwise, %llu misplaced",
               folders[i], t.modules, t.valid, (unsigned long long)t.instructions, t.misjudged,
               (unsigned long long)t.misplaced);
        all.modules += t.modules;
        all.instructions += t.instructions;
    }
    tap_ok(all.modules > 2000, "%u modules, %llu instructions", all.modules,
           (unsigned long long)all.instructions);
    return tap_done();
}
