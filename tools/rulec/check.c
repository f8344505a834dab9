/*
 * check: a pattern becomes a list of tests over paths; every value of a rule gets a type class, and
 * classes that must be one type are united. SPDX-License-Identifier: Apache-2.0
 */
#include "rulec.h"

#include <assert.h>
#include <string.h>

enum { EITHER_ORDER_MAX = 3 };

/* ---- paths ----------------------------------------------------------------------------------- */
path_id path_intern(struct program *p, struct path path)
{
    for (uint32_t i = 0; i < p->path_count; i++) {
        const struct path *q = &p->paths[i];
        if (q->kind == path.kind && q->result == path.result && q->a == path.a && q->b == path.b &&
            q->c == path.c && q->number == path.number && q->arg_count == path.arg_count &&
            memcmp(q->args, path.args, sizeof(path.args)) == 0)
            return i;
    }
    ARENA_PUSH(p->arena, p->paths, p->path_count, p->path_capacity, path);
    return p->path_count - 1;
}

/* Tests of the rule that must have passed before the path can be computed. */
static uint64_t path_needs(const struct program *p, const struct rule *r, path_id id)
{
    const struct path *q = &p->paths[id];
    uint64_t needs = 0;

    switch (q->kind) {
    case PATH_ROOT:
    case PATH_LITERAL:
        return 0;
    case PATH_CALL:
        for (uint32_t i = 0; i < q->arg_count; i++)
            needs |= path_needs(p, r, q->args[i]);
        return needs;
    case PATH_TYPE:
        return path_needs(p, r, q->a);
    case PATH_FIELD:
    case PATH_EXTRACT:
        break;
    }
    for (uint32_t i = 0; i < r->test_count; i++) {
        const struct test *t = &r->tests[i];
        if ((q->kind == PATH_FIELD && t->kind == TEST_OP && t->a == q->a) ||
            (q->kind == PATH_EXTRACT && t->kind == TEST_EXTRACT && t->a == q->a && t->b == q->c))
            needs |= UINT64_C(1) << i;
    }
    return needs | path_needs(p, r, q->a);
}

static void add_test(struct program *p, struct rule *r, struct position at, struct test t)
{
    for (uint32_t i = 0; i < r->test_count; i++)
        if (test_same(&r->tests[i], &t))
            return;
    if (r->test_count == TESTS_MAX)
        rule_refuse(at, "a pattern of more than %d tests", TESTS_MAX);
    t.needs = path_needs(p, r, t.a);
    if (t.kind == TEST_EQUAL || t.kind == TEST_SAME_TYPE || t.kind == TEST_BITS)
        t.needs |= path_needs(p, r, t.b);
    for (uint32_t i = 0; t.kind == TEST_GUARD && i < r->test_count; i++)
        if (r->tests[i].kind == TEST_GUARD) /* guards are asked in their order */
            t.needs |= UINT64_C(1) << i;
    r->tests[r->test_count++] = t;
}

/* ---- types ----------------------------------------------------------------------------------- */
uint32_t type_new(struct program *p, struct rule *r, struct position at, uint32_t mask)
{
    (void)p;
    if (r->type_count == TYPES_MAX)
        rule_refuse(at, "a rule of more than %d values", TYPES_MAX);
    r->types[r->type_count] = (struct type_class){.parent = r->type_count, .mask = mask};
    return r->type_count++;
}

uint32_t type_find(struct rule *r, uint32_t class)
{
    while (r->types[class].parent != class)
        class = r->types[class].parent;
    return class;
}

static void type_narrow(struct program *p, struct rule *r, struct position at, uint32_t class,
                        uint32_t mask)
{
    struct type_class *t = &r->types[type_find(r, class)];

    if ((t->mask & mask) == 0) {
        struct buf is, must;
        buf_init(&is, p->arena);
        buf_init(&must, p->arena);
        type_mask_text(t->mask, &is);
        type_mask_text(mask, &must);
        rule_refuse(at, "this has type %.*s, but %.*s is expected here", (int)is.size,
                    (const char *)is.data, (int)must.size, (const char *)must.data);
    }
    t->mask &= mask;
}

void type_unify(struct program *p, struct rule *r, struct position at, uint32_t a, uint32_t b)
{
    a = type_find(r, a);
    b = type_find(r, b);
    if (a == b)
        return;
    type_narrow(p, r, at, a, r->types[b].mask);
    r->types[b].parent = a;
    if (!r->types[a].known && r->types[b].known) {
        r->types[a].known = true;
        r->types[a].witness = r->types[b].witness;
    }
    if (r->types[a].name.size == 0)
        r->types[a].name = r->types[b].name;
}

