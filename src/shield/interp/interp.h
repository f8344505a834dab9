/*
 * interp: the reference interpreter, the tier every other one is judged against. Each function is
 * translated on its first call into a compact register code (see interp_int.h) and run from there.
 *
 * Fuel counts instructions: every WebAssembly instruction that is executed costs 1, except the
 * ones that only give structure: block, loop, try_table, try, else, end, catch, catch_all,
 * delegate and nop. `if`, br_table, drop, select and constants cost 1 like any other. The charge
 * is made in front of straight pieces of code that end at the first instruction which may trap,
 * call, branch, allocate or write anything but locals, so whatever can be seen from outside
 * (memory, globals, tables, host calls, the fuel that is left at a trap, a return or a host call)
 * is as if each instruction had been counted alone. A run that ends with ST_FUEL has fuel 0.
 *
 * Relaxed SIMD always gives the deterministic result of the specification, also when the engine
 * does not ask for it. NaNs follow the host's hardware unless the engine asks for canonical ones.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_INTERP_INTERP_H
#define SHIELD_INTERP_INTERP_H

#include "base/buf.h"
#include "shield/runtime/store.h"

const struct rt_tier *interp_tier(void);

/* Translates the func_index-th function (imports included) when that has not happened yet, and
 * appends its internal code, one instruction a line. Needs arena_guard() of out->arena. metered:
 * the variant that counts fuel. */
MUST_USE enum status interp_dump(struct rt_module *m, uint32_t func_index, bool metered,
                                 struct buf *out, struct diag *dg);

/* Work done by all translations of this process so far, in visits of operators and stack entries:
 * for the test that translation is linear. */
uint64_t interp_translate_steps(void);

#endif /* SHIELD_INTERP_INTERP_H */
