/* thread: see thread.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/opt/thread.h"

#include "shield/ir/eval.h"
#include "shield/opt/flow.h"

/* A block that only chooses: its branch, and what it computes for it. */
struct chooser {
    ir_block block;
    ir_value body[THREAD_BODY_MAX];
    uint32_t body_count;
    ir_value branch;
};

/* What a value of the chooser is for one predecessor. */
struct view {
    struct ir_func *f;
    const struct chooser *chooser;
    ir_edge edge;                   /* that leads to the chooser */
    ir_value copy[THREAD_BODY_MAX]; /* of the body; IR_NONE: not copied */
};

struct known {
    bool is;
    ir_bits bits;
};

/* Pure, of few operands, and not one that a speculating processor has to obey. */
static bool is_simple(const struct ir_func *f, ir_value v)
{
    const struct ir_inst *i = ir_at(f, v);

    switch ((enum ir_op)i->op) {
    case IR_OP_ICONST:
    case IR_OP_ICMP:
    case IR_OP_IADD:
    case IR_OP_ISUB:
    case IR_OP_IAND:
    case IR_OP_IOR:
    case IR_OP_IXOR:
    case IR_OP_IREDUCE:
    case IR_OP_UEXTEND:
    case IR_OP_SEXTEND: return true;
    default: return false;
    }
}

static bool is_chooser(const struct flow *flow, ir_block b, struct chooser *out)
{
    const struct ir_func *f = flow->f;
    const struct ir_block_data *block = &f->blocks[b];

    *out = (struct chooser){.block = b, .branch = block->last};
    if (b == 0 || block->loop_header || ir_list_count(f, block->params) == 0 ||
        block->last == IR_NONE || ir_op_of(f, block->last) != IR_OP_BRANCH ||
        !flow_reached(flow, b) || flow_pred_count(flow, b) < 2)
        return false;
    uint32_t cost = 0;
    for (ir_value v = block->first; v != block->last; v = f->links[v].next) {
        cost += ir_op_of(f, v) != IR_OP_ICONST;
        if (out->body_count == THREAD_BODY_MAX || cost > THREAD_COST_MAX || !is_simple(f, v))
            return false;
        out->body[out->body_count++] = v;
    }
    return true;
}

/* The value as the predecessor would write it. */
static ir_value seen(const struct view *view, ir_value v)
{
    const struct ir_inst *i = ir_at(view->f, v = ir_resolve(view->f, v));

    if (i->op == IR_OP_PARAM && i->a == view->chooser->block)
        return ir_resolve(view->f, ir_edge_args(view->f, view->edge)[i->b]);
    for (uint32_t k = 0; k < view->chooser->body_count; k++) {
        if (view->chooser->body[k] == v && view->copy[k] != IR_NONE)
            return view->copy[k];
    }
    return v;
}

/* Its bits, when they are known where the edge begins. depth: of the chooser's own values. */
static struct known known_bits(const struct view *view, ir_value v, uint32_t depth)
{
    struct ir_func *f = view->f;
    const ir_value there = seen(view, v);
    const struct ir_inst *i = ir_at(f, there);
    struct known out = {false, 0};
    uint8_t trap;

    if (i->op == IR_OP_ICONST) {
        out = (struct known){true, ir_const_bits(i)};
    } else if (depth > 0 && f->links[there].block == view->chooser->block && is_simple(f, there)) {
        const bool two = ir_op_info[i->op].format == IR_FORMAT_BINARY;
        const struct known a = known_bits(view, i->a, depth - 1);
        const struct known b = two ? known_bits(view, i->b, depth - 1) : a;
        out.is =
            a.is && b.is && ir_eval_inst(f, there, a.bits, two ? b.bits : 0, 0, &out.bits, &trap);
    }
    return out;
}

/* Is the choice a comparison or a test of bits that this predecessor makes? As a branch it needs
 * no number. */
static bool is_comparison_there(const struct view *view, ir_block from)
{
    struct ir_func *f = view->f;
    const ir_value c = ir_resolve(f, ir_at(f, view->chooser->branch)->a);
    const struct ir_inst *i = ir_at(f, c);
    ir_value choice = c;

    if (i->op == IR_OP_ICMP && view->chooser->body_count > 0)
        choice = ir_resolve(f, i->a); /* of a comparison with nothing */
    const struct ir_inst *p = ir_at(f, choice);
    if (p->op != IR_OP_PARAM || p->a != view->chooser->block)
        return false;
    const ir_value there = seen(view, choice);
    const enum ir_op op = ir_op_of(f, there);
    return f->links[there].block == from &&
           (op == IR_OP_ICMP || op == IR_OP_FCMP || op == IR_OP_IAND);
}

static void see_operand(void *ctx, uint32_t *operand)
{
    *operand = seen(ctx, *operand);
}

static ir_edge seen_edge(const struct view *view, ir_edge e)
{
    struct ir_func *f = view->f;
    const uint32_t count = ir_edge_count(f, e);
    ir_value *args = arena_new(f->arena, ir_value, count + 1);

    for (uint32_t i = 0; i < count; i++)
        args[i] = seen(view, ir_edge_args(f, e)[i]);
    return ir_edge_new(f, ir_edge_block(f, e), args, count);
}

/* The block that does the chooser's work for one edge: the predecessor itself when it goes nowhere
 * else, or a new one on the edge. */
static ir_block make_host(struct flow *flow, uint32_t place)
{
    struct ir_func *f = flow->f;
    const ir_block from = flow->places[place].block;
    const ir_value last = f->blocks[from].last;

    if (ir_op_of(f, last) == IR_OP_JUMP) {
        flow_drop(flow, from);
        ir_remove(f, last);
        return from;
    }
    const ir_block host = ir_block_new(f);
    f->blocks[host].cold = f->blocks[from].cold;
    flow_redirect(flow, place, ir_edge_new(f, host, NULL, 0));
    flow_note_uses(flow, last);
    return host;
}

