/* lex: one pass, no copies: tokens point into the text. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/lex.h"

#include <string.h>

void lex_init(struct lexer *lx, struct str text, uint16_t file, struct syz_errors *errors)
{
    if (text.text == NULL)
        text = STR("");
    *lx = (struct lexer){.text = text, .line = 1, .file = file, .errors = errors};
}

static int peek(const struct lexer *lx, size_t ahead)
{
    return lx->at + ahead < lx->text.size ? (uint8_t)lx->text.text[lx->at + ahead] : -1;
}

static struct syz_pos here(const struct lexer *lx)
{
    size_t column = lx->at - lx->line_start + 1;
    return (struct syz_pos){lx->line, (uint16_t)MIN(column, (size_t)UINT16_MAX), lx->file};
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$';
}

static int hex_digit(int c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool digits(struct str s, unsigned base, uint64_t *value)
{
    uint64_t v = 0;

    for (size_t i = 0; i < s.size; i++) {
        int d = hex_digit((uint8_t)s.text[i]);
        if (d < 0 || (unsigned)d >= base || __builtin_mul_overflow(v, base, &v) ||
            __builtin_add_overflow(v, (unsigned)d, &v))
            return false;
    }
    *value = v;
    return s.size != 0;
}

bool lex_int(struct str s, uint64_t *value)
{
    bool negative = s.size != 0 && s.text[0] == '-';
    uint64_t v = 0;

    if (s.size == 3 && s.text[0] == '\'' && s.text[2] == '\'') {
        *value = (uint8_t)s.text[1];
        return true;
    }
    if (negative)
        s = (struct str){s.text + 1, s.size - 1};
    bool hex = s.size > 2 && s.text[0] == '0' && (s.text[1] | 0x20) == 'x';
    if (!(hex ? digits((struct str){s.text + 2, s.size - 2}, 16, &v) : digits(s, 10, &v)))
        return false;
    if (negative && v > (uint64_t)1 << 63)
        return false;
    *value = negative ? 0 - v : v;
    return true;
}

static struct lex_token finish(struct lexer *lx, struct lex_token t, enum lex_kind kind, size_t end)
{
    t.kind = kind;
    t.text = (struct str){lx->text.text + lx->at, end - lx->at};
    lx->at = end;
    return t;
}

static size_t line_end(const struct lexer *lx)
{
    const char *from = lx->text.text + lx->at;
    const char *nl = memchr(from, '\n', lx->text.size - lx->at);
    return nl == NULL ? lx->text.size : (size_t)(nl - lx->text.text);
}

/* From the opening quote to the closing one, on one line, printable ASCII only. */
static struct lex_token quoted(struct lexer *lx, struct lex_token t, enum lex_kind kind, char close)
{
    size_t end = lx->at + 1, stop = line_end(lx);

    while (end < stop && lx->text.text[end] != close) {
        unsigned char c = (unsigned char)lx->text.text[end];
        if (c < 0x20 || c >= 0x7f) {
            syz_error(lx->errors, t.pos,
                      "expected printable ASCII in a literal (write other bytes as `hex`), found "
                      "byte 0x%02x",
                      c);
            return finish(lx, t, LEX_BAD, stop);
        }
        end++;
    }
    if (end >= stop) {
        syz_error(lx->errors, t.pos, "expected a closing %c on this line, found its end", close);
        return finish(lx, t, LEX_BAD, stop);
    }
    t = finish(lx, t, kind, end + 1);
    if (close == '`')
        for (size_t i = 1; i + 1 < t.text.size || t.text.size % 2 != 0; i++)
            if (t.text.size % 2 != 0 || hex_digit((uint8_t)t.text.text[i]) < 0) {
                syz_error(lx->errors, t.pos, "expected pairs of hex digits in %.*s",
                          STR_ARG(t.text));
                t.kind = LEX_BAD;
                break;
            }
    return t;
}

static struct lex_token number(struct lexer *lx, struct lex_token t)
{
    size_t end = lx->at + 1;

    while (end < lx->text.size && is_word((uint8_t)lx->text.text[end]))
        end++;
    t = finish(lx, t, LEX_INT, end);
    if (!lex_int(t.text, &t.value)) {
        syz_error(lx->errors, t.pos, "expected an integer of at most 64 bits, found %.*s",
                  STR_ARG(t.text));
        t.kind = LEX_BAD;
    }
    return t;
}

static struct lex_token bad_byte(struct lexer *lx, struct lex_token t, int c)
{
    if (c > 0x20 && c < 0x7f)
        syz_error(lx->errors, t.pos, "expected a word, number or bracket, found '%c'", c);
    else
        syz_error(lx->errors, t.pos, "expected a word, number or bracket, found byte 0x%02x",
                  (unsigned)c);
    return finish(lx, t, LEX_BAD, lx->at + 1);
}

struct lex_token lex_next(struct lexer *lx)
{
    while (peek(lx, 0) == ' ' || peek(lx, 0) == '\t' || peek(lx, 0) == '\r')
        lx->at++;
    struct lex_token t = {.pos = here(lx)};
    int c = peek(lx, 0);

    if (c < 0)
        return finish(lx, t, LEX_END, lx->at);
    if (c == '\n') {
        t = finish(lx, t, LEX_NEWLINE, lx->at + 1);
        lx->line++;
        lx->line_start = lx->at;
        return t;
    }
    if (c == '#') {
        lx->at++;
        return finish(lx, t, LEX_COMMENT, line_end(lx));
    }
    if (is_digit(c) || (c == '-' && is_digit(peek(lx, 1))))
        return number(lx, t);
    if (is_word(c)) {
        size_t end = lx->at;
        while (end < lx->text.size && is_word((uint8_t)lx->text.text[end]))
            end++;
        return finish(lx, t, LEX_IDENT, end);
    }
    if (c == '"' || c == '`')
        return quoted(lx, t, LEX_STRING, (char)c);
    if (c == '<')
        return quoted(lx, t, LEX_HEADER, '>');
    if (c == '\'' && peek(lx, 2) == '\'' && peek(lx, 1) >= 0x20 && peek(lx, 1) < 0x7f) {
        t.value = (uint64_t)peek(lx, 1);
        return finish(lx, t, LEX_INT, lx->at + 3);
    }
    if ((c == '=' && peek(lx, 1) == '=') || (c == '!' && peek(lx, 1) == '=') ||
        (c == '|' && peek(lx, 1) == '|'))
        return finish(lx, t, LEX_PUNCT, lx->at + 2);
    if (strchr("()[]{},:=&", c) != NULL && c != 0)
        return finish(lx, t, LEX_PUNCT, lx->at + 1);
    return bad_byte(lx, t, c);
}

struct lex_token lex_rest_of_line(struct lexer *lx)
{
    while (peek(lx, 0) == ' ' || peek(lx, 0) == '\t')
        lx->at++;
    struct lex_token t = {.pos = here(lx)};
    size_t end = line_end(lx), stop = end;

    while (stop > lx->at && strchr(" \t\r", lx->text.text[stop - 1]) != NULL)
        stop--;
    t = finish(lx, t, LEX_STRING, stop);
    lx->at = end;
    return t;
}

struct str lex_found(const struct lex_token *t)
{
    switch (t->kind) {
    case LEX_END: return STR("the end of the file");
    case LEX_NEWLINE: return STR("the end of the line");
    case LEX_COMMENT: return STR("a comment");
    default: return (struct str){t->text.text, MIN(t->text.size, (size_t)80)};
    }
}
