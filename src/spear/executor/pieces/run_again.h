/* run_again: a program again and again, each time in a process and a directory of its own, for five
 * seconds at most. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "spear/executor/pieces/fuse_abort.h"
#include "spear/executor/pieces/remove_dir.h"

#define RUN_AGAIN_MS 5000
#define RUN_KILLED_MS                                                                              \
    100 /* from being killed to being gone, unless a file system is in the way                     \
         */

static void run_again_pause(void)
{
    const struct timespec ms = {0, 1000000};
    nanosleep(&ms, NULL);
}

/* 1: it has ended. Other children are collected on the way. */
static int run_again_wait(pid_t child, int ms)
{
    for (int waited = 0; waited < ms; waited++) {
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
            if (pid == child)
                return 1;
        if (pid < 0)
            return 1; /* there are no children any more */
        run_again_pause();
    }
    return 0;
}

static void run_again_child(void (*run)(void), const char *directory)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    if (chdir(directory) == 0)
        run();
    _exit(0);
}

static void run_again(void (*run)(void))
{
    char directory[32];

    for (unsigned i = 0;; i++) {
        snprintf(directory, sizeof(directory), "./run%u", i);
        mkdir(directory, 0777);
        const pid_t child = fork();
        if (child < 0) {
            run_again_pause();
            continue;
        }
        if (child == 0)
            run_again_child(run, directory);
        if (!run_again_wait(child, RUN_AGAIN_MS)) {
            kill(-child, SIGKILL);
            kill(child, SIGKILL);
            if (!run_again_wait(child, RUN_KILLED_MS))
                fuse_abort_all();
            run_again_wait(child, RUN_AGAIN_MS);
        }
        kill(-child, SIGKILL); /* what it has left behind */
        remove_dir(directory);
    }
}
