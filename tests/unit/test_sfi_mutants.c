/*
 * test_sfi_mutants: real compiled modules are altered, one thing at a time, and the verifier judges
 * the result. What can never be harmless must be refused. What is accepted is executed (sfi_run.h),
 * from the entry and from the block that holds the alteration, in states as poisonous as the
 * verifier's own facts allow: nothing may leave the sandbox, and every call, return and fault is
 * looked at. So the test is of the facts as well: a wrong one makes a state that escapes.
 *
 *   $SFI_MUTANTS   how many (20,000), $SFI_SEED   the first random number
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sfi_run.h"
#include "tap.h"

enum { MUTANTS = 20000, TRIES = 400, RUNS = 2, FUNCTION_BYTES_MAX = 6000 };

struct mutant {
    struct run_world *world;
    struct sfi_worker *worker;
    struct arena arena;
    uint32_t function, start, end;
    uint32_t at; /* the instruction that is altered */
    struct sfi_insn before;
    uint32_t touched, size; /* the bytes that are altered */
    uint8_t old[64];
};

/* ---- ways to alter ------------------------------------------------------------------------------
 */

enum how {
    CHANGE, /* one byte, so that the decoded instruction differs as `differs` says */
    DROP,   /* nops instead */
    SWAP,   /* with the next one */
    TARGET, /* of a branch or call: a little off */
    FORBID, /* something forbidden is written over it */
    BYTE,   /* any byte, any value */
    TABLE,  /* an entry of read-only data */
};

typedef bool (*fits_fn)(const struct sfi_insn *ins);
typedef bool (*differs_fn)(const struct sfi_insn *a, const struct sfi_insn *b);

static bool any_insn(const struct sfi_insn *i)
{
    return i->length != 0;
}
static bool is_memory(const struct sfi_insn *i)
{
    return i->has_memory && i->mem.width != 0;
}
static bool is_guest(const struct sfi_insn *i)
{
    return is_memory(i) && i->mem.base == SFI_R14;
}
static bool is_context(const struct sfi_insn *i)
{
    return is_memory(i) && i->mem.base == SFI_R15;
}
static bool is_frame(const struct sfi_insn *i)
{
    return is_memory(i) && i->mem.base == SFI_RSP;
}
static bool is_indexed(const struct sfi_insn *i)
{
    return i->has_memory && i->mem.index != SFI_NO_REG;
}
static bool is_rip(const struct sfi_insn *i)
{
    return i->has_memory && i->mem.base == SFI_REG_RIP;
}
static bool is_branch(const struct sfi_insn *i)
{
    return i->op == SFI_OP_JCC;
}
static bool is_jump(const struct sfi_insn *i)
{
    return i->op == SFI_OP_JCC || i->op == SFI_OP_JMP;
}
static bool is_call(const struct sfi_insn *i)
{
    return i->op == SFI_OP_CALL;
}
static bool is_any_call(const struct sfi_insn *i)
{
    return i->op == SFI_OP_CALL || i->op == SFI_OP_CALL_INDIRECT;
}
static bool is_compare(const struct sfi_insn *i)
{
    return i->op == SFI_OP_CMP || i->op == SFI_OP_CMP_REG || i->op == SFI_OP_TEST;
}
static bool is_cmov(const struct sfi_insn *i)
{
    return i->op == SFI_OP_CMOV;
}
static bool is_extend(const struct sfi_insn *i)
{
    return (i->op == SFI_OP_MOV && i->width == 4 && !i->has_memory) || i->op == SFI_OP_MOVZX ||
           i->op == SFI_OP_MOVSX || i->op == SFI_OP_MOVSXD;
}
static bool is_pinned_write(const struct sfi_insn *i)
{
    return i->op == SFI_OP_MOV && (i->reg == SFI_R15 || i->reg == SFI_R14) &&
           (i->reg_use & SFI_WRITE) != 0;
}
static bool is_push_pop(const struct sfi_insn *i)
{
    return i->op == SFI_OP_PUSH || i->op == SFI_OP_POP;
}
static bool is_stack_move(const struct sfi_insn *i)
{
    return (i->op == SFI_OP_ADD || i->op == SFI_OP_SUB) && !i->has_memory && i->rm == SFI_RSP;
}
static bool is_return(const struct sfi_insn *i)
{
    return i->op == SFI_OP_RET;
}
static bool is_trap(const struct sfi_insn *i)
{
    return i->op == SFI_OP_UD2;
}
static bool has_reg(const struct sfi_insn *i)
{
    return i->reg != SFI_NO_REG;
}
static bool has_rm(const struct sfi_insn *i)
{
    return i->rm != SFI_NO_REG;
}
/* Zeroes the upper half of a register. */
static bool is_half_write(const struct sfi_insn *i)
{
    return i->op == SFI_OP_MOV && i->width == 4 &&
           (!i->has_memory || (i->reg_use & SFI_WRITE) != 0);
}
static bool has_immediate(const struct sfi_insn *i)
{
    return i->imm != 0 && !is_jump(i) && !is_call(i);
}
static bool is_arithmetic(const struct sfi_insn *i)
{
    return i->op >= SFI_OP_LEA && i->op <= SFI_OP_DEC;
}

