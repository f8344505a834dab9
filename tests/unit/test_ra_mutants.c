/*
 * test_ra_mutants: correct allocations, of random functions and of those of real modules, are
 * altered, one thing at a time, and verify/ra judges the result. What it accepts must be harmless:
 * running it (mir_run.h) gives every operand its value. Each kind of alteration must have been
 * refused often. SPDX-License-Identifier: Apache-2.0
 */
#include "mir_random.h"
#include "mir_run.h"
#include "shield/codegen/regalloc.h"
#include "shield/compile/pipeline.h"
#include "shield/verify/ra/ra.h"
#include "shield/wasm/read.h"
#include "shield/wasm/validate.h"
#include "suites.h"
#include "tap.h"

#include <stdlib.h>

enum { REAL_FUNCTIONS_MIN = 500, REAL_INSTS_MAX = 1500 };
enum { FUNCTIONS = 600, TRIES = 2, RUNS = 6, STEPS = 500, REFUSED_MIN = 40 };

struct mutant {
    struct mir_func f; /* a copy: one kind alters the code */
    struct mir_allocation a;
    struct rng *rng;
};

static uint32_t below(struct mutant *m, uint32_t n)
{
    return (uint32_t)rng_below(m->rng, n);
}

static bool is_register(mir_place p)
{
    return p < MIR_PREG_COUNT;
}

/* ---- picking something to alter; MIR_NONE: there is none ---- */

static uint32_t pick_edit(struct mutant *m, bool (*fits)(const struct mutant *, uint32_t))
{
    for (uint32_t k = 0; k < 60 && m->a.edit_count > 0; k++) {
        uint32_t e = below(m, m->a.edit_count);
        if (fits(m, e))
            return e;
    }
    return MIR_NONE;
}

static uint32_t pick_operand(struct mutant *m, bool (*fits)(const struct mutant *, uint32_t))
{
    const uint32_t count = m->f.operand_first[m->f.inst_count];

    for (uint32_t k = 0; k < 60 && count > 0; k++) {
        uint32_t o = below(m, count);
        if (fits(m, o))
            return o;
    }
    return MIR_NONE;
}

static uint32_t inst_of(const struct mutant *m, uint32_t operand)
{
    uint32_t i = 0;

    while (m->f.operand_first[i + 1] <= operand)
        i++;
    return i;
}

static mir_place other_register(struct mutant *m, mir_place not_this, uint8_t class)
{
    for (;;) {
        uint32_t reg = below(m, 16) + (class == MIR_GPR ? 0 : 16);
        if (reg != not_this && (m->f.allocatable >> reg & 1) != 0)
            return reg;
    }
}

static bool any_edit(const struct mutant *m, uint32_t e)
{
    return e < m->a.edit_count;
}
static bool is_move(const struct mutant *m, uint32_t e)
{
    return m->a.edits[e].kind == MIR_EDIT_MOVE;
}
static bool is_copy(const struct mutant *m, uint32_t e)
{
    return is_move(m, e) && is_register(m->a.edits[e].from) && is_register(m->a.edits[e].to);
}
static bool is_spill(const struct mutant *m, uint32_t e)
{
    return is_move(m, e) && !is_register(m->a.edits[e].to);
}
static bool is_reload(const struct mutant *m, uint32_t e)
{
    return is_move(m, e) && !is_register(m->a.edits[e].from);
}
static bool is_remat(const struct mutant *m, uint32_t e)
{
    return m->a.edits[e].kind == MIR_EDIT_REMAT;
}
static bool is_wide(const struct mutant *m, uint32_t e)
{
    return is_move(m, e) && m->f.vregs[m->a.edits[e].vreg].width == MIR_W128;
}
static bool is_on_edge(const struct mutant *m, uint32_t e)
{
    const struct mir_inst *inst = &m->f.insts[m->a.edits[e].point / 2];

    return (inst->flags & MIR_IS_BRANCH) != 0 && m->a.edits[e].point % 2 == 0;
}
static bool has_twin(const struct mutant *m, uint32_t e)
{
    return e + 1 < m->a.edit_count && m->a.edits[e].point == m->a.edits[e + 1].point;
}
static bool is_use(const struct mutant *m, uint32_t o)
{
    return m->f.operands[o].kind == MIR_USE;
}
static bool is_def(const struct mutant *m, uint32_t o)
{
    return m->f.operands[o].kind == MIR_DEF && m->a.places[o] != MIR_NONE;
}
static bool is_fixed(const struct mutant *m, uint32_t o)
{
    return m->f.operands[o].constraint == MIR_FIXED;
}
static bool is_reuse(const struct mutant *m, uint32_t o)
{
    return m->f.operands[o].constraint == MIR_REUSE;
}
static bool is_slot_use(const struct mutant *m, uint32_t o)
{
    return is_use(m, o) && !is_register(m->a.places[o]);
}
static bool is_early_def(const struct mutant *m, uint32_t o)
{
    return is_def(m, o) && m->f.operands[o].position == MIR_EARLY &&
           m->f.operands[o].constraint == MIR_REG;
}
static bool is_kept_remat(const struct mutant *m, uint32_t o)
{
    return is_def(m, o) && m->f.vregs[m->f.operands[o].vreg].remat != MIR_NONE;
}

