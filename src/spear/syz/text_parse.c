/* text_parse: programs from text. Strict: whatever does not fit the descriptions is an error with
 * its place. Repairing: a call that is unknown or cannot be read is dropped, an argument that does
 * not fit becomes the default; for descriptions change, and programs are kept for years.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"
#include "spear/syz/memory.h"
#include "spear/syz/prog_int.h"
#include "spear/syz/text_data.h"

#include <stdio.h>
#include <string.h>

/* ---- places that are looked at again when the call, or the program, is complete ---- */

struct written {
    struct syz_arg *arg;
    uint32_t column, line;
    uint32_t option; /* of a union that was written out */
};
struct written_list {
    struct written *items;
    uint32_t count, capacity;
};

struct name {
    uint64_t number; /* of rN */
    struct syz_arg *arg;
};

struct parser {
    struct arena *arena;
    const struct syz_target *target;
    struct syz_prog *prog;
    struct diag *dg;
    bool is_strict, is_raw;
    bool has_failed; /* this call cannot be used; dg says why */
    struct str text;
    size_t at, end, line_start; /* the line at work */
    uint32_t line, depth;
    struct name *names;
    uint32_t name_count, name_capacity;
    struct written_list autos;     /* numbers of this call that are AUTO */
    struct written_list unions;    /* with conditions, of this call */
    struct written_list addresses; /* pointers that are AUTO, of the whole program */
};

enum {
    OUT_BYTES_MAX = SYZ_DATA_BYTES, /* that one argument may ask for */
    IN_BYTES_MAX = SYZ_STREAM_BYTES_MAX,
    NAMES_MAX = 10000, /* r0, r1, ...; further ones cannot be used */
    FOUND_SHOWN = 24,  /* characters of what stands there instead */
};

static struct syz_arg *parse_arg(struct parser *p, const struct syz_type *type, enum syz_dir dir);

/* ---- characters ---- */

static char peek(const struct parser *p)
{
    return p->at < p->end ? p->text.text[p->at] : '\0';
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && (peek(p) == ' ' || peek(p) == '\t' || peek(p) == '\r'))
        p->at++;
}

/* "expected ..., found ...": always NULL. The first failure of a call is the one that counts. */
static void *fail_at(struct parser *p, size_t at, const char *expected)
{
    size_t shown = MIN(p->end - MIN(at, p->end), (size_t)FOUND_SHOWN);

    if (!p->has_failed)
        diag_fail_at(p->dg, ST_MALFORMED, p->line, (uint32_t)(at - p->line_start + 1),
                     shown == 0 ? "expected %s, found the end of the line%.*s%s"
                                : "expected %s, found %.*s%s",
                     expected, (int)shown, p->text.text + at, at + shown < p->end ? "..." : "");
    p->has_failed = true;
    return NULL;
}

static bool take(struct parser *p, char c)
{
    skip_space(p);
    if (peek(p) != c)
        return false;
    p->at++;
    skip_space(p);
    return true;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$';
}

/* Letters, digits, _ and $; empty when there are none. */
static struct str take_word(struct parser *p)
{
    size_t start = p->at;

    while (is_word(peek(p)))
        p->at++;
    struct str word = {p->text.text + start, p->at - start};
    skip_space(p);
    return word;
}

static bool next_is(const struct parser *p, const char *word)
{
    size_t size = strlen(word);
    return p->end - p->at >= size && memcmp(p->text.text + p->at, word, size) == 0 &&
           (p->at + size == p->end || !is_word(p->text.text[p->at + size]));
}

static bool take_number(struct parser *p, uint64_t *value)
{
    size_t size = text_read_number((struct str){p->text.text + p->at, p->end - p->at}, value);

    if (size == 0) {
        fail_at(p, p->at, "a number of 64 bits");
        return false;
    }
    p->at += size;
    skip_space(p);
    return true;
}

/* The bytes of a literal, in the arena. */
static bool take_literal(struct parser *p, struct buf *out)
{
    const char *why = NULL;
    size_t where = 0;
    size_t size =
        text_read_literal((struct str){p->text.text + p->at, p->end - p->at}, out, &why, &where);

    if (size == 0) {
        fail_at(p, p->at + where, why);
        return false;
    }
    p->at += size;
    skip_space(p);
    return true;
}

/* ---- what does not fit ---- */

