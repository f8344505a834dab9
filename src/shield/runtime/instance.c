/*
 * instance: linking, making and starting an instance, in the order of the specification:
 * imports are checked; functions, memories and tags are made; globals, tables and element
 * segments are evaluated; active element segments, then active data segments are copied; the
 * start function runs. Up to the first copy a failure leaves no trace; afterwards the instance
 * stays in the store, because others may hold its functions.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/mem.h"
#include "shield/runtime/bulk.h"
#include "shield/runtime/const_expr.h"
#include "shield/runtime/limits.h"
#include "shield/runtime/link.h"
#include "shield/runtime/memory_slot.h"
#include "shield/runtime/own.h"
#include "shield/runtime/trap.h"
#include "shield/wasm/read.h"

#include <assert.h>
#include <string.h>

/* An array of count items for the instance in *out (NULL when empty). */
static enum status make_array(struct rt_store *s, enum rt_owned_kind kind, uint32_t count,
                              size_t size, void **out, struct diag *dg)
{
    *out = NULL;
    if (count == 0)
        return ST_OK;
    *out = rt_own(s, kind, count, size, dg);
    return *out == NULL ? ST_NO_MEMORY : ST_OK;
}

static enum status make_arrays(struct rt_store *s, struct rt_instance *i, struct diag *dg)
{
    const struct wm_module *wm = &i->module->wm;
    void *array = NULL;

    TRY(make_array(s, RT_OWNED_RAW, wm->func_count, sizeof(*i->funcs), &array, dg));
    i->funcs = array;
    TRY(make_array(s, RT_OWNED_RAW, wm->table_count, sizeof(*i->tables), &array, dg));
    i->tables = array;
    TRY(make_array(s, RT_OWNED_RAW, wm->memory_count, sizeof(*i->memories), &array, dg));
    i->memories = array;
    TRY(make_array(s, RT_OWNED_RAW, wm->global_count, sizeof(*i->globals), &array, dg));
    i->globals = array;
    TRY(make_array(s, RT_OWNED_RAW, wm->global_count, sizeof(*i->cells), &array, dg));
    i->cells = array;
    TRY(make_array(s, RT_OWNED_RAW, wm->tag_count, sizeof(*i->tags), &array, dg));
    i->tags = array;
    TRY(make_array(s, RT_OWNED_RAW, wm->data_count, sizeof(*i->datas), &array, dg));
    i->datas = array;
    TRY(make_array(s, RT_OWNED_ELEMS, wm->elem_count, sizeof(*i->elems), &array, dg));
    i->elems = array;
    return ST_OK;
}

static enum status take_imports(struct rt_store *s, struct rt_instance *i,
                                const struct rt_extern *imports, struct diag *dg)
{
    const struct wm_module *wm = &i->module->wm;

    for (uint32_t k = 0; k < wm->import_count; k++) {
        const struct rt_extern *e = &imports[k];
        const uint32_t index = wm->imports[k].index;
        switch (e->kind) {
        case WM_EXTERN_FUNC: i->funcs[index] = e->func; break;
        case WM_EXTERN_TABLE: i->tables[index] = e->table; break;
        case WM_EXTERN_GLOBAL:
            i->globals[index] = e->global;
            i->cells[index] = e->global->cell;
            break;
        case WM_EXTERN_TAG: i->tags[index] = e->tag; break;
        case WM_EXTERN_MEMORY:
            if (e->memory->is_shared)
                TRY(rt_memory_adopt(s, e->memory, dg));
            i->memories[index] = e->memory;
            break;
        case WM_EXTERN_KIND_COUNT: break;
        }
    }
    return ST_OK;
}

static enum status make_funcs(struct rt_store *s, struct rt_instance *i, struct diag *dg)
{
    const struct rt_module *m = i->module;
    const uint32_t first = m->wm.func_imports;
    void *array = NULL;

    const struct rt_tier *tier = s->engine->config.tier;
    TRY(make_array(s, RT_OWNED_FUNCS, m->wm.func_count - first, sizeof(struct rt_func), &array,
                   dg));
    struct rt_func *funcs = array;
    for (uint32_t k = first; k < m->wm.func_count; k++) {
        funcs[k - first] = (struct rt_func){
            .code = tier != NULL ? tier->func_code : NULL,
            .context = s->host_context,
            .instance = i,
            .store = s,
            .type_id = m->type_ids[m->wm.funcs[k].type_index],
            .index = k,
        };
        i->funcs[k] = &funcs[k - first];
    }
    return ST_OK;
}

static enum status make_tags(struct rt_store *s, struct rt_instance *i, struct diag *dg)
{
    const struct rt_module *m = i->module;
    const uint32_t first = m->wm.tag_imports;
    void *array = NULL;

    TRY(make_array(s, RT_OWNED_TAGS, m->wm.tag_count - first, sizeof(struct rt_tag), &array, dg));
    struct rt_tag *tags = array;
    for (uint32_t k = first; k < m->wm.tag_count; k++) {
        tags[k - first] =
            (struct rt_tag){.store = s, .type_id = m->type_ids[m->wm.tags[k].type_index]};
        i->tags[k] = &tags[k - first];
    }
    return ST_OK;
}

