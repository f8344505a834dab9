/* listing: see listing.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/listing.h"

#include "cli/disassemble.h"
#include "cli/tier.h"
#include "shield/compile/pipeline.h"
#include "shield/ir/text.h"
#include "shield/wasm/names.h"
#include "shield/wasm/print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct mark {
    uint64_t offset; /* as wm_print_options.mark gives it */
    size_t position;
};

struct maker {
    struct cli_module *m;
    const struct listing_options *options;
    struct listing *out;
    struct arena *arena;
    uint32_t *slot_of; /* per defined function: its place in out->functions + 1, 0: not wanted */
    struct mark *marks;
    uint32_t mark_count, mark_capacity;
    struct disassembler *disassembler;
};

static void add_line(struct maker *k, struct explore_function *f, enum explore_column c,
                     uint32_t source, struct str text)
{
    const struct explore_line line = {source, text};

    ARENA_PUSH(k->arena, f->lines[c], f->counts[c], f->capacities[c], line);
}

/* ---- which functions ------------------------------------------------------------------------- */

static bool has_part(struct str name, const char *part)
{
    return memmem(name.text, name.size, part, strlen(part)) != NULL;
}

static bool is_wanted(const struct maker *k, uint32_t index, struct str name)
{
    const struct cli_list *l = k->options->functions;

    for (size_t i = 0; i < l->count; i++) {
        char *end = NULL;
        const unsigned long number = strtoul(l->items[i], &end, 10);
        if (*end == '\0' ? number == index : has_part(name, l->items[i]))
            return true;
    }
    return l->count == 0;
}

static enum status choose(struct maker *k, struct diag *dg)
{
    const struct wm_module *wm = &k->m->module;
    const struct wm_names *names = wm_names_read(wm, k->arena);

    k->slot_of = arena_new(k->arena, uint32_t, wm->code_count);
    k->out->functions = arena_new(k->arena, struct explore_function, wm->code_count);
    k->out->offsets = arena_new(k->arena, uint32_t, wm->code_count);
    for (uint32_t i = 0; i < wm->code_count; i++) {
        const uint32_t index = wm->func_imports + i;
        const struct str name = wm_name_of(names, WM_NAME_FUNC, index);
        if (!is_wanted(k, index, name))
            continue;
        if (k->out->count == k->options->functions_max) {
            k->out->left_out++;
            continue;
        }
        k->out->functions[k->out->count] = (struct explore_function){
            .index = index, .name = name, .wasm_bytes = (uint32_t)wm->codes[i].body.size};
        k->slot_of[i] = ++k->out->count;
    }
    if (k->out->count == 0)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "no function has such a name or number; "
                         "`mujun inspect --json` lists them");
    return ST_OK;
}

static struct explore_function *chosen(const struct maker *k, uint32_t defined)
{
    const uint32_t slot = k->slot_of[defined];

    return slot == 0 ? NULL : &k->out->functions[slot - 1];
}

/* ---- text ------------------------------------------------------------------------------------ */

static void note_mark(void *ctx, uint64_t offset, size_t position)
{
    struct maker *k = ctx;
    const struct mark mark = {offset, position};

    ARENA_PUSH(k->arena, k->marks, k->mark_count, k->mark_capacity, mark);
}

/* A piece of text as lines; the first line break belongs to the line before. */
static void add_text(struct maker *k, struct explore_function *f, uint32_t source, struct str text)
{
    size_t from = text.size > 0 && text.text[0] == '\n';

    for (size_t i = from; i <= text.size; i++)
        if (i == text.size || text.text[i] == '\n') {
            if (i > from || i < text.size)
                add_line(k, f, EXPLORE_TEXT, source, (struct str){text.text + from, i - from});
            from = i + 1;
        }
}

static enum status list_text(struct maker *k, struct diag *dg)
{
    const struct wm_print_options options = {.mark = note_mark, .mark_ctx = k};
    const uint32_t imports = k->m->module.func_imports;
    struct explore_function *f = NULL;
    struct buf text;

    buf_init(&text, k->arena);
    TRY(wm_print_module(&k->m->module, &options, &text, dg));
    for (uint32_t i = 0; i < k->mark_count; i++) {
        const struct mark *mark = &k->marks[i];
        const bool is_func = mark->offset >= WM_PRINT_FUNC;
        const size_t end = i + 1 < k->mark_count ? mark[1].position : text.size;
        if (is_func)
            f = chosen(k, (uint32_t)(mark->offset - WM_PRINT_FUNC) - imports);
        if (f != NULL)
            add_text(k, f, is_func ? 0 : (uint32_t)mark->offset,
                     (struct str){(const char *)text.data + mark->position, end - mark->position});
    }
    return ST_OK;
}

