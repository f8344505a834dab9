/* asm: see asm.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/asm.h"

#include <assert.h>

enum { SIZE_SHORT = 2, SIZE_JMP = 5, SIZE_JCC = 6, PASSES_MAX = 40 };

void x64_asm_init(struct x64_asm *as, struct arena *arena, uint32_t expected_bytes)
{
    *as = (struct x64_asm){.arena = arena};
    as->bytes = arena_alloc_raw(arena, expected_bytes + X64_INSTRUCTION_MAX, 1);
    as->next = as->bytes;
    as->end = as->bytes + expected_bytes + X64_INSTRUCTION_MAX;
}

void x64_asm_grow(struct x64_asm *as)
{
    size_t used = (size_t)(as->next - as->bytes), old = (size_t)(as->end - as->bytes);

    as->bytes = arena_grow_raw(as->arena, as->bytes, old, old * 2, 1);
    as->next = as->bytes + used;
    as->end = as->bytes + old * 2;
}

x64_label x64_label_new(struct x64_asm *as)
{
    struct x64_position unbound = {X64_UNBOUND, 0};

    ARENA_PUSH(as->arena, as->labels, as->label_count, as->label_capacity, unbound);
    return as->label_count - 1;
}

void x64_label_bind(struct x64_asm *as, x64_label label)
{
    assert(as->labels[label].bytes == X64_UNBOUND);
    as->labels[label] = x64_asm_here(as);
}

static void item(struct x64_asm *as, uint8_t kind, uint8_t size, uint32_t target)
{
    struct x64_item i = {(uint32_t)(as->next - as->bytes), target, kind, size};

    ARENA_PUSH(as->arena, as->items, as->item_count, as->item_capacity, i);
}

void x64_asm_jmp(struct x64_asm *as, x64_label to)
{
    item(as, X64_ITEM_JMP, SIZE_SHORT, to);
}

void x64_asm_jcc(struct x64_asm *as, uint32_t cc, x64_label to)
{
    assert(cc < 16);
    item(as, (uint8_t)cc, SIZE_SHORT, to);
}

static uint8_t long_size(const struct x64_item *i)
{
    return i->kind == X64_ITEM_JMP ? SIZE_JMP : SIZE_JCC;
}

/* Places all items with the sizes chosen so far. */
static void place(struct x64_asm *as)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < as->item_count; i++) {
        as->shift[i] = sum;
        sum += as->items[i].size;
    }
    as->shift[as->item_count] = sum;
}

static int64_t distance(const struct x64_asm *as, uint32_t i)
{
    const struct x64_item *x = &as->items[i];

    assert(as->labels[x->target].bytes != X64_UNBOUND);
    return (int64_t)x64_label_final(as, x->target) - (x->bytes + as->shift[i] + x->size);
}

/* Branches only ever grow, so this ends; after PASSES_MAX rounds all short ones are made long. */
static void relax(struct x64_asm *as)
{
    as->shift = arena_new_raw(as->arena, uint32_t, (size_t)as->item_count + 1);
    for (uint32_t pass = 0;; pass++) {
        bool grown = false;
        place(as);
        for (uint32_t i = 0; i < as->item_count; i++) {
            struct x64_item *x = &as->items[i];
            if (x->size != SIZE_SHORT)
                continue;
            if (pass < PASSES_MAX) {
                int64_t d = distance(as, i);
                if (d == (int8_t)d)
                    continue;
            }
            x->size = long_size(x);
            grown = true;
        }
        if (!grown)
            return;
    }
}

static uint8_t *write_branch(uint8_t *out, const struct x64_item *x, int64_t d)
{
    int32_t wide = (int32_t)d;

    if (x->size == SIZE_SHORT) {
        *out++ = x->kind == X64_ITEM_JMP ? 0xeb : (uint8_t)(0x70 | x->kind);
        *out++ = (uint8_t)d;
        return out;
    }
    if (x->kind == X64_ITEM_JMP) {
        *out++ = 0xe9;
    } else {
        *out++ = 0x0f;
        *out++ = (uint8_t)(0x80 | x->kind);
    }
    memcpy(out, &wide, 4);
    return out + 4;
}

uint8_t *x64_asm_finish(struct x64_asm *as, uint32_t *size)
{
    uint32_t raw = (uint32_t)(as->next - as->bytes), done = 0;

    relax(as);
    uint8_t *code = arena_alloc_raw(as->arena, (size_t)raw + as->shift[as->item_count], 1);
    uint8_t *out = code;
    for (uint32_t i = 0; i < as->item_count; i++) {
        const struct x64_item *x = &as->items[i];
        memcpy(out, as->bytes + done, x->bytes - done);
        out += x->bytes - done;
        done = x->bytes;
        out = write_branch(out, x, distance(as, i));
    }
    memcpy(out, as->bytes + done, raw - done);
    *size = (uint32_t)(out + (raw - done) - code);
    return code;
}
