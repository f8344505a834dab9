/* mujun prog: programs of system calls, for people: printed, checked, and whatever the table of
 * actions names. SPDX-License-Identifier: Apache-2.0 */
#include "cli/prog.h"

#include "base/nearest.h"

#include <string.h>

static const struct {
    const char *name;
    int (*run)(const struct prog_job *job);
    bool needs_files;
} prog_actions[] = {
    {"print",         prog_print,         true },
    {"check",         prog_check,         true },
    {"run",           prog_run_files,     true },
    {"to-c",          prog_to_c,          true },
    {"generate",      prog_generate,      false},
    {"mutate",        prog_mutate,        true },
    {"minimise",      prog_minimise,      true },
    {"import-strace", prog_import_strace, true },
};

/* ---- files ---- */

struct parsing {
    const struct syz_target *target;
    struct prog_file *file;
    enum syz_parse_mode mode;
};

static enum status parse(void *ctx, struct diag *dg)
{
    struct parsing *p = ctx;
    struct str text = {(const char *)p->file->input.bytes, p->file->input.size};

    return syz_prog_parse(&p->file->arena, p->target, text, p->mode, &p->file->prog, dg);
}

enum status prog_file_load(const struct prog_job *job, const char *name, enum syz_parse_mode mode,
                           struct prog_file *out, struct diag *dg)
{
    struct parsing p = {job->target, out, mode};

    out->name = name;
    arena_init(&out->arena, PROG_ARENA_BYTES);
    TRY(cli_input_open(name, &out->input, dg));
    return arena_guard(&out->arena, parse, &p, dg);
}

void prog_file_free(struct prog_file *f)
{
    cli_input_close(&f->input);
    arena_free(&f->arena);
}

/* ---- print ---- */

struct printing {
    struct prog_file *file;
    struct buf text;
    bool is_full;
};

static enum status print_guarded(void *ctx, struct diag *dg)
{
    struct printing *p = ctx;

    (void)dg;
    buf_init(&p->text, &p->file->arena);
    if (p->is_full)
        syz_prog_print_full(&p->text, p->file->prog);
    else
        syz_prog_print(&p->text, p->file->prog);
    return ST_OK;
}

static int print_file(const struct prog_job *job, const char *name)
{
    struct prog_file file = {0};
    struct printing p = {.file = &file, .is_full = job->options->full};
    struct diag dg = {0};
    enum syz_parse_mode mode = job->options->repair ? SYZ_REPAIR
                               : job->options->raw  ? SYZ_RAW
                                                    : SYZ_STRICT;

    enum status st = prog_file_load(job, name, mode, &file, &dg);
    if (st == ST_OK)
        st = arena_guard(&file.arena, print_guarded, &p, &dg);
    if (st == ST_OK && job->file_count > 1)
        printf("# %s\n", name);
    if (st == ST_OK)
        fwrite(p.text.data, 1, p.text.size, stdout);
    else
        cli_report(name, &dg);
    prog_file_free(&file);
    return status_exit_code(st);
}

int prog_print(const struct prog_job *job)
{
    int exit_code = 0;

    for (int i = 0; i < job->file_count; i++) {
        int code = print_file(job, job->files[i]);
        exit_code = exit_code == 0 ? code : exit_code;
    }
    return exit_code;
}

/* ---- check ---- */

struct checking {
    struct prog_file *file;
    struct buf stream;
};

/* What is found here would be a bug of ours, but for calls that the executor does not have. */
static enum status check_guarded(void *ctx, struct diag *dg)
{
    struct checking *c = ctx;

    TRY(syz_prog_check(c->file->prog, dg));
    buf_init(&c->stream, &c->file->arena);
    return syz_prog_encode(c->file->prog, &c->stream, dg);
}

static void show_checked(const struct prog_job *job, json_t *list, const char *name, enum status st,
                         const struct checking *c, const struct diag *dg)
{
    uint32_t calls = c->file->prog == NULL ? 0 : c->file->prog->count;

    if (list != NULL) {
        json_t *j = json_pack("{s:o, s:b, s:i, s:i, s:o}", "file", cli_json_text(name), "ok",
                              st == ST_OK, "calls", (int)calls, "bytes", (int)c->stream.size,
                              "error", st == ST_OK ? json_null() : cli_json_text(dg->text));
        if (dg->line != 0) {
            json_object_set_new(j, "line", json_integer(dg->line));
            json_object_set_new(j, "column", json_integer(dg->column));
        }
        json_array_append_new(list, j);
    } else if (st != ST_OK) {
        cli_report(name, dg);
    } else if (job->file_count == 1) {
        printf("%u calls, %zu bytes when encoded\n", calls, c->stream.size);
    } else {
        printf("%s: %u calls, %zu bytes when encoded\n", name, calls, c->stream.size);
    }
}

int prog_check(const struct prog_job *job)
{
    json_t *list = job->options->json ? json_array() : NULL;
    int exit_code = 0;

    for (int i = 0; i < job->file_count; i++) {
        struct prog_file file = {0};
        struct checking c = {.file = &file};
        struct diag dg = {0};
        enum status st = prog_file_load(job, job->files[i], SYZ_STRICT, &file, &dg);
        if (st == ST_OK)
            st = arena_guard(&file.arena, check_guarded, &c, &dg);
        show_checked(job, list, job->files[i], st, &c, &dg);
        exit_code = exit_code == 0 ? status_exit_code(st) : exit_code;
        prog_file_free(&file);
    }
    if (list != NULL)
        cli_json_print(list);
    return exit_code;
}

/* ---- */

static const char *action_names(char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < LENGTH_OF(prog_actions) && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 i == 0                             ? ""
                                 : i + 1 == LENGTH_OF(prog_actions) ? " or "
                                                                    : ", ",
                                 prog_actions[i].name);
    return text;
}

int cmd_prog(const struct cli_args *args)
{
    const struct prog_options *o = args->options;
    struct nearest near = {.word = args->count != 0 ? args->items[0] : "nothing"};
    struct cli_target target = {0};
    struct diag dg = {0};
    char names[160];
    uint32_t action = 0;

    while (action < LENGTH_OF(prog_actions) && strcmp(near.word, prog_actions[action].name) != 0)
        nearest_try(&near, prog_actions[action++].name);
    if (action == LENGTH_OF(prog_actions))
        return cli_usage(args, "expected %s, found %s%s%s", action_names(names, sizeof(names)),
                         near.word, near.best != NULL ? "; did you mean " : "",
                         near.best != NULL ? near.best : "");
    if (args->count < 2 && prog_actions[action].needs_files)
        return cli_usage(args, "%s expects files (- is standard input), found none", near.word);
    enum status st = cli_target_load(&o->descriptions, o->arch, &target, &dg);
    if (st == ST_USAGE) {
        cli_target_free(&target);
        return cli_usage(args, "%s", dg.text);
    }
    struct prog_job job = {.args = args,
                           .options = o,
                           .target = target.target,
                           .sources = &target.sources,
                           .files = args->items + 1,
                           .file_count = args->count - 1};
    int exit_code =
        st == ST_OK ? prog_actions[action].run(&job) : cli_report("the descriptions", &dg);
    cli_target_free(&target);
    return exit_code;
}
