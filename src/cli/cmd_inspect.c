/* mujun inspect: what a module is made of, as tables or JSON. Every feature is on.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/json.h"
#include "cli/load.h"
#include "shield/compile/translate.h"
#include "shield/native/native.h"
#include "shield/wasm/inspect.h"
#include "shield/wasm/names.h"

#include <string.h>

/* One inspection with all it needs; lives for one file. */
struct job {
    struct cli_module m;
    struct wm_inspection found;
    struct str largest_name;
    const char *tier;     /* that mujun run would choose; "none" for an invalid module */
    struct diag tier_why; /* text empty: nothing to say */
};

/* As the compiler decides when a module is made. */
static void find_tier(struct job *job)
{
    job->tier = "compiled";
    if (cli_module_validate(&job->m, &job->tier_why) != ST_OK)
        job->tier = "none";
    else if (native_tier() == NULL)
        job->tier = "interpreter";
    else if (translate_supported(&job->m.module, &job->tier_why) != ST_OK)
        job->tier = "interpreter";
}

static enum status inspect_guarded(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct arena *a = &job->m.arena;

    TRY(wm_inspect(&job->m.module, a, &job->found, dg));
    job->largest_name =
        wm_name_of(wm_names_read(&job->m.module, a), WM_NAME_FUNC, job->found.largest_func);
    find_tier(job);
    return ST_OK;
}

/* ---- tables ---- */

static void show_summary(const char *path, const struct job *job)
{
    const struct wm_inspection *in = &job->found;
    const struct wm_module *m = &job->m.module;

    printf("%s: %u bytes", path, in->size_bytes);
    if (in->module_name.size != 0) {
        fputs(", module ", stdout);
        cli_put_name(stdout, in->module_name);
    }
    printf("\n%u functions (%u imported, %u named), %u tables, %u memories, %u globals, %u tags\n",
           m->func_count, m->func_imports, in->named_funcs, m->table_count, m->memory_count,
           m->global_count, m->tag_count);
    printf("%ju instructions in %ju bytes of code, %ju bytes of data\n",
           (uintmax_t)in->instruction_count, (uintmax_t)in->code_bytes, (uintmax_t)in->data_bytes);
    if (in->largest_func != WM_NO_INDEX) {
        printf("largest function: %u", in->largest_func);
        if (job->largest_name.size != 0) {
            fputs(" (", stdout);
            cli_put_name(stdout, job->largest_name);
            putchar(')');
        }
        printf(", %u bytes\n", in->largest_bytes);
    }
    printf("tier: %s%s%s\n", job->tier, job->tier_why.text[0] != '\0' ? ", because " : "",
           job->tier_why.text);
}

static void show_sections(const struct wm_inspection *in)
{
    if (in->section_count == 0)
        return;
    puts("\n    offset       bytes     count  section");
    for (uint32_t i = 0; i < in->section_count; i++) {
        const struct wm_inspect_section *s = &in->sections[i];
        printf("%#10x  %10u  ", s->offset, s->size);
        if (s->name.size == 0)
            printf("%8u  %s", s->count, s->kind);
        else
            printf("%8s  %s ", "", s->kind);
        cli_put_name(stdout, s->name);
        putchar('\n');
    }
}

static void show_externs(const char *title, const struct wm_inspect_extern *list, uint32_t count)
{
    if (count != 0)
        printf("\n%s:\n", title);
    for (uint32_t i = 0; i < count; i++) {
        fputs("  ", stdout);
        if (list[i].module.text != NULL) {
            cli_put_name(stdout, list[i].module);
            putchar(' ');
        }
        cli_put_name(stdout, list[i].name);
        printf("  %.*s\n", (int)list[i].type.size, list[i].type.text);
    }
}

static void show_features(const struct wm_inspection *in)
{
    if (in->section_count == 0)
        return;
    puts("\nfeatures, and how often they are used:");
    for (uint32_t i = 0; i < WM_FEATURE_COUNT; i++)
        if (in->uses[i] != 0)
            printf("  %-22s %10ju%s\n", wm_feature_info[i].name, (uintmax_t)in->uses[i],
                   wm_feature_info[i].is_default ? "" : "  needs --feature");
}

static void show_producers(const struct wm_inspection *in)
{
    if (in->producer_count != 0)
        puts("\nproducers:");
    for (uint32_t i = 0; i < in->producer_count; i++) {
        const struct wm_inspect_producer *p = &in->producers[i];
        const struct str words[] = {p->field, p->name, p->version};
        putchar(' ');
        for (uint32_t j = 0; j < LENGTH_OF(words); j++) {
            putchar(' ');
            cli_put_name(stdout, words[j]);
        }
        putchar('\n');
    }
}

static void show(const char *path, const struct job *job)
{
    const struct wm_inspection *in = &job->found;

    show_summary(path, job);
    show_sections(in);
    show_externs("imports", in->imports, in->import_count);
    show_externs("exports", in->exports, in->export_count);
    show_features(in);
    show_producers(in);
}

