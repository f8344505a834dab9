/* fuzz_validate: reader and validator on any bytes. The validator's fast path must judge as its
 * plain one does. A valid module is printed as exact text, and that text parses to the bytes that
 * were printed. Blind to: valid modules that are refused, and the other way round; the
 * specification's tests judge that. SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "fuzz.h"
#include "shield/wasm/print.h"
#include "shield/wasm/read.h"
#include "shield/wasm/validate_int.h"
#include "shield/wasm/wat.h"

#include <string.h>

struct job {
    const struct wm_module *module;
    struct buf text;
};

static enum status print_guarded(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct wm_print_options options = {.folded = false, .exact = true};
    return wm_print_module(job->module, &options, &job->text, dg);
}

static void check_round_trip(const struct wm_module *m, const uint8_t *data, size_t size)
{
    struct arena a;
    struct job job = {.module = m};
    struct wm_wat_options options = {.features = wm_features_all(), .write_names = true};
    struct str bytes = {0};
    struct diag dg = {0};

    arena_init(&a, FUZZ_ARENA_BYTES);
    buf_init(&job.text, &a);
    if (arena_guard(&a, print_guarded, &job, &dg) == ST_OK) {
        struct str text = {(const char *)job.text.data, job.text.size};
        enum status st = wm_wat_parse(text, &options, &a, &bytes, NULL, &dg);
        FUZZ_CHECK(st == ST_OK || st == ST_LIMIT, "what the printer printed parses");
        FUZZ_CHECK(st != ST_OK || (bytes.size == size && memcmp(bytes.text, data, size) == 0),
                   "to the same bytes");
    }
    arena_free(&a);
}

/* The same verdict, place and words without the fast path. */
static void check_plain_path(struct wm_module *m, enum status fast_status, const struct diag *fast)
{
    struct arena scratch;
    struct diag plain = {0};

    arena_init(&scratch, FUZZ_ARENA_BYTES);
    enum status st = wm_validate_plainly(m, &scratch, true, &plain);
    FUZZ_CHECK(st == fast_status && plain.offset == fast->offset &&
                   strcmp(plain.text, fast->text) == 0,
               "both paths of the validator agree");
    arena_free(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a, scratch;
    struct wm_module m;
    struct diag dg = {0};

    arena_init(&a, FUZZ_ARENA_BYTES);
    arena_init(&scratch, FUZZ_ARENA_BYTES);
    if (wm_read_module(data, size, wm_features_all(), &a, &m, &dg) == ST_OK) {
        enum status st = wm_validate(&m, &scratch, &dg);
        check_plain_path(&m, st, &dg);
        if (st == ST_OK)
            check_round_trip(&m, data, size);
        else
            FUZZ_CHECK(dg.status != ST_OK && dg.text[0] != '\0', "a refusal says why");
    }
    arena_free(&scratch);
    arena_free(&a);
    return 0;
}
