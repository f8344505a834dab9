/* The public suite of programs: every file is parsed strictly, printed in the normal form, parsed
 * and printed again; the normal form must say what the file says (see prog_compare.h).
 * SPDX-License-Identifier: Apache-2.0 */
#include "prog_compare.h"
#include "spear/syz/compile.h"
#include "spear/syz/prog.h"
#include "suites.h"
#include "tap.h"

#include <time.h>

#define TARGET_BYTES ((size_t)1 << 30)
#define PROG_BYTES   ((size_t)256 << 20)

struct loaded {
    const char *os, *arch;
    const char *root;
    struct arena arena;
    const struct syz_target *target;
};

static enum status load(void *ctx, struct diag *dg)
{
    struct loaded *l = ctx;
    struct syz_sources sources = {0};
    struct syz_errors errors = {0};
    char path[4096];

    snprintf(path, sizeof(path), "%s/syzlang/%s", l->root, l->os);
    TRY(syz_load(path, &sources, &l->arena, dg));
    return syz_compile(&sources, syz_arch_find(l->arch), &l->arena, &errors, &l->target, dg);
}

/* The machine that "# requires: arch=NAME" asks for; else the usual one. */
static const struct syz_target *target_for(struct loaded *loaded, size_t count, const char *os,
                                           struct str text, const char **arch)
{
    static const char key[] = "# requires:";
    const char *usual = strcmp(os, "test") == 0 ? "64" : "amd64";
    struct diag dg = {0};
    char line[256] = "";
    char name[32] = "";

    const char *found = memmem(text.text, text.size, key, sizeof(key) - 1);
    if (found != NULL) {
        size_t left = text.size - (size_t)(found - text.text);
        const char *end = memchr(found, '\n', left);
        snprintf(line, sizeof(line), "%.*s", (int)(end == NULL ? left : (size_t)(end - found)),
                 found);
    }
    const char *want = strstr(line, " arch=");
    if (want != NULL && sscanf(want, " arch=%31s", name) == 1)
        usual = name;
    for (size_t i = 0; i < count; i++) {
        struct loaded *l = &loaded[i];
        if (strcmp(l->os, os) != 0 || strcmp(l->arch, usual) != 0)
            continue;
        *arch = l->arch;
        if (l->arena.limit_bytes == 0) {
            arena_init(&l->arena, TARGET_BYTES);
            if (arena_guard(&l->arena, load, l, &dg) != ST_OK)
                printf("# %s/%s: %s\n", os, l->arch, dg.text);
        }
        return l->target;
    }
    return NULL;
}

/* Say something else on purpose: the number of a special pointer is taken modulo how many there
 * are. */
static const char *const known_different[] = {"align3"};

static bool is_known_different(const char *name)
{
    for (size_t i = 0; i < LENGTH_OF(known_different); i++)
        if (strcmp(name, known_different[i]) == 0)
            return true;
    return false;
}

struct totals {
    unsigned files, parsed, stable, same, repaired, cloned, encoded, beyond, calls;
    uint64_t parse_ns, print_ns, clone_ns, encode_ns, stream_bytes;
    uint64_t text_bytes;
};

struct trip {
    struct arena arena;
    const struct syz_target *target;
    struct str text;
    struct buf normal, again, full;
    struct prog_compare compare;
    bool is_stable, is_same;
    struct totals *totals;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct str text_of(const struct buf *b)
{
    return (struct str){(const char *)b->data, b->size};
}

static enum status round_trip(void *ctx, struct diag *dg)
{
    struct trip *t = ctx;
    struct syz_prog *p = NULL, *second = NULL;

    buf_init(&t->normal, &t->arena);
    buf_init(&t->again, &t->arena);
    buf_init(&t->full, &t->arena);
    uint64_t start = now_ns();
    TRY(syz_prog_parse(&t->arena, t->target, t->text, SYZ_RAW, &p, dg));
    uint64_t parsed = now_ns();
    syz_prog_print(&t->normal, p);
    t->totals->parse_ns += parsed - start;
    t->totals->print_ns += now_ns() - parsed;
    t->totals->parsed++;
    t->totals->calls += p->count;
    TRY(syz_prog_check(p, dg));
    TRY(diag_in(dg, syz_prog_parse(&t->arena, t->target, text_of(&t->normal), SYZ_RAW, &second, dg),
                "the normal form"));
    syz_prog_print(&t->again, second);
    t->is_stable = str_equal(text_of(&t->normal), text_of(&t->again));
    syz_prog_print_full(&t->full, p);
    t->compare.arena = &t->arena;
    t->compare.a = (struct prog_cursor){t->text.text, t->text.text + t->text.size};
    struct str full = text_of(&t->full);
    t->compare.b = (struct prog_cursor){full.text, full.text + full.size};
    t->is_same = prog_texts_same(&t->compare);
    return ST_OK;
}

/* Beside the text: a copy says the same, repairing changes nothing that fits, and the executor's
 * bytes can be made, but for calls that it does not have. */
static enum status other_forms(void *ctx, struct diag *dg)
{
    struct trip *t = ctx;
    struct totals *totals = t->totals;
    struct syz_prog *strict = NULL, *repaired = NULL;
    struct buf want, got, stream;