/* The instruction in front of the one that is looked at. */
static struct sfi_insn previous;

static bool is_null_check(const struct sfi_insn *i)
{
    return i->op == SFI_OP_JCC && previous.op == SFI_OP_TEST && previous.width == 8 &&
           previous.reg == SFI_RAX && previous.rm == SFI_RAX;
}
static bool is_type_check(const struct sfi_insn *i)
{
    return i->op == SFI_OP_JCC && previous.op == SFI_OP_CMP_REG && previous.has_memory &&
           previous.mem.base == SFI_RAX && previous.width == 4;
}
static bool is_context_check(const struct sfi_insn *i)
{
    return i->op == SFI_OP_JCC && previous.op == SFI_OP_CMP_REG && previous.reg == SFI_R15;
}
static bool is_table_check(const struct sfi_insn *i)
{
    return i->op == SFI_OP_JCC && (previous.op == SFI_OP_CMP || previous.op == SFI_OP_CMP_REG) &&
           previous.width == 8 && (previous.reg == SFI_R10 || previous.rm == SFI_R10);
}

static bool same_row(const struct sfi_insn *a, const struct sfi_insn *b)
{
    return a->row == b->row && a->length == b->length;
}
static bool base_differs(const struct sfi_insn *a, const struct sfi_insn *b)
{
    return same_row(a, b) && b->has_memory && a->mem.base != b->mem.base;
}
static bool index_differs(const struct sfi_insn *a, const struct sfi_insn *b)
{
    return same_row(a, b) && b->has_memory && a->mem.index != b->mem.index;
}
static bool scale_differs(const struct sfi_insn *a, const struct sfi_insn *b)
{
    return same_row(a, b) && b->has_memory && a->mem.scale != b->mem.scale;
}
static bool disp_differs(const struct sfi_insn *a, const struct sfi_insn *b)
{
    return same_row(a, b) && b->has_memory && a->mem.disp != b->mem.disp;
}
static bool width_differs(const struct sfi_insn *a, const struct sfi_insn *b)
{
    return same_row(a, b) && a->width != b->width;
}
static bool touched_differs(const struct sfi_insn *a, const struct sfi_insn *b)
{
    return a->length == b->length && b->has_memory && a->mem.width != b->mem.width;
}
static bool reg_differs(const struct sfi_insn *a, const struct sfi_insn *b)
{
    return same_row(a, b) && a->reg != b->reg;
}
static bool rm_differs(const struct sfi_insn *a, const struct sfi_insn *b)
{
    return same_row(a, b) && !b->has_memory && a->rm != b->rm;
}
static bool form_differs(const struct sfi_insn *a, const struct sfi_insn *b)
{
    return a->length == b->length && a->has_memory != b->has_memory;
}
static bool immediate_differs(const struct sfi_insn *a, const struct sfi_insn *b)
{
    return same_row(a, b) && a->imm != b->imm;
}
static bool condition_differs(const struct sfi_insn *a, const struct sfi_insn *b)
{
    return same_row(a, b) && a->condition != b->condition;
}
static bool condition_opposed(const struct sfi_insn *a, const struct sfi_insn *b)
{
    return same_row(a, b) && a->condition == (b->condition ^ 1);
}
static bool row_differs(const struct sfi_insn *a, const struct sfi_insn *b)
{
    return a->row != b->row && a->length == b->length;
}
/* Leaves the upper half, and more, as it was. */
static bool is_narrower(const struct sfi_insn *a, const struct sfi_insn *b)
{
    return a->op == b->op && a->length == b->length && b->width < 4 &&
           a->has_memory == b->has_memory && a->reg_use != 0 &&
           ((a->reg_use ^ b->reg_use) & SFI_ACCESS) == 0;
}
static bool length_differs(const struct sfi_insn *a, const struct sfi_insn *b)
{
    return a->length != b->length;
}

