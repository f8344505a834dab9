/* wat_parse: small steps every parser file takes, and the parse of a whole module.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/wat_int.h"

#include "shield/wasm/encoding.h"
#include "shield/wasm/wat_number.h"
#include "shield/wasm/write.h"

#include <stdio.h>
#include <string.h>

/* ---- small steps ----------------------------------------------------------------------------- */

enum status wat_expected(struct wat_parser *p, const struct wat_token *t, const char *what)
{
    char found[WAT_FOUND_MAX];
    return WAT_FAIL(p, t, ST_MALFORMED, "expected %s, found %s", what, wat_found(p->lx, t, found));
}

enum status wat_expected_word(struct wat_parser *p, const char *what, enum wat_word first,
                              enum wat_word end)
{
    char found[WAT_FOUND_MAX];
    const char *guess = NULL;

    if (p->t->kind == WAT_TOK_WORD)
        guess = wat_word_suggest(wat_text_of(p->lx, p->t), first, end);
    if (guess == NULL)
        return wat_expected(p, p->t, what);
    return WAT_FAIL(p, p->t, ST_MALFORMED, "expected %s, found %s; did you mean %s?", what,
                    wat_found(p->lx, p->t, found), guess);
}

enum status wat_close(struct wat_parser *p)
{
    if (!wat_is(p, WAT_TOK_CLOSE))
        return wat_expected(p, p->t, ")");
    p->t++;
    return ST_OK;
}

uint32_t wat_optional_id(struct wat_parser *p)
{
    return wat_is(p, WAT_TOK_ID) ? p->t++->symbol : WAT_NO_SYMBOL;
}

enum status wat_name(struct wat_parser *p, struct str *out)
{
    if (!wat_is(p, WAT_TOK_STRING))
        return wat_expected(p, p->t, "a string");
    p->text.size = 0;
    wat_string_decode(p->lx, p->t, &p->text);
    const char *text = (const char *)p->text.data;
    if (wat_utf8_check(text, p->text.size) != p->text.size)
        return WAT_FAIL(p, p->t, ST_MALFORMED, "malformed UTF-8 encoding in a name");
    *out = (struct str){arena_copy_text(p->arena, text, p->text.size), p->text.size};
    p->t++;
    return ST_OK;
}

static enum status natural(struct wat_parser *p, const char *what, uint64_t max, uint64_t *out)
{
    char found[WAT_FOUND_MAX];
    enum wat_num why = WAT_NUM_SYNTAX;

    if (wat_is(p, WAT_TOK_NUMBER))
        why = wat_parse_nat(wat_text_of(p->lx, p->t), max, out);
    if (why == WAT_NUM_SYNTAX)
        return wat_expected(p, p->t, what);
    if (why == WAT_NUM_RANGE)
        return WAT_FAIL(p, p->t, ST_MALFORMED,
                        "constant out of range: %s is at most %llu, found %s", what,
                        (unsigned long long)max, wat_found(p->lx, p->t, found));
    p->t++;
    return ST_OK;
}

enum status wat_u32(struct wat_parser *p, const char *what, uint32_t *out)
{
    uint64_t value = 0;
    TRY(natural(p, what, UINT32_MAX, &value));
    *out = (uint32_t)value;
    return ST_OK;
}

enum status wat_u64(struct wat_parser *p, const char *what, uint64_t *out)
{
    return natural(p, what, UINT64_MAX, out);
}

void wat_trace(struct wat_parser *p, enum wat_origin_kind kind, uint32_t owner, uint32_t at,
               const struct wat_token *t)
{
    if (!p->trace)
        return;
    struct wat_origin origin = {kind, owner, at, t->offset};
    ARENA_PUSH(p->arena, p->origins, p->origin_count, p->origin_capacity, origin);
}

/* ---- a module -------------------------------------------------------------------------------- */

static void set_pointer(const struct wat_parser *p, struct wm_bytes *b)
{
    if (b->size != 0)
        b->data = p->bytes.data + b->offset;
}

/* All bytes are in place now: see wat_int.h. */
static void set_pointers(struct wat_parser *p)
{
    for (uint32_t i = 0; i < p->m.code_count; i++)
        set_pointer(p, &p->m.codes[i].body);
    for (uint32_t i = 0; i < p->m.table_count; i++)
        set_pointer(p, &p->m.tables[i].init);
    for (uint32_t i = 0; i < p->m.global_count; i++)
        set_pointer(p, &p->m.globals[i].init);
    for (uint32_t i = 0; i < p->m.elem_count; i++) {
        set_pointer(p, &p->m.elems[i].offset);
        set_pointer(p, &p->m.elems[i].items);
    }
    for (uint32_t i = 0; i < p->m.data_count; i++) {
        set_pointer(p, &p->m.datas[i].offset);
        set_pointer(p, &p->m.datas[i].content);
    }
}

static enum status parse_module(struct wat_parser *p, const struct wat_token *first,
                                const struct wat_token *end, uint32_t id)
{
    p->t = first;
    TRY(wat_note_name(p, WM_NAME_MODULE, 0, 0, id));
    TRY(wat_declare(p, first, end));
    TRY(wat_type_fields(p, first, end));
    p->t = first;
    TRY(wat_fields(p, end));
    TRY(wat_annot_unused(p, first, end));
    wat_annot_finish(p);
    set_pointers(p);
    return ST_OK;
}

static enum status write_bytes(struct wat_parser *p, struct arena *arena, struct str *bytes)
{
    struct buf out;

    buf_init(&out, arena);
    TRY(wm_write_module(&p->m, &out, p->dg));
    if (p->encoding.size != 0 && p->options->write_names) {
        struct str canonical = {(const char *)out.data, out.size};
        struct str script = {(const char *)p->encoding.data, p->encoding.size};
        buf_init(&out, arena);
        TRY(wm_encoding_apply(canonical, script, &out, p->dg));
    }
    *bytes = (struct str){(const char *)out.data, out.size};
    return ST_OK;
}

enum status wat_parse_range(struct wat_lexed *lx, const struct wat_token *first,
                            const struct wat_token *end, uint32_t id,
                            const struct wm_wat_options *options, struct arena *scratch,
                            struct arena *out, struct str *bytes, struct wat_origins *origins,
                            struct diag *dg)
{
    struct wat_parser *p = arena_new(scratch, struct wat_parser, 1);

    *p = (struct wat_parser){
        .lx = lx,
        .arena = scratch,
        .dg = dg,
        .options = options,
        .m = {.arena = scratch,
              .features = wm_features_all(), /* the reader judges them */
              .start = WM_NO_INDEX},
        .names = wm_names_builder_new(scratch),
        .next_annot_token = WAT_NO_TOKEN,
        .trace = origins != NULL
    };
    buf_init(&p->bytes, scratch);
    buf_init(&p->pending, scratch);
    buf_init(&p->list, scratch);
    buf_init(&p->text, scratch);
    buf_init(&p->encoding, scratch);
    enum status st = parse_module(p, first, end, id);
    wat_pop_labels(p); /* a script goes on with these symbols after a refusal */
    wat_forget(p, 0);
    TRY(st);
    if (origins != NULL)
        *origins = (struct wat_origins){p->origins, p->origin_count};
    return write_bytes(p, out, bytes);
}
