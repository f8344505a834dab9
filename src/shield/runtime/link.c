/*
 * link: import matching as the specification defines it. What is expected is first put into the
 * same form as what is found (struct wanted), so that one function shows either.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/runtime/link.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The type of an import or of what was given for it, in registry ids. */
struct shape {
    enum wm_extern_kind kind;
    uint32_t type_id;       /* FUNC, TAG */
    struct wm_valtype type; /* TABLE, GLOBAL */
    uint64_t min, max;      /* TABLE, MEMORY */
    uint8_t page_log2;
    bool has_max, is_64, is_shared, is_mutable;
};

static struct shape shape_of(const struct rt_extern *e)
{
    struct shape shape = {.kind = e->kind};

    switch (e->kind) {
    case WM_EXTERN_FUNC: shape.type_id = e->func->type_id; break;
    case WM_EXTERN_TAG: shape.type_id = e->tag->type_id; break;
    case WM_EXTERN_GLOBAL:
        shape.type = e->global->type;
        shape.is_mutable = e->global->is_mutable;
        break;
    case WM_EXTERN_TABLE:
        shape.type = e->table->type;
        shape.min = e->table->size;
        shape.max = e->table->max;
        shape.has_max = e->table->has_max;
        shape.is_64 = e->table->is_64;
        break;
    case WM_EXTERN_MEMORY:
        shape.min = rt_memory_pages(e->memory);
        shape.max = e->memory->max_pages;
        shape.has_max = e->memory->has_max;
        shape.is_64 = e->memory->is_64;
        shape.is_shared = e->memory->is_shared;
        shape.page_log2 = e->memory->page_log2;
        break;
    case WM_EXTERN_KIND_COUNT: break;
    }
    return shape;
}

static void set_limits(struct shape *shape, const struct wm_limits *limits)
{
    shape->min = limits->min;
    shape->max = limits->max;
    shape->has_max = limits->has_max;
    shape->is_64 = limits->is_64;
}

static struct shape shape_wanted(const struct rt_module *m, const struct wm_import *import)
{
    const struct wm_module *wm = &m->wm;
    struct shape shape = {.kind = import->kind};
    const uint32_t i = import->index;

    switch (import->kind) {
    case WM_EXTERN_FUNC: shape.type_id = m->type_ids[wm->funcs[i].type_index]; break;
    case WM_EXTERN_TAG: shape.type_id = m->type_ids[wm->tags[i].type_index]; break;
    case WM_EXTERN_GLOBAL:
        shape.type = rt_valtype_global(m->type_ids, wm->globals[i].type);
        shape.is_mutable = wm->globals[i].is_mutable;
        break;
    case WM_EXTERN_TABLE:
        shape.type = rt_valtype_global(m->type_ids, wm->tables[i].type);
        set_limits(&shape, &wm->tables[i].limits);
        break;
    case WM_EXTERN_MEMORY:
        set_limits(&shape, &wm->memories[i].limits);
        shape.is_shared = wm->memories[i].is_shared;
        shape.page_log2 = wm->memories[i].page_log2;
        break;
    case WM_EXTERN_KIND_COUNT: break;
    }
    return shape;
}

static bool limits_match(const struct shape *found, const struct shape *wanted)
{
    return found->is_64 == wanted->is_64 && found->min >= wanted->min &&
           (!wanted->has_max || (found->has_max && found->max <= wanted->max));
}

static bool shape_matches(const struct rt_registry *types, const struct shape *found,
                          const struct shape *wanted)
{
    if (found->kind != wanted->kind)
        return false;
    switch (wanted->kind) {
    case WM_EXTERN_FUNC: return rt_id_matches(types, found->type_id, wanted->type_id);
    case WM_EXTERN_TAG: return found->type_id == wanted->type_id;
    case WM_EXTERN_GLOBAL:
        if (found->is_mutable != wanted->is_mutable)
            return false;
        return wm_same(found->type, wanted->type) ||
               (!wanted->is_mutable && rt_valtype_matches(types, found->type, wanted->type));
    case WM_EXTERN_TABLE: return wm_same(found->type, wanted->type) && limits_match(found, wanted);
    case WM_EXTERN_MEMORY:
        return found->is_shared == wanted->is_shared && found->page_log2 == wanted->page_log2 &&
               limits_match(found, wanted);
    case WM_EXTERN_KIND_COUNT: break;
    }
    return false;
}