/* ---- alterations; false: nothing of that kind here ---- */

static bool change_place(struct mutant *m, bool (*fits)(const struct mutant *, uint32_t))
{
    const uint32_t o = pick_operand(m, fits);

    if (o == MIR_NONE)
        return false;
    const uint8_t class = m->f.vregs[m->f.operands[o].vreg].class;
    m->a.places[o] = other_register(m, m->a.places[o], class);
    return true;
}

static bool use_wrong_register(struct mutant *m)
{
    return change_place(m, is_use);
}
static bool def_wrong_register(struct mutant *m)
{
    return change_place(m, is_def);
}
static bool fixed_elsewhere(struct mutant *m)
{
    return change_place(m, is_fixed);
}
static bool reuse_elsewhere(struct mutant *m)
{
    return change_place(m, is_reuse);
}

static bool drop(struct mutant *m, bool (*fits)(const struct mutant *, uint32_t))
{
    const uint32_t e = pick_edit(m, fits);

    if (e == MIR_NONE)
        return false;
    memmove(&m->a.edits[e], &m->a.edits[e + 1], (m->a.edit_count - e - 1) * sizeof(*m->a.edits));
    m->a.edit_count--;
    return true;
}

static bool drop_copy(struct mutant *m)
{
    return drop(m, is_copy);
}
static bool drop_spill(struct mutant *m)
{
    return drop(m, is_spill);
}
static bool drop_reload(struct mutant *m)
{
    return drop(m, is_reload);
}
static bool drop_remat(struct mutant *m)
{
    return drop(m, is_remat);
}
static bool drop_on_edge(struct mutant *m)
{
    return drop(m, is_on_edge);
}

static mir_place other_slot(struct mutant *m, mir_place not_this)
{
    return MIR_SLOT + (not_this - MIR_SLOT + 1 + below(m, 3)) % MAX(m->a.slot_count, 1);
}

static bool spill_wrong_slot(struct mutant *m)
{
    const uint32_t e = pick_edit(m, is_spill);

    if (e == MIR_NONE)
        return false;
    m->a.edits[e].to = other_slot(m, m->a.edits[e].to);
    return true;
}
static bool reload_wrong_slot(struct mutant *m)
{
    const uint32_t e = pick_edit(m, is_reload);

    if (e == MIR_NONE)
        return false;
    m->a.edits[e].from = other_slot(m, m->a.edits[e].from);
    return true;
}
static bool use_wrong_slot(struct mutant *m)
{
    const uint32_t o = pick_operand(m, is_slot_use);

    if (o == MIR_NONE)
        return false;
    m->a.places[o] = other_slot(m, m->a.places[o]);
    return true;
}

/* Two values are made to share a slot, everywhere: what frame layout could get wrong. */
static bool merge_slots(struct mutant *m)
{
    if (m->a.slot_count < 2)
        return false;
    const mir_place from = MIR_SLOT + below(m, m->a.slot_count);
    const mir_place to = other_slot(m, from);
    for (uint32_t e = 0; e < m->a.edit_count; e++) {
        if (m->a.edits[e].kind == MIR_EDIT_MOVE && m->a.edits[e].from == from)
            m->a.edits[e].from = to;
        if (m->a.edits[e].to == from)
            m->a.edits[e].to = to;
    }
    for (uint32_t o = 0; o < m->f.operand_first[m->f.inst_count]; o++)
        if (m->a.places[o] == from)
            m->a.places[o] = to;
    return true;
}

static bool swap_twins(struct mutant *m)
{
    const uint32_t e = pick_edit(m, has_twin);

    if (e == MIR_NONE)
        return false;
    const struct mir_edit t = m->a.edits[e];
    m->a.edits[e] = m->a.edits[e + 1];
    m->a.edits[e + 1] = t;
    return true;
}

