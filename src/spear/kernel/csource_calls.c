/* csource_calls: the statements of each call: copy arguments in, make the call, keep results.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/csource_int.h"
#include "spear/syz/decode.h"
#include "spear/wire/exec.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

enum { ESCAPED_LINE = 80 }; /* bytes of a string literal on one line */

static uint64_t address_of(uint64_t offset)
{
    return EXEC_DATA_BASE_64 + offset;
}

static void need(struct csource *c, const char *name)
{
    enum piece piece;

    if (piece_find(name, &piece))
        piece_add(&c->pieces, piece);
    else
        c->missing = name;
}

/* ---- values ---------------------------------------------------------------------------------- */

static void print_result_value(struct csource *c, const struct syz_exec_arg *a)
{
    c->result_count = MAX(c->result_count, (uint32_t)a->index + 1);
    buf_printf(c->calls, "r[%" PRIu64 "]", a->index);
    if (a->divide > 1)
        buf_printf(c->calls, " / %" PRIu64, a->divide);
    if (a->add != 0)
        buf_printf(c->calls, " + %#" PRIx64, a->add);
}

/* Digits alone are an int, and one in a variable argument list leaves half of a register undefined;
 * so whatever is printed here is a long. */
static void print_long(struct buf *out, uint64_t value)
{
    buf_printf(out, value <= INT32_MAX ? "0x%" PRIx64 "l" : "0x%" PRIx64 "ul", value);
}

/* A number as a C expression. */
static void print_value(struct csource *c, const struct syz_exec_arg *a)
{
    const uint32_t stride = a->kind == EXEC_CONST ? EXEC_META_PROC_STRIDE(a->meta) : 0;

    switch (a->kind) {
    case EXEC_RESULT: print_result_value(c, a); return;
    case EXEC_ADDR32:
    case EXEC_ADDR64: print_long(c->calls, address_of(a->value)); return;
    default:
        print_long(c->calls, a->value);
        if (stride != 0) {
            c->needs_proc = true;
            buf_printf(c->calls, " + %uul * procid", stride);
        }
        return;
    }
}

static const char *c_type(uint32_t bytes)
{
    switch (bytes) {
    case 1: return "uint8_t";
    case 2: return "uint16_t";
    case 4: return "uint32_t";
    default: return "uint64_t";
    }
}

/* ---- copying in ------------------------------------------------------------------------------ */

static void open_guard(struct csource *c)
{
    if (!c->settings->segv)
        return;
    need(c, "segv_guard");
    buf_text(c->calls, "GUARDED(");
}

static void close_guard(struct csource *c)
{
    buf_text(c->calls, c->settings->segv ? ");\n" : ";\n");
}

static bool is_plain(const struct syz_exec_arg *a)
{
    return (a->kind == EXEC_ADDR32 || a->kind == EXEC_ADDR64) ||
           (EXEC_META_FORMAT(a->meta) == EXEC_NATIVE && EXEC_META_FIELD_BITS(a->meta) == 0);
}

static void copy_number(struct csource *c, uint64_t address, const struct syz_exec_arg *a)
{
    const uint32_t bytes = a->kind == EXEC_ADDR32   ? 4
                           : a->kind == EXEC_ADDR64 ? 8
                                                    : EXEC_META_SIZE(a->meta);

    if (is_plain(a)) {
        open_guard(c);
        buf_printf(c->calls, "*(%s *)0x%" PRIx64 " = ", c_type(bytes), address);
        print_value(c, a);
        close_guard(c);
        return;
    }
    need(c, "store");
    buf_printf(c->calls, "store_number(0x%" PRIx64 ", %u, %u, ", address, bytes,
               EXEC_META_FORMAT(a->meta));
    print_value(c, a);
    buf_printf(c->calls, ", %u, %u);\n", EXEC_META_FIELD_OFFSET(a->meta),
               EXEC_META_FIELD_BITS(a->meta));
}

static bool is_text(char ch)
{
    return isprint((unsigned char)ch) && ch != '"' && ch != '\\' && ch != '?';
}

static void print_string(struct buf *out, const uint8_t *bytes, uint64_t size, const char *indent)
{
    size_t column = 0;

    buf_byte(out, '"');
    for (uint64_t i = 0; i < size; i++) {
        if (column >= ESCAPED_LINE) {
            buf_printf(out, "\"\n%s\t\"", indent);
            column = 0;
        }
        const size_t before = out->size;
        if (is_text((char)bytes[i]))
            buf_byte(out, bytes[i]);
        else
            buf_printf(out, "\\%03o", bytes[i]); /* three digits end an escape whatever follows */
        column += out->size - before;
    }
    buf_byte(out, '"');
}

