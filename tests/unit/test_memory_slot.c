/*
 * test_memory_slot: memories that follow each other in the same address space see their module's
 * data and zeros, never what another one wrote, and nothing behind their own size.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fixture.h"

#include "shield/runtime/memory_slot.h"

#include <fcntl.h>
#include <unistd.h>

enum { PAGE = 65536 };

static const char *const modules[] = {
    "(module (memory (export \"m\") 2 4) (data (i32.const 100) \"first\")"
    " (data (i32.const 70000) \"second\"))",
    "(module (memory (export \"m\") 1 4) (data (i32.const 100) \"other\"))",
    "(module (memory (export \"m\") 2 4))",
    "(module (memory (export \"m\") 2 4) (global $at i32 (i32.const 5))"
    " (data (global.get $at) \"copied\"))",
    "(module (memory (export \"m\") 0 4))",
    "(module (memory (export \"m\") 1 4) (data (i32.const 65530) \"at end\"))",
};
static const struct {
    uint32_t module, at;
    const char *text;
} expected[] = {{0, 100, "first"}, {0, 70000, "second"}, {1, 100, "other"},
                {3, 5, "copied"},  {5, 65530, "at end"}};

/* The kernel looks for us: an address that is not there is EFAULT, not a signal. */
static bool is_accessible(const uint8_t *at)
{
    int pipe_fds[2];

    must(pipe(pipe_fds) == 0, "pipe");
    bool yes = write(pipe_fds[1], at, 1) == 1;
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return yes;
}

static uint8_t wanted(uint32_t module, uint64_t at)
{
    for (uint32_t i = 0; i < LENGTH_OF(expected); i++)
        if (expected[i].module == module && at >= expected[i].at &&
            at < expected[i].at + strlen(expected[i].text))
            return (uint8_t)expected[i].text[at - expected[i].at];
    return 0;
}

/* One life of a memory: looked at, written all over, grown, written again. */
static bool live(struct rt_engine *engine, struct rt_module *m, uint32_t module, uint32_t grow,
                 const uint8_t **base)
{
    struct rt_limits limits = rt_limits_default();
    struct rt_store *s = NULL;
    struct rt_instance *i = NULL;
    struct diag dg = {0};
    bool good = true;

    must(rt_store_new(engine, &limits, &s, &dg) == ST_OK, dg.text);
    must(rt_instance_new(s, m, NULL, 0, &i, &dg) == ST_OK, dg.text);
    struct rt_memory *memory = i->memories[0];
    *base = memory->base;
    for (uint64_t at = 0; at < memory->size_bytes; at++)
        good = good && memory->base[at] == wanted(module, at);
    good = good && !is_accessible(memory->base + memory->size_bytes) &&
           !is_accessible(memory->base + 4 * PAGE);
    memset(memory->base, 0xa5, memory->size_bytes);
    if (grow != 0 && rt_memory_grow(memory, grow) != UINT64_MAX) {
        good = good && is_accessible(memory->base + memory->size_bytes - 1) &&
               memory->base[memory->size_bytes - 1] == 0;
        memset(memory->base, 0x5a, memory->size_bytes);
    }
    rt_store_free(s);
    return good;
}

static void test_row(struct fixture *f, const uint32_t *order, uint32_t count, const char *name)
{
    struct rt_module *m[LENGTH_OF(modules)];
    const uint8_t *base = NULL, *last = NULL;
    uint32_t good = 0, same = 0;

    for (uint32_t k = 0; k < LENGTH_OF(modules); k++)
        m[k] = fixture_module(f, modules[k]);
    for (uint32_t i = 0; i < 4 * count; i++) {
        uint32_t k = order[i % count];
        good += live(f->engine, m[k], k, i % 3, &base);
        same += base == last;
        last = base;
    }
    tap_ok(good == 4 * count, "%s: %u of %u memories were clean", name, good, 4 * count);
    tap_ok(same > count, "%s: %u began where the one before had been", name, same);
    for (uint32_t k = 0; k < LENGTH_OF(modules); k++)
        rt_module_free(m[k]);
}

int main(void)
{
    static const uint32_t one[] = {0}, two[] = {0, 1}, all[] = {0, 1, 2, 3, 4, 5, 0, 0, 2, 5},
                          copied[] = {3, 2};
    struct fixture f = fixture_open(rt_limits_default());

    test_row(&f, one, LENGTH_OF(one), "one module");
    test_row(&f, two, LENGTH_OF(two), "two modules in turn");
    test_row(&f, copied, LENGTH_OF(copied), "data that is copied, no data");
    test_row(&f, all, LENGTH_OF(all), "all modules");
    fixture_close(&f);
    return tap_done();
}
