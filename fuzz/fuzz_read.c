/* fuzz_read: the binary reader on any bytes. What it accepts, the writer writes; what the writer
 * wrote reads again, and writes the same bytes. Blind to: whether the module is valid.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "fuzz.h"
#include "shield/wasm/read.h"
#include "shield/wasm/write.h"

#include <string.h>

struct job {
    const struct wm_module *module;
    struct buf *out;
};

static enum status write_guarded(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    return wm_write_module(job->module, job->out, dg);
}

/* False when memory ran out, which is an answer too. */
static bool write_module(struct arena *a, const struct wm_module *m, struct buf *out)
{
    struct diag dg = {0};
    struct job job = {m, out};

    buf_init(out, a);
    enum status st = arena_guard(a, write_guarded, &job, &dg);
    /* The writer is the first to decode the bodies, so it may refuse what the reader let pass. */
    FUZZ_CHECK(st == ST_OK || dg.text[0] != '\0', "a refusal says why");
    return st == ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct wm_module first, second;
    struct buf once, twice;
    struct diag dg = {0};

    arena_init(&a, FUZZ_ARENA_BYTES);
    if (wm_read_module(data, size, wm_features_all(), &a, &first, &dg) == ST_OK) {
        if (write_module(&a, &first, &once)) {
            enum status st =
                wm_read_module(once.data, once.size, wm_features_all(), &a, &second, &dg);
            FUZZ_CHECK(st == ST_OK || st == ST_LIMIT, "what the writer wrote reads again");
            if (st == ST_OK && write_module(&a, &second, &twice))
                FUZZ_CHECK(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0,
                           "and writes the same bytes");
        }
    } else {
        FUZZ_CHECK(dg.status != ST_OK && dg.text[0] != '\0', "a refusal says why");
    }
    arena_free(&a);
    return 0;
}
