/* code: see code.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/native/code.h"

#include "base/mem.h"
#include "base/sha256.h"
#include "shield/codegen/codegen.h"
#include "shield/compile/artefact.h"
#include "shield/compile/memory_plan.h"
#include "shield/native/cache.h"
#include "shield/native/native.h"
#include "shield/native/profile.h"

#include <string.h>

bool native_memory_fits(const struct rt_memory *m, uint8_t plan)
{
    const uint64_t max_bytes =
        m->max_pages > UINT64_MAX >> m->page_log2 ? UINT64_MAX : m->max_pages << m->page_log2;
    const uint64_t reachable = MIN(max_bytes, m->budget->limit_bytes);
    const struct memory_facts facts = {
        .min_bytes = atomic_load_explicit(&m->size_bytes, memory_order_relaxed),
        .max_bytes = max_bytes,
        .reserved_bytes = m->reserved_bytes,
        .guard_bytes = m->guard_bytes,
        .is_64 = m->is_64,
        .may_move = !m->is_shared && m->reserved_bytes < reachable,
        .page_log2 = m->page_log2,
    };
    return memory_plan_covers((enum memory_plan)plan, memory_plan_of(&facts));
}

/* ---- code of an image ---- */

void native_code_free(struct native_code *code)
{
    if (code == NULL)
        return;
    exec_memory_unmap(&code->memory);
    image_release(code->image);
    mem_free(code);
}

enum status native_code_new(struct rt_module *m, struct image *image, struct native_code **out,
                            struct diag *dg)
{
    struct native_code *code = mem_alloc(1, sizeof(*code));

    if (code == NULL) {
        image_release(image);
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "for the code of a module");
    }
    code->image = image;
    code->is_metered = (image->identity.options & IMAGE_FUEL) != 0;
    enum status st = layout_compute(&image->identity.shape, &code->layout);
    const struct native_options *o = m->engine->config.tier_options;
    if (st == ST_OK && (o == NULL || !o->only_make))
        st = exec_memory_map(image, &m->wm, &code->memory, dg);
    if (st != ST_OK) {
        native_code_free(code);
        return st;
    }
    *out = code;
    return ST_OK;
}

/* ---- artefacts ---- */

enum status native_module_unpack(const uint8_t *bytes, size_t size, struct str *wasm,
                                 struct diag *dg)
{
    struct artefact a;

    if (!artefact_is(bytes, size))
        return ST_OK;
    TRY(artefact_open(bytes, size, &a, dg));
    if (a.wasm.size == 0)
        return diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET,
                         "the artefact was written without its module");
    *wasm = a.wasm;
    return ST_OK;
}

static enum status open_artefact(struct rt_module *m, const uint8_t *bytes, size_t size,
                                 struct native_code **out, struct diag *dg)
{
    struct artefact a;
    struct image *image = NULL;

    TRY(artefact_open(bytes, size, &a, dg));
    TRY(artefact_image(&a, &m->wm, codegen_features_of_host(), &image, dg));
    TRY(native_code_new(m, image, out, dg));
    (*out)->is_foreign = true;
    return ST_OK;
}

static struct str name_of(void *ctx, uint32_t func_index)
{
    return rt_module_func_name(ctx, func_index);
}

static enum status write_artefact(struct rt_module *m, const struct native_code *code,
                                  struct str wasm, struct arena *a, struct artefact_file *out,
                                  struct diag *dg)
{
    const struct artefact_names names = {name_of, m};

    return artefact_write(code->image, &names, wasm, a, out, dg);
}

enum status native_module_artefact(struct rt_module *m, struct arena *a,
                                   struct artefact_file *out, struct diag *dg)
{
    if (m->image == NULL)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "the module is not compiled");
    return write_artefact(m, m->image, (struct str){(const char *)m->bytes, m->byte_count}, a, out,
                          dg);
}

/* ---- compiling, or finding what was compiled before ---- */

struct request {
    struct rt_module *module;
    struct pipeline_options compile;
    uint8_t digest[SHA256_BYTES]; /* of the module */
    uint8_t key[SHA256_BYTES];    /* in the cache */
    const char *cache_folder;     /* NULL: nothing is kept */
};

static void make_request(struct rt_module *m, const struct native_options *o, bool is_metered,
                         struct request *r)
{
    struct sha256 key;

