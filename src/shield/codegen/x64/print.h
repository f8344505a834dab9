/* print: mir as text. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_CODEGEN_X64_PRINT_H
#define SHIELD_CODEGEN_X64_PRINT_H

#include "base/buf.h"
#include "shield/codegen/x64/x64.h"

/* Appends the function; with the places of an allocation, which may be NULL. Operands: > a def, ? a
 * register or slot, ! a fixed register, = that of an operand, ~ early def or late use. Needs
 * arena_guard() of out->arena. */
void x64_print(const struct x64_lowered *lowered, const struct mir_allocation *a, struct buf *out);

#endif /* SHIELD_CODEGEN_X64_PRINT_H */
