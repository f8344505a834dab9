/* wasm_c_type: type objects of wasm.h: plain values, independent of engines. Each kind of external
 * type starts with its kind, so that views of it as externtype are casts.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/wasm_c_int.h"

#include "base/mem.h"

struct wasm_valtype_t {
    wasm_valkind_t kind;
};
struct wasm_externtype_t {
    wasm_externkind_t kind;
};
struct wasm_functype_t {
    struct wasm_externtype_t head;
    wasm_valtype_vec_t params, results;
};
struct wasm_globaltype_t {
    struct wasm_externtype_t head;
    wasm_mutability_t mutability;
    wasm_valtype_t *content;
};
struct wasm_tabletype_t {
    struct wasm_externtype_t head;
    wasm_limits_t limits;
    wasm_valtype_t *element;
};
struct wasm_memorytype_t {
    struct wasm_externtype_t head;
    wasm_limits_t limits;
};
struct wasm_tagtype_t {
    struct wasm_externtype_t head;
    wasm_functype_t *functype;
};
struct wasm_importtype_t {
    wasm_name_t module, name;
    wasm_externtype_t *type;
};
struct wasm_exporttype_t {
    wasm_name_t name;
    wasm_externtype_t *type;
};

/* ---- value types ---- */

wasm_valtype_t *wasm_valtype_new(wasm_valkind_t kind)
{
    struct wm_valtype known;
    wasm_valtype_t *t = capi_valtype(kind, &known) ? mem_alloc(1, sizeof(*t)) : NULL;

    if (t != NULL)
        t->kind = kind;
    return t;
}

void wasm_valtype_delete(wasm_valtype_t *t)
{
    mem_free(t);
}

wasm_valtype_t *wasm_valtype_copy(const wasm_valtype_t *t)
{
    return wasm_valtype_new(t->kind);
}

wasm_valkind_t wasm_valtype_kind(const wasm_valtype_t *t)
{
    return t->kind;
}

/* ---- function types ---- */

wasm_functype_t *wasm_functype_new(wasm_valtype_vec_t *params, wasm_valtype_vec_t *results)
{
    wasm_functype_t *t = mem_alloc(1, sizeof(*t));

    if (t == NULL) {
        wasm_valtype_vec_delete(params);
        wasm_valtype_vec_delete(results);
        return NULL;
    }
    *t = (wasm_functype_t){{WASM_EXTERN_FUNC}, *params, *results};
    return t;
}

void wasm_functype_delete(wasm_functype_t *t)
{
    if (t == NULL)
        return;
    wasm_valtype_vec_delete(&t->params);
    wasm_valtype_vec_delete(&t->results);
    mem_free(t);
}

wasm_functype_t *wasm_functype_copy(const wasm_functype_t *t)
{
    wasm_valtype_vec_t params, results;

    wasm_valtype_vec_copy(&params, &t->params);
    wasm_valtype_vec_copy(&results, &t->results);
    return wasm_functype_new(&params, &results);
}

const wasm_valtype_vec_t *wasm_functype_params(const wasm_functype_t *t)
{
    return &t->params;
}

const wasm_valtype_vec_t *wasm_functype_results(const wasm_functype_t *t)
{
    return &t->results;
}

/* ---- globals, tables, memories, tags ---- */

wasm_globaltype_t *wasm_globaltype_new(wasm_valtype_t *content, wasm_mutability_t mutability)
{
    wasm_globaltype_t *t = content == NULL ? NULL : mem_alloc(1, sizeof(*t));

    if (t == NULL)
        wasm_valtype_delete(content);
    else
        *t = (wasm_globaltype_t){{WASM_EXTERN_GLOBAL}, mutability, content};
    return t;
}

void wasm_globaltype_delete(wasm_globaltype_t *t)
{
    if (t != NULL)
        wasm_valtype_delete(t->content);
    mem_free(t);
}

wasm_globaltype_t *wasm_globaltype_copy(const wasm_globaltype_t *t)
{
    return wasm_globaltype_new(wasm_valtype_copy(t->content), t->mutability);
}

const wasm_valtype_t *wasm_globaltype_content(const wasm_globaltype_t *t)
{
    return t->content;
}

wasm_mutability_t wasm_globaltype_mutability(const wasm_globaltype_t *t)
{
    return t->mutability;
}