static enum status make_memories(struct rt_store *s, struct rt_instance *i, struct diag *dg)
{
    const struct wm_module *wm = &i->module->wm;
    const uint32_t first = wm->memory_imports;
    void *array = NULL;

    TRY(make_array(s, RT_OWNED_MEMORIES, wm->memory_count - first, sizeof(struct rt_memory *),
                   &array, dg));
    struct rt_memory **memories = array;
    const struct rt_memory_image *image = rt_memory_image_of(i->module);
    for (uint32_t k = first; k < wm->memory_count; k++) {
        enum status st = rt_memory_make(s, &wm->memories[k], k == 0 ? image : NULL,
                                        &memories[k - first], dg);
        TRY(diag_in(dg, st, "memory #%u", k));
        i->memories[k] = memories[k - first];
    }
    i->has_image = image != NULL && i->memories[0]->slot != NULL;
    return ST_OK;
}

/* Types first: a collection may look at globals whose values are still to come. */
static enum status make_globals(struct rt_store *s, struct rt_instance *i, struct diag *dg)
{
    const struct rt_module *m = i->module;
    const uint32_t first = m->wm.global_imports;
    void *array = NULL;

    TRY(make_array(s, RT_OWNED_GLOBALS, m->wm.global_count - first, sizeof(struct rt_global),
                   &array, dg));
    struct rt_global *globals = array;
    for (uint32_t k = first; k < m->wm.global_count; k++) {
        const struct wm_global *from = &m->wm.globals[k];
        globals[k - first] = (struct rt_global){
            .store = s,
            .type = rt_valtype_global(m->type_ids, from->type),
            .is_mutable = from->is_mutable,
        };
        i->globals[k] = &globals[k - first];
        i->globals[k]->cell = i->cells[k] = &i->globals[k]->home;
    }
    for (uint32_t k = first; k < m->wm.global_count; k++) {
        union rt_value value;
        TRY(rt_const_expr(i, m->wm.globals[k].init, &value, dg));
        *i->cells[k] = value;
    }
    return ST_OK;
}

static enum status make_tables(struct rt_store *s, struct rt_instance *i, struct diag *dg)
{
    const struct rt_module *m = i->module;
    const uint32_t first = m->wm.table_imports;
    void *array = NULL;

    TRY(make_array(s, RT_OWNED_TABLES, m->wm.table_count - first, sizeof(struct rt_table), &array,
                   dg));
    struct rt_table *tables = array;
    for (uint32_t k = first; k < m->wm.table_count; k++) {
        const struct wm_table *from = &m->wm.tables[k];
        union rt_value init = {.ref = RT_NULL};
        if (from->init.size != 0)
            TRY(rt_const_expr(i, from->init, &init, dg));
        enum status st =
            rt_table_init_new(s, &tables[k - first], &from->limits,
                              rt_valtype_global(m->type_ids, from->type), init.ref, dg);
        TRY(diag_in(dg, st, "table #%u", k));
        i->tables[k] = &tables[k - first];
    }
    return ST_OK;
}

/* Cuts the next expression off a row of them. */
static enum status next_expr(struct wm_reader *r, struct wm_bytes *out, struct diag *dg)
{
    const size_t start = r->pos;
    struct wm_ins ins;

    do
        TRY(wm_ins_read(r, &ins, dg));
    while (ins.op != WM_OP_END);
    *out = (struct wm_bytes){.data = r->bytes + start,
                             .size = (uint32_t)(r->pos - start),
                             .offset = r->offset + (uint32_t)start};
    return ST_OK;
}

static enum status evaluate_elem(struct rt_instance *i, uint32_t index, struct diag *dg)
{
    const struct wm_elem *from = &i->module->wm.elems[index];
    struct rt_elem *e = &i->elems[index];
    struct wm_reader r = wm_reader_of(from->items, i->module->wm.features);

    if (from->count == 0 || from->mode == WM_SEGMENT_DECLARATIVE)
        return ST_OK;
    e->items = mem_alloc(from->count, sizeof(*e->items));
    if (e->items == NULL)
        return rt_no_memory(dg, from->count * sizeof(*e->items), "an element segment");
    for (e->count = 0; e->count < from->count; e->count++) { /* what is there is a root */
        union rt_value item;
        if (from->is_exprs) {
            struct wm_bytes expr;
            TRY(next_expr(&r, &expr, dg));
            TRY(rt_const_expr(i, expr, &item, dg));
        } else {
            uint32_t func = 0;
            TRY(wm_read_u32(&r, &func, dg));
            item.ref = (uint64_t)(uintptr_t)i->funcs[func];
        }
        e->items[e->count] = item.ref;
    }
    return ST_OK;
}

static enum status evaluate_elems(struct rt_instance *i, struct diag *dg)
{
    for (uint32_t k = 0; k < i->module->wm.elem_count; k++)
        TRY(diag_in(dg, evaluate_elem(i, k, dg), "element segment #%u", k));
    return ST_OK;
}

