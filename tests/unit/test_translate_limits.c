/* test_translate_limits: functions as large, as deep and as wide as the limits on modules allow.
 * Each is translated in time, or refused with the limit that it breaks; made a twentieth as large
 * in all its dimensions it becomes IR that is well formed. Those with a hundred thousand blocks go
 * all the way to machine code: no step may be quadratic. SPDX-License-Identifier: Apache-2.0 */
#include "suites.h"
#include "tap.h"

#include "shield/compile/pipeline.h"
#include "shield/ir/check.h"
#include "translating.h"

#include <time.h>

enum {
    OP_BLOCK = 0x02,
    OP_LOOP = 0x03,
    OP_IF = 0x04,
    OP_ELSE = 0x05,
    OP_END = 0x0b,
    OP_BR = 0x0c,
    OP_BR_IF = 0x0d,
    OP_BR_TABLE = 0x0e,
    OP_CALL = 0x10,
    OP_DROP = 0x1a,
    OP_GET = 0x20,
    OP_SET = 0x21,
    OP_CONST = 0x41,
    OP_ADD = 0x6a,
    EMPTY = 0x40,
    I32 = 0x7f
};
enum { CHECKED_SCALE = 20 };
static uint32_t scale = 1; /* all sizes are divided by it */
#define LOCALS  (50000 / scale)
#define RESULTS (1000 / scale)
#define BLOCKS  (100000 / scale)
#define DEPTH   (10000 / scale)
#define TARGETS (1000000 / scale)

static void op(struct buf *b, uint8_t code, uint32_t immediate)
{
    buf_byte(b, code);
    buf_uleb(b, immediate);
}

static void local_op(struct buf *b, uint8_t code, uint32_t local)
{
    op(b, code, local + 1); /* local 0 is the parameter */
}

static void read_and_set(struct buf *b, uint32_t from, uint32_t to)
{
    local_op(b, OP_GET, from);
    op(b, OP_GET, 0);
    buf_byte(b, OP_ADD);
    local_op(b, OP_SET, to);
}

static void every_local(struct buf *b)
{
    for (uint32_t i = 0; i < LOCALS; i++)
        read_and_set(b, i, (i * 7919 + 1) % LOCALS);
}

static void nest(struct buf *b, uint8_t code, uint32_t depth)
{
    for (uint32_t i = 0; i < depth; i++)
        op(b, code, EMPTY);
}

static void close_all(struct buf *b, uint32_t depth)
{
    for (uint32_t i = 0; i < depth; i++)
        buf_byte(b, OP_END);
}

static void branch_if(struct buf *b, uint32_t depth)
{
    op(b, OP_GET, 0);
    op(b, OP_BR_IF, depth);
}

/* ---- bodies; all have the type (i32) -> i32 and 50,000 locals ---- */

static void make_locals(struct buf *b)
{
    every_local(b);
    every_local(b);
}

/* Every level has its own branch, and sets a local behind it. */
static void make_deep_blocks(struct buf *b)
{
    nest(b, OP_BLOCK, DEPTH);
    every_local(b);
    for (uint32_t i = 0; i < DEPTH; i++) {
        branch_if(b, 0);
        read_and_set(b, i, i * 3);
        buf_byte(b, OP_END);
    }
    every_local(b);
}

static void make_deep_loops(struct buf *b)
{
    nest(b, OP_LOOP, DEPTH);
    every_local(b);
    for (uint32_t i = 0; i < DEPTH; i++) {
        branch_if(b, 0);
        buf_byte(b, OP_END);
    }
    every_local(b);
}

static void make_deep_ifs(struct buf *b)
{
    for (uint32_t i = 0; i < DEPTH; i++) {
        op(b, OP_GET, 0);
        op(b, OP_IF, EMPTY);
        read_and_set(b, i, i + 1);
    }
    for (uint32_t i = 0; i < DEPTH; i++) {
        buf_byte(b, OP_ELSE);
        read_and_set(b, i, i + 2);
        buf_byte(b, OP_END);
    }
    every_local(b);
}

static void make_many_blocks(struct buf *b)
{
    for (uint32_t i = 0; i < BLOCKS; i++) {
        op(b, OP_BLOCK, EMPTY);
        branch_if(b, 0);
        read_and_set(b, i % LOCALS, (i + 1) % LOCALS);
        buf_byte(b, OP_END);
    }
}

static void make_many_loops(struct buf *b)
{
    op(b, OP_LOOP, EMPTY);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        op(b, OP_LOOP, EMPTY);
        read_and_set(b, i % 100, (i + 1) % 100);
        branch_if(b, 0);
        buf_byte(b, OP_END);
    }
    branch_if(b, 0);
    buf_byte(b, OP_END);
}

