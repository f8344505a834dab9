/* rules: everything that the C made from rules/x64 includes, and its roots.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_CODEGEN_X64_RULES_H
#define SHIELD_CODEGEN_X64_RULES_H

#include "shield/codegen/x64/select_int.h"
#include "shield/codegen/x64/select_vector.h"

/* What computes a value; what an instruction without a value becomes. False: no rule fits. */
bool sel_value(struct select *c, const struct ir_inst *inst, ir_value self, mir_vreg *out);
bool sel_effect(struct select *c, const struct ir_inst *inst, ir_value self);

#endif /* SHIELD_CODEGEN_X64_RULES_H */