    *r = (struct request){.module = m, .compile = pipeline_options_default()};
    r->compile.optimise = o->opt_level != 0;
    r->compile.is_metered = is_metered;
    r->compile.threads = o->threads;
    r->compile.canonical_nan = m->engine->config.canonical_nan;
    r->compile.check_regalloc = o->check_regalloc;
    sha256_of(m->bytes, m->byte_count, r->digest);
    const uint32_t numbers[] = {IMAGE_VERSION, r->compile.optimise, r->compile.canonical_nan,
                                r->compile.is_metered, r->compile.features};
    sha256_begin(&key);
    sha256_add(&key, numbers, sizeof(numbers));
    sha256_add(&key, r->digest, sizeof(r->digest));
    r->cache_folder = native_cache_add_build(&key) ? o->cache_folder : NULL;
    sha256_end(&key, r->key);
}

static bool find_cached(struct request *r, struct native_code **out)
{
    struct native_cached c = native_cache_get(r->cache_folder, r->key);
    struct diag ignored;

    if (c.bytes == NULL)
        return false;
    enum status st = open_artefact(r->module, c.bytes, c.size, out, &ignored);
    native_cache_release(&c);
    if (st == ST_OK && ((*out)->is_metered != r->compile.is_metered ||
                        memcmp((*out)->image->identity.wasm_digest, r->digest,
                               sizeof(r->digest)) != 0)) {
        native_code_free(*out);
        st = ST_MALFORMED;
    }
    return st == ST_OK;
}

struct keep_job {
    const struct request *request;
    const struct native_code *code;
    struct arena arena;
};

static enum status keep_guarded(void *ctx, struct diag *dg)
{
    struct keep_job *job = ctx;
    const struct request *r = job->request;
    struct artefact_file file;

    TRY(write_artefact(r->module, job->code, (struct str){NULL, 0}, &job->arena, &file, dg));
    native_cache_put(r->cache_folder, r->key, file.parts, file.part_count);
    return ST_OK;
}

static void keep(const struct request *r, const struct native_code *code)
{
    struct keep_job job = {.request = r, .code = code};

    arena_init(&job.arena, ARTEFACT_BYTES_MAX);
    (void)!arena_guard(&job.arena, keep_guarded, &job, NULL); /* without a cache it goes on too */
    arena_free(&job.arena);
}

static enum status compile(struct request *r, struct native_code **out, struct diag *dg)
{
    struct image *image = NULL;

    TRY(compile_module(&r->module->wm, r->digest, &r->compile, &image, NULL, dg));
    return native_code_new(r->module, image, out, dg);
}

static const struct native_options default_options = {.opt_level = 2};

static const struct native_options *options_of(const struct rt_module *m)
{
    const struct native_options *o = m->engine->config.tier_options;
    return o != NULL ? o : &default_options;
}

static enum status get_code(struct request *r, struct native_code **out, struct diag *dg)
{
    if (r->cache_folder != NULL && find_cached(r, out))
        return ST_OK;
    TRY(compile(r, out, dg));
    if (r->cache_folder != NULL)
        keep(r, *out);
    return ST_OK;
}

enum status native_module_init(struct rt_module *m, struct str artefact, struct diag *dg)
{
    const struct native_options *o = options_of(m);
    struct native_code *code = NULL;
    struct diag why = {0};
    struct request request;
    enum status st;

    if (o->interpret)
        return ST_OK;
    if (artefact.size != 0) {
        TRY(open_artefact(m, (const uint8_t *)artefact.text, artefact.size, &code, dg));
        m->image = code;
        native_profile_add(o->profile, m, code);
        return ST_OK;
    }
    make_request(m, o, o->count_fuel, &request);
    st = get_code(&request, &code, &why);
    if (st == ST_OK) {
        m->image = code;
        native_profile_add(o->profile, m, code);
        return ST_OK;
    }
    if ((st == ST_UNSUPPORTED || st == ST_LIMIT) && !o->must_compile)
        return ST_OK; /* the interpreter runs it */
    if (dg != NULL)
        *dg = why;
    return st;
}

const struct native_code *native_other_code(struct rt_module *m)
{
    struct native_code *code = atomic_load_explicit(&m->other_image, memory_order_acquire);
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* not m->code_lock: names need it */
    struct request request;
    struct diag ignored;

    if (code != NULL)
        return code;
    pthread_mutex_lock(&lock);
    code = atomic_load_explicit(&m->other_image, memory_order_relaxed);
    if (code == NULL) {
        make_request(m, options_of(m), !((struct native_code *)m->image)->is_metered, &request);
        if (get_code(&request, &code, &ignored) != ST_OK)
            code = NULL; /* the interpreter counts too */
        atomic_store_explicit(&m->other_image, code, memory_order_release);
    }
    pthread_mutex_unlock(&lock);
    return code;
}
