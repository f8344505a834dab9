/* bulk: check, then move. SPDX-License-Identifier: Apache-2.0 */
#include "shield/runtime/bulk.h"

#include "base/mem.h"
#include "shield/runtime/gc.h"
#include "shield/runtime/trap.h"

#include <assert.h>
#include <string.h>

static enum status trap(struct rt_store *s, enum rt_trap_code code)
{
    return rt_trap_raise(s, code, NULL);
}

/* Large moves are cut, so that an interrupt does not wait for gigabytes. */
#define MOVE_STEP ((uint64_t)64 << 20)

static enum status check_interrupt(struct rt_store *s)
{
    if (LIKELY(atomic_load_explicit(&s->interrupted, memory_order_relaxed) == 0))
        return ST_OK;
    return diag_fail(&s->diag, ST_TIMEOUT, DIAG_NO_OFFSET, "interrupted in a bulk operation");
}

static uint64_t bytes_of(struct rt_memory *m)
{
    return atomic_load_explicit(&m->size_bytes, memory_order_acquire);
}

enum status rt_memory_init(struct rt_instance *i, uint32_t memory, uint32_t data, uint64_t to,
                           uint64_t from, uint64_t count)
{
    struct rt_memory *m = i->memories[memory];
    const struct rt_data *d = &i->datas[data];

    if (!rt_in_bounds(from, count, d->size) || !rt_in_bounds(to, count, bytes_of(m)))
        return trap(i->store, RT_TRAP_MEMORY_BOUNDS);
    if (count != 0)
        memcpy(m->base + to, d->bytes + from, count);
    return ST_OK;
}

/* As memmove: the pieces go in the direction in which none is overwritten before it is read. */
static enum status move(struct rt_store *s, uint8_t *to, const uint8_t *from, uint64_t count)
{
    const bool is_forward = to <= from;

    for (uint64_t done = 0; count - done > MOVE_STEP; done += MOVE_STEP) {
        uint64_t at = is_forward ? done : count - done - MOVE_STEP;
        memmove(to + at, from + at, MOVE_STEP);
        TRY(check_interrupt(s));
    }
    const uint64_t rest = count == 0 ? 0 : (count - 1) % MOVE_STEP + 1;
    const uint64_t at = is_forward ? count - rest : 0;
    memmove(to + at, from + at, rest);
    return ST_OK;
}

enum status rt_memory_copy(struct rt_store *s, struct rt_memory *to_memory,
                           struct rt_memory *from_memory, uint64_t to, uint64_t from,
                           uint64_t count)
{
    if (!rt_in_bounds(from, count, bytes_of(from_memory)) ||
        !rt_in_bounds(to, count, bytes_of(to_memory)))
        return trap(s, RT_TRAP_MEMORY_BOUNDS);
    return move(s, to_memory->base + to, from_memory->base + from, count);
}

enum status rt_memory_fill(struct rt_store *s, struct rt_memory *m, uint64_t to, uint8_t value,
                           uint64_t count)
{
    if (!rt_in_bounds(to, count, bytes_of(m)))
        return trap(s, RT_TRAP_MEMORY_BOUNDS);
    for (; count > MOVE_STEP; to += MOVE_STEP, count -= MOVE_STEP) {
        memset(m->base + to, value, MOVE_STEP);
        TRY(check_interrupt(s));
    }
    memset(m->base + to, value, count);
    return ST_OK;
}

void rt_data_drop(struct rt_instance *i, uint32_t data)
{
    i->datas[data] = (struct rt_data){NULL, 0};
}

enum status rt_table_init(struct rt_instance *i, uint32_t table, uint32_t elem, uint64_t to,
                          uint64_t from, uint64_t count)
{
    struct rt_table *t = i->tables[table];
    const struct rt_elem *e = &i->elems[elem];

    if (!rt_in_bounds(from, count, e->count) || !rt_in_bounds(to, count, t->size))
        return trap(i->store, RT_TRAP_TABLE_BOUNDS);
    if (count != 0)
        memcpy(t->elements + to, e->items + from, count * sizeof(*e->items));
    return ST_OK;
}

enum status rt_table_copy(struct rt_store *s, struct rt_table *to_table,
                          struct rt_table *from_table, uint64_t to, uint64_t from, uint64_t count)
{
    if (!rt_in_bounds(from, count, from_table->size) || !rt_in_bounds(to, count, to_table->size))
        return trap(s, RT_TRAP_TABLE_BOUNDS);
    memmove(to_table->elements + to, from_table->elements + from, count * sizeof(uint64_t));
    return ST_OK;
}

enum status rt_table_fill(struct rt_store *s, struct rt_table *t, uint64_t to, uint64_t ref,
                          uint64_t count)
{
    if (!rt_in_bounds(to, count, t->size))
        return trap(s, RT_TRAP_TABLE_BOUNDS);
    for (uint64_t i = 0; i < count; i++)
        t->elements[to + i] = ref;
    return ST_OK;
}

void rt_elem_drop(struct rt_instance *i, uint32_t elem)
{
    mem_free(i->elems[elem].items);
    i->elems[elem] = (struct rt_elem){NULL, 0};
}

