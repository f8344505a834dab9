/* translate_control: blocks, branches, conditions joined with branches, returns.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/translate_int.h"

#include <assert.h>
#include <string.h>

struct control *tr_label(struct tr *t, uint32_t depth)
{
    assert(depth < t->control_count && "validated code has labels");
    return &t->control[t->control_count - 1 - depth];
}

static const struct wm_valtype *result_types(const struct control *c, uint32_t *count)
{
    *count = c->result_count;
    return c->results != NULL ? c->results : &c->one;
}

const struct wm_valtype *tr_label_types(const struct control *c, uint32_t *count)
{
    if (c->op != WM_OP_LOOP)
        return result_types(c, count);
    *count = c->param_count;
    return c->params;
}

/* ---- labels ---- */

void tr_refer(struct tr *t, struct control *c, uint32_t word)
{
    if (c->op == WM_OP_LOOP) {
        t->code[word] = (c->start - word) * 4;
        return;
    }
    t->code[word] = c->forward;
    c->forward = word;
    c->is_joined = true;
}

void tr_join(struct tr *t, uint32_t chain)
{
    tr_barrier(t);
    for (uint32_t word = chain; word != 0; t->steps++) {
        uint32_t next = t->code[word];
        t->code[word] = (t->code_count - word) * 4;
        word = next;
    }
}

/* ---- values of a label ---- */

/* Where the values of a label go, one after the other. */
struct places {
    uint32_t scalar, ref;
};

static uint32_t next_place(const struct tr *t, struct places *p, char cls)
{
    uint32_t at;

    if (cls == 'r') {
        at = t->ref_base + p->ref;
        p->ref += 8;
    } else {
        at = t->temp_base + p->scalar;
        p->scalar += tr_bytes(cls);
    }
    return at;
}

bool tr_is_in_place(struct tr *t, const struct control *c)
{
    uint32_t count;
    struct places p = {c->scalar_top, c->ref_top};

    tr_label_types(c, &count);
    for (uint32_t i = t->height - count; i < t->height; i++, t->steps++) {
        const struct value *v = &t->stack[i];
        if (next_place(t, &p, v->cls) != v->slot || v->kind == VALUE_CONST)
            return false;
    }
    return true;
}

/* Many values at home lie side by side, scalars and references each: two copies move them all. */
static void move_ranges(struct tr *t, const struct control *c, uint32_t count)
{
    const struct value *v = &t->stack[t->height - count];
    uint32_t bytes[2] = {0, 0}, first[2] = {0, 0};
    const uint32_t to[2] = {t->temp_base + c->scalar_top, t->ref_base + c->ref_top};

    for (uint32_t i = 0; i < count; i++, t->steps++) {
        uint32_t area = v[i].cls == 'r';
        if (bytes[area] == 0)
            first[area] = v[i].home;
        bytes[area] += tr_bytes(v[i].cls);
    }
    for (uint32_t area = 0; area < 2; area++) {
        if (bytes[area] == 0 || first[area] == to[area])
            continue;
        uint32_t *w = tr_emit(t, IOP_COPY_RANGE, 3);
        w[0] = to[area];
        w[1] = first[area];
        w[2] = bytes[area];
    }
}

/* Labels of more values are branched to with the values at home, so that code stays linear. */
enum { COPIES_MAX = 8 };

/* Copies the topmost values to where the label wants them; the stack keeps them. Places are never
 * above the homes of the values that go there, so ascending order overwrites nothing unread. */
static void move_values(struct tr *t, const struct control *c)
{
    uint32_t count;
    struct places p = {c->scalar_top, c->ref_top};

    tr_label_types(c, &count);
    if (count > COPIES_MAX) {
        move_ranges(t, c, count);
        return;
    }
    for (uint32_t i = t->height - count; i < t->height; i++, t->steps++) {
        struct value v = t->stack[i];
        tr_copy(t, next_place(t, &p, v.cls), v);
    }
}

static void jump(struct tr *t, struct control *c)
{
    tr_emit(t, c->op == WM_OP_LOOP ? IOP_LOOP_JUMP : IOP_JUMP, 1);
    tr_refer(t, c, tr_settle(t));
}

static void flush_many(struct tr *t, const struct control *c)
{
    uint32_t count;

    tr_label_types(c, &count);
    if (count > COPIES_MAX)
        tr_flush_top(t, count);
}

