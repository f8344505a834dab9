/* module: from bytes, from text, and what it imports and exports.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"

#include "base/mem.h"
#include "shield/wasm/wat.h"

#include <string.h>

/* A text is at most so many bytes of arena per byte of its own, besides the engine's bound. */
struct text_job {
    struct str text;
    struct wm_wat_options options;
    struct arena arena;
    struct str bytes;
    struct wm_source_map *map;
};

static enum status text_parse(void *ctx, struct diag *dg)
{
    struct text_job *job = ctx;
    return wm_wat_parse(job->text, &job->options, &job->arena, &job->bytes, &job->map, dg);
}

/* The caller frees job->arena in any case. */
static enum status text_run(struct mujun_engine *e, const char *text, size_t size,
                            struct text_job *job, struct diag *dg)
{
    *job = (struct text_job){
        .text = {text,                               size               },
        .options = {.features = e->rt->config.features, .write_names = true},
    };
    arena_init(&job->arena, e->rt->config.module_arena_bytes_max);
    return arena_guard(&job->arena, text_parse, job, dg);
}

enum mujun_status mujun_module_new(struct mujun_engine *engine, const uint8_t *bytes, size_t size,
                                   struct mujun_module **out, struct mujun_error **err)
{
    struct rt_module *m = NULL;
    struct diag dg = {0};
    enum status st = rt_module_new(engine->rt, bytes, size, &m, &dg);

    if (st != ST_OK)
        return api_refuse(err, st, &dg);
    *out = api_module_of(m);
    return api_ok(err);
}

enum mujun_status mujun_module_new_text(struct mujun_engine *engine, const char *text, size_t size,
                                        struct mujun_module **out, struct mujun_error **err)
{
    struct text_job job;
    struct rt_module *m = NULL;
    struct diag dg = {0};
    enum status st = text_run(engine, text, size, &job, &dg);

    if (st == ST_OK) {
        st = rt_module_new(engine->rt, (const uint8_t *)job.bytes.text, job.bytes.size, &m, &dg);
        if (st != ST_OK)
            wm_source_map_diag(job.map, &dg);
    }
    arena_free(&job.arena);
    if (st != ST_OK)
        return api_refuse(err, st, &dg);
    *out = api_module_of(m);
    return api_ok(err);
}

enum mujun_status mujun_module_validate(struct mujun_engine *engine, const uint8_t *bytes,
                                        size_t size, struct mujun_error **err)
{
    struct mujun_module *m = NULL;
    enum mujun_status st = mujun_module_new(engine, bytes, size, &m, err);

    if (st == MUJUN_OK)
        mujun_module_free(m);
    return st;
}

enum mujun_status mujun_text_to_binary(struct mujun_engine *engine, const char *text, size_t size,
                                       uint8_t **out, size_t *out_size, struct mujun_error **err)
{
    struct text_job job;
    struct diag dg = {0};
    uint8_t *copy = NULL;
    enum status st = text_run(engine, text, size, &job, &dg);

    if (st == ST_OK) {
        copy = mem_alloc(job.bytes.size, 1);
        if (copy == NULL)
            st = diag_fail(&dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "for a module of %zu bytes",
                           job.bytes.size);
    }
    if (st == ST_OK) {
        memcpy(copy, job.bytes.text, job.bytes.size);
        *out = copy;
        *out_size = job.bytes.size;
    }
    arena_free(&job.arena);
    return st == ST_OK ? api_ok(err) : api_refuse(err, st, &dg);
}

void mujun_bytes_free(uint8_t *bytes)
{
    mem_free(bytes);
}

void mujun_module_free(struct mujun_module *module)
{
    if (module != NULL)
        rt_module_free(rt_module_of(module));
}

const uint8_t *mujun_module_bytes(const struct mujun_module *module, size_t *size)
{
    const struct rt_module *m = rt_module_of(module);

    *size = m->byte_count;
    return m->bytes;
}

uint32_t mujun_module_import_count(const struct mujun_module *module)
{
    return rt_module_of(module)->wm.import_count;
}

uint32_t mujun_module_export_count(const struct mujun_module *module)
{
    return rt_module_of(module)->wm.export_count;
}

static const struct mujun_functype *functype(const struct rt_module *m, uint32_t type_index)
{
    return api_functype_of(rt_registry_type(m->engine->types, m->type_ids[type_index]));
}

static void limits_out(const struct wm_limits *limits, struct mujun_externtype *out)
{
    out->is_64 = limits->is_64;
    out->has_max = limits->has_max;
    out->min = limits->min;
    out->max = limits->has_max ? limits->max : 0;
}

static void content_out(const struct rt_module *m, struct wm_valtype t,
                        struct mujun_externtype *out)
{
    out->content = api_kind_of(m->engine->types, rt_valtype_global(m->type_ids, t));
    out->is_nullable = wm_is_ref(t) && wm_is_nullable(t);
}

/* The type of one item of an index space. */
static struct mujun_externtype type_of_item(const struct rt_module *m, enum wm_extern_kind kind,
                                            uint32_t index)
{
    struct mujun_externtype out = {.kind = (enum mujun_extern_kind)kind};

    switch (kind) {
    case WM_EXTERN_FUNC: out.func = functype(m, m->wm.funcs[index].type_index); break;
    case WM_EXTERN_TAG: out.func = functype(m, m->wm.tags[index].type_index); break;
    case WM_EXTERN_TABLE:
        limits_out(&m->wm.tables[index].limits, &out);
        content_out(m, m->wm.tables[index].type, &out);
        break;
    case WM_EXTERN_MEMORY:
        limits_out(&m->wm.memories[index].limits, &out);
        out.is_shared = m->wm.memories[index].is_shared;
        out.has_byte_pages = m->wm.memories[index].page_log2 == 0;
        break;
    case WM_EXTERN_GLOBAL:
        content_out(m, m->wm.globals[index].type, &out);
        out.is_mutable = m->wm.globals[index].is_mutable;
        break;
    case WM_EXTERN_KIND_COUNT: break;
    }
    return out;
}

bool mujun_module_import(const struct mujun_module *module, uint32_t index,
                         struct mujun_import *out)
{
    const struct rt_module *m = rt_module_of(module);

    if (index >= m->wm.import_count)
        return false;
    const struct wm_import *i = &m->wm.imports[index];
    *out = (struct mujun_import){
        .module = {i->module.text, i->module.size},
        .name = {i->name.text,   i->name.size  },
        .type = type_of_item(m, i->kind, i->index)
    };
    return true;
}

bool mujun_module_export(const struct mujun_module *module, uint32_t index,
                         struct mujun_export *out)
{
    const struct rt_module *m = rt_module_of(module);

    if (index >= m->wm.export_count)
        return false;
    const struct wm_export *e = &m->wm.exports[index];
    *out = (struct mujun_export){
        .name = {e->name.text, e->name.size},
          .type = type_of_item(m, e->kind, e->index)
    };
    return true;
}
