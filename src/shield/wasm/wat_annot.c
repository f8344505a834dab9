/*
 * wat_annot: the annotations that mean something: (@custom), (@name), branch hints, (@mujun.names)
 * and (@mujun.encoding). The lexer has set them aside with the token they stand before; whoever
 * understands that place takes them, and what nobody has taken is refused as misplaced.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasm/wat_int.h"

/* Words for places, in the order of the sections in a file. */
static const struct place {
    enum wat_word word;
    enum wm_section_id id;
} places[] = {
    {WAT_TYPE,      WM_SECTION_TYPE      },
    {WAT_IMPORT,    WM_SECTION_IMPORT    },
    {WAT_HEAP_FUNC, WM_SECTION_FUNC      },
    {WAT_TABLE,     WM_SECTION_TABLE     },
    {WAT_MEMORY,    WM_SECTION_MEMORY    },
    {WAT_TAG,       WM_SECTION_TAG       },
    {WAT_GLOBAL,    WM_SECTION_GLOBAL    },
    {WAT_EXPORT,    WM_SECTION_EXPORT    },
    {WAT_START,     WM_SECTION_START     },
    {WAT_ELEM,      WM_SECTION_ELEM      },
    {WAT_DATACOUNT, WM_SECTION_DATA_COUNT},
    {WAT_CODE,      WM_SECTION_CODE      },
    {WAT_DATA,      WM_SECTION_DATA      },
};
enum {
    PLACE_COUNT = LENGTH_OF(places),
    RANK_FIRST = 0,
    RANK_LAST = 2 * PLACE_COUNT + 1 /* before place i: 2 i + 1, after it: 2 i + 2 */
};

