/* parse_words: words of the text form. SPDX-License-Identifier: Apache-2.0 */
#include "shield/ir/parse_int.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == ',';
}

static bool is_mark(char c)
{
    return c == '(' || c == ')' || c == '{' || c == '}' || c == ':' || c == '=';
}

static void skip_blanks(struct ir_reader *r)
{
    for (; r->at < r->end; r->at++) {
        if (*r->at == '\n') {
            r->line++;
            r->line_start = r->at + 1;
            r->first_on_line = true;
        } else if (*r->at == ';') {
            while (r->at + 1 < r->end && r->at[1] != '\n')
                r->at++;
        } else if (!is_blank(*r->at)) {
            return;
        }
    }
}

static size_t word_size(const struct ir_reader *r)
{
    const char *p = r->at;

    if (is_mark(*p))
        return 1;
    if (*p == '"') {
        do
            p++;
        while (p < r->end && *p != '"' && *p != '\n');
        return (size_t)(p - r->at) + (p < r->end && *p == '"');
    }
    while (p < r->end && !is_blank(*p) && !is_mark(*p) && *p != '\n' && *p != ';')
        p++;
    return (size_t)(p - r->at);
}

void ir_reader_next(struct ir_reader *r)
{
    r->first_on_line = false;
    skip_blanks(r);
    r->word_line = r->line;
    r->word_column = (uint32_t)(r->at - r->line_start) + 1;
    r->word = (struct str){.text = r->at, .size = 0};
    if (r->at == r->end || r->failed != ST_OK)
        return;
    r->word.size = word_size(r);
    r->at += r->word.size;
}

void ir_reader_init(struct ir_reader *r, struct str text, struct diag *dg)
{
    *r = (struct ir_reader){.at = text.text,
                            .end = text.text + text.size,
                            .line_start = text.text,
                            .line = 1,
                            .dg = dg};
    ir_reader_next(r);
    r->first_on_line = true;
}

bool ir_reader_is(const struct ir_reader *r, const char *word)
{
    return r->word.size == strlen(word) && memcmp(r->word.text, word, r->word.size) == 0;
}

bool ir_reader_take(struct ir_reader *r, const char *word)
{
    if (r->word.size == 0 || !ir_reader_is(r, word))
        return false;
    ir_reader_next(r);
    return true;
}

void ir_reader_refuse(struct ir_reader *r, const char *expected)
{
    if (r->failed != ST_OK)
        return;
    if (r->word.size == 0)
        r->failed = diag_fail_at(r->dg, ST_MALFORMED, r->word_line, r->word_column,
                                 "expected %s, found the end of the text", expected);
    else
        r->failed = diag_fail_at(r->dg, ST_MALFORMED, r->word_line, r->word_column,
                                 "expected %s, found \"%.*s\"", expected,
                                 (int)MIN(r->word.size, (size_t)80), r->word.text);
    r->word.size = 0;
    r->at = r->end;
}

void ir_reader_expect(struct ir_reader *r, const char *word)
{
    if (!ir_reader_take(r, word))
        ir_reader_refuse(r, word);
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return 99;
}

static bool read_number(struct str s, uint64_t max, uint64_t *out)
{
    const bool hex = s.size > 2 && s.text[0] == '0' && s.text[1] == 'x';
    const unsigned base = hex ? 16 : 10;
    uint64_t value = 0;

    if (s.size == 0)
        return false;
    for (size_t i = hex ? 2 : 0; i < s.size; i++) {
        const unsigned digit = (unsigned)digit_value(s.text[i]);
        if (digit >= base || value > (max - digit % base) / base)
            return false;
        value = value * base + digit;
    }
    *out = value;
    return value <= max;
}

uint64_t ir_reader_number(struct ir_reader *r, uint64_t max, const char *what)
{
    uint64_t value = 0;

    if (!read_number(r->word, max, &value)) {
        ir_reader_refuse(r, what);
        return 0;
    }
    ir_reader_next(r);
    return value;
}

int32_t ir_reader_signed(struct ir_reader *r, const char *what)
{
    const bool negative = r->word.size > 0 && r->word.text[0] == '-';
    struct str digits = r->word;
    uint64_t value = 0;

    if (negative) {
        digits.text++;
        digits.size--;
    }
    if (!read_number(digits, negative ? UINT64_C(0x80000000) : INT32_MAX, &value)) {
        ir_reader_refuse(r, what);
        return 0;
    }
    ir_reader_next(r);
    return negative ? (int32_t)(uint32_t)(0 - value) : (int32_t)value;
}
