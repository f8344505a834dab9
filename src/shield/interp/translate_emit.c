/* translate_emit: appends internal instructions, remembers the newest one so that the next may be
 * joined with it, keeps the map to module offsets and the fuel segments.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/translate_int.h"

#include "shield/interp/handler.h"

#include <assert.h>
#include <string.h>

void tr_put64(uint32_t *words, uint64_t bits)
{
    words[0] = (uint32_t)bits;
    words[1] = (uint32_t)(bits >> 32);
}

static void grow_code(struct tr *t, uint32_t words)
{
    if (t->code_count + words <= t->code_capacity)
        return;
    uint32_t capacity = MAX(t->code_capacity * 2, t->code_count + words + 256);
    t->code = arena_grow(t->arena, t->code, t->code_capacity, capacity, sizeof(*t->code));
    t->code_capacity = capacity;
}

uint32_t *tr_emit(struct tr *t, enum interp_op op, uint32_t operands)
{
    assert(op < IOP_COUNT && "an instruction of iops.def");
    tr_settle(t);
    uint32_t words = INTERP_WORDS(operands), start = t->code_count;
    grow_code(t, words);
    t->before = t->newest;
    t->newest = (struct newest){.start = start,
                                .end = start + words,
                                .op = (uint16_t)op,
                                .result_word = start + 2,
                                .map_count = t->map_count};
    if (t->map_count == 0 || t->map[t->map_count - 1].offset != t->offset) {
        struct map_entry entry = {start, t->offset};
        ARENA_PUSH(t->arena, t->map, t->map_count, t->map_capacity, entry);
    }
    memcpy(t->code + start, &interp_handlers[op], sizeof(interp_handler *));
    memset(t->code + start + 2, 0, (words - 2) * sizeof(uint32_t));
    t->code_count += words;
    t->steps++;
    return t->code + start + 2;
}

uint32_t *tr_emit_result(struct tr *t, enum interp_op op, uint32_t operands, char cls)
{
    uint32_t *w = tr_emit(t, op, operands);

    w[0] = tr_push(t, cls);
    t->newest.has_result = true;
    return w;
}

bool tr_is_newest(const struct tr *t, struct value v)
{
    return v.kind == VALUE_TEMP && t->newest.end == t->code_count && t->newest.has_result &&
           t->code[t->newest.result_word] == v.slot;
}

void tr_take_newest(struct tr *t)
{
    assert(t->newest.end == t->code_count && "only the newest can go");
    t->code_count = t->newest.start;
    t->map_count = t->newest.map_count;
    t->newest = t->before;
    t->before.end = 0;
}

void tr_replace_newest(struct tr *t, enum interp_op op)
{
    t->newest.op = (uint16_t)op;
    memcpy(t->code + t->newest.start, &interp_handlers[op], sizeof(interp_handler *));
}

void tr_barrier(struct tr *t)
{
    tr_settle(t);
    t->newest.end = t->before.end = 0;
    t->fuel_word = 0;
}

void tr_charge(struct tr *t)
{
    if (t->fuel_word == 0) {
        tr_emit(t, IOP_FUEL, 1);
        t->fuel_word = t->newest.start + 2;
    }
    t->code[t->fuel_word]++;
}
