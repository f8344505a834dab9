/* stream: reads the encoding of programs (wire/exec.h) step by step. Every read checks what is
 * left; after the first mistake all further reads give 0 and why says what was wrong.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_EXECUTOR_STREAM_H
#define SPEAR_EXECUTOR_STREAM_H

#include <stddef.h>
#include <stdint.h>

struct ex_stream {
    const uint8_t *bytes;
    size_t at, end;
    const char *why; /* NULL while all is well */
};

static inline uint64_t ex_stream_refuse(struct ex_stream *s, const char *why)
{
    if (s->why == NULL)
        s->why = why;
    return 0;
}

static inline uint64_t ex_stream_number(struct ex_stream *s)
{
    uint64_t raw = 0;

    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (s->why != NULL || s->at == s->end)
            return ex_stream_refuse(s, "the stream ends inside a number");
        const uint8_t byte = s->bytes[s->at++];
        if (shift == 63 && byte > 1)
            return ex_stream_refuse(s, "a number has more than 64 bits");
        raw |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return raw >> 1 ^ -(raw & 1);
    }
    return ex_stream_refuse(s, "a number has more than 64 bits");
}

/* Refuses the limit, and what is above it. */
static inline uint64_t ex_stream_below(struct ex_stream *s, uint64_t limit, const char *why)
{
    const uint64_t value = ex_stream_number(s);
    return value < limit ? value : ex_stream_refuse(s, why);
}

static inline const uint8_t *ex_stream_bytes(struct ex_stream *s, uint64_t size)
{
    if (s->why != NULL || size > s->end - s->at) {
        ex_stream_refuse(s, "data is longer than the stream");
        return NULL;
    }
    const uint8_t *bytes = s->bytes + s->at;
    s->at += size;
    return bytes;
}

#endif /* SPEAR_EXECUTOR_STREAM_H */
