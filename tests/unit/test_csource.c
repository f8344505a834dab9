/* test_csource: C sources of reproducers, made with every setting alone and all together, and with
 * every pseudo-call: each must compile without a warning, and a harmless one must run.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spear/kernel/csource.h"
#include "spear/syz/compile.h"
#include "spear/wire/exec.h"

#define ARENA_BYTES ((size_t)256 << 20)

/* getpid and dup have the numbers that they have on amd64; pseudo-calls are added from the table.
 */
static const char descriptions[] =
    "resource fd[int32]: -1\n"
    "resource id[int32]\n"
    "getpid() id\n"
    "dup(f fd) fd\n"
    "kill(pid id, n int32)\n"
    "pipe(p ptr[out, two])\n"
    "two {\n\ta fd\n\tb fd\n}\n"
    "write(f fd, b ptr[in, array[int8]], n bytesize[b])\n"
    "ioctl(f fd, n int32, p ptr[in, mixed])\n"
    "mixed {\n\ta int8:3\n\tb int8:5\n\tc int16be\n\td fmt[dec, int32]\n\te fmt[hex, int32]\n"
    "\tp proc[10, 4, int32]\n\tsum csum[parent, inet, int16be]\n\tg int32be:12\n\tf int32be:20\n}\n"
    "sched_yield()\n";
static const char constants[] =
    "arches = amd64\n__NR_getpid = 39\n__NR_dup = 32\n__NR_kill = 62\n__NR_pipe = 22\n"
    "__NR_write = 1\n__NR_ioctl = 16\n__NR_sched_yield = 24\n";

#define PROGRAM_OF_ALL                                                                             \
    "r0 = getpid()\n"                                                                              \
    "kill(r0, 0x0)\n"                                                                              \
    "pipe(&(0x7f0000000000)={<r1=>0xffffffffffffffff, <r2=>0xffffffffffffffff})\n"                 \
    "write(r2, &(0x7f0000000040)=\"00ff3f3f3d22\", 0x6) (async)\n"                                 \
    "r3 = dup(r1) (fail_nth: 1)\n"                                                                 \
    "ioctl(r3, 0x1, &(0x7f0000000100)={0x3, 0x4, 0x5, 0x6, 0x7, 0x1, 0x0, 0x8, 0x9})\n"            \
    "sched_yield() (rerun: 4)\n"

struct job {
    struct arena arena;
    const struct syz_target *target;
    const char *program;
    struct repro_settings settings;
    struct buf source;
};

/* Each pseudo-call takes as many plain numbers as the table says. */
static void declare_pseudo_calls(struct buf *out)
{
    static const struct {
        const char *name;
        unsigned arguments;
    } calls[] = {
#define PSEUDO(name, arguments, state, piece) {#name, arguments},
#include "spear/wire/pseudo.def"
    };

    for (size_t i = 0; i < LENGTH_OF(calls); i++) {
        buf_printf(out, "%s(", calls[i].name);
        for (unsigned k = 0; k < calls[i].arguments; k++)
            buf_printf(out, "%sa%u intptr", k == 0 ? "" : ", ", k);
        buf_text(out, ")\n");
    }
}

static enum status compile(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct buf text;

    buf_init(&text, &job->arena);
    buf_text(&text, descriptions);
    declare_pseudo_calls(&text);
    struct syz_source files[] = {
        {STR("a.txt"),       (struct str){(const char *)text.data, text.size}},
        {STR("a.txt.const"), str_of(constants)                               }
    };
    struct syz_sources sources = {files, 2, 2};
    struct syz_errors errors = {0};
    const enum status st =
        syz_compile(&sources, syz_arch_find("amd64"), &job->arena, &errors, &job->target, dg);
    for (uint32_t i = 0; i < errors.count; i++)
        printf("# %u:%u: %s\n", errors.items[i].pos.line, errors.items[i].pos.column,
               errors.items[i].text);
    return st;
}

static enum status write_source(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct syz_prog *prog = NULL;

    TRY(syz_prog_parse(&job->arena, job->target, str_of(job->program), SYZ_STRICT, &prog, dg));
    buf_init(&job->source, &job->arena);
    return csource_write(prog, &job->settings, STR("a title"), &job->source, dg);
}

static char directory[] = "/tmp/csource-XXXXXX";

