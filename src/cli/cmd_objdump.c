/* mujun objdump: the machine code of a module, function by function.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/json.h"
#include "cli/listing.h"

#include <inttypes.h>
#include <stdio.h>

struct job {
    struct cli_module m;
    struct listing_options options;
    bool json;
};

static void show(const struct listing *l)
{
    if (!l->has_names)
        puts("; bytes only: libcapstone4 is not installed");
    for (uint32_t i = 0; i < l->count; i++) {
        const struct explore_function *f = &l->functions[i];
        uint32_t source = 0;
        printf("%s#%u <", i == 0 ? "" : "\n", f->index);
        cli_put_name(stdout, f->name);
        printf("> %u bytes\n", f->code_bytes);
        for (uint32_t n = 0; n < f->counts[EXPLORE_CODE]; n++) {
            const struct explore_line *line = &f->lines[EXPLORE_CODE][n];
            if (line->source != source && line->source != 0)
                printf("                                                ; wasm 0x%" PRIx32 "\n",
                       line->source);
            source = line->source;
            printf("%.*s\n", STR_ARG(line->text));
        }
    }
}

static json_t *lines_json(const struct explore_function *f)
{
    json_t *lines = json_array();

    for (uint32_t n = 0; n < f->counts[EXPLORE_CODE]; n++) {
        const struct explore_line *line = &f->lines[EXPLORE_CODE][n];
        json_array_append_new(lines, json_pack("{s:I, s:s%}", "wasm", (json_int_t)line->source,
                                               "code", line->text.text, line->text.size));
    }
    return lines;
}

static void show_json(const struct listing *l)
{
    json_t *all = json_array();

    for (uint32_t i = 0; i < l->count; i++) {
        const struct explore_function *f = &l->functions[i];
        json_array_append_new(
            all, json_pack("{s:I, s:s%, s:I, s:I, s:o}", "function", (json_int_t)f->index, "name",
                           f->name.size == 0 ? "" : f->name.text, f->name.size, "offset",
                           (json_int_t)l->offsets[i], "bytes", (json_int_t)f->code_bytes, "lines",
                           lines_json(f)));
    }
    cli_json_print(all);
}

static enum status dump(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct listing listing;

    TRY(listing_make(&job->m, &job->options, &listing, dg));
    if (job->json)
        show_json(&listing);
    else
        show(&listing);
    return ST_OK;
}

int cmd_objdump(const struct cli_args *args)
{
    const struct objdump_options *o = args->options;
    struct diag dg = {0};

    if (args->count != 1)
        return cli_usage(args, "expected one module, found %d operands", args->count);
    struct job job = {.json = o->json,
                      .options = {.functions = &o->functions,
                                  .functions_max = UINT32_MAX}};
    enum status st = listing_open(args->items[0], &o->features, &o->opt_level, &job.m,
                                  &job.options, &dg);
    if (st == ST_OK)
        st = arena_guard(&job.m.arena, dump, &job, &dg);
    cli_module_free(&job.m);
    return st == ST_OK ? 0 : cli_report(args->items[0], &dg);
}