/* An array resolved: where its elements are and how large each is. */
struct array_view {
    uint8_t *payload;
    uint32_t length;
    const struct rt_field_layout *layout;
};

static enum status view_array(struct rt_store *s, uint64_t array, struct array_view *out)
{
    if (array == RT_NULL)
        return trap(s, RT_TRAP_NULL_ARRAY);
    struct rt_object *o = rt_object_of(s, array);
    CHECK(o->kind == RT_OBJECT_ARRAY, "the validator lets only arrays come here");
    *out = (struct array_view){
        .payload = o->payload,
        .length = o->length,
        .layout = rt_registry_type(s->engine->types, o->type_id)->fields,
    };
    return ST_OK;
}

static uint8_t *element(const struct array_view *v, uint64_t index)
{
    return v->payload + (index << v->layout->size_log2);
}

enum status rt_array_new_data(struct rt_instance *i, const struct rt_type *type, uint32_t data,
                              uint32_t from, uint32_t length, uint64_t *ref)
{
    const struct rt_data *d = &i->datas[data];
    const uint64_t count_bytes = (uint64_t)length << type->fields[0].size_log2;
    uint64_t array = RT_NULL;

    if (!rt_in_bounds(from, count_bytes, d->size))
        return trap(i->store, RT_TRAP_MEMORY_BOUNDS);
    TRY(rt_array_new(i->store, type, length, &array));
    if (count_bytes != 0)
        memcpy(rt_object_of(i->store, array)->payload, d->bytes + from, count_bytes);
    *ref = array;
    return ST_OK;
}

enum status rt_array_new_elem(struct rt_instance *i, const struct rt_type *type, uint32_t elem,
                              uint32_t from, uint32_t length, uint64_t *ref)
{
    const struct rt_elem *e = &i->elems[elem];
    uint64_t array = RT_NULL;

    assert(wm_is_ref(type->fields[0].type) && "the validator has seen this");
    if (!rt_in_bounds(from, length, e->count))
        return trap(i->store, RT_TRAP_TABLE_BOUNDS);
    TRY(rt_array_new(i->store, type, length, &array));
    if (length != 0)
        memcpy(rt_object_of(i->store, array)->payload, e->items + from, length * sizeof(*e->items));
    *ref = array;
    return ST_OK;
}

enum status rt_array_init_data(struct rt_instance *i, uint64_t array, uint32_t data, uint32_t to,
                               uint32_t from, uint32_t count)
{
    const struct rt_data *d = &i->datas[data];
    struct array_view v;

    TRY(view_array(i->store, array, &v));
    const uint64_t count_bytes = (uint64_t)count << v.layout->size_log2;
    if (!rt_in_bounds(to, count, v.length))
        return trap(i->store, RT_TRAP_ARRAY_BOUNDS);
    if (!rt_in_bounds(from, count_bytes, d->size))
        return trap(i->store, RT_TRAP_MEMORY_BOUNDS);
    if (count_bytes != 0)
        memcpy(element(&v, to), d->bytes + from, count_bytes);
    return ST_OK;
}

enum status rt_array_init_elem(struct rt_instance *i, uint64_t array, uint32_t elem, uint32_t to,
                               uint32_t from, uint32_t count)
{
    const struct rt_elem *e = &i->elems[elem];
    struct array_view v;

    TRY(view_array(i->store, array, &v));
    if (!rt_in_bounds(to, count, v.length))
        return trap(i->store, RT_TRAP_ARRAY_BOUNDS);
    if (!rt_in_bounds(from, count, e->count))
        return trap(i->store, RT_TRAP_TABLE_BOUNDS);
    if (count != 0)
        memcpy(element(&v, to), e->items + from, count * sizeof(*e->items));
    return ST_OK;
}

enum status rt_array_copy(struct rt_store *s, uint64_t to_array, uint32_t to, uint64_t from_array,
                          uint32_t from, uint32_t count)
{
    struct array_view to_view, from_view;

    TRY(view_array(s, to_array, &to_view));
    TRY(view_array(s, from_array, &from_view));
    assert(to_view.layout->size_log2 == from_view.layout->size_log2 && "element types match");
    if (!rt_in_bounds(to, count, to_view.length) || !rt_in_bounds(from, count, from_view.length))
        return trap(s, RT_TRAP_ARRAY_BOUNDS);
    memmove(element(&to_view, to), element(&from_view, from),
            (size_t)count << to_view.layout->size_log2);
    return ST_OK;
}

enum status rt_array_fill(struct rt_store *s, uint64_t array, uint32_t to, union rt_value value,
                          uint32_t count)
{
    struct array_view v;

    TRY(view_array(s, array, &v));
    if (!rt_in_bounds(to, count, v.length))
        return trap(s, RT_TRAP_ARRAY_BOUNDS);
    if (v.layout->size_log2 == 0) {
        memset(element(&v, to), (int)(value.i32 & 0xff), count);
        return ST_OK;
    }
    for (uint64_t i = 0; i < count; i++)
        rt_field_set(element(&v, to + i), v.layout, value);
    return ST_OK;
}
