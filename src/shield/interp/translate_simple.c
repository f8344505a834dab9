/* translate_simple: locals, constants, operators with a row in a sem_*.def, globals, memory.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/translate_int.h"

#include <assert.h>
#include <string.h>

/* ---- locals and constants ---- */

void tr_local_get(struct tr *t, const struct wm_ins *ins)
{
    tr_push_local(t, ins->index);
}

/* Stores a popped value in a local, in the instruction that made it where that is possible. */
static void set_local(struct tr *t, uint32_t local, struct value v)
{
    uint32_t slot = t->local_slot[local];

    if (v.kind == VALUE_LOCAL && v.local == local)
        return;
    if (t->local_head[local] == 0 && tr_is_newest(t, v)) {
        t->code[t->newest.result_word] = slot;
        return;
    }
    tr_flush_local(t, local);
    tr_copy(t, slot, v);
}

void tr_local_set(struct tr *t, const struct wm_ins *ins)
{
    set_local(t, ins->index, tr_pop(t));
}

void tr_local_tee(struct tr *t, const struct wm_ins *ins)
{
    struct value v = tr_pop(t);

    set_local(t, ins->index, v);
    if (v.kind == VALUE_CONST)
        tr_push_const(t, v.cls, v.bits);
    else
        tr_push_local(t, ins->index);
}

void tr_i32_const(struct tr *t, const struct wm_ins *ins)
{
    tr_push_const(t, 'i', (uint32_t)ins->i32);
}

void tr_i64_const(struct tr *t, const struct wm_ins *ins)
{
    tr_push_const(t, 'I', (uint64_t)ins->i64);
}

void tr_f32_const(struct tr *t, const struct wm_ins *ins)
{
    tr_push_const(t, 'f', ins->f32_bits);
}

void tr_f64_const(struct tr *t, const struct wm_ins *ins)
{
    tr_push_const(t, 'F', ins->f64_bits);
}

void tr_v128_const(struct tr *t, const struct wm_ins *ins)
{
    memcpy(tr_emit_result(t, IOP_CONST128, 5, 'v') + 1, ins->bytes, 16);
}

void tr_nop(struct tr *t, const struct wm_ins *ins)
{
    (void)t;
    (void)ins;
}

void tr_drop(struct tr *t, const struct wm_ins *ins)
{
    (void)ins;
    (void)tr_pop(t);
}

void tr_select(struct tr *t, const struct wm_ins *ins)
{
    uint32_t c, b, a;
    struct value vc = tr_pop(t), vb = tr_pop(t), va = tr_pop(t);

    (void)ins;
    c = tr_slot(t, vc);
    b = tr_slot(t, vb);
    a = tr_slot(t, va);
    uint32_t *w = tr_emit_result(t, va.cls == 'v' ? IOP_SELECT16 : IOP_SELECT, 4, va.cls);
    w[1] = a;
    w[2] = b;
    w[3] = c;
}

/* ---- operators by their rule ---- */

static char result_class(const struct wm_ins *ins)
{
    const char *sig = wm_op_info[ins->op].sig;
    return sig[strlen(sig) - 1];
}

/* With canonical NaNs, arithmetic is followed by an instruction that replaces NaNs. */
void tr_canonical(struct tr *t, char which)
{
    enum interp_op op = which == 'f'   ? IOP_CANON32
                        : which == 'F' ? IOP_CANON64
                        : which == 's' ? IOP_CANON32X4
                                       : IOP_CANON64X2;

    if (!t->canonical || which == 0)
        return;
    struct value v = tr_pop(t);
    tr_emit_result(t, op, 2, v.cls)[1] = v.slot;
}

void tr_unary(struct tr *t, const struct rule *rule, const struct wm_ins *ins)
{
    uint32_t a = tr_pop_slot(t);

    tr_emit_result(t, (enum interp_op)rule->op, 2, result_class(ins))[1] = a;
    tr_canonical(t, rule->canonical);
}

/* a + (b << constant), the shift being the newest instruction: how arrays are indexed. */
static bool shift_and_add(struct tr *t, struct value a, struct value b)
{
    if (!tr_is_newest(t, b) || t->newest.op != IOP_I32_SHL_SI || a.kind == VALUE_CONST)
        return false;
    uint32_t index = t->code[t->newest.start + 3], shift = t->code[t->newest.start + 4];
    tr_take_newest(t);
    uint32_t *w = tr_emit_result(t, IOP_I32_SHLADD, 4, 'i');
    w[1] = a.slot;
    w[2] = index;
    w[3] = shift & 31;
    return true;
}

