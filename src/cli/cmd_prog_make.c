/* mujun prog generate, mutate, minimise, import-strace: programs out of nothing, out of others, and
 * out of what real programs did. SPDX-License-Identifier: Apache-2.0 */
#include "cli/prog.h"
#include "io/process.h"
#include "spear/syz/const.h"
#include "spear/syz/mutate.h"
#include "spear/syz/strace.h"

#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALLS_USUAL = 10, COUNT_MAX = 1000000, KEEP_SECONDS_MAX = 3600 };

/* ---- where programs go ---- */

struct out {
    const struct prog_job *job;
    json_t *list; /* NULL: text */
    uint32_t count;
};

static struct out out_open(const struct prog_job *job)
{
    return (struct out){job, job->options->json ? json_array() : NULL, 0};
}

/* Standard output, a row of JSON, or a file of its own. Inside arena_guard(). */
static enum status out_program(struct out *o, struct arena *a, const char *note,
                               const struct syz_prog *p, struct diag *dg)
{
    const char *folder = o->job->options->output;
    struct buf text;
    char path[4096];

    buf_init(&text, a);
    if (o->list == NULL)
        buf_printf(&text, "%s# %s\n", o->count != 0 && folder == NULL ? "\n" : "", note);
    syz_prog_print(&text, p);
    o->count++;
    if (o->list != NULL) {
        struct str s = {(const char *)text.data, text.size};
        json_array_append_new(o->list, json_pack("{s:s, s:i, s:o}", "note", note, "calls",
                                                 (int)p->count, "program", cli_json_str(s)));
        return ST_OK;
    }
    if (folder == NULL) {
        fwrite(text.data, 1, text.size, stdout);
        return ST_OK;
    }
    snprintf(path, sizeof(path), "%s/%06u.prog", folder, o->count);
    return cli_output(path, text.data, text.size, dg);
}

static int out_close(struct out *o, enum status st, const char *name, const struct diag *dg)
{
    if (o->list != NULL) {
        if (st == ST_OK)
            cli_json_print(o->list);
        else
            json_decref(o->list);
    }
    return st == ST_OK ? 0 : cli_report(name, dg);
}

/* A folder that is asked for is made. */
static enum status out_folder(const struct prog_job *job, struct diag *dg)
{
    struct stat info;
    const char *folder = job->options->output;

    if (folder == NULL || mkdir(folder, 0777) == 0 ||
        (stat(folder, &info) == 0 && S_ISDIR(info.st_mode)))
        return ST_OK;
    return diag_fail(dg, ST_IO, DIAG_NO_OFFSET,
                     "expected a folder for the programs, or a name for a new one; found neither");
}

/* ---- making ---- */

struct making {
    const struct prog_job *job;
    struct arena arena, work; /* the table and the files; one program */
    struct rng rng;
    struct syz_random how;
    struct prog_file *files;
    struct out out;
    uint64_t seed, count;
    uint64_t at; /* program being made */
};

/* name, name and its variants, or start*. */
static bool matches(const struct syz_call *call, struct str pattern)
{
    if (pattern.size != 0 && pattern.text[pattern.size - 1] == '*')
        return call->name.size >= pattern.size - 1 &&
               memcmp(call->name.text, pattern.text, pattern.size - 1) == 0;
    return str_equal(call->name, pattern) || str_equal(call->base, pattern);
}

/* Turns on the calls of a list with commas; ST_USAGE when a part of it names none. */
static enum status enable_listed(const struct syz_target *t, const char *list, bool *enabled,
                                 struct diag *dg)
{
    while (*list != 0) {
        struct str pattern = {list, strcspn(list, ",")};
        uint32_t found = 0;
        for (uint32_t i = 0; i < t->call_count; i++)
            if (matches(&t->calls[i], pattern)) {
                enabled[i] = t->calls[i].why == SYZ_ENABLED;
                found++;
            }
        if (found == 0)
            return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                             "--calls expects calls of the descriptions, found %.*s",
                             (int)pattern.size, pattern.text);
        list += pattern.size;
        list += *list == ',';
    }
    return ST_OK;
}

