/* tier: the compiled tier as the runtime sees it. What it does not run itself it hands to the
 * interpreter, which keeps its own state beside this one. SPDX-License-Identifier: Apache-2.0 */
#include "shield/native/native.h"

#include "base/mem.h"
#include "shield/interp/interp.h"
#include "shield/native/code.h"
#include "shield/native/plan.h"

#include <assert.h>
#include <string.h>

static void state_free(struct native_state *n)
{
    if (n == NULL)
        return;
    native_stack_release(n);
    native_plans_free(n);
    mem_free(n->regions);
    mem_free(n);
}

static void store_free(struct rt_store *s)
{
    struct native_state *n = s->native_state;

    s->native_state = NULL;
    state_free(n);
    interp_tier()->store_free(s);
}

static enum status store_init(struct rt_store *s, struct diag *dg)
{
    TRY(interp_tier()->store_init(s, dg));
    struct native_state *n = mem_alloc(1, sizeof(*n));
    if (n == NULL) {
        interp_tier()->store_free(s);
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "the host refused %zu bytes for a store",
                         sizeof(*n));
    }
    n->store = s;
    n->interrupted = &s->interrupted;
    n->host_context[CONTEXT_INDEX_activation] = n;
    n->host_context[CONTEXT_INDEX_store] = s;
    s->native_state = n;
    s->host_context = n->host_context;
    return ST_OK;
}

static void interrupt(struct rt_store *s)
{
    struct native_state *n = s->native_state;

    if (n != NULL)
        native_signals_interrupt(n);
}

static void show_words(const uint8_t *from, const uint8_t *to,
                       void (*visit)(void *ctx, uint64_t *ref), void *ctx)
{
    for (; from < to; from += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, from, sizeof(word));
        visit(ctx, &word);
    }
}

/* Compiled frames cannot tell references from numbers: every word is shown. */
static void gc_roots(struct rt_store *s, void (*visit)(void *ctx, uint64_t *ref), void *ctx)
{
    const struct native_state *n = s->native_state;

    interp_tier()->gc_roots(s, visit, ctx);
    if (n == NULL || n->mapping == NULL || n->depth == 0)
        return;
    assert(((uintptr_t)n->guest_rsp & 7) == 0 && "words");
    show_words(n->guest_rsp, n->stack_top, visit, ctx);
    show_words(n->overflow, n->overflow + (size_t)OVERFLOW_SLOTS * OVERFLOW_SLOT_BYTES, visit,
               ctx);
}

static void module_free(struct rt_module *m)
{
    native_code_free(m->image);
    native_code_free(atomic_load_explicit(&m->other_image, memory_order_relaxed));
    m->image = NULL;
    interp_tier()->module_free(m);
}

const struct rt_tier *native_tier(void)
{
    static struct rt_tier tier = {.name = "compiled",
                                  .call = native_call,
                                  .store_init = store_init,
                                  .store_free = store_free,
                                  .module_unpack = native_module_unpack,
                                  .module_init = native_module_init,
                                  .module_free = module_free,
                                  .instance_init = native_instance_init,
                                  .instance_free = native_instance_free,
                                  .interrupt = interrupt,
                                  .gc_roots = gc_roots};
    void (*thunk)(void) = native_host_thunk;

    memcpy(&tier.host_code, &thunk, sizeof(thunk));
    memcpy(&tier.func_code, &thunk, sizeof(thunk));
    return &tier;
}
