/* mujun reproduce: from the log of a crash to the smallest program, and to C source.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/json.h"
#include "cli/load.h"
#include "cli/target.h"
#include "io/file.h"
#include "spear/kernel/crash_log.h"
#include "spear/kernel/report.h"
#include "spear/kernel/repro.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_MIB = 512, FOLDER_BYTES = 64 };
#define REPRODUCE_ARENA_BYTES ((size_t)2 << 30)

struct job {
    struct arena arena;
    const struct reproduce_options *options;
    struct cli_input input;
    struct cli_target descriptions;
    struct str log, title;
    struct vm_pool *pool;
    struct repro_result result;
};

/* Set by the first interrupt: what has been found so far is written. */
static bool stop;

static void on_interrupt(int number)
{
    (void)number;
    *(volatile bool *)&stop = true;
}

static void say(void *ctx, const char *line)
{
    (void)ctx;
    fprintf(stderr, "%s\n", line);
}

/* A file without markers is one program. */
static enum status read_log(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    const struct str text = {(const char *)job->input.bytes, job->input.size};
    struct report report = {0};
    struct buf log;
    size_t count;

    (void)dg;
    (void)crash_log_programs(&job->arena, text, &count);
    buf_init(&log, &job->arena);
    if (count == 0)
        buf_text(&log, "executing program 0:\n");
    buf_str(&log, text);
    job->log = (struct str){(char *)log.data, log.size};
    report_parse(&job->arena, text, 0, &report);
    job->title = job->options->title != NULL ? str_of(job->options->title) : report.title;
    return ST_OK;
}

static enum status open_pool(struct job *job, const char *folder, struct diag *dg)
{
    const struct reproduce_options *o = job->options;
    const struct vm_options options = {
        .type = VM_QEMU,
        .kernel = o->kernel,
        .cmdline = o->cmdline,
        .work_dir = folder,
        .cpus = 1,
        .mem_mib = o->memory.is_set ? (uint32_t)(o->memory.value >> 20) : MEMORY_MIB,
        .slots = o->procs.is_set ? (uint32_t)o->procs.value : 1,
        .features_wanted = (UINT64_C(1) << WIRE_FEATURE_COUNT) - 1,
        .is_crash = report_is_there,
        .log = say,
        .ctx = job,
    };
    return vm_pool_open(&options, &job->pool, dg);
}

static enum status search(struct job *job, struct diag *dg)
{
    const struct reproduce_options *o = job->options;
    const uint32_t procs = o->procs.is_set ? (uint32_t)o->procs.value : 1;
    const struct repro_options options = {
        .target = job->descriptions.target,
        .pool = job->pool,
        .title = job->title,
        .log = job->log,
        .settings = repro_settings_full(procs, WIRE_SANDBOX_NONE),
        .compiler = o->compiler,
        .no_c = o->no_c,
        .stop = &stop,
        .log_line = say,
    };
    return repro_run(&options, &job->result, &job->arena, dg);
}

/* ---- the outcome ---- */

static enum status write_one(const char *folder, const char *name, struct str text, struct diag *dg)
{
    char path[FILE_PATH_MAX];

    if (text.size == 0)
        return ST_OK;
    snprintf(path, sizeof(path), "%.4000s/%s", folder, name);
    return file_write(path, text.text, text.size, dg);
}

static enum status write_files(const struct job *job, struct diag *dg)
{
    const char *folder = job->options->output != NULL ? job->options->output : ".";
    const struct crash_repro *files = &job->result.files;

    TRY(file_make_dirs(folder, dg));
    TRY(write_one(folder, "repro.prog", files->prog, dg));
    TRY(write_one(folder, "repro.c", files->c, dg));
    TRY(write_one(folder, "repro.report", files->report, dg));
    TRY(write_one(folder, "repro.log", files->log, dg));
    return write_one(folder, "repro.stats", files->stats, dg);
}

static void show(const struct job *job)
{
    const struct repro_result *r = &job->result;

    if (job->options->json) {
        cli_json_print(json_pack(
            "{s:o, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:f, s:o}", "title", cli_json_str(r->title),
            "program", (int)r->has_prog, "c", (int)r->has_c, "calls", (json_int_t)r->calls,
            "programs_run", (json_int_t)r->programs_run, "machines",
            (json_int_t)r->machines_started, "reliable", (json_int_t)r->reliable, "runs",
            (json_int_t)r->runs, "seconds", r->seconds, "why_no_c", cli_json_str(r->why_no_c)));
    } else if (r->has_prog) {
        printf("%.*s\n%.*s", STR_ARG(r->title), STR_ARG(r->files.prog));
        printf("%u calls; C source: %s%.*s; %u of %u runs crashed; %.1f s\n", r->calls,
               r->has_c ? "yes" : "no, ", STR_ARG(r->why_no_c), r->reliable, r->runs, r->seconds);
    } else {
        printf("nothing crashes: %u programs were run in %u machines, %.1f s\n", r->programs_run,
               r->machines_started, r->seconds);
    }
}

static enum status reproduce(struct job *job, const char *path, const char *folder, struct diag *dg)
{
    TRY(cli_input_open(path, &job->input, dg));
    TRY(arena_guard(&job->arena, read_log, job, dg));
    TRY(cli_target_load(&job->options->descriptions, NULL, &job->descriptions, dg));
    TRY(open_pool(job, folder, dg));
    TRY(search(job, dg));
    TRY(write_files(job, dg));
    show(job);
    return ST_OK;
}

int cmd_reproduce(const struct cli_args *args)
{
    char folder[FOLDER_BYTES] = "/tmp/mujun-reproduce-XXXXXX";
    struct job job = {.options = args->options};
    struct diag dg = {0};

    if (args->count != 1)
        return cli_usage(args, "expected one log or program, found %d", args->count);
    if (job.options->kernel == NULL)
        return cli_usage(args, "expected --kernel FILE; `mujun kernel build` makes one");
    if (mkdtemp(folder) == NULL)
        return cli_usage(args, "cannot make a folder in /tmp");
    signal(SIGINT, on_interrupt);
    arena_init(&job.arena, REPRODUCE_ARENA_BYTES);
    const enum status st = reproduce(&job, args->items[0], folder, &dg);
    if (st != ST_OK)
        cli_report(args->items[0], &dg);
    if (job.pool != NULL)
        vm_pool_close(job.pool);
    file_remove_all(folder);
    cli_input_close(&job.input);
    cli_target_free(&job.descriptions);
    arena_free(&job.arena);
    return st != ST_OK ? status_exit_code(st) : job.result.has_prog ? 0 : CLI_EXIT_FAILED;
}
