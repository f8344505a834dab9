/*
 * test_wasi_fd: descriptors: what they may do, how they are numbered, moved and closed, what a
 * read-only directory refuses, listing a directory, stdio, pipes, sockets, both editions' layouts.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tap.h"
#include "wasi_fake.h"

#include "base/mem.h"

#include <signal.h>
#include <sys/socket.h>

enum { ROOT = 3, ENTRIES = 3000, NAME_BYTES = 16 };

static struct fake f;
static char scratch[FAKE_PATH_MAX];

/* A guest with the scratch directory as its root. */
static struct wasi_config *config(bool read_only)
{
    struct wasi_config *c = wasi_config_new();
    struct diag dg = {0};
    if (c == NULL || wasi_config_dir(c, scratch, "/", read_only, &dg) != ST_OK)
        printf("Bail out! %s\n", dg.text);
    return c;
}

static void check_numbers(void)
{
    uint32_t fds[4] = {0}, host_fds = 0, count = 0, fd = 0;

    fake_start(&f, config(false));
    for (uint32_t i = 0; i < 4; i++)
        tap_ok(fake_open(&f, ROOT, "file", 0, 0, FAKE_ALL_RIGHTS, 0, &fds[i]) == WASI_SUCCESS &&
                   fds[i] == 4 + i,
               "the lowest free number is taken: %u", fds[i]);
    host_fds = fake_host_fds();
    tap_ok(FAKE_CALL(&f, fd_renumber, fds[3], fds[0]) == WASI_SUCCESS &&
               fake_host_fds() == host_fds - 1,
           "renumber closes what was at the new number");
    tap_ok(FAKE_CALL(&f, fd_close, fds[3]) == WASI_BADF, "the old number is free");
    tap_ok(FAKE_CALL(&f, fd_renumber, fds[0], 900) == WASI_BADF, "nothing is at the new number");
    tap_ok(FAKE_CALL(&f, fd_renumber, ROOT, fds[1]) == WASI_SUCCESS &&
               FAKE_CALL(&f, fd_prestat_get, fds[1], AT_OUT) == WASI_SUCCESS &&
               FAKE_CALL(&f, fd_prestat_get, ROOT, AT_OUT) == WASI_BADF,
           "a preopened directory moves with its name");
    tap_ok(FAKE_CALL(&f, fd_close, fds[0]) == WASI_SUCCESS &&
               fake_open(&f, fds[1], "file", 0, 0, WASI_RIGHT(FD_READ), 0, &fd) == WASI_SUCCESS &&
               fd == ROOT,
           "the freed number is taken next: %u", fd);
    tap_ok(FAKE_CALL(&f, fd_close, 0) == WASI_SUCCESS && FAKE_CALL(&f, fd_close, 0) == WASI_BADF,
           "stdin closes once");
    while (fake_open(&f, fds[1], "file", 0, 0, 0, 0, &fd) == WASI_SUCCESS)
        count++;
    tap_ok(fake_open(&f, fds[1], "file", 0, 0, 0, 0, &fd) == WASI_MFILE && count < WASI_FDS_MAX,
           "after %u more the table is full: MFILE", count);
    host_fds = fake_host_fds();
    tap_ok(fake_open(&f, fds[1], "file", 0, 0, 0, 0, &fd) == WASI_MFILE &&
               fake_host_fds() == host_fds,
           "what did not fit is closed again");
    fake_stop(&f);
}

