/* strace_read: lines of a log to calls with trees of values.
 *
 *   [pid 7] openat(AT_FDCWD, "a", O_RDONLY|O_CLOEXEC) = 3</tmp/a>
 *   7 12:00:01.5 read(3,  <unfinished ...>
 *   7 <... read resumed>"x"..., 832) = 832
 *
 * Anything else between (signals, exits, messages) is passed over.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/const.h"
#include "spear/syz/strace_int.h"

#include <stdio.h>
#include <string.h>

enum { NEST_MAX = 32, ITEMS_MAX = 4096 };

struct cursor {
    struct trace_reader *r;
    const char *at, *end;
    uint32_t nest;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static char peek(const struct cursor *c)
{
    return c->at < c->end ? *c->at : 0;
}

static bool starts(const struct cursor *c, const char *text)
{
    size_t size = strlen(text);
    return (size_t)(c->end - c->at) >= size && memcmp(c->at, text, size) == 0;
}

static bool take(struct cursor *c, const char *text)
{
    if (!starts(c, text))
        return false;
    c->at += strlen(text);
    return true;
}

static void skip_spaces(struct cursor *c)
{
    for (;;) {
        while (peek(c) == ' ' || peek(c) == '\t')
            c->at++;
        if (!starts(c, "/*"))
            return;
        while (c->at < c->end && !take(c, "*/"))
            c->at++;
    }
}

static struct trace_value *new_value(struct cursor *c, enum trace_kind kind)
{
    struct trace_value *v = arena_new(c->r->a, struct trace_value, 1);

    v->kind = kind;
    return v;
}

static struct trace_value *new_number(struct cursor *c, uint64_t number)
{
    struct trace_value *v = new_value(c, TRACE_NUMBER);

    v->number = number;
    return v;
}

static struct trace_value *read_value(struct cursor *c);

/* ---- text ---- */

static uint8_t read_escape(struct cursor *c)
{
    static const char letters[] = "abtnvfr", codes[] = "\a\b\t\n\v\f\r";
    char e = peek(c);
    uint32_t value = 0, digits = 0;

    c->at += c->at < c->end;
    const char *letter = e != 0 ? strchr(letters, e) : NULL;
    if (letter != NULL)
        return (uint8_t)codes[letter - letters];
    if (e == 'x') {
        for (; digits < 2; digits++, c->at++) {
            char h = peek(c);
            bool is_hex = is_digit(h) || (h >= 'a' && h <= 'f') || (h >= 'A' && h <= 'F');
            if (!is_hex)
                break;
            value = value * 16 + (uint32_t)(is_digit(h) ? h - '0' : (h | 0x20) - 'a' + 10);
        }
        return (uint8_t)value;
    }
    if (e < '0' || e > '7')
        return (uint8_t)e;
    value = (uint32_t)(e - '0');
    for (digits = 1; digits < 3 && peek(c) >= '0' && peek(c) <= '7'; digits++)
        value = value * 8 + (uint32_t)(*c->at++ - '0');
    return (uint8_t)value;
}

static struct trace_value *read_text(struct cursor *c, bool has_zero_before)
{
    struct trace_value *v = new_value(c, TRACE_TEXT);
    struct buf text;

    buf_init(&text, c->r->a);
    if (has_zero_before) /* @"name": an abstract socket */
        buf_byte(&text, 0);
    c->at++;
    while (c->at < c->end && *c->at != '"') {
        uint8_t byte = (uint8_t)*c->at++;
        buf_byte(&text, byte == '\\' ? read_escape(c) : byte);
    }
    c->at += c->at < c->end;
    v->is_cut = take(c, "...");
    v->text = (struct str){(const char *)text.data, text.size};
    return v;
}

/* ---- lists ---- */

static void add_item(struct cursor *c, struct trace_value *list, uint32_t *capacity,
                     struct str name, struct trace_value *item)
{
    if (list->count == ITEMS_MAX)
        return;
    if (list->count == *capacity) {
        uint32_t more = *capacity == 0 ? 8 : *capacity * 2;
        list->items = arena_grow(c->r->a, list->items, *capacity, more, sizeof(*list->items));
        list->names = arena_grow(c->r->a, list->names, *capacity, more, sizeof(*list->names));
        *capacity = more;
    }
    list->names[list->count] = name;
    list->items[list->count++] = item;
}

