/* buf: growing bytes in an arena (so it cannot fail for its caller and never leaks), and str, a
 * borrowed view of bytes with a length. SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/arena.h"

/* Borrowed; may hold NUL bytes; not NUL-terminated unless said. */
struct str {
    const char *text;
    size_t size;
};

/* For "%.*s" of printf. */
#define STR_ARG(s)   (int)(s).size, (s).text
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
struct str str_of(const char *text);
bool str_equal(struct str a, struct str b);

struct buf {
    struct arena *arena; /* borrowed */
    uint8_t *data;
    size_t size, capacity;
};

void buf_init(struct buf *b, struct arena *a);
void buf_reserve(struct buf *b, size_t more_bytes);
void buf_byte(struct buf *b, uint8_t byte);
void buf_bytes(struct buf *b, const void *data, size_t size);
void buf_str(struct buf *b, struct str s);
void buf_text(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Unsigned and signed LEB128, shortest form. */
void buf_uleb(struct buf *b, uint64_t value);
void buf_sleb(struct buf *b, int64_t value);

#endif /* BASE_BUF_H */