wasm_tabletype_t *wasm_tabletype_new(wasm_valtype_t *element, const wasm_limits_t *limits)
{
    wasm_tabletype_t *t = element == NULL ? NULL : mem_alloc(1, sizeof(*t));

    if (t == NULL)
        wasm_valtype_delete(element);
    else
        *t = (wasm_tabletype_t){{WASM_EXTERN_TABLE}, *limits, element};
    return t;
}

void wasm_tabletype_delete(wasm_tabletype_t *t)
{
    if (t != NULL)
        wasm_valtype_delete(t->element);
    mem_free(t);
}

wasm_tabletype_t *wasm_tabletype_copy(const wasm_tabletype_t *t)
{
    return wasm_tabletype_new(wasm_valtype_copy(t->element), &t->limits);
}

const wasm_valtype_t *wasm_tabletype_element(const wasm_tabletype_t *t)
{
    return t->element;
}

const wasm_limits_t *wasm_tabletype_limits(const wasm_tabletype_t *t)
{
    return &t->limits;
}

wasm_memorytype_t *wasm_memorytype_new(const wasm_limits_t *limits)
{
    wasm_memorytype_t *t = mem_alloc(1, sizeof(*t));

    if (t != NULL)
        *t = (wasm_memorytype_t){{WASM_EXTERN_MEMORY}, *limits};
    return t;
}

void wasm_memorytype_delete(wasm_memorytype_t *t)
{
    mem_free(t);
}

wasm_memorytype_t *wasm_memorytype_copy(const wasm_memorytype_t *t)
{
    return wasm_memorytype_new(&t->limits);
}

const wasm_limits_t *wasm_memorytype_limits(const wasm_memorytype_t *t)
{
    return &t->limits;
}

wasm_tagtype_t *wasm_tagtype_new(wasm_functype_t *functype)
{
    wasm_tagtype_t *t = functype == NULL ? NULL : mem_alloc(1, sizeof(*t));

    if (t == NULL)
        wasm_functype_delete(functype);
    else
        *t = (wasm_tagtype_t){{WASM_EXTERN_TAG}, functype};
    return t;
}

void wasm_tagtype_delete(wasm_tagtype_t *t)
{
    if (t != NULL)
        wasm_functype_delete(t->functype);
    mem_free(t);
}

wasm_tagtype_t *wasm_tagtype_copy(const wasm_tagtype_t *t)
{
    return wasm_tagtype_new(wasm_functype_copy(t->functype));
}

const wasm_functype_t *wasm_tagtype_functype(const wasm_tagtype_t *t)
{
    return t->functype;
}

/* ---- external types ---- */

wasm_externkind_t wasm_externtype_kind(const wasm_externtype_t *t)
{
    return t->kind;
}

