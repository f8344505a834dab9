/*
 * launch: runs a command some times, its input and output closed off, and prints a line for each:
 * wall microseconds from before it is made to after it is gone, and its peak memory in KiB. Small
 * and static, because the peak of a child begins with that of its parent.
 *
 *   launch COUNT COMMAND [ARGUMENT...]
 *
 * Exit code: 0, 1 when a run failed, 64 for a wrong use.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double microseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    posix_spawn_file_actions_t actions;
    char *end = NULL;
    long count = argc > 2 ? strtol(argv[1], &end, 10) : 0;

    if (count < 1 || *end != '\0') {
        fprintf(stderr, "usage: launch COUNT COMMAND [ARGUMENT...]\n");
        return 64;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    for (long i = 0; i < count; i++) {
        double begin = microseconds();
        struct rusage usage;
        int status;
        pid_t pid;

        if (posix_spawnp(&pid, argv[2], &actions, NULL, argv + 2, environ) != 0 ||
            wait4(pid, &status, 0, &usage) != pid || status != 0) {
            fprintf(stderr, "launch: %s failed\n", argv[2]);
            return 1;
        }
        printf("%.1f %ld\n", microseconds() - begin, usage.ru_maxrss);
    }
    posix_spawn_file_actions_destroy(&actions);
    return 0;
}
