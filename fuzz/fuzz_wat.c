/* fuzz_wat: the text reader on any bytes. What it accepts, the binary reader accepts.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "fuzz.h"
#include "shield/wasm/read.h"
#include "shield/wasm/wat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct wm_wat_options options = {.features = wm_features_all(), .write_names = true};
    struct str bytes = {0};
    struct wm_module m;
    struct diag dg = {0};

    arena_init(&a, FUZZ_ARENA_BYTES);
    enum status st =
        wm_wat_parse((struct str){(const char *)data, size}, &options, &a, &bytes, NULL, &dg);
    if (st == ST_OK) {
        st = wm_read_module((const uint8_t *)bytes.text, bytes.size, options.features, &a, &m, &dg);
        /* (module binary ...) passes any bytes on, (data) beyond a limit is refused only here. */
        FUZZ_CHECK(st != ST_IO && st != ST_USAGE && st != ST_TRAP, "reading ends as documented");
    } else {
        FUZZ_CHECK(dg.status != ST_OK && dg.text[0] != '\0', "a refusal says why");
    }
    arena_free(&a);
    return 0;
}