/* Text of a fixed size that ends in "..." when it is full. */
struct text {
    char *out;
    size_t size, used;
};

static void PRINTF_LIKE(2, 3) add(struct text *t, const char *fmt, ...)
{
    va_list ap;

    if (t->used + 1 >= t->size)
        return;
    va_start(ap, fmt);
    int wrote = vsnprintf(t->out + t->used, t->size - t->used, fmt, ap);
    va_end(ap);
    t->used += wrote < 0 ? 0 : (size_t)wrote;
    if (t->used < t->size)
        return;
    t->used = t->size - 1;
    if (t->size > 4)
        memcpy(t->out + t->size - 4, "...", 4);
}

static void add_valtype(struct text *t, const struct rt_registry *types, struct wm_valtype type)
{
    static const char *const composite[] = {
        [WM_FUNC_TYPE] = "func", [WM_STRUCT_TYPE] = "struct", [WM_ARRAY_TYPE] = "array"};
    char word[WM_TYPE_TEXT_MAX];

    if (wm_is_ref(type) && wm_heap_is_index(wm_heap_of(type))) {
        uint32_t id = (uint32_t)wm_heap_of(type).code;
        add(t, "(ref %s%s#%u)", wm_is_nullable(type) ? "null " : "",
            composite[rt_registry_type(types, id)->composite], id);
        return;
    }
    wm_valtype_text(type, word, sizeof(word));
    add(t, "%s", word);
}

static void add_signature(struct text *t, const struct rt_registry *types, uint32_t type_id)
{
    const struct rt_type *type = rt_registry_type(types, type_id);

    for (uint32_t i = 0; i < type->param_count; i++) {
        add(t, i == 0 ? " (param " : " ");
        add_valtype(t, types, type->params[i]);
    }
    add(t, type->param_count != 0 ? ")" : "");
    for (uint32_t i = 0; i < type->result_count; i++) {
        add(t, i == 0 ? " (result " : " ");
        add_valtype(t, types, type->results[i]);
    }
    add(t, type->result_count != 0 ? ")" : "");
}

static void add_limits(struct text *t, const struct shape *shape)
{
    add(t, "%s %" PRIu64, shape->is_64 ? " i64" : "", shape->min);
    if (shape->has_max)
        add(t, " %" PRIu64, shape->max);
}

static void shape_text(const struct rt_registry *types, const struct shape *shape, char *out,
                       size_t size)
{
    struct text t = {.out = out, .size = size};

    assert(size != 0 && "room for a NUL");
    out[0] = '\0';
    switch (shape->kind) {
    case WM_EXTERN_FUNC:
    case WM_EXTERN_TAG:
        add(&t, shape->kind == WM_EXTERN_FUNC ? "func" : "tag");
        add_signature(&t, types, shape->type_id);
        break;
    case WM_EXTERN_GLOBAL:
        add(&t, shape->is_mutable ? "global (mut " : "global ");
        add_valtype(&t, types, shape->type);
        add(&t, shape->is_mutable ? ")" : "");
        break;
    case WM_EXTERN_TABLE:
        add(&t, "table");
        add_limits(&t, shape);
        add(&t, " ");
        add_valtype(&t, types, shape->type);
        break;
    case WM_EXTERN_MEMORY:
        add(&t, "memory");
        add_limits(&t, shape);
        add(&t, shape->is_shared ? " shared" : "");
        if (shape->page_log2 != 16)
            add(&t, " (pagesize %u)", 1u << shape->page_log2);
        break;
    case WM_EXTERN_KIND_COUNT: break;
    }
}

