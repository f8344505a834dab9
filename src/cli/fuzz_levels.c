/* fuzz_levels: mujun fuzz --compare-levels: the four ways of making inputs, one after the other on
 * machines of the same kind, each in a work directory of its own, and what each has found.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/fuzz.h"
#include "cli/json.h"
#include "io/file.h"

enum { LEVELS = 4, PATH_BYTES = 4096 };

static const char *const level_names[LEVELS] = {
    "1 random",
    "2 captured",
    "3 described",
    "4 and coverage",
};

struct level_row {
    bool was_run;
    uint64_t programs, calls, crashes, titles, edges; /* edges: all that were seen */
    size_t corpus;
    double seconds;
};

static void take_row(struct manager *m, struct level_row *row)
{
    const struct stats *s = engine_stats(manager_engine(m));

    *row = (struct level_row){
        .was_run = true,
        .programs = stat_get(s, STAT_exec_total),
        .calls = stat_get(s, STAT_calls_total),
        .crashes = stat_get(s, STAT_crashes),
        .titles = stat_get(s, STAT_crash_titles),
        .edges = stat_get(s, STAT_signal),
        .corpus = engine_corpus_count(manager_engine(m)),
        .seconds = manager_bench(m).seconds,
    };
}

static enum status run_level(struct fuzz_job *job, uint32_t level, const char *base,
                             struct level_row *row, bool *interrupted, struct diag *dg)
{
    char workdir[PATH_BYTES];
    struct manager *m = NULL;

    snprintf(workdir, sizeof(workdir), "%s/level-%u", base, level);
    file_remove_all(workdir); /* what an earlier comparison has left */
    job->config.workdir = workdir;
    job->config.level = level;
    job->config.reproduce = false; /* every machine fuzzes all the time */
    struct manager_options options = fuzz_manager_options(job);
    options.time_limit_s = (job->options->compare_levels.value + 999999999) / 1000000000;
    options.limits_after_triage = true;
    TRY(manager_open(&options, &m, dg));
    enum status st = fuzz_run(m, interrupted, dg);
    if (st == ST_OK)
        take_row(m, row);
    manager_close(m);
    return st;
}

static void show_table(const struct level_row *rows)
{
    printf("%-16s %10s %10s %10s %8s %8s %8s %8s\n", "level", "seconds", "programs", "calls",
           "edges", "corpus", "crashes", "titles");
    for (uint32_t i = 0; i < LEVELS; i++)
        if (rows[i].was_run)
            printf("%-16s %10.0f %10ju %10ju %8ju %8zu %8ju %8ju\n", level_names[i],
                   rows[i].seconds, (uintmax_t)rows[i].programs, (uintmax_t)rows[i].calls,
                   (uintmax_t)rows[i].edges, rows[i].corpus, (uintmax_t)rows[i].crashes,
                   (uintmax_t)rows[i].titles);
}

static void show_json(const struct level_row *rows)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < LEVELS; i++)
        if (rows[i].was_run)
            json_array_append_new(
                list,
                json_pack("{s:i, s:f, s:I, s:I, s:I, s:I, s:I, s:I}", "level", (int)i + 1,
                          "seconds", rows[i].seconds, "programs", (json_int_t)rows[i].programs,
                          "calls", (json_int_t)rows[i].calls, "edges", (json_int_t)rows[i].edges,
                          "corpus", (json_int_t)rows[i].corpus, "crashes",
                          (json_int_t)rows[i].crashes, "titles", (json_int_t)rows[i].titles));
    cli_json_print(list);
}

int fuzz_compare_levels(struct fuzz_job *job)
{
    struct level_row rows[LEVELS] = {0};
    const char *base = job->config.workdir;
    struct diag dg = {0};
    bool interrupted = false;
    int exit_code = 0;

    if (base[0] == '\0')
        return cli_usage(job->args, "--compare-levels expects --workdir, found none");
    for (uint32_t level = 1; level <= LEVELS && !interrupted && exit_code == 0; level++)
        if (run_level(job, level, base, &rows[level - 1], &interrupted, &dg) != ST_OK)
            exit_code = cli_report("mujun fuzz", &dg);
    if (job->options->json)
        show_json(rows);
    else
        show_table(rows);
    return exit_code;
}
