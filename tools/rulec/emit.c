/*
 * emit: the rules of a root as C. All rules walk together: a group that shares its next test is
 * written as one test with the rest of the group inside, one operation per case of a switch. When
 * nothing inside matches, control falls out and the next group is tried, so no rule is written
 * twice and the code is as long as the rules are.
 *
 * A rule may be taken in front of others to join a group when they have the same priority or
 * exclude it; so the first that matches is always one of the highest priority.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rulec.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

struct item { /* a rule on its way */
    struct rule *rule;
    uint64_t done; /* tests that have passed */
};

struct declared {
    path_id path;
    bool inst;
};

struct emitter {
    struct program *p;
    struct buf *out;
    struct buf *helpers; /* functions that come in front, one for each operation at the root */
    const char *name;
    const struct root *root;
    uint32_t indent;
    struct declared *declared;
    uint32_t declared_count, declared_capacity;
    uint32_t temporary;
};

static void line(struct emitter *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void line(struct emitter *e, const char *fmt, ...)
{
    char text[1024];
    va_list args;

    va_start(args, fmt);
    int size = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    assert(size >= 0 && (size_t)size < sizeof(text) && "a line of C is short");
    (void)size;
    for (uint32_t i = 0; i < e->indent; i++)
        buf_text(e->out, "    ");
    buf_text(e->out, text);
    buf_byte(e->out, '\n');
}

static const char *formatted(struct emitter *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
static const char *formatted(struct emitter *e, const char *fmt, ...)
{
    char text[1024];
    va_list args;

    va_start(args, fmt);
    int size = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    assert(size >= 0 && (size_t)size < sizeof(text) && "an expression is short");
    return arena_copy_text(e->p->arena, text, (size_t)size);
}

/* ---- paths ----------------------------------------------------------------------------------- */
static bool declare_once(struct emitter *e, path_id path, bool inst)
{
    for (uint32_t i = 0; i < e->declared_count; i++)
        if (e->declared[i].path == path && e->declared[i].inst == inst)
            return false;
    ARENA_PUSH(e->p->arena, e->declared, e->declared_count, e->declared_capacity,
               ((struct declared){path, inst}));
    return true;
}

static const char *literal_text(struct emitter *e, uint32_t kind, uint64_t number)
{
    if (kind == KIND_BITS)
        return formatted(e, "UINT64_C(%#llx)", (unsigned long long)number);
    if (kind == KIND_BOOL)
        return number ? "true" : "false";
    if (kind < KIND_BUILTIN_COUNT)
        return formatted(e, "(%s)%llu", e->p->kinds[kind].ctype, (unsigned long long)number);
    return formatted(e, "(%s)%lld", e->p->kinds[kind].ctype, (long long)number);
}

static const char *path_text(struct emitter *e, path_id id);

/* The variable that points to the instruction that defines a value. */
static const char *inst_text(struct emitter *e, path_id id)
{
    if (id == 0)
        return "inst";
    const char *value = path_text(e, id);
    if (declare_once(e, id, true))
        line(e, "const struct ir_inst *const i%u = %.*s_def(c, %s);", id, STR_ARG(e->p->prefix),
             value);
    return formatted(e, "i%u", id);
}

static const char *call_text(struct emitter *e, const struct path *q)
{
    struct buf text;

    buf_init(&text, e->p->arena);
    buf_printf(&text, "%.*s_%.*s(c", STR_ARG(e->p->prefix),
               STR_ARG(e->p->functions[q->c].name));
    for (uint32_t i = 0; i < q->arg_count; i++)
        buf_printf(&text, ", %s", path_text(e, q->args[i]));
    buf_text(&text, ")");
    buf_byte(&text, 0);
    return (const char *)text.data;
}

static const char *path_text(struct emitter *e, path_id id)
{
    const struct path q = e->p->paths[id];
    static const char *const fields[] = {"a", "b", "c", "aux"};
    const char *text;

    if (q.kind == PATH_ROOT)
        return "self";
    if (q.kind == PATH_LITERAL)
        return literal_text(e, q.result, q.number);
    if (q.kind == PATH_EXTRACT)
        return formatted(e, "x%u", id); /* declared by the test */
    if (q.kind == PATH_CALL)
        text = call_text(e, &q);
    else if (q.kind == PATH_TYPE)
        text = formatted(e, "(enum ir_type)%s->type", inst_text(e, q.a));
    else if (q.b == FIELD_BITS)
        text = formatted(e, "ir_const_bits(%s)", inst_text(e, q.a));
    else if (q.result == KIND_VALUE)
        text = formatted(e, "%s->%s", inst_text(e, q.a), fields[q.b]);
    else
        text = formatted(e, "(%s)%s->%s", e->p->kinds[q.result].ctype, inst_text(e, q.a),
                         fields[q.b]);
    if (declare_once(e, id, false))
        line(e, "const %s x%u = %s;", e->p->kinds[q.result].ctype, id, text);
    return formatted(e, "x%u", id);
}

/* ---- right sides ----------------------------------------------------------------------------- */
static const char *term_text(struct emitter *e, const struct rule *r, const struct term *t,
                             const char *const *locals);

static const char *build_text(struct emitter *e, const struct rule *r, const struct term *t,
                              const char *const *locals)
{
    enum ir_op op = (enum ir_op)t->number;
    struct op_shape shape = op_shape(op);
    const char *type = path_text(e, t->path), *args[4] = {NULL};
    static const char *const fields[] = {"a", "b", "c", "aux"};
    uint32_t number = e->temporary++;
    struct buf text;

    for (uint32_t i = 0; i < t->arg_count; i++)
        args[i] = term_text(e, r, t->args[i], locals);
    buf_init(&text, e->p->arena);
    buf_printf(&text, "const ir_value t%u = %.*s_make(c, ", number, STR_ARG(e->p->prefix));
    if (op == IR_OP_ICONST) {
        buf_printf(&text, "ir_iconst(%s, rule_cut(%s, %s)));", type, type, args[0]);
    } else if (op == IR_OP_FCONST) {
        buf_printf(&text, "rule_fconst(%s, %s));", type, args[0]);
    } else {
        buf_printf(&text, "(struct ir_inst){.op = %u /* %s */, .type = (uint8_t)%s", op,
                   ir_op_info[op].text, type);
        for (uint32_t i = 0; i < t->arg_count; i++)
            buf_printf(&text, ", .%s = %s%s", fields[shape.operands[i].field],
                       shape.operands[i].field == FIELD_AUX ? "(uint8_t)" : "", args[i]);
        buf_text(&text, "});");
    }
    line(e, "%.*s", (int)text.size, (const char *)text.data);
    return formatted(e, "t%u", number);
}

static const char *call_term_text(struct emitter *e, const struct rule *r, const struct term *t,
                                  const char *const *locals)
{
    struct buf text;
    const char *args[KINDS_MAX];

    for (uint32_t i = 0; i < t->arg_count; i++)
        args[i] = term_text(e, r, t->args[i], locals);
    buf_init(&text, e->p->arena);
    buf_printf(&text, "%.*s_%.*s(c", STR_ARG(e->p->prefix), STR_ARG(t->function->name));
    for (uint32_t i = 0; i < t->arg_count; i++)
        buf_printf(&text, ", %s", args[i]);
    if (t->result == KIND_NOTHING) {
        line(e, "%.*s);", (int)text.size, (const char *)text.data);
        return "";
    }
    uint32_t number = e->temporary++;
    line(e, "const %s t%u = %.*s);", e->p->kinds[t->result].ctype, number, (int)text.size,
         (const char *)text.data);
    return formatted(e, "t%u", number);
}

static const char *root_term_text(struct emitter *e, const struct rule *r, const struct term *t,
                                  const char *const *locals)
{
    const char *arg = term_text(e, r, t->args[0], locals);
    uint32_t number = e->temporary++;
    const char *out = "";

    if (t->result != KIND_NOTHING) {
        line(e, "%s t%u;", e->p->kinds[t->result].ctype, number);
        out = formatted(e, ", &t%u", number);
    }
    line(e, "if (!%.*s_%.*s(c, %.*s_def(c, %s), %s%s))", STR_ARG(e->p->prefix),
         STR_ARG(t->root->name), STR_ARG(e->p->prefix), arg, arg, out);
    line(e, "    return false;");
    return formatted(e, "t%u", number);
}

static const char *term_text(struct emitter *e, const struct rule *r, const struct term *t,
                             const char *const *locals)
{
    switch (t->kind) {
    case TERM_PATH:
        return path_text(e, t->path);
    case TERM_LITERAL:
        return literal_text(e, t->result, t->number);
    case TERM_LOCAL:
        return locals[t->number];
    case TERM_CALL:
        return call_term_text(e, r, t, locals);
    case TERM_ROOT:
        return root_term_text(e, r, t, locals);
    case TERM_BUILD:
        return build_text(e, r, t, locals);
    case TERM_CONVERT: {
        const char *arg = term_text(e, r, t->args[0], locals);
        uint32_t number = e->temporary++;
        line(e, "const %s t%u = %.*s_%.*s(c, %s);", e->p->kinds[t->result].ctype, number,
             STR_ARG(e->p->prefix), STR_ARG(t->convert), arg);
        return formatted(e, "t%u", number);
    }
    }
    return "";
}

/* Reads all of the instructions that a term needs: making new ones may move them. */
static void read_first(struct emitter *e, const struct term *t)
{
    if (t->kind == TERM_PATH || t->kind == TERM_BUILD)
        path_text(e, t->path);
    for (uint32_t i = 0; i < t->arg_count; i++)
        read_first(e, t->args[i]);
}

static void emit_result(struct emitter *e, const struct rule *r)
{
    const char **locals = arena_new(e->p->arena, const char *, r->result_count);
    uint32_t declared = e->declared_count;

    line(e, "{ /* %s, %s:%u */", r->name, r->text->at.file, r->text->at.line);
    e->indent++;
    if (e->p->counts)
        line(e, "%.*s_fired(c, %u);", STR_ARG(e->p->prefix), r->number);
    for (uint32_t i = 0; i < r->result_count; i++)
        read_first(e, r->results[i]);
    for (uint32_t i = 0; i < r->result_count; i++)
        locals[i] = term_text(e, r, r->results[i], locals);
    if (e->root->result != KIND_NOTHING)
        line(e, "*out = %s;", locals[r->result_count - 1]);
    line(e, "return true;");
    e->indent--;
    line(e, "}");
    e->declared_count = declared;
}

/* ---- tests ----------------------------------------------------------------------------------- */
static bool same_question(const struct test *a, const struct test *b)
{
    if (a->kind == TEST_OP && b->kind == TEST_OP)
        return a->a == b->a;
    if (a->kind == TEST_TYPE && b->kind == TEST_TYPE) /* a set may be asked inside a wider one */
        return a->a == b->a && (a->number & ~b->number) == 0;
    return test_same(a, b);
}

/* The test of the item that `like` answers, or prepares, and that may be asked now; or NULL. */
static const struct test *ready_test(const struct item *i, const struct test *like)
{
    for (uint32_t k = 0; k < i->rule->test_count; k++) {
        const struct test *t = &i->rule->tests[k];
        if ((i->done >> k & 1) == 0 && (t->needs & ~i->done) == 0 && same_question(t, like))
            return t;
    }
    return NULL;
}

/* Marks the items that can be asked `test` first together with items[0]. */
static uint32_t join(const struct emitter *e, const struct item *items, uint32_t count,
                     const struct test *test, bool *joined)
{
    uint32_t total = 0;

    for (uint32_t i = 0; i < count; i++) {
        joined[i] = ready_test(&items[i], test) != NULL;
        for (uint32_t k = 0; k < i && joined[i]; k++)
            if (!joined[k] && items[k].rule->text->priority != items[i].rule->text->priority &&
                !rules_disjoint(e->p, items[k].rule, items[i].rule))
                joined[i] = false;
            else if (!joined[k] && items[k].rule->text == items[i].rule->text)
                joined[i] = false;
        total += joined[i];
    }
    return total;
}

static void emit_rules(struct emitter *e, struct item *items, uint32_t count);

/* What if() asks, for all tests but those on operations and extractors. */
static const char *condition(struct emitter *e, const struct test *t)
{
    const char *a = path_text(e, t->a);

    switch (t->kind) {
    case TEST_TYPE:
        return formatted(e, "%#xu >> %s->type & 1", (unsigned)t->number, inst_text(e, t->a));
    case TEST_SAME_TYPE:
        return formatted(e, "%s->type == %s->type", inst_text(e, t->a), inst_text(e, t->b));
    case TEST_BITS:
        if (t->number < 0x80)
            return formatted(e, "%s == %llu", a, (unsigned long long)t->number);
        return formatted(e, "%s == rule_cut((enum ir_type)%s->type, UINT64_C(%#llx))", a,
                         inst_text(e, t->b), (unsigned long long)t->number);
    case TEST_LITERAL:
        return formatted(e, "%s == %s", a,
                         literal_text(e, e->p->paths[t->a].result, t->number));
    case TEST_EQUAL:
        return formatted(e, "%s == %s", a, path_text(e, t->b));
    case TEST_GUARD:
        return formatted(e, "%s%s", t->number ? "" : "!", a);
    default:
        assert(false && "asked elsewhere");
        return "";
    }
}

/* Opens the if of an extractor: its results are variables. */
static void open_extract(struct emitter *e, const struct test *t)
{
    const struct function *fn = &e->p->functions[t->b];
    const char *arg = path_text(e, t->a);
    struct buf call;

    buf_init(&call, e->p->arena);
    for (uint32_t i = 0; i < fn->result_count; i++) {
        path_id id = path_intern(e->p, (struct path){.kind = PATH_EXTRACT,
                                                     .result = fn->results[i], .a = t->a, .b = i,
                                                     .c = t->b});
        line(e, "%s x%u;", e->p->kinds[fn->results[i]].ctype, id);
        buf_printf(&call, ", &x%u", id);
    }
    line(e, "if (%.*s_%.*s(c, %s%.*s)) {", STR_ARG(e->p->prefix), STR_ARG(fn->name), arg,
         (int)call.size, (const char *)call.data);
}

/* Items of a group with the test passed: for an operation those that want `op`. */
static uint32_t passed(struct emitter *e, const struct item *group, uint32_t count,
                       const struct test *test, uint64_t op, struct item *out)
{
    uint32_t n = 0;

    (void)e;
    for (uint32_t i = 0; i < count; i++) {
        const struct test *t = ready_test(&group[i], test);
        if (test->kind == TEST_OP && t->number != op)
            continue;
        out[n] = group[i];
        if (test->kind == TEST_OP || test_same(t, test))
            out[n].done |= UINT64_C(1) << (t - group[i].rule->tests);
        n++;
    }
    return n;
}

static void emit_signature(struct emitter *e, struct buf *out, const char *linkage,
                           const char *name)
{
    buf_printf(out, "%sbool %s(%.*s c, const struct ir_inst *inst, ir_value self", linkage, name,
               STR_ARG(e->p->context));
    if (e->root->result != KIND_NOTHING)
        buf_printf(out, ", %s *out", e->p->kinds[e->root->result].ctype);
    buf_text(out, ")\n{\n    (void)inst, (void)self;\n");
}

/* One operation at the root: a function of its own. */
static void emit_helper(struct emitter *e, struct item *items, uint32_t count, const char *name)
{
    struct buf *out = e->out, body;
    uint32_t declared = e->declared_count, indent = e->indent;

    buf_init(&body, e->p->arena);
    e->out = &body;
    e->indent = 1;
    e->declared_count = 0;
    emit_signature(e, &body, "static ", name);
    emit_rules(e, items, count);
    line(e, "return false;");
    buf_text(&body, "}\n\n");
    buf_bytes(e->helpers, body.data, body.size);
    e->out = out;
    e->indent = indent;
    e->declared_count = declared;
}

static void emit_case(struct emitter *e, struct item *group, uint32_t count,
                      const struct test *test, uint64_t op)
{
    struct item *inside = arena_new(e->p->arena, struct item, count);
    uint32_t n = passed(e, group, count, test, op, inside), declared = e->declared_count;

    if (test->kind == TEST_OP && test->a == 0 && e->indent == 2) {
        const char *name = formatted(e, "%s_%s", e->name, ir_op_info[op].text);
        emit_helper(e, inside, n, name);
        line(e, "if (%s(c, inst, self%s))", name,
             e->root->result == KIND_NOTHING ? "" : ", out");
        line(e, "    return true;");
    } else {
        emit_rules(e, inside, n);
    }
    e->declared_count = declared;
}

static void emit_op_switch(struct emitter *e, struct item *group, uint32_t count,
                           const struct test *test)
{
    line(e, "switch (%s->op) {", inst_text(e, test->a));
    for (uint32_t i = 0; i < count; i++) {
        uint64_t op = ready_test(&group[i], test)->number;
        bool seen = false;
        for (uint32_t k = 0; k < i && !seen; k++)
            seen = ready_test(&group[k], test)->number == op;
        if (seen)
            continue;
        line(e, "case %u: { /* %s */", (unsigned)op, ir_op_info[op].text);
        e->indent++;
        emit_case(e, group, count, test, op);
        line(e, "break;");
        e->indent--;
        line(e, "}");
    }
    line(e, "default: break;");
    line(e, "}");
}

static void emit_group(struct emitter *e, struct item *group, uint32_t count,
                       const struct test *test)
{
    uint32_t declared = e->declared_count;

    if (test->kind == TEST_OP) {
        emit_op_switch(e, group, count, test);
        return;
    }
    if (test->kind == TEST_EXTRACT) {
        path_text(e, test->a);
        declared = e->declared_count;
        line(e, "{");
        e->indent++;
        open_extract(e, test);
    } else {
        const char *asked = condition(e, test);
        declared = e->declared_count;
        line(e, "if (%s) {", asked);
    }
    e->indent++;
    emit_case(e, group, count, test, 0);
    e->indent--;
    line(e, "}");
    if (test->kind == TEST_EXTRACT) {
        e->indent--;
        line(e, "}");
    }
    e->declared_count = declared;
}

static void emit_rules(struct emitter *e, struct item *items, uint32_t count)
{
    bool *joined = arena_new(e->p->arena, bool, count);
    struct item *group = arena_new(e->p->arena, struct item, count);

    while (count > 0) {
        const struct rule *r = items[0].rule;
        const struct test *best = NULL;
        uint32_t most = 0;
        for (uint32_t k = 0; k < r->test_count; k++) {
            const struct test *t = &r->tests[k];
            if ((items[0].done >> k & 1) != 0 || (t->needs & ~items[0].done) != 0)
                continue;
            uint32_t n = join(e, items, count, t, joined);
            if (n > most) {
                most = n;
                best = t;
            }
        }
        if (best == NULL) {
            emit_result(e, r);
            return; /* what follows in this place is never reached */
        }
        join(e, items, count, best, joined);
        uint32_t taken = 0, left = 0;
        for (uint32_t i = 0; i < count; i++)
            if (joined[i])
                group[taken++] = items[i];
            else
                items[left++] = items[i];
        count = left;
        emit_group(e, group, taken, best);
    }
}

/* ---- whole programs -------------------------------------------------------------------------- */
void emit_function(struct program *p, struct buf *out, const char *name, const struct root *root,
                   struct rule **rules, uint32_t count)
{
    struct buf helpers, body;
    struct emitter e = {.p = p, .out = &body, .helpers = &helpers, .name = name, .root = root,
                        .indent = 1};
    struct item *items = arena_new(p->arena, struct item, count);

    buf_init(&helpers, p->arena);
    buf_init(&body, p->arena);
    for (uint32_t i = 0; i < count; i++) { /* highest priority first, otherwise as written */
        uint32_t k = i;
        for (; k > 0 && items[k - 1].rule->text->priority < rules[i]->text->priority; k--)
            items[k] = items[k - 1];
        items[k] = (struct item){.rule = rules[i]};
    }
    emit_signature(&e, &body, count == 1 ? "static " : "", name);
    emit_rules(&e, items, count);
    bool total = false;
    for (uint32_t i = 0; i < count; i++)
        total |= rules[i]->catch_all;
    if (!total)
        line(&e, "return false;");
    buf_text(&body, "}\n\n");
    buf_bytes(out, helpers.data, helpers.size);
    buf_bytes(out, body.data, body.size);
}

void emit_prologue(struct program *p, struct buf *out)
{
    buf_text(out, "/* Made by tools/rulec; do not edit. */\n");
    buf_printf(out, "#include \"%.*s\"\n#include \"shield/ir/rule_support.h\"\n\n",
               STR_ARG(p->header));
}

void emit_program(struct program *p, struct buf *out)
{
    struct rule **rules = arena_new(p->arena, struct rule *, p->rule_count);

    emit_prologue(p, out);
    for (uint32_t i = 0; i < p->root_count; i++) {
        struct buf name;
        uint32_t count = 0;
        for (uint32_t k = 0; k < p->rule_count; k++)
            if (p->rules[k]->text->root == i)
                rules[count++] = p->rules[k];
        buf_init(&name, p->arena);
        buf_printf(&name, "%.*s_%.*s", STR_ARG(p->prefix), STR_ARG(p->roots[i].name));
        buf_byte(&name, 0);
        emit_function(p, out, (const char *)name.data, &p->roots[i], rules, count);
    }
    if (!p->counts)
        return;
    buf_printf(out, "const uint32_t %.*s_rule_count = %u;\n", STR_ARG(p->prefix), p->rule_count);
    buf_printf(out, "const char *const %.*s_rule_names[] = {\n", STR_ARG(p->prefix));
    for (uint32_t i = 0; i < p->rule_count; i++)
        buf_printf(out, "    \"%s\",\n", p->rules[i]->name);
    buf_text(out, "};\n");
}
