/* test_table: sizes, growth, limits, contents. SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#define REFUSED UINT64_MAX

/* clang-format off */
static const struct {
    const char *name;
    uint64_t min, max; /* UINT64_MAX: none */
    bool is_64;
    uint64_t limit;
    uint64_t grow[3], want[3];
    uint64_t size; /* at the end */
} rows[] = {
    {"to the maximum", 1, 4, false, 1000, {1, 2, 1}, {1, 2, REFUSED}, 4},
    {"from nothing", 0, UINT64_MAX, false, 1000, {0, 1, 1}, {0, 0, 1}, 2},
    {"to the limit", 10, UINT64_MAX, false, 12, {2, 1, 0}, {10, REFUSED, 12}, 12},
    {"over the limit", 10, UINT64_MAX, false, 12, {3, 2, 1}, {REFUSED, 10, REFUSED}, 12},
    {"by 2^32 - 1", 1, UINT64_MAX, false, 1000, {UINT32_MAX, 1, 1}, {REFUSED, 1, 2}, 3},
    {"by 2^64 - 1", 1, UINT64_MAX, true, 1000, {UINT64_MAX, UINT64_MAX - 1, 1},
     {REFUSED, REFUSED, 1}, 2},
    {"by many", 1, UINT64_MAX, false, 3000000, {1000000, 1, 1999998}, {1, 1000001, 1000002},
     3000000},
};
/* clang-format on */

static void test_rows(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct rt_limits limits = rt_limits_default();
        limits.table_elements = rows[i].limit;
        struct fixture f = fixture_open(limits);
        struct wm_limits type = {.min = rows[i].min,
                                 .max = rows[i].max,
                                 .has_max = rows[i].max != UINT64_MAX,
                                 .is_64 = rows[i].is_64};
        struct rt_table *t = NULL;
        must(rt_table_new(f.store, &type, ANYREF, rt_i31(7), &t, NULL) == ST_OK, "table");
        uint64_t got[3], wrong = 0;
        bool as_wanted = true;
        for (uint32_t k = 0; k < 3; k++) {
            uint64_t before = t->size;
            got[k] = rt_table_grow(t, rows[i].grow[k], rt_i31(k));
            as_wanted &= got[k] == rows[i].want[k];
            for (uint64_t e = before; e < t->size; e++)
                wrong += t->elements[e] != rt_i31(k);
        }
        for (uint64_t e = 0; e < rows[i].min; e++)
            wrong += t->elements[e] != rt_i31(7);
        tap_ok(as_wanted && wrong == 0 && t->size == rows[i].size &&
                   f.store->table_elements == t->size,
               "%s: %lld %lld %lld, then %llu elements, %llu wrong", rows[i].name,
               (long long)got[0], (long long)got[1], (long long)got[2], (unsigned long long)t->size,
               (unsigned long long)wrong);
        fixture_close(&f);
    }
}

static void test_refusals(void)
{
    struct rt_limits limits = rt_limits_default();
    limits.table_elements = 100;
    struct fixture f = fixture_open(limits);
    struct wm_limits sixty = {.min = 60}, endless = {.min = UINT64_MAX, .is_64 = true};
    struct rt_table *t = NULL, *second = NULL;
    struct diag dg = {0};

    must(rt_table_new(f.store, &sixty, ANYREF, RT_NULL, &t, NULL) == ST_OK, "table");
    enum status st = rt_table_new(f.store, &sixty, ANYREF, RT_NULL, &second, &dg);
    tap_ok(st == ST_LIMIT && second == NULL && f.store->table_elements == 60 &&
               strcmp(dg.text, "table_elements allows 100, 120 needed (elements, all tables "
                               "together); --max-table raises it") == 0,
           "two tables share the limit: %s", dg.text);
    st = rt_table_new(f.store, &endless, ANYREF, RT_NULL, &second, &dg);
    tap_ok(st == ST_LIMIT && strstr(dg.text, "18446744073709551615 needed") != NULL,
           "2^64 - 1 elements: %s", dg.text);
    fixture_close(&f);
}

int main(void)
{
    test_rows();
    test_refusals();
    return tap_done();
}
