/*
 * opt_rules: every rule of rules/opt, alone, at every type it claims: what its pattern computes and
 * what its right side computes are compared on edge values by ir/eval. The builders and the rules
 * one by one are made by `rulec -t`. SPDX-License-Identifier: Apache-2.0
 */
#include "rule_trial.h"
#include "shield/ir/check.h"
#include "shield/ir/eval.h"
#include "tap.h"

#include <inttypes.h>
#include <string.h>

#include "opt_try.c"

enum {
    TRIALS_MAX = 12000, /* ways through a pattern's choices */
    JUDGED_MAX = 160,   /* of one assignment of types are evaluated */
    ARGUMENTS = 24,     /* for each */
    PARAMS_MAX = 8,
    STEPS_MAX = 1000,
};

struct job {
    const struct rule_try *rule;
    struct rule_trial trial;
    struct rng rng;
    struct arena arena;
    uint32_t fired, judged; /* trials */
    uint32_t judged_at[64]; /* by assignment of types */
    uint32_t fired_types;   /* first type: bit n */
    uint32_t valid_types;
    char wrong[DIAG_TEXT_MAX + 64];
};

static bool is_nan(enum ir_type type, ir_bits x)
{
    if (type == IR_F32)
        return ((uint32_t)x & INT32_MAX) > 0x7f800000;
    return type == IR_F64 && ((uint64_t)x & INT64_MAX) > UINT64_C(0x7ff0000000000000);
}

static ir_bits random_argument(struct job *j, enum ir_type type)
{
    uint64_t bits;

    if (type == IR_V128)
        return (ir_bits)rng_next(&j->rng) << 64 | rng_next(&j->rng);
    if (rng_chance(&j->rng, 1, 3))
        return rule_cut(type, rng_next(&j->rng) >> rng_below(&j->rng, 64));
    uint32_t count = 0;
    while (rule_trial_edge(type, count, &bits))
        count++;
    rule_trial_edge(type, (uint32_t)rng_below(&j->rng, count), &bits);
    return bits;
}

/* The function with `value` as its result. */
static struct ir_eval_result result_of(struct job *j, struct ir_func *f, ir_value value,
                                       const ir_bits *args)
{
    const struct ir_eval_host host = {0};
    ir_value end = f->blocks[0].last;

    ir_list_items(f, ir_at(f, end)->a)[0] = value;
    return ir_eval(f, &host, args, STEPS_MAX, &j->arena);
}

static void judge(struct job *j, struct ir_func *f, ir_value left, ir_value right)
{
    const uint32_t *params = ir_list_items(f, f->blocks[0].params);
    uint32_t param_count = ir_list_count(f, f->blocks[0].params);
    enum ir_type type = (enum ir_type)ir_at(f, left)->type;
    ir_bits args[PARAMS_MAX];

    if (ir_at(f, right)->type != type)
        snprintf(j->wrong, sizeof(j->wrong), "%s becomes %s", ir_type_text(type),
                 ir_type_text((enum ir_type)ir_at(f, right)->type));
    for (uint32_t n = 0; n < ARGUMENTS && j->wrong[0] == '\0'; n++) {
        struct arena_mark mark = arena_mark(&j->arena);
        for (uint32_t k = 0; k < param_count; k++)
            args[k] = random_argument(j, (enum ir_type)ir_at(f, params[k])->type);
        struct ir_eval_result x = result_of(j, f, left, args), y = result_of(j, f, right, args);
        bool same = x.end == y.end && x.trap == y.trap;
        if (same && x.end == IR_EVAL_RETURNED)
            same = x.results[0] == y.results[0] ||
                   (is_nan(type, x.results[0]) && is_nan(type, y.results[0]));
        if (x.end == IR_EVAL_UNKNOWN || !same)
            snprintf(j->wrong, sizeof(j->wrong),
                     "%s (%#" PRIx64 ", %#" PRIx64 "): %#" PRIx64 " becomes %#" PRIx64,
                     ir_type_text(type), param_count > 0 ? (uint64_t)args[0] : 0,
                     param_count > 1 ? (uint64_t)args[1] : 0,
                     x.end == IR_EVAL_RETURNED ? (uint64_t)x.results[0] : x.end,
                     y.end == IR_EVAL_RETURNED ? (uint64_t)y.results[0] : y.end);
        arena_release(&j->arena, mark);
    }
    j->judged++;
}

