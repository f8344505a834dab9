/* print_ids: gives every named index an identifier that is unique in its space. The first owner
 * of a name keeps it; a later one gets name#index, and where the text format allows it an
 * annotation
 * (@name "name") that says what it is really called. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/print_internal.h"

#include <string.h>

static uint32_t hash_of(struct str s)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < s.size; i++)
        h = (h ^ (uint8_t)s.text[i]) * 16777619u;
    return h ^ h >> 15;
}

void print_taken_reset(struct wm_printer *p)
{
    p->taken.count = 0;
    p->taken.generation++; /* at most one for each function and type: cannot wrap */
}

static struct print_taken_slot *slot_of(const struct print_taken *t, struct str text)
{
    uint32_t at = hash_of(text) & (t->capacity - 1);

    while (t->slots[at].generation == t->generation && !str_equal(t->slots[at].text, text))
        at = (at + 1) & (t->capacity - 1);
    return &t->slots[at];
}

static void grow_taken(struct wm_printer *p)
{
    struct print_taken old = p->taken;

    p->taken.capacity = MAX(old.capacity * 2, 64u);
    p->taken.slots = arena_new(p->arena, struct print_taken_slot, p->taken.capacity);
    for (uint32_t i = 0; i < old.capacity; i++)
        if (old.slots[i].generation == old.generation)
            *slot_of(&p->taken, old.slots[i].text) = old.slots[i];
}

/* True when text was free; it is taken now. */
static bool take(struct wm_printer *p, struct str text)
{
    if (2 * (p->taken.count + 1) > p->taken.capacity)
        grow_taken(p);
    struct print_taken_slot *slot = slot_of(&p->taken, text);
    if (slot->generation == p->taken.generation)
        return false;
    *slot = (struct print_taken_slot){p->taken.generation, text};
    p->taken.count++;
    return true;
}

struct str print_ids_claim(struct wm_printer *p, struct str name, uint32_t index)
{
    if (name.size == 0 || take(p, name))
        return name;
    struct buf longer;
    buf_init(&longer, p->arena);
    buf_str(&longer, name);
    buf_byte(&longer, '#');
    print_u64(&longer, index);
    struct str text = {(const char *)longer.data, longer.size};
    return take(p, text) ? text : (struct str){0};
}

static void make_space(struct wm_printer *p, enum wm_name_space space, uint32_t count)
{
    print_taken_reset(p);
    for (uint32_t i = 0; i < count; i++) {
        struct str name = wm_name_of(p->names, space, i);
        if (name.size == 0)
            continue;
        if (p->ids[space] == NULL)
            p->ids[space] = arena_new(p->arena, struct str, count);
        p->ids[space][i] = print_ids_claim(p, name, i);
        wm_names_add(p->made, space, i, name);
    }
}

void print_ids_make(struct wm_printer *p)
{
    const struct wm_module *m = p->m;

    make_space(p, WM_NAME_MODULE, 1);
    make_space(p, WM_NAME_FUNC, m->func_count);
    make_space(p, WM_NAME_TYPE, m->type_count);
    make_space(p, WM_NAME_TABLE, m->table_count);
    make_space(p, WM_NAME_MEMORY, m->memory_count);
    make_space(p, WM_NAME_GLOBAL, m->global_count);
    make_space(p, WM_NAME_ELEM, m->elem_count);
    make_space(p, WM_NAME_DATA, m->data_count);
    make_space(p, WM_NAME_TAG, m->tag_count);
}

static uint32_t space_count(const struct wm_module *m, enum wm_name_space space)
{
    switch (space) { /* tidy: flat */
    case WM_NAME_MODULE: return 1;
    case WM_NAME_FUNC: return m->func_count;
    case WM_NAME_TYPE: return m->type_count;
    case WM_NAME_TABLE: return m->table_count;
    case WM_NAME_MEMORY: return m->memory_count;
    case WM_NAME_GLOBAL: return m->global_count;
    case WM_NAME_ELEM: return m->elem_count;
    case WM_NAME_DATA: return m->data_count;
    case WM_NAME_TAG: return m->tag_count;
    case WM_NAME_LOCAL:
    case WM_NAME_LABEL:
    case WM_NAME_FIELD:
    case WM_NAME_SPACE_COUNT: break;
    }
    return 0;
}

struct str print_id_of(const struct wm_printer *p, enum wm_name_space space, uint32_t index)
{
    /* An index out of range is printed as it is: the validator, not the printer, refuses it. */
    if (p->ids[space] == NULL || index >= space_count(p->m, space))
        return (struct str){0};
    return p->ids[space][index];
}

void print_index(struct wm_printer *p, enum wm_name_space space, uint32_t index)
{
    struct str id = print_id_of(p, space, index);

    buf_byte(p->out, ' ');
    if (id.size != 0)
        print_id(p->out, id);
    else
        print_u64(p->out, index);
}

void print_named(struct wm_printer *p, struct str id, struct str name)
{
    if (id.size != 0) {
        buf_byte(p->out, ' ');
        print_id(p->out, id);
    }
    if (name.size != 0 && !str_equal(id, name)) {
        buf_text(p->out, " (@name ");
        print_name(p->out, name);
        buf_byte(p->out, ')');
    }
}

void print_defined(struct wm_printer *p, enum wm_name_space space, uint32_t index)
{
    print_named(p, print_id_of(p, space, index), wm_name_of(p->names, space, index));
    buf_text(p->out, " (;");
    print_u64(p->out, index);
    buf_text(p->out, ";)");
}
