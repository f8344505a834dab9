/*
 * terms: right sides and guards: names, kinds and types of what a rule makes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rulec.h"

#include <assert.h>

#define ANY_KIND UINT32_MAX

static struct function *function_find(struct program *p, struct str name)
{
    for (uint32_t i = 0; i < p->function_count; i++)
        if (str_equal(p->functions[i].name, name))
            return &p->functions[i];
    return NULL;
}

/* True and the class when the name is a type or a type variable of the rule. */
static bool type_word(struct program *p, struct rule *r, const struct node *n, uint32_t *class)
{
    enum ir_type type;

    if (type_find_text(n->name, &type)) {
        *class = type_new(p, r, n->at, 1u << type);
        return true;
    }
    for (uint32_t c = 0; c < r->type_count; c++)
        if (str_equal(r->types[c].name, n->name)) {
            *class = c;
            return true;
        }
    return false;
}

static path_id literal_path(struct program *p, uint32_t kind, uint64_t number)
{
    return path_intern(p, (struct path){.kind = PATH_LITERAL, .result = kind, .number = number});
}

static bool is_numeric(uint32_t kind)
{
    return kind == KIND_BITS || kind == KIND_NUMBER || kind >= KIND_BUILTIN_COUNT ||
           kind == KIND_TRAPCODE;
}

/* The type of a class as a path: of a value that has it, or the one type it can be. */
static path_id class_path(struct program *p, struct rule *r, struct position at, uint32_t class)
{
    const struct type_class *t = &r->types[type_find(r, class)];

    if (t->mask != 0 && (t->mask & (t->mask - 1)) == 0)
        return literal_path(p, KIND_TYPE, (uint64_t)__builtin_ctz(t->mask));
    if (!t->known)
        rule_refuse(at, "this type is not determined by the pattern; write it behind a dot");
    return path_intern(p, (struct path){.kind = PATH_TYPE, .result = KIND_TYPE, .a = t->witness});
}

path_id guard_path(struct program *p, struct rule *r, const struct node *n, uint32_t kind)
{
    uint64_t number;
    uint32_t class;

    if (n->kind == NODE_NUMBER) {
        if (!is_numeric(kind))
            rule_refuse(n->at, "a number where none is expected");
        return literal_path(p, kind, n->number);
    }
    if (n->kind == NODE_NAME) {
        struct capture *c = capture_find(r, n->name);
        if (c != NULL) {
            c->used = true;
            if (kind != ANY_KIND && c->kind != kind)
                rule_refuse(n->at, "'%.*s' is a %.*s where a %.*s is expected", STR_ARG(n->name),
                            STR_ARG(p->kinds[c->kind].name), STR_ARG(p->kinds[kind].name));
            return c->path;
        }
        if (kind == KIND_TYPE && type_word(p, r, n, &class))
            return class_path(p, r, n->at, class);
        if (kind != ANY_KIND && literal_find(kind, n->name, &number))
            return literal_path(p, kind, number);
        rule_refuse(n->at, "'%.*s' is not captured by the pattern", STR_ARG(n->name));
    }
    struct function *fn = n->kind == NODE_CALL ? function_find(p, n->name) : NULL;
    if (fn == NULL || (fn->role != ROLE_FUNCTION && fn->role != ROLE_PREDICATE))
        rule_refuse(n->at, "'%.*s' is no declared function or predicate", STR_ARG(n->name));
    if (kind != ANY_KIND && fn->results[0] != kind)
        rule_refuse(n->at, "'%.*s' gives a %.*s where a %.*s is expected", STR_ARG(n->name),
                    STR_ARG(p->kinds[fn->results[0]].name), STR_ARG(p->kinds[kind].name));
    if (n->arg_count != fn->param_count)
        rule_refuse(n->at, "'%.*s' takes %u arguments, found %u", STR_ARG(n->name),
                    fn->param_count, n->arg_count);
    fn->used = true;
    struct path call = {.kind = PATH_CALL, .result = fn->results[0],
                        .c = (uint32_t)(fn - p->functions), .arg_count = n->arg_count};
    for (uint32_t i = 0; i < n->arg_count; i++)
        call.args[i] = guard_path(p, r, n->args[i], fn->params[i]);
    return path_intern(p, call);
}

/* ---- right sides ----------------------------------------------------------------------------- */
static struct term *resolve(struct program *p, struct rule *r, struct node *n, uint32_t kind,
                            uint32_t class);

static struct term *term_new(struct program *p, enum term_kind kind, uint32_t result)
{
    struct term *t = arena_new(p->arena, struct term, 1);
    t->kind = kind;
    t->result = result;
    return t;
}

