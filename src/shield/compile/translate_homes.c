/*
 * translate_homes: locals in the frame, for code that is made in a hurry. A local that is read in
 * another region of the code than it was set in has a home: a place in the one stack slot of the
 * function. Setting it writes its home, and reading it where its value is not known reads its home.
 * So blocks get no parameters for locals, and edges carry nothing.
 *
 * A region is code without a label in it, so what is known at one place of it still holds later.
 * The scan divides the body into at least as many regions as translation does: what it finds never
 * read in another region is a value and nothing else. Calls end what is known of homes too: reading
 * them again is cheaper than keeping registers.
 *
 * Homes that may be read before they are set come first and are cleared at the entry. The rule is
 * that of WebAssembly for locals without default: what a block sets is forgotten behind it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/compile/translate_int.h"

#include <assert.h>

enum { HOME_ALIGN = 16, CLEARED_AT_ONCE = 16 };

/* ---- the scan ---- */

void homes_scan_begin(struct tf *t)
{
    t->homes.count = t->set_locals.count = 0;
    t->region = 0;
    for (uint32_t i = 0; i < t->local_count; i++)
        VECTOR_PUSH(t, t->homes,
                    ((struct home){.access = TF_NONE, .is_set = i < t->type->param_count}));
}

static void open_block(struct tf *t)
{
    VECTOR_PUSH(t, t->open_blocks, t->set_locals.count);
}

/* What was set since the block began counts as not set. */
static void leave(struct tf *t, uint32_t set_count)
{
    while (t->set_locals.count > set_count)
        t->homes.items[t->set_locals.items[--t->set_locals.count]].is_set = false;
    t->region++;
}

static void note_set(struct tf *t, uint32_t local)
{
    struct home *h = &t->homes.items[local];

    h->region = t->region;
    if (!h->is_set)
        VECTOR_PUSH(t, t->set_locals, local);
    h->is_set = true;
}

static void note_get(struct tf *t, uint32_t local)
{
    struct home *h = &t->homes.items[local];

    h->has_home |= h->region != t->region;
    h->is_cleared |= !h->is_set;
}

void homes_note(struct tf *t, const struct wm_ins *ins)
{
    switch (ins->op) {
    case WM_OP_LOOP:
        t->region++;
        open_block(t);
        break;
    case WM_OP_BLOCK:
    case WM_OP_IF: open_block(t); break;
    case WM_OP_ELSE: leave(t, t->open_blocks.items[t->open_blocks.count - 1]); break;
    case WM_OP_END: leave(t, t->open_blocks.items[--t->open_blocks.count]); break;
    case WM_OP_LOCAL_SET:
    case WM_OP_LOCAL_TEE: note_set(t, ins->index); break;
    case WM_OP_LOCAL_GET: note_get(t, ins->index); break;
    default: break;
    }
}

/* ---- places ---- */

static uint32_t bytes_of(const struct tf *t, uint32_t local)
{
    return ir_type_bits((enum ir_type)t->local_types.items[local]) / 8;
}

/* Gives a place to each home that is cleared at the entry, or to each of the others. */
static uint32_t place(struct tf *t, uint32_t at, bool is_cleared)
{
    for (uint32_t i = 0; i < t->local_count; i++) {
        const struct home *h = &t->homes.items[i];
        if (!h->has_home || h->is_cleared != is_cleared)
            continue;
        const uint32_t bytes = bytes_of(t, i);
        at = (at + bytes - 1) & ~(bytes - 1);
        t->homes.items[i].access = ir_access(t->f, (struct ir_access){.offset = (int32_t)at,
                                                                      .bytes = (uint8_t)bytes,
                                                                      .region = IR_REGION_SLOT,
                                                                      .flags = IR_ACCESS_NOTRAP});
        at += bytes;
    }
    return at;
}

static void write_home(struct tf *t, const struct home *h, ir_value v)
{
    tf_emit(t, (struct ir_inst){.op = IR_OP_STORE,
                                .type = ir_at(t->f, v)->type,
                                .a = t->home_base,
                                .b = v,
                                .c = h->access});
}

static void clear(struct tf *t, uint32_t bytes)
{
    static const uint8_t zeros[CLEARED_AT_ONCE];
    const uint32_t index = bytes > 0 ? ir_constant16(t->f, zeros) : 0;

    for (uint32_t at = 0; at < bytes; at += CLEARED_AT_ONCE) {
        const ir_value zero =
            tf_emit(t, (struct ir_inst){.op = IR_OP_VCONST, .type = IR_V128, .a = index});
        tf_store_field(t, t->home_base, at, zero, IR_REGION_SLOT);
    }
}

void homes_begin(struct tf *t)
{
    struct ir_func *f = t->f;

    t->region++; /* the scan's numbers mean nothing any more */
    const uint32_t cleared = place(t, 0, true), bytes = place(t, cleared, false);
    if (bytes > 0) {
        const struct ir_slot slot = {(bytes + HOME_ALIGN - 1) & ~(uint32_t)(HOME_ALIGN - 1),
                                     HOME_ALIGN};
        ARENA_PUSH(f->arena, f->slots, f->slot_count, f->slot_capacity, slot);
        t->home_base = tf_unary(t, IR_OP_SLOT_ADDRESS, IR_I64, f->slot_count - 1);
    }
    clear(t, cleared);
    for (uint32_t i = 0; i < t->local_count; i++) {
        struct home *h = &t->homes.items[i];
        h->region = t->region;
        h->value = TF_NONE; /* zero, made when it is wanted */
        if (i >= t->type->param_count)
            continue;
        h->value = ir_list_items(f, f->blocks[0].params)[i];
        if (h->has_home)
            write_home(t, h, h->value);
    }
}

/* ---- translation ---- */

ir_value homes_get(struct tf *t, uint32_t local)
{
    struct home *h = &t->homes.items[local];
    const enum ir_type type = (enum ir_type)t->local_types.items[local];

    if (h->has_home && h->region != t->region) {
        h->region = t->region;
        h->value = tf_emit(t, (struct ir_inst){.op = IR_OP_LOAD,
                                               .type = (uint8_t)type,
                                               .a = t->home_base,
                                               .c = h->access});
    }
    return h->value != TF_NONE ? h->value : tf_zero(t, type);
}

void homes_set(struct tf *t, uint32_t local, ir_value v)
{
    struct home *h = &t->homes.items[local];

    h->value = v;
    h->region = t->region;
    if (h->has_home)
        write_home(t, h, v);
}

void homes_forget(struct tf *t)
{
    t->region++;
}
