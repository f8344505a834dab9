/*
 * select_shuffle: bytes by a constant pattern, and by a vector of indices.
 *
 * A pattern says for each byte of the result which byte it is: 0-15 of x, 16-31 of y, or ZERO.
 * Cheap shapes are tried first; what remains is one pshufb per operand, or without SSSE3 one copy
 * of a byte after the other. SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/x64/select_vector.h"

#include <assert.h>

enum { ZERO = 0x80, SECOND = 16 };

struct shuffle {
    uint8_t from[16];
    struct sel_xmm x, y;
    bool uses_x, uses_y;
};

/* from[i] == base + i for all bytes of one run, step bytes apart. */
static bool runs_from(const uint8_t *from, uint32_t count, uint32_t base)
{
    for (uint32_t i = 0; i < count; i++)
        if (from[i] != base + i)
            return false;
    return true;
}

/* The pattern in units of so many bytes; false when it is finer than that. */
static bool in_units(const struct shuffle *p, uint32_t bytes, uint8_t *units)
{
    for (uint32_t u = 0; u < 16 / bytes; u++) {
        const uint8_t *from = p->from + u * bytes;
        if (from[0] % bytes != 0 || from[0] >= 2 * SECOND || !runs_from(from, bytes, from[0]))
            return false;
        units[u] = (uint8_t)(from[0] / bytes);
    }
    return true;
}

static uint32_t four(const uint8_t *u)
{
    return (u[0] & 3u) | (u[1] & 3u) << 2 | (u[2] & 3u) << 4 | (u[3] & 3u) << 6;
}

/* ---- one operand -------------------------------------------------------------------------------
 */

static bool words_of_one_half(struct select *s, const struct shuffle *p, struct sel_xmm *out)
{
    uint8_t w[8];

    if (!in_units(p, 2, w))
        return false;
    bool low_stays = runs_from(w, 4, 0), high_stays = runs_from(w + 4, 4, 4);
    bool in_low = (w[0] | w[1] | w[2] | w[3]) < 4;
    bool in_high = (w[4] & w[5] & w[6] & w[7]) >= 4;
    if (in_low && high_stays)
        *out = r_PSHUFLW(s, p->x, four(w));
    else if (low_stays && in_high)
        *out = r_PSHUFHW(s, p->x, four(w + 4));
    else if (in_low && in_high)
        *out = r_PSHUFHW(s, r_PSHUFLW(s, p->x, four(w)), four(w + 4));
    else
        return false;
    return true;
}

static bool rotated(struct select *s, const struct shuffle *p, struct sel_xmm *out)
{
    for (uint32_t i = 1; i < 16; i++)
        if (p->from[i] != ((p->from[0] + i) & 15))
            return false;
    *out = r_PALIGNR(s, p->x, p->x, p->from[0]);
    return true;
}

static bool one_operand(struct select *s, const struct shuffle *p, struct sel_xmm *out)
{
    uint8_t d[4];

    if (runs_from(p->from, 16, 0)) {
        *out = p->x;
        return true;
    }
    if (in_units(p, 4, d)) {
        *out = r_PSHUFD(s, p->x, four(d));
        return true;
    }
    return words_of_one_half(s, p, out) || (sel_has(s, CODEGEN_SSSE3) && rotated(s, p, out));
}

/* ---- two operands ------------------------------------------------------------------------------
 */

/* Units of x and y in turn, from their low or high halves. */
static bool interleaved(const struct shuffle *p, uint32_t bytes, bool is_high, bool swap)
{
    for (uint32_t i = 0; i < 16; i++) {
        const uint32_t unit = i / bytes, start = is_high ? 8 : 0;
        const bool of_y = (unit % 2 != 0) != swap;
        const uint32_t expected = start + unit / 2 * bytes + i % bytes + (of_y ? SECOND : 0);
        if (p->from[i] != expected)
            return false;
    }
    return true;
}

