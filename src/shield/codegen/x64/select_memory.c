/* select_memory: addresses, loads that move into their user, and the constant pool; see select.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/select.h"

#include <assert.h>

enum { AMODE_STEPS_MAX = 8 }; /* additions that one address takes in */

static bool add_disp(struct sel_amode *at, int64_t more)
{
    int64_t sum = at->disp + more;

    if (!x64_fits32(sum))
        return false;
    at->disp = (int32_t)sum;
    return true;
}

static void set_base(struct sel_amode *at, enum x64_base base)
{
    at->scale = (uint8_t)((at->scale & (X64_MEM_INDEX | X64_MEM_SCALE)) |
                          base << X64_MEM_BASE_SHIFT);
}

static void set_index(struct sel_amode *at, mir_vreg index, uint32_t log2)
{
    at->scale = (uint8_t)(at->scale | X64_MEM_INDEX | log2);
    at->index = index;
}

/* The base of a guest memory: pinned, or in a register. */
static void guest_base(struct select *s, struct sel_amode *at, ir_value base)
{
    if (sel_at(s, base)->op == IR_OP_PINNED_BASE) {
        set_base(at, X64_BASE_PINNED);
        return;
    }
    set_base(at, X64_BASE_VREG);
    at->base = sel_in_reg(s, base);
}

/* The largest number that an I32 can be. */
static uint64_t largest(struct select *s, ir_value v, uint32_t depth)
{
    const struct ir_inst *i = sel_at(s, v);
    uint64_t k, x;

    if (depth == 0)
        return UINT32_MAX;
    switch ((enum ir_op)i->op) {
    case IR_OP_ALIAS: return largest(s, ir_resolve(s->f, v), depth - 1);
    case IR_OP_ICONST: return ir_const_bits(i);
    case IR_OP_ICMP:
    case IR_OP_FCMP: return 1;
    case IR_OP_UEXTEND: return sel_at(s, i->a)->type == IR_I8 ? UINT8_MAX : UINT16_MAX;
    case IR_OP_LOAD:
        if ((s->f->accesses[i->c].flags & IR_ACCESS_SIGNED) != 0 || s->f->accesses[i->c].bytes > 2)
            return UINT32_MAX;
        return s->f->accesses[i->c].bytes == 1 ? UINT8_MAX : UINT16_MAX;
    case IR_OP_IAND:
        x = largest(s, i->a, depth - 1);
        return MIN(x, largest(s, i->b, depth - 1));
    case IR_OP_USHR:
        return sel_const(s, i->b, &k) ? largest(s, i->a, depth - 1) >> (k & 31) : UINT32_MAX;
    case IR_OP_ISHL:
        x = largest(s, i->a, depth - 1);
        return sel_const(s, i->b, &k) ? MIN(x << (k & 31), (uint64_t)UINT32_MAX) : UINT32_MAX;
    case IR_OP_IMUL:
        x = largest(s, i->a, depth - 1);
        return sel_const(s, i->b, &k) ? MIN(x * (uint32_t)k, (uint64_t)UINT32_MAX) : UINT32_MAX;
    case IR_OP_SELECT:
        x = largest(s, i->a, depth - 1);
        return MAX(x, largest(s, i->b, depth - 1));
    default: return UINT32_MAX;
    }
}

/* base + index: the index is an I32 with a zero high half or a checked I64. A constant added to an
 * I32 goes into the displacement when the sum cannot wrap, and when any I32 would do: what is known
 * of the index here is forgotten where it passes through the frame, and the verifier asks then. */
static void guest_address(struct select *s, struct sel_amode *at, const struct ir_inst *i,
                          uint32_t bytes)
{
    enum { LARGEST_DEPTH = 6 };
    const int64_t most = (int64_t)INT32_MAX + 1 - bytes - at->disp; /* the guard takes 2 GiB */
    ir_value index = i->b;
    uint64_t bits;

    guest_base(s, at, i->a);
    if (sel_const(s, index, &bits) && bits <= INT32_MAX && add_disp(at, (int64_t)bits))
        return;
    const struct ir_inst *x = sel_at(s, index);
    if (x->op == IR_OP_IADD && x->type == IR_I32 && sel_const(s, x->b, &bits) &&
        largest(s, x->a, LARGEST_DEPTH) + bits <= UINT32_MAX && (int64_t)bits <= most &&
        add_disp(at, (int64_t)bits))
        index = x->a;
    set_index(at, sel_in_reg(s, index), 0);
}