void rt_extern_text(const struct rt_registry *types, const struct rt_extern *e, char *out,
                    size_t size)
{
    struct shape shape = shape_of(e);
    shape_text(types, &shape, out, size);
}

/* A name of the module for a message: shortened, without control characters. */
enum { NAME_TEXT_MAX = 64 };
static const char *name_text(struct str name, char *out)
{
    size_t size = MIN(name.size, (size_t)NAME_TEXT_MAX - 1);

    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)name.text[i];
        out[i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    out[size] = '\0';
    if (size < name.size)
        memcpy(out + size - 3, "...", 3);
    return out;
}

static enum status refuse(const struct rt_registry *types, const struct wm_import *import,
                          const struct shape *wanted, const struct shape *found, struct diag *dg)
{
    char module[NAME_TEXT_MAX], name[NAME_TEXT_MAX];
    char wanted_text[RT_EXTERN_TEXT_MAX], found_text[RT_EXTERN_TEXT_MAX] = "nothing";

    shape_text(types, wanted, wanted_text, sizeof(wanted_text));
    if (found != NULL)
        shape_text(types, found, found_text, sizeof(found_text));
    return diag_fail(
        dg, ST_UNLINKABLE, DIAG_NO_OFFSET, "%s: \"%s\".\"%s\": expected %s, found %s%s",
        found == NULL ? "unknown import" : "incompatible import type",
        name_text(import->module, module), name_text(import->name, name), wanted_text, found_text,
        strcmp(wanted_text, found_text) == 0 ? " of another recursion group, supertype or finality"
                                             : "");
}

bool rt_extern_is_missing(const struct rt_extern *e)
{
    switch (e->kind) {
    case WM_EXTERN_FUNC: return e->func == NULL;
    case WM_EXTERN_TABLE: return e->table == NULL;
    case WM_EXTERN_MEMORY: return e->memory == NULL;
    case WM_EXTERN_GLOBAL: return e->global == NULL;
    case WM_EXTERN_TAG: return e->tag == NULL;
    case WM_EXTERN_KIND_COUNT: break;
    }
    return true;
}

bool rt_extern_is_foreign(const struct rt_store *s, const struct rt_extern *e)
{
    switch (e->kind) {
    case WM_EXTERN_FUNC: return e->func->store != s;
    case WM_EXTERN_TABLE: return e->table->store != s;
    case WM_EXTERN_MEMORY: return !e->memory->is_shared && e->memory->store != s;
    case WM_EXTERN_GLOBAL: return e->global->store != s;
    case WM_EXTERN_TAG: return e->tag->store != s;
    case WM_EXTERN_KIND_COUNT: break;
    }
    return true;
}

enum status rt_link_check(const struct rt_store *s, const struct rt_module *m,
                          const struct rt_extern *imports, uint32_t import_count, struct diag *dg)
{
    const struct rt_registry *types = m->engine->types;

    if (m->engine != s->engine)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "the module belongs to another engine");
    if (import_count != m->wm.import_count)
        return diag_fail(dg, ST_UNLINKABLE, DIAG_NO_OFFSET,
                         "unknown import: the module has %u imports, %u are given",
                         m->wm.import_count, import_count);
    for (uint32_t i = 0; i < import_count; i++) {
        const struct wm_import *import = &m->wm.imports[i];
        struct shape wanted = shape_wanted(m, import);
        if (rt_extern_is_missing(&imports[i]))
            return refuse(types, import, &wanted, NULL, dg);
        if (rt_extern_is_foreign(s, &imports[i])) /* its type may be of another registry */
            return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "import %u belongs to another store", i);
        struct shape found = shape_of(&imports[i]);
        if (!shape_matches(types, &found, &wanted))
            return refuse(types, import, &wanted, &found, dg);
    }
    return ST_OK;
}