static bool unpacked(struct select *s, const struct shuffle *p, struct sel_xmm *out)
{
    static const struct {
        uint8_t bytes;
        bool is_high;
        uint16_t op;
    } rows[] = {
        {1, false, X64_PUNPCKLBW },
        {1, true,  X64_PUNPCKHBW },
        {2, false, X64_PUNPCKLWD },
        {2, true,  X64_PUNPCKHWD },
        {4, false, X64_UNPCKLPS  },
        {4, true,  X64_UNPCKHPS  },
        {8, false, X64_PUNPCKLQDQ},
        {8, true,  X64_PUNPCKHQDQ},
    };

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++)
        for (uint32_t swap = 0; swap < 2; swap++)
            if (interleaved(p, rows[i].bytes, rows[i].is_high, swap != 0)) {
                *out = vec_rvm(s, (enum x64_op)rows[i].op, 16, swap ? p->y.v : p->x.v,
                               swap ? p->x.v : p->y.v, NULL, 0);
                return true;
            }
    return false;
}

/* Sixteen bytes in a row out of both. */
static bool aligned(struct select *s, const struct shuffle *p, struct sel_xmm *out)
{
    const uint32_t first = p->from[0];

    if (!sel_has(s, CODEGEN_SSSE3) || first >= 2 * SECOND)
        return false;
    for (uint32_t i = 1; i < 16; i++)
        if (p->from[i] != ((first + i) & 31))
            return false;
    *out =
        first < SECOND ? r_PALIGNR(s, p->y, p->x, first) : r_PALIGNR(s, p->x, p->y, first - SECOND);
    return true;
}

/* Both low units out of one operand, both high ones out of one. */
static bool two_halves(struct select *s, const struct shuffle *p, struct sel_xmm *out)
{
    uint8_t d[4];

    if (!in_units(p, 4, d) || d[0] / 4 != d[1] / 4 || d[2] / 4 != d[3] / 4)
        return false;
    *out = r_SHUFPS(s, d[0] < 4 ? p->x : p->y, d[2] < 4 ? p->x : p->y, four(d));
    return true;
}

/* Every word stays in its place. */
static bool blended(struct select *s, const struct shuffle *p, struct sel_xmm *out)
{
    uint32_t of_y = 0;

    if (!sel_has(s, CODEGEN_SSE41))
        return false;
    for (uint32_t i = 0; i < 16; i += 2) {
        if (p->from[i] == i + SECOND && p->from[i + 1] == i + 1 + SECOND)
            of_y |= 1u << i / 2;
        else if (p->from[i] != i || p->from[i + 1] != i + 1)
            return false;
    }
    *out = r_PBLENDW(s, p->x, p->y, of_y);
    return true;
}

static bool two_operands(struct select *s, const struct shuffle *p, struct sel_xmm *out)
{
    return unpacked(s, p, out) || two_halves(s, p, out) || blended(s, p, out) || aligned(s, p, out);
}

/* ---- anything ----------------------------------------------------------------------------------
 */

/* The bytes that come from one operand, zeros elsewhere. */
static struct sel_xmm picked(struct select *s, const struct shuffle *p, struct sel_xmm x,
                             uint32_t offset)
{
    uint64_t half[2] = {0, 0};

    for (uint32_t i = 0; i < 16; i++) {
        const uint32_t at = p->from[i] - offset; /* wraps for what is below */
        half[i / 8] |= (uint64_t)(at < 16 ? at : ZERO) << i % 8 * 8;
    }
    return sel_PSHUFB(s, x, vec_const(s, half[0], half[1]));
}

/* Byte number k of x in all bytes, without SSSE3. */
static struct sel_xmm spread(struct select *s, struct sel_xmm x, uint32_t k)
{
    struct sel_xmm twice = k < 8 ? r_PUNPCKLBW(s, x, x) : r_PUNPCKHBW(s, x, x);
    const uint32_t word = k % 8, each = word % 4 * 0x55;

    if (word < 4)
        return r_PSHUFD(s, r_PSHUFLW(s, twice, each), 0);
    return r_PSHUFD(s, r_PSHUFHW(s, twice, each), 0xff);
}

static struct sel_xmm byte_by_byte(struct select *s, const struct shuffle *p)
{
    struct sel_xmm r = {MIR_NONE};

