/*
 * test_wasi_calls: every call of wasi.def is accepted once and refused once; a call without a row
 * of either kind fails the test. From the rows follow more: each pointer of each accepted call is
 * moved out of memory, and each right is taken away.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tap.h"
#include "wasi_fake.h"

#include <sys/socket.h>

enum { ROOT = 3, CONNECTED = 4, LISTENING = 5, FILE_FD = 6, OTHER_FD = 7, NO_FD = 99 };
enum { END = FAKE_MEMORY_BYTES };

/* a and b are put at AT_PATH and AT_PATH2; LEN(text) is the length to pass. */
#define LEN(text) (sizeof(text) - 1)

/* clang-format off */
static const struct {
    enum wasi_call_id id;
    const char *a, *b;
    uint64_t params[9];
    enum wasi_errno want;
} rows[] = {
#define ROW(call, a, b, want, ...) {WASI_CALL_##call, a, b, {__VA_ARGS__}, WASI_##want},
    ROW(args_get, "", "", SUCCESS, AT_OUT, AT_DATA)
    ROW(args_get, "", "", FAULT, AT_OUT, END - 1)
    ROW(args_sizes_get, "", "", SUCCESS, AT_OUT, AT_OUT2)
    ROW(args_sizes_get, "", "", FAULT, END - 3, AT_OUT2)
    ROW(environ_get, "", "", SUCCESS, AT_OUT, AT_DATA)
    ROW(environ_get, "", "", FAULT, END - 3, AT_DATA)
    ROW(environ_sizes_get, "", "", SUCCESS, AT_OUT, AT_OUT2)
    ROW(environ_sizes_get, "", "", FAULT, AT_OUT, UINT32_MAX)
    ROW(clock_res_get, "", "", SUCCESS, 0, AT_OUT)
    ROW(clock_res_get, "", "", SUCCESS, 3, AT_OUT)
    ROW(clock_res_get, "", "", INVAL, 4, AT_OUT)
    ROW(clock_time_get, "", "", SUCCESS, 1, 0, END - 8)
    ROW(clock_time_get, "", "", INVAL, UINT32_MAX, 0, AT_OUT)
    ROW(random_get, "", "", SUCCESS, AT_DATA, 100)
    ROW(random_get, "", "", SUCCESS, END, 0)
    ROW(random_get, "", "", FAULT, END - 4, 5)
    ROW(random_get, "", "", FAULT, UINT32_MAX, UINT32_MAX)
    ROW(sched_yield, "", "", SUCCESS, 0)
    ROW(proc_raise, "", "", SUCCESS, 0)
    ROW(proc_raise, "", "", NOTSUP, 18)
    ROW(proc_raise, "", "", INVAL, 31)
    ROW(fd_fdstat_get, "", "", SUCCESS, 1, AT_OUT)
    ROW(fd_fdstat_get, "", "", BADF, NO_FD, AT_OUT)
    ROW(fd_prestat_get, "", "", SUCCESS, ROOT, AT_OUT)
    ROW(fd_prestat_get, "", "", BADF, CONNECTED, AT_OUT)
    ROW(fd_prestat_get, "", "", BADF, WASI_FDS_MAX, AT_OUT)
    ROW(fd_prestat_dir_name, "", "", SUCCESS, ROOT, AT_DATA, 2)
    ROW(fd_prestat_dir_name, "", "", NAMETOOLONG, ROOT, AT_DATA, 1)
    ROW(fd_prestat_dir_name, "", "", BADF, FILE_FD, AT_DATA, 2)
    ROW(fd_write, "", "", SUCCESS, FILE_FD, AT_IOV, 1, AT_OUT)
    ROW(fd_write, "", "", NOTCAPABLE, 0, AT_IOV, 1, AT_OUT)
    ROW(fd_write, "", "", ISDIR, ROOT, AT_IOV, 1, AT_OUT)
    ROW(fd_write, "", "", INVAL, FILE_FD, 0, WASI_IOVS_MAX + 1, AT_OUT)
    ROW(fd_pwrite, "", "", SUCCESS, FILE_FD, AT_IOV, 1, 100, AT_OUT)
    ROW(fd_pwrite, "", "", INVAL, FILE_FD, AT_IOV, 1, UINT64_MAX, AT_OUT)
    ROW(fd_pwrite, "", "", SPIPE, 1, AT_IOV, 1, 0, AT_OUT)
    ROW(fd_read, "", "", SUCCESS, 0, AT_IOV, 1, AT_OUT)
    ROW(fd_read, "", "", NOTCAPABLE, 1, AT_IOV, 1, AT_OUT)
    ROW(fd_read, "", "", FAULT, 0, END - 7, 1, AT_OUT)
    ROW(fd_pread, "", "", SUCCESS, FILE_FD, AT_IOV, 1, 0, AT_OUT)
    ROW(fd_pread, "", "", SPIPE, 0, AT_IOV, 1, 0, AT_OUT)
    ROW(fd_seek, "", "", SUCCESS, FILE_FD, 1, 0, AT_OUT)
    ROW(fd_seek, "", "", INVAL, FILE_FD, UINT64_MAX, 0, AT_OUT)
    ROW(fd_seek, "", "", INVAL, FILE_FD, 0, 3, AT_OUT)
    ROW(fd_seek, "", "", NOTCAPABLE, 1, 0, 1, AT_OUT)
    ROW(fd_tell, "", "", SUCCESS, FILE_FD, AT_OUT)
    ROW(fd_tell, "", "", ISDIR, ROOT, AT_OUT)
    ROW(fd_advise, "", "", SUCCESS, FILE_FD, 0, 10, 5)
    ROW(fd_advise, "", "", INVAL, FILE_FD, 0, 10, 6)
    ROW(fd_advise, "", "", INVAL, FILE_FD, 0, UINT64_MAX, 0)
    ROW(fd_allocate, "", "", SUCCESS, FILE_FD, 0, 10)
    ROW(fd_allocate, "", "", INVAL, FILE_FD, 0, 0)
    ROW(fd_datasync, "", "", SUCCESS, FILE_FD)
    ROW(fd_datasync, "", "", NOTCAPABLE, 1)
    ROW(fd_sync, "", "", SUCCESS, FILE_FD)
    ROW(fd_sync, "", "", BADF, NO_FD)
    ROW(fd_fdstat_set_flags, "", "", SUCCESS, FILE_FD, WASI_FDFLAG_APPEND)
    ROW(fd_fdstat_set_flags, "", "", SUCCESS, FILE_FD, 0)
    ROW(fd_fdstat_set_flags, "", "", INVAL, FILE_FD, 32)
    ROW(fd_fdstat_set_flags, "", "", NOTSUP, 1, WASI_FDFLAG_APPEND)
    ROW(fd_filestat_get, "", "", SUCCESS, FILE_FD, AT_OUT)
    ROW(fd_filestat_get, "", "", SUCCESS, 1, END - 64)
    ROW(fd_filestat_get, "", "", FAULT, FILE_FD, END - 63)
    ROW(fd_filestat_set_size, "", "", SUCCESS, FILE_FD, 50)
    ROW(fd_filestat_set_size, "", "", INVAL, FILE_FD, UINT64_MAX)
    ROW(fd_filestat_set_times, "", "", SUCCESS, FILE_FD, 1, 1, 5)
    ROW(fd_filestat_set_times, "", "", INVAL, FILE_FD, 1, 1, 3)
    ROW(fd_filestat_set_times, "", "", INVAL, FILE_FD, 1, 1, 16)
    ROW(fd_readdir, "", "", SUCCESS, ROOT, AT_DATA, 200, 0, AT_OUT)
    ROW(fd_readdir, "", "", NOTDIR, FILE_FD, AT_DATA, 200, 0, AT_OUT)
    ROW(path_create_directory, "made", "", SUCCESS, ROOT, AT_PATH, LEN("made"))
    ROW(path_create_directory, "made", "", EXIST, ROOT, AT_PATH, LEN("made"))
    ROW(path_create_directory, "a", "", INVAL, ROOT, AT_PATH, 3) /* "a", NUL, "x" */
    ROW(path_create_directory, "x", "", NOTDIR, FILE_FD, AT_PATH, 1)
    ROW(path_filestat_get, "file", "", SUCCESS, ROOT, 1, AT_PATH, LEN("file"), AT_OUT)
    ROW(path_filestat_get, "file", "", INVAL, ROOT, 2, AT_PATH, LEN("file"), AT_OUT)
    ROW(path_filestat_set_times, "file", "", SUCCESS, ROOT, 1, AT_PATH, LEN("file"), 1, 1, 10)
    ROW(path_filestat_set_times, "file", "", INVAL, ROOT, 1, AT_PATH, LEN("file"), 1, 1, 12)
    ROW(path_link, "file", "hard", SUCCESS, ROOT, 0, AT_PATH, LEN("file"), ROOT, AT_PATH2,
        LEN("hard"))
    ROW(path_link, "file", "hard", EXIST, ROOT, 0, AT_PATH, LEN("file"), ROOT, AT_PATH2,
        LEN("hard"))
    ROW(path_link, "file", "hard2", BADF, ROOT, 0, AT_PATH, LEN("file"), NO_FD, AT_PATH2,
        LEN("hard2"))
    ROW(path_open, "file", "", SUCCESS, ROOT, 0, AT_PATH, LEN("file"), 0, 2, 0, 0, AT_OUT)
    ROW(path_open, "file", "", INVAL, ROOT, 0, AT_PATH, LEN("file"), 16, 2, 0, 0, AT_OUT)
    ROW(path_open, "file", "", INVAL, ROOT, 0, AT_PATH, LEN("file"), 0, 2, 0, 32, AT_OUT)
    ROW(path_open, "file", "", FAULT, ROOT, 0, AT_PATH, UINT32_MAX, 0, 2, 0, 0, AT_OUT)
    ROW(path_symlink, "file", "sym", SUCCESS, AT_PATH, LEN("file"), ROOT, AT_PATH2, LEN("sym"))
    ROW(path_symlink, "file", "sym", EXIST, AT_PATH, LEN("file"), ROOT, AT_PATH2, LEN("sym"))
    ROW(path_readlink, "sym", "", SUCCESS, ROOT, AT_PATH, LEN("sym"), AT_DATA, 9, AT_OUT)
    ROW(path_readlink, "file", "", INVAL, ROOT, AT_PATH, LEN("file"), AT_DATA, 9, AT_OUT)
    ROW(path_rename, "hard", "soft", SUCCESS, ROOT, AT_PATH, LEN("hard"), ROOT, AT_PATH2,
        LEN("soft"))
    ROW(path_rename, "hard", "soft", NOENT, ROOT, AT_PATH, LEN("hard"), ROOT, AT_PATH2,
        LEN("soft"))
    ROW(path_unlink_file, "soft", "", SUCCESS, ROOT, AT_PATH, LEN("soft"))
    ROW(path_unlink_file, "made", "", ISDIR, ROOT, AT_PATH, LEN("made"))
    ROW(path_remove_directory, "made", "", SUCCESS, ROOT, AT_PATH, LEN("made"))
    ROW(path_remove_directory, "file", "", NOTDIR, ROOT, AT_PATH, LEN("file"))
    ROW(poll_oneoff, "", "", SUCCESS, AT_SUBS, AT_EVENTS, 1, AT_OUT)
    ROW(poll_oneoff, "", "", INVAL, AT_SUBS, AT_EVENTS, 0, AT_OUT)
    ROW(poll_oneoff, "", "", INVAL, AT_SUBS, AT_EVENTS, WASI_EVENTS_MAX + 1, AT_OUT)
    ROW(sock_send, "", "", SUCCESS, CONNECTED, AT_IOV, 1, 0, AT_OUT)
    ROW(sock_send, "", "", INVAL, CONNECTED, AT_IOV, 1, 1, AT_OUT)
    ROW(sock_send, "", "", NOTSOCK, FILE_FD, AT_IOV, 1, 0, AT_OUT)
    ROW(sock_recv, "", "", SUCCESS, CONNECTED, AT_IOV, 1, WASI_RECV_PEEK, AT_OUT, AT_OUT2)
    ROW(sock_recv, "", "", INVAL, CONNECTED, AT_IOV, 1, 4, AT_OUT, AT_OUT2)
    ROW(sock_recv, "", "", NOTSOCK, 0, AT_IOV, 1, 0, AT_OUT, AT_OUT2)
    ROW(sock_accept, "", "", SUCCESS, LISTENING, WASI_FDFLAG_NONBLOCK, AT_OUT)
    ROW(sock_accept, "", "", NOTSOCK, ROOT, 0, AT_OUT)
    ROW(sock_shutdown, "", "", SUCCESS, CONNECTED, WASI_SHUT_WR)
    ROW(sock_shutdown, "", "", INVAL, CONNECTED, 0)
    ROW(sock_shutdown, "", "", BADF, NO_FD, 1)
    ROW(fd_renumber, "", "", SUCCESS, OTHER_FD, OTHER_FD)
    ROW(fd_renumber, "", "", SUCCESS, FILE_FD, OTHER_FD)
    ROW(fd_renumber, "", "", BADF, OTHER_FD, FILE_FD)
    ROW(fd_fdstat_set_rights, "", "", SUCCESS, OTHER_FD, WASI_RIGHT(FD_READ), 0)
    ROW(fd_fdstat_set_rights, "", "", NOTCAPABLE, OTHER_FD, WASI_RIGHT(FD_WRITE), 0)
    ROW(fd_close, "", "", SUCCESS, OTHER_FD)
    ROW(fd_close, "", "", BADF, OTHER_FD)
#undef ROW
};
/* clang-format on */

