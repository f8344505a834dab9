/* vm: machines that may die. A pool knows how to make machines of one kind; each machine boots a
 * kernel with the executor in it, runs programs in its slots, and is watched through its console.
 *
 * Starting is fast after the first time: the first machine is frozen when its executor is ready,
 * and every later one is a copy-on-write clone of it, running in well under a second. Where the
 * machine emulator cannot do that, each machine boots by itself.
 *
 * Threads: one thread of the pool serves the descriptors of all machines. vm_run() may be called by
 * one thread per slot at a time. vm_start() and vm_stop() by whoever owns the machine.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_VM_VM_H
#define SPEAR_VM_VM_H

#include "base/buf.h"
#include "spear/wire/wire.h"

struct vm_pool;
struct vm;

enum vm_type {
    VM_QEMU,
    VM_LOCAL, /* the executor as a process of this very machine; only when told in so many words */
};
enum vm_accel { VM_ACCEL_AUTO, VM_ACCEL_KVM, VM_ACCEL_TCG };

/* All text is borrowed and must outlive the pool; NULL takes the default named. */
struct vm_options {
    enum vm_type type;
    enum vm_accel accel;
    const char *qemu;      /* "qemu-system-x86_64" */
    const char *kernel;    /* bzImage or vmlinuz; needed for VM_QEMU without an image */
    const char *image;     /* disk image of the user's, with sshkey; NULL: an initramfs of ours */
    const char *sshkey;    /* of root in the image */
    const char *cmdline;   /* added to the kernel's command line */
    const char *qemu_args; /* added to QEMU's */
    const char *work_dir;  /* for sockets, regions and the frozen machine */
    const char *executor;  /* path of the static executor; found beside the program when NULL */
    uint32_t cpus, mem_mib;
    uint32_t slots;                /* programs at once, at most WIRE_SLOTS_MAX */
    bool no_snapshot;              /* boot every machine */
    enum wire_sandbox sandbox;
    uint64_t features_wanted;      /* bits of enum wire_feature */
    uint32_t boot_timeout_s;       /* 0: 600 */
    uint32_t silence_timeout_s;    /* without any reply while a slot is busy; 0: 300, scaled */
    /* Is there a crash in the console at or after from? Called by the pool's thread. */
    bool (*is_crash)(void *ctx, struct str console, size_t from);
    /* A line for the log: boot progress, the accelerator chosen and why. Any thread. */
    void (*log)(void *ctx, const char *line);
    void *ctx;
};

/* Checks what can be checked without a machine (emulator, kernel, executor, memory, directory),
 * makes the initramfs. A refusal says what is missing and which package or option mends it. */
MUST_USE enum status vm_pool_open(const struct vm_options *options, struct vm_pool **out,
                                  struct diag *dg);
void vm_pool_close(struct vm_pool *pool); /* all its machines have been stopped */
/* Nobody wants machines any more: vm_start() is refused from now on, and soon where it is under
 * way; what runs is not touched. From any thread. */
void vm_pool_interrupt(struct vm_pool *pool);
/* What was decided: "tcg (no /dev/kvm)", valid until the pool is closed; and how slow the machine
 * is compared to a native one, at least 1: timeouts are multiplied by it. */
const char *vm_pool_accel(const struct vm_pool *pool);
uint32_t vm_pool_slowdown(const struct vm_pool *pool);
/* Seconds of wall time the last start took, for the log. */
double vm_pool_start_seconds(const struct vm_pool *pool);

/* Returns when the executor takes requests, or says why it does not: the message ends in the last
 * lines of the console. index names the machine in messages; two live ones never share one. */
MUST_USE enum status vm_start(struct vm_pool *pool, uint32_t index, struct vm **out,
                              struct diag *dg);
/* Kills the machine at once. Threads inside vm_run() return VM_STOPPED first. */
void vm_stop(struct vm *vm);
/* The same, but for its memory: vm stays valid, and dead. From any thread. */
void vm_interrupt(struct vm *vm);
/* What the executor has found out about its machine. */
void vm_machine(const struct vm *vm, struct wire_machine *out);

enum vm_end {
    VM_RAN,     /* there is a result */
    VM_CRASHED, /* the console shows a crash; the machine is dead, see vm_console() */
    VM_LOST,    /* it ended, rebooted or lost its executor without saying why */
    VM_SILENT,  /* nothing came back in time */
    VM_STOPPED, /* by vm_stop() or vm_interrupt() */
};
const char *vm_end_text(enum vm_end end); /* "no output from test machine", ... */

struct vm_request {
    enum wire_kind kind;
    uint32_t flags; /* WIRE_RUN_x */
    uint64_t id;
    uint64_t full_signal;
    const void *payload;
    size_t payload_bytes; /* at most WIRE_PAYLOAD_MAX */
    enum wire_sandbox sandbox;
    uint32_t syscall_timeout_ms, program_timeout_ms; /* 0: the pool's, which are scaled */
    uint32_t repeat;
};
/* Copied out of the machine's reach and checked: every offset lies in data. */
struct vm_result {
    struct wire_reply reply;
    struct wire_call_reply calls[WIRE_CALLS_MAX + 1];
    uint8_t *data; /* WIRE_REPLY_MAX bytes of the caller's; offsets of calls[] point into it */
    uint64_t host_ns; /* from bell to bell, on the host's clock */
};
enum vm_end vm_run(struct vm *vm, uint32_t slot, const struct vm_request *request,
                   struct vm_result *result);

/* After anything but VM_RAN every other slot's vm_run() ends soon with the same. */
bool vm_is_alive(const struct vm *vm);
enum vm_end vm_why_dead(const struct vm *vm);
/* The last VM_CONSOLE_MAX bytes; after a crash all: the machine was given time to write it. */
enum { VM_CONSOLE_MAX = 1 << 20 };
struct str vm_console(struct vm *vm, struct arena *a);
uint64_t vm_uptime_ms(const struct vm *vm);

/* The table of known signal of every machine of the pool, also of those started later. */
void vm_pool_know(struct vm_pool *pool, const uint32_t *edges, size_t count);

#endif /* SPEAR_VM_VM_H */
