/* types: kinds, function types, types of externals. SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"
#include "shield/runtime/link.h"

#include <stdio.h>
#include <string.h>

enum mujun_kind api_kind_of(const struct rt_registry *r, struct wm_valtype t)
{
    switch (wm_kind(t)) {
    case WM_KIND_I32: return MUJUN_I32;
    case WM_KIND_I64: return MUJUN_I64;
    case WM_KIND_F32: return MUJUN_F32;
    case WM_KIND_F64: return MUJUN_F64;
    case WM_KIND_V128: return MUJUN_V128;
    case WM_KIND_I8:
    case WM_KIND_I16: return MUJUN_I32; /* packed, in a field */
    default: break;
    }
    struct wm_heap h = wm_heap_of(t);
    if (wm_heap_is_index(h))
        return rt_registry_type(r, (uint32_t)h.code)->composite == WM_FUNC_TYPE ? MUJUN_FUNCREF
                                                                                : MUJUN_ANYREF;
    switch (wm_heap_as_abs(h)) {
    case WM_HEAP_FUNC:
    case WM_HEAP_NOFUNC: return MUJUN_FUNCREF;
    case WM_HEAP_EXTERN:
    case WM_HEAP_NOEXTERN: return MUJUN_EXTERNREF;
    case WM_HEAP_EXN:
    case WM_HEAP_NOEXN: return MUJUN_EXNREF;
    default: return MUJUN_ANYREF;
    }
}

bool api_valtype_of_kind(enum mujun_kind kind, struct wm_valtype *out)
{
    switch (kind) {
    case MUJUN_I32: *out = WM_TYPE(I32); return true;
    case MUJUN_I64: *out = WM_TYPE(I64); return true;
    case MUJUN_F32: *out = WM_TYPE(F32); return true;
    case MUJUN_F64: *out = WM_TYPE(F64); return true;
    case MUJUN_V128: *out = WM_TYPE(V128); return true;
    case MUJUN_FUNCREF: *out = wm_ref(WM_HEAP(FUNC), true); return true;
    case MUJUN_EXTERNREF: *out = wm_ref(WM_HEAP(EXTERN), true); return true;
    case MUJUN_ANYREF: *out = wm_ref(WM_HEAP(ANY), true); return true;
    case MUJUN_EXNREF: *out = wm_ref(WM_HEAP(EXN), true); return true;
    }
    return false;
}

/* ---- function types ---- */

static enum mujun_status types_of_kinds(const enum mujun_kind *kinds, size_t count,
                                        struct wm_valtype *out, struct mujun_error **err)
{
    if (count > WM_MAX_PARAMS)
        return api_fail(err, ST_USAGE, "%zu values in a function type, at most %d are allowed",
                        count, WM_MAX_PARAMS);
    for (size_t i = 0; i < count; i++)
        if (!api_valtype_of_kind(kinds[i], &out[i]))
            return api_fail(err, ST_USAGE, "value %zu: there is no kind %d", i, (int)kinds[i]);
    return MUJUN_OK;
}

enum mujun_status mujun_functype_new(struct mujun_engine *engine, const enum mujun_kind *params,
                                     size_t param_count, const enum mujun_kind *results,
                                     size_t result_count, const struct mujun_functype **out,
                                     struct mujun_error **err)
{
    struct wm_valtype p[WM_MAX_PARAMS], r[WM_MAX_RESULTS];
    struct diag dg = {0};
    uint32_t id = 0;
    enum mujun_status usage = types_of_kinds(params, param_count, p, err);

    if (usage == MUJUN_OK)
        usage = types_of_kinds(results, result_count, r, err);
    if (usage != MUJUN_OK)
        return usage;
    enum status st = rt_registry_add_func(engine->rt->types, p, (uint32_t)param_count, r,
                                          (uint32_t)result_count, &id, &dg);
    if (st != ST_OK)
        return api_refuse(err, st, &dg);
    *out = api_functype_of(rt_registry_type(engine->rt->types, id));
    return api_ok(err);
}