/* Calls that end the guest have no error number; sched_yield has nothing to refuse. */
static const enum wasi_call_id never_refused[] = {WASI_CALL_sched_yield, WASI_CALL_proc_exit};

static uint32_t accepted[WASI_CALL_COUNT], refused[WASI_CALL_COUNT];

static void prepare(struct fake *f, const char *a, const char *b)
{
    memset(f->memory + AT_PATH, 'x', 16); /* what stands behind a NUL inside a path */
    fake_text(f, AT_PATH, a);
    fake_text(f, AT_PATH2, b);
    fake_iov(f, 5);
    fake_text(f, AT_DATA, "bytes");
    memset(f->memory + AT_SUBS, 0, WASI_SUBSCRIPTION_BYTES); /* the realtime clock, at once */
}

/* Which parameters of a shape are pointers, as a set of bits. */
static uint32_t pointers_of(const char *shape)
{
    uint32_t bits = 0, at = 0;
    char one[2] = "", sig[WASI_SIG_MAX];

    for (; *shape != '\0'; shape++) {
        one[0] = *shape;
        wasi_shape_sig(one, sig);
        if (strchr("pvwb2348XS", *shape) != NULL)
            bits |= 1u << at;
        if (strchr("aeq", *shape) != NULL)
            bits |= 3u << at;
        at += (uint32_t)strlen(sig);
    }
    return bits;
}

