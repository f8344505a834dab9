/* mujun desc: descriptions of system calls: checked, formatted, listed, explained.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/desc.h"

#include <string.h>

void desc_say_errors(const struct syz_sources *sources, const struct syz_errors *errors)
{
    char text[64];

    cli_target_say_errors(sources, errors);
    if (errors->total > errors->count) {
        snprintf(text, sizeof(text), "mujun desc: %u more errors", errors->total - errors->count);
        cli_say(text);
    }
}

static json_t *errors_json(const struct cli_target *loaded)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < loaded->errors.count; i++) {
        const struct syz_error *e = &loaded->errors.items[i];
        json_array_append_new(list,
                              json_pack("{s:o, s:i, s:i, s:o}", "file",
                                        cli_json_str(syz_path_of(&loaded->sources, e->pos.file)),
                                        "line", (int)e->pos.line, "column", e->pos.column,
                                        "message", cli_json_text(e->text)));
    }
    return list;
}

/* ---- check and list ---- */

static void count_reasons(const struct cli_target *loaded, unsigned counts[DESC_WHY_COUNT])
{
    for (uint32_t i = 0; i < loaded->target->call_count; i++)
        counts[loaded->target->calls[i].why]++;
}

static void check_json(const struct cli_target *loaded)
{
    const struct syz_target *t = loaded->target;
    json_t *j = json_pack("{s:s, s:i, s:i, s:o}", "arch", loaded->arch->name, "files",
                          (int)loaded->sources.count, "error_count", (int)loaded->errors.total,
                          "errors", errors_json(loaded));

    if (t != NULL) {
        unsigned counts[DESC_WHY_COUNT] = {0};
        json_t *disabled = json_object();
        count_reasons(loaded, counts);
        for (uint32_t i = 1; i < DESC_WHY_COUNT; i++)
            json_object_set_new(disabled, desc_why_word((enum syz_why)i), json_integer(counts[i]));
        json_object_set_new(j, "calls", json_integer(t->call_count));
        json_object_set_new(j, "enabled", json_integer(t->enabled_count));
        json_object_set_new(j, "disabled", disabled);
        json_object_set_new(j, "structs", json_integer(t->struct_count));
        json_object_set_new(j, "unions", json_integer(t->union_count));
        json_object_set_new(j, "flags", json_integer(t->flags_count));
        json_object_set_new(j, "resources", json_integer(t->resource_count));
        json_object_set_new(j, "types", json_integer(t->type_count));
    }
    cli_json_print(j);
}

static void check_table(const struct cli_target *loaded)
{
    const struct syz_target *t = loaded->target;
    unsigned counts[DESC_WHY_COUNT] = {0};

    count_reasons(loaded, counts);
    printf("%u files for %s: %u calls, %u enabled\n", loaded->sources.count, loaded->arch->name,
           t->call_count, t->enabled_count);
    for (uint32_t i = 1; i < DESC_WHY_COUNT; i++)
        if (counts[i] != 0)
            printf("%8u disabled: %s\n", counts[i], desc_why_text((enum syz_why)i));
    printf("%u structs, %u unions, %u sets of flags, %u resources; %u types in all\n",
           t->struct_count, t->union_count, t->flags_count, t->resource_count, t->type_count);
}

static void list_calls(const struct cli_target *loaded, bool json)
{
    json_t *list = json ? json_array() : NULL;
    char why[512];

    for (uint32_t i = 0; i < loaded->target->call_count; i++) {
        const struct syz_call *call = &loaded->target->calls[i];
        desc_why_sentence(loaded, call, why, sizeof(why));
        if (json) {
            json_t *j = json_pack("{s:o, s:b, s:o}", "name", cli_json_str(call->name), "enabled",
                                  call->why == SYZ_ENABLED, "why", cli_json_text(why));
            json_object_set_new(j, "number",
                                call->number < 0 ? json_null() : json_integer(call->number));
            json_array_append_new(list, j);
        } else if (call->number < 0) {
            printf("     -  %.*s  %s\n", STR_ARG(call->name), why);
        } else {
            printf("%6jd  %.*s  %s\n", (intmax_t)call->number, STR_ARG(call->name), why);
        }
    }
    if (json)
        cli_json_print(list);
}

/* ---- fmt ---- */

struct fmt_job {
    const char *path;
    struct arena arena;
    struct syz_sources sources;
    struct syz_errors errors;
    struct buf out;
};

static enum status format_one(void *ctx, struct diag *dg)
{
    struct fmt_job *job = ctx;