static bool clobber_more(struct mutant *m)
{
    const uint32_t i = below(m, m->f.inst_count);

    m->f.clobbers[i] |= UINT32_C(1) << other_register(m, MIR_NONE, below(m, 2) != 0);
    return true;
}

static bool move_narrow(struct mutant *m)
{
    const uint32_t e = pick_edit(m, is_wide);

    if (e == MIR_NONE)
        return false;
    m->a.edits[e].width = MIR_W64;
    return true;
}

/* A value of 16 bytes is moved as another one of 8 would be. */
static bool move_as_another(struct mutant *m)
{
    const uint32_t e = pick_edit(m, is_move);

    if (e == MIR_NONE)
        return false;
    m->a.edits[e].vreg = below(m, m->f.vreg_count);
    m->a.edits[e].width = m->f.vregs[m->a.edits[e].vreg].width;
    return true;
}

static bool remat_another(struct mutant *m)
{
    const uint32_t e = pick_edit(m, is_remat);

    for (uint32_t k = 0; e != MIR_NONE && k < 60; k++) {
        const uint32_t v = below(m, m->f.vreg_count);
        if (v == m->a.edits[e].vreg || m->f.vregs[v].remat == MIR_NONE ||
            m->f.vregs[v].class != m->f.vregs[m->a.edits[e].vreg].class)
            continue;
        m->a.edits[e].vreg = v;
        m->a.edits[e].width = m->f.vregs[v].width;
        return true;
    }
    return false;
}

static bool move_to_point(struct mutant *m, uint32_t e, uint32_t point)
{
    struct mir_edit edit = m->a.edits[e];

    if (point / 2 >= m->f.inst_count)
        return false;
    edit.point = point;
    for (; e + 1 < m->a.edit_count && m->a.edits[e + 1].point < point; e++)
        m->a.edits[e] = m->a.edits[e + 1];
    for (; e > 0 && m->a.edits[e - 1].point > point; e--)
        m->a.edits[e] = m->a.edits[e - 1];
    m->a.edits[e] = edit;
    return true;
}
static bool wrong_side(struct mutant *m)
{
    const uint32_t e = pick_edit(m, any_edit);

    return e != MIR_NONE && move_to_point(m, e, m->a.edits[e].point ^ 1);
}
static bool one_later(struct mutant *m)
{
    const uint32_t e = pick_edit(m, any_edit);

    return e != MIR_NONE && move_to_point(m, e, m->a.edits[e].point + 2);
}

static bool points_unsorted(struct mutant *m)
{
    const uint32_t e = pick_edit(m, any_edit);

    if (e == MIR_NONE || e == 0 || m->a.edits[e].point == m->a.edits[e - 1].point)
        return false;
    const struct mir_edit t = m->a.edits[e];
    m->a.edits[e] = m->a.edits[e - 1];
    m->a.edits[e - 1] = t;
    return true;
}

static bool forget_saved(struct mutant *m)
{
    if (m->a.callee_saved == 0)
        return false;
    m->a.callee_saved &= m->a.callee_saved - 1;
    return true;
}

static bool copy_from_another(struct mutant *m)
{
    const uint32_t e = pick_edit(m, is_copy);

    if (e == MIR_NONE)
        return false;
    m->a.edits[e].from =
        other_register(m, m->a.edits[e].from, m->f.vregs[m->a.edits[e].vreg].class);
    return true;
}
static bool copy_to_another(struct mutant *m)
{
    const uint32_t e = pick_edit(m, is_copy);

    if (e == MIR_NONE)
        return false;
    m->a.edits[e].to = other_register(m, m->a.edits[e].to, m->f.vregs[m->a.edits[e].vreg].class);
    return true;
}
static bool copy_backwards(struct mutant *m)
{
    const uint32_t e = pick_edit(m, is_move);

    if (e == MIR_NONE)
        return false;
    const mir_place t = m->a.edits[e].from;
    m->a.edits[e].from = m->a.edits[e].to;
    m->a.edits[e].to = t;
    return true;
}
static bool through_scratch(struct mutant *m)
{
    const uint32_t o = pick_operand(m, is_use);

    if (o == MIR_NONE)
        return false;
    m->a.places[o] =
        m->f.vregs[m->f.operands[o].vreg].class == MIR_GPR ? MIR_SCRATCH_GPR : MIR_SCRATCH_XMM;
    return true;
}
static bool frame_too_small(struct mutant *m)
{
    if (m->a.slot_count == 0)
        return false;
    m->a.slot_count--;
    return true;
}
static bool early_def_on_use(struct mutant *m)
{
    const uint32_t o = pick_operand(m, is_early_def);

    if (o == MIR_NONE)
        return false;
    const uint32_t first = m->f.operand_first[inst_of(m, o)];
    if (m->f.operands[first].kind != MIR_USE)
        return false;
    m->a.places[o] = m->a.places[first];
    return true;
}
static bool forget_remat_def(struct mutant *m)
{
    const uint32_t o = pick_operand(m, is_kept_remat);

    if (o == MIR_NONE)
        return false;
    m->a.places[o] = MIR_NONE;
    return true;
}