/* The class of the type written behind a node's dot; *first: a variable seen for the first time,
 * whose set is not yet tested. */
uint32_t type_named(struct program *p, struct rule *r, struct node *n, bool *first)
{
    enum ir_type type;

    *first = false;
    if (type_find_text(n->type, &type))
        return type_new(p, r, n->at, 1u << type);
    for (uint32_t c = 0; c < r->type_count; c++)
        if (str_equal(r->types[c].name, n->type))
            return c;
    for (uint32_t i = 0; i < p->typeset_count; i++)
        if (str_equal(p->typesets[i].name, n->type)) {
            *first = true;
            uint32_t c = type_new(p, r, n->at, p->typesets[i].mask);
            r->types[c].name = n->type;
            return c;
        }
    rule_refuse(n->at, "'%.*s' is neither a type nor a declared set of types", STR_ARG(n->type));
}

/* Type annotation of a value in a pattern: unites, and tests what is not known anyway. */
static void annotate(struct program *p, struct rule *r, struct node *n, path_id path,
                     uint32_t class)
{
    if (n->type.size == 0)
        return;
    bool first;
    uint32_t named = type_named(p, r, n, &first);
    uint32_t is = type_find(r, class), want = type_find(r, named);
    if (is == want)
        return;
    uint32_t before = r->types[is].mask, wanted = r->types[want].mask;
    bool variable = r->types[want].known;
    path_id witness = r->types[want].witness;
    type_unify(p, r, n->at, class, named);
    if (variable)
        add_test(p, r, n->at, (struct test){.kind = TEST_SAME_TYPE, .a = path, .b = witness});
    else if ((before & ~wanted) != 0)
        add_test(p, r, n->at, (struct test){.kind = TEST_TYPE, .a = path, .number = wanted});
}

/* ---- patterns -------------------------------------------------------------------------------- */
struct capture *capture_find(struct rule *r, struct str name)
{
    for (uint32_t i = 0; i < r->capture_count; i++)
        if (str_equal(r->captures[i].name, name))
            return &r->captures[i];
    return NULL;
}

static void pattern(struct program *p, struct rule *r, struct node *n, path_id path,
                    uint32_t class);

/* Names the thing at path, or, when the name is taken, demands that both be equal. */
static void bind(struct program *p, struct rule *r, struct position at, struct str name,
                 path_id path, uint32_t class)
{
    struct capture *old = capture_find(r, name);
    uint32_t kind = p->paths[path].result;

    if (old == NULL) {
        if (r->capture_count == CAPTURES_MAX)
            rule_refuse(at, "more than %d names in a rule", CAPTURES_MAX);
        r->captures[r->capture_count++] =
            (struct capture){.name = name, .kind = kind, .type = class, .path = path};
        return;
    }
    if (old->kind != kind)
        rule_refuse(at, "'%.*s' is a %.*s here and a %.*s before", STR_ARG(name),
                    STR_ARG(p->kinds[kind].name), STR_ARG(p->kinds[old->kind].name));
    old->used = true;
    if (kind == KIND_VALUE)
        type_unify(p, r, at, old->type, class);
    add_test(p, r, at, (struct test){.kind = TEST_EQUAL, .a = path, .b = old->path});
}

static void pattern_op(struct program *p, struct rule *r, struct node *n, path_id path,
                       uint32_t class, enum ir_op op)
{
    struct op_shape shape = op_shape(op);
    uint32_t classes[4] = {0}, first = UINT32_MAX;

    if (n->arg_count != shape.operand_count)
        rule_refuse(n->at, "%.*s has %u operands, found %u", STR_ARG(n->name),
                    shape.operand_count, n->arg_count);
    if (ir_op_info[op].result == IR_RESULT_VOID && path != 0)
        rule_refuse(n->at, "%.*s has no value: it can only be the whole pattern", STR_ARG(n->name));
    add_test(p, r, n->at, (struct test){.kind = TEST_OP, .a = path, .number = op});
    if (shape.result_mask != 0)
        type_narrow(p, r, n->at, class, shape.result_mask);
    annotate(p, r, n, path, class);
    for (uint32_t i = 0; i < n->arg_count; i++) {
        const struct operand *o = &shape.operands[i];
        struct path field = {.kind = PATH_FIELD, .result = o->kind, .a = path, .b = o->field};
        if (o->kind == KIND_VALUE) {
            classes[i] = o->same_as_result              ? class
                         : o->same_as_first && first != UINT32_MAX ? first
                                                        : type_new(p, r, n->at, o->type_mask);
            if (first == UINT32_MAX)
                first = classes[i];
        }
        pattern(p, r, n->args[i], path_intern(p, field), classes[i]);
    }
}

