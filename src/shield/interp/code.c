/* code: finding the code of a function, translating it on first use, and the side table that leads
 * back to offsets in the module. SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/map.h"

/* ---- from words to offsets ---- */

void interp_map_write(struct buf *out, const struct map_entry *entries, uint32_t count)
{
    struct map_entry last = {0, 0};

    for (uint32_t i = 0; i < count; i++) {
        buf_uleb(out, entries[i].word - last.word);
        buf_sleb(out, (int64_t)entries[i].offset - last.offset);
        last = entries[i];
    }
}

/* One LEB128 number that interp_map_write() made. */
static uint64_t read_leb(const uint8_t **at, bool is_signed)
{
    uint64_t value = 0;
    uint32_t shift = 0;
    uint8_t byte;

    do {
        byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while ((byte & 0x80) != 0);
    if (is_signed && shift < 64 && (byte & 0x40) != 0)
        value |= UINT64_MAX << shift;
    return value;
}

uint32_t interp_map_find(const struct interp_code *code, const uint32_t *pc)
{
    const uint8_t *at = code->map, *end = code->map + code->map_bytes;
    uint64_t word = 0, offset = 0, target = (uint64_t)(pc - code->code);

    while (at < end) {
        word += read_leb(&at, false);
        if (word > target)
            break;
        offset += read_leb(&at, true);
    }
    return (uint32_t)offset;
}

/* ---- finding and making code ---- */

static enum status make_table(void *ctx, struct diag *dg)
{
    struct rt_module *m = ctx;

    (void)dg;
    atomic_store_explicit(&m->metered_code,
                          arena_new(&m->code_arena, _Atomic(void *), m->wm.code_count),
                          memory_order_release);
    return ST_OK;
}

_Atomic(void *) *interp_code_table(struct rt_module *m, bool metered)
{
    return metered ? atomic_load_explicit(&m->metered_code, memory_order_acquire) : m->code;
}

/* Under code_lock. */
static enum status make_code(struct rt_module *m, uint32_t index, bool metered, struct diag *dg)
{
    if (metered && interp_code_table(m, true) == NULL)
        TRY(arena_guard(&m->code_arena, make_table, m, dg));
    _Atomic(void *) *table = interp_code_table(m, metered);
    struct interp_code *code = NULL;
    if (atomic_load_explicit(&table[index], memory_order_relaxed) != NULL)
        return ST_OK; /* another thread was faster */
    TRY(interp_translate(m, index, metered, &code, dg));
    atomic_store_explicit(&table[index], code, memory_order_release);
    return ST_OK;
}

enum status interp_code_get(struct rt_module *m, uint32_t defined_index, bool metered,
                            const struct interp_code **out, struct diag *dg)
{
    _Atomic(void *) *table = interp_code_table(m, metered);
    const struct interp_code *code =
        table == NULL ? NULL : atomic_load_explicit(&table[defined_index], memory_order_acquire);

    if (code == NULL) {
        pthread_mutex_lock(&m->code_lock);
        enum status st = make_code(m, defined_index, metered, dg);
        pthread_mutex_unlock(&m->code_lock);
        TRY(st);
        table = interp_code_table(m, metered);
        code = atomic_load_explicit(&table[defined_index], memory_order_acquire);
    }
    *out = code;
    return ST_OK;
}
