/* code: decodes a function, once. Finds on the way where its loops begin.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/verify/sfi/point.h"

enum { INSNS_FIRST = 256 };

static void reserve(struct sfi_code *code, uint32_t size, struct arena *a)
{
    if (size > code->bytes_capacity) {
        code->number_at = arena_alloc(a, size, sizeof(*code->number_at));
        code->bytes_capacity = size;
    }
    memset(code->number_at, 0, size * sizeof(*code->number_at));
    code->count = 0;
}

static void grow(struct sfi_code *code, struct arena *a)
{
    uint32_t old = code->capacity, more = MAX(old * 2, (uint32_t)INSNS_FIRST);

    code->insns = arena_grow(a, code->insns, old, more, sizeof(*code->insns));
    code->point_at = arena_grow(a, code->point_at, old, more, sizeof(*code->point_at));
    code->capacity = more;
}

/* A branch to where the code has been read: a loop begins there. */
static void find_loop(struct sfi_worker *w, int64_t target, uint32_t start)
{
    uint32_t number = target >= 0 ? w->code.number_at[target] : 0;

    if (number != 0 && sfi_point_at(w, number - 1) == NULL)
        sfi_point_new(w, number - 1, start + (uint32_t)target)->is_loop = true;
}

void sfi_code_read(struct sfi_worker *w, uint32_t function)
{
    const struct sfi_function *f = &w->image->functions[function];
    const uint8_t *bytes = w->image->bytes + f->offset;
    struct sfi_code *code = &w->code;

    reserve(code, f->size, w->arena);
    w->point_count = 0;
    for (uint32_t at = 0; at < f->size;) {
        if (code->count == code->capacity)
            grow(code, w->arena);
        struct sfi_insn *ins = &code->insns[code->count];
        if (!sfi_decode_prepared(bytes + at, f->size - at, ins))
            break;
        code->point_at[code->count] = 0;
        code->number_at[at] = ++code->count;
        at += ins->length;
        if ((ins->op == SFI_OP_JCC || ins->op == SFI_OP_JMP) && ins->imm < 0)
            find_loop(w, (int64_t)at + ins->imm, f->offset);
    }
}
