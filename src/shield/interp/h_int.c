/* h_int: handlers of the integer operators, made from sem_int.def.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/handler.h"
#include "shield/interp/h_scalar.h"

#define FUN(name, ta, tr, expr)
#define FBIN(name, t, expr)
#define TRUNC(name, ta, tr, expr, in_range)
#define XCMP(name, t, expr, opposite)
#include "shield/interp/sem_int.def"
