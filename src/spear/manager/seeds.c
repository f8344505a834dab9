/* seeds: what a fuzzer is given to begin with: a program per file, the corpus.db of another work
 * directory, or logs that the target knows how to read. What cannot be used is told.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "io/file.h"
#include "spear/engine/corpus_db.h"
#include "spear/manager/manager_int.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SEED_BYTES_MAX = 256 << 20, SEED_DEPTH_MAX = 8 };

static const uint8_t db_magic[] = {0xdb, 0xba, 0x0b, 0x00};

struct seeds {
    struct manager *m;
    uint32_t files, programs;
};

static void add_program(void *ctx, struct str text)
{
    struct seeds *s = ctx;

    engine_add_candidate(s->m->engine, text, CANDIDATE_SEED);
    s->programs++;
}

static void log_damage(void *ctx, const char *line)
{
    const struct seeds *s = ctx;
    manager_log(s->m, "seed corpus: %s", line);
}

/* Opening a corpus may mend it: not the user's file, a copy of it. */
static enum status add_db(struct seeds *s, const uint8_t *data, size_t size, struct diag *dg)
{
    char path[FILE_PATH_MAX];
    struct corpus_db *db = NULL;

    snprintf(path, sizeof(path), "%s/seed-corpus.db", s->m->config->workdir);
    TRY(file_write(path, data, size, dg));
    const struct corpus_db_options options = {.path = path, .log = log_damage, .ctx = s};
    enum status st = corpus_db_open(&options, &db, dg);
    if (st == ST_OK)
        st = corpus_db_each(db, add_program, s, dg);
    corpus_db_close(db);
    file_remove_all(path);
    return st;
}

static enum status add_file(struct seeds *s, const char *path, struct diag *dg)
{
    const struct manager_parts *parts = &s->m->parts;
    uint8_t *data = NULL;
    size_t size = 0;
    bool is_log = false;

    TRY(file_read(path, SEED_BYTES_MAX, &data, &size, dg));
    struct str text = {(const char *)data, size};
    enum status st = ST_OK;
    if (size >= sizeof(db_magic) && memcmp(data, db_magic, sizeof(db_magic)) == 0)
        st = add_db(s, data, size, dg);
    else if (parts->import != NULL)
        st = parts->import(parts->self, text, &is_log, add_program, s, dg);
    if (st == ST_OK && !is_log && memchr(data, '\0', size) == NULL)
        add_program(s, text);
    mem_free(data);
    s->files++;
    return diag_in(dg, st, "seed_corpus %s", path);
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