static const struct syz_prog *from_files(void *ctx, struct rng *r)
{
    const struct making *m = ctx;

    return m->job->file_count == 0 ? NULL
                                   : m->files[rng_below(r, (uint64_t)m->job->file_count)].prog;
}

static enum status build_table(void *ctx, struct diag *dg)
{
    struct making *m = ctx;
    const struct syz_target *t = m->job->target;
    bool *enabled = arena_new(&m->arena, bool, t->call_count);
    uint32_t count = (uint32_t)m->job->file_count;
    const struct syz_prog **corpus = arena_new(&m->arena, const struct syz_prog *, count);

    if (m->job->options->calls != NULL)
        TRY(enable_listed(t, m->job->options->calls, enabled, dg));
    for (uint32_t i = 0; i < t->call_count && m->job->options->calls == NULL; i++)
        enabled[i] = syz_call_wire_number(t, &t->calls[i]) >= 0;
    for (uint32_t i = 0; i < count; i++)
        corpus[i] = m->files[i].prog;
    m->how = (struct syz_random){.rng = &m->rng,
                                 .choice = syz_choice_build(&m->arena, t, enabled, corpus, count),
                                 .corpus = from_files,
                                 .corpus_ctx = m,
                                 .is_blind = m->job->options->blind};
    return ST_OK;
}

static enum status make_one(void *ctx, struct diag *dg)
{
    struct making *m = ctx;
    const struct prog_options *o = m->job->options;
    uint32_t length = o->length.is_set ? (uint32_t)MIN(o->length.value, UINT64_C(40)) : 0;
    struct syz_prog *p = NULL;
    char note[64];

    rng_seed(&m->rng, m->seed + m->at);
    if (m->job->file_count == 0) {
        p = syz_generate(&m->work, &m->how, length != 0 ? length : (uint32_t)CALLS_USUAL);
    } else {
        p = syz_prog_clone(&m->work, m->files[m->at % (uint64_t)m->job->file_count].prog);
        syz_mutate(p, &m->how, length != 0 ? length : (uint32_t)SYZ_CALLS_USUAL);
    }
    if (p->count == 0)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "expected calls that may be generated, found none that is enabled");
    if (o->collide)
        syz_collide(p, &m->rng);
    snprintf(note, sizeof(note), "seed %ju", (uintmax_t)(m->seed + m->at));
    return out_program(&m->out, &m->work, note, p, dg);
}

static enum status make_all(struct making *m, struct diag *dg)
{
    TRY(out_folder(m->job, dg));
    TRY(arena_guard(&m->arena, build_table, m, dg));
    for (m->at = 0; m->at < m->count; m->at++) {
        struct arena_mark mark = arena_mark(&m->work);
        TRY(arena_guard(&m->work, make_one, m, dg));
        arena_release(&m->work, mark);
    }
    return ST_OK;
}

static enum status load_files(struct making *m, const char **failed, struct diag *dg)
{
    for (int i = 0; i < m->job->file_count; i++) {
        *failed = m->job->files[i];
        TRY(prog_file_load(m->job, m->job->files[i], SYZ_STRICT, &m->files[i], dg));
    }
    *failed = "mujun prog";
    return ST_OK;
}

static enum status new_files(void *ctx, struct diag *dg)
{
    struct making *m = ctx;

    (void)dg;
    m->files = arena_new(&m->arena, struct prog_file, (size_t)m->job->file_count);
    return ST_OK;
}

