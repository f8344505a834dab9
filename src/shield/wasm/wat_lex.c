/*
 * wat_lex: the lexical grammar, in one pass over the text, without recursion. Inside annotations
 * reserved characters are tokens too; outside they are refused here, so the parser never sees
 * them. Parentheses are paired as they close: an open one holds the index of the one around it
 * until then.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasm/wat_lex.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum char_class {
    CH_ID = 1,    /* may stand in identifiers, numbers and words */
    CH_SPACE = 2, /* blank, tab, line feed, carriage return */
    CH_ANNOT = 4  /* , ; [ ] { } are tokens inside annotations only */
};

#define I CH_ID
#define S CH_SPACE
#define A CH_ANNOT
/* clang-format off */
static const uint8_t char_class[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, S, S, 0, 0, S, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    S, I, 0, I, I, I, I, I, 0, 0, I, I, A, I, I, I, /*   ! " # $ % & ' ( ) * + , - . / */
    I, I, I, I, I, I, I, I, I, I, I, A, I, I, I, I, /* 0 to 9 : ; < = > ? */
    I, I, I, I, I, I, I, I, I, I, I, I, I, I, I, I, /* @ A to O */
    I, I, I, I, I, I, I, I, I, I, I, A, I, A, I, I, /* P to Z [ \ ] ^ _ */
    I, I, I, I, I, I, I, I, I, I, I, I, I, I, I, I, /* ` a to o */
    I, I, I, I, I, I, I, I, I, I, I, A, I, A, I, 0, /* p to z { | } ~ */
};
/* clang-format on */
#undef I
#undef S
#undef A

struct lexer {
    struct wat_lexed *lx;
    const char *text;
    uint32_t pos, end;
    uint32_t open; /* innermost open parenthesis outside annotations, WAT_NO_TOKEN */
    struct wm_features features;
    struct buf name; /* scratch: a decoded identifier */
    struct diag *dg;
};

void wat_position(struct str text, uint32_t offset, uint32_t *line, uint32_t *column)
{
    uint32_t start = 0;

    *line = *column = 1;
    for (uint32_t i = 0; i < offset && i < text.size; i++) {
        bool breaks = text.text[i] == '\n' ||
                      (text.text[i] == '\r' && !(i + 1 < text.size && text.text[i + 1] == '\n'));
        if (breaks) {
            ++*line;
            start = i + 1;
        }
    }
    for (uint32_t i = start; i < offset && i < text.size; i++)
        *column += ((uint8_t)text.text[i] & 0xc0) != 0x80;
}

enum status wat_fail_at(struct str text, uint32_t offset, struct diag *dg, enum status st,
                        const char *fmt, ...)
{
    char message[DIAG_TEXT_MAX];
    uint32_t line, column;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    wat_position(text, offset, &line, &column);
    return diag_fail_at(dg, st, line, column, "%s", message);
}

#define LEX_FAIL(lexer, offset, ...)                                                               \
    wat_fail_at((lexer)->lx->text, (offset), (lexer)->dg, ST_MALFORMED, __VA_ARGS__)

const char *wat_found(const struct wat_lexed *lx, const struct wat_token *t,
                      char out[WAT_FOUND_MAX])
{
    struct str s = wat_text_of(lx, t);
    const int shown_max = WAT_FOUND_MAX - 8;

    if (t->kind == WAT_TOK_END)
        snprintf(out, WAT_FOUND_MAX, "the end");
    else if (t->kind == WAT_TOK_OPEN && t[1].kind == WAT_TOK_WORD && t[1].size < 24)
        snprintf(out, WAT_FOUND_MAX, "\"(%.*s\"", (int)t[1].size, lx->text.text + t[1].offset);
    else if (t->kind == WAT_TOK_STRING)
        snprintf(out, WAT_FOUND_MAX, "a string");
    else if (s.size > (size_t)shown_max)
        snprintf(out, WAT_FOUND_MAX, "\"%.*s...\"", shown_max - 3, s.text);
    else
        snprintf(out, WAT_FOUND_MAX, "\"%.*s\"", (int)s.size, s.text);
    return out;
}

