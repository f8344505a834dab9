/* buf: see buf.h. SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct str str_of(const char *text)
{
    return (struct str){text, strlen(text)};
}

bool str_equal(struct str a, struct str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.text, b.text, a.size) == 0);
}

void buf_init(struct buf *b, struct arena *a)
{
    *b = (struct buf){.arena = a};
}

void buf_reserve(struct buf *b, size_t more_bytes)
{
    if (more_bytes <= b->capacity - b->size)
        return;
    size_t want = MAX(b->capacity * 2, b->size + more_bytes);
    want = MAX(want, (size_t)64);
    b->data = arena_grow(b->arena, b->data, b->capacity, want, 1);
    b->capacity = want;
}

void buf_byte(struct buf *b, uint8_t byte)
{
    buf_reserve(b, 1);
    b->data[b->size++] = byte;
}

void buf_bytes(struct buf *b, const void *data, size_t size)
{
    buf_reserve(b, size);
    if (size != 0)
        memcpy(b->data + b->size, data, size);
    b->size += size;
}

void buf_str(struct buf *b, struct str s)
{
    buf_bytes(b, s.text, s.size);
}

void buf_text(struct buf *b, const char *text)
{
    buf_bytes(b, text, strlen(text));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int need = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (need > 0) {
        buf_reserve(b, (size_t)need + 1);
        vsnprintf((char *)b->data + b->size, (size_t)need + 1, fmt, again);
        b->size += (size_t)need;
    }
    va_end(again);
}

void buf_uleb(struct buf *b, uint64_t value)
{
    do {
        uint8_t low = value & 0x7f;
        value >>= 7;
        buf_byte(b, (uint8_t)(low | (value != 0 ? 0x80 : 0)));
    } while (value != 0);
}

void buf_sleb(struct buf *b, int64_t value)
{
    for (;;) {
        uint8_t low = value & 0x7f;
        value >>= 7; /* arithmetic on every compiler we name */
        bool done = (value == 0 && (low & 0x40) == 0) || (value == -1 && (low & 0x40) != 0);
        buf_byte(b, (uint8_t)(low | (done ? 0 : 0x80)));
        if (done)
            return;
    }
}