/* Rights of the calls that write are gone in a read-only directory, and nothing gets around it. */
static void check_read_only(void)
{
    uint32_t fd = 0, dir = 0, size = 0;

    fake_start(&f, config(true));
    tap_ok(fake_open(&f, ROOT, "file", 0, 0, WASI_RIGHT(FD_READ), 0, &fd) == WASI_SUCCESS,
           "read-only: reading is allowed");
    tap_ok(fake_write(&f, fd, "x") == WASI_NOTCAPABLE, "read-only: no write through it");
    tap_ok(fake_open(&f, ROOT, "file", 0, 0, WASI_RIGHT(FD_WRITE), 0, &fd) == WASI_NOTCAPABLE,
           "read-only: no opening to write");
    tap_ok(fake_open(&f, ROOT, "file", 0, WASI_OFLAG_TRUNC, WASI_RIGHT(FD_READ), 0, &fd) ==
               WASI_NOTCAPABLE,
           "read-only: no truncation while opening to read");
    tap_ok(fake_open(&f, ROOT, "new", 0, WASI_OFLAG_CREAT, 0, 0, &fd) == WASI_NOTCAPABLE,
           "read-only: no creation");
    tap_ok(fake_open(&f, ROOT, "file", 0, 0, FAKE_ALL_RIGHTS & ~WASI_RIGHT(FD_WRITE), 0, &fd) ==
                   WASI_SUCCESS &&
               FAKE_CALL(&f, fd_filestat_set_size, fd, 0) == WASI_NOTCAPABLE &&
               FAKE_CALL(&f, fd_allocate, fd, 0, 9) == WASI_NOTCAPABLE &&
               FAKE_CALL(&f, fd_filestat_set_times, fd, 0, 0, 5) == WASI_NOTCAPABLE,
           "read-only: asking for more rights gives only those that read");
    tap_ok(fake_open(&f, ROOT, "sub", 0, WASI_OFLAG_DIRECTORY,
                     FAKE_ALL_RIGHTS & ~WASI_RIGHT(FD_WRITE), 0, &dir) == WASI_SUCCESS &&
               fake_open(&f, dir, "new", 0, WASI_OFLAG_CREAT, 0, 0, &fd) == WASI_NOTCAPABLE &&
               fake_open(&f, dir, "x", 0, 0, WASI_RIGHT(FD_WRITE), 0, &fd) == WASI_NOTCAPABLE,
           "read-only: so are the directories below");
    size = fake_text(&f, AT_PATH, "file");
    fake_text(&f, AT_PATH2, "new");
    tap_ok(FAKE_CALL(&f, path_link, ROOT, 0, AT_PATH, size, ROOT, AT_PATH2, 3) == WASI_NOTCAPABLE,
           "read-only: no hard link, which would take the file out");
    tap_ok(FAKE_CALL(&f, path_rename, ROOT, AT_PATH, size, ROOT, AT_PATH2, 3) == WASI_NOTCAPABLE,
           "read-only: no renaming");
    tap_ok(FAKE_CALL(&f, path_unlink_file, ROOT, AT_PATH, size) == WASI_NOTCAPABLE &&
               FAKE_CALL(&f, path_create_directory, ROOT, AT_PATH2, 3) == WASI_NOTCAPABLE &&
               FAKE_CALL(&f, path_symlink, AT_PATH, size, ROOT, AT_PATH2, 3) == WASI_NOTCAPABLE &&
               FAKE_CALL(&f, path_remove_directory, ROOT, AT_PATH2, 3) == WASI_NOTCAPABLE &&
               FAKE_CALL(&f, path_filestat_set_times, ROOT, 0, AT_PATH, size, 0, 0, 5) ==
                   WASI_NOTCAPABLE,
           "read-only: nothing made, removed or touched");
    tap_ok(FAKE_CALL(&f, fd_fdstat_set_rights, ROOT, FAKE_ALL_RIGHTS, FAKE_ALL_RIGHTS) ==
               WASI_NOTCAPABLE,
           "read-only: lost rights do not come back");
    tap_ok(fake_is_file(scratch, "file", "text"), "read-only: the file is as it was");
    fake_stop(&f);
}

