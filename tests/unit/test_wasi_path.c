/*
 * test_wasi_path: no path leaves its directory. Each row runs with the kernel's resolver and with
 * our own walk, and must end the same way; afterwards what lies outside is as it was. Then a thread
 * swaps a directory and a link to the outside while the guest goes through that name.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tap.h"
#include "wasi_fake.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>

enum { NOFOLLOW = 0, FOLLOW = WASI_LOOKUP_FOLLOW };
enum {
    CREAT = WASI_OFLAG_CREAT,
    DIRECTORY = WASI_OFLAG_DIRECTORY,
    EXCL = WASI_OFLAG_EXCL,
    TRUNC = WASI_OFLAG_TRUNC
};
enum { RACE_TRIES = 1000, RACE_TRIES_MAX = 20000, RACE_FIRST_MS = 2000, CHAIN = 41 };
enum { EXCHANGE = 2 }; /* RENAME_EXCHANGE of renameat2(2) */

/*
 * scratch/secret, scratch/out/secret     outside
 * scratch/in/                            the guest's root: files, directories, and links that stay,
 *                                        leave, loop, dangle
 */
static const struct {
    const char *name, *target;
} links[] = {
    {"link",        "file"               },
    {"linkdir",     "dir"                },
    {"slashdir",    "dir/"               },
    {"slashfile",   "file/"              },
    {"dir/up",      "../file"            },
    {"dir/deep/up", "../../dir/../file"  },
    {"loop",        "loop"               },
    {"ping",        "pong"               },
    {"pong",        "ping"               },
    {"dangling",    "missing"            },
    {"danglingdir", "missing/x"          },
    {"abs",         "/etc/passwd"        },
    {"absroot",     "/"                  },
    {"climb",       "../secret"          },
    {"climbdir",    ".."                 },
    {"climblate",   "dir/../../secret"   },
    {"outdir",      "../out"             },
    {"dir/outdir",  "../../out"          },
    {"outslash",    "../out/"            },
    {"viaout",      "outdir/secret"      },
    {"danglingout", "../made"            },
    {"proc",        "/proc/self/root/etc"},
};