/* "i32", or a short name of a reference type such as "funcref". */
static bool valtype_of_word(struct str word, struct wm_valtype *out)
{
    static const struct {
        const char *text;
        struct wm_valtype type;
    } rows[] = {
#define VALUE(name, text, code, sig) {text, {WM_KIND_##name}},
#define HEAP(name, text, short_text, code, top, feature)                                           \
    {short_text, {WM_KIND_REF | 1u << 8 | (uint32_t)(-1 - WM_HEAP_##name) << 9}},
#include "shield/wasm/types.def"
#undef VALUE
#undef HEAP
    };
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        if (!str_equal(word, str_of(rows[i].text)))
            continue;
        *out = rows[i].type;
        return wm_kind(*out) != WM_KIND_I8 && wm_kind(*out) != WM_KIND_I16; /* only in fields */
    }
    return false;
}

static struct str next_word(const char **text)
{
    const char *start = *text + strspn(*text, " ");

    *text = start + strcspn(start, " ");
    return (struct str){start, (size_t)(*text - start)};
}

enum status api_functype_parse(struct rt_registry *r, const char *text, uint32_t *id,
                               struct diag *dg)
{
    struct wm_valtype types[2][WM_MAX_PARAMS]; /* parameters, results */
    uint32_t counts[2] = {0, 0};
    uint32_t side = 0;

    for (struct str word = next_word(&text); word.size != 0; word = next_word(&text)) {
        if (side == 0 && str_equal(word, STR("->"))) {
            side = 1;
            continue;
        }
        if (counts[side] == WM_MAX_PARAMS)
            return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "more than %d %s in a signature",
                             WM_MAX_PARAMS, side == 0 ? "parameters" : "results");
        if (!valtype_of_word(word, &types[side][counts[side]]))
            return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                             "a signature has a value type or \"->\" where \"%.*s\" is",
                             (int)MIN(word.size, 100), word.text);
        counts[side]++;
    }
    return rt_registry_add_func(r, types[0], counts[0], types[1], counts[1], id, dg);
}

enum mujun_status mujun_functype_parse(struct mujun_engine *engine, const char *text,
                                       const struct mujun_functype **out, struct mujun_error **err)
{
    struct diag dg = {0};
    uint32_t id = 0;
    enum status st = api_functype_parse(engine->rt->types, text, &id, &dg);

    if (st != ST_OK)
        return api_refuse(err, st, &dg);
    *out = api_functype_of(rt_registry_type(engine->rt->types, id));
    return api_ok(err);
}

uint32_t mujun_functype_param_count(const struct mujun_functype *type)
{
    return rt_type_of(type)->param_count;
}

uint32_t mujun_functype_result_count(const struct mujun_functype *type)
{
    return rt_type_of(type)->result_count;
}

enum mujun_kind mujun_functype_param(const struct mujun_functype *type, uint32_t index)
{
    const struct rt_type *t = rt_type_of(type);
    return api_kind_of(t->registry, t->params[index]);
}

enum mujun_kind mujun_functype_result(const struct mujun_functype *type, uint32_t index)
{
    const struct rt_type *t = rt_type_of(type);
    return api_kind_of(t->registry, t->results[index]);
}

/* Adds " i32 i64"; returns how long the text is now, whether it fits or not. */
static size_t add_types(const struct wm_valtype *types, uint32_t count, char *out, size_t size,
                        size_t used)
{
    for (uint32_t i = 0; i < count; i++) {
        char word[WM_TYPE_TEXT_MAX];
        wm_valtype_text(types[i], word, sizeof(word));
        size_t at = MIN(used, size);
        int n =
            snprintf(size == 0 ? NULL : out + at, size - at, "%s%s", used == 0 ? "" : " ", word);
        used += n < 0 ? 0 : (size_t)n;
    }
    return used;
}

