/* linker: names to things, and instances made of them. A hash table with open addressing; entries
 * are never removed. SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"

#include "base/mem.h"

#include <string.h>

struct entry {
    char *names; /* owned: module, then name; NULL: free */
    uint32_t module_size, name_size;
    uint64_t hash;
    struct rt_extern value;
    const struct api_wasi
        *wasi; /* NULL: defined; else found in this WASI state, and kept for speed */
};

struct mujun_linker {
    struct mujun_store *store;
    struct entry *entries;
    uint32_t capacity, count; /* capacity: a power of two, or 0; at most three quarters full */
    struct api_wasi *wasi;    /* borrowed from the store; NULL: no WASI */
    enum mujun_unknown_imports policy;
    bool is_shadowing;
};

enum mujun_status mujun_linker_new(struct mujun_store *store, struct mujun_linker **out,
                                   struct mujun_error **err)
{
    struct mujun_linker *l = mem_alloc(1, sizeof(*l));

    if (l == NULL)
        return api_fail(err, ST_NO_MEMORY, "for a linker");
    l->store = store;
    *out = l;
    return api_ok(err);
}

void mujun_linker_free(struct mujun_linker *linker)
{
    if (linker == NULL)
        return;
    for (uint32_t i = 0; i < linker->capacity; i++)
        mem_free(linker->entries[i].names);
    mem_free(linker->entries);
    mem_free(linker);
}

void mujun_linker_set_unknown_imports(struct mujun_linker *linker,
                                      enum mujun_unknown_imports policy)
{
    linker->policy = policy;
}

void mujun_linker_allow_shadowing(struct mujun_linker *linker, bool on)
{
    linker->is_shadowing = on;
}

/* ---- the table ---- */

static uint64_t hash_names(struct str module, struct str name)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a over module, a byte that UTF-8 has not, name */

    for (size_t i = 0; i < module.size; i++)
        h = (h ^ (uint8_t)module.text[i]) * 0x100000001b3u;
    h = (h ^ 0xff) * 0x100000001b3u;
    for (size_t i = 0; i < name.size; i++)
        h = (h ^ (uint8_t)name.text[i]) * 0x100000001b3u;
    return h ^ h >> 29;
}

static bool entry_is(const struct entry *e, uint64_t hash, struct str module, struct str name)
{
    return e->hash == hash && e->module_size == module.size && e->name_size == name.size &&
           memcmp(e->names, module.text, module.size) == 0 &&
           memcmp(e->names + module.size, name.text, name.size) == 0;
}

/* The entry of a name, or the free one where it would go. There is always a free one. */
static struct entry *find(const struct mujun_linker *l, uint64_t hash, struct str module,
                          struct str name)
{
    uint32_t at = (uint32_t)hash & (l->capacity - 1);

    while (l->entries[at].names != NULL && !entry_is(&l->entries[at], hash, module, name))
        at = (at + 1) & (l->capacity - 1);
    return &l->entries[at];
}

static bool make_room(struct mujun_linker *l)
{
    struct mujun_linker bigger = *l;

    if (l->capacity != 0 && l->count + 1 <= l->capacity / 4 * 3)
        return true;
    bigger.capacity = l->capacity == 0 ? 64 : l->capacity * 2;
    bigger.entries = mem_alloc(bigger.capacity, sizeof(*bigger.entries));
    if (bigger.entries == NULL)
        return false;
    for (uint32_t i = 0; i < l->capacity; i++) {
        struct entry *e = &l->entries[i];
        if (e->names != NULL)
            *find(&bigger, e->hash, (struct str){e->names, e->module_size},
                  (struct str){e->names + e->module_size, e->name_size}) = *e;
    }
    mem_free(l->entries);
    *l = bigger;
    return true;
}

/* Puts a value under a name. wasi as in struct entry; what came from WASI gives way. */
static enum status define(struct mujun_linker *l, struct str module, struct str name,
                          struct rt_extern value, const struct api_wasi *wasi, struct diag *dg)
{
    uint64_t hash = hash_names(module, name);

    TRY(api_extern_check(l->store, &value, dg));
    if (!make_room(l))
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "for %u definitions", l->count + 1);
    struct entry *e = find(l, hash, module, name);
    if (e->names != NULL) {
        if (!l->is_shadowing && e->wasi == NULL)
            return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "\"%.*s\" \"%.*s\" is already defined",
                             (int)MIN(module.size, 100), module.text, (int)MIN(name.size, 100),
                             name.text);
        e->value = value;
        e->wasi = wasi;
        return ST_OK;
    }
    char *names = mem_alloc(module.size + name.size + 1, 1);
    if (names == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "for the names of a definition");
    memcpy(names, module.text, module.size);
    memcpy(names + module.size, name.text, name.size);
    *e = (struct entry){names, (uint32_t)module.size, (uint32_t)name.size, hash, value, wasi};
    l->count++;
    return ST_OK;
}

/* ---- defining ---- */

enum mujun_status mujun_linker_define(struct mujun_linker *linker, const char *module,
                                      const char *name, const struct mujun_extern *value,
                                      struct mujun_error **err)
{
    struct diag dg = {0};

