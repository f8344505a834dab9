/*
 * bytes_int: what bytes.c and bytes_load.c share: a number seen as bytes of other values.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_OPT_BYTES_INT_H
#define SHIELD_OPT_BYTES_INT_H

#include "shield/ir/ir.h"

enum {
    BYTES_MAX = 8,
    BYTES_LOOKED_MAX = 40,   /* values looked at for one number */
    BYTES_BETWEEN_MAX = 100, /* instructions from the first load to the number */
};

/* Where a byte comes from; value IR_NONE: it is zero. */
struct byte {
    ir_value value;
    uint8_t index;
};

struct bytes_uses {
    const uint8_t *of; /* per value: 0, 1, 2: more */
    uint32_t count;    /* of values when they were counted */
};

struct bytes_tree {
    struct ir_func *f;
    const struct bytes_uses *uses;
    ir_value root;
    ir_value nodes[BYTES_LOOKED_MAX]; /* but for the root: what was looked through, and loads */
    uint32_t node_count, looked;
    bool shared; /* a node has other users too */
};

/* v's n low bytes turned around, as the root's type; made in front of the root. */
ir_value bytes_turned(struct ir_func *f, ir_value root, ir_value v, uint32_t n);
/* One load that gives the n bytes of the root; IR_NONE: they are not such, nothing was done. */
ir_value bytes_load(const struct bytes_tree *t, const struct byte bytes[BYTES_MAX], uint32_t n);

static inline ir_value bytes_before(struct ir_func *f, ir_value where, struct ir_inst i)
{
    const ir_value v = ir_inst_new(f, i);

    ir_insert_before(f, where, v);
    return v;
}

#endif /* SHIELD_OPT_BYTES_INT_H */
