/* worker: the keeper of one slot. Waits for requests, has programs run by a program process, kills
 * what takes too long, cleans up after it, answers. Inside a sandbox it is pid 1 of its own world.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spear/executor/kcov.h"
#include "spear/executor/pieces.h"
#include "spear/executor/program.h"
#include "spear/executor/reply.h"

enum { MS = 1000000, STALL_CALL_TIMEOUTS = 20 };

struct worker {
    struct executor *ex;
    struct ex_slot slot;
    struct ex_control *control;
    pid_t program;        /* 0: none */
    uint32_t programs;    /* that it has run */
    uint32_t directories; /* made so far: the next one's name */
    char directory[32];   /* of the program process, below the worker's own */
};

static struct worker the_worker;

static void on_child(int number)
{
    const int saved = errno;

    (void)number;
    atomic_fetch_add(&the_worker.control->event, 1);
    errno = saved;
}

/* Collects everything that has ended; true when the program process is among it. */
static bool reap(struct worker *w)
{
    bool is_over = false;
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
        is_over |= pid == w->program;
    return is_over;
}

/* Until the program process has ended; false when the time is over. */
static bool wait_for_end(struct worker *w, uint64_t limit_ms)
{
    const uint64_t limit = ex_now_ns() + limit_ms * MS;

    for (;;) {
        const uint32_t event = atomic_load(&w->control->event);
        if (reap(w))
            return true;
        const uint64_t now = ex_now_ns();
        if (now >= limit)
            return false;
        ex_wait(&w->control->event, event, limit - now);
    }
}

/* Ends the program process with all it has started, and removes its directory. Calls that wait for
 * a fuse daemon that is dead never end by a signal: those are cut off. */
static void end_program(struct worker *w)
{
    if (w->program == 0)
        return;
    kill(-w->program, SIGKILL);
    kill(w->program, SIGKILL);
    if (!wait_for_end(w, EX_KILL_WAIT_MS)) {
        ex_abort_fuse();
        if (!wait_for_end(w, EX_LEAVE_BEHIND_MS))
            ex_say("worker %u: process %d of request %ju does not die, left behind", w->slot.index,
                   (int)w->program, (uintmax_t)w->slot.request->id);
    }
    w->program = 0;
    if (fchdir(EX_FD_DIR) == 0)
        ex_remove_dir(w->directory);
    reap(w);
}

/* A new process in a new directory. */
static bool start_program(struct worker *w)
{
    snprintf(w->directory, sizeof(w->directory), "%u", w->directories++);
    if (mkdir(w->directory, 0777) != 0 && errno != EEXIST) {
        ex_reply_text(&w->control->reply, "worker: mkdir %s: %s", w->directory,
                      ex_errno_name(errno));
        return false;
    }
    chmod(w->directory, 0777); /* nobody may use it as well, whatever the umask */
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(0);
        setpgid(0, 0);
        if (chdir(w->directory) != 0)
            _exit(1);
        const int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || dup2(fd, EX_FD_DIR) != EX_FD_DIR)
            _exit(1);
        close(fd);
        ex_program(w->ex, w->slot.index);
    }
    if (pid < 0) {
        ex_reply_text(&w->control->reply, "worker: fork: %s", ex_errno_name(errno));
        return false;
    }
    w->program = pid;
    w->programs = 0;
    return true;
}

/* Waits until the program is over, has died, or has had its time. False: killed for its time. */
static bool await_program(struct worker *w)
{
    struct ex_control *control = w->control;
    const struct wire_request *request = w->slot.request;
    const uint64_t program_ms = request->program_timeout_ms != 0 ? request->program_timeout_ms
                                                                 : w->ex->header.program_timeout_ms;
    const uint64_t call_ms = request->syscall_timeout_ms != 0 ? request->syscall_timeout_ms
                                                              : w->ex->header.syscall_timeout_ms;
    const uint64_t start = ex_now_ns();

    for (;;) {
        const uint32_t event = atomic_load(&control->event);
        if (atomic_load(&control->done) == atomic_load(&control->go))
            return true;
        if (reap(w)) {
            w->program = 0;
            return true; /* it ended itself: exit calls do, and signals */
        }
        const uint64_t now = ex_now_ns();
        const uint64_t extra = atomic_load(&control->extra_time_ms);
        uint64_t limit = start + (program_ms + extra) * MS;
        /* One that has stopped making calls need not have all of its time. */
        const uint64_t stalled =
            atomic_load(&control->last_finish_ns) + (STALL_CALL_TIMEOUTS * call_ms + extra) * MS;
        const uint64_t earliest = start + (program_ms * 3 / 5 + extra) * MS;
        if (stalled > earliest && stalled < limit)
            limit = stalled;
        else if (stalled <= earliest)
            limit = earliest;
        if (now >= limit)
            return false;
        ex_wait(&control->event, event, limit - now);
    }
}

