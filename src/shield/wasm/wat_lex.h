/*
 * wat_lex: text to tokens, once, for modules and scripts alike. Comments and unknown annotations
 * are gone, parentheses know their partners, identifiers are numbers ("symbols"). Everything is
 * in one arena; tokens borrow the text.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_WASM_WAT_LEX_H
#define SHIELD_WASM_WAT_LEX_H

#include "base/buf.h"
#include "shield/wasm/features.h"
#include "shield/wasm/limits.h"
#include "shield/wasm/wat_words.h"

enum wat_kind {
    WAT_TOK_END,    /* behind the last token */
    WAT_TOK_OPEN,   /* ( and pair is the index of its ) */
    WAT_TOK_CLOSE,  /* ) */
    WAT_TOK_ID,     /* $name or $"name"; symbol */
    WAT_TOK_STRING, /* with its quotes; escapes are well-formed */
    WAT_TOK_NUMBER, /* starts with a digit or a sign; not judged further */
    WAT_TOK_WORD,   /* starts with a lower-case letter; word */
    WAT_TOK_OTHER   /* reserved characters; only inside annotations */
};

struct wat_token {
    uint32_t offset, size; /* in the text, bytes */
    union {
        uint32_t pair;
        uint32_t symbol;
    };
    uint16_t word; /* enum wat_word */
    uint8_t kind;  /* enum wat_kind */
    bool escaped;  /* STRING: holds a backslash */
};
_Static_assert(sizeof(struct wat_token) == 16, "one line holds four");

/* Index spaces of identifiers. */
enum wat_space {
    WAT_SPACE_TYPE,
    WAT_SPACE_FUNC,
    WAT_SPACE_TABLE,
    WAT_SPACE_MEMORY,
    WAT_SPACE_GLOBAL,
    WAT_SPACE_TAG,
    WAT_SPACE_ELEM,
    WAT_SPACE_DATA,
    WAT_SPACE_LOCAL,
    WAT_SPACE_LABEL,
    WAT_SPACE_COUNT
};

#define WAT_NO_SYMBOL UINT32_MAX
#define WAT_UNBOUND   UINT32_MAX
#define WAT_NO_TOKEN  UINT32_MAX

/* One spelling of an identifier, and what it names at the moment in each space. */
struct wat_symbol {
    struct str name;                 /* without $ and quotes, decoded */
    uint32_t index[WAT_SPACE_COUNT]; /* WAT_UNBOUND when free */
};

enum wat_annot_kind {
    WAT_ANNOT_CUSTOM,      /* (@custom "name" place? "content"...) */
    WAT_ANNOT_NAME,        /* (@name "name") */
    WAT_ANNOT_BRANCH_HINT, /* (@metadata.code.branch_hint "\00" or "\01") */
    WAT_ANNOT_NAMES,       /* (@mujun.names place?), see print.h */
    WAT_ANNOT_ENCODING     /* (@mujun.encoding "base64"...), see encoding.h */
};

/* An annotation we understand. Its tokens are in annot_tokens[first, end), an END token at end. */
struct wat_annot {
    enum wat_annot_kind kind;
    uint32_t before; /* index of the token it stands in front of */
    uint32_t offset; /* in the text */
    uint32_t first, end;
    bool is_used;
};

struct wat_lexed {
    struct str text;
    struct wat_token *tokens; /* tokens[count] is the END token */
    struct wat_token *annot_tokens;
    struct wat_annot *annots; /* ascending by before */
    struct wat_symbol *symbols;
    uint32_t *symbol_slots; /* hash table: symbol + 1 */
    uint32_t count, annot_token_count, annot_count, symbol_count;
    uint32_t capacity, annot_token_capacity, annot_capacity, symbol_capacity, slot_count;
    uint32_t seed; /* of hashes: no text can be made to collide. Changes nothing that is seen */
    struct arena *arena;
};

/* Tokens of the whole text. Needs arena_guard(). MALFORMED with line and column: bad UTF-8,
 * characters, strings, identifiers; comments or parentheses that do not close. */
MUST_USE enum status wat_lex(struct str text, struct wm_features features, struct arena *arena,
                             struct wat_lexed *out, struct diag *dg);

/* Line and column of an offset; columns count characters. */
void wat_position(struct str text, uint32_t offset, uint32_t *line, uint32_t *column);
/* Refusal at an offset of the text. Returns st. */
enum status wat_fail_at(struct str text, uint32_t offset, struct diag *dg, enum status st,
                        const char *fmt, ...) PRINTF_LIKE(5, 6);

/* What was found, for messages: "(", the token itself in quotes, cut when long, "end of text". */
enum { WAT_FOUND_MAX = 48 };
const char *wat_found(const struct wat_lexed *lx, const struct wat_token *t,
                      char out[WAT_FOUND_MAX]);

static inline struct str wat_text_of(const struct wat_lexed *lx, const struct wat_token *t)
{
    return (struct str){lx->text.text + t->offset, t->size};
}

/* Appends what a STRING token means; bytes, not necessarily UTF-8. */
void wat_string_decode(const struct wat_lexed *lx, const struct wat_token *t, struct buf *out);
/* Offset of the first byte that breaks UTF-8, or size when all is well. */
size_t wat_utf8_check(const char *text, size_t size);
/* Decodes the escape behind the backslash at text[0]; returns its length with the backslash, or
 * 0 when malformed. out receives up to 4 bytes. */
size_t wat_escape_decode(const char *text, size_t size, uint8_t out[4], uint32_t *out_size);

#endif /* SHIELD_WASM_WAT_LEX_H */
