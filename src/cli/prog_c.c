/* prog to-c: a program as C source. SPDX-License-Identifier: Apache-2.0 */
#include "cli/prog.h"
#include "spear/kernel/csource.h"

struct writing {
    struct prog_file *file;
    struct repro_settings settings;
    struct buf source;
};

/* The line of settings that heads a reproducer counts; without one only the calls are made. */
static enum status write_guarded(void *ctx, struct diag *dg)
{
    struct writing *w = ctx;
    const struct str text = {(const char *)w->file->input.bytes, w->file->input.size};

    repro_settings_parse(text, &w->settings);
    buf_init(&w->source, &w->file->arena);
    return csource_write(w->file->prog, &w->settings, str_of(w->file->name), &w->source, dg);
}

static int to_c(const struct prog_job *job, const char *name)
{
    struct prog_file file = {0};
    struct writing w = {.file = &file, .settings = {.procs = 1}};
    struct diag dg = {0};
    enum status st = prog_file_load(job, name, job->options->repair ? SYZ_REPAIR : SYZ_STRICT,
                                    &file, &dg);

    if (st == ST_OK) {
        st = arena_guard(&file.arena, write_guarded, &w, &dg);
        if (st != ST_OK)
            cli_report(name, &dg);
        else
            fwrite(w.source.data, 1, w.source.size, stdout);
    }
    prog_file_free(&file);
    return status_exit_code(st);
}

int prog_to_c(const struct prog_job *job)
{
    int exit_code = 0;

    for (int i = 0; i < job->file_count; i++) {
        const int code = to_c(job, job->files[i]);
        exit_code = exit_code == 0 ? code : exit_code;
    }
    return exit_code;
}
