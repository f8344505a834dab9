/* translate_memory: accesses to guest memories, each kept inside by the memory's plan.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/translate_int.h"

/* An address that memory operations may use, and what they say of the access. */
struct place {
    ir_value address;
    struct ir_access access;
};

/* ---- the memory ---- */

static ir_value record_of(struct tf *t, uint32_t memory)
{
    const uint32_t offset = layout_memory(t->env->layout, memory);
    return tf_load_field(t, tf_context(t), offset, IR_I64, IR_REGION_CONTEXT, IR_ACCESS_READONLY);
}

static ir_value base_of(struct tf *t, uint32_t memory)
{
    const enum memory_plan plan = t->env->plans[memory];

    if (memory == 0 && memory_plan_is_static(plan))
        return tf_pinned_base(t);
    return tf_load_field(t, record_of(t, memory), RECORD_MEMORY_BASE, IR_I64, IR_REGION_STORE,
                         memory_plan_may_move(plan) ? 0 : IR_ACCESS_READONLY);
}

/* Two imported memories may be one and the same; defined ones are all different. */
static uint8_t region_of(const struct tf *t, uint32_t memory)
{
    const uint32_t imports = t->wm->memory_imports;
    uint32_t distinct = memory;

    if (imports > 0)
        distinct = memory < imports ? 0 : memory - imports + 1;
    return (uint8_t)MIN(IR_REGION_MEMORY + distinct, (uint32_t)IR_REGION_MAX);
}

static uint64_t min_bytes(const struct tf *t, uint32_t memory)
{
    const struct wm_memory *m = &t->wm->memories[memory];
    return m->limits.min > UINT64_MAX >> m->page_log2 ? UINT64_MAX : m->limits.min << m->page_log2;
}

/* ---- checks ---- */

/* Traps unless [index + offset, index + offset + width) is inside now. Returns its end. */
static ir_value checked_end(struct tf *t, uint32_t memory, ir_value index, uint64_t offset,
                            const struct memory_access *a)
{
    ir_value from = tf_widen(t, index);

    if (a->check == MEMORY_CHECK_SUM)
        from = tf_emit(t, (struct ir_inst){.op = IR_OP_UADD_TRAP,
                                           .type = IR_I64,
                                           .aux = TRAP_MEMORY_BOUNDS,
                                           .a = from,
                                           .b = tf_const(t, IR_I64, offset)});
    return tf_emit(t, (struct ir_inst){.op = IR_OP_CHECKED_END,
                                       .type = IR_I64,
                                       .a = from,
                                       .b = record_of(t, memory),
                                       .c = a->end});
}

static bool is_safe_constant(const struct tf *t, uint32_t memory, ir_value index, uint64_t offset,
                             uint32_t width)
{
    return ir_op_of(t->f, index) == IR_OP_ICONST &&
           memory_access_is_safe(min_bytes(t, memory), ir_const_bits(ir_at(t->f, index)), offset,
                                 width);
}

/* False: the access always traps, what follows is dead. */
static bool place_of(struct tf *t, const struct wm_ins *ins, ir_value index, struct place *out)
{
    const uint32_t memory = ins->mem.memory, width = wm_op_info[ins->op].width;
    const enum memory_plan plan = t->env->plans[memory];
    const struct memory_access a = memory_access_of(plan, ins->mem.offset, width);
    const bool is_safe = is_safe_constant(t, memory, index, ins->mem.offset, width);

    out->access = (struct ir_access){.bytes = (uint8_t)width,
                                     .region = region_of(t, memory),
                                     .trap = TRAP_MEMORY_BOUNDS,
                                     .flags = is_safe ? IR_ACCESS_NOTRAP : 0};
    switch (a.check) {
    case MEMORY_CHECK_NONE: out->access.offset = (int32_t)ins->mem.offset; break;
    case MEMORY_CHECK_CONSTANT:
        if (!is_safe)
            tf_trap_if(t, tf_compare(t, IR_UGT, index, tf_const(t, IR_I32, a.limit)),
                       TRAP_MEMORY_BOUNDS);
        index = tf_binary(t, IR_OP_IADD, IR_I32, index, tf_const(t, IR_I32, ins->mem.offset));
        break;
    case MEMORY_CHECK_NEVER: tf_trap(t, TRAP_MEMORY_BOUNDS); return false;
    case MEMORY_CHECK_SIZE:
    case MEMORY_CHECK_SUM:
        index = checked_end(t, memory, index, ins->mem.offset, &a);
        out->access.offset = -(int32_t)width;
        out->access.flags = IR_ACCESS_NOTRAP;
        break;
    }
    out->address = tf_binary(t, IR_OP_GUEST_ADDRESS, IR_I64, base_of(t, memory), index);
    return true;
}

