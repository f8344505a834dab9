/* validate_step: one instruction, any: read it, check its immediates, then its operands by the
 * signature in opcodes.def or by hand. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/validate_int.h"

#include <string.h>

/* Type of a letter of a signature, but for 'a', which depends on the memory. */
static const uint8_t sig_kinds[128] = {
#define VALUE(name, text, code, sig) [sig] = WM_KIND_##name,
#define HEAP(name, text, short_text, code, top, feature)
#include "shield/wasm/types.def"
#undef VALUE
#undef HEAP
};

/* ---- immediates ---- */

static enum status check_memory(struct judge *j, uint32_t index)
{
    return judge_index(j, index, j->m->memory_count, "memory");
}

static unsigned log2_of(unsigned width)
{
    return (unsigned)__builtin_ctz(width);
}

static enum status check_memarg(struct judge *j, const struct wm_op_info *info)
{
    const struct wm_memarg *mem = &j->ins.mem;
    unsigned natural = log2_of(info->width);

    TRY(check_memory(j, mem->memory));
    if (info->prefix == 0xfe && mem->align_log2 != natural)
        return judge_invalid(j,
                             "expects alignment 2^%u, found 2^%u: atomic access must be aligned "
                             "naturally",
                             natural, mem->align_log2);
    if (mem->align_log2 > natural)
        return judge_invalid(j,
                             "expects at most alignment 2^%u, found 2^%u: alignment must not "
                             "be larger than natural",
                             natural, mem->align_log2);
    if (!j->m->memories[mem->memory].limits.is_64 && mem->offset > UINT32_MAX)
        return judge_invalid(j, "expects an offset below 2^32, found 0x%llx: offset out of range",
                             (unsigned long long)mem->offset);
    return ST_OK;
}

static enum status check_lane(struct judge *j, uint32_t lane, uint32_t count)
{
    if (lane >= count)
        return judge_invalid(j, "has invalid lane index %u; there are %u lanes", lane, count);
    return ST_OK;
}

/* Data indices in code need the data count section, which stands in front of the code. */
static enum status check_data(struct judge *j, uint32_t index)
{
    if (!j->m->has_data_count && j->m->sections[WM_SECTION_CODE].size != 0)
        return diag_fail(j->dg, ST_MALFORMED, j->ins.offset,
                         "%s: data count section required, found none", wm_op_info[j->ins.op].text);
    return judge_index(j, index, j->m->data_count, "data segment");
}

static enum status check_shuffle(struct judge *j)
{
    for (uint32_t i = 0; i < sizeof(j->ins.bytes); i++)
        TRY(check_lane(j, j->ins.bytes[i], 32));
    return ST_OK;
}

static enum status check_immediates(struct judge *j, const struct wm_op_info *info)
{
    const struct wm_ins *ins = &j->ins;
    const struct wm_module *m = j->m;

    switch ((enum wm_imm)info->imm) { /* tidy: flat */
    case WM_IMM_MEMARG: return check_memarg(j, info);
    case WM_IMM_MEMARG_LANE:
        TRY(check_memarg(j, info));
        return check_lane(j, ins->mem.lane, 16U / info->width);
    case WM_IMM_LANE: return check_lane(j, ins->index, info->width);
    case WM_IMM_SHUFFLE: return check_shuffle(j);
    case WM_IMM_MEMORY: return check_memory(j, ins->index);
    case WM_IMM_MEMORY_MEMORY:
        TRY(check_memory(j, ins->index));
        return check_memory(j, ins->index2);
    case WM_IMM_DATA: return check_data(j, ins->index);
    case WM_IMM_DATA_MEMORY: TRY(check_data(j, ins->index)); return check_memory(j, ins->index2);
    case WM_IMM_TYPE_DATA: return check_data(j, ins->index2);
    case WM_IMM_ELEM: return judge_index(j, ins->index, m->elem_count, "element segment");
    case WM_IMM_TYPE_ELEM: return judge_index(j, ins->index2, m->elem_count, "element segment");
    case WM_IMM_ELEM_TABLE:
        TRY(judge_index(j, ins->index, m->elem_count, "element segment"));
        return judge_index(j, ins->index2, m->table_count, "table");
    case WM_IMM_TABLE: return judge_index(j, ins->index, m->table_count, "table");
    case WM_IMM_TABLE_TABLE:
        TRY(judge_index(j, ins->index, m->table_count, "table"));
        return judge_index(j, ins->index2, m->table_count, "table");
    case WM_IMM_TYPE_TABLE: return judge_index(j, ins->index2, m->table_count, "table");
    case WM_IMM_FUNC: return judge_index(j, ins->index, m->func_count, "function");
    case WM_IMM_GLOBAL: return judge_index(j, ins->index, m->global_count, "global");
    case WM_IMM_TAG: return judge_index(j, ins->index, m->tag_count, "tag");
    case WM_IMM_LOCAL: return judge_index(j, ins->index, j->local_count, "local");
    case WM_IMM_HEAP_TYPE: return judge_heap(j, ins->heap);
    default: return ST_OK;
    }
}

