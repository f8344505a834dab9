/* stack: the guest stack of a store, made for its first instance that is compiled.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/native/state.h"

#include "base/mem.h"

#include <assert.h>
#include <sys/mman.h>

enum { PAGE = 4096 };
#define OVERFLOW_BYTES ((size_t)OVERFLOW_SLOTS * OVERFLOW_SLOT_BYTES)

static size_t page_up(size_t bytes)
{
    return (bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
}

enum status native_stack_ensure(struct native_state *n, struct diag *dg)
{
    if (n->mapping != NULL)
        return ST_OK;
    uint64_t limit = n->store->limits.stack_bytes;
    if (limit > SIZE_MAX / 2)
        limit = SIZE_MAX / 2;
    const size_t stack_bytes = page_up(MAX((size_t)limit, (size_t)PAGE));
    const size_t bytes = STACK_GUARD_BYTES + stack_bytes + OVERFLOW_BYTES;
    void *at = mem_fault_step() ? MAP_FAILED
                                : mmap(NULL, bytes, PROT_NONE,
                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at != MAP_FAILED && mprotect((uint8_t *)at + STACK_GUARD_BYTES, bytes - STACK_GUARD_BYTES,
                                     PROT_READ | PROT_WRITE) != 0) {
        munmap(at, bytes);
        at = MAP_FAILED;
    }
    if (at == MAP_FAILED)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET,
                         "the host refused %zu bytes for a guest stack", bytes);
    n->mapping = at;
    n->mapping_bytes = bytes;
    n->stack_low = n->mapping + STACK_GUARD_BYTES + NATIVE_THUNK_BYTES;
    n->stack_top = n->mapping + STACK_GUARD_BYTES + stack_bytes;
    n->guest_rsp = n->stack_top;
    n->overflow = n->stack_top;
    n->host_context[CONTEXT_INDEX_overflow] = n->overflow;
    return ST_OK;
}

void native_stack_release(struct native_state *n)
{
    assert(n->depth == 0 && "nobody runs on it");
    if (n->mapping != NULL)
        munmap(n->mapping, n->mapping_bytes);
    n->mapping = NULL;
}
