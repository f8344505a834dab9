/* fuzz_ir: the text form of the IR. What reads and is well formed must print and read again as the
 * same text, survive the middle end well formed, and evaluate to the same.
 * Blind to: functions that need memory or calls (eval ends there), results where floating point is
 * about (which NaN comes out is not fixed), selection and emission.
 * SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "shield/ir/check.h"
#include "shield/ir/eval.h"
#include "shield/ir/text.h"
#include "shield/opt/opt.h"
#include "shield/opt/wide.h"

#include <string.h>

enum { STEPS_MAX = 10000, PARAMS_MAX = 64, TEXT_BYTES_MAX = 16 << 10 };

struct job {
    struct str text;
    struct arena arena;
};

static struct ir_eval_result evaluate(struct job *j, struct ir_func *f)
{
    const struct ir_eval_host host = {0};
    ir_bits args[PARAMS_MAX];

    for (unsigned i = 0; i < PARAMS_MAX; i++)
        args[i] = i * 3u + 1u;
    return ir_eval(f, &host, args, STEPS_MAX, &j->arena);
}

static void compare(const struct ir_func *f, struct ir_eval_result x, struct ir_eval_result y)
{
    const uint32_t count = f->signatures[f->signature].result_count;

    if (x.end != IR_EVAL_RETURNED || y.end != IR_EVAL_RETURNED)
        return; /* optimising may do without what eval could not do */
    FUZZ_CHECK(count == 0 || memcmp(x.results, y.results, count * sizeof(*x.results)) == 0,
               "the middle end keeps the results");
}

static bool has_floats(const struct ir_func *f)
{
    for (ir_value v = 0; v < f->inst_count; v++)
        if (f->insts[v].type == IR_F32 || f->insts[v].type == IR_F64 || f->insts[v].type == IR_V128)
            return true;
    return false;
}

static void print(struct job *j, const struct ir_func *f, struct buf *out)
{
    buf_init(out, &j->arena);
    ir_print(f, IR_PRINT_DENSE, out);
}

static enum status run(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    const struct opt_options options = {.check = true};
    struct ir_func f, again;
    struct buf first, second;

    TRY(ir_parse(j->text, &j->arena, &f, dg));
    TRY(ir_check(&f, dg));
    print(j, &f, &first);
    FUZZ_CHECK(ir_parse((struct str){(const char *)first.data, first.size}, &j->arena, &again,
                        dg) == ST_OK,
               "what is printed reads again");
    FUZZ_CHECK(ir_check(&again, dg) == ST_OK, "and is well formed");
    print(j, &again, &second);
    FUZZ_CHECK(first.size == second.size && memcmp(first.data, second.data, first.size) == 0,
               "and prints the same");
    if (ir_list_count(&f, f.blocks[0].params) > PARAMS_MAX)
        return ST_OK;
    const bool comparable = !has_floats(&f);
    const struct ir_eval_result plain = evaluate(j, &f);
    TRY(opt_wide(&again, dg));
    FUZZ_CHECK(opt_function(&again, &options, dg) == ST_OK, "the middle end takes what is good");
    if (f.signatures[f.signature].param_count != again.signatures[again.signature].param_count)
        return ST_OK; /* 128 bits became two parameters */
    if (comparable)
        compare(&f, plain, evaluate(j, &again));
    return ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct job j = {.text = {(const char *)data, size}};
    struct diag dg = {0};

    if (size > TEXT_BYTES_MAX)
        return 0;
    arena_init(&j.arena, FUZZ_ARENA_BYTES);
    (void)!arena_guard(&j.arena, run, &j, &dg);
    arena_free(&j.arena);
    return 0;
}
