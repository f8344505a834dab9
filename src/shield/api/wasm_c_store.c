/* wasm_c_store: configuration, engine and store of wasm.h. A store lives until its last handle has
 * gone, so the order in which a program deletes them does not matter.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/wasm_c_int.h"

#include "base/mem.h"

wasm_config_t *wasm_config_new(void)
{
    wasm_config_t *c = mem_alloc(1, sizeof(*c));

    if (c == NULL)
        return NULL;
    c->config = mujun_config_new();
    if (c->config == NULL) {
        mem_free(c);
        return NULL;
    }
    return c;
}

void wasm_config_delete(wasm_config_t *c)
{
    if (c == NULL)
        return;
    mujun_config_free(c->config);
    mem_free(c);
}

wasm_engine_t *wasm_engine_new(void)
{
    return wasm_engine_new_with_config(NULL);
}

wasm_engine_t *wasm_engine_new_with_config(wasm_config_t *config)
{
    wasm_engine_t *e = mem_alloc(1, sizeof(*e));
    const struct mujun_config *c = config == NULL ? NULL : config->config;

    if (e != NULL && mujun_engine_new(c, &e->engine, NULL) != MUJUN_OK) {
        mem_free(e);
        e = NULL;
    }
    wasm_config_delete(config);
    return e;
}

void wasm_engine_delete(wasm_engine_t *e)
{
    if (e == NULL)
        return;
    mujun_engine_free(e->engine);
    mem_free(e);
}

wasm_store_t *wasm_store_new(wasm_engine_t *engine)
{
    /* Programs of this interface make instances in a loop and count on a collector. */
    const struct mujun_limit limits[] = {
        {"instances", UINT32_MAX}
    };
    wasm_store_t *s = mem_alloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    if (mujun_store_new(engine->engine, limits, LENGTH_OF(limits), &s->store, NULL) != MUJUN_OK) {
        mem_free(s);
        return NULL;
    }
    s->references = 1;
    return s;
}

void wasm_store_delete(wasm_store_t *s)
{
    if (s != NULL)
        capi_store_release(s);
}

void capi_store_retain(struct wasm_store_t *s)
{
    s->references++;
}

void capi_store_release(struct wasm_store_t *s)
{
    if (--s->references != 0)
        return;
    s->references = 1; /* finalizers may make and delete handles */
    capi_infos_free(s);
    mujun_store_free(s->store);
    mem_free(s);
}
