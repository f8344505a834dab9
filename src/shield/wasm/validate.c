/* validate: the module around the code: types, imports, limits, constant expressions, names.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/validate.h"

#include "shield/wasm/names.h"
#include "shield/wasm/validate_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- where a refusal happened ---- */

/* The place of the item that is looked at, else that of its section. */
static uint64_t place_of(const struct judge *j, enum wm_section_id section)
{
    const struct wm_bytes *s = &j->m->sections[section];
    if (j->item != 0)
        return j->item;
    return s->size != 0 ? s->offset : DIAG_NO_OFFSET;
}

static enum status PRINTF_LIKE(3, 4)
    invalid_in(struct judge *j, enum wm_section_id section, const char *fmt, ...)
{
    char text[DIAG_TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return diag_fail(j->dg, ST_INVALID, place_of(j, section), "%s", text);
}

static enum wm_section_id home_of(bool is_import, enum wm_section_id own)
{
    return is_import ? WM_SECTION_IMPORT : own;
}

static enum status need(struct judge *j, enum wm_feature f, enum wm_section_id section,
                        const char *what)
{
    return wm_need(j->m->features, f, place_of(j, section), what, j->dg);
}

/* Adds the function and, when the name section knows it, its name. */
static enum status in_function(struct judge *j, enum status st, uint32_t func)
{
    enum { SHOWN = 80 };

    if (LIKELY(st == ST_OK) || j->dg == NULL)
        return st;
    struct str name = wm_name_of(wm_names_read(j->m, j->scratch), WM_NAME_FUNC, func);
    if (name.size == 0)
        return diag_in(j->dg, st, "function %u", func);
    return diag_in(j->dg, st, "function %u ($%.*s)", func, (int)MIN(name.size, SHOWN), name.text);
}

/* ---- declarations ---- */

static enum status check_func_type(struct judge *j, enum wm_section_id section, uint32_t index)
{
    if (index >= j->m->type_count)
        return invalid_in(j, section, "unknown type %u; the module has %u", index,
                          j->m->type_count);
    if (j->m->types[index].composite != WM_FUNC_TYPE)
        return invalid_in(j, section, "unknown type: expected a function type, found type %u",
                          index);
    return ST_OK;
}

static enum status check_valtype(struct judge *j, enum wm_section_id section, struct wm_valtype t)
{
    if (!wm_is_ref(t) || !wm_heap_is_index(wm_heap_of(t)) ||
        (uint32_t)wm_heap_of(t).code < j->m->type_count)
        return ST_OK;
    return invalid_in(j, section, "unknown type %d; the module has %u", wm_heap_of(t).code,
                      j->m->type_count);
}

static enum status check_funcs(struct judge *j)
{
    for (uint32_t i = 0; i < j->m->func_count; i++) {
        enum wm_section_id section = home_of(i < j->m->func_imports, WM_SECTION_FUNC);
        j->item = j->m->funcs[i].offset;
        TRY(diag_in(j->dg, check_func_type(j, section, j->m->funcs[i].type_index), "function %u",
                    i));
    }
    j->item = 0;
    return ST_OK;
}

static enum status check_limits(struct judge *j, enum wm_section_id section,
                                const struct wm_limits *l, uint64_t max, const char *unit)
{
    if (l->min > max || (l->has_max && l->max > max))
        return invalid_in(j, section, "size must be at most %llu %s, found %llu",
                          (unsigned long long)max, unit,
                          (unsigned long long)(l->min > max ? l->min : l->max));
    if (l->has_max && l->min > l->max)
        return invalid_in(j, section,
                          "size minimum must not be greater than maximum: found %llu and %llu",
                          (unsigned long long)l->min, (unsigned long long)l->max);
    return ST_OK;
}

static enum status check_table(struct judge *j, uint32_t i)
{
    const struct wm_table *t = &j->m->tables[i];
    bool is_import = i < j->m->table_imports;
    enum wm_section_id section = home_of(is_import, WM_SECTION_TABLE);

    TRY(check_limits(j, section, &t->limits, t->limits.is_64 ? UINT64_MAX : UINT32_MAX,
                     "elements"));
    TRY(check_valtype(j, section, t->type));
    if (t->init.size != 0)
        return judge_constant(j, t->init, t->type);
    if (!is_import && !wm_is_defaultable(t->type))
        return invalid_in(j, section,
                          "type mismatch: a table of references that cannot be null "
                          "needs an initial value");
    return ST_OK;
}

static enum status check_tables(struct judge *j)
{
    uint32_t count = j->m->table_count;

    if (count > 1)
        TRY(need(j, WM_FEATURE_REFERENCE_TYPES, home_of(j->m->table_imports > 1, WM_SECTION_TABLE),
                 "multiple tables"));
    j->global_limit = j->m->global_imports;
    for (uint32_t i = 0; i < count; i++) {
        j->item = j->m->tables[i].offset;
        TRY(diag_in(j->dg, check_table(j, i), "table %u", i));
    }
    j->item = 0;
    j->has_plain_table = count != 0 && !j->m->tables[0].limits.is_64 &&
                         wm_matches(j->m, j->m->tables[0].type, wm_ref(WM_HEAP(FUNC), true));
    return ST_OK;
}

/* Most pages that a memory can have: all that its addresses reach, except that pages of one byte
 * are at most what an address can count. */
static uint64_t pages_max(const struct wm_memory *t)
{
    unsigned bits = t->limits.is_64 ? 64 : 32;
    return t->page_log2 == 0 ? UINT64_MAX >> (64 - bits) : UINT64_C(1) << (bits - t->page_log2);
}

static enum status check_memory(struct judge *j, uint32_t i)
{
    const struct wm_memory *t = &j->m->memories[i];
    enum wm_section_id section = home_of(i < j->m->memory_imports, WM_SECTION_MEMORY);

    if (t->page_log2 != 0 && t->page_log2 != 16)
        return invalid_in(j, section, "invalid custom page size: expected 1 or 65536, found 2^%u",
                          t->page_log2);
    TRY(check_limits(j, section, &t->limits, pages_max(t), "pages"));
    if (t->is_shared && !t->limits.has_max)
        return invalid_in(j, section, "shared memory must have maximum, found none");
    return ST_OK;
}

static enum status check_memories(struct judge *j)
{
    uint32_t count = j->m->memory_count;

    if (count > 1)
        TRY(need(j, WM_FEATURE_MULTI_MEMORY, home_of(j->m->memory_imports > 1, WM_SECTION_MEMORY),
                 "multiple memories"));
    for (uint32_t i = 0; i < count; i++) {
        j->item = j->m->memories[i].offset;
        TRY(diag_in(j->dg, check_memory(j, i), "memory %u", i));
    }
    j->item = 0;
    return ST_OK;
}

static enum status check_tag(struct judge *j, uint32_t i)
{
    uint32_t type = j->m->tags[i].type_index;
    enum wm_section_id section = home_of(i < j->m->tag_imports, WM_SECTION_TAG);

    TRY(check_func_type(j, section, type));
    if (j->m->types[type].result_count != 0)
        return invalid_in(j, section, "non-empty tag result type: expected none, found %u results",
                          j->m->types[type].result_count);
    return ST_OK;
}

static enum status check_tags(struct judge *j)
{
    for (uint32_t i = 0; i < j->m->tag_count; i++) {
        j->item = j->m->tags[i].offset;
        TRY(diag_in(j->dg, check_tag(j, i), "tag %u", i));
    }
    j->item = 0;
    return ST_OK;
}

/* Before the tables: their constant expressions may read imported globals. */
static enum status check_global_types(struct judge *j)
{
    for (uint32_t i = 0; i < j->m->global_count; i++) {
        const struct wm_global *g = &j->m->globals[i];
        enum wm_section_id section = home_of(i < j->m->global_imports, WM_SECTION_GLOBAL);
        j->item = g->offset;
        TRY(diag_in(j->dg, check_valtype(j, section, g->type), "global %u", i));
    }
    j->item = 0;
    return ST_OK;
}

static enum status check_globals(struct judge *j)
{
    for (uint32_t i = j->m->global_imports; i < j->m->global_count; i++) {
        const struct wm_global *g = &j->m->globals[i];
        j->item = g->offset;
        j->global_limit = i; /* sees those before it */
        TRY(diag_in(j->dg, judge_constant(j, g->init, g->type), "global %u", i));
    }
    j->item = 0;
    j->global_limit = j->m->global_count;
    return ST_OK;
}

/* ---- exports ---- */

static int compare_names(struct str a, struct str b)
{
    if (a.size != b.size)
        return a.size < b.size ? -1 : 1;
    return a.size == 0 ? 0 : memcmp(a.text, b.text, a.size);
}

/* Merges two sorted runs of export indices. */
static void merge_runs(const struct wm_export *exports, const uint32_t *from, uint32_t *to,
                       uint32_t begin, uint32_t middle, uint32_t end)
{
    uint32_t left = begin, right = middle;

    for (uint32_t i = begin; i < end; i++) {
        bool take_left = left < middle &&
                         (right >= end ||
                          compare_names(exports[from[left]].name, exports[from[right]].name) <= 0);
        to[i] = from[take_left ? left++ : right++];
    }
}

/* Indices of the exports in the order of compare_names(). Merging, so that no choice of names makes
 * it slow. */
static const uint32_t *sort_exports(struct judge *j)
{
    const struct wm_module *m = j->m;
    uint32_t count = m->export_count;
    uint32_t *from = arena_new(j->scratch, uint32_t, count);
    uint32_t *to = arena_new(j->scratch, uint32_t, count);

    for (uint32_t i = 0; i < count; i++)
        from[i] = i;
    for (uint32_t width = 1; width < count; width *= 2) {
        for (uint32_t i = 0; i < count; i += 2 * width)
            merge_runs(m->exports, from, to, i, MIN(i + width, count), MIN(i + 2 * width, count));
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

static enum status check_names_differ(struct judge *j)
{
    enum { SHOWN = 80 };
    const uint32_t *order = sort_exports(j);

    for (uint32_t i = 1; i < j->m->export_count; i++) {
        struct str name = j->m->exports[order[i]].name;
        j->item = j->m->exports[order[i]].offset;
        if (compare_names(j->m->exports[order[i - 1]].name, name) == 0)
            return invalid_in(j, WM_SECTION_EXPORT, "duplicate export name \"%.*s\"",
                              (int)MIN(name.size, SHOWN), name.text);
    }
    j->item = 0;
    return ST_OK;
}

static void declare_func(struct judge *j, uint32_t func)
{
    j->declared[func / 64] |= UINT64_C(1) << func % 64;
}

static enum status check_export(struct judge *j, const struct wm_export *ex)
{
    const struct wm_module *m = j->m;
    const struct {
        const char *text;
        uint32_t count;
    } spaces[WM_EXTERN_KIND_COUNT] = {
        [WM_EXTERN_FUNC] = {"function", m->func_count  },
        [WM_EXTERN_TABLE] = {"table",    m->table_count },
        [WM_EXTERN_MEMORY] = {"memory",   m->memory_count},
        [WM_EXTERN_GLOBAL] = {"global",   m->global_count},
        [WM_EXTERN_TAG] = {"tag",      m->tag_count   },
    };

    if (ex->index >= spaces[ex->kind].count)
        return invalid_in(j, WM_SECTION_EXPORT, "unknown %s %u; the module has %u",
                          spaces[ex->kind].text, ex->index, spaces[ex->kind].count);
    if (ex->kind == WM_EXTERN_FUNC)
        declare_func(j, ex->index);
    if (ex->kind == WM_EXTERN_GLOBAL && m->globals[ex->index].is_mutable)
        return need(j, WM_FEATURE_MUTABLE_GLOBALS, WM_SECTION_EXPORT, "export of a mutable global");
    return ST_OK;
}

static enum status check_exports(struct judge *j)
{
    for (uint32_t i = 0; i < j->m->export_count; i++) {
        j->item = j->m->exports[i].offset;
        TRY(diag_in(j->dg, check_export(j, &j->m->exports[i]), "export %u", i));
    }
    j->item = 0;
    return check_names_differ(j);
}

static enum status check_start(struct judge *j)
{
    const struct wm_module *m = j->m;

    if (m->start == WM_NO_INDEX)
        return ST_OK;
    if (m->start >= m->func_count)
        return invalid_in(j, WM_SECTION_START, "unknown function %u; the module has %u", m->start,
                          m->func_count);
    const struct wm_type *type = &m->types[m->funcs[m->start].type_index];
    if (type->param_count != 0 || type->result_count != 0)
        return invalid_in(j, WM_SECTION_START,
                          "start function: expected no parameters and no results, found %u and %u",
                          type->param_count, type->result_count);
    return ST_OK;
}

/* ---- segments ---- */

static enum status check_elem_place(struct judge *j, const struct wm_elem *e)
{
    if (e->mode != WM_SEGMENT_ACTIVE)
        return ST_OK;
    if (e->table >= j->m->table_count)
        return invalid_in(j, WM_SECTION_ELEM, "unknown table %u; the module has %u", e->table,
                          j->m->table_count);
    const struct wm_table *t = &j->m->tables[e->table];
    if (!wm_matches(j->m, e->type, t->type)) {
        char want[WM_TYPE_TEXT_MAX], found[WM_TYPE_TEXT_MAX];
        wm_valtype_text(t->type, want, sizeof(want));
        wm_valtype_text(e->type, found, sizeof(found));
        return invalid_in(j, WM_SECTION_ELEM, "type mismatch: expected %s for table %u, found %s",
                          want, e->table, found);
    }
    return judge_constant(j, e->offset, address_type(&t->limits));
}

static enum status check_elem_funcs(struct judge *j, const struct wm_elem *e)
{
    struct wm_reader r = wm_reader_of(e->items, j->m->features);

    for (uint32_t i = 0; i < e->count; i++) {
        uint64_t start = reader_offset(&r);
        uint32_t func = 0;
        TRY(wm_read_u32(&r, &func, j->dg));
        if (func >= j->m->func_count)
            return diag_fail(j->dg, ST_INVALID, start,
                             "unknown function %u; the module has %u; in item %u", func,
                             j->m->func_count, i);
        declare_func(j, func);
    }
    return ST_OK;
}

static enum status check_elem_exprs(struct judge *j, const struct wm_elem *e)
{
    struct wm_reader r = wm_reader_of(e->items, j->m->features);

    for (uint32_t i = 0; i < e->count; i++) {
        struct wm_bytes expr;
        TRY(read_expr(&r, &expr, j->dg));
        TRY(diag_in(j->dg, judge_constant(j, expr, e->type), "item %u", i));
    }
    return ST_OK;
}

static enum status check_elem(struct judge *j, const struct wm_elem *e)
{
    TRY(check_valtype(j, WM_SECTION_ELEM, e->type));
    TRY(check_elem_place(j, e));
    return e->is_exprs ? check_elem_exprs(j, e) : check_elem_funcs(j, e);
}

static enum status check_elems(struct judge *j)
{
    for (uint32_t i = 0; i < j->m->elem_count; i++) {
        j->item = j->m->elems[i].start;
        TRY(diag_in(j->dg, check_elem(j, &j->m->elems[i]), "element segment %u", i));
    }
    j->item = 0;
    return ST_OK;
}

static enum status check_data(struct judge *j, const struct wm_data *d)
{
    if (d->mode != WM_SEGMENT_ACTIVE)
        return ST_OK;
    if (d->memory >= j->m->memory_count)
        return invalid_in(j, WM_SECTION_DATA, "unknown memory %u; the module has %u", d->memory,
                          j->m->memory_count);
    return judge_constant(j, d->offset, address_type(&j->m->memories[d->memory].limits));
}

static enum status check_datas(struct judge *j)
{
    for (uint32_t i = 0; i < j->m->data_count; i++) {
        j->item = j->m->datas[i].start;
        TRY(diag_in(j->dg, check_data(j, &j->m->datas[i]), "data segment %u", i));
    }
    j->item = 0;
    return ST_OK;
}

/* ---- the whole ---- */

static enum status check_codes(struct judge *j)
{
    judge_make_rules(j);
    for (uint32_t i = j->m->func_imports; i < j->m->func_count; i++)
        TRY(in_function(j, judge_function(j, i), i));
    return ST_OK;
}

static enum status validate_guarded(void *ctx, struct diag *dg)
{
    static enum status (*const steps[])(struct judge * j) = {
        check_funcs,   check_global_types, check_tables, check_memories, check_tags,  check_globals,
        check_exports, check_start,        check_elems,  check_datas,    check_codes,
    };
    struct judge *j = ctx;

    j->dg = dg;
    TRY(wm_types_canonicalize(j->m, j->scratch, dg));
    j->declared = arena_new(j->scratch, uint64_t, (size_t)j->m->func_count / 64 + 1);
    j->far_set = arena_new(j->scratch, uint64_t, (WM_MAX_LOCALS + WM_MAX_PARAMS) / 64 + 1);
    for (size_t i = 0; i < LENGTH_OF(steps); i++)
        TRY(steps[i](j));
    return ST_OK;
}

enum status wm_validate_plainly(struct wm_module *m, struct arena *scratch, bool is_plain,
                                struct diag *dg)
{
    struct arena_mark mark = arena_mark(scratch);
    struct judge j = {.m = m, .scratch = scratch, .is_plain = is_plain};
    enum status st = arena_guard(scratch, validate_guarded, &j, dg);

    arena_release(scratch, mark);
    return st;
}

enum status wm_validate(struct wm_module *m, struct arena *scratch, struct diag *dg)
{
    return wm_validate_plainly(m, scratch, false, dg);
}
