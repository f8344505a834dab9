/* seeds: what a fuzzer is given to begin with: programs as text, one per file. A line that tells
 * what a file could not be used for is better than silence. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "io/file.h"
#include "spear/manager/manager_int.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SEED_BYTES_MAX = 64 << 20, SEED_DEPTH_MAX = 8 };

struct seeds {
    struct manager *m;
    uint32_t files, programs;
};

static enum status add_file(struct seeds *s, const char *path, struct diag *dg)
{
    uint8_t *data = NULL;
    size_t size = 0;

    TRY(file_read(path, SEED_BYTES_MAX, &data, &size, dg));
    engine_add_candidate(s->m->engine, (struct str){(const char *)data, size}, CANDIDATE_SEED);
    mem_free(data);
    s->files++;
    s->programs++;
    return ST_OK;
}

static enum status add_path(struct seeds *s, const char *path, uint32_t depth, struct diag *dg);

static enum status add_folder(struct seeds *s, const char *path, uint32_t depth, struct diag *dg)
{
    DIR *dir = depth < SEED_DEPTH_MAX ? opendir(path) : NULL;
    enum status st = ST_OK;

    if (dir == NULL)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "seed_corpus: %s: cannot be read", path);
    for (struct dirent *e = readdir(dir); e != NULL && st == ST_OK; e = readdir(dir)) {
        char inner[FILE_PATH_MAX];
        if (e->d_name[0] == '.')
            continue;
        if (snprintf(inner, sizeof(inner), "%s/%s", path, e->d_name) < (int)sizeof(inner))
            st = add_path(s, inner, depth + 1, dg);
    }
    closedir(dir);
    return st;
}

static enum status add_path(struct seeds *s, const char *path, uint32_t depth, struct diag *dg)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET,
                         "seed_corpus: %s: there is no such file or folder", path);
    return S_ISDIR(st.st_mode) ? add_folder(s, path, depth, dg) : add_file(s, path, dg);
}

enum status seeds_load(struct manager *m, struct diag *dg)
{
    struct seeds s = {.m = m};
    const struct config_list *list = &m->config->seed_corpus;

    for (uint32_t i = 0; i < list->count; i++)
        TRY(add_path(&s, list->items[i], 0, dg));
    if (list->count != 0)
        manager_log(m, "%u seeds in %u files", s.programs, s.files);
    return ST_OK;
}
