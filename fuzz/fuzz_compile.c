/* fuzz_compile: a module runs on the interpreter and as machine code, at both levels of
 * optimisation, counting fuel. All must end alike: status, trap, results, memory, fuel that runs
 * out. The verifier must accept what the compiler makes: a refusal is a finding too.
 * Blind to: what both get wrong, modules that use up fuel or stack, garbage collection and
 * exceptions (not compiled), what only happens without counting.
 * SPDX-License-Identifier: Apache-2.0 */
#include "outcome.h"

#include "shield/interp/interp.h"
#include "shield/native/native.h"

static struct rt_engine *make_engine(const struct rt_tier *tier,
                                     const struct native_options *options)
{
    const struct rt_config config = {.features = wm_features_all(),
                                     .tier = tier,
                                     .tier_options = options,
                                     .canonical_nan = true,
                                     .module_arena_bytes_max = FUZZ_ARENA_BYTES};
    struct rt_engine *engine = rt_engine_new(&config);

    FUZZ_CHECK(engine != NULL, "an engine");
    return engine;
}

/* False: the module is not for this tier. */
static bool run(const struct rt_tier *tier, const struct native_options *options,
                const uint8_t *data, size_t size, struct outcome *out)
{
    struct rt_engine *engine = make_engine(tier, options);
    struct rt_module *module = NULL;
    struct diag dg = {0};
    const enum status st = rt_module_new(engine, data, size, &module, &dg);

    if (st == ST_OK) {
        *out = outcome_of(engine, module, true, false);
        rt_module_free(module);
    }
    rt_engine_free(engine);
    if (options != NULL)
        FUZZ_CHECK(st == ST_OK || st == ST_UNSUPPORTED || st == ST_LIMIT || st == ST_NO_MEMORY,
                   "what is valid compiles, and is proven contained");
    return st == ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t levels[] = {0, 2};
    struct outcome judge = {0};

    if (native_tier() == NULL || !run(interp_tier(), NULL, data, size, &judge))
        return 0;
    for (size_t i = 0; i < LENGTH_OF(levels); i++) {
        const struct native_options options = {.opt_level = levels[i],
                                               .threads = 1,
                                               .must_compile = true,
                                               .check_regalloc = true,
                                               .count_fuel = true};
        struct outcome compiled = {0};
        if (!run(native_tier(), &options, data, size, &compiled))
            return 0;
        if (judge.is_exhausted || compiled.is_exhausted)
            continue;
        FUZZ_CHECK(compiled.is_out_of_fuel == judge.is_out_of_fuel, "fuel counts the same");
        FUZZ_CHECK(compiled.is_out_of_fuel || compiled.hash == judge.hash,
                   "compiled code does what the interpreter does");
    }
    return 0;
}