void tr_binary(struct tr *t, const struct rule *rule, const struct wm_ins *ins)
{
    struct value b = tr_pop(t), a = tr_pop(t);
    char cls = result_class(ins);
    bool is_wide = wm_op_info[ins->op].sig[0] == 'I' || wm_op_info[ins->op].sig[0] == 'F';

    if (ins->op == WM_OP_I32_ADD && (shift_and_add(t, a, b) || shift_and_add(t, b, a)))
        return;
    if (ins->op == WM_OP_I32_SUB && b.kind == VALUE_CONST) { /* one form for both */
        rule = &interp_rules[WM_OP_I32_ADD];
        b.bits = (uint32_t) - (uint32_t)b.bits;
    }
    if (a.kind == VALUE_CONST && b.kind == VALUE_CONST)
        tr_slot(t, a), a.kind = VALUE_TEMP;
    if (a.kind != VALUE_CONST && b.kind != VALUE_CONST) {
        uint32_t *w = tr_emit_result(t, (enum interp_op)rule->op, 3, cls);
        w[1] = a.slot;
        w[2] = b.slot;
    } else {
        bool is_left = a.kind == VALUE_CONST;
        enum interp_op op = (enum interp_op)(rule->op + (is_left ? 2 : 1));
        uint32_t *w = tr_emit_result(t, op, is_wide ? 4 : 3, cls);
        w[1] = is_left ? b.slot : a.slot;
        uint64_t bits = is_left ? a.bits : b.bits;
        w[2] = (uint32_t)bits;
        if (is_wide)
            w[3] = (uint32_t)(bits >> 32);
    }
    if (rule->kind == RULE_CMP) {
        t->newest.is_compare = true;
        t->newest.base = rule->op;
        t->newest.opposite = rule->opposite;
    }
    tr_canonical(t, rule->canonical);
}

/* x == 0: the opposite of a comparison just made, else a comparison with zero. */
void tr_eqz(struct tr *t, const struct rule *rule, const struct wm_ins *ins)
{
    struct value a = tr_pop(t);

    if (ins->op == WM_OP_I32_EQZ && tr_is_newest(t, a) && t->newest.is_compare) {
        struct newest *n = &t->newest;
        uint16_t base = n->base;
        tr_replace_newest(t, (enum interp_op)(n->opposite + (n->op - base)));
        n->base = n->opposite;
        n->opposite = base;
        tr_push(t, 'i');
        return;
    }
    uint32_t slot = tr_slot(t, a);
    uint32_t words = ins->op == WM_OP_I32_EQZ ? 3 : 4;
    uint32_t *w = tr_emit_result(t, (enum interp_op)(rule->op + 1), words, 'i');
    w[1] = slot;
    t->newest.is_compare = true;
    t->newest.base = rule->op;
    t->newest.opposite = rule->opposite;
}

void tr_same(struct tr *t, const struct rule *rule)
{
    struct value *v = &t->stack[t->height - 1];

    v->cls = rule->to;
    if (rule->to == 'i')
        v->bits &= UINT32_MAX;
}

/* ---- globals ---- */

void tr_global_get(struct tr *t, const struct wm_ins *ins)
{
    char cls = tr_class(t, t->wm->globals[ins->index].type);

    tr_emit_result(t, cls == 'v' ? IOP_GLOBAL_GET16 : IOP_GLOBAL_GET, 2, cls)[1] = ins->index;
}

void tr_global_set(struct tr *t, const struct wm_ins *ins)
{
    struct value v = tr_pop(t);
    uint32_t slot = tr_slot(t, v);
    uint32_t *w = tr_emit(t, v.cls == 'v' ? IOP_GLOBAL_SET16 : IOP_GLOBAL_SET, 2);

    w[0] = slot;
    w[1] = ins->index;
}

/* ---- memory ---- */

static bool is_plain_address(const struct tr *t, const struct wm_ins *ins)
{
    return ins->mem.memory == 0 && !t->wm->memories[0].limits.is_64 &&
           ins->mem.offset <= UINT32_MAX;
}

/* Variants of an address, see iops.def: S slot, I known, A slot + immediate, B slot + slot. */
enum address_kind { ADDRESS_S, ADDRESS_I, ADDRESS_A, ADDRESS_B, ADDRESS_X };
struct address {
    enum address_kind kind;
    uint32_t words[2], word_count; /* before the offset */
    uint32_t offset;
};

/* may_join: an addition that made the address may be taken into the access. Not while a constant
 * above still has to be stored at its home, which can be the slot of an operand of the addition. */
static struct address pop_address(struct tr *t, const struct wm_ins *ins, bool may_join)
{
    struct value v = tr_pop(t);
    struct address a = {.kind = ADDRESS_S, .offset = (uint32_t)ins->mem.offset};

