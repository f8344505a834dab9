/* layout: sizes, alignments and offsets, as a C compiler for the same machine computes them.
 *
 * A bit-field goes on where the last one ended when it fits a unit of its own type there, units
 * being aligned to their size; else it opens the next unit. In packed structs units are not
 * aligned: one starts at the byte where the field's first bit is. The unit that a field is stored
 * through never reaches past the struct.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/compile_int.h"

enum state { NEW, OPEN, DONE };
enum { NESTING_MAX = 256 };

struct layout {
    struct compiler *c;
    uint8_t *state;            /* per type */
    uint32_t *opened;          /* per type: the nesting it was opened at */
    uint32_t nesting, way_out; /* nesting of the last type that may hold nothing */
};

static void layout_type(struct layout *l, struct syz_type *t);

/* The compiler owns every type, and only hands them out as const. */
static struct syz_type *own(struct layout *l, const struct syz_type *t)
{
    return l->c->types[t->id];
}

static uint64_t round_up(uint64_t n, uint64_t to)
{
    return (n + to - 1) / to * to;
}

static void refuse(struct layout *l, struct syz_pos pos, const char *expected,
                   const struct syz_type *t, struct str field)
{
    syz_error(l->c->errors, pos, "expected %s, found %.*s in %.*s", expected, STR_ARG(field),
              STR_ARG(t->name));
}

/* Where the next field goes. */
struct cursor {
    uint64_t bits;      /* used so far */
    uint64_t end_bytes; /* of the longer of both overlays */
};

static void place_bits(struct syz_field *f, bool packed, struct cursor *at)
{
    uint64_t unit_bits = 8u * f->type->scalar.base_bytes;
    uint64_t step = packed ? 8 : unit_bits;
    uint64_t unit = at->bits / step * step;

    if (at->bits + f->type->scalar.bits > unit + unit_bits)
        at->bits = unit = round_up(at->bits, step);
    f->offset = (uint32_t)(unit / 8);
    f->bit_offset = (uint8_t)(at->bits - unit);
    f->unit_bytes = f->type->scalar.base_bytes;
    at->bits += f->type->scalar.bits;
}

/* Units at the end of a packed struct are narrowed until they end in it. */
static void narrow_units(struct syz_type *t, uint64_t size_bytes)
{
    for (uint32_t i = 0; i < t->group.count; i++) {
        struct syz_field *f = &t->group.fields[i];
        while (f->unit_bytes > 1 && f->offset + f->unit_bytes > size_bytes) {
            f->unit_bytes /= 2;
            while (f->bit_offset + f->type->scalar.bits > 8u * f->unit_bytes &&
                   f->bit_offset >= 8) {
                f->offset++;
                f->bit_offset = (uint8_t)(f->bit_offset - 8);
            }
        }
    }
}

static void place(struct layout *l, struct syz_type *t, uint32_t i, struct cursor *at)
{
    struct syz_field *f = &t->group.fields[i];
    uint32_t align = t->group.is_packed ? 1 : f->type->align;

    if (i == t->group.overlay) {
        at->end_bytes = round_up(at->bits, 8) / 8;
        at->bits = 0;
    }
    if (f->type->is_varlen && !t->group.is_packed && i + 1 != t->group.count &&
        t->missing.size == 0)
        refuse(l, f->pos, "fields of variable length last in a struct that is not packed", t,
               f->name);
    if (f->type->scalar.bits != 0) {
        place_bits(f, t->group.is_packed, at);
        return;
    }
    uint64_t offset = round_up(round_up(at->bits, 8) / 8, align);
    f->offset = (uint32_t)MIN(offset, (uint64_t)UINT32_MAX);
    at->bits = (offset + f->type->size_bytes) * 8;
}

static void finish_size(struct layout *l, struct syz_type *t, uint64_t size_bytes)
{
    if (t->group.size_attr != 0) {
        if (size_bytes > t->group.size_attr && t->missing.size == 0)
            syz_error(l->c->errors, t->pos, "expected %.*s to have at most %ju bytes, found %ju",
                      STR_ARG(t->name), (uintmax_t)t->group.size_attr, (uintmax_t)size_bytes);
        size_bytes = t->group.size_attr;
    }
    if (size_bytes > SYZ_STRUCT_BYTES_MAX)
        syz_error(l->c->errors, t->pos, "expected %.*s to have at most %d bytes, found %ju",
                  STR_ARG(t->name), SYZ_STRUCT_BYTES_MAX, (uintmax_t)size_bytes);
    t->size_bytes = size_bytes;
}

