/* inspect_features: which features a module needs: operators say it themselves (opcodes.def), the
 * rest is in types, limits and the shape of segments. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/inspect_internal.h"
#include "shield/wasm/read.h"

static const enum wm_feature heap_feature[WM_HEAP_ABS_COUNT] = {
#define VALUE(name, text, code, sig)
#define HEAP(name, text, short_text, code, top, feature) [WM_HEAP_##name] = WM_FEATURE_##feature,
#include "shield/wasm/types.def"
#undef VALUE
#undef HEAP
};

static void use(struct wm_inspection *out, enum wm_feature f)
{
    out->uses[f]++;
}

static void use_if(struct wm_inspection *out, bool condition, enum wm_feature f)
{
    out->uses[f] += condition;
}

/* ---- types --------------------------------------------------------------------------------- */

static void scan_heap(struct wm_inspection *out, struct wm_heap h)
{
    use(out,
        wm_heap_is_index(h) ? WM_FEATURE_FUNCTION_REFERENCES : heap_feature[wm_heap_as_abs(h)]);
}

static void scan_type(struct wm_inspection *out, struct wm_valtype t)
{
    if (wm_kind(t) == WM_KIND_V128)
        use(out, WM_FEATURE_SIMD);
    if (!wm_is_ref(t))
        return;
    scan_heap(out, wm_heap_of(t));
    use_if(out, !wm_is_nullable(t), WM_FEATURE_FUNCTION_REFERENCES);
}

/* A value of type funcref is newer than a table of funcref. */
static void scan_value_type(struct wm_inspection *out, struct wm_valtype t)
{
    use_if(out, wm_is_ref(t), WM_FEATURE_REFERENCE_TYPES);
    scan_type(out, t);
}

static void scan_defined_type(struct wm_inspection *out, const struct wm_type *t)
{
    use_if(out, t->composite != WM_FUNC_TYPE || !t->is_plain || t->group_explicit, WM_FEATURE_GC);
    use_if(out, t->result_count > 1, WM_FEATURE_MULTI_VALUE);
    for (uint32_t i = 0; i < t->param_count; i++)
        scan_value_type(out, t->params[i]);
    for (uint32_t i = 0; i < t->result_count; i++)
        scan_value_type(out, t->results[i]);
    for (uint32_t i = 0; t->composite != WM_FUNC_TYPE && i < t->field_count; i++)
        scan_value_type(out, t->fields[i].type);
}

/* ---- instructions -------------------------------------------------------------------------- */

static void scan_immediates(struct wm_inspection *out, const struct wm_ins *ins)
{
    uint32_t cursor = 0;

    switch ((enum wm_imm)wm_op_info[ins->op].imm) { /* tidy: flat */
    case WM_IMM_BLOCK:
    case WM_IMM_TRY_TABLE:
        use_if(out, ins->block.kind == WM_BLOCK_TYPE, WM_FEATURE_MULTI_VALUE);
        if (ins->block.kind == WM_BLOCK_VALUE)
            scan_value_type(out, ins->block.value);
        break;
    case WM_IMM_SELECT:
        for (uint32_t i = 0; i < ins->list_count; i++)
            scan_value_type(out, wm_list_type(ins, &cursor));
        break;
    case WM_IMM_HEAP_TYPE: scan_heap(out, ins->heap); break;
    case WM_IMM_BR_CAST:
        scan_type(out, ins->cast.from);
        scan_type(out, ins->cast.to);
        break;
    case WM_IMM_MEMARG:
    case WM_IMM_MEMARG_LANE: use_if(out, ins->mem.memory != 0, WM_FEATURE_MULTI_MEMORY); break;
    case WM_IMM_MEMORY: use_if(out, ins->index != 0, WM_FEATURE_MULTI_MEMORY); break;
    case WM_IMM_MEMORY_MEMORY:
        use_if(out, ins->index != 0 || ins->index2 != 0, WM_FEATURE_MULTI_MEMORY);
        break;
    case WM_IMM_DATA_MEMORY: use_if(out, ins->index2 != 0, WM_FEATURE_MULTI_MEMORY); break;
    case WM_IMM_TYPE_TABLE:
    case WM_IMM_ELEM_TABLE: use_if(out, ins->index2 != 0, WM_FEATURE_REFERENCE_TYPES); break;
    default: break;
    }
}

static void scan_local(void *ctx, uint32_t count, struct wm_valtype t)
{
    struct wm_inspection *out = ctx;

    if (count != 0)
        scan_value_type(out, t);
}

static enum status scan_body(const struct wm_module *m, struct wm_bytes body,
                             struct wm_inspection *out, struct diag *dg)
{
    struct wm_reader r = wm_reader_of(body, m->features);
    uint32_t total = 0;

    TRY(wm_read_locals(&r, &total, scan_local, out, dg));
    while (r.pos < r.end) {
        struct wm_ins ins;
        TRY(wm_ins_read(&r, &ins, dg));
        out->instruction_count++;
        use(out, (enum wm_feature)wm_op_info[ins.op].feature);
        scan_immediates(out, &ins);
    }
    return ST_OK;
}

