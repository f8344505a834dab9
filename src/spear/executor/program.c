/* program: the life of a program process: takes a request, has it run, makes itself as good as new,
 * answers, takes the next. It goes on as long as nothing is known to be left of the program: no
 * thread in a call, no call of the kinds in sticky.def, an empty directory. Otherwise, and for
 * requests that are not for it, it gives the slot back to the worker.
 * SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "spear/executor/kcov.h"
#include "spear/executor/pieces.h"
#include "spear/executor/program.h"
#include "spear/executor/reply.h"

enum {
    FIRST_FD = 3, /* of a program */
    FDS_PER_CALL = 2,
    LEFT_ROUNDS_MAX = 16, /* of removing files in place; a fuller directory is replaced */
    MS = 1000000,
};

static struct ex_program the_program;

static void hand_over(struct ex_program *p, enum ex_handed why)
{
    struct ex_control *control = p->control;

    atomic_store(&control->handed, why);
    atomic_store(&control->owner, EX_WORKER);
    atomic_fetch_add(&control->event, 1);
    ex_wake(&control->event);
}

/* Programs that want a process of their own, or find this one worn, are for the next one. */
static bool is_for_us(const struct ex_program *p)
{
    const struct wire_request *request = p->slot.request;

    if (request->kind != WIRE_PROGRAM ||
        (!p->ex->is_local && request->sandbox != atomic_load(&p->control->sandbox)))
        return false;
    if (p->programs == 0)
        return true;
    return (request->flags & WIRE_RUN_FRESH) == 0 && p->programs < EX_PROGRAMS_PER_PROCESS;
}

static void read_request(struct ex_program *p)
{
    const struct wire_request *request = p->slot.request;
    const uint64_t bytes = request->payload_bytes;
    const uint32_t ms = request->syscall_timeout_ms != 0 ? request->syscall_timeout_ms
                                                         : p->ex->header.syscall_timeout_ms;

    p->id = request->id;
    p->full_signal = request->full_signal;
    p->flags = request->flags;
    p->call_timeout_ns = (uint64_t)(ms != 0 ? ms : EXEC_CALL_MS_USUAL) * MS;
    p->stream = (struct ex_stream){p->slot.payload, 0, bytes, NULL};
    if (bytes > p->slot.payload_max) {
        p->stream.end = 0;
        ex_stream_refuse(&p->stream, "the payload is longer than the slot");
    }
    p->call_count = 0;
    p->call_total = (uint32_t)ex_stream_below(&p->stream, EXEC_CALLS_MAX + 1, "too many calls");
    memset(p->result_set, 0, sizeof(p->result_set));
    p->traces = 0;
    p->wants_remote = false;
}

/* Returns with a request that is for this process. */
static void take_request(struct ex_program *p)
{
    struct ex_control *control = p->control;

    for (;;) {
        const uint32_t go = atomic_load(&control->go);
        if (atomic_load(&control->owner) != EX_PROGRAM) {
            ex_wait(&control->go, go, 0); /* until the worker gives the slot back, or kills us */
            continue;
        }
        if (atomic_exchange(&control->is_pending, 0) == 0 &&
            !ex_slot_wait(p->ex, &p->slot, EX_PROGRAM))
            continue;
        if (is_for_us(p))
            return;
        hand_over(p, EX_HANDED_REQUEST);
    }
}

void ex_program_begin(struct ex_program *p)
{
    struct ex_control *control = p->control;

    if (!p->has_more_runs || p->programs >= EX_PROGRAMS_PER_PROCESS)
        take_request(p);
    p->has_more_runs = false;
    p->programs++;
    ex_reply_begin(p->reply, &p->slot, p->slot.request->id);
    read_request(p);
    atomic_store(&control->extra_time_ms, 0);
    atomic_store(&control->last_finish_ns, p->reply->started_ns);
    atomic_store(&control->started_ns, p->reply->started_ns);
    atomic_store(&p->is_running, 1);
}

/* Removes what stands in the directory; false when something stays: full folders, mounts,
 * immutable files. */
static bool remove_left(void)
{
    char entries[2048];

    for (int round = 0; round < LEFT_ROUNDS_MAX; round++) {
        bool is_empty = true;
        if (lseek(EX_FD_DIR, 0, SEEK_SET) != 0)
            return false;
        const long size = syscall(SYS_getdents64, EX_FD_DIR, entries, sizeof(entries));
        if (size < 0)
            return false;
        for (long at = 0; at < size;) {
            const struct dirent64 *entry = (const struct dirent64 *)(const void *)(entries + at);
            at += entry->d_reclen;
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                strncmp(entry->d_name, "cgroup", 6) == 0)
                continue; /* links of ours */
            is_empty = false;
            if (unlinkat(EX_FD_DIR, entry->d_name, 0) != 0 &&
                unlinkat(EX_FD_DIR, entry->d_name, AT_REMOVEDIR) != 0)
                return false;
        }
        if (is_empty)
            return true;
    }
    return false;
}

