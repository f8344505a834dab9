/* mujun print: binary format in, text format out. The text goes out as it is made.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/load.h"
#include "shield/wasm/print.h"

struct job {
    const struct wm_module *module;
    struct wm_print_options options;
    struct buf text;
    struct cli_sink sink;
    bool is_output; /* the refusal is about the output, not about the module */
};

static enum status flush(void *ctx, struct buf *text, struct diag *dg)
{
    struct job *job = ctx;
    enum status st = cli_sink_write(&job->sink, text->data, text->size, dg);

    job->is_output = st != ST_OK;
    text->size = 0;
    return st;
}

static enum status print_guarded(void *ctx, struct diag *dg)
{
    struct job *job = ctx;

    TRY(wm_print_module(job->module, &job->options, &job->text, dg));
    return flush(job, &job->text, dg);
}

int cmd_print(const struct cli_args *args)
{
    const struct print_options *o = args->options;
    struct wm_wat_options options = {.write_names = true};
    struct cli_module m = {0};
    struct diag dg = {0};

    if (args->count != 1)
        return cli_usage(args, "expected one module, found %d operands", args->count);
    if (o->folded && o->flat)
        return cli_usage(args, "expected --folded or --flat, found both");
    options.features = wm_features_all(); /* printing judges nothing: it shows what is there */

    const char *name = args->items[0];
    enum status st = cli_module_load(name, &options, &m, &dg);
    if (st == ST_OK) {
        struct job job = {.module = &m.module, .sink = {.path = o->output}};
        job.options = (struct wm_print_options){
            .folded = o->folded, .exact = o->exact, .flush = flush, .flush_ctx = &job};
        buf_init(&job.text, &m.arena);
        st = arena_guard(&m.arena, print_guarded, &job, &dg);
        bool is_printed = st == ST_OK;
        enum status closed = cli_sink_close(&job.sink, is_printed, is_printed ? &dg : NULL);
        if (is_printed)
            st = closed;
        if (job.is_output || (is_printed && st != ST_OK))
            name = o->output == NULL ? "standard output" : o->output;
    }
    cli_module_free(&m);
    return st == ST_OK ? 0 : cli_report(name, &dg);
}
