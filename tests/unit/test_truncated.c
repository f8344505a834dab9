/* test_truncated: fifty modules of the specification's scripts, cut at every byte, binary and text.
 * A cut module is refused with words, or it ends where a section ends; a cut text is refused.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/print.h"
#include "shield/wasm/read.h"
#include "shield/wasm/validate.h"

#include "suites.h"
#include "tap.h"

enum { MODULES = 50, SIZE_MIN = 100, SIZE_MAX_BYTES = 2500, TEXT_MAX_BYTES = 8000 };
enum {
    MEMORY_FACTOR = 64,
    MEMORY_BASE = 256 << 10
}; /* bytes for each byte of input; and besides */

struct counts {
    uint32_t modules, texts, cuts, accepted, wrong;
};

struct job {
    struct arena *arena;
    struct str bytes;
    struct buf text;
};

static enum status read_and_judge(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct wm_module m;

    TRY(wm_read_module((const uint8_t *)j->bytes.text, j->bytes.size, wm_features_all(), j->arena,
                       &m, dg));
    return wm_validate(&m, j->arena, dg);
}

static enum status parse(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct wm_wat_options options = {.features = wm_features_all(), .write_names = true};
    struct str bytes;
    return wm_wat_parse(j->bytes, &options, j->arena, &bytes, NULL, dg);
}

static enum status print(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct wm_print_options how = {.folded = true, .exact = true};
    struct wm_module m;

    buf_init(&j->text, j->arena);
    TRY(wm_read_module((const uint8_t *)j->bytes.text, j->bytes.size, wm_features_all(), j->arena,
                       &m, dg));
    return wm_print_module(&m, &how, &j->text, dg);
}

/* One cut: in memory of exactly its size, so that a sanitizer sees a byte read too much. */
static enum status try_cut(struct str whole, size_t size, enum status (*fn)(void *, struct diag *),
                           struct counts *counts)
{
    struct arena arena;
    struct diag dg = {0};
    char *exact = malloc(size == 0 ? 1 : size);

    arena_init(&arena, MEMORY_FACTOR * size + MEMORY_BASE);
    memcpy(exact, whole.text, size);
    struct job j = {
        .arena = &arena, .bytes = {exact, size}
    };
    enum status st = arena_guard(&arena, fn, &j, &dg);
    arena_free(&arena);
    free(exact);
    counts->cuts++;
    counts->wrong += st == ST_LIMIT || (st != ST_OK && dg.text[0] == '\0');
    return st;
}

/* True when a section ends at the cut, or the header. */
static bool is_section_end(struct str module, size_t cut)
{
    struct wm_reader r = {.bytes = (const uint8_t *)module.text, .pos = 8, .end = module.size};

    while (r.pos < cut) {
        uint8_t id = 0;
        uint32_t size = 0;
        if (wm_read_u8(&r, &id, NULL) != ST_OK || wm_read_u32(&r, &size, NULL) != ST_OK)
            return false;
        r.pos += size;
    }
    return r.pos == cut;
}

static void cut_binary(struct str module, struct counts *counts)
{
    for (size_t cut = 0; cut < module.size; cut++)
        if (try_cut(module, cut, read_and_judge, counts) == ST_OK) {
            counts->accepted++;
            counts->wrong += !is_section_end(module, cut);
        }
}

static void cut_text(struct str module, struct counts *counts)
{
    struct arena arena;

    arena_init(&arena, 64 << 20);
    struct job j = {.arena = &arena, .bytes = module};
    bool is_printed = arena_guard(&arena, print, &j, NULL) == ST_OK;
    if (is_printed && j.text.size <= TEXT_MAX_BYTES) {
        struct str text = {(const char *)j.text.data, j.text.size};
        counts->texts++;
        for (size_t cut = 1; cut + 1 < text.size; cut++) /* without its ")\n"; "" is a module */
            counts->wrong += try_cut(text, cut, parse, counts) == ST_OK;
    }
    arena_free(&arena);
}

static void visit(void *ctx, struct str module)
{
    struct counts *counts = ctx;
    struct counts probe = {0};

    if (counts->modules == MODULES || module.size < SIZE_MIN || module.size > SIZE_MAX_BYTES)
        return;
    if (try_cut(module, module.size, read_and_judge, &probe) != ST_OK)
        return;
    counts->modules++;
    cut_binary(module, counts);
    cut_text(module, counts);
}

/* The first module of a file that is of a handy size. */
static void visit_first(void *ctx, struct str module)
{
    struct counts **slot = ctx; /* set to NULL when the file has given one */

    if (*slot == NULL)
        return;
    uint32_t before = (*slot)->modules;
    visit(*slot, module);
    if ((*slot)->modules != before)
        *slot = NULL;
}

int main(void)
{
    const char *root = suites_root();
    struct counts counts = {0};
    struct dirent **entries = NULL;
    char path[8192];

    if (root == NULL)
        return tap_skip_all("no suites: neither $MUJUN_SUITES nor ../shared/suites");
    snprintf(path, sizeof(path), "%s/wasm-spec", root);
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        struct counts *slot = &counts, before = counts;
        snprintf(path, sizeof(path), "%s/wasm-spec/%s", root, entries[i]->d_name);
        if (name_ends_with(path, ".wast") && counts.modules < MODULES)
            visit_file(path, (struct module_visit){.visit = visit_first, .ctx = &slot});
        if (slot == NULL)
            tap_ok(counts.wrong == before.wrong, "%s: %u cuts, %u of them modules, %u wrong",
                   entries[i]->d_name, counts.cuts - before.cuts, counts.accepted - before.accepted,
                   counts.wrong - before.wrong);
        free(entries[i]);
    }
    free(entries);
    tap_ok(counts.modules == MODULES, "%u modules, %u texts, %u cuts", counts.modules, counts.texts,
           counts.cuts);
    return tap_done();
}
