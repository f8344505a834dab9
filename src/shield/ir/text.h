/*
 * text: the text form of a function. Printing and reading again gives the same text.
 *
 *   function 3 "sum" signature 0
 *     signature 0 (i32, i64) -> (i32)
 *     signature 1 (i64) -> ()
 *     callee 0 local 5 signature 1 no_effect
 *     site 0 table 72 type 900 signature 1 size 0 index i32
 *     slot 0 bytes 16 align 8
 *     inlined 0 source 4711 function 12 parent 77
 *   block 0 (v0:i32, v1:i64)
 *     v2:i32 = iconst 0x10
 *     v3:i32 = iadd v0 v2 @77
 *     v4:i32 = icmp.ult v3 v0
 *     v5:i64 = load v1 {offset 8 bytes 8 region 8 trap 5 notrap readonly signed aligned}
 *     branch v4 block 1 (v3) block 2 ()
 *   block 1 cold loop (v6:i32)
 *     return (v6)
 *
 * Words are separated by blanks; line ends matter only in front of `block` and instructions. A
 * semicolon starts a comment that ends with the line. @N is the position in the front end's input;
 * with the high bit, the number of an `inlined`. SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_IR_TEXT_H
#define SHIELD_IR_TEXT_H

#include "shield/ir/ir.h"

enum ir_print {
    IR_PRINT_DENSE,   /* values numbered in the order of the text: equal functions, equal text */
    IR_PRINT_NUMBERS, /* values by their own numbers, for looking into a pass */
};

/* Appends the function. Needs arena_guard() of out->arena. */
void ir_print(const struct ir_func *f, enum ir_print how, struct buf *out);

/* Reads one function into *out, whose arrays live in a. ST_MALFORMED with line and column. The
 * result is well formed as text, not yet checked (check.h). Needs arena_guard() of a. */
MUST_USE enum status ir_parse(struct str text, struct arena *a, struct ir_func *out,
                              struct diag *dg);

#endif /* SHIELD_IR_TEXT_H */