static void check_flags(void)
{
    uint32_t fd = 0;

    fake_start(&f, config(false));
    tap_ok(fake_open(&f, ROOT, "log", 0, WASI_OFLAG_CREAT, FAKE_ALL_RIGHTS,
                     WASI_FDFLAG_APPEND | WASI_FDFLAG_SYNC, &fd) == WASI_SUCCESS &&
               FAKE_CALL(&f, fd_fdstat_get, fd, AT_OUT) == WASI_SUCCESS &&
               fake_get(&f, AT_OUT, 1) == WASI_FILETYPE_REGULAR_FILE &&
               fake_get(&f, AT_OUT + 2, 2) == (WASI_FDFLAG_APPEND | WASI_FDFLAG_SYNC) &&
               fake_get(&f, AT_OUT + 8, 8) == wasi_rights_of(WASI_FILE),
           "fdstat shows kind, flags, and the rights a file can have");
    fake_write(&f, fd, "one");
    FAKE_CALL(&f, fd_seek, fd, 0, WASI_WHENCE_SET, AT_OUT);
    fake_write(&f, fd, "two");
    tap_ok(fake_is_file(scratch, "log", "onetwo"), "append writes at the end");
    FAKE_CALL(&f, fd_fdstat_set_flags, fd, WASI_FDFLAG_DSYNC);
    FAKE_CALL(&f, fd_seek, fd, 0, WASI_WHENCE_SET, AT_OUT);
    fake_write(&f, fd, "ONE");
    tap_ok(fake_is_file(scratch, "log", "ONEtwo"), "without append at the position");
    tap_ok(FAKE_CALL(&f, fd_tell, fd, AT_OUT) == WASI_SUCCESS && fake_get(&f, AT_OUT, 8) == 3,
           "the position is 3");
    tap_ok(FAKE_CALL(&f, fd_seek, fd, (uint64_t)-2, WASI_WHENCE_END, AT_OUT) == WASI_SUCCESS &&
               fake_get(&f, AT_OUT, 8) == 4,
           "two before the end is 4");
    f.is_unstable = true;
    tap_ok(FAKE_CALL(&f, fd_seek, fd, 1, 0, AT_OUT) == WASI_SUCCESS && fake_get(&f, AT_OUT, 8) == 5,
           "whence 0 is CUR in wasi_unstable");
    tap_ok(FAKE_CALL(&f, fd_filestat_get, fd, FAKE_MEMORY_BYTES - 56) == WASI_SUCCESS &&
               fake_get(&f, FAKE_MEMORY_BYTES - 32, 8) == 6 &&
               fake_get(&f, FAKE_MEMORY_BYTES - 36, 4) == 1,
           "a filestat has 56 bytes in wasi_unstable");
    f.is_unstable = false;
    tap_ok(FAKE_CALL(&f, fd_filestat_set_times, fd, 5000000007, 7000000009,
                     WASI_FST_ATIM | WASI_FST_MTIM) == WASI_SUCCESS &&
               FAKE_CALL(&f, fd_filestat_get, fd, AT_OUT) == WASI_SUCCESS &&
               fake_get(&f, AT_OUT + 40, 8) == 5000000007 &&
               fake_get(&f, AT_OUT + 48, 8) == 7000000009,
           "times are kept to the nanosecond");
    tap_ok(FAKE_CALL(&f, fd_filestat_set_size, fd, 2) == WASI_SUCCESS &&
               fake_is_file(scratch, "log", "ON"),
           "set_size cuts");
    tap_ok(FAKE_CALL(&f, fd_allocate, fd, 0, 10) == WASI_SUCCESS &&
               FAKE_CALL(&f, fd_filestat_get, fd, AT_OUT) == WASI_SUCCESS &&
               fake_get(&f, AT_OUT + 32, 8) == 10,
           "allocate extends");
    tap_ok(FAKE_CALL(&f, fd_fdstat_set_rights, fd, WASI_RIGHT(FD_READ), 0) == WASI_SUCCESS &&
               fake_write(&f, fd, "x") == WASI_NOTCAPABLE &&
               FAKE_CALL(&f, fd_tell, fd, AT_OUT) == WASI_NOTCAPABLE,
           "rights are given up");
    fake_stop(&f);
}

/* One pass over the directory with a buffer of `size` bytes; counts names "e0000"... into seen.
 * With remove, every entry is removed as soon as it was seen. Returns the number of other names. */
static uint32_t list(uint32_t dir, uint32_t size, uint8_t *seen, bool removes)
{
    uint64_t cookie = 0;
    uint32_t others = 0;

    for (;;) {
        if (FAKE_CALL(&f, fd_readdir, dir, AT_DATA, size, cookie, AT_OUT) != WASI_SUCCESS)
            return UINT32_MAX;
        uint32_t used = (uint32_t)fake_get(&f, AT_OUT, 4), at = 0;
        while (at + WASI_DIRENT_BYTES <= used) {
            uint32_t head = AT_DATA + at, name_size = (uint32_t)fake_get(&f, head + 16, 4);
            char name[NAME_BYTES] = {0};
            if (at + WASI_DIRENT_BYTES + name_size > used)
                break;
            memcpy(name, f.memory + head + WASI_DIRENT_BYTES, MIN(name_size, NAME_BYTES - 1));
            cookie = fake_get(&f, head, 8);
            at += WASI_DIRENT_BYTES + name_size;
            if (name[0] == 'e')
                seen[strtoul(name + 1, NULL, 10)]++;
            else
                others++;
            if (name[0] == 'e' && removes)
                FAKE_CALL(&f, path_unlink_file, dir, AT_PATH, fake_text(&f, AT_PATH, name));
        }
        if (used < size)
            return others;
    }
}

static bool each_once(const uint8_t *seen)
{
    for (uint32_t i = 0; i < ENTRIES; i++)
        if (seen[i] != 1)
            return false;
    return true;
}

