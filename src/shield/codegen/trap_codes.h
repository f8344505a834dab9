/* trap_codes: the codes that fixed sequences put into the trap table themselves. Those of
 * shield/runtime/traps.def; who includes both asserts that. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_CODEGEN_TRAP_CODES_H
#define SHIELD_CODEGEN_TRAP_CODES_H

enum codegen_trap_code {
    CODEGEN_TRAP_DIVIDE_BY_ZERO = 1,
    CODEGEN_TRAP_INTEGER_OVERFLOW = 2,
    CODEGEN_TRAP_INVALID_CONVERSION = 3,
    CODEGEN_TRAP_MEMORY_BOUNDS = 4,
    CODEGEN_TRAP_UNDEFINED_ELEMENT = 7,
    CODEGEN_TRAP_UNINITIALIZED = 8,
    CODEGEN_TRAP_SIGNATURE_MISMATCH = 9,
    CODEGEN_TRAP_STACK_EXHAUSTED = 10,
};

#endif /* SHIELD_CODEGEN_TRAP_CODES_H */
