/* vm_int: what the files of this folder share.
 *
 *   pool.c      options, the table of known signal, the list of machines, the thread
 *   accel.c     which accelerator, decided by booting
 *   qemu.c      the emulator's command line
 *   local.c     no machine at all: the executor as a process here
 *   image.c     a disk image of the user's: ssh, the executor into it
 *   template.c  the frozen machine: made, kept, cloned
 *   machine.c   one machine: descriptors, life, death
 *   run.c       programs in its slots
 *   reply.c console.c qmp.c cpio.c   as their headers say
 *
 * Threads: `loop` ones run in the pool's thread only. A vm's fields below `lock` are guarded by it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_VM_VM_INT_H
#define SPEAR_VM_VM_INT_H

#include "io/digest.h"
#include "io/file.h"
#include "io/loop.h"
#include "io/process.h"
#include "spear/vm/console.h"
#include "spear/vm/qmp.h"
#include "spear/vm/vm.h"

#include <pthread.h>
#include <stdatomic.h>

/* Seconds, milliseconds and so on that have no better place. Those marked scaled are multiplied by
 * min(slowdown, VM_SCALE_MAX), the first by slowdown itself. */
enum {
    VM_SYSCALL_MS = 50,      /* by slowdown */
    VM_PROGRAM_MS = 5000,    /* scaled */
    VM_SILENCE_S = 300,      /* scaled */
    VM_ALIVE_S = 120,        /* scaled: a busy machine that does not even say that it is alive */
    VM_SCALE_MAX = 3,
    VM_SLOWDOWN_MAX = 20,
    VM_SLOWDOWN_GUESS = 10, /* of an emulated machine that has not been measured */
    VM_NATIVE_CALL_NS = 100, /* an empty system call of a fast machine, the yardstick */
    VM_BOOT_S = 600,
    VM_QMP_MS = 20000, /* for the emulator to answer */
    VM_THAW_S = 30,    /* scaled: for a clone to ring RUNNING */
    VM_QUIET_MS = 2000,     /* scaled: after a crash, a console without news this long is done */
    VM_LAST_WORDS_MS = 10000, /* scaled: after a crash, all the time that there is */
    VM_KNOWN_LOG2 = 20,     /* edges in the table of known signal: about a million */
    VM_MEM_MIB_DEFAULT = 512,
    VM_MEM_MIB_MIN = 128,
    VM_CPUS_MAX = 64,
    VM_WHY_MAX = 256,
};

struct vm_pool {
    struct vm_options options; /* defaults filled in */
    char qemu[FILE_PATH_MAX], executor[FILE_PATH_MAX], initramfs[FILE_PATH_MAX];
    char qemu_version[128];
    struct wire_header layout; /* header of every region, but for the machine's own fields */
    size_t region_bytes;
    struct loop *loop;
    pthread_t thread;
    _Atomic bool is_interrupted;

    pthread_mutex_t start_lock; /* deciding the accelerator, making the frozen machine */
    bool is_accel_known, is_template_broken;
    char template_dir[FILE_PATH_MAX]; /* empty: not looked for yet */
    int template_fd;                  /* locks it, so that nobody removes it; -1: none */
    uint32_t template_number;         /* how many there have been */

    pthread_mutex_t lock; /* of the rest */
    enum vm_accel accel;
    char accel_text[VM_WHY_MAX];
    uint32_t slowdown;
    double calibrated; /* mean of the slowdowns measured; 0: none */
    double start_seconds;
    struct vm *machines;
    uint32_t *known; /* the table, 1 << VM_KNOWN_LOG2 entries */
};

/* How a machine comes to life. */
enum vm_birth {
    VM_BOOT,   /* boots and runs */
    VM_FREEZE, /* boots, to be frozen when READY */
    VM_THAW,   /* a copy of a frozen one */
    VM_PROBE,  /* boots until READY, to see whether the accelerator works */
};

enum vm_stage { VM_STARTING, VM_READY, VM_RUNNING, VM_DYING, VM_DEAD };

struct vm_slot {
    pthread_cond_t changed;
    bool is_busy, is_done;
    uint32_t posted; /* requests so far; see wire.h. Of the thread that runs in the slot */
};

