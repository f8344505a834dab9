/*
 * flow_repair: one value, several definitions. Backwards from each use to the definitions that
 * reach it; where different ones meet the block gets a parameter. Blocks are visited once for each
 * value, with a worklist, so neither deep nor wide control flow hurts.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/opt/flow.h"

#include <assert.h>

#define ROUNDS_MAX 8 /* of finding meetings where nothing different meets */

/* A block where paths meet: its parameter-to-be and what comes in, one per place. */
struct meeting {
    ir_block block;
    ir_value param;
    uint32_t first, count; /* into incoming */
};

struct repair {
    struct flow *flow;
    ir_value value;
    ir_block home;
    const struct flow_definition *others;
    uint32_t other_count;
    struct meeting *meetings;
    uint32_t meeting_count, meeting_capacity;
    ir_value *incoming;
    uint32_t incoming_count, incoming_capacity;
};

static bool defined_at_end(const struct repair *r, ir_block b, ir_value *out)
{
    if (b == r->home) {
        *out = r->value;
        return true;
    }
    for (uint32_t i = 0; i < r->other_count; i++) {
        if (r->others[i].block == b) {
            *out = r->others[i].value;
            return true;
        }
    }
    return false;
}

/* What was found for the start of b; IR_NONE: not asked yet. */
static ir_value known_at_start(const struct flow *flow, ir_block b)
{
    return b < flow->start_capacity && flow->start_stamp[b] == flow->stamp ? flow->start_value[b]
                                                                           : IR_NONE;
}

static void set_at_start(struct flow *flow, ir_block b, ir_value v)
{
    const uint32_t old = flow->start_capacity, wanted = flow->f->block_count + 16;

    if (b >= old) {
        struct arena *a = flow->f->arena;
        flow->start_value =
            arena_grow(a, flow->start_value, old, wanted, sizeof(*flow->start_value));
        flow->start_stamp =
            arena_grow(a, flow->start_stamp, old, wanted, sizeof(*flow->start_stamp));
        flow->start_capacity = wanted;
    }
    flow->start_value[b] = v;
    flow->start_stamp[b] = flow->stamp;
}

/* What the value is at the start of b. A meeting's operands are found later. */
static ir_value value_at_start(struct repair *r, ir_block b)
{
    struct flow *flow = r->flow;
    struct ir_func *f = flow->f;
    const ir_block asked = b;
    ir_value found = IR_NONE;

    for (;;) {
        if ((found = known_at_start(flow, b)) != IR_NONE)
            break;
        if (flow_pred_count(flow, b) != 1) {
            const uint8_t type = ir_at(f, r->value)->type;
            found = ir_inst_new(f, (struct ir_inst){.op = IR_OP_PARAM, .type = type, .a = b});
            const struct meeting m = {.block = b, .param = found};
            ARENA_PUSH(f->arena, r->meetings, r->meeting_count, r->meeting_capacity, m);
            break;
        }
        const ir_block before = flow->places[flow->pred_head[b]].block;
        if (defined_at_end(r, before, &found))
            break;
        b = before;
    }
    /* the blocks on the way have it too */
    for (ir_block on = asked; on != b; on = flow->places[flow->pred_head[on]].block)
        set_at_start(flow, on, found);
    set_at_start(flow, b, found);
    return found;
}

static void find_incoming(struct repair *r)
{
    struct flow *flow = r->flow;

    for (uint32_t m = 0; m < r->meeting_count; m++) {
        const uint32_t first = r->incoming_count;
        const ir_block b = r->meetings[m].block;

        for (uint32_t p = flow->pred_head[b]; p != FLOW_NONE; p = flow->places[p].next) {
            ir_value v = IR_NONE;
            if (!defined_at_end(r, flow->places[p].block, &v))
                v = value_at_start(r, flow->places[p].block);
            ARENA_PUSH(flow->f->arena, r->incoming, r->incoming_count, r->incoming_capacity, v);
        }
        flow->work += r->incoming_count - first;
        r->meetings[m].first = first;
        r->meetings[m].count = r->incoming_count - first;
    }
}

