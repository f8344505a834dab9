/* test_bulk: every bulk operation at its boundaries: the last operands that fit, the first that do
 * not, and sums past 2^64. What traps has changed nothing. SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "shield/runtime/bulk.h"

enum { PAGE = 65536, DATA_BYTES = 8, TABLE_SIZE = 10, ELEM_ITEMS = 4, ARRAY_LENGTH = 12 };

static const char wat[] =
    "(memory 1 1) (memory i64 1 1) (data $d \"abcdefgh\")"
    "(table $t 10 anyref) (table $u i64 10 anyref)"
    "(elem $e anyref (ref.i31 (i32.const 1)) (ref.i31 (i32.const 2)) (ref.i31 (i32.const 3))"
    "  (ref.i31 (i32.const 4)))"
    "(type $bytes (array (mut i8))) (type $longs (array (mut i64))) (type $refs (array (mut "
    "anyref)))"
    "(global (ref $bytes) (array.new_default $bytes (i32.const 12)))"
    "(global (ref $longs) (array.new_default $longs (i32.const 12)))"
    "(global (ref $refs) (array.new_default $refs (i32.const 12)))";

struct bench {
    struct fixture f;
    struct rt_module *module;
    struct rt_instance *i;
    uint64_t bytes, longs, refs;
};

static struct bench bench_open(void)
{
    struct bench b = {.f = fixture_open(rt_limits_default())};
    struct diag dg = {0};

    b.module = fixture_module(&b.f, wat);
    must(rt_instance_new(b.f.store, b.module, NULL, 0, &b.i, &dg) == ST_OK, dg.text);
    b.bytes = b.i->globals[0]->cell[0].ref;
    b.longs = b.i->globals[1]->cell[0].ref;
    b.refs = b.i->globals[2]->cell[0].ref;
    return b;
}

static void bench_close(struct bench *b)
{
    rt_module_free(b->module);
    fixture_close(&b->f);
}

enum op {
    MEMORY_INIT,
    MEMORY_COPY,
    MEMORY_COPY_64,
    MEMORY_FILL,
    TABLE_INIT,
    TABLE_COPY,
    TABLE_FILL,
    ARRAY_INIT_DATA,
    ARRAY_INIT_DATA_8,
    ARRAY_INIT_ELEM,
    ARRAY_COPY,
    ARRAY_FILL,
    ARRAY_NEW_DATA,
    ARRAY_NEW_DATA_8,
    ARRAY_NEW_ELEM
};
static const char *const op_names[] = {"memory.init",
                                       "memory.copy",
                                       "memory.copy to i64",
                                       "memory.fill",
                                       "table.init",
                                       "table.copy",
                                       "table.fill",
                                       "array.init_data",
                                       "array.init_data of i64",
                                       "array.init_elem",
                                       "array.copy",
                                       "array.fill",
                                       "array.new_data",
                                       "array.new_data of i64",
                                       "array.new_elem"};

#define MAX64  UINT64_MAX
#define MAX32  UINT32_MAX
#define MEMORY "out of bounds memory access"
#define TABLE  "out of bounds table access"
#define ARRAY  "out of bounds array access"

/* clang-format off */
static const struct {
    enum op op;
    uint64_t to, from, count;
    const char *trap; /* "": succeeds */
} rows[] = {
    {MEMORY_INIT, 0, 0, DATA_BYTES, ""},
    {MEMORY_INIT, PAGE - DATA_BYTES, 0, DATA_BYTES, ""},
    {MEMORY_INIT, PAGE, DATA_BYTES, 0, ""},
    {MEMORY_INIT, PAGE - DATA_BYTES + 1, 0, DATA_BYTES, MEMORY},
    {MEMORY_INIT, 0, 1, DATA_BYTES, MEMORY},
    {MEMORY_INIT, PAGE + 1, 0, 0, MEMORY},
    {MEMORY_INIT, 0, DATA_BYTES + 1, 0, MEMORY},
    {MEMORY_INIT, MAX64, 0, 2, MEMORY},
    {MEMORY_INIT, 0, MAX32, 2, MEMORY},
    {MEMORY_COPY, 0, 1, PAGE - 1, ""},
    {MEMORY_COPY, 1, 0, PAGE - 1, ""},
    {MEMORY_COPY, PAGE, PAGE, 0, ""},
    {MEMORY_COPY, 1, 0, PAGE, MEMORY},
    {MEMORY_COPY, 0, 1, PAGE, MEMORY},
    {MEMORY_COPY, PAGE + 1, 0, 0, MEMORY},
    {MEMORY_COPY, 0, PAGE + 1, 0, MEMORY},
    {MEMORY_COPY, MAX32, 0, 2, MEMORY},
    {MEMORY_COPY_64, 0, 0, PAGE, ""},
    {MEMORY_COPY_64, MAX64, 0, 1, MEMORY},
    {MEMORY_COPY_64, MAX64, 0, 2, MEMORY},
    {MEMORY_COPY_64, 2, 0, MAX64, MEMORY},
    {MEMORY_FILL, 0, 0, PAGE, ""},
    {MEMORY_FILL, PAGE, 0, 0, ""},
    {MEMORY_FILL, 1, 0, PAGE, MEMORY},
    {MEMORY_FILL, PAGE + 1, 0, 0, MEMORY},
    {MEMORY_FILL, 2, 0, MAX64, MEMORY},
    {TABLE_INIT, TABLE_SIZE - ELEM_ITEMS, 0, ELEM_ITEMS, ""},
    {TABLE_INIT, TABLE_SIZE, ELEM_ITEMS, 0, ""},
    {TABLE_INIT, TABLE_SIZE - ELEM_ITEMS + 1, 0, ELEM_ITEMS, TABLE},
    {TABLE_INIT, 0, 1, ELEM_ITEMS, TABLE},
    {TABLE_INIT, TABLE_SIZE + 1, 0, 0, TABLE},
    {TABLE_INIT, 0, ELEM_ITEMS + 1, 0, TABLE},
    {TABLE_INIT, MAX64, 0, 2, TABLE},
    {TABLE_COPY, 1, 0, TABLE_SIZE - 1, ""},
    {TABLE_COPY, TABLE_SIZE, TABLE_SIZE, 0, ""},
    {TABLE_COPY, 1, 0, TABLE_SIZE, TABLE},
    {TABLE_COPY, 0, 1, TABLE_SIZE, TABLE},
    {TABLE_COPY, 0, MAX64, 2, TABLE},
    {TABLE_COPY, UINT64_C(1) << 61, 0, 1, TABLE},
    {TABLE_COPY, 0, 0, UINT64_C(1) << 61, TABLE},
    {TABLE_FILL, 0, 0, TABLE_SIZE, ""},
    {TABLE_FILL, TABLE_SIZE, 0, 0, ""},
    {TABLE_FILL, 1, 0, TABLE_SIZE, TABLE},
    {TABLE_FILL, MAX64, 0, 1, TABLE},
    {ARRAY_INIT_DATA, ARRAY_LENGTH - DATA_BYTES, 0, DATA_BYTES, ""},
    {ARRAY_INIT_DATA, ARRAY_LENGTH, DATA_BYTES, 0, ""},
    {ARRAY_INIT_DATA, ARRAY_LENGTH - DATA_BYTES + 1, 0, DATA_BYTES, ARRAY},
    {ARRAY_INIT_DATA, 0, 1, DATA_BYTES, MEMORY},
    {ARRAY_INIT_DATA, 0, DATA_BYTES + 1, 0, MEMORY},
    {ARRAY_INIT_DATA, ARRAY_LENGTH + 1, 0, 0, ARRAY},
    {ARRAY_INIT_DATA, MAX32, 0, 2, ARRAY},
    {ARRAY_INIT_DATA_8, 0, 0, 1, ""},
    {ARRAY_INIT_DATA_8, 0, 1, 1, MEMORY},
    {ARRAY_INIT_DATA_8, 0, 0, 2, MEMORY},
    {ARRAY_INIT_ELEM, ARRAY_LENGTH - ELEM_ITEMS, 0, ELEM_ITEMS, ""},
    {ARRAY_INIT_ELEM, ARRAY_LENGTH - ELEM_ITEMS + 1, 0, ELEM_ITEMS, ARRAY},
    {ARRAY_INIT_ELEM, 0, 1, ELEM_ITEMS, TABLE},
    {ARRAY_INIT_ELEM, 0, ELEM_ITEMS + 1, 0, TABLE},
    {ARRAY_COPY, 1, 0, ARRAY_LENGTH - 1, ""},
    {ARRAY_COPY, ARRAY_LENGTH, ARRAY_LENGTH, 0, ""},
    {ARRAY_COPY, 1, 0, ARRAY_LENGTH, ARRAY},
    {ARRAY_COPY, 0, 1, ARRAY_LENGTH, ARRAY},
    {ARRAY_COPY, 0, MAX32, MAX32, ARRAY},
    {ARRAY_FILL, 0, 0, ARRAY_LENGTH, ""},
    {ARRAY_FILL, ARRAY_LENGTH, 0, 0, ""},
    {ARRAY_FILL, 1, 0, ARRAY_LENGTH, ARRAY},
    {ARRAY_FILL, MAX32, 0, MAX32, ARRAY},
    {ARRAY_NEW_DATA, 0, 0, DATA_BYTES, ""},
    {ARRAY_NEW_DATA, 0, DATA_BYTES, 0, ""},
    {ARRAY_NEW_DATA, 0, 1, DATA_BYTES, MEMORY},
    {ARRAY_NEW_DATA, 0, 0, MAX32, MEMORY},
    {ARRAY_NEW_DATA_8, 0, 0, 1, ""},
    {ARRAY_NEW_DATA_8, 0, 0, 2, MEMORY},
    {ARRAY_NEW_DATA_8, 0, 0, 0x20000001, MEMORY}, /* 8 bytes modulo 2^32 */
    {ARRAY_NEW_ELEM, 0, 0, ELEM_ITEMS, ""},
    {ARRAY_NEW_ELEM, 0, 1, ELEM_ITEMS, TABLE},
    {ARRAY_NEW_ELEM, 0, MAX32, MAX32, TABLE},
};
/* clang-format on */