static void need_builds(struct program *p, const struct node *n)
{
    if (!p->builds)
        rule_refuse(n->at, "a right side that builds IR, in a language without 'builds_ir;'");
}

static struct term *resolve_number(struct program *p, const struct node *n, uint32_t kind,
                                   uint32_t class)
{
    if (kind == KIND_VALUE) {
        need_builds(p, n);
        struct term *t = term_new(p, TERM_BUILD, KIND_VALUE);
        t->number = IR_OP_ICONST;
        t->type = class;
        t->args[t->arg_count++] = term_new(p, TERM_LITERAL, KIND_BITS);
        t->args[0]->number = n->number;
        return t;
    }
    if (!is_numeric(kind))
        rule_refuse(n->at, "a number where none is expected");
    struct term *t = term_new(p, TERM_LITERAL, kind);
    t->number = n->number;
    return t;
}

static struct term *resolve_name(struct program *p, struct rule *r, struct node *n,
                                 uint32_t kind, uint32_t class)
{
    struct capture *c = capture_find(r, n->name);
    struct term *t;
    uint64_t number;
    uint32_t type;

    if (c != NULL) {
        c->used = true;
        t = term_new(p, c->local ? TERM_LOCAL : TERM_PATH, c->kind);
        t->path = c->path;
        t->number = c->statement;
        t->type = c->type;
        if (c->kind == KIND_VALUE && kind == KIND_VALUE)
            type_unify(p, r, n->at, c->type, class);
        return t;
    }
    if (kind == KIND_TYPE && type_word(p, r, n, &type)) {
        t = term_new(p, TERM_PATH, KIND_TYPE);
        t->path = class_path(p, r, n->at, type);
        return t;
    }
    if (kind != ANY_KIND && literal_find(kind, n->name, &number)) {
        t = term_new(p, TERM_LITERAL, kind);
        t->number = number;
        return t;
    }
    rule_refuse(n->at, "'%.*s' is not captured by the pattern", STR_ARG(n->name));
}

static struct term *resolve_build(struct program *p, struct rule *r, struct node *n,
                                  enum ir_op op, uint32_t class)
{
    struct op_shape shape = op_shape(op);
    struct term *t = term_new(p, TERM_BUILD, KIND_VALUE);
    uint32_t first = UINT32_MAX;
    bool fresh;

    need_builds(p, n);
    if (shape.result_mask == 0 || n->arg_count != shape.operand_count)
        rule_refuse(n->at, "%.*s takes %u operands and %s; found %u", STR_ARG(n->name),
                    shape.operand_count, shape.result_mask == 0 ? "has no value" : "has a value",
                    n->arg_count);
    if (class == UINT32_MAX)
        class = type_new(p, r, n->at, UINT32_MAX);
    type_unify(p, r, n->at, class, type_new(p, r, n->at, shape.result_mask));
    if (n->type.size != 0)
        type_unify(p, r, n->at, class, type_named(p, r, n, &fresh));
    t->number = op;
    t->type = class;
    for (uint32_t i = 0; i < n->arg_count; i++) {
        const struct operand *o = &shape.operands[i];
        uint32_t arg = UINT32_MAX;
        if (o->kind == KIND_VALUE) {
            arg = o->same_as_result                           ? class
                  : o->same_as_first && first != UINT32_MAX ? first
                                                    : type_new(p, r, n->at, o->type_mask);
            if (first == UINT32_MAX)
                first = arg;
        }
        t->args[t->arg_count++] = resolve(p, r, n->args[i], o->kind, arg);
    }
    return t;
}

static struct term *resolve_call(struct program *p, struct rule *r, struct node *n,
                                 uint32_t class)
{
    struct function *fn = function_find(p, n->name);
    enum ir_op op;

    if (fn != NULL) {
        if (fn->role == ROLE_EXTRACTOR)
            rule_refuse(n->at, "the extractor '%.*s' on a right side", STR_ARG(n->name));
        if (n->arg_count != fn->param_count)
            rule_refuse(n->at, "'%.*s' takes %u arguments, found %u", STR_ARG(n->name),
                        fn->param_count, n->arg_count);
        fn->used = true;
        struct term *t = term_new(p, TERM_CALL, fn->results[0]);
        t->function = fn;
        t->type = class;
        for (uint32_t i = 0; i < n->arg_count; i++)
            t->args[t->arg_count++] =
                resolve(p, r, n->args[i], fn->params[i], type_new(p, r, n->at, UINT32_MAX));
        return t;
    }
    for (uint32_t i = 0; i < p->root_count; i++)
        if (str_equal(p->roots[i].name, n->name)) {
            if (n->arg_count != 1)
                rule_refuse(n->at, "the root '%.*s' takes one value", STR_ARG(n->name));
            p->roots[i].called = true;
            struct term *t = term_new(p, TERM_ROOT, p->roots[i].result);
            t->root = &p->roots[i];
            t->type = class;
            t->args[t->arg_count++] =
                resolve(p, r, n->args[0], KIND_VALUE, type_new(p, r, n->at, UINT32_MAX));
            return t;
        }
    if (op_find(n->name, &op))
        return resolve_build(p, r, n, op, class);
    rule_refuse(n->at, "'%.*s' is neither an operation nor a declared function, constructor or "
                "root", STR_ARG(n->name));
}

