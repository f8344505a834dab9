/* runner: the one process that reads the bells. It greets the host, keeps a worker per slot, hands
 * requests to them, and tells the host once a second that the machine is alive while one is busy.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spear/executor/executor.h"
#include "spear/executor/pieces.h"
#include "spear/executor/reply.h"

enum {
    ALIVE_EVERY_MS = 1000,
    WORKER_DEATHS_MAX = 20,
    ANSWER_TIMES = 3,        /* of the time of a program, until its worker counts as stuck */
    ANSWER_EXTRA_MS = 20000, /* for cleaning up */
    WORKERS_READY_MS = 30000,
    LEAKS_EXTRA_MS = 600000, /* scanning all memory takes minutes on an emulated machine */
    MS = 1000000,
};

struct runner {
    struct executor *ex;
    pid_t workers[WIRE_SLOTS_MAX];
    uint32_t deaths[WIRE_SLOTS_MAX]; /* in a row, without an answered request between */
    uint64_t last_alive_ns;
};

static void on_child(int number)
{
    (void)number; /* interrupts the poll */
}

static void start_worker(struct runner *r, uint32_t slot)
{
    const pid_t parent = getpid();
    const pid_t pid = fork();

    if (pid == 0) {
        signal(SIGCHLD, SIG_DFL);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(0);
        setpgid(0, 0);
        ex_worker(r->ex, slot);
    }
    if (pid < 0)
        ex_say("runner: fork of worker %u: %s", slot, ex_errno_name(errno));
    r->workers[slot] = pid;
}

static void stop_worker(struct runner *r, uint32_t slot)
{
    const pid_t pid = r->workers[slot];

    if (pid <= 0)
        return;
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    r->workers[slot] = 0;
}

static void answer_for(struct runner *r, uint32_t slot, const char *what, int number)
{
    const struct ex_slot s = ex_slot(r->ex, slot);
    struct ex_reply reply;

    ex_reply_begin(&reply, &s, s.request->id);
    ex_reply_text(&reply, "worker %u %s %d", slot, what, number);
    ex_reply_end(&reply, WIRE_BROKEN);
    ex_slot_answer(r->ex, slot);
}

/* A worker that has died owes an answer. It is replaced, unless it dies again and again. */
static void replace_worker(struct runner *r, uint32_t slot, int wait_status)
{
    struct ex_control *control = &r->ex->controls[slot];

    r->workers[slot] = 0;
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == EX_EXIT_OTHER_SANDBOX) {
        start_worker(r, slot);
        return;
    }
    r->deaths[slot]++;
    atomic_store(&control->is_pending, 0);
    if (atomic_load(&control->is_busy) != 0)
        answer_for(r, slot, WIFSIGNALED(wait_status) ? "ended with signal" : "ended with code",
                   WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status));
    if (r->deaths[slot] < WORKER_DEATHS_MAX)
        start_worker(r, slot);
    else
        ex_say("runner: worker %u has died %u times in a row, its slot is closed", slot,
               r->deaths[slot]);
}

/* Children that are not workers are orphans that a local executor has inherited. */
static void reap(struct runner *r)
{
    int status = 0;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (uint32_t i = 0; i < WIRE_SLOTS_MAX; i++)
            if (r->workers[i] == pid)
                replace_worker(r, i, status);
}

/* A program may have found a way to stop its worker, or wait for ever in the kernel with it. */
static void replace_stuck(struct runner *r)
{
    for (uint32_t i = 0; i < r->ex->header.slot_count; i++) {
        const struct ex_control *control = &r->ex->controls[i];
        const struct wire_request *request = ex_slot(r->ex, i).request;
        const uint64_t program_ms = request->program_timeout_ms != 0
                                        ? request->program_timeout_ms
                                        : r->ex->header.program_timeout_ms;
        const uint64_t runs = request->repeat != 0 ? request->repeat : 1;
        uint64_t limit_ms = (ANSWER_TIMES * program_ms + ANSWER_EXTRA_MS) * runs +
                            atomic_load(&control->extra_time_ms) * runs;
        if (request->kind == WIRE_LEAKS)
            limit_ms += LEAKS_EXTRA_MS;
        const uint64_t taken = atomic_load(&control->taken_ns);
        if (atomic_load(&control->is_busy) == 0 || r->workers[i] <= 0 ||
            ex_now_ns() - taken < limit_ms * MS)
            continue;
        ex_say("runner: worker %u is stuck", i);
        stop_worker(r, i);
        atomic_store(&r->ex->controls[i].is_pending, 0);
        answer_for(r, i, "is stuck, was replaced after seconds", (int)(limit_ms / 1000));
        start_worker(r, i);
    }
}

static void stop_all(struct runner *r)
{
    for (uint32_t i = 0; i < WIRE_SLOTS_MAX; i++)
        stop_worker(r, i);
}