/* An accepted call with one pointer just past the end, or far away. */
static void check_pointers(struct fake *f, uint32_t row)
{
    static const uint32_t bad[] = {END + 1, UINT32_MAX};
    const struct wasi_call_info *info = &wasi_call_info[rows[row].id];
    uint32_t pointers = pointers_of(info->shape), wrong = 0;

    for (uint32_t i = 0; i < 9; i++)
        for (uint32_t k = 0; (pointers >> i & 1) != 0 && k < LENGTH_OF(bad); k++) {
            uint64_t params[9];
            memcpy(params, rows[row].params, sizeof(params));
            params[i] = bad[k];
            wrong += fake_call(f, rows[row].id, params) != WASI_FAULT;
        }
    if (pointers != 0)
        tap_ok(wrong == 0, "%s: each pointer moved out of memory is FAULT", info->name);
}

static void check_rows(struct fake *f)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        const struct wasi_call_info *info = &wasi_call_info[rows[i].id];
        prepare(f, rows[i].a, rows[i].b);
        if (rows[i].want == WASI_SUCCESS && accepted[rows[i].id] == 0)
            check_pointers(f, i);
        enum wasi_errno e = fake_call(f, rows[i].id, rows[i].params);
        tap_ok(e == rows[i].want && f->end == ST_OK, "%s, row %u: %s, want %s", info->name, i,
               wasi_errno_name(e), wasi_errno_name(rows[i].want));
        if (e == WASI_SUCCESS)
            accepted[rows[i].id]++;
        else
            refused[rows[i].id]++;
    }
}