static void layout_struct(struct layout *l, struct syz_type *t)
{
    struct cursor at = {0};

    for (uint32_t i = 0; i < t->group.count; i++)
        layout_type(l, own(l, t->group.fields[i].type));
    for (uint32_t i = 0; i < t->group.count; i++)
        place(l, t, i, &at);
    if (t->is_varlen) {
        if (t->group.size_attr != 0)
            refuse(l, t->pos, "a size only of a struct of fixed length", t, STR("size"));
        return;
    }
    uint64_t size = round_up(MAX(round_up(at.bits, 8) / 8, at.end_bytes), t->align);
    finish_size(l, t, size);
    narrow_units(t, t->size_bytes);
}

static void layout_union(struct layout *l, struct syz_type *t)
{
    uint64_t longest = 0;

    for (uint32_t i = 0; i < t->group.count; i++) {
        const struct syz_field *f = &t->group.fields[i];
        layout_type(l, own(l, f->type));
        longest = MAX(longest, f->type->size_bytes);
        if (f->type->is_varlen && !t->is_varlen && t->missing.size == 0)
            refuse(l, f->pos, "options of variable length only in a union that is varlen", t,
                   f->name);
        if (f->type->scalar.bits != 0)
            refuse(l, f->pos, "whole fields as options of a union", t, f->name);
    }
    if (!t->is_varlen)
        finish_size(l, t, round_up(longest, t->align));
}

static void layout_array(struct layout *l, struct syz_type *t)
{
    const struct syz_type *of = t->array.of;

    layout_type(l, own(l, of));
    if (of->scalar.bits != 0)
        refuse(l, t->pos, "whole elements", t, of->name);
    if (!t->is_varlen)
        t->size_bytes = t->array.max * of->size_bytes;
}

/* What a type takes from its parts, which may hold it in turn: true when that has changed. */
static bool settle(struct syz_type *t)
{
    uint32_t align = t->align;
    bool varlen = t->is_varlen;

    if (t->kind == SYZ_ARRAY) {
        align = t->array.of->align;
        varlen = t->array.of->is_varlen || !t->array.has_range || t->array.min != t->array.max;
    } else if (t->kind == SYZ_BUFFER) {
        varlen = t->buffer.max == 0 || t->buffer.min != t->buffer.max;
        t->size_bytes = varlen ? 0 : t->buffer.max;
    } else if (t->kind == SYZ_STRUCT || t->kind == SYZ_UNION) {
        bool packed = t->kind == SYZ_STRUCT && t->group.is_packed;
        for (uint32_t i = 0; i < t->group.count; i++) {
            const struct syz_type *f = t->group.fields[i].type;
            align = packed ? align : MAX(align, f->align);
            varlen = varlen || (f->is_varlen && t->kind == SYZ_STRUCT);
        }
        align = t->group.align_attr != 0 ? t->group.align_attr : align;
    }
    bool changed = align != t->align || varlen != t->is_varlen;
    t->align = align;
    t->is_varlen = varlen;
    return changed;
}

static void layout_type(struct layout *l, struct syz_type *t)
{
    if (l->state[t->id] == DONE)
        return;
    if (l->state[t->id] == OPEN) {
        if (l->way_out >= l->opened[t->id])
            return; /* a list or choice in between may end it */
        syz_error(l->c->errors, t->pos,
                  "expected a pointer, list or varlen union on the way from %.*s to itself, found "
                  "none",
                  STR_ARG(t->name));
        return;
    }
    if (l->nesting >= NESTING_MAX) {
        syz_error(l->c->errors, t->pos, "expected at most %d structs within each other, found more",
                  NESTING_MAX);
        return;
    }
    uint32_t outer_way_out = l->way_out;
    l->opened[t->id] = ++l->nesting;
    if (t->is_varlen && (t->kind == SYZ_UNION || t->kind == SYZ_ARRAY))
        l->way_out = l->nesting;
    l->state[t->id] = OPEN;
    switch (t->kind) {
    case SYZ_STRUCT: layout_struct(l, t); break;
    case SYZ_UNION: layout_union(l, t); break;
    case SYZ_ARRAY: layout_array(l, t); break;
    default: break;
    }
    l->state[t->id] = DONE;
    l->way_out = outer_way_out;
    l->nesting--;
}

void comp_layout(struct compiler *c)
{
    struct layout l = {.c = c,
                       .state = arena_new(c->a, uint8_t, c->type_count),
                       .opened = arena_new(c->a, uint32_t, c->type_count)};

    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = c->type_count; i-- > 0;)
            changed = settle(c->types[i]) || changed;
    }

    for (uint32_t i = 0; i < c->type_count; i++)
        layout_type(&l, c->types[i]);
}
