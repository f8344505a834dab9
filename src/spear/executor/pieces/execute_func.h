/* execute_func: runs machine code of the program's. It may do anything; what it faults on is
 * survived. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <string.h>

#include "spear/executor/pieces/segv_guard.h"

static long syz_execute_func(uint64_t code)
{
    void (*function)(void) = NULL;
    const uintptr_t address = (uintptr_t)code;

    memcpy(&function, &address, sizeof(function));
    GUARDED(function());
    return 0;
}