/* ---- symbols --------------------------------------------------------------------------------- */

static uint32_t name_hash(const struct wat_lexed *lx, struct str name)
{
    uint32_t hash = lx->seed ^ (uint32_t)name.size;

    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ (uint8_t)name.text[i]) * 0x9e3779b1u;
    return hash ^ hash >> 15;
}

static void grow_slots(struct wat_lexed *lx)
{
    uint32_t count = lx->slot_count == 0 ? 64 : lx->slot_count * 2;
    uint32_t *slots = arena_new(lx->arena, uint32_t, count);

    for (uint32_t s = 0; s < lx->symbol_count; s++) {
        uint32_t i = name_hash(lx, lx->symbols[s].name) & (count - 1);
        while (slots[i] != 0)
            i = (i + 1) & (count - 1);
        slots[i] = s + 1;
    }
    lx->symbol_slots = slots;
    lx->slot_count = count;
}

/* The number of a spelling; a new one when needed. is_scratch: the name must be copied. */
static uint32_t intern(struct wat_lexed *lx, struct str name, bool is_scratch)
{
    if (lx->symbol_count * 2 >= lx->slot_count)
        grow_slots(lx);
    uint32_t mask = lx->slot_count - 1;
    uint32_t i = name_hash(lx, name) & mask;
    for (; lx->symbol_slots[i] != 0; i = (i + 1) & mask)
        if (str_equal(lx->symbols[lx->symbol_slots[i] - 1].name, name))
            return lx->symbol_slots[i] - 1;

    struct wat_symbol symbol = {.name = name};
    if (is_scratch)
        symbol.name.text = arena_copy_text(lx->arena, name.text, name.size);
    for (uint32_t s = 0; s < WAT_SPACE_COUNT; s++)
        symbol.index[s] = WAT_UNBOUND;
    ARENA_PUSH(lx->arena, lx->symbols, lx->symbol_count, lx->symbol_capacity, symbol);
    lx->symbol_slots[i] = lx->symbol_count;
    return lx->symbol_count - 1;
}

/* ---- pieces ---------------------------------------------------------------------------------- */

/* At the opening quote; moves behind the closing one. */
static enum status scan_string(struct lexer *l, bool *escaped)
{
    uint32_t start = l->pos++;

    while (l->pos < l->end) {
        uint8_t c = (uint8_t)l->text[l->pos];
        if (c == '"') {
            l->pos++;
            return ST_OK;
        }
        if (c == '\\') {
            uint8_t bytes[4];
            uint32_t count;
            size_t size = wat_escape_decode(l->text + l->pos, l->end - l->pos, bytes, &count);
            if (size == 0)
                return LEX_FAIL(l, l->pos,
                                "malformed escape in a string; expected one of \\t \\n "
                                "\\r \\\" \\' \\\\ \\hh \\u{h}");
            *escaped = true;
            l->pos += (uint32_t)size;
            continue;
        }
        if (c < 0x20 || c == 0x7f)
            return LEX_FAIL(l, l->pos, "illegal character 0x%02x in a string; write \\%02x", c, c);
        l->pos++;
    }
    return LEX_FAIL(l, start, "unclosed string: no \" before the end of the text");
}

/* At "(;"; moves behind the matching ";)". */
static enum status skip_block_comment(struct lexer *l)
{
    uint32_t start = l->pos;
    uint32_t depth = 0;

    while (l->end - l->pos >= 2) {
        char c = l->text[l->pos], next = l->text[l->pos + 1];
        if (c == '(' && next == ';') {
            depth++;
            l->pos += 2;
        } else if (c == ';' && next == ')') {
            l->pos += 2;
            if (--depth == 0)
                return ST_OK;
        } else {
            l->pos++;
        }
    }
    return LEX_FAIL(l, start, "unclosed comment: no ;) for this (;");
}