static void check_readdir(void)
{
    static uint8_t seen[ENTRIES];
    static const uint32_t sizes[] = {64, 256, 4096, 65536};
    char name[NAME_BYTES];
    uint32_t dir = 0, fd = 0;

    fake_start(&f, config(false));
    FAKE_CALL(&f, path_create_directory, ROOT, AT_PATH, fake_text(&f, AT_PATH, "many"));
    fake_open(&f, ROOT, "many", 0, WASI_OFLAG_DIRECTORY, FAKE_ALL_RIGHTS & ~WASI_RIGHT(FD_WRITE), 0,
              &dir);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        snprintf(name, sizeof(name), "e%04u", i);
        if (fake_open(&f, dir, name, 0, WASI_OFLAG_CREAT, 0, 0, &fd) == WASI_SUCCESS)
            FAKE_CALL(&f, fd_close, fd);
    }
    for (uint32_t i = 0; i < LENGTH_OF(sizes); i++) {
        memset(seen, 0, sizeof(seen));
        uint32_t others = list(dir, sizes[i], seen, false);
        tap_ok(others == 2 && each_once(seen),
               "%u entries once each, and . and .., %u bytes at a time", ENTRIES, sizes[i]);
    }
    memset(seen, 0, sizeof(seen));
    tap_ok(list(dir, 256, seen, true) == 2 && each_once(seen),
           "entries removed while listing: the others still come once each");
    tap_ok(FAKE_CALL(&f, fd_readdir, dir, AT_DATA, 64, 0, AT_OUT) == WASI_SUCCESS &&
               fake_get(&f, AT_OUT, 4) == 51,
           "then only . and .. are left: 51 bytes");
    tap_ok(FAKE_CALL(&f, fd_readdir, dir, AT_DATA, 0, 0, AT_OUT) == WASI_SUCCESS &&
               fake_get(&f, AT_OUT, 4) == 0,
           "an empty buffer holds nothing");
    FAKE_CALL(&f, fd_readdir, ROOT, AT_DATA, 4096, 0, AT_OUT);
    uint64_t own = 0, parent = 0;
    for (uint32_t at = AT_DATA; at < AT_DATA + fake_get(&f, AT_OUT, 4);
         at += WASI_DIRENT_BYTES + (uint32_t)fake_get(&f, at + 16, 4)) {
        const char *entry = (const char *)f.memory + at + WASI_DIRENT_BYTES;
        if (fake_get(&f, at + 16, 4) == 1 && entry[0] == '.')
            own = fake_get(&f, at + 8, 8);
        if (fake_get(&f, at + 16, 4) == 2 && entry[0] == '.' && entry[1] == '.')
            parent = fake_get(&f, at + 8, 8);
    }
    tap_ok(own != 0 && own == parent, "the root shows itself as its parent");
    fake_stop(&f);
}

static void check_streams(void)
{
    struct wasi_config *c = wasi_config_new();
    struct diag dg = {0};

    wasi_config_stdin_bytes(c, "hello, guest", 12);
    tap_ok(wasi_config_capture(c, 1, 8, &dg) == ST_OK &&
               wasi_config_capture(c, 0, 8, &dg) == ST_USAGE,
           "capture: %s", dg.text);
    fake_start(&f, c);
    tap_ok(fake_read(&f, 0, 5) == WASI_SUCCESS && fake_get(&f, AT_OUT, 4) == 5 &&
               memcmp(f.memory + AT_DATA, "hello", 5) == 0,
           "stdin gives its first bytes");
    fake_read(&f, 0, 100);
    tap_ok(fake_get(&f, AT_OUT, 4) == 7 && fake_read(&f, 0, 100) == WASI_SUCCESS &&
               fake_get(&f, AT_OUT, 4) == 0,
           "then the rest, then its end");
    tap_ok(fake_write(&f, 1, "") == WASI_SUCCESS && wasi_output(f.wasi, 1).size == 0,
           "nothing written is nothing kept");
    tap_ok(fake_write(&f, 1, "12345") == WASI_SUCCESS && fake_write(&f, 1, "6789") == WASI_NOSPC &&
               fake_write(&f, 1, "678") == WASI_SUCCESS &&
               str_equal(wasi_output(f.wasi, 1), STR("12345678")),
           "stdout is kept up to its limit");
    tap_ok(fake_write(&f, 2, "gone") == WASI_SUCCESS && fake_get(&f, AT_OUT, 4) == 4 &&
               wasi_output(f.wasi, 2).size == 0,
           "stderr is thrown away");
    fake_stop(&f);
}

