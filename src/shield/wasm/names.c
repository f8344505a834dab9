/* names: both directions share one shape, a list per sub-section of (outer, inner, name), sorted
 * by (outer, inner). Spaces without an outer index use outer 0.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/names.h"

#include "shield/wasm/read.h"

#include <assert.h>
#include <string.h>

struct name_entry {
    uint32_t outer, inner;
    struct str name;
};

struct name_list {
    struct name_entry *entries;
    uint32_t count, capacity;
    bool is_unsorted; /* an entry was added that does not stand behind its predecessor */
};

struct wm_names {
    struct name_list lists[WM_NAME_SPACE_COUNT];
};

struct wm_names_builder {
    struct arena *arena;
    struct wm_names names;
};

static uint64_t key_of(uint32_t outer, uint32_t inner)
{
    return (uint64_t)outer << 32 | inner;
}

static uint64_t entry_key(const struct name_entry *e)
{
    return key_of(e->outer, e->inner);
}

static void list_add(struct arena *arena, struct name_list *list, struct name_entry e)
{
    if (list->count != 0 && entry_key(&list->entries[list->count - 1]) >= entry_key(&e))
        list->is_unsorted = true;
    ARENA_PUSH(arena, list->entries, list->count, list->capacity, e);
}

/* Merges the sorted runs [a, b) and [b, end) of from into to; equal keys keep their order. */
static void merge_runs(const struct name_entry *from, struct name_entry *to, uint32_t a, uint32_t b,
                       uint32_t end)
{
    uint32_t left = a, right = b;

    for (uint32_t i = a; i < end; i++) {
        bool take_left =
            left < b && (right >= end || entry_key(&from[left]) <= entry_key(&from[right]));
        to[i] = take_left ? from[left++] : from[right++];
    }
}

/* Bottom-up merge sort, stable: the worst order a damaged section can ask for costs n log n. */
static void list_sort(struct arena *arena, struct name_list *list)
{
    if (!list->is_unsorted)
        return;
    uint32_t count = list->count;
    struct name_entry *from = list->entries;
    struct name_entry *to = arena_new(arena, struct name_entry, count);

    for (uint64_t width = 1; width < count; width *= 2) {
        for (uint64_t a = 0; a < count; a += 2 * width)
            merge_runs(from, to, (uint32_t)a, (uint32_t)MIN(a + width, count),
                       (uint32_t)MIN(a + 2 * width, count));
        struct name_entry *swap = from;
        from = to;
        to = swap;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || entry_key(&from[kept - 1]) != entry_key(&from[i]))
            from[kept++] = from[i];
    *list = (struct name_list){.entries = from, .count = kept, .capacity = count};
}

/* ---- reading ------------------------------------------------------------------------------- */

/* A name, or ST_MALFORMED when the list cannot be followed any further. A name that is not UTF-8
 * is stepped over and comes out empty. */
static enum status read_loose_name(struct wm_reader *r, struct str *out)
{
    size_t start = r->pos;
    uint32_t size = 0;

    *out = (struct str){0};
    TRY(wm_read_u32(r, &size, NULL));
    if (size > r->end - r->pos)
        return ST_MALFORMED;
    size_t end = r->pos + size;
    r->pos = start;
    if (wm_read_name(r, out, NULL) != ST_OK)
        *out = (struct str){0};
    r->pos = end;
    return ST_OK;
}

static enum status read_name_map(struct wm_reader *r, struct arena *arena, struct name_list *list,
                                 uint32_t outer)
{
    uint32_t count = 0;

    TRY(wm_read_u32(r, &count, NULL));
    for (uint32_t i = 0; i < count; i++) { /* every turn takes two bytes or ends */
        struct name_entry e = {.outer = outer};
        TRY(wm_read_u32(r, &e.inner, NULL));
        TRY(read_loose_name(r, &e.name));
        if (e.name.size != 0)
            list_add(arena, list, e);
    }
    return ST_OK;
}

static enum status read_sub_section(struct wm_reader *r, struct arena *arena,
                                    enum wm_name_space space, struct name_list *list)
{
    if (space == WM_NAME_MODULE) {
        struct name_entry e = {0};
        TRY(read_loose_name(r, &e.name));
        if (e.name.size != 0)
            list_add(arena, list, e);
        return ST_OK;
    }
    if (!wm_name_space_is_inner(space))
        return read_name_map(r, arena, list, 0);

    uint32_t count = 0;
    TRY(wm_read_u32(r, &count, NULL));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t outer = 0;
        TRY(wm_read_u32(r, &outer, NULL));
        TRY(read_name_map(r, arena, list, outer));
    }
    return ST_OK;
}

static void read_section(struct wm_reader r, struct arena *arena, struct wm_names *names)
{
    while (r.pos < r.end) {
        uint8_t id = 0;
        uint32_t size = 0;
        if (wm_read_u8(&r, &id, NULL) != ST_OK || wm_read_u32(&r, &size, NULL) != ST_OK)
            return;
        struct wm_reader sub = r;
        sub.end = r.pos + MIN(size, r.end - r.pos);
        r.pos = sub.end;
        /* A refusal ends this sub-section only; what came before it stays. */
        if (id < WM_NAME_SPACE_COUNT &&
            read_sub_section(&sub, arena, (enum wm_name_space)id, &names->lists[id]) != ST_OK)
            continue;
    }
}