static void skip_line_comment(struct lexer *l)
{
    while (l->pos < l->end && l->text[l->pos] != '\n' && l->text[l->pos] != '\r')
        l->pos++;
}

/* Moves to the next character that is neither blank nor comment. */
static enum status skip_blanks(struct lexer *l)
{
    for (;;) {
        while (l->pos < l->end && (char_class[(uint8_t)l->text[l->pos]] & CH_SPACE) != 0)
            l->pos++;
        if (l->end - l->pos < 2 || l->text[l->pos + (l->text[l->pos] == '(')] != ';')
            return ST_OK;
        if (l->text[l->pos] == '(')
            TRY(skip_block_comment(l));
        else if (l->text[l->pos + 1] == ';')
            skip_line_comment(l);
        else
            return ST_OK;
    }
}

/* A run that starts with $: $name or $"name". */
static enum status finish_id(struct lexer *l, struct wat_token *t)
{
    struct str name = {l->text + t->offset + 1, t->size - 1};

    bool is_quoted = name.size != 0 && name.text[0] == '"';
    if (is_quoted) {
        struct wat_token quoted = {
            .offset = t->offset + 1, .size = t->size - 1, .escaped = t->escaped};
        l->name.size = 0;
        wat_string_decode(l->lx, &quoted, &l->name);
        name = (struct str){(const char *)l->name.data, l->name.size};
        if (wat_utf8_check(name.text, name.size) != name.size)
            return LEX_FAIL(l, t->offset, "malformed UTF-8 in a quoted identifier");
    }
    if (name.size == 0)
        return LEX_FAIL(l, t->offset, "empty identifier: expected a name behind $");
    t->kind = WAT_TOK_ID;
    t->symbol = intern(l->lx, name, is_quoted);
    return ST_OK;
}

/* Scans a run of identifier characters and strings, and says what it is. Such pieces without a
 * blank between them are one token, and unless it is $"..." a reserved one. */
static enum status scan_run(struct lexer *l, bool in_annot, struct wat_token *t)
{
    uint32_t strings = 0, pieces = 0;
    uint32_t ids_end = l->pos;

    *t = (struct wat_token){.offset = l->pos, .kind = WAT_TOK_OTHER, .word = WAT_WORD_NONE};
    while (l->pos < l->end) {
        uint8_t c = (uint8_t)l->text[l->pos];
        if ((char_class[c] & CH_ID) != 0) {
            do
                l->pos++;
            while (l->pos < l->end && (char_class[(uint8_t)l->text[l->pos]] & CH_ID) != 0);
            ids_end = l->pos;
        } else if (c == '"') {
            TRY(scan_string(l, &t->escaped));
            strings++;
        } else {
            break;
        }
        pieces++;
    }
    t->size = l->pos - t->offset;
    char first = l->text[t->offset];
    bool is_quoted_id = pieces == 2 && strings == 1 && first == '$' && ids_end == t->offset + 1;
    if (pieces == 1 && strings == 1)
        t->kind = WAT_TOK_STRING;
    else if (first == '$' && (strings == 0 || is_quoted_id))
        return in_annot ? ST_OK : finish_id(l, t);
    else if (strings != 0)
        t->kind = WAT_TOK_OTHER;
    else if (first >= 'a' && first <= 'z') {
        t->kind = WAT_TOK_WORD;
        t->word = (uint16_t)wat_word_find(l->text + t->offset, t->size);
    } else if ((first >= '0' && first <= '9') || first == '+' || first == '-')
        t->kind = WAT_TOK_NUMBER;
    if (t->kind != WAT_TOK_OTHER || in_annot)
        return ST_OK;
    char found[WAT_FOUND_MAX];
    return LEX_FAIL(l, t->offset, "unknown token %s%s", wat_found(l->lx, t, found),
                    strings != 0 ? "; a string needs a blank or a parenthesis around it" : "");
}