static void pattern_extract(struct program *p, struct rule *r, struct node *n, path_id path)
{
    for (uint32_t f = 0; f < p->function_count; f++) {
        struct function *fn = &p->functions[f];
        if (!str_equal(fn->name, n->name))
            continue;
        if (fn->role != ROLE_EXTRACTOR)
            rule_refuse(n->at, "'%.*s' is no extractor and cannot be part of a pattern",
                        STR_ARG(n->name));
        if (fn->params[0] != p->paths[path].result)
            rule_refuse(n->at, "%.*s takes a %.*s apart, found a %.*s", STR_ARG(n->name),
                        STR_ARG(p->kinds[fn->params[0]].name),
                        STR_ARG(p->kinds[p->paths[path].result].name));
        if (n->arg_count != fn->result_count)
            rule_refuse(n->at, "%.*s gives %u things, found %u patterns", STR_ARG(n->name),
                        fn->result_count, n->arg_count);
        fn->used = true;
        add_test(p, r, n->at, (struct test){.kind = TEST_EXTRACT, .a = path, .b = f});
        for (uint32_t i = 0; i < n->arg_count; i++) {
            struct path out = {.kind = PATH_EXTRACT, .result = fn->results[i], .a = path, .b = i,
                               .c = f};
            pattern(p, r, n->args[i], path_intern(p, out), type_new(p, r, n->at, UINT32_MAX));
        }
        return;
    }
    rule_refuse(n->at, "'%.*s' is neither an operation of the IR nor a declared extractor",
                STR_ARG(n->name));
}

static void pattern_number(struct program *p, struct rule *r, struct node *n, path_id path,
                           uint32_t class)
{
    uint32_t kind = p->paths[path].result;

    if (kind == KIND_VALUE) {
        struct path bits = {.kind = PATH_FIELD, .result = KIND_BITS, .a = path, .b = FIELD_BITS};
        type_narrow(p, r, n->at, class, op_shape(IR_OP_ICONST).result_mask);
        add_test(p, r, n->at, (struct test){.kind = TEST_OP, .a = path, .number = IR_OP_ICONST});
        annotate(p, r, n, path, class);
        add_test(p, r, n->at,
                 (struct test){.kind = TEST_BITS, .a = path_intern(p, bits), .b = path,
                               .number = n->number});
    } else if (kind == KIND_BITS || kind == KIND_NUMBER || kind >= KIND_BUILTIN_COUNT) {
        add_test(p, r, n->at, (struct test){.kind = TEST_LITERAL, .a = path, .number = n->number});
    } else {
        rule_refuse(n->at, "a number where a %.*s is expected", STR_ARG(p->kinds[kind].name));
    }
}