/* Skips one value whatever its type: up to the comma or bracket that ends it. */
static void skip_value(struct parser *p)
{
    uint32_t open = 0;

    while (p->at < p->end) {
        char c = peek(p);
        if (c == '"' || c == '\'') {
            for (p->at++; p->at < p->end && peek(p) != c; p->at++)
                p->at += peek(p) == '\\' && c == '\'';
        } else if (c == '{' || c == '[' || c == '(' || (c == '<' && open == 0)) {
            open += c != '<';
        } else if (c == '}' || c == ']' || c == ')') {
            if (open == 0)
                return;
            open--;
        } else if (c == ',' && open == 0) {
            return;
        }
        p->at = MIN(p->at + 1, p->end);
    }
}

/* The text from start says something else than the type wants. */
static struct syz_arg *misfit(struct parser *p, size_t start, const struct syz_type *type,
                              enum syz_dir dir)
{
    char expected[160];

    if (p->has_failed)
        return NULL;
    if (p->is_strict) {
        snprintf(expected, sizeof(expected), "a value of %s %.*s", syz_kind_text(type->kind),
                 (int)MIN(type->name.size, (size_t)100), type->name.text);
        return fail_at(p, start, expected);
    }
    p->at = start;
    skip_value(p);
    return syz_arg_default(p->arena, type, dir);
}

/* ---- values ---- */

static struct syz_arg *parse_number(struct parser *p, const struct syz_type *type, enum syz_dir dir)
{
    size_t start = p->at;
    uint64_t value = 0;

    if (!take_number(p, &value))
        return NULL;
    struct syz_arg *arg = arg_new(p->arena, type, dir);
    switch (arg->kind) {
    case SYZ_ARG_CONST: arg->value = value; break;
    case SYZ_ARG_RESULT: arg->result.value = value; break;
    case SYZ_ARG_POINTER:
        arg->pointer.is_special = true;
        arg->pointer.address = special_from_text(p->target, value);
        break;
    default: return misfit(p, start, type, dir);
    }
    return arg;
}

static void note(struct parser *p, struct written_list *list, struct syz_arg *arg, size_t at)
{
    struct written w = {.arg = arg,
                        .line = p->line,
                        .column = (uint32_t)(at - p->line_start + 1),
                        .option = arg->kind == SYZ_ARG_UNION ? arg->choice.option : 0};
    ARENA_PUSH(p->arena, list->items, list->count, list->capacity, w);
}

static bool note_len(void *ctx, const struct syz_visit *v)
{
    struct parser *p = ctx;

    if (v->arg->type->kind == SYZ_LEN)
        note(p, &p->autos, v->arg, p->at);
    return true;
}

/* Whether the description says what the value is; of structs, whether their fields have defaults.
 */
static bool may_be_auto(const struct syz_type *t)
{
    switch (t->kind) {
    case SYZ_CONST:
    case SYZ_LEN:
    case SYZ_CSUM:
    case SYZ_VOID:
    case SYZ_STRUCT: return true;
    case SYZ_BUFFER: return t->buffer.value_count == 1 && t->buffer.kind != SYZ_GLOB;
    case SYZ_ARRAY: return is_fixed_group(t) && may_be_auto(t->array.of);
    default: return false;
    }
}

/* AUTO: of constants the constant, of lengths and checksums what they come to, of structs whatever
 * their fields then are. */
static struct syz_arg *parse_auto(struct parser *p, const struct syz_type *type, enum syz_dir dir)
{
    size_t start = p->at;

    if (!may_be_auto(type))
        return misfit(p, start, type, dir);
    p->at += strlen("AUTO");
    skip_space(p);
    struct syz_arg *arg = syz_arg_default(p->arena, type, dir);
    syz_arg_visit(&arg, note_len, p);
    return arg;
}

/* rN, with the r still to come. */
static bool take_name(struct parser *p, uint64_t *number)
{
    size_t start = p->at;

    if (peek(p) == 'r' && p->at + 1 < p->end && p->text.text[p->at + 1] >= '0' &&
        p->text.text[p->at + 1] <= '9') {
        *number = 0;
        for (p->at++; peek(p) >= '0' && peek(p) <= '9'; p->at++)
            *number = *number * 10 + (uint64_t)(peek(p) - '0');
        skip_space(p);
        return true;
    }
    fail_at(p, start, "the name of a result, as r0");
    return false;
}

