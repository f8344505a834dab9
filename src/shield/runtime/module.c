/* module: from bytes to something that can be instantiated: read, validated, its types registered,
 * with empty slots for the tier's code. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "shield/runtime/memory_image.h"
#include "shield/runtime/own.h"
#include "shield/runtime/store.h"
#include "shield/wasm/read.h"
#include "shield/wasm/validate.h"

#include <assert.h>
#include <string.h>

static enum status read_and_validate(struct rt_module *m, size_t size, struct diag *dg)
{
    struct arena scratch;

    TRY(wm_read_module(m->bytes, size, m->engine->config.features, &m->arena, &m->wm, dg));
    arena_init(&scratch, m->engine->config.module_arena_bytes_max);
    enum status st = wm_validate(&m->wm, &scratch, dg);
    arena_free(&scratch);
    return st;
}

static enum status prepare(struct rt_module *m, struct diag *dg)
{
    m->type_ids = mem_alloc(MAX(m->wm.type_count, 1u), sizeof(*m->type_ids));
    m->code = mem_alloc(MAX(m->wm.code_count, 1u), sizeof(*m->code));
    if (m->type_ids == NULL || m->code == NULL)
        return rt_no_memory(dg, m->wm.code_count * sizeof(*m->code), "the functions of a module");
    return rt_registry_add(m->engine->types, &m->wm, m->type_ids, dg);
}

enum status rt_module_new(struct rt_engine *engine, const uint8_t *bytes, size_t size,
                          struct rt_module **out, struct diag *dg)
{
    const struct rt_tier *tier = engine->config.tier;
    struct str wasm = {(const char *)bytes, size}, artefact = {NULL, 0};

    if (tier != NULL && tier->module_unpack != NULL)
        TRY(tier->module_unpack(bytes, size, &wasm, dg));
    if (wasm.text != (const char *)bytes) {
        artefact = (struct str){(const char *)bytes, size};
        bytes = (const uint8_t *)wasm.text;
        size = wasm.size;
    }
    if (size > WM_MAX_MODULE_BYTES)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "the module has %zu bytes, %d are allowed",
                         size, (int)WM_MAX_MODULE_BYTES);
    struct rt_module *m = mem_alloc(1, sizeof(*m));
    uint8_t *copy = size < MEM_LARGE_PAGE_BYTES ? mem_resize(NULL, MAX(size, (size_t)1), 1)
                                                : mem_alloc_large(size);
    if (m == NULL || copy == NULL || pthread_mutex_init(&m->code_lock, NULL) != 0) {
        mem_free(copy);
        mem_free(m);
        return rt_no_memory(dg, size, "the bytes of a module");
    }
    if (size != 0)
        memcpy(copy, bytes, size);
    m->bytes = copy;
    m->byte_count = size;
    m->engine = engine;
    atomic_fetch_add_explicit(&engine->references, 1, memory_order_relaxed);
    atomic_init(&m->references, 1);
    arena_init(&m->arena, engine->config.module_arena_bytes_max);
    arena_init(&m->code_arena, engine->config.module_arena_bytes_max);

    enum status st = read_and_validate(m, size, dg);
    if (st == ST_OK)
        st = prepare(m, dg);
    if (st == ST_OK && tier != NULL && tier->module_init != NULL)
        st = tier->module_init(m, artefact, dg);
    if (st != ST_OK) {
        rt_module_free(m);
        return st;
    }
    *out = m;
    return ST_OK;
}

void rt_module_free(struct rt_module *m)
{
    if (m == NULL)
        return;
    assert(atomic_load(&m->references) != 0 && "freed once too often");
    if (atomic_fetch_sub_explicit(&m->references, 1, memory_order_acq_rel) != 1)
        return;
    const struct rt_tier *tier = m->engine->config.tier;
    if (tier != NULL && tier->module_free != NULL)
        tier->module_free(m);
    rt_memory_image_free(m);
    mem_free(atomic_load_explicit(&m->export_order, memory_order_relaxed));
    mem_free(m->code);
    mem_free(m->type_ids);
    arena_free(&m->code_arena);
    arena_free(&m->arena);
    pthread_mutex_destroy(&m->code_lock);
    mem_free(m->bytes);
    rt_engine_free(m->engine);
    mem_free(m);
}

static enum status read_names(void *ctx, struct diag *dg)
{
    struct rt_module *m = ctx;

    (void)dg;
    atomic_store_explicit(&m->names, wm_names_read(&m->wm, &m->arena), memory_order_release);
    return ST_OK;
}

struct str rt_module_func_name(struct rt_module *m, uint32_t func_index)
{
    struct wm_names *names = atomic_load_explicit(&m->names, memory_order_acquire);

    if (names == NULL) {
        pthread_mutex_lock(&m->code_lock);
        names = atomic_load_explicit(&m->names, memory_order_relaxed);
        if (names == NULL && arena_guard(&m->arena, read_names, m, NULL) == ST_OK)
            names = atomic_load_explicit(&m->names, memory_order_relaxed);
        pthread_mutex_unlock(&m->code_lock);
    }
    if (names == NULL)
        return (struct str){NULL, 0}; /* no memory for names: a message can do without */
    return wm_name_of(names, WM_NAME_FUNC, func_index);
}

struct str rt_module_func_label(struct rt_module *m, uint32_t func_index)
{
    struct str name = rt_module_func_name(m, func_index);

    for (uint32_t i = 0; name.size == 0 && i < m->wm.export_count; i++) {
        const struct wm_export *e = &m->wm.exports[i];
        if (e->kind == WM_EXTERN_FUNC && e->index == func_index)
            name = e->name;
    }
    return name;
}