/* NAME= in front of a value; empty when there is none. */
static struct str read_name(struct cursor *c)
{
    const char *at = c->at;

    while (at < c->end && is_name(*at))
        at++;
    if (at == c->at || at + 1 >= c->end || *at != '=' || at[1] == '=' || at[1] == '>')
        return (struct str){0};
    struct str name = {c->at, (size_t)(at - c->at)};
    c->at = at + 1;
    return name;
}

/* Up to the closing bracket, or the end of the line when that is missing. */
static struct trace_value *read_list(struct cursor *c, char close)
{
    struct trace_value *list = new_value(c, TRACE_LIST);
    uint32_t capacity = 0;

    for (;;) {
        skip_spaces(c);
        if (c->at >= c->end)
            return list;
        if (*c->at == close) {
            c->at++;
            return list;
        }
        if (*c->at == ',' || take(c, "...")) {
            c->at += peek(c) == ',';
            continue;
        }
        const char *before = c->at;
        struct str name = read_name(c);
        struct trace_value *item = read_value(c);
        skip_spaces(c);
        if (take(c, "=>")) /* what the kernel made of it */
            read_value(c);
        if (c->at == before)
            c->at++; /* nothing that is known */
        else
            add_item(c, list, &capacity, name, item);
    }
}

/* ---- numbers ---- */

static uint64_t read_digits(struct cursor *c)
{
    uint32_t base = 10;
    uint64_t value = 0;

    if (take(c, "0x"))
        base = 16;
    else if (peek(c) == '0')
        base = 8;
    for (;; c->at++) {
        char d = peek(c);
        uint32_t digit = is_digit(d)            ? (uint32_t)(d - '0')
                         : d >= 'a' && d <= 'f' ? (uint32_t)(d - 'a' + 10)
                         : d >= 'A' && d <= 'F' ? (uint32_t)(d - 'A' + 10)
                                                : 99;
        if (digit >= base)
            return value;
        value = value * base + digit;
    }
}

static uint64_t item_number(const struct trace_value *list, uint32_t i)
{
    return i < list->count && list->items[i]->kind == TRACE_NUMBER ? list->items[i]->number : 0;
}

static struct trace_value *ipv4(struct cursor *c, const struct trace_value *list)
{
    unsigned part[4];
    char text[32];

    if (list->count != 1 || list->items[0]->kind != TRACE_TEXT)
        return new_value(c, TRACE_UNKNOWN);
    snprintf(text, sizeof(text), "%.*s", (int)list->items[0]->text.size, list->items[0]->text.text);
    if (sscanf(text, "%3u.%3u.%3u.%3u", &part[0], &part[1], &part[2], &part[3]) != 4)
        return new_value(c, TRACE_UNKNOWN);
    return new_number(c, (uint64_t)part[0] << 24 | part[1] << 16 | part[2] << 8 | part[3]);
}

/* NAME(...), as strace writes numbers that are made by macros. */
static struct trace_value *read_macro(struct cursor *c, struct str name)
{
    struct trace_value *args = read_list(c, ')');

    if (str_equal(name, STR("htons")) || str_equal(name, STR("htonl")))
        return new_number(c, item_number(args, 0));
    if (str_equal(name, STR("inet_addr")))
        return ipv4(c, args);
    if (str_equal(name, STR("makedev")))
        return new_number(c, item_number(args, 0) << 8 | item_number(args, 1));
    if (str_equal(name, STR("_IOC")))
        return new_number(c, item_number(args, 0) << 30 | item_number(args, 3) << 16 |
                                 item_number(args, 1) << 8 | item_number(args, 2));
    return new_value(c, TRACE_UNKNOWN);
}

