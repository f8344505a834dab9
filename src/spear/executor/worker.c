/* worker: the keeper of one slot. It makes the program process and gives it the slot: that process
 * then takes request after request by itself, while the worker sleeps and now and then looks after
 * its time. It kills what takes too long, cleans up after it, answers in its place, and serves the
 * requests that are not programs. Inside a sandbox it is pid 1 of its own world.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spear/executor/kcov.h"
#include "spear/executor/pieces.h"
#include "spear/executor/program.h"
#include "spear/executor/reply.h"

enum { MS = 1000000, STALL_CALL_TIMEOUTS = 20, LOOKS_PER_PROGRAM_TIME = 4 };

struct worker {
    struct executor *ex;
    struct ex_slot slot;
    struct ex_control *control;
    pid_t program;        /* 0: none */
    uint32_t prepare;     /* EX_PREPARE_x */
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
static void end_program(struct worker *w, bool is_dead)
{
    if (w->program == 0)
        return;
    kill(-w->program, SIGKILL);
    if (!is_dead) {
        kill(w->program, SIGKILL);
        is_dead = wait_for_end(w, EX_KILL_WAIT_MS);
    }
    if (!is_dead) {
        ex_abort_fuse();
        if (!wait_for_end(w, EX_LEAVE_BEHIND_MS))
            ex_say("worker %u: process %d of request %ju does not die, left behind", w->slot.index,
                   (int)w->program, (uintmax_t)w->slot.request->id);
    }
    w->program = 0;
    atomic_store(&w->control->started_ns, 0);
    if (fchdir(EX_FD_DIR) == 0)
        ex_remove_dir(w->directory);
    if (!w->ex->is_local)
        ex_reset_loop(w->slot.index);
    if ((w->prepare & EX_PREPARE_TUN) != 0)
        ex_flush_tun(); /* what was sent to this program is not for the next */
    reap(w);
}

/* What programs write to descriptors they did not open must not get between the lines of the
 * kernel's reports. */
static void leave_console(void)
{
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = 0; fd <= 2; fd++)
        if (nothing < 0)
            close(fd);
        else if (fd != nothing)
            dup2(nothing, fd);
    if (nothing > 2)
        close(nothing);
}

static _Noreturn void be_program(struct worker *w, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    setpgid(0, 0);
    if (!w->ex->is_local) {
        prctl(PR_SET_DUMPABLE, 1); /* or /proc/self would be root's */
        ex_write_file("/proc/self/oom_score_adj", "1000");
    }
    if (chdir(w->directory) != 0)
        _exit(1);
    leave_console();
    if ((w->prepare & EX_PREPARE_CGROUPS) != 0)
        ex_link_cgroups(w->slot.index);
    const int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || dup3(fd, EX_FD_DIR, O_CLOEXEC) != EX_FD_DIR)
        _exit(1);
    close(fd);
    ex_program(w->ex, w->slot.index);
}

/* A new process in a new directory. */
static bool start_program(struct worker *w)
{
    const pid_t parent = getpid();

    snprintf(w->directory, sizeof(w->directory), "%u", w->directories++);
    if (mkdir(w->directory, 0777) != 0 && errno != EEXIST) {
        ex_reply_text(&w->control->reply, "worker: mkdir %s: %s", w->directory,
                      ex_errno_name(errno));
        return false;
    }
    const pid_t pid = fork();
    if (pid == 0)
        be_program(w, parent);
    if (pid < 0) {
        ex_reply_text(&w->control->reply, "worker: fork: %s", ex_errno_name(errno));
        return false;
    }
    w->program = pid;
    return true;
}