void tr_branch(struct tr *t, struct control *c)
{
    if (c->is_body) {
        tr_return(t);
        return;
    }
    flush_many(t, c);
    move_values(t, c);
    jump(t, c);
}

/* ---- conditions ---- */

/* A condition that has been popped: a comparison taken back, or a slot to look at. */
struct condition {
    bool is_compare;
    uint16_t base, opposite;
    uint32_t variant; /* SS, SI, IS */
    uint32_t words[3], word_count;
    uint32_t slot;
};

static struct condition pop_condition(struct tr *t)
{
    struct value v = tr_pop(t);

    if (!tr_is_newest(t, v) || !t->newest.is_compare)
        return (struct condition){.slot = tr_slot(t, v)};
    const struct newest *n = &t->newest;
    struct condition c = {.is_compare = true,
                          .base = n->base,
                          .opposite = n->opposite,
                          .variant = (uint32_t)n->op - n->base};
    c.word_count = (uint32_t)strlen(interp_formats[n->op]) - 1;
    if (interp_formats[n->op][2] == 'I')
        c.word_count++;
    for (uint32_t i = 0; i < c.word_count; i++)
        c.words[i] = t->code[n->start + 3 + i];
    tr_take_newest(t);
    if (c.variant == 1 && c.words[1] == 0 && (c.base == IOP_I32_EQ_SS || c.base == IOP_I32_NE_SS)) {
        struct condition plain = {.slot = c.words[0]};
        plain.opposite = c.base == IOP_I32_EQ_SS; /* inverted */
        return plain;
    }
    return c;
}

/* Emits "branch when the condition is `sense`" and returns the word of its branch operand. */
static uint32_t emit_condition(struct tr *t, const struct condition *c, bool sense, bool is_back)
{
    if (!c->is_compare) {
        static const enum interp_op ops[2][2] = {
            {IOP_BR_Z,   IOP_BR_T  },
            {IOP_LOOP_Z, IOP_LOOP_T}
        };
        bool truth = sense != (c->opposite != 0);
        uint32_t *w = tr_emit(t, ops[is_back][truth], 2);
        w[0] = c->slot;
        return tr_settle(t) + 1;
    }
    uint32_t base = sense ? c->base : c->opposite;
    uint32_t op = base + (is_back ? 6 : 3) + c->variant;
    uint32_t *w = tr_emit(t, (enum interp_op)op, c->word_count + 1);
    uint32_t at = 0; /* the branch stands behind the slots, in front of an immediate */
    w[0] = c->words[0];
    if (c->variant == 0) {
        w[1] = c->words[1];
        at = 2;
    } else {
        at = 1;
        for (uint32_t i = 1; i < c->word_count; i++)
            w[1 + i] = c->words[i];
    }
    return tr_settle(t) + at;
}

void tr_br(struct tr *t, const struct wm_ins *ins)
{
    tr_branch(t, tr_label(t, ins->index));
    t->is_dead = true;
}

/* The rest of a conditional branch, once it is known how to emit it. */
static void branch_if(struct tr *t, const struct condition *cond, uint32_t depth)
{
    struct control *c = tr_label(t, depth);

    flush_many(t, c); /* here, on both ways */
    if (tr_is_in_place(t, c)) {
        tr_refer(t, c, emit_condition(t, cond, true, c->op == WM_OP_LOOP));
        return;
    }
    uint32_t word = emit_condition(t, cond, false, false);
    t->code[word] = 0;
    tr_branch(t, c);
    tr_join(t, word);
}

/* The reference on top as a condition: is it null? */
static struct condition null_condition(struct tr *t)
{
    struct value *v = &t->stack[t->height - 1];

    if (v->kind == VALUE_CONST)
        tr_flush_top(t, 1);
    return (struct condition){
        .is_compare = true,
        .base = IOP_I64_EQ_SS,
        .opposite = IOP_I64_NE_SS,
        .variant = 1,
        .words = {t->stack[t->height - 1].slot, 0, 0},
        .word_count = 3
    };
}