#define EXTERNTYPE_VIEWS(name, KIND)                                                               \
    wasm_externtype_t *wasm_##name##_as_externtype(wasm_##name##_t *t)                             \
    {                                                                                              \
        return (wasm_externtype_t *)t;                                                             \
    }                                                                                              \
    const wasm_externtype_t *wasm_##name##_as_externtype_const(const wasm_##name##_t *t)           \
    {                                                                                              \
        return (const wasm_externtype_t *)t;                                                       \
    }                                                                                              \
    wasm_##name##_t *wasm_externtype_as_##name(wasm_externtype_t *t)                               \
    {                                                                                              \
        return t != NULL && t->kind == KIND ? (wasm_##name##_t *)(void *)t : NULL;                 \
    }                                                                                              \
    const wasm_##name##_t *wasm_externtype_as_##name##_const(const wasm_externtype_t *t)           \
    {                                                                                              \
        return t != NULL && t->kind == KIND ? (const wasm_##name##_t *)(const void *)t : NULL;     \
    }
EXTERNTYPE_VIEWS(functype, WASM_EXTERN_FUNC)
EXTERNTYPE_VIEWS(globaltype, WASM_EXTERN_GLOBAL)
EXTERNTYPE_VIEWS(tabletype, WASM_EXTERN_TABLE)
EXTERNTYPE_VIEWS(memorytype, WASM_EXTERN_MEMORY)
EXTERNTYPE_VIEWS(tagtype, WASM_EXTERN_TAG)

void wasm_externtype_delete(wasm_externtype_t *t)
{
    if (t == NULL)
        return;
    switch (t->kind) {
    case WASM_EXTERN_FUNC: wasm_functype_delete(wasm_externtype_as_functype(t)); break;
    case WASM_EXTERN_GLOBAL: wasm_globaltype_delete(wasm_externtype_as_globaltype(t)); break;
    case WASM_EXTERN_TABLE: wasm_tabletype_delete(wasm_externtype_as_tabletype(t)); break;
    case WASM_EXTERN_MEMORY: wasm_memorytype_delete(wasm_externtype_as_memorytype(t)); break;
    default: wasm_tagtype_delete(wasm_externtype_as_tagtype(t)); break;
    }
}

wasm_externtype_t *wasm_externtype_copy(const wasm_externtype_t *t)
{
    switch (t->kind) {
    case WASM_EXTERN_FUNC:
        return wasm_functype_as_externtype(
            wasm_functype_copy(wasm_externtype_as_functype_const(t)));
    case WASM_EXTERN_GLOBAL:
        return wasm_globaltype_as_externtype(
            wasm_globaltype_copy(wasm_externtype_as_globaltype_const(t)));
    case WASM_EXTERN_TABLE:
        return wasm_tabletype_as_externtype(
            wasm_tabletype_copy(wasm_externtype_as_tabletype_const(t)));
    case WASM_EXTERN_MEMORY:
        return wasm_memorytype_as_externtype(
            wasm_memorytype_copy(wasm_externtype_as_memorytype_const(t)));
    default:
        return wasm_tagtype_as_externtype(wasm_tagtype_copy(wasm_externtype_as_tagtype_const(t)));
    }
}

/* ---- import and export types ---- */

wasm_importtype_t *wasm_importtype_new(wasm_name_t *module, wasm_name_t *name,
                                       wasm_externtype_t *type)
{
    wasm_importtype_t *t = type == NULL ? NULL : mem_alloc(1, sizeof(*t));

    if (t == NULL) {
        wasm_name_delete(module);
        wasm_name_delete(name);
        wasm_externtype_delete(type);
        return NULL;
    }
    *t = (wasm_importtype_t){*module, *name, type};
    return t;
}

void wasm_importtype_delete(wasm_importtype_t *t)
{
    if (t == NULL)
        return;
    wasm_name_delete(&t->module);
    wasm_name_delete(&t->name);
    wasm_externtype_delete(t->type);
    mem_free(t);
}

wasm_importtype_t *wasm_importtype_copy(const wasm_importtype_t *t)
{
    wasm_name_t module, name;

    wasm_name_copy(&module, &t->module);
    wasm_name_copy(&name, &t->name);
    return wasm_importtype_new(&module, &name, wasm_externtype_copy(t->type));
}

const wasm_name_t *wasm_importtype_module(const wasm_importtype_t *t)
{
    return &t->module;
}

const wasm_name_t *wasm_importtype_name(const wasm_importtype_t *t)
{
    return &t->name;
}

const wasm_externtype_t *wasm_importtype_type(const wasm_importtype_t *t)
{
    return t->type;
}

wasm_exporttype_t *wasm_exporttype_new(wasm_name_t *name, wasm_externtype_t *type)
{
    wasm_exporttype_t *t = type == NULL ? NULL : mem_alloc(1, sizeof(*t));

    if (t == NULL) {
        wasm_name_delete(name);
        wasm_externtype_delete(type);
        return NULL;
    }
    *t = (wasm_exporttype_t){*name, type};
    return t;
}

void wasm_exporttype_delete(wasm_exporttype_t *t)
{
    if (t == NULL)
        return;
    wasm_name_delete(&t->name);
    wasm_externtype_delete(t->type);
    mem_free(t);
}

wasm_exporttype_t *wasm_exporttype_copy(const wasm_exporttype_t *t)
{
    wasm_name_t name;

    wasm_name_copy(&name, &t->name);
    return wasm_exporttype_new(&name, wasm_externtype_copy(t->type));
}

const wasm_name_t *wasm_exporttype_name(const wasm_exporttype_t *t)
{
    return &t->name;
}

const wasm_externtype_t *wasm_exporttype_type(const wasm_exporttype_t *t)
{
    return t->type;
}
