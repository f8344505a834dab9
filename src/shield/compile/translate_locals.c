/*
 * translate_locals: which value each local has, at every place that still matters.
 *
 * A state is the root of a tree of nodes with TF_FAN kids; at the bottom are the values. States
 * share nodes: setting a local copies only nodes that a kept state may also use, so keeping one is
 * free and two states differ only where their tokens do.
 *
 * The state behind a join begins as one lazy token. A question about a local finds the token, and
 * asks the join: where all branches bring the same token it is that one; else a node of lazy kids,
 * or at the bottom a parameter of the join's block. At a loop's head the branches from below are
 * not known yet: whatever is set inside the loop becomes a parameter (the scan before has noted
 * where locals are set), everything else is as it was above. So only locals that are asked for
 * cost anything. Questions lead to questions at earlier joins; they wait in a list and not on the
 * host's stack.
 *
 * When locals are in the frame there is no tree, and translate_homes.c answers instead.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/compile/translate_int.h"

#include <assert.h>
#include <string.h>

static bool is_lazy(tf_token token)
{
    return (token & TF_LAZY) != 0;
}

static uint32_t kid_of(uint32_t local, uint32_t level) /* in a node whose kids are at `level` */
{
    return local >> (level * TF_FAN_LOG2) & (TF_FAN - 1);
}

enum { SHARED = 0 }; /* epoch of nodes that belong to a join: never changed in place */

static tf_token node_new(struct tf *t, const struct tf_node *from, uint32_t epoch)
{
    VECTOR_PUSH(t, t->nodes, *from);
    VECTOR_PUSH(t, t->node_epochs, epoch);
    return t->nodes.count - 1;
}

/* ---- the first state ---- */

ir_value tf_zero(struct tf *t, enum ir_type type)
{
    static const uint8_t zeros[16];

    if (t->zero[type] != TF_NONE)
        return t->zero[type];
    struct ir_inst i = ir_iconst(type, 0);
    if (type == IR_F32 || type == IR_F64)
        i.op = IR_OP_FCONST;
    if (type == IR_V128)
        i = (struct ir_inst){
            .op = IR_OP_VCONST, .type = IR_V128, .a = ir_constant16(t->f, zeros)};
    t->zero[type] = tf_emit(t, i);
    return t->zero[type];
}

static ir_value first_value(struct tf *t, uint32_t local)
{
    if (local < t->type->param_count)
        return ir_list_items(t->f, t->f->blocks[0].params)[local];
    return tf_zero(t, (enum ir_type)t->local_types.items[local]);
}

/* Builds the level above `count` tokens at the end of operands; equal neighbours share a node. */
static void build_level(struct tf *t, uint32_t first, uint32_t count)
{
    tf_token previous = TF_NONE;
    struct tf_node filled;
    uint32_t out = first;

    for (uint32_t at = 0; at < count; at += TF_FAN) {
        uint32_t n = MIN(count - at, (uint32_t)TF_FAN);
        memset(&filled, 0, sizeof(filled));
        memcpy(filled.kids, t->operands.items + first + at, n * sizeof(tf_token));
        if (previous == TF_NONE ||
            memcmp(&filled, &t->nodes.items[previous], sizeof(filled)) != 0)
            previous = node_new(t, &filled, SHARED);
        t->operands.items[out++] = previous;
    }
    t->operands.count = out;
}

void locals_begin(struct tf *t)
{
    uint32_t count = t->local_count;

    if (t->env->locals_in_frame) {
        homes_begin(t);
        return;
    }
    t->nodes.count = t->node_epochs.count = 0;
    t->epoch = SHARED + 1;
    t->level_count = 1;
    while (count > (uint32_t)1 << (t->level_count * TF_FAN_LOG2))
        t->level_count++;
    assert(t->level_count <= TF_LEVELS_MAX && "WM_MAX_LOCALS fits");
    t->operands.count = 0;
    for (uint32_t i = 0; i < count; i++)
        VECTOR_PUSH(t, t->operands, first_value(t, i));
    if (count == 0)
        VECTOR_PUSH(t, t->operands, 0);
    for (uint32_t level = 0; level < t->level_count; level++)
        build_level(t, 0, t->operands.count);
    t->root = t->operands.items[0];
}

/* ---- walking ---- */

/* The place of the token for `local` at `level` below *root; all above it must be nodes. */
static tf_token *place_of(struct tf *t, tf_token *root, uint32_t local, uint32_t level)
{
    tf_token *at = root;

    for (uint32_t l = t->level_count; l > level; l--)
        at = &t->nodes.items[*at].kids[kid_of(local, l - 1)];
    return at;
}

/* Goes down from *root to `level`, putting in what joins already know. Returns the token there, or
 * a lazy one above it; *found says at which level. */