/* ---- judging ---- */

static const struct {
    const char *name;
    bool (*alter)(struct mutant *);
} kinds[] = {
    {"a use reads another register",          use_wrong_register},
    {"a def writes another register",         def_wrong_register},
    {"a fixed operand is elsewhere",          fixed_elsewhere   },
    {"a reusing def is elsewhere",            reuse_elsewhere   },
    {"a copy is missing",                     drop_copy         },
    {"a spill is missing: the slot is stale", drop_spill        },
    {"a reload is missing",                   drop_reload       },
    {"a remat is missing",                    drop_remat        },
    {"a move of an edge is missing",          drop_on_edge      },
    {"a spill goes to another slot",          spill_wrong_slot  },
    {"a reload reads another slot",           reload_wrong_slot },
    {"a use reads another slot",              use_wrong_slot    },
    {"two slots become one",                  merge_slots       },
    {"two moves of a point change places",    swap_twins        },
    {"an instruction destroys one more",      clobber_more      },
    {"16 bytes are moved as 8",               move_narrow       },
    {"a move names another value",            move_as_another   },
    {"another value is made again",           remat_another     },
    {"an edit is on the other side",          wrong_side        },
    {"an edit comes an instruction late",     one_later         },
    {"points are out of order",               points_unsorted   },
    {"a saved register is forgotten",         forget_saved      },
    {"a copy reads another register",         copy_from_another },
    {"a copy writes another register",        copy_to_another   },
    {"a move goes backwards",                 copy_backwards    },
    {"an operand is in a scratch register",   through_scratch   },
    {"the frame is too small",                frame_too_small   },
    {"an early def overwrites a use",         early_def_on_use  },
    {"a remat instruction is left out",       forget_remat_def  },
};

static struct {
    uint32_t tried, refused, harmless, wrong;
} tally[LENGTH_OF(kinds)];

struct job {
    struct arena arena;
    struct rng rng;
    uint64_t seed;
};

#define COPY(arena, source, count)                                                                 \
    memcpy(arena_alloc(arena, (count), sizeof(*(source))), source, (count) * sizeof(*(source)))

static void judge(struct job *job, const struct mir_func *f, const struct mir_allocation *a,
                  uint32_t kind)
{
    struct arena_mark mark = arena_mark(f->arena);
    struct mutant m = {.f = *f, .a = *a, .rng = &job->rng};
    struct diag dg = {0};

    m.f.clobbers = COPY(f->arena, f->clobbers, f->inst_count);
    m.a.places = COPY(f->arena, a->places, f->operand_first[f->inst_count]);
    if (a->edit_count > 0)
        m.a.edits = COPY(f->arena, a->edits, a->edit_count);
    if (kinds[kind].alter(&m)) {
        tally[kind].tried++;
        if (ra_check(&m.f, &m.a, &dg) != ST_OK) {
            tally[kind].refused++;
        } else {
            struct mirrun *run = arena_new(f->arena, struct mirrun, 1);
            bool same = true;
            for (uint64_t s = 0; same && s < RUNS; s++)
                same = mir_run(run, &m.f, &m.a, s, STEPS);
            tally[kind].harmless += same;
            tally[kind].wrong += !same;
            if (!same)
                printf("# seed %llu: %s: accepted, but %s\n", (unsigned long long)job->seed,
                       kinds[kind].name, run->why);
        }
    }
    arena_release(f->arena, mark);
}

static enum status run_job(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    const struct mir_random_options options = {
        .blocks = 1 + (uint32_t)rng_below(&job->rng, 16),
        .insts = 3 + (uint32_t)rng_below(&job->rng, 12),
        .pressure = 20 + (uint32_t)rng_below(&job->rng, 70),
        .calls = (uint32_t)rng_below(&job->rng, 20),
        .is_vector_heavy = rng_chance(&job->rng, 1, 3),
        .is_shuffled = rng_chance(&job->rng, 1, 3),
    };
    struct mir_func *f = mir_random(&job->arena, &job->rng, options);
    struct mir_allocation a;

    TRY(regalloc(f, job->seed % 2 == 0 ? REGALLOC_GOOD : REGALLOC_FAST, &a, NULL, dg));
    TRY(ra_check(f, &a, dg));
    for (uint32_t kind = 0; kind < LENGTH_OF(kinds); kind++)
        for (uint32_t k = 0; k < TRIES; k++)
            judge(job, f, &a, kind);
    return ST_OK;
}

