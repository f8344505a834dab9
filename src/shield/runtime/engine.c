/* engine: configuration and the registry of types; shared by its modules and stores.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "shield/runtime/store.h"

#include <assert.h>

struct rt_engine *rt_engine_new(const struct rt_config *config)
{
    struct rt_engine *engine = mem_alloc(1, sizeof(*engine));

    if (engine == NULL)
        return NULL;
    engine->config = *config;
    engine->types = rt_registry_new();
    if (engine->types == NULL) {
        mem_free(engine);
        return NULL;
    }
    atomic_init(&engine->references, 1);
    return engine;
}

void rt_engine_free(struct rt_engine *engine)
{
    if (engine == NULL)
        return;
    assert(atomic_load(&engine->references) != 0 && "freed once too often");
    if (atomic_fetch_sub_explicit(&engine->references, 1, memory_order_acq_rel) != 1)
        return;
    rt_registry_free(engine->types);
    mem_free(engine);
}
