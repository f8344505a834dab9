/* decode: from the stream to memory and to arguments. Everything is checked against the stream;
 * addresses outside the data region are passed over: a program may hold any number.
 * SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "spear/executor/pieces.h"
#include "spear/executor/program.h"

static bool is_in_region(uint64_t address, uint64_t size)
{
    return address <= EXEC_DATA_BYTES && size <= EXEC_DATA_BYTES - address;
}

/* The value of a const, a result or an address; meta is given back for those that have one. */
static uint64_t read_value(struct ex_program *p, uint64_t kind, uint64_t *meta, uint32_t *makers)
{
    struct ex_stream *s = &p->stream;

    switch (kind) { /* tidy: flat */
    case EXEC_ADDR32:
    case EXEC_ADDR64:
        *meta = kind == EXEC_ADDR32 ? 4 : 8;
        p->traces |= EX_LEAVES_DATA;
        return EXEC_DATA_BASE_64 + ex_stream_number(s);
    case EXEC_CONST: {
        *meta = ex_stream_number(s);
        return ex_stream_number(s) + (uint64_t)EXEC_META_PROC_STRIDE(*meta) * p->slot.index;
    }
    case EXEC_RESULT: {
        *meta = ex_stream_number(s);
        const uint64_t index = ex_stream_below(s, EXEC_RESULTS_MAX, "a result has no such index");
        const uint64_t divide = ex_stream_number(s);
        const uint64_t add = ex_stream_number(s);
        const uint64_t otherwise = ex_stream_number(s);
        const uint32_t maker = atomic_load_explicit(&p->result_set[index], memory_order_acquire);
        if (maker == 0)
            return otherwise;
        *makers = (*makers ^ maker) * UINT32_C(0x9e3779b1);
        return atomic_load(&p->results[index]) / (divide != 0 ? divide : 1) + add;
    }
    default: return ex_stream_refuse(s, "an argument is of an unknown kind");
    }
}

static void copyin_checksum(struct ex_program *p, uint64_t address)
{
    struct ex_stream *s = &p->stream;
    uint32_t sum = 0;

    const uint64_t size = ex_stream_number(s);
    if (ex_stream_number(s) != EXEC_CSUM_INET || size != 2)
        ex_stream_refuse(s, "a checksum is of an unknown kind or not of 2 bytes");
    const uint64_t chunks =
        ex_stream_below(s, EXEC_CHUNKS_MAX + 1, "a checksum has too many chunks");
    for (uint64_t i = 0; i < chunks && s->why == NULL; i++) {
        const uint64_t kind = ex_stream_below(s, 2, "a chunk of a checksum is of an unknown kind");
        const uint64_t value = ex_stream_number(s);
        const uint64_t bytes = ex_stream_number(s);
        if (kind == EXEC_CHUNK_CONST && bytes != 2 && bytes != 4 && bytes != 8)
            ex_stream_refuse(s, "a constant of a checksum has neither 2, 4 nor 8 bytes");
        else if (kind == EXEC_CHUNK_CONST)
            sum = ex_checksum_number(sum, value, (unsigned)bytes);
        else if (is_in_region(value, bytes))
            sum = ex_checksum_memory(sum, EXEC_DATA_BASE_64 + value, bytes);
    }
    if (s->why == NULL && is_in_region(address, 2))
        ex_store(EXEC_DATA_BASE_64 + address, 2, EXEC_NATIVE, ex_checksum_end(sum), 0, 0);
}

static void copyin(struct ex_program *p, uint32_t *makers)
{
    struct ex_stream *s = &p->stream;
    const uint64_t address = ex_stream_number(s);
    const uint64_t kind = ex_stream_number(s);

    p->traces |= EX_LEAVES_DATA;
    if (kind == EXEC_CSUM) {
        copyin_checksum(p, address);
        return;
    }
    if (kind == EXEC_DATA) {
        const uint64_t size = ex_stream_number(s) & ~EXEC_DATA_READABLE;
        const uint8_t *bytes = ex_stream_bytes(s, size);
        if (bytes != NULL && is_in_region(address, size))
            ex_copy_in(EXEC_DATA_BASE_64 + address, bytes, size);
        return;
    }
    uint64_t meta = 8;
    const uint64_t value = read_value(p, kind, &meta, makers);
    if (s->why == NULL && !exec_meta_is_sound(meta))
        ex_stream_refuse(s, "a number has an impossible size or format");
    const uint64_t size = EXEC_META_FORMAT(meta) >= EXEC_DEC ? 23 : EXEC_META_SIZE(meta);
    if (s->why == NULL && is_in_region(address, size))
        ex_store(EXEC_DATA_BASE_64 + address, EXEC_META_SIZE(meta), EXEC_META_FORMAT(meta), value,
                 EXEC_META_FIELD_OFFSET(meta), EXEC_META_FIELD_BITS(meta));
}

