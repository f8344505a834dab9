/*
 * print_fold: a body as nested expressions. First the instructions become a tree: an instruction
 * adopts the nodes in front of it as long as they leave exactly the operands it takes. Walked
 * children first, the tree is the body again, whatever was adopted; so folding is a matter of
 * taste and cannot change the meaning.
 *
 * Both walks keep their own stacks and are linear: a node is looked at once when it is adopted, or
 * once when it turns out not to fit, after which it leaves no values any more.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasm/print_internal.h"

enum {
    FOLD_HEIGHT_MAX = 200, /* of an expression: higher ones are cut into statements */
    FOLD_BLOCKS_MAX = 200, /* open blocks: deeper bodies are printed flat */
    FOLD_ONE_LINE_HEIGHT = 12,
    BODY_DEPTH = 2,
};

enum node_kind { NODE_PLAIN, NODE_BLOCK, NODE_THEN, NODE_ELSE, NODE_DO, NODE_CATCH, NODE_DELEGATE };

/* Node 0 is the body. A child list ends with 0. */
struct fold_node {
    uint32_t at;          /* of its instruction in the body; unused by THEN and DO */
    uint32_t first, next; /* first child, next sibling */
    uint32_t ordinal;     /* of the block it is, or belongs to */
    uint16_t height;
    uint8_t kind;
    bool is_simple; /* only NODE_PLAIN below and including it */
};

/* A node not yet adopted, and the values it has on the stack. */
struct fold_pending {
    uint32_t node, values;
};

struct fold_frame {
    uint32_t block, last_child; /* of the block node */
    uint32_t arm;               /* node that gets the statements: the block itself or an arm */
    uint32_t base;              /* first pending of this frame */
    uint32_t results;
    enum wm_op op;
};

struct print_fold {
    struct fold_node *nodes;
    struct fold_pending *pending;
    struct fold_frame frames[FOLD_BLOCKS_MAX + 1];
    uint32_t label_arity[FOLD_BLOCKS_MAX + 1]; /* of frames, as print_arity_of() wants them */
    struct fold_open {
        uint32_t node, child;
        bool has_label;
    } * open; /* while printing */
    uint32_t node_count, node_capacity, pending_count, pending_capacity, frame_count, open_count,
        open_capacity;
    uint32_t blocks_seen;
};

/* ---- the tree ------------------------------------------------------------------------------ */

static uint32_t new_node(struct wm_printer *p, enum node_kind kind, size_t at)
{
    struct print_fold *f = p->fold;
    struct fold_node node = {
        .at = (uint32_t)at, .kind = (uint8_t)kind, .height = 1, .is_simple = kind == NODE_PLAIN};

    ARENA_PUSH(p->arena, f->nodes, f->node_count, f->node_capacity, node);
    return f->node_count - 1;
}

static void push_pending(struct wm_printer *p, uint32_t node, uint32_t values)
{
    struct print_fold *f = p->fold;
    struct fold_pending entry = {node, values};
    ARENA_PUSH(p->arena, f->pending, f->pending_count, f->pending_capacity, entry);
}

static struct fold_frame *top_frame(struct print_fold *f)
{
    return &f->frames[f->frame_count - 1];
}

/* Pendings from first on become the children of parent; they are off the stack then. Returns the
 * last one, 0 for none. */
static uint32_t adopt(struct print_fold *f, uint32_t parent, uint32_t first)
{
    struct fold_node *to = &f->nodes[parent];
    uint32_t last = 0;

    for (uint32_t i = first; i < f->pending_count; i++) {
        uint32_t child = f->pending[i].node;
        if (last == 0)
            to->first = child;
        else
            f->nodes[last].next = child;
        last = child;
        to->height = MAX(to->height, (uint16_t)(f->nodes[child].height + 1));
        to->is_simple = to->is_simple && f->nodes[child].is_simple;
    }
    f->pending_count = first;
    return last;
}

