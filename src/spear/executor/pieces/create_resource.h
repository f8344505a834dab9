/* create_resource: turns a plain value into a resource. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

static long syz_create_resource(uint64_t value)
{
    return (long)value;
}
