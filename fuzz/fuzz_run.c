/* fuzz_run: the whole road through the public API: any bytes, read, validated, instantiated with
 * stubs for imports, every exported function called with zeros under tight limits and little fuel.
 * Blind to: wrong results; only crashes, leaks and undefined behaviour show.
 * SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <mujun/mujun.h>

enum { FUEL = 20000, VALUES_MAX = 64, EXPORTS_MAX = 64 };

static struct mujun_engine *engine; /* shared by all inputs, as an embedder would */

static void make_engine(void)
{
    struct mujun_config *config = mujun_config_new();
    struct mujun_feature_info info;

    CHECK(config != NULL, "a configuration");
    for (uint32_t i = 1; mujun_feature_at(i, &info); i++)
        CHECK(mujun_config_set_feature(config, info.name, true, NULL) == MUJUN_OK, "a feature");
    mujun_config_set_module_memory(config, 256u << 20);
    CHECK(mujun_engine_new(config, &engine, NULL) == MUJUN_OK, "an engine");
    mujun_config_free(config);
}

static void call(struct mujun_store *store, struct mujun_func *func)
{
    const struct mujun_functype *type = mujun_func_type(store, func);
    uint32_t params = mujun_functype_param_count(type);
    uint32_t results = mujun_functype_result_count(type);
    union mujun_value args[VALUES_MAX] = {{0}}, out[VALUES_MAX] = {{0}};
    struct mujun_error *err = NULL;

    if (params > VALUES_MAX || results > VALUES_MAX)
        return;
    mujun_store_set_fuel(store, FUEL);
    enum mujun_status st = mujun_call(store, func, args, params, out, results, &err);
    if (st == MUJUN_OK) {
        for (uint32_t i = 0; i < results; i++)
            if (mujun_functype_result(type, i) >= MUJUN_EXTERNREF)
                mujun_ref_free(out[i].ref);
    } else {
        char text[1024];
        mujun_error_format(err, "fuzz", text, sizeof(text));
        CHECK(text[0] != '\0', "a refusal says why");
    }
    mujun_error_free(err);
}

static void run(struct mujun_store *store, struct mujun_module *module)
{
    struct mujun_linker *linker = NULL;
    struct mujun_instance *instance = NULL;
    struct mujun_extern e;

    if (mujun_linker_new(store, &linker, NULL) != MUJUN_OK)
        return;
    mujun_linker_set_unknown_imports(linker, MUJUN_UNKNOWN_ZERO);
    mujun_store_set_fuel(store, FUEL);
    if (mujun_linker_instantiate(linker, module, &instance, NULL) == MUJUN_OK)
        for (uint32_t i = 0; i < EXPORTS_MAX && mujun_instance_export_at(instance, i, &e); i++)
            if (e.kind == MUJUN_EXTERN_FUNC)
                call(store, e.of.func);
    mujun_linker_free(linker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct mujun_limit limits[] = {
        {"memory_bytes",   64 << 20},
        {"table_elements", 1 << 20 },
        {"gc_heap_bytes",  16 << 20},
        {"call_depth",     1000    },
    };
    struct mujun_module *module = NULL;
    struct mujun_store *store = NULL;

    if (engine == NULL)
        make_engine();
    if (mujun_module_new(engine, data, size, &module, NULL) != MUJUN_OK)
        return 0;
    if (mujun_store_new(engine, limits, LENGTH_OF(limits), &store, NULL) == MUJUN_OK) {
        run(store, module);
        mujun_store_free(store);
    }
    mujun_module_free(module);
    return 0;
}