static bool is_zero(const uint8_t *bytes, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static void copy_data(struct csource *c, uint64_t address, const struct syz_exec_arg *a,
                      const char *indent)
{
    if (a->size == 0)
        return;
    open_guard(c);
    if (is_zero(a->bytes, a->size) && a->size > 8) {
        buf_printf(c->calls, "memset((void *)0x%" PRIx64 ", 0, %" PRIu64 ")", address, a->size);
    } else {
        buf_printf(c->calls, "memcpy((void *)0x%" PRIx64 ", ", address);
        print_string(c->calls, a->bytes, a->size, indent);
        buf_printf(c->calls, ", %" PRIu64 ")", a->size);
    }
    close_guard(c);
}

static void copy_checksum(struct csource *c, uint64_t address, const struct syz_exec_arg *a,
                          const char *indent)
{
    need(c, "checksum");
    need(c, "store");
    buf_printf(c->calls, "{\n%s\tuint32_t sum = 0;\n", indent);
    for (uint32_t i = 0; i < a->chunk_count; i++) {
        const struct syz_exec_chunk *chunk = &a->chunks[i];
        const char *function = chunk->is_const ? "checksum_number" : "checksum_memory";
        const uint64_t value = chunk->is_const ? chunk->value : address_of(chunk->value);
        buf_printf(c->calls, "%s\tsum = %s(sum, 0x%" PRIx64 ", %" PRIu64 ");\n", indent, function,
                   value, chunk->size);
    }
    buf_printf(c->calls, "%s\tstore_number(0x%" PRIx64 ", 2, 0, checksum_end(sum), 0, 0);\n%s}\n",
               indent, address, indent);
}

static void copy_in(struct csource *c, uint64_t offset, const struct syz_exec_arg *a,
                    const char *indent)
{
    const uint64_t address = address_of(offset);

    buf_text(c->calls, indent);
    if (a->kind == EXEC_DATA)
        copy_data(c, address, a, indent);
    else if (a->kind == EXEC_CSUM)
        copy_checksum(c, address, a, indent);
    else
        copy_number(c, address, a);
}

/* ---- the call -------------------------------------------------------------------------------- */

static const char *pseudo_name(uint64_t number)
{
    static const char *const names[] = {
#define PSEUDO(name, arguments, state, piece) #name,
#include "spear/wire/pseudo.def"
    };
    return names[number - EXEC_PSEUDO_BASE];
}

static const char *pseudo_piece(uint64_t number)
{
    static const char *const pieces[] = {
#define PSEUDO(name, arguments, state, piece) #piece,
#include "spear/wire/pseudo.def"
    };
    return pieces[number - EXEC_PSEUDO_BASE];
}

static void print_arguments(struct csource *c, const struct syz_step *step,
                            const struct syz_exec_instruction *call, bool is_first)
{
    for (uint32_t i = 0; i < call->arg_count; i++) {
        if (!is_first || i != 0)
            buf_text(c->calls, ", ");
        if (i < step->call->arg_count)
            buf_printf(c->calls, "/*%.*s=*/", (int)step->call->args[i].name.size,
                       step->call->args[i].name.text);
        print_value(c, &call->args[i]);
    }
}

static void print_call(struct csource *c, const struct syz_step *step,
                       const struct syz_exec_instruction *call, const char *indent)
{
    const struct str base = step->call->base;
    const bool is_kept = call->index != EXEC_NO_INDEX;

    if (step->props.fail_nth != 0) {
        need(c, "fault");
        need(c, "fault_setup");
        c->needs_fault = true;
        buf_printf(c->calls, "%sfault_arm(%u);\n", indent, step->props.fail_nth);
    }
    if (step->props.rerun > 1)
        buf_printf(c->calls, "%sfor (int run = 0; run < %u; run++)\n%s", indent, step->props.rerun,
                   "\t");
    buf_text(c->calls, indent);
    if (is_kept)
        buf_text(c->calls, "result = ");
    if (call->number >= EXEC_PSEUDO_BASE) {
        need(c, pseudo_piece(call->number));
        buf_printf(c->calls, "%s(", pseudo_name(call->number));
        print_arguments(c, step, call, true);
    } else {
        buf_printf(c->calls, "syscall(__NR_%.*s", (int)base.size, base.text);
        print_arguments(c, step, call, false);
    }
    buf_text(c->calls, ");\n");
    if (is_kept) {
        c->result_count = MAX(c->result_count, (uint32_t)call->index + 1);
        buf_printf(c->calls, "%sif (result != -1)\n%s\tr[%" PRId64 "] = result;\n", indent, indent,
                   call->index);
    }
}

static void copy_out(struct csource *c, const struct syz_exec_instruction *in, const char *indent)
{
    c->result_count = MAX(c->result_count, (uint32_t)in->index + 1);
    buf_text(c->calls, indent);
    open_guard(c);
    buf_printf(c->calls, "r[%" PRId64 "] = *(%s *)0x%" PRIx64, in->index,
               c_type((uint32_t)in->size), address_of(in->address));
    close_guard(c);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static enum status calls_of_stream(struct csource *c, struct str stream, struct buf *calls,
                                   const char *indent, struct diag *dg)
{
    struct syz_decoder decoder;
    struct syz_exec_instruction in;
    uint32_t at = 0;
    bool has_call = false;

    TRY(syz_decode_start(&decoder, stream.text, stream.size, dg));
    for (;;) {
        TRY(syz_decode_next(&decoder, &in, dg));
        /* What comes before a call belongs to it; copies out stand behind it. */
        if (has_call && in.kind != SYZ_EXEC_COPYOUT) {
            at++;
            has_call = false;
        }
        if (in.kind == SYZ_EXEC_END)
            return ST_OK;
        c->calls = &calls[at];
        switch (in.kind) {
        case SYZ_EXEC_COPYIN: copy_in(c, in.address, &in.args[0], indent); break;
        case SYZ_EXEC_COPYOUT: copy_out(c, &in, indent); break;
        case SYZ_EXEC_CALL:
            print_call(c, &c->prog->steps[at], &in, indent);
            has_call = true;
            break;
        default: break;
        }
    }
}

enum status csource_calls(struct csource *c, struct buf *calls, struct diag *dg)
{
    struct buf stream;

    buf_init(&stream, calls[0].arena);
    TRY(syz_prog_encode(c->prog, &stream, dg));
    TRY(calls_of_stream(c, (struct str){(char *)stream.data, stream.size}, calls, "\t", dg));
    if (c->missing != NULL)
        return diag_fail(dg, ST_UNSUPPORTED, DIAG_NO_OFFSET,
                         "a call has no form in C: the executor has no piece `%s`", c->missing);
    return ST_OK;
}
