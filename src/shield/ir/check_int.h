/* check_int: shared by the files of the checker. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_IR_CHECK_INT_H
#define SHIELD_IR_CHECK_INT_H

#include "shield/ir/ir.h"

struct ir_checker {
    struct ir_func *f;
    struct diag *dg;
    ir_value at; /* instruction under judgement */
};

/* ST_INVALID: names the instruction. */
enum status ir_check_fail(struct ir_checker *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Do the operands of the instruction have the types its operation asks for? */
MUST_USE enum status ir_check_types(struct ir_checker *c);
/* Is each value defined where it is used? f's blocks and edges are good already. */
MUST_USE enum status ir_check_dominance(struct ir_checker *c);

#endif /* SHIELD_IR_CHECK_INT_H */