/* The label takes what lies below the reference. */
void tr_br_on_null(struct tr *t, const struct wm_ins *ins)
{
    struct condition cond = null_condition(t);
    struct value v = tr_pop(t);

    branch_if(t, &cond, ins->index);
    if (v.kind == VALUE_LOCAL)
        tr_push_local(t, v.local);
    else
        tr_push(t, v.cls);
}

/* The label takes the reference too. */
void tr_br_on_non_null(struct tr *t, const struct wm_ins *ins)
{
    struct condition cond = null_condition(t);

    cond.base = IOP_I64_NE_SS;
    cond.opposite = IOP_I64_EQ_SS;
    branch_if(t, &cond, ins->index);
    (void)tr_pop(t);
}

void tr_br_on_cast(struct tr *t, const struct wm_ins *ins)
{
    struct condition cond = {.slot = t->temp_base + t->scalar_top,
                             .opposite = ins->op == WM_OP_BR_ON_CAST_FAIL};

    tr_reserve(t, 8);
    tr_test_top(t, ins->cast.to, cond.slot);
    branch_if(t, &cond, ins->cast.label);
}

void tr_br_if(struct tr *t, const struct wm_ins *ins)
{
    struct condition cond = pop_condition(t);
    branch_if(t, &cond, ins->index);
}

/* ---- br_table ---- */

static void table_target(struct tr *t, uint32_t depth, uint32_t word, uint32_t **pads,
                         uint32_t *pad_count, uint32_t *pad_capacity)
{
    struct control *c = tr_label(t, depth);

    if (c->table != t->table) { /* asked once per label and table */
        c->table = t->table;
        c->is_in_place = tr_is_in_place(t, c);
    }
    if (c->is_in_place) {
        tr_refer(t, c, word);
        return;
    }
    if (c->pads == 0)
        ARENA_PUSH(t->arena, *pads, *pad_count, *pad_capacity, depth);
    t->code[word] = c->pads;
    c->pads = word;
}

void tr_br_table(struct tr *t, const struct wm_ins *ins)
{
    struct value index = tr_pop(t);
    uint32_t slot = tr_slot(t, index), arity, cursor = 0;
    uint32_t *pads = NULL, pad_count = 0, pad_capacity = 0;
    uint32_t targets = ins->list_count + 1;

    /* All labels have the arity of the default one. */
    for (uint32_t i = 0, cur = 0; i < targets; i++)
        cursor = wm_list_label(ins, &cur);
    tr_label_types(tr_label(t, cursor), &arity);
    tr_flush_top(t, arity);
    t->table++;
    uint32_t *w = tr_emit(t, IOP_BR_TABLE, 2 + targets);
    w[0] = slot;
    w[1] = targets;
    uint32_t first = tr_settle(t) + 2;
    cursor = 0;
    for (uint32_t i = 0; i < targets; i++, t->steps++)
        table_target(t, wm_list_label(ins, &cursor), first + i, &pads, &pad_count, &pad_capacity);
    for (uint32_t i = 0; i < pad_count; i++) {
        struct control *c = tr_label(t, pads[i]);
        tr_join(t, c->pads);
        c->pads = 0;
        tr_branch(t, c);
    }
    t->is_dead = true;
}

/* ---- return ---- */

void tr_return(struct tr *t)
{
    uint32_t count = t->type->result_count, bytes = 0, from;
    bool has_refs = false;

    if (count == 0) {
        tr_emit(t, IOP_RETURN0, 0);
        return;
    }
    struct value top = t->stack[t->height - 1];
    if (count == 1 && top.cls != 'v') {
        if (top.kind == VALUE_CONST)
            tr_put64(tr_emit(t, IOP_RETURN1_I, 2), top.bits);
        else
            tr_emit(t, IOP_RETURN1, 1)[0] = top.slot;
        return;
    }
    for (uint32_t i = t->height - count; i < t->height; i++) {
        has_refs |= t->stack[i].cls == 'r';
        bytes += tr_bytes(t->stack[i].cls);
    }
    from = t->temp_base + t->scalar_top;
    if (!has_refs) {
        tr_flush_top(t, count);
        from = t->stack[t->height - count].home;
    } else {
        uint32_t to = from;
        tr_reserve(t, bytes);
        for (uint32_t i = t->height - count; i < t->height; i++) {
            tr_copy(t, to, t->stack[i]);
            to += tr_bytes(t->stack[i].cls);
        }
    }
    uint32_t *w = tr_emit(t, IOP_RETURN_N, 2);
    w[0] = from;
    w[1] = bytes;
}

