/* make_blind: arguments by someone who does not know what a call takes: numbers. What the model
 * needs to be a program at all (structs, buffers) is there with nothing in it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/make.h"

static uint64_t any_number(struct rng *r)
{
    return rng_chance(r, 1, 2) ? rng_next(r) : make_random(r);
}

struct syz_arg *make_blind(struct syz_maker *m, const struct syz_type *type, enum syz_dir dir)
{
    struct syz_arg *arg = syz_arg_default(m->a, type, dir);

    switch (arg->kind) {
    case SYZ_ARG_CONST: arg->value = make_truncate(any_number(m->rng), make_bits(type)); break;
    case SYZ_ARG_RESULT: arg->result.value = any_number(m->rng); break;
    case SYZ_ARG_POINTER:
        /* Only numbers that are no address of the data region can be told from pointers. */
        arg->pointer.to = NULL;
        arg->pointer.is_special = true;
        arg->pointer.address = make_special(m);
        break;
    case SYZ_ARG_DATA:
    case SYZ_ARG_GROUP:
    case SYZ_ARG_UNION: break;
    }
    return arg;
}
