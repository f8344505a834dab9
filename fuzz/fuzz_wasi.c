/*
 * fuzz_wasi: any sequence of WASI calls, by either path resolver, on a small directory that has
 * links to its outside. The host survives, and afterwards the outside is as it was. Blind to: wrong
 * error numbers, sockets, anything that waits (time is the guest's own, streams are memory).
 *
 * An input is a resolver byte, then calls: a byte that picks one, a byte per parameter group, from
 * which a likely value is made, now and then an unlikely one.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fuzz.h"
#include "shield/wasi/wasi_int.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MEMORY_BYTES = 1 << 16, FILE_BYTES_MAX = 1 << 20, PARAMS_MAX = 16, PATH_STEP = 32 };
enum { AT_OUT = 0x100, AT_IOV = 0x200, AT_PATHS = 0x400, AT_SUBS = 0x1000, AT_DATA = 0x4000 };

static const char *const paths[] = {
    "file",    "dir",        "dir/x",      "out",      "out/secret", "out/",    "..",
    "../out",  ".",          "dir/..",     "l",        "l/",         "dir/l",   "l/secret",
    "a/b",     "a",          "a/",         "/",        "/etc",       "",        "dir/../../out",
    "missing", "missing/..", "dir//./x/.", "up/out/y", "up",         "../made", "dir/deep/../x",
};

static char scratch[] = "/tmp/mujun-fuzz-XXXXXX", inside[64], secret[64];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static void remove_scratch(void)
{
    nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void put_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    FUZZ_CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0, "a file of ours");
}

static void make_scratch(void)
{
    struct rlimit file_bytes = {FILE_BYTES_MAX, FILE_BYTES_MAX};
    char path[80];

    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &file_bytes);
    FUZZ_CHECK(mkdtemp(scratch) != NULL, "a scratch directory");
    atexit(remove_scratch);
    snprintf(inside, sizeof(inside), "%s/in", scratch);
    snprintf(path, sizeof(path), "%s/out", scratch);
    snprintf(secret, sizeof(secret), "%s/out/secret", scratch);
    FUZZ_CHECK(mkdir(path, 0777) == 0, "an outside");
    put_file(secret, "outside");
}

static void make_inside(void)
{
    char path[80];

    nftw(inside, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    FUZZ_CHECK(mkdir(inside, 0777) == 0, "an inside");
    snprintf(path, sizeof(path), "%s/file", inside);
    put_file(path, "inside");
    snprintf(path, sizeof(path), "%s/dir", inside);
    FUZZ_CHECK(mkdir(path, 0777) == 0, "a directory");
    snprintf(path, sizeof(path), "%s/out", inside);
    FUZZ_CHECK(symlink("../out", path) == 0, "a link to the outside");
}

/* Two entries in the scratch directory, one in out/, its contents as they were. */
static void check_outside(void)
{
    char text[16] = {0}, path[80];
    struct stat st;
    FILE *f = fopen(secret, "r");

    FUZZ_CHECK(f != NULL && fread(text, 1, sizeof(text) - 1, f) == 7, "the secret is there");
    fclose(f);
    FUZZ_CHECK(strcmp(text, "outside") == 0 && stat(secret, &st) == 0 && st.st_nlink == 1,
               "and is as it was");
    snprintf(path, sizeof(path), "%s/made", scratch);
    FUZZ_CHECK(lstat(path, &st) != 0, "nothing was made beside the directory");
    FUZZ_CHECK(stat(scratch, &st) == 0 && st.st_nlink == 4, "no directory beside in/ and out/");
}

struct feed {
    const uint8_t *data;
    size_t size, at;
};

static uint8_t next(struct feed *in)
{
    return in->at < in->size ? in->data[in->at++] : 0;
}

