/* decode: a cursor that refuses to leave its bytes. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/decode.h"

#include <inttypes.h>

static enum status refuse(const struct syz_decoder *d, const char *expected, uint64_t found,
                          struct diag *dg)
{
    return diag_fail(dg, ST_MALFORMED, (uint64_t)(d->at - d->start),
                     "encoded program: expected %s, found %#" PRIx64, expected, found);
}

static enum status take(struct syz_decoder *d, uint64_t *out, struct diag *dg)
{
    uint64_t coded = 0;

    for (unsigned i = 0; i < EXEC_VARINT_BYTES_MAX; i++) {
        if (d->at == d->end)
            return refuse(d, "a number, not the end of the stream", (uint64_t)(d->end - d->start),
                          dg);
        const uint8_t byte = *d->at++;
        coded |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (i == EXEC_VARINT_BYTES_MAX - 1 && byte > 1)
            return refuse(d, "a number of 64 bits", byte, dg);
        if (byte < 0x80) {
            *out = coded >> 1 ^ (0 - (coded & 1));
            return ST_OK;
        }
    }
    return refuse(d, "a number of at most 10 bytes", 11, dg);
}

static enum status take_below(struct syz_decoder *d, uint64_t limit, const char *what,
                              uint64_t *out, struct diag *dg)
{
    TRY(take(d, out, dg));
    return *out < limit ? ST_OK : refuse(d, what, *out, dg);
}

static enum status take_address(struct syz_decoder *d, uint64_t *out, struct diag *dg)
{
    return take_below(d, EXEC_DATA_BYTES + EXEC_PAGE_BYTES, "an offset into the data region", out,
                      dg);
}

static enum status take_index(struct syz_decoder *d, uint64_t *out, struct diag *dg)
{
    return take_below(d, EXEC_RESULTS_MAX, "the index of a result", out, dg);
}

static enum status take_meta(struct syz_decoder *d, uint64_t *out, struct diag *dg)
{
    TRY(take(d, out, dg));
    return exec_meta_is_sound(*out) ? ST_OK : refuse(d, "a size and format of a number", *out, dg);
}

static enum status take_data(struct syz_decoder *d, struct syz_exec_arg *a, struct diag *dg)
{
    uint64_t size;

    TRY(take(d, &size, dg));
    a->is_readable = (size & EXEC_DATA_READABLE) != 0;
    a->size = size & ~EXEC_DATA_READABLE;
    if (a->size > (uint64_t)(d->end - d->at))
        return refuse(d, "so many bytes of data in the stream", a->size, dg);
    a->bytes = d->at;
    d->at += a->size;
    return ST_OK;
}

static enum status take_checksum(struct syz_decoder *d, struct syz_exec_arg *a, struct diag *dg)
{
    uint64_t kind, count;

    TRY(take(d, &a->size, dg));
    TRY(take_below(d, EXEC_CSUM_INET + 1, "the internet checksum", &kind, dg));
    TRY(take_below(d, EXEC_CHUNKS_MAX + 1, "a number of chunks", &count, dg));
    a->chunk_count = (uint32_t)count;
    for (uint32_t i = 0; i < a->chunk_count; i++) {
        struct syz_exec_chunk *chunk = &a->chunks[i];
        TRY(take_below(d, EXEC_CHUNK_CONST + 1, "a kind of chunk", &kind, dg));
        chunk->is_const = kind == EXEC_CHUNK_CONST;
        TRY(take(d, &chunk->value, dg));
        TRY(take(d, &chunk->size, dg));
        if (chunk->is_const && chunk->size != 2 && chunk->size != 4)
            return refuse(d, "a number of 2 or 4 bytes in a checksum", chunk->size, dg);
    }
    return ST_OK;
}

static enum status take_arg(struct syz_decoder *d, struct syz_exec_arg *a, struct diag *dg)
{
    uint64_t kind;

    TRY(take_below(d, EXEC_CSUM + 1, "a kind of argument", &kind, dg));
    a->kind = (enum exec_arg)kind;
    switch (a->kind) {
    case EXEC_CONST: TRY(take_meta(d, &a->meta, dg)); return take(d, &a->value, dg);
    case EXEC_ADDR32:
    case EXEC_ADDR64: return take(d, &a->value, dg);
    case EXEC_RESULT:
        TRY(take_meta(d, &a->meta, dg));
        TRY(take_index(d, &a->index, dg));
        TRY(take(d, &a->divide, dg));
        if (a->divide == 0)
            return refuse(d, "a divisor other than 0", 0, dg);
        TRY(take(d, &a->add, dg));
        return take(d, &a->value, dg);
    case EXEC_DATA: return take_data(d, a, dg);
    case EXEC_CSUM: return take_checksum(d, a, dg);
    }
    return refuse(d, "a kind of argument", kind, dg);
}

static enum status take_call(struct syz_decoder *d, uint64_t number,
                             struct syz_exec_instruction *out, struct diag *dg)
{
    uint64_t index, count;

    out->kind = SYZ_EXEC_CALL;
    if (number >= EXEC_PSEUDO_END)
        return refuse(d, "the number of a call", number, dg);
    if (d->calls_left == 0)
        return refuse(d, "no more calls than announced", number, dg);
    d->calls_left--;
    out->number = number;
    TRY(take(d, &index, dg));
    out->index = (int64_t)index;
    if (out->index != EXEC_NO_INDEX && index >= EXEC_RESULTS_MAX)
        return refuse(d, "the index of a result", index, dg);
    TRY(take_below(d, EXEC_ARGS_MAX + 1, "a number of arguments", &count, dg));
    out->arg_count = (uint32_t)count;
    for (uint32_t i = 0; i < out->arg_count; i++)
        TRY(take_arg(d, &out->args[i], dg));
    return ST_OK;
}

static enum status take_props(struct syz_decoder *d, struct syz_exec_instruction *out,
                              struct diag *dg)
{
    uint64_t is_async;

    TRY(take(d, &out->fail_nth, dg));
    TRY(take_below(d, 2, "0 or 1", &is_async, dg));
    out->is_async = is_async == 1;
    return take(d, &out->rerun, dg);
}

enum status syz_decode_start(struct syz_decoder *d, const void *stream, size_t size,
                             struct diag *dg)
{
    *d = (struct syz_decoder){.start = stream, .at = stream};
    d->end = d->start + size;
    return take_below(d, EXEC_CALLS_MAX + 1, "a number of calls", &d->calls_left, dg);
}

enum status syz_decode_next(struct syz_decoder *d, struct syz_exec_instruction *out,
                            struct diag *dg)
{
    uint64_t word, index;

    TRY(take(d, &word, dg));
    switch ((int64_t)word) {
    case EXEC_EOF:
        out->kind = SYZ_EXEC_END;
        if (d->calls_left != 0)
            return refuse(d, "as many calls as announced, not so many fewer", d->calls_left, dg);
        return d->at == d->end ? ST_OK : refuse(d, "the end of the stream", *d->at, dg);
    case EXEC_COPYIN:
        out->kind = SYZ_EXEC_COPYIN;
        TRY(take_address(d, &out->address, dg));
        return take_arg(d, &out->args[0], dg);
    case EXEC_COPYOUT:
        out->kind = SYZ_EXEC_COPYOUT;
        TRY(take_index(d, &index, dg));
        out->index = (int64_t)index;
        TRY(take_address(d, &out->address, dg));
        TRY(take(d, &out->size, dg));
        if (out->size != 1 && out->size != 2 && out->size != 4 && out->size != 8)
            return refuse(d, "1, 2, 4 or 8 bytes of a result", out->size, dg);
        return ST_OK;
    case EXEC_PROPS: out->kind = SYZ_EXEC_PROPS; return take_props(d, out, dg);
    case EXEC_ATTRS:
        out->kind = SYZ_EXEC_ATTRS;
        TRY(take(d, &out->call_ms, dg));
        TRY(take(d, &out->program_ms, dg));
        return take(d, &out->flags, dg);
    default: return take_call(d, word, out, dg);
    }
}