/* clang-format off */
static const struct {
    const char *path;
    uint32_t lookup, oflags;
    bool writes;
    enum wasi_errno want;
    const char *holds; /* contents, NULL: not looked at */
} open_rows[] = {
    /* what stays */
    {"file",                     NOFOLLOW, 0,         false, WASI_SUCCESS,    "inside"},
    {"./file",                   NOFOLLOW, 0,         false, WASI_SUCCESS,    "inside"},
    {"dir/.//../file",           NOFOLLOW, 0,         false, WASI_SUCCESS,    "inside"},
    {"dir/deep/../../dir/file",  NOFOLLOW, 0,         false, WASI_SUCCESS,    "nested"},
    {"linkdir/file",             NOFOLLOW, 0,         false, WASI_SUCCESS,    "nested"},
    {"slashdir/file",            NOFOLLOW, 0,         false, WASI_SUCCESS,    "nested"},
    {"linkdir/../file",          NOFOLLOW, 0,         false, WASI_SUCCESS,    "inside"},
    {"link",                     FOLLOW,   0,         false, WASI_SUCCESS,    "inside"},
    {"dir/up",                   FOLLOW,   0,         false, WASI_SUCCESS,    "inside"},
    {"dir/deep/up",              FOLLOW,   0,         false, WASI_SUCCESS,    "inside"},
    {"chain39",                  FOLLOW,   0,         false, WASI_SUCCESS,    "inside"},
    {".",                        NOFOLLOW, 0,         false, WASI_SUCCESS,    NULL    },
    {"dir/",                     NOFOLLOW, DIRECTORY, false, WASI_SUCCESS,    NULL    },
    {"dir/..",                   NOFOLLOW, DIRECTORY, false, WASI_SUCCESS,    NULL    },
    {"linkdir/",                 NOFOLLOW, 0,         false, WASI_SUCCESS,    NULL    },
    {"slashdir",                 FOLLOW,   0,         false, WASI_SUCCESS,    NULL    },
    /* what leaves */
    {"..",                       NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"../",                      NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"../secret",                NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"../in/file",               NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"./../secret",              NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"dir/../../secret",         NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"dir/deep/../../../secret", NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"linkdir/../../secret",     NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"/",                        NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"//",                       NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"/etc/passwd",              NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"/file",                    NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"abs",                      FOLLOW,   0,         false, WASI_NOTCAPABLE, NULL    },
    {"absroot/etc/passwd",       NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"proc/passwd",              NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"climb",                    FOLLOW,   0,         false, WASI_NOTCAPABLE, NULL    },
    {"climb/",                   NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"climbdir",                 FOLLOW,   0,         false, WASI_NOTCAPABLE, NULL    },
    {"climbdir/",                NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"climbdir/secret",          NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"climbdir/in/file",         NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"climblate",                FOLLOW,   0,         false, WASI_NOTCAPABLE, NULL    },
    {"outdir",                   FOLLOW,   DIRECTORY, false, WASI_NOTCAPABLE, NULL    },
    {"outdir/",                  NOFOLLOW, DIRECTORY, false, WASI_NOTCAPABLE, NULL    },
    {"outdir/.",                 NOFOLLOW, DIRECTORY, false, WASI_NOTCAPABLE, NULL    },
    {"outslash",                 FOLLOW,   0,         false, WASI_NOTCAPABLE, NULL    },
    {"outdir/secret",            NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"dir/outdir/secret",        NOFOLLOW, 0,         false, WASI_NOTCAPABLE, NULL    },
    {"viaout",                   FOLLOW,   0,         false, WASI_NOTCAPABLE, NULL    },
    {"outdir/secret",            NOFOLLOW, TRUNC,     true,  WASI_NOTCAPABLE, NULL    },
    {"climb",                    FOLLOW,   TRUNC,     true,  WASI_NOTCAPABLE, NULL    },
    {"outdir/made",              NOFOLLOW, CREAT,     true,  WASI_NOTCAPABLE, NULL    },
    {"danglingout",              FOLLOW,   CREAT,     true,  WASI_NOTCAPABLE, NULL    },
    {"../made",                  NOFOLLOW, CREAT,     true,  WASI_NOTCAPABLE, NULL    },
    {"/tmp/made",                NOFOLLOW, CREAT,     true,  WASI_NOTCAPABLE, NULL    },
    /* what is refused for other reasons */
    {"",                         NOFOLLOW, 0,         false, WASI_NOENT,      NULL    },
    {"missing",                  NOFOLLOW, 0,         false, WASI_NOENT,      NULL    },
    {"missing/../file",          NOFOLLOW, 0,         false, WASI_NOENT,      NULL    },
    {"dangling",                 FOLLOW,   0,         false, WASI_NOENT,      NULL    },
    {"danglingdir",              FOLLOW,   0,         false, WASI_NOENT,      NULL    },
    {"link",                     NOFOLLOW, 0,         false, WASI_LOOP,       NULL    },
    {"abs",                      NOFOLLOW, 0,         false, WASI_LOOP,       NULL    },
    {"climb",                    NOFOLLOW, 0,         false, WASI_LOOP,       NULL    },
    {"danglingout",              NOFOLLOW, CREAT,     true,  WASI_LOOP,       NULL    },
    {"linkdir",                  NOFOLLOW, DIRECTORY, false, WASI_NOTDIR,     NULL    },
    {"loop",                     FOLLOW,   0,         false, WASI_LOOP,       NULL    },
    {"ping/x",                   NOFOLLOW, 0,         false, WASI_LOOP,       NULL    },
    {"chain40",                  FOLLOW,   0,         false, WASI_LOOP,       NULL    },
    {"file/",                    NOFOLLOW, 0,         false, WASI_NOTDIR,     NULL    },
    {"file/x",                   NOFOLLOW, 0,         false, WASI_NOTDIR,     NULL    },
    {"file/..",                  NOFOLLOW, 0,         false, WASI_NOTDIR,     NULL    },
    {"link/",                    NOFOLLOW, 0,         false, WASI_NOTDIR,     NULL    },
    {"slashfile",                FOLLOW,   0,         false, WASI_NOTDIR,     NULL    },
    {"file",                     NOFOLLOW, DIRECTORY, false, WASI_NOTDIR,     NULL    },
    {"dir",                      NOFOLLOW, 0,         true,  WASI_ISDIR,      NULL    },
    {"dir",                      NOFOLLOW, TRUNC,     true,  WASI_ISDIR,      NULL    },
    {"new/",                     NOFOLLOW, CREAT,     true,  WASI_ISDIR,      NULL    },
    {".",                        NOFOLLOW, CREAT,     true,  WASI_ISDIR,      NULL    },
    {"file",                     NOFOLLOW, CREAT | EXCL, true,  WASI_EXIST,      NULL    },
    {"dangling",                 FOLLOW,   CREAT | EXCL, true,  WASI_EXIST,      NULL    },
    {"x",                        NOFOLLOW, CREAT | DIRECTORY, false, WASI_INVAL,      NULL    },
    /* made, by name and through a link */
    {"made",                     NOFOLLOW, CREAT | EXCL, true,  WASI_SUCCESS,    NULL    },
    {"dangling",                 FOLLOW,   CREAT,     true,  WASI_SUCCESS,    NULL    },
};
/* clang-format on */