/* Of names given twice the last counts. */
static void define_name(struct parser *p, uint64_t number, struct syz_arg *arg)
{
    struct name name = {number, arg};

    if (p->name_count < NAMES_MAX)
        ARENA_PUSH(p->arena, p->names, p->name_count, p->name_capacity, name);
}

static struct syz_arg *find_name(const struct parser *p, uint64_t number)
{
    for (uint32_t i = p->name_count; i-- > 0;)
        if (p->names[i].number == number)
            return p->names[i].arg;
    return NULL;
}

/* r0/2+4 */
static struct syz_arg *parse_use(struct parser *p, const struct syz_type *type, enum syz_dir dir)
{
    size_t start = p->at;
    uint64_t number = 0;

    if (type->kind != SYZ_RESOURCE)
        return misfit(p, start, type, dir);
    if (!take_name(p, &number))
        return NULL;
    struct syz_arg *arg = syz_arg_default(p->arena, type, dir);
    arg->result.from = find_name(p, number);
    if (take(p, '/') && !take_number(p, &arg->result.divide))
        return NULL;
    if (take(p, '+') && !take_number(p, &arg->result.add))
        return NULL;
    if (arg->result.from == NULL && p->is_strict)
        return fail_at(p, start, "the name of a result of a call before");
    if (arg->result.from == NULL)
        arg->result.divide = arg->result.add = 0;
    return arg;
}

/* <r0=>value */
static struct syz_arg *parse_definition(struct parser *p, const struct syz_type *type,
                                        enum syz_dir dir)
{
    size_t start = p->at++;
    uint64_t number = 0;

    skip_space(p);
    if (!take_name(p, &number))
        return NULL;
    if (!take(p, '=') || !take(p, '>'))
        return fail_at(p, p->at, "=> after the name of a result");
    if (p->is_strict && type->kind != SYZ_RESOURCE)
        return misfit(p, start, type, dir);
    struct syz_arg *arg = parse_arg(p, type, dir);
    if (arg != NULL && arg->kind == SYZ_ARG_RESULT)
        define_name(p, number, arg);
    return arg;
}

static struct syz_arg *parse_data(struct parser *p, const struct syz_type *type, enum syz_dir dir)
{
    size_t start = p->at;
    struct buf bytes;
    uint64_t size = 0;

    buf_init(&bytes, p->arena);
    if (!take_literal(p, &bytes))
        return NULL;
    size = bytes.size;
    size_t at = p->at;
    if (take(p, '/') && !take_number(p, &size))
        return NULL;
    if (type->kind != SYZ_BUFFER && type->kind != SYZ_VOID)
        return misfit(p, start, type, dir);
    size = type->is_varlen ? size : type->size_bytes;
    if (size > (dir == SYZ_OUT ? (uint64_t)OUT_BYTES_MAX : (uint64_t)IN_BYTES_MAX)) {
        if (p->is_strict)
            return fail_at(p, at, "at most 16777216 bytes to be written, 4194304 to be read");
        size = bytes.size;
    }
    struct syz_arg *arg = arg_new(p->arena, type, dir);
    arg->data.size = size;
    if (dir == SYZ_OUT)
        return arg;
    if (size > bytes.size) {
        size_t zeros = size - bytes.size;
        buf_reserve(&bytes, zeros);
        memset(bytes.data + bytes.size, 0, zeros);
    }
    arg->data.bytes = bytes.data != NULL ? bytes.data : arena_new(p->arena, uint8_t, 0);
    return arg;
}

/* ---- pointers ---- */

/* (0x7f0000000040) or (0x7f0000ffc000/0x4000), as an offset into the data region. */
static bool take_address(struct parser *p, struct syz_arg *arg)
{
    uint64_t address = 0, more = 0;
    size_t start = p->at;

    if (!take(p, '(')) {
        fail_at(p, p->at, "AUTO or an address in parentheses after &");
        return false;
    }
    if (!take_number(p, &address) || (take(p, '+') && !take_number(p, &more)) ||
        (take(p, '/') && !take_number(p, &arg->pointer.vma_bytes)))
        return false;
    if (!take(p, ')')) {
        fail_at(p, p->at, ")");
        return false;
    }
    address = address + more - SYZ_TEXT_BASE;
    if (p->is_strict && address >= SYZ_DATA_BYTES) {
        fail_at(p, start, "an address of the data region, 0x7f0000000000 to 0x7f0000ffffff");
        return false;
    }
    arg->pointer.address = address % SYZ_DATA_BYTES;
    return true;
}

