/* main: which role this executor plays.
 *   /init                        as the first process of a machine
 *   --machine                  as root of a machine that was booted from a disk image
 *   --local REGION_FD BELL_FD    as a process of any machine: a memfd and a socket of the host's,
 *                                no mounts, no sandboxes, no coverage; for tests and the synthetic
 *                                target
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "spear/executor/executor.h"
#include "spear/executor/start.h"

static struct executor the_executor;

/* Descriptors of ours live above those of programs, which get the low ones. */
static bool place(int fd, int at)
{
    if (fd == at)
        return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
    return dup3(fd, at, O_CLOEXEC) == at && close(fd) == 0;
}

/* A descriptor number, or -1. */
static int parse_fd(const char *text)
{
    char *end = NULL;
    const long fd = strtol(text, &end, 10);
    return *text != '\0' && *end == '\0' && fd >= 0 && fd < 1024 ? (int)fd : -1;
}

bool ex_start_with(struct executor *ex, int region, int bells, char *why, size_t why_max)
{
    const size_t bytes = WIRE_SLOTS_MAX * sizeof(struct ex_control);
    const struct rlimit files = {EX_FD_LAST + 1, EX_FD_LAST + 1};

    setrlimit(RLIMIT_NOFILE, &files);
    if (!place(region, EX_FD_REGION) || !place(bells, EX_FD_BELL)) {
        snprintf(why, why_max, "descriptors %d and %d are not open", region, bells);
        return false;
    }
    ex->controls = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (ex->controls == MAP_FAILED) {
        snprintf(why, why_max, "mmap of %zu bytes: %s", bytes, ex_errno_name(errno));
        return false;
    }
    return ex_region_map(ex, EX_FD_REGION, why, why_max);
}

/* The runner ends when the host closes the socket; then the directory goes as well. */
static int run_local(struct executor *ex, const char *region, const char *bells)
{
    const char *tmp = getenv("TMPDIR");
    char why[256];

    ex->is_local = true;
    if (!ex_start_with(ex, parse_fd(region), parse_fd(bells), why, sizeof(why))) {
        ex_say("--local: %s", why);
        return 2;
    }
    snprintf(ex->work_dir, sizeof(ex->work_dir), "%.40s/mujun-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(ex->work_dir) == NULL) {
        ex_say("--local: mkdtemp %s: %s", ex->work_dir, ex_errno_name(errno));
        return 2;
    }
    ex_runner(ex);
}

int main(int argc, char **argv)
{
    struct executor *ex = &the_executor;

    signal(SIGPIPE, SIG_IGN);
    if (getpid() == 1)
        ex_init(ex, true); /* whatever the kernel was told to pass on */
    if (argc == 2 && strcmp(argv[1], "--machine") == 0)
        ex_init(ex, false);
    if (argc == 4 && strcmp(argv[1], "--local") == 0)
        return run_local(ex, argv[2], argv[3]);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("mujun-executor, wire version %u\n", WIRE_VERSION);
        return 0;
    }
    fprintf(stderr, "usage: mujun-executor --local REGION_FD BELL_FD\n"
                    "       mujun-executor --machine   as root of a machine under test\n"
                    "       or as /init of a machine under test; mujun starts it\n");
    return 2;
}