/* ---- loads and stores ---- */

static ir_value emit_load(struct tf *t, const struct place *p, enum ir_type type)
{
    return tf_emit(t, (struct ir_inst){.op = IR_OP_LOAD,
                                       .type = (uint8_t)type,
                                       .a = p->address,
                                       .c = ir_access(t->f, p->access)});
}

static void emit_store(struct tf *t, const struct place *p, ir_value v)
{
    tf_emit(t, (struct ir_inst){.op = IR_OP_STORE,
                                .type = ir_at(t->f, v)->type,
                                .a = p->address,
                                .b = v,
                                .c = ir_access(t->f, p->access)});
}

void tf_load(struct tf *t, const struct row *row, const struct wm_ins *ins)
{
    struct place p;

    if (!place_of(t, ins, tf_pop(t), &p))
        return;
    if (row->aux != 0)
        p.access.flags |= IR_ACCESS_SIGNED;
    tf_push(t, emit_load(t, &p, tf_result_type(ins->op)));
}

void tf_store(struct tf *t, const struct row *row, const struct wm_ins *ins)
{
    const ir_value v = tf_pop(t), index = tf_pop(t);
    struct place p;

    (void)row;
    if (place_of(t, ins, index, &p))
        emit_store(t, &p, v);
}

void tf_load_vector(struct tf *t, const struct row *row, const struct wm_ins *ins)
{
    struct place p;

    if (!place_of(t, ins, tf_pop(t), &p))
        return;
    ir_value v = emit_load(t, &p, (enum ir_type)row->extra);
    if (row->kind == ROW_LOAD_EXTENDED)
        v = tf_unary(t, IR_OP_SCALAR_TO_VECTOR, IR_V128, v);
    tf_push(t, tf_emit(t, (struct ir_inst){
                              .op = row->op, .type = IR_V128, .aux = row->aux, .a = v}));
}

static enum ir_type lane_type(uint32_t shape)
{
    return shape == IR_I64X2 ? IR_I64 : IR_I32;
}

void tf_load_lane(struct tf *t, const struct row *row, const struct wm_ins *ins)
{
    const ir_value vector = tf_pop(t), index = tf_pop(t);
    struct place p;

    if (!place_of(t, ins, index, &p))
        return;
    const ir_value v = emit_load(t, &p, lane_type(row->aux));
    tf_push(t, tf_emit(t, (struct ir_inst){.op = IR_OP_REPLACE_LANE,
                                           .type = IR_V128,
                                           .aux = row->aux,
                                           .a = vector,
                                           .b = v,
                                           .c = ins->mem.lane}));
}

void tf_store_lane(struct tf *t, const struct row *row, const struct wm_ins *ins)
{
    const ir_value vector = tf_pop(t), index = tf_pop(t);
    struct place p;

    if (!place_of(t, ins, index, &p))
        return;
    emit_store(t, &p,
               tf_emit(t, (struct ir_inst){.op = IR_OP_EXTRACT_LANE_U,
                                           .type = (uint8_t)lane_type(row->aux),
                                           .aux = row->aux,
                                           .a = vector,
                                           .b = ins->mem.lane}));
}

/* ---- atomics ---- */

/* What is not aligned traps, but what is out of bounds as well is out of bounds first. */
static void check_alignment(struct tf *t, const struct wm_ins *ins, ir_value index)
{
    struct ir_func *f = t->f;
    const uint32_t width = wm_op_info[ins->op].width;
    const enum ir_type type = (enum ir_type)ir_at(f, index)->type;
    ir_value sum = index;

    if (width == 1)
        return;
    if (ins->mem.offset % width != 0)
        sum = tf_binary(t, IR_OP_IADD, type, index, tf_const(t, type, ins->mem.offset % width));
    const ir_value low = tf_binary(t, IR_OP_IAND, type, sum, tf_const(t, type, width - 1));
    const ir_block wrong = ir_block_new(f), right = ir_block_new(f);
    const ir_edge to_wrong = ir_edge_new(f, wrong, NULL, 0);
    const ir_edge to_right = ir_edge_new(f, right, NULL, 0);
    tf_emit(t, (struct ir_inst){.op = IR_OP_BRANCH, .a = low, .b = to_wrong, .c = to_right});
    t->block = wrong;
    f->blocks[wrong].cold = 1;
    const struct memory_access a = memory_access_of(MEMORY_DYNAMIC_FIXED, ins->mem.offset, width);
    checked_end(t, ins->mem.memory, index, ins->mem.offset, &a);
    tf_emit(t, (struct ir_inst){.op = IR_OP_TRAP, .aux = TRAP_UNALIGNED_ATOMIC});
    t->block = right;
}