static void make_datas(struct rt_instance *i)
{
    for (uint32_t k = 0; k < i->module->wm.data_count; k++) {
        const struct wm_bytes *content = &i->module->wm.datas[k].content;
        i->datas[k] = (struct rt_data){.bytes = content->data, .size = content->size};
    }
}

/* Everything that may fail without a trace. */
static enum status make_instance(struct rt_store *s, struct rt_module *m,
                                 const struct rt_extern *imports, struct rt_instance **out,
                                 struct diag *dg)
{
    struct rt_instance *i = rt_own(s, RT_OWNED_INSTANCE, 1, sizeof(*i), dg);

    if (i == NULL)
        return ST_NO_MEMORY;
    i->store = s;
    i->module = m;
    atomic_fetch_add_explicit(&m->references, 1, memory_order_relaxed);
    i->next = s->instances;
    s->instances = i;
    s->instance_count++;
    TRY(make_arrays(s, i, dg));
    TRY(take_imports(s, i, imports, dg));
    TRY(make_funcs(s, i, dg));
    TRY(make_tags(s, i, dg));
    TRY(make_memories(s, i, dg));
    TRY(make_globals(s, i, dg));
    TRY(make_tables(s, i, dg));
    TRY(evaluate_elems(i, dg));
    make_datas(i);
    const struct rt_tier *tier = s->engine->config.tier;
    if (tier != NULL && tier->instance_init != NULL)
        TRY(tier->instance_init(i, dg));
    *out = i;
    return ST_OK;
}

static enum status copy_elem(struct rt_instance *i, uint32_t k, struct diag *dg)
{
    const struct wm_elem *from = &i->module->wm.elems[k];
    union rt_value to = {.i64 = 0};

    if (from->mode == WM_SEGMENT_ACTIVE) {
        TRY(rt_const_expr(i, from->offset, &to, dg));
        TRY(rt_table_init(i, from->table, k, to.i64, 0, i->elems[k].count));
    }
    if (from->mode != WM_SEGMENT_PASSIVE)
        rt_elem_drop(i, k);
    return ST_OK;
}

static enum status copy_data(struct rt_instance *i, uint32_t k, struct diag *dg)
{
    const struct wm_data *from = &i->module->wm.datas[k];
    union rt_value to = {.i64 = 0};

    if (from->mode != WM_SEGMENT_ACTIVE)
        return ST_OK;
    if (i->has_image) {
        rt_data_drop(i, k);
        return ST_OK;
    }
    TRY(rt_const_expr(i, from->offset, &to, dg));
    TRY(rt_memory_init(i, from->memory, k, to.i64, 0, i->datas[k].size));
    rt_data_drop(i, k);
    return ST_OK;
}

/* Tells dg too how a run ended that the store knows about. */
static enum status report(const struct rt_store *s, enum status st, struct diag *dg)
{
    if (st == ST_TRAP && s->trap != NULL)
        return diag_fail(dg, st, DIAG_NO_OFFSET, "%s", s->trap->message);
    if (st == ST_EXCEPTION || st == ST_EXIT)
        return diag_fail(dg, st, DIAG_NO_OFFSET, "%s", status_text(st));
    if (st != ST_OK && dg != NULL)
        *dg = s->diag;
    return st;
}

/* An element segment comes too early to its end: no data segment is in memory then. */
static enum status take_back_image(struct rt_instance *i, enum status st)
{
    if (st != ST_OK && i->has_image)
        memset(i->memories[0]->base, 0, i->memories[0]->slot->image_bytes);
    return st;
}

static enum status start(struct rt_instance *i, struct diag *dg)
{
    struct rt_store *s = i->store;
    const struct wm_module *wm = &i->module->wm;

    for (uint32_t k = 0; k < wm->elem_count; k++) {
        enum status st = take_back_image(i, copy_elem(i, k, &s->diag));
        TRY(diag_in(dg, report(s, st, dg), "element segment #%u", k));
    }
    for (uint32_t k = 0; k < wm->data_count; k++)
        TRY(diag_in(dg, report(s, copy_data(i, k, &s->diag), dg), "data segment #%u", k));
    if (wm->start == WM_NO_INDEX)
        return ST_OK;
    return diag_in(dg, report(s, rt_call(s, i->funcs[wm->start], NULL, NULL), dg),
                   "the start function");
}

enum status rt_instance_new(struct rt_store *s, struct rt_module *m,
                            const struct rt_extern *imports, uint32_t import_count,
                            struct rt_instance **out, struct diag *dg)
{
    struct rt_owned *before = s->owned;
    struct rt_instance *i = NULL;

    TRY(rt_link_check(s, m, imports, import_count, dg));
    if (s->instance_count >= s->limits.instances)
        return rt_limit_fail(dg, RT_LIMIT_instances, s->limits.instances, s->instance_count + 1);
    enum status st = make_instance(s, m, imports, &i, dg);
    if (st != ST_OK) {
        rt_disown(s, before);
        return st;
    }
    TRY(start(i, dg));
    *out = i;
    return ST_OK;
}
