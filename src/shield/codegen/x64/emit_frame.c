/* emit_frame: the stack frame, what builds it and what takes it down.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/trap_codes.h"
#include "shield/codegen/x64/emit.h"

enum { PAGE_BYTES = 4096, STACK_ALIGN = 16, SLOT_BYTES = 8 };

static bool switches_context(const struct emit *e)
{
    const struct mir_func *m = e->m;

    if (!e->options->sandbox)
        return false;
    for (uint32_t i = 0; i < m->inst_count; i++) {
        uint16_t op = m->insts[i].op;
        if (op == X64_CALL_IMPORT || op == X64_CALL_TABLE || op == X64_CALL_RECORD ||
            op == X64_TAIL_CALL_IMPORT || op == X64_TAIL_CALL_TABLE || op == X64_TAIL_CALL_RECORD)
            return true;
    }
    return false;
}

static uint64_t aligned(uint64_t at, uint32_t align)
{
    return (at + align - 1) & ~(uint64_t)(align - 1);
}

/* Places the function's own slots from `at` on; returns their end. */
static uint64_t place_slots(struct emit *e, uint64_t at)
{
    e->slot_offset = arena_new(e->m->arena, uint32_t, e->f->slot_count);
    for (uint32_t k = 0; k < e->f->slot_count; k++) {
        at = aligned(at, MIN(MAX(e->f->slots[k].align, 1), (uint32_t)STACK_ALIGN));
        e->slot_offset[k] = (uint32_t)MIN(at, UINT32_MAX);
        at += e->f->slots[k].bytes;
    }
    return at;
}

/* What is used most lies lowest, where offsets are short: the allocation's slots when there was
 * time to allocate well, else the function's own. */
static uint64_t place_all(struct emit *e)
{
    const uint64_t spills = (uint64_t)e->allocation->slot_count * SLOT_BYTES;

    if (e->f->slot_count == 0)
        return spills;
    if (e->options->optimise)
        return place_slots(e, aligned(spills, STACK_ALIGN));
    const uint64_t base = aligned(place_slots(e, 0), STACK_ALIGN);
    e->spill_base = (uint32_t)MIN(base, UINT32_MAX);
    return base + spills;
}

enum status emit_frame_plan(struct emit *e)
{
    uint64_t bytes = place_all(e);

    e->saved = e->allocation->callee_saved;
    if (e->lowered->calls && switches_context(e)) {
        bytes = aligned(bytes, SLOT_BYTES);
        e->context_save = (uint32_t)MIN(bytes, UINT32_MAX);
        bytes += 8;
    }
    uint32_t pushed = 8 + 8 * (uint32_t)__builtin_popcount(e->saved);
    if (bytes > 0 || e->lowered->calls)
        bytes = aligned(bytes + pushed, STACK_ALIGN) - pushed;
    if (bytes > e->options->frame_bytes_max)
        return diag_fail(e->dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "function %u needs a frame of %ju bytes, the limit FRAME_BYTES_MAX is %u",
                         e->f->number, (uintmax_t)bytes, e->options->frame_bytes_max);
    e->frame_bytes = (uint32_t)bytes;
    return ST_OK;
}

/* Each page between here and the new rsp is touched on the way, the highest first, so that a stack
 * that ends is noticed in its guard. */
static void probe(struct emit *e)
{
    uint32_t left = e->frame_bytes;

    while (left > PAGE_BYTES) {
        x64_ri64(&e->as, X64_SUB_RI, GPR64(X64_RSP), PAGE_BYTES);
        emit_record(e, &e->traps, CODEGEN_TRAP_STACK_EXHAUSTED, 0);
        x64_rm32(&e->as, X64_TEST_RM, GPR32(X64_RAX), MEM32(X64_RSP, 0));
        left -= PAGE_BYTES;
    }
    if (left > 0)
        x64_ri64(&e->as, X64_SUB_RI, GPR64(X64_RSP), (int32_t)left);
}

void emit_prologue(struct emit *e)
{
    x64_bytes(&e->as, "\xf3\x0f\x1e\xfa", 4); /* endbr64 */
    for (uint32_t r = 0; r < 16; r++)
        if ((e->saved & X64_BIT(r)) != 0)
            x64_push(&e->as, (uint8_t)r);
    if (e->frame_bytes > e->options->frame_probe_bytes)
        probe(e);
    else if (e->frame_bytes > 0)
        x64_ri64(&e->as, X64_SUB_RI, GPR64(X64_RSP), (int32_t)e->frame_bytes);
}

void emit_epilogue(struct emit *e)
{
    if (e->frame_bytes > 0)
        x64_ri64(&e->as, X64_ADD_RI, GPR64(X64_RSP), (int32_t)e->frame_bytes);
    for (uint32_t r = 16; r-- > 0;)
        if ((e->saved & X64_BIT(r)) != 0)
            x64_pop(&e->as, (uint8_t)r);
}
