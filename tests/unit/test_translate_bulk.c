/* test_translate_bulk: memory.copy and memory.fill of few bytes are done in place: the same bytes,
 * the same traps and never half of the work, at every edge of a memory of one page.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "shield/ir/eval.h"
#include "shield/wasm/wat.h"
#include "translating.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PAGE UINT32_C(65536)

static const char text[] =
    "(module (memory 1)"
    "  (func (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))"
    "  (func (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))"
    "  (func (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 2)))"
    "  (func (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 13)))"
    "  (func (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (i32.const 24)))"
    "  (func (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 33)))"
    "  (func (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 0))))";
static const struct {
    bool is_fill;
    uint32_t constant; /* UINT32_MAX: the third argument */
} functions[] = {
    {false, UINT32_MAX},
    {true,  UINT32_MAX},
    {false, 2         },
    {false, 13        },
    {true,  24        },
    {false, 33        },
    {false, 0         }
};

struct world {
    uint8_t memory[PAGE], wanted[PAGE];
    uint32_t builtins; /* called */
    struct ir_func *f;
};
static struct world w;

static bool load(void *ctx, uint64_t address, void *out, uint32_t bytes)
{
    (void)ctx;
    if (address > PAGE - bytes)
        return false;
    memcpy(out, w.memory + address, bytes);
    return true;
}

static bool store(void *ctx, uint64_t address, const void *bytes, uint32_t count)
{
    (void)ctx;
    if (address > PAGE - count)
        return false;
    memcpy(w.memory + address, bytes, count);
    return true;
}

/* The operation as the specification has it; false: it traps. */
static bool operate(uint8_t *memory, bool is_fill, uint64_t to, uint64_t from, uint64_t n)
{
    if (to + n > PAGE || (!is_fill && from + n > PAGE))
        return false;
    if (is_fill)
        memset(memory + to, (int)(from & 0xff), n);
    else
        memmove(memory + to, memory + from, n);
    return true;
}

static bool call(void *ctx, const struct ir_func *f, ir_value at, ir_bits target,
                 const ir_bits *args, ir_bits *results, uint8_t *trap)
{
    const struct ir_callee *callee = &f->callees[ir_at(f, at)->a];
    const bool is_fill = callee->number == BUILTIN_memory_fill;

    (void)ctx, (void)target, (void)results;
    w.builtins++;
    const ir_bits *a = is_fill ? args + 1 : args + 2;
    if (!operate(w.memory, is_fill, (uint64_t)a[0], (uint64_t)a[1], (uint64_t)a[2]))
        *trap = IR_TRAP_MEMORY_BOUNDS;
    return true;
}

/* One run beside the specification. */
static bool agrees(uint32_t function, uint32_t to, uint32_t from, uint32_t n, struct arena *a)
{
    static const struct ir_eval_host host = {.load = load, .store = store, .call = call};
    const bool is_fill = functions[function].is_fill;
    const uint32_t count =
        functions[function].constant == UINT32_MAX ? n : functions[function].constant;
    const ir_bits args[3] = {to, from, n};

    for (uint32_t i = 0; i < 160; i++) {
        w.memory[i] = (uint8_t)(i * 7 + 1);
        w.memory[PAGE - 1 - i] = (uint8_t)(i * 11 + 3);
    }
    memcpy(w.wanted, w.memory, PAGE);
    const bool fits = operate(w.wanted, is_fill, to, from, count);
    w.builtins = 0;
    const struct ir_eval_result got = ir_eval(w.f, &host, args, 1000, a);
    const bool right = got.end == (fits ? IR_EVAL_RETURNED : IR_EVAL_TRAPPED) &&
                       (fits || got.trap == IR_TRAP_MEMORY_BOUNDS) &&
                       memcmp(w.memory, w.wanted, PAGE) == 0 &&
                       (w.builtins == 0) == (count >= 1 && count <= 32);
    if (!right)
        printf("# function %" PRIu32 " to %" PRIu32 " from %" PRIu32 " count %" PRIu32
               ": end %d, wanted %s, memory %s, %" PRIu32 " builtins\n",
               function, to, from, count, (int)got.end, fits ? "a return" : "a trap",
               memcmp(w.memory, w.wanted, PAGE) == 0 ? "right" : "wrong", w.builtins);
    return right;
}

static void check_function(void *ctx, struct ir_func *f)
{
    static const uint32_t places[] = {0,
                                      5,
                                      40,
                                      PAGE - 40,
                                      PAGE - 32,
                                      PAGE - 17,
                                      PAGE - 16,
                                      PAGE - 8,
                                      PAGE - 3,
                                      PAGE - 1,
                                      PAGE,
                                      PAGE + 1,
                                      UINT32_MAX - 31,
                                      UINT32_MAX - 8,
                                      UINT32_MAX - 2,
                                      UINT32_MAX};
    static const uint32_t counts[] = {0,  1,  2,  3,  4,  5,  7,    8,         9,
                                      15, 16, 17, 31, 32, 33, PAGE, UINT32_MAX};
    const uint32_t function = *(const uint32_t *)ctx;
    const size_t place_count = sizeof(places) / sizeof(*places);
    uint32_t runs = 0;
    bool right = true;

    w.f = f;
    for (size_t i = 0; i < place_count && right; i++) {
        for (size_t j = 0; j < place_count && right; j++) {
            for (size_t k = 0; k < sizeof(counts) / sizeof(*counts) && right; k++) {
                const struct arena_mark mark = arena_mark(f->arena);
                right = agrees(function, places[i], places[j], counts[k], f->arena);
                arena_release(f->arena, mark);
                runs++;
            }
        }
    }
    tap_ok(right, "function %u: %u places and counts", (unsigned)function, (unsigned)runs);
}

int main(void)
{
    const struct str source = {text, sizeof(text) - 1};
    struct translating t;
    struct translate_scratch scratch;
    struct diag dg = {0};
    const struct wm_wat_options options = {.features = wm_features_all()};
    struct str bytes;
    struct arena a;

    arena_init(&a, 64 << 20);
    translate_scratch_init(&scratch);
    if (!tap_ok(wm_wat_parse(source, &options, &a, &bytes, NULL, &dg) == ST_OK &&
                    translating_open(&t, (const uint8_t *)bytes.text, bytes.size, &dg) == ST_OK,
                "the module can be read %s", dg.text))
        return tap_done();
    for (uint32_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
        const struct translation one = {
            .env = &t.env, .func_index = i, .scratch = &scratch, .use = check_function, .ctx = &i};
        tap_ok(translate_in(one, &dg) == ST_OK, "function %u is translated", (unsigned)i);
    }
    translate_scratch_free(&scratch);
    translating_free(&t);
    arena_free(&a);
    return tap_done();
}
