/* test_opt_thread: branches that are led past others: small cases by what is left of them, and
 * random structured functions by what they compute, before and after.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "shield/ir/check.h"
#include "shield/ir/eval.h"
#include "shield/ir/text.h"
#include "shield/opt/thread.h"
#include "tap.h"

#include <string.h>

#define HEAD "function 0 signature 0\n  signature 0 (i32, i32) -> (i32)\n"

static const struct row {
    const char *name, *text;
    uint32_t chosen_params; /* branches on a parameter of their own block that are left */
} rows[] = {
    {"a constant on one way",
     HEAD "block 0 (v0:i32, v1:i32)\n  v2:i32 = iconst 0x1\n  branch v0 block 1 () block 2 ()\n"
          "block 1 ()\n  jump block 3 (v2)\n"
          "block 2 ()\n  v3:i32 = icmp.ult v0 v1\n  jump block 3 (v3)\n"
          "block 3 (v4:i32)\n  branch v4 block 4 () block 5 ()\n"
          "block 4 ()\n  return (v0)\nblock 5 ()\n  return (v1)\n",                        0},
    {"the parameter is used behind it",
     HEAD
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = iconst 0x1\n  branch v0 block 1 () block 2 ()\n"
     "block 1 ()\n  jump block 3 (v2 v1)\n"
     "block 2 ()\n  v3:i32 = icmp.ult v0 v1\n  jump block 3 (v3 v0)\n"
     "block 3 (v4:i32, v6:i32)\n  branch v4 block 4 () block 5 ()\n"
     "block 4 ()\n  v7:i32 = iadd v6 v4\n  jump block 6 (v7)\nblock 5 ()\n  jump block 6 (v6)\n"
     "block 6 (v8:i32)\n  v9:i32 = isub v8 v6\n  v10:i32 = iadd v9 v6\n  return (v10)\n",  0},
    {"not in parameters only: a compare of one",
     HEAD "block 0 (v0:i32, v1:i32)\n  v2:i32 = iconst 0x7\n  branch v0 block 1 () block 2 ()\n"
          "block 1 ()\n  jump block 3 (v2)\nblock 2 ()\n  jump block 3 (v1)\n"
          "block 3 (v4:i32)\n  v5:i32 = iconst 0x7\n  v6:i32 = icmp.eq v4 v5\n"
          "  branch v6 block 4 () block 5 ()\n"
          "block 4 ()\n  return (v4)\nblock 5 ()\n  return (v1)\n",                        0},
    {"an unknown number stays",
     HEAD "block 0 (v0:i32, v1:i32)\n  branch v0 block 1 () block 2 ()\n"
          "block 1 ()\n  jump block 3 (v0)\nblock 2 ()\n  jump block 3 (v1)\n"
          "block 3 (v4:i32)\n  branch v4 block 4 () block 5 ()\n"
          "block 4 ()\n  return (v0)\nblock 5 ()\n  return (v1)\n",                        1},
    {"from a branch, on a new edge",
     HEAD "block 0 (v0:i32, v1:i32)\n  v2:i32 = iconst 0x0\n  branch v0 block 3 (v2) block 2 ()\n"
          "block 2 ()\n  jump block 3 (v1)\n"
          "block 3 (v4:i32)\n  branch v4 block 4 () block 5 ()\n"
          "block 4 ()\n  return (v4)\nblock 5 ()\n  v6:i32 = iadd v4 v0\n  return (v6)\n", 1},
    {"a loop's header keeps its one entry",
     HEAD "block 0 (v0:i32, v1:i32)\n  v2:i32 = iconst 0x9\n  jump block 1 (v2)\n"
          "block 1 loop (v3:i32)\n  branch v3 block 2 () block 3 ()\n"
          "block 2 ()\n  v4:i32 = iconst 0x1\n  v5:i32 = isub v3 v4\n  jump block 1 (v5)\n"
          "block 3 ()\n  return (v3)\n",                                                   1},
};

static uint32_t branches_on_params(const struct ir_func *f)
{
    uint32_t n = 0;

    for (ir_block b = 0; b < f->block_count; b++) {
        if (f->blocks[b].last == IR_NONE)
            continue;
        const struct ir_inst *last = ir_at(f, f->blocks[b].last);
        const struct ir_inst *c = last->op == IR_OP_BRANCH ? ir_at(f, last->a) : NULL;
        n += c != NULL && c->op == IR_OP_PARAM && c->a == b && b != 0;
    }
    return n;
}

/* What it returns for some pairs of arguments, mixed into one number. */
static uint64_t behaviour(struct ir_func *f, struct arena *a)
{
    static const uint32_t pairs[][2] = {
        {0,          0},
        {1,          0},
        {0,          1},
        {7,          7},
        {5,          9},
        {UINT32_MAX, 3}
    };
    static const struct ir_eval_host nothing;
    uint64_t mixed = 0;

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        const ir_bits args[2] = {pairs[i][0], pairs[i][1]};
        const struct ir_eval_result got = ir_eval(f, &nothing, args, 20000, a);
        mixed = mixed * 1000003 + (uint64_t)got.end * 17;
        if (got.end == IR_EVAL_RETURNED)
            mixed += (uint64_t)got.results[0];
    }
    return mixed;
}