/* ---- JSON ---- */

static json_t *sections_json(const struct wm_inspection *in)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < in->section_count; i++) {
        const struct wm_inspect_section *s = &in->sections[i];
        json_t *j = json_pack("{s:s, s:I, s:I}", "section", s->kind, "offset",
                              (json_int_t)s->offset, "bytes", (json_int_t)s->size);
        if (s->name.text != NULL)
            json_object_set_new(j, "name", cli_json_str(s->name));
        else
            json_object_set_new(j, "count", json_integer(s->count));
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *externs_json(const struct wm_inspect_extern *externs, uint32_t count)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < count; i++) {
        json_t *j = json_object();
        if (externs[i].module.text != NULL)
            json_object_set_new(j, "module", cli_json_str(externs[i].module));
        json_object_set_new(j, "name", cli_json_str(externs[i].name));
        json_object_set_new(j, "kind", json_string(wm_extern_kind_text(externs[i].kind)));
        json_object_set_new(j, "index", json_integer(externs[i].index));
        json_object_set_new(j, "type", cli_json_str(externs[i].type));
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *features_json(const struct wm_inspection *in)
{
    json_t *j = json_object();

    for (uint32_t i = 0; i < WM_FEATURE_COUNT; i++)
        if (in->uses[i] != 0)
            json_object_set_new(j, wm_feature_info[i].name, json_integer((json_int_t)in->uses[i]));
    return j;
}

static json_t *producers_json(const struct wm_inspection *in)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < in->producer_count; i++)
        json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "field",
                                              cli_json_str(in->producers[i].field), "name",
                                              cli_json_str(in->producers[i].name), "version",
                                              cli_json_str(in->producers[i].version)));
    return list;
}

static json_t *inspection_json(const char *path, const struct job *job)
{
    const struct wm_inspection *in = &job->found;
    const struct wm_module *m = &job->m.module;
    json_t *j = json_pack("{s:o, s:I, s:o}", "file", cli_json_text(path), "bytes",
                          (json_int_t)in->size_bytes, "name", cli_json_str(in->module_name));

    json_object_set_new(j, "counts",
                        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "functions",
                                  (json_int_t)m->func_count, "imported_functions",
                                  (json_int_t)m->func_imports, "named_functions",
                                  (json_int_t)in->named_funcs, "tables", (json_int_t)m->table_count,
                                  "memories", (json_int_t)m->memory_count, "globals",
                                  (json_int_t)m->global_count, "tags", (json_int_t)m->tag_count));
    json_object_set_new(j, "instructions", json_integer((json_int_t)in->instruction_count));
    json_object_set_new(j, "code_bytes", json_integer((json_int_t)in->code_bytes));
    json_object_set_new(j, "data_bytes", json_integer((json_int_t)in->data_bytes));
    if (in->largest_func != WM_NO_INDEX)
        json_object_set_new(j, "largest_function",
                            json_pack("{s:I, s:o, s:I}", "index", (json_int_t)in->largest_func,
                                      "name", cli_json_str(job->largest_name), "bytes",
                                      (json_int_t)in->largest_bytes));
    json_object_set_new(j, "tier", json_string(job->tier));
    if (job->tier_why.text[0] != '\0')
        json_object_set_new(j, "tier_reason", cli_json_text(job->tier_why.text));
    json_object_set_new(j, "sections", sections_json(in));
    json_object_set_new(j, "imports", externs_json(in->imports, in->import_count));
    json_object_set_new(j, "exports", externs_json(in->exports, in->export_count));
    json_object_set_new(j, "features", features_json(in));
    json_object_set_new(j, "producers", producers_json(in));
    return j;
}

int cmd_inspect(const struct cli_args *args)
{
    const struct inspect_options *o = args->options;
    const struct wm_wat_options options = {.features = wm_features_all(), .write_names = true};
    json_t *list = json_array();
    int exit_code = 0, shown = 0;

    if (args->count == 0) {
        json_decref(list);
        return cli_usage(args, "expected at least one module, found none");
    }
    for (int i = 0; i < args->count; i++) {
        struct job job = {0};
        struct diag dg = {0};
        enum status st = cli_module_load(args->items[i], &options, &job.m, &dg);
        if (st == ST_OK)
            st = arena_guard(&job.m.arena, inspect_guarded, &job, &dg);
        if (st != ST_OK)
            exit_code = exit_code != 0 ? exit_code : status_exit_code(st);
        if (st != ST_OK) {
            cli_report(args->items[i], &dg);
        } else if (o->json) {
            json_array_append_new(list, inspection_json(args->items[i], &job));
        } else {
            if (shown++ != 0)
                putchar('\n');
            show(args->items[i], &job);
        }
        cli_module_free(&job.m);
    }
    if (o->json)
        cli_json_print(list);
    else
        json_decref(list);
    return exit_code;
}
