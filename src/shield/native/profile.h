/*
 * profile: tells perf which function is where in compiled code.
 *
 *   PERFMAP   /tmp/perf-PID.map: names only; perf reads it by itself
 *   JITDUMP   jit-PID.dump in the current folder: names and code, for perf inject --jit and then
 *             perf annotate; record with perf record -k mono
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_NATIVE_PROFILE_H
#define SHIELD_NATIVE_PROFILE_H

#include "shield/native/native.h"
#include "shield/native/state.h"

/* Adds the functions of a module. Files that cannot be written are done without. */
void native_profile_add(enum native_profile kind, struct rt_module *m,
                        const struct native_code *code);

#endif /* SHIELD_NATIVE_PROFILE_H */
