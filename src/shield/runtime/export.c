/* export: finds exports by name in logarithmic time; a module may have a million of them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "shield/runtime/store.h"

#include <stdlib.h>
#include <string.h>

static int compare(struct str a, struct str b)
{
    size_t size = MIN(a.size, b.size);
    int order = size == 0 ? 0 : memcmp(a.text, b.text, size);

    if (order != 0)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

static int compare_exports(const void *a, const void *b, void *ctx)
{
    const struct wm_export *exports = ctx;
    return compare(exports[*(const uint32_t *)a].name, exports[*(const uint32_t *)b].name);
}

/* The exports' indices by name; NULL without memory. */
static const uint32_t *export_order(struct rt_module *m)
{
    uint32_t *order = atomic_load_explicit(&m->export_order, memory_order_acquire);

    if (order != NULL)
        return order;
    pthread_mutex_lock(&m->code_lock);
    order = atomic_load_explicit(&m->export_order, memory_order_relaxed);
    if (order == NULL)
        order = mem_alloc(MAX(m->wm.export_count, 1u), sizeof(*order));
    if (order != NULL && atomic_load_explicit(&m->export_order, memory_order_relaxed) == NULL) {
        for (uint32_t i = 0; i < m->wm.export_count; i++)
            order[i] = i;
        qsort_r(order, m->wm.export_count, sizeof(*order), compare_exports, m->wm.exports);
        atomic_store_explicit(&m->export_order, order, memory_order_release);
    }
    pthread_mutex_unlock(&m->code_lock);
    return order;
}

static const struct wm_export *find(struct rt_module *m, struct str name)
{
    const struct wm_export *exports = m->wm.exports;
    const uint32_t *order = export_order(m);
    uint32_t low = 0, high = m->wm.export_count;

    while (order != NULL && low < high) {
        uint32_t middle = low + (high - low) / 2;
        int way = compare(name, exports[order[middle]].name);
        if (way == 0)
            return &exports[order[middle]];
        if (way < 0)
            high = middle;
        else
            low = middle + 1;
    }
    for (uint32_t i = 0; order == NULL && i < m->wm.export_count; i++)
        if (str_equal(name, exports[i].name))
            return &exports[i];
    return NULL;
}

bool rt_instance_export(struct rt_instance *i, struct str name, struct rt_extern *out)
{
    const struct wm_export *e = find(i->module, name);

    if (e == NULL)
        return false;
    out->kind = e->kind;
    switch (e->kind) {
    case WM_EXTERN_FUNC: out->func = i->funcs[e->index]; break;
    case WM_EXTERN_TABLE: out->table = i->tables[e->index]; break;
    case WM_EXTERN_MEMORY: out->memory = i->memories[e->index]; break;
    case WM_EXTERN_GLOBAL: out->global = i->globals[e->index]; break;
    case WM_EXTERN_TAG: out->tag = i->tags[e->index]; break;
    case WM_EXTERN_KIND_COUNT: return false;
    }
    return true;
}
