/* translate: see translate.h and translate_int.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/translate_int.h"

#include <string.h>

void translate_scratch_init(struct translate_scratch *s)
{
    *s = (struct translate_scratch){.state = NULL};
    arena_init(&s->arena, TRANSLATE_SCRATCH_BYTES);
}

void translate_scratch_free(struct translate_scratch *s)
{
    arena_free(&s->arena);
    s->state = NULL;
}

/* ---- types ---- */

enum ir_type translate_type(struct wm_valtype type)
{
    switch (wm_kind(type)) {
    case WM_KIND_I32: return IR_I32;
    case WM_KIND_I64: return IR_I64;
    case WM_KIND_F32: return IR_F32;
    case WM_KIND_F64: return IR_F64;
    case WM_KIND_V128: return IR_V128;
    default: return IR_REF;
    }
}

uint32_t translate_signature(struct ir_func *f, const struct wm_type *type)
{
    uint8_t *params = arena_new(f->arena, uint8_t, type->param_count);
    uint8_t *results = arena_new(f->arena, uint8_t, type->result_count);

    for (uint32_t i = 0; i < type->param_count; i++)
        params[i] = (uint8_t)translate_type(type->params[i]);
    for (uint32_t i = 0; i < type->result_count; i++)
        results[i] = (uint8_t)translate_type(type->results[i]);
    return ir_signature(f, params, type->param_count, results, type->result_count);
}

/* ---- set-up ---- */

static void visit_locals(void *ctx, uint32_t count, struct wm_valtype type)
{
    struct tf *t = ctx;

    if (count > 0 && t->refused == ST_OK)
        t->refused = tf_check_local(type, t->r.offset, t->dg);
    for (uint32_t i = 0; i < count; i++)
        VECTOR_PUSH(t, t->local_types, (uint8_t)translate_type(type));
}

/* Everything that belongs to one function, back to nothing; the vectors keep their memory. */
static void reset(struct tf *t)
{
    t->is_dead = false;
    t->refused = ST_OK;
    t->dead_depth = t->replaced = t->table = 0;
    t->context = t->pinned_base = TF_NONE;
    for (uint32_t i = 0; i < IR_TYPE_COUNT; i++)
        t->zero[i] = TF_NONE;
    t->local_types.count = t->joins.count = t->preds.count = t->params.count = 0;
    t->args.count = t->kept.count = t->pending.count = t->switches.count = 0;
    t->stack.count = t->control.count = 0;
    t->fuel_cost = TF_NONE;
    t->fuel_block = TF_NONE;
    t->stamp++;
}

/* About two thirds of the bytes of a body become instructions. */
static uint32_t expected_insts(const struct tf *t)
{
    enum { LEAST = 64, BODY_BYTES_MAX = 1 << 24 };
    const size_t body_bytes = t->r.end - t->r.pos;

    return (uint32_t)MIN(body_bytes, (size_t)BODY_BYTES_MAX) / 3 * 2 + t->local_count + LEAST;
}

static enum status begin(struct tf *t)
{
    struct ir_func *f = t->f;
    const uint32_t defined = t->func_index - t->wm->func_imports;
    uint32_t total = 0;

    reset(t);
    t->r = wm_reader_of(t->wm->codes[defined].body, t->wm->features);
    for (uint32_t i = 0; i < t->type->param_count; i++)
        visit_locals(t, 1, t->type->params[i]);
    TRY(wm_read_locals(&t->r, &total, visit_locals, t, t->dg));
    TRY(t->refused);
    t->local_count = t->local_types.count;
    f->source = (uint32_t)(t->r.offset + t->r.pos);
    TRY(tf_scan(t));
    ir_func_reserve(f, expected_insts(t));
    f->signature = tf_type_signature(t, t->wm->funcs[t->func_index].type_index);
    t->block = ir_block_new(f);
    for (uint32_t i = 0; i < t->type->param_count; i++)
        ir_param_new(f, t->block, (enum ir_type)t->local_types.items[i]);
    locals_begin(t);
    tf_begin_body(t);
    return ST_OK;
}

/* ---- the body ---- */

/* Unreachable operators only open and close blocks. True when the operator ends the dead part. */
static bool skip_dead(struct tf *t, enum wm_op op)
{
    switch (op) {
    case WM_OP_BLOCK:
    case WM_OP_LOOP:
    case WM_OP_IF:
        t->dead_depth++;
        t->loop += op == WM_OP_LOOP; /* the scan has seen it too */
        return false;
    case WM_OP_ELSE: return t->dead_depth == 0;
    case WM_OP_END:
        if (t->dead_depth == 0)
            return true;
        t->dead_depth--;
        return false;
    default: return false;
    }
}

static void canonical(struct tf *t, enum row_nan nan)
{
    ir_value v;

    if (nan == ROW_NAN_NONE || !t->env->canonical_nan)
        return;
    v = tf_pop(t);
    struct ir_inst i = {.op = IR_OP_FCANON, .type = ir_at(t->f, v)->type, .a = v};
    if (nan != ROW_NAN_SCALAR) {
        i.op = IR_OP_VFCANON;
        i.aux = nan == ROW_NAN_F32X4 ? IR_F32X4 : IR_F64X2;
    }
    tf_push(t, tf_emit(t, i));
}

/* Pops up to three operands into a, b, c. */
static void simple(struct tf *t, const struct row *row, enum wm_op op, uint32_t operands)
{
    struct ir_inst i = {.op = row->op, .type = (uint8_t)tf_result_type(op), .aux = row->aux};

    if (operands >= 3)
        i.c = tf_pop(t);
    if (operands >= 2)
        i.b = tf_pop(t);
    i.a = tf_pop(t);
    tf_push(t, tf_emit(t, i));
    canonical(t, (enum row_nan)row->nan);
}