/* One run of the program in the slot; the reply has been begun. */
static enum wire_status run_program(struct worker *w)
{
    struct ex_control *control = w->control;
    const bool is_fresh = (w->slot.request->flags & WIRE_RUN_FRESH) != 0;

    if (w->program != 0 && (is_fresh || w->programs >= EX_PROGRAMS_PER_PROCESS))
        end_program(w);
    if (w->program == 0 && !start_program(w))
        return WIRE_BROKEN;
    w->programs++;
    atomic_store(&control->extra_time_ms, 0);
    atomic_store(&control->wants_remote, 0);
    atomic_store(&control->is_clean, 0);
    atomic_store(&control->last_finish_ns, ex_now_ns());
    atomic_fetch_add(&control->go, 1);
    ex_wake(&control->go);

    const bool is_in_time = await_program(w);
    const pid_t program = w->program;
    if (atomic_load(&control->is_clean) == 0) {
        if (program == 0) { /* dead already; its children and directory are not */
            if (fchdir(EX_FD_DIR) == 0)
                ex_remove_dir(w->directory);
        } else {
            end_program(w);
        }
        atomic_store(&control->done, atomic_load(&control->go));
    }
    if (control->reply.result->reply.status == WIRE_BROKEN)
        return WIRE_BROKEN;
    return is_in_time ? WIRE_DONE : WIRE_HUNG;
}

/* Calls that a program that has died or was killed had announced: those that were started. */
static void count_calls(struct wire_result *result)
{
    uint32_t count = WIRE_CALLS_MAX;

    while (count > 0 && result->calls[count - 1].flags == 0)
        count--;
    if (result->reply.call_count < count)
        result->reply.call_count = count;
}

static void run_request(struct worker *w)
{
    const struct wire_request *request = w->slot.request;
    struct ex_reply *reply = &w->control->reply;
    enum wire_status status = WIRE_DONE;

    ex_reply_begin(reply, &w->slot, request->id);
    if (request->payload_bytes > w->slot.payload_max) {
        ex_reply_text(reply, "request: payload of %ju bytes, %zu fit",
                      (uintmax_t)request->payload_bytes, w->slot.payload_max);
        ex_reply_end(reply, WIRE_BROKEN);
        return;
    }
    switch (request->kind) {
    case WIRE_PROGRAM: {
        const uint32_t repeat = request->repeat != 0 ? request->repeat : 1;
        for (uint32_t i = 0; i < repeat; i++) {
            if (i > 0)
                ex_reply_begin(reply, &w->slot, request->id);
            reply->result->reply.runs = i + 1;
            status = run_program(w);
        }
        count_calls(reply->result);
        break;
    }
    case WIRE_EMPTY: break;
    default:
        ex_reply_text(reply, "request: kind %u is unknown", request->kind);
        status = WIRE_BROKEN;
    }
    ex_reply_end(reply, status);
}

/* The loop inside the sandbox. */
static void serve(void)
{
    struct worker *w = &the_worker;

    for (;;) {
        const uint32_t served = atomic_load(&w->control->served);
        if (atomic_load(&w->control->requests) == served) {
            ex_wait(&w->control->requests, served, 0);
            continue;
        }
        run_request(w);
        atomic_store(&w->control->served, served + 1);
        atomic_store(&w->control->is_busy, 0);
        ex_ring((uint8_t)w->slot.index);
    }
}

static bool enter_directory(struct worker *w)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/slot%u", w->ex->work_dir, w->slot.index);
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return false;
    chmod(path, 0777);
    if (chdir(path) != 0)
        return false;
    const int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || dup2(fd, EX_FD_DIR) != EX_FD_DIR)
        return false;
    close(fd);
    return true;
}

_Noreturn void ex_worker(struct executor *ex, uint32_t slot)
{
    struct worker *w = &the_worker;
    const struct sigaction action = {.sa_handler = on_child};

    w->ex = ex;
    w->slot = ex_slot(ex, slot);
    w->control = &ex->controls[slot];
    atomic_store(&w->control->done, atomic_load(&w->control->go));
    sigaction(SIGCHLD, &action, NULL);
    if (!enter_directory(w)) {
        ex_say("worker %u: directory below %s: %s", slot, ex->work_dir, ex_errno_name(errno));
        _exit(1);
    }
    if (!ex_data_region_map())
        ex_say("worker %u: mapping the data region: %s", slot, ex_errno_name(errno));
    ex_kcov_open(ex);
    serve();
    _exit(0);
}