/* Calls other than path_open. a is the path (for two-path calls: of the source). */
/* clang-format off */
static const struct {
    enum wasi_call_id id;
    const char *a, *b;
    uint32_t lookup;
    enum wasi_errno want;
} call_rows[] = {
#define ROW(call, a, b, lookup, want) {WASI_CALL_path_##call, a, b, lookup, WASI_##want},
    ROW(create_directory, "../made", NULL, 0, NOTCAPABLE)
    ROW(create_directory, "outdir/made", NULL, 0, NOTCAPABLE)
    ROW(create_directory, "/tmp/made", NULL, 0, NOTCAPABLE)
    ROW(create_directory, "danglingout", NULL, 0, EXIST)
    ROW(create_directory, "danglingout/", NULL, 0, EXIST)
    ROW(create_directory, "..", NULL, 0, NOTCAPABLE)
    ROW(create_directory, ".", NULL, 0, EXIST)
    ROW(create_directory, "dir/..", NULL, 0, EXIST)
    ROW(create_directory, "", NULL, 0, NOENT)
    ROW(create_directory, "fresh/", NULL, 0, SUCCESS)
    ROW(create_directory, "linkdir/fresh", NULL, 0, SUCCESS)
    ROW(filestat_get, "..", NULL, 0, NOTCAPABLE)
    ROW(filestat_get, "dir/../..", NULL, 0, NOTCAPABLE)
    ROW(filestat_get, "../secret", NULL, 0, NOTCAPABLE)
    ROW(filestat_get, "climb", NULL, FOLLOW, NOTCAPABLE)
    ROW(filestat_get, "climb/", NULL, 0, NOTCAPABLE)
    ROW(filestat_get, "outdir/", NULL, 0, NOTCAPABLE)
    ROW(filestat_get, "outdir/..", NULL, 0, NOTCAPABLE)
    ROW(filestat_get, "climbdir/.", NULL, 0, NOTCAPABLE)
    ROW(filestat_get, "abs", NULL, FOLLOW, NOTCAPABLE)
    ROW(filestat_get, "/", NULL, 0, NOTCAPABLE)
    ROW(filestat_get, "viaout", NULL, FOLLOW, NOTCAPABLE)
    ROW(filestat_get, "loop", NULL, FOLLOW, LOOP)
    ROW(filestat_get, "chain40", NULL, FOLLOW, LOOP)
    ROW(filestat_get, "chain39", NULL, FOLLOW, SUCCESS)
    ROW(filestat_get, "climb", NULL, 0, SUCCESS)
    ROW(filestat_get, "dir/..", NULL, 0, SUCCESS)
    ROW(filestat_get, "slashdir", NULL, FOLLOW, SUCCESS)
    ROW(filestat_get, "slashfile", NULL, FOLLOW, NOTDIR)
    ROW(filestat_get, "file/", NULL, 0, NOTDIR)
    ROW(filestat_get, "absent", NULL, 0, NOENT)
    ROW(filestat_set_times, "climb", NULL, FOLLOW, NOTCAPABLE)
    ROW(filestat_set_times, "outdir/", NULL, 0, NOTCAPABLE)
    ROW(filestat_set_times, "../secret", NULL, 0, NOTCAPABLE)
    ROW(filestat_set_times, "outdir/secret", NULL, 0, NOTCAPABLE)
    ROW(filestat_set_times, "climb", NULL, 0, SUCCESS)
    ROW(filestat_set_times, "link", NULL, FOLLOW, SUCCESS)
    ROW(readlink, "outdir/secret", NULL, 0, NOTCAPABLE)
    ROW(readlink, "..", NULL, 0, NOTCAPABLE)
    ROW(readlink, "climbdir/in/link", NULL, 0, NOTCAPABLE)
    ROW(readlink, "file", NULL, 0, INVAL)
    ROW(readlink, "dir", NULL, 0, INVAL)
    ROW(readlink, "climb", NULL, 0, SUCCESS)
    ROW(link, "../secret", "got", 0, NOTCAPABLE)
    ROW(link, "outdir/secret", "got", 0, NOTCAPABLE)
    ROW(link, "climb", "got", FOLLOW, NOTCAPABLE)
    ROW(link, "abs", "got", FOLLOW, NOTCAPABLE)
    ROW(link, "file", "../made", 0, NOTCAPABLE)
    ROW(link, "file", "outdir/made", 0, NOTCAPABLE)
    ROW(link, "file", "danglingout", 0, EXIST)
    ROW(link, "file", "danglingout/", 0, NOTDIR)
    ROW(link, "file", "absent/", 0, NOENT)
    ROW(link, "dir", "got", 0, PERM)
    ROW(link, "outdir/", "got", 0, NOTCAPABLE)
    ROW(link, "climb", "hardclimb", 0, SUCCESS) /* a second name of the link itself */
    ROW(filestat_get, "hardclimb", NULL, FOLLOW, NOTCAPABLE)
    ROW(link, "link", "hardfile", FOLLOW, SUCCESS)
    ROW(symlink, "/etc/passwd", "s1", 0, NOTCAPABLE)
    ROW(symlink, "/", "s1", 0, NOTCAPABLE)
    ROW(symlink, "x", "../made", 0, NOTCAPABLE)
    ROW(symlink, "x", "outdir/made", 0, NOTCAPABLE)
    ROW(symlink, "x", "danglingout", 0, EXIST)
    ROW(symlink, "x", "absent/", 0, NOENT)
    ROW(symlink, "x", "dir/", 0, EXIST)
    ROW(symlink, "", "s1", 0, NOENT)
    ROW(symlink, "../../out", "dir/s2", 0, SUCCESS) /* it may be made, but never walked */
    ROW(filestat_get, "dir/s2/secret", NULL, 0, NOTCAPABLE)
    ROW(rename, "../secret", "got", 0, NOTCAPABLE)
    ROW(rename, "outdir/secret", "got", 0, NOTCAPABLE)
    ROW(rename, "file", "../made", 0, NOTCAPABLE)
    ROW(rename, "file", "outdir/made", 0, NOTCAPABLE)
    ROW(rename, "file", "outdir/secret", 0, NOTCAPABLE)
    ROW(rename, "file", "/tmp/made", 0, NOTCAPABLE)
    ROW(rename, "..", "got", 0, NOTCAPABLE)
    ROW(rename, "dir", "dir/..", 0, BUSY)
    ROW(rename, ".", "got", 0, BUSY)
    ROW(rename, "file", "newdir/", 0, NOTDIR)
    ROW(rename, "climbdir/", "got", 0, NOTDIR)
    ROW(rename, "dir", "climbdir/", 0, NOTDIR)
    ROW(rename, "dir", "dir/deep/x", 0, INVAL)
    ROW(rename, "climb", "climb2", 0, SUCCESS) /* the link, not what it names */
    ROW(filestat_get, "climb2", NULL, FOLLOW, NOTCAPABLE)
    ROW(rename, "dir/outdir", "deeper", 0, SUCCESS)
    ROW(filestat_get, "deeper/secret", NULL, 0, NOTCAPABLE)
    ROW(unlink_file, "../secret", NULL, 0, NOTCAPABLE)
    ROW(unlink_file, "outdir/secret", NULL, 0, NOTCAPABLE)
    ROW(unlink_file, "outdir/", NULL, 0, NOTDIR)
    ROW(unlink_file, "climbdir/secret", NULL, 0, NOTCAPABLE)
    ROW(unlink_file, "dir/", NULL, 0, ISDIR)
    ROW(unlink_file, "file/", NULL, 0, NOTDIR)
    ROW(unlink_file, "climb2", NULL, 0, SUCCESS)
    ROW(remove_directory, "../out", NULL, 0, NOTCAPABLE)
    ROW(remove_directory, "outdir", NULL, 0, NOTDIR)
    ROW(remove_directory, "outdir/", NULL, 0, NOTDIR)
    ROW(remove_directory, "..", NULL, 0, NOTCAPABLE)
    ROW(remove_directory, ".", NULL, 0, INVAL)
    ROW(remove_directory, "dir", NULL, 0, NOTEMPTY)
    ROW(remove_directory, "fresh/", NULL, 0, SUCCESS)
#undef ROW
};
/* clang-format on */

