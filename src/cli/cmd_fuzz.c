/* mujun fuzz: the command line and the file become a configuration; a manager does the rest.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/fuzz.h"
#include "cli/json.h"
#include "cli/load.h"
#include "spear/web/web.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CONFIG_ARENA_BYTES ((size_t)64 << 20)
enum { NS_PER_S = 1000000000, EXIT_INTERRUPTED = 130, SAME_SIGNAL_MS = 300 };

/* ---- the configuration ---- */

static enum status set_flag(struct fuzz_job *job, const char *path, const char *value,
                            struct diag *dg)
{
    return value == NULL ? ST_OK : config_set(&job->config, path, value, dg);
}

static enum status set_number(struct fuzz_job *job, const char *path, struct cli_number n,
                              struct diag *dg)
{
    char text[32];

    snprintf(text, sizeof(text), "%ju", (uintmax_t)n.value);
    return set_flag(job, path, n.is_set ? text : NULL, dg);
}

static enum status set_list(struct fuzz_job *job, const char *path, const struct cli_list *list,
                            struct diag *dg)
{
    for (uint32_t i = 0; i < list->count; i++)
        TRY(config_set(&job->config, path, list->items[i], dg));
    return ST_OK;
}

/* key=value */
static enum status set_pairs(struct fuzz_job *job, const struct cli_list *list, struct diag *dg)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const char *equals = strchr(list->items[i], '=');
        if (equals == NULL)
            return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "--set expects key=value, found %s",
                             list->items[i]);
        const char *path =
            arena_copy_text(&job->arena, list->items[i], (size_t)(equals - list->items[i]));
        TRY(config_set(&job->config, path, equals + 1, dg));
    }
    return ST_OK;
}

static enum status read_file(struct fuzz_job *job, const char *path, struct diag *dg)
{
    struct cli_input in = {0};

    job->config_name = path;
    TRY(cli_input_open(path, &in, dg));
    const char *text = arena_copy_text(&job->arena, (const char *)in.bytes, in.size);
    struct str all = {text, in.size};
    cli_input_close(&in);
    TRY(config_parse(&job->config, all, dg));
    job->config_name = NULL;
    return ST_OK;
}

static enum status configure(void *ctx, struct diag *dg)
{
    static const char *const accels[] = {NULL, "auto", "kvm", "tcg"};
    static const char *const sandboxes[] = {NULL, "none", "setuid", "namespace"};
    struct fuzz_job *job = ctx;
    const struct fuzz_options *o = job->options;

    config_init(&job->config, &job->arena);
    if (o->config != NULL)
        TRY(read_file(job, o->config, dg));
    TRY(set_flag(job, "vm.kernel", o->kernel, dg));
    TRY(set_flag(job, "workdir", o->workdir, dg));
    TRY(set_flag(job, "http", o->http, dg));
    TRY(set_flag(job, "vm.accel", accels[o->accel], dg));
    TRY(set_flag(job, "sandbox", sandboxes[o->sandbox], dg));
    TRY(set_number(job, "vm.count", o->vms, dg));
    TRY(set_number(job, "procs", o->procs, dg));
    TRY(set_number(job, "vm.mem", o->mem, dg));
    TRY(set_number(job, "vm.cpu", o->cpu, dg));
    TRY(set_number(job, "seed", o->seed, dg));
    TRY(set_number(job, "level", o->level, dg));
    TRY(set_list(job, "enable_syscalls", &o->enable, dg));
    TRY(set_list(job, "disable_syscalls", &o->disable, dg));
    TRY(set_list(job, "descriptions", &o->descriptions, dg));
    TRY(set_list(job, "seed_corpus", &o->seed_corpus, dg));
    return set_pairs(job, &o->set, dg);
}

/* ---- running ---- */

/* Lines go to standard output, or to standard error with --json. */
static void fuzz_log(void *ctx, const char *line)
{
    const struct fuzz_job *job = ctx;
    FILE *out = job->options->json ? stderr : stdout;

    cli_put_name(out, str_of(line)); /* it may quote what a machine has said */
    fputc('\n', out);
    fflush(out);
}

static uint64_t seconds_of(struct cli_number n)
{
    return n.is_set ? (n.value + NS_PER_S - 1) / NS_PER_S : 0;
}

struct manager_options fuzz_manager_options(const struct fuzz_job *job)
{
    const struct fuzz_options *o = job->options;

    return (struct manager_options){
        .config = &job->config,
        .exec_limit = o->exec_limit.is_set ? o->exec_limit.value : 0,
        .time_limit_s = seconds_of(o->bench.is_set ? o->bench : o->time_limit),
        .limits_after_triage = o->bench.is_set,
        .owns_machine = o->own_machine,
        .log = fuzz_log,
        .ctx = (void *)(uintptr_t)job,
    };
}