static enum status perform(struct bench *b, enum op op, uint64_t to, uint64_t from, uint64_t count)
{
    struct rt_instance *i = b->i;
    struct rt_store *s = b->f.store;
    const struct rt_type *bytes = rt_registry_type(s->engine->types, b->module->type_ids[0]);
    const struct rt_type *longs = rt_registry_type(s->engine->types, b->module->type_ids[1]);
    const struct rt_type *refs = rt_registry_type(s->engine->types, b->module->type_ids[2]);
    const union rt_value value = {.i32 = 0x155};
    const uint32_t to_32 = (uint32_t)to, from_32 = (uint32_t)from, count_32 = (uint32_t)count;
    uint64_t ref = RT_NULL;

    switch (op) {
    case MEMORY_INIT: return rt_memory_init(i, 0, 0, to, from, count);
    case MEMORY_COPY: return rt_memory_copy(s, i->memories[0], i->memories[0], to, from, count);
    case MEMORY_COPY_64: return rt_memory_copy(s, i->memories[1], i->memories[0], to, from, count);
    case MEMORY_FILL: return rt_memory_fill(s, i->memories[0], to, 0x55, count);
    case TABLE_INIT: return rt_table_init(i, 0, 0, to, from, count);
    case TABLE_COPY: return rt_table_copy(s, i->tables[1], i->tables[0], to, from, count);
    case TABLE_FILL: return rt_table_fill(s, i->tables[0], to, rt_i31(5), count);
    case ARRAY_INIT_DATA: return rt_array_init_data(i, b->bytes, 0, to_32, from_32, count_32);
    case ARRAY_INIT_DATA_8: return rt_array_init_data(i, b->longs, 0, to_32, from_32, count_32);
    case ARRAY_INIT_ELEM: return rt_array_init_elem(i, b->refs, 0, to_32, from_32, count_32);
    case ARRAY_COPY: return rt_array_copy(s, b->longs, to_32, b->longs, from_32, count_32);
    case ARRAY_FILL: return rt_array_fill(s, b->bytes, to_32, value, count_32);
    case ARRAY_NEW_DATA: return rt_array_new_data(i, bytes, 0, from_32, count_32, &ref);
    case ARRAY_NEW_DATA_8: return rt_array_new_data(i, longs, 0, from_32, count_32, &ref);
    case ARRAY_NEW_ELEM: return rt_array_new_elem(i, refs, 0, from_32, count_32, &ref);
    }
    return ST_OK;
}