static ir_value emit_cmpxchg(struct tf *t, const struct place *p, enum ir_type type,
                             ir_value expected, ir_value replacement)
{
    const uint32_t values[] = {expected, replacement};
    const ir_list list = ir_list_new(t->f, values, 2);
    return tf_emit(t, (struct ir_inst){.op = IR_OP_ATOMIC_CMPXCHG,
                                       .type = (uint8_t)type,
                                       .a = p->address,
                                       .b = list,
                                       .c = ir_access(t->f, p->access)});
}

static ir_value emit_atomic_load(struct tf *t, const struct place *p, enum ir_type type)
{
    return tf_emit(t, (struct ir_inst){.op = IR_OP_ATOMIC_LOAD,
                                       .type = (uint8_t)type,
                                       .a = p->address,
                                       .c = ir_access(t->f, p->access)});
}

/* An expected value that does not fit the cell never matches: then only the old value is read. */
static ir_value narrow_cmpxchg(struct tf *t, const struct place *p, enum ir_type type,
                               ir_value expected, ir_value replacement)
{
    struct ir_func *f = t->f;
    const ir_value most = tf_const(t, type, (UINT64_C(1) << (p->access.bytes * 8)) - 1);
    const ir_value too_large = tf_compare(t, IR_UGT, expected, most);
    const ir_block read = ir_block_new(f), swap = ir_block_new(f), after = ir_block_new(f);
    const ir_edge to_read = ir_edge_new(f, read, NULL, 0);
    const ir_edge to_swap = ir_edge_new(f, swap, NULL, 0);

    tf_emit(t, (struct ir_inst){.op = IR_OP_BRANCH, .a = too_large, .b = to_read, .c = to_swap});
    f->blocks[read].cold = 1;
    t->block = read;
    const ir_value seen = emit_atomic_load(t, p, type);
    tf_emit(t, (struct ir_inst){.op = IR_OP_JUMP, .a = ir_edge_new(f, after, &seen, 1)});
    t->block = swap;
    const ir_value old = emit_cmpxchg(t, p, type, expected, replacement);
    tf_emit(t, (struct ir_inst){.op = IR_OP_JUMP, .a = ir_edge_new(f, after, &old, 1)});
    t->block = after;
    return ir_param_new(f, after, type);
}

void tf_atomic(struct tf *t, const struct row *row, const struct wm_ins *ins)
{
    const bool is_cmpxchg = row->kind == ROW_ATOMIC_CMPXCHG;
    const enum ir_type type = tf_result_type(ins->op);
    const ir_value b = is_cmpxchg ? tf_pop(t) : TF_NONE;
    const ir_value a = row->kind == ROW_ATOMIC_LOAD ? TF_NONE : tf_pop(t);
    const ir_value index = tf_pop(t);
    struct place p;

    check_alignment(t, ins, index);
    if (!place_of(t, ins, index, &p))
        return;
    p.access.flags |= IR_ACCESS_ALIGNED;
    if (row->kind == ROW_ATOMIC_LOAD) {
        tf_push(t, emit_atomic_load(t, &p, type));
        return;
    }
    if (is_cmpxchg) {
        const bool is_narrow = ir_type_bits(type) > p.access.bytes * UINT32_C(8);
        tf_push(t, is_narrow ? narrow_cmpxchg(t, &p, type, a, b)
                             : emit_cmpxchg(t, &p, type, a, b));
        return;
    }
    const ir_value v = tf_emit(t, (struct ir_inst){.op = row->op,
                                                   .type = ir_at(t->f, a)->type,
                                                   .aux = row->aux,
                                                   .a = p.address,
                                                   .b = a,
                                                   .c = ir_access(t->f, p.access)});
    if (row->kind == ROW_ATOMIC_RMW)
        tf_push(t, v);
}

void tf_fence(struct tf *t, const struct wm_ins *ins)
{
    (void)ins;
    tf_emit(t, (struct ir_inst){.op = IR_OP_FENCE});
}