/* A meeting of one value with itself is that value: its parameter becomes an alias. */
static void drop_trivial(struct repair *r)
{
    struct ir_func *f = r->flow->f;
    bool changed = true;

    for (int round = 0; changed && round < ROUNDS_MAX; round++) {
        changed = false;
        for (uint32_t m = 0; m < r->meeting_count; m++) {
            const struct meeting *at = &r->meetings[m];
            ir_value only = IR_NONE;
            bool trivial = ir_op_of(f, at->param) == IR_OP_PARAM;

            for (uint32_t i = 0; i < at->count && trivial; i++) {
                const ir_value v = ir_resolve(f, r->incoming[at->first + i]);
                if (v == at->param || v == only)
                    continue;
                trivial = only == IR_NONE;
                only = v;
            }
            if (trivial && only != IR_NONE) {
                ir_replace(f, at->param, only);
                changed = true;
            }
        }
    }
}

static void append_argument(struct flow *flow, uint32_t place, ir_value v)
{
    struct ir_func *f = flow->f;
    const ir_edge old = flow_edge(flow, place);
    const uint32_t count = ir_edge_count(f, old);
    ir_value *args = arena_new(f->arena, ir_value, count + 1);

    for (uint32_t i = 0; i < count; i++)
        args[i] = ir_edge_args(f, old)[i];
    args[count] = v;
    flow_redirect(flow, place, ir_edge_new(f, ir_edge_block(f, old), args, count + 1));
    flow_note_uses(flow, f->blocks[flow->places[place].block].last);
}

static void add_parameters(struct repair *r)
{
    struct flow *flow = r->flow;
    struct ir_func *f = flow->f;

    for (uint32_t m = 0; m < r->meeting_count; m++) {
        const struct meeting *at = &r->meetings[m];
        uint32_t i = at->first;

        if (ir_op_of(f, at->param) != IR_OP_PARAM)
            continue;
        ir_at(f, at->param)->b = ir_list_count(f, f->blocks[at->block].params);
        const ir_list params = ir_list_push(f, f->blocks[at->block].params, at->param);
        f->blocks[at->block].params = params;
        for (uint32_t p = flow->pred_head[at->block]; p != FLOW_NONE; p = flow->places[p].next)
            append_argument(flow, p, ir_resolve(f, r->incoming[i++]));
    }
}

struct renaming {
    ir_value from, to;
};

static void rename_operand(void *ctx, uint32_t *operand)
{
    const struct renaming *n = ctx;

    if (*operand == n->from)
        *operand = n->to;
}

static bool is_user(const struct repair *r, ir_value user)
{
    const struct flow *flow = r->flow;
    const ir_block b = flow->f->links[user].block;

    return b != IR_NONE && b != r->home && flow_reached(flow, b);
}

void flow_repair(struct flow *flow, ir_value value, ir_block home,
                 const struct flow_definition *others, uint32_t other_count)
{
    struct ir_func *f = flow->f;
    struct repair r = {
        .flow = flow, .value = value, .home = home, .others = others, .other_count = other_count};

    flow->stamp++;
    const uint32_t first = flow_uses(flow, value);
    for (uint32_t u = first; u != FLOW_NONE; u = flow->uses[u].next) {
        if (is_user(&r, flow->uses[u].user))
            (void)value_at_start(&r, f->links[flow->uses[u].user].block);
    }
    find_incoming(&r);
    drop_trivial(&r);
    for (uint32_t u = first; u != FLOW_NONE; u = flow->uses[u].next) {
        const ir_value user = flow->uses[u].user;
        if (!is_user(&r, user))
            continue;
        struct renaming n = {value, ir_resolve(f, known_at_start(flow, f->links[user].block))};
        ir_each_operand(f, user, rename_operand, &n);
        flow_note_uses(flow, user);
    }
    add_parameters(&r);
}
