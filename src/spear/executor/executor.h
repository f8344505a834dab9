/* executor: the program that runs inside the machine under test. It takes programs out of the
 * shared region (wire.h), runs their calls, and puts what came of them back.
 *
 * Processes, and who talks to whom:
 *
 *   init     pid 1: mounts, set-up, watches the runner                      (init.c; not when
 * local) runner   reads the bells, wakes workers, says ALIVE                     (runner.c) worker
 * one per slot, inside its sandbox: forks program processes, watches their time, cleans up after
 * them, rings the answer     (worker.c) program  runs one program after another as long as that is
 * safe: up to EX_THREADS_MAX threads                                         (program.c, baton.c)
 *
 * Runner, worker and program share a page per slot (struct ex_control) with futex words. Nothing
 * here allocates from a heap.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_EXECUTOR_EXECUTOR_H
#define SPEAR_EXECUTOR_EXECUTOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spear/wire/exec.h"
#include "spear/wire/wire.h"

enum {
    EX_THREADS_MAX = 32,
    EX_PROGRAMS_PER_PROCESS = 200, /* bounds the state that a process may gather unseen */
    /* Of one KCOV buffer, 512 KiB. Every page of it costs at fork and exit of a program process. */
    EX_COVER_WORDS = 64 << 10,
    EX_REMOTE_WORDS = 32 << 10, /* of that for kernel threads */
    EX_EXIT_OTHER_SANDBOX = 3,  /* code of a worker that is to be started anew, in another one */
    EX_TEXT_MAX = 64 << 10,     /* of a reply */
    EX_KILL_WAIT_MS = 100,      /* from SIGKILL until stronger means */
    EX_LEAVE_BEHIND_MS = 5000,  /* a process that cannot die is given up after this */
    /* Descriptors of ours stand above those that programs get; RLIMIT_NOFILE is 256. */
    EX_FD_FIRST = 196,
    EX_FD_REGION = 196,
    EX_FD_BELL = 197,
    EX_FD_DIR = 198,
    EX_FD_EXTRA_KCOV = 199,
    EX_FD_TUN = 200,
    EX_FD_INIT_NET = 201,
    EX_FD_KCOV = 202, /* one per thread */
    EX_FD_FAIL_NTH = EX_FD_KCOV + EX_THREADS_MAX,
    EX_FD_LAST = 255, /* FAIL_NTH: as many as fit below */
};

/* The answer being written; see reply.h. */
struct ex_reply {
    struct wire_result *result;
    size_t max; /* bytes of the reply */
    uint64_t started_ns;
    _Atomic size_t used;
    _Atomic uint64_t calls_ns;
};

/* Who waits for requests in a slot. */
enum ex_owner {
    EX_WORKER,
    EX_PROGRAM, /* the program process: the worker sleeps, and looks after its time now and then */
};

/* Why the program process has given the slot back to the worker. */
enum ex_handed {
    EX_HANDED_REQUEST, /* the request is not for this process: nothing has been run yet */
    EX_HANDED_DIRTY,   /* the program is over, and the process is no longer fit */
};

/* Of one slot; shared by runner, worker and program. Counters that only grow are futex words. */
struct ex_control {
    _Atomic uint32_t bells;          /* runner: rung for this slot */
    _Atomic uint32_t taken_bells;    /* what it and request.posted were when a request was last */
    _Atomic uint32_t taken_posted;   /* taken */
    _Atomic uint32_t is_busy;        /* a request has been taken and not been answered */
    _Atomic uint64_t taken_ns;       /* when that was */
    _Atomic uint32_t owner;          /* enum ex_owner */
    _Atomic uint32_t handed;         /* enum ex_handed */
    _Atomic uint32_t sandbox;        /* that the worker is in, or is to be started in */
    _Atomic uint32_t is_ready;       /* worker: its sandbox stands, it takes requests */
    _Atomic uint32_t is_pending;     /* worker: run the request that has been taken already */
    _Atomic uint32_t go;             /* worker: the slot is the program's now */
    _Atomic uint32_t event;          /* something happened that the worker waits for */
    _Atomic uint64_t started_ns;     /* program: when the run began, 0: none. The worker puts
                                        EX_CONDEMNED there to stop it from concluding */
    _Atomic uint64_t last_finish_ns; /* program: when a call last came back */
    _Atomic uint64_t extra_time_ms;  /* program: attributes of its calls ask for so much more */
    _Atomic uint32_t runs;           /* of this request, that are over */
    struct ex_reply reply;
};