static bool is_arithmetic(enum wm_op op)
{
    return op == WM_OP_I32_ADD || op == WM_OP_I32_SUB || op == WM_OP_I32_MUL ||
           op == WM_OP_I64_ADD || op == WM_OP_I64_SUB || op == WM_OP_I64_MUL;
}

/* One or more constant expressions. */
static enum status scan_exprs(const struct wm_module *m, struct wm_bytes code,
                              struct wm_inspection *out, struct diag *dg)
{
    struct wm_reader r = wm_reader_of(code, m->features);

    while (r.pos < r.end) {
        struct wm_ins ins;
        TRY(wm_ins_read(&r, &ins, dg));
        use(out, (enum wm_feature)wm_op_info[ins.op].feature);
        use_if(out, is_arithmetic(ins.op), WM_FEATURE_EXTENDED_CONST);
        scan_immediates(out, &ins);
    }
    return ST_OK;
}

/* ---- definitions --------------------------------------------------------------------------- */

static enum status scan_tables(const struct wm_module *m, struct wm_inspection *out,
                               struct diag *dg)
{
    use_if(out, m->table_count > 1, WM_FEATURE_REFERENCE_TYPES);
    for (uint32_t i = 0; i < m->table_count; i++) {
        scan_type(out, m->tables[i].type);
        use_if(out, m->tables[i].limits.is_64, WM_FEATURE_MEMORY64);
        use_if(out, m->tables[i].init.size != 0, WM_FEATURE_FUNCTION_REFERENCES);
        TRY(scan_exprs(m, m->tables[i].init, out, dg));
    }
    return ST_OK;
}

static void scan_memories(const struct wm_module *m, struct wm_inspection *out)
{
    use_if(out, m->memory_count > 1, WM_FEATURE_MULTI_MEMORY);
    for (uint32_t i = 0; i < m->memory_count; i++) {
        use_if(out, m->memories[i].limits.is_64, WM_FEATURE_MEMORY64);
        use_if(out, m->memories[i].is_shared, WM_FEATURE_THREADS);
        use_if(out, m->memories[i].has_page_size, WM_FEATURE_CUSTOM_PAGE_SIZES);
    }
}

static enum status scan_globals(const struct wm_module *m, struct wm_inspection *out,
                                struct diag *dg)
{
    for (uint32_t i = 0; i < m->global_count; i++) {
        scan_value_type(out, m->globals[i].type);
        use_if(out, i < m->global_imports && m->globals[i].is_mutable, WM_FEATURE_MUTABLE_GLOBALS);
        TRY(scan_exprs(m, m->globals[i].init, out, dg));
    }
    for (uint32_t i = 0; i < m->export_count; i++)
        use_if(out,
               m->exports[i].kind == WM_EXTERN_GLOBAL && m->exports[i].index < m->global_count &&
                   m->globals[m->exports[i].index].is_mutable,
               WM_FEATURE_MUTABLE_GLOBALS);
    return ST_OK;
}

static enum status scan_segments(const struct wm_module *m, struct wm_inspection *out,
                                 struct diag *dg)
{
    for (uint32_t i = 0; i < m->elem_count; i++) {
        const struct wm_elem *e = &m->elems[i];
        use_if(out, e->mode == WM_SEGMENT_PASSIVE, WM_FEATURE_BULK_MEMORY);
        use_if(out, e->mode == WM_SEGMENT_DECLARATIVE || e->table != 0 || e->is_exprs,
               WM_FEATURE_REFERENCE_TYPES);
        TRY(scan_exprs(m, e->offset, out, dg));
        if (e->is_exprs)
            TRY(scan_exprs(m, e->items, out, dg));
    }
    for (uint32_t i = 0; i < m->data_count; i++) {
        const struct wm_data *d = &m->datas[i];
        use_if(out, d->mode == WM_SEGMENT_PASSIVE, WM_FEATURE_BULK_MEMORY);
        use_if(out, d->memory != 0, WM_FEATURE_MULTI_MEMORY);
        TRY(scan_exprs(m, d->offset, out, dg));
    }
    return ST_OK;
}

enum status inspect_features(const struct wm_module *m, struct wm_inspection *out, struct diag *dg)
{
    for (uint32_t i = 0; i < m->type_count; i++)
        scan_defined_type(out, &m->types[i]);
    TRY(scan_tables(m, out, dg));
    scan_memories(m, out);
    out->uses[WM_FEATURE_EXCEPTIONS] += m->tag_count;
    TRY(scan_globals(m, out, dg));
    TRY(scan_segments(m, out, dg));
    for (uint32_t i = 0; i < m->code_count; i++)
        TRY(diag_in(dg, scan_body(m, m->codes[i].body, out, dg), "function %u",
                    m->func_imports + i));
    return ST_OK;
}
