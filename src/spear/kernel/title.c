/* title: what differs from run to run is taken out of a title; its type.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/title.h"

#include "spear/kernel/match.h"
#include "spear/kernel/oops.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(char c)
{
    return is_letter(c) || is_digit(c) || c == '_';
}

static size_t run(struct str s, size_t at, bool (*is_in)(char))
{
    size_t n = 0;

    while (at + n < s.size && is_in(s.text[at + n]))
        n++;
    return n;
}

static bool starts_with(struct str s, size_t at, const char *word)
{
    size_t size = strlen(word);

    return s.size - at >= size && memcmp(s.text + at, word, size) == 0;
}

/* "+0x1f/0x20" at this offset: its length, or 0. */
static size_t offset_size(struct str s, size_t at)
{
    if (!starts_with(s, at, "+0x"))
        return 0;
    size_t n = 3 + run(s, at + 3, is_hex);
    if (n == 3 || !starts_with(s, at + n, "/0x"))
        return 0;
    return n + 3 + run(s, at + n + 3, is_hex);
}

/* "syz-executor.12/34" and "syzkaller123:4": length of what follows the word, or 0. */
static size_t comm_tail(struct str s, size_t at)
{
    size_t n = starts_with(s, at, ".");
    size_t digits = run(s, at + n, is_digit);

    if (digits == 0)
        return 0;
    n += digits;
    while (at + n < s.size && (s.text[at + n] == '/' || s.text[at + n] == ':')) {
        digits = run(s, at + n + 1, is_digit);
        if (digits == 0)
            break;
        n += 1 + digits;
    }
    return n;
}

/* A word that starts here and is all hexadecimal, with at least six digits or 0x; or 0. */
static size_t address_size(struct str s, size_t at)
{
    size_t prefix = starts_with(s, at, "0x") ? 2 : 0;
    size_t n = run(s, at + prefix, is_hex);

    if (n < (prefix != 0 ? 1 : 6) || (at + prefix + n < s.size && is_name(s.text[at + prefix + n])))
        return 0;
    if (prefix == 0 && n < 8 && run(s, at, is_digit) == n)
        return 0;
    return prefix + n;
}

/* One word or byte of the title from at on; returns how much of it was read. */
static size_t clean_step(struct buf *b, struct str s, size_t at)
{
    static const char *const comms[] = {"syz-executor", "syzkaller"};
    bool at_word = at == 0 || !is_name(s.text[at - 1]);
    size_t n = offset_size(s, at);

    if (n != 0)
        return n;
    for (uint32_t i = 0; at_word && i < LENGTH_OF(comms); i++)
        if (starts_with(s, at, comms[i])) {
            n = strlen(comms[i]);
            buf_text(b, comms[i]);
            return n + comm_tail(s, at + n);
        }
    n = at_word ? address_size(s, at) : 0;
    if (n != 0) {
        buf_text(b, "ADDR");
        return n;
    }
    n = run(s, at, is_digit);
    if (n != 0 && (at == 0 || !is_name(s.text[at - 1]))) {
        bool is_line =
            at >= 3 && s.text[at - 1] == ':' && is_letter(s.text[at - 2]) && s.text[at - 3] == '.';
        bool is_cpu = at >= 4 && starts_with(s, at - 4, "CPU#");
        if (is_cpu)
            b->size--; /* CPU#3 is CPU */
        else
            buf_text(b, is_line ? "LINE" : "NUM");
        return n;
    }
    n = at_word ? run(s, at, is_name) : 0;
    n = MAX(n, (size_t)1);
    buf_bytes(b, s.text + at, n);
    return n;
}

struct str report_clean_title(struct arena *a, struct str title)
{
    struct buf b;

    buf_init(&b, a);
    while (title.size != 0 && title.text[title.size - 1] == ' ')
        title.size--;
    for (size_t at = 0; at < title.size && b.size < REPORT_TITLE_MAX;) {
        if ((unsigned char)title.text[at] < ' ' || (unsigned char)title.text[at] > '~')
            at++; /* torn bytes say nothing */
        else
            at += clean_step(&b, title, at);
    }
    return (struct str){(const char *)b.data, MIN(b.size, (size_t)REPORT_TITLE_MAX)};
}

void title_judge(struct report *r)
{
    for (uint32_t i = 0; i < oops_type_count; i++)
        if (match_find(oops_types[i].pattern, r->title, NULL)) {
            r->type = oops_types[i].name[0] == '\0' ? NULL : oops_types[i].name;
            r->severity = oops_types[i].severity;
            return;
        }
}
