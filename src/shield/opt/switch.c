/* switch: see switch.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/opt/switch.h"

#include <string.h>

/* Cases first to last go to one edge. */
struct range {
    uint32_t first, last;
    ir_edge edge;
};

static bool same_edge(const struct ir_func *f, ir_edge a, ir_edge b)
{
    const uint32_t words = 2 + ir_edge_count(f, a);

    return a == b || (ir_edge_count(f, a) == ir_edge_count(f, b) &&
                      memcmp(f->pool + a, f->pool + b, words * sizeof(*f->pool)) == 0);
}

/* The ranges that do not go where the default goes; their number, or SWITCH_RANGES_MAX + 1 when
 * there are more. */
static uint32_t find_ranges(const struct ir_func *f, const uint32_t *edges, uint32_t cases,
                            struct range out[SWITCH_RANGES_MAX])
{
    const ir_edge otherwise = edges[cases];
    uint32_t count = 0;

    for (uint32_t i = 0; i < cases; i++) {
        if (same_edge(f, edges[i], otherwise))
            continue;
        if (count > 0 && out[count - 1].last + 1 == i &&
            same_edge(f, out[count - 1].edge, edges[i])) {
            out[count - 1].last = i;
            continue;
        }
        if (count == SWITCH_RANGES_MAX)
            return count + 1;
        out[count++] = (struct range){.first = i, .last = i, .edge = edges[i]};
    }
    return count;
}

static ir_value number(struct ir_func *f, ir_block b, uint32_t n)
{
    return ir_emit(f, b, ir_iconst(IR_I32, n));
}

static ir_value binary(struct ir_func *f, ir_block b, enum ir_op op, uint8_t aux, ir_value x,
                       ir_value y)
{
    return ir_emit(
        f, b, (struct ir_inst){.op = (uint16_t)op, .type = IR_I32, .aux = aux, .a = x, .b = y});
}

/* Is the index in the range? The first ranges of a table are often 0..n: one compare without a
 * subtraction. */
static ir_value in_range(struct ir_func *f, ir_block b, ir_value index, struct range r)
{
    if (r.first == r.last)
        return binary(f, b, IR_OP_ICMP, IR_EQ, index, number(f, b, r.first));
    if (r.first != 0)
        index = binary(f, b, IR_OP_ISUB, 0, index, number(f, b, r.first));
    return binary(f, b, IR_OP_ICMP, IR_ULE, index, number(f, b, r.last - r.first));
}

static ir_edge copy_edge(struct ir_func *f, ir_edge e)
{
    const uint32_t count = ir_edge_count(f, e);
    uint32_t *args = arena_alloc(f->arena, count + 1, sizeof(*args));

    memcpy(args, ir_edge_args(f, e), count * sizeof(*args));
    return ir_edge_new(f, ir_edge_block(f, e), args, count);
}

/* The chain of compares that takes the place of a switch, which has left block b. */
static void emit_compares(struct ir_func *f, ir_block b, ir_value index, const struct range *ranges,
                          uint32_t count, ir_edge otherwise)
{
    for (uint32_t i = 0; i < count; i++) {
        const ir_value hit = in_range(f, b, index, ranges[i]);
        const bool last = i + 1 == count;
        const ir_block next = last ? 0 : ir_block_new(f);
        const ir_edge miss = last ? copy_edge(f, otherwise) : ir_edge_new(f, next, NULL, 0);

        if (!last)
            f->blocks[next].cold = f->blocks[b].cold;
        ir_emit(f, b,
                (struct ir_inst){
                    .op = IR_OP_BRANCH, .a = hit, .b = copy_edge(f, ranges[i].edge), .c = miss});
        b = next;
    }
}

/* Cases at both ends that go where the default goes need no rows in the table. */
static void trim(struct ir_func *f, ir_value v)
{
    const ir_list list = ir_at(f, v)->b;
    const uint32_t cases = ir_list_count(f, list) - 1;
    const uint32_t *edges = ir_list_items(f, list);
    const ir_edge otherwise = edges[cases];
    uint32_t first = 0, end = cases;

    while (end > 0 && same_edge(f, edges[end - 1], otherwise))
        end--;
    while (first < end && same_edge(f, edges[first], otherwise))
        first++;
    if (first == 0 && end == cases)
        return;
    uint32_t *kept = arena_alloc(f->arena, end - first + 1, sizeof(*kept));
    memcpy(kept, edges + first, (end - first) * sizeof(*kept));
    kept[end - first] = otherwise;
    ir_at(f, v)->b = ir_list_new(f, kept, end - first + 1);
    if (first == 0)
        return;
    /* An index below the first wraps around and is a large one. */
    const ir_value base = ir_inst_new(f, ir_iconst(IR_I32, first));
    const ir_value moved = ir_inst_new(
        f, (struct ir_inst){.op = IR_OP_ISUB, .type = IR_I32, .a = ir_at(f, v)->a, .b = base});
    ir_insert_before(f, v, base);
    ir_insert_before(f, v, moved);
    ir_at(f, v)->a = moved;
}

static void lower(struct ir_func *f, ir_block b, ir_value v)
{
    struct range ranges[SWITCH_RANGES_MAX];
    const ir_list list = ir_at(f, v)->b;
    const uint32_t cases = ir_list_count(f, list) - 1;
    const uint32_t *edges = ir_list_items(f, list);
    const ir_edge otherwise = edges[cases];
    const uint32_t count = find_ranges(f, edges, cases, ranges);

    if (count > SWITCH_RANGES_MAX) {
        trim(f, v);
        return;
    }
    const ir_value index = ir_at(f, v)->a;
    const uint32_t source = f->source;
    f->source = f->sources[v];
    ir_remove(f, v);
    if (count == 0)
        ir_emit(f, b, (struct ir_inst){.op = IR_OP_JUMP, .a = copy_edge(f, otherwise)});
    else
        emit_compares(f, b, index, ranges, count, otherwise);
    f->source = source;
}

void opt_lower_switches(struct ir_func *f)
{
    const uint32_t block_count = f->block_count; /* those that lowering adds hold no switch */

    for (ir_block b = 0; b < block_count; b++) {
        const ir_value last = f->blocks[b].last;
        if (last != IR_NONE && ir_op_of(f, last) == IR_OP_SWITCH)
            lower(f, b, last);
    }
}
