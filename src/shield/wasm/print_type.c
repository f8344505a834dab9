/* print_type: types as the text format spells them. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/print_internal.h"

static const char *const kind_text[WM_KIND_COUNT] = {
#define VALUE(name, text, code, sig) [WM_KIND_##name] = text,
#define HEAP(name, text, short_text, code, top, feature)
#include "shield/wasm/types.def"
#undef VALUE
#undef HEAP
};

static const struct {
    const char *text, *ref;
} heap_text[WM_HEAP_ABS_COUNT] = {
#define VALUE(name, text, code, sig)
#define HEAP(name, text, short_text, code, top, feature) [WM_HEAP_##name] = {text, short_text},
#include "shield/wasm/types.def"
#undef VALUE
#undef HEAP
};

void print_heap(struct wm_printer *p, struct wm_heap h)
{
    if (wm_heap_is_index(h)) {
        print_index(p, WM_NAME_TYPE, (uint32_t)h.code);
        return;
    }
    buf_byte(p->out, ' ');
    buf_text(p->out, heap_text[wm_heap_as_abs(h)].text);
}

void print_valtype(struct wm_printer *p, struct wm_valtype t)
{
    buf_byte(p->out, ' ');
    if (!wm_is_ref(t)) {
        buf_text(p->out, kind_text[wm_kind(t)]);
        return;
    }
    struct wm_heap heap = wm_heap_of(t);
    if (wm_is_nullable(t) && !wm_heap_is_index(heap)) {
        buf_text(p->out, heap_text[wm_heap_as_abs(heap)].ref);
        return;
    }
    buf_text(p->out, wm_is_nullable(t) ? "(ref null" : "(ref");
    print_heap(p, heap);
    buf_byte(p->out, ')');
}

static void print_maybe_mutable(struct wm_printer *p, struct wm_valtype t, bool is_mutable)
{
    if (is_mutable)
        buf_text(p->out, " (mut");
    print_valtype(p, t);
    if (is_mutable)
        buf_byte(p->out, ')');
}

const struct wm_type *print_func_type(const struct wm_module *m, uint32_t type_index)
{
    if (type_index >= m->type_count || m->types[type_index].composite != WM_FUNC_TYPE)
        return NULL;
    return &m->types[type_index];
}

static bool has_local_id(const struct wm_printer *p, uint32_t index)
{
    return p->locals != NULL && p->locals[index].size != 0;
}

/* " (param i32 i64) (param $x i32)": unnamed neighbours share parentheses. */
static void print_params(struct wm_printer *p, const struct wm_type *t, bool with_ids)
{
    for (uint32_t i = 0; i < t->param_count;) {
        buf_text(p->out, " (param");
        if (with_ids && has_local_id(p, i)) {
            buf_byte(p->out, ' ');
            print_id(p->out, p->locals[i]);
            print_valtype(p, t->params[i++]);
        } else {
            do
                print_valtype(p, t->params[i++]);
            while (i < t->param_count && !(with_ids && has_local_id(p, i)));
        }
        buf_byte(p->out, ')');
    }
}

static void print_results(struct wm_printer *p, const struct wm_type *t)
{
    if (t->result_count == 0)
        return;
    buf_text(p->out, " (result");
    for (uint32_t i = 0; i < t->result_count; i++)
        print_valtype(p, t->results[i]);
    buf_byte(p->out, ')');
}

void print_signature(struct wm_printer *p, uint32_t type_index)
{
    const struct wm_type *t = print_func_type(p->m, type_index);

    if (t == NULL)
        return;
    print_params(p, t, true);
    print_results(p, t);
}

void print_type_use(struct wm_printer *p, uint32_t type_index)
{
    buf_text(p->out, " (type");
    print_index(p, WM_NAME_TYPE, type_index);
    buf_byte(p->out, ')');
    print_signature(p, type_index);
}

/* ---- the type section ---------------------------------------------------------------------- */

