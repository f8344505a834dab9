/*
 * emit_try: for tests: each rule alone, and a builder of what it matches.
 *
 *   static ir_value left_N(struct rule_trial *t)    builds the pattern; whatever is open (types,
 *                                                   constants, conditions) is asked of the trial
 *   static bool try_N(...)                          a root function of this one rule
 *   static const struct rule_try rule_tries[]
 *
 * What the file that includes this has to define: tests/unit/rule_trial.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rulec.h"

#include <stdarg.h>
#include <stdio.h>

struct builder {
    struct program *p;
    struct rule *r;
    struct buf *out;
    uint32_t number;            /* of the next value */
    bool known[TYPES_MAX];      /* classes that have a variable */
    struct str named[CAPTURES_MAX];
    const char *names[CAPTURES_MAX];
    uint32_t named_count;
    bool possible;
};

static bool mentions(const struct node *n, struct str name)
{
    if (n->kind == NODE_NAME && str_equal(n->name, name))
        return true;
    for (uint32_t i = 0; i < n->arg_count; i++)
        if (mentions(n->args[i], name))
            return true;
    return false;
}

bool asked_about(const struct rule *r, struct str name)
{
    for (uint32_t i = 0; i < r->text->guards.count; i++)
        if (mentions(r->text->guards.items[i].node, name))
            return true;
    return false;
}

