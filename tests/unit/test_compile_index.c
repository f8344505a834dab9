/* test_compile_index: whatever an operator gives as i32 may be the index of a memory access, right
 * away, over a branch, or behind a call. The verifier must see that its high half is zero. For each
 * operator a module of its own, compiled and judged at each level.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "base/buf.h"
#include "shield/native/native.h"
#include "shield/wasm/ops.h"

#include <string.h>

static uint8_t type_code(char letter)
{
    switch (letter) {
    case 'I': return 0x7e;
    case 'f': return 0x7d;
    case 'F': return 0x7c;
    case 'v': return 0x7b;
    default: return 0x7f; /* i, and a: the address of a 32-bit memory */
    }
}

static void section(struct buf *out, uint8_t id, const struct buf *content)
{
    buf_byte(out, id);
    buf_uleb(out, content->size);
    buf_bytes(out, content->data, content->size);
}

/* Type 0: that of the operator. Type 1: (i32) -> i32. */
static void types(struct buf *b, const char *sig)
{
    const uint32_t params = (uint32_t)(strchr(sig, ':') - sig);
    static const uint8_t second[] = {0x60, 1, 0x7f, 1, 0x7f};

    buf_byte(b, 2);
    buf_byte(b, 0x60);
    buf_uleb(b, params);
    for (uint32_t i = 0; i < params; i++)
        buf_byte(b, type_code(sig[i]));
    buf_byte(b, 1);
    buf_byte(b, 0x7f);
    buf_bytes(b, second, sizeof(second));
}

static void operator_bytes(struct buf *b, enum wm_op op)
{
    const struct wm_op_info *info = &wm_op_info[op];

    if (info->prefix != 0) {
        buf_byte(b, info->prefix);
        buf_uleb(b, info->code);
    } else {
        buf_byte(b, (uint8_t)info->code);
    }
    if (info->imm == WM_IMM_LANE) {
        buf_byte(b, 0);
    } else if (info->imm == WM_IMM_MEMARG) {
        buf_byte(b, (uint8_t)__builtin_ctz(info->width));
        buf_byte(b, 0);
    } else if (info->imm == WM_IMM_MEMORY) {
        buf_byte(b, 0);
    } else if (info->imm == WM_IMM_I32) {
        buf_byte(b, 0x7f);
    }
}

/* Uses the operator's result as an index three times: at once; as a parameter of a block, kept in a
 * local over a call; and in another function. */
static void body(struct buf *b, enum wm_op op)
{
    const char *sig = wm_op_info[op].sig;
    const uint32_t params = (uint32_t)(strchr(sig, ':') - sig);
    static const uint8_t load[] = {0x2d, 0, 0};

    buf_byte(b, 1); /* a local of type i32 */
    buf_byte(b, 1);
    buf_byte(b, 0x7f);
    for (uint32_t i = 0; i < params; i++) {
        buf_byte(b, 0x20);
        buf_uleb(b, i);
    }
    operator_bytes(b, op);
    buf_byte(b, 0x22); /* local.tee */
    buf_uleb(b, params);
    buf_bytes(b, load, sizeof(load));
    buf_byte(b, 0x04); /* if */
    buf_byte(b, 0x40);
    buf_byte(b, 0x41);
    buf_byte(b, 5);
    buf_byte(b, 0x21); /* local.set */
    buf_uleb(b, params);
    buf_byte(b, 0x0b);
    buf_byte(b, 0x20);
    buf_uleb(b, params);
    buf_byte(b, 0x10); /* call 1 */
    buf_byte(b, 1);
    buf_bytes(b, load, sizeof(load));
    buf_byte(b, 0x20);
    buf_uleb(b, params);
    buf_bytes(b, load, sizeof(load));
    buf_byte(b, 0x6a);
    buf_byte(b, 0x0b);
}

struct job {
    struct arena *arena;
    enum wm_op op;
    struct buf out;
};

static enum status make_module(void *ctx, struct diag *dg)
{
    static const uint8_t header[] = {0, 'a', 's', 'm', 1, 0, 0, 0}, funcs[] = {2, 0, 1},
                         memory[] = {1, 3, 1, 2},
                         second[] = {7, 0, 0x20, 0, 0x2d, 0, 0, 0x0b};
    struct job *j = ctx;
    struct buf part, first;

    (void)dg;
    buf_init(&j->out, j->arena);
    buf_bytes(&j->out, header, sizeof(header));
    buf_init(&part, j->arena);
    types(&part, wm_op_info[j->op].sig);
    section(&j->out, 1, &part);
    buf_init(&part, j->arena);
    buf_bytes(&part, funcs, sizeof(funcs));
    section(&j->out, 3, &part);
    buf_init(&part, j->arena);
    buf_bytes(&part, memory, sizeof(memory));
    section(&j->out, 5, &part);
    buf_init(&first, j->arena);
    body(&first, j->op);
    buf_init(&part, j->arena);
    buf_byte(&part, 2);
    buf_uleb(&part, first.size);
    buf_bytes(&part, first.data, first.size);
    buf_bytes(&part, second, sizeof(second));
    section(&j->out, 10, &part);
    return ST_OK;
}

static void check(enum wm_op op, uint32_t level)
{
    const struct native_options options = {.opt_level = level, .must_compile = true};
    const struct rt_config config = {.features = wm_features_all(),
                                     .module_arena_bytes_max = (uint64_t)1 << 30,
                                     .tier = native_tier(),
                                     .tier_options = &options};
    struct rt_engine *engine = rt_engine_new(&config);
    struct rt_module *module = NULL;
    struct arena arena;
    struct job j = {.arena = &arena, .op = op};
    struct diag dg = {0};

    arena_init(&arena, 1 << 20);
    enum status st = arena_guard(&arena, make_module, &j, &dg);
    if (st == ST_OK)
        st = rt_module_new(engine, j.out.data, j.out.size, &module, &dg);
    tap_ok(st == ST_OK, "%s, level %u%s%s", wm_op_info[op].text, level, st == ST_OK ? "" : ": ",
           dg.text);
    if (module != NULL)
        rt_module_free(module);
    rt_engine_free(engine);
    arena_free(&arena);
}

static bool gives_index(enum wm_op op)
{
    const struct wm_op_info *info = &wm_op_info[op];
    const char *colon = strchr(info->sig, ':');
    const bool is_plain = info->imm == WM_IMM_NONE || info->imm == WM_IMM_LANE ||
                          info->imm == WM_IMM_MEMARG || info->imm == WM_IMM_MEMORY ||
                          info->imm == WM_IMM_I32;

    return colon != NULL && (strcmp(colon, ":i") == 0 || strcmp(colon, ":a") == 0) && is_plain;
}

int main(void)
{
    if (native_tier() == NULL)
        return tap_skip_all("there is no compiler for this processor");
    for (enum wm_op op = 0; op < WM_OP_COUNT; op++)
        if (gives_index(op)) {
            check(op, 0);
            check(op, 2);
        }
    return tap_done();
}
