/*
 * asm: a buffer of machine code with labels. Branches are not bytes yet but items between the
 * bytes; x64_asm_finish() chooses the shortest form of each and copies everything to
 * its final place.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_CODEGEN_X64_ASM_H
#define SHIELD_CODEGEN_X64_ASM_H

#include "base/arena.h"

#include <string.h>

typedef uint32_t x64_label;

/* A place in the code: bytes and items before it. */
struct x64_position {
    uint32_t bytes, items;
};

enum { X64_ITEM_JMP = 16 }; /* below: a conditional jump with that condition */
struct x64_item {
    uint32_t bytes;    /* before it */
    uint32_t target;   /* label */
    uint8_t kind;
    uint8_t size;      /* chosen so far */
};

struct x64_asm {
    struct arena *arena;
    uint8_t *bytes, *next, *end;
    struct x64_item *items;
    uint32_t item_count, item_capacity;
    struct x64_position *labels;
    uint32_t label_count, label_capacity;
    uint32_t *shift; /* after finish: bytes of all items before item n */
};

enum { X64_INSTRUCTION_MAX = 16 };
#define X64_UNBOUND UINT32_MAX

void x64_asm_init(struct x64_asm *as, struct arena *arena, uint32_t expected_bytes);
void x64_asm_grow(struct x64_asm *as);
/* Room for one instruction; called by everything that writes. */
static inline void x64_asm_room(struct x64_asm *as)
{
    if (as->end - as->next < X64_INSTRUCTION_MAX)
        x64_asm_grow(as);
}
static inline void x64_asm_u8(struct x64_asm *as, uint32_t byte)
{
    *as->next++ = (uint8_t)byte;
}
static inline void x64_asm_u32(struct x64_asm *as, uint32_t word)
{
    memcpy(as->next, &word, 4);
    as->next += 4;
}
static inline void x64_asm_u64(struct x64_asm *as, uint64_t word)
{
    memcpy(as->next, &word, 8);
    as->next += 8;
}
static inline struct x64_position x64_asm_here(const struct x64_asm *as)
{
    return (struct x64_position){(uint32_t)(as->next - as->bytes), as->item_count};
}

x64_label x64_label_new(struct x64_asm *as);
void x64_label_bind(struct x64_asm *as, x64_label label);
void x64_asm_jmp(struct x64_asm *as, x64_label to);
void x64_asm_jcc(struct x64_asm *as, uint32_t cc, x64_label to); /* cc below 16 */

/* All labels that are used must be bound. Returns the final code, in the arena. */
uint8_t *x64_asm_finish(struct x64_asm *as, uint32_t *size);
/* After finish: where a position ended up. */
static inline uint32_t x64_asm_final(const struct x64_asm *as, struct x64_position p)
{
    return p.bytes + as->shift[p.items];
}
static inline uint32_t x64_label_final(const struct x64_asm *as, x64_label label)
{
    return x64_asm_final(as, as->labels[label]);
}

#endif /* SHIELD_CODEGEN_X64_ASM_H */
