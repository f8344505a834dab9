/* trapcodes: the codes that generated code traps with. They are those of the runtime: both expand
 * runtime/traps.def. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_COMPILE_TRAPCODES_H
#define SHIELD_COMPILE_TRAPCODES_H

enum trap_code {
#define TRAP(name, text) TRAP_##name,
#include "shield/runtime/traps.def"
#undef TRAP
    TRAP_CODE_COUNT
};

#endif /* SHIELD_COMPILE_TRAPCODES_H */
