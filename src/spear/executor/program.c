/* program: the life of a program process: takes a request, has it run, gives the answer, makes
 * itself as good as new, takes the next. It says "clean" only when nothing is known to be left of
 * the program: no thread in a call, no child, no call of the kinds in sticky.def, an empty
 * directory. Otherwise the worker replaces it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spear/executor/pieces.h"
#include "spear/executor/program.h"
#include "spear/executor/reply.h"

enum {
    LEFT_FILES_MAX = 16, /* that are removed in place; a fuller directory is replaced */
    MS = 1000000,
};

static struct ex_program the_program;

void ex_program_begin(struct ex_program *p)
{
    struct ex_control *control = p->control;
    uint32_t go;

    while ((go = atomic_load(&control->go)) == atomic_load(&control->done))
        ex_wait(&control->go, go, 0);
    const struct wire_request *request = p->slot.request;
    p->id = request->id;
    p->full_signal = request->full_signal;
    p->flags = request->flags;
    const uint32_t ms = request->syscall_timeout_ms != 0 ? request->syscall_timeout_ms
                                                         : p->ex->header.syscall_timeout_ms;
    p->call_timeout_ns = (uint64_t)(ms != 0 ? ms : EXEC_CALL_MS_USUAL) * MS;
    const uint64_t bytes = request->payload_bytes;
    p->stream = (struct ex_stream){p->slot.payload, 0, bytes, NULL};
    if (bytes > p->slot.payload_max)
        p->stream = (struct ex_stream){p->slot.payload, 0, 0, NULL};
    p->call_count = 0;
    p->call_total = (uint32_t)ex_stream_below(&p->stream, EXEC_CALLS_MAX + 1, "too many calls");
    memset(p->result_set, 0, sizeof(p->result_set));
    p->is_sticky = p->has_touched_maps = false;
    atomic_store(&control->last_finish_ns, ex_now_ns());
    atomic_store(&p->is_running, 1);
}

/* Removes what one program is likely to leave. False when the directory is not empty after that:
 * folders, mounts, immutable files. */
static bool empty_directory(void)
{
    char entries[2048];

    if (syscall(SYS_fchdir, EX_FD_DIR) != 0)
        return false;
    for (int round = 0; round < LEFT_FILES_MAX; round++) {
        bool is_empty = true;
        if (lseek(EX_FD_DIR, 0, SEEK_SET) != 0)
            return false;
        const long size = syscall(SYS_getdents64, EX_FD_DIR, entries, sizeof(entries));
        if (size < 0)
            return false;
        for (long at = 0; at < size;) {
            const struct dirent64 *entry = (const struct dirent64 *)(const void *)(entries + at);
            at += entry->d_reclen;
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                continue;
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

/* Makes the process as good as new; false when that cannot be promised. */
static bool clean_up(struct ex_program *p)
{
    if (p->is_sticky || (p->flags & WIRE_RUN_FRESH) != 0)
        return false;
    if (waitpid(-1, NULL, WNOHANG | __WALL) != -1 || errno != ECHILD)
        return false;
    if (syscall(SYS_close_range, 3, EX_FD_FIRST - 1, 0) != 0)
        return false;
    if (p->has_touched_maps) {
        if (!ex_data_region_map())
            return false;
    } else if (madvise((void *)(uintptr_t)EXEC_DATA_BASE_64, EXEC_DATA_BYTES, MADV_DONTNEED) != 0) {
        return false;
    }
    return empty_directory();
}

void ex_program_conclude(struct ex_program *p, bool has_stragglers)
{
    struct ex_control *control = p->control;
    const uint32_t count = p->call_count < WIRE_CALLS_MAX ? p->call_count : WIRE_CALLS_MAX;

    p->reply->result->reply.call_count = count;
    if (p->stream.why != NULL) {
        ex_reply_text(p->reply, "program: byte %zu of %zu: %s", p->stream.at, p->stream.end,
                      p->stream.why);
        p->reply->result->reply.status = WIRE_BROKEN; /* the worker leaves it so */
    }
    atomic_store(&p->is_running, 0);
    const bool is_clean = !has_stragglers && clean_up(p);
    atomic_store(&control->is_clean, is_clean);
    atomic_store(&control->done, atomic_load(&control->go));
    atomic_fetch_add(&control->event, 1);
    ex_wake(&control->event);
    if (!is_clean)
        syscall(SYS_exit_group, 0);
}

_Noreturn void ex_program(struct executor *ex, uint32_t slot)
{
    struct ex_program *p = &the_program;

    signal(SIGCHLD, SIG_DFL);
    p->ex = ex;
    p->slot = ex_slot(ex, slot);
    p->control = &ex->controls[slot];
    p->reply = &p->control->reply;
    for (uint32_t i = 0; i < EX_THREADS_MAX; i++) {
        p->threads[i].program = p;
        p->threads[i].index = i;
        p->threads[i].fail_fd = -1;
    }
    ex_guard_install();
    ex_baton_run(p);
}
