/* run: a call from C into compiled code, and calls from there to C. Runs nest: a host function may
 * call a guest, whose run goes on below on the same guest stack.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/native/plan.h"

#include "shield/interp/interp.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

__attribute__((tls_model("initial-exec"))) _Thread_local struct native_state *native_current;

/* ---- how a run ends ---- */

/* The innermost frame after a thunk has left: the caller's, at its call. */
static void backtrace_thunk(struct native_state *n)
{
    uintptr_t pc;

    if (n->guest_frame == NULL) /* interrupted before the first instruction */
        return;
    memcpy(&pc, n->guest_frame, sizeof(pc));
    native_backtrace(n, pc - 1, (uintptr_t)n->guest_frame + sizeof(pc));
}

/* Is the address of a fault inside something that this store's guests may touch and miss? */
static bool is_in_memories(struct native_state *n, uintptr_t address)
{
    for (const struct rt_instance *i = n->store->instances; i != NULL; i = i->next)
        for (uint32_t k = 0; k < i->module->wm.memory_count; k++) {
            const struct rt_memory *m = i->memories[k];
            uintptr_t base = m != NULL ? (uintptr_t)m->base : 0;
            if (m != NULL && address - base < m->reserved_bytes + m->guard_bytes)
                return true;
        }
    return false;
}

static enum status end_trapped(struct native_state *n)
{
    const struct native_fault fault = n->fault;

    if (fault.has_address && !is_in_memories(n, fault.address))
        check_failed("sandbox escape", "compiled code has touched memory that is not its own",
                     __FILE__, __LINE__);
    enum status st = rt_trap_raise(n->store, (enum rt_trap_code)fault.code, NULL);
    if (st == ST_TRAP)
        native_backtrace(n, fault.pc, fault.sp);
    return st;
}

static enum status end(struct native_state *n, uint32_t code)
{
    struct rt_store *s = n->store;
    enum status st;

    switch (code) {
    case NATIVE_TRAPPED: return end_trapped(n);
    case NATIVE_TIMEOUT:
        return diag_fail(&s->diag, ST_TIMEOUT, DIAG_NO_OFFSET, "the run was interrupted");
    case NATIVE_EXHAUSTED: st = rt_trap_raise(s, RT_TRAP_STACK_EXHAUSTED, NULL); break;
    default: st = (enum status)code; break;
    }
    if (st == ST_TRAP && s->trap != NULL)
        backtrace_thunk(n);
    return st;
}

/* ---- into the guest ---- */

static enum status enter(struct native_state *n, struct rt_func *fn, const union rt_value *args,
                         union rt_value *results)
{
    const struct native_plan *plan = native_plan_of(n, fn);
    struct native_state *outer = native_current;
    struct native_regs regs;

    if (plan == NULL)
        return diag_fail(&n->store->diag, ST_NO_MEMORY, DIAG_NO_OFFSET, "to call a function");
    if (n->guest_rsp < n->stack_low || n->depth >= NATIVE_DEPTH_MAX)
        return rt_trap_raise(n->store, RT_TRAP_STACK_EXHAUSTED, NULL);
    if (n->depth == 0)
        TRY(native_signals_enter(n, &n->store->diag));
    native_put(n, &plan->params, &regs, args);
    n->depth++;
    native_current = n;
    uint32_t code = native_enter(n, &regs, fn->code, fn->context, plan->has_vectors);
    native_current = outer;
    n->depth--;
    if (UNLIKELY(code != 0))
        return end(n, code);
    return native_get(n, &plan->results, &regs, results);
}

enum status native_call(struct rt_store *s, struct rt_func *fn, const union rt_value *args,
                        union rt_value *results)
{
    if (fn->instance->context == NULL || fn->instance->is_metered != s->fuel_on)
        return interp_tier()->call(s, fn, args, results);
    return enter(s->native_state, fn, args, results);
}

/* ---- out of the guest ---- */

static enum status call_out(struct native_state *n, struct rt_func *fn,
                            struct rt_instance *caller, const union rt_value *args,
                            union rt_value *results)
{
    struct rt_store *s = n->store;

    if (fn->instance == NULL)
        return rt_call_host(s, caller, fn, args, results);
    if (n->depth >= NATIVE_DEPTH_MAX)
        return rt_trap_raise(s, RT_TRAP_STACK_EXHAUSTED, NULL);
    n->depth++; /* the interpreter may call compiled code again: all of this is on C's stack */
    enum status st = native_call(s, fn, args, results);
    n->depth--;
    return st;
}

/* A plain signature: the host function reads its arguments where the thunk has put them. */
static enum status call_in_place(struct native_state *n, struct native_regs *regs,
                                 const struct native_plan *plan, struct rt_func *fn,
                                 struct rt_instance *caller)
{
    union rt_value results[NATIVE_RESULTS];
    enum status st = rt_call_host(n->store, caller, fn, native_plain(&plan->params, regs), results);

    if (LIKELY(st == ST_OK))
        native_copy_plain(&plan->results, results, native_plain(&plan->results, regs));
    return st;
}

/* Any other. Room for the values is taken from the guest stack, where a collection finds what they
 * refer to. */
static __attribute__((noinline)) uint32_t call_with_copies(struct native_state *n,
                                                           struct native_regs *regs,
                                                           const struct native_plan *plan,
                                                           struct rt_func *fn,
                                                           struct rt_instance *caller)
{
    if (UNLIKELY((size_t)(n->guest_rsp - n->stack_low) < plan->array_bytes))
        return NATIVE_EXHAUSTED;
    n->guest_rsp -= plan->array_bytes;
    union rt_value *args = (void *)n->guest_rsp;
    union rt_value *results = args + plan->params.count;
    enum status st = native_get(n, &plan->params, regs, args);
    if (LIKELY(st == ST_OK))
        st = call_out(n, fn, caller, args, results);
    if (LIKELY(st == ST_OK))
        native_put(n, &plan->results, regs, results);
    return st;
}

/* Called by native_host_thunk. */
uint32_t native_host_call(struct native_state *n, struct native_regs *regs, struct rt_func *fn,
                          const uint8_t *caller_context);
uint32_t native_host_call(struct native_state *n, struct native_regs *regs, struct rt_func *fn,
                          const uint8_t *caller_context)
{
    const struct native_plan *plan = native_plan_of(n, fn);
    struct rt_instance *caller;

    if (UNLIKELY(plan == NULL))
        return diag_fail(&n->store->diag, ST_NO_MEMORY, DIAG_NO_OFFSET, "to call a function");
    memcpy(&caller, caller_context + CONTEXT_OFFSET(instance), sizeof(struct rt_instance *));
    if (LIKELY(plan->is_plain && fn->instance == NULL))
        return call_in_place(n, regs, plan, fn, caller);
    return call_with_copies(n, regs, plan, fn, caller);
}
