/* run_again: a program again and again, each time in a process of its own that has five seconds.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUN_AGAIN_MS 5000

static void run_again_pause(void)
{
    const struct timespec ms = {0, 1000000};
    nanosleep(&ms, NULL);
}

static void run_again(void (*run)(void))
{
    for (;;) {
        const pid_t child = fork();
        int waited = 0;

        if (child < 0) {
            run_again_pause();
            continue;
        }
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            setpgid(0, 0);
            run();
            _exit(0);
        }
        while (waitpid(-1, NULL, WNOHANG | __WALL) != child && waited++ < RUN_AGAIN_MS)
            run_again_pause();
        kill(-child, SIGKILL);
        kill(child, SIGKILL);
        while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
            ;
    }
}
