/* store: fuel, deadlines, the embedder's pointer. SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"

#include "base/mem.h"

#include <time.h>

void mujun_store_free(struct mujun_store *store)
{
    if (store == NULL)
        return;
    enum status st = api_watchdog_set(store->engine->watchdog, store, 0);
    (void)st; /* taking back cannot fail */
    rt_store_free(store->rt);
    api_wasi_free_all(store);
    api_engine_release(store->engine);
    mem_free(store);
}

struct mujun_engine *mujun_store_engine(const struct mujun_store *store)
{
    return store->engine;
}

void mujun_store_set_data(struct mujun_store *store, void *data)
{
    store->data = data;
}

void *mujun_store_data(const struct mujun_store *store)
{
    return store->data;
}

void mujun_store_set_fuel(struct mujun_store *store, uint64_t units)
{
    store->rt->fuel_on = units != UINT64_MAX;
    store->rt->fuel = units;
}

void mujun_store_add_fuel(struct mujun_store *store, uint64_t units)
{
    uint64_t room = UINT64_MAX - 1 - store->rt->fuel;

    if (store->rt->fuel_on)
        store->rt->fuel += MIN(units, room);
}

uint64_t mujun_store_fuel(const struct mujun_store *store)
{
    return store->rt->fuel_on ? store->rt->fuel : UINT64_MAX;
}

enum mujun_status mujun_store_set_timeout(struct mujun_store *store, uint64_t nanoseconds,
                                          struct mujun_error **err)
{
    struct timespec now;
    uint64_t deadline_ns = 0;

    if (nanoseconds != 0) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        uint64_t now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
        deadline_ns = nanoseconds > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + nanoseconds;
    }
    /* Off first, so that the deadline before this one cannot strike after the flag is cleared. */
    enum status st = api_watchdog_set(store->engine->watchdog, store, 0);
    atomic_store(&store->rt->interrupted, 0);
    if (st == ST_OK && deadline_ns != 0)
        st = api_watchdog_set(store->engine->watchdog, store, deadline_ns);
    return st == ST_OK ? api_ok(err) : api_fail(err, st, "for the thread that watches deadlines");
}

void mujun_store_interrupt(struct mujun_store *store)
{
    rt_store_interrupt(store->rt);
}

void mujun_store_collect(struct mujun_store *store)
{
    rt_gc_collect(store->rt);
}