/* When the run that began at start has had its time. */
static uint64_t time_limit(const struct worker *w, uint64_t start)
{
    const struct wire_request *request = w->slot.request;
    const struct wire_header *header = &w->ex->header;
    const uint64_t program_ms =
        request->program_timeout_ms != 0 ? request->program_timeout_ms : header->program_timeout_ms;
    const uint64_t call_ms =
        request->syscall_timeout_ms != 0 ? request->syscall_timeout_ms : header->syscall_timeout_ms;
    const uint64_t extra_ms = atomic_load(&w->control->extra_time_ms);
    const uint64_t limit = start + (program_ms + extra_ms) * MS;
    /* One that has stopped making calls need not have all of its time. */
    uint64_t stalled =
        atomic_load(&w->control->last_finish_ns) + (STALL_CALL_TIMEOUTS * call_ms + extra_ms) * MS;
    const uint64_t earliest = start + (program_ms * 3 / 5 + extra_ms) * MS;

    if (stalled < earliest)
        stalled = earliest;
    return stalled < limit ? stalled : limit;
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

/* The run is over and the process is not fit for another one. */
static void conclude(struct worker *w, enum wire_status status, bool is_dead)
{
    struct ex_control *control = w->control;
    struct wire_reply *reply = &control->reply.result->reply;

    end_program(w, is_dead);
    count_calls(control->reply.result);
    if (reply->status == WIRE_BROKEN)
        status = WIRE_BROKEN;
    ex_reply_end(&control->reply, status);
    atomic_store(&control->owner, EX_WORKER);
    reply->runs = 1 + atomic_fetch_add(&control->runs, 1);
    if (reply->runs < w->slot.request->repeat)
        atomic_store(&control->is_pending, 1);
    else
        ex_slot_answer(w->ex, w->slot.index);
}

/* The slot is the program's. Returns when it is the worker's again. */
static void supervise(struct worker *w)
{
    struct ex_control *control = w->control;

    while (atomic_load(&control->owner) == EX_PROGRAM) {
        const uint32_t event = atomic_load(&control->event);
        uint64_t started = atomic_load(&control->started_ns);
        if (reap(w)) { /* it ended itself: exit calls do, and signals */
            if (started != 0) {
                conclude(w, WIRE_DONE, true);
            } else {
                end_program(w, true);
                atomic_store(&control->owner, EX_WORKER);
            }
            return;
        }
        const uint64_t now = ex_now_ns();
        uint64_t sleep_ns =
            (uint64_t)w->ex->header.program_timeout_ms * MS / LOOKS_PER_PROGRAM_TIME + 1;
        if (started != 0 && now >= time_limit(w, started)) {
            if (atomic_compare_exchange_strong(&control->started_ns, &started, EX_CONDEMNED)) {
                conclude(w, WIRE_HUNG, false);
                return;
            }
            continue;
        }
        if (started != 0 && time_limit(w, started) - now < sleep_ns)
            sleep_ns = time_limit(w, started) - now;
        if (atomic_load(&control->owner) == EX_PROGRAM)
            ex_wait(&control->event, event, sleep_ns);
    }
    if (atomic_load(&control->handed) == EX_HANDED_DIRTY)
        conclude(w, WIRE_DONE, false);
    else
        atomic_store(&control->is_pending, 1);
}

/* To one that waits. */
static void give_back(struct worker *w)
{
    struct ex_control *control = w->control;

    atomic_store(&control->owner, EX_PROGRAM);
    atomic_fetch_add(&control->go, 1);
    ex_wake(&control->go);
    supervise(w);
}

/* A program, for a process that has not run any. */
static void serve_program(struct worker *w)
{
    struct ex_control *control = w->control;

    end_program(w, false);
    atomic_store(&control->is_pending, 1);
    atomic_store(&control->owner, EX_PROGRAM);
    if (start_program(w)) {
        supervise(w);
        return;
    }
    atomic_store(&control->is_pending, 0);
    atomic_store(&control->owner, EX_WORKER);
    ex_reply_end(&control->reply, WIRE_BROKEN);
    ex_slot_answer(w->ex, w->slot.index);
}

/* Where a request is to be run. */
static uint32_t sandbox_for(const struct worker *w)
{
    const struct wire_request *request = w->slot.request;

    if (request->kind == WIRE_EMPTY)
        return atomic_load(&w->control->sandbox);
    return request->kind == WIRE_PROGRAM ? request->sandbox : EX_SANDBOX_BARE;
}

/* There is no way out of a sandbox: the runner starts another worker, which finds the request. */
static void change_sandbox(struct worker *w)
{
    const uint32_t wanted = sandbox_for(w);

    if (w->ex->is_local || wanted == atomic_load(&w->control->sandbox))
        return;
    end_program(w, false);
    atomic_store(&w->control->sandbox, wanted);
    atomic_store(&w->control->is_pending, 1);
    _exit(EX_EXIT_OTHER_SANDBOX);
}

static void serve_request(struct worker *w)
{
    const struct wire_request *request = w->slot.request;
    struct ex_reply *reply = &w->control->reply;
    enum wire_status status = WIRE_DONE;

    ex_reply_begin(reply, &w->slot, request->id);
    if (request->payload_bytes > w->slot.payload_max) {
        ex_reply_text(reply, "request: a payload of %ju bytes, %zu fit",
                      (uintmax_t)request->payload_bytes, w->slot.payload_max);
        ex_reply_end(reply, WIRE_BROKEN);
        ex_slot_answer(w->ex, w->slot.index);
        return;
    }
    change_sandbox(w);
    switch (request->kind) { /* tidy: flat */
    case WIRE_PROGRAM: serve_program(w); return;
    case WIRE_BINARY: status = ex_run_binary(w->ex, &w->slot); break;
    case WIRE_LEAKS: status = ex_run_leaks(w->ex, &w->slot); break;
    case WIRE_EMPTY: break;
    default:
        ex_reply_text(reply, "request: kind %u is unknown", request->kind);
        status = WIRE_BROKEN;
    }
    ex_reply_end(reply, status);
    ex_slot_answer(w->ex, w->slot.index);
}

/* The loop inside the sandbox. A program process that waits keeps the slot. */
static void serve(void)
{
    struct worker *w = &the_worker;
    struct ex_control *control = w->control;

    for (;;) {
        if (atomic_exchange(&control->is_pending, 0) == 0) {
            if (w->program != 0) {
                give_back(w);
                continue;
            }
            ex_slot_wait(w->ex, &w->slot, EX_WORKER);
        }
        serve_request(w);
    }
}

static bool enter_directory(struct worker *w)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/slot%u", w->ex->work_dir, w->slot.index);
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return false;
    chmod(path, 0777); /* nobody may use it as well, whatever the umask */
    if (chdir(path) != 0)
        return false;
    const int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || dup3(fd, EX_FD_DIR, O_CLOEXEC) != EX_FD_DIR)
        return false;
    close(fd);
    return true;
}

