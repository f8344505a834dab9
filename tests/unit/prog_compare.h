/* prog_compare: whether two texts of programs say the same. Neither descriptions nor the parser
 * under test have a part in it: both texts are read as trees of brackets.
 *
 * The normalisation: comments, blank lines and spaces do not count; numbers compare by value,
 * data by bytes, zeros at the end left out; names of results compare by the order in which they
 * first appear; AUTO and nil are whatever the other text has there; what the first text leaves out
 * (fields at the end, =value) may be anything in the second, which leaves out nothing; of bytes
 * that the kernel writes only the number compares. SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_PROG_COMPARE_H
#define TESTS_UNIT_PROG_COMPARE_H

#include "spear/syz/text_data.h"

#include <stdlib.h>
#include <string.h>

struct prog_cursor {
    const char *at, *end;
};
struct prog_compare {
    struct prog_cursor a, b; /* what was written; everything spelled out */
    uint64_t names[2][512];  /* the n-th name of either is the n-th of the other */
    uint32_t name_count;
    struct arena *arena;
    struct prog_cursor a_bad, b_bad; /* where they part */
};

static inline void prog_blank(struct prog_cursor *c)
{
    for (; c->at < c->end; c->at++) {
        if (*c->at == '#')
            while (c->at + 1 < c->end && c->at[1] != '\n')
                c->at++;
        else if (strchr(" \t\r\n", *c->at) == NULL)
            return;
    }
}

static inline char prog_peek(struct prog_cursor *c)
{
    prog_blank(c);
    return c->at < c->end ? *c->at : '\0';
}

static inline bool prog_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || c == '-';
}

static inline struct str prog_word(struct prog_cursor *c)
{
    prog_blank(c);
    struct str w = {c->at, 0};
    while (c->at < c->end && prog_word_char(*c->at))
        c->at++;
    w.size = (size_t)(c->at - w.text);
    return w;
}

/* Skips a value: up to a comma or bracket that does not belong to it. */
static inline void prog_skip(struct prog_cursor *c)
{
    for (unsigned open = 0; prog_peek(c) != '\0'; c->at++) {
        char quote = *c->at;
        if (quote == '\'' || quote == '"')
            for (c->at++; c->at < c->end && *c->at != quote; c->at++)
                c->at += *c->at == '\\';
        else if (strchr("({[", *c->at) != NULL)
            open++;
        else if (strchr(")}]", *c->at) != NULL && open-- == 0)
            return;
        else if (*c->at == ',' && open == 0)
            return;
    }
}

static inline bool prog_differs(struct prog_compare *c)
{
    if (c->a_bad.at == NULL) {
        c->a_bad = c->a;
        c->b_bad = c->b;
    }
    return false;
}

static inline bool prog_same_data(struct prog_compare *c)
{
    struct buf bytes[2];
    struct prog_cursor *cursors[] = {&c->a, &c->b};
    uint64_t size[2] = {0};

    for (int i = 0; i < 2; i++) {
        const char *why = NULL;
        size_t where = 0;
        struct prog_cursor *k = cursors[i];
        buf_init(&bytes[i], c->arena);
        size_t read = text_read_literal((struct str){k->at, (size_t)(k->end - k->at)}, &bytes[i],
                                        &why, &where);
        if (read == 0)
            return prog_differs(c);
        k->at += read;
        size[i] = bytes[i].size;
        if (prog_peek(k) == '/') {
            k->at++;
            text_read_number(prog_word(k), &size[i]);
        }
        while (bytes[i].size != 0 && bytes[i].data[bytes[i].size - 1] == 0)
            bytes[i].size--;
    }
    struct str a = {(char *)bytes[0].data, bytes[0].size};
    struct str b = {(char *)bytes[1].data, bytes[1].size};
    bool is_size_alone = b.size == 0 && size[0] == size[1]; /* of what the kernel writes */
    return str_equal(a, b) || is_size_alone || prog_differs(c);
}

static inline bool prog_is_name(struct str w)
{
    return w.size > 1 && w.text[0] == 'r' && w.text[1] >= '0' && w.text[1] <= '9';
}

static inline bool prog_same_name(struct prog_compare *c, struct str a, struct str b)
{
    uint64_t x = strtoull(a.text + 1, NULL, 10), y = strtoull(b.text + 1, NULL, 10);

    for (uint32_t i = c->name_count; i-- > 0;)
        if (c->names[0][i] == x && c->names[1][i] == y)
            return true;
    if (c->name_count == LENGTH_OF(c->names[0]))
        return false;
    c->names[0][c->name_count] = x;
    c->names[1][c->name_count++] = y;
    return true;
}

