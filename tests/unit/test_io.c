/* test_io: digests, whole files, processes, the event loop. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "io/digest.h"
#include "io/file.h"
#include "io/loop.h"
#include "io/process.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/mujun-io-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[2][FILE_PATH_MAX];
    static unsigned turn;

    turn ^= 1;
    snprintf(path[turn], FILE_PATH_MAX, "%s/%s", folder, name);
    return path[turn];
}

static void check_digests(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    };
    char hex[DIGEST_TEXT_BYTES];
    struct digest d;
    struct diag dg = {0};

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        digest_hex(rows[i].text, strlen(rows[i].text), hex);
        tap_ok(strcmp(hex, rows[i].want) == 0, "sha1 of '%s': %s", rows[i].text, hex);
    }
    digest_begin(&d);
    tap_ok(file_write(in_folder("abc"), "bc", 2, &dg) == ST_OK, "wrote: %s", dg.text);
    digest_add(&d, "a", 1);
    tap_ok(digest_add_file(&d, in_folder("abc"), &dg) == ST_OK, "read: %s", dg.text);
    digest_done(&d, hex);
    tap_ok(strcmp(hex, rows[1].want) == 0, "sha1 in pieces: %s", hex);
    tap_ok(digest_add_file(&d, in_folder("none"), &dg) == ST_IO &&
               strstr(dg.text, "No such file") != NULL, "%s", dg.text);
}

static void check_files(void)
{
    struct diag dg = {0};
    uint8_t *data = NULL;
    size_t size = 0;
    struct stat info;

    tap_ok(file_make_dirs(in_folder("a/b/c"), &dg) == ST_OK, "folders: %s", dg.text);
    tap_ok(file_make_dirs(in_folder("a/b/c"), &dg) == ST_OK, "again: %s", dg.text);
    tap_ok(file_write(in_folder("a/b/c/f"), "old", 3, &dg) == ST_OK &&
               file_write(in_folder("a/b/c/f"), "newer", 5, &dg) == ST_OK,
           "a file is replaced: %s", dg.text);
    tap_ok(file_read(in_folder("a/b/c/f"), 5, &data, &size, &dg) == ST_OK && size == 5 &&
               memcmp(data, "newer", 6) == 0, "it is read with a NUL after it: %s", dg.text);
    mem_free(data);
    tap_ok(file_read(in_folder("a/b/c/f"), 4, &data, &size, &dg) == ST_LIMIT, "%s", dg.text);
    tap_ok(file_read("/proc/self/status", 1 << 20, &data, &size, &dg) == ST_OK && size > 100,
           "a file without a size: %zu bytes", size);
    mem_free(data);
    tap_ok(file_read("/dev/zero", 1 << 20, &data, &size, &dg) == ST_LIMIT, "%s", dg.text);
    tap_ok(file_write(in_folder("none/f"), "x", 1, &dg) == ST_IO, "%s", dg.text);
    tap_ok(file_make_dirs(in_folder("a/b/c/f"), &dg) == ST_IO, "%s", dg.text);
    tap_ok(file_write("/dev/full/x", "x", 1, &dg) == ST_IO, "%s", dg.text);
    for (int n = 0; n < 2; n++) {
        mem_fault_set(1);
        tap_ok(file_read(in_folder("a/b/c/f"), 5, &data, &size, &dg) == ST_NO_MEMORY, "%s",
               dg.text);
        mem_fault_set(0);
    }
    (void)!symlink("/", in_folder("a/root"));
    file_remove_all(in_folder("a"));
    tap_ok(stat(in_folder("a"), &info) != 0 && errno == ENOENT && stat("/tmp", &info) == 0,
           "a folder is gone, what it pointed to is not");
    file_remove_all(in_folder("a"));
    char path[FILE_PATH_MAX];
    tap_ok(file_find_program("sh", path) && path[0] == '/', "sh is %s", path);
    tap_ok(!file_find_program("no-such-program-here", path), "what is not there is not found");
    tap_ok(!file_find_program("/etc/passwd", path), "what cannot run is not found");
}

static void check_processes(void)
{
    static const struct {
        const char *script, *output;
        int timeout_ms;
        enum status status;
        const char *end;
    } rows[] = {
        {"echo out; echo err >&2", "out\nerr\n", 5000, ST_OK, "exit code 0"},
        {"exit 3", "", 5000, ST_OK, "exit code 3"},
        {"kill -9 $$", "", 5000, ST_OK, "killed by signal 9 (KILL)"},
        {"echo long; sleep 100", "long\n", 200, ST_TIMEOUT, NULL},
        {"sleep 100 & echo child", "child\n", 200, ST_TIMEOUT, NULL},
        {"printf '%040d' 7", "0000000000000000000000000000000", 5000, ST_OK, "exit code 0"},
        {"ls /proc/self/fd | wc -l", "4\n", 5000, ST_OK, "exit code 0"},
    };
    struct diag dg = {0};
    char output[32], end[64] = "";
    int wait_status = 0;

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        const char *argv[] = {"sh", "-c", rows[i].script, NULL};
        struct process_options o = {.path = "/bin/sh", .argv = argv};
        enum status st =
            process_output(&o, rows[i].timeout_ms, output, sizeof(output), &wait_status, &dg);
        if (st == ST_OK)
            process_end_text(wait_status, end, sizeof(end));
        tap_ok(st == rows[i].status && strcmp(output, rows[i].output) == 0 &&
                   (rows[i].end == NULL || strcmp(end, rows[i].end) == 0),
               "%s: %s, %s", rows[i].script, status_text(st), st == ST_OK ? end : dg.text);
    }
    const char *argv[] = {"x", NULL};
    struct process_options bad = {.path = "/etc/passwd", .argv = argv};
    struct process p;
    tap_ok(process_start(&bad, &p, &dg) == ST_IO, "%s", dg.text);

    int pipe_fds[2];
    char text[8] = "";
    const char *cat[] = {"sh", "-c", "echo $0 >&7; pwd >&7", NULL};
    if (pipe(pipe_fds) != 0)
        return;
    struct process_fd fd = {pipe_fds[1], 7};
    struct process_options o = {
        .path = "/bin/sh", .argv = cat, .dir = "/", .fds = &fd, .fd_count = 1};
    tap_ok(process_start(&o, &p, &dg) == ST_OK && process_wait(&p, 5000, &wait_status) &&
               wait_status == 0 && p.pid == 0, "started with a descriptor: %s", dg.text);
    tap_ok(read(pipe_fds[0], text, sizeof(text) - 1) == 5 && strcmp(text, "sh\n/\n") == 0,
           "it got the number and the folder");
    process_end(&p);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

/* ---- the loop ---- */