    for (uint32_t k = 0; k < 2 * SECOND; k++) {
        uint64_t half[2] = {0, 0};
        for (uint32_t i = 0; i < 16; i++)
            if (p->from[i] == k)
                half[i / 8] |= UINT64_C(0xff) << i % 8 * 8;
        if ((half[0] | half[1]) == 0)
            continue;
        struct sel_xmm all = spread(s, k < SECOND ? p->x : p->y, k % SECOND);
        struct sel_xmm some = sel_PAND(s, all, vec_const(s, half[0], half[1]));
        r = r.v == MIR_NONE ? some : r_POR(s, r, some);
    }
    return r.v == MIR_NONE ? vec_zero(s) : r;
}

static struct sel_xmm anything(struct select *s, const struct shuffle *p)
{
    if (!sel_has(s, CODEGEN_SSSE3))
        return byte_by_byte(s, p);
    if (!p->uses_y)
        return picked(s, p, p->x, 0);
    if (!p->uses_x)
        return picked(s, p, p->y, SECOND);
    return r_POR(s, picked(s, p, p->x, 0), picked(s, p, p->y, SECOND));
}

static bool is_zero(struct select *s, ir_value v)
{
    static const uint8_t zeros[16];
    const struct ir_inst *i = sel_at(s, v);

    return i->op == IR_OP_VCONST && memcmp(s->f->constants16[i->a], zeros, 16) == 0;
}

struct sel_xmm sel_shuffle(struct select *s, ir_value a, ir_value b, uint32_t constant)
{
    struct shuffle p = {.uses_x = false};
    struct sel_xmm out = {MIR_NONE};

    a = ir_resolve(s->f, a);
    b = ir_resolve(s->f, b);
    memcpy(p.from, s->f->constants16[constant], 16);
    bool any_x = false, any_y = false;
    for (uint32_t i = 0; i < 16; i++) {
        assert(p.from[i] < 2 * SECOND);
        if (a == b)
            p.from[i] &= 15;
        any_x |= p.from[i] < SECOND;
        any_y |= p.from[i] >= SECOND;
    }
    if (!any_x) { /* only b: it is x */
        for (uint32_t i = 0; i < 16; i++)
            p.from[i] &= 15;
        a = b;
    }
    const bool is_single = !any_x || !any_y;
    p.x = sel_xmm(s, a);
    p.y = is_single ? p.x : sel_xmm(s, b);
    p.uses_x = is_single || !is_zero(s, a);
    p.uses_y = !is_single && !is_zero(s, b);
    if (is_single ? one_operand(s, &p, &out) : two_operands(s, &p, &out))
        return out;
    return anything(s, &p);
}

/* ---- by a vector of indices --------------------------------------------------------------------
 */

/* For each of the sixteen bytes of a: where its number is wanted. */
static struct sel_xmm swizzle_by_hand(struct select *s, struct sel_xmm a, struct sel_xmm index)
{
    struct sel_xmm r = {MIR_NONE};

    for (uint32_t k = 0; k < 16; k++) {
        struct sel_xmm here = sel_PCMPEQB(s, index, vec_each(s, 8, k));
        struct sel_xmm some = r_PAND(s, here, spread(s, a, k));
        r = k == 0 ? some : r_POR(s, r, some);
    }
    return r;
}

struct sel_xmm sel_swizzle(struct select *s, ir_value a, ir_value b)
{
    const ir_value index = ir_resolve(s->f, b);
    const struct ir_inst *i = sel_at(s, index);

    if (!sel_has(s, CODEGEN_SSSE3))
        return swizzle_by_hand(s, sel_xmm(s, a), sel_xmm(s, b));
    if (i->op == IR_OP_VCONST) {
        struct shuffle p = {.uses_x = true};
        memcpy(p.from, s->f->constants16[i->a], 16);
        for (uint32_t k = 0; k < 16; k++)
            if (p.from[k] >= 16)
                p.from[k] = ZERO;
        return picked(s, &p, sel_xmm(s, a), 0);
    }
    /* indices from 16 on get their top bit set: then pshufb gives 0 */
    return r_PSHUFB(s, sel_xmm(s, a), sel_PADDUSB(s, sel_xmm(s, b), vec_each(s, 8, 0x70)));
}