/* ---- IR -------------------------------------------------------------------------------------- */

/* Takes " @123" off the end of a line of IR. */
static uint32_t take_source(struct str *line)
{
    size_t i = line->size;
    uint32_t source = 0, place = 1;

    while (i > 0 && line->text[i - 1] >= '0' && line->text[i - 1] <= '9') {
        source += (uint32_t)(line->text[--i] - '0') * place;
        place *= 10;
    }
    if (i < 2 || i == line->size || line->text[i - 1] != '@' || line->text[i - 2] != ' ')
        return 0;
    line->size = i - 2;
    return source;
}

static void list_ir(void *ctx, enum pipeline_stage stage, const struct ir_func *ir)
{
    struct maker *k = ctx;
    struct explore_function *f = chosen(k, ir->number);
    const enum pipeline_stage wanted =
        k->options->ir_before || !k->options->optimise ? PIPELINE_TRANSLATED : PIPELINE_OPTIMISED;
    struct buf text;

    if (f == NULL || stage != wanted || !k->options->with_ir)
        return;
    buf_init(&text, k->arena);
    ir_print(ir, IR_PRINT_NUMBERS, &text);
    for (size_t from = 0, i = 0; i < text.size; i++) {
        if (text.data[i] != '\n')
            continue;
        struct str line = {(const char *)text.data + from, i - from};
        const uint32_t source = take_source(&line);
        add_line(k, f, EXPLORE_IR, source, line);
        from = i + 1;
    }
}

/* ---- machine code ---------------------------------------------------------------------------- */

static void list_code(struct maker *k, const struct image *image, uint32_t defined)
{
    struct explore_function *f = chosen(k, defined);
    const struct image_func *func = &image->funcs[defined];
    struct image_sources sources = image_sources_of(image, func);
    struct disassembled one;

    if (f == NULL)
        return;
    f->code_bytes = func->size;
    k->out->offsets[f - k->out->functions] = func->offset;
    for (uint32_t at = 0; at < func->size; at += one.size) {
        const uint32_t offset = func->offset + at;
        struct buf line;
        disassemble(k->disassembler, image->text + offset, func->size - at, offset, &one);
        buf_init(&line, k->arena);
        buf_printf(&line, "%6" PRIx32 "  %s", offset, one.text);
        add_line(k, f, EXPLORE_CODE, image_sources_at(&sources, offset),
                 (struct str){(const char *)line.data, line.size});
    }
}

static enum status list_image(void *ctx, struct diag *dg)
{
    struct maker *k = ctx;
    static const uint8_t no_digest[32];
    struct pipeline_options options = pipeline_options_default();
    struct image *image = NULL;

    options.optimise = k->options->optimise;
    options.threads = 1; /* so that the watcher is called on this one */
    options.watch = list_ir;
    options.watch_ctx = k;
    TRY(choose(k, dg));
    if (k->options->with_text)
        TRY(list_text(k, dg));
    TRY(compile_module(&k->m->module, no_digest, &options, &image, NULL, dg));
    for (uint32_t i = 0; i < image->func_count; i++)
        list_code(k, image, i);
    image_release(image);
    return ST_OK;
}

enum status listing_make(struct cli_module *m, const struct listing_options *options,
                         struct listing *out, struct diag *dg)
{
    struct maker k = {.m = m, .options = options, .out = out, .arena = &m->arena};

    *out = (struct listing){0};
    TRY(disassembler_new(&k.disassembler, dg));
    out->has_names = disassembler_has_names(k.disassembler);
    const enum status st = arena_guard(&m->arena, list_image, &k, dg);
    disassembler_free(k.disassembler);
    return st;
}

enum status listing_open(const char *path, const struct cli_list *features,
                         const struct cli_number *level, struct cli_module *m,
                         struct listing_options *options, struct diag *dg)
{
    struct wm_wat_options wat = {.write_names = true};
    uint32_t opt_level = 2;

    TRY(cli_opt_level(level, &opt_level, dg));
    options->optimise = opt_level > 0;
    TRY(cli_features(features, &wat.features, dg));
    TRY(cli_module_load(path, &wat, m, dg));
    return cli_module_validate(m, dg);
}