static int make_programs(const struct prog_job *job)
{
    const struct prog_options *o = job->options;
    struct making m = {.job = job, .out = out_open(job), .count = 1};
    struct diag dg = {0};
    const char *failed = "mujun prog";

    if (o->count.is_set)
        m.count = o->count.value;
    if (m.count > COUNT_MAX)
        return cli_usage(job->args, "--count expects at most %d, found %ju", COUNT_MAX,
                         (uintmax_t)m.count);
    m.seed = o->seed.value;
    if (!o->seed.is_set && getrandom(&m.seed, sizeof(m.seed), 0) == sizeof(m.seed))
        m.seed >>= 32; /* short enough to be typed again */
    arena_init(&m.arena, PROG_ARENA_BYTES);
    arena_init(&m.work, PROG_ARENA_BYTES);
    enum status st = arena_guard(&m.arena, new_files, &m, &dg);
    if (st == ST_OK)
        st = load_files(&m, &failed, &dg);
    if (st == ST_OK)
        st = make_all(&m, &dg);
    int exit_code = out_close(&m.out, st, failed, &dg);
    for (int i = 0; i < job->file_count && m.files != NULL; i++)
        prog_file_free(&m.files[i]);
    arena_free(&m.work);
    arena_free(&m.arena);
    return exit_code;
}

int prog_generate(const struct prog_job *job)
{
    if (job->file_count != 0)
        return cli_usage(job->args, "generate expects no files, found %s", job->files[0]);
    return make_programs(job);
}

int prog_mutate(const struct prog_job *job)
{
    return make_programs(job);
}

/* ---- minimising ---- */

struct shrinking {
    const struct prog_job *job;
    struct prog_file *file;
    struct syz_prog *made;
    char path[64]; /* of the candidate */
    struct cli_progress progress;
    uint32_t questions;
    struct diag failure; /* of asking; status ST_OK: none */
    bool give_up;
    struct out out;
};

/* The command with every {} replaced by the candidate's path. */
static const char *command_of(struct shrinking *s)
{
    const char *keep = s->job->options->keep;
    struct buf text;

    buf_init(&text, &s->file->arena);
    for (const char *hole; (hole = strstr(keep, "{}")) != NULL; keep = hole + 2) {
        buf_bytes(&text, keep, (size_t)(hole - keep));
        buf_text(&text, s->path);
    }
    buf_text(&text, keep);
    buf_byte(&text, 0);
    return (const char *)text.data;
}

static bool ask_command(struct shrinking *s)
{
    const char *argv[] = {"sh", "-c", command_of(s), NULL};
    const struct process_options options = {.path = "/bin/sh", .argv = argv};
    char output[256];
    int wait_status = 0;

    if (process_output(&options, KEEP_SECONDS_MAX * 1000, output, sizeof(output), &wait_status,
                       &s->failure) != ST_OK) {
        s->give_up = true;
        return false;
    }
    return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
}

static bool keep_candidate(void *ctx, const struct syz_prog *candidate, uint32_t step)
{
    struct shrinking *s = ctx;
    struct buf text;

    (void)step;
    buf_init(&text, &s->file->arena);
    syz_prog_print(&text, candidate);
    if (cli_output(s->path, text.data, text.size, &s->failure) != ST_OK) {
        s->give_up = true;
        return false;
    }
    cli_progress_step(&s->progress, s->questions, 0, "candidates tried");
    s->questions++;
    return ask_command(s);
}

static enum status minimise_guarded(void *ctx, struct diag *dg)
{
    struct shrinking *s = ctx;
    const struct syz_prog *p = s->file->prog;
    const struct cli_number at = s->job->options->step;
    uint32_t step = at.is_set ? (uint32_t)MIN(at.value, (uint64_t)UINT32_MAX) : UINT32_MAX;
    char note[96];

    if (at.is_set && step >= p->count)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "--step expects a call of the program, 0 to %u, found %ju", p->count - 1,
                         (uintmax_t)at.value);
    if (!keep_candidate(s, p, step) && s->failure.status == ST_OK)
        return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET,
                         "expected a command that exits with 0 for the program as it is; --keep "
                         "refuses it");
    if (s->failure.status == ST_OK)
        s->made = syz_minimise(&s->file->arena, p, &step, SYZ_MINIMISE_CORPUS, keep_candidate, s,
                               &s->give_up);
    cli_progress_end(&s->progress);
    if (s->failure.status != ST_OK) {
        *dg = s->failure;
        return dg->status;
    }
    snprintf(note, sizeof(note), "%u of %u calls; %u candidates tried", s->made->count, p->count,
             s->questions);
    return out_program(&s->out, &s->file->arena, note, s->made, dg);
}