static void lane(struct tf *t, const struct row *row, const struct wm_ins *ins)
{
    struct ir_inst i = {.op = row->op, .type = (uint8_t)tf_result_type(ins->op), .aux = row->aux};

    if (row->kind == ROW_REPLACE_LANE) {
        i.b = tf_pop(t);
        i.c = ins->index;
    } else {
        i.b = ins->index;
    }
    i.a = tf_pop(t);
    tf_push(t, tf_emit(t, i));
}

static void vector_compare(struct tf *t, const struct row *row)
{
    const ir_value b = tf_pop(t), a = tf_pop(t);
    const struct ir_inst i = {
        .op = row->op, .type = IR_V128, .aux = row->aux, .a = a, .b = b, .c = row->extra};

    tf_push(t, tf_emit(t, i));
}

static void eqz(struct tf *t)
{
    const ir_value v = tf_pop(t);
    const ir_value zero = tf_const(t, (enum ir_type)ir_at(t->f, v)->type, 0);

    tf_push(t, tf_compare(t, IR_EQ, v, zero));
}

/* extend8_s and its kin: the low part, extended again. */
static void sign_extend(struct tf *t, const struct row *row, enum wm_op op)
{
    const ir_value low = tf_unary(t, IR_OP_IREDUCE, (enum ir_type)row->extra, tf_pop(t));
    tf_push(t, tf_unary(t, IR_OP_SEXTEND, tf_result_type(op), low));
}

static bool ends_segment(const struct row *row)
{
    if (row->kind == ROW_HAND)
        return row->ends_segment;
    return row->kind >= ROW_LOAD || (ir_op_info[row->op].flags & IR_PURE) == 0;
}

static void translate_one(struct tf *t, const struct wm_ins *ins)
{
    const struct row *row = &tf_rows[ins->op];

    if (t->env->metered && !row->is_free)
        tf_charge(t);
    switch ((enum row_kind)row->kind) { /* tidy: flat */
    case ROW_HAND: tf_by_hand(t, ins); break;
    case ROW_UNARY: simple(t, row, ins->op, 1); break;
    case ROW_BINARY: simple(t, row, ins->op, 2); break;
    case ROW_TERNARY: simple(t, row, ins->op, 3); break;
    case ROW_COMPARE: simple(t, row, ins->op, 2); break;
    case ROW_VECTOR_COMPARE: vector_compare(t, row); break;
    case ROW_EQZ: eqz(t); break;
    case ROW_SIGN_EXTEND: sign_extend(t, row, ins->op); break;
    case ROW_EXTRACT_LANE:
    case ROW_REPLACE_LANE: lane(t, row, ins); break;
    case ROW_LOAD: tf_load(t, row, ins); break;
    case ROW_STORE: tf_store(t, row, ins); break;
    case ROW_LOAD_VECTOR:
    case ROW_LOAD_EXTENDED: tf_load_vector(t, row, ins); break;
    case ROW_LOAD_LANE: tf_load_lane(t, row, ins); break;
    case ROW_STORE_LANE: tf_store_lane(t, row, ins); break;
    case ROW_ATOMIC_LOAD:
    case ROW_ATOMIC_STORE:
    case ROW_ATOMIC_RMW:
    case ROW_ATOMIC_CMPXCHG: tf_atomic(t, row, ins); break;
    case ROW_REFUSED: break; /* tf_scan() has refused it */
    }
    if (ends_segment(row))
        tf_end_segment(t);
}

static enum status translate_body(struct tf *t)
{
    struct wm_ins ins;

    TRY(begin(t));
    while (t->control.count > 0) {
        TRY(tf_read(&t->r, &ins, t->dg));
        if (t->is_dead && !skip_dead(t, ins.op))
            continue;
        t->f->source = ins.offset;
        translate_one(t, &ins);
    }
    join_finish(t);
    return ST_OK;
}

struct job {
    const struct translate_env *env;
    struct translate_scratch *scratch;
    struct ir_func *out;
    uint32_t func_index;
};

static enum status run(void *ctx, struct diag *dg)
{
    const struct job *job = ctx;

    if (job->scratch->state == NULL)
        job->scratch->state = arena_new(&job->scratch->arena, struct tf, 1);
    struct tf *t = job->scratch->state;
    t->scratch = job->scratch;
    if (t->stack.items == NULL) /* so that its end is an address, also while it is empty */
        VECTOR_PUSH(t, t->stack, IR_NONE);
    t->env = job->env;
    t->wm = job->env->wm;
    t->f = job->out;
    t->dg = dg;
    t->func_index = job->func_index;
    t->type = &t->wm->types[t->wm->funcs[job->func_index].type_index];
    return translate_body(t);
}

enum status translate_function(const struct translate_env *env, uint32_t func_index,
                               struct translate_scratch *scratch, struct ir_func *out,
                               struct diag *dg)
{
    struct job job = {env, scratch, out, func_index};

    scratch->arena.guard = NULL; /* if the caller's arena unwound through the last run */
    const enum status st = arena_guard(&scratch->arena, run, &job, dg);
    if (st == ST_LIMIT)
        return diag_fail(dg, st, DIAG_NO_OFFSET,
                         "function #%u: its translation needs more than %d bytes "
                         "(TRANSLATE_SCRATCH_BYTES)",
                         func_index, TRANSLATE_SCRATCH_BYTES);
    return diag_in(dg, st, "in function #%u", func_index);
}