static inline bool prog_same_words(struct prog_compare *c)
{
    struct prog_cursor a = c->a, b = c->b;
    struct str x = prog_word(&c->a), y = prog_word(&c->b);
    uint64_t m = 0, n = 0;
    bool same = str_equal(x, y) && !prog_is_name(x);

    if (prog_is_name(x) && prog_is_name(y))
        same = prog_same_name(c, x, y);
    if (x.size != 0 && text_read_number(x, &m) == x.size && text_read_number(y, &n) == y.size)
        same = m == n;
    if (!same) {
        c->a = a;
        c->b = b;
    }
    return same || prog_differs(c);
}

/* Names that the second text does not need are left out of it: "r0 =" and "<r0=>". */
static inline void prog_unused_name(struct prog_compare *c)
{
    if (prog_peek(&c->a) == '<' && prog_peek(&c->b) != '<') {
        while (c->a.at < c->a.end && *c->a.at != '>')
            c->a.at++;
        c->a.at++;
    }
    struct prog_cursor a = c->a, b = c->b;
    struct str x = prog_word(&a), y = prog_word(&b);
    if (prog_is_name(x) && !prog_is_name(y) && prog_peek(&a) == '=' && prog_peek(&b) == '(') {
        a.at++;
        c->a = a;
    }
}

static inline bool prog_next_is(struct prog_cursor *c, const char *word)
{
    prog_blank(c);
    return (size_t)(c->end - c->at) >= strlen(word) && memcmp(c->at, word, strlen(word)) == 0;
}

static inline bool prog_same(struct prog_compare *c, unsigned depth);

/* Elements up to the bracket that closes; the first text may stop earlier. */
static inline bool prog_same_list(struct prog_compare *c, char close, unsigned depth)
{
    c->a.at++;
    c->b.at++;
    while (prog_peek(&c->a) != close && prog_peek(&c->b) != close) {
        if (!prog_same(c, depth + 1))
            return false;
        if (prog_peek(&c->a) == ',')
            c->a.at++;
        if (prog_peek(&c->b) == ',')
            c->b.at++;
    }
    if (prog_peek(&c->a) != close)
        return prog_differs(c);
    while (prog_peek(&c->b) == ',' || prog_peek(&c->b) != close) {
        if (prog_peek(&c->b) == '\0')
            return prog_differs(c);
        c->b.at += prog_peek(&c->b) == ',';
        prog_skip(&c->b);
    }
    c->a.at++;
    c->b.at++;
    return true;
}

/* One value, with what follows it behind = or /. */
static inline bool prog_same(struct prog_compare *c, unsigned depth)
{
    prog_unused_name(c);
    char x = prog_peek(&c->a), y = prog_peek(&c->b);

    if (prog_next_is(&c->a, "AUTO") || prog_next_is(&c->a, "nil")) {
        prog_word(&c->a);
        if (y == '(') /* an address */
            c->b.at++, prog_skip(&c->b), c->b.at++;
        else
            prog_skip(&c->b);
    } else if ((x == '"' || x == '\'') && (y == '"' || y == '\'')) {
        if (!prog_same_data(c))
            return false;
    } else if (x == y && x != '\0' && strchr("({[", x) != NULL) {
        if (!prog_same_list(c, x == '(' ? ')' : x == '{' ? '}' : ']', depth))
            return false;
    } else if (x == y && x != '\0' && strchr("&@<>=/+:", x) != NULL) {
        c->a.at++;
        c->b.at++;
        return prog_same(c, depth);
    } else if (!prog_word_char(x) || !prog_word_char(y) || !prog_same_words(c)) {
        return prog_differs(c);
    }
    x = prog_peek(&c->a);
    y = prog_peek(&c->b);
    if (x == '/' && y == ')') { /* pages of a pointer that is not a vma: without meaning */
        c->a.at++;
        prog_word(&c->a);
    } else if (y == '=' && x != '=') { /* left out: the default */
        prog_skip(&c->b);
    } else if (x == y && x != '\0' && strchr("=(/+>:", x) != NULL) {
        return prog_same(c, depth);
    }
    return true;
}

/* True when they say the same; else a_bad and b_bad tell where they part. */
static inline bool prog_texts_same(struct prog_compare *c)
{
    while (prog_peek(&c->a) != '\0' && prog_peek(&c->b) != '\0')
        if (!prog_same(c, 0))
            return false;
    return prog_peek(&c->a) == prog_peek(&c->b) || prog_differs(c);
}

#endif /* TESTS_UNIT_PROG_COMPARE_H */
