/* print_arity: how many operands an instruction takes and leaves. Folding needs no more than this,
 * and a wrong answer (in an invalid module) only makes odd text: the order of the instructions in
 * the text is that of the bytes in any case. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/print_internal.h"

/* Operators typed by hand whose counts are fixed. */
static const struct {
    uint8_t pops, pushes, is_fixed;
} fixed[WM_OP_COUNT] = {
    [WM_OP_UNREACHABLE] = {0, 0, 1},
    [WM_OP_RETHROW] = {0, 0, 1},
    [WM_OP_THROW_REF] = {1, 0, 1},
    [WM_OP_DROP] = {1, 0, 1},
    [WM_OP_SELECT] = {3, 1, 1},
    [WM_OP_SELECT_TYPED] = {3, 1, 1},
    [WM_OP_LOCAL_GET] = {0, 1, 1},
    [WM_OP_LOCAL_SET] = {1, 0, 1},
    [WM_OP_LOCAL_TEE] = {1, 1, 1},
    [WM_OP_GLOBAL_GET] = {0, 1, 1},
    [WM_OP_GLOBAL_SET] = {1, 0, 1},
    [WM_OP_TABLE_GET] = {1, 1, 1},
    [WM_OP_TABLE_SET] = {2, 0, 1},
    [WM_OP_TABLE_INIT] = {3, 0, 1},
    [WM_OP_TABLE_COPY] = {3, 0, 1},
    [WM_OP_TABLE_GROW] = {2, 1, 1},
    [WM_OP_TABLE_SIZE] = {0, 1, 1},
    [WM_OP_TABLE_FILL] = {3, 0, 1},
    [WM_OP_MEMORY_COPY] = {3, 0, 1},
    [WM_OP_REF_NULL] = {0, 1, 1},
    [WM_OP_REF_IS_NULL] = {1, 1, 1},
    [WM_OP_REF_FUNC] = {0, 1, 1},
    [WM_OP_REF_EQ] = {2, 1, 1},
    [WM_OP_REF_AS_NON_NULL] = {1, 1, 1},
    [WM_OP_REF_TEST] = {1, 1, 1},
    [WM_OP_REF_TEST_NULL] = {1, 1, 1},
    [WM_OP_REF_CAST] = {1, 1, 1},
    [WM_OP_REF_CAST_NULL] = {1, 1, 1},
    [WM_OP_REF_I31] = {1, 1, 1},
    [WM_OP_I31_GET_S] = {1, 1, 1},
    [WM_OP_I31_GET_U] = {1, 1, 1},
    [WM_OP_ANY_CONVERT_EXTERN] = {1, 1, 1},
    [WM_OP_EXTERN_CONVERT_ANY] = {1, 1, 1},
    [WM_OP_STRUCT_NEW_DEFAULT] = {0, 1, 1},
    [WM_OP_STRUCT_GET] = {1, 1, 1},
    [WM_OP_STRUCT_GET_S] = {1, 1, 1},
    [WM_OP_STRUCT_GET_U] = {1, 1, 1},
    [WM_OP_STRUCT_SET] = {2, 0, 1},
    [WM_OP_ARRAY_NEW] = {2, 1, 1},
    [WM_OP_ARRAY_NEW_DEFAULT] = {1, 1, 1},
    [WM_OP_ARRAY_NEW_DATA] = {2, 1, 1},
    [WM_OP_ARRAY_NEW_ELEM] = {2, 1, 1},
    [WM_OP_ARRAY_GET] = {2, 1, 1},
    [WM_OP_ARRAY_GET_S] = {2, 1, 1},
    [WM_OP_ARRAY_GET_U] = {2, 1, 1},
    [WM_OP_ARRAY_SET] = {3, 0, 1},
    [WM_OP_ARRAY_LEN] = {1, 1, 1},
    [WM_OP_ARRAY_FILL] = {4, 0, 1},
    [WM_OP_ARRAY_COPY] = {5, 0, 1},
    [WM_OP_ARRAY_INIT_DATA] = {4, 0, 1},
    [WM_OP_ARRAY_INIT_ELEM] = {4, 0, 1},
};

static struct print_arity known(uint32_t pops, uint32_t pushes)
{
    return (struct print_arity){pops, pushes, true};
}