static struct term *resolve(struct program *p, struct rule *r, struct node *n, uint32_t kind,
                            uint32_t class)
{
    struct term *t = NULL;

    if (n->type.size != 0 && n->kind != NODE_CALL)
        rule_refuse(n->at, "a type behind something that is not built here");
    switch (n->kind) {
    case NODE_WILDCARD:
        rule_refuse(n->at, "_ on a right side");
    case NODE_NUMBER:
        t = resolve_number(p, n, kind, class);
        break;
    case NODE_NAME:
        t = resolve_name(p, r, n, kind, class);
        break;
    case NODE_CALL:
        t = resolve_call(p, r, n, class);
        break;
    }
    if (kind == ANY_KIND || t->result == kind)
        return t;
    for (uint32_t i = 0; i < p->conversion_count; i++)
        if (p->conversions[i].from == t->result && p->conversions[i].to == kind) {
            struct term *c = term_new(p, TERM_CONVERT, kind);
            c->convert = p->conversions[i].function;
            c->args[c->arg_count++] = t;
            return c;
        }
    rule_refuse(n->at, "a %.*s where a %.*s is expected", STR_ARG(p->kinds[t->result].name),
                STR_ARG(p->kinds[kind].name));
}

/* Every built operation must know its type when it runs. */
static void check_built_types(struct program *p, struct rule *r, struct term *t)
{
    if (t->kind == TERM_BUILD)
        t->path = class_path(p, r, r->text->at, t->type);
    for (uint32_t i = 0; i < t->arg_count; i++)
        check_built_types(p, r, t->args[i]);
}

void check_result(struct program *p, struct rule *r)
{
    const struct statements *s = &r->text->result;
    const struct root *root = &p->roots[r->text->root];
    uint32_t pattern_types = r->type_count, class_of[TYPES_MAX], mask_of[TYPES_MAX];

    for (uint32_t i = 0; i < pattern_types; i++) {
        class_of[i] = type_find(r, i);
        mask_of[i] = r->types[class_of[i]].mask;
    }
    r->results = arena_new(p->arena, struct term *, s->count);
    for (uint32_t i = 0; i < s->count; i++) {
        bool last = i + 1 == s->count;
        uint32_t class = last && root->result == KIND_VALUE
                             ? r->root_type
                             : type_new(p, r, s->items[i].node->at, UINT32_MAX);
        struct term *t =
            resolve(p, r, s->items[i].node, last ? root->result : ANY_KIND, class);
        r->results[r->result_count++] = t;
        if (s->items[i].bound.size == 0)
            continue;
        if (last || capture_find(r, s->items[i].bound) != NULL || t->result == KIND_NOTHING)
            rule_refuse(s->items[i].node->at, "'%.*s' %s", STR_ARG(s->items[i].bound),
                        last ? "names the result, which has no use"
                             : "already means something, or nothing is here to name");
        if (r->capture_count == CAPTURES_MAX)
            rule_refuse(s->items[i].node->at, "more than %d names in a rule", CAPTURES_MAX);
        r->captures[r->capture_count++] = (struct capture){
            .name = s->items[i].bound, .kind = t->result, .type = class, .local = true,
            .statement = i};
    }
    for (uint32_t i = 0; i < pattern_types; i++) {
        if (r->types[type_find(r, i)].mask != mask_of[i])
            rule_refuse(r->text->at, "the right side of %.*s is right for fewer types than its "
                        "pattern matches", STR_ARG(r->text->name));
        for (uint32_t k = 0; k < i; k++)
            if (type_find(r, i) == type_find(r, k) && class_of[i] != class_of[k] &&
                (mask_of[i] & (mask_of[i] - 1)) != 0)
                rule_refuse(r->text->at, "the right side of %.*s takes two types for one that may "
                            "differ in the pattern", STR_ARG(r->text->name));
    }
    for (uint32_t i = 0; i < r->result_count; i++)
        check_built_types(p, r, r->results[i]);
}