static const struct {
    const char *name;
    fits_fn fits;
    enum how how;
    differs_fn differs;
    bool never_harmless;
    uint32_t refused_min; /* in a hundred that were tried; so few show that the rule is at work */
} kinds[] = {
    {"base of a guest access",          is_guest,         CHANGE, base_differs,      false, 90},
    {"base of any access",              is_memory,        CHANGE, base_differs,      false, 70},
    {"index of an access",              is_indexed,       CHANGE, index_differs,     false, 5 },
    {"scale of an access",              is_indexed,       CHANGE, scale_differs,     false, 10},
    {"displacement of a guest access",  is_guest,         CHANGE, disp_differs,      false, 5 },
    {"displacement in the context",     is_context,       CHANGE, disp_differs,      false, 30},
    {"displacement in the frame",       is_frame,         CHANGE, disp_differs,      false, 10},
    {"displacement to the pool",        is_rip,           CHANGE, disp_differs,      false, 20},
    {"width of an operand",             any_insn,         CHANGE, width_differs,     false, 2 },
    {"width of an access",              is_memory,        CHANGE, touched_differs,   false, 2 },
    {"register operand",                has_reg,          CHANGE, reg_differs,       false, 5 },
    {"other register operand",          has_rm,           CHANGE, rm_differs,        false, 5 },
    {"register or memory",              any_insn,         CHANGE, form_differs,      false, 20},
    {"immediate",                       has_immediate,    CHANGE, immediate_differs, false, 2 },
    {"condition of a branch",           is_branch,        CHANGE, condition_differs, false, 0 },
    {"branch turned round",             is_branch,        CHANGE, condition_opposed, false, 0 },
    {"condition of a move",             is_cmov,          CHANGE, condition_differs, false, 0 },
    {"operation",                       any_insn,         CHANGE, row_differs,       false, 10},
    {"length",                          any_insn,         CHANGE, length_differs,    false, 30},
    {"branch dropped",                  is_branch,        DROP,   NULL,              false, 0 },
    {"comparison dropped",              is_compare,       DROP,   NULL,              false, 0 },
    {"conditional move dropped",        is_cmov,          DROP,   NULL,              false, 0 },
    {"extension dropped",               is_extend,        DROP,   NULL,              false, 2 },
    {"extension of another width",      is_extend,        CHANGE, width_differs,     false, 5 },
    {"write of fewer bits",             is_half_write,    CHANGE, is_narrower,       false, 5 },
    {"pinned register not switched",    is_pinned_write,  DROP,   NULL,              false, 80},
    {"push or pop dropped",             is_push_pop,      DROP,   NULL,              true,  99},
    {"push or pop of another register", is_push_pop,      CHANGE, rm_differs,        false, 85},
    {"frame dropped",                   is_stack_move,    DROP,   NULL,              false, 90},
    {"frame of another size",           is_stack_move,    CHANGE, immediate_differs, false, 90},
    {"arithmetic dropped",              is_arithmetic,    DROP,   NULL,              false, 1 },
    {"call dropped",                    is_any_call,      DROP,   NULL,              false, 0 },
    {"any instruction dropped",         any_insn,         DROP,   NULL,              false, 5 },
    {"return dropped",                  is_return,        DROP,   NULL,              false, 50},
    {"trap dropped",                    is_trap,          DROP,   NULL,              false, 5 },
    {"branch target",                   is_jump,          TARGET, NULL,              false, 50},
    {"call target",                     is_call,          TARGET, NULL,              false, 90},
    {"two instructions swapped",        any_insn,         SWAP,   NULL,              false, 5 },
    {"forbidden instruction",           any_insn,         FORBID, NULL,              true,  99},
    {"any byte",                        any_insn,         BYTE,   NULL,              false, 10},
    {"null check dropped",              is_null_check,    DROP,   NULL,              false, 80},
    {"null check turned round",         is_null_check,    CHANGE, condition_opposed, false, 80},
    {"type check dropped",              is_type_check,    DROP,   NULL,              true,  99},
    {"type check turned round",         is_type_check,    CHANGE, condition_opposed, true,  99},
    {"context check dropped",           is_context_check, DROP,   NULL,              true,  99},
    {"table check dropped",             is_table_check,   DROP,   NULL,              false, 80},
    {"table check turned round",        is_table_check,   CHANGE, condition_opposed, false, 0 },
    {"entry of read-only data",         any_insn,         TABLE,  NULL,              false, 0 },
};

