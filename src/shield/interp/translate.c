/* translate: one validated function body to internal code. See translate_int.h for the idea.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/translate_int.h"

#include "shield/interp/map.h"

#include <assert.h>
#include <string.h>

enum { SCRATCH_BYTES_MAX = 1 << 30 };

static _Atomic uint64_t all_steps;

uint64_t interp_translate_steps(void)
{
    return atomic_load_explicit(&all_steps, memory_order_relaxed);
}

/* ---- set-up ---- */

static void add_locals(struct tr *t, uint32_t count, char cls)
{
    for (uint32_t i = 0; i < count; i++) {
        if (t->local_count == t->local_capacity) {
            uint32_t old = t->local_capacity, new = old == 0 ? 32 : old * 2;
            t->local_slot = arena_grow(t->arena, t->local_slot, old, new, sizeof(uint32_t));
            t->local_head = arena_grow(t->arena, t->local_head, old, new, sizeof(uint32_t));
            t->local_cls = arena_grow(t->arena, t->local_cls, old, new, 1);
            t->local_capacity = new;
        }
        if (cls == 'r')
            ARENA_PUSH(t->arena, t->ref_locals, t->ref_local_count, t->ref_local_capacity,
                       t->local_bytes);
        t->local_slot[t->local_count] = t->local_bytes;
        t->local_head[t->local_count] = 0;
        t->local_cls[t->local_count++] = cls;
        t->local_bytes += tr_bytes(cls);
    }
}

static void visit_locals(void *ctx, uint32_t count, struct wm_valtype type)
{
    struct tr *t = ctx;
    add_locals(t, count, tr_class(t, type));
}

static enum status begin(struct tr *t)
{
    const struct wm_type *type = &t->wm->types[t->wm->funcs[t->func_index].type_index];
    uint32_t total;

    t->code_count = t->map_count = t->local_count = t->local_bytes = t->ref_local_count = 0;
    t->height = t->flushed = t->scalar_top = t->scalar_max = t->ref_top = t->ref_max = 0;
    t->try_depth = t->try_max = 0;
    t->control_count = t->region_count = t->clause_count = t->value_count = 0;
    t->region = INTERP_NO_REGION;
    t->is_dead = false;
    t->newest = t->before = (struct newest){.end = 0};
    t->fuel_word = 0;
    t->r = wm_reader_of(t->wm->codes[t->defined_index].body, t->wm->features);
    for (uint32_t i = 0; i < type->param_count; i++)
        add_locals(t, 1, tr_class(t, type->params[i]));
    t->param_bytes = t->local_bytes;
    TRY(wm_read_locals(&t->r, &total, visit_locals, t, t->dg));
    t->ref_base = t->local_bytes + t->try_area;
    t->temp_base = t->ref_base + t->ref_area;
    tr_begin_body(t);
    return ST_OK;
}

/* ---- the body ---- */

/* Unreachable operators only open and close blocks. True when the operator ends the dead part. */
static bool skip_dead(struct tr *t, enum wm_op op)
{
    switch (op) {
    case WM_OP_BLOCK:
    case WM_OP_LOOP:
    case WM_OP_IF:
    case WM_OP_TRY:
    case WM_OP_TRY_TABLE: t->dead_depth++; return false;
    case WM_OP_ELSE:
    case WM_OP_CATCH:
    case WM_OP_CATCH_ALL: return t->dead_depth == 0;
    case WM_OP_END:
    case WM_OP_DELEGATE:
        if (t->dead_depth == 0)
            return true;
        t->dead_depth--;
        return false;
    default: return false;
    }
}

static void translate_one(struct tr *t, const struct wm_ins *ins)
{
    const struct rule *rule = &interp_rules[ins->op];

    if (t->metered && !rule->is_free)
        tr_charge(t);
    switch ((enum rule_kind)rule->kind) {
    case RULE_HAND: tr_by_hand(t, ins); break;
    case RULE_UN: tr_unary(t, rule, ins); break;
    case RULE_BIN:
    case RULE_CMP: tr_binary(t, rule, ins); break;
    case RULE_EQZ: tr_eqz(t, rule, ins); break;
    case RULE_SAME: tr_same(t, rule); break;
    case RULE_LOAD: tr_load(t, rule, ins); break;
    case RULE_STORE: tr_store(t, rule, ins); break;
    case RULE_PLAIN: tr_plain(t, rule, ins); break;
    }
    if (rule->ends_segment)
        t->fuel_word = 0;
}