static enum status illegal_character(struct lexer *l)
{
    uint8_t c = (uint8_t)l->text[l->pos];

    if (c >= 0x80)
        return LEX_FAIL(l, l->pos, "illegal character outside strings and comments: not ASCII");
    if (c < 0x20 || c == 0x7f)
        return LEX_FAIL(l, l->pos, "illegal character 0x%02x", c);
    return LEX_FAIL(l, l->pos, "illegal character \"%c\"", c);
}

/* ---- annotations ----------------------------------------------------------------------------- */

static void push_annot_token(struct lexer *l, struct wat_token t)
{
    ARENA_PUSH(l->lx->arena, l->lx->annot_tokens, l->lx->annot_token_count,
               l->lx->annot_token_capacity, t);
}

/* The rest of an annotation, behind its name. Tokens are kept when keep is true. */
static enum status scan_annot_body(struct lexer *l, uint32_t start, bool keep)
{
    for (uint32_t depth = 1;;) {
        TRY(skip_blanks(l));
        if (l->pos == l->end)
            return LEX_FAIL(l, start, "unclosed annotation: no ) for this (@");
        uint8_t c = (uint8_t)l->text[l->pos];
        struct wat_token t = {.offset = l->pos, .size = 1, .word = WAT_WORD_NONE};
        if (c == '(' || c == ')') {
            t.kind = c == '(' ? WAT_TOK_OPEN : WAT_TOK_CLOSE;
            l->pos++;
            depth += c == '(' ? 1u : -1u;
            if (depth == 0)
                return ST_OK;
        } else if ((char_class[c] & CH_ANNOT) != 0) {
            t.kind = WAT_TOK_OTHER;
            l->pos++;
        } else if ((char_class[c] & CH_ID) != 0 || c == '"') {
            TRY(scan_run(l, true, &t));
        } else {
            return illegal_character(l);
        }
        if (keep)
            push_annot_token(l, t);
    }
}

/* Name of an annotation, @name or @"name", at l->pos behind the @. *out may be scratch. */
static enum status scan_annot_name(struct lexer *l, struct str *out)
{
    uint32_t start = l->pos;
    bool escaped = false;

    if (l->pos < l->end && l->text[l->pos] == '"') {
        TRY(scan_string(l, &escaped));
        struct wat_token t = {.offset = start, .size = l->pos - start, .escaped = escaped};
        l->name.size = 0;
        wat_string_decode(l->lx, &t, &l->name);
        *out = (struct str){(const char *)l->name.data, l->name.size};
        if (wat_utf8_check(out->text, out->size) != out->size)
            return LEX_FAIL(l, start, "malformed UTF-8 in the name of an annotation");
    } else {
        while (l->pos < l->end && (char_class[(uint8_t)l->text[l->pos]] & CH_ID) != 0)
            l->pos++;
        *out = (struct str){l->text + start, l->pos - start};
    }
    if (out->size == 0)
        return LEX_FAIL(l, start, "empty annotation id: expected a name behind (@");
    return ST_OK;
}

/* At "(@". Unknown annotations vanish. */
static enum status scan_annot(struct lexer *l)
{
    static const struct {
        const char *name;
        enum wat_annot_kind kind;
    } known[] = {
        {"custom",                    WAT_ANNOT_CUSTOM     },
        {"name",                      WAT_ANNOT_NAME       },
        {"metadata.code.branch_hint", WAT_ANNOT_BRANCH_HINT},
        {"mujun.names",               WAT_ANNOT_NAMES      },
        {"mujun.encoding",            WAT_ANNOT_ENCODING   },
    };
    struct wat_lexed *lx = l->lx;
    struct wat_annot annot = {.before = lx->count, .offset = l->pos};
    struct str name = {0};
    bool keep = false;

