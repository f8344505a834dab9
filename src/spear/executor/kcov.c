/* kcov: opening, mapping and switching KCOV buffers. See kcov.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/executor/kcov.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcov.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spear/executor/program.h"

static const char device[] = "/sys/kernel/debug/kcov";

enum { BUFFER_BYTES = EX_COVER_WORDS * 8 };

static bool open_at(int at)
{
    const int fd = open(device, O_RDWR | O_CLOEXEC);

    if (fd < 0 || fd == at)
        return fd == at;
    const bool is_there = dup3(fd, at, O_CLOEXEC) == at;
    close(fd);
    return is_there;
}

void ex_kcov_open(const struct executor *ex)
{
    if (ex->has_extra)
        open_at(EX_FD_EXTRA_KCOV);
    for (int i = 0; ex->has_kcov && i < EX_THREADS_MAX; i++)
        if (!open_at(EX_FD_KCOV + i))
            return; /* those threads run without coverage */
}

/* The buffer may have been made for a process that ran before on the same descriptor. */
static uint64_t *map_buffer(int fd, unsigned long words, const char **call)
{
    *call = "ioctl(KCOV_INIT_TRACE)";
    if (ioctl(fd, KCOV_INIT_TRACE, words) != 0 && errno != EBUSY)
        return NULL;
    *call = "mmap";
    void *area = mmap(NULL, words * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return area == MAP_FAILED ? NULL : area;
}

static uint64_t *first_area;

void ex_kcov_map_first(const struct executor *ex)
{
    const char *call = NULL;

    if (ex->has_kcov)
        first_area = map_buffer(EX_FD_KCOV, EX_COVER_WORDS, &call);
}

uint64_t *ex_kcov_first(void)
{
    return first_area;
}

void ex_kcov_set(struct ex_cover *c, uint32_t thread, uint32_t mode)
{
    const int fd = EX_FD_KCOV + (int)thread;
    const char *call = NULL;

    if (c->mode == mode)
        return;
    if (c->mode != EX_KCOV_OFF)
        ioctl(fd, KCOV_DISABLE, 0UL);
    c->mode = EX_KCOV_OFF;
    if (mode == EX_KCOV_OFF)
        return;
    if (c->area == NULL)
        c->area = map_buffer(fd, EX_COVER_WORDS, &call);
    const unsigned long how = mode == EX_KCOV_COMPARISONS ? KCOV_TRACE_CMP : KCOV_TRACE_PC;
    if (c->area != NULL && ioctl(fd, KCOV_ENABLE, how) == 0)
        c->mode = mode;
}

int ex_kcov_try(uint32_t mode, const char **call, uint64_t *pc)
{
    *call = "open(/sys/kernel/debug/kcov)";
    const int fd = open(device, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno;
    uint64_t *area = map_buffer(fd, EX_COVER_WORDS, call);
    int error = area == NULL ? errno : 0;
    if (area != NULL) {
        const unsigned long how = mode == EX_KCOV_COMPARISONS ? KCOV_TRACE_CMP : KCOV_TRACE_PC;
        *call = mode == EX_KCOV_COMPARISONS ? "ioctl(KCOV_ENABLE, KCOV_TRACE_CMP)"
                                            : "ioctl(KCOV_ENABLE, KCOV_TRACE_PC)";
        error = ioctl(fd, KCOV_ENABLE, how) != 0 ? errno : 0;
        if (error == 0) {
            __atomic_store_n(&area[0], 0, __ATOMIC_RELAXED);
            syscall(SYS_close, -1); /* something to trace */
            const uint64_t count = __atomic_load_n(&area[0], __ATOMIC_RELAXED);
            ioctl(fd, KCOV_DISABLE, 0UL);
            if (pc != NULL)
                *pc = area[1];
            if (count == 0) {
                *call = "tracing a call: nothing was seen";
                error = ENODATA;
            }
        }
        munmap(area, BUFFER_BYTES);
    }
    close(fd);
    return error;
}

static uint64_t *remote_area;

uint64_t *ex_kcov_remote(void)
{
    return remote_area;
}

/* The common handle is passed on by the kernel to whatever works for this process. */
static uint64_t *start_remote(int fd, uint32_t slot, const char **call)
{
    struct kcov_remote_arg remote = {
        .trace_mode = KCOV_TRACE_PC,
        .area_size = EX_REMOTE_WORDS,
        .num_handles = 0,
        .common_handle = KCOV_SUBSYSTEM_COMMON | (slot + 1),
    };

    uint64_t *area = map_buffer(fd, EX_REMOTE_WORDS, call);
    if (area == NULL)
        return NULL;
    *call = "ioctl(KCOV_REMOTE_ENABLE)";
    if (ioctl(fd, KCOV_REMOTE_ENABLE, &remote) == 0)
        return area;
    munmap(area, EX_REMOTE_WORDS * 8);
    return NULL;
}

void ex_kcov_remote_start(const struct executor *ex, uint32_t slot)
{
    const char *call = NULL;

    if (ex->has_extra)
        remote_area = start_remote(EX_FD_EXTRA_KCOV, slot, &call);
}

int ex_kcov_try_remote(const char **call)
{
    *call = "open(/sys/kernel/debug/kcov)";
    const int fd = open(device, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno;
    return start_remote(fd, WIRE_SLOTS_MAX, call) != NULL ? 0 : errno;
}