/* The topmost operands are gone; whoever left them leaves nothing any more. */
static void take_operands(struct print_fold *f, uint32_t operands)
{
    for (uint32_t i = f->pending_count; operands != 0 && i > top_frame(f)->base; i--) {
        uint32_t taken = MIN(operands, f->pending[i - 1].values);
        if (taken == 0)
            return; /* nothing below it is adopted either */
        f->pending[i - 1].values = 0;
        operands -= taken;
    }
}

/* First pending of those that leave exactly the given operands. When there are no such, takes the
 * operands away and returns pending_count. */
static uint32_t find_operands(struct print_fold *f, uint32_t operands)
{
    uint32_t first = f->pending_count, left = operands;

    while (left != 0 && first > top_frame(f)->base) {
        const struct fold_pending *entry = &f->pending[first - 1];
        if (entry->values == 0 || entry->values > left ||
            f->nodes[entry->node].height >= FOLD_HEIGHT_MAX)
            break;
        left -= entry->values;
        first--;
    }
    if (left == 0)
        return first;
    take_operands(f, operands);
    return f->pending_count;
}

static bool push_frame(struct print_fold *f, uint32_t block, uint32_t arm, enum wm_op op,
                       struct print_arity arity)
{
    if (f->frame_count == LENGTH_OF(f->frames))
        return false;
    f->label_arity[f->frame_count] = op == WM_OP_LOOP ? arity.pops : arity.pushes;
    f->frames[f->frame_count++] = (struct fold_frame){
        .block = block, .arm = arm, .op = op, .base = f->pending_count, .results = arity.pushes};
    return true;
}

static void link_arm(struct print_fold *f, struct fold_frame *frame, uint32_t arm)
{
    if (frame->last_child == 0)
        f->nodes[frame->block].first = arm;
    else
        f->nodes[frame->last_child].next = arm;
    frame->last_child = arm;
    f->nodes[arm].ordinal = f->nodes[frame->block].ordinal;
}

static bool open_block(struct wm_printer *p, const struct wm_ins *ins, size_t at)
{
    struct print_fold *f = p->fold;
    struct print_arity arity = print_block_arity(p->m, &ins->block);
    uint32_t block = new_node(p, NODE_BLOCK, at), arm = block, operands = 0;

    f->nodes[block].ordinal = f->blocks_seen++;
    if (ins->op == WM_OP_IF)
        operands = adopt(f, block, find_operands(f, arity.pops + 1));
    else
        take_operands(f, arity.pops); /* they stay in front of the block */
    if (ins->op == WM_OP_IF || ins->op == WM_OP_TRY)
        arm = new_node(p, ins->op == WM_OP_IF ? NODE_THEN : NODE_DO, at);
    if (!push_frame(f, block, arm, ins->op, arity))
        return false;
    top_frame(f)->last_child = operands;
    if (arm != block)
        link_arm(f, top_frame(f), arm);
    return true;
}

static void close_arm(struct print_fold *f, struct fold_frame *frame)
{
    adopt(f, frame->arm, frame->base);
    struct fold_node *block = &f->nodes[frame->block];
    block->height = MAX(block->height, (uint16_t)(f->nodes[frame->arm].height + 1));
}

static bool next_arm(struct wm_printer *p, const struct wm_ins *ins, size_t at)
{
    struct print_fold *f = p->fold;
    struct fold_frame *frame = top_frame(f);
    bool fits = ins->op == WM_OP_ELSE
                    ? frame->op == WM_OP_IF && f->nodes[frame->arm].kind == NODE_THEN
                    : frame->op == WM_OP_TRY;

    if (!fits)
        return false;
    close_arm(f, frame);
    enum node_kind kind = ins->op == WM_OP_ELSE       ? NODE_ELSE
                          : ins->op == WM_OP_DELEGATE ? NODE_DELEGATE
                                                      : NODE_CATCH;
    frame->arm = new_node(p, kind, at);
    link_arm(f, frame, frame->arm);
    return true;
}