static struct syz_arg *parse_any(struct parser *p, struct syz_arg *pointer)
{
    const struct syz_type *any = pointer->type->size_bytes == p->target->any_ptr->size_bytes
                                     ? p->target->any_ptr
                                     : p->target->any_ptr64;

    p->at += strlen("ANY");
    skip_space(p);
    if (!take(p, '='))
        return fail_at(p, p->at, "= after ANY");
    pointer->type = any;
    return parse_arg(p, any->ptr.to, any->ptr.dir);
}

static struct syz_arg *parse_pointee(struct parser *p, struct syz_arg *pointer)
{
    const struct syz_type *type = pointer->type;
    bool has_value = take(p, '=');

    if (has_value && next_is(p, "nil")) {
        p->at += strlen("nil");
        skip_space(p);
        has_value = false;
    }
    if (!has_value)
        return syz_arg_default(p->arena, type->ptr.to, type->ptr.dir);
    return next_is(p, "ANY") ? parse_any(p, pointer) : parse_arg(p, type->ptr.to, type->ptr.dir);
}

static struct syz_arg *parse_vma(struct parser *p, struct syz_arg *arg, size_t start)
{
    uint64_t page = SYZ_PAGE_BYTES;

    if (take(p, '=')) {
        if (!next_is(p, "nil"))
            return misfit(p, start, arg->type, arg->dir);
        p->at += strlen("nil");
        skip_space(p);
    }
    uint64_t bytes = arg->pointer.vma_bytes;
    bool fits = arg->pointer.address % page == 0 && bytes % page == 0 && bytes <= SYZ_DATA_BYTES;
    if (!fits && p->is_strict)
        return fail_at(p, start, "whole pages, at most 16 MiB");
    if (!fits) {
        arg->pointer.address -= arg->pointer.address % page;
        bytes = MIN(bytes / page * page, (uint64_t)SYZ_DATA_BYTES);
    }
    arg->pointer.vma_bytes = MAX(bytes, page);
    return arg;
}

static struct syz_arg *parse_pointer(struct parser *p, const struct syz_type *type,
                                     enum syz_dir dir)
{
    size_t start = p->at++;

    if (type->kind != SYZ_PTR && type->kind != SYZ_VMA)
        return misfit(p, start, type, dir);
    struct syz_arg *arg = arg_new(p->arena, type, dir);
    skip_space(p);
    if (next_is(p, "AUTO")) {
        p->at += strlen("AUTO");
        skip_space(p);
        arg->pointer.address = UINT64_MAX; /* given when the others are known */
        note(p, &p->addresses, arg, start);
        arg->pointer.vma_bytes = type->kind == SYZ_VMA ? SYZ_PAGE_BYTES : 0;
        if (type->kind == SYZ_VMA)
            return !take(p, '=') || (next_is(p, "nil") && take_word(p).size != 0)
                       ? arg
                       : misfit(p, start, type, dir);
    } else if (!take_address(p, arg)) {
        return NULL;
    }
    if (type->kind == SYZ_VMA)
        return parse_vma(p, arg, start);
    arg->pointer.vma_bytes = 0;
    arg->pointer.to = parse_pointee(p, arg);
    return p->has_failed ? NULL : arg;
}

/* ---- groups ---- */

static bool take_comma_or(struct parser *p, char end)
{
    skip_space(p);
    if (peek(p) == end)
        return true;
    if (take(p, ','))
        return true;
    fail_at(p, p->at, end == '}' ? ", or }" : end == ']' ? ", or ]" : ", or )");
    return false;
}

static struct syz_arg *parse_struct(struct parser *p, const struct syz_type *type, enum syz_dir dir)
{
    size_t start = p->at++;

    if (type->kind != SYZ_STRUCT)
        return misfit(p, start, type, dir);
    struct syz_arg *arg = arg_new(p->arena, type, dir);
    uint32_t count = 0;
    arg->group.items = arena_new(p->arena, struct syz_arg *, type->group.count);
    arg->group.count = type->group.count;
    for (skip_space(p); peek(p) != '}';) {
        if (count < type->group.count) {
            arg->group.items[count] =
                parse_arg(p, type->group.fields[count].type, field_dir(type, count, dir));
            count++;
        } else if (p->is_strict) {
            return fail_at(p, p->at, "} after the last field");
        } else {
            skip_value(p);
        }
        if (p->has_failed || !take_comma_or(p, '}'))
            return NULL;
    }
    p->at++;
    skip_space(p);
    for (; count < type->group.count; count++)
        arg->group.items[count] =
            syz_arg_default(p->arena, type->group.fields[count].type, field_dir(type, count, dir));
    return arg;
}