size_t mujun_functype_text(const struct mujun_functype *type, char *out, size_t size)
{
    const struct rt_type *t = rt_type_of(type);
    size_t used = add_types(t->params, t->param_count, out, size, 0);
    size_t at = MIN(used, size);
    int n = snprintf(size == 0 ? NULL : out + at, size - at, "%s->", used == 0 ? "" : " ");

    used += n < 0 ? 0 : (size_t)n;
    return add_types(t->results, t->result_count, out, size, used);
}

/* ---- externals ---- */

void api_table_type(const struct rt_table *t, struct mujun_externtype *out)
{
    *out = (struct mujun_externtype){
        .kind = MUJUN_EXTERN_TABLE,
        .content = api_kind_of(t->store->engine->types, t->type),
        .is_nullable = wm_is_nullable(t->type),
        .is_64 = t->is_64,
        .has_max = t->has_max,
        .min = t->size,
        .max = t->has_max ? t->max : 0,
    };
}

void api_memory_type(const struct rt_memory *m, struct mujun_externtype *out)
{
    *out = (struct mujun_externtype){
        .kind = MUJUN_EXTERN_MEMORY,
        .is_64 = m->is_64,
        .is_shared = m->is_shared,
        .has_max = m->has_max,
        .has_byte_pages = m->page_log2 == 0,
        .min = atomic_load(&m->size_bytes) >> m->page_log2,
        .max = m->has_max ? m->max_pages : 0,
    };
}

_Static_assert((int)MUJUN_EXTERN_FUNC == (int)WM_EXTERN_FUNC, "same order");
_Static_assert((int)MUJUN_EXTERN_TABLE == (int)WM_EXTERN_TABLE, "same order");
_Static_assert((int)MUJUN_EXTERN_MEMORY == (int)WM_EXTERN_MEMORY, "same order");
_Static_assert((int)MUJUN_EXTERN_GLOBAL == (int)WM_EXTERN_GLOBAL, "same order");
_Static_assert((int)MUJUN_EXTERN_TAG == (int)WM_EXTERN_TAG, "same order");
_Static_assert((int)MUJUN_EXTERN_TAG + 1 == (int)WM_EXTERN_KIND_COUNT, "no row is missing");

struct rt_extern api_extern_in(const struct mujun_extern *e)
{
    struct rt_extern out = {.kind = (enum wm_extern_kind)e->kind};

    switch (e->kind) {
    case MUJUN_EXTERN_FUNC: out.func = rt_func_of(e->of.func); break;
    case MUJUN_EXTERN_TABLE: out.table = rt_table_of(e->of.table); break;
    case MUJUN_EXTERN_MEMORY: out.memory = rt_memory_of(e->of.memory); break;
    case MUJUN_EXTERN_GLOBAL: out.global = rt_global_of(e->of.global); break;
    case MUJUN_EXTERN_TAG: out.tag = rt_tag_of(e->of.tag); break;
    }
    return out;
}

struct mujun_extern api_extern_out(const struct rt_extern *e)
{
    struct mujun_extern out = {.kind = (enum mujun_extern_kind)e->kind};

    switch (e->kind) {
    case WM_EXTERN_FUNC: out.of.func = api_func_of(e->func); break;
    case WM_EXTERN_TABLE: out.of.table = api_table_of(e->table); break;
    case WM_EXTERN_MEMORY: out.of.memory = api_memory_of(e->memory); break;
    case WM_EXTERN_GLOBAL: out.of.global = api_global_of(e->global); break;
    case WM_EXTERN_TAG: out.of.tag = api_tag_of(e->tag); break;
    case WM_EXTERN_KIND_COUNT: break;
    }
    return out;
}

enum status api_extern_check(const struct mujun_store *s, const struct rt_extern *e,
                             struct diag *dg)
{
    if ((unsigned)e->kind >= WM_EXTERN_KIND_COUNT)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "there is no kind %d of externals",
                         (int)e->kind);
    if (rt_extern_is_missing(e))
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "a %s that is NULL",
                         api_extern_kind_text(e->kind));
    if (rt_extern_is_foreign(s->rt, e))
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "a %s of another store",
                         api_extern_kind_text(e->kind));
    return ST_OK;
}