static void close_block(struct wm_printer *p)
{
    struct print_fold *f = p->fold;
    struct fold_frame frame = *top_frame(f);

    close_arm(f, &frame);
    f->frame_count--;
    if (f->frame_count != 0)
        push_pending(p, frame.block, frame.results);
}

static void add_plain(struct wm_printer *p, const struct wm_ins *ins, size_t at)
{
    struct print_fold *f = p->fold;
    uint32_t node = new_node(p, NODE_PLAIN, at);
    struct print_arity arity = print_arity_of(p->m, ins, f->label_arity, f->frame_count);

    if (arity.is_known)
        adopt(f, node, find_operands(f, arity.pops));
    push_pending(p, node, arity.pushes);
}

/* *done: the whole body is in the tree. */
static enum status build(struct wm_printer *p, struct wm_reader r, bool *done)
{
    struct print_fold *f = p->fold;

    *done = false;
    while (r.pos < r.end && f->frame_count != 0) {
        struct wm_ins ins;
        size_t at = r.pos;
        bool fits = true;
        TRY(wm_ins_read(&r, &ins, p->dg));
        switch (ins.op) {
        case WM_OP_BLOCK:
        case WM_OP_LOOP:
        case WM_OP_IF:
        case WM_OP_TRY:
        case WM_OP_TRY_TABLE: fits = open_block(p, &ins, at); break;
        case WM_OP_ELSE:
        case WM_OP_CATCH:
        case WM_OP_CATCH_ALL: fits = next_arm(p, &ins, at); break;
        case WM_OP_DELEGATE:
            fits = next_arm(p, &ins, at);
            if (fits)
                close_block(p);
            break;
        case WM_OP_END: close_block(p); break;
        default: add_plain(p, &ins, at); break;
        }
        if (!fits)
            return ST_OK;
    }
    *done = f->frame_count == 0 && r.pos == r.end;
    return ST_OK;
}

/* ---- the text ------------------------------------------------------------------------------ */

static enum status read_at(struct wm_printer *p, struct wm_reader r, const struct fold_node *node,
                           struct wm_ins *ins)
{
    r.pos = node->at;
    return wm_ins_read(&r, ins, p->dg);
}

/* "(i32.add (local.get 0) (i32.const 1))", given up as soon as it reaches end. Recursion is bounded
 * by FOLD_ONE_LINE_HEIGHT. */
static enum status print_one_line(struct wm_printer *p, struct wm_reader r, uint32_t node,
                                  size_t end, bool *fits)
{
    struct wm_ins ins;

    TRY(read_at(p, r, &p->fold->nodes[node], &ins));
    buf_byte(p->out, '(');
    print_ins(p, &ins);
    for (uint32_t i = p->fold->nodes[node].first; i != 0; i = p->fold->nodes[i].next) {
        buf_byte(p->out, ' ');
        if (p->out->size >= end)
            break;
        TRY(print_one_line(p, r, i, end, fits));
        if (!*fits)
            return ST_OK;
    }
    buf_byte(p->out, ')');
    *fits = p->out->size < end;
    return ST_OK;
}

static enum status try_one_line(struct wm_printer *p, struct wm_reader r, uint32_t node,
                                uint32_t depth, bool *fits)
{
    const struct fold_node *n = &p->fold->nodes[node];
    size_t start = p->out->size;
    uint32_t indent = 2 * MIN(depth, (uint32_t)PRINT_INDENT_MAX);
    uint32_t room = indent + 40 > PRINT_LINE_COLUMNS ? 40 : PRINT_LINE_COLUMNS - indent;

    *fits = n->is_simple && n->height <= FOLD_ONE_LINE_HEIGHT;
    if (!*fits)
        return ST_OK;
    TRY(print_one_line(p, r, node, n->first == 0 ? SIZE_MAX : start + room, fits));
    if (!*fits)
        p->out->size = start;
    return ST_OK;
}

