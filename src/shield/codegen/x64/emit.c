/* emit: see emit.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/source_map.h"
#include "shield/codegen/x64/emit.h"

enum { BYTES_PER_INST = 6, BYTES_MIN = 128, SOURCE_BYTES = 3 };

void emit_record(struct emit *e, struct emit_records *r, uint32_t a, uint32_t b)
{
    struct emit_record record = {x64_asm_here(&e->as), a, b};

    ARENA_PUSH(e->as.arena, r->items, r->count, r->capacity, record);
}

void emit_trap_here(struct emit *e, uint8_t trap)
{
    if (trap != 0)
        emit_record(e, &e->traps, trap - 1u, 0);
}

/* offset: of the four bytes, as x64_encode() returns it. */
void emit_reloc(struct emit *e, uint32_t offset, uint32_t kind, uint32_t number)
{
    emit_record(e, &e->relocs, kind, number);
    e->relocs.items[e->relocs.count - 1].at.bytes = offset;
}

x64_label emit_trap_label(struct emit *e, uint8_t code)
{
    enum { LOOK_BACK = 8 };

    for (uint32_t k = e->stub_count; k-- > 0 && k + LOOK_BACK >= e->stub_count;)
        if (e->stubs[k].code == code && e->stubs[k].source == e->source)
            return e->stubs[k].label;
    struct emit_trap_stub stub = {x64_label_new(&e->as), e->source, code};
    ARENA_PUSH(e->as.arena, e->stubs, e->stub_count, e->stub_capacity, stub);
    return stub.label;
}

struct emit_cold emit_cold_new(struct emit *e, uint32_t inst)
{
    struct emit_cold c = {inst, x64_label_new(&e->as), x64_label_new(&e->as)};

    ARENA_PUSH(e->as.arena, e->colds, e->cold_count, e->cold_capacity, c);
    return c;
}

static void source(struct emit *e, uint32_t position)
{
    if (position == e->source || position == 0)
        return;
    e->source = position;
    emit_record(e, &e->sources, position, 0);
}

static void edits_until(struct emit *e, uint32_t point)
{
    const struct mir_allocation *a = e->allocation;

    while (e->edit_point <= point) {
        emit_edit(e, &a->edits[e->edit++]);
        e->edit_point = e->edit < a->edit_count ? a->edits[e->edit].point : UINT32_MAX;
    }
}

/* Every use of its value has been given a copy by an edit. */
static bool is_made_where_used(const struct emit *e, uint32_t i)
{
    return (e->m->insts[i].flags & MIR_IS_REMAT) != 0 &&
           e->allocation->places[e->m->operand_first[i]] == MIR_NONE;
}

static void block(struct emit *e, uint32_t b)
{
    const struct mir_block *x = &e->m->blocks[b];

    e->block = b;
    e->flags_reg = X64_NO_REG;
    x64_label_bind(&e->as, e->labels[b]);
    if (e->forward[b] != b)
        return; /* nothing but a jump, and nobody comes here */
    const struct mir_inst *insts = e->m->insts;
    for (uint32_t i = x->inst_first; i < x->inst_end; i++) {
        source(e, e->m->sources[i]);
        edits_until(e, i * 2);
        if (is_made_where_used(e, i))
            continue;
        if (insts[i].op < X64_FIRST_PSEUDO)
            emit_inst(e, i);
        else
            emit_pseudo(e, i);
        edits_until(e, i * 2 + 1);
    }
}

/* Blocks that hold nothing but a jump lead on to its target; a loop of such blocks stays. Also
 * notes which hold nothing but the return. */
static void thread_branches(struct emit *e)
{
    const struct mir_func *m = e->m;
    uint32_t edit = 0;

    e->forward = arena_new_raw(m->arena, uint32_t, m->block_count);
    e->only_returns = arena_new_raw(m->arena, bool, m->block_count);
    for (uint32_t b = 0; b < m->block_count; b++) {
        const struct mir_block *x = &m->blocks[b];
        while (edit < e->allocation->edit_count &&
               e->allocation->edits[edit].point < x->inst_first * 2)
            edit++;
        bool edits = edit < e->allocation->edit_count &&
                     e->allocation->edits[edit].point < x->inst_end * 2;
        bool empty = b != 0 && !edits && x->inst_end - x->inst_first == 1 &&
                     m->insts[x->inst_first].op == X64_JMP;
        e->only_returns[b] = !edits && m->insts[x->inst_first].op == X64_RET;
        e->forward[b] = empty ? m->edges[x->edge_first].to : b;
    }
    for (uint32_t b = 0; b < m->block_count; b++) {
        uint32_t end = b, steps = 0;
        while (e->forward[end] != end && steps++ < m->block_count)
            end = e->forward[end];
        if (e->forward[end] != end) { /* a loop of empty blocks: one of them stays */
            e->forward[end] = end;
        }
        for (uint32_t at = b; at != end;) {
            uint32_t next = e->forward[at];
            e->forward[at] = end;
            at = next;
        }
    }
}