/* Index of the first annotation that stands before a token >= at. */
static uint32_t first_annot(const struct wat_parser *p, uint32_t at)
{
    uint32_t low = 0, high = p->lx->annot_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (p->lx->annots[middle].before < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void set_next(struct wat_parser *p, uint32_t annot)
{
    bool is_last = annot == p->lx->annot_count;
    p->next_annot = annot;
    p->next_annot_token = is_last ? WAT_NO_TOKEN : p->lx->annots[annot].before;
}

void wat_annot_seek(struct wat_parser *p, const struct wat_token *t)
{
    set_next(p, first_annot(p, (uint32_t)(t - p->lx->tokens)));
}

#define ANNOT_FAIL(p, token, ...)                                                                  \
    wat_fail_at((p)->lx->text, (token)->offset, (p)->dg, ST_MALFORMED, __VA_ARGS__)

/* The text of the string t, which must be UTF-8; in the arena. */
static enum status utf8_string(struct wat_parser *p, const struct wat_token *t, const char *what,
                               struct str *out)
{
    p->text.size = 0;
    wat_string_decode(p->lx, t, &p->text);
    const char *text = (const char *)p->text.data;
    if (wat_utf8_check(text, p->text.size) != p->text.size)
        return ANNOT_FAIL(p, t, "@%s annotation: malformed UTF-8 encoding", what);
    *out = (struct str){arena_copy_text(p->arena, text, p->text.size), p->text.size};
    return ST_OK;
}

/* The strings [t, end) joined, in the arena. */
static struct str joined_strings(struct wat_parser *p, const struct wat_token *t,
                                 const struct wat_token *end)
{
    p->text.size = 0;
    for (; t < end; t++)
        wat_string_decode(p->lx, t, &p->text);
    const char *text = (const char *)p->text.data;
    return (struct str){arena_copy_text(p->arena, text, p->text.size), p->text.size};
}

/* Behind strings the annotation must end. */
static enum status only_strings(struct wat_parser *p, const struct wat_token *t, const char *what)
{
    char found[WAT_FOUND_MAX];

    while (t->kind == WAT_TOK_STRING)
        t++;
    if (t->kind == WAT_TOK_END)
        return ST_OK;
    return ANNOT_FAIL(p, t, "@%s annotation: unexpected token %s; expected a string", what,
                      wat_found(p->lx, t, found));
}

/* ---- custom sections ------------------------------------------------------------------------- */

/* "(before section)" or "(after section)" at *t; moves it behind. */
static enum status custom_place(struct wat_parser *p, const struct wat_token **t,
                                struct wat_custom *custom)
{
    const struct wat_token *word = *t + 1;
    bool is_before = wat_is_word(word, WAT_BEFORE);
    uint32_t i = 0;

    if (!is_before && !wat_is_word(word, WAT_AFTER))
        return ANNOT_FAIL(p, word,
                          "@custom annotation: malformed placement; expected before or "
                          "after");
    const struct wat_token *section = word + 1;
    while (i < PLACE_COUNT && !wat_is_word(section, places[i].word))
        i++;
    if (is_before && wat_is_word(section, WAT_FIRST))
        custom->rank = RANK_FIRST;
    else if (!is_before && wat_is_word(section, WAT_LAST))
        custom->rank = RANK_LAST;
    else if (i < PLACE_COUNT)
        custom->rank = 2 * i + (is_before ? 1 : 2);
    else
        return ANNOT_FAIL(p, section,
                          "@custom annotation: malformed section kind; expected the "
                          "word of a section, like type or code");
    if (section[1].kind != WAT_TOK_CLOSE)
        return ANNOT_FAIL(p, section + 1, "@custom annotation: unexpected token in a placement");
    *t = section + 2;
    return ST_OK;
}

static void push_custom(struct wat_parser *p, struct wat_custom custom)
{
    uint32_t done = custom.rank / 2; /* places that stand before it */

    custom.custom.after = done == 0 ? WM_SECTION_CUSTOM : places[done - 1].id;
    ARENA_PUSH(p->arena, p->customs, p->custom_count, p->custom_capacity, custom);
}

static enum status take_custom(struct wat_parser *p, const struct wat_annot *annot)
{
    const struct wat_token *t = p->lx->annot_tokens + annot->first;
    const struct wat_token *end = p->lx->annot_tokens + annot->end;
    struct wat_custom custom = {.rank = RANK_LAST};

    if (t->kind != WAT_TOK_STRING)
        return ANNOT_FAIL(p, t, "@custom annotation: missing section name; expected a string");
    TRY(utf8_string(p, t++, "custom", &custom.custom.name));
    if (t->kind == WAT_TOK_OPEN)
        TRY(custom_place(p, &t, &custom));
    TRY(only_strings(p, t, "custom"));
    struct str content = joined_strings(p, t, end);
    custom.custom.content =
        (struct wm_bytes){.data = (const uint8_t *)content.text, .size = (uint32_t)content.size};
    p->has_name_custom |= str_equal(custom.custom.name, STR("name"));
    push_custom(p, custom);
    return ST_OK;
}

/* Where the name section stands that is made from the identifiers; its content comes last. */
static enum status take_names(struct wat_parser *p, const struct wat_annot *annot)
{
    const struct wat_token *t = p->lx->annot_tokens + annot->first;
    struct wat_custom custom = {.rank = RANK_LAST, .is_names = true, .custom.name = STR("name")};

    if (p->has_names_place)
        return wat_fail_at(p->lx->text, annot->offset, p->dg, ST_MALFORMED,
                           "@mujun.names annotation: a second one");
    if (t->kind == WAT_TOK_OPEN)
        TRY(custom_place(p, &t, &custom));
    TRY(only_strings(p, t, "mujun.names"));
    p->has_names_place = true;
    push_custom(p, custom);
    return ST_OK;
}

static enum status take_encoding(struct wat_parser *p, const struct wat_annot *annot)
{
    const struct wat_token *t = p->lx->annot_tokens + annot->first;

    TRY(only_strings(p, t, "mujun.encoding"));
    buf_str(&p->encoding, joined_strings(p, t, p->lx->annot_tokens + annot->end));
    return ST_OK;
}

enum status wat_annot_customs(struct wat_parser *p)
{
    if (p->lx->annot_count == 0)
        return ST_OK;
    uint32_t i = first_annot(p, wat_at(p));
    for (; i < p->lx->annot_count && p->lx->annots[i].before == wat_at(p); i++) {
        struct wat_annot *annot = &p->lx->annots[i];
        if (annot->kind == WAT_ANNOT_CUSTOM)
            TRY(take_custom(p, annot));
        else if (annot->kind == WAT_ANNOT_NAMES)
            TRY(take_names(p, annot));
        else if (annot->kind == WAT_ANNOT_ENCODING)
            TRY(take_encoding(p, annot));
        else
            continue;
        annot->is_used = true;
    }
    return ST_OK;
}

/* ---- names and hints ------------------------------------------------------------------------- */

enum status wat_annot_name(struct wat_parser *p, bool *is_there, struct str *out)
{
    *is_there = false;
    if (p->lx->annot_count == 0)
        return ST_OK;
    uint32_t i = first_annot(p, wat_at(p));
    for (; i < p->lx->annot_count && p->lx->annots[i].before == wat_at(p); i++) {
        struct wat_annot *annot = &p->lx->annots[i];
        const struct wat_token *t = p->lx->annot_tokens + annot->first;
        if (annot->kind != WAT_ANNOT_NAME)
            continue;
        if (*is_there)
            return wat_fail_at(p->lx->text, annot->offset, p->dg, ST_MALFORMED,
                               "@name annotation: multiple names for one thing");
        if (t[0].kind != WAT_TOK_STRING || t[1].kind != WAT_TOK_END)
            return ANNOT_FAIL(p, t, "@name annotation: unexpected token; expected one string");
        TRY(utf8_string(p, t, "name", out));
        annot->is_used = *is_there = true;
    }
    return ST_OK;
}

enum status wat_annot_hint(struct wat_parser *p, const struct wat_token *t, uint8_t *out)
{
    uint32_t at = (uint32_t)(t - p->lx->tokens);
    uint32_t i = p->next_annot;

    for (; i < p->lx->annot_count && p->lx->annots[i].before == at; i++) {
        struct wat_annot *annot = &p->lx->annots[i];
        const struct wat_token *value = p->lx->annot_tokens + annot->first;
        if (annot->kind != WAT_ANNOT_BRANCH_HINT || p->origin_kind != WAT_ORIGIN_CODE)
            continue;
        if (*out != WAT_NO_HINT)
            return wat_fail_at(p->lx->text, annot->offset, p->dg, ST_MALFORMED,
                               "@metadata.code.branch_hint annotation: duplicate annotation");
        p->text.size = 0;
        if (value[0].kind == WAT_TOK_STRING && value[1].kind == WAT_TOK_END)
            wat_string_decode(p->lx, value, &p->text);
        if (p->text.size != 1 || p->text.data[0] > 1)
            return ANNOT_FAIL(p, value,
                              "@metadata.code.branch_hint annotation: invalid value; "
                              "expected \"\\00\" or \"\\01\"");
        *out = p->text.data[0];
        annot->is_used = true;
    }
    set_next(p, i);
    return ST_OK;
}

/* ---- the end --------------------------------------------------------------------------------- */

enum status wat_annot_unused(struct wat_parser *p, const struct wat_token *first,
                             const struct wat_token *end)
{
    static const char *const text[] = {
        [WAT_ANNOT_CUSTOM] = "misplaced @custom annotation: it stands between module fields",
        [WAT_ANNOT_NAME] = "misplaced @name annotation: it stands behind the identifier of what "
                           "it names, or where that would be",
        [WAT_ANNOT_BRANCH_HINT] = "@metadata.code.branch_hint annotation: not in a function, or "
                                  "not in front of an instruction",
        [WAT_ANNOT_NAMES] = "misplaced @mujun.names annotation: it stands between module fields",
        [WAT_ANNOT_ENCODING] = "misplaced @mujun.encoding annotation: it stands between module "
                               "fields",
    };
    uint32_t last = (uint32_t)(end - p->lx->tokens);
    uint32_t i = first_annot(p, (uint32_t)(first - p->lx->tokens));

    for (; i < p->lx->annot_count && p->lx->annots[i].before <= last; i++) {
        const struct wat_annot *annot = &p->lx->annots[i];
        if (!annot->is_used)
            return wat_fail_at(p->lx->text, annot->offset, p->dg, ST_MALFORMED, "%s",
                               text[annot->kind]);
    }
    return ST_OK;
}

/* The section metadata.code.branch_hint: per function, offset in its body and value. */
static void add_hints(struct wat_parser *p)
{
    struct buf out;
    uint32_t funcs = 0;

    if (p->hint_count == 0)
        return;
    buf_init(&out, p->arena);
    for (uint32_t i = 0; i < p->hint_count; i++)
        funcs += i == 0 || p->hints[i].func != p->hints[i - 1].func;
    buf_uleb(&out, funcs);
    for (uint32_t i = 0; i < p->hint_count;) {
        uint32_t end = i;
        while (end < p->hint_count && p->hints[end].func == p->hints[i].func)
            end++;
        buf_uleb(&out, p->hints[i].func);
        buf_uleb(&out, end - i);
        for (; i < end; i++) {
            buf_uleb(&out, p->hints[i].at);
            buf_byte(&out, 1);
            buf_byte(&out, p->hints[i].value);
        }
    }
    uint32_t code = 0;
    while (places[code].id != WM_SECTION_CODE)
        code++;
    push_custom(p, (struct wat_custom){
                       .rank = 2 * code + 1,
                       .custom = {.name = STR("metadata.code.branch_hint"),
                                  .content = {.data = out.data, .size = (uint32_t)out.size}}
    });
}

static void add_names(struct wat_parser *p)
{
    struct buf out;

    if ((!p->options->write_names && !p->has_name_annot) || p->has_name_custom ||
        wm_names_is_empty(p->names))
        return;
    buf_init(&out, p->arena);
    wm_names_write(p->names, &out);
    if (!p->has_names_place)
        push_custom(p, (struct wat_custom){
                           .rank = RANK_LAST, .is_names = true, .custom.name = STR("name")});
    for (uint32_t i = 0; i < p->custom_count; i++)
        if (p->customs[i].is_names)
            p->customs[i].custom.content =
                (struct wm_bytes){.data = out.data, .size = (uint32_t)out.size};
}

void wat_annot_finish(struct wat_parser *p)
{
    add_hints(p);
    add_names(p);
    p->m.customs = arena_new(p->arena, struct wm_custom, p->custom_count);
    for (uint32_t rank = RANK_FIRST; rank <= RANK_LAST && p->custom_count != 0; rank++)
        for (uint32_t i = 0; i < p->custom_count; i++)
            if (p->customs[i].rank == rank &&
                (!p->customs[i].is_names || p->customs[i].custom.content.size != 0))
                p->m.customs[p->m.custom_count++] = p->customs[i].custom;
}