/* All branches leave one block with different locals each. */
static void make_one_target(struct buf *b)
{
    op(b, OP_BLOCK, EMPTY);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        branch_if(b, 0);
        read_and_set(b, i % 50, (i + 1) % 50);
    }
    buf_byte(b, OP_END);
    for (uint32_t i = 0; i < 50; i++)
        read_and_set(b, i, i);
}

static void make_table(struct buf *b)
{
    nest(b, OP_BLOCK, 3);
    op(b, OP_GET, 0);
    op(b, OP_BR_TABLE, TARGETS);
    for (uint32_t i = 0; i <= TARGETS; i++)
        buf_uleb(b, i % 3);
    buf_byte(b, OP_END);
    read_and_set(b, 0, 1);
    buf_byte(b, OP_END);
    read_and_set(b, 1, 0);
    buf_byte(b, OP_END);
    read_and_set(b, 0, 1);
}

/* Type 1 gives RESULTS values; blocks of that type are left at many places. */
static void make_results(struct buf *b)
{
    op(b, OP_BLOCK, 1);
    op(b, OP_CALL, 1);
    for (uint32_t i = 0; i < RESULTS; i++)
        branch_if(b, 0);
    buf_byte(b, OP_END);
    for (uint32_t i = 0; i < RESULTS; i++)
        buf_byte(b, OP_DROP);
}

static void make_deepest(struct buf *b)
{
    nest(b, OP_BLOCK, WM_MAX_NESTING / scale - 1);
    every_local(b);
    close_all(b, WM_MAX_NESTING / scale - 1);
}

static void make_dead(struct buf *b)
{
    op(b, OP_BLOCK, EMPTY);
    op(b, OP_BR, 0);
    nest(b, OP_LOOP, DEPTH);
    every_local(b);
    close_all(b, DEPTH);
    buf_byte(b, OP_END);
    op(b, OP_LOOP, EMPTY); /* the scan counts dead loops too */
    read_and_set(b, 0, 1);
    branch_if(b, 0);
    buf_byte(b, OP_END);
}

static const struct {
    const char *name;
    void (*make)(struct buf *b);
    double seconds_max; /* with plenty of room for slow builds */
    double compile_seconds_max; /* 0: only translated */
} rows[] = {
    {"50,000 locals",                          make_locals,      10, 0},
    {"10,000 blocks deep, with 50,000 locals", make_deep_blocks, 20, 0},
    {"10,000 loops deep, with 50,000 locals",  make_deep_loops,  40, 0},
    {"10,000 ifs deep",                        make_deep_ifs,    20, 0},
    {"100,000 blocks",                         make_many_blocks, 20, 40},
    {"100,000 loops in a loop",                make_many_loops,  20, 40},
    {"100,000 branches to one block",          make_one_target,  40, 60},
    {"br_table of a million",                  make_table,       20, 40},
    {"1,000 results, left 1,000 times",        make_results,     20, 0},
    {"as deep as a module may be",             make_deepest,     20, 0},
    {"10,000 dead loops",                      make_dead,        20, 0},
};

/* ---- modules ---- */

static void section(struct buf *out, uint8_t id, const struct buf *content)
{
    buf_byte(out, id);
    buf_uleb(out, content->size);
    buf_bytes(out, content->data, content->size);
}

static void types(struct buf *b)
{
    static const uint8_t first[] = {2, 0x60, 1, I32, 1, I32, 0x60, 0};

    buf_bytes(b, first, sizeof(first));
    buf_uleb(b, RESULTS);
    for (uint32_t i = 0; i < RESULTS; i++)
        buf_byte(b, I32);
}

static void body(struct buf *out, const struct buf *content)
{
    buf_uleb(out, content->size);
    buf_bytes(out, content->data, content->size);
}

static void code(struct buf *b, struct arena *a, void (*make)(struct buf *b))
{
    struct buf first, second;

    buf_init(&first, a);
    buf_uleb(&first, 1);
    buf_uleb(&first, LOCALS);
    buf_byte(&first, I32);
    make(&first);
    local_op(&first, OP_GET, 1);
    buf_byte(&first, OP_END);
    buf_init(&second, a);
    buf_uleb(&second, 0);
    for (uint32_t i = 0; i < RESULTS; i++)
        op(&second, OP_CONST, i % 64);
    buf_byte(&second, OP_END);
    buf_uleb(b, 2);
    body(b, &first);
    body(b, &second);
}

enum variant { PLAIN, WITH_FUEL, IN_FRAME, VARIANT_COUNT };
static const char *const variant_names[] = {"", ", with fuel", ", locals in the frame"};