static void cold_parts(struct emit *e)
{
    for (uint32_t k = 0; k < e->cold_count; k++) { /* these may ask for more stubs, not colds */
        source(e, e->m->sources[e->colds[k].inst]);
        x64_label_bind(&e->as, e->colds[k].entry);
        if (!emit_float_cold(e, &e->colds[k]))
            emit_call_cold(e, &e->colds[k]);
    }
    for (uint32_t k = 0; k < e->stub_count; k++) {
        source(e, e->stubs[k].source);
        x64_label_bind(&e->as, e->stubs[k].label);
        emit_trap_here(e, (uint8_t)(e->stubs[k].code + 1));
        x64_bytes(&e->as, "\x0f\x0b", 2);
    }
}

static void finish_tables(struct emit *e, struct codegen_code *out)
{
    for (uint32_t t = 0; t < e->table_count; t++)
        for (uint32_t k = 0; k < e->tables[t].count; k++)
            e->tables[t].targets[k] = x64_label_final(&e->as, e->tables[t].targets[k]);
    out->jump_tables = e->tables;
    out->jump_table_count = e->table_count;
    out->pool_size = e->pool_size;
    out->pool = arena_alloc(e->as.arena, e->pool_size, 1);
    if (e->lowered->pool_size != 0)
        memcpy(out->pool, e->lowered->pool, e->lowered->pool_size);
}

static void finish_sources(struct emit *e, struct codegen_code *out)
{
    struct source_change last = {0, 0}, next = {0, 0};
    struct buf map;

    buf_init(&map, e->as.arena);
    buf_reserve(&map, (size_t)e->sources.count * SOURCE_BYTES);
    for (uint32_t k = 0; k < e->sources.count; k++) {
        const uint32_t at = x64_asm_final(&e->as, e->sources.items[k].at);
        if (k > 0 && next.offset < at) /* else nothing was written for the one before */
            source_map_add(&map, &last, next.offset, next.position);
        next = (struct source_change){at, e->sources.items[k].a};
    }
    if (e->sources.count > 0)
        source_map_add(&map, &last, next.offset, next.position);
    out->sources = map.data;
    out->source_bytes = (uint32_t)map.size;
}

static void finish(struct emit *e, struct codegen_code *out)
{
    struct arena *a = e->as.arena;

    out->bytes = x64_asm_finish(&e->as, &out->size);
    out->traps = arena_new_raw(a, struct codegen_trap, e->traps.count);
    for (uint32_t k = 0; k < e->traps.count; k++)
        out->traps[out->trap_count++] = (struct codegen_trap){
            x64_asm_final(&e->as, e->traps.items[k].at), (uint8_t)e->traps.items[k].a};
    out->relocs = arena_new_raw(a, struct codegen_reloc, e->relocs.count);
    for (uint32_t k = 0; k < e->relocs.count; k++)
        out->relocs[out->reloc_count++] = (struct codegen_reloc){
            x64_asm_final(&e->as, e->relocs.items[k].at), (uint8_t)e->relocs.items[k].a,
            e->relocs.items[k].b};
    finish_sources(e, out);
    finish_tables(e, out);
    out->saved = e->saved;
    out->frame_bytes = e->frame_bytes + 8 * (uint32_t)__builtin_popcount(e->saved);
}

enum status x64_emit(const struct ir_func *f, const struct codegen_options *options,
                     const struct x64_lowered *lowered, const struct mir_allocation *allocation,
                     struct codegen_code *out, struct diag *dg)
{
    const struct mir_func *m = &lowered->mir;
    struct emit e = {.f = f, .options = options, .lowered = lowered, .m = m,
                     .allocation = allocation, .dg = dg, .pool_size = lowered->pool_size};

    *out = (struct codegen_code){0};
    x64_asm_init(&e.as, m->arena, m->inst_count * BYTES_PER_INST + BYTES_MIN);
    e.labels = arena_new_raw(m->arena, x64_label, m->block_count);
    for (uint32_t b = 0; b < m->block_count; b++)
        e.labels[b] = x64_label_new(&e.as);
    TRY(emit_frame_plan(&e));
    thread_branches(&e);
    emit_prologue(&e);
    struct x64_position body = x64_asm_here(&e.as);
    e.edit_point = allocation->edit_count > 0 ? allocation->edits[0].point : UINT32_MAX;
    for (uint32_t b = 0; b < m->block_count; b++)
        block(&e, b);
    cold_parts(&e);
    finish(&e, out);
    out->prologue_bytes = x64_asm_final(&e.as, body);
    return ST_OK;
}