/* The values of one parameter group; returns how many. */
static uint32_t make_params(char letter, uint8_t byte, uint64_t *out)
{
    uint32_t path = byte % (uint32_t)LENGTH_OF(paths);

    switch (letter) { /* tidy: flat */
    case 'f':
    case 'n':
    case 'd':
    case 's': out[0] = byte & 7; return 1;
    case 'p':
        out[0] = byte == 255 ? MEMORY_BYTES - 1 : AT_PATHS + path * PATH_STEP;
        out[1] = byte >= 250 ? byte : strlen(paths[path]);
        return 2;
    case 'v':
    case 'w':
        out[0] = AT_IOV + (byte & 3u) * 8;
        out[1] = byte >> 5;
        return 2;
    case 'b':
    case 'a':
    case 'e':
        out[0] = AT_DATA + byte;
        out[1] = byte * 16u;
        return 2;
    case 'q':
        out[0] = AT_SUBS;
        out[1] = AT_DATA;
        out[2] = byte & 15;
        return 3;
    case 'U':
        out[0] = byte < 128 ? (1u << WASI_RIGHT_COUNT) - 1 : byte == 255 ? UINT64_MAX : byte;
        return 1;
    case '2':
    case '4':
    case '8':
    case 'X':
    case 'S': out[0] = byte == 255 ? MEMORY_BYTES - 1 : AT_OUT + byte; return 1;
    default: out[0] = byte; return 1;
    }
}

static void call_next(struct wasi *w, const struct wasi_guest *guest, struct feed *in)
{
    enum wasi_call_id id = (enum wasi_call_id)(next(in) % WASI_CALL_COUNT);
    const struct wasi_call_info *info = &wasi_call_info[id];
    union rt_value args[PARAMS_MAX] = {{0}}, results[1] = {{0}};
    uint32_t at = 0;

    for (const char *letter = info->shape; *letter != '\0'; letter++) {
        uint64_t values[4];
        uint32_t count = make_params(*letter, next(in), values);
        for (uint32_t i = 0; i < count; i++, at++)
            args[at].i64 = values[i];
    }
    enum status st = wasi_call_info[id].run(w, (in->at & 64) != 0, guest, args, results);
    FUZZ_CHECK(st == ST_OK || st == ST_EXIT, "a call ends with a number, or the guest with a code");
    FUZZ_CHECK(st != ST_OK || results[0].i32 < WASI_ERRNO_COUNT, "a number the guest knows");
}

static void fill_memory(uint8_t *memory, const struct feed *in)
{
    for (uint32_t i = 0; i < LENGTH_OF(paths); i++)
        memcpy(memory + AT_PATHS + i * PATH_STEP, paths[i], strlen(paths[i]) + 1);
    for (uint32_t i = 0; i < 8; i++) {
        wasi_put(memory + AT_IOV + i * 8, i == 7 ? MEMORY_BYTES - 4 : AT_DATA + i * 100, 4);
        wasi_put(memory + AT_IOV + i * 8 + 4, i * 50, 4);
    }
    for (uint32_t i = 0; i < 64 && i < in->size; i++) /* some subscriptions */
        memory[AT_SUBS + i * 8] = in->data[i] & 15;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed in = {.data = data, .size = size};
    struct wasi_config *c = wasi_config_new();
    struct rt_store *store = calloc(1, sizeof(*store));
    uint8_t *memory = calloc(1, MEMORY_BYTES);
    struct wasi *w = NULL;
    struct diag dg = {0};

    if (inside[0] == '\0')
        make_scratch();
    make_inside();
    uint8_t how = next(&in);
    FUZZ_CHECK(c != NULL && store != NULL && memory != NULL, "memory");
    wasi_config_resolver(c, how & 1 ? WASI_RESOLVER_WALK : WASI_RESOLVER_AUTO);
    wasi_config_clock(c, 0, 1);
    wasi_config_stdin_bytes(c, "input", 5);
    FUZZ_CHECK(wasi_config_dir(c, inside, "/", (how & 2) != 0, &dg) == ST_OK &&
                   wasi_config_dir(c, inside, "/again", false, &dg) == ST_OK &&
                   wasi_config_capture(c, 1, 4096, &dg) == ST_OK && wasi_new(c, &w, &dg) == ST_OK,
               dg.text);
    fill_memory(memory, &in);
    struct wasi_guest guest = {memory, MEMORY_BYTES, store};
    while (in.at < in.size)
        call_next(w, &guest, &in);
    wasi_free(w);
    wasi_config_free(c);
    free(memory);
    free(store);
    check_outside();
    return 0;
}