static void name_field(struct wm_printer *p, uint32_t type_index, uint32_t field, struct str id)
{
    if (p->fields == NULL)
        p->fields = arena_new(p->arena, struct str *, p->m->type_count);
    if (p->fields[type_index] == NULL)
        p->fields[type_index] =
            arena_new(p->arena, struct str, p->m->types[type_index].field_count);
    p->fields[type_index][field] = id;
    wm_names_add_inner(p->made, WM_NAME_FIELD, type_index, field, id);
    buf_byte(p->out, ' ');
    print_id(p->out, id);
}

static void print_struct_fields(struct wm_printer *p, uint32_t type_index)
{
    const struct wm_type *t = &p->m->types[type_index];

    print_taken_reset(p);
    for (uint32_t i = 0; i < t->field_count; i++) {
        struct str id =
            print_ids_claim(p, wm_name_of_inner(p->names, WM_NAME_FIELD, type_index, i), i);
        buf_text(p->out, " (field");
        if (id.size != 0)
            name_field(p, type_index, i, id);
        print_maybe_mutable(p, t->fields[i].type, t->fields[i].is_mutable);
        buf_byte(p->out, ')');
    }
}

static void print_composite(struct wm_printer *p, uint32_t type_index)
{
    const struct wm_type *t = &p->m->types[type_index];

    switch (t->composite) {
    case WM_FUNC_TYPE:
        buf_text(p->out, " (func");
        print_params(p, t, false);
        print_results(p, t);
        break;
    case WM_STRUCT_TYPE:
        buf_text(p->out, " (struct");
        print_struct_fields(p, type_index);
        break;
    case WM_ARRAY_TYPE:
        buf_text(p->out, " (array");
        print_maybe_mutable(p, t->fields[0].type, t->fields[0].is_mutable);
        break;
    }
    buf_byte(p->out, ')');
}

static void print_one_type(struct wm_printer *p, uint32_t type_index, uint32_t depth)
{
    const struct wm_type *t = &p->m->types[type_index];
    bool has_sub = !t->is_plain || t->super_count != 0 || !t->is_final;

    print_line(p->out, depth);
    buf_text(p->out, "(type");
    print_defined(p, WM_NAME_TYPE, type_index);
    if (has_sub) {
        buf_text(p->out, t->is_final ? " (sub final" : " (sub");
        if (t->super_count != 0)
            print_index(p, WM_NAME_TYPE, t->super);
    }
    print_composite(p, type_index);
    buf_text(p->out, has_sub ? "))" : ")");
}

void print_types(struct wm_printer *p)
{
    for (uint32_t i = 0; i < p->m->type_count;) {
        uint32_t count = MAX(p->m->types[i].group_count, 1u);
        bool has_rec = count > 1 || p->m->types[i].group_explicit;
        if (has_rec) {
            print_line(p->out, 1);
            buf_text(p->out, "(rec");
        }
        for (uint32_t end = i + count; i < end && i < p->m->type_count; i++)
            print_one_type(p, i, has_rec ? 2 : 1);
        if (has_rec) {
            print_line(p->out, 1);
            buf_byte(p->out, ')');
        }
    }
}

/* ---- tables, memories, globals ------------------------------------------------------------- */

static void print_limits(struct wm_printer *p, const struct wm_limits *l)
{
    if (l->is_64)
        buf_text(p->out, " i64");
    buf_byte(p->out, ' ');
    print_u64(p->out, l->min);
    if (l->has_max) {
        buf_byte(p->out, ' ');
        print_u64(p->out, l->max);
    }
}

void print_table_type(struct wm_printer *p, const struct wm_table *t)
{
    print_limits(p, &t->limits);
    print_valtype(p, t->type);
}

void print_memory_type(struct wm_printer *p, const struct wm_memory *mem)
{
    print_limits(p, &mem->limits);
    if (mem->is_shared)
        buf_text(p->out, " shared");
    if (mem->has_page_size)
        buf_printf(p->out, " (pagesize %llu)", 1ull << (mem->page_log2 & 63));
}

void print_global_type(struct wm_printer *p, const struct wm_global *g)
{
    print_maybe_mutable(p, g->type, g->is_mutable);
}