static void make_tree(const char *scratch)
{
    static const char *const dirs[] = {"in", "out", "in/dir", "in/dir/deep"};
    char path[FAKE_PATH_MAX * 2], target[32];

    for (uint32_t i = 0; i < LENGTH_OF(dirs); i++) {
        snprintf(path, sizeof(path), "%s/%s", scratch, dirs[i]);
        if (mkdir(path, 0777) != 0)
            printf("Bail out! mkdir %s\n", path);
    }
    fake_file(scratch, "secret", "outside");
    fake_file(scratch, "out/secret", "outside");
    fake_file(scratch, "in/file", "inside");
    fake_file(scratch, "in/dir/file", "nested");
    for (uint32_t i = 0; i < LENGTH_OF(links); i++) {
        snprintf(path, sizeof(path), "%s/in/%s", scratch, links[i].name);
        if (symlink(links[i].target, path) != 0)
            printf("Bail out! symlink %s\n", path);
    }
    for (uint32_t i = 0; i < CHAIN; i++) {
        snprintf(path, sizeof(path), "%s/in/chain%u", scratch, i);
        snprintf(target, sizeof(target), i == 0 ? "file" : "chain%u", i - 1);
        if (symlink(target, path) != 0)
            printf("Bail out! symlink %s\n", path);
    }
}

