/*
 * read: the text of a rule file, to trees. Knows the grammar; nothing of operations.
 *
 *   file       { declaration | rule }
 *   rule       "rule" NAME [NUMBER] ":" pattern ["where" guard {"," guard}] "=>" result ";"
 *   pattern    [NAME "@"] ( NAME ["." TYPE] | "_" | NUMBER |
 *              "(" ["~"] NAME ["." TYPE] {pattern} ")" )
 *   guard      ["not"] term | NAME "=" term
 *   result     term | "{" { [NAME "="] term ";" } term [";"] "}"
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rulec.h"

#include <ctype.h>
#include <string.h>

enum { NEST_MAX = 32 };

struct reader {
    struct program *p;
    const char *next, *end;
    struct position at;    /* of next */
    struct position token; /* of the token just looked at */
    uint32_t depth;
};

static void step(struct reader *r)
{
    if (*r->next++ == '\n') {
        r->at.line++;
        r->at.column = 0;
    }
    r->at.column++;
}

static void skip_blanks(struct reader *r)
{
    while (r->next < r->end) {
        if (*r->next == '#')
            while (r->next < r->end && *r->next != '\n')
                step(r);
        else if (isspace((unsigned char)*r->next))
            step(r);
        else
            break;
    }
    r->token = r->at;
}

static char peek(struct reader *r)
{
    skip_blanks(r);
    return r->next < r->end ? *r->next : '\0';
}

static bool word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool accept(struct reader *r, const char *text)
{
    size_t size = strlen(text);

    skip_blanks(r);
    if ((size_t)(r->end - r->next) < size || memcmp(r->next, text, size) != 0)
        return false;
    if (word_char(text[size - 1]) && r->next + size < r->end && word_char(r->next[size]))
        return false;
    while (size-- > 0)
        step(r);
    return true;
}

static void expect(struct reader *r, const char *text, const char *where)
{
    if (!accept(r, text))
        rule_refuse(r->token, "expected '%s' %s, found '%.*s'", text, where,
                    r->next < r->end ? 1 : 11, r->next < r->end ? r->next : "end of file");
}

static struct str word(struct reader *r, const char *what)
{
    if (!word_char(peek(r)))
        rule_refuse(r->token, "expected %s, found '%.*s'", what, r->next < r->end ? 1 : 11,
                    r->next < r->end ? r->next : "end of file");
    const char *start = r->next;
    while (r->next < r->end && word_char(*r->next))
        step(r);
    return (struct str){start, (size_t)(r->next - start)};
}

static struct str quoted(struct reader *r, const char *what)
{
    if (peek(r) != '"')
        rule_refuse(r->token, "expected %s in quotes", what);
    step(r);
    const char *start = r->next;
    while (r->next < r->end && *r->next != '"' && *r->next != '\n')
        step(r);
    struct str s = {start, (size_t)(r->next - start)};
    if (r->next == r->end || *r->next != '"')
        rule_refuse(r->token, "the text of %s does not end on its line", what);
    step(r);
    return s;
}

static uint64_t number(struct reader *r)
{
    bool negative = accept(r, "-");
    struct position at = r->token;
    struct str digits = word(r, "a number");
    bool hex = digits.size > 2 && digits.text[0] == '0' && digits.text[1] == 'x';
    uint64_t value = 0;

    for (size_t i = hex ? 2 : 0; i < digits.size; i++) {
        char c = digits.text[i];
        uint32_t digit = isdigit((unsigned char)c) ? (uint32_t)(c - '0')
                         : hex && isxdigit((unsigned char)c)
                             ? (uint32_t)(tolower((unsigned char)c) - 'a' + 10)
                             : 99;
        if (digit == 99)
            rule_refuse(at, "'%.*s' is no number", STR_ARG(digits));
        if (value > (UINT64_MAX - digit) / (hex ? 16 : 10))
            rule_refuse(at, "'%.*s' does not fit 64 bits", STR_ARG(digits));
        value = value * (hex ? 16 : 10) + digit;
    }
    return negative ? 0 - value : value;
}

static struct node *read_node(struct reader *r);

static void read_call(struct reader *r, struct node *n)
{
    if (++r->depth > NEST_MAX)
        rule_refuse(r->token, "more than %d parentheses inside one another", NEST_MAX);
    n->kind = NODE_CALL;
    n->either_order = accept(r, "~");
    n->name = word(r, "an operation or a function");
    if (accept(r, "."))
        n->type = word(r, "a type");
    while (!accept(r, ")"))
        ARENA_PUSH(r->p->arena, n->args, n->arg_count, n->arg_capacity, read_node(r));
    r->depth--;
}

