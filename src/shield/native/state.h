/*
 * state: what the compiled tier keeps per store, per module and per signature.
 *
 * The guest stack of a store is one mapping; runs that begin inside runs go on below:
 *
 *   | guard: STACK_GUARD_BYTES | stack, grows down | overflow buffer |
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_NATIVE_STATE_H
#define SHIELD_NATIVE_STATE_H

#include "shield/compile/exec_memory.h"
#include "shield/compile/image.h"
#include "shield/native/entry.h"
#include "shield/runtime/store.h"
#include "shield/runtime/trap.h"

enum {
    NATIVE_GPRS = 6,           /* arguments in general registers */
    NATIVE_VECTORS = 8,        /* and in xmm */
    NATIVE_RESULTS = 2,        /* results of each class */
    NATIVE_THUNK_BYTES = 1024, /* of guest stack that a thunk may need */
    NATIVE_DEPTH_MAX = 1000,   /* runs inside runs, each a few hundred bytes of C's stack */
};

/* Registers at the border, both ways. One after the other they are an array of values, so that a
 * host function whose parameters are all of one class reads them here. Only the bits of a value's
 * type mean something. */
struct native_regs {
    union rt_value gprs[NATIVE_GPRS];
    union rt_value vectors[NATIVE_VECTORS];
};
_Static_assert(offsetof(struct native_regs, vectors) == REGS_VECTORS &&
                   sizeof(struct native_regs) == REGS_BYTES,
               "entry.S knows");

/* What the signal handler saw. */
struct native_fault {
    uintptr_t pc, sp, address;
    uint8_t code;      /* enum rt_trap_code */
    bool has_address;  /* a memory access: address means something */
};

/* Code of a module in executable memory, which a store may run. */
struct native_code {
    struct image *image;       /* owned */
    struct exec_memory memory; /* owned */
    struct layout layout;
    bool is_metered;
    bool is_foreign; /* from a file: its tables may lie, although the code is verified */
};

struct native_region {
    uintptr_t begin, end; /* of text */
    const struct native_code *code;
    struct rt_module *module;
    uint32_t instances; /* that use it */
};

/* Per store; entry.S knows the first five. */
struct native_state {
    uint8_t *host_rsp;  /* of the innermost run, while it lasts */
    uint8_t *guest_rsp; /* where the next run begins, and collections look */
    uint8_t *stack_low; /* thunks need rsp at or above */
    const _Atomic uint32_t *interrupted;
    uint8_t *guest_frame; /* address of the return address of the last thunk; NULL: no frame */
    uint8_t *stack_top;
    uint8_t *mapping; /* NULL until the first instance */
    size_t mapping_bytes;
    uint8_t *overflow;
    struct rt_store *store;
    struct native_fault fault;
    uint32_t depth; /* runs in progress */
    _Atomic int thread; /* the kernel's number of the thread that ran last, 0: none */
    struct native_region *regions; /* owned; the signal handler reads it */
    uint32_t region_count, region_capacity;
    struct native_plan **plans; /* owned, by type id */
    uint32_t plan_capacity;
    void *host_context[CONTEXT_FIELD_COUNT + 1]; /* r15 of host functions; see layout.def */
};
_Static_assert(offsetof(struct native_state, host_rsp) == STATE_HOST_RSP &&
                   offsetof(struct native_state, guest_rsp) == STATE_GUEST_RSP &&
                   offsetof(struct native_state, stack_low) == STATE_STACK_LOW &&
                   offsetof(struct native_state, interrupted) == STATE_INTERRUPTED &&
                   offsetof(struct native_state, guest_frame) == STATE_GUEST_FRAME,
               "entry.S knows");
_Static_assert(CONTEXT_MEMORY0_BASE == CONTEXT_OFFSET(memory0_base) &&
                   CONTEXT_ACTIVATION == CONTEXT_OFFSET(activation),
               "entry.S knows");
_Static_assert(offsetof(struct rt_func, code) == RECORD_FUNC_CODE &&
                   offsetof(struct rt_func, context) == RECORD_FUNC_CONTEXT &&
                   offsetof(struct rt_func, type_id) == RECORD_FUNC_TYPE &&
                   offsetof(struct rt_func, plan) == FUNC_PLAN,
               "generated code knows");
_Static_assert(offsetof(struct rt_memory, base) == RECORD_MEMORY_BASE &&
                   offsetof(struct rt_memory, size_bytes) == RECORD_MEMORY_SIZE &&
                   offsetof(struct rt_table, elements) == RECORD_TABLE_ELEMENTS &&
                   offsetof(struct rt_table, size) == RECORD_TABLE_SIZE,
               "generated code knows");
_Static_assert(sizeof(union rt_value) == GLOBAL_BYTES, "a cell holds a value");

/* ---- context.c ---- */

/* In front of each context, where no code looks. */
struct native_context_head {
    const struct native_code *code;
    uint64_t padding; /* contexts are aligned to 16 */
};

MUST_USE enum status native_instance_init(struct rt_instance *i, struct diag *dg);
void native_instance_free(struct rt_instance *i);
/* Is the memory what code relies on that was compiled for this plan (compile/memory_plan.h)? */
bool native_memory_fits(const struct rt_memory *m, uint8_t plan);

/* ---- stack.c: the guest stack ---- */

MUST_USE enum status native_stack_ensure(struct native_state *n, struct diag *dg);
void native_stack_release(struct native_state *n);

/* ---- run.c: into the guest and back ---- */

MUST_USE enum status native_call(struct rt_store *s, struct rt_func *fn,
                                 const union rt_value *args, union rt_value *results);
extern _Thread_local struct native_state *native_current; /* of the innermost run of this thread */

/* ---- signals.c ---- */

/* Before the outermost run of a store: installs the handlers (once per process), gives this thread
 * a stack for them (once), and notes where an interrupt must go. */
MUST_USE enum status native_signals_prepare(struct native_state *n, struct diag *dg);
extern _Thread_local int native_thread; /* the kernel's number of this one; 0: not prepared */
MUST_USE static inline enum status native_signals_enter(struct native_state *n, struct diag *dg)
{
    const bool is_known =
        native_thread != 0 &&
        atomic_load_explicit(&n->thread, memory_order_relaxed) == native_thread;
    return LIKELY(is_known) ? ST_OK : native_signals_prepare(n, dg);
}
void native_signals_interrupt(struct native_state *n); /* any thread, any signal handler */
/* The region that has this address, or NULL. */
const struct native_region *native_region_at(const struct native_state *n, uintptr_t pc);

/* ---- backtrace.c ---- */

/* Adds the frames of the innermost run to the store's trap. pc: inside the innermost function's
 * code, at the instruction that ended the run; sp: the stack pointer there. pc 0: no frame. */
void native_backtrace(struct native_state *n, uintptr_t pc, uintptr_t sp);

#endif /* SHIELD_NATIVE_STATE_H */