static const char *text(struct builder *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
static const char *text(struct builder *b, const char *fmt, ...)
{
    char line[256];
    va_list args;

    va_start(args, fmt);
    int size = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    return arena_copy_text(b->p->arena, line, (size_t)size);
}

/* The variable that holds the type of a class. */
static const char *class_text(struct builder *b, uint32_t class)
{
    class = type_find(b->r, class);
    if (!b->known[class]) {
        b->known[class] = true;
        buf_printf(b->out, "    const enum ir_type type%u = rule_trial_type(t, %#xu);\n", class,
                   (unsigned)b->r->types[class].mask);
    }
    return text(b, "type%u", class);
}

static const char *find_named(struct builder *b, struct str name)
{
    for (uint32_t i = 0; i < b->named_count; i++)
        if (str_equal(b->named[i], name))
            return b->names[i];
    return NULL;
}

static const char *name_it(struct builder *b, struct str name, const char *as)
{
    b->named[b->named_count] = name;
    b->names[b->named_count++] = as;
    return as;
}

/* A field that is no value: a literal, something named before, or a new choice. */
static const char *build_field(struct builder *b, const struct node *n, uint32_t kind,
                               uint32_t class)
{
    static const uint8_t choices[] = {[KIND_CC] = 10, [KIND_FCC] = 6, [KIND_SHAPE] = 6};
    uint64_t number;

    if (n->kind == NODE_NUMBER)
        return text(b, "UINT64_C(%#llx)", (unsigned long long)n->number);
    if (n->kind == NODE_CALL) {
        b->possible = false;
        return "0";
    }
    if (n->kind == NODE_NAME && literal_find(kind, n->name, &number))
        return text(b, "%llu", (unsigned long long)number);
    const char *old = n->kind == NODE_NAME ? find_named(b, n->name) : NULL;
    if (old != NULL)
        return old;
    const char *as = text(b, "field%u", b->number++);
    if (kind == KIND_BITS) {
        buf_printf(b->out, "    const uint64_t %s = rule_trial_bits(t, %s);\n", as,
                   class_text(b, class));
    } else if (kind < LENGTH_OF(choices) && choices[kind] != 0) {
        buf_printf(b->out, "    const uint32_t %s = rule_trial_choice(t, %u);\n", as,
                   choices[kind]);
    } else {
        b->possible = false;
    }
    return n->kind == NODE_NAME ? name_it(b, n->name, as) : as;
}

static const char *build_value(struct builder *b, const struct node *n);

static const char *build_op(struct builder *b, const struct node *n, enum ir_op op)
{
    static const char *const fields[] = {"a", "b", "c", "aux"};
    struct op_shape shape = op_shape(op);
    const char *args[4] = {NULL}, *type = class_text(b, n->class);
    uint32_t number = b->number++;

    if ((ir_op_info[op].flags & ~(IR_PURE | IR_TRAPS | IR_COMM)) != 0)
        b->possible = false;
    for (uint32_t i = 0; i < n->arg_count; i++)
        args[i] = shape.operands[i].kind == KIND_VALUE
                      ? build_value(b, n->args[i])
                      : build_field(b, n->args[i], shape.operands[i].kind, n->class);
    if (op == IR_OP_ICONST || op == IR_OP_FCONST) {
        buf_printf(b->out,
                   "    const ir_value v%u = rule_trial_inst(t, %s(%s, rule_cut(%s, %s)));\n",
                   number, op == IR_OP_ICONST ? "ir_iconst" : "rule_fconst", type, type, args[0]);
    } else {
        buf_printf(b->out, "    const ir_value v%u = rule_trial_inst(t, (struct ir_inst){"
                           ".op = %u /* %s */, .type = (uint8_t)%s",
                   number, op, ir_op_info[op].text, type);
        for (uint32_t i = 0; i < n->arg_count; i++)
            buf_printf(b->out, ", .%s = (uint%s_t)%s", fields[shape.operands[i].field],
                       shape.operands[i].field == FIELD_AUX ? "8" : "32", args[i]);
        buf_text(b->out, "});\n");
    }
    return text(b, "v%u", number);
}

static const char *build_value(struct builder *b, const struct node *n)
{
    const char *as;
    enum ir_op op;

    if (n->kind == NODE_NUMBER) {
        const char *type = class_text(b, n->class);
        as = text(b, "v%u", b->number++);
        buf_printf(b->out,
                   "    const ir_value %s = rule_trial_inst(t, ir_iconst(%s, rule_cut(%s, "
                   "UINT64_C(%#llx))));\n",
                   as, type, type, (unsigned long long)n->number);
    } else if (n->kind == NODE_CALL) {
        if (!op_find(n->name, &op)) {
            b->possible = false;
            return "0";
        }
        as = build_op(b, n, op);
    } else {
        as = n->kind == NODE_NAME ? find_named(b, n->name) : NULL;
        if (as != NULL)
            return as;
        const char *type = class_text(b, n->class);
        as = text(b, "v%u", b->number++);
        buf_printf(b->out, "    const ir_value %s = rule_trial_value(t, %s, %s);\n", as, type,
                   n->kind == NODE_NAME && asked_about(b->r, n->name) ? "true" : "false");
        if (n->kind == NODE_NAME)
            name_it(b, n->name, as);
    }
    return n->bound.size != 0 ? name_it(b, n->bound, as) : as;
}

static bool emit_left(struct program *p, struct rule *r, struct buf *out)
{
    struct buf body;
    struct builder b = {.p = p, .r = r, .out = &body, .possible = true};

    buf_init(&body, p->arena);
    const char *root = build_value(&b, r->pattern);
    if (!b.possible)
        return false;
    buf_printf(out, "static ir_value left_%u(struct rule_trial *t)\n{\n%.*s    return %s;\n}\n\n",
               r->number, (int)body.size, (const char *)body.data, root);
    return true;
}

void emit_tries(struct program *p, struct buf *out)
{
    struct buf table;

    emit_prologue(p, out);
    buf_init(&table, p->arena);
    for (uint32_t i = 0; i < p->rule_count; i++) {
        struct rule *r = p->rules[i];
        struct buf name;
        buf_init(&name, p->arena);
        buf_printf(&name, "try_%u", r->number);
        buf_byte(&name, 0);
        bool possible = emit_left(p, r, out);
        if (possible)
            emit_function(p, out, (const char *)name.data, &p->roots[r->text->root], &r, 1);
        if (possible)
            buf_printf(&table, "    {\"%s\", left_%u, try_%u},\n", r->name, r->number, r->number);
        else
            buf_printf(&table, "    {\"%s\", NULL, NULL},\n", r->name);
    }
    buf_printf(out, "static const struct rule_try rule_tries[] = {\n%.*s};\n", (int)table.size,
               (const char *)table.data);
}
