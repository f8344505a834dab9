/* mujun report: what a kernel's console log says about its death: the title under which the crash
 * is known, whether to trust it, and the report alone. SPDX-License-Identifier: Apache-2.0 */
#include "cli/json.h"
#include "cli/load.h"
#include "spear/kernel/symbolize.h"

#include <string.h>

/* One log with the report that is parsed out of it. */
struct job {
    struct arena arena;
    struct str console;
    struct report report;
    struct symbols *symbols; /* NULL: not asked for */
    const char *source_dir;
    struct symbolized lines; /* with symbols */
};

static enum status parse_guarded(void *ctx, struct diag *dg)
{
    struct job *job = ctx;

    (void)dg;
    report_parse(&job->arena, job->console, 0, &job->report);
    if (job->symbols != NULL && job->report.title.size != 0) {
        report_symbolize(&job->arena, job->symbols, &job->report, job->source_dir, &job->lines);
        job->report.text = job->lines.text;
    }
    return ST_OK;
}

static void show_field(const char *name, struct str value)
{
    printf("%-11s ", name);
    cli_put_name(stdout, value);
    putchar('\n');
}

static void show_lines(struct str text)
{
    while (text.size != 0) {
        const char *newline = memchr(text.text, '\n', text.size);
        size_t size = newline == NULL ? text.size : (size_t)(newline - text.text);
        cli_put_name(stdout, (struct str){text.text, size});
        putchar('\n');
        size += size < text.size;
        text = (struct str){text.text + size, text.size - size};
    }
}

static void show_place(const struct symbolized *lines)
{
    if (lines->file.size != 0)
        printf("%-11s %.*s:%u\n", "file:", (int)lines->file.size, lines->file.text, lines->line);
    if (lines->source.size != 0) {
        putchar('\n');
        show_lines(lines->source);
    }
}

static void show(const struct report *r, const struct symbolized *lines)
{
    show_field("title:", r->title);
    for (uint32_t i = 0; i < r->alt_count; i++)
        show_field("also:", r->alts[i]);
    show_field("type:", r->type == NULL ? STR("unknown") : str_of(r->type));
    if (r->function.size != 0)
        show_field("function:", r->function);
    show_field("corrupted:", r->corrupted == NULL ? STR("no") : str_of(r->corrupted));
    if (r->is_suppressed)
        show_field("suppressed:", STR("yes, the console shows a failure that is not the kernel's"));
    if (r->has_executor)
        printf("%-11s process %ju, program %ju\n", "executor:", (uintmax_t)r->executor_proc,
               (uintmax_t)r->executor_id);
    show_place(lines);
    putchar('\n');
    show_lines(r->text);
}

static json_t *text_or_null(const char *text)
{
    return text == NULL ? json_null() : json_string(text);
}

static json_t *place_json(const struct symbolized *lines)
{
    if (lines->file.size == 0)
        return json_null();
    return json_pack("{s:o, s:I, s:o}", "file", cli_json_str(lines->file), "line",
                     (json_int_t)lines->line, "source", cli_json_str(lines->source));
}

static json_t *report_json(const struct report *r, const struct symbolized *lines)
{
    json_t *alts = json_array();
    json_t *executor = json_null();

    for (uint32_t i = 0; i < r->alt_count; i++)
        json_array_append_new(alts, cli_json_str(r->alts[i]));
    if (r->has_executor)
        executor = json_pack("{s:I, s:I}", "proc", (json_int_t)r->executor_proc, "id",
                             (json_int_t)r->executor_id);
    return json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:b, s:o, s:o, s:I, s:I, s:o}", "title",
                     cli_json_str(r->title), "alternatives", alts, "type", text_or_null(r->type),
                     "severity", (json_int_t)r->severity, "function", cli_json_str(r->function),
                     "corrupted", text_or_null(r->corrupted), "suppressed", (int)r->is_suppressed,
                     "executor", executor, "place", place_json(lines), "start",
                     (json_int_t)r->spot.start, "end", (json_int_t)r->end, "report",
                     cli_json_str(r->text));
}

static void print_report(const struct report_options *o, const struct job *job)
{
    const struct report *r = &job->report;

    if (o->json) {
        cli_json_print(report_json(r, &job->lines));
    } else if (o->title) {
        cli_put_name(stdout, r->title);
        putchar('\n');
    } else {
        show(r, &job->lines);
    }
}

int cmd_report(const struct cli_args *args)
{
    const struct report_options *o = args->options;
    struct cli_input in = {0};
    struct job job = {0};
    struct diag dg = {0};

    if (args->count != 1)
        return cli_usage(args, "expected one console log (- is standard input), found %d",
                         args->count);
    arena_init(&job.arena, REPORT_ARENA_BYTES);
    job.source_dir = o->source;
    enum status st = ST_OK;
    if (o->vmlinux != NULL)
        st = symbols_open(o->vmlinux, &job.symbols, &dg);
    if (st == ST_OK)
        st = cli_input_open(args->items[0], &in, &dg);
    if (st == ST_OK) {
        job.console = (struct str){(const char *)in.bytes, in.size};
        st = arena_guard(&job.arena, parse_guarded, &job, &dg);
    }
    int exit_code = status_exit_code(st);
    if (st != ST_OK) {
        cli_report(args->items[0], &dg);
    } else if (job.report.title.size == 0) {
        if (!o->json)
            fprintf(stderr, "%s: no crash in %zu bytes\n", args->items[0], in.size);
        else
            cli_json_print(json_pack("{s:n}", "title"));
        exit_code = CLI_EXIT_FAILED;
    } else {
        print_report(o, &job);
    }
    cli_input_close(&in);
    arena_free(&job.arena);
    if (job.symbols != NULL)
        symbols_close(job.symbols);
    return exit_code;
}
