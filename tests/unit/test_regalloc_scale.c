/*
 * test_regalloc_scale: very large functions of awkward shapes. The work of the allocators is
 * counted (regalloc_stats.steps), not timed: it must grow with the size of the function, and what
 * verify/ra says must stay yes. SPDX-License-Identifier: Apache-2.0
 */
#include "mir_run.h"
#include "shield/codegen/regalloc.h"
#include "shield/verify/ra/ra.h"
#include "tap.h"

enum { GPRS = 0x37cf, CALLEE = 0x3028, CALLER = 0x07c7, XMMS = 0x7fff0000 };

struct maker {
    struct mir_func *f;
    struct arena *arena;
    uint32_t inst_capacity, operand_capacity, operand_count, block_capacity, edge_capacity,
        vreg_capacity, arg_capacity, arg_count;
};

static mir_vreg new_vreg(struct maker *m)
{
    const struct mir_vreg_info info = {MIR_GPR, MIR_W64, MIR_NONE};

    ARENA_PUSH(m->arena, m->f->vregs, m->f->vreg_count, m->vreg_capacity, info);
    return m->f->vreg_count - 1;
}

static void begin(struct maker *m, uint8_t flags, mir_preg_set clobbers)
{
    struct mir_func *f = m->f;

    if (f->inst_count + 2 >= m->inst_capacity) {
        const uint32_t capacity = MAX(m->inst_capacity * 2, 1024u);
        f->insts = arena_grow(m->arena, f->insts, m->inst_capacity, capacity, sizeof(*f->insts));
        f->clobbers =
            arena_grow(m->arena, f->clobbers, m->inst_capacity, capacity, sizeof(*f->clobbers));
        f->operand_first = arena_grow(m->arena, f->operand_first, m->inst_capacity, capacity,
                                      sizeof(*f->operand_first));
        m->inst_capacity = capacity;
    }
    f->insts[f->inst_count].flags = flags;
    f->clobbers[f->inst_count] = clobbers;
    f->operand_first[f->inst_count] = m->operand_count;
    f->operand_first[++f->inst_count] = m->operand_count;
}

static void operand(struct maker *m, mir_vreg v, uint8_t kind, uint8_t constraint, uint8_t arg)
{
    const struct mir_operand op = {v, kind, kind == MIR_DEF ? MIR_LATE : MIR_EARLY, constraint,
                                   arg};

    ARENA_PUSH(m->arena, m->f->operands, m->operand_count, m->operand_capacity, op);
    m->f->operand_first[m->f->inst_count] = m->operand_count;
}

static mir_vreg add(struct maker *m, mir_vreg a, mir_vreg b)
{
    begin(m, 0, 0);
    operand(m, a, MIR_USE, MIR_REG, 0);
    operand(m, b, MIR_USE, MIR_ANY, 0);
    mir_vreg sum = new_vreg(m);
    operand(m, sum, MIR_DEF, MIR_REUSE, 0);
    return sum;
}

static void call(struct maker *m, mir_vreg arg)
{
    begin(m, MIR_IS_CALL, CALLER | XMMS);
    operand(m, arg, MIR_USE, MIR_FIXED, 7);
}

static uint32_t start_block(struct maker *m, uint8_t depth, uint32_t loop)
{
    struct mir_block block = {
        .inst_first = m->f->inst_count, .loop_depth = depth, .loop_header = loop};

    ARENA_PUSH(m->arena, m->f->blocks, m->f->block_count, m->block_capacity, block);
    return m->f->block_count - 1;
}

static void param(struct maker *m, mir_vreg v)
{
    struct mir_block *block = &m->f->blocks[m->f->block_count - 1];

    if (block->param_count++ == 0)
        block->param_first = m->arg_count;
    ARENA_PUSH(m->arena, m->f->args, m->arg_count, m->arg_capacity, v);
}

/* Ends the block; its edges follow by edge(). */
static void branch(struct maker *m, mir_vreg on)
{
    struct mir_block *block = &m->f->blocks[m->f->block_count - 1];

    begin(m, on == MIR_NONE ? MIR_IS_BRANCH : MIR_IS_BRANCH, 0);
    if (on != MIR_NONE)
        operand(m, on, MIR_USE, MIR_REG, 0);
    block->inst_end = m->f->inst_count;
    block->edge_first = m->f->edge_count;
}

static void edge(struct maker *m, uint32_t to, const mir_vreg *args, uint32_t count)
{
    const struct mir_edge e = {m->f->block_count - 1, to, m->arg_count};

    ARENA_PUSH(m->arena, m->f->edges, m->f->edge_count, m->edge_capacity, e);
    m->f->blocks[m->f->block_count - 1].edge_count++;
    for (uint32_t k = 0; k < count; k++)
        ARENA_PUSH(m->arena, m->f->args, m->arg_count, m->arg_capacity, args[k]);
}