struct job {
    struct arena *arena;
    uint32_t row;
    enum variant variant;
    bool is_compiled;
    double seconds;
    uint32_t insts, bad;
    struct diag why;
};

static void check_function(void *ctx, struct ir_func *f)
{
    struct job *j = ctx;

    j->insts += f->inst_count;
    if (scale > 1 && ir_check(f, &j->why) != ST_OK)
        j->bad++;
}

static enum status translate_all(struct job *j, struct translating *m, struct diag *dg)
{
    struct translate_scratch scratch;
    struct timespec from, to;
    enum status st = ST_OK;

    translate_scratch_init(&scratch);
    m->env.metered = j->variant == WITH_FUEL;
    m->env.locals_in_frame = j->variant == IN_FRAME;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    for (uint32_t i = 0; i < m->wm.func_count && st == ST_OK; i++) {
        struct translation one = {.env = &m->env,
                                  .func_index = i,
                                  .scratch = &scratch,
                                  .use = check_function,
                                  .ctx = j};
        st = translate_in(one, dg);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    j->seconds = (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
    translate_scratch_free(&scratch);
    return st;
}

static double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* To machine code. */
static enum status compile_all(struct job *j, struct translating *m, struct diag *dg)
{
    struct pipeline_options options = pipeline_options_default();
    const uint8_t digest[32] = {0};
    struct image *image = NULL;
    const double from = seconds_now();

    options.optimise = j->variant != IN_FRAME;
    const enum status st = compile_module(&m->wm, digest, &options, &image, NULL, dg);

    j->seconds = seconds_now() - from;
    if (st == ST_OK)
        image_release(image);
    return st;
}

static enum status run(void *ctx, struct diag *dg)
{
    static const uint8_t header[] = {0, 'a', 's', 'm', 1, 0, 0, 0}, funcs[] = {2, 0, 1};
    struct job *j = ctx;
    struct buf out, part;
    struct translating m;

    buf_init(&out, j->arena);
    buf_bytes(&out, header, sizeof(header));
    buf_init(&part, j->arena);
    types(&part);
    section(&out, 1, &part);
    buf_init(&part, j->arena);
    buf_bytes(&part, funcs, sizeof(funcs));
    section(&out, 3, &part);
    buf_init(&part, j->arena);
    code(&part, j->arena, rows[j->row].make);
    section(&out, 10, &part);
    enum status st = translating_open(&m, out.data, out.size, dg);
    if (st == ST_OK)
        st = j->is_compiled ? compile_all(j, &m, dg) : translate_all(j, &m, dg);
    translating_free(&m);
    return st;
}

static void check_row(uint32_t row, enum variant variant)
{
    struct arena arena;
    struct job j = {.arena = &arena, .row = row, .variant = variant};
    struct diag dg = {0};

    arena_init(&arena, (size_t)1 << 30);
    enum status st = arena_guard(&arena, run, &j, &dg);
    bool is_limit = st == ST_LIMIT && strstr(dg.text, "TRANSLATE_SCRATCH_BYTES") != NULL;
    tap_ok(st == ST_OK ? j.bad == 0 && j.insts > 0 : scale == 1 && is_limit, "%s%s%s: %s%s",
           scale > 1 ? "a twentieth of: " : "", rows[row].name, variant_names[variant],
           st != ST_OK ? dg.text : "translated", j.bad > 0 ? j.why.text : "");
    if (scale == 1)
        tap_ok(j.seconds < rows[row].seconds_max, "%s: in time", rows[row].name);
    printf("# %.3f s for %u instructions\n", j.seconds, j.insts);
    arena_free(&arena);
}

static void check_compiled(uint32_t row, enum variant variant)
{
    struct arena arena;
    struct job j = {.arena = &arena, .row = row, .variant = variant, .is_compiled = true};
    struct diag dg = {0};

    arena_init(&arena, (size_t)1 << 30);
    enum status st = arena_guard(&arena, run, &j, &dg);
    tap_ok(st == ST_OK && j.seconds < rows[row].compile_seconds_max, "%s%s: compiled%s%s in %.2f s",
           rows[row].name, variant == IN_FRAME ? ", -O0" : "", st != ST_OK ? ": " : "", dg.text,
           j.seconds);
    arena_free(&arena);
}

int main(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows) * VARIANT_COUNT; i++)
        for (uint32_t k = 0; k < 2; k++) {
            scale = k == 0 ? 1 : CHECKED_SCALE;
            check_row(i / VARIANT_COUNT, (enum variant)(i % VARIANT_COUNT));
        }
    scale = 1;
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++)
        if (rows[i].compile_seconds_max > 0) {
            check_compiled(i, PLAIN);
            check_compiled(i, IN_FRAME);
        }
    return tap_done();
}