/* ---- operands by signature ---- */

static struct wm_valtype address_of(const struct judge *j, const struct wm_op_info *info)
{
    uint32_t memory = info->imm == WM_IMM_MEMORY        ? j->ins.index
                      : info->imm == WM_IMM_DATA_MEMORY ? j->ins.index2
                                                        : j->ins.mem.memory;
    return address_type(&j->m->memories[memory].limits);
}

static struct wm_valtype letter_type(const struct judge *j, const struct wm_op_info *info, char c)
{
    return c == 'a' ? address_of(j, info) : (struct wm_valtype){sig_kinds[(uint8_t)c & 0x7f]};
}

static enum status apply_signature(struct judge *j, const struct wm_op_info *info)
{
    enum { OPERANDS_MAX = 8 };
    struct wm_valtype pops[OPERANDS_MAX];
    const char *s = info->sig;
    uint32_t count = 0;

    for (; *s != ':'; s++)
        pops[count++] = letter_type(j, info, *s);
    TRY(judge_pop(j, (struct type_list){pops, count}));
    for (s++; *s != '\0'; s++)
        judge_push(j, letter_type(j, info, *s));
    return ST_OK;
}

/* ---- operators typed by hand ---- */

static enum status step_drop(struct judge *j)
{
    struct wm_valtype any;
    return judge_pop_any(j, 1, &any);
}

static enum status step_select(struct judge *j)
{
    struct wm_valtype first, second;

    TRY(judge_pop_one(j, 3, WM_TYPE(I32)));
    TRY(judge_pop_any(j, 2, &second));
    TRY(judge_pop_any(j, 1, &first));
    if (wm_is_ref(first) || wm_is_ref(second))
        return judge_invalid(j, "without a type expects numbers or vectors, found a reference");
    if (!wm_same(first, second) && first.bits != 0 && second.bits != 0)
        return judge_invalid(j, "expects operands of one type, found %s and %s",
                             wm_kind_text(wm_kind(first)), wm_kind_text(wm_kind(second)));
    judge_push(j, first.bits != 0 ? first : second);
    return ST_OK;
}

static enum status step_select_typed(struct judge *j)
{
    uint32_t cursor = 0;

    if (j->ins.list_count != 1)
        return judge_invalid(j, "has invalid result arity: expected 1 type, found %u",
                             j->ins.list_count);
    struct wm_valtype type = wm_list_type(&j->ins, &cursor);
    TRY(judge_valtype(j, type));
    TRY(JUDGE_POP(j, type, type, WM_TYPE(I32)));
    judge_push(j, type);
    return ST_OK;
}

static enum status step_memory_copy(struct judge *j)
{
    const struct wm_limits *to = &j->m->memories[j->ins.index].limits;
    const struct wm_limits *from = &j->m->memories[j->ins.index2].limits;
    struct wm_valtype count = to->is_64 && from->is_64 ? WM_TYPE(I64) : WM_TYPE(I32);

    return JUDGE_POP(j, address_type(to), address_type(from), count);
}

