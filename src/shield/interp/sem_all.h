/* sem_all: every sem_*.def, for tables that need a row per operator. No include guard: it is
 * expanded several times. SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/sem_atomic.def"
#include "shield/interp/sem_float.def"
#include "shield/interp/sem_hand.def"
#include "shield/interp/sem_int.def"
#include "shield/interp/sem_memory.def"
#include "shield/interp/sem_plain.def"
#include "shield/interp/sem_simd.def"