static void pattern(struct program *p, struct rule *r, struct node *n, path_id path,
                    uint32_t class)
{
    uint32_t kind = p->paths[path].result;
    uint64_t number;
    enum ir_op op;

    n->class = class;
    if (kind == KIND_VALUE) {
        struct type_class *t = &r->types[type_find(r, class)];
        if (!t->known) {
            t->known = true;
            t->witness = path;
        }
    } else if (n->type.size != 0) {
        rule_refuse(n->at, "a %.*s has no type", STR_ARG(p->kinds[kind].name));
    }
    if (n->bound.size != 0)
        bind(p, r, n->at, n->bound, path, class);
    switch (n->kind) {
    case NODE_WILDCARD:
        annotate(p, r, n, path, class);
        break;
    case NODE_NUMBER:
        pattern_number(p, r, n, path, class);
        break;
    case NODE_NAME:
        if (kind != KIND_VALUE && literal_find(kind, n->name, &number)) {
            add_test(p, r, n->at, (struct test){.kind = TEST_LITERAL, .a = path, .number = number});
            break;
        }
        annotate(p, r, n, path, class);
        bind(p, r, n->at, n->name, path, class);
        break;
    case NODE_CALL:
        if (kind == KIND_VALUE && op_find(n->name, &op)) {
            pattern_op(p, r, n, path, class, op);
        } else {
            annotate(p, r, n, path, class);
            pattern_extract(p, r, n, path);
        }
        break;
    }
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* A copy of the tree in which the operations marked ~ are swapped where a bit of *choice is one. */
static struct node *swapped(struct program *p, const struct node *n, uint32_t *choice)
{
    struct node *copy = arena_new(p->arena, struct node, 1);
    enum ir_op op;

    *copy = *n;
    copy->args = arena_new(p->arena, struct node *, n->arg_count);
    bool swap = false;
    if (n->either_order) {
        if (!op_find(n->name, &op) || (ir_op_info[op].flags & IR_COMM) == 0)
            rule_refuse(n->at, "~ in front of %.*s, whose operands cannot be swapped",
                        STR_ARG(n->name));
        swap = *choice & 1;
        *choice >>= 1;
    }
    for (uint32_t i = 0; i < n->arg_count; i++)
        copy->args[i] = swapped(p, n->args[i], choice);
    if (swap && n->arg_count >= 2) {
        struct node *last = copy->args[n->arg_count - 1];
        copy->args[n->arg_count - 1] = copy->args[n->arg_count - 2];
        copy->args[n->arg_count - 2] = last;
    }
    return copy;
}

static uint32_t count_either_order(const struct node *n)
{
    uint32_t count = n->either_order;

    for (uint32_t i = 0; i < n->arg_count; i++)
        count += count_either_order(n->args[i]);
    return count;
}

static void check_guards(struct program *p, struct rule *r)
{
    const struct statements *guards = &r->text->guards;

    for (uint32_t i = 0; i < guards->count; i++) {
        const struct statement *g = &guards->items[i];
        if (g->bound.size != 0) {
            path_id path = guard_path(p, r, g->node, UINT32_MAX);
            if (capture_find(r, g->bound) != NULL)
                rule_refuse(g->node->at, "'%.*s' already means something", STR_ARG(g->bound));
            bind(p, r, g->node->at, g->bound, path, 0);
            continue;
        }
        path_id path = guard_path(p, r, g->node, KIND_BOOL);
        add_test(p, r, g->node->at,
                 (struct test){.kind = TEST_GUARD, .a = path, .number = !g->negated});
    }
}

static void check_rule(struct program *p, const struct rule_text *text, uint32_t choice)
{
    struct rule *r = arena_new(p->arena, struct rule, 1);
    uint32_t bits = choice;
    struct node *n = swapped(p, text->pattern, &bits);

    r->text = text;
    r->number = p->rule_count;
    r->pattern = n;
    r->name = text_of(p, text->name);
    if (choice != 0) {
        struct buf name;
        buf_init(&name, p->arena);
        buf_printf(&name, "%s/swapped%.*u", r->name, choice > 1 ? 1 : 0, choice > 1 ? choice : 0);
        buf_byte(&name, 0);
        r->name = (const char *)name.data;
    }
    r->root_type = type_new(p, r, text->at, UINT32_MAX);
    pattern(p, r, n, 0, r->root_type);
    check_guards(p, r);
    r->catch_all = r->test_count == 0;
    check_result(p, r);
    for (uint32_t i = 0; i < r->capture_count; i++)
        if (!r->captures[i].used && !r->captures[i].local)
            rule_refuse(text->at, "'%.*s' in rule %.*s is never used: write _ for it",
                        STR_ARG(r->captures[i].name), STR_ARG(text->name));
    ARENA_PUSH(p->arena, p->rules, p->rule_count, p->rule_capacity, r);
}

void check_rules(struct program *p)
{
    path_intern(p, (struct path){.kind = PATH_ROOT, .result = KIND_VALUE});
    for (uint32_t i = 0; i < p->text_count; i++) {
        const struct rule_text *t = &p->texts[i];
        for (uint32_t k = 0; k < i; k++)
            if (str_equal(p->texts[k].name, t->name))
                rule_refuse(t->at, "two rules are named '%.*s'; the first is at %s:%u",
                            STR_ARG(t->name), p->texts[k].at.file, p->texts[k].at.line);
        uint32_t marks = count_either_order(t->pattern);
        if (marks > EITHER_ORDER_MAX)
            rule_refuse(t->at, "more than %d ~ in a rule", EITHER_ORDER_MAX);
        for (uint32_t choice = 0; choice < 1u << marks; choice++)
            check_rule(p, t, choice);
    }
    for (uint32_t i = 0; i < p->root_count; i++) {
        bool total = false;
        for (uint32_t k = 0; k < p->rule_count; k++)
            total |= p->rules[k]->text->root == i && p->rules[k]->catch_all;
        if (p->roots[i].called && !total)
            rule_refuse(p->roots[i].at,
                        "%.*s is used on right sides, so some rule of it must match everything",
                        STR_ARG(p->roots[i].name));
    }
}