/* A guest that writes into a pipe nobody reads gets PIPE; the host gets no signal. */
static void check_pipe(void)
{
    struct wasi_config *c = wasi_config_new();
    struct diag dg = {0};
    int fds[2];
    char got[8192];

    if (pipe(fds) != 0 || wasi_config_stdio(c, 1, fds[1], &dg) != ST_OK)
        printf("Bail out! pipe\n");
    fake_start(&f, c);
    memset(f.memory + AT_DATA, 'x', 6000);
    wasi_put(f.memory + AT_IOV, AT_DATA, 4);
    wasi_put(f.memory + AT_IOV + 4, 6000, 4);
    tap_ok(FAKE_CALL(&f, fd_write, 1, AT_IOV, 1, AT_OUT) == WASI_SUCCESS &&
               fake_get(&f, AT_OUT, 4) == 6000 && read(fds[0], got, sizeof(got)) == 6000,
           "a write larger than PIPE_BUF goes out whole");
    FAKE_CALL(&f, fd_fdstat_set_flags, 1, WASI_FDFLAG_NONBLOCK);
    uint64_t total = 0;
    enum wasi_errno e = WASI_SUCCESS;
    while ((e = FAKE_CALL(&f, fd_write, 1, AT_IOV, 1, AT_OUT)) == WASI_SUCCESS)
        total += fake_get(&f, AT_OUT, 4);
    tap_ok(e == WASI_AGAIN && total >= 4096, "non-blocking: AGAIN after %ju bytes",
           (uintmax_t)total);
    tap_ok((fcntl(fds[1], F_GETFL) & O_NONBLOCK) == 0, "the host's descriptor still blocks");
    close(fds[0]);
    tap_ok(fake_write(&f, 1, "x") == WASI_PIPE, "nobody reads: PIPE, and we are still here");
    fake_stop(&f);
    tap_ok(fcntl(fds[1], F_GETFD) >= 0, "a borrowed descriptor stays open");
    close(fds[1]);
}

static void check_sockets(void)
{
    struct wasi_config *c = config(false);
    struct diag dg = {0};
    int fds[2];

    tap_ok(wasi_config_socket(c, 0x7fff, &dg) == ST_USAGE, "no socket: %s", dg.text);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0 ||
        wasi_config_socket(c, fds[0], &dg) != ST_OK)
        printf("Bail out! socket\n");
    fake_start(&f, c);
    FAKE_CALL(&f, fd_fdstat_set_flags, 4, WASI_FDFLAG_NONBLOCK);
    fake_iov(&f, 5);
    tap_ok(FAKE_CALL(&f, sock_recv, 4, AT_IOV, 1, 0, AT_OUT, AT_OUT2) == WASI_AGAIN,
           "a socket follows the directories; non-blocking and empty it is AGAIN");
    tap_ok(write(fds[1], "abc", 3) == 3 &&
               FAKE_CALL(&f, sock_recv, 4, AT_IOV, 1, WASI_RECV_PEEK, AT_OUT, AT_OUT2) ==
                   WASI_SUCCESS &&
               fake_get(&f, AT_OUT, 4) == 3,
           "peek sees three bytes");
    tap_ok(write(fds[1], "de", 2) == 2 &&
               FAKE_CALL(&f, sock_recv, 4, AT_IOV, 1, WASI_RECV_WAITALL, AT_OUT, AT_OUT2) ==
                   WASI_SUCCESS &&
               fake_get(&f, AT_OUT, 4) == 5 && memcmp(f.memory + AT_DATA, "abcde", 5) == 0,
           "waitall takes five");
    tap_ok(FAKE_CALL(&f, sock_shutdown, 4, WASI_SHUT_WR) == WASI_SUCCESS &&
               FAKE_CALL(&f, sock_send, 4, AT_IOV, 1, 0, AT_OUT) == WASI_PIPE,
           "after shutdown a send is PIPE, without a signal");
    tap_ok(FAKE_CALL(&f, sock_accept, 4, 0, AT_OUT) == WASI_NOTCAPABLE,
           "a connection accepts none");
    fake_stop(&f);
    close(fds[0]);
    close(fds[1]);
}