    if (value == NULL)
        return api_fail(err, ST_USAGE, "a definition that is NULL");
    enum status st = define(linker, str_of(module), str_of(name), api_extern_in(value), NULL, &dg);
    return st == ST_OK ? api_ok(err) : api_refuse(err, st, &dg);
}

enum mujun_status mujun_linker_define_func(struct mujun_linker *linker, const char *module,
                                           const char *name, const char *signature,
                                           mujun_callback callback, void *env,
                                           void (*env_free)(void *env), struct mujun_error **err)
{
    struct mujun_store *s = linker->store;
    struct rt_extern value = {.kind = WM_EXTERN_FUNC};
    struct diag dg = {0};
    uint32_t id = 0;
    enum status st = api_functype_parse(s->rt->engine->types, signature, &id, &dg);

    if (st != ST_OK) {
        if (env_free != NULL)
            env_free(env);
        return api_refuse(err, st, &dg);
    }
    st = api_host_func_new(s, id, callback, env, env_free, &value.func, &dg);
    if (st == ST_OK) {
        st = define(linker, str_of(module), str_of(name), value, NULL, &dg);
        if (st != ST_OK)
            api_host_func_drop(value.func);
    }
    return st == ST_OK ? api_ok(err) : api_refuse(err, st, &dg);
}

enum mujun_status mujun_linker_define_instance(struct mujun_linker *linker, const char *module,
                                               const struct mujun_instance *instance,
                                               struct mujun_error **err)
{
    enum mujun_status usage = api_instance_check(linker->store, instance, err);
    struct diag dg = {0};

    if (usage != MUJUN_OK)
        return usage;
    const struct rt_instance *i = rt_instance_of(instance);
    const struct wm_module *m = &i->module->wm;

    for (uint32_t k = 0; k < m->export_count; k++) {
        struct rt_extern value = api_instance_item(i, m->exports[k].kind, m->exports[k].index);
        enum status st = define(linker, str_of(module), m->exports[k].name, value, NULL, &dg);
        if (st != ST_OK)
            return api_refuse(err, st, &dg);
    }
    return api_ok(err);
}

void api_linker_set_wasi(struct mujun_linker *linker, struct api_wasi *state)
{
    linker->wasi = state;
}

struct mujun_store *api_linker_store(const struct mujun_linker *linker)
{
    return linker->store;
}

/* ---- instantiating ---- */

/* The definition for an import; kind WM_EXTERN_KIND_COUNT when there is none. */
static enum status resolve(struct mujun_linker *l, struct rt_module *m, const struct wm_import *i,
                           struct rt_extern *out, struct diag *dg)
{
    struct rt_extern wasi = {.kind = WM_EXTERN_FUNC};
    uint64_t hash = hash_names(i->module, i->name);

    out->kind = WM_EXTERN_KIND_COUNT;
    if (l->capacity != 0) {
        const struct entry *e = find(l, hash, i->module, i->name);
        if (e->names != NULL && (e->wasi == NULL || e->wasi == l->wasi)) {
            *out = e->value;
            return ST_OK;
        }
    }
    if (l->wasi != NULL) {
        TRY(api_wasi_func(l->store, l->wasi, i->module, i->name, &wasi.func, dg));
        if (wasi.func != NULL) {
            *out = wasi;
            return define(l, i->module, i->name, wasi, l->wasi, dg);
        }
    }
    if (l->policy != MUJUN_UNKNOWN_REFUSE)
        return api_stub_new(l->store, m, i, l->policy == MUJUN_UNKNOWN_ZERO, out, dg);
    return ST_OK;
}

static enum status resolve_all(struct mujun_linker *l, struct rt_module *m, struct rt_extern *items,
                               struct diag *dg)
{
    for (uint32_t k = 0; k < m->wm.import_count; k++) {
        const struct wm_import *i = &m->wm.imports[k];
        TRY(resolve(l, m, i, &items[k], dg));
        if (items[k].kind == WM_EXTERN_KIND_COUNT)
            return diag_fail(dg, ST_UNLINKABLE, DIAG_NO_OFFSET,
                             "import %u, \"%.*s\" \"%.*s\": a %s is expected, nothing is defined",
                             k, (int)MIN(i->module.size, 100), i->module.text,
                             (int)MIN(i->name.size, 100), i->name.text,
                             api_extern_kind_text(i->kind));
    }
    return ST_OK;
}

enum mujun_status mujun_linker_instantiate(struct mujun_linker *linker, struct mujun_module *module,
                                           struct mujun_instance **out, struct mujun_error **err)
{
    struct rt_module *m = rt_module_of(module);
    struct rt_instance *instance = NULL;
    struct diag dg = {0};
    enum mujun_status usage = api_module_check(linker->store, m, err);

    if (usage != MUJUN_OK)
        return usage;
    uint32_t count = m->wm.import_count;
    struct rt_extern *items = mem_alloc((size_t)count + 1, sizeof(*items));
    if (items == NULL)
        return api_fail(err, ST_NO_MEMORY, "for %u imports", count);
    enum status st = resolve_all(linker, m, items, &dg);
    if (st == ST_OK)
        st = rt_instance_new(linker->store->rt, m, items, count, &instance, &dg);
    mem_free(items);
    if (st == ST_OK)
        *out = api_instance_of(instance);
    return api_ended(err, st, linker->store, &dg);
}