/* Data cannot be an argument: it has no address. */
static uint64_t read_argument(struct ex_program *p, uint32_t *makers)
{
    struct ex_stream *s = &p->stream;
    uint64_t meta = 8;
    const uint64_t kind = ex_stream_number(s);
    const uint64_t value = read_value(p, kind, &meta, makers);
    const uint32_t size = EXEC_META_SIZE(meta);

    if (EXEC_META_FORMAT(meta) == EXEC_BIG_ENDIAN && (size == 2 || size == 4 || size == 8))
        return __builtin_bswap64(value) >> (64 - 8 * size);
    return value;
}

static void skip_copyouts(struct ex_program *p, struct ex_call *call)
{
    struct ex_stream *s = &p->stream;

    call->copyouts_at = call->copyouts_end = s->at;
    while (s->why == NULL) {
        if ((int64_t)ex_stream_number(s) != EXEC_COPYOUT || s->why != NULL)
            break;
        ex_stream_below(s, EXEC_RESULTS_MAX, "a copyout has no such index");
        ex_stream_number(s);
        ex_stream_number(s);
        call->copyouts_end = s->at;
    }
    s->at = call->copyouts_end;
}

static void read_call(struct ex_program *p, struct ex_call *call, uint64_t number)
{
    struct ex_stream *s = &p->stream;

    if (number >= EXEC_PSEUDO_END)
        ex_stream_refuse(s, "a call has a number that this executor does not know");
    call->number = (uint32_t)number;
    call->result_index = (int64_t)ex_stream_number(s);
    if (call->result_index < EXEC_NO_INDEX || call->result_index >= EXEC_RESULTS_MAX)
        ex_stream_refuse(s, "the result of a call has no such index");
    call->arg_count =
        (uint32_t)ex_stream_below(s, EXEC_ARGS_MAX + 1, "a call has too many arguments");
    for (uint32_t i = 0; i < call->arg_count; i++)
        call->args[i] = read_argument(p, &call->makers);
    skip_copyouts(p, call);
    call->index = p->call_count++;
}

/* Descriptions give times of a usual machine. */
static void add_time(struct ex_program *p, struct ex_call *call, uint64_t program_ms)
{
    const uint64_t usual_ns = EXEC_CALL_MS_USUAL * UINT64_C(1000000);

    call->extra_ms = (uint32_t)(call->extra_ms * (p->call_timeout_ns / 1000) / (usual_ns / 1000));
    program_ms = program_ms * (p->call_timeout_ns / 1000) / (usual_ns / 1000);
    atomic_fetch_add(&p->control->extra_time_ms, program_ms + call->extra_ms);
}

bool ex_decode_call(struct ex_program *p, struct ex_call *call)
{
    struct ex_stream *s = &p->stream;

    memset(call, 0, sizeof(*call));
    while (s->why == NULL) {
        const int64_t instruction = (int64_t)ex_stream_number(s);
        if (s->why != NULL)
            break;
        switch (instruction) { /* tidy: flat */
        case EXEC_EOF:
            if (p->call_count != p->call_total)
                ex_stream_refuse(s, "the stream has fewer calls than it announces");
            return false;
        case EXEC_COPYIN: copyin(p, &call->makers); break;
        case EXEC_PROPS:
            call->fail_nth = (uint32_t)ex_stream_below(s, 1 << 20, "fail_nth is too big");
            call->is_async = ex_stream_number(s) != 0;
            call->rerun = (uint32_t)ex_stream_below(s, 1 << 10, "rerun is too big");
            break;
        case EXEC_ATTRS: {
            call->extra_ms = (uint32_t)ex_stream_below(s, 60000, "a call wants over a minute");
            const uint64_t program_ms = ex_stream_below(s, 600000, "a call wants over ten minutes");
            const uint64_t flags = ex_stream_number(s);
            add_time(p, call, program_ms);
            p->wants_remote |= (flags & EXEC_ATTR_REMOTE_COVER) != 0;
            call->variant = (uint32_t)EXEC_ATTR_VARIANT(flags);
            break;
        }
        default:
            if (instruction < 0)
                ex_stream_refuse(s, "an instruction is unknown, or stands where it cannot");
            else if (p->call_count == p->call_total)
                ex_stream_refuse(s, "the stream has more calls than it announces");
            else
                read_call(p, call, (uint64_t)instruction);
            if (s->why == NULL)
                return true;
        }
    }
    return false;
}

void ex_decode_copyouts(struct ex_program *p, const struct ex_call *call)
{
    struct ex_stream s = {p->slot.payload, call->copyouts_at, call->copyouts_end, NULL};

    while (s.at < s.end && s.why == NULL) {
        ex_stream_number(&s); /* EXEC_COPYOUT: skip_copyouts() has seen it */
        const uint64_t index = ex_stream_below(&s, EXEC_RESULTS_MAX, "");
        const uint64_t address = ex_stream_number(&s);
        const uint64_t size = ex_stream_number(&s);
        uint64_t value = 0;
        if (s.why != NULL || size > 8 || !is_in_region(address, size) ||
            !ex_load(EXEC_DATA_BASE_64 + address, (unsigned)size, &value))
            continue;
        atomic_store(&p->results[index], value);
        atomic_store_explicit(&p->result_set[index], 1 + call->number, memory_order_release);
    }
}
