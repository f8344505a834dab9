/* wat_declare: the first walk over the fields of a module. Gives every identifier its index, so
 * that later walks can meet uses before definitions, and refuses imports behind definitions.
 * Fields that are malformed further in are left to the later walks.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/wat_int.h"

static enum status declare(struct wat_parser *p, enum wat_space space)
{
    const struct wat_token *t = p->t;
    uint32_t index = p->declared[space]++;

    return wat_bind(p, space, wat_optional_id(p), index, t);
}

/* "(type" or "(rec" at t. */
static enum status declare_types(struct wat_parser *p, const struct wat_token *t)
{
    const struct wat_token *end = p->lx->tokens + t->pair;

    if (wat_is_word(t + 1, WAT_TYPE)) {
        p->t = t + 2;
        return declare(p, WAT_SPACE_TYPE);
    }
    for (t += 2; t < end && t->kind == WAT_TOK_OPEN; t = p->lx->tokens + t->pair + 1) {
        p->t = t;
        if (!wat_opens(p, WAT_TYPE))
            return wat_expected(p, t + 1, "type: a rec group holds (type ...) only");
        p->t = t + 2;
        TRY(declare(p, WAT_SPACE_TYPE));
    }
    return ST_OK;
}

/* "(func", "(table" and so on: the space of a field that may be imported or defined. */
static bool importable(const struct wat_token *t, enum wat_space *out)
{
    if (t->kind != WAT_TOK_WORD)
        return false;
    switch (t->word) { /* tidy: flat */
    case WAT_HEAP_FUNC: *out = WAT_SPACE_FUNC; return true;
    case WAT_TABLE: *out = WAT_SPACE_TABLE; return true;
    case WAT_MEMORY: *out = WAT_SPACE_MEMORY; return true;
    case WAT_GLOBAL: *out = WAT_SPACE_GLOBAL; return true;
    case WAT_TAG: *out = WAT_SPACE_TAG; return true;
    default: return false;
    }
}

/* "(import" at t: the identifier stands in the description. */
static enum status declare_import(struct wat_parser *p, const struct wat_token *t)
{
    enum wat_space space = WAT_SPACE_TYPE;
    const struct wat_token *end = p->lx->tokens + t->pair;

    while (t < end && (t->kind != WAT_TOK_OPEN || !importable(t + 1, &space)))
        t++;
    if (t == end)
        return ST_OK;
    p->t = t + 2;
    return declare(p, space);
}

/* True when the field at t has a direct child "(word". */
static bool has_child(const struct wat_parser *p, const struct wat_token *t, enum wat_word word)
{
    const struct wat_token *end = p->lx->tokens + t->pair;

    for (t += 2; t < end; t++)
        if (t->kind == WAT_TOK_OPEN) {
            if (wat_is_word(t + 1, word))
                return true;
            t = p->lx->tokens + t->pair;
        }
    return false;
}

/* "(func $f (export "x")* (import ..." */
static bool has_inline_import(struct wat_parser *p)
{
    while (wat_opens(p, WAT_EXPORT))
        p->t = p->lx->tokens + p->t->pair + 1;
    return wat_opens(p, WAT_IMPORT);
}

static enum status late_import(struct wat_parser *p, const struct wat_token *t,
                               const struct wat_token *definition)
{
    struct str kind = wat_text_of(p->lx, definition + 1);
    uint32_t line, column;

    wat_position(p->lx->text, definition->offset, &line, &column);
    return WAT_FAIL(p, t, ST_MALFORMED,
                    "import after %.*s, which is defined at %u:%u; imports come first",
                    (int)kind.size, kind.text, line, column);
}

static enum status declare_definition(struct wat_parser *p, const struct wat_token *t,
                                      enum wat_space space, const struct wat_token **definition)
{
    p->t = t + 2;
    TRY(declare(p, space));
    if (has_inline_import(p)) {
        return *definition == NULL ? ST_OK : late_import(p, t, *definition);
    }
    if (*definition == NULL)
        *definition = t;
    if (space == WAT_SPACE_TABLE && has_child(p, t, WAT_ELEM))
        p->declared[WAT_SPACE_ELEM]++;
    if (space == WAT_SPACE_MEMORY && has_child(p, t, WAT_DATA))
        p->declared[WAT_SPACE_DATA]++;
    return ST_OK;
}

static enum status declare_field(struct wat_parser *p, const struct wat_token *t,
                                 const struct wat_token **definition)
{
    enum wat_space space = WAT_SPACE_TYPE;

    p->t = t + 1;
    if (t[1].kind != WAT_TOK_WORD)
        return wat_expected(p, t + 1, "a module field");
    if (importable(t + 1, &space))
        return declare_definition(p, t, space, definition);
    switch (t[1].word) {
    case WAT_TYPE:
    case WAT_REC: return declare_types(p, t);
    case WAT_IMPORT:
        return *definition == NULL ? declare_import(p, t) : late_import(p, t, *definition);
    case WAT_ELEM:
    case WAT_DATA:
        p->t = t + 2;
        return declare(p, t[1].word == WAT_ELEM ? WAT_SPACE_ELEM : WAT_SPACE_DATA);
    case WAT_EXPORT:
    case WAT_START: return ST_OK;
    default: return wat_expected_word(p, "a module field", WAT_OTHER_0, WAT_WORD_NONE);
    }
}

enum status wat_declare(struct wat_parser *p, const struct wat_token *first,
                        const struct wat_token *end)
{
    const struct wat_token *definition = NULL; /* the first one that is not an import */

    for (const struct wat_token *t = first; t < end; t = p->lx->tokens + t->pair + 1) {
        if (t->kind != WAT_TOK_OPEN)
            return wat_expected(p, t, "( and a module field");
        TRY(declare_field(p, t, &definition));
    }
    return ST_OK;
}
