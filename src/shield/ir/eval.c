/* eval: functions, memory, control; see eval.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/ir/eval.h"

#include <assert.h>
#include <string.h>

struct machine {
    struct ir_func *f;
    const struct ir_eval_host *host;
    struct arena *arena;
    ir_bits *values;       /* per value */
    ir_bits **lists;       /* per instruction with a list of results */
    ir_value at;
    ir_block next;         /* where a terminator goes; IR_NONE: it ended the function */
    struct ir_eval_result r;
    bool ended;
};

static void end(struct machine *m, enum ir_eval_end how, uint8_t trap)
{
    m->r.end = how;
    m->r.trap = trap;
    m->r.at = m->at;
    m->ended = true;
}

static ir_bits value(struct machine *m, ir_value v)
{
    return m->values[ir_resolve(m->f, v)];
}

static ir_bits *values_of(struct machine *m, ir_list l)
{
    const uint32_t count = ir_list_count(m->f, l);
    ir_bits *out = arena_new(m->arena, ir_bits, count);

    for (uint32_t n = 0; n < count; n++)
        out[n] = value(m, ir_list_items(m->f, l)[n]);
    return out;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static uint64_t address_of(struct machine *m, const struct ir_inst *i)
{
    return (uint64_t)value(m, i->a) + (uint64_t)(int64_t)m->f->accesses[i->c].offset;
}

static bool load_bits(struct machine *m, const struct ir_inst *i, ir_bits *out)
{
    const struct ir_access *x = &m->f->accesses[i->c];

    *out = 0;
    if (m->host->load == NULL) {
        end(m, IR_EVAL_UNKNOWN, IR_TRAP_NONE);
        return false;
    }
    if (!m->host->load(m->host->ctx, address_of(m, i), out, x->bytes)) {
        end(m, IR_EVAL_TRAPPED, x->trap);
        return false;
    }
    return true;
}

static void store_bits(struct machine *m, const struct ir_inst *i, ir_bits bits)
{
    const struct ir_access *x = &m->f->accesses[i->c];

    if (m->host->store == NULL)
        end(m, IR_EVAL_UNKNOWN, IR_TRAP_NONE);
    else if (!m->host->store(m->host->ctx, address_of(m, i), &bits, x->bytes))
        end(m, IR_EVAL_TRAPPED, x->trap);
}

static ir_bits cut(ir_bits bits, uint32_t width)
{
    return width >= 128 ? bits : bits & (((ir_bits)1 << width) - 1);
}

static ir_bits extend(ir_bits bits, const struct ir_access *x, enum ir_type type)
{
    const uint32_t from = x->bytes * 8u, to = ir_type_bits(type);

    if ((x->flags & IR_ACCESS_SIGNED) && from < to && (bits >> (from - 1) & 1))
        bits |= ~(((ir_bits)1 << from) - 1);
    return cut(bits, to);
}

static ir_bits combine(enum ir_rmw how, ir_bits old, ir_bits operand)
{
    switch (how) {
    case IR_RMW_ADD:
        return old + operand;
    case IR_RMW_SUB:
        return old - operand;
    case IR_RMW_AND:
        return old & operand;
    case IR_RMW_OR:
        return old | operand;
    case IR_RMW_XOR:
        return old ^ operand;
    case IR_RMW_XCHG:
        return operand;
    }
    return 0;
}

static void run_memory(struct machine *m, const struct ir_inst *i)
{
    const struct ir_access *x = &m->f->accesses[i->c];
    ir_bits old = 0;

    if (i->op == IR_OP_STORE || i->op == IR_OP_ATOMIC_STORE) {
        store_bits(m, i, value(m, i->b));
        return;
    }
    if (!load_bits(m, i, &old))
        return;
    m->values[m->at] = extend(old, x, (enum ir_type)i->type);
    if (i->op == IR_OP_ATOMIC_RMW) {
        store_bits(m, i, combine((enum ir_rmw)i->aux, old, value(m, i->b)));
    } else if (i->op == IR_OP_ATOMIC_CMPXCHG) {
        const ir_value *pair = ir_list_items(m->f, i->b);
        if (cut(value(m, pair[0]), x->bytes * 8u) == old)
            store_bits(m, i, value(m, pair[1]));
    }
}

/* Index plus bytes, when that is inside the memory that the record describes. */
static void run_checked_end(struct machine *m, const struct ir_inst *i)
{
    const uint64_t index = (uint64_t)value(m, i->a), sum = index + i->c;
    uint64_t size = 0;

    if (m->host->load == NULL ||
        !m->host->load(m->host->ctx, (uint64_t)value(m, i->b) + 8, &size, 8))
        end(m, IR_EVAL_UNKNOWN, IR_TRAP_NONE);
    else if (sum < index || sum > size)
        end(m, IR_EVAL_TRAPPED, IR_TRAP_MEMORY_BOUNDS);
    else
        m->values[m->at] = sum;
}

/* ---- calls and lists ------------------------------------------------------------------------- */

static uint32_t result_count(const struct ir_func *f, const struct ir_inst *i)
{
    switch ((enum ir_format)ir_op_info[i->op].format) {
    case IR_FORMAT_CALL:
        return f->signatures[f->callees[i->a].signature].result_count;
    case IR_FORMAT_CALL_TABLE:
        return f->signatures[f->table_sites[i->c].signature].result_count;
    default:
        return f->signatures[i->c].result_count;
    }
}

static void run_call(struct machine *m, const struct ir_inst *i)
{
    const bool is_value = ir_op_info[i->op].format != IR_FORMAT_CALL;
    const ir_bits *args = values_of(m, i->b);
    ir_bits *results = arena_new(m->arena, ir_bits, result_count(m->f, i));
    uint8_t trap = IR_TRAP_NONE;

    if (m->host->call == NULL ||
        !m->host->call(m->host->ctx, m->f, m->at, is_value ? value(m, i->a) : 0, args, results,
                       &trap)) {
        end(m, IR_EVAL_UNKNOWN, IR_TRAP_NONE);
    } else if (trap != IR_TRAP_NONE) {
        end(m, IR_EVAL_TRAPPED, trap);
    } else if (ir_op_info[i->op].flags & IR_TERM) {
        m->r.results = results;
        end(m, IR_EVAL_RETURNED, IR_TRAP_NONE);
    }
    m->lists[m->at] = results;
}

static void run_add128(struct machine *m, const struct ir_inst *i)
{
    const ir_bits *x = values_of(m, i->a);
    const ir_bits first = x[1] << 64 | x[0], second = x[3] << 64 | x[2];
    const ir_bits sum = i->op == IR_OP_ADD128 ? first + second : first - second;
    ir_bits *halves = arena_new(m->arena, ir_bits, 2);

    halves[0] = (uint64_t)sum;
    halves[1] = sum >> 64;
    m->lists[m->at] = halves;
}

static uint64_t slot_address(const struct machine *m, uint32_t slot)
{
    uint64_t at = m->host->slot_base;

    for (uint32_t n = 0;; n++) {
        const struct ir_slot *s = &m->f->slots[n];
        const uint64_t align = MAX(s->align, 1u);
        at = (at + align - 1) / align * align;
        if (n == slot)
            return at;
        at += s->bytes;
    }
}

/* ---- control --------------------------------------------------------------------------------- */

static void take(struct machine *m, ir_edge e)
{
    const uint32_t count = ir_edge_count(m->f, e);
    const struct arena_mark mark = arena_mark(m->arena);
    ir_bits *args = arena_new(m->arena, ir_bits, count); /* parameters may be arguments too */

    m->next = ir_edge_block(m->f, e);
    for (uint32_t n = 0; n < count; n++)
        args[n] = value(m, ir_edge_args(m->f, e)[n]);
    const ir_value *params = ir_list_items(m->f, m->f->blocks[m->next].params);
    for (uint32_t n = 0; n < count; n++)
        m->values[params[n]] = args[n];
    arena_release(m->arena, mark);
}

static void run_switch(struct machine *m, const struct ir_inst *i)
{
    const uint32_t count = ir_list_count(m->f, i->b);
    const ir_bits n = value(m, i->a);

    take(m, ir_list_items(m->f, i->b)[n < count ? (uint32_t)n : count - 1]);
}

/* False: not one of these. */
static bool run_control(struct machine *m, const struct ir_inst *i)
{
    switch ((enum ir_op)i->op) {
    case IR_OP_JUMP:
        take(m, i->a);
        return true;
    case IR_OP_BRANCH:
        take(m, value(m, i->a) != 0 ? i->b : i->c);
        return true;
    case IR_OP_SWITCH:
        run_switch(m, i);
        return true;
    case IR_OP_RETURN:
        m->r.results = values_of(m, i->a);
        end(m, IR_EVAL_RETURNED, IR_TRAP_NONE);
        return true;
    case IR_OP_TRAP:
        end(m, IR_EVAL_TRAPPED, i->aux);
        return true;
    case IR_OP_TRAP_IF:
    case IR_OP_TRAP_UNLESS:
        if ((value(m, i->a) != 0) == (i->op == IR_OP_TRAP_IF))
            end(m, IR_EVAL_TRAPPED, i->aux);
        return true;
    default:
        return false;
    }
}

static bool run_environment(struct machine *m, const struct ir_inst *i)
{
    switch ((enum ir_op)i->op) {
    case IR_OP_CONTEXT:
        m->values[m->at] = m->host->context;
        return true;
    case IR_OP_PINNED_BASE:
        m->values[m->at] = m->host->pinned_base;
        return true;
    case IR_OP_SLOT_ADDRESS:
        m->values[m->at] = slot_address(m, i->a);
        return true;
    case IR_OP_CHECKED_END:
        run_checked_end(m, i);
        return true;
    case IR_OP_ADD128:
    case IR_OP_SUB128:
        run_add128(m, i);
        return true;
    case IR_OP_RESULT:
        m->values[m->at] = m->lists[ir_resolve(m->f, i->a)][i->b];
        return true;
    case IR_OP_FENCE:
        return true;
    default:
        return false;
    }
}

static void run_pure(struct machine *m, const struct ir_inst *i)
{
    const enum ir_format format = (enum ir_format)ir_op_info[i->op].format;
    const bool has_a = format != IR_FORMAT_CONST && format != IR_FORMAT_VCONST &&
                       format != IR_FORMAT_NUMBER && format != IR_FORMAT_NULLARY;
    const bool has_b = has_a && format != IR_FORMAT_UNARY && format != IR_FORMAT_LANE;
    uint8_t trap = IR_TRAP_NONE;

    if (!ir_eval_inst(m->f, m->at, has_a ? value(m, i->a) : 0, has_b ? value(m, i->b) : 0,
                      format == IR_FORMAT_TERNARY ? value(m, i->c) : 0, &m->values[m->at], &trap))
        end(m, IR_EVAL_UNKNOWN, IR_TRAP_NONE);
    else if (trap != IR_TRAP_NONE)
        end(m, IR_EVAL_TRAPPED, trap);
}

static void run_inst(struct machine *m)
{
    const struct ir_inst *i = ir_at(m->f, m->at);

    if (run_control(m, i) || run_environment(m, i))
        return;
    if (i->op >= IR_OP_LOAD && i->op <= IR_OP_ATOMIC_CMPXCHG)
        run_memory(m, i);
    else if (ir_op_info[i->op].flags & IR_CALLS)
        run_call(m, i);
    else
        run_pure(m, i);
}

static void run_block(struct machine *m, ir_block b, uint64_t max_steps)
{
    for (m->at = m->f->blocks[b].first; m->at != IR_NONE && !m->ended;) {
        const ir_value next = m->f->links[m->at].next;
        if (m->r.steps++ >= max_steps) {
            end(m, IR_EVAL_STEPS, IR_TRAP_NONE);
            return;
        }
        run_inst(m);
        if (!m->ended)
            m->at = next;
    }
}

struct ir_eval_result ir_eval(struct ir_func *f, const struct ir_eval_host *host,
                              const ir_bits *args, uint64_t max_steps, struct arena *a)
{
    struct machine m = {.f = f,
                        .host = host,
                        .arena = a,
                        .values = arena_new(a, ir_bits, f->inst_count),
                        .lists = arena_new(a, ir_bits *, f->inst_count)};
    const ir_list params = f->blocks[0].params;

    for (uint32_t n = 0; n < ir_list_count(f, params); n++)
        m.values[ir_list_items(f, params)[n]] = args[n];
    while (!m.ended) {
        const ir_block b = m.next;
        m.next = IR_NONE;
        run_block(&m, b, max_steps);
        assert((m.ended || m.next != IR_NONE) && "ir_check() wants a terminator");
    }
    return m.r;
}
