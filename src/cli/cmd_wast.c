/* mujun wast: runs test scripts of the specification; totals per file, and what has failed.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/json.h"
#include "cli/load.h"
#include "cli/tier.h"
#include "shield/interp/interp.h"
#include "shield/script/script.h"

enum { WAST_ARENA_BYTES_MAX = 1 << 30 };

struct file_result {
    struct arena arena;
    struct script_report report;
    enum status status; /* of the script as a whole */
    struct diag dg;
};

static void print_line(void *ctx, const char *line)
{
    fprintf(ctx, "%s\n", line);
}

static void run_file(const char *path, const struct script_options *options,
                     struct file_result *out)
{
    struct cli_input input = {0};

    arena_init(&out->arena, (size_t)WAST_ARENA_BYTES_MAX);
    out->status = cli_input_open(path, &input, &out->dg);
    if (out->status == ST_OK)
        out->status = script_run((struct str){(const char *)input.bytes, input.size}, options,
                                 &out->arena, &out->report, &out->dg);
    cli_input_close(&input);
}

static void show_file(const char *path, const struct file_result *f, bool quiet)
{
    for (uint32_t i = 0; i < f->report.count; i++) {
        const struct script_outcome *o = &f->report.outcomes[i];
        if (!o->passed)
            printf("%s:%u:%u: %s: %s\n", path, o->line, o->column, wast_kind_text(o->kind),
                   o->message);
    }
    if (f->status != ST_OK)
        cli_report(path, &f->dg);
    if (!quiet)
        printf("%s: %u passed, %u failed\n", path, f->report.passed, f->report.failed);
}

static json_t *file_json(const char *path, const struct file_result *f)
{
    json_t *failures = json_array();

    for (uint32_t i = 0; i < f->report.count; i++) {
        const struct script_outcome *o = &f->report.outcomes[i];
        if (!o->passed)
            json_array_append_new(failures,
                                  json_pack("{s:i, s:i, s:s, s:o}", "line", (int)o->line, "column",
                                            (int)o->column, "command", wast_kind_text(o->kind),
                                            "message", cli_json_text(o->message)));
    }
    json_t *j = json_pack("{s:o, s:i, s:i, s:s, s:o}", "file", cli_json_text(path), "passed",
                          (int)f->report.passed, "failed", (int)f->report.failed, "status",
                          status_text(f->status), "failures", failures);
    if (f->status != ST_OK)
        json_object_set_new(j, "message", cli_json_text(f->dg.text));
    return j;
}

int cmd_wast(const struct cli_args *args)
{
    const struct wast_options *o = args->options;
    struct script_options options = {.tier = interp_tier(), .limits = rt_limits_default()};
    uint64_t passed = 0, failed = 0;
    struct diag dg = {0};
    struct cli_progress progress = {0};
    int exit_code = 0;

    if (args->count == 0)
        return cli_usage(args, "expected at least one script, found none");
    struct native_options native = {.must_compile = o->tier == CLI_TIER_COMPILED};
    if (o->tier == CLI_TIER_AUTO || o->tier == CLI_TIER_COMPILED) {
        options.tier = native_tier();
        options.tier_options = &native;
    }
    if (options.tier == NULL)
        return cli_usage(args, "there is no compiler for this processor");
    if (cli_opt_level(&o->opt_level, &native.opt_level, &dg) != ST_OK ||
        cli_features(&o->features, &options.features, &dg) != ST_OK)
        return cli_usage(args, "%s", dg.text);
    if (o->print) {
        options.print = print_line;
        options.print_ctx = o->json ? stderr : stdout;
    }
    json_t *list = json_array();
    for (int i = 0; i < args->count; i++) {
        struct file_result f = {0};
        cli_progress_step(&progress, (uint64_t)i, (uint64_t)args->count, args->items[i]);
        run_file(args->items[i], &options, &f);
        cli_progress_end(&progress);
        if (o->json)
            json_array_append_new(list, file_json(args->items[i], &f));
        else
            show_file(args->items[i], &f, o->quiet);
        passed += f.report.passed;
        failed += f.report.failed;
        if (exit_code == 0)
            exit_code = f.status != ST_OK      ? status_exit_code(f.status)
                        : f.report.failed != 0 ? CLI_EXIT_FAILED
                                               : 0;
        arena_free(&f.arena);
    }
    if (o->json) {
        cli_json_print(list);
        return exit_code;
    }
    if (args->count > 1)
        printf("%d files: %ju passed, %ju failed\n", args->count, (uintmax_t)passed,
               (uintmax_t)failed);
    json_decref(list);
    return exit_code;
}
