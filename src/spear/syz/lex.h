/* lex: the words of a description file. Lines matter, so their ends are tokens; a comment is one
 * token up to the end of its line. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_LEX_H
#define SPEAR_SYZ_LEX_H

#include "spear/syz/error.h"

enum lex_kind {
    LEX_END,
    LEX_NEWLINE,
    LEX_COMMENT, /* text without the # */
    LEX_IDENT,
    LEX_INT,    /* 12 -1 0xff 'c' */
    LEX_STRING, /* "text" or `hex`, text as written with its quotes */
    LEX_HEADER, /* <header.h>, with its brackets */
    LEX_PUNCT,  /* one of ( ) [ ] { } , : = & or the pairs == != || */
    LEX_BAD,    /* already reported */
};

struct lex_token {
    enum lex_kind kind;
    struct syz_pos pos;
    struct str text; /* as written */
    uint64_t value;  /* of an int */
};

struct lexer {
    struct str text; /* borrowed */
    size_t at;
    uint32_t line;
    size_t line_start;
    uint16_t file;
    struct syz_errors *errors; /* borrowed */
};

void lex_init(struct lexer *lx, struct str text, uint16_t file, struct syz_errors *errors);
struct lex_token lex_next(struct lexer *lx);
/* The rest of the line without blanks at its ends; for `define`. */
struct lex_token lex_rest_of_line(struct lexer *lx);
/* "end of line", "\"abc\"", ... for messages: what was found. */
struct str lex_found(const struct lex_token *t);

/* The value of a whole text as an integer literal (12, -1, 0xff, 'c'); false when it is none. */
bool lex_int(struct str text, uint64_t *value);

#endif /* SPEAR_SYZ_LEX_H */