struct tally {
    uint32_t tried, refused, runs, reached, not_run;
    uint32_t ends[RUN_ENDS];
};
static struct tally tallies[LENGTH_OF(kinds)];

/* ---- altering -----------------------------------------------------------------------------------
 */

static uint8_t *bytes_at(struct mutant *m, uint32_t offset)
{
    return m->world->module->bytes + offset;
}

static uint32_t below(struct mutant *m, uint32_t n)
{
    return (uint32_t)rng_below(&m->world->rng, n);
}

static bool decode_at(struct mutant *m, uint32_t offset, struct sfi_insn *out)
{
    return sfi_decode(bytes_at(m, offset), m->end - offset, out);
}

static void take(struct mutant *m, uint32_t offset, uint32_t size)
{
    m->touched = offset;
    m->size = size;
    memcpy(m->old, bytes_at(m, offset), size);
}

/* A random instruction that fits, of a random function that is not too large. */
static bool pick(struct mutant *m, fits_fn fits)
{
    const struct sfi_image *image = &m->world->module->image;

    for (uint32_t k = 0; k < 12; k++) {
        m->function = below(m, image->function_count);
        m->start = image->functions[m->function].offset;
        m->end = m->start + image->functions[m->function].size;
        if (m->end - m->start > FUNCTION_BYTES_MAX)
            continue;
        uint32_t seen = 0;
        struct sfi_insn ins;
        previous = (struct sfi_insn){0};
        for (uint32_t at = m->start; at < m->end && decode_at(m, at, &ins); at += ins.length) {
            if (fits(&ins) && below(m, ++seen) == 0) { /* each as likely as the others */
                m->at = at;
                m->before = ins;
            }
            previous = ins;
        }
        if (seen != 0)
            return true;
    }
    return false;
}

static bool change(struct mutant *m, differs_fn differs)
{
    take(m, m->at, m->before.length);
    for (uint32_t k = 0; k < TRIES; k++) {
        struct sfi_insn after;
        uint8_t *byte = bytes_at(m, m->at + below(m, m->before.length)), old = *byte;
        *byte = below(m, 2) != 0 ? (uint8_t)(old ^ 1u << below(m, 8)) : (uint8_t)below(m, 256);
        if (*byte != old && decode_at(m, m->at, &after) && differs(&m->before, &after))
            return true;
        *byte = old;
    }
    return false;
}

static bool retarget(struct mutant *m)
{
    uint32_t bytes = m->before.length == 2 ? 1 : 4, field = m->at + m->before.length - bytes;
    int32_t off = (int32_t)below(m, 32) - 16;

    take(m, field, bytes);
    if (off == 0)
        off = 1;
    if (bytes == 1) {
        *bytes_at(m, field) = (uint8_t)(*bytes_at(m, field) + off);
    } else {
        int32_t distance;
        memcpy(&distance, bytes_at(m, field), 4);
        distance += off;
        memcpy(bytes_at(m, field), &distance, 4);
    }
    return true;
}