static struct print_arity of_signature(const char *sig)
{
    uint32_t pops = 0, pushes = 0;

    while (sig[pops] != ':')
        pops++;
    while (sig[pops + 1 + pushes] != '\0')
        pushes++;
    return known(pops, pushes);
}

/* A function type's, with more_pops for what is taken besides its parameters. */
static struct print_arity of_type(const struct wm_module *m, uint32_t type_index,
                                  uint32_t more_pops)
{
    const struct wm_type *t = print_func_type(m, type_index);

    if (t == NULL)
        return (struct print_arity){0};
    return known(t->param_count + more_pops, t->result_count);
}

static struct print_arity of_func(const struct wm_module *m, uint32_t func)
{
    if (func >= m->func_count)
        return (struct print_arity){0};
    return of_type(m, m->funcs[func].type_index, 0);
}

static struct print_arity of_throw(const struct wm_module *m, uint32_t tag)
{
    if (tag >= m->tag_count)
        return (struct print_arity){0};
    return of_type(m, m->tags[tag].type_index, 0);
}

struct print_arity print_block_arity(const struct wm_module *m, const struct wm_block *b)
{
    if (b->kind == WM_BLOCK_TYPE)
        return of_type(m, b->type_index, 0);
    return known(0, b->kind == WM_BLOCK_VALUE ? 1 : 0);
}

/* Branches: the label's values, and what decides; what stays depends on the operator. */
static struct print_arity of_branch(const struct wm_ins *ins, uint32_t carried)
{
    switch (ins->op) {
    case WM_OP_BR: return known(carried, 0);
    case WM_OP_BR_TABLE: return known(carried + 1, 0);
    case WM_OP_BR_IF: return known(carried + 1, carried);
    case WM_OP_BR_ON_NULL: return known(carried + 1, carried + 1);
    case WM_OP_BR_ON_NON_NULL: return known(carried, carried == 0 ? 0 : carried - 1);
    case WM_OP_BR_ON_CAST:
    case WM_OP_BR_ON_CAST_FAIL: return known(carried, carried);
    default: return (struct print_arity){0};
    }
}

static uint32_t label_of(const struct wm_ins *ins)
{
    uint32_t cursor = 0;

    switch ((enum wm_imm)wm_op_info[ins->op].imm) {
    case WM_IMM_BR_TABLE: return wm_list_label(ins, &cursor); /* all its labels carry as many */
    case WM_IMM_BR_CAST: return ins->cast.label;
    default: return ins->index;
    }
}

struct print_arity print_arity_of(const struct wm_module *m, const struct wm_ins *ins,
                                  const uint32_t *label_arity, uint32_t label_count)
{
    uint32_t label = 0;

    if (wm_op_info[ins->op].sig[0] != '*')
        return of_signature(wm_op_info[ins->op].sig);
    if (fixed[ins->op].is_fixed)
        return known(fixed[ins->op].pops, fixed[ins->op].pushes);
    switch (ins->op) { /* tidy: flat */
    case WM_OP_CALL:
    case WM_OP_RETURN_CALL: return of_func(m, ins->index);
    case WM_OP_CALL_INDIRECT:
    case WM_OP_RETURN_CALL_INDIRECT:
    case WM_OP_CALL_REF:
    case WM_OP_RETURN_CALL_REF: return of_type(m, ins->index, 1);
    case WM_OP_THROW: return of_throw(m, ins->index);
    case WM_OP_RETURN: return known(label_arity[0], 0);
    case WM_OP_ARRAY_NEW_FIXED: return known(ins->index2, 1);
    case WM_OP_STRUCT_NEW:
        if (ins->index >= m->type_count)
            return (struct print_arity){0};
        return known(m->types[ins->index].field_count, 1);
    case WM_OP_BR:
    case WM_OP_BR_IF:
    case WM_OP_BR_TABLE:
    case WM_OP_BR_ON_NULL:
    case WM_OP_BR_ON_NON_NULL:
    case WM_OP_BR_ON_CAST:
    case WM_OP_BR_ON_CAST_FAIL:
        label = label_of(ins);
        if (label >= label_count)
            return (struct print_arity){0};
        return of_branch(ins, label_arity[label_count - 1 - label]);
    default: return (struct print_arity){0};
    }
}