static void leave(struct maker *m, mir_vreg result)
{
    begin(m, MIR_IS_RETURN, 0);
    operand(m, result, MIR_USE, MIR_FIXED, 0);
    m->f->blocks[m->f->block_count - 1].inst_end = m->f->inst_count;
    m->f->blocks[m->f->block_count - 1].edge_first = m->f->edge_count;
}

static void finish(struct maker *m)
{
    struct mir_func *f = m->f;
    uint32_t at = 0;

    f->preds = arena_new(m->arena, uint32_t, f->edge_count);
    for (uint32_t e = 0; e < f->edge_count; e++)
        f->blocks[f->edges[e].to].pred_count++;
    for (uint32_t b = 0; b < f->block_count; b++) {
        f->blocks[b].pred_first = at;
        at += f->blocks[b].pred_count;
        f->blocks[b].pred_count = 0;
    }
    for (uint32_t e = 0; e < f->edge_count; e++) {
        struct mir_block *to = &f->blocks[f->edges[e].to];
        f->preds[to->pred_first + to->pred_count++] = e;
    }
}

/* The entry: `count` values, two of them arguments. */
static void entry(struct maker *m, mir_vreg *values, uint32_t count)
{
    start_block(m, 0, MIR_NONE);
    begin(m, 0, 0);
    values[0] = new_vreg(m);
    values[1] = new_vreg(m);
    operand(m, values[0], MIR_DEF, MIR_FIXED, 7);
    operand(m, values[1], MIR_DEF, MIR_FIXED, 6);
    for (uint32_t k = 2; k < count; k++)
        values[k] = add(m, values[k - 2], values[k - 1]);
}

/* ---- shapes; n is about the number of instructions ---- */

/* An interpreter: a dispatch block, n / 6 handlers that use a few of 40 values, every third calls.
 */
static void interpreter(struct maker *m, uint32_t n)
{
    const uint32_t handlers = n / 6;
    mir_vreg v[40], pc, next;

    entry(m, v, 40);
    branch(m, MIR_NONE);
    edge(m, 1, &v[0], 1);
    start_block(m, 1, 1);
    pc = new_vreg(m);
    param(m, pc);
    next = add(m, pc, v[1]);
    branch(m, next);
    for (uint32_t h = 0; h < handlers; h++)
        edge(m, 2 + h, NULL, 0);
    for (uint32_t h = 0; h < handlers; h++) {
        start_block(m, h + 1 == handlers ? 0 : 1, h + 1 == handlers ? MIR_NONE : 1);
        mir_vreg x = add(m, v[h % 40], v[h * 7 % 40]);
        if (h % 3 == 0)
            call(m, x);
        x = add(m, next, v[h * 3 % 40]);
        if (h + 1 == handlers) {
            leave(m, x);
        } else {
            branch(m, MIR_NONE);
            edge(m, 1, &x, 1);
        }
    }
}

/* n values, all made before the first is used. */
static void all_at_once(struct maker *m, uint32_t n)
{
    mir_vreg *v = arena_new(m->arena, mir_vreg, n / 2 + 2);
    mir_vreg sum;

    entry(m, v, n / 2 + 2);
    sum = v[0];
    for (uint32_t k = 1; k < n / 2 + 2; k++)
        sum = add(m, v[k], sum);
    leave(m, sum);
}

/* n / 8 diamonds in a row, 60 values alive through all of them. */
static void diamonds(struct maker *m, uint32_t n)
{
    mir_vreg v[60], x;

    entry(m, v, 60);
    x = v[0];
    for (uint32_t d = 0; d < n / 8; d++) {
        branch(m, x);
        const uint32_t b = m->f->block_count;
        edge(m, b, NULL, 0);
        edge(m, b + 1, NULL, 0);
        for (uint32_t side = 0; side < 2; side++) {
            start_block(m, 0, MIR_NONE);
            mir_vreg y = add(m, x, v[(d + side) % 60]);
            branch(m, MIR_NONE);
            edge(m, b + 2, &y, 1);
        }
        start_block(m, 0, MIR_NONE);
        x = new_vreg(m);
        param(m, x);
    }
    for (uint32_t k = 0; k < 60; k++)
        x = add(m, x, v[k]);
    leave(m, x);
}

