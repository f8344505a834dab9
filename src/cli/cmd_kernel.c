/* mujun kernel: kernels to fuzz: made, and checked for what they lack.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/json.h"
#include "cli/load.h"
#include "spear/kernel/build.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    CHECK_ARENA_BYTES = 64 << 20,
    PLANTED_PARENTS_MAX = 4, /* folders above the program that are looked into for its sources */
    SHOW_MS = 200,           /* between two states of the progress line */
    LOST_SHOWN = 8,          /* of the options that a build could not have */
};

/* ---- build: progress ---- */

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    stop = number;
}

struct progress_line {
    uint64_t start_ms, shown_ms;
    bool is_terminal;
    const char *stage; /* the last one that was told */
    char what[96];     /* the last file of it */
};

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* "compiling 812 of 2000  3:14  mm/slub.o", over and over on the same line of a terminal. */
static void show_progress(void *ctx, const struct kernel_progress *p)
{
    struct progress_line *line = ctx;
    uint64_t now = now_ms(), seconds = (now - line->start_ms) / 1000;
    struct winsize window = {0};
    char text[256];

    if (p->stage != line->stage || p->what[0] != '\0') /* else: time goes on, on the same file */
        snprintf(line->what, sizeof(line->what), "%.80s", p->what);
    if (!line->is_terminal || (p->stage == line->stage && now - line->shown_ms < SHOW_MS))
        return;
    line->shown_ms = now;
    line->stage = p->stage;
    int used = snprintf(text, sizeof(text), "%s", p->stage);
    if (p->total != 0)
        used += snprintf(text + used, sizeof(text) - (size_t)used, " %u of about %u", p->done,
                         p->total);
    snprintf(text + used, sizeof(text) - (size_t)used, "  %ju:%02ju  %.80s",
             (uintmax_t)(seconds / 60), (uintmax_t)(seconds % 60), line->what);
    (void)ioctl(STDERR_FILENO, TIOCGWINSZ, &window);
    fprintf(stderr, "\r\033[K%.*s", window.ws_col > 1 ? window.ws_col - 1 : 79, text);
    fflush(stderr);
}

static void end_progress(const struct progress_line *line)
{
    if (line->shown_ms != 0)
        fputs("\r\033[K", stderr);
}

/* ---- build ---- */

/* The sources of the planted driver: in the checkout that the program was built in. */
static bool find_planted(char out[FILE_PATH_MAX])
{
    char path[FILE_PATH_MAX];
    struct stat info;
    ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);

    path[MAX(size, 0)] = '\0';
    for (int i = 0; i < PLANTED_PARENTS_MAX; i++) {
        char *slash = strrchr(path, '/');
        if (slash == NULL)
            return false;
        *slash = '\0';
        int n = snprintf(out, FILE_PATH_MAX, "%.3800s/tests/kernel/planted/driver", path);
        if (n < FILE_PATH_MAX && stat(out, &info) == 0)
            return true;
    }
    return false;
}

static void say_lost(const struct kernel_build *b)
{
    char text[1024];

    for (uint32_t i = 0; i < b->lost_count && i < LOST_SHOWN; i++) {
        const struct kernel_lost *lost = &b->lost[i];
        snprintf(
            text, sizeof(text), "mujun kernel: warning: asked for %.*s=%.*s, got %.*s (%.*s)%s%s",
            STR_ARG(lost->name), STR_ARG(lost->wanted), STR_ARG(lost->found), STR_ARG(lost->why),
            lost->option == NULL ? "" : ": ", lost->option == NULL ? "" : lost->option->without);
        cli_say(text);
    }
    if (b->lost_count > LOST_SHOWN) {
        snprintf(text, sizeof(text), "mujun kernel: warning: and %u more; --json lists them",
                 b->lost_count - LOST_SHOWN);
        cli_say(text);
    }
}

static json_t *in_dir(const struct kernel_build *b, const char *name)
{
    char path[FILE_PATH_MAX];

    snprintf(path, sizeof(path), "%.*s/%s", STR_ARG(b->dir), name);
    return cli_json_text(path);
}