/* A tmpfs counts the entries of a directory in its size, so that one call tells that it is empty.
 */
static bool empty_directory(struct ex_program *p)
{
    struct stat info;

    if ((p->traces & EX_LEAVES_PLACE) != 0 && fchdir(EX_FD_DIR) != 0)
        return false;
    if (fstat(EX_FD_DIR, &info) != 0 || info.st_nlink == 0)
        return false;
    if (p->empty_bytes == info.st_size && info.st_nlink == 2)
        return true;
    return remove_left();
}

/* The kernel gives the lowest free number, so that calls which make one or two descriptors cannot
 * get far; the kernel walks over every number of the range. */
static unsigned last_fd(const struct ex_program *p)
{
    const unsigned last = FIRST_FD + FDS_PER_CALL * p->call_count;

    return (p->traces & EX_LEAVES_FDS) != 0 || last >= EX_FD_FIRST ? EX_FD_FIRST - 1 : last;
}

/* Makes the process as good as new; false when that cannot be promised. */
static bool clean_up(struct ex_program *p)
{
    if ((p->traces & EX_LEAVES_MARKS) != 0 || (p->flags & WIRE_RUN_FRESH) != 0)
        return false;
    if (syscall(SYS_close_range, FIRST_FD, last_fd(p), 0) != 0)
        return false;
    if ((p->traces & EX_LEAVES_MAPS) != 0) {
        if (!ex_data_region_map())
            return false;
    } else if ((p->traces & EX_LEAVES_DATA) != 0 &&
               madvise((void *)(uintptr_t)EXEC_DATA_BASE_64, EXEC_DATA_BYTES, MADV_DONTNEED) != 0) {
        return false;
    }
    return empty_directory(p);
}

void ex_program_conclude(struct ex_thread *t, bool has_stragglers)
{
    struct ex_program *p = t->program;
    struct ex_control *control = p->control;
    uint64_t started = p->reply->started_ns;
    enum wire_status status = WIRE_DONE;

    p->reply->result->reply.call_count =
        p->call_count < WIRE_CALLS_MAX ? p->call_count : WIRE_CALLS_MAX;
    if (p->stream.why != NULL) {
        ex_reply_text(p->reply, "program: byte %zu of %zu: %s", p->stream.at, p->stream.end,
                      p->stream.why);
        status = p->reply->result->reply.status = WIRE_BROKEN;
    }
    atomic_store(&p->is_running, 0);
    ex_cover_report_extra(t);
    const bool is_clean = !has_stragglers && clean_up(p);
    if (!atomic_compare_exchange_strong(&control->started_ns, &started, 0)) {
        for (;;)
            ex_wait(&control->go, atomic_load(&control->go),
                    0); /* the worker is about to kill us */
    }
    if (!is_clean) {
        hand_over(p, EX_HANDED_DIRTY); /* take_request() then waits to be killed */
        return;
    }
    ex_reply_end(p->reply, status);
    p->reply->result->reply.runs = 1 + atomic_fetch_add(&control->runs, 1);
    p->has_more_runs = p->reply->result->reply.runs < p->slot.request->repeat;
    if (!p->has_more_runs)
        ex_slot_answer(p->ex, p->slot.index);
    else if (p->programs >= EX_PROGRAMS_PER_PROCESS)
        hand_over(p, EX_HANDED_REQUEST);
}

_Noreturn void ex_program(struct executor *ex, uint32_t slot)
{
    struct ex_program *p = &the_program;
    struct stat info;
    struct statfs system;

    signal(SIGCHLD, SIG_DFL);
    p->ex = ex;
    p->slot = ex_slot(ex, slot);
    p->control = &ex->controls[slot];
    p->reply = &p->control->reply;
    p->remote = ex_kcov_remote();
    p->threads[0].cover.area = ex_kcov_first();
    p->empty_bytes = -1;
    if (fstatfs(EX_FD_DIR, &system) == 0 && system.f_type == TMPFS_MAGIC &&
        fstat(EX_FD_DIR, &info) == 0)
        p->empty_bytes = info.st_size;
    for (uint32_t i = 0; i < EX_THREADS_MAX; i++) {
        p->threads[i].program = p;
        p->threads[i].index = i;
    }
    ex_guard_install();
    ex_baton_run(p);
}
