/* mujun compile: machine code ahead of time, as a file. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cli/json.h"
#include "cli/load.h"
#include "cli/tier.h"
#include "shield/compile/artefact.h"
#include "shield/native/native.h"

#include <limits.h>
#include <string.h>
#include <time.h>

enum { MODULE_ARENA_BYTES_MAX = 0x7fffffff };

/* One module on its way; freed by job_free() in whatever state it is. */
struct job {
    struct cli_input input;
    struct arena arena; /* of the text's binary, and of the file to write */
    struct wm_wat_options wat;
    struct str binary;
    const char *path, *output;
    struct rt_engine *engine;
    struct rt_module *module;
    uint64_t compile_ns;
    size_t file_bytes;
};

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static enum status load(struct job *job, struct diag *dg)
{
    TRY(cli_input_open(job->path, &job->input, dg));
    job->binary = (struct str){(const char *)job->input.bytes, job->input.size};
    if (!cli_is_text(job->path, &job->input))
        return ST_OK;
    return wm_wat_parse(job->binary, &job->wat, &job->arena, &job->binary, NULL, dg);
}

static enum status write_file(struct job *job, struct diag *dg)
{
    struct cli_sink sink = {.path = job->output};
    struct artefact_file file;
    enum status st = ST_OK;

    TRY(native_module_artefact(job->module, &job->arena, &file, dg));
    job->file_bytes = file.size;
    for (uint32_t i = 0; i < file.part_count && st == ST_OK; i++)
        st = cli_sink_write(&sink, file.parts[i].text, file.parts[i].size, dg);
    if (st != ST_OK)
        return cli_sink_close(&sink, false, NULL) == ST_OK ? st : ST_IO;
    return cli_sink_close(&sink, true, dg);
}

/* Inside the guard of job->arena. */
static enum status compile(void *ctx, struct diag *dg)
{
    struct job *job = ctx;

    TRY(load(job, dg));
    const uint64_t start = now_ns();
    TRY(rt_module_new(job->engine, (const uint8_t *)job->binary.text, job->binary.size,
                      &job->module, dg));
    job->compile_ns = now_ns() - start;
    return write_file(job, dg);
}

static void job_free(struct job *job)
{
    rt_module_free(job->module);
    rt_engine_free(job->engine);
    arena_free(&job->arena);
    cli_input_close(&job->input);
}

/* a.wasm becomes a.cwasm, beside it. */
static const char *default_output(const char *path, char *out, size_t size)
{
    const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
    size_t stem = dot != NULL && (slash == NULL || dot > slash) ? (size_t)(dot - path)
                                                                : strlen(path);
    int n = snprintf(out, size, "%.*s.cwasm", (int)MIN(stem, size), path);

    return n > 0 && (size_t)n < size ? out : NULL;
}

static int report(const struct job *job, bool json)
{
    const struct wm_module *wm = &job->module->wm;

    if (!json)
        return 0;
    json_t *j = json_pack("{s:o, s:o, s:I, s:I, s:f}", "file", cli_json_text(job->path), "output",
                          cli_json_text(job->output), "bytes", (json_int_t)job->file_bytes,
                          "functions", (json_int_t)wm->code_count, "seconds",
                          (double)job->compile_ns * 1e-9);
    cli_json_print(j);
    return 0;
}

static enum status make_engine(struct job *job, const struct compile_options *o,
                               struct native_options *native, struct diag *dg)
{
    struct rt_config config = {.module_arena_bytes_max = MODULE_ARENA_BYTES_MAX,
                               .tier = native_tier(),
                               .tier_options = native,
                               .canonical_nan = o->canonical_nan};

    *native = (struct native_options){.must_compile = true,
                                      .only_make = !o->verify,
                                      .check_regalloc = o->check_regalloc,
                                      .threads = (uint32_t)MIN(o->threads.value, UINT32_MAX)};
    if (config.tier == NULL)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "there is no compiler for this processor");
    TRY(cli_opt_level(&o->opt_level, &native->opt_level, dg));
    TRY(cli_features(&o->features, &config.features, dg));
    job->wat = (struct wm_wat_options){.features = config.features, .write_names = true};
    job->engine = rt_engine_new(&config);
    return job->engine != NULL ? ST_OK
                               : diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "for an engine");
}

int cmd_compile(const struct cli_args *args)
{
    const struct compile_options *o = args->options;
    char output[PATH_MAX];
    struct native_options native;
    struct diag dg = {0};

    if (args->count != 1)
        return cli_usage(args, "expected one module, found %d", args->count);
    struct job job = {.path = args->items[0], .output = o->output};
    if (job.output == NULL)
        job.output = default_output(job.path, output, sizeof(output));
    if (job.output == NULL)
        return cli_usage(args, "the name of the module is too long; name the output with -o");
    arena_init(&job.arena, (size_t)MODULE_ARENA_BYTES_MAX);
    enum status st = make_engine(&job, o, &native, &dg);
    if (st == ST_OK)
        st = arena_guard(&job.arena, compile, &job, &dg);
    int exit_code = st == ST_USAGE ? cli_usage(args, "%s", dg.text)
                    : st != ST_OK  ? cli_report(job.path, &dg)
                                   : report(&job, o->json);
    job_free(&job);
    return exit_code;
}