static enum status check_rows(void *ctx, struct diag *dg)
{
    struct arena *a = ctx;

    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        struct ir_func f;
        const struct str text = {rows[r].text, strlen(rows[r].text)};

        if (!tap_ok(ir_parse(text, a, &f, dg) == ST_OK && ir_check(&f, dg) == ST_OK, "%s: is IR",
                    rows[r].name))
            continue;
        const uint64_t before = behaviour(&f, a);
        opt_thread_branches(&f);
        const enum status st = ir_check(&f, dg);
        tap_ok(st == ST_OK, "%s: stays IR %s", rows[r].name, st == ST_OK ? "" : dg->text);
        tap_ok(st == ST_OK && behaviour(&f, a) == before, "%s: computes the same", rows[r].name);
        tap_ok(branches_on_params(&f) == rows[r].chosen_params, "%s: %u of %u choices are left",
               rows[r].name, branches_on_params(&f), rows[r].chosen_params);
    }
    return ST_OK;
}

/* ---- random functions: variables, if/else that meet in choosers, counted loops ----------------
 */

enum { VARS = 4 };

struct maker {
    struct ir_func *f;
    struct rng rng;
    ir_block at;
    ir_value var[VARS];
    uint32_t left; /* statements */
};

static ir_value make(struct maker *m, enum ir_op op, uint8_t aux, ir_value x, ir_value y)
{
    return ir_emit(
        m->f, m->at,
        (struct ir_inst){.op = (uint16_t)op, .type = IR_I32, .aux = aux, .a = x, .b = y});
}

static ir_value any_var(struct maker *m)
{
    return m->var[rng_below(&m->rng, VARS)];
}

static ir_value any_choice(struct maker *m)
{
    switch (rng_below(&m->rng, 4)) {
    case 0: return ir_emit(m->f, m->at, ir_iconst(IR_I32, rng_below(&m->rng, 2)));
    case 1: return any_var(m);
    default: return make(m, IR_OP_ICMP, (uint8_t)rng_below(&m->rng, 10), any_var(m), any_var(m));
    }
}

static void some(struct maker *m, uint32_t depth);

static void jump_to(struct maker *m, ir_block to, const ir_value *args, uint32_t count)
{
    ir_emit(m->f, m->at,
            (struct ir_inst){.op = IR_OP_JUMP, .a = ir_edge_new(m->f, to, args, count)});
}

/* Two ways that meet in a block with the variables and a choice, which then splits again. */
static void choose(struct maker *m, uint32_t depth)
{
    struct ir_func *f = m->f;
    const ir_block ways[2] = {ir_block_new(f), ir_block_new(f)};
    const ir_block meet = ir_block_new(f);
    const ir_block splits[2] = {ir_block_new(f), ir_block_new(f)}, end = ir_block_new(f);
    const uint32_t passed = 1 + (uint32_t)rng_below(&m->rng, VARS); /* the others are not changed */
    ir_value start[VARS], meet_params[VARS + 1];

    memcpy(start, m->var, sizeof(start));
    for (uint32_t i = 0; i < passed + 1; i++)
        meet_params[i] = ir_param_new(f, meet, IR_I32);
    const ir_value first = any_choice(m);
    ir_emit(f, m->at,
            (struct ir_inst){.op = IR_OP_BRANCH,
                             .a = first,
                             .b = ir_edge_new(f, ways[0], NULL, 0),
                             .c = ir_edge_new(f, ways[1], NULL, 0)});
    for (int w = 0; w < 2; w++) {
        ir_value args[VARS + 1];
        m->at = ways[w];
        memcpy(m->var, start, sizeof(start));
        some(m, depth + 1);
        args[0] = any_choice(m);
        memcpy(args + 1, m->var, passed * sizeof(*args));
        jump_to(m, meet, args, passed + 1);
    }
    m->at = meet;
    memcpy(m->var, start, sizeof(start));
    memcpy(m->var, meet_params + 1, passed * sizeof(*m->var));
    ir_value choice = meet_params[0];
    if (rng_chance(&m->rng, 1, 3))
        choice = make(m, IR_OP_ICMP, IR_EQ, choice, ir_emit(f, meet, ir_iconst(IR_I32, 0)));
    ir_emit(f, meet,
            (struct ir_inst){.op = IR_OP_BRANCH,
                             .a = choice,
                             .b = ir_edge_new(f, splits[0], NULL, 0),
                             .c = ir_edge_new(f, splits[1], NULL, 0)});
    memcpy(start, m->var, sizeof(start));
    const ir_value joined = ir_param_new(f, end, IR_I32);
    for (int w = 0; w < 2; w++) {
        m->at = splits[w];
        memcpy(m->var, start, sizeof(start));
        some(m, depth + 1);
        const ir_value sum = make(m, IR_OP_IADD, 0, any_var(m), any_var(m));
        jump_to(m, end, &sum, 1);
    }
    m->at = end;
    memcpy(m->var, start, sizeof(start));
    m->var[rng_below(&m->rng, VARS)] = joined;
}

