/*
 * wat_source: the public entry of the text parser, and the way back from byte offsets to lines.
 * Nothing is recorded on the way in: a source map remembers the text, and only a refusal parses it
 * again, noting where every instruction and field came from.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasm/wat_int.h"

#include "shield/wasm/read.h"

struct wm_source_map {
    struct str text; /* borrowed */
    struct wm_wat_options options;
    size_t limit_bytes; /* of the arena the text was parsed with */
};

/* ---- one module per text --------------------------------------------------------------------- */

/* The fields of "(module $id? ...)", or of a text that is nothing but fields. */
static enum status module_range(struct wat_lexed *lx, const struct wat_token **first,
                                const struct wat_token **end, uint32_t *id, struct diag *dg)
{
    const struct wat_token *t = lx->tokens;

    *first = t;
    *end = lx->tokens + lx->count;
    *id = WAT_NO_SYMBOL;
    if (t->kind != WAT_TOK_OPEN || !wat_is_word(t + 1, WAT_MODULE))
        return ST_OK;
    *end = lx->tokens + t->pair;
    *first = t + 2;
    if ((*first)->kind == WAT_TOK_ID)
        *id = (*first)++->symbol;
    if ((*end)[1].kind != WAT_TOK_END)
        return wat_fail_at(lx->text, (*end)[1].offset, dg, ST_MALFORMED,
                           "expected the end of the text behind the module");
    return ST_OK;
}

struct job {
    struct str text;
    const struct wm_wat_options *options;
    struct arena *scratch, *out;
    struct str *bytes;
    struct wat_origins *origins; /* NULL, or to be filled */
    struct wm_source_map **map;  /* NULL, or to be made */
};

/* (module binary "..."*) and (module quote "..."*) have no fields but strings. */
static enum status string_module(struct job *job, struct wat_lexed *lx,
                                 const struct wat_token *first, bool is_quote, struct diag *dg)
{
    struct buf content;

    buf_init(&content, is_quote ? job->scratch : job->out);
    for (; first->kind == WAT_TOK_STRING; first++)
        wat_string_decode(lx, first, &content);
    if (first->kind != WAT_TOK_CLOSE)
        return wat_fail_at(lx->text, first->offset, dg, ST_MALFORMED, "expected a string or )");
    *job->bytes = (struct str){(const char *)content.data, content.size};
    if (!is_quote)
        return ST_OK;
    struct wm_wat_options options = *job->options;
    struct str text = *job->bytes;
    return diag_in(dg, wm_wat_parse(text, &options, job->out, job->bytes, NULL, dg),
                   "the quoted module");
}

static enum status parse_text(struct job *job, struct diag *dg)
{
    struct wat_lexed lx;
    const struct wat_token *first, *end;
    uint32_t id;

    TRY(wat_lex(job->text, job->options->features, job->scratch, &lx, dg));
    TRY(module_range(&lx, &first, &end, &id, dg));
    if (wat_is_word(first, WAT_BINARY) || wat_is_word(first, WAT_QUOTE))
        return string_module(job, &lx, first + 1, wat_is_word(first, WAT_QUOTE), dg);
    return wat_parse_range(&lx, first, end, id, job->options, job->scratch, job->out, job->bytes,
                           job->origins, dg);
}

static enum status in_scratch(void *ctx, struct diag *dg)
{
    return parse_text(ctx, dg);
}

static enum status in_out(void *ctx, struct diag *dg)
{
    struct job *job = ctx;

    TRY(arena_guard(job->scratch, in_scratch, job, dg));
    if (job->map == NULL)
        return ST_OK;
    *job->map = arena_new(job->out, struct wm_source_map, 1);
    **job->map = (struct wm_source_map){job->text, *job->options, job->out->limit_bytes};
    return ST_OK;
}

enum status wm_wat_parse(struct str text, const struct wm_wat_options *options, struct arena *arena,
                         struct str *bytes, struct wm_source_map **map, struct diag *dg)
{
    struct arena scratch;
    struct str result = {0};
    struct job job = {.text = text,
                      .options = options,
                      .scratch = &scratch,
                      .out = arena,
                      .bytes = &result,
                      .map = map};

    arena_init(&scratch, arena->limit_bytes);
    enum status st = arena_guard(arena, in_out, &job, dg);
    arena_free(&scratch);
    if (st == ST_OK)
        *bytes = result;
    return st;
}

/* ---- the way back ---------------------------------------------------------------------------- */

/* Where the code that an origin belongs to stands in the module. */
static struct wm_bytes owner_bytes(const struct wm_module *m, const struct wat_origin *o)
{
    struct wm_bytes none = {0};