    TRY(syz_load(job->path, &job->sources, &job->arena, dg));
    job->errors.arena = &job->arena;
    buf_init(&job->out, &job->arena);
    struct ast_file *file = ast_parse(job->sources.items[0].text, 0, &job->arena, &job->errors);
    if (job->errors.total != 0)
        return diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET, "%u errors", job->errors.total);
    ast_print(file, &job->out);
    return ST_OK;
}

/* Exit code: 0, 1 when the file would change, or that of a refusal. */
static int format_file(const char *path, bool check)
{
    struct fmt_job job = {.path = path};
    struct diag dg = {0};

    arena_init(&job.arena, DESC_ARENA_BYTES);
    enum status st = arena_guard(&job.arena, format_one, &job, &dg);
    int exit_code = status_exit_code(st);
    if (job.errors.total != 0) {
        desc_say_errors(&job.sources, &job.errors);
    } else if (st != ST_OK) {
        cli_report("mujun desc", &dg);
    } else {
        struct str now = {(const char *)job.out.data, job.out.size};
        if (!str_equal(now, job.sources.items[0].text)) {
            exit_code = check ? CLI_EXIT_FAILED : 0;
            puts(path);
            if (!check && cli_output(path, now.text, now.size, &dg) != ST_OK)
                exit_code = cli_report(path, &dg);
        }
    }
    arena_free(&job.arena);
    return exit_code;
}

static int format_files(const struct cli_args *args, bool check)
{
    int exit_code = 0;

    for (int i = 1; i < args->count; i++) {
        int result = 0;
        if (strlen(args->items[i]) < 5 ||
            strcmp(args->items[i] + strlen(args->items[i]) - 4, ".txt") != 0)
            result = cli_usage(args, "fmt expects .txt files, found %s", args->items[i]);
        else
            result = format_file(args->items[i], check);
        exit_code = MAX(exit_code, result);
    }
    return exit_code;
}

/* ---- */

enum action { CHECK, FMT, LIST, EXPLAIN, LAYOUT, EXTRACT, ACTION_COUNT };
static const char *const action_names[] = {"check", "fmt", "list", "explain", "layout", "extract"};
#define ACTIONS "check, fmt, list, explain, layout or extract"

static int run(enum action action, const struct cli_args *args, const struct desc_options *o)
{
    const int before_paths = action == EXPLAIN ? 2 : 1;
    const struct syz_arch *arch;
    struct cli_target loaded = {0};
    struct diag dg = {0};

    if (cli_arch_find(o->arch, &arch, &dg) != ST_OK)
        return cli_usage(args, "%s", dg.text);
    if (action == EXTRACT)
        return desc_extract(args, arch, o);
    enum status st = cli_target_compile((const char *const *)args->items + before_paths,
                                        (uint32_t)(args->count - before_paths), arch, &loaded, &dg);
    int exit_code = status_exit_code(st);
    if (st != ST_OK && loaded.errors.total == 0)
        exit_code = cli_report("mujun desc", &dg);
    else if (action == CHECK && o->json)
        check_json(&loaded);
    else if (st != ST_OK)
        desc_say_errors(&loaded.sources, &loaded.errors);
    else if (action == CHECK)
        check_table(&loaded);
    else if (action == LIST)
        list_calls(&loaded, o->json);
    else if (action == LAYOUT)
        desc_layout(&loaded, o->json);
    else
        exit_code = desc_explain(&loaded, args, args->items[1], o->json);
    cli_target_free(&loaded);
    return exit_code;
}

int cmd_desc(const struct cli_args *args)
{
    const struct desc_options *o = args->options;
    struct nearest near = {.word = args->count != 0 ? args->items[0] : ""};
    uint32_t action = 0;

    while (action < ACTION_COUNT && strcmp(near.word, action_names[action]) != 0)
        nearest_try(&near, action_names[action++]);
    if (args->count == 0)
        return cli_usage(args, "expected " ACTIONS ", found nothing");
    if (action == ACTION_COUNT)
        return cli_usage(args, "expected " ACTIONS ", found %s%s%s", near.word,
                         near.best != NULL ? "; did you mean " : "",
                         near.best != NULL ? near.best : "");
    if (o->check && action != FMT && action != EXTRACT)
        return cli_usage(args, "--check belongs to fmt and extract");
    if ((o->cc != NULL || o->headers != NULL) && action != EXTRACT)
        return cli_usage(args, "--cc and --headers belong to extract");
    if (action == EXPLAIN && args->count < 2)
        return cli_usage(args, "explain expects a call, then files or folders");
    if (args->count < 2 && (action == FMT || action == EXTRACT))
        return cli_usage(args, "%s expects files or folders, found none", action_names[action]);
    if (action == FMT && (o->json || o->arch != NULL))
        return cli_usage(args, "fmt takes neither --arch nor --json");
    return action == FMT ? format_files(args, o->check) : run((enum action)action, args, o);
}
