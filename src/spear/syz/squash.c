/* squash: see squash.h. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/squash.h"

#include "spear/syz/prog_int.h"

#include <stdio.h>
#include <string.h>

/* In place of checksums, which the bytes no longer have. */
#define CHECKSUM_STAND_IN UINT64_C(0xabcdef1234567890)

/* ---- numbers in memory ---- */

static uint64_t load(const uint8_t *from, uint32_t size, bool is_big)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < size; i++)
        value |= (uint64_t)from[i] << 8 * (is_big ? size - 1 - i : i);
    return value;
}

static void store(uint8_t *to, uint64_t value, uint32_t size, bool is_big)
{
    for (uint32_t i = 0; i < size; i++)
        to[i] = (uint8_t)(value >> 8 * (is_big ? size - 1 - i : i));
}

static uint64_t low_bits(uint32_t bits)
{
    return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

/* Writes a number as the executor does; `to` has room for what the format takes. bits 0: the whole
 * number; else only so many above offset (from the least significant). */
static void store_number(uint8_t *to, uint64_t value, uint32_t size, enum syz_format format,
                         uint32_t offset, uint32_t bits, bool is_big_machine)
{
    bool is_big = is_big_machine || format == SYZ_BIG_ENDIAN;
    char digits[SYZ_OCT_BYTES + 8];
    uint64_t cut = value & low_bits(size * 8);

    switch (format) {
    case SYZ_DEC:
        snprintf(digits, sizeof(digits), "%020ju", (uintmax_t)cut);
        memcpy(to, digits, SYZ_DEC_BYTES);
        return;
    case SYZ_HEX:
        snprintf(digits, sizeof(digits), "0x%016jx", (uintmax_t)cut);
        memcpy(to, digits, SYZ_HEX_BYTES);
        return;
    case SYZ_OCT:
        snprintf(digits, sizeof(digits), "%023jo", (uintmax_t)cut);
        memcpy(to, digits, SYZ_OCT_BYTES);
        return;
    default: break;
    }
    if (bits != 0) {
        uint64_t mask = low_bits(bits) << offset;
        value = (load(to, size, is_big) & ~mask) | (value << offset & mask);
    }
    store(to, value, size, is_big);
}

/* ---- whether it can be ---- */

struct judging {
    const struct arg_map *used;
    bool is_forbidden;
};

static bool judge(void *ctx, const struct syz_visit *v)
{
    struct judging *j = ctx;
    const struct syz_arg *arg = v->arg;
    const struct syz_type *t = arg->type;
    bool is_special_buffer =
        t->kind == SYZ_BUFFER && (t->buffer.kind == SYZ_FILENAME || t->buffer.kind == SYZ_GLOB ||
                                  t->buffer.kind == SYZ_IMAGE);
    bool is_output = arg->kind == SYZ_ARG_RESULT && arg_map_get(j->used, arg) != ARG_NONE;
    bool has_overlay = t->kind == SYZ_STRUCT && t->group.overlay < t->group.count;

    j->is_forbidden = is_special_buffer || is_output || has_overlay;
    return !j->is_forbidden;
}

static bool is_worth_it(const struct syz_type *t)
{
    return t->is_varlen && (t->kind == SYZ_STRUCT ||
                            (t->kind == SYZ_UNION && t->group.count >= SYZ_SQUASH_OPTIONS_MIN));
}

bool syz_can_squash(const struct syz_prog *p, const struct syz_step *step,
                    const struct syz_arg *pointer)
{
    struct arg_map used = {.arena = p->arena};
    struct judging j = {.used = &used};

    if (pointer->type->kind != SYZ_PTR || pointer->pointer.to == NULL ||
        pointer->type->ptr.dir == SYZ_OUT || syz_type_is_any(p->target, pointer->type) ||
        !is_worth_it(pointer->pointer.to->type) ||
        (step->call->attrs >> SYZ_ATTR_no_squash & 1) != 0 ||
        syz_arg_bytes(pointer->pointer.to) > SYZ_BLOB_BYTES_MAX)
        return false;
    prog_used_results(p, &used);
    struct syz_arg *to = pointer->pointer.to;
    syz_arg_visit(&to, judge, &j);
    return !j.is_forbidden;
}

/* ---- doing it ---- */

struct piece {
    struct syz_arg *arg; /* a result, or a pointer */
    uint64_t offset;
};

struct squashing {
    struct syz_prog *p;
    const struct syz_arg *pointer;
    uint8_t *bytes;
    uint64_t size;
    struct piece *pieces;
    uint32_t count, capacity;
};

static void write_number(struct squashing *s, const struct syz_visit *v, uint64_t value)
{
    const struct syz_type *t = v->arg->type;
    const struct syz_arch *arch = s->p->target->arch;
    bool is_bits = v->field != NULL && v->field->unit_bytes != 0;
    uint32_t size = is_bits ? v->field->unit_bytes : t->scalar.base_bytes;
    uint32_t bits = is_bits ? t->scalar.bits : 0;
    uint32_t offset = !is_bits              ? 0
                      : arch->is_big_endian ? size * 8 - v->field->bit_offset - bits
                                            : v->field->bit_offset;

    store_number(s->bytes + v->offset, value, size, t->scalar.format, offset, bits,
                 arch->is_big_endian);
}

static void write_const(struct squashing *s, const struct syz_visit *v)
{
    uint64_t value = v->arg->value;

    if (v->arg->type->kind == SYZ_CSUM)
        value = CHECKSUM_STAND_IN;
    else if (v->arg->type->kind == SYZ_PROC)
        value = value == PROC_DEFAULT ? 0 : value + v->arg->type->proc.start;
    write_number(s, v, value);
}

static bool write_arg(void *ctx, const struct syz_visit *v)
{
    struct squashing *s = ctx;
    struct syz_arg *arg = v->arg;
    struct piece piece = {arg, v->offset};

    if (v->base != s->pointer)
        return true; /* behind a pointer of its own */
    switch (arg->kind) {
    case SYZ_ARG_CONST: write_const(s, v); break;
    case SYZ_ARG_DATA:
        if (arg->data.bytes != NULL && arg->data.size != 0)
            memcpy(s->bytes + v->offset, arg->data.bytes, arg->data.size);
        break;
    case SYZ_ARG_RESULT:
        if (arg->result.from == NULL)
            write_number(s, v, arg->result.value);
        else
            ARENA_PUSH(s->p->arena, s->pieces, s->count, s->capacity, piece);
        break;
    case SYZ_ARG_POINTER:
        if (arg->pointer.is_special)
            store(s->bytes + v->offset, arg->pointer.address, (uint32_t)arg->type->size_bytes,
                  s->p->target->arch->is_big_endian);
        else
            ARENA_PUSH(s->p->arena, s->pieces, s->count, s->capacity, piece);
        break;
    default: break;
    }
    return true;
}

static const struct syz_type *any_pointer(const struct syz_target *t, uint64_t size)
{
    return t->any_ptr->size_bytes == size ? t->any_ptr : t->any_ptr64;
}

static enum syz_any option_of(const struct syz_target *t, const struct syz_type *type)
{
    if (type->kind != SYZ_RESOURCE)
        return any_pointer(t, type->size_bytes) == t->any_ptr ? SYZ_ANY_PTR : SYZ_ANY_PTR64;
    switch (type->scalar.format) {
    case SYZ_DEC: return SYZ_ANY_RESDEC;
    case SYZ_HEX: return SYZ_ANY_RESHEX;
    case SYZ_OCT: return SYZ_ANY_RESOCT;
    default: break;
    }
    switch (type->scalar.base_bytes) {
    case 1: return SYZ_ANY_RES8;
    case 2: return SYZ_ANY_RES16;
    case 4: return SYZ_ANY_RES32;
    default: return SYZ_ANY_RES64;
    }
}

static struct syz_arg *element(struct squashing *s, const struct syz_type *any, enum syz_any option,
                               struct syz_arg *value)
{
    struct syz_arg *u = arg_new(s->p->arena, any, SYZ_IN);

    u->choice.option = option;
    u->choice.value = value;
    value->type = any->group.fields[option].type;
    value->dir = SYZ_IN;
    return u;
}

static struct syz_arg *blob(struct squashing *s, const struct syz_type *any, uint64_t from,
                            uint64_t to)
{
    struct syz_arg *data = arg_new(s->p->arena, any->group.fields[SYZ_ANY_BLOB].type, SYZ_IN);

    data->data.size = to - from;
    data->data.bytes = s->bytes + from;
    return element(s, any, SYZ_ANY_BLOB, data);
}

void syz_squash(struct syz_prog *p, struct syz_arg *pointer)
{
    const struct syz_type *to_type = any_pointer(p->target, pointer->type->size_bytes);
    const struct syz_type *any = to_type->ptr.to->array.of;
    struct squashing s = {.p = p, .pointer = pointer};
    struct syz_arg *list = arg_new(p->arena, to_type->ptr.to, SYZ_IN);
    uint64_t at = 0;

    if (pointer->pointer.to != NULL) {
        s.size = syz_arg_bytes(pointer->pointer.to);
        s.bytes = arena_new(p->arena, uint8_t, s.size + sizeof(uint64_t));
        syz_arg_visit(&pointer, write_arg, &s);
    }
    list->group.items = arena_new(p->arena, struct syz_arg *, s.count * 2 + 1);
    for (uint32_t i = 0; i < s.count; i++) {
        struct syz_arg *arg = s.pieces[i].arg;
        uint64_t bytes = arg->type->size_bytes;
        enum syz_any option = option_of(p->target, arg->type);
        if (arg->kind == SYZ_ARG_POINTER && !syz_type_is_any(p->target, arg->type))
            syz_squash(p, arg);
        if (s.pieces[i].offset > at)
            list->group.items[list->group.count++] = blob(&s, any, at, s.pieces[i].offset);
        list->group.items[list->group.count++] = element(&s, any, option, arg);
        at = s.pieces[i].offset + bytes;
    }
    if (s.size > at)
        list->group.items[list->group.count++] = blob(&s, any, at, s.size);
    pointer->type = to_type;
    pointer->pointer.to = list;
    pointer->pointer.vma_bytes = 0;
}