static struct trace_value *read_symbol(struct cursor *c)
{
    static const struct {
        const char *name;
        uint64_t value;
    } known[] = {
        {"NULL",       0},
        {"true",       1},
        {"false",      0},
        {"_IOC_NONE",  0},
        {"_IOC_WRITE", 1},
        {"_IOC_READ",  2}
    };
    const char *start = c->at;

    while (c->at < c->end && is_name(*c->at))
        c->at++;
    struct str name = {start, (size_t)(c->at - start)};
    if (take(c, "("))
        return read_macro(c, name);
    for (uint32_t i = 0; i < LENGTH_OF(known); i++)
        if (str_equal(name, str_of(known[i].name)))
            return new_number(c, known[i].value);
    const struct syz_const *value = map_get(c->r->consts, name);
    if (value == NULL || !value->has_value)
        return new_value(c, TRACE_UNKNOWN);
    return new_number(c, value->value);
}

static struct trace_value *read_operand(struct cursor *c)
{
    skip_spaces(c);
    char first = peek(c);
    if (first == '-' || first == '~') {
        c->at++;
        struct trace_value *v = read_operand(c);
        if (v->kind == TRACE_NUMBER)
            v->number = first == '-' ? 0 - v->number : ~v->number;
        else
            v->kind = TRACE_UNKNOWN;
        return v;
    }
    if (is_digit(first)) {
        struct trace_value *v = new_number(c, read_digits(c));
        if (peek(c) == '<' && !starts(c, "<<")) /* 3</path>, by -y */
            while (c->at < c->end && *c->at++ != '>')
                ;
        return v;
    }
    return is_name(first) ? read_symbol(c) : read_value(c);
}

static uint64_t apply(char op, uint64_t a, uint64_t b)
{
    switch (op) {
    case '|': return a | b;
    case '&': return a & b;
    case '<': return b < 64 ? a << b : 0;
    case '+': return a + b;
    case '-': return a - b;
    default: return a * b;
    }
}

static uint32_t rank_of(const struct cursor *c)
{
    switch (peek(c)) {
    case '|': return 1;
    case '&': return 2;
    case '<': return starts(c, "<<") ? 3 : 0;
    case '+':
    case '-': return 4;
    case '*': return 5;
    default: return 0;
    }
}

/* Unknown flags among known ones count as none. */
static struct trace_value *read_sum(struct cursor *c, uint32_t rank)
{
    struct trace_value *left = read_operand(c);

    while (rank_of(c) > rank) {
        uint32_t now = rank_of(c);
        char op = *c->at;
        c->at += op == '<' ? 2 : 1;
        struct trace_value *right = read_sum(c, now);
        bool both = left->kind == TRACE_NUMBER && right->kind == TRACE_NUMBER;
        if (both)
            left->number = apply(op, left->number, right->number);
        else if (op == '|' && right->kind == TRACE_NUMBER)
            left = right;
        else if (op != '|')
            left = new_value(c, TRACE_UNKNOWN);
    }
    return left;
}

static struct trace_value *read_value(struct cursor *c)
{
    struct trace_value *v = NULL;

    skip_spaces(c);
    if (c->nest >= NEST_MAX) {
        c->at = c->end;
        return new_value(c, TRACE_UNKNOWN);
    }
    c->nest++;
    if (peek(c) == '"')
        v = read_text(c, false);
    else if (take(c, "@"))
        v = peek(c) == '"' ? read_text(c, true) : new_value(c, TRACE_UNKNOWN);
    else if (take(c, "{"))
        v = read_list(c, '}');
    else if (take(c, "["))
        v = read_list(c, ']');
    else if (take(c, "&"))
        v = new_value(c, TRACE_UNKNOWN);
    else if (is_name(peek(c)) || peek(c) == '-' || peek(c) == '~')
        v = read_sum(c, 0);
    else
        v = new_value(c, TRACE_UNKNOWN);
    c->nest--;
    return v;
}

/* ---- lines ---- */

