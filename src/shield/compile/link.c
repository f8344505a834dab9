/* link: see link.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/link.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum { TRAP_BYTE = 0xcc, POOL_ITEM_ALIGN = 16 };

static void *copy(struct arena *a, const void *from, size_t count, size_t size)
{
    void *to = arena_alloc_raw(a, count, size);

    if (count != 0)
        memcpy(to, from, count * size);
    return to;
}
#define COPY(field, n) to->field = copy(a, from->field, n, sizeof(*from->field))

void link_copy(const struct codegen_code *from, struct arena *a, struct codegen_code *to)
{
    *to = *from;
    COPY(bytes, from->size);
    COPY(pool, from->pool_size);
    COPY(relocs, from->reloc_count);
    COPY(traps, from->trap_count);
    COPY(sources, from->source_bytes);
    COPY(inlined, from->inlined_count);
    COPY(jump_tables, from->jump_table_count);
    for (uint32_t i = 0; i < from->jump_table_count; i++)
        to->jump_tables[i].targets = copy(a, from->jump_tables[i].targets,
                                          from->jump_tables[i].count, sizeof(uint32_t));
}

/* Sizes of everything, as 64-bit numbers: their sums are bounded afterwards. */
struct totals {
    uint64_t text, pool, traps, sources, inlined;
};

static uint64_t align_up(uint64_t at, uint64_t align)
{
    return (at + align - 1) & ~(align - 1);
}

static struct totals measure(const struct codegen_code *pieces, uint32_t count)
{
    struct totals t = {0};

    for (uint32_t i = 0; i < count; i++) {
        t.text = align_up(t.text, IMAGE_FUNC_ALIGN) + pieces[i].size;
        t.pool = align_up(t.pool, POOL_ITEM_ALIGN) + pieces[i].pool_size;
        t.traps += pieces[i].trap_count;
        t.sources += pieces[i].source_bytes;
        t.inlined += pieces[i].inlined_count;
    }
    return t;
}

struct linker {
    const struct codegen_code *pieces;
    struct image *image;
    uint8_t *text, *pool;
    uint32_t *pool_at; /* of each piece, in the pool */
};

static void place(struct linker *l, uint32_t i, uint32_t *text_at, uint32_t *pool_at)
{
    const struct codegen_code *p = &l->pieces[i];

    *text_at = (uint32_t)align_up(*text_at, IMAGE_FUNC_ALIGN);
    *pool_at = (uint32_t)align_up(*pool_at, POOL_ITEM_ALIGN);
    assert(p->prologue_bytes <= UINT16_MAX && p->saved <= UINT16_MAX && "short prologues");
    l->image->funcs[i] = (struct image_func){
        .offset = *text_at,
        .size = p->size,
        .frame_bytes = p->frame_bytes,
        .saved = (uint16_t)p->saved,
        .prologue_bytes = (uint16_t)p->prologue_bytes,
    };
    l->pool_at[i] = *pool_at;
    memcpy(l->text + *text_at, p->bytes, p->size);
    if (p->pool_size != 0)
        memcpy(l->pool + *pool_at, p->pool, p->pool_size);
    *text_at += p->size;
    *pool_at += p->pool_size;
}

/* What is at `at` already is added: distance from there to the end of the instruction, negated. */
static void patch(uint8_t *at, int64_t delta)
{
    int32_t value;

    memcpy(&value, at, sizeof(value));
    delta += value;
    assert(delta >= INT32_MIN && delta <= INT32_MAX && "the image is smaller than 2 GiB");
    value = (int32_t)delta;
    memcpy(at, &value, sizeof(value));
}