static void start(struct fake *f, const char *scratch, enum wasi_resolver resolver)
{
    struct wasi_config *c = wasi_config_new();
    char root[FAKE_PATH_MAX + 8];
    struct diag dg = {0};

    snprintf(root, sizeof(root), "%s/in", scratch);
    wasi_config_resolver(c, resolver);
    if (wasi_config_dir(c, root, "/", false, &dg) != ST_OK)
        printf("Bail out! %s\n", dg.text);
    fake_start(f, c);
}

static void check_opens(struct fake *f, const char *resolver)
{
    for (uint32_t i = 0; i < LENGTH_OF(open_rows); i++) {
        uint64_t rights = open_rows[i].writes ? WASI_RIGHT(FD_WRITE) : WASI_RIGHT(FD_READ);
        uint32_t fd = 0;
        bool holds = true;
        enum wasi_errno e = fake_open(f, 3, open_rows[i].path, open_rows[i].lookup,
                                      open_rows[i].oflags, rights, 0, &fd);
        if (e == WASI_SUCCESS && open_rows[i].holds != NULL)
            holds = fake_read(f, fd, 64) == WASI_SUCCESS &&
                    fake_get(f, AT_OUT, 4) == strlen(open_rows[i].holds) &&
                    memcmp(f->memory + AT_DATA, open_rows[i].holds, fake_get(f, AT_OUT, 4)) == 0;
        if (e == WASI_SUCCESS)
            holds &= FAKE_CALL(f, fd_close, fd) == WASI_SUCCESS;
        tap_ok(e == open_rows[i].want && holds, "%s: open \"%s\"%s, flags %u: %s, want %s",
               resolver, open_rows[i].path, open_rows[i].lookup == FOLLOW ? " follow" : "",
               open_rows[i].oflags, wasi_errno_name(e), wasi_errno_name(open_rows[i].want));
    }
}

static enum wasi_errno call_row(struct fake *f, uint32_t i)
{
    uint32_t lookup = call_rows[i].lookup;
    uint32_t a = fake_text(f, AT_PATH, call_rows[i].a);
    uint32_t b = call_rows[i].b == NULL ? 0 : fake_text(f, AT_PATH2, call_rows[i].b);