/* x << n with n up to 3, taken apart. */
static bool scaled(struct select *s, ir_value v, ir_value *of, uint32_t *log2)
{
    const struct ir_inst *i = sel_at(s, v);
    uint64_t count;

    if (i->op != IR_OP_ISHL || !sel_const(s, i->b, &count) || (count & 63) > 3)
        return false;
    *of = i->a;
    *log2 = (uint32_t)(count & 63);
    return true;
}

/* An address of plain 64-bit arithmetic. */
static void plain_address(struct select *s, struct sel_amode *at, ir_value v)
{
    ir_value of;
    uint32_t log2;

    for (uint32_t step = 0; step < AMODE_STEPS_MAX; step++) {
        const struct ir_inst *i = sel_at(s, v);
        int64_t imm;
        if (i->op != IR_OP_IADD || !sel_const_signed(s, i->b, &imm) || !add_disp(at, imm))
            break;
        v = i->a;
    }
    const struct ir_inst *i = sel_at(s, v);
    if (i->op == IR_OP_CONTEXT) {
        set_base(at, X64_BASE_CONTEXT);
    } else if (i->op == IR_OP_SLOT_ADDRESS) {
        set_base(at, X64_BASE_SLOT);
        at->aux = i->a;
    } else if (i->op == IR_OP_IADD) {
        bool first = !scaled(s, i->b, &of, &log2);
        if (first && !scaled(s, i->a, &of, &log2)) {
            of = i->b;
            log2 = 0;
            first = false;
        }
        set_base(at, X64_BASE_VREG);
        at->base = sel_in_reg(s, first ? i->b : i->a);
        set_index(at, sel_in_reg(s, of), log2);
    } else {
        set_base(at, X64_BASE_VREG);
        at->base = sel_in_reg(s, v);
    }
}

struct sel_amode sel_amode(struct select *s, ir_value address, const struct ir_access *access)
{
    struct sel_amode at = {.disp = access->offset};
    const struct ir_inst *i = sel_at(s, address);

    if (i->op == IR_OP_ALIAS)
        i = sel_at(s, address = ir_resolve(s->f, address));
    if ((access->flags & IR_ACCESS_NOTRAP) == 0)
        at.trap = (uint8_t)(access->trap + 1);
    if (i->op == IR_OP_GUEST_ADDRESS)
        guest_address(s, &at, i, access->bytes);
    else
        plain_address(s, &at, address);
    return at;
}

struct sel_amode sel_context_field(uint32_t offset)
{
    return (struct sel_amode){.scale = X64_BASE_CONTEXT << X64_MEM_BASE_SHIFT,
                              .disp = (int32_t)offset};
}

/* ---- loads that move ------ */

bool sel_can_sink(struct select *s, ir_value v, uint32_t bytes)
{
    const struct ir_inst *i = sel_at(s, v);
    const uint8_t fixed = IR_ACCESS_NOTRAP | IR_ACCESS_READONLY;

    if (i->op != IR_OP_LOAD || !sel_used_once(s, v) || s->vreg_of[v] != 0 ||
        (s->value_flags[v] & SEL_SUNK) != 0)
        return false;
    const struct ir_access *access = &s->f->accesses[i->c];
    /* what nothing changes may cross effects, but not go into another block, maybe into a loop */
    bool here = (access->flags & fixed) == fixed &&
                s->f->links[v].block == s->order.blocks[s->block].block;
    return access->bytes == bytes && (here || s->color[v] == s->color_here);
}

struct sel_amode sel_sink(struct select *s, ir_value load)
{
    const struct ir_inst *i = sel_at(s, load);

    s->value_flags[load] |= SEL_SUNK;
    struct sel_amode at = sel_amode(s, i->a, &s->f->accesses[i->c]);
    at.source = s->f->sources[load];
    return at;
}

#define RM_OF(name, bytes)                                                                         \
    struct sel_##name sel_##name(struct select *s, ir_value v)                                     \
    {                                                                                              \
        struct sel_##name r = {.v = MIR_NONE};                                                     \
        if (sel_can_sink(s, v, bytes))                                                             \
            r.at = sel_sink(s, v);                                                                 \
        else                                                                                       \
            r.v = sel_in_reg(s, v);                                                                \
        return r;                                                                                  \
    }
