/*
 * signals: faults of compiled code become traps, and an interrupt leaves a run.
 *
 * A fault counts as the guest's when a run is in progress on this thread, the pc is in code that
 * the store may run, and the instruction is in the trap table; or when the fault address is in the
 * guard of the guest stack. Everything else in such code is a bug of ours and ends the process,
 * unless the code came from a file: then its trap table may lie, and the fault is a trap too. A pc
 * elsewhere is none of our business: the handler that was there before gets the signal.
 * Wherever a guest's access to memory has missed, run.c looks whether it stayed in the sandbox.
 *
 * The handlers only note what they saw and change where the thread goes on: at native_leave, on
 * the host's stack. They run on a stack of their own, because the guest's may be what is used up.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/native/state.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { SIGNAL_STACK_BYTES = 64 << 10, SIGNAL_INTERRUPT = SIGURG };

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGNAL_INTERRUPT};
static struct sigaction before[LENGTH_OF(signals)];

/* ---- deciding ---- */

const struct native_region *native_region_at(const struct native_state *n, uintptr_t pc)
{
    for (uint32_t i = 0; i < n->region_count; i++)
        if (pc - n->regions[i].begin < n->regions[i].end - n->regions[i].begin)
            return &n->regions[i];
    return NULL;
}

static bool is_between(uintptr_t pc, const uint8_t *begin, const uint8_t *end)
{
    return pc - (uintptr_t)begin < (uintptr_t)end - (uintptr_t)begin;
}

/* In a thunk, behind or at its last look at the flag. */
static bool is_on_the_way_in(uintptr_t pc)
{
    return is_between(pc, native_enter_check, native_enter_done) ||
           is_between(pc, native_host_check, native_host_done) ||
           is_between(pc, native_builtin_check, native_builtin_done);
}

static void leave(struct native_state *n, ucontext_t *uc, uint32_t code)
{
    greg_t *regs = uc->uc_mcontext.gregs;

    regs[REG_RIP] = (greg_t)(uintptr_t)native_leave;
    regs[REG_RSP] = (greg_t)(uintptr_t)n->host_rsp;
    regs[REG_R12] = (greg_t)(uintptr_t)n;
    regs[REG_RAX] = (greg_t)code;
}

/* What the trap table says of a fault, made plausible when it came with the code from a file. */
static uint8_t trap_code(const struct native_code *code, uint32_t offset, bool is_access)
{
    uint8_t said;
    bool is_there = image_trap_at(code->image, offset, &said);
    bool fits = is_there && (!is_access || said == RT_TRAP_MEMORY_BOUNDS);

    CHECK(fits || code->is_foreign, is_there ? "sandbox escape: what touches no guest memory missed"
                                             : "compiled code has faulted where it cannot");
    if (fits)
        return said;
    return is_access ? RT_TRAP_MEMORY_BOUNDS : RT_TRAP_UNREACHABLE;
}

/* True when it was the guest's fault and the thread goes on elsewhere. */
static bool take_fault(struct native_state *n, int number, const siginfo_t *info, ucontext_t *uc)
{
    const uintptr_t pc = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
    const struct native_region *region = native_region_at(n, pc);
    struct native_fault fault = {.pc = pc, .sp = (uintptr_t)uc->uc_mcontext.gregs[REG_RSP]};
    const bool is_access = number == SIGSEGV || number == SIGBUS;

    if (region == NULL)
        return false;
    fault.address = is_access ? (uintptr_t)info->si_addr : 0;
    if (is_access && is_between(fault.address, n->mapping, n->mapping + STACK_GUARD_BYTES)) {
        fault.code = RT_TRAP_STACK_EXHAUSTED;
    } else {
        fault.code = trap_code(region->code, (uint32_t)(pc - region->begin), is_access);
        fault.has_address = is_access;
    }
    n->fault = fault;
    leave(n, uc, NATIVE_TRAPPED);
    return true;
}

