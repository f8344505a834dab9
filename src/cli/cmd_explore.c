/* mujun explore: a page with the text, the IR and the machine code of a module side by side.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/listing.h"

#include <stdio.h>
#include <string.h>

enum { FUNCTIONS_MAX = 2000 }; /* a page of more is no pleasure in any browser */

struct job {
    struct cli_module m;
    struct listing_options options;
    const char *path;
    const char *output;
};

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

static enum status explore(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct buf page, note;
    struct listing listing;

    TRY(listing_make(&job->m, &job->options, &listing, dg));
    buf_init(&page, &job->m.arena);
    buf_init(&note, &job->m.arena);
    buf_printf(&note, "%u functions, %s.", listing.count,
               job->options.optimise ? "optimised" : "not optimised");
    if (listing.left_out > 0)
        buf_printf(&note, " %u more are left out; choose with --function.", listing.left_out);
    if (!listing.has_names)
        buf_text(&note, " Machine code as bytes: libcapstone4 is not installed.");
    explore_page(listing.functions, listing.count, str_of(file_name(job->path)),
                 (struct str){(const char *)note.data, note.size}, &page);
    return cli_output(job->output, page.data, page.size, dg);
}

int cmd_explore(const struct cli_args *args)
{
    const struct explore_options *o = args->options;
    struct diag dg = {0};

    if (args->count != 1)
        return cli_usage(args, "expected one module, found %d operands", args->count);
    struct job job = {.path = args->items[0],
                      .output = o->output,
                      .options = {.functions = &o->functions,
                                  .with_text = true,
                                  .with_ir = true,
                                  .ir_before = o->ir_before,
                                  .functions_max = FUNCTIONS_MAX}};
    enum status st = listing_open(job.path, &o->features, &o->opt_level, &job.m, &job.options, &dg);
    if (st == ST_OK)
        st = arena_guard(&job.m.arena, explore, &job, &dg);
    cli_module_free(&job.m);
    return st == ST_OK ? 0 : cli_report(job.path, &dg);
}