/* Takes the right away that a call needs and calls it. */
static void check_rights(struct fake *f)
{
    for (uint32_t id = 0; id < WASI_CALL_COUNT; id++) {
        const struct wasi_call_info *info = &wasi_call_info[id];
        uint64_t params[9] = {0};
        uint32_t count = 0, at = 0, taken_from = NO_FD;
        char one[2] = "", sig[WASI_SIG_MAX];
        for (const char *s = info->shape; *s != '\0'; s++) {
            if (strchr("fnds", *s) != NULL && count < WASI_FD_PER_CALL) {
                params[at] = *s == 'd' ? ROOT : *s == 's' ? CONNECTED : FILE_FD;
                taken_from = info->right[count] != 0 ? (uint32_t)params[at] : taken_from;
                count++;
            }
            one[0] = *s;
            wasi_shape_sig(one, sig);
            at += (uint32_t)strlen(sig);
        }
        if (taken_from == NO_FD)
            continue;
        struct wasi_fd *fd = &f->wasi->fds[taken_from];
        uint64_t base = fd->base, last = info->right[info->right[1] != 0];
        fd->base &= ~last;
        enum wasi_errno e = fake_call(f, (enum wasi_call_id)id, params);
        fd->base = base;
        tap_ok(e == WASI_NOTCAPABLE, "%s without its last right: %s", info->name,
               wasi_errno_name(e));
    }
}