static enum status step_by_hand(struct judge *j, const struct wm_op_info *info)
{
    switch (j->ins.op) { /* tidy: flat */
    case WM_OP_DROP: return step_drop(j);
    case WM_OP_SELECT: return step_select(j);
    case WM_OP_SELECT_TYPED: return step_select_typed(j);
    case WM_OP_MEMORY_COPY: return step_memory_copy(j);
    case WM_OP_LOCAL_GET:
    case WM_OP_LOCAL_SET:
    case WM_OP_LOCAL_TEE: return judge_local(j);
    case WM_OP_GLOBAL_GET:
    case WM_OP_GLOBAL_SET: return judge_global(j);
    case WM_OP_CALL:
    case WM_OP_CALL_INDIRECT:
    case WM_OP_CALL_REF:
    case WM_OP_RETURN_CALL:
    case WM_OP_RETURN_CALL_INDIRECT:
    case WM_OP_RETURN_CALL_REF: return judge_call(j);
    case WM_OP_BR_ON_NULL:
    case WM_OP_BR_ON_NON_NULL:
    case WM_OP_BR_ON_CAST:
    case WM_OP_BR_ON_CAST_FAIL: return judge_branch_ref(j);
    case WM_OP_REF_NULL:
    case WM_OP_REF_IS_NULL:
    case WM_OP_REF_FUNC:
    case WM_OP_REF_EQ:
    case WM_OP_REF_AS_NON_NULL:
    case WM_OP_REF_TEST:
    case WM_OP_REF_TEST_NULL:
    case WM_OP_REF_CAST:
    case WM_OP_REF_CAST_NULL:
    case WM_OP_ANY_CONVERT_EXTERN:
    case WM_OP_EXTERN_CONVERT_ANY:
    case WM_OP_REF_I31:
    case WM_OP_I31_GET_S:
    case WM_OP_I31_GET_U: return judge_reference(j);
    default: break;
    }
    if (info->prefix == 0xfb)
        return judge_aggregate(j);
    bool is_table = info->prefix == 0xfc || info->imm == WM_IMM_TABLE;
    return is_table ? judge_table(j) : judge_control(j);
}

/* ---- constant expressions ---- */

static enum status check_constant(struct judge *j)
{
    enum wm_op op = j->ins.op;

    switch (op) {
    case WM_OP_I32_CONST:
    case WM_OP_I64_CONST:
    case WM_OP_F32_CONST:
    case WM_OP_F64_CONST:
    case WM_OP_V128_CONST:
    case WM_OP_REF_NULL:
    case WM_OP_REF_FUNC:
    case WM_OP_REF_I31:
    case WM_OP_STRUCT_NEW:
    case WM_OP_STRUCT_NEW_DEFAULT:
    case WM_OP_ARRAY_NEW:
    case WM_OP_ARRAY_NEW_DEFAULT:
    case WM_OP_ARRAY_NEW_FIXED:
    case WM_OP_ANY_CONVERT_EXTERN:
    case WM_OP_EXTERN_CONVERT_ANY:
    case WM_OP_GLOBAL_GET:
    case WM_OP_END: return ST_OK;
    case WM_OP_I32_ADD:
    case WM_OP_I32_SUB:
    case WM_OP_I32_MUL:
    case WM_OP_I64_ADD:
    case WM_OP_I64_SUB:
    case WM_OP_I64_MUL:
        return wm_need(j->m->features, WM_FEATURE_EXTENDED_CONST, j->ins.offset,
                       "arithmetic in a constant expression", j->dg);
    default: return judge_invalid(j, "found where a constant expression is required");
    }
}

enum status judge_step(struct judge *j)
{
    TRY(wm_ins_read(&j->r, &j->ins, j->dg));
    const struct wm_op_info *info = &wm_op_info[j->ins.op];

    if (j->is_const)
        TRY(check_constant(j));
    TRY(check_immediates(j, info));
    if (info->sig[0] != '*')
        return apply_signature(j, info);
    return step_by_hand(j, info);
}
