/* test_roundtrip: every valid module of the public suites, to text and back, flat and folded. Exact
 * text must give the same bytes, plain text the same canonical bytes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/print.h"
#include "shield/wasm/read.h"
#include "shield/wasm/validate.h"
#include "shield/wasm/write.h"

#include "suites.h"
#include "tap.h"

/* Folders below the suites; scripts and modules in them. */
static const char *const folders[] = {
    "wasm-spec",
    "wasm-spec/legacy",
    "wasm-spec/custom",
    "wasm-spec/proposals/threads",
    "wasm-spec/proposals/wide-arithmetic",
    "wasm-spec/proposals/custom-page-sizes",
    "wasi/assemblyscript",
    "wasi/c",
    "../bench/wasm",
    "../bench/wasm-simd",
};

struct counts {
    unsigned modules;
    unsigned outright;  /* the canonical bytes are the original ones */
    unsigned annotated; /* the text carries (@mujun.encoding) */
    unsigned failed;
};
static struct counts total;

struct module_job {
    struct arena *arena;
    struct str bytes;
    struct counts *counts;
    bool is_valid;
};

static enum status print_and_parse(struct module_job *j, const struct wm_module *m,
                                   struct wm_print_options how, struct str *back,
                                   bool *is_annotated, struct diag *dg)
{
    struct wm_wat_options options = {.features = wm_features_all(), .write_names = true};
    struct buf text;

    buf_init(&text, j->arena);
    TRY(wm_print_module(m, &how, &text, dg));
    struct str s = {(const char *)text.data, text.size};
    *is_annotated = memmem(s.text, s.size, "\n  (@mujun.encoding", 19) != NULL;
    return diag_in(dg, wm_wat_parse(s, &options, j->arena, back, NULL, dg), "its text");
}

static enum status trip_module(struct module_job *j, const struct wm_module *m, struct diag *dg)
{
    struct buf canonical;
    bool is_outright = false, was_annotated = false;

    buf_init(&canonical, j->arena);
    TRY(wm_write_module(m, &canonical, dg));
    struct str short_form = {(const char *)canonical.data, canonical.size};
    is_outright = str_equal(short_form, j->bytes);
    for (uint32_t mode = 0; mode < 4; mode++) {
        struct wm_print_options how = {.folded = mode % 2 != 0, .exact = mode / 2 != 0};
        bool is_annotated = false;
        struct str back;
        TRY(print_and_parse(j, m, how, &back, &is_annotated, dg));
        if (!str_equal(back, how.exact ? j->bytes : short_form))
            return diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET, "%s %s text: other bytes come back",
                             how.folded ? "folded" : "flat", how.exact ? "exact" : "plain");
        was_annotated |= is_annotated;
    }
    if (was_annotated == is_outright)
        return diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET, "annotated %d, canonical %d",
                         was_annotated, is_outright);
    j->counts->outright += is_outright;
    j->counts->annotated += was_annotated;
    return ST_OK;
}

static enum status trip_guarded(void *ctx, struct diag *dg)
{
    struct module_job *j = ctx;
    struct wm_module m;

    TRY(wm_read_module((const uint8_t *)j->bytes.text, j->bytes.size, wm_features_all(), j->arena,
                       &m, dg));
    TRY(wm_validate(&m, j->arena, dg));
    j->is_valid = true;
    return trip_module(j, &m, dg);
}

/* Modules that are not valid are not counted. */
static void trip(struct str bytes, struct counts *counts)
{
    struct arena arena;
    struct diag dg = {0};

    arena_init(&arena, (size_t)1 << 30);
    struct module_job j = {.arena = &arena, .bytes = bytes, .counts = counts};
    enum status st = arena_guard(&arena, trip_guarded, &j, &dg);
    counts->modules += j.is_valid;
    if (j.is_valid && st != ST_OK) {
        counts->failed++;
        printf("# a module of %zu bytes: %s (%u:%u)\n", bytes.size, dg.text, dg.line, dg.column);
    }
    arena_free(&arena);
}

static void trip_visit(void *ctx, struct str bytes)
{
    trip(bytes, ctx);
}

static void check_file(const char *folder, const char *name)
{
    char path[8192];
    struct counts counts = {0};

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    visit_file(path, (struct module_visit){.visit = trip_visit, .ctx = &counts});
    total.modules += counts.modules;
    total.outright += counts.outright;
    total.annotated += counts.annotated;
    total.failed += counts.failed;
    tap_ok(counts.failed == 0, "%s: %u modules, %u the same outright, %u by annotation, %u failed",
           name, counts.modules, counts.outright, counts.annotated, counts.failed);
}

static void check_folder(const char *suites, const char *folder)
{
    char path[4096];
    struct dirent **entries = NULL;

    snprintf(path, sizeof(path), "%s/%s", suites, folder);
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        tap_ok(true, "%s # SKIP not there", folder);
        return;
    }
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (name_ends_with(name, ".wast") || name_ends_with(name, ".wasm"))
            check_file(path, name);
        free(entries[i]);
    }
    free(entries);
}

int main(void)
{
    const char *suites = suites_root();

    if (suites == NULL)
        return tap_skip_all("no suites: neither $MUJUN_SUITES nor ../shared/suites");
    for (uint32_t i = 0; i < LENGTH_OF(folders); i++)
        check_folder(suites, folders[i]);
    fprintf(stderr, "# %u valid modules: %u the same outright, %u by annotation, %u failed\n",
            total.modules, total.outright, total.annotated, total.failed);
    tap_ok(total.modules > 2000 && total.failed == 0, "%u modules to text and back, %u failed",
           total.modules, total.failed);
    return tap_done();
}