static void build_json(const struct kernel_build *b, double seconds)
{
    json_t *lost = json_array();

    for (uint32_t i = 0; i < b->lost_count; i++)
        json_array_append_new(
            lost, json_pack("{s:o, s:o, s:o, s:o}", "option", cli_json_str(b->lost[i].name),
                            "wanted", cli_json_str(b->lost[i].wanted), "found",
                            cli_json_str(b->lost[i].found), "why", cli_json_str(b->lost[i].why)));
    cli_json_print(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:i, s:f, s:o}", "folder",
                             cli_json_str(b->dir), "kernel", in_dir(b, "bzImage"), "vmlinux",
                             in_dir(b, "vmlinux"), "config", in_dir(b, "config"), "log",
                             in_dir(b, "build.log"), "source", cli_json_str(b->source), "cached",
                             (int)b->was_cached, "compiled", (int)b->compiled, "seconds", seconds,
                             "lost", lost));
}

static void build_table(const struct kernel_build *b, double seconds)
{
    printf("%-8s %.*s/bzImage\n", "kernel", STR_ARG(b->dir));
    printf("%-8s %.*s/vmlinux\n", "vmlinux", STR_ARG(b->dir));
    printf("%-8s %.*s/config\n", "config", STR_ARG(b->dir));
    printf("%-8s %.*s/build.log\n", "log", STR_ARG(b->dir));
    printf("%-8s %.*s\n", "source", STR_ARG(b->source));
    if (b->was_cached)
        puts("it was in the cache");
    else
        printf("compiled %u files in %.0f s\n", b->compiled, seconds);
}

struct build_call {
    struct arena arena;
    struct kernel_build_options options;
    struct kernel_build out;
};

static enum status build_guarded(void *ctx, struct diag *dg)
{
    struct build_call *call = ctx;

    return kernel_build(&call->options, &call->arena, &call->out, dg);
}

static int build(const struct cli_args *args, const struct kernel_options *o)
{
    struct sigaction act = {.sa_handler = on_signal};
    struct progress_line line = {.start_ms = now_ms(), .is_terminal = isatty(STDERR_FILENO) == 1};
    struct build_call call = {
        .options = {.source = o->source,
                    .output = o->output,
                    .driver = o->driver,
                    .extra = o->config,
                    .groups = KCONFIG_USUAL,
                    .jobs = (uint32_t)o->jobs.value,
                    .only_cached = o->cached,
                    .progress = show_progress,
                    .ctx = &line,
                    .stop = &stop}
    };
    char planted[FILE_PATH_MAX];
    struct diag dg = {0};

    if (args->count != 1)
        return cli_usage(args, "build takes options only, found %s", args->items[1]);
    if (o->planted && o->driver != NULL)
        return cli_usage(args, "--planted and --driver exclude each other: one driver is added");
    if (o->jobs.is_set && (o->jobs.value == 0 || o->jobs.value > 4096))
        return cli_usage(args, "--jobs expects a number from 1 to 4096, found %ju",
                         (uintmax_t)o->jobs.value);
    if (o->planted && !find_planted(planted))
        return cli_usage(args, "the planted driver is in no folder above the program; give its "
                               "folder, tests/kernel/planted/driver of a checkout, with --driver");
    if (o->planted)
        call.options.driver = planted;
    if (o->with != 0)
        call.options.groups |= KCONFIG_BIT(KCONFIG_LOCKDEP);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    arena_init(&call.arena, KERNEL_BUILD_ARENA_BYTES);
    enum status st = arena_guard(&call.arena, build_guarded, &call, &dg);
    double seconds = (double)(now_ms() - line.start_ms) / 1000;
    end_progress(&line);
    say_lost(&call.out);
    bool is_absent = st == ST_OK && call.out.dir.size == 0;
    if (st != ST_OK)
        cli_report("mujun kernel", &dg);
    else if (is_absent)
        cli_say("mujun kernel: there is no such kernel in the cache");
    else if (o->json)
        build_json(&call.out, seconds);
    else
        build_table(&call.out, seconds);
    arena_free(&call.arena);
    if (is_absent)
        return CLI_EXIT_FAILED;
    return stop != 0 && st != ST_OK ? 128 + stop : status_exit_code(st);
}

/* ---- check ---- */

struct check_job {
    struct arena arena;
    struct cli_input in;
    struct str config;
};

static enum status extract_guarded(void *ctx, struct diag *dg)
{
    struct check_job *job = ctx;

    return kconfig_extract((struct str){(const char *)job->in.bytes, job->in.size}, &job->arena,
                           &job->config, dg);
}

