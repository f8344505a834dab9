/* unwind: see unwind.h. The format is that of the Linux Standard Base, "Exception Frames".
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/unwind.h"

#include <string.h>

enum { /* DWARF call frame instructions and encodings */
    CFA_NOP = 0x00,
    CFA_ADVANCE = 0x40, /* + distance below 64 */
    CFA_ADVANCE1 = 0x02,
    CFA_ADVANCE4 = 0x04,
    CFA_OFFSET = 0x80, /* + register */
    CFA_DEF = 0x0c,
    CFA_DEF_OFFSET = 0x0e,
    PC_RELATIVE_SDATA4 = 0x1b,
    RETURN_ADDRESS = 16,
    STACK_POINTER = 7,
    ENDBR_BYTES = 4,
    WORD = 8,
};

/* Numbers of the processor in the order of DWARF. */
static const uint8_t dwarf_register[16] = {0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15};

static void put32(struct buf *b, uint32_t value)
{
    buf_bytes(b, &value, sizeof(value));
}

static void set32(struct buf *b, size_t at, uint32_t value)
{
    memcpy(b->data + at, &value, sizeof(value));
}

/* Pads the entry that begins at start, and writes its length. */
static void close_entry(struct buf *b, size_t start)
{
    while ((b->size - start) % WORD != 0)
        buf_byte(b, CFA_NOP);
    set32(b, start, (uint32_t)(b->size - start - 4));
}

void unwind_begin(struct buf *table)
{
    const size_t start = table->size;

    put32(table, 0);
    put32(table, 0); /* what all functions have in common */
    buf_byte(table, 1);
    buf_bytes(table, "zR", 3);
    buf_uleb(table, 1);
    buf_sleb(table, -WORD);
    buf_byte(table, RETURN_ADDRESS);
    buf_uleb(table, 1);
    buf_byte(table, PC_RELATIVE_SDATA4);
    buf_byte(table, CFA_DEF);
    buf_uleb(table, STACK_POINTER);
    buf_uleb(table, WORD);
    buf_byte(table, CFA_OFFSET | RETURN_ADDRESS);
    buf_uleb(table, 1);
    close_entry(table, start);
}

static void advance(struct buf *b, uint32_t distance)
{
    if (distance == 0)
        return;
    if (distance < 64) {
        buf_byte(b, (uint8_t)(CFA_ADVANCE | distance));
    } else if (distance < 256) {
        buf_byte(b, CFA_ADVANCE1);
        buf_byte(b, (uint8_t)distance);
    } else {
        buf_byte(b, CFA_ADVANCE4);
        put32(b, distance);
    }
}

size_t unwind_add(struct buf *table, const struct unwind_frame *frame)
{
    const size_t start = table->size;
    uint32_t here = 0, behind = ENDBR_BYTES, depth = WORD;

    put32(table, 0);
    put32(table, (uint32_t)table->size); /* distance back to the common part, at 0 */
    const size_t begin_at = table->size;
    put32(table, 0);
    put32(table, frame->code_bytes);
    buf_uleb(table, 0);
    for (unsigned reg = 0; reg < 16; reg++) {
        if ((frame->saved >> reg & 1) == 0)
            continue;
        behind += reg < 8 ? 1 : 2; /* bytes of the push */
        depth += WORD;
        advance(table, behind - here);
        here = behind;
        buf_byte(table, CFA_DEF_OFFSET);
        buf_uleb(table, depth);
        buf_byte(table, (uint8_t)(CFA_OFFSET | dwarf_register[reg]));
        buf_uleb(table, depth / WORD);
    }
    if (frame->frame_bytes > 0) {
        advance(table, frame->prologue_bytes - here);
        buf_byte(table, CFA_DEF_OFFSET);
        buf_uleb(table, depth + frame->frame_bytes);
    }
    close_entry(table, start);
    return begin_at;
}

void unwind_end(struct buf *table)
{
    put32(table, 0);
}