static bool swap(struct mutant *m)
{
    struct sfi_insn next;
    uint8_t first[SFI_INSN_BYTES_MAX];
    uint32_t second = m->at + m->before.length;

    if (second >= m->end || !decode_at(m, second, &next))
        return false;
    take(m, m->at, (uint32_t)m->before.length + next.length);
    memcpy(first, bytes_at(m, m->at), m->before.length);
    memmove(bytes_at(m, m->at), bytes_at(m, second), next.length);
    memcpy(bytes_at(m, m->at + next.length), first, m->before.length);
    return memcmp(m->old, bytes_at(m, m->at), m->size) != 0;
}

static bool forbid(struct mutant *m)
{
    static const char *const forbidden[] = {"\x0f\x05", "\xcd\x80",     "\x0f\x34", "\x0f\x01\xef",
                                            "\xf3\xa4", "\x0f\xae\xd0", "\x64\x8b", "\xcf",
                                            "\x9d",     "\x8e\xd8",     "\xc2\x08", "\xff\x28"};
    const char *what = forbidden[below(m, LENGTH_OF(forbidden))];
    uint32_t size = (uint32_t)strlen(what);

    if (size > m->before.length)
        return false;
    take(m, m->at, size);
    memcpy(bytes_at(m, m->at), what, size);
    return true;
}

static bool alter(struct mutant *m, uint32_t kind)
{
    const struct sfi_image *image = &m->world->module->image;
    switch (kinds[kind].how) {
    case CHANGE: return change(m, kinds[kind].differs);
    case DROP:
        if (m->before.op == SFI_OP_NOP)
            return false;
        take(m, m->at, m->before.length);
        memset(bytes_at(m, m->at), 0x90, m->before.length);
        return true;
    case SWAP: return swap(m);
    case TARGET: return retarget(m);
    case FORBID: return forbid(m);
    case BYTE:
        take(m, m->at + below(m, m->before.length), 1);
        *bytes_at(m, m->touched) = (uint8_t)(*bytes_at(m, m->touched) + 1 + below(m, 255));
        return true;
    default: /* TABLE */
        if (image->data_size < 4)
            return false;
        take(m, image->data_offset + below(m, image->data_size / 4) * 4, 4);
        bytes_at(m, m->touched)[below(m, 2)] ^= (uint8_t)(1u << below(m, 8));
        return true;
    }
}

/* ---- judging
 * ------------------------------------------------------------------------------------- */

static enum status judge(struct mutant *m, struct diag *dg)
{
    return sfi_judge(m->worker, m->function, dg);
}

/* The last point at or before the alteration that control comes to. */
static const struct sfi_point *point_before(const struct mutant *m)
{
    const struct sfi_point *best = NULL;
    for (uint32_t i = 0; i < m->worker->point_count; i++) {
        const struct sfi_point *p = &m->worker->points[i];
        if (p->is_reached && p->offset <= m->at && (best == NULL || p->offset > best->offset))
            best = p;
    }
    return best;
}

static void escaped(struct mutant *m, uint32_t kind, uint32_t from, const struct run_result *r)
{
    char text[128] = "";
    for (uint32_t i = 0; i < m->before.length && i < 16; i++)
        snprintf(text + 3 * i, sizeof(text) - 3 * i, "%02x ", *bytes_at(m, m->at + i));
    tap_ok(false, "%s: %s; function #%u +0x%x now %s(%s), run from +0x%x, at +0x%jx, address %#jx",
           kinds[kind].name, r->escape, m->function, m->at - m->start, text,
           sfi_insn_text(&m->before), from - m->start, (uintmax_t)(r->rip - m->start),
           (uintmax_t)r->address);
}

