/* wasm_c_instance: externals and instances of wasm.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/wasm_c_int.h"

#include "base/mem.h"

_Static_assert((int)CAPI_FUNC == (int)WASM_EXTERN_FUNC, "same order");
_Static_assert((int)CAPI_GLOBAL == (int)WASM_EXTERN_GLOBAL, "same order");
_Static_assert((int)CAPI_TABLE == (int)WASM_EXTERN_TABLE, "same order");
_Static_assert((int)CAPI_MEMORY == (int)WASM_EXTERN_MEMORY, "same order");
_Static_assert((int)CAPI_TAG == (int)WASM_EXTERN_TAG, "same order");

wasm_externkind_t wasm_extern_kind(const wasm_extern_t *e)
{
    return (wasm_externkind_t)capi_of_extern(e)->kind;
}

wasm_externtype_t *wasm_extern_type(const wasm_extern_t *e)
{
    const struct wasm_ref_t *r = capi_of_extern(e);

    switch (r->kind) {
    case CAPI_FUNC: return wasm_functype_as_externtype(wasm_func_type(capi_as_func(r)));
    case CAPI_GLOBAL: return wasm_globaltype_as_externtype(wasm_global_type(capi_as_global(r)));
    case CAPI_TABLE: return wasm_tabletype_as_externtype(wasm_table_type(capi_as_table(r)));
    case CAPI_MEMORY: return wasm_memorytype_as_externtype(wasm_memory_type(capi_as_memory(r)));
    default: return wasm_tagtype_as_externtype(wasm_tag_type(capi_as_tag(r)));
    }
}

#define EXTERN_VIEWS(name, KIND)                                                                   \
    wasm_extern_t *wasm_##name##_as_extern(wasm_##name##_t *x)                                     \
    {                                                                                              \
        return (wasm_extern_t *)x;                                                                 \
    }                                                                                              \
    const wasm_extern_t *wasm_##name##_as_extern_const(const wasm_##name##_t *x)                   \
    {                                                                                              \
        return (const wasm_extern_t *)x;                                                           \
    }                                                                                              \
    wasm_##name##_t *wasm_extern_as_##name(wasm_extern_t *e)                                       \
    {                                                                                              \
        return e != NULL && capi_of_extern(e)->kind == KIND ? (wasm_##name##_t *)e : NULL;         \
    }                                                                                              \
    const wasm_##name##_t *wasm_extern_as_##name##_const(const wasm_extern_t *e)                   \
    {                                                                                              \
        return e != NULL && capi_of_extern(e)->kind == KIND ? (const wasm_##name##_t *)e : NULL;   \
    }
EXTERN_VIEWS(func, CAPI_FUNC)
EXTERN_VIEWS(global, CAPI_GLOBAL)
EXTERN_VIEWS(table, CAPI_TABLE)
EXTERN_VIEWS(memory, CAPI_MEMORY)
EXTERN_VIEWS(tag, CAPI_TAG)

static bool extern_in(const struct wasm_store_t *s, const wasm_extern_t *e, struct rt_extern *out)
{
    const struct wasm_ref_t *r = capi_of_extern(e);

    if (r == NULL || r->store != s)
        return false;
    switch (r->kind) {
    case CAPI_FUNC: *out = (struct rt_extern){.kind = WM_EXTERN_FUNC, .func = r->object}; break;
    case CAPI_GLOBAL:
        *out = (struct rt_extern){.kind = WM_EXTERN_GLOBAL, .global = r->object};
        break;
    case CAPI_TABLE: *out = (struct rt_extern){.kind = WM_EXTERN_TABLE, .table = r->object}; break;
    case CAPI_MEMORY:
        *out = (struct rt_extern){.kind = WM_EXTERN_MEMORY, .memory = r->object};
        break;
    case CAPI_TAG: *out = (struct rt_extern){.kind = WM_EXTERN_TAG, .tag = r->object}; break;
    default: return false;
    }
    return true;
}

static struct wasm_ref_t *extern_out(struct wasm_store_t *s, const struct rt_extern *e)
{
    switch (e->kind) {
    case WM_EXTERN_FUNC: return capi_ref_new(s, CAPI_FUNC, e->func);
    case WM_EXTERN_GLOBAL: return capi_ref_new(s, CAPI_GLOBAL, e->global);
    case WM_EXTERN_TABLE: return capi_ref_new(s, CAPI_TABLE, e->table);
    case WM_EXTERN_MEMORY: return capi_ref_new(s, CAPI_MEMORY, e->memory);
    case WM_EXTERN_TAG: return capi_ref_new(s, CAPI_TAG, e->tag);
    case WM_EXTERN_KIND_COUNT: break;
    }
    return NULL;
}

/* The imports of a module from a vector, as far as it has them. */
static enum status imports_in(const struct wasm_store_t *s, const struct rt_module *m,
                              const wasm_extern_vec_t *imports, struct rt_extern *out,
                              struct diag *dg)
{
    size_t count = imports == NULL ? 0 : imports->size;

    if (count < m->wm.import_count)
        return diag_fail(dg, ST_UNLINKABLE, DIAG_NO_OFFSET, "%zu imports are given, %u expected",
                         count, m->wm.import_count);
    for (uint32_t i = 0; i < m->wm.import_count; i++)
        if (!extern_in(s, imports->data[i], &out[i]))
            return diag_fail(dg, ST_UNLINKABLE, DIAG_NO_OFFSET,
                             "import %u is missing or of another store", i);
    return ST_OK;
}

wasm_instance_t *wasm_instance_new(wasm_store_t *s, const wasm_module_t *module,
                                   const wasm_extern_vec_t *imports, wasm_trap_t **trap)
{
    struct rt_module *m = capi_of_module(module)->object;
    struct rt_instance *instance = NULL;
    struct diag dg = {0};
    uint32_t count = m->wm.import_count;
    struct rt_extern *items = mem_alloc((size_t)count + 1, sizeof(*items));

    if (trap != NULL)
        *trap = NULL;
    if (items == NULL)
        return NULL;
    enum status st = imports_in(s, m, imports, items, &dg);
    if (st == ST_OK)
        st = rt_instance_new(s->store->rt, m, items, count, &instance, &dg);
    mem_free(items);
    if (st == ST_OK)
        return capi_as_instance(capi_ref_new(s, CAPI_INSTANCE, instance));
    wasm_trap_t *why = capi_trap_ended(s, st, &dg);
    if (trap != NULL)
        *trap = why;
    else
        wasm_trap_delete(why);
    return NULL;
}

void wasm_instance_exports(const wasm_instance_t *instance, wasm_extern_vec_t *out)
{
    const struct wasm_ref_t *r = capi_of_instance(instance);
    const struct rt_instance *i = r->object;
    const struct wm_module *m = &i->module->wm;

    wasm_extern_vec_new_uninitialized(out, m->export_count);
    for (uint32_t k = 0; k < out->size; k++) {
        struct rt_extern e = api_instance_item(i, m->exports[k].kind, m->exports[k].index);
        out->data[k] = capi_as_extern(extern_out(r->store, &e));
        if (out->data[k] == NULL) {
            wasm_extern_vec_delete(out);
            return;
        }
    }
}