enum { EX_CONDEMNED = 1 };
/* Beside those of the wire: in no sandbox at all, for reproducers, which make their own, and for
 * what needs the machine's root. */
enum { EX_SANDBOX_BARE = 100 };

struct executor {
    uint8_t *base; /* the region */
    size_t bytes;
    struct wire_header header;   /* checked copy */
    struct ex_control *controls; /* WIRE_SLOTS_MAX of them, shared between processes */
    bool is_local;
    bool has_kcov, has_comparisons, has_extra; /* what the probes found */
    uint64_t features;                         /* bits of all that was found */
    uint16_t bell_port; /* I/O port of the bell line, 0: bells go through the tty */
    char work_dir[64];  /* where workers make their directories */
};

/* One slot of the region. */
struct ex_slot {
    uint32_t index;
    struct wire_request *request;
    const uint8_t *payload;
    size_t payload_max;
    uint8_t *reply; /* struct wire_result, then data */
    size_t reply_max;
};
struct ex_slot ex_slot(const struct executor *ex, uint32_t index);

/* slot.c: taking requests and answering them. Whoever owns the slot calls these.
 * Wait returns true with a request taken, false when the slot is no longer owned by me. */
bool ex_slot_wait(struct executor *ex, const struct ex_slot *slot, enum ex_owner me);
void ex_slot_answer(struct executor *ex, uint32_t slot);
void ex_slot_forget(struct executor *ex, uint32_t slot); /* requests from before GO */

/* region.c: maps it and checks the header. On refusal text says why. */
bool ex_region_map(struct executor *ex, int fd, char *text, size_t text_max);
bool ex_region_check(struct executor *ex, char *text, size_t text_max);
int ex_region_open_pci(char *text, size_t text_max); /* a descriptor, or -1 */

/* probe.c: what this kernel can do; writes the machine page. */
void ex_probe(struct executor *ex);

/* runner.c, worker.c, program.c: never return. */
_Noreturn void ex_runner(struct executor *ex);
_Noreturn void ex_worker(struct executor *ex, uint32_t slot);
_Noreturn void ex_program(struct executor *ex, uint32_t slot);

/* init.c: makes the machine habitable; then as ex_runner. */
_Noreturn void ex_init(struct executor *ex, bool is_first);

/* kinds.c: the requests that are not programs; they run in a bare worker. */
enum wire_status ex_run_binary(struct executor *ex, const struct ex_slot *slot);
enum wire_status ex_run_leaks(struct executor *ex, const struct ex_slot *slot);

/* util.c */
uint64_t ex_now_ns(void);
/* Until *word is no longer value, a wake, a signal, or the time is over; 0: no limit. */
void ex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t limit_ns);
void ex_wake(_Atomic uint32_t *word);
/* To the host. Without a port it is a write to the tty; with it, one instruction. */
void ex_ring(const struct executor *ex, uint8_t bell);
/* To the console, always; one line. */
__attribute__((format(printf, 1, 2))) void ex_say(const char *format, ...);
/* Reads a small file; returns its length or -1 with errno. The text ends in NUL. */
long ex_read_file(const char *path, char *text, size_t text_max);
bool ex_write_file(const char *path, const char *text); /* false with errno */
const char *ex_errno_name(int error);

#endif /* SPEAR_EXECUTOR_EXECUTOR_H */
