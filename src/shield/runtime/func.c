/* func: calls from C into functions of either kind. SPDX-License-Identifier: Apache-2.0 */
#include "shield/runtime/limits.h"
#include "shield/runtime/store.h"

#include <assert.h>

static enum status dispatch(struct rt_store *s, struct rt_func *fn, const union rt_value *args,
                            union rt_value *results)
{
    if (fn->instance == NULL)
        return rt_call_host(s, NULL, fn, args, results);
    const struct rt_tier *tier = s->engine->config.tier;
    CHECK(tier != NULL && tier->call != NULL, "an engine without a tier was asked to run code");
    return tier->call(s, fn, args, results);
}

enum status rt_call(struct rt_store *s, struct rt_func *fn, const union rt_value *args,
                    union rt_value *results)
{
    assert(fn != NULL && "callers refuse null references");
    assert((fn->instance == NULL || fn->instance->store == s) && "functions stay in their store");
    if (s->host_depth >= s->limits.host_depth)
        return rt_limit_fail(&s->diag, RT_LIMIT_host_depth, s->limits.host_depth,
                             (uint64_t)s->host_depth + 1);
    s->host_depth++;
    enum status st = dispatch(s, fn, args, results);
    s->host_depth--;
    /* An interrupt ends one run from outside, however deep, not the next one too. */
    if (st == ST_TIMEOUT && s->host_depth == 0)
        atomic_store_explicit(&s->interrupted, 0, memory_order_relaxed);
    return st;
}
