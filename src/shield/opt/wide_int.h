/* wide_int: shared by the files of wide. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_OPT_WIDE_INT_H
#define SHIELD_OPT_WIDE_INT_H

#include "shield/ir/ir.h"

struct halves {
    ir_value low, high;
};

struct wide {
    struct ir_func *f;
    struct diag *dg;
    struct halves *halves; /* of values that were there at the start */
    struct ir_signature *old_signatures;
    ir_value at; /* instruction that is being replaced; new ones go in front of it */
    bool found;
};

struct halves wide_halves(struct wide *w, ir_value v);
ir_value wide_emit(struct wide *w, enum ir_op op, enum ir_type type, uint8_t aux, uint32_t a,
                   uint32_t b, uint32_t c);
/* Whether v is an I128, also through aliases. */
bool wide_is(const struct wide *w, ir_value v);
/* An I64 that is nonzero when the I128 v is. */
ir_value wide_any_bit(struct wide *w, ir_value v);
uint32_t wide_position(const struct ir_signature *s, uint32_t n);

/* w->at makes an I128. */
MUST_USE enum status wide_value(struct wide *w);
/* w->at makes something else of one. */
MUST_USE enum status wide_use(struct wide *w);
/* w->at is a RESULT or a store. */
MUST_USE enum status wide_other(struct wide *w);

#endif /* SHIELD_OPT_WIDE_INT_H */
