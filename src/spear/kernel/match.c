/* match: see match.h. SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/match.h"

#include <string.h>

/* Where the matcher is: the pattern's next character and the text's next byte. */
struct place {
    const char *pattern;
    size_t at;
    uint32_t count; /* captures opened */
    size_t open;    /* where the open capture starts */
};

struct matcher {
    struct str text;
    struct str captures[MATCH_CAPTURES];
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_name(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_solid(char c)
{
    return !is_blank(c);
}

static bool is_path(char c)
{
    return is_name(c) || c == '-' || c == '/' || c == '.';
}

static bool is_suffix(char c)
{
    return is_name(c) || c == '.';
}

/* Bytes of the class from at on; 0 as well when there are more than MATCH_RUN_MAX. */
static size_t run_of(struct str text, size_t at, bool (*is_in)(char))
{
    size_t n = 0;

    while (at + n < text.size && is_in(text.text[at + n])) {
        if (n == MATCH_RUN_MAX)
            return 0;
        n++;
    }
    return n;
}

static bool at_byte(struct str text, size_t at, char c)
{
    return at < text.size && text.text[at] == c;
}

static size_t hex_of(struct str text, size_t at)
{
    size_t prefix = at_byte(text, at, '0') && at_byte(text, at + 1, 'x') ? 2 : 0;
    size_t n = run_of(text, at + prefix, is_hex);

    return n == 0 ? 0 : prefix + n;
}

/* What a kernel prints for an address before it has randomness to hash addresses with. */
static size_t hidden_of(struct str text, size_t at)
{
    const struct str hidden = STR("(____ptrval____)");

    if (at > text.size || text.size - at < hidden.size)
        return 0;
    return str_equal((struct str){text.text + at, hidden.size}, hidden) ? hidden.size : 0;
}

/* Length of "[<hex>]" or "[hex]", 0 when it is not there. */
static size_t pc_of(struct str text, size_t at)
{
    size_t i = at;

    if (!at_byte(text, i++, '['))
        return 0;
    i += at_byte(text, i, '<');
    size_t n = MAX(hex_of(text, i), hidden_of(text, i));
    if (n == 0)
        return 0;
    i += n;
    i += at_byte(text, i, '>');
    return at_byte(text, i, ']') ? i + 1 - at : 0;
}

/* Length of "dir/file.c:12", 0 when it is not there. */
static size_t source_of(struct str text, size_t at)
{
    size_t n = run_of(text, at, is_path);

    if (n == 0 || !at_byte(text, at + n, ':') || memchr(text.text + at, '.', n) == NULL)
        return 0;
    size_t digits = run_of(text, at + n + 1, is_digit);
    return digits == 0 ? 0 : n + 1 + digits;
}

/* Behind a function's name: ".isra.3" and its kin, then "+0x". *end is behind the plus. */
static bool function_end(struct str text, size_t at, size_t *end)
{
    if (at_byte(text, at, '.'))
        at += run_of(text, at, is_suffix);
    if (!at_byte(text, at, '+') || !at_byte(text, at + 1, '0') || !at_byte(text, at + 2, 'x'))
        return false;
    *end = at + 1;
    return true;
}

static void capture(struct matcher *mt, struct place *p, size_t start, size_t size)
{
    if (p->count < MATCH_CAPTURES)
        mt->captures[p->count] = (struct str){mt->text.text + start, size};
    p->count++;
}

/* One % item; p->pattern is at its letter. */
static bool step_item(struct matcher *mt, struct place *p)
{
    size_t at = p->at, n = 0;

    switch (*p->pattern++) { /* tidy: flat */
    case 'd': n = run_of(mt->text, at, is_digit); break;
    case 'x': n = hex_of(mt->text, at); break;
    case 'w': n = run_of(mt->text, at, is_solid); break;
    case 'n': n = run_of(mt->text, at, is_name); break;
    case 'p': n = pc_of(mt->text, at); break;
    case 'a':
        p->at += pc_of(mt->text, at);
        p->at += run_of(mt->text, p->at, is_blank);
        return true;
    case '_': p->at += run_of(mt->text, at, is_blank); return true;
    case '(': p->open = at; return true;
    case ')': capture(mt, p, p->open, at - p->open); return true;
    case 'F':
        n = run_of(mt->text, at, is_name);
        if (n == 0 || !function_end(mt->text, at + n, &p->at))
            return false;
        capture(mt, p, at, n);
        return true;
    case 'S':
        n = source_of(mt->text, at);
        if (n != 0)
            capture(mt, p, at, n);
        break;
    case '%':
    case '{':
    case '*':
    case '^':
    case '$':
    case '|': n = at_byte(mt->text, at, p->pattern[-1]); break;
    default: return false;
    }
    p->at += n;
    return n != 0;
}

/* {a|b|c}; p->pattern is behind the brace. */
static bool step_words(const struct matcher *mt, struct place *p)
{
    const char *end = strchr(p->pattern, '}');

    for (const char *word = p->pattern; end != NULL && word <= end;) {
        size_t size = strcspn(word, "|}");
        if (size <= mt->text.size - p->at && memcmp(word, mt->text.text + p->at, size) == 0) {
            p->pattern = end + 1;
            p->at += size;
            return true;
        }
        word += size + 1;
    }
    return false;
}

/* One element of the pattern other than a star. */
static bool step(struct matcher *mt, struct place *p)
{
    char c = *p->pattern++;

    if (c == '%')
        return step_item(mt, p);
    if (c == '{')
        return step_words(mt, p);
    if (c == '$' && *p->pattern == '\0')
        return p->at == mt->text.size;
    if (!at_byte(mt->text, p->at, c))
        return false;
    p->at++;
    return true;
}

bool match_find(const char *pattern, struct str text, struct match *m)
{
    bool is_bound = *pattern == '^';
    struct matcher mt = {.text = text.text == NULL ? STR("") : text};
    struct place p = {.pattern = pattern + is_bound};
    struct place star = p; /* where to go on after a mismatch, one byte further each time */
    bool has_star = !is_bound, has_inner_star = false;
    size_t start = 0;

    while (*p.pattern != '\0') {
        if (*p.pattern == '*') {
            p.pattern++;
            star = p;
            has_star = has_inner_star = true;
            continue;
        }
        if (step(&mt, &p))
            continue;
        if (!has_star || star.at >= text.size)
            return false;
        star.at++;
        p = star;
        if (!has_inner_star)
            start = star.at;
    }
    if (m == NULL)
        return true;
    *m = (struct match){.start = start, .end = p.at, .count = MIN(p.count, MATCH_CAPTURES)};
    memcpy(m->captures, mt.captures, sizeof(m->captures));
    return true;
}

size_t match_word(struct str text, struct str word)
{
    if (word.size == 0)
        return 0;
    if (text.size == 0)
        return SIZE_MAX;
    const char *at = memmem(text.text, text.size, word.text, word.size);
    return at == NULL ? SIZE_MAX : (size_t)(at - text.text);
}

bool match_has(struct str text, const char *word)
{
    return match_word(text, str_of(word)) != SIZE_MAX;
}