static struct node *read_node(struct reader *r)
{
    struct node *n = arena_new(r->p->arena, struct node, 1);
    char c = peek(r);

    n->at = r->token;
    if (accept(r, "(")) {
        read_call(r, n);
    } else if (c == '-' || isdigit((unsigned char)c)) {
        n->kind = NODE_NUMBER;
        n->number = number(r);
    } else {
        struct str name = word(r, "a pattern");
        if (str_equal(name, STR("_"))) {
            n->kind = NODE_WILDCARD;
        } else if (accept(r, "@")) {
            n = read_node(r);
            if (n->bound.size != 0 || n->kind == NODE_NAME)
                rule_refuse(n->at, "behind '%.*s@' comes one pattern in parentheses",
                            STR_ARG(name));
            n->bound = name;
            return n;
        } else {
            n->kind = NODE_NAME;
            n->name = name;
        }
    }
    if (n->kind != NODE_CALL && accept(r, "."))
        n->type = word(r, "a type");
    return n;
}

static struct statement read_statement(struct reader *r, bool guard)
{
    struct statement s = {.negated = guard && accept(r, "not")};

    s.node = read_node(r);
    if (s.node->kind == NODE_NAME && s.node->type.size == 0 && peek(r) == '=' &&
        r->next + 1 < r->end && r->next[1] != '>') {
        step(r);
        s.bound = s.node->name;
        s.node = read_node(r);
    }
    return s;
}

static void read_result(struct reader *r, struct statements *result)
{
    if (!accept(r, "{")) {
        ARENA_PUSH(r->p->arena, result->items, result->count, result->capacity,
                   read_statement(r, false));
        expect(r, ";", "behind the right side");
        return;
    }
    while (!accept(r, "}")) {
        ARENA_PUSH(r->p->arena, result->items, result->count, result->capacity,
                   read_statement(r, false));
        expect(r, ";", "behind a statement");
    }
    if (result->count == 0)
        rule_refuse(r->token, "a right side of no statements");
}

static void read_rule(struct reader *r)
{
    struct rule_text t = {.at = r->token, .root = r->p->current_root};

    if (t.root == UINT32_MAX)
        rule_refuse(t.at, "a rule in front of any 'in ROOT;'");
    t.name = word(r, "the name of the rule");
    if (peek(r) == '-' || isdigit((unsigned char)peek(r))) {
        int64_t priority = (int64_t)number(r);
        if (priority < -1000 || priority > 1000)
            rule_refuse(r->token, "a priority is between -1000 and 1000");
        t.priority = (int32_t)priority;
    }
    expect(r, ":", "behind the name and priority of a rule");
    t.pattern = read_node(r);
    if (accept(r, "where")) {
        do
            ARENA_PUSH(r->p->arena, t.guards.items, t.guards.count, t.guards.capacity,
                       read_statement(r, true));
        while (accept(r, ","));
    }
    expect(r, "=>", "behind the pattern");
    read_result(r, &t.result);
    ARENA_PUSH(r->p->arena, r->p->texts, r->p->text_count, r->p->text_capacity, t);
}

/* ---- declarations ---------------------------------------------------------------------------- */
static uint32_t read_kind(struct reader *r)
{
    struct str name = word(r, "a kind");

    for (uint32_t k = 0; k < r->p->kind_count; k++)
        if (str_equal(r->p->kinds[k].name, name))
            return k;
    rule_refuse(r->token, "'%.*s' is no kind; declare it: kind %.*s \"its type in C\";",
                STR_ARG(name), STR_ARG(name));
}

/* (kind kind ...) */
static uint32_t read_kinds(struct reader *r, uint32_t *kinds)
{
    uint32_t count = 0;

    expect(r, "(", "in front of kinds");
    while (!accept(r, ")")) {
        if (count == KINDS_MAX)
            rule_refuse(r->token, "more than %d kinds", KINDS_MAX);
        kinds[count++] = read_kind(r);
    }
    return count;
}

