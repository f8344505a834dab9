/* test_opt_switch: a rewritten switch goes where the table said, for every index, and a switch of
 * few outcomes has no table left. SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "shield/opt/switch.h"
#include "tap.h"

enum { CASES_MAX = 40, OUTCOMES = 6 };

struct table {
    uint8_t outcome[CASES_MAX + 1]; /* the last: of all other indices */
    uint32_t cases;
};

/* Block 0 switches on its parameter to blocks that return their number. */
static void build(struct ir_func *f, struct arena *a, const struct table *t)
{
    uint32_t edges[CASES_MAX + 1];
    ir_block outcome[OUTCOMES];

    ir_func_init(f, a, 0);
    const ir_block entry = ir_block_new(f);
    const ir_value index = ir_param_new(f, entry, IR_I32);
    for (uint32_t i = 0; i < OUTCOMES; i++) {
        outcome[i] = ir_block_new(f);
        const ir_value shown = ir_param_new(f, outcome[i], IR_I32);
        ir_emit(f, outcome[i],
                (struct ir_inst){.op = IR_OP_RETURN, .a = ir_list_new(f, &shown, 1)});
    }
    for (uint32_t i = 0; i <= t->cases; i++) {
        const ir_value shown = ir_emit(f, entry, ir_iconst(IR_I32, t->outcome[i] / 2));
        edges[i] = ir_edge_new(f, outcome[t->outcome[i] % OUTCOMES], &shown, 1);
        /* equal outcomes share a value, as in code that came from one place */
        for (uint32_t k = 0; k < i; k++) {
            if (t->outcome[k] == t->outcome[i])
                edges[i] =
                    ir_edge_new(f, outcome[t->outcome[i] % OUTCOMES], ir_edge_args(f, edges[k]), 1);
        }
    }
    ir_emit(
        f, entry,
        (struct ir_inst){.op = IR_OP_SWITCH, .a = index, .b = ir_list_new(f, edges, t->cases + 1)});
}

static uint32_t value_of(struct ir_func *f, ir_value v, uint32_t index)
{
    const struct ir_inst *i = ir_at(f, v);

    switch (i->op) {
    case IR_OP_PARAM: return index;
    case IR_OP_ICONST: return i->b;
    case IR_OP_ISUB: return value_of(f, i->a, index) - value_of(f, i->b, index);
    case IR_OP_ICMP:
        return i->aux == IR_EQ ? value_of(f, i->a, index) == value_of(f, i->b, index)
                               : value_of(f, i->a, index) <= value_of(f, i->b, index);
    default: return UINT32_MAX;
    }
}

/* Outcome of a run: where it ends, and what it carries there. */
static uint32_t run(struct ir_func *f, uint32_t index)
{
    ir_block b = 0;

    for (;;) {
        const struct ir_inst *i = ir_at(f, f->blocks[b].last);
        ir_edge e = 0;

        if (i->op == IR_OP_BRANCH) {
            e = value_of(f, i->a, index) != 0 ? i->b : i->c;
        } else if (i->op == IR_OP_JUMP) {
            e = i->a;
        } else {
            const uint32_t n = value_of(f, i->a, index), count = ir_list_count(f, i->b);
            e = ir_list_items(f, i->b)[n < count ? n : count - 1];
        }
        b = ir_edge_block(f, e);
        if (ir_edge_count(f, e) == 1)
            return value_of(f, ir_edge_args(f, e)[0], 0) * OUTCOMES + b - 1;
    }
}

static uint32_t count_switches(const struct ir_func *f)
{
    uint32_t n = 0;

    for (ir_block b = 0; b < f->block_count; b++)
        n += ir_op_of(f, f->blocks[b].last) == IR_OP_SWITCH;
    return n;
}

static bool goes_right(struct ir_func *f, const struct table *t)
{
    static const uint32_t far[] = {UINT32_MAX, UINT32_MAX - 3, 0x80000000, 1000};

    for (uint32_t i = 0; i < t->cases + 3 + 4; i++) {
        const uint32_t index = i < t->cases + 3 ? i : far[i - t->cases - 3];
        const uint32_t wanted = t->outcome[index < t->cases ? index : t->cases];

        if (run(f, index) != wanted / 2 * OUTCOMES + wanted % OUTCOMES) {
            printf("# index %u goes to %u, wanted %u\n", index, run(f, index), wanted);
            return false;
        }
    }
    return true;
}

static const struct {
    const char *name, *outcomes; /* one digit a case, the last for all others */
    uint32_t switches;           /* that are left */
} rows[] = {
    {"no case at all",           "3",             0},
    {"all as the default",       "1111",          0},
    {"one case",                 "01",            0},
    {"the first cases",          "00001",         0},
    {"a range inside",           "11000011",      0},
    {"four single cases",        "0123444",       0},
    {"four ranges",              "40011422334",   0},
    {"five cases",               "012354",        1},
    {"five cases behind others", "4444440123054", 1},
    {"cases and a tail",         "0102030444444", 1},
    {"one edge, two values",     "0602",          0},
};

static enum status check_rows(void *ctx, struct diag *dg)
{
    struct arena *a = ctx;
    struct ir_func f;
    struct table t;

    (void)dg;
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        t.cases = 0;
        for (const char *c = rows[r].outcomes; *c != '\0'; c++)
            t.outcome[t.cases++] = (uint8_t)(*c - '0');
        t.cases--;
        build(&f, a, &t);
        opt_lower_switches(&f);
        tap_ok(goes_right(&f, &t), "%s: goes right", rows[r].name);
        tap_ok(count_switches(&f) == rows[r].switches, "%s: %u tables left", rows[r].name,
               rows[r].switches);
    }
    return ST_OK;
}

static enum status check_random(void *ctx, struct diag *dg)
{
    struct arena *a = ctx;
    struct ir_func f;
    struct table t;
    struct rng rng;
    bool right = true;

    (void)dg;
    rng_seed(&rng, 7);
    for (int i = 0; i < 2000 && right; i++) {
        const struct arena_mark mark = arena_mark(a);
        t.cases = (uint32_t)rng_below(&rng, CASES_MAX);
        for (uint32_t k = 0; k <= t.cases; k++)
            t.outcome[k] = rng_chance(&rng, 1, 3) ? (uint8_t)rng_below(&rng, 10) : 5;
        build(&f, a, &t);
        opt_lower_switches(&f);
        right = goes_right(&f, &t);
        arena_release(a, mark);
    }
    tap_ok(right, "2,000 random switches, seed 7");
    return ST_OK;
}

int main(void)
{
    struct arena a;
    struct diag dg = {0};

    arena_init(&a, 16 << 20);
    tap_ok(arena_guard(&a, check_rows, &a, &dg) == ST_OK, "rows fit their memory");
    tap_ok(arena_guard(&a, check_random, &a, &dg) == ST_OK, "random switches fit their memory");
    arena_free(&a);
    return tap_done();
}