/* Two copies of the pattern's value: the second is rewritten. */
static enum status one_trial(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct rule_trial *t = &j->trial;
    struct opt_stats stats = {0};
    struct opt_rewrite c;
    struct ir_func f;
    ir_value out;

    ir_func_init(&f, &j->arena, 0);
    ir_block_new(&f);
    t->f = &f;
    ir_value left = j->rule->left(t);
    ir_value end =
        ir_emit(&f, 0, (struct ir_inst){.op = IR_OP_RETURN, .a = ir_list_new(&f, &left, 1)});
    uint8_t params[PARAMS_MAX];
    uint32_t count = ir_list_count(&f, f.blocks[0].params);
    for (uint32_t k = 0; k < count; k++)
        params[k] = ir_at(&f, ir_list_items(&f, f.blocks[0].params)[k])->type;
    f.signature = ir_signature(&f, params, count, &ir_at(&f, left)->type, 1);
    if (ir_check(&f, dg) != ST_OK)
        return ST_OK; /* the types chosen do not go together */
    uint32_t assignment = 0;
    for (uint32_t k = 0; k < t->type_count; k++)
        assignment = assignment * 7 + t->types[k];
    j->valid_types |= t->type_count > 0 ? 1u << t->types[0] : 0;
    rewrite_init(&c, &f, &stats);
    c.at = end;
    c.depth = REWRITE_DEPTH_MAX; /* no other rule has a say */
    const struct ir_inst inst = *ir_at(&f, left);
    if (!j->rule->run(&c, &inst, left, &out))
        return ST_OK;
    j->fired++;
    j->fired_types |= t->type_count > 0 ? 1u << t->types[0] : 0;
    if (j->judged_at[assignment % 64]++ >= JUDGED_MAX)
        return ST_OK;
    ir_list_items(&f, ir_at(&f, end)->a)[0] = out;
    enum status st = ir_check(&f, dg);
    if (st != ST_OK)
        snprintf(j->wrong, sizeof(j->wrong), "its right side: %s", dg->text);
    else
        judge(j, &f, left, out);
    return ST_OK;
}

/* Can all trials be gone through? */
static bool is_small(struct job *j)
{
    uint64_t count = 0;

    (void)j;
    while (count < TRIALS_MAX) {
        struct diag dg = {0};
        arena_init(&j->arena, 64 << 20);
        j->trial.at = j->trial.type_count = 0;
        enum status st = arena_guard(&j->arena, one_trial, j, &dg);
        arena_free(&j->arena);
        if (st != ST_OK || j->wrong[0] != '\0' || !rule_trial_next(&j->trial))
            return true;
        count++;
    }
    return false;
}

static void sample(struct job *j)
{
    j->trial.sampled = true;
    for (uint32_t n = 0; n < TRIALS_MAX && j->wrong[0] == '\0'; n++) {
        struct diag dg = {0};
        arena_init(&j->arena, 64 << 20);
        j->trial.at = j->trial.type_count = j->trial.digit_count = 0;
        if (arena_guard(&j->arena, one_trial, j, &dg) != ST_OK)
            snprintf(j->wrong, sizeof(j->wrong), "%s", dg.text);
        arena_free(&j->arena);
    }
}

static void try_rule(const struct rule_try *rule, uint32_t number)
{
    struct job j = {.rule = rule};

    rng_seed(&j.rng, number + 1);
    j.trial.rng = &j.rng;
    if (rule->left == NULL) {
        tap_ok(false, "%s: its pattern cannot be built alone", rule->name);
        return;
    }
    if (!is_small(&j))
        sample(&j);
    tap_ok(j.judged > 0 && j.wrong[0] == '\0', "%s: %u of %u matches judged%s%s", rule->name,
           j.judged, j.fired, j.wrong[0] != '\0' ? ": " : "", j.wrong);
    if (j.fired_types != j.valid_types)
        printf("# %s: never matched at types %#x of %#x\n", rule->name,
               j.valid_types & ~j.fired_types, j.valid_types);
}

int main(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(rule_tries); i++)
        try_rule(&rule_tries[i], i);
    tap_ok(LENGTH_OF(rule_tries) == opt_rule_count, "%u rules", opt_rule_count);
    return tap_done();
}
