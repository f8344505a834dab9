/* prog_check: whether a program is one that its text form can hold, and that could have been made
 * from the descriptions. A check on ourselves. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/prog_int.h"

struct checking {
    const struct syz_prog *p;
    uint32_t step;
    struct arg_map seen; /* results of this call and those before */
    struct diag *dg;
    enum status status;
};

static bool refuse(struct checking *c, const struct syz_arg *arg, const char *expected)
{
    const struct syz_call *call = c->p->steps[c->step].call;

    c->status = diag_fail(c->dg, ST_INVALID, DIAG_NO_OFFSET,
                          "expected %s, found otherwise in call #%u, %.*s, argument of type %.*s",
                          expected, c->step, (int)call->name.size, call->name.text,
                          (int)MIN(arg->type->name.size, (size_t)80), arg->type->name.text);
    return false;
}

static bool check_pointer(struct checking *c, const struct syz_arg *arg)
{
    uint64_t bytes = arg->pointer.vma_bytes;

    if (arg->pointer.is_special)
        return arg->pointer.to == NULL || refuse(c, arg, "nothing behind a special address");
    if (arg->pointer.address >= SYZ_DATA_BYTES)
        return refuse(c, arg, "an address in the data region");
    if (arg->type->kind == SYZ_PTR)
        return (arg->pointer.to != NULL && (syz_type_is_any(c->p->target, arg->type) ||
                                            arg->pointer.to->type == arg->type->ptr.to)) ||
               refuse(c, arg, "what the pointer's type says behind it");
    return (arg->pointer.to == NULL && arg->pointer.address % SYZ_PAGE_BYTES == 0 &&
            bytes % SYZ_PAGE_BYTES == 0 && bytes != 0 && bytes <= SYZ_DATA_BYTES) ||
           refuse(c, arg, "whole pages of the data region");
}

static bool check_group(struct checking *c, const struct syz_arg *arg)
{
    const struct syz_type *t = arg->type;

    if (t->kind == SYZ_STRUCT && arg->group.count != t->group.count)
        return refuse(c, arg, "one argument per field");
    if (t->kind == SYZ_ARRAY && is_fixed_group(t) && arg->group.count != t->array.min)
        return refuse(c, arg, "the number of elements that the type says");
    for (uint32_t i = 0; i < arg->group.count; i++)
        if (arg->group.items[i]->type !=
                (t->kind == SYZ_STRUCT ? t->group.fields[i].type : t->array.of) &&
            arg->group.items[i]->type->kind != SYZ_PTR)
            return refuse(c, arg, "fields of their types");
    return true;
}

static bool check_result(struct checking *c, const struct syz_arg *arg)
{
    const struct syz_arg *from = arg->result.from;

    if (from != NULL && arg_map_get(&c->seen, from) == ARG_NONE)
        return refuse(c, arg, "the result of a call before");
    if (from != NULL && from->kind != SYZ_ARG_RESULT)
        return refuse(c, arg, "a result to come from a result");
    arg_map_put(&c->seen, arg, 0);
    return true;
}

static bool check_arg(void *ctx, const struct syz_visit *v)
{
    struct checking *c = ctx;
    const struct syz_arg *arg = v->arg;
    const struct syz_type *t = arg->type;

    if (arg->kind != arg_kind_of(t))
        return refuse(c, arg, "a kind of argument that fits its type");
    switch (arg->kind) {
    case SYZ_ARG_POINTER: return check_pointer(c, arg);
    case SYZ_ARG_DATA:
        if ((arg->dir == SYZ_OUT) != (arg->data.bytes == NULL))
            return refuse(c, arg, "bytes, except of what the kernel writes");
        return t->is_varlen || arg->data.size == t->size_bytes ||
               refuse(c, arg, "as many bytes as the type says");
    case SYZ_ARG_GROUP: return check_group(c, arg);
    case SYZ_ARG_UNION:
        return (arg->choice.option < t->group.count &&
                (arg->choice.value->type == t->group.fields[arg->choice.option].type ||
                 arg->choice.value->type->kind == SYZ_PTR)) ||
               refuse(c, arg, "an option of the union, and its value");
    case SYZ_ARG_RESULT: return check_result(c, arg);
    default: return true;
    }
}

enum status syz_prog_check(const struct syz_prog *p, struct diag *dg)
{
    struct checking c = {.p = p, .seen = {.arena = p->arena}, .dg = dg};

    if (p->count > SYZ_TEXT_CALLS_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "expected at most %d calls, found %u",
                         SYZ_TEXT_CALLS_MAX, p->count);
    for (c.step = 0; c.step < p->count && c.status == ST_OK; c.step++) {
        struct syz_step *step = &p->steps[c.step];
        if ((step->result != NULL) != (step->call->result != NULL))
            return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET,
                             "expected a result where the call has one, found otherwise in call "
                             "#%u",
                             c.step);
        syz_step_visit(step, check_arg, &c);
    }
    return c.status;
}