static struct manager *_Atomic running; /* for the signal handler */
static volatile sig_atomic_t signal_count;
static uint64_t first_signal_ms; /* of the handler only; the first is often delivered twice: to the
                                    process, and to its group */

static void on_signal(int number)
{
    static const char text[] = "\nstopping; once more to end at once\n";
    struct manager *m = running;

    (void)number;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    if (m == NULL || (signal_count != 0 && now_ms - first_signal_ms > SAME_SIGNAL_MS))
        _exit(EXIT_INTERRUPTED);
    if (signal_count++ != 0)
        return;
    first_signal_ms = now_ms;
    manager_stop(m);
    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
        return; /* nobody reads it: then nobody needs to know */
}

enum status fuzz_run(struct manager *m, bool *interrupted, struct diag *dg)
{
    struct sigaction action = {.sa_handler = on_signal};

    running = m;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    enum status st = manager_run(m, dg);
    action.sa_handler = SIG_DFL;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    running = NULL;
    *interrupted = signal_count != 0;
    return st;
}

/* ---- what is printed at the end ---- */

static void bench_table(const struct bench_numbers *b)
{
    printf("%-26s %12.1f\n%-26s %12ju\n%-26s %12ju\n", "seconds", b->seconds, "programs",
           (uintmax_t)b->programs, "calls", (uintmax_t)b->calls);
    printf("%-26s %12.1f\n%-26s %12.1f\n", "programs per second", b->programs_per_s,
           "calls per second", b->calls_per_s);
    printf("%-26s %11.1f%%\n%-26s %11.1f%%\n%-26s %11.1f%%\n%-26s %11.1f%%\n",
           "time in the guest's kernel", b->guest_kernel * 100, "in the executor",
           b->executor * 100, "in transport", b->transport * 100, "on the host", b->host * 100);
}

static json_t *bench_json(const struct bench_numbers *b)
{
    return json_pack("{s:f, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f}", "seconds", b->seconds,
                     "programs", (json_int_t)b->programs, "calls", (json_int_t)b->calls,
                     "programs_per_second", b->programs_per_s, "calls_per_second", b->calls_per_s,
                     "guest_kernel_share", b->guest_kernel, "executor_share", b->executor,
                     "transport_share", b->transport, "host_share", b->host);
}

static json_t *stats_json(struct manager *m)
{
    const struct stats *s = engine_stats(manager_engine(m));
    json_t *j = json_object();

    for (uint32_t i = 0; i < STAT_COUNT; i++)
        json_object_set_new(j, stat_name((enum stat_id)i),
                            json_integer((json_int_t)stat_get(s, (enum stat_id)i)));
    return j;
}

static void show_end(const struct fuzz_job *job, struct manager *m)
{
    const struct bench_numbers b = manager_bench(m);

    if (job->options->json)
        cli_json_print(json_pack("{s:o, s:o}", "bench", bench_json(&b), "stats", stats_json(m)));
    else if (job->options->bench.is_set)
        bench_table(&b);
}

static int fuzz(struct fuzz_job *job)
{
    const struct manager_options options = fuzz_manager_options(job);
    struct manager *m = NULL;
    struct diag dg = {0};
    bool interrupted = false;
    enum status st = manager_open(&options, &m, &dg);

    if (st == ST_OK) {
        struct web *web = fuzz_web_start(job, m);
        st = fuzz_run(m, &interrupted, &dg);
        if (web != NULL)
            web_stop(web);
        show_end(job, m);
        manager_close(m);
    }
    return st == ST_OK ? 0 : cli_report("mujun fuzz", &dg);
}

static int check_usage(const struct cli_args *args, const struct fuzz_options *o)
{
    if (args->count > 1 || (args->count == 1 && strcmp(args->items[0], "linux") != 0))
        return cli_usage(args, "expected linux, found %s", args->items[args->count > 1 ? 1 : 0]);
    if (o->bench.is_set && o->compare_levels.is_set)
        return cli_usage(args, "--bench and --compare-levels are two different runs");
    if (o->bench.is_set && o->time_limit.is_set)
        return cli_usage(args, "--bench has its own time; --time-limit does not go with it");
    return 0;
}

int cmd_fuzz(const struct cli_args *args)
{
    struct fuzz_job job = {.args = args, .options = args->options};
    struct diag dg = {0};
    int exit_code = check_usage(args, job.options);

    if (exit_code != 0)
        return exit_code;
    arena_init(&job.arena, CONFIG_ARENA_BYTES);
    if (arena_guard(&job.arena, configure, &job, &dg) != ST_OK)
        exit_code = cli_report(job.config_name != NULL ? job.config_name : "mujun fuzz", &dg);
    else if (job.options->compare_levels.is_set)
        exit_code = fuzz_compare_levels(&job);
    else
        exit_code = fuzz(&job);
    arena_free(&job.arena);
    return exit_code;
}