    if (!is_plain_address(t, ins)) {
        a.kind = ADDRESS_X;
        a.words[0] = tr_slot(t, v);
        return a;
    }
    if (v.kind == VALUE_CONST && v.bits + ins->mem.offset <= UINT32_MAX) {
        a.kind = ADDRESS_I;
        a.offset = (uint32_t)(v.bits + ins->mem.offset);
        return a;
    }
    a.word_count = 1;
    if (may_join && tr_is_newest(t, v) &&
        (t->newest.op == IOP_I32_ADD_SI || t->newest.op == IOP_I32_ADD_SS)) {
        a.kind = t->newest.op == IOP_I32_ADD_SI ? ADDRESS_A : ADDRESS_B;
        a.words[0] = t->code[t->newest.start + 3];
        a.words[1] = t->code[t->newest.start + 4];
        a.word_count = 2;
        tr_take_newest(t);
        return a;
    }
    a.words[0] = tr_slot(t, v);
    return a;
}

/* Memory index, address type and offset of a general access, from operand `w` on. */
void tr_memarg(struct tr *t, uint32_t *w, const struct wm_ins *ins)
{
    w[0] = ins->mem.memory;
    w[1] = t->wm->memories[ins->mem.memory].limits.is_64;
    tr_put64(w + 2, ins->mem.offset);
}

void tr_load(struct tr *t, const struct rule *rule, const struct wm_ins *ins)
{
    struct address a = pop_address(t, ins, true);
    char cls = result_class(ins);
    enum interp_op op = (enum interp_op)(rule->op + a.kind);

    if (a.kind == ADDRESS_X) {
        uint32_t *w = tr_emit_result(t, op, 6, cls);
        w[1] = a.words[0];
        tr_memarg(t, w + 2, ins);
        return;
    }
    uint32_t *w = tr_emit_result(t, op, 2 + a.word_count, cls);
    memcpy(w + 1, a.words, a.word_count * sizeof(uint32_t));
    w[1 + a.word_count] = a.offset;
}

/* Order of a store's variants in iops.def. */
enum store_variant { STORE_SS, STORE_SI, STORE_IS, STORE_II, STORE_AS, STORE_BS, STORE_XS };

void tr_store(struct tr *t, const struct rule *rule, const struct wm_ins *ins)
{
    struct value v = tr_pop(t);
    bool is_wide = wm_op_info[ins->op].sig[1] == 'I' || wm_op_info[ins->op].sig[1] == 'F';
    bool is_const = v.kind == VALUE_CONST;
    static const uint8_t variants[][2] = {
        [ADDRESS_S] = {STORE_SS, STORE_SI},
          [ADDRESS_I] = {STORE_IS, STORE_II},
        [ADDRESS_A] = {STORE_AS, STORE_AS},
          [ADDRESS_B] = {STORE_BS, STORE_BS},
        [ADDRESS_X] = {STORE_XS, STORE_XS},
    };
    struct address a = pop_address(t, ins, !is_const);
    uint32_t slot = 0, imm_words = is_wide ? 2 : 1;

    if (a.kind >= ADDRESS_A || !is_const) {
        slot = tr_slot(t, v);
        is_const = false;
    }
    enum interp_op op = (enum interp_op)(rule->op + variants[a.kind][is_const]);
    if (a.kind == ADDRESS_X) {
        uint32_t *w = tr_emit(t, op, 6);
        w[0] = a.words[0];
        w[1] = slot;
        tr_memarg(t, w + 2, ins);
        return;
    }
    uint32_t *w = tr_emit(t, op, a.word_count + 1 + (is_const ? imm_words : 1));
    memcpy(w, a.words, a.word_count * sizeof(uint32_t));
    w += a.word_count;
    if (!is_const) {
        w[0] = slot;
        w[1] = a.offset;
        return;
    }
    w[0] = a.offset;
    w[1] = (uint32_t)v.bits;
    if (is_wide)
        w[2] = (uint32_t)(v.bits >> 32);
}

void tr_memory_size(struct tr *t, const struct wm_ins *ins)
{
    char cls = t->wm->memories[ins->index].limits.is_64 ? 'I' : 'i';
    tr_emit_result(t, IOP_MEMORY_SIZE, 2, cls)[1] = ins->index;
}

void tr_memory_grow(struct tr *t, const struct wm_ins *ins)
{
    bool is_64 = t->wm->memories[ins->index].limits.is_64;
    uint32_t delta = tr_pop_slot(t);
    uint32_t *w = tr_emit_result(t, IOP_MEMORY_GROW, 4, is_64 ? 'I' : 'i');

    w[1] = delta;
    w[2] = ins->index;
    w[3] = is_64;
}