static struct syz_arg *parse_array(struct parser *p, const struct syz_type *type, enum syz_dir dir)
{
    size_t start = p->at++;

    if (type->kind != SYZ_ARRAY)
        return misfit(p, start, type, dir);
    struct syz_arg *arg = arg_new(p->arena, type, dir);
    bool is_fixed = is_fixed_group(type);
    struct syz_arg **items = NULL;
    uint32_t count = 0, capacity = 0;
    for (skip_space(p); peek(p) != ']';) {
        if (!is_fixed || count < type->array.max) {
            struct syz_arg *item = parse_arg(p, type->array.of, dir);
            ARENA_PUSH(p->arena, items, count, capacity, item);
        } else if (p->is_strict) {
            return fail_at(p, p->at, "] after the last element");
        } else {
            skip_value(p);
        }
        if (p->has_failed || !take_comma_or(p, ']'))
            return NULL;
    }
    p->at++;
    skip_space(p);
    while (is_fixed && count < type->array.max) {
        struct syz_arg *item = syz_arg_default(p->arena, type->array.of, dir);
        ARENA_PUSH(p->arena, items, count, capacity, item);
    }
    arg->group.items = items;
    arg->group.count = count;
    return arg;
}

static bool has_conditions(const struct syz_type *type)
{
    for (uint32_t i = 0; i < type->group.count; i++)
        if (type->group.fields[i].condition != NULL)
            return true;
    return is_hidden_union(type);
}

/* @option or @option=value */
static struct syz_arg *parse_union(struct parser *p, const struct syz_type *type, enum syz_dir dir)
{
    size_t start = p->at++;
    struct str name = take_word(p);
    uint32_t option = 0;

    if (type->kind != SYZ_UNION)
        return misfit(p, start, type, dir);
    while (option < type->group.count && !str_equal(type->group.fields[option].name, name))
        option++;
    if (option == type->group.count)
        return misfit(p, start, type, dir);
    struct syz_arg *arg = arg_new(p->arena, type, dir);
    const struct syz_type *of = type->group.fields[option].type;
    arg->choice.option = option;
    arg->choice.value = take(p, '=') ? parse_arg(p, of, field_dir(type, option, dir))
                                     : syz_arg_default(p->arena, of, field_dir(type, option, dir));
    if (has_conditions(type))
        note(p, &p->unions, arg, start);
    return p->has_failed ? NULL : arg;
}

static struct syz_arg *parse_by_start(struct parser *p, const struct syz_type *type,
                                      enum syz_dir dir)
{
    char c = peek(p);

    switch (c) {
    case '&': return parse_pointer(p, type, dir);
    case '{': return parse_struct(p, type, dir);
    case '[': return parse_array(p, type, dir);
    case '@': return parse_union(p, type, dir);
    case '<': return parse_definition(p, type, dir);
    case '"':
    case '\'': return parse_data(p, type, dir);
    case 'r': return parse_use(p, type, dir);
    default: break;
    }
    if ((c >= '0' && c <= '9') || c == '-')
        return parse_number(p, type, dir);
    if (next_is(p, "AUTO"))
        return parse_auto(p, type, dir);
    if (next_is(p, "nil")) { /* nothing, as old programs say it */
        p->at += strlen("nil");
        skip_space(p);
        return syz_arg_default(p->arena, type, dir);
    }
    return fail_at(p, p->at, "a value");
}

/* NULL when p->has_failed. */
static struct syz_arg *parse_arg(struct parser *p, const struct syz_type *type, enum syz_dir dir)
{
    if (p->depth >= ARG_DEPTH_MAX)
        return fail_at(p, p->at, "at most 256 values within each other");
    p->depth++;
    struct syz_arg *arg = parse_by_start(p, type, dir);
    p->depth--;
    return arg;
}

/* ---- calls ---- */