static void take_interrupt(struct native_state *n, ucontext_t *uc)
{
    const uintptr_t pc = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];

    if (atomic_load_explicit(n->interrupted, memory_order_relaxed) != 0 &&
        (native_region_at(n, pc) != NULL || is_on_the_way_in(pc)))
        leave(n, uc, NATIVE_TIMEOUT);
}

/* ---- handlers ---- */

static void pass_on(int number, siginfo_t *info, void *context)
{
    const struct sigaction *old = NULL;

    for (uint32_t i = 0; i < LENGTH_OF(signals); i++)
        if (signals[i] == number)
            old = &before[i];
    if ((old->sa_flags & SA_SIGINFO) != 0) {
        old->sa_sigaction(number, info, context);
    } else if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN) {
        old->sa_handler(number);
    } else if (number != SIGNAL_INTERRUPT) {
        /* The instruction is tried again and now ends the process, as it would have before. */
        struct sigaction deadly = {.sa_handler = SIG_DFL};
        sigaction(number, &deadly, NULL);
    }
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    const int saved_errno = errno;
    struct native_state *n = native_current;

    if (number == SIGNAL_INTERRUPT) {
        if (n != NULL)
            take_interrupt(n, context);
        if (info->si_code != SI_TKILL || info->si_pid != getpid())
            pass_on(number, info, context);
    } else if (n == NULL || !take_fault(n, number, info, context)) {
        pass_on(number, info, context);
    }
    errno = saved_errno;
}

static int install_error;

static void install(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(signals); i++) {
        struct sigaction ours = {.sa_sigaction = on_signal,
                                 .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK | SA_RESTART};
        sigemptyset(&ours.sa_mask);
        if (sigaction(signals[i], &ours, &before[i]) != 0)
            install_error = errno;
    }
}

/* ---- a stack for them, per thread ---- */

static pthread_key_t stack_key;
static bool has_stack_key;
__attribute__((tls_model("initial-exec"))) _Thread_local int native_thread;

static void free_stack(void *stack)
{
    stack_t none = {.ss_flags = SS_DISABLE};

    sigaltstack(&none, NULL);
    mem_free(stack);
}

/* In the child of a fork the thread has another number. */
static void forget_thread(void)
{
    native_thread = 0;
}

static void prepare_process(void)
{
    (void)pthread_atfork(NULL, NULL, forget_thread); /* else such a child cannot be interrupted */
    has_stack_key = pthread_key_create(&stack_key, free_stack) == 0;
    install();
}

static enum status prepare_thread(struct diag *dg)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    stack_t now;

    pthread_once(&once, prepare_process);
    if (install_error != 0)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "cannot handle faults: %s",
                         strerror(install_error));
    if (sigaltstack(NULL, &now) != 0 || (now.ss_flags & SS_DISABLE) != 0 ||
        now.ss_size < SIGNAL_STACK_BYTES / 4) {
        void *stack = mem_resize(NULL, 1, SIGNAL_STACK_BYTES); /* pages come when they are used */
        stack_t ours = {.ss_sp = stack, .ss_size = SIGNAL_STACK_BYTES};
        if (stack == NULL || sigaltstack(&ours, NULL) != 0) {
            mem_free(stack);
            return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "for a signal stack");
        }
        if (has_stack_key)
            (void)pthread_setspecific(stack_key, stack); /* else it is lost with the thread */
    }
    native_thread = (int)syscall(SYS_gettid);
    return ST_OK;
}

enum status native_signals_prepare(struct native_state *n, struct diag *dg)
{
    if (native_thread == 0)
        TRY(prepare_thread(dg));
    atomic_store(&n->thread, native_thread);
    return ST_OK;
}

void native_signals_interrupt(struct native_state *n)
{
    int thread = atomic_load(&n->thread);

    if (thread != 0)
        syscall(SYS_tgkill, getpid(), thread, SIGNAL_INTERRUPT);
}