    switch ((int)call_rows[i].id) { /* tidy: flat */
    case WASI_CALL_path_filestat_get:
        return FAKE_CALL(f, path_filestat_get, 3, lookup, AT_PATH, a, AT_OUT);
    case WASI_CALL_path_filestat_set_times:
        return FAKE_CALL(f, path_filestat_set_times, 3, lookup, AT_PATH, a, 1, 1,
                         WASI_FST_ATIM | WASI_FST_MTIM);
    case WASI_CALL_path_readlink:
        return FAKE_CALL(f, path_readlink, 3, AT_PATH, a, AT_DATA, 64, AT_OUT);
    case WASI_CALL_path_link: return FAKE_CALL(f, path_link, 3, lookup, AT_PATH, a, 3, AT_PATH2, b);
    case WASI_CALL_path_symlink: return FAKE_CALL(f, path_symlink, AT_PATH, a, 3, AT_PATH2, b);
    case WASI_CALL_path_rename: return FAKE_CALL(f, path_rename, 3, AT_PATH, a, 3, AT_PATH2, b);
    default: return fake_call(f, call_rows[i].id, (const uint64_t[9]){3, AT_PATH, a});
    }
}

static void check_calls(struct fake *f, const char *resolver)
{
    for (uint32_t i = 0; i < LENGTH_OF(call_rows); i++) {
        enum wasi_errno e = call_row(f, i);
        tap_ok(e == call_rows[i].want, "%s: %s \"%s\" \"%s\"%s: %s, want %s", resolver,
               wasi_call_info[call_rows[i].id].name, call_rows[i].a,
               call_rows[i].b == NULL ? "" : call_rows[i].b,
               call_rows[i].lookup == FOLLOW ? " follow" : "", wasi_errno_name(e),
               wasi_errno_name(call_rows[i].want));
    }
}

/* The outside holds what it held, no more and no less. */
static void check_outside(const char *scratch, const char *resolver)
{
    static const char *const places[] = {"", "/out"};
    uint32_t counts[] = {0, 0};
    char path[FAKE_PATH_MAX * 2];

    for (uint32_t i = 0; i < LENGTH_OF(places); i++) {
        snprintf(path, sizeof(path), "%s%s", scratch, places[i]);
        DIR *d = opendir(path);
        while (d != NULL && readdir(d) != NULL)
            counts[i]++;
        if (d != NULL)
            closedir(d);
    }
    tap_ok(fake_is_file(scratch, "secret", "outside") &&
               fake_is_file(scratch, "out/secret", "outside") && counts[0] == 5 && counts[1] == 3,
           "%s: the outside is as it was: %u and %u entries", resolver, counts[0], counts[1]);
}

/* A long way down: the walk keeps at most WASI_DEPTH_MAX directories open. */
static void check_depth(struct fake *f, const char *resolver, bool is_walk)
{
    char path[2 * WASI_DEPTH_MAX + 16] = "";
    uint32_t host_fds = fake_host_fds(), fd = 0;
    enum wasi_errno e = WASI_SUCCESS;

    for (uint32_t i = 0; e == WASI_SUCCESS && i <= WASI_DEPTH_MAX; i++) {
        strncat(path, "d", sizeof(path) - strlen(path) - 1);
        e = FAKE_CALL(f, path_create_directory, 3, AT_PATH, fake_text(f, AT_PATH, path));
        strncat(path, "/", sizeof(path) - strlen(path) - 1);
    }
    strncat(path, "x", sizeof(path) - strlen(path) - 1);
    e = fake_open(f, 3, path, 0, CREAT, WASI_RIGHT(FD_WRITE), 0, &fd);
    tap_ok(e == (is_walk ? WASI_NAMETOOLONG : WASI_SUCCESS), "%s: %d directories deep: %s",
           resolver, WASI_DEPTH_MAX + 1, wasi_errno_name(e));
    if (e == WASI_SUCCESS)
        e = FAKE_CALL(f, fd_close, fd);
    memset(f->memory + AT_PATH, 'a', 0x2000);
    e = FAKE_CALL(f, path_create_directory, 3, AT_PATH, WASI_PATH_MAX + 1);
    tap_ok(e == WASI_NAMETOOLONG, "%s: a path past PATH_MAX: %s", resolver, wasi_errno_name(e));
    e = FAKE_CALL(f, path_create_directory, 3, AT_PATH, WASI_NAME_MAX + 1);
    tap_ok(e == WASI_NAMETOOLONG, "%s: a name past NAME_MAX: %s", resolver, wasi_errno_name(e));
    tap_ok(fake_host_fds() == host_fds, "%s: no host descriptor is left open", resolver);
}

struct race {
    char real[FAKE_PATH_MAX * 2], fake[FAKE_PATH_MAX * 2];
    _Atomic bool stop;
    _Atomic uint32_t swaps;
};

