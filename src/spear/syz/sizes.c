/* sizes: lengths and offsets of fields, as the arguments now are.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/prog_int.h"

/* What the description says is behind pointers and conditions; NULL: an enclosing struct is meant.
 */
static const struct syz_type *declared(const struct path_target *target)
{
    const struct syz_type *t = target->field == NULL ? NULL : target->field->type;

    while (t != NULL && (t->kind == SYZ_PTR || is_hidden_union(t)))
        t = t->kind == SYZ_PTR ? t->ptr.to : t->group.fields[0].type;
    return t;
}

static void set_length(struct syz_arg *len, const struct path_target *target)
{
    struct syz_arg *inside = arg_inside(target->arg);
    uint64_t unit_bits = len->type->len.unit_bits;
    const struct syz_type *t = declared(target);
    bool counts = unit_bits == 0 && t != NULL && t->kind == SYZ_ARRAY;

    unit_bits = unit_bits == 0 ? 8 : unit_bits;
    if (inside == NULL)
        len->value = 0;
    else if (inside->type->kind == SYZ_VMA)
        len->value = inside->pointer.vma_bytes * 8 / unit_bits;
    else if (!counts)
        len->value = syz_arg_bytes(inside) * 8 / unit_bits;
    else if (inside->type == t) /* else squashed: bytes have no elements, and the number stays */
        len->value = inside->group.count;
}

static void assign(void *ctx, const struct path_frame *frame, const struct syz_field *field,
                   struct syz_arg **place)
{
    const struct arg_map *only = ctx;
    struct syz_arg *arg = *place;
    const struct syz_type *t = arg->type;
    struct path_target target;

    (void)field;
    if (t->kind != SYZ_LEN || (only != NULL && arg_map_get(only, arg) == ARG_NONE))
        return;
    if (!path_follow(frame, &t->len.path, &target)) {
        arg->value = 0;
        return;
    }
    if (t->len.is_offset) {
        arg->value = target.group == NULL ? 0 : field_offset(target.group, target.index);
        return;
    }
    set_length(arg, &target);
}

void step_assign_sizes(struct syz_step *step, const struct arg_map *only)
{
    frames_visit(step, assign, (void *)(uintptr_t)only);
}

void syz_step_assign_sizes(struct syz_prog *p, struct syz_step *step)
{
    (void)p;
    step_assign_sizes(step, NULL);
}
