/* translate_fuel: counts what is executed, in front of straight pieces of code, as interp/interp.h
 * says. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/translate_int.h"

static ir_value fuel_pointer(struct tf *t)
{
    return tf_load_field(t, tf_context(t), CONTEXT_OFFSET(fuel), IR_I64, IR_REGION_CONTEXT,
                         IR_ACCESS_READONLY);
}

/* Where all segments go that cannot be paid for. */
static ir_block fuel_block(struct tf *t)
{
    const ir_block here = t->block;

    if (t->fuel_block != TF_NONE)
        return t->fuel_block;
    t->fuel_block = t->block = ir_block_new(t->f);
    t->f->blocks[t->block].cold = 1;
    const ir_value pointer = fuel_pointer(t);
    tf_store_field(t, pointer, 0, tf_const(t, IR_I64, 0), IR_REGION_STORE);
    tf_call_builtin(t, BUILTIN_out_of_fuel, NULL, 0);
    tf_emit(t, (struct ir_inst){.op = IR_OP_TRAP, .aux = TRAP_UNREACHABLE}); /* it never returns */
    t->block = here;
    return t->fuel_block;
}

static void open_segment(struct tf *t)
{
    struct ir_func *f = t->f;
    const ir_edge out = ir_edge_new(f, fuel_block(t), NULL, 0);
    const ir_value pointer = fuel_pointer(t);
    const ir_value left = tf_load_field(t, pointer, 0, IR_I64, IR_REGION_STORE, 0);
    const ir_value cost = tf_const(t, IR_I64, 0);
    const ir_value too_little = tf_compare(t, IR_ULT, left, cost);
    const ir_block paid = ir_block_new(f);
    const ir_edge go_on = ir_edge_new(f, paid, NULL, 0);

    tf_emit(t, (struct ir_inst){.op = IR_OP_BRANCH, .a = too_little, .b = out, .c = go_on});
    t->block = paid;
    tf_store_field(t, pointer, 0, tf_binary(t, IR_OP_ISUB, IR_I64, left, cost), IR_REGION_STORE);
    t->fuel_cost = cost;
}

void tf_charge(struct tf *t)
{
    if (t->fuel_cost == TF_NONE)
        open_segment(t);
    ir_at(t->f, t->fuel_cost)->b++; /* a segment is no longer than its function */
}
