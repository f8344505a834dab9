/* const_expr: evaluates constant expressions of a validated module.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_RUNTIME_CONST_EXPR_H
#define SHIELD_RUNTIME_CONST_EXPR_H

#include "shield/runtime/store.h"

/* Functions and the globals before this expression must be there. The result is not rooted.
 * Ends with ST_OK, or ST_LIMIT or ST_NO_MEMORY with a message in dg. */
MUST_USE enum status rt_const_expr(struct rt_instance *i, struct wm_bytes expr, union rt_value *out,
                                   struct diag *dg);

#endif /* SHIELD_RUNTIME_CONST_EXPR_H */