static tf_token walk(struct tf *t, tf_token *root, uint32_t local, uint32_t level, uint32_t *found)
{
    tf_token *at = root;

    for (uint32_t l = t->level_count;; l--) {
        while (is_lazy(*at)) {
            const uint32_t join = *at & ~TF_LAZY;
            const tf_token known = *place_of(t, &t->joins.items[join].root, local, l);
            if (known == *at) {
                *found = l;
                return *at;
            }
            *at = known;
        }
        if (l == level) {
            *found = l;
            return *at;
        }
        at = &t->nodes.items[*at].kids[kid_of(local, l - 1)];
    }
}

/* ---- questions ---- */

static void ask(struct tf *t, tf_token lazy, uint32_t level)
{
    VECTOR_PUSH(t, t->questions,
                ((struct resolving){.join = lazy & ~TF_LAZY, .level = level, .pred = TF_NONE}));
}

static void answer(struct tf *t, const struct resolving *q, uint32_t local, tf_token token)
{
    *place_of(t, &t->joins.items[q->join].root, local, q->level) = token;
    t->questions.count--;
}

static bool loop_sets(const struct tf *t, const struct join *j, uint32_t local)
{
    return local < t->local_count && tf_is_set(t, local, j->set_begin, j->set_end);
}

static void answer_with_param(struct tf *t, const struct resolving *q, uint32_t local)
{
    enum ir_type type = (enum ir_type)t->local_types.items[local];
    uint32_t p = join_add_param(t, q->join, local, 0, type);

    answer(t, q, local, t->params.items[p].value);
    if (t->joins.items[q->join].is_sealed)
        VECTOR_PUSH(t, t->pending, p);
}

static void answer_loop(struct tf *t, uint32_t local)
{
    const struct resolving q = t->questions.items[t->questions.count - 1];
    const tf_token lazy = q.join | TF_LAZY;
    struct tf_node node;
    uint32_t found, sets = 0;

    for (uint32_t i = 0; i < TF_FAN; i++)
        node.kids[i] = lazy;
    if (q.level > 1) {
        answer(t, &q, local, node_new(t, &node, SHARED));
        return;
    }
    if (q.level == 0 && loop_sets(t, &t->joins.items[q.join], local)) {
        answer_with_param(t, &q, local);
        return;
    }
    struct pred *above = &t->preds.items[t->joins.items[q.join].pred_first];
    tf_token token = walk(t, &above->root, local, q.level, &found);
    if (found > q.level || (is_lazy(token) && q.level > 0)) {
        ask(t, token, found);
        return;
    }
    if (q.level == 0) {
        answer(t, &q, local, token);
        return;
    }
    node = t->nodes.items[token];
    for (uint32_t i = 0; i < TF_FAN; i++)
        if (loop_sets(t, &t->joins.items[q.join], (local & ~(uint32_t)(TF_FAN - 1)) + i)) {
            node.kids[i] = lazy;
            sets++;
        }
    answer(t, &q, local, sets == 0 ? token : node_new(t, &node, SHARED));
}

static bool is_same(struct tf *t, uint32_t level, tf_token x, tf_token y)
{
    if (x == y)
        return true;
    return level == 0 && !is_lazy(x) && !is_lazy(y) && ir_resolve(t->f, x) == ir_resolve(t->f, y);
}

/* A node whose kids are what all branches agree on, and lazy where they differ. */
static tf_token merged_node(struct tf *t, const struct resolving *q, uint32_t local)
{
    const struct join *j = &t->joins.items[q->join];
    struct tf_node node;
    uint32_t at = j->pred_first;

    node = t->nodes.items[*place_of(t, &t->preds.items[at].root, local, q->level)];
    for (at = t->preds.items[at].next; at != TF_NONE; at = t->preds.items[at].next) {
        tf_token token = *place_of(t, &t->preds.items[at].root, local, q->level);
        const struct tf_node *other = &t->nodes.items[token];
        for (uint32_t i = 0; i < TF_FAN; i++)
            if (node.kids[i] != other->kids[i])
                node.kids[i] = q->join | TF_LAZY;
    }
    return node_new(t, &node, SHARED);
}

/* The branches bring different values: a parameter, with all its arguments. */
static void answer_with_known_param(struct tf *t, const struct resolving *q, uint32_t local)
{
    const enum ir_type type = (enum ir_type)t->local_types.items[local];
    const uint32_t p = join_add_param(t, q->join, local, 0, type);
    uint32_t at = t->joins.items[q->join].pred_first;

    t->params.items[p].args = t->args.count;
    for (; at != TF_NONE; at = t->preds.items[at].next)
        VECTOR_PUSH(t, t->args, *place_of(t, &t->preds.items[at].root, local, 0));
    answer(t, q, local, t->params.items[p].value);
}

/* Looks at what the branches bring, one by one. Each must be known down to the level, and when they
 * are not all the same, at it too: otherwise asks for that first, and later goes on from there. */