/* n / 6 loops, each inside the one before. */
static void nested_loops(struct maker *m, uint32_t n)
{
    const uint32_t depth = n / 6;
    mir_vreg v[6];

    entry(m, v, 6);
    mir_vreg x = v[0];
    for (uint32_t d = 0; d < depth; d++) {
        branch(m, MIR_NONE);
        edge(m, m->f->block_count, &x, 1);
        start_block(m, (uint8_t)MIN(d + 1, 255u), m->f->block_count);
        x = new_vreg(m);
        param(m, x);
    }
    /* block d + 1 is the header of loop d; behind it the latches, from the inside out */
    for (uint32_t d = depth; d-- > 0;) {
        mir_vreg y = add(m, x, v[d % 6]);
        branch(m, y);
        const uint32_t latch = m->f->block_count;
        edge(m, latch, NULL, 0);
        edge(m, latch + 1, NULL, 0);
        start_block(m, (uint8_t)MIN(d + 1, 255u), d + 1);
        branch(m, MIR_NONE);
        edge(m, d + 1, &y, 1);
        start_block(m, (uint8_t)MIN(d, 255u), d == 0 ? MIR_NONE : d);
        x = y;
    }
    leave(m, x);
}

/* A state machine: 200 values, each a parameter of each of n / 400 joins. */
static void wide_joins(struct maker *m, uint32_t n)
{
    mir_vreg v[200];

    entry(m, v, 200);
    for (uint32_t d = 0; d < MAX(n / 400, 1u); d++) {
        branch(m, v[d % 200]);
        const uint32_t b = m->f->block_count;
        edge(m, b, NULL, 0);
        edge(m, b + 1, NULL, 0);
        for (uint32_t side = 0; side < 2; side++) {
            start_block(m, 0, MIR_NONE);
            mir_vreg w[200];
            memcpy(w, v, sizeof(w));
            w[(d + side) % 200] = add(m, v[d % 200], v[(d * 3 + side) % 200]);
            branch(m, MIR_NONE);
            edge(m, b + 2, w, 200);
        }
        start_block(m, 0, MIR_NONE);
        for (uint32_t k = 0; k < 200; k++) {
            v[k] = new_vreg(m);
            param(m, v[k]);
        }
        add(m, v[0], v[1]);
    }
    mir_vreg x = v[0];
    for (uint32_t k = 1; k < 200; k++)
        x = add(m, x, v[k]);
    leave(m, x);
}

/* work: the most steps an instruction may take, whatever n is. */
static const struct {
    const char *name;
    void (*make)(struct maker *, uint32_t);
    uint32_t small, large, work;
    bool may_fall_back;
} rows[] = {
    {"interpreter",    interpreter,  3000, 60000,  120,  false},
    {"all at once",    all_at_once,  3000, 100000, 60,   false},
    {"diamonds",       diamonds,     3000, 60000,  200,  false},
    {"100,000 blocks", diamonds,     8000, 270000, 200,  false},
    {"nested loops",   nested_loops, 1000, 12000,  400,  false},
    {"wide joins",     wide_joins,   8000, 80000,  1000, false},
};

struct job {
    struct arena arena;
    uint32_t row, n;
    enum regalloc_mode mode;
    struct regalloc_stats stats;
    uint32_t insts, blocks;
};

static enum status run_job(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct maker *m = arena_new(&job->arena, struct maker, 1);
    struct mir_allocation a;

    m->arena = &job->arena;
    m->f = arena_new(&job->arena, struct mir_func, 1);
    m->f->arena = &job->arena;
    m->f->allocatable = GPRS | XMMS;
    m->f->callee_saved = CALLEE;
    rows[job->row].make(m, job->n);
    finish(m);
    job->insts = m->f->inst_count;
    job->blocks = m->f->block_count;
    TRY(regalloc(m->f, job->mode, &a, &job->stats, dg));
    TRY(ra_check(m->f, &a, dg));
    struct mirrun *run = arena_new(&job->arena, struct mirrun, 1);
    if (!mir_run(run, m->f, &a, 1, 3000))
        return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET, "running differs: %s", run->why);
    return ST_OK;
}

int main(void)
{
    static const char *const modes[] = {"fast", "good"};

    for (uint32_t row = 0; row < LENGTH_OF(rows); row++)
        for (int mode = REGALLOC_FAST; mode <= REGALLOC_GOOD; mode++)
            for (uint32_t size = 0; size < 2; size++) {
                static struct job job;
                struct diag dg = {0};
                job = (struct job){.row = row,
                                   .n = size == 0 ? rows[row].small : rows[row].large,
                                   .mode = (enum regalloc_mode)mode};
                arena_init(&job.arena, (size_t)2 << 30);
                enum status st = arena_guard(&job.arena, run_job, &job, &dg);
                const uint64_t each = job.insts == 0 ? 0 : job.stats.steps / job.insts;
                tap_ok(st == ST_OK && each <= rows[row].work &&
                           (rows[row].may_fall_back || !job.stats.is_fallback),
                       "%s, %s: %u instructions, %u blocks, %llu steps each, %zu MiB%s %s",
                       rows[row].name, modes[mode], job.insts, job.blocks, (unsigned long long)each,
                       job.arena.used_bytes >> 20,
                       job.stats.is_fallback ? ", left to the fast one" : "", dg.text);
                arena_free(&job.arena);
            }
    return tap_done();
}