/* index + offset for a builtin, which checks it against the memory. */
static ir_value whole_address(struct tf *t, const struct wm_ins *ins, ir_value index)
{
    const ir_value from = tf_widen(t, index);

    if (ins->mem.offset == 0)
        return from;
    return tf_emit(t, (struct ir_inst){.op = IR_OP_UADD_TRAP,
                                       .type = IR_I64,
                                       .aux = TRAP_MEMORY_BOUNDS,
                                       .a = from,
                                       .b = tf_const(t, IR_I64, ins->mem.offset)});
}

void tf_atomic_notify(struct tf *t, const struct wm_ins *ins)
{
    const ir_value count = tf_pop(t), index = tf_pop(t);
    const ir_value args[] = {tf_const(t, IR_I32, ins->mem.memory), whole_address(t, ins, index),
                             count};
    tf_push(t, tf_call_builtin(t, BUILTIN_atomic_notify, args, 3));
}

void tf_atomic_wait(struct tf *t, const struct wm_ins *ins)
{
    const ir_value timeout = tf_pop(t), expected = tf_pop(t), index = tf_pop(t);
    const ir_value args[] = {tf_const(t, IR_I32, ins->mem.memory), whole_address(t, ins, index),
                             expected, timeout};
    const enum builtin b = ins->op == WM_OP_MEMORY_ATOMIC_WAIT32 ? BUILTIN_atomic_wait32
                                                                 : BUILTIN_atomic_wait64;
    tf_push(t, tf_call_builtin(t, b, args, 4));
}

/* ---- for expansions of bulk operations ---- */

bool tf_is_guarded(const struct tf *t, uint32_t memory)
{
    return t->env->plans[memory] == MEMORY_STATIC_GUARD;
}

static struct place guarded_place(struct tf *t, uint32_t memory, ir_value index, uint32_t bytes)
{
    return (struct place){
        .address = tf_binary(t, IR_OP_GUEST_ADDRESS, IR_I64, base_of(t, memory), index),
        .access = {.bytes = (uint8_t)bytes,
                   .region = region_of(t, memory),
                   .trap = TRAP_MEMORY_BOUNDS}};
}

ir_value tf_guarded_load(struct tf *t, uint32_t memory, ir_value index, uint32_t bytes)
{
    const enum ir_type type = bytes == 16 ? IR_V128 : bytes == 8 ? IR_I64 : IR_I32;
    const struct place p = guarded_place(t, memory, index, bytes);

    return emit_load(t, &p, type);
}

void tf_guarded_store(struct tf *t, uint32_t memory, ir_value index, ir_value v, uint32_t bytes)
{
    const struct place p = guarded_place(t, memory, index, bytes);

    emit_store(t, &p, v);
}

/* ---- whole memories ---- */

static ir_value narrowed(struct tf *t, ir_value v, bool is_64)
{
    return is_64 ? v : tf_unary(t, IR_OP_IREDUCE, IR_I32, v);
}

void tf_memory_size(struct tf *t, const struct wm_ins *ins)
{
    const struct wm_memory *m = &t->wm->memories[ins->index];
    ir_value size = tf_load_field(t, record_of(t, ins->index), RECORD_MEMORY_SIZE, IR_I64,
                                  IR_REGION_STORE, 0);

    if (m->page_log2 > 0)
        size = tf_binary(t, IR_OP_USHR, IR_I64, size, tf_const(t, IR_I32, m->page_log2));
    tf_push(t, narrowed(t, size, m->limits.is_64));
}

void tf_memory_grow(struct tf *t, const struct wm_ins *ins)
{
    const ir_value delta = tf_widen(t, tf_pop(t));
    const ir_value args[] = {tf_const(t, IR_I32, ins->index), delta};
    const ir_value old = tf_call_builtin(t, BUILTIN_memory_grow, args, 2);

    tf_push(t, narrowed(t, old, t->wm->memories[ins->index].limits.is_64));
}

void tf_memory_init(struct tf *t, const struct wm_ins *ins)
{
    const ir_value count = tf_pop(t), from = tf_pop(t), to = tf_widen(t, tf_pop(t));
    const ir_value args[] = {tf_const(t, IR_I32, ins->index2), tf_const(t, IR_I32, ins->index), to,
                             from, count};

    tf_call_builtin(t, BUILTIN_memory_init, args, 5);
}

void tf_data_drop(struct tf *t, const struct wm_ins *ins)
{
    const ir_value args[] = {tf_const(t, IR_I32, ins->index)};
    tf_call_builtin(t, BUILTIN_data_drop, args, 1);
}