static void answer_forward(struct tf *t, uint32_t local)
{
    const uint32_t index = t->questions.count - 1;
    const struct resolving q = t->questions.items[index];
    uint32_t at = q.pred == TF_NONE ? t->joins.items[q.join].pred_first : q.pred;
    tf_token first = TF_NONE;
    bool all_same = true, any_lazy = false;

    for (; at != TF_NONE; at = t->preds.items[at].next) {
        uint32_t found;
        const tf_token token = walk(t, &t->preds.items[at].root, local, q.level, &found);
        if (found > q.level || (q.is_exact && is_lazy(token))) {
            t->questions.items[index].pred = at;
            ask(t, token, found);
            return;
        }
        first = first == TF_NONE ? token : first;
        all_same = all_same && is_same(t, q.level, first, token);
        any_lazy |= is_lazy(token);
    }
    if (q.pred != TF_NONE)
        t->questions.items[index].pred = TF_NONE; /* now all are known: once more, from the first */
    else if (all_same)
        answer(t, &q, local, first);
    else if (any_lazy)
        t->questions.items[index].is_exact = true;
    else if (q.level > 0)
        answer(t, &q, local, merged_node(t, &q, local));
    else
        answer_with_known_param(t, &q, local);
}

/* Makes the join know its token at `level`, and whatever that depends on. */
static void resolve(struct tf *t, tf_token lazy, uint32_t level, uint32_t local)
{
    t->questions.count = 0;
    ask(t, lazy, level);
    while (t->questions.count > 0) {
        const struct resolving *q = &t->questions.items[t->questions.count - 1];
        const struct join *j = &t->joins.items[q->join];
        tf_token own = *place_of(t, &t->joins.items[q->join].root, local, q->level);
        if (own != (q->join | TF_LAZY))
            t->questions.count--; /* answered on the way */
        else if (j->is_loop)
            answer_loop(t, local);
        else
            answer_forward(t, local);
    }
}

/* Makes every token on the way to `level` a node (or at level 0 a value). */
static tf_token know(struct tf *t, tf_token *root, uint32_t local, uint32_t level)
{
    for (;;) {
        uint32_t found;
        tf_token token = walk(t, root, local, level, &found);
        if (!is_lazy(token))
            return token;
        resolve(t, token, found, local);
    }
}

/* ---- parameters of loops ---- */

/* Finds what each branch brings for a parameter. */
static void fill(struct tf *t, uint32_t param)
{
    const struct join_param p = t->params.items[param];
    const uint32_t first = t->args.count;
    const struct join *j = &t->joins.items[p.join];

    for (uint32_t i = 0; i < j->pred_count; i++)
        VECTOR_PUSH(t, t->args, TF_NONE);
    for (uint32_t at = j->pred_first, i = 0; at != TF_NONE; at = t->preds.items[at].next, i++) {
        struct pred *pred = &t->preds.items[at];
        if (p.local == TF_NONE) {
            t->args.items[first + i] = t->kept.items[pred->stack + p.stack];
            continue;
        }
        /* A question moves vectors, but not this root. */
        tf_token root = pred->root;
        ir_value v = know(t, &root, p.local, 0);
        t->preds.items[at].root = root;
        t->args.items[first + i] = v;
    }
    t->params.items[param].args = first;
    join_check_trivial(t, &t->params.items[param]);
}

void locals_fill(struct tf *t)
{
    while (t->pending.count > 0)
        fill(t, t->pending.items[--t->pending.count]);
}

/* ---- the state now ---- */

ir_value locals_get(struct tf *t, uint32_t local)
{
    if (t->env->locals_in_frame)
        return homes_get(t, local);
    tf_token v = know(t, &t->root, local, 0);
    if (t->pending.count > 0)
        locals_fill(t);
    return v;
}

void locals_set(struct tf *t, uint32_t local, ir_value v)
{
    if (t->env->locals_in_frame) {
        homes_set(t, local, v);
        return;
    }
    if (t->level_count > 1 || is_lazy(t->root))
        know(t, &t->root, local, 1);
    /* From the top: nodes that a kept state may see are copied. Pushing moves the vector. */
    tf_token parent = TF_NONE, node = t->root;
    for (uint32_t level = t->level_count;; level--) {
        if (t->node_epochs.items[node] != t->epoch) {
            const struct tf_node copy = t->nodes.items[node];
            node = node_new(t, &copy, t->epoch);
            if (parent == TF_NONE)
                t->root = node;
            else
                t->nodes.items[parent].kids[kid_of(local, level)] = node;
        }
        if (level == 1)
            break;
        parent = node;
        node = t->nodes.items[node].kids[kid_of(local, level - 1)];
    }
    t->nodes.items[node].kids[kid_of(local, 0)] = v;
}

tf_token locals_keep(struct tf *t)
{
    t->epoch++;
    return t->root;
}

void locals_go_to(struct tf *t, tf_token root)
{
    t->root = root;
    t->epoch++;
    homes_forget(t);
}

void locals_enter_join(struct tf *t, uint32_t join)
{
    t->joins.items[join].root = join | TF_LAZY;
    locals_go_to(t, join | TF_LAZY);
}

void locals_seal(struct tf *t, uint32_t join)
{
    t->joins.items[join].is_sealed = true;
    for (uint32_t p = t->joins.items[join].param_first; p != TF_NONE; p = t->params.items[p].next)
        VECTOR_PUSH(t, t->pending, p);
    locals_fill(t);
}