struct vm {
    struct vm_pool *pool;
    uint32_t index;
    enum vm_birth birth;
    enum vm_accel accel;
    struct vm *next; /* of the pool */
    uint8_t *region; /* shared with the machine */
    int region_fd, console_fd, bell_fd, words_fd; /* words: what the emulator itself prints */
    int ssh_port;
    uint64_t started_ns;
    struct qmp qmp;
    struct process process, ssh;
    /* loop: */
    struct loop_watch console_watch, bell_watch, exit_watch, ssh_watch;
    bool is_console_watched, is_bell_watched, is_exit_watched;
    struct loop_timer last_words;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* of the stage */
    struct console console;
    enum vm_stage stage;
    bool has_failed, is_giving_up; /* FAILED was rung; a silent machine is asked what it does */
    enum vm_end end;
    char why[VM_WHY_MAX];     /* for LOST: what is known */
    uint64_t last_bell_ns, last_console_ns, crash_ns;
    uint32_t users;           /* threads in vm_run() */
    struct vm_slot slots[WIRE_SLOTS_MAX];
    struct wire_machine machine;
};

/* pool.c */
void vm_log(struct vm_pool *pool, const char *fmt, ...) PRINTF_LIKE(2, 3);
uint64_t vm_scale(struct vm_pool *pool); /* min(slowdown, VM_SCALE_MAX) */

/* Takes the slowdown from the time that a machine took for WIRE_CALIBRATION_LOOPS empty calls. */
void vm_calibrate(struct vm_pool *pool, uint64_t calibration_ns);

/* machine.c */
MUST_USE enum status vm_machine_open(struct vm_pool *pool, uint32_t index, enum vm_birth birth,
                                     enum vm_accel accel, struct vm **out, struct diag *dg);
/* Starts a process with the machine's descriptors, and watches it. */
MUST_USE enum status vm_machine_launch(struct vm *vm, const struct process_options *options,
                                       struct diag *dg);
void vm_machine_close(struct vm *vm); /* kills it, forgets it */
/* Writes the region's header for the slowdown known now. */
void vm_machine_header(struct vm *vm);
/* Waits until it has come to the stage. A refusal tells what it says instead. */
MUST_USE enum status vm_machine_wait(struct vm *vm, enum vm_stage stage, uint64_t timeout_ms,
                                     struct diag *dg);
/* From READY to RUNNING. */
MUST_USE enum status vm_machine_go(struct vm *vm, uint64_t timeout_ms, struct diag *dg);
void vm_ring(struct vm *vm, uint8_t bell);
/* loop: the machine is dead now, for this reason unless it was before. */
void vm_machine_end(struct vm *vm, enum vm_end end, const char *why);
/* The same from another thread. */
void vm_machine_end_from(struct vm *vm, enum vm_end end, const char *why);
/* "...; its console ends in: ..." */
enum status vm_machine_refuse(struct vm *vm, enum status st, const char *what, struct diag *dg);

/* qemu.c: starts the emulator and opens its control socket. template_dir is for FREEZE, THAW. */
MUST_USE enum status vm_qemu_start(struct vm *vm, const char *template_dir, struct diag *dg);
/* Adds to a digest all of the command line that shapes the machine. */
void vm_qemu_describe(const struct vm_pool *pool, struct digest *d);
MUST_USE enum status vm_qemu_version(struct vm_pool *pool, struct diag *dg);

/* accel.c: sets pool->accel once; start_lock is held. */
MUST_USE enum status vm_accel_decide(struct vm_pool *pool, uint32_t index, struct diag *dg);

/* template.c: start_lock is held for the first two. Where machines boot, but cannot be frozen,
 * the first sets is_template_broken and is content. */
MUST_USE enum status vm_template_ensure(struct vm_pool *pool, uint32_t index, struct diag *dg);
void vm_template_discard(struct vm_pool *pool);
void vm_template_release(struct vm_pool *pool); /* harmless twice */
MUST_USE enum status vm_template_clone(struct vm_pool *pool, uint32_t index, struct vm **out,
                                       struct diag *dg);

/* image.c: the emulator with the user's disk, and the executor brought into it; until READY. */
MUST_USE enum status vm_image_boot(struct vm *vm, struct diag *dg);

/* local.c: the executor as a process here; until READY. */
MUST_USE enum status vm_local_boot(struct vm *vm, struct diag *dg);
/* A pair of connected sockets. */
MUST_USE enum status vm_make_line(int *ours, int *theirs, struct diag *dg);

#endif /* SPEAR_VM_VM_INT_H */