/* Exit code of the compiler; what it says goes to our error output. */
static int run_compiler(const struct job *job, const char *options)
{
    char command[512], path[64];
    const char *cc = getenv("CC");

    snprintf(path, sizeof(path), "%s/repro.c", directory);
    FILE *f = fopen(path, "w");
    if (f == NULL || fwrite(job->source.data, 1, job->source.size, f) != job->source.size)
        return -1;
    fclose(f);
    snprintf(command, sizeof(command),
             "%s -std=gnu11 -Wall -Wextra -Werror -Wno-unused-function -pthread -o %s/repro %s %s",
             cc != NULL ? cc : "cc", directory, options, path);
    const int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool check(struct job *job, const char *name, const char *options)
{
    struct diag dg = {0};
    const enum status st = arena_guard(&job->arena, write_source, job, &dg);
    const int code = st == ST_OK ? run_compiler(job, options) : -1;

    return tap_ok(code == 0, "%s: %zu bytes, compiler %d %s", name,
                  st == ST_OK ? job->source.size : 0, code, dg.text);
}

/* Every setting alone, beside what it cannot be without; then all. */
static void test_settings(struct job *job)
{
    char name[80];

    job->program = PROGRAM_OF_ALL;
    for (enum wire_sandbox s = WIRE_SANDBOX_NONE; s <= WIRE_SANDBOX_NAMESPACE; s++) {
        job->settings = repro_settings_full(2, s);
        job->settings.tun = job->settings.netdev = job->settings.leak = true;
        snprintf(name, sizeof(name), "all settings, sandbox %d", (int)s);
        check(job, name, "-fsyntax-only -O2");
        job->settings = (struct repro_settings){.procs = 1, .sandbox = s};
        snprintf(name, sizeof(name), "no settings, sandbox %d", (int)s);
        check(job, name, "-fsyntax-only");
    }
#define SETTING(setting, type, simple, in, what)                                                   \
    job->settings = (struct repro_settings){.procs = 1};                                           \
    job->settings.setting = (SETTING_TYPE_##type)1;                                                \
    repro_settings_settle(&job->settings);                                                         \
    check(job, "with " #setting, "-fsyntax-only");
#include "spear/kernel/repro_settings.def"
}

static void test_pseudo_calls(struct job *job)
{
    static const struct {
        const char *name;
        unsigned arguments;
    } calls[] = {
#define PSEUDO(name, arguments, state, piece) {#name, arguments},
#include "spear/wire/pseudo.def"
    };

    job->settings = (struct repro_settings){.procs = 1};
    for (size_t i = 0; i < LENGTH_OF(calls); i++) {
        char text[128];
        int used = snprintf(text, sizeof(text), "%s(", calls[i].name);
        for (unsigned k = 0; k < calls[i].arguments; k++)
            used += snprintf(text + used, sizeof(text) - (size_t)used, "%s0x0", k == 0 ? "" : ", ");
        snprintf(text + used, sizeof(text) - (size_t)used, ")\n");
        job->program = text;
        check(job, calls[i].name, "-fsyntax-only");
    }
}

/* Accesses that fault are skipped, threads are joined, the file ends by itself with 0. */
static void test_run(struct job *job)
{
    char command[96];

    job->program = "r0 = getpid()\nkill(r0, 0x0)\nsched_yield() (async)\nsyz_errno(0x5)\n"
                   "syz_compare(0x20000000, 0x1, 0x0, 0x1)\n";
    job->settings =
        (struct repro_settings){.procs = 1, .threaded = true, .segv = true, .close_fds = true};
    snprintf(command, sizeof(command), "timeout 10 %s/repro", directory);
    const bool is_built = check(job, "a harmless one", "-O1");
    const int status = is_built ? system(command) : -1;
    tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "it runs and ends: status %d", status);
}

int main(void)
{
    struct job job = {0};
    struct diag dg = {0};
    char command[64];

    arena_init(&job.arena, ARENA_BYTES);
    if (mkdtemp(directory) == NULL)
        return 1;
    if (arena_guard(&job.arena, compile, &job, &dg) != ST_OK) {
        tap_ok(false, "the descriptions of this test: %s", dg.text);
        return tap_done();
    }
    test_settings(&job);
    test_pseudo_calls(&job);
    test_run(&job);
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    if (system(command) != 0)
        printf("# %s is left\n", directory);
    arena_free(&job.arena);
    return tap_done();
}