struct scene {
    struct loop *loop;
    struct loop_watch in, other;
    struct loop_timer timers[3];
    struct loop_job job;
    char order[16];
    unsigned calls;
};

static void note(struct scene *s, char what)
{
    size_t used = strlen(s->order);

    if (used + 1 < sizeof(s->order))
        s->order[used] = what;
}

static void on_timer(struct loop_timer *timer)
{
    struct scene *s = timer->ctx;

    note(s, (char)('0' + (timer - s->timers)));
    if (timer == &s->timers[2])
        loop_stop(s->loop);
}

static void on_ready(struct loop_watch *watch, unsigned what)
{
    struct scene *s = watch->ctx;
    char byte = '?';

    if ((what & LOOP_READ) != 0 && read(watch->fd, &byte, 1) == 1)
        note(s, byte);
    /* Both are ready at once; whoever comes first silences the other. */
    loop_unwatch(s->loop, watch == &s->in ? &s->other : &s->in);
}

static void on_job(struct loop_job *job)
{
    struct scene *s = job->ctx;
    note(s, 'j');
}

static void count_call(void *ctx)
{
    struct scene *s = ctx;
    s->calls++;
}

static void *run_loop(void *ctx)
{
    struct scene *s = ctx;

    loop_run(s->loop);
    return NULL;
}

static void check_loop(void)
{
    struct scene s = {0};
    struct diag dg = {0};
    int a[2], b[2];
    pthread_t thread;

    if (!tap_ok(loop_open(&s.loop, &dg) == ST_OK && pipe(a) == 0 && pipe(b) == 0, "a loop: %s",
                dg.text))
        return;
    s.in = (struct loop_watch){a[0], on_ready, &s};
    s.other = (struct loop_watch){b[0], on_ready, &s};
    tap_ok(loop_watch(s.loop, &s.in, LOOP_READ, &dg) == ST_OK &&
               loop_watch(s.loop, &s.other, LOOP_READ, &dg) == ST_OK, "two pipes: %s", dg.text);
    tap_ok(write(a[1], "x", 1) == 1 && write(b[1], "x", 1) == 1, "both are ready");
    static const uint64_t due_ms[] = {20, 1000000, 60};
    for (uint32_t i = 0; i < 3; i++) {
        s.timers[i] = (struct loop_timer){.fire = on_timer, .ctx = &s};
        loop_timer_set(s.loop, &s.timers[i], loop_now_ns() + due_ms[i] * 1000000);
    }
    loop_timer_set(s.loop, &s.timers[1], loop_now_ns() + 40 * 1000000);
    s.job = (struct loop_job){.run = on_job, .ctx = &s};
    loop_post(s.loop, &s.job);
    loop_run(s.loop);
    tap_ok(strcmp(s.order, "jx012") == 0, "job, one of two pipes, timers in order: %s", s.order);
    loop_close(s.loop);

    if (!tap_ok(loop_open(&s.loop, &dg) == ST_OK &&
                    pthread_create(&thread, NULL, run_loop, &s) == 0, "a loop in a thread"))
        return;
    for (unsigned i = 0; i < 1000; i++)
        loop_call(s.loop, count_call, &s);
    tap_ok(s.calls == 1000, "1000 calls from another thread: %u", s.calls);
    loop_stop(s.loop);
    pthread_join(thread, NULL);
    loop_close(s.loop);
    for (unsigned i = 0; i < 2; i++) {
        close(a[i]);
        close(b[i]);
    }
}

int main(void)
{
    if (mkdtemp(folder) == NULL)
        return tap_skip_all("no temporary folder");
    check_digests();
    check_files();
    check_processes();
    check_loop();
    file_remove_all(folder);
    return tap_done();
}
