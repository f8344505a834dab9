/* translate_supported: which modules can be compiled. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/translate_int.h"

static bool is_collected(enum wm_heap_abs heap)
{
    switch (heap) {
    case WM_HEAP_FUNC:
    case WM_HEAP_NOFUNC:
    case WM_HEAP_EXTERN:
    case WM_HEAP_NOEXTERN: return false;
    default: return true;
    }
}

static enum status check_type(struct wm_valtype type, uint64_t offset, const char *what,
                              struct diag *dg)
{
    char text[WM_TYPE_TEXT_MAX];

    if (!wm_is_ref(type) || wm_heap_is_index(wm_heap_of(type)) ||
        !is_collected(wm_heap_as_abs(wm_heap_of(type))))
        return ST_OK;
    wm_valtype_text(type, text, sizeof(text));
    return diag_fail(dg, ST_UNSUPPORTED, offset,
                     "%s of type %s is not compiled yet; the interpreter runs it", what, text);
}

static enum status check_types(const struct wm_valtype *types, uint32_t count, uint64_t offset,
                               const char *what, struct diag *dg)
{
    for (uint32_t i = 0; i < count; i++)
        TRY(check_type(types[i], offset, what, dg));
    return ST_OK;
}

static enum status check_defined_type(const struct wm_type *type, struct diag *dg)
{
    if (type->composite != WM_FUNC_TYPE)
        return diag_fail(dg, ST_UNSUPPORTED, type->offset,
                         "structs and arrays are not compiled yet; the interpreter runs them");
    if (!type->is_final || type->super_count > 0)
        return diag_fail(dg, ST_UNSUPPORTED, type->offset,
                         "function types with subtypes are not compiled yet; the interpreter runs "
                         "them");
    TRY(check_types(type->params, type->param_count, type->offset, "a parameter", dg));
    return check_types(type->results, type->result_count, type->offset, "a result", dg);
}

enum status translate_declarations_supported(const struct wm_module *wm, struct diag *dg)
{
    for (uint32_t i = 0; i < wm->type_count; i++)
        TRY(diag_in(dg, check_defined_type(&wm->types[i], dg), "type #%u", i));
    for (uint32_t i = 0; i < wm->table_count; i++)
        TRY(check_type(wm->tables[i].type, wm->tables[i].offset, "a table", dg));
    for (uint32_t i = 0; i < wm->global_count; i++)
        TRY(check_type(wm->globals[i].type, wm->globals[i].offset, "a global", dg));
    for (uint32_t i = 0; i < wm->elem_count; i++)
        TRY(check_type(wm->elems[i].type, wm->elems[i].start, "an element segment", dg));
    if (wm->tag_count > 0)
        return diag_fail(dg, ST_UNSUPPORTED, wm->tags[0].offset,
                         "exceptions are not compiled yet; the interpreter runs them");
    return ST_OK;
}

/* ---- bodies ---- */

struct body {
    struct diag *dg;
    uint64_t offset;
    enum status status;
};

enum status tf_check_local(struct wm_valtype type, uint64_t offset, struct diag *dg)
{
    return check_type(type, offset, "a local", dg);
}

static void visit_local(void *ctx, uint32_t count, struct wm_valtype type)
{
    struct body *b = ctx;

    if (count > 0 && b->status == ST_OK)
        b->status = tf_check_local(type, b->offset, b->dg);
}

enum status tf_check_ins(const struct wm_ins *ins, struct diag *dg)
{
    uint32_t cursor = 0;

    if (tf_rows[ins->op].kind == ROW_REFUSED)
        return diag_fail(dg, ST_UNSUPPORTED, ins->offset,
                         "%s is not compiled yet; the interpreter runs it",
                         wm_op_info[ins->op].text);
    switch ((enum wm_imm)wm_op_info[ins->op].imm) {
    case WM_IMM_BLOCK:
        if (ins->block.kind != WM_BLOCK_VALUE)
            return ST_OK;
        return check_type(ins->block.value, ins->offset, "a block", dg);
    case WM_IMM_HEAP_TYPE:
        return check_type(wm_ref(ins->heap, true), ins->offset, wm_op_info[ins->op].text, dg);
    case WM_IMM_SELECT:
        for (uint32_t i = 0; i < ins->list_count; i++)
            TRY(check_type(wm_list_type(ins, &cursor), ins->offset, "select", dg));
        return ST_OK;
    default: return ST_OK;
    }
}

static enum status check_body(const struct wm_module *wm, uint32_t code, struct diag *dg)
{
    struct wm_reader r = wm_reader_of(wm->codes[code].body, wm->features);
    struct body b = {.dg = dg, .offset = r.offset, .status = ST_OK};
    uint32_t total = 0;
    struct wm_ins ins;

    TRY(wm_read_locals(&r, &total, visit_local, &b, dg));
    TRY(b.status);
    while (r.pos < r.end) {
        TRY(tf_read(&r, &ins, dg));
        TRY(tf_check_ins(&ins, dg));
    }
    return ST_OK;
}

enum status translate_supported(const struct wm_module *wm, struct diag *dg)
{
    TRY(translate_declarations_supported(wm, dg));
    for (uint32_t i = 0; i < wm->code_count; i++)
        TRY(diag_in(dg, check_body(wm, i, dg), "in function #%u", wm->func_imports + i));
    return ST_OK;
}
