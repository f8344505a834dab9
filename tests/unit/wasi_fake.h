/* wasi_fake: a guest without code: memory, a store that can be interrupted, a scratch directory,
 * and a call by name. What a guest's C library would do is done by hand here.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_WASI_FAKE_H
#define TESTS_UNIT_WASI_FAKE_H

#include "shield/wasi/wasi_int.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAKE_MEMORY_BYTES = 1 << 18, FAKE_ALL_RIGHTS = (1 << WASI_RIGHT_COUNT) - 1 };
/* Places in guest memory that the tests agree on. */
enum {
    AT_OUT = 0x100,
    AT_OUT2 = 0x200,
    AT_PATH = 0x1000,
    AT_PATH2 = 0x3000,
    AT_IOV = 0x5000,
    AT_DATA = 0x8000,
    AT_SUBS = 0x10000,
    AT_EVENTS = 0x20000
};

struct fake {
    struct wasi *wasi;
    struct wasi_guest guest;
    struct rt_store store;
    bool is_unstable;
    enum status end; /* of the last call */
    uint8_t memory[FAKE_MEMORY_BYTES];
};

/* A new scratch directory in path (of FAKE_PATH_MAX bytes); fake_remove() takes it away. */
enum { FAKE_PATH_MAX = 256 };
static inline bool fake_scratch(char *path)
{
    const char *base = getenv("TMPDIR");
    snprintf(path, FAKE_PATH_MAX, "%s/mujun-wasi-XXXXXX", base != NULL ? base : "/tmp");
    return mkdtemp(path) != NULL;
}

static inline int fake_remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static inline void fake_remove(const char *path)
{
    nftw(path, fake_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void fake_file(const char *dir, const char *name, const char *text)
{
    char path[FAKE_PATH_MAX * 2];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        printf("Bail out! cannot write %s\n", path);
        exit(1);
    }
    fputs(text, f);
    fclose(f);
}

static inline bool fake_is_file(const char *dir, const char *name, const char *text)
{
    char path[FAKE_PATH_MAX * 2], got[256] = {0};
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return false;
    size_t size = fread(got, 1, sizeof(got) - 1, f);
    fclose(f);
    return size == strlen(text) && memcmp(got, text, size) == 0;
}

/* Makes a guest of a configuration, which is freed. */
static inline void fake_start(struct fake *f, struct wasi_config *c)
{
    struct diag dg = {0};
    memset(f, 0, sizeof(*f));
    f->guest = (struct wasi_guest){f->memory, sizeof(f->memory), &f->store};
    if (c == NULL || wasi_new(c, &f->wasi, &dg) != ST_OK) {
        printf("Bail out! %s\n", dg.text);
        exit(1);
    }
    wasi_config_free(c);
}

static inline void fake_stop(struct fake *f)
{
    wasi_free(f->wasi);
    f->wasi = NULL;
}

/* Calls with up to 9 parameters; returns the error number, f->end says how the call ended. */
#define FAKE_CALL(f, name, ...) fake_call((f), WASI_CALL_##name, (const uint64_t[9]){__VA_ARGS__})
static inline enum wasi_errno fake_call(struct fake *f, enum wasi_call_id id,
                                        const uint64_t params[9])
{
    union rt_value args[9], results[1] = {{.i32 = 0xffff}};
    const char *sig = wasi_call_info[id].sig;

    for (uint32_t i = 0; i < 9; i++) {
        memset(&args[i], 0xa5, sizeof(args[i])); /* upper halves of i32 are nobody's business */
        if (*sig == 'I')
            args[i].i64 = params[i];
        else
            args[i].i32 = (uint32_t)params[i];
        sig += *sig != '\0';
    }
    f->end = wasi_call_info[id].run(f->wasi, f->is_unstable, &f->guest, args, results);
    return (enum wasi_errno)results[0].i32;
}

static inline uint64_t fake_get(const struct fake *f, uint32_t at, uint32_t size)
{
    return wasi_get(f->memory + at, size);
}

static inline uint32_t fake_text(struct fake *f, uint32_t at, const char *text)
{
    memcpy(f->memory + at, text, strlen(text) + 1);
    return (uint32_t)strlen(text);
}

/* One buffer: iovec at AT_IOV, bytes at AT_DATA. */
static inline void fake_iov(struct fake *f, uint32_t size)
{
    wasi_put(f->memory + AT_IOV, AT_DATA, 4);
    wasi_put(f->memory + AT_IOV + 4, size, 4);
}

/* path_open; *fd is written on success. */
static inline enum wasi_errno fake_open(struct fake *f, uint32_t dir, const char *path,
                                        uint32_t lookup, uint32_t oflags, uint64_t rights,
                                        uint32_t fdflags, uint32_t *fd)
{
    uint32_t size = fake_text(f, AT_PATH, path);
    enum wasi_errno e = FAKE_CALL(f, path_open, dir, lookup, AT_PATH, size, oflags, rights,
                                  FAKE_ALL_RIGHTS, fdflags, AT_OUT);
    if (e == WASI_SUCCESS)
        *fd = (uint32_t)fake_get(f, AT_OUT, 4);
    return e;
}

static inline enum wasi_errno fake_write(struct fake *f, uint32_t fd, const char *text)
{
    fake_iov(f, fake_text(f, AT_DATA, text));
    return FAKE_CALL(f, fd_write, fd, AT_IOV, 1, AT_OUT);
}

/* Reads at most size bytes to AT_DATA; AT_OUT holds how many. */
static inline enum wasi_errno fake_read(struct fake *f, uint32_t fd, uint32_t size)
{
    fake_iov(f, size);
    return FAKE_CALL(f, fd_read, fd, AT_IOV, 1, AT_OUT);
}

static inline uint32_t fake_host_fds(void)
{
    uint32_t count = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d != NULL && readdir(d) != NULL)
        count++;
    if (d != NULL)
        closedir(d);
    return count;
}

#endif /* TESTS_UNIT_WASI_FAKE_H */
