/* fuzz_interp: a module runs twice, once counting fuel and once not. Counting splits code at every
 * instruction that can be seen from outside, so next to nothing is joined or kept in immediates
 * across; not counting, everything is. Both must end alike: status, trap, where it was raised,
 * results, memory, what imports were given.
 * Blind to: what both get wrong, and modules that use up the fuel.
 * SPDX-License-Identifier: Apache-2.0 */
#include "outcome.h"

#include "shield/interp/interp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct rt_config config = {.features = wm_features_all(),
                                     .tier = interp_tier(),
                                     .canonical_nan = true,
                                     .module_arena_bytes_max = FUZZ_ARENA_BYTES};
    struct rt_engine *engine = rt_engine_new(&config);
    struct rt_module *module = NULL;

    FUZZ_CHECK(engine != NULL, "an engine");
    if (rt_module_new(engine, data, size, &module, NULL) == ST_OK) {
        struct outcome metered = outcome_of(engine, module, true, true);
        if (!metered.is_out_of_fuel) {
            struct outcome plain = outcome_of(engine, module, false, true);
            FUZZ_CHECK(plain.hash == metered.hash, "counting fuel changes nothing");
        }
        rt_module_free(module);
    }
    rt_engine_free(engine);
    return 0;
}