/* Something that changes when any of the things operations write to does. */
static uint64_t state_of(struct bench *b)
{
    const uint64_t arrays[] = {b->bytes, b->longs, b->refs};
    uint64_t hash = rt_gc_stats(b->f.store).objects;

    for (uint32_t k = 0; k < 2; k++) {
        for (uint32_t at = 0; at < PAGE; at++)
            hash = hash * 31 + b->i->memories[k]->base[at];
        for (uint32_t at = 0; at < TABLE_SIZE; at++)
            hash = hash * 31 + b->i->tables[k]->elements[at];
    }
    for (uint32_t k = 0; k < 3; k++)
        for (uint32_t at = 0; at < ARRAY_LENGTH * (k == 0 ? 1 : 8); at++)
            hash = hash * 31 + rt_object_of(b->f.store, arrays[k])->payload[at];
    return hash;
}

static void test_rows(void)
{
    for (uint32_t k = 0; k < LENGTH_OF(rows); k++) {
        struct bench b = bench_open();
        uint64_t before = state_of(&b);
        enum status st = perform(&b, rows[k].op, rows[k].to, rows[k].from, rows[k].count);
        const char *trap = trap_taken(b.f.store);
        bool quiet = st == ST_OK || state_of(&b) == before;
        tap_ok(st == (rows[k].trap[0] == '\0' ? ST_OK : ST_TRAP) &&
                   strcmp(trap, rows[k].trap) == 0 && quiet,
               "%s to %llu from %llu count %llu: %s %s%s", op_names[rows[k].op],
               (unsigned long long)rows[k].to, (unsigned long long)rows[k].from,
               (unsigned long long)rows[k].count, status_text(st), trap,
               quiet ? "" : ", but something changed");
        bench_close(&b);
    }
}

