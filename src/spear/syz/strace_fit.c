/* strace_fit: which description fits a call best. A constant that differs rules a variant out; one
 * that is the same speaks for it, and so does a resource that is known to be of its kind.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/strace_int.h"

#include <string.h>

enum {
    FIT_CONST = 10,
    FIT_LITERAL = 10, /* a text that is one of those described */
    FIT_RESULT = 6,
    FIT_WRONG = -5,
    FIT_FLAGS = 3,
    FIT_SHAPE = 2,
    FIT_PLAIN = 1,
    LOOK_BACK_MAX = 4096, /* results */
    NEST_MAX = 24,
};

static const struct syz_resource *root_of(const struct syz_resource *r)
{
    while (r->parent != NULL)
        r = r->parent;
    return r;
}

/* 2: it is of the kind; 1: of a related one. */
static uint32_t serves(const struct syz_resource *have, const struct syz_resource *want)
{
    if (syz_resource_is_a(have, want))
        return 2;
    return root_of(have) == root_of(want);
}

const struct trace_result *trace_find(const struct trace_results *results, uint32_t pid,
                                      uint64_t value, const struct syz_resource *want)
{
    const struct trace_result *best = NULL;
    uint32_t best_rank = 0;
    uint32_t low = results->count > LOOK_BACK_MAX ? results->count - LOOK_BACK_MAX : 0;

    for (uint32_t i = results->count; i-- > low;) {
        const struct trace_result *r = &results->items[i];
        if (r->value != value)
            continue;
        /* The process before the kind: numbers of files mean something only in it. */
        uint32_t kind = serves(r->arg->type->resource, want);
        uint32_t rank = kind == 0 ? 0 : kind + (r->pid == pid ? 2 : 0);
        if (rank > best_rank) {
            best = r;
            best_rank = rank;
        }
        if (r->pid == pid && kind != 0)
            break; /* older ones of that number are closed */
    }
    return best;
}

static bool same_bits(uint64_t a, uint64_t b, const struct syz_type *t)
{
    uint32_t bits = t->scalar.bits != 0 ? t->scalar.bits : 8u * t->scalar.base_bytes;
    uint64_t mask = bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;

    return ((a ^ b) & mask) == 0;
}

static int64_t fit_flags(uint64_t v, const struct syz_type *t)
{
    uint64_t all = 0;

    for (uint32_t i = 0; i < t->flags->count; i++) {
        if (same_bits(v, t->flags->values[i], t))
            return FIT_FLAGS;
        all |= t->flags->values[i];
    }
    return (v & ~all) == 0 ? FIT_FLAGS - 1 : v == 0 ? 0 : FIT_WRONG;
}

static int64_t fit_int(uint64_t v, const struct syz_type *t)
{
    if (!t->integer.has_range)
        return FIT_PLAIN;
    return v - t->integer.min <= t->integer.max - t->integer.min ? FIT_PLAIN : FIT_WRONG;
}

static int64_t fit_resource(const struct fit *f, uint64_t v, const struct syz_type *t)
{
    const struct trace_result *found = trace_find(f->results, f->pid, v, t->resource);

    if (found != NULL && syz_resource_is_a(found->arg->type->resource, t->resource))
        return FIT_RESULT + t->resource->depth;
    if (found != NULL)
        return FIT_PLAIN;
    for (uint32_t i = 0; i < t->resource->value_count; i++)
        if (same_bits(v, t->resource->values[i], t))
            return FIT_SHAPE;
    return 0;
}

static int64_t fit_number(const struct fit *f, uint64_t v, const struct syz_type *t)
{
    switch (t->kind) {
    case SYZ_CONST: return same_bits(v, t->constant.value, t) ? FIT_CONST : FIT_NEVER;
    case SYZ_FLAGS: return fit_flags(v, t);
    case SYZ_INT: return fit_int(v, t);
    case SYZ_RESOURCE: return fit_resource(f, v, t);
    default: return 0;
    }
}

static int64_t fit_text(const struct trace_value *v, const struct syz_type *t)
{
    struct str text = v->text;

    if (t->kind != SYZ_BUFFER)
        return FIT_WRONG;
    if (t->buffer.kind == SYZ_FILENAME)
        return FIT_SHAPE;
    if (t->buffer.kind != SYZ_STRING || t->buffer.value_count == 0)
        return t->buffer.kind == SYZ_GLOB ? FIT_WRONG : FIT_PLAIN;
    while (text.size != 0 && text.text[text.size - 1] == 0)
        text.size--;
    for (uint32_t i = 0; i < t->buffer.value_count; i++)
        if (str_equal(text, t->buffer.values[i]))
            return FIT_LITERAL;
    return FIT_NEVER;
}

static bool ends_with(struct str whole, struct str tail)
{
    return whole.size >= tail.size && tail.size != 0 &&
           memcmp(whole.text + whole.size - tail.size, tail.text, tail.size) == 0;
}

/* By name (st_size for size), else by place. */
const struct trace_value *fit_field(const struct trace_value *v, const struct syz_type *type,
                                    uint32_t field)
{
    const struct str name = type->group.fields[field].name;

    if (v == NULL || v->kind != TRACE_LIST)
        return NULL;
    for (uint32_t i = 0; i < v->count; i++)
        if (ends_with(v->names[i], name) || ends_with(name, v->names[i]))
            return v->items[i];
    return field < v->count ? v->items[field] : NULL;
}

