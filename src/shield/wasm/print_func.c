/* print_func: functions: type, locals, and the body one instruction a line.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/print_internal.h"

enum { BODY_DEPTH = 2 }; /* (module (func ... */

static void add_run(void *ctx, uint32_t count, struct wm_valtype t)
{
    struct wm_printer *p = ctx;
    ARENA_PUSH(p->arena, p->runs, p->run_count, p->run_capacity, ((struct print_run){count, t}));
}

void print_name_locals(struct wm_printer *p, uint32_t func, uint32_t param_count, uint32_t count)
{
    bool has_any = false;

    p->locals = NULL;
    p->local_count = count;
    for (uint32_t i = 0; i < count && !has_any; i++)
        has_any = wm_name_of_inner(p->names, WM_NAME_LOCAL, func, i).size != 0;
    if (!has_any)
        return;
    if (count > p->local_capacity) {
        p->local_capacity = count * 2;
        p->local_store = arena_new(p->arena, struct str, p->local_capacity);
    }
    p->locals = p->local_store;
    print_taken_reset(p);
    for (uint32_t i = 0; i < count; i++) {
        struct str name = wm_name_of_inner(p->names, WM_NAME_LOCAL, func, i);
        p->locals[i] = print_ids_claim(p, name, i);
        /* (@name) is for locals; a parameter is called what its identifier says */
        struct str made = i < param_count ? p->locals[i] : name;
        if (made.size != 0)
            wm_names_add_inner(p->made, WM_NAME_LOCAL, func, i, made);
    }
}

/* Starts a new line when the current one, begun at *line, is full. */
static void break_line(struct wm_printer *p, size_t *line, uint32_t depth)
{
    if (p->out->size - *line < PRINT_LINE_COLUMNS)
        return;
    print_line(p->out, depth);
    *line = p->out->size;
}

static void print_named_local(struct wm_printer *p, uint32_t index, struct str name,
                              struct wm_valtype type)
{
    buf_text(p->out, "(local");
    print_named(p, p->locals[index], name);
    print_valtype(p, type);
    buf_byte(p->out, ')');
}

/* "(local i32 i64) (local $x i32)": unnamed neighbours share parentheses, whatever their types. */
static void print_locals(struct wm_printer *p, uint32_t param_count)
{
    uint32_t index = param_count;
    bool is_open = false;

    if (p->local_count == param_count)
        return;
    print_line(p->out, BODY_DEPTH);
    size_t first = p->out->size, line = first;
    for (uint32_t run = 0; run < p->run_count; run++)
        for (uint32_t i = 0; i < p->runs[run].count; i++, index++) {
            struct str name = {0};
            if (p->locals != NULL)
                name = wm_name_of_inner(p->names, WM_NAME_LOCAL, p->func, index);
            if (is_open && name.size != 0) {
                buf_byte(p->out, ')');
                is_open = false;
            }
            if (!is_open && p->out->size != first)
                buf_byte(p->out, ' ');
            break_line(p, &line, BODY_DEPTH + 1);
            if (name.size != 0) {
                print_named_local(p, index, name, p->runs[run].type);
                continue;
            }
            if (!is_open)
                buf_text(p->out, "(local");
            is_open = true;
            print_valtype(p, p->runs[run].type);
        }
    if (is_open)
        buf_byte(p->out, ')');
}

static void mark(const struct wm_printer *p, uint64_t offset)
{
    if (p->options->mark != NULL)
        p->options->mark(p->options->mark_ctx, offset, p->out->size);
}

/* ---- one instruction a line ---------------------------------------------------------------- */

/* Words that continue or close the innermost block stand one level further out. */
static bool stands_outside(enum wm_op op)
{
    return op == WM_OP_ELSE || op == WM_OP_CATCH || op == WM_OP_CATCH_ALL;
}

static enum status print_flat_ins(struct wm_printer *p, const struct wm_ins *ins,
                                  uint32_t *block_ordinal)
{
    bool closes = ins->op == WM_OP_END || ins->op == WM_OP_DELEGATE;

    if (closes || stands_outside(ins->op)) {
        if (p->label_count == 0)
            return diag_fail(p->dg, ST_MALFORMED, ins->offset, "%s outside of any block",
                             wm_op_info[ins->op].text);
        p->label_count -= closes; /* delegate counts its label from outside, too */
    }
    print_line(p->out, BODY_DEPTH + p->label_count - stands_outside(ins->op));
    if (!print_is_block(ins->op)) {
        print_ins(p, ins);
        return ST_OK;
    }
    print_block(p, ins, *block_ordinal);
    print_label_push(p, (*block_ordinal)++);
    buf_text(p->out, "  ;; label = @");
    print_u64(p->out, p->label_count);
    return ST_OK;
}

static enum status print_flat(struct wm_printer *p, struct wm_reader r)
{
    uint32_t block_ordinal = 0;

    p->label_count = 0;
    while (r.pos < r.end) {
        struct wm_ins ins;
        TRY(wm_ins_read(&r, &ins, p->dg));
        if (ins.op == WM_OP_END && p->label_count == 0) {
            if (r.pos == r.end)
                return ST_OK;
            return diag_fail(p->dg, ST_MALFORMED, r.offset + r.pos,
                             "%zu bytes behind the end of the function", r.end - r.pos);
        }
        mark(p, ins.offset);
        TRY(print_flat_ins(p, &ins, &block_ordinal));
    }
    return diag_fail(p->dg, ST_MALFORMED, r.offset + r.end,
                     "the function's body stops without its end");
}

/* ---- functions ----------------------------------------------------------------------------- */

static enum status print_func(struct wm_printer *p, uint32_t func)
{
    const struct wm_func *f = &p->m->funcs[func];
    const struct wm_type *t = print_func_type(p->m, f->type_index);
    uint32_t param_count = t == NULL ? 0 : t->param_count;
    uint32_t local_count = 0;
    bool is_folded = false;

    if (f->code >= p->m->code_count)
        return diag_fail(p->dg, ST_MALFORMED, DIAG_NO_OFFSET, "it has no body");
    struct wm_reader r = wm_reader_of(p->m->codes[f->code].body, p->m->features);
    p->run_count = 0;
    TRY(wm_read_locals(&r, &local_count, add_run, p, p->dg));
    p->func = func;
    print_name_locals(p, func, param_count, param_count + local_count);

    mark(p, WM_PRINT_FUNC + func);
    print_line(p->out, 1);
    buf_text(p->out, "(func");
    print_defined(p, WM_NAME_FUNC, func);
    print_type_use(p, f->type_index);
    size_t head = p->out->size;
    print_locals(p, param_count);
    p->label_count = 0;
    if (p->options->folded)
        TRY(print_folded(p, r, &is_folded));
    if (!is_folded)
        TRY(print_flat(p, r));
    if (p->out->size != head)
        print_line(p->out, 1);
    buf_byte(p->out, ')');
    p->locals = NULL;
    return ST_OK;
}

enum status print_funcs(struct wm_printer *p)
{
    for (uint32_t i = p->m->func_imports; i < p->m->func_count; i++) {
        TRY(diag_in(p->dg, print_func(p, i), "function %u", i));
        TRY(print_flush(p));
    }
    return ST_OK;
}
