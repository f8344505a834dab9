/* suites: finds the public test suites, and walks over their files and the modules of their
 * scripts. SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SUITES_H
#define TESTS_UNIT_SUITES_H

#include "shield/wasm/wast.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* $MUJUN_SUITES, else ../shared/suites; NULL when there is no such folder. */
static inline const char *suites_root(void)
{
    const char *root = getenv("MUJUN_SUITES");
    if (root == NULL)
        root = "../shared/suites";
    DIR *there = opendir(root);
    if (there == NULL)
        return NULL;
    closedir(there);
    return root;
}

/* The whole file, of exactly its size; text NULL when it cannot be read. Free it. */
static inline struct str load_file(const char *path)
{
    struct str s = {0};
    FILE *f = fopen(path, "rb");

    if (f == NULL)
        return s;
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    char *text = malloc(size > 0 ? (size_t)size : 1);
    if (text != NULL && size >= 0 && fread(text, 1, (size_t)size, f) == (size_t)size)
        s = (struct str){text, (size_t)size};
    fclose(f);
    return s;
}

/* Calls visit for the bytes of one module. */
struct module_visit {
    void (*visit)(void *ctx, struct str bytes);
    void *ctx;
    struct arena *arena;
    struct str script;
};

/* Inside arena_guard(). Modules whose text is refused are left out. */
static inline enum status visit_script(void *ctx, struct diag *dg)
{
    struct module_visit *v = ctx;
    struct wast_script *script = NULL;

    TRY(wast_open(v->script, wm_features_all(), v->arena, &script, dg));
    for (;;) {
        struct wast_command c;
        struct str bytes = {0};
        struct diag ignored = {0};
        bool done = false;
        TRY(wast_next(script, &c, &done, dg));
        if (done)
            return ST_OK;
        bool has_module = c.kind == WAST_MODULE || c.kind == WAST_DEFINITION || c.has_module;
        if (has_module && wast_module_bytes(script, &c.module, &bytes, &ignored) == ST_OK)
            v->visit(v->ctx, bytes);
    }
}

static inline bool name_ends_with(const char *name, const char *end)
{
    size_t size = strlen(name), tail = strlen(end);
    return size >= tail && strcmp(name + size - tail, end) == 0;
}

/* The modules of one file: of a script, or the file itself. */
static inline void visit_file(const char *path, struct module_visit v)
{
    if (!name_ends_with(path, ".wasm") && !name_ends_with(path, ".wast"))
        return; /* also folders: their size would be a wild number */
    struct str bytes = load_file(path);

    if (bytes.text == NULL)
        return;
    if (name_ends_with(path, ".wasm")) {
        v.visit(v.ctx, bytes);
    } else {
        struct arena arena;
        struct diag dg = {0};
        arena_init(&arena, (size_t)1 << 30);
        v.arena = &arena;
        v.script = bytes;
        if (arena_guard(&arena, visit_script, &v, &dg) != ST_OK)
            printf("# %s:%u:%u: %s\n", path, dg.line, dg.column, dg.text);
        arena_free(&arena);
    }
    free((void *)(uintptr_t)bytes.text);
}

/* Every script and module of a folder below root, in the order of their names. Returns their
 * number, 0 when there is no such folder. */
static inline int visit_folder(const char *root, const char *folder, struct module_visit v)
{
    char path[4096];
    struct dirent **entries = NULL;

    snprintf(path, sizeof(path), "%s/%s", root, folder);
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char file[8192];
        snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
        visit_file(file, v);
        free(entries[i]);
    }
    free(entries);
    return count < 0 ? 0 : count;
}

#endif /* TESTS_UNIT_SUITES_H */