const struct trace_value *fit_pointee(const struct trace_value *v, const struct syz_type *to)
{
    bool is_one = to->kind <= SYZ_VMA || to->kind == SYZ_PTR;

    if (v != NULL && v->kind == TRACE_LIST && v->count == 1 && is_one)
        return v->items[0];
    return v == NULL || v->kind == TRACE_NUMBER ? NULL : v;
}

static int64_t fit_nested(const struct fit *f, const struct trace_value *v,
                          const struct syz_type *t, enum syz_dir dir, uint32_t nest);

static int64_t fit_list(const struct fit *f, const struct trace_value *v, const struct syz_type *t,
                        enum syz_dir dir, uint32_t nest)
{
    int64_t sum = FIT_SHAPE;

    if (t->kind == SYZ_ARRAY)
        return v->count == 0 ? 0 : fit_nested(f, v->items[0], t->array.of, dir, nest);
    for (uint32_t i = 0; i < t->group.count; i++) {
        int64_t fits =
            fit_nested(f, fit_field(v, t, i), t->group.fields[i].type, field_dir(t, i, dir), nest);
        if (fits == FIT_NEVER)
            return FIT_NEVER;
        sum += fits;
    }
    return sum;
}

static int64_t fit_union(const struct fit *f, const struct trace_value *v, const struct syz_type *t,
                         enum syz_dir dir, uint32_t nest, uint32_t *option)
{
    int64_t best = FIT_NEVER;

    for (uint32_t i = 0; i < t->group.count; i++) {
        int64_t fits = fit_nested(f, v, t->group.fields[i].type, field_dir(t, i, dir), nest);
        if (fits > best) {
            best = fits;
            *option = i;
        }
    }
    return best;
}

static int64_t fit_nested(const struct fit *f, const struct trace_value *v,
                          const struct syz_type *t, enum syz_dir dir, uint32_t nest)
{
    uint32_t option = 0;

    if (v == NULL || v->kind == TRACE_UNKNOWN || nest >= NEST_MAX || dir == SYZ_OUT)
        return 0;
    switch (t->kind) {
    case SYZ_PTR: return fit_nested(f, fit_pointee(v, t->ptr.to), t->ptr.to, t->ptr.dir, nest + 1);
    case SYZ_BUFFER: return v->kind == TRACE_TEXT ? fit_text(v, t) : 0;
    case SYZ_STRUCT:
    case SYZ_ARRAY: return v->kind == TRACE_LIST ? fit_list(f, v, t, dir, nest + 1) : FIT_WRONG;
    case SYZ_UNION: return fit_union(f, v, t, dir, nest + 1, &option);
    case SYZ_VMA:
    case SYZ_VOID: return 0;
    default: return v->kind == TRACE_NUMBER ? fit_number(f, v->number, t) : FIT_WRONG;
    }
}

int64_t fit_value(const struct fit *f, const struct trace_value *v, const struct syz_type *type,
                  enum syz_dir dir)
{
    return fit_nested(f, v, type, dir, 0);
}

uint32_t fit_option(const struct fit *f, const struct trace_value *v, const struct syz_type *type,
                    enum syz_dir dir)
{
    uint32_t option = union_default(type);

    if (v == NULL || v->kind == TRACE_UNKNOWN)
        return option;
    if (fit_union(f, v, type, dir, 0, &option) == FIT_NEVER)
        return union_default(type);
    return option;
}

/* ---- calls ---- */

static int64_t fit_args(const struct fit *f, const struct syz_call *call,
                        const struct trace_call *seen)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < call->arg_count; i++) {
        const struct trace_value *v = i < seen->args->count ? seen->args->items[i] : NULL;
        int64_t fits = fit_value(f, v, call->args[i].type, SYZ_IN);
        if (fits == FIT_NEVER)
            return FIT_NEVER;
        sum += fits;
    }
    return sum;
}

static int compare_name(struct str a, struct str b)
{
    int order = memcmp(a.text, b.text, MIN(a.size, b.size));

    return order != 0 ? order : a.size < b.size ? -1 : a.size > b.size;
}

const struct syz_call *fit_call(const struct fit *f, const struct syz_target *t,
                                const struct trace_call *seen)
{
    const struct syz_call *best = NULL;
    int64_t best_fit = FIT_NEVER;
    uint32_t low = 0, high = t->call_count;

    while (low < high) { /* variants stand beside each other: '$' sorts before letters */
        uint32_t middle = low + (high - low) / 2;
        if (compare_name(t->calls[middle].name, seen->name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < t->call_count && str_equal(t->calls[low].base, seen->name); low++) {
        const struct syz_call *call = &t->calls[low];
        if (call->why != SYZ_ENABLED)
            continue;
        int64_t fits = fit_args(f, call, seen);
        bool is_shorter = best != NULL && fits == best_fit && call->name.size < best->name.size;
        if (fits > best_fit || (is_shorter && fits != FIT_NEVER)) {
            best = call;
            best_fit = fits;
        }
    }
    return best;
}
