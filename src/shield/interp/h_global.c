/* h_global: handlers of globals. SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/handler.h"
#include "shield/interp/vector.h"

HANDLER(GLOBAL_GET)
{
    uint64_t v = cx->globals[pc[3]]->i64;
    PUT(u64, 0, v);
    NEXT(2);
}

HANDLER(GLOBAL_SET)
{
    cx->globals[pc[3]]->i64 = GET(u64, 0);
    NEXT(2);
}

HANDLER(GLOBAL_GET16)
{
    union v128 v;
    memcpy(&v, cx->globals[pc[3]]->v128, sizeof(v));
    PUT(v128, 0, v);
    NEXT(2);
}

HANDLER(GLOBAL_SET16)
{
    union v128 v = GET(v128, 0);
    memcpy(cx->globals[pc[3]]->v128, &v, sizeof(v));
    NEXT(2);
}