static void check_json(const char *path, const struct check_job *job, const uint32_t lacks[3])
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < kconfig_option_count; i++) {
        const struct kconfig_option *k = &kconfig_options[i];
        struct str found;
        if ((KCONFIG_USUAL & KCONFIG_BIT(k->group)) == 0 || kconfig_has(job->config, k, &found))
            continue;
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:s}", "option", k->name, "wanted", k->value,
                      "found", cli_json_str(found), "group", kconfig_group_name(k->group), "need",
                      kconfig_need_name(k->need), "without", k->without, "cost", k->cost));
    }
    cli_json_print(json_pack("{s:o, s:b, s:i, s:i, s:i, s:o}", "file", cli_json_text(path), "fit",
                             (int)(lacks[KCONFIG_ESSENTIAL] == 0), "essential",
                             (int)lacks[KCONFIG_ESSENTIAL], "wanted", (int)lacks[KCONFIG_WANTED],
                             "tuning", (int)lacks[KCONFIG_TUNING], "lacks", list));
}

/* What is lost without an option; a module is not lost, but not in our initramfs either. */
static void check_row(const struct kconfig_option *k, struct str found)
{
    char name[64];

    snprintf(name, sizeof(name), "%s=%s", k->name, k->value);
    printf("  %-28s ", name);
    printf("%s%s", str_equal(found, STR("m")) ? "a module, which an initramfs lacks: " : "",
           k->without);
    if (strcmp(k->cost, "none") != 0)
        printf("; costs: %s", k->cost);
    putchar('\n');
}

static void check_table(const struct check_job *job, const uint32_t lacks[3])
{
    static const char *const heads[] = {
        [KCONFIG_ESSENTIAL] = "essential",
        [KCONFIG_WANTED] = "wanted",
        [KCONFIG_TUNING] = "for speed and size",
    };

    for (enum kconfig_need need = KCONFIG_ESSENTIAL; need <= KCONFIG_TUNING; need++) {
        if (lacks[need] == 0)
            continue;
        printf("%s, %u:\n", heads[need], lacks[need]);
        for (uint32_t i = 0; i < kconfig_option_count; i++) {
            const struct kconfig_option *k = &kconfig_options[i];
            struct str found;
            if (k->need == need && (KCONFIG_USUAL & KCONFIG_BIT(k->group)) != 0 &&
                !kconfig_has(job->config, k, &found))
                check_row(k, found);
        }
    }
    if (lacks[KCONFIG_ESSENTIAL] != 0)
        puts("not fit for fuzzing with coverage");
    else if (lacks[KCONFIG_WANTED] != 0)
        puts("fit for fuzzing, with gaps");
    else
        puts("fit for fuzzing");
}

static int check(const struct cli_args *args, const struct kernel_options *o)
{
    struct check_job job = {.config = STR("")};
    uint32_t lacks[3] = {0};
    struct diag dg = {0};

    if (args->count != 2)
        return cli_usage(args, "check expects one kernel or configuration, found %d",
                         args->count - 1);
    enum status st = cli_input_open(args->items[1], &job.in, &dg);
    arena_init(&job.arena, CHECK_ARENA_BYTES);
    if (st == ST_OK)
        st = arena_guard(&job.arena, extract_guarded, &job, &dg);
    int exit_code = status_exit_code(st);
    if (st != ST_OK) {
        cli_report(args->items[1], &dg);
    } else {
        for (uint32_t i = 0; i < kconfig_option_count; i++) {
            const struct kconfig_option *k = &kconfig_options[i];
            struct str found;
            lacks[k->need] +=
                (KCONFIG_USUAL & KCONFIG_BIT(k->group)) != 0 && !kconfig_has(job.config, k, &found);
        }
        if (o->json)
            check_json(args->items[1], &job, lacks);
        else
            check_table(&job, lacks);
        exit_code = lacks[KCONFIG_ESSENTIAL] != 0 ? CLI_EXIT_FAILED : 0;
    }
    cli_input_close(&job.in);
    arena_free(&job.arena);
    return exit_code;
}

int cmd_kernel(const struct cli_args *args)
{
    const struct kernel_options *o = args->options;
    struct nearest near = {.word = args->count != 0 ? args->items[0] : ""};

    if (strcmp(near.word, "build") == 0)
        return build(args, o);
    if (strcmp(near.word, "check") == 0 &&
        (o->source != NULL || o->output != NULL || o->config != NULL || o->driver != NULL ||
         o->with != 0 || o->planted || o->cached || o->jobs.is_set))
        return cli_usage(args, "check takes no option but --json");
    if (strcmp(near.word, "check") == 0)
        return check(args, o);
    nearest_try(&near, "build");
    nearest_try(&near, "check");
    return cli_usage(
        args, "expected build or check, found %s%s%s", args->count == 0 ? "nothing" : near.word,
        near.best != NULL ? "; did you mean " : "", near.best != NULL ? near.best : "");
}