    if (!wm_has(l->features, WM_FEATURE_ANNOTATIONS))
        return wat_fail_at(lx->text, l->pos, l->dg, ST_UNSUPPORTED,
                           "an annotation needs --feature annotations");
    l->pos += 2;
    TRY(scan_annot_name(l, &name));
    for (uint32_t i = 0; i < LENGTH_OF(known); i++)
        if (str_equal(name, str_of(known[i].name))) {
            annot.kind = known[i].kind;
            keep = true;
        }
    annot.first = lx->annot_token_count;
    TRY(scan_annot_body(l, annot.offset, keep));
    if (!keep)
        return ST_OK;
    annot.end = lx->annot_token_count;
    push_annot_token(l, (struct wat_token){.offset = l->pos - 1, .kind = WAT_TOK_END});
    ARENA_PUSH(lx->arena, lx->annots, lx->annot_count, lx->annot_capacity, annot);
    return ST_OK;
}

/* ---- the whole text -------------------------------------------------------------------------- */

static void push_token(struct lexer *l, struct wat_token t)
{
    ARENA_PUSH(l->lx->arena, l->lx->tokens, l->lx->count, l->lx->capacity, t);
}

static enum status scan_close(struct lexer *l)
{
    struct wat_token *tokens = l->lx->tokens;

    if (l->open == WAT_NO_TOKEN)
        return LEX_FAIL(l, l->pos, "unexpected token \")\": no parenthesis is open");
    uint32_t outer = tokens[l->open].pair;
    tokens[l->open].pair = l->lx->count;
    push_token(
        l, (struct wat_token){.offset = l->pos, .size = 1, .pair = l->open, .kind = WAT_TOK_CLOSE});
    l->open = outer;
    l->pos++;
    return ST_OK;
}

static enum status scan_token(struct lexer *l)
{
    uint8_t c = (uint8_t)l->text[l->pos];

    if (c == '(') {
        if (l->pos + 1 < l->end && l->text[l->pos + 1] == '@')
            return scan_annot(l);
        struct wat_token t = {.offset = l->pos, .size = 1, .pair = l->open, .kind = WAT_TOK_OPEN};
        l->open = l->lx->count;
        push_token(l, t);
        l->pos++;
        return ST_OK;
    }
    if (c == ')')
        return scan_close(l);
    if ((char_class[c] & CH_ID) == 0 && c != '"')
        return illegal_character(l);
    struct wat_token t;
    TRY(scan_run(l, false, &t));
    push_token(l, t);
    return ST_OK;
}

enum status wat_lex(struct str text, struct wm_features features, struct arena *arena,
                    struct wat_lexed *out, struct diag *dg)
{
    if (text.size > WM_MAX_MODULE_BYTES)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "the text has %zu bytes, the limit is %d",
                         text.size, WM_MAX_MODULE_BYTES);
    *out = (struct wat_lexed){.text = text, .arena = arena};
    struct lexer l = {.lx = out,
                      .text = text.text,
                      .end = (uint32_t)text.size,
                      .open = WAT_NO_TOKEN,
                      .features = features,
                      .dg = dg};
    buf_init(&l.name, arena);

    size_t bad = wat_utf8_check(text.text, text.size);
    if (bad != text.size)
        return LEX_FAIL(&l, (uint32_t)bad, "malformed UTF-8: byte 0x%02x", (uint8_t)text.text[bad]);
    out->capacity = (uint32_t)(text.size / 4 + 16);
    out->tokens = arena_new(arena, struct wat_token, out->capacity);
    out->seed = (uint32_t)((uintptr_t)out->tokens >> 4) * 0x9e3779b1u; /* the host shuffles it */
    for (;;) {
        TRY(skip_blanks(&l));
        if (l.pos == l.end)
            break;
        TRY(scan_token(&l));
    }
    if (l.open != WAT_NO_TOKEN)
        return LEX_FAIL(&l, out->tokens[l.open].offset, "this parenthesis is never closed");
    push_token(&l, (struct wat_token){.offset = l.end, .word = WAT_WORD_NONE, .kind = WAT_TOK_END});
    out->count--;
    return ST_OK;
}
