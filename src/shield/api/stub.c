/* stub: what stands in for an import that nobody defined: a function that traps or returns zeros,
 * or a new memory, table, global or tag. SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

struct stub {
    const struct rt_type *type;
    bool is_zero;
    char name[RT_TRAP_MESSAGE_MAX]; /* "module.name", cut */
};

static enum status stub_call(void *env, struct rt_caller *caller, const union rt_value *args,
                             union rt_value *results)
{
    const struct stub *stub = env;

    (void)args;
    if (!stub->is_zero)
        return rt_trap_raise(caller->store, RT_TRAP_UNKNOWN_IMPORT, "%s: %.200s",
                             rt_trap_text(RT_TRAP_UNKNOWN_IMPORT), stub->name);
    for (uint32_t i = 0; i < stub->type->result_count; i++) /* results may be NULL: none */
        results[i] = (union rt_value){
            .u64 = {0, 0}
        };
    return ST_OK;
}

const char *api_extern_kind_text(enum wm_extern_kind kind)
{
    static const char *const text[] = {
        [WM_EXTERN_FUNC] = "function", [WM_EXTERN_TABLE] = "table", [WM_EXTERN_MEMORY] = "memory",
        [WM_EXTERN_GLOBAL] = "global", [WM_EXTERN_TAG] = "tag",
    };
    return (unsigned)kind < LENGTH_OF(text) ? text[kind] : "nothing";
}

static bool are_defaultable(const struct wm_valtype *types, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!wm_is_defaultable(types[i]))
            return false;
    return true;
}

static enum status stub_func(struct mujun_store *s, struct rt_module *m, const struct wm_import *i,
                             bool is_zero, struct rt_func **out, struct diag *dg)
{
    uint32_t id = m->type_ids[m->wm.funcs[i->index].type_index];
    const struct rt_type *t = rt_registry_type(m->engine->types, id);
    struct stub *stub = mem_alloc(1, sizeof(*stub));

    if (stub == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "for an import's stub");
    stub->type = t;
    stub->is_zero = is_zero && are_defaultable(t->results, t->result_count);
    snprintf(stub->name, sizeof(stub->name), "%.*s.%.*s", (int)MIN(i->module.size, 100),
             i->module.text, (int)MIN(i->name.size, 100), i->name.text);
    enum status st = rt_func_new(s->rt, id, stub_call, stub, mem_free, out, dg);
    if (st != ST_OK)
        mem_free(stub);
    return st;
}

static enum status not_defaultable(const struct wm_import *i, struct wm_valtype t, struct diag *dg)
{
    char text[WM_TYPE_TEXT_MAX];

    wm_valtype_text(t, text, sizeof(text));
    return diag_fail(dg, ST_UNLINKABLE, DIAG_NO_OFFSET,
                     "\"%.*s\" \"%.*s\" is not defined, and %s has no default value",
                     (int)MIN(i->module.size, 100), i->module.text, (int)MIN(i->name.size, 100),
                     i->name.text, text);
}

enum status api_stub_new(struct mujun_store *s, struct rt_module *m, const struct wm_import *i,
                         bool is_zero, struct rt_extern *out, struct diag *dg)
{
    const union rt_value zero = {
        .u64 = {0, 0}
    };
    struct wm_valtype type;

    out->kind = i->kind;
    switch (i->kind) {
    case WM_EXTERN_FUNC: return stub_func(s, m, i, is_zero, &out->func, dg);
    case WM_EXTERN_TABLE:
        type = rt_valtype_global(m->type_ids, m->wm.tables[i->index].type);
        if (!wm_is_defaultable(type))
            return not_defaultable(i, type, dg);
        return rt_table_new(s->rt, &m->wm.tables[i->index].limits, type, RT_NULL, &out->table, dg);
    case WM_EXTERN_MEMORY: return rt_memory_new(s->rt, &m->wm.memories[i->index], &out->memory, dg);
    case WM_EXTERN_GLOBAL:
        type = rt_valtype_global(m->type_ids, m->wm.globals[i->index].type);
        if (!wm_is_defaultable(type))
            return not_defaultable(i, type, dg);
        return rt_global_new(s->rt, type, m->wm.globals[i->index].is_mutable, zero, &out->global,
                             dg);
    case WM_EXTERN_TAG:
        return rt_tag_new(s->rt, m->type_ids[m->wm.tags[i->index].type_index], &out->tag, dg);
    case WM_EXTERN_KIND_COUNT: break;
    }
    return ST_OK;
}