/* Programs have no business in the slots of others, and every page mapped makes a fork slower. */
static void keep_from_programs(const struct worker *w)
{
    const struct wire_header *h = &w->ex->header;
    uint8_t *slots = w->ex->base + h->slots_offset;
    const size_t before = w->slot.index * h->slot_bytes;
    const size_t end = before + h->slot_bytes;

    if (before > 0)
        madvise(slots, before, MADV_DONTFORK);
    if (w->ex->bytes - h->slots_offset > end)
        madvise(slots + end, w->ex->bytes - h->slots_offset - end, MADV_DONTFORK);
}

/* Inside the sandbox. */
static void work(void)
{
    struct worker *w = &the_worker;
    const struct sigaction action = {.sa_handler = on_child};

    sigaction(SIGCHLD, &action, NULL);
    umask(0);
    if (!w->ex->is_local)
        prctl(PR_SET_DUMPABLE, 0); /* no program may trace its keeper: it would stop it */
    if (!enter_directory(w)) {
        ex_say("worker %u: directory below %s: %s", w->slot.index, w->ex->work_dir,
               ex_errno_name(errno));
        _exit(1);
    }
    if (!ex_data_region_map())
        ex_say("worker %u: mapping the data region: %s", w->slot.index, ex_errno_name(errno));
    ex_kcov_remote_start(w->ex, w->slot.index);
    ex_kcov_map_first(w->ex);
    keep_from_programs(w);
    atomic_store(&w->control->is_ready, 1);
    ex_wake(&w->control->is_ready);
    serve();
    _exit(0);
}

/* What of that which the host wants this machine has. */
static uint32_t what_to_prepare(const struct executor *ex)
{
    const uint64_t bits = ex->features & ex->header.features_wanted;
    uint32_t prepare = 0;

    prepare |= (bits >> WIRE_FEATURE_net_injection & 1) != 0 ? EX_PREPARE_TUN : 0;
    prepare |= (bits >> WIRE_FEATURE_net_devices & 1) != 0 ? EX_PREPARE_DEVICES : 0;
    prepare |= (bits >> WIRE_FEATURE_cgroups & 1) != 0 ? EX_PREPARE_CGROUPS : 0;
    return prepare;
}

_Noreturn void ex_worker(struct executor *ex, uint32_t slot)
{
    struct worker *w = &the_worker;

    w->ex = ex;
    w->slot = ex_slot(ex, slot);
    w->control = &ex->controls[slot];
    w->prepare = what_to_prepare(ex);
    atomic_store(&w->control->owner, EX_WORKER);
    atomic_store(&w->control->started_ns, 0);
    ex_kcov_open(ex);
    const uint32_t sandbox = atomic_load(&w->control->sandbox);
    if (ex->is_local || sandbox == EX_SANDBOX_BARE)
        work();
    const int code = ex_sandbox(sandbox, slot, w->prepare, work);
    if (code < 0)
        ex_say("worker %u: sandbox %u cannot be made: %s", slot, sandbox, ex_errno_name(errno));
    _exit(code);
}