static void repeat(struct maker *m, uint32_t depth)
{
    struct ir_func *f = m->f;
    const ir_block head = ir_block_new(f), end = ir_block_new(f);
    ir_value params[VARS], args[VARS];

    const ir_value times = ir_emit(f, m->at, ir_iconst(IR_I32, 1 + rng_below(&m->rng, 4)));
    args[0] = times;
    memcpy(args + 1, m->var + 1, (VARS - 1) * sizeof(*args));
    for (uint32_t i = 0; i < VARS; i++)
        params[i] = ir_param_new(f, head, IR_I32);
    f->blocks[head].loop_header = 1;
    jump_to(m, head, args, VARS);
    m->at = head;
    memcpy(m->var + 1, params + 1, (VARS - 1) * sizeof(*args));
    some(m, depth + 1);
    const ir_value one = ir_emit(f, m->at, ir_iconst(IR_I32, 1));
    args[0] = make(m, IR_OP_ISUB, 0, params[0], one);
    memcpy(args + 1, m->var + 1, (VARS - 1) * sizeof(*args));
    ir_emit(f, m->at,
            (struct ir_inst){.op = IR_OP_BRANCH,
                             .a = args[0],
                             .b = ir_edge_new(f, head, args, VARS),
                             .c = ir_edge_new(f, end, NULL, 0)});
    m->at = end;
}

static void some(struct maker *m, uint32_t depth)
{
    for (uint32_t n = (uint32_t)rng_below(&m->rng, 4); n > 0 && m->left > 0; n--) {
        const uint64_t kind = depth > 4 ? 9 : rng_below(&m->rng, 6);

        m->left--;
        if (kind < 2)
            choose(m, depth);
        else if (kind == 2)
            repeat(m, depth);
        else
            m->var[rng_below(&m->rng, VARS)] = make(
                m, rng_chance(&m->rng, 1, 2) ? IR_OP_IADD : IR_OP_IXOR, 0, any_var(m), any_var(m));
    }
}

static void make_random(struct ir_func *f, struct arena *a, uint64_t seed)
{
    static const uint8_t i32[2] = {IR_I32, IR_I32};
    struct maker m = {.f = f, .left = 24};

    rng_seed(&m.rng, seed);
    ir_func_init(f, a, 0);
    f->signature = ir_signature(f, i32, 2, i32, 1);
    m.at = ir_block_new(f);
    for (int i = 0; i < 2; i++)
        m.var[i] = ir_param_new(f, 0, IR_I32);
    for (uint32_t i = 2; i < VARS; i++)
        m.var[i] = ir_emit(f, 0, ir_iconst(IR_I32, i * 3));
    while (m.left > 0)
        some(&m, 0);
    ir_value sum = m.var[0];
    for (int i = 1; i < VARS; i++)
        sum = make(&m, IR_OP_IXOR, 0, make(&m, IR_OP_IADD, 0, sum, sum), m.var[i]);
    ir_emit(f, m.at, (struct ir_inst){.op = IR_OP_RETURN, .a = ir_list_new(f, &sum, 1)});
}

static enum status check_random(void *ctx, struct diag *dg)
{
    struct arena *a = ctx;
    uint32_t bad = 0, before_sum = 0, after_sum = 0;

    for (uint64_t seed = 1; seed <= 2000 && bad == 0; seed++) {
        const struct arena_mark mark = arena_mark(a);
        struct ir_func f;

        make_random(&f, a, seed);
        const enum status made = ir_check(&f, dg);
        const uint64_t before = behaviour(&f, a);
        before_sum += branches_on_params(&f);
        opt_thread_branches(&f);
        after_sum += branches_on_params(&f);
        if (made != ST_OK || ir_check(&f, dg) != ST_OK || behaviour(&f, a) != before) {
            printf("# seed %u: %s\n", (unsigned)seed, dg->text);
            bad++;
        }
        arena_release(a, mark);
    }
    tap_ok(bad == 0, "2,000 random functions compute the same");
    tap_ok(after_sum * 2 < before_sum, "of %u choices by a parameter %u are left", before_sum,
           after_sum);
    return ST_OK;
}

int main(void)
{
    struct arena a;
    struct diag dg = {0};

    arena_init(&a, 64 << 20);
    tap_ok(arena_guard(&a, check_rows, &a, &dg) == ST_OK, "rows fit their memory");
    tap_ok(arena_guard(&a, check_random, &a, &dg) == ST_OK, "random functions fit their memory");
    arena_free(&a);
    return tap_done();
}
