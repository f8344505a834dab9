/* fuzz_kconfig: the configuration in any bytes that claim to be a kernel, a .config or a packed
 * one. What is found is a configuration of bounded size. SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "fuzz.h"
#include "spear/kernel/kconfig.h"

#include <string.h>

struct job {
    struct arena arena;
    struct str bytes, config;
};

static enum status extract(void *ctx, struct diag *dg)
{
    struct job *job = ctx;

    return kconfig_extract(job->bytes, &job->arena, &job->config, dg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct job job = {
        .bytes = {(const char *)data, size}
    };
    struct diag dg = {0};
    struct str found;

    arena_init(&job.arena, FUZZ_ARENA_BYTES);
    enum status st = arena_guard(&job.arena, extract, &job, &dg);
    if (st == ST_OK) {
        FUZZ_CHECK(job.config.size <= KCONFIG_TEXT_MAX + 4096, "a configuration is bounded");
        FUZZ_CHECK(kconfig_is_config(job.config), "what is found is a configuration");
        for (uint32_t i = 0; i < kconfig_option_count; i++) {
            bool has = kconfig_has(job.config, &kconfig_options[i], &found);
            FUZZ_CHECK(!has || found.size == strlen(kconfig_options[i].value), "as it is wanted");
        }
    } else {
        FUZZ_CHECK(dg.text[0] != '\0', "a refusal says why");
    }
    arena_free(&job.arena);
    return 0;
}