static void parse_args(struct parser *p, struct syz_step *step)
{
    const struct syz_call *call = step->call;
    uint32_t count = 0;

    step->args = arena_new(p->arena, struct syz_arg *, call->arg_count);
    for (skip_space(p); !p->has_failed && peek(p) != ')';) {
        if (count < call->arg_count) {
            step->args[count] = parse_arg(p, call->args[count].type, call->args[count].dir);
            count++;
        } else if (p->is_strict) {
            fail_at(p, p->at, ") after the last argument");
        } else {
            skip_value(p);
        }
        if (!p->has_failed)
            take_comma_or(p, ')');
    }
    if (p->has_failed)
        return;
    if (count < call->arg_count && p->is_strict)
        fail_at(p, p->at, "another argument");
    p->at++;
    for (; count < call->arg_count; count++)
        step->args[count] =
            syz_arg_default(p->arena, call->args[count].type, call->args[count].dir);
}

/* (fail_nth: 3, async, rerun: 32) */
static void parse_props(struct parser *p, struct syz_props *props)
{
    if (!take(p, '('))
        return;
    while (!p->has_failed && peek(p) != ')') {
        size_t start = p->at;
        struct str word = take_word(p);
        uint64_t value = 0;
        bool has_value = take(p, ':');
        if (has_value && !take_number(p, &value))
            return;
        value = MIN(value, (uint64_t)UINT32_MAX);
        if (has_value && str_equal(word, STR("fail_nth")))
            props->fail_nth = (uint32_t)value;
        else if (has_value && str_equal(word, STR("rerun")))
            props->rerun = (uint32_t)value;
        else if (!has_value && str_equal(word, STR("async")))
            props->is_async = true;
        else if (p->is_strict || word.size == 0)
            fail_at(p, start, "fail_nth: N, async or rerun: N");
        if (!p->has_failed)
            take_comma_or(p, ')');
    }
    if (p->has_failed)
        return;
    p->at++;
}

/* A union that was written otherwise than the values of other fields demand. */
static void check_unions(struct parser *p)
{
    for (uint32_t i = 0; i < p->unions.count && !p->has_failed; i++) {
        const struct written *w = &p->unions.items[i];
        const struct syz_field *fields = w->arg->type->group.fields;
        struct str is = fields[w->arg->choice.option].name, was = fields[w->option].name;
        if (w->arg->choice.option == w->option)
            continue;
        diag_fail_at(p->dg, ST_MALFORMED, w->line, w->column,
                     "expected @%.*s, as the values of other fields demand, found @%.*s",
                     (int)is.size, is.text, (int)was.size, was.text);
        p->has_failed = true;
    }
}

/* What the description leaves no choice about is filled in or, if written otherwise, refused.
 * Conditions may look at lengths, and at what is neutralised; lengths count what conditions add. */
static void complete_step(struct parser *p, struct syz_step *step)
{
    struct arg_map autos = {.arena = p->arena};

    for (uint32_t i = 0; i < p->autos.count; i++)
        arg_map_put(&autos, p->autos.items[i].arg, 0);
    if (autos.count != 0)
        step_assign_sizes(step, &autos);
    if (!p->is_raw)
        syz_step_neutralise(p->prog, step);
    syz_step_patch_conditions(p->prog, step, NULL);
    if (p->is_strict)
        check_unions(p);
    if (autos.count != 0)
        step_assign_sizes(step, &autos);
    if (!p->is_raw && autos.count != 0)
        syz_step_neutralise(p->prog, step);
}

static void unknown_call(struct parser *p, size_t at, struct str word)
{
    char found[128], name[128], expected[256];
    struct nearest near = {.word = found};

    p->has_failed = p->has_failed || !p->is_strict; /* nobody reads the reason */
    snprintf(found, sizeof(found), "%.*s", (int)word.size, word.text);
    for (uint32_t i = 0; i < p->target->call_count && !p->has_failed; i++) {
        struct str call = p->target->calls[i].name;
        const char *before = near.best;
        char candidate[sizeof(name)];
        snprintf(candidate, sizeof(candidate), "%.*s", (int)call.size, call.text);
        nearest_try(&near, candidate);
        if (near.best != before) { /* candidate does not outlive this round */
            memcpy(name, candidate, sizeof(name));
            near.best = name;
        }
    }
    snprintf(expected, sizeof(expected), "the name of a call of the descriptions%s%s%s",
             near.best != NULL ? " (did you mean " : "", near.best != NULL ? near.best : "",
             near.best != NULL ? "?)" : "");
    fail_at(p, at, expected);
}