/* Making sandboxes with their network devices takes an emulated machine a second and more. A
 * machine that is frozen after that has copies which need not do it again. */
static void wait_for_workers(struct runner *r)
{
    const uint64_t limit = ex_now_ns() + (uint64_t)WORKERS_READY_MS * MS;

    for (uint32_t i = 0; i < r->ex->header.slot_count; i++) {
        _Atomic uint32_t *ready = &r->ex->controls[i].is_ready;
        for (uint64_t now = ex_now_ns(); atomic_load(ready) == 0 && now < limit;
             now = ex_now_ns())
            ex_wait(ready, 0, limit - now);
    }
}

static void start_all(struct runner *r)
{
    for (uint32_t i = 0; i < r->ex->header.slot_count; i++) {
        atomic_store(&r->ex->controls[i].sandbox, r->ex->header.sandbox);
        atomic_store(&r->ex->controls[i].is_pending, 0);
        atomic_store(&r->ex->controls[i].is_ready, 0);
        start_worker(r, i);
    }
    wait_for_workers(r);
}

static void fail(struct runner *r, const char *why)
{
    struct wire_machine *machine =
        (struct wire_machine *)(void *)(r->ex->base + WIRE_MACHINE_OFFSET);

    ex_say("%s", why);
    snprintf(machine->reasons, sizeof(machine->reasons), "%s\n", why);
    ex_ring(r->ex, WIRE_BELL_FAILED);
}

/* The header may be another one than before: that of a machine copied from a frozen one. Workers
 * that were made for the old one stay when they fit. */
static void go(struct runner *r)
{
    const struct wire_header old = r->ex->header;
    char why[256];

    if (!ex_region_check(r->ex, why, sizeof(why))) {
        fail(r, why);
        return;
    }
    const struct wire_header *now = &r->ex->header;
    const bool is_same =
        now->slot_count == old.slot_count && now->sandbox == old.sandbox &&
        now->slots_offset == old.slots_offset && now->slot_bytes == old.slot_bytes &&
        now->known_log2 == old.known_log2 && now->known_offset == old.known_offset &&
        now->reply_offset == old.reply_offset && now->features_wanted == old.features_wanted;
    if (!is_same) {
        stop_all(r);
        start_all(r);
    }
    ex_probe(r->ex);
    if (!r->ex->is_local)
        ex_start_leaks(); /* workers inherit the time */
    for (uint32_t i = 0; i < now->slot_count; i++)
        ex_slot_forget(r->ex, i);
    ex_ring(r->ex, WIRE_BELL_RUNNING);
}

static void on_bell(struct runner *r, uint8_t bell)
{
    if (bell == WIRE_BELL_GO) {
        go(r);
        return;
    }
    if (bell >= r->ex->header.slot_count || r->workers[bell] <= 0) {
        ex_say("runner: bell %#x is not for a slot that works", bell);
        return;
    }
    struct ex_control *control = &r->ex->controls[bell];
    r->deaths[bell] = 0;
    atomic_fetch_add(&control->bells, 1);
    ex_wake(&control->bells);
}

static void say_alive(struct runner *r)
{
    const uint64_t now = ex_now_ns();

    if (now - r->last_alive_ns < UINT64_C(1000000) * ALIVE_EVERY_MS)
        return;
    r->last_alive_ns = now;
    for (uint32_t i = 0; i < r->ex->header.slot_count; i++)
        if (atomic_load(&r->ex->controls[i].is_busy) != 0) {
            ex_ring(r->ex, WIRE_BELL_ALIVE);
            return;
        }
}

_Noreturn void ex_runner(struct executor *ex)
{
    static struct runner runner;
    struct runner *r = &runner;
    char why[256];
    uint8_t bells[64];
    sigset_t child, none;

    r->ex = ex;
    sigemptyset(&none);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    const struct sigaction action = {.sa_handler = on_child};
    sigaction(SIGCHLD, &action, NULL);
    if (!ex_region_check(ex, why, sizeof(why))) {
        fail(r, why);
        _exit(1);
    }
    ex_probe(ex);
    start_all(r);
    ex_ring(r->ex, WIRE_BELL_READY);
    for (;;) {
        struct pollfd line = {.fd = EX_FD_BELL, .events = POLLIN};
        const struct timespec limit = {ALIVE_EVERY_MS / 1000, 0};
        if (ppoll(&line, 1, &limit, &none) > 0) {
            const ssize_t n = read(EX_FD_BELL, bells, sizeof(bells));
            if (n == 0 && ex->is_local)
                break; /* the host has closed its end */
            for (ssize_t i = 0; i < n; i++)
                on_bell(r, bells[i]);
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                break;
        }
        reap(r);
        replace_stuck(r);
        say_alive(r);
    }
    stop_all(r);
    if (ex->is_local)
        ex_remove_dir(ex->work_dir);
    _exit(0);
}
