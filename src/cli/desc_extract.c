/* desc_extract: fills .const files from kernel headers. A file is read with the rest of its folder,
 * for the types that it uses. SPDX-License-Identifier: Apache-2.0 */
#include "cli/desc.h"

#include "spear/syz/extract.h"

#include <string.h>

/* One operand: the folder it is, or is in, and the one file that is asked for (NULL: all). */
struct extract_job {
    const struct syz_arch *arch;
    const struct extract_options *options;
    const char *folder, *only;
    bool check, json;
    struct arena arena;
    struct syz_sources sources;
    struct syz_errors errors;
    struct json_t *list; /* of results, with json */
    uint32_t changed;
};

static bool is_description(struct str path)
{
    return path.size > 4 && memcmp(path.text + path.size - 4, ".txt", 4) == 0;
}

/* The present .const file beside the .txt, empty when there is none. */
static struct str present(const struct extract_job *job, struct str path)
{
    for (uint32_t i = 0; i < job->sources.count; i++) {
        struct str other = job->sources.items[i].path;
        if (other.size == path.size + 6 && memcmp(other.text, path.text, path.size) == 0 &&
            memcmp(other.text + path.size, ".const", 6) == 0)
            return job->sources.items[i].text;
    }
    return (struct str){0};
}

static void report(struct extract_job *job, struct str path, const struct extract_result *r,
                   bool changed)
{
    char text[1024];

    for (uint32_t i = 0; i < r->lost_header_count; i++) {
        snprintf(text, sizeof(text),
                 "%.*s: %.*s is not among the headers; constants that only it has are unknown",
                 STR_ARG(path), STR_ARG(r->lost_headers[i]));
        cli_say(text);
    }
    if (job->json)
        json_array_append_new(job->list,
                              json_pack("{s:o, s:b, s:i, s:i, s:i}", "file", cli_json_str(path),
                                        "changed", changed, "known", (int)r->known, "unknown",
                                        (int)r->unknown, "rounds", (int)r->rounds));
    else if (changed)
        printf("%.*s.const: %s: %u constants, %u unknown\n", STR_ARG(path),
               job->check ? "would change" : "written", r->known, r->unknown);
}

static enum status extract_file(struct extract_job *job, uint32_t file,
                                const struct syz_wanted_list *wanted, struct diag *dg)
{
    struct str path = job->sources.items[file].path;
    struct str before = present(job, path);
    struct extract_result r;
    struct buf name;

    TRY(diag_in(dg,
                syz_extract(&job->sources, file, wanted, before, job->arch, job->options,
                            &job->arena, &r, dg),
                "%.*s", STR_ARG(path)));
    if (r.is_skipped)
        return ST_OK;
    bool changed = !str_equal(before, r.text);
    job->changed += changed;
    if (changed && !job->check) {
        buf_init(&name, &job->arena);
        buf_printf(&name, "%.*s.const", STR_ARG(path));
        buf_byte(&name, 0);
        TRY(cli_output((const char *)name.data, r.text.text, r.text.size, dg));
    }
    report(job, path, &r, changed);
    return ST_OK;
}

static enum status extract_folder(void *ctx, struct diag *dg)
{
    struct extract_job *job = ctx;
    struct syz_wanted_list *lists = NULL;
    bool found = false;

    TRY(syz_load(job->folder, &job->sources, &job->arena, dg));
    TRY(syz_wanted(&job->sources, job->arch, &job->arena, &job->errors, &lists, dg));
    for (uint32_t i = 0; i < job->sources.count; i++) {
        struct str path = job->sources.items[i].path;
        if (!is_description(path) || (job->only != NULL && !str_equal(path, str_of(job->only))))
            continue;
        found = true;
        TRY(extract_file(job, i, &lists[i], dg));
    }
    if (!found)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "%s: expected a .txt file",
                         job->only != NULL ? job->only : job->folder);
    return ST_OK;
}

/* The folder of an operand, in text. */
static const char *folder_of(const char *path, char *text, size_t size)
{
    const char *slash = strrchr(path, '/');

    snprintf(text, size, "%.*s", slash == NULL ? 1 : (int)MAX(slash - path, 1),
             slash == NULL ? "." : path);
    return text;
}

int desc_extract(const struct cli_args *args, const struct syz_arch *arch,
                 const struct desc_options *o)
{
    struct extract_options options = {.compiler = o->cc, .headers = o->headers};
    struct extract_job job = {
        .arch = arch, .options = &options, .check = o->check, .json = o->json};
    char folder[4096], path[4096 + 2];
    int exit_code = 0;

    job.list = o->json ? json_array() : NULL;
    for (int i = 1; i < args->count && exit_code == 0; i++) {
        struct diag dg = {0};
        job.folder = args->items[i];
        job.only = NULL;
        if (is_description(str_of(args->items[i]))) {
            job.folder = folder_of(args->items[i], folder, sizeof(folder));
            const char *slash = strrchr(args->items[i], '/');
            snprintf(path, sizeof(path), "%s/%s", job.folder,
                     slash != NULL ? slash + 1 : args->items[i]);
            job.only = path;
        }
        job.sources = (struct syz_sources){0};
        job.errors = (struct syz_errors){0};
        arena_init(&job.arena, DESC_ARENA_BYTES);
        enum status st = arena_guard(&job.arena, extract_folder, &job, &dg);
        exit_code = status_exit_code(st);
        if (job.errors.total != 0)
            desc_say_errors(&job.sources, &job.errors);
        else if (st != ST_OK)
            exit_code = cli_report("mujun desc", &dg);
        arena_free(&job.arena);
    }
    if (o->json)
        cli_json_print(job.list);
    return exit_code != 0 ? exit_code : o->check && job.changed != 0 ? CLI_EXIT_FAILED : 0;
}