void tr_return_op(struct tr *t, const struct wm_ins *ins)
{
    (void)ins;
    tr_return(t);
    t->is_dead = true;
}

void tr_unreachable(struct tr *t, const struct wm_ins *ins)
{
    (void)ins;
    tr_emit(t, IOP_UNREACHABLE, 0);
    t->is_dead = true;
}

/* ---- blocks ---- */

struct control *tr_open(struct tr *t, const struct wm_ins *ins)
{
    struct control c = {.op = (uint8_t)ins->op,
                        .region = INTERP_NO_REGION,
                        .outer_region = t->region,
                        .exception = INTERP_NO_SLOT};

    if (ins->block.kind == WM_BLOCK_VALUE) {
        c.result_count = 1;
        c.one = ins->block.value;
    } else if (ins->block.kind == WM_BLOCK_TYPE) {
        const struct wm_type *type = &t->wm->types[ins->block.type_index];
        c.param_count = type->param_count;
        c.params = type->params;
        c.result_count = type->result_count;
        c.results = type->results;
    }
    tr_flush_locals(t);
    tr_flush_top(t, c.param_count);
    c.height = t->height - c.param_count;
    c.scalar_top = t->scalar_top;
    c.ref_top = t->ref_top;
    for (uint32_t i = c.height; i < t->height; i++) {
        if (t->stack[i].cls == 'r')
            c.ref_top -= 8;
        else
            c.scalar_top -= tr_bytes(t->stack[i].cls);
    }
    ARENA_PUSH(t->arena, t->control, t->control_count, t->control_capacity, c);
    return &t->control[t->control_count - 1];
}

void tr_begin_body(struct tr *t)
{
    struct control c = {.op = WM_OP_BLOCK,
                        .is_body = true,
                        .region = INTERP_NO_REGION,
                        .outer_region = INTERP_NO_REGION,
                        .exception = INTERP_NO_SLOT};
    const struct wm_type *type = &t->wm->types[t->wm->funcs[t->func_index].type_index];

    c.result_count = type->result_count;
    c.results = type->results;
    ARENA_PUSH(t->arena, t->control, t->control_count, t->control_capacity, c);
}

void tr_block(struct tr *t, const struct wm_ins *ins)
{
    tr_open(t, ins);
}

void tr_loop(struct tr *t, const struct wm_ins *ins)
{
    struct control *c = tr_open(t, ins);
    tr_barrier(t);
    c->start = t->code_count;
}

void tr_if(struct tr *t, const struct wm_ins *ins)
{
    struct condition cond = pop_condition(t);
    struct control *c = tr_open(t, ins);
    uint32_t word = emit_condition(t, &cond, false, false);

    t->code[word] = 0;
    c->else_forward = word;
    tr_barrier(t);
}

/* The arm before has ended, reachable or not: its values go to the end of the block. */
void tr_end_arm(struct tr *t, struct control *c)
{
    if (!t->is_dead) {
        tr_flush_top(t, c->result_count);
        jump(t, c);
    }
    tr_drop_to(t, c);
    t->is_dead = false;
}

void tr_else(struct tr *t, const struct wm_ins *ins)
{
    struct control *c = tr_label(t, 0);

    (void)ins;
    tr_end_arm(t, c);
    tr_join(t, c->else_forward);
    c->else_forward = 0;
    tr_push_types(t, c->params, c->param_count);
}

void tr_end(struct tr *t, const struct wm_ins *ins)
{
    struct control *c = tr_label(t, 0);
    uint32_t count;
    const struct wm_valtype *types = result_types(c, &count);

    (void)ins;
    tr_close_protection(t, c);
    if (c->exception != INTERP_NO_SLOT)
        t->try_depth--;
    if (c->else_forward != 0)
        c->is_joined = true; /* an if without else: its parameters are its results */
    if (c->is_joined) {
        if (!t->is_dead)
            tr_flush_top(t, count);
        tr_join(t, c->forward);
        tr_join(t, c->else_forward);
        tr_drop_to(t, c);
        tr_push_types(t, types, count);
        t->is_dead = false;
    }
    if (c->is_body && !t->is_dead)
        tr_return(t);
    t->control_count--;
}