/* Standard streams that are files: reading must not change one, writing keeps its append flag. */
static void check_redirected(void)
{
    struct wasi_config *c = wasi_config_new();
    struct diag dg = {0};
    char path[FAKE_PATH_MAX + 8];

    snprintf(path, sizeof(path), "%s/file", scratch);
    int in = open(path, O_RDWR | O_CLOEXEC), out = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (in < 0 || out < 0 || wasi_config_stdio(c, 0, in, &dg) != ST_OK ||
        wasi_config_stdio(c, 1, out, &dg) != ST_OK)
        printf("Bail out! %s\n", dg.text);
    fake_start(&f, c);
    tap_ok(fake_write(&f, 0, "x") == WASI_NOTCAPABLE &&
               FAKE_CALL(&f, fd_filestat_set_size, 0, 0) == WASI_NOTCAPABLE &&
               FAKE_CALL(&f, fd_filestat_set_times, 0, 0, 0, 5) == WASI_NOTCAPABLE &&
               FAKE_CALL(&f, fd_allocate, 0, 0, 100) == WASI_NOTCAPABLE,
           "stdin from a file changes nothing of it");
    tap_ok(fake_read(&f, 0, 2) == WASI_SUCCESS &&
               FAKE_CALL(&f, fd_seek, 0, 0, WASI_WHENCE_SET, AT_OUT) == WASI_SUCCESS,
           "but can be read, and rewound");
    tap_ok(FAKE_CALL(&f, fd_fdstat_get, 1, AT_OUT) == WASI_SUCCESS &&
               fake_get(&f, AT_OUT + 2, 2) == WASI_FDFLAG_APPEND &&
               FAKE_CALL(&f, fd_fdstat_set_flags, 1, 0) == WASI_NOTSUP &&
               (fcntl(out, F_GETFL) & O_APPEND) != 0,
           "stdout that appends says so, and goes on appending");
    fake_stop(&f);
    close(in);
    close(out);
}

static void check_config(void)
{
    struct wasi_config *c = wasi_config_new();
    struct wasi *w = NULL;
    struct diag dg = {0};

    tap_ok(wasi_config_env(c, "novalue", NULL, &dg) == ST_USAGE, "%s", dg.text);
    tap_ok(wasi_config_env(c, "=x", NULL, &dg) == ST_USAGE, "%s", dg.text);
    tap_ok(wasi_config_env(c, "A=B", "c", &dg) == ST_USAGE, "%s", dg.text);
    tap_ok(wasi_config_dir(c, "", "/", false, &dg) == ST_USAGE, "%s", dg.text);
    tap_ok(wasi_config_stdio(c, 3, 0, &dg) == ST_USAGE, "%s", dg.text);
    tap_ok(wasi_config_dir(c, "/no/such/directory", "/", false, &dg) == ST_OK &&
               wasi_new(c, &w, &dg) == ST_IO && w == NULL,
           "%s", dg.text);
    char *big = mem_alloc(WASI_STRINGS_MAX + 1, 1);
    if (big == NULL)
        return;
    memset(big, 'x', WASI_STRINGS_MAX);
    tap_ok(wasi_config_arg(c, big, &dg) == ST_LIMIT, "%s", dg.text);
    mem_free(big);
    wasi_config_free(c);
}

/* The n-th allocation fails, for every n: no leak (the asan build looks), no crash. */
static void check_no_memory(void)
{
    bool hit = true;
    uint32_t n = 0;

    for (n = 1; hit && n < 100; n++) {
        struct diag dg = {0};
        struct wasi *w = NULL;
        mem_fault_set(n);
        struct wasi_config *c = wasi_config_new();
        if (c != NULL && wasi_config_arg(c, "a", &dg) == ST_OK &&
            wasi_config_env(c, "K", "v", &dg) == ST_OK &&
            wasi_config_dir(c, scratch, "/", false, &dg) == ST_OK && wasi_new(c, &w, &dg) == ST_OK)
            wasi_free(w);
        wasi_config_free(c);
        hit = mem_fault_hit();
        mem_fault_set(0);
    }
    tap_ok(!hit && n > 5, "%u allocations, each failed once", n - 2);
}

int main(void)
{
    if (!fake_scratch(scratch))
        return tap_skip_all("no scratch directory can be made");
    fake_file(scratch, "file", "text");
    char sub[FAKE_PATH_MAX + 8];
    snprintf(sub, sizeof(sub), "%s/sub", scratch);
    if (mkdir(sub, 0777) != 0)
        return 1;
    fake_file(scratch, "sub/x", "below");
    check_numbers();
    check_read_only();
    check_flags();
    check_readdir();
    check_streams();
    check_pipe();
    check_sockets();
    check_redirected();
    check_config();
    check_no_memory();
    fake_remove(scratch);
    return tap_done();
}