static void test_results(void)
{
    struct bench b = bench_open();
    struct rt_store *s = b.f.store;
    uint8_t *memory = b.i->memories[0]->base;
    const uint64_t *table = b.i->tables[0]->elements;
    uint64_t ref = RT_NULL;

    must(perform(&b, MEMORY_INIT, 100, 2, 4) == ST_OK, "init");
    tap_ok(memcmp(memory + 99, "\0cdef\0", 6) == 0, "memory.init copies the middle");
    must(perform(&b, MEMORY_COPY, 102, 100, 4) == ST_OK, "copy");
    tap_ok(memcmp(memory + 100, "cdcdef", 6) == 0, "memory.copy forwards over itself");
    must(perform(&b, MEMORY_COPY, 100, 101, 5) == ST_OK, "copy");
    tap_ok(memcmp(memory + 100, "dcdeff", 6) == 0, "memory.copy backwards over itself");
    must(perform(&b, MEMORY_FILL, 101, 0, 2) == ST_OK, "fill");
    tap_ok(memcmp(memory + 100, "dUUeff", 6) == 0, "memory.fill");
    must(perform(&b, TABLE_INIT, 3, 1, 2) == ST_OK, "init");
    tap_ok(table[2] == 0 && table[3] == rt_i31(2) && table[4] == rt_i31(3) && table[5] == 0,
           "table.init copies the middle");
    must(rt_table_copy(s, b.i->tables[0], b.i->tables[0], 4, 3, 3) == ST_OK, "copy");
    tap_ok(table[3] == rt_i31(2) && table[4] == rt_i31(2) && table[5] == rt_i31(3) && table[6] == 0,
           "table.copy over itself");
    must(perform(&b, ARRAY_INIT_ELEM, 1, 1, 2) == ST_OK, "init");
    tap_ok(rt_object_of(s, b.refs)->payload[8] == (uint8_t)rt_i31(2), "array.init_elem");
    must(perform(&b, ARRAY_INIT_DATA_8, 3, 0, 1) == ST_OK, "init");
    tap_ok(memcmp(rt_object_of(s, b.longs)->payload + 24, "abcdefgh", 8) == 0,
           "array.init_data counts elements");
    must(perform(&b, ARRAY_COPY, 4, 3, 2) == ST_OK, "copy");
    tap_ok(memcmp(rt_object_of(s, b.longs)->payload + 32, "abcdefgh\0", 9) == 0,
           "array.copy over itself");
    must(perform(&b, ARRAY_FILL, 2, 0, 3) == ST_OK, "fill");
    tap_ok(memcmp(rt_object_of(s, b.bytes)->payload, "\0\0UUU\0", 6) == 0,
           "array.fill keeps the low byte");
    const struct rt_type *longs = rt_registry_type(s->engine->types, b.module->type_ids[1]);
    must(rt_array_fill(s, b.longs, 11, (union rt_value){.i64 = UINT64_C(0x4847464544434241)}, 1) ==
             ST_OK,
         "fill");
    tap_ok(memcmp(rt_object_of(s, b.longs)->payload + 88, "ABCDEFGH", 8) == 0, "array.fill of i64");
    must(rt_array_new_data(b.i, longs, 0, 0, 1, &ref) == ST_OK, "new");
    tap_ok(memcmp(rt_object_of(s, ref)->payload, "abcdefgh", 8) == 0, "array.new_data");
    bench_close(&b);
}