static void relocate(struct linker *l, uint32_t i)
{
    const struct codegen_code *p = &l->pieces[i];
    const int64_t base = l->image->funcs[i].offset, pool = image_pool_offset(l->image);

    for (uint32_t k = 0; k < p->reloc_count; k++) {
        const struct codegen_reloc *r = &p->relocs[k];
        int64_t target = 0;
        if (r->kind == CODEGEN_RELOC_POOL) {
            target = pool + l->pool_at[i] + r->number;
        } else {
            CHECK(r->kind == IR_CALLEE_LOCAL && r->number < l->image->func_count,
                  "code refers to nothing but functions of its module and its pool");
            target = l->image->funcs[r->number].offset;
        }
        patch(l->text + base + r->offset, target - (base + r->offset + 4));
    }
    for (uint32_t k = 0; k < p->jump_table_count; k++) {
        const struct codegen_jump_table *t = &p->jump_tables[k];
        const int64_t table = pool + l->pool_at[i] + t->pool_offset;
        for (uint32_t e = 0; e < t->count; e++) {
            int32_t delta = (int32_t)(base + t->targets[e] - table);
            memcpy(l->pool + l->pool_at[i] + t->pool_offset + 4 * e, &delta, sizeof(delta));
        }
    }
}

/* A position of a function as one of the image, whose inlined ones come behind `first`. */
static uint32_t position_in_image(uint32_t source, uint32_t first)
{
    return (source & IR_SOURCE_INLINED) != 0 ? source + first : source;
}

static void join_tables(struct linker *l, uint32_t i)
{
    const struct codegen_code *p = &l->pieces[i];
    struct image *image = l->image;
    const uint32_t base = image->funcs[i].offset, first = image->inlined_count;

    for (uint32_t k = 0; k < p->trap_count; k++) {
        image->trap_offsets[image->trap_count] = base + p->traps[k].offset;
        image->trap_codes[image->trap_count++] = p->traps[k].code;
    }
    image->funcs[i].source_first = image->source_bytes;
    image->funcs[i].inlined_first = first;
    if (p->source_bytes != 0)
        memcpy(image->sources + image->source_bytes, p->sources, p->source_bytes);
    image->source_bytes += p->source_bytes;
    for (uint32_t k = 0; k < p->inlined_count; k++)
        image->inlined[image->inlined_count++] =
            (struct image_inlined){.position = p->inlined[k].source,
                                   .func = p->inlined[k].function,
                                   .parent = position_in_image(p->inlined[k].parent, first)};
}

enum status link_image(const struct codegen_code *pieces, uint32_t count, struct image *image,
                       struct diag *dg)
{
    struct arena *a = &image->arena;
    const struct totals t = measure(pieces, count);
    uint32_t text_at = 0, pool_at = 0;

    if (t.text + t.pool + IMAGE_POOL_ALIGN > IMAGE_TEXT_BYTES_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "machine code of a module: %" PRIu64 " bytes, %d are allowed",
                         t.text + t.pool, IMAGE_TEXT_BYTES_MAX);
    if (t.sources > IMAGE_SOURCE_BYTES_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "the source map of a module: %" PRIu64
                         " bytes, IMAGE_SOURCE_BYTES_MAX is %d",
                         t.sources, IMAGE_SOURCE_BYTES_MAX);
    struct linker l = {.pieces = pieces, .image = image};
    l.text = arena_new_raw(a, uint8_t, t.text);
    l.pool = arena_new(a, uint8_t, t.pool);
    l.pool_at = arena_new_raw(a, uint32_t, count);
    image->funcs = arena_new(a, struct image_func, count);
    image->func_count = count;
    image->trap_offsets = arena_new_raw(a, uint32_t, t.traps);
    image->trap_codes = arena_new_raw(a, uint8_t, t.traps);
    image->sources = arena_new_raw(a, uint8_t, t.sources);
    image->inlined = arena_new_raw(a, struct image_inlined, t.inlined);
    memset(l.text, TRAP_BYTE, t.text);
    for (uint32_t i = 0; i < count; i++)
        place(&l, i, &text_at, &pool_at);
    image->text = l.text;
    image->text_bytes = text_at;
    image->pool = l.pool;
    image->pool_bytes = pool_at;
    for (uint32_t i = 0; i < count; i++) {
        relocate(&l, i);
        join_tables(&l, i);
    }
    return ST_OK;
}