static void print_label_comment(struct wm_printer *p, uint32_t number)
{
    buf_text(p->out, "  ;; label = @");
    print_u64(p->out, number);
}

/* Everything of a node that stands in front of its children, without closing. *has_label: the
 * children stand inside a label that has been pushed. */
static enum status print_head(struct wm_printer *p, struct wm_reader r, const struct fold_node *n,
                              bool *has_label)
{
    struct wm_ins ins;

    TRY(read_at(p, r, n, &ins));
    *has_label = false;
    buf_byte(p->out, '(');
    switch ((enum node_kind)n->kind) {
    case NODE_PLAIN: print_ins(p, &ins); return ST_OK;
    case NODE_BLOCK:
        print_block(p, &ins, n->ordinal);
        print_label_comment(p, p->label_count + 1);
        if (ins.op == WM_OP_IF || ins.op == WM_OP_TRY)
            return ST_OK; /* the arms are inside the label, the condition is not */
        break;
    case NODE_DELEGATE: print_ins(p, &ins); return ST_OK; /* counts from outside */
    case NODE_THEN: buf_text(p->out, "then"); break;
    case NODE_DO: buf_text(p->out, "do"); break;
    case NODE_ELSE:
    case NODE_CATCH: print_ins(p, &ins); break;
    }
    print_label_push(p, n->ordinal);
    *has_label = true;
    return ST_OK;
}

static enum status print_node(struct wm_printer *p, struct wm_reader r, uint32_t node)
{
    struct print_fold *f = p->fold;
    uint32_t depth = BODY_DEPTH + f->open_count - 1;
    struct fold_open open = {.node = node, .child = f->nodes[node].first};
    bool fits = false;

    print_line(p->out, depth);
    TRY(try_one_line(p, r, node, depth, &fits));
    if (fits)
        return ST_OK;
    TRY(print_head(p, r, &f->nodes[node], &open.has_label));
    ARENA_PUSH(p->arena, f->open, f->open_count, f->open_capacity, open);
    return ST_OK;
}

static enum status print_tree(struct wm_printer *p, struct wm_reader r)
{
    struct print_fold *f = p->fold;
    struct fold_open body = {.child = f->nodes[0].first};

    f->open_count = 0;
    ARENA_PUSH(p->arena, f->open, f->open_count, f->open_capacity, body);
    while (f->open_count != 0) {
        struct fold_open *top = &f->open[f->open_count - 1];
        if (top->child != 0) {
            uint32_t child = top->child;
            top->child = f->nodes[child].next;
            TRY(print_node(p, r, child));
            continue;
        }
        if (f->open_count > 1) {
            /* a line comment may stand before: an empty block closes on its own line */
            if (f->nodes[top->node].kind == NODE_BLOCK && f->nodes[top->node].first == 0)
                print_line(p->out, BODY_DEPTH + f->open_count - 2);
            buf_byte(p->out, ')');
        }
        p->label_count -= top->has_label;
        f->open_count--;
    }
    return ST_OK;
}

enum status print_folded(struct wm_printer *p, struct wm_reader r, bool *done)
{
    uint32_t type_index = p->m->funcs[p->func].type_index;
    const struct wm_type *t = print_func_type(p->m, type_index);
    struct print_arity arity = {.pushes = t == NULL ? 0 : t->result_count};

    if (p->fold == NULL)
        p->fold = arena_new(p->arena, struct print_fold, 1);
    p->fold->node_count = p->fold->pending_count = p->fold->frame_count = 0;
    p->fold->blocks_seen = 0;
    uint32_t root = new_node(p, NODE_BLOCK, 0);
    push_frame(p->fold, root, root, WM_OP_BLOCK, arity);
    TRY(build(p, r, done));
    if (*done)
        TRY(print_tree(p, r));
    return ST_OK;
}