static void test_nulls_and_drops(void)
{
    struct bench b = bench_open();
    struct rt_store *s = b.f.store;
    const union rt_value zero = {.i64 = 0};
    const enum status ends[] = {
        rt_array_init_data(b.i, RT_NULL, 0, 0, 0, 0), rt_array_init_elem(b.i, RT_NULL, 0, 0, 0, 0),
        rt_array_copy(s, RT_NULL, 0, b.bytes, 0, 0),  rt_array_copy(s, b.bytes, 0, RT_NULL, 0, 0),
        rt_array_fill(s, RT_NULL, 0, zero, 0),
    };

    for (uint32_t k = 0; k < LENGTH_OF(ends); k++)
        tap_ok(ends[k] == ST_TRAP && strcmp(s->trap->message, "null array reference") == 0,
               "a null array traps, %u", k);
    rt_data_drop(b.i, 0);
    rt_elem_drop(b.i, 0);
    rt_elem_drop(b.i, 0);
    tap_ok(perform(&b, MEMORY_INIT, 0, 0, 0) == ST_OK && perform(&b, TABLE_INIT, 0, 0, 0) == ST_OK,
           "of dropped segments nothing can be taken");
    tap_ok(perform(&b, MEMORY_INIT, 0, 0, 1) == ST_TRAP && strcmp(trap_taken(s), MEMORY) == 0,
           "but nothing more from the data");
    tap_ok(perform(&b, TABLE_INIT, 0, 0, 1) == ST_TRAP && strcmp(trap_taken(s), TABLE) == 0,
           "nor from the elements");
    tap_ok(perform(&b, ARRAY_NEW_DATA, 0, 0, 1) == ST_TRAP && strcmp(trap_taken(s), MEMORY) == 0,
           "nor for an array");
    bench_close(&b);
}

/* Moves that are made in pieces: overlapping both ways, and interrupted. */
static void test_large(void)
{
    enum { BYTES = 160 << 20, SHIFT = 5000, WORDS = BYTES / 8 };
    struct fixture f = fixture_open(rt_limits_default());
    const struct wm_memory type = {.limits = {.min = BYTES / PAGE}, .page_log2 = 16};
    struct rt_memory *m = NULL;

    must(rt_memory_new(f.store, &type, &m, NULL) == ST_OK, "memory");
    uint64_t *words = (uint64_t *)(void *)m->base;
    for (uint32_t i = 0; i < WORDS; i++)
        words[i] = i;
    must(rt_memory_copy(f.store, m, m, SHIFT * 8, 0, BYTES - SHIFT * 8) == ST_OK, "copy");
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < WORDS; i++)
        wrong += words[i] != (i < SHIFT ? i : i - SHIFT);
    tap_ok(wrong == 0, "160 MiB upwards over themselves: %u words wrong", wrong);
    must(rt_memory_copy(f.store, m, m, 0, SHIFT * 8, BYTES - SHIFT * 8) == ST_OK, "copy");
    for (uint32_t i = 0; i < WORDS - SHIFT; i++)
        wrong += words[i] != i;
    tap_ok(wrong == 0, "and back down: %u words wrong", wrong);
    must(rt_memory_fill(f.store, m, 1, 9, BYTES - 2) == ST_OK, "fill");
    for (uint32_t i = 1; i < WORDS - 1; i++)
        wrong += words[i] != UINT64_C(0x0909090909090909);
    tap_ok(wrong == 0 && m->base[0] == 0 && m->base[BYTES - 1] != 9, "a large fill: %u words wrong",
           wrong);
    rt_store_interrupt(f.store);
    tap_ok(rt_memory_fill(f.store, m, 0, 1, BYTES) == ST_TIMEOUT && m->base[BYTES - 2] == 9,
           "a large fill is interrupted: %s", f.store->diag.text);
    tap_ok(rt_memory_copy(f.store, m, m, 0, 1, BYTES - 1) == ST_TIMEOUT, "so is a large copy");
    tap_ok(rt_memory_fill(f.store, m, 0, 1, PAGE) == ST_OK, "a small fill is not");
    fixture_close(&f);
}

int main(void)
{
    test_rows();
    test_large();
    test_results();
    test_nulls_and_drops();
    return tap_done();
}
