/* mujun validate: read each module, say what is wrong with it, exit by the first refusal.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/json.h"
#include "cli/load.h"

struct verdict {
    struct diag dg;
    uint32_t funcs;
    size_t size_bytes;
};

static enum status judge(const char *path, struct wm_features features, struct verdict *v)
{
    struct cli_module m = {0};
    struct wm_wat_options options = {.features = features};
    enum status st = cli_module_load(path, &options, &m, &v->dg);

    if (st == ST_OK)
        st = cli_module_validate(&m, &v->dg);
    v->funcs = m.module.func_count;
    v->size_bytes = m.input.size;
    cli_module_free(&m);
    return st;
}

static json_t *verdict_json(const char *path, enum status st, const struct verdict *v)
{
    json_t *j = json_pack("{s:o, s:b, s:s}", "file", cli_json_text(path), "valid",
                          (int)(st == ST_OK), "status", status_text(st));
    if (st == ST_OK) {
        json_object_set_new(j, "bytes", json_integer((json_int_t)v->size_bytes));
        json_object_set_new(j, "functions", json_integer(v->funcs));
        return j;
    }
    json_object_set_new(j, "message", cli_json_text(v->dg.text));
    if (v->dg.line == 0 && v->dg.offset != DIAG_NO_OFFSET)
        json_object_set_new(j, "offset", json_integer((json_int_t)v->dg.offset));
    if (v->dg.line != 0) {
        json_object_set_new(j, "line", json_integer(v->dg.line));
        json_object_set_new(j, "column", json_integer(v->dg.column));
    }
    return j;
}

int cmd_validate(const struct cli_args *args)
{
    const struct validate_options *o = args->options;
    struct wm_features features;
    struct cli_progress progress = {0};
    struct diag dg = {0};
    int exit_code = 0;

    if (args->count == 0)
        return cli_usage(args, "expected at least one module, found none");
    if (cli_features(&o->features, &features, &dg) != ST_OK)
        return cli_usage(args, "%s", dg.text);

    json_t *list = json_array();
    for (int i = 0; i < args->count; i++) {
        struct verdict v = {0};
        cli_progress_step(&progress, (uint64_t)i, (uint64_t)args->count, args->items[i]);
        enum status st = judge(args->items[i], features, &v);
        if (o->json)
            json_array_append_new(list, verdict_json(args->items[i], st, &v));
        else if (st == ST_OK && o->verbose)
            printf("%s: valid, %zu bytes, %u function%s\n", args->items[i], v.size_bytes, v.funcs,
                   v.funcs == 1 ? "" : "s");
        cli_progress_end(&progress);
        if (st != ST_OK && !o->quiet && !o->json)
            cli_report(args->items[i], &v.dg);
        if (exit_code == 0)
            exit_code = status_exit_code(st);
    }
    if (o->json)
        cli_json_print(list);
    else
        json_decref(list);
    return exit_code;
}