RM_OF(rm8, 1)
RM_OF(rm16, 2)
RM_OF(rm32, 4)
RM_OF(rm64, 8)
#undef RM_OF

/* Of vector registers also constants are memory: those of the pool. */
static bool pool_constant(struct select *s, ir_value v, struct sel_amode *at)
{
    const struct ir_inst *i = sel_at(s, v);
    uint8_t bytes[16] = {0};

    if (i->op == IR_OP_FCONST) {
        uint64_t bits = ir_const_bits(i);
        if (bits == 0)
            return false;
        memcpy(bytes, &bits, 8);
    } else if (i->op == IR_OP_VCONST) {
        memcpy(bytes, s->f->constants16[i->a], 16);
    } else {
        return false;
    }
    *at = sel_pool_amode(sel_pool16(s, bytes));
    return true;
}

#define XM_OF(name, bytes)                                                                         \
    struct sel_##name sel_##name(struct select *s, ir_value v)                                     \
    {                                                                                              \
        struct sel_##name r = {.v = MIR_NONE};                                                     \
        if (sel_can_sink(s, v, bytes))                                                             \
            r.at = sel_sink(s, v);                                                                 \
        else if (!pool_constant(s, v, &r.at))                                                      \
            r.v = sel_in_reg(s, v);                                                                \
        return r;                                                                                  \
    }
XM_OF(xm32, 4)
XM_OF(xm64, 8)
#undef XM_OF

/* The legacy encoding faults on 16 bytes that are not aligned, as those of a guest may be. */
struct sel_xm128 sel_xm128(struct select *s, ir_value v)
{
    struct sel_xm128 r = {.v = MIR_NONE};

    if (sel_has(s, CODEGEN_AVX) && sel_can_sink(s, v, 16))
        r.at = sel_sink(s, v);
    else if (!pool_constant(s, v, &r.at))
        r.v = sel_in_reg(s, v);
    return r;
}

/* ---- constant pool ------ */

enum { POOL_TABLE_MIN = 32 };

static uint32_t pool_hash(const uint8_t bytes[16])
{
    uint64_t a, b;

    memcpy(&a, bytes, 8);
    memcpy(&b, bytes + 8, 8);
    a = (a ^ b * 0x9e3779b97f4a7c15u) * 0xd6e8feb86659fd93u;
    return (uint32_t)(a >> 32);
}

static void pool_rehash(struct select *s)
{
    uint32_t size = s->pool_index_size == 0 ? POOL_TABLE_MIN : s->pool_index_size * 2;

    s->pool_index = arena_new(s->arena, uint32_t, size);
    s->pool_index_size = size;
    for (uint32_t offset = 0; offset < s->pool.size; offset += 16) {
        uint32_t at = pool_hash(s->pool.data + offset) & (size - 1);
        while (s->pool_index[at] != 0)
            at = (at + 1) & (size - 1);
        s->pool_index[at] = offset / 16 + 1;
    }
}

uint32_t sel_pool16(struct select *s, const uint8_t bytes[16])
{
    if (s->pool.size / 16 * 2 >= s->pool_index_size)
        pool_rehash(s);
    uint32_t at = pool_hash(bytes) & (s->pool_index_size - 1);
    for (; s->pool_index[at] != 0; at = (at + 1) & (s->pool_index_size - 1)) {
        uint32_t offset = (s->pool_index[at] - 1) * 16;
        if (memcmp(s->pool.data + offset, bytes, 16) == 0)
            return offset;
    }
    uint32_t offset = (uint32_t)s->pool.size;
    buf_bytes(&s->pool, bytes, 16);
    s->pool_index[at] = offset / 16 + 1;
    return offset;
}

struct sel_amode sel_pool_amode(uint32_t offset)
{
    return (struct sel_amode){.scale = X64_BASE_POOL << X64_MEM_BASE_SHIFT, .aux = offset};
}

mir_vreg sel_pool_xmm(struct select *s, const uint8_t bytes[16], uint32_t size)
{
    mir_vreg r = sel_vreg_new(s, MIR_XMM, size == 16 ? MIR_W128 : size == 8 ? MIR_W64 : MIR_W32);
    uint32_t offset = sel_pool16(s, bytes);
    struct mir_inst *i = sel_inst(s, X64_POOL_XMM, size);

    i->flags = MIR_IS_REMAT;
    i->aux = offset;
    sel_def_reg(s, r);
    return r;
}