/* Runs from the block of the alteration and from the entry. */
static void execute(struct mutant *m, uint32_t kind)
{
    struct run_world *w = m->world;
    struct tally *t = &tallies[kind];
    const struct sfi_point *block = point_before(m), *entry = sfi_point_at(m->worker, 0);
    struct run_result r;
    bool has_run = false, is_reached = false;

    memcpy(w->text_write + m->touched, bytes_at(m, m->touched), m->size);
    for (uint32_t i = 0; i <= RUNS; i++) {
        const struct sfi_point *from = i < RUNS ? block : entry;
        w->is_tame = i % 2 != 0;
        if (!run_from(w, m->worker, from, &r))
            continue;
        has_run = true;
        t->runs++;
        t->ends[r.end]++;
        if (r.escape != NULL)
            escaped(m, kind, from->offset, &r);
    }
    /* Whether such a run comes to the alteration: a trap in its place tells. */
    memcpy(w->text_write + m->at, "\x0f\x0b", 2);
    for (uint32_t i = 0; i < 2 * RUNS && !is_reached; i++) {
        w->is_tame = i % 2 != 0;
        is_reached = run_from(w, m->worker, block, &r) && r.end == RUN_TRAP && r.rip == m->at;
    }
    t->reached += is_reached;
    memcpy(w->text_write + m->at, bytes_at(m, m->at), 2); /* may be more than the function has */
    t->not_run += !has_run;
}

static bool try_one(struct mutant *m, uint32_t kind)
{
    struct tally *t = &tallies[kind];
    struct diag dg = {0};

    if (!pick(m, kinds[kind].fits) || !alter(m, kind))
        return false;
    t->tried++;
    if (judge(m, &dg) != ST_OK) {
        t->refused++;
    } else if (kinds[kind].never_harmless) {
        tap_ok(false, "%s is accepted: function #%u of %u +0x%x (%s), %02x was %02x",
               kinds[kind].name, m->function, m->end - m->start, m->at - m->start,
               sfi_insn_text(&m->before), *bytes_at(m, m->touched), m->old[0]);
    } else {
        execute(m, kind);
    }
    memcpy(bytes_at(m, m->touched), m->old, m->size);
    const struct sfi_image *image = &m->world->module->image;
    memcpy(m->world->text_write + m->start, image->bytes + m->start, m->end - m->start);
    if (m->touched >= image->data_offset)
        memcpy(m->world->text_write + m->touched, m->old, m->size);
    return true;
}

/* ---- modules
 * ------------------------------------------------------------------------------------- */

struct load {
    uint32_t mutants, each; /* tried in all; of each module */
    bool optimise, is_baseline;
    uint64_t seed;
};

static enum status with_worker(void *ctx, struct diag *dg)
{
    struct mutant *m = ctx;
    (void)dg;
    m->worker =
        sfi_worker_new(&m->arena, &m->world->module->policy, &m->world->module->image);
    return ST_OK;
}

/* Every function as it is, from each of its blocks. */
static void run_unaltered(struct mutant *m)
{
    const struct sfi_image *image = &m->world->module->image;
    uint32_t runs = 0;
    struct diag dg = {0};

    for (m->function = 0; m->function < image->function_count && runs < 400; m->function++) {
        enum status st = judge(m, &dg);
        if (st != ST_OK) {
            tap_ok(false, "function #%u is refused: %s", m->function, dg.text);
            return;
        }
        for (uint32_t i = 0; i < m->worker->point_count; i += 1 + below(m, 20)) {
            const struct sfi_point *from = &m->worker->points[i];
            struct run_result r;
            if (!from->is_reached || !run_from(m->world, m->worker, from, &r))
                continue;
            runs++;
            if (r.escape != NULL)
                tap_ok(false, "unaltered function #%u from 0x%x: %s at 0x%jx, address %#jx",
                       m->function, from->offset, r.escape, (uintmax_t)r.rip,
                       (uintmax_t)r.address);
        }
    }
}