    switch ((enum wat_origin_kind)o->kind) {
    case WAT_ORIGIN_CODE: return o->owner < m->code_count ? m->codes[o->owner].body : none;
    case WAT_ORIGIN_GLOBAL: return o->owner < m->global_count ? m->globals[o->owner].init : none;
    case WAT_ORIGIN_TABLE: return o->owner < m->table_count ? m->tables[o->owner].init : none;
    case WAT_ORIGIN_ELEM_OFFSET: return o->owner < m->elem_count ? m->elems[o->owner].offset : none;
    case WAT_ORIGIN_ELEM_ITEMS: return o->owner < m->elem_count ? m->elems[o->owner].items : none;
    case WAT_ORIGIN_DATA_OFFSET: return o->owner < m->data_count ? m->datas[o->owner].offset : none;
    case WAT_ORIGIN_FIELD: break;
    }
    return none;
}

/* The origin of the instruction at offset, NULL when the offset is in no code. */
static const struct wat_origin *find_origin(const struct wm_module *m,
                                            const struct wat_origins *origins, uint64_t offset)
{
    const struct wat_origin *best = NULL;

    for (uint32_t i = 0; i < origins->count; i++) {
        const struct wat_origin *o = &origins->list[i];
        struct wm_bytes b = owner_bytes(m, o);
        bool inside = b.size != 0 && offset >= b.offset && offset - b.offset < b.size;
        if (inside && o->at <= offset - b.offset && (best == NULL || best->at <= o->at))
            best = o;
    }
    return best;
}

/* Where the item of a field stands; 0 when the module has no such item. */
static uint32_t item_offset(const struct wm_module *m, const struct wat_origin *o)
{
    uint32_t i = o->at;

    switch ((enum wm_section_id)o->owner) { /* tidy: flat */
    case WM_SECTION_TYPE: return i < m->type_count ? m->types[i].offset : 0;
    case WM_SECTION_IMPORT: return i < m->import_count ? m->imports[i].offset : 0;
    case WM_SECTION_FUNC: return i < m->func_count ? m->funcs[i].offset : 0;
    case WM_SECTION_TABLE: return i < m->table_count ? m->tables[i].offset : 0;
    case WM_SECTION_MEMORY: return i < m->memory_count ? m->memories[i].offset : 0;
    case WM_SECTION_TAG: return i < m->tag_count ? m->tags[i].offset : 0;
    case WM_SECTION_GLOBAL: return i < m->global_count ? m->globals[i].offset : 0;
    case WM_SECTION_EXPORT: return i < m->export_count ? m->exports[i].offset : 0;
    case WM_SECTION_START: return m->sections[WM_SECTION_START].offset;
    case WM_SECTION_ELEM: return i < m->elem_count ? m->elems[i].start : 0;
    case WM_SECTION_DATA: return i < m->data_count ? m->datas[i].start : 0;
    case WM_SECTION_CUSTOM:
    case WM_SECTION_CODE:
    case WM_SECTION_DATA_COUNT:
    case WM_SECTION_COUNT: break;
    }
    return 0;
}

/* The field whose item holds the offset: the last one of its section that does not begin behind. */
static const struct wat_origin *find_field(const struct wm_module *m,
                                           const struct wat_origins *origins, uint64_t offset)
{
    const struct wat_origin *best = NULL;
    uint32_t best_offset = 0;

    for (uint32_t i = 0; i < origins->count; i++) {
        const struct wat_origin *o = &origins->list[i];
        if (o->kind != WAT_ORIGIN_FIELD)
            continue;
        struct wm_bytes section = m->sections[o->owner];
        uint32_t at = item_offset(m, o);
        if (at == 0 || at > offset || offset - section.offset >= section.size || at < best_offset)
            continue;
        best = o;
        best_offset = at;
    }
    return best;
}

struct lookup {
    struct job job;
    uint64_t offset;
    uint32_t *line, *column;
};

static enum status look_up(void *ctx, struct diag *dg)
{
    struct lookup *l = ctx;
    struct wat_origins origins = {0};
    struct wm_module m;

    l->job.origins = &origins;
    TRY(parse_text(&l->job, dg));
    TRY(wm_read_module((const uint8_t *)l->job.bytes->text, l->job.bytes->size, wm_features_all(),
                       l->job.out, &m, dg));
    const struct wat_origin *o = find_origin(&m, &origins, l->offset);
    if (o == NULL)
        o = find_field(&m, &origins, l->offset);
    if (o != NULL)
        wat_position(l->job.text, o->text_offset, l->line, l->column);
    return ST_OK;
}

void wm_source_map_diag(const struct wm_source_map *map, struct diag *dg)
{
    struct arena arena;
    struct str bytes;
    struct diag ignored;

    if (dg->line != 0 || dg->offset == DIAG_NO_OFFSET)
        return;
    arena_init(&arena, map->limit_bytes);
    struct lookup l = {
        .job = {.text = map->text,
                .options = &map->options,
                .scratch = &arena,
                .out = &arena,
                .bytes = &bytes},
        .offset = dg->offset,
        .line = &dg->line,
        .column = &dg->column
    };
    (void)!arena_guard(&arena, look_up, &l, &ignored); /* no line is no new refusal */
    arena_free(&arena);
}