static void *race_swap(void *arg)
{
    struct race *r = arg;
    while (!r->stop)
        r->swaps += syscall(SYS_renameat2, AT_FDCWD, r->real, AT_FDCWD, r->fake, EXCHANGE) == 0;
    return NULL;
}

/* in/swap is a directory with "inside" or a link to out/ with "outside", many times a second. */
static void check_race(struct fake *f, const char *scratch, const char *resolver)
{
    static struct race r;
    pthread_t thread;
    char name[FAKE_PATH_MAX * 2];
    uint32_t opened = 0, refused = 0, leaked = 0, strange = 0, fd = 0;

    r.stop = false;
    r.swaps = 0;
    snprintf(r.real, sizeof(r.real), "%s/in/swap", scratch);
    snprintf(r.fake, sizeof(r.fake), "%s/in/swap2", scratch);
    if (mkdir(r.real, 0777) != 0 || symlink("../out", r.fake) != 0)
        printf("Bail out! race\n");
    fake_file(scratch, "in/swap/secret", "inside");
    pthread_create(&thread, NULL, race_swap, &r);
    for (uint32_t i = 0; r.swaps == 0 && i < RACE_FIRST_MS; i++)
        usleep(1000);
    for (uint32_t i = 0; i < RACE_TRIES || (i < RACE_TRIES_MAX && (opened == 0 || refused == 0));
         i++) {
        enum wasi_errno e =
            fake_open(f, 3, "swap/../swap/secret", 0, 0, WASI_RIGHT(FD_READ), 0, &fd);
        if (e == WASI_SUCCESS) {
            opened++;
            leaked += fake_read(f, fd, 64) != WASI_SUCCESS || f->memory[AT_DATA] != 'i';
            strange += FAKE_CALL(f, fd_close, fd) != WASI_SUCCESS;
        } else {
            refused++;
            strange += e != WASI_NOTCAPABLE && e != WASI_NOTDIR && e != WASI_AGAIN;
        }
        snprintf(name, sizeof(name), "swap/new%u", i % 8);
        if (fake_open(f, 3, name, 0, CREAT, WASI_RIGHT(FD_WRITE), 0, &fd) == WASI_SUCCESS)
            strange += FAKE_CALL(f, fd_close, fd) != WASI_SUCCESS;
        uint32_t size = fake_text(f, AT_PATH, "swap/secret");
        e = FAKE_CALL(f, path_filestat_get, 3, FOLLOW, AT_PATH, size, AT_OUT);
        leaked += e == WASI_SUCCESS && fake_get(f, AT_OUT + 32, 8) != strlen("inside");
        size = fake_text(f, AT_PATH, "swap/../swap/missing");
        strange += FAKE_CALL(f, path_unlink_file, 3, AT_PATH, size) == WASI_SUCCESS;
    }
    r.stop = true;
    pthread_join(thread, NULL);
    tap_ok(leaked == 0 && strange == 0 && r.swaps > 0,
           "%s: link swapped %u times: %u opened, %u refused, %u leaked, %u strange", resolver,
           r.swaps, opened, refused, leaked, strange);
}

int main(void)
{
    static const struct {
        enum wasi_resolver resolver;
        const char *name;
    } resolvers[] = {
        {WASI_RESOLVER_KERNEL, "kernel"},
        {WASI_RESOLVER_WALK,   "walk"  },
    };
    static struct fake f;

    for (uint32_t i = 0; i < LENGTH_OF(resolvers); i++) {
        const char *name = resolvers[i].name;
        char scratch[FAKE_PATH_MAX];
        if (resolvers[i].resolver == WASI_RESOLVER_KERNEL && !wasi_kernel_has_openat2()) {
            tap_ok(true, "kernel: # SKIP the kernel has no openat2");
            continue;
        }
        if (!fake_scratch(scratch))
            return 1;
        make_tree(scratch);
        start(&f, scratch, resolvers[i].resolver);
        check_opens(&f, name);
        check_calls(&f, name);
        check_outside(scratch, name);
        check_depth(&f, name, resolvers[i].resolver == WASI_RESOLVER_WALK);
        check_race(&f, scratch, name);
        check_outside(scratch, name);
        fake_stop(&f);
        fake_remove(scratch);
    }
    return tap_done();
}