static void check_endings(struct fake *f)
{
    FAKE_CALL(f, proc_exit, 33);
    tap_ok(f->end == ST_EXIT && f->store.exit_code == 33, "proc_exit(33): %s, code %d",
           status_text(f->end), f->store.exit_code);
    accepted[WASI_CALL_proc_exit]++;
    FAKE_CALL(f, proc_raise, 6);
    tap_ok(f->end == ST_EXIT && f->store.exit_code == 134, "proc_raise(ABRT): %s, code %d",
           status_text(f->end), f->store.exit_code);
    f->store.interrupted = 1;
    FAKE_CALL(f, sched_yield, 0);
    tap_ok(f->end == ST_TIMEOUT, "sched_yield of an interrupted store: %s", f->store.diag.text);
    f->store.interrupted = 0;
}

static void check_table(void)
{
    for (uint32_t i = 0; i < WASI_CALL_COUNT; i++) {
        const struct wasi_call_info *info = &wasi_call_info[i];
        char want[WASI_SIG_MAX * 2], got[WASI_SIG_MAX];
        bool may_refuse = true;
        wasi_shape_sig(info->shape, got);
        snprintf(want, sizeof(want), "%s:%s", got, i == WASI_CALL_proc_exit ? "" : "i");
        tap_ok(strcmp(want, info->sig) == 0, "%s: shape \"%s\" consumes %s, sig is %s", info->name,
               info->shape, want, info->sig);
        for (uint32_t k = 0; k < LENGTH_OF(never_refused); k++)
            may_refuse &= never_refused[k] != i;
        tap_ok(accepted[i] > 0 && (refused[i] > 0 || !may_refuse),
               "%s: accepted %u times, refused %u times", info->name, accepted[i], refused[i]);
    }
}

/* A connected pair, and a listening socket that a client is waiting at. */
static bool add_sockets(struct wasi_config *c, int fds[4])
{
    struct diag dg = {0};
    struct sockaddr name = {.sa_family = AF_UNIX}; /* autobind: Linux picks an abstract name */
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        return false;
    fds[2] = socket(AF_UNIX, SOCK_STREAM, 0);
    fds[3] = socket(AF_UNIX, SOCK_STREAM, 0);
    return bind(fds[2], &name, sizeof(name.sa_family)) == 0 && listen(fds[2], 4) == 0 &&
           getsockname(fds[2], (struct sockaddr *)&bound, &size) == 0 &&
           connect(fds[3], (struct sockaddr *)&bound, size) == 0 &&
           write(fds[1], "bytes", 5) == 5 && wasi_config_socket(c, fds[0], &dg) == ST_OK &&
           wasi_config_socket(c, fds[2], &dg) == ST_OK;
}

int main(void)
{
    static struct fake f;
    char scratch[FAKE_PATH_MAX];
    struct diag dg = {0};
    struct wasi_config *c = wasi_config_new();
    int sockets[4];
    uint32_t fd = 0;

    if (!fake_scratch(scratch) || wasi_config_arg(c, "prog", &dg) != ST_OK ||
        wasi_config_env(c, "KEY", "value", &dg) != ST_OK ||
        wasi_config_dir(c, scratch, "/d", false, &dg) != ST_OK || !add_sockets(c, sockets))
        return tap_skip_all("no scratch directory or no local sockets here");
    wasi_config_stdin_bytes(c, "hello", 5);
    if (wasi_config_capture(c, 1, 4096, &dg) != ST_OK)
        return 1;
    fake_file(scratch, "file", "text");
    fake_start(&f, c);
    for (uint32_t i = 0; i < 2; i++)
        tap_ok(fake_open(&f, ROOT, "file", 0, 0, i == 0 ? FAKE_ALL_RIGHTS : WASI_RIGHT(FD_READ), 0,
                         &fd) == WASI_SUCCESS &&
                   fd == FILE_FD + i,
               "file is descriptor %u", fd);
    check_rights(&f);
    check_rows(&f);
    check_endings(&f);
    check_table();
    fake_stop(&f);
    for (uint32_t i = 0; i < LENGTH_OF(sockets); i++)
        close(sockets[i]);
    fake_remove(scratch);
    return tap_done();
}