static void read_function(struct reader *r, enum function_role role)
{
    struct function f = {.role = role};

    skip_blanks(r);
    f.at = r->token;
    f.name = word(r, "the name of a function");
    for (uint32_t i = 0; i < r->p->function_count; i++)
        if (str_equal(r->p->functions[i].name, f.name))
            rule_refuse(f.at, "'%.*s' is declared twice; first at %s:%u", STR_ARG(f.name),
                        r->p->functions[i].at.file, r->p->functions[i].at.line);
    f.param_count = read_kinds(r, f.params);
    if (role == ROLE_PREDICATE) {
        f.results[f.result_count++] = KIND_BOOL;
    } else {
        expect(r, "->", "in front of the result");
        if (role == ROLE_EXTRACTOR)
            f.result_count = read_kinds(r, f.results);
        else
            f.results[f.result_count++] = read_kind(r);
    }
    if (role == ROLE_EXTRACTOR && f.param_count != 1)
        rule_refuse(f.at, "an extractor takes one thing apart; '%.*s' has %u", STR_ARG(f.name),
                    f.param_count);
    ARENA_PUSH(r->p->arena, r->p->functions, r->p->function_count, r->p->function_capacity, f);
}

static void read_typeset(struct reader *r)
{
    struct typeset t = {.name = word(r, "the name of a set of types")};
    enum ir_type type;

    expect(r, "=", "behind the name");
    while (peek(r) != ';') {
        struct str name = word(r, "a type");
        if (!type_find_text(name, &type))
            rule_refuse(r->token, "'%.*s' is no type of the IR", STR_ARG(name));
        t.mask |= 1u << type;
    }
    if (t.mask == 0 || type_find_text(t.name, &type))
        rule_refuse(r->token, "a set of types has a name of its own and at least one member");
    ARENA_PUSH(r->p->arena, r->p->typesets, r->p->typeset_count, r->p->typeset_capacity, t);
}

static void read_root(struct reader *r)
{
    struct root root = {.at = r->token, .name = word(r, "the name of a root")};

    expect(r, "->", "in front of the result of a root");
    root.result = read_kind(r);
    ARENA_PUSH(r->p->arena, r->p->roots, r->p->root_count, r->p->root_capacity, root);
}

static void read_in(struct reader *r)
{
    struct str name = word(r, "the name of a root");

    for (uint32_t i = 0; i < r->p->root_count; i++)
        if (str_equal(r->p->roots[i].name, name)) {
            r->p->current_root = i;
            return;
        }
    rule_refuse(r->token, "'%.*s' is no root; declare it: root %.*s -> value;", STR_ARG(name),
                STR_ARG(name));
}

static void read_kind_declaration(struct reader *r)
{
    struct kind k = {.name = word(r, "the name of a kind")};

    k.ctype = text_of(r->p, quoted(r, "its type in C"));
    ARENA_PUSH(r->p->arena, r->p->kinds, r->p->kind_count, r->p->kind_capacity, k);
}

static void read_conversion(struct reader *r)
{
    struct conversion c = {.from = read_kind(r)};

    expect(r, "->", "between the kinds");
    c.to = read_kind(r);
    c.function = word(r, "the name of a function");
    ARENA_PUSH(r->p->arena, r->p->conversions, r->p->conversion_count, r->p->conversion_capacity,
               c);
}

static void read_declaration(struct reader *r)
{
    if (accept(r, "header"))
        r->p->header = quoted(r, "a header");
    else if (accept(r, "context"))
        r->p->context = quoted(r, "the type of the context");
    else if (accept(r, "prefix"))
        r->p->prefix = word(r, "a prefix");
    else if (accept(r, "builds_ir"))
        r->p->builds = true;
    else if (accept(r, "counts"))
        r->p->counts = true;
    else if (accept(r, "type"))
        read_typeset(r);
    else if (accept(r, "kind"))
        read_kind_declaration(r);
    else if (accept(r, "convert"))
        read_conversion(r);
    else if (accept(r, "function"))
        read_function(r, ROLE_FUNCTION);
    else if (accept(r, "predicate"))
        read_function(r, ROLE_PREDICATE);
    else if (accept(r, "extractor"))
        read_function(r, ROLE_EXTRACTOR);
    else if (accept(r, "constructor"))
        read_function(r, ROLE_CONSTRUCTOR);
    else if (accept(r, "root"))
        read_root(r);
    else if (accept(r, "in"))
        read_in(r);
    else
        rule_refuse(r->token,
                    "expected rule, in, root, type, kind, function, predicate, extractor, "
                    "constructor, convert, header, context, prefix, builds_ir or counts, "
                    "found '%.*s'",
                    r->next < r->end ? 1 : 0, r->next);
    expect(r, ";", "behind a declaration");
}

void read_rules(struct program *p, const char *file, struct str text)
{
    struct reader r = {.p = p, .next = text.text, .end = text.text + text.size};

    r.at = (struct position){file, 1, 1};
    while (peek(&r) != '\0') {
        if (accept(&r, "rule"))
            read_rule(&r);
        else
            read_declaration(&r);
    }
}