/* The line is a call. A call that is not used leaves nothing behind but names. */
static void parse_call(struct parser *p)
{
    struct syz_step step = {0};
    uint64_t number = 0;
    bool has_name = false;
    size_t start = p->at;
    struct str word = take_word(p);

    p->autos.count = p->unions.count = 0;
    if (take(p, '=')) {
        size_t call_start = p->at;
        p->at = start;
        has_name = take_name(p, &number);
        start = p->at = call_start;
        word = take_word(p);
    }
    if (p->has_failed)
        return;
    if (word.size == 0 || peek(p) != '(') {
        fail_at(p, start, "a call: name(...) or r0 = name(...)");
        return;
    }
    step.call = syz_call_find(p->target, word);
    if (step.call == NULL) {
        unknown_call(p, start, word);
        return;
    }
    p->at++;
    parse_args(p, &step);
    if (!p->has_failed)
        parse_props(p, &step.props);
    skip_space(p);
    if (!p->has_failed && p->at < p->end && peek(p) != '#' && p->is_strict)
        fail_at(p, p->at, "the end of the line");
    if (p->has_failed)
        return;
    if (step.call->result != NULL)
        step.result = syz_arg_default(p->arena, step.call->result, SYZ_OUT);
    syz_prog_insert(p->prog, p->prog->count, step);
    complete_step(p, &p->prog->steps[p->prog->count - 1]);
    if (has_name && step.result != NULL)
        define_name(p, number, step.result);
}

/* Uses of results of a call that was dropped half-way lose them. */
static void drop_names(struct parser *p, uint32_t count)
{
    p->name_count = MIN(p->name_count, count);
}

static void place_addresses(struct parser *p)
{
    if (p->addresses.count == 0)
        return;
    struct syz_memory *m = arena_new(p->arena, struct syz_memory, 1);
    syz_memory_reserve(m, p->prog);
    for (uint32_t i = 0; i < p->addresses.count; i++) {
        struct syz_arg *arg = p->addresses.items[i].arg;
        uint64_t bytes =
            arg->pointer.to == NULL ? arg->pointer.vma_bytes : syz_arg_bytes(arg->pointer.to);
        uint64_t align = arg->pointer.to == NULL ? SYZ_PAGE_BYTES : arg->pointer.to->type->align;
        arg->pointer.address = syz_memory_take(m, bytes, align);
    }
}

static bool next_line(struct parser *p)
{
    p->line_start = p->line == 0 ? 0 : p->end + 1;
    if (p->line_start >= p->text.size)
        return false;
    const char *start = p->text.text + p->line_start;
    const char *newline = memchr(start, '\n', p->text.size - p->line_start);
    p->at = p->line_start;
    p->end = newline == NULL ? p->text.size : (size_t)(newline - p->text.text);
    p->line++;
    p->depth = 0;
    skip_space(p);
    return true;
}

enum status syz_prog_parse(struct arena *a, const struct syz_target *t, struct str text,
                           enum syz_parse_mode mode, struct syz_prog **out, struct diag *dg)
{
    struct diag ignored;
    struct parser p = {.arena = a,
                       .target = t,
                       .prog = syz_prog_new(a, t),
                       .dg = mode == SYZ_REPAIR ? &ignored : dg,
                       .is_strict = mode != SYZ_REPAIR,
                       .is_raw = mode == SYZ_RAW,
                       .text = text};

    while (next_line(&p)) {
        if (p.at == p.end || peek(&p) == '#')
            continue;
        if (p.prog->count == SYZ_TEXT_CALLS_MAX) {
            if (!p.is_strict)
                break;
            return diag_fail_at(dg, ST_LIMIT, p.line, 1,
                                "expected at most %d calls in a program, found more",
                                SYZ_TEXT_CALLS_MAX);
        }
        uint32_t names = p.name_count;
        parse_call(&p);
        if (p.has_failed && p.is_strict)
            return ST_MALFORMED;
        if (p.has_failed)
            drop_names(&p, names);
        p.has_failed = false;
    }
    if (p.prog->count == 0 && p.is_strict)
        return diag_fail_at(dg, ST_MALFORMED, MAX(p.line, 1u), 1,
                            "expected at least one call, found none");
    place_addresses(&p);
    *out = p.prog;
    return ST_OK;
}