/* "[pid 7] ", "7 ", then a time in any of strace's forms. */
static uint32_t read_head(struct cursor *c)
{
    uint32_t pid = 0;

    skip_spaces(c);
    if (take(c, "[pid"))
        skip_spaces(c);
    const char *start = c->at;
    while (is_digit(peek(c)))
        pid = pid * 10 + (uint32_t)(*c->at++ - '0');
    if (c->at == start || (peek(c) != ' ' && peek(c) != ']')) {
        c->at = start;
        pid = 0;
    }
    take(c, "]");
    for (;;) {
        skip_spaces(c);
        start = c->at;
        while (is_digit(peek(c)) || peek(c) == ':' || peek(c) == '.')
            c->at++;
        if (c->at == start || peek(c) != ' ') {
            c->at = start;
            return pid;
        }
    }
}

static struct str pid_key(struct trace_reader *r, uint32_t pid)
{
    char text[16];
    int size = snprintf(text, sizeof(text), "%u", pid);

    return (struct str){arena_copy_text(r->a, text, (size_t)size), (size_t)size};
}

/* name(args) = result. False when it is something else. */
static bool read_call(struct cursor *c, struct trace_call *out)
{
    const char *start = c->at;

    while (c->at < c->end && is_name(*c->at))
        c->at++;
    out->name = (struct str){start, (size_t)(c->at - start)};
    if (out->name.size == 0 || is_digit(*start) || !take(c, "("))
        return false;
    out->args = read_list(c, ')');
    skip_spaces(c);
    if (!take(c, "="))
        return false;
    skip_spaces(c);
    bool is_negative = take(c, "-");
    if (!is_digit(peek(c)))
        return true; /* "?": it never came back */
    out->result = read_digits(c);
    out->has_succeeded = !is_negative;
    return true;
}

static struct str joined(struct trace_reader *r, struct str a, struct str b)
{
    struct buf text;

    buf_init(&text, r->a);
    buf_str(&text, a);
    buf_str(&text, b);
    return (struct str){(const char *)text.data, text.size};
}

/* True with *out when the line ends a call. */
static bool read_line(struct trace_reader *r, struct str line, struct trace_call *out)
{
    static const struct str mark = {"<unfinished ...>", 16};
    struct cursor c = {.r = r, .at = line.text, .end = line.text + line.size};

    *out = (struct trace_call){.pid = read_head(&c)};
    if (c.at >= c.end || starts(&c, "+++") || starts(&c, "---"))
        return false;
    struct str rest = {c.at, (size_t)(c.end - c.at)};
    if (rest.size >= mark.size &&
        memcmp(rest.text + rest.size - mark.size, mark.text, mark.size) == 0) {
        struct str *kept = arena_new(r->a, struct str, 1);
        *kept = (struct str){rest.text, rest.size - mark.size};
        map_put(&r->pending, pid_key(r, out->pid), kept);
        return false;
    }
    if (take(&c, "<... ")) {
        const char *end = memmem(c.at, (size_t)(c.end - c.at), "resumed>", 8);
        struct str *kept = map_get(&r->pending, pid_key(r, out->pid));
        if (end == NULL || kept == NULL || kept->text == NULL)
            return false;
        end += 8;
        rest = joined(r, *kept, (struct str){end, (size_t)(c.end - end)});
        kept->text = NULL;
        c.at = rest.text;
        c.end = rest.text + rest.size;
    }
    bool is_call = read_call(&c, out);
    r->unreadable += !is_call;
    return is_call;
}

void trace_open(struct trace_reader *r, struct arena *a, const struct map *consts, struct str log)
{
    *r = (struct trace_reader){.a = a, .consts = consts, .left = log};
    map_init(&r->pending, a);
}

bool trace_next(struct trace_reader *r, struct trace_call *out)
{
    while (r->left.size != 0) {
        const char *end = memchr(r->left.text, '\n', r->left.size);
        size_t size = end == NULL ? r->left.size : (size_t)(end - r->left.text);
        struct str line = {r->left.text, size};
        r->left.text += size + (end != NULL);
        r->left.size -= size + (end != NULL);
        if (size != 0 && read_line(r, line, out))
            return true;
    }
    return false;
}