static enum status translate_body(struct tr *t)
{
    struct wm_ins ins;

    TRY(begin(t));
    while (t->control_count > 0) {
        TRY(wm_ins_read(&t->r, &ins, t->dg));
        t->steps++;
        t->offset = ins.offset;
        if (t->is_dead && !skip_dead(t, ins.op))
            continue;
        translate_one(t, &ins);
    }
    tr_barrier(t);
    return ST_OK;
}

/* ---- publishing ---- */

static void *keep(struct arena *a, const void *from, size_t count, size_t size)
{
    return count == 0 ? NULL : memcpy(arena_alloc(a, count, size), from, count * size);
}

struct publish {
    struct tr *t;
    struct interp_code *out;
};

static enum status publish(void *ctx, struct diag *dg)
{
    struct publish *p = ctx;
    struct tr *t = p->t;
    struct arena *a = &t->module->code_arena;
    struct interp_code *c = arena_new(a, struct interp_code, 1);
    struct buf map;

    (void)dg;
    buf_init(&map, t->arena);
    interp_map_write(&map, t->map, t->map_count);
    *c = (struct interp_code){
        .code = keep(a, t->code, t->code_count, sizeof(uint32_t)),
        .param_bytes = t->param_bytes,
        .zero_end = t->temp_base,
        .ref_begin = t->local_bytes,
        .ref_end = t->temp_base,
        .word_count = t->code_count,
        .func_index = t->func_index,
        .module = t->module,
        .type = t->type,
        .ref_locals = keep(a, t->ref_locals, t->ref_local_count, sizeof(uint32_t)),
        .ref_local_count = t->ref_local_count,
        .region_count = t->region_count,
        .clause_count = t->clause_count,
        .regions = keep(a, t->regions, t->region_count, sizeof(*t->regions)),
        .clauses = keep(a, t->clauses, t->clause_count, sizeof(*t->clauses)),
        .values = keep(a, t->values, t->value_count, sizeof(uint32_t)),
        .map = keep(a, map.data, map.size, 1),
        .map_bytes = (uint32_t)map.size,
    };
    c->result_bytes = interp_types_bytes(t->type->results, t->type->result_count);
    c->frame_bytes = MAX(t->temp_base + t->scalar_max, c->result_bytes);
    p->out = c;
    return ST_OK;
}

static enum status translate(void *ctx, struct diag *dg)
{
    struct publish *p = ctx;
    struct tr *t = p->t;

    TRY(translate_body(t));
    if (t->ref_max > 0 || t->try_max > 0) { /* now it is known how much room references need */
        t->ref_area = t->ref_max;
        t->try_area = t->try_max * 8;
        TRY(translate_body(t));
        assert(t->ref_max == t->ref_area && "both passes see the same stack");
    }
    /* The map is written to scratch inside this arena's guard; what stays, in the module's. */
    return arena_guard(&t->module->code_arena, publish, p, dg);
}

enum status interp_translate(struct rt_module *m, uint32_t defined_index, bool metered,
                             struct interp_code **out, struct diag *dg)
{
    struct arena scratch;
    uint32_t func_index = defined_index + m->wm.func_imports;
    struct tr t = {.arena = &scratch,
                   .module = m,
                   .wm = &m->wm,
                   .dg = dg,
                   .metered = metered,
                   .canonical = m->engine->config.canonical_nan,
                   .defined_index = defined_index,
                   .func_index = func_index};
    struct publish p = {.t = &t};

    /* An access to a shared memory may have to be tried again, which a pair cannot be. */
    t.may_pair = m->wm.memory_count == 0 || !m->wm.memories[0].is_shared;
    tr_pairs_init();

    t.type = rt_registry_type(m->engine->types, m->type_ids[m->wm.funcs[func_index].type_index]);
    arena_init(&scratch, SCRATCH_BYTES_MAX);
    enum status st = arena_guard(&scratch, translate, &p, dg);
    arena_free(&scratch);
    atomic_fetch_add_explicit(&all_steps, t.steps, memory_order_relaxed);
    if (st == ST_OK)
        *out = p.out;
    return diag_in(dg, st, "in the translation of function #%u", func_index);
}