static void visit(void *ctx, struct str bytes)
{
    struct load *load = ctx;
    struct sfi_module module;
    struct run_world world;
    struct mutant m = {.world = &world};
    struct diag dg = {0};

    if (sfi_module_compile(&module, bytes, load->optimise, load->is_baseline, &dg) != ST_OK ||
        module.image.function_count == 0) {
        sfi_module_free(&module);
        return; /* needs what is not compiled, or is not valid */
    }
    run_world_init(&world, &module, load->seed++);
    arena_init(&m.arena, (size_t)1 << 30);
    if (arena_guard(&m.arena, with_worker, &m, &dg) == ST_OK) {
        run_unaltered(&m);
        uint32_t kind = 0, made = 0, attempts = 0;
        for (; made < load->each && attempts < 3 * load->each; attempts++)
            made += try_one(&m, kind++ % LENGTH_OF(kinds));
        load->mutants += made;
    }
    arena_free(&m.arena);
    run_world_free(&world);
    sfi_module_free(&module);
}

static void visit_bench(const char *root, struct load *load, uint32_t mutants)
{
    static const struct {
        const char *name;
        bool optimise, is_baseline;
    } programs[] = {
        {"wasm/sqlite.wasm",     true,  false},
        {"wasm/lua.wasm",        true,  false},
        {"wasm-simd/zlib.wasm",  true,  false},
        {"wasm-simd/gemm.wasm",  true,  true },
        {"wasm/cjson.wasm",      false, false},
        {"wasm/bzip2.wasm",      true,  true },
        {"wasm/regexbench.wasm", true,  false},
    };
    for (uint32_t i = 0; i < LENGTH_OF(programs); i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", root, programs[i].name);
        load->optimise = programs[i].optimise;
        load->is_baseline = programs[i].is_baseline;
        load->each = mutants / (uint32_t)LENGTH_OF(programs) + 1;
        visit_file(path, (struct module_visit){.visit = visit, .ctx = load});
    }
}

static void report(void)
{
    struct tally all = {0};
    for (uint32_t i = 0; i < LENGTH_OF(kinds); i++) {
        const struct tally *t = &tallies[i];
        tap_ok(t->tried != 0 && t->refused * 100 >= t->tried * kinds[i].refused_min,
               "%s: %u of %u refused; %u runs of the others reach it %u times", kinds[i].name,
               t->refused, t->tried, t->runs, t->reached);
        all.tried += t->tried;
        all.refused += t->refused;
        all.runs += t->runs;
        all.reached += t->reached;
        all.not_run += t->not_run;
        for (uint32_t e = 0; e < RUN_ENDS; e++)
            all.ends[e] += t->ends[e];
    }
    uint32_t accepted = all.tried - all.refused;
    tap_ok(all.not_run * 50 <= accepted, "%u mutants: %u refused, %u of the others have no state",
           all.tried, all.refused, all.not_run);
    tap_ok(all.reached * 2 >= accepted, "%u of %u accepted ones are reached", all.reached,
           accepted);
    printf("# %u runs: %u returns, %u builtins, %u imports, %u traps, %u faults, %u too long\n",
           all.runs, all.ends[RUN_RETURN], all.ends[RUN_BUILTIN], all.ends[RUN_IMPORT],
           all.ends[RUN_TRAP], all.ends[RUN_FAULT], all.ends[RUN_TIMEOUT]);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

int main(void)
{
    static const char *const scripts[] = {
        "address64.wast",       "memory_trap64.wast", "memory_redundancy64.wast",
        "call_indirect64.wast", "call_indirect.wast", "return_call_indirect.wast",
        "return_call.wast",     "br_table.wast",      "simd_address.wast",
        "memory_grow64.wast",   "imports.wast"};
    const char *bench = bench_root(), *suites = suites_root();
    uint32_t mutants = (uint32_t)number_from("SFI_MUTANTS", MUTANTS);
    struct load load = {.seed = number_from("SFI_SEED", 1)};

    if (bench == NULL)
        return tap_skip_all("there is no ../shared/bench, and MUJUN_BENCH names none");
    run_signals_init();
    for (uint32_t i = 0; suites != NULL && i < LENGTH_OF(scripts); i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/wasm-spec/%s", suites, scripts[i]);
        load.optimise = i % 3 != 0;
        load.is_baseline = i % 4 == 0;
        load.each = mutants / 200;
        if (load.mutants < mutants / 5)
            visit_file(path, (struct module_visit){.visit = visit, .ctx = &load});
    }
    visit_bench(bench, &load, mutants - load.mutants);
    report();
    return tap_done();
}