struct wm_names *wm_names_read(const struct wm_module *m, struct arena *arena)
{
    struct wm_names *names = arena_new(arena, struct wm_names, 1);

    for (uint32_t i = 0; i < m->custom_count; i++)
        if (str_equal(m->customs[i].name, STR("name")))
            read_section(wm_reader_of(m->customs[i].content, m->features), arena, names);
    for (uint32_t space = 0; space < WM_NAME_SPACE_COUNT; space++)
        list_sort(arena, &names->lists[space]);
    return names;
}

static struct str list_find(const struct name_list *list, uint64_t key)
{
    uint32_t low = 0, high = list->count;

    /* Most sections name every index, and then the list is an array. */
    if (key < list->count && entry_key(&list->entries[key]) == key)
        return list->entries[key].name;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (entry_key(&list->entries[middle]) < key)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < list->count && entry_key(&list->entries[low]) == key)
        return list->entries[low].name;
    return (struct str){0};
}

struct str wm_name_of(const struct wm_names *names, enum wm_name_space space, uint32_t index)
{
    assert(!wm_name_space_is_inner(space) && "use wm_name_of_inner()");
    return list_find(&names->lists[space], space == WM_NAME_MODULE ? 0 : index);
}

struct str wm_name_of_inner(const struct wm_names *names, enum wm_name_space space, uint32_t outer,
                            uint32_t inner)
{
    assert(wm_name_space_is_inner(space) && "use wm_name_of()");
    return list_find(&names->lists[space], key_of(outer, inner));
}

/* ---- making -------------------------------------------------------------------------------- */

struct wm_names_builder *wm_names_builder_new(struct arena *arena)
{
    struct wm_names_builder *b = arena_new(arena, struct wm_names_builder, 1);
    b->arena = arena;
    return b;
}

void wm_names_add(struct wm_names_builder *b, enum wm_name_space space, uint32_t index,
                  struct str name)
{
    assert(!wm_name_space_is_inner(space) && "use wm_names_add_inner()");
    struct name_entry e = {.inner = space == WM_NAME_MODULE ? 0 : index, .name = name};
    list_add(b->arena, &b->names.lists[space], e);
}

void wm_names_add_inner(struct wm_names_builder *b, enum wm_name_space space, uint32_t outer,
                        uint32_t inner, struct str name)
{
    assert(wm_name_space_is_inner(space) && "use wm_names_add()");
    struct name_entry e = {.outer = outer, .inner = inner, .name = name};
    list_add(b->arena, &b->names.lists[space], e);
}

bool wm_names_is_empty(const struct wm_names_builder *b)
{
    for (uint32_t space = 0; space < WM_NAME_SPACE_COUNT; space++)
        if (b->names.lists[space].count != 0)
            return false;
    return true;
}

static void write_str(struct buf *out, struct str s)
{
    buf_uleb(out, s.size);
    buf_str(out, s);
}

static void write_map(struct buf *out, const struct name_entry *entries, uint32_t count)
{
    buf_uleb(out, count);
    for (uint32_t i = 0; i < count; i++) {
        buf_uleb(out, entries[i].inner);
        write_str(out, entries[i].name);
    }
}

static uint32_t run_of_outer(const struct name_list *list, uint32_t start)
{
    uint32_t end = start;
    while (end < list->count && list->entries[end].outer == list->entries[start].outer)
        end++;
    return end;
}

static void write_inner_maps(struct buf *out, const struct name_list *list)
{
    uint32_t outer_count = 0;

    for (uint32_t i = 0; i < list->count; i = run_of_outer(list, i))
        outer_count++;
    buf_uleb(out, outer_count);
    for (uint32_t i = 0; i < list->count;) {
        uint32_t end = run_of_outer(list, i);
        buf_uleb(out, list->entries[i].outer);
        write_map(out, &list->entries[i], end - i);
        i = end;
    }
}

void wm_names_write(struct wm_names_builder *b, struct buf *out)
{
    struct buf sub;

    buf_init(&sub, b->arena);
    for (uint32_t space = 0; space < WM_NAME_SPACE_COUNT; space++) {
        struct name_list *list = &b->names.lists[space];
        if (list->count == 0)
            continue;
        list_sort(b->arena, list);
        sub.size = 0;
        if (space == WM_NAME_MODULE)
            write_str(&sub, list->entries[0].name);
        else if (wm_name_space_is_inner((enum wm_name_space)space))
            write_inner_maps(&sub, list);
        else
            write_map(&sub, list->entries, list->count);
        buf_byte(out, (uint8_t)space);
        buf_uleb(out, sub.size);
        buf_bytes(out, sub.data, sub.size);
    }
}