int prog_minimise(const struct prog_job *job)
{
    struct prog_file file = {0};
    struct shrinking s = {
        .job = job, .file = &file, .path = "/tmp/mujun-XXXXXX", .out = out_open(job)};
    struct diag dg = {0};

    if (job->options->keep == NULL || strstr(job->options->keep, "{}") == NULL)
        return cli_usage(job->args, "minimise expects --keep with a command that has {} where the "
                                    "program's file goes");
    if (job->file_count != 1)
        return cli_usage(job->args, "minimise expects one file, found %d", job->file_count);
    int descriptor = mkstemp(s.path);
    if (descriptor < 0)
        return cli_usage(job->args, "expected a file in /tmp for candidates, found no way to "
                                    "make one");
    close(descriptor);
    enum status st = prog_file_load(job, job->files[0], SYZ_STRICT, &file, &dg);
    if (st == ST_OK)
        st = arena_guard(&file.arena, minimise_guarded, &s, &dg);
    unlink(s.path);
    prog_file_free(&file);
    return out_close(&s.out, st, job->files[0], &dg);
}

/* ---- logs of strace ---- */

struct importing {
    const struct prog_job *job;
    const char *name;
    struct arena arena;
    struct cli_input input;
    struct map consts;
    struct strace_import import;
    struct out *out;
};

/* Every constant that the descriptions know. */
static void read_consts(struct importing *im)
{
    const struct syz_sources *sources = im->job->sources;
    struct syz_errors errors = {.arena = &im->arena};
    struct str arch = str_of(im->job->target->arch->name);

    map_init(&im->consts, &im->arena);
    for (uint32_t i = 0; i < sources->count; i++) {
        const struct syz_source *s = &sources->items[i];
        if (s->path.size > 6 && memcmp(s->path.text + s->path.size - 6, ".const", 6) == 0)
            syz_consts_read(&im->consts, s->text, (uint16_t)i, s->path, arch, true, &errors);
    }
}

static enum status import_guarded(void *ctx, struct diag *dg)
{
    struct importing *im = ctx;
    struct str log = {(const char *)im->input.bytes, im->input.size};
    char note[4200];

    read_consts(im);
    TRY(syz_strace_import(&im->arena, im->job->target, &im->consts, log, &im->import, dg));
    for (uint32_t i = 0; i < im->import.count; i++) {
        snprintf(note, sizeof(note), "%s, program %u", im->name, i + 1);
        TRY(out_program(im->out, &im->arena, note, im->import.progs[i], dg));
    }
    return ST_OK;
}

static int import_file(const struct prog_job *job, const char *name, struct out *out)
{
    struct importing im = {.job = job, .name = name, .out = out};
    const struct strace_import *in = &im.import;
    struct diag dg = {0};
    char text[4400];

    arena_init(&im.arena, PROG_ARENA_BYTES);
    enum status st = cli_input_open(name, &im.input, &dg);
    if (st == ST_OK)
        st = arena_guard(&im.arena, import_guarded, &im, &dg);
    if (st != ST_OK) {
        cli_report(name, &dg);
    } else {
        snprintf(text, sizeof(text),
                 "%s: %u calls: %u in %u programs, %u not described, %u about processes; %u lines "
                 "not understood",
                 name, in->calls, in->taken, in->count, in->unknown, in->left_out, in->unreadable);
        cli_say(text);
    }
    cli_input_close(&im.input);
    arena_free(&im.arena);
    return status_exit_code(st);
}

int prog_import_strace(const struct prog_job *job)
{
    struct out out = out_open(job);
    struct diag dg = {0};
    int exit_code = 0;

    if (out_folder(job, &dg) != ST_OK)
        return out_close(&out, dg.status, job->options->output, &dg);
    for (int i = 0; i < job->file_count; i++) {
        int code = import_file(job, job->files[i], &out);
        exit_code = exit_code == 0 ? code : exit_code;
    }
    out_close(&out, ST_OK, "mujun prog", &dg);
    return exit_code;
}