/* Copies the chooser into the host, with the outcome when it is known. */
static void write_host(struct flow *flow, struct view *view, ir_block host, const bool *outcome)
{
    struct ir_func *f = flow->f;
    const struct ir_inst branch = *ir_at(f, view->chooser->branch);
    const uint32_t source = f->source;

    f->source = f->sources[view->chooser->branch];
    for (uint32_t k = 0; k < view->chooser->body_count; k++) {
        const ir_value copy = ir_emit(f, host, *ir_at(f, view->chooser->body[k]));
        ir_each_operand(f, copy, see_operand, view);
        flow_note_uses(flow, copy);
        view->copy[k] = copy;
    }
    ir_value last;
    if (outcome != NULL) {
        const ir_edge e = seen_edge(view, *outcome ? branch.b : branch.c);
        last = ir_emit(f, host, (struct ir_inst){.op = IR_OP_JUMP, .a = e});
    } else {
        const ir_edge yes = seen_edge(view, branch.b), no = seen_edge(view, branch.c);
        last = ir_emit(
            f, host,
            (struct ir_inst){.op = IR_OP_BRANCH, .a = seen(view, branch.a), .b = yes, .c = no});
    }
    flow_note_uses(flow, last);
    for (uint32_t n = ir_successor_count(f, last), i = 0; i < n; i++)
        flow_add(flow, host, i);
    f->source = source;
}

/* Is the body's result wanted elsewhere? Then the block is left as it is. */
static bool body_escapes(const struct flow *flow, const struct chooser *c)
{
    for (uint32_t k = 0; k < c->body_count; k++) {
        for (uint32_t u = flow_uses(flow, c->body[k]); u != FLOW_NONE; u = flow->uses[u].next) {
            const ir_block in = flow->f->links[flow->uses[u].user].block;
            if (in != IR_NONE && in != c->block)
                return true;
        }
    }
    return false;
}

/* Nothing leads to the block any more. */
static void bury(struct flow *flow, ir_block b)
{
    struct ir_func *f = flow->f;

    flow_drop(flow, b);
    while (f->blocks[b].last != IR_NONE)
        ir_remove(f, f->blocks[b].last);
    ir_emit(f, b, (struct ir_inst){.op = IR_OP_TRAP});
    if (b < flow->reached_count)
        flow->reached[b] = 0;
}

/* Definitions of the chooser's parameters at the end of the hosts, for whoever used them. */
static void repair(struct flow *flow, ir_block chooser, const ir_block *hosts, const ir_edge *edges,
                   uint32_t count)
{
    struct ir_func *f = flow->f;
    struct flow_definition others[THREAD_EDGES_MAX];
    const uint32_t param_count = ir_list_count(f, f->blocks[chooser].params);

    for (uint32_t p = 0; p < param_count; p++) {
        for (uint32_t i = 0; i < count; i++) {
            others[i].block = hosts[i];
            others[i].value = ir_resolve(f, ir_edge_args(f, edges[i])[p]);
        }
        flow_repair(flow, ir_list_items(f, f->blocks[chooser].params)[p], chooser, others, count);
    }
}

static void thread_past(struct flow *flow, const struct chooser *c)
{
    struct ir_func *f = flow->f;
    uint32_t places[THREAD_EDGES_MAX], count = 0, done = 0;
    ir_block hosts[THREAD_EDGES_MAX];
    ir_edge edges[THREAD_EDGES_MAX];

    for (uint32_t p = flow->pred_head[c->block]; p != FLOW_NONE && count < THREAD_EDGES_MAX;
         p = flow->places[p].next)
        places[count++] = p;
    for (uint32_t i = 0; i < count; i++) {
        const ir_block from = flow->places[places[i]].block;
        struct view view = {.f = f, .chooser = c, .edge = flow_edge(flow, places[i])};
        for (uint32_t k = 0; k < THREAD_BODY_MAX; k++)
            view.copy[k] = IR_NONE;
        const struct known k = known_bits(&view, ir_at(f, c->branch)->a, THREAD_BODY_MAX + 1);
        const bool yes = k.is && k.bits != 0;
        const bool copies = !k.is && ir_op_of(f, f->blocks[from].last) == IR_OP_JUMP &&
                            is_comparison_there(&view, from);

        if (!k.is && !copies)
            continue;
        edges[done] = view.edge;
        hosts[done] = make_host(flow, places[i]);
        write_host(flow, &view, hosts[done++], k.is ? &yes : NULL);
    }
    if (done == 0)
        return;
    if (flow_pred_count(flow, c->block) == 0)
        bury(flow, c->block);
    repair(flow, c->block, hosts, edges, done);
}

void opt_thread_branches(struct ir_func *f)
{
    const uint32_t block_count = f->block_count;
    const uint64_t work_max = THREAD_WORK_MIN + (uint64_t)f->inst_count * THREAD_WORK_PER_INST;
    struct flow flow;
    bool ready = false;

    for (ir_block b = 0; b < block_count; b++) {
        struct chooser c;
        if (ready && flow.work > work_max)
            break;
        if (!ready) { /* most functions need no lists at all */
            const ir_value last = f->blocks[b].last;
            if (last == IR_NONE || ir_op_of(f, last) != IR_OP_BRANCH ||
                ir_list_count(f, f->blocks[b].params) == 0 || f->blocks[b].loop_header)
                continue;
            flow_init(&flow, f);
            flow_note_all_uses(&flow);
            ready = true;
        }
        if (is_chooser(&flow, b, &c) && !body_escapes(&flow, &c))
            thread_past(&flow, &c);
    }
}