/* ---- real functions ---- */

static struct job real;
static uint32_t real_count;

/* In place of verify/ra, when a module is compiled: judges the allocation, then mutants of it. */
static enum status judge_real(const struct mir_func *f, const struct mir_allocation *a,
                              struct diag *dg)
{
    TRY(ra_check(f, a, dg));
    if (f->inst_count > REAL_INSTS_MAX)
        return ST_OK;
    real_count++;
    real.seed = real_count;
    for (uint32_t kind = 0; kind < LENGTH_OF(kinds); kind++)
        judge(&real, f, a, kind);
    return ST_OK;
}

struct module_job {
    struct arena arena;
    struct str wasm;
    bool optimise;
};

static enum status compile_real(void *ctx, struct diag *dg)
{
    static const uint8_t digest[32];
    struct module_job *job = ctx;
    struct wm_module wm;
    struct image *image = NULL;
    struct pipeline_options options = pipeline_options_default();

    options.optimise = job->optimise;
    options.threads = 1;
    options.judge = judge_real;
    TRY(wm_read_module((const uint8_t *)job->wasm.text, job->wasm.size, wm_features_all(),
                       &job->arena, &wm, dg));
    TRY(wm_validate(&wm, &job->arena, dg));
    TRY(compile_module(&wm, digest, &options, &image, NULL, dg));
    image_release(image);
    return ST_OK;
}

static void try_module(const char *folder, const char *name, bool optimise)
{
    struct module_job job = {.optimise = optimise};
    char path[512];
    struct diag dg = {0};

    snprintf(path, sizeof(path), "%s/wasm/%s.wasm", folder, name);
    job.wasm = load_file(path);
    if (job.wasm.text == NULL)
        return;
    arena_init(&job.arena, (size_t)1 << 30);
    rng_seed(&real.rng, optimise);
    enum status st = arena_guard(&job.arena, compile_real, &job, &dg);
    tap_ok(st == ST_OK, "%s%s: every allocation is accepted %s", name, optimise ? "" : " at -O0",
           dg.text);
    arena_free(&job.arena);
    free((void *)(uintptr_t)job.wasm.text);
}

static void report(const char *whose)
{
    for (uint32_t k = 0; k < LENGTH_OF(kinds); k++) {
        tap_ok(tally[k].wrong == 0 && tally[k].refused >= MIN(tally[k].tried, REFUSED_MIN) / 2,
               "%s: %s: %u altered, %u refused, %u harmless, %u wrongly accepted", whose,
               kinds[k].name, tally[k].tried, tally[k].refused, tally[k].harmless, tally[k].wrong);
    }
    memset(tally, 0, sizeof(tally));
}

int main(int argc, char **argv)
{
    static struct job job;
    const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;

    for (job.seed = first; job.seed < first + FUNCTIONS; job.seed++) {
        struct diag dg = {0};
        arena_init(&job.arena, (size_t)256 << 20);
        rng_seed(&job.rng, job.seed);
        enum status st = arena_guard(&job.arena, run_job, &job, &dg);
        arena_free(&job.arena);
        if (st != ST_OK) {
            tap_ok(false, "seed %llu: %s", (unsigned long long)job.seed, dg.text);
            return tap_done();
        }
    }
    for (uint32_t k = 0; k < LENGTH_OF(kinds); k++)
        tap_ok(tally[k].refused >= REFUSED_MIN, "%s: refused %u times", kinds[k].name,
               tally[k].refused);
    report("random functions");
    const char *bench = getenv("MUJUN_BENCH");
    if (bench == NULL)
        bench = "../shared/bench";
    static const char *const modules[] = {"bzip2", "lua", "regexbench", "cjson"};
    for (uint32_t k = 0; k < LENGTH_OF(modules); k++) {
        try_module(bench, modules[k], true);
        try_module(bench, modules[k], false);
    }
    if (real_count == 0) {
        tap_ok(true, "real functions # SKIP there is no ../shared/bench, MUJUN_BENCH names none");
        return tap_done();
    }
    tap_ok(real_count >= REAL_FUNCTIONS_MIN, "%u real functions", real_count);
    report("real functions");
    return tap_done();
}