    buf_init(&want, &t->arena);
    buf_init(&got, &t->arena);
    buf_init(&stream, &t->arena);
    TRY(syz_prog_parse(&t->arena, t->target, t->text, SYZ_STRICT, &strict, dg));
    TRY(syz_prog_parse(&t->arena, t->target, t->text, SYZ_REPAIR, &repaired, dg));
    syz_prog_print(&want, strict);
    syz_prog_print(&got, repaired);
    totals->repaired += str_equal(text_of(&want), text_of(&got));
    got.size = 0;
    uint64_t start = now_ns();
    const struct syz_prog *copy = syz_prog_clone(&t->arena, strict);
    totals->clone_ns += now_ns() - start;
    syz_prog_print(&got, copy);
    totals->cloned += str_equal(text_of(&want), text_of(&got));
    for (uint32_t i = 0; i < strict->count; i++)
        if (syz_call_wire_number(t->target, strict->steps[i].call) < 0) {
            totals->beyond++;
            return ST_OK;
        }
    start = now_ns();
    TRY(syz_prog_encode(strict, &stream, dg));
    totals->encode_ns += now_ns() - start;
    totals->encoded++;
    totals->stream_bytes += stream.size;
    return ST_OK;
}

static void try_file(struct totals *totals, const struct syz_target *target, const char *os,
                     const char *arch, const char *name, struct str text)
{
    struct trip t = {.target = target, .text = text, .totals = totals};
    struct diag dg = {0};

    arena_init(&t.arena, PROG_BYTES);
    enum status st = arena_guard(&t.arena, round_trip, &t, &dg);
    if (st == ST_OK)
        st = arena_guard(&t.arena, other_forms, &t, &dg);
    totals->files++;
    totals->text_bytes += text.size;
    totals->stable += st == ST_OK && t.is_stable;
    totals->same += st == ST_OK && t.is_same;
    if (st != ST_OK)
        tap_ok(false, "%s/%s (%s): %u:%u: %s", os, name, arch, dg.line, dg.column, dg.text);
    else if (!t.is_stable)
        tap_ok(false, "%s/%s (%s): the normal form changes\n# %.*s# %.*s", os, name, arch,
               (int)t.normal.size, (char *)t.normal.data, (int)t.again.size, (char *)t.again.data);
    else if (t.is_same == is_known_different(name))
        tap_ok(false,
               "%s/%s (%s): the normal form says something else\n# file: %.90s\n# ours: %.90s", os,
               name, arch, t.compare.a_bad.at - 30, t.compare.b_bad.at - 30);
    arena_free(&t.arena);
}

static void try_folder(const char *root, const char *os, struct loaded *loaded, size_t count,
                       struct totals *totals)
{
    char path[4096];
    struct dirent **entries = NULL;

    snprintf(path, sizeof(path), "%s/syzprog/%s", root, os);
    int found = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        char file[8192];
        const char *arch = "?";
        snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
        struct str text = entries[i]->d_name[0] == '.' ? (struct str){0} : load_file(file);
        const struct syz_target *target =
            text.text == NULL ? NULL : target_for(loaded, count, os, text, &arch);
        if (target != NULL)
            try_file(totals, target, os, arch, entries[i]->d_name, text);
        else if (text.text != NULL)
            tap_ok(false, "%s: no descriptions for %s", file, arch);
        free((void *)(uintptr_t)text.text);
        free(entries[i]);
    }
    free(entries);
}

static double per(uint64_t ns, unsigned count)
{
    return (double)ns / 1000 / MAX(count, 1u);
}

int main(void)
{
    const char *root = suites_root();
    struct loaded loaded[] = {
        {"test",  "64",      root, {0}, NULL},
        {"test",  "32",      root, {0}, NULL},
        {"linux", "amd64",   root, {0}, NULL},
        {"linux", "arm64",   root, {0}, NULL},
        {"linux", "riscv64", root, {0}, NULL},
        {"linux", "ppc64le", root, {0}, NULL},
        {"linux", "s390x",   root, {0}, NULL},
    };
    struct totals t = {0};

    if (root == NULL)
        return tap_skip_all("no test suites: set MUJUN_SUITES, or put them in ../shared/suites");
    try_folder(root, "test", loaded, LENGTH_OF(loaded), &t);
    try_folder(root, "linux", loaded, LENGTH_OF(loaded), &t);
    if (t.files == 0)
        return tap_skip_all("the test suites hold no programs: syzprog is missing");
    tap_ok(t.parsed == t.files && t.stable == t.files &&
               t.same + LENGTH_OF(known_different) == t.files,
           "%u files, %u calls: %u parsed, %u stable, %u say the same", t.files, t.calls, t.parsed,
           t.stable, t.same);
    tap_ok(t.repaired == t.files, "%u files are the same when repaired", t.repaired);
    tap_ok(t.cloned == t.files, "%u files are the same when copied", t.cloned);
    tap_ok(t.encoded + t.beyond == t.files,
           "%u files as bytes; %u hold pseudo calls that the executor does not have", t.encoded,
           t.beyond);
    printf("# per program: parse %.1f us (%ju bytes), print %.1f us, copy %.1f us, encode %.1f us "
           "(%ju bytes)\n",
           per(t.parse_ns, t.parsed), (uintmax_t)(t.text_bytes / t.files),
           per(t.print_ns, t.parsed), per(t.clone_ns, t.cloned), per(t.encode_ns, t.encoded),
           (uintmax_t)(t.stream_bytes / MAX(t.encoded, 1u)));
    for (size_t i = 0; i < LENGTH_OF(loaded); i++)
        arena_free(&loaded[i].arena);
    return tap_done();
}
