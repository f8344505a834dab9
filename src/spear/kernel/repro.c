/* repro: the order of steps. SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/repro.h"

#include "spear/kernel/repro_int.h"
#include "spear/syz/mutate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void repro_say(struct repro *r, const char *fmt, ...)
{
    char line[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    buf_printf(&r->lines, "%7.1f s  %s\n", repro_now_s() - r->started_s, line);
    if (r->options->log_line != NULL)
        r->options->log_line(r->options->ctx, line);
}

struct keep_job {
    struct repro *r;
    const struct repro_settings *settings;
};

static bool still_crashes(void *ctx, const struct syz_prog *candidate, uint32_t step)
{
    const struct keep_job *job = ctx;

    (void)step;
    repro_say(job->r, "with %u calls", candidate->count);
    return repro_try_program(job->r, candidate, job->settings);
}

static struct syz_prog *minimise(struct repro *r, struct syz_prog *p,
                                 const struct repro_settings *settings)
{
    struct keep_job job = {r, settings};
    uint32_t step = UINT32_MAX;
    static const bool never = false;
    const bool *stop = r->options->stop != NULL ? r->options->stop : &never;

    /* What takes the kernel half a minute to notice is not asked about arguments. */
    const enum syz_minimise_mode mode =
        r->is_hang || r->is_leak ? SYZ_MINIMISE_CALLS : SYZ_MINIMISE_CRASH;

    return syz_minimise(r->arena, p, &step, mode, still_crashes, &job, stop);
}

/* All settings simple at once, since that mostly works; else one after the other. */
static void simplify(struct repro *r, const struct syz_prog *p, struct repro_settings *settings)
{
    struct repro_settings simple = *settings;
    bool any = false;

    for (int i = 0; i < REPRO_SETTING_COUNT; i++)
        any |= repro_settings_simplify(&simple, (enum repro_setting)i, false);
    if (!any)
        return;
    repro_say(r, "with the simplest settings");
    if (repro_try_program(r, p, &simple)) {
        *settings = simple;
        return;
    }
    for (int i = 0; i < REPRO_SETTING_COUNT && !repro_stopped(r); i++) {
        simple = *settings;
        if (!repro_settings_simplify(&simple, (enum repro_setting)i, false))
            continue;
        repro_say(r, "with %s made simple", repro_setting_name((enum repro_setting)i));
        if (repro_try_program(r, p, &simple))
            *settings = simple;
    }
}

static void measure_reliability(struct repro *r, const struct syz_prog *p, struct repro_result *out)
{
    struct str why = {0};

    while (out->runs < REPRO_RELIABLE_RUNS && out->reliable < REPRO_RELIABLE_ENOUGH &&
           !repro_stopped(r)) {
        out->runs++;
        repro_say(r, "run %u of the %s", out->runs, out->has_c ? "C program" : "program");
        out->reliable += out->has_c ? repro_try_source(r, out->files.c, &out->settings, &why)
                                    : repro_try_program(r, p, &out->settings);
    }
}

static struct str print_program(struct repro *r, const struct syz_prog *p,
                                const struct repro_settings *settings)
{
    struct buf text;

    buf_init(&text, r->arena);
    repro_settings_print(&text, settings);
    syz_prog_print(&text, p);
    return (struct str){(char *)text.data, text.size};
}

static void write_stats(struct repro *r, struct repro_result *out)
{
    struct buf text;

    buf_init(&text, r->arena);
    buf_printf(&text, "seconds: %.1f\nmachines started: %u\nprograms run: %u\n", out->seconds,
               out->machines_started, out->programs_run);
    buf_printf(&text, "calls: %u\nslowest crash: %.1f s, %u runs\n", out->calls, r->slowest_s,
               r->most_runs);
    buf_printf(&text, "reliable: %u of %u runs\nC source: %s%.*s\n", out->reliable, out->runs,
               out->has_c ? "yes" : "no, ", (int)out->why_no_c.size, out->why_no_c.text);
    out->files.stats = (struct str){(char *)text.data, text.size};
}

static bool has_word(struct str text, const char *word)
{
    return memmem(text.text, text.size, word, strlen(word)) != NULL;
}

static struct str keep(struct repro *r, struct str s)
{
    return (struct str){arena_copy_text(r->arena, s.text, s.size), s.size};
}

void repro_want(struct repro *r, const struct report *report)
{
    const struct str title = report->title;

    r->wanted.title = keep(r, title);
    r->wanted.function = keep(r, report->function);
    r->wanted.alt_count = report->alt_count;
    for (uint32_t i = 0; i < report->alt_count; i++)
        r->wanted.alts[i] = keep(r, report->alts[i]);
    r->is_leak = has_word(title, "leak");
    r->is_hang = has_word(title, "hung") || has_word(title, "lockup") || has_word(title, "stall") ||
                 has_word(title, "no output") || has_word(title, "hang");
}

/* What the log's own report says: it tells which process did it, and what other names it has. */
static void read_wanted(struct repro *r)
{
    struct report report = {0};

    report_parse(r->arena, r->options->log, 0, &report);
    r->wanted.text = report.text;
    if (!str_equal(report.title, r->options->title)) {
        report.alt_count = 0;
        report.function = STR("");
    }
    report.title = r->options->title;
    repro_want(r, &report);
}

struct repro_job {
    struct repro r;
    struct repro_result *out;
};

static enum status reproduce(void *ctx, struct diag *dg)
{
    struct repro_job *job = ctx;
    struct repro *r = &job->r;
    struct repro_result *out = job->out;

    (void)dg;
    buf_init(&r->lines, r->arena);
    read_wanted(r);
    out->settings = r->options->settings;
    out->settings.leak = r->is_leak;
    struct syz_prog *p = repro_extract(r);
    if (p != NULL) {
        simplify(r, p, &out->settings);
        p = minimise(r, p, &out->settings);
        out->has_prog = true;
        out->calls = p->count;
        if (r->options->no_c)
            out->why_no_c = STR("not asked for");
        else
            out->has_c = repro_find_c(r, p, &out->settings, &out->files.c, &out->why_no_c);
        measure_reliability(r, p, out);
        out->files.prog = print_program(r, p, &out->settings);
        out->files.report = r->report;
    }
    out->title = r->wanted.title;
    out->seconds = repro_now_s() - r->started_s;
    out->programs_run = r->programs_run;
    out->machines_started = r->machines_started;
    write_stats(r, out);
    out->attempt_log = (struct str){(char *)r->lines.data, r->lines.size};
    out->files.log = r->console.size != 0 ? r->console : out->attempt_log;
    return ST_OK;
}

enum status repro_run(const struct repro_options *options, struct repro_result *out,
                      struct arena *a, struct diag *dg)
{
    struct repro_job job = {
        .r = {.options = options, .arena = a, .started_s = repro_now_s()},
        .out = out,
    };

    *out = (struct repro_result){0};
    arena_init(&job.r.scratch, REPORT_ARENA_BYTES);
    const enum status st = arena_guard(a, reproduce, &job, dg);
    arena_free(&job.r.scratch);
    return st;
}

void repro_timeouts(uint32_t seconds[REPRO_TIMEOUTS])
{
    seconds[0] = REPRO_SECONDS_FIRST;
    seconds[1] = REPRO_SECONDS_LOG;
    seconds[2] = REPRO_SECONDS_HANG;
}
