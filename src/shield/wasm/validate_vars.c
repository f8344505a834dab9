/* validate_vars: locals, globals, tables. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/validate_int.h"

/* ---- locals ---- */

static struct wm_valtype declared_type(const struct judge *j, uint32_t index)
{
    uint32_t low = 0, high = j->group_count - 1;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (index < j->groups[middle].end)
            high = middle;
        else
            low = middle + 1;
    }
    return j->groups[low].type;
}

static bool has_value(const struct judge *j, uint32_t index, struct wm_valtype type)
{
    if (index < j->near_count)
        return j->near[index].bits != 0;
    return wm_is_defaultable(type) || (j->far_set[index / 64] >> index % 64 & 1) != 0;
}

/* Until the innermost block ends, the local may be read. */
static void note_set(struct judge *j, uint32_t index, struct wm_valtype type)
{
    if (has_value(j, index, type))
        return;
    ARENA_PUSH(j->scratch, j->set_locals, j->set_count, j->set_capacity, index);
    if (index < j->near_count)
        j->near[index] = type;
    else
        j->far_set[index / 64] |= UINT64_C(1) << index % 64;
}

enum status judge_local(struct judge *j)
{
    uint32_t index = j->ins.index;
    struct wm_valtype type = declared_type(j, index);

    if (j->ins.op == WM_OP_LOCAL_GET) {
        if (!has_value(j, index, type))
            return judge_invalid(j, "reads uninitialized local %u: its type has no default value",
                                 index);
        judge_push(j, type);
        return ST_OK;
    }
    TRY(judge_pop_one(j, 1, type));
    note_set(j, index, type);
    if (j->ins.op == WM_OP_LOCAL_TEE)
        judge_push(j, type);
    return ST_OK;
}

/* ---- globals ---- */

static enum status check_constant_global(struct judge *j, const struct wm_global *g)
{
    uint32_t index = j->ins.index;

    if (index >= j->global_limit)
        return judge_invalid(j, "names unknown global %u; only the first %u are known here", index,
                             j->global_limit);
    if (g->is_mutable)
        return judge_invalid(j,
                             "found global %u, which is mutable, where a constant expression "
                             "is required",
                             index);
    if (index >= j->m->global_imports)
        TRY(wm_need(j->m->features, WM_FEATURE_GC, j->ins.offset,
                    "a constant expression with a global that is not imported", j->dg));
    return ST_OK;
}

enum status judge_global(struct judge *j)
{
    const struct wm_global *g = &j->m->globals[j->ins.index];

    if (j->is_const)
        TRY(check_constant_global(j, g));
    if (j->ins.op == WM_OP_GLOBAL_GET) {
        judge_push(j, g->type);
        return ST_OK;
    }
    if (!g->is_mutable)
        return judge_invalid(j, "sets global %u, which is immutable", j->ins.index);
    return judge_pop_one(j, 1, g->type);
}

/* ---- tables ---- */

static enum status table_init(struct judge *j, const struct wm_table *t)
{
    const struct wm_elem *e = &j->m->elems[j->ins.index];

    if (!wm_matches(j->m, e->type, t->type))
        return judge_invalid(j,
                             "expects a segment that matches table %u, found a type mismatch "
                             "with element segment %u",
                             j->ins.index2, j->ins.index);
    return JUDGE_POP(j, address_type(&t->limits), WM_TYPE(I32), WM_TYPE(I32));
}

static enum status table_copy(struct judge *j, const struct wm_table *to)
{
    const struct wm_table *from = &j->m->tables[j->ins.index2];
    bool is_64 = to->limits.is_64 && from->limits.is_64;

    if (!wm_matches(j->m, from->type, to->type))
        return judge_invalid(j,
                             "expects tables of matching types, found a type mismatch between "
                             "table %u and table %u",
                             j->ins.index, j->ins.index2);
    return JUDGE_POP(j, address_type(&to->limits), address_type(&from->limits),
                     is_64 ? WM_TYPE(I64) : WM_TYPE(I32));
}

enum status judge_table(struct judge *j)
{
    const struct wm_table *t =
        &j->m->tables[j->ins.op == WM_OP_TABLE_INIT ? j->ins.index2 : j->ins.index];
    struct wm_valtype at = address_type(&t->limits);

    switch (j->ins.op) {
    case WM_OP_TABLE_GET:
        TRY(JUDGE_POP(j, at));
        judge_push(j, t->type);
        return ST_OK;
    case WM_OP_TABLE_SET: return JUDGE_POP(j, at, t->type);
    case WM_OP_TABLE_SIZE: judge_push(j, at); return ST_OK;
    case WM_OP_TABLE_GROW:
        TRY(JUDGE_POP(j, t->type, at));
        judge_push(j, at);
        return ST_OK;
    case WM_OP_TABLE_FILL: return JUDGE_POP(j, at, t->type, at);
    case WM_OP_TABLE_INIT: return table_init(j, t);
    default: return table_copy(j, t);
    }
}
