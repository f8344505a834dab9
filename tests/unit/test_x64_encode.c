/*
 * Every row of enc.def, encoded with all shapes of operands that its form allows and read back by
 * two disassemblers that share nothing with the encoder: Capstone, and the decoder of verify/sfi.
 * All three must agree on mnemonic, registers, widths, memory operand, immediate and length.
 *
 * Capstone is loaded at run time; where it is missing its half is skipped, with the reason.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/x64/encode.h"
#include "shield/verify/sfi/decode.h"
#include "tap.h"
#include "x64_capstone.h"
#include "x64_expect.h"

#include <string.h>

/* ---- shapes of operands ---------------------------------------------------------------------- */

static const uint8_t registers[] = {0, 1, 4, 5, 6, 9, 12, 13, 15};
static const uint8_t bases[] = {0, 3, 4, 5, 8, 12, 13, 15, X64_RIP, X64_NO_REG};
static const uint8_t indices[] = {X64_NO_REG, 1, 5, 9, 12, 13};
static const int32_t displacements[] = {0, 8, 127, 128, -128, -129, 0x12345678, -0x70000000};
static const int64_t immediates[] = {0,    1,    127,    128,        -1,
                                     -128, -129, 0x1234, 0x12345678, -0x12345678};

struct run {
    enum x64_op op;
    uint32_t size;
    uint32_t cases;
    char first[400]; /* what went wrong first, or empty */
};

static void failed(struct run *r, const char *judge, const struct bytes *b, const char *what)
{
    char hex[64] = "";
    size_t used = 0;

    if (r->first[0] != '\0')
        return;
    for (uint32_t i = 0; i < b->size; i++)
        used += (size_t)snprintf(hex + used, sizeof(hex) - used, "%02x", b->data[i]);
    snprintf(r->first, sizeof(r->first), "%s, size %u: %s: %s", hex, r->size, judge, what);
}

/* One buffer for all: x64_asm writes where next points. */
static struct x64_asm as;

static void encode(const struct run *r, const struct x64_args *args, struct bytes *out)
{
    memset(out, 0, sizeof(*out));
    as.next = as.bytes;
    x64_encode(&as, r->op, r->size, args);
    out->size = (uint32_t)(as.next - as.bytes);
    memcpy(out->data, as.bytes, out->size);
}

static void one_case(struct run *r, const struct x64_args *args)
{
    struct expected e;
    struct bytes b;
    char what[256];

    encode(r, args, &b);
    expect(r->op, r->size, args, &e);
    r->cases++;
    if (!sfi_agrees(&e, &b, what, sizeof(what)))
        failed(r, "the verifier's decoder", &b, what);
    if (capstone_is_here() && !capstone_agrees(&e, &b, what, sizeof(what)))
        failed(r, "Capstone", &b, what);
}

/* ---- what a form allows ------------------------------------------------------------------------
 */

static void with_immediates(struct run *r, struct x64_args *args)
{
    const uint32_t bytes = immediate_bytes(r->op, r->size);

    if (bytes == 0) {
        one_case(r, args);
        return;
    }
    for (size_t i = 0; i < LENGTH_OF(immediates); i++) {
        const int64_t limit = INT64_C(1) << (8 * bytes - 1);
        if (immediates[i] < -limit || immediates[i] >= limit)
            continue;
        args->imm = immediates[i];
        one_case(r, args);
    }
}

static void with_registers(struct run *r)
{
    for (size_t i = 0; i < LENGTH_OF(registers); i++)
        for (size_t k = 0; k < LENGTH_OF(registers); k++) {
            struct x64_args args = {.reg = registers[i], .rm = registers[k]};
            args.vvvv = has_vvvv(r->op) ? registers[(i + k) % LENGTH_OF(registers)] : 0;
            args.fourth = registers[(i * 2 + k) % LENGTH_OF(registers)];
            with_immediates(r, &args);
        }
}

static void with_memory(struct run *r, struct x64_mem m, uint32_t number)
{
    struct x64_args args = {.is_mem = true, .mem = m};

    args.reg = registers[number % LENGTH_OF(registers)];
    args.vvvv = has_vvvv(r->op) ? registers[number / 3 % LENGTH_OF(registers)] : 0;
    args.fourth = registers[number / 7 % LENGTH_OF(registers)];
    if (m.base != X64_RIP)
        with_immediates(r, &args);
    else if (immediate_bytes(r->op, r->size) == 0 && !has_fourth(r->op))
        one_case(r, &args); /* what is addressed from the end has no immediate behind it */
}

static void with_memories(struct run *r)
{
    uint32_t number = 0;

    for (size_t b = 0; b < LENGTH_OF(bases); b++)
        for (size_t i = 0; i < LENGTH_OF(indices); i++)
            for (size_t d = 0; d < LENGTH_OF(displacements); d++) {
                struct x64_mem m = {bases[b], indices[i], (uint8_t)(number % 4), displacements[d]};
                if (indices[i] == X64_NO_REG)
                    m.scale = 0;
                if (bases[b] == X64_RIP && indices[i] != X64_NO_REG)
                    continue;
                with_memory(r, m, number++);
            }
}

static void test_row(enum x64_op op)
{
    struct run r = {.op = op};
    uint32_t sizes[4];
    const uint32_t count = sizes_of(op, sizes);

    for (uint32_t i = 0; i < count; i++) {
        r.size = sizes[i];
        if (x64_rows[op].form == FORM_FENCE) {
            one_case(&r, &(struct x64_args){0});
            continue;
        }
        if (may_be_register(op))
            with_registers(&r);
        if (may_be_memory(op))
            with_memories(&r);
    }
    tap_ok(r.cases != 0 && r.first[0] == '\0', "row %u, %s: %u cases%s%s", (unsigned)op,
           x64_rows[op].text, r.cases, r.first[0] == '\0' ? "" : ": ", r.first);
}

static enum status all_rows(void *ctx, struct diag *dg)
{
    (void)dg;
    x64_asm_init(&as, ctx, 64);
    for (uint32_t op = X64_NONE + 1; op < X64_FIRST_PSEUDO; op++)
        test_row((enum x64_op)op);
    return ST_OK;
}

int main(void)
{
    const char *why = capstone_open();
    struct arena scratch;
    struct diag dg = {0};

    arena_init(&scratch, 1 << 20);
    tap_ok(arena_guard(&scratch, all_rows, &scratch, &dg) == ST_OK, "every row was tried");
    if (why != NULL)
        printf("# SKIP the comparison with Capstone: %s\n", why);
    arena_free(&scratch);
    capstone_close();
    return tap_done();
}
