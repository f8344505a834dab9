/*
 * native_code: runs what codegen_function() made without a sandbox. The one place in the tests that
 * makes memory executable by itself: everything else goes through the verifier.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_NATIVE_CODE_H
#define TESTS_UNIT_NATIVE_CODE_H

#include "shield/codegen/codegen.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { NATIVE_NO_TRAP = -1, NATIVE_FAULT = -2 };

struct native_code {
    uint8_t *base;
    size_t bytes;
    const struct codegen_code *code; /* borrowed */
};

static inline void native_put32(uint8_t *at, int64_t value)
{
    const int32_t narrow = (int32_t)value;

    memcpy(at, &narrow, 4);
}

/* Code, then its pool. Calls of kind LOCAL lead to the function itself; symbols to `symbols`. */
static inline bool native_map(struct native_code *n, const struct codegen_code *code)
{
    const size_t pool = (code->size + 15u) & ~(size_t)15;

    n->code = code;
    n->bytes = pool + code->pool_size + 64;
    n->base = mmap(NULL, n->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (n->base == MAP_FAILED)
        return false;
    memcpy(n->base, code->bytes, code->size);
    if (code->pool_size > 0)
        memcpy(n->base + pool, code->pool, code->pool_size);
    for (uint32_t i = 0; i < code->reloc_count; i++) {
        const struct codegen_reloc *r = &code->relocs[i];
        const size_t target = r->kind == CODEGEN_RELOC_POOL ? pool + r->number : 0;
        native_put32(n->base + r->offset, (int64_t)target - (r->offset + 4));
    }
    for (uint32_t t = 0; t < code->jump_table_count; t++) {
        const struct codegen_jump_table *table = &code->jump_tables[t];
        const size_t at = pool + table->pool_offset;
        for (uint32_t k = 0; k < table->count; k++)
            native_put32(n->base + at + 4 * (size_t)k, (int64_t)table->targets[k] - (int64_t)at);
    }
    return mprotect(n->base, n->bytes, PROT_READ | PROT_EXEC) == 0;
}

static inline void native_unmap(struct native_code *n)
{
    munmap(n->base, n->bytes);
}

static sigjmp_buf native_return;
static const struct native_code *native_running;
static volatile int native_trap;

static void native_on_signal(int number, siginfo_t *info, void *context)
{
    const ucontext_t *u = context;
    const uint64_t at = (uint64_t)u->uc_mcontext.gregs[REG_RIP] - (uintptr_t)native_running->base;

    (void)number;
    (void)info;
    native_trap = NATIVE_FAULT;
    for (uint32_t i = 0; i < native_running->code->trap_count; i++)
        if (native_running->code->traps[i].offset == at)
            native_trap = native_running->code->traps[i].code;
    siglongjmp(native_return, 1);
}

/* Calls call(ctx), which enters the code. Returns a trap code, NATIVE_NO_TRAP, or NATIVE_FAULT for
 * a fault at an instruction that has no entry in the trap table. */
static inline int native_guard(const struct native_code *n, void (*call)(void *ctx), void *ctx)
{
    static const int signals[] = {SIGILL, SIGFPE, SIGSEGV, SIGBUS};
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_NODEFER}, old[LENGTH_OF(signals)];

    action.sa_sigaction = native_on_signal;
    native_running = n;
    native_trap = NATIVE_NO_TRAP;
    for (size_t i = 0; i < LENGTH_OF(signals); i++)
        sigaction(signals[i], &action, &old[i]);
    if (sigsetjmp(native_return, 1) == 0)
        call(ctx);
    for (size_t i = 0; i < LENGTH_OF(signals); i++)
        sigaction(signals[i], &old[i], NULL);
    return native_trap;
}

#endif /* TESTS_UNIT_NATIVE_CODE_H */
