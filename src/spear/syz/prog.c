/* prog: making programs, and the shape of their arguments. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/prog_int.h"

#include <string.h>

/* ---- numbers by argument ---- */

static uint32_t arg_hash(const struct syz_arg *key)
{
    return (uint32_t)((uint64_t)(uintptr_t)key * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static uint32_t arg_slot(const struct arg_map *m, const struct syz_arg *key)
{
    uint32_t i = arg_hash(key) & (m->capacity - 1);

    while (m->keys[i] != NULL && m->keys[i] != key)
        i = (i + 1) & (m->capacity - 1);
    return i;
}

uint32_t arg_map_get(const struct arg_map *m, const struct syz_arg *key)
{
    if (m->count == 0)
        return ARG_NONE;
    uint32_t i = arg_slot(m, key);
    return m->keys[i] == NULL ? ARG_NONE : m->values[i];
}

void arg_map_put(struct arg_map *m, const struct syz_arg *key, uint32_t value)
{
    if (m->count * 2 >= m->capacity) {
        struct arg_map old = *m;
        m->capacity = old.capacity == 0 ? 16 : old.capacity * 2;
        m->keys = arena_new(m->arena, const struct syz_arg *, m->capacity);
        m->values = arena_new(m->arena, uint32_t, m->capacity);
        for (uint32_t i = 0; i < old.capacity; i++)
            if (old.keys[i] != NULL) {
                uint32_t to = arg_slot(m, old.keys[i]);
                m->keys[to] = old.keys[i];
                m->values[to] = old.values[i];
            }
    }
    uint32_t i = arg_slot(m, key);
    m->count += m->keys[i] == NULL;
    m->keys[i] = key;
    m->values[i] = value;
}

static bool note_use(void *ctx, const struct syz_visit *v)
{
    if (v->arg->kind == SYZ_ARG_RESULT && v->arg->result.from != NULL)
        arg_map_put(ctx, v->arg->result.from, 0);
    return true;
}

void prog_used_results(const struct syz_prog *p, struct arg_map *used)
{
    for (uint32_t i = 0; i < p->count; i++)
        step_each(&p->steps[i], note_use, used);
}

/* ---- shape ---- */

enum syz_arg_kind arg_kind_of(const struct syz_type *type)
{
    static const enum syz_arg_kind kinds[] = {
        [SYZ_INT] = SYZ_ARG_CONST,       [SYZ_CONST] = SYZ_ARG_CONST, [SYZ_FLAGS] = SYZ_ARG_CONST,
        [SYZ_LEN] = SYZ_ARG_CONST,       [SYZ_PROC] = SYZ_ARG_CONST,  [SYZ_CSUM] = SYZ_ARG_CONST,
        [SYZ_RESOURCE] = SYZ_ARG_RESULT, [SYZ_VMA] = SYZ_ARG_POINTER, [SYZ_PTR] = SYZ_ARG_POINTER,
        [SYZ_BUFFER] = SYZ_ARG_DATA,     [SYZ_ARRAY] = SYZ_ARG_GROUP, [SYZ_STRUCT] = SYZ_ARG_GROUP,
        [SYZ_UNION] = SYZ_ARG_UNION,     [SYZ_VOID] = SYZ_ARG_DATA};
    return kinds[type->kind];
}

uint32_t union_default(const struct syz_type *t)
{
    if (is_hidden_union(t))
        return t->group.count - 1;
    for (uint32_t i = 0; i < t->group.count; i++)
        if (t->group.fields[i].condition != NULL)
            return t->group.count - 1;
    return 0;
}

enum syz_dir field_dir(const struct syz_type *group, uint32_t i, enum syz_dir above)
{
    const struct syz_field *f = &group->group.fields[i];

    if (f->has_dir)
        return f->dir;
    return group->kind == SYZ_STRUCT && i >= group->group.overlay ? SYZ_OUT : above;
}

bool is_fixed_group(const struct syz_type *t)
{
    return t->kind == SYZ_STRUCT ||
           (t->kind == SYZ_ARRAY && t->array.has_range && t->array.min == t->array.max);
}

static uint64_t field_bytes(const struct syz_field *f, const struct syz_arg *item)
{
    if (f->unit_bytes != 0)
        return ((uint64_t)f->bit_offset + f->type->scalar.bits + 7) / 8;
    return syz_arg_bytes(item);
}

uint64_t field_place(struct field_cursor *at, const struct syz_type *group, uint32_t i,
                     const struct syz_arg *item)
{
    const struct syz_field *f = &group->group.fields[i];

    if (i == group->group.overlay)
        at->extra = 0;
    uint64_t offset = f->offset + at->extra;
    if (group->is_varlen) {
        uint64_t bytes = field_bytes(f, item);
        at->end = MAX(at->end, offset + bytes);
        at->extra += f->type->is_varlen ? bytes : 0;
    }
    return offset;
}

uint64_t field_offset(const struct syz_arg *group, uint32_t index)
{
    uint64_t offset = 0;

    if (group->type->kind == SYZ_ARRAY) {
        for (uint32_t i = 0; i < index; i++)
            offset += syz_arg_bytes(group->group.items[i]);
    } else if (group->type->kind == SYZ_STRUCT) {
        struct field_cursor at = {0};
        for (uint32_t i = 0; i <= index; i++)
            offset = field_place(&at, group->type, i, group->group.items[i]);
    }
    return offset;
}

static uint64_t struct_bytes(const struct syz_arg *arg)
{
    uint64_t align = arg->type->group.align_attr;
    struct field_cursor at = {0};

    for (uint32_t i = 0; i < arg->group.count; i++)
        field_place(&at, arg->type, i, arg->group.items[i]);
    return align == 0 ? at.end : (at.end + align - 1) / align * align;
}

uint64_t syz_arg_bytes(const struct syz_arg *arg)
{
    uint64_t bytes = 0;

    if (arg->kind == SYZ_ARG_DATA)
        return arg->data.size;
    if (!arg->type->is_varlen)
        return arg->type->size_bytes;
    switch (arg->type->kind) {
    case SYZ_STRUCT: return struct_bytes(arg);
    case SYZ_UNION: return syz_arg_bytes(arg->choice.value);
    case SYZ_ARRAY:
        if (!arg->type->array.of->is_varlen)
            return arg->group.count * arg->type->array.of->size_bytes;
        for (uint32_t i = 0; i < arg->group.count; i++)
            bytes += syz_arg_bytes(arg->group.items[i]);
        return bytes;
    default: return arg->type->size_bytes;
    }
}

/* ---- defaults ---- */

struct syz_arg *arg_new(struct arena *a, const struct syz_type *type, enum syz_dir dir)
{
    struct syz_arg *arg = arena_new(a, struct syz_arg, 1);

    arg->type = type;
    arg->kind = arg_kind_of(type);
    arg->dir = dir;
    return arg;
}

static uint64_t const_default(const struct syz_type *t)
{
    return t->kind == SYZ_CONST ? t->constant.value : t->kind == SYZ_PROC ? PROC_DEFAULT : 0;
}

void result_reset(struct syz_arg *arg)
{
    arg->result.from = NULL;
    arg->result.divide = arg->result.add = 0;
    arg->result.value = arg->type->resource->values[0];
}

static void data_default(struct arena *a, struct syz_arg *arg)
{
    const struct syz_type *t = arg->type;
    bool has_value = t->kind == SYZ_BUFFER && t->buffer.kind != SYZ_GLOB &&
                     t->buffer.value_count == 1 && arg->dir != SYZ_OUT;

    arg->data.size = t->is_varlen ? 0 : t->size_bytes;
    if (has_value)
        arg->data.size = MAX(arg->data.size, t->buffer.values[0].size);
    if (arg->dir == SYZ_OUT)
        return;
    arg->data.bytes = arena_new(a, uint8_t, arg->data.size);
    if (has_value && t->buffer.values[0].size != 0)
        memcpy(arg->data.bytes, t->buffer.values[0].text, t->buffer.values[0].size);
}

enum { DEFAULT_POINTERS_MAX = 8 }; /* within each other */

/* Pointers above a default that is being made. What a type would lead to again is NULL. */
struct default_chain {
    const struct default_chain *up;
    const struct syz_type *to;
    uint32_t depth;
};

static bool is_endless(const struct default_chain *above, const struct syz_type *to)
{
    if (above != NULL && above->depth >= DEFAULT_POINTERS_MAX)
        return true;
    for (; above != NULL; above = above->up)
        if (above->to == to)
            return true;
    return false;
}

static struct syz_arg *make_default(struct arena *a, const struct syz_type *type, enum syz_dir dir,
                                    const struct default_chain *above);

static void default_items(struct arena *a, struct syz_arg *arg, const struct default_chain *above)
{
    const struct syz_type *type = arg->type;

    arg->group.count = type->kind == SYZ_STRUCT ? type->group.count
                       : is_fixed_group(type)   ? (uint32_t)type->array.min
                                                : 0;
    arg->group.items = arena_new(a, struct syz_arg *, arg->group.count);
    for (uint32_t i = 0; i < arg->group.count; i++)
        arg->group.items[i] =
            type->kind == SYZ_ARRAY
                ? make_default(a, type->array.of, arg->dir, above)
                : make_default(a, type->group.fields[i].type, field_dir(type, i, arg->dir), above);
}

static struct syz_arg *make_default(struct arena *a, const struct syz_type *type, enum syz_dir dir,
                                    const struct default_chain *above)
{
    struct syz_arg *arg = arg_new(a, type, dir);

    switch (arg->kind) {
    case SYZ_ARG_CONST: arg->value = const_default(type); break;
    case SYZ_ARG_POINTER:
        arg->pointer.is_special =
            type->kind == SYZ_VMA || type->is_optional || is_endless(above, type->ptr.to);
        if (!arg->pointer.is_special) {
            const struct default_chain here = {above, type->ptr.to,
                                               above == NULL ? 1 : above->depth + 1};
            arg->pointer.to = make_default(a, type->ptr.to, type->ptr.dir, &here);
        }
        break;
    case SYZ_ARG_DATA: data_default(a, arg); break;
    case SYZ_ARG_GROUP: default_items(a, arg, above); break;
    case SYZ_ARG_UNION:
        arg->choice.option = union_default(type);
        arg->choice.value = make_default(a, type->group.fields[arg->choice.option].type,
                                         field_dir(type, arg->choice.option, dir), above);
        break;
    case SYZ_ARG_RESULT: result_reset(arg); break;
    }
    return arg;
}

struct syz_arg *syz_arg_default(struct arena *a, const struct syz_type *type, enum syz_dir dir)
{
    return make_default(a, type, dir, NULL);
}

static bool data_is_default(const struct syz_arg *arg)
{
    const struct syz_type *t = arg->type;
    struct str value = {0};

    if (t->kind == SYZ_BUFFER && t->buffer.kind != SYZ_GLOB && t->buffer.value_count == 1 &&
        arg->dir != SYZ_OUT)
        value = t->buffer.values[0];
    if (arg->data.size != MAX(t->is_varlen ? 0 : t->size_bytes, value.size))
        return false;
    if (arg->data.bytes == NULL || arg->data.size == 0)
        return true;
    if (value.size != 0 && memcmp(arg->data.bytes, value.text, value.size) != 0)
        return false;
    for (uint64_t i = value.size; i < arg->data.size; i++)
        if (arg->data.bytes[i] != 0)
            return false;
    return true;
}

bool arg_is_default(const struct syz_arg *arg, const struct arg_map *used)
{
    const struct syz_type *t = arg->type;

    switch (arg->kind) {
    case SYZ_ARG_CONST: return arg->value == const_default(t);
    case SYZ_ARG_POINTER:
        if (t->kind == SYZ_VMA || t->is_optional)
            return arg->pointer.is_special && arg->pointer.address == 0;
        return !arg->pointer.is_special && arg->pointer.address == 0 &&
               arg_is_default(arg->pointer.to, used);
    case SYZ_ARG_DATA: return data_is_default(arg);
    case SYZ_ARG_GROUP:
        if (!is_fixed_group(t) && arg->group.count != 0)
            return false;
        for (uint32_t i = 0; i < arg->group.count; i++)
            if (!arg_is_default(arg->group.items[i], used))
                return false;
        return t->kind == SYZ_STRUCT || !is_fixed_group(t) || arg->group.count == t->array.min;
    case SYZ_ARG_UNION:
        return arg->choice.option == union_default(t) && arg_is_default(arg->choice.value, used);
    case SYZ_ARG_RESULT:
        return arg->result.from == NULL && arg->result.value == t->resource->values[0] &&
               (used == NULL || arg_map_get(used, arg) == ARG_NONE);
    }
    return false;
}
