/* status: version, and the words for statuses and traps. The enums of mujun.h cannot include our
 * .def files, so each row is compared with its twin here. SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"

#define MUJUN_E_OK MUJUN_OK
#define STATUS(name, text, exit)                                                                   \
    _Static_assert((int)MUJUN_E_##name == (int)ST_##name, "as in status.def");
#include "base/status.def"
#undef STATUS
#undef MUJUN_E_OK
_Static_assert((int)MUJUN_E_EXIT + 1 == (int)ST_COUNT, "no row is missing");

#define TRAP(name, text)                                                                           \
    _Static_assert((int)MUJUN_TRAP_##name == (int)RT_TRAP_##name, "as in traps.def");
#include "shield/runtime/traps.def"
#undef TRAP
_Static_assert((int)MUJUN_TRAP_DAMAGED_REFERENCE + 1 == (int)RT_TRAP_COUNT, "no row is missing");

#define TEXT(x)         #x
#define DOTTED(a, b, c) TEXT(a) "." TEXT(b) "." TEXT(c)

const char *mujun_version(void)
{
    return DOTTED(MUJUN_VERSION_MAJOR, MUJUN_VERSION_MINOR, MUJUN_VERSION_PATCH);
}

int mujun_version_number(void)
{
    return MUJUN_VERSION_NUMBER;
}

const char *mujun_status_text(enum mujun_status status)
{
    return (unsigned)status < ST_COUNT ? status_text((enum status)status) : "unknown status";
}

const char *mujun_trap_text(enum mujun_trap_code code)
{
    return (unsigned)code < RT_TRAP_COUNT ? rt_trap_text((enum rt_trap_code)code) : "unknown trap";
}
