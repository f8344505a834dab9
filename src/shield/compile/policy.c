/* policy: see policy.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/policy.h"

#include "shield/compile/memory_plan.h"
#include "shield/wasm/types.h"

#include <assert.h>
#include <stdlib.h>

struct layout_shape policy_shape(const struct wm_module *wm)
{
    return (struct layout_shape){
        .memory_count = wm->memory_count,
        .table_count = wm->table_count,
        .type_count = wm->type_count,
        .func_count = wm->func_count,
        .imported_func_count = wm->func_imports,
        .global_count = wm->global_count,
        .imported_global_count = wm->global_imports,
    };
}

/* ---- lists of fields ---- */

struct fields {
    struct arena *arena;
    struct sfi_field *items;
    uint32_t count, capacity;
    struct sfi_field nowhere; /* for whoever adds none */
};

static struct sfi_field *add(struct fields *f, uint32_t offset, uint32_t count, uint32_t stride,
                             uint8_t width, enum sfi_kind yields)
{
    struct sfi_field field = {.offset = offset,
                              .stride = stride,
                              .count = count,
                              .width = width,
                              .access = SFI_FIELD_READ,
                              .yields = (uint8_t)yields,
                              .numbering = SFI_NUMBER_ELEMENT};

    if (count == 0)
        return &f->nowhere;
    ARENA_PUSH(f->arena, f->items, f->count, f->capacity, field);
    return &f->items[f->count - 1];
}

static void add_pointer(struct fields *f, uint32_t offset, enum sfi_kind yields)
{
    add(f, offset, 1, 8, 8, yields)->numbering = SFI_NUMBER_BASE;
}

/* Bytes that may be read, and written if so said. */
static void add_bytes(struct fields *f, uint32_t offset, uint32_t count, uint32_t stride,
                      bool is_writable)
{
    struct sfi_field *field = add(f, offset, count, stride, (uint8_t)stride, SFI_NUMBER);

    field->any_width = true;
    field->numbering = SFI_NUMBER_FIXED;
    field->access = is_writable ? SFI_FIELD_READ | SFI_FIELD_WRITE : SFI_FIELD_READ;
}

static struct sfi_shape shape_of(struct fields *f)
{
    return (struct sfi_shape){f->items, f->count};
}

/* ---- the context ---- */

static bool is_func_table(const struct wm_module *wm, uint32_t table)
{
    struct wm_valtype type = wm->tables[table].type;
    return wm_heap_top(wm, wm_heap_of(type)) == WM_HEAP_FUNC;
}

static void add_fixed(struct fields *f, bool is_base_pinned)
{
    struct sfi_field *base = add(f, CONTEXT_OFFSET(memory0_base), 1, 8, 8,
                                 is_base_pinned ? SFI_MEMORY_BASE : SFI_NUMBER);
    base->numbering = SFI_NUMBER_FIXED; /* memory 0 */
    add(f, CONTEXT_OFFSET(overflow), 1, 8, 8, SFI_OVERFLOW);
    add(f, CONTEXT_OFFSET(fuel), 1, 8, 8, SFI_FUEL);
}

static void add_builtins(struct fields *f, const struct layout *l)
{
    for (uint32_t b = 0; b < BUILTIN_COUNT; b++) {
        struct sfi_field *field =
            add(f, layout_builtin(l, (enum builtin)b), 1, 8, 8, SFI_BUILTIN);
        field->numbering = SFI_NUMBER_FIXED;
        field->number = b;
        field->is_trusted = b == BUILTIN_resolve_ref;
    }
}

/* Import k: code, context and record of one function, number k. */
static void add_imports(struct fields *f, const struct layout *l)
{
    static const struct {
        uint32_t offset;
        enum sfi_kind yields;
    } parts[] = {{IMPORT_CODE, SFI_FUNC_CODE},
                 {IMPORT_CONTEXT, SFI_FUNC_CONTEXT},
                 {IMPORT_RECORD, SFI_FUNC}};

    for (uint32_t k = 0; k < l->shape.imported_func_count; k++)
        for (uint32_t p = 0; p < LENGTH_OF(parts); p++) {
            struct sfi_field *field = add(f, layout_import(l, k) + parts[p].offset, 1, 8, 8,
                                          parts[p].yields);
            field->numbering = SFI_NUMBER_FIXED;
            field->number = k;
            field->is_trusted = parts[p].yields == SFI_FUNC;
        }
}

static void add_globals(struct fields *f, const struct wm_module *wm, const struct layout *l)
{
    for (uint32_t g = 0; g < wm->global_imports; g++) {
        struct sfi_field *field = add(f, layout_global_pointer(l, g), 1, 8, 8,
                                      wm->globals[g].is_mutable && !wm_is_ref(wm->globals[g].type)
                                          ? SFI_CELL
                                          : SFI_CELL_READ);
        field->numbering = SFI_NUMBER_FIXED;
        field->number = g;
    }
    for (uint32_t g = wm->global_imports; g < wm->global_count; g++)
        add_bytes(f, layout_global(l, g), 1, GLOBAL_BYTES,
                  wm->globals[g].is_mutable && !wm_is_ref(wm->globals[g].type));
}

static int by_offset(const void *a, const void *b)
{
    const struct sfi_field *x = a, *y = b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static struct sfi_shape context_shape(const struct wm_module *wm, const struct layout *l,
                                      bool is_base_pinned, struct arena *a)
{
    struct fields f = {.arena = a};

    add_fixed(&f, is_base_pinned);
    add_builtins(&f, l);
    add(&f, l->memories, wm->memory_count, 8, 8, SFI_MEMORY);
    add(&f, l->tables, wm->table_count, 8, 8, SFI_TABLE);
    add_imports(&f, l);
    add(&f, l->funcs, wm->func_count, 8, 8, SFI_NUMBER);
    add(&f, l->types, wm->type_count, 4, 4, SFI_TYPE_ID);
    add_globals(&f, wm, l);
    qsort(f.items, f.count, sizeof(*f.items), by_offset);
    return shape_of(&f);
}

/* ---- the records ---- */

static struct sfi_shape pair_shape(struct arena *a, uint32_t first, enum sfi_kind first_yields,
                                   uint32_t second, enum sfi_kind second_yields)
{
    struct fields f = {.arena = a};

    add_pointer(&f, first, first_yields);
    add_pointer(&f, second, second_yields);
    return shape_of(&f);
}

static struct sfi_shape func_shape(struct arena *a)
{
    struct fields f = {.arena = a};

    add_pointer(&f, RECORD_FUNC_CODE, SFI_FUNC_CODE);
    add_pointer(&f, RECORD_FUNC_CONTEXT, SFI_FUNC_CONTEXT);
    add(&f, RECORD_FUNC_TYPE, 1, 4, 4, SFI_FUNC_TYPE)->numbering = SFI_NUMBER_BASE;
    return shape_of(&f);
}

static struct sfi_shape pointer_shape(struct arena *a, uint32_t offset, enum sfi_kind yields)
{
    struct fields f = {.arena = a};

    add_pointer(&f, offset, yields);
    return shape_of(&f);
}

static struct sfi_shape bytes_shape(struct arena *a, uint32_t count, uint32_t stride,
                                    bool is_writable)
{
    struct fields f = {.arena = a};

    add_bytes(&f, 0, count, stride, is_writable);
    return shape_of(&f);
}

/* So far from the base an access is inside or faults. */
static uint64_t reach_bytes(enum memory_plan plan)
{
    switch (plan) {
    case MEMORY_STATIC_GUARD: return MEMORY_STATIC_BYTES + MEMORY_GUARD_BYTES;
    case MEMORY_STATIC_CHECKED: return MEMORY_STATIC_BYTES;
    default: return 0;
    }
}

void policy_make(const struct wm_module *wm, const struct layout *layout,
                 const uint8_t *memory_plans, struct arena *a, struct sfi_policy *out)
{
    struct sfi_memory *memories = arena_new(a, struct sfi_memory, wm->memory_count);
    struct sfi_table *tables = arena_new(a, struct sfi_table, wm->table_count);

    for (uint32_t t = 0; t < wm->table_count; t++)
        tables[t] = (struct sfi_table){.size_min = wm->tables[t].limits.min,
                                       .is_opaque = !is_func_table(wm, t)};
    for (uint32_t m = 0; m < wm->memory_count; m++) {
        enum memory_plan plan = (enum memory_plan)memory_plans[m];
        memories[m] = (struct sfi_memory){
            .reach_bytes = reach_bytes(plan),
            .moves = memory_plan_may_move(plan)};
    }
    *out = (struct sfi_policy){
        .memories = memories,
        .memory_count = wm->memory_count,
        .tables = tables,
        .table_count = wm->table_count,
        .is_base_pinned =
            wm->memory_count != 0 && memory_plan_is_static((enum memory_plan)memory_plans[0]),
        .base_field = CONTEXT_OFFSET(memory0_base),
        .element_bytes = 8,
        .frame_probe_bytes = FRAME_PROBE_BYTES,
    };
    out->shapes[SFI_CONTEXT] = context_shape(wm, layout, out->is_base_pinned, a);
    out->shapes[SFI_MEMORY] =
        pair_shape(a, RECORD_MEMORY_BASE, SFI_MEMORY_BASE, RECORD_MEMORY_SIZE, SFI_MEMORY_SIZE);
    out->shapes[SFI_TABLE] =
        pair_shape(a, RECORD_TABLE_ELEMENTS, SFI_TABLE_ELEMENTS, RECORD_TABLE_SIZE, SFI_TABLE_SIZE);
    out->shapes[SFI_FUNC] = func_shape(a);
    out->shapes[SFI_FUNC_CONTEXT] = pointer_shape(a, CONTEXT_OFFSET(memory0_base), SFI_FUNC_BASE);
    out->shapes[SFI_CELL] = bytes_shape(a, 1, GLOBAL_BYTES, true);
    out->shapes[SFI_CELL_READ] = bytes_shape(a, 1, GLOBAL_BYTES, false);
    out->shapes[SFI_OVERFLOW] = bytes_shape(a, OVERFLOW_SLOTS, OVERFLOW_SLOT_BYTES, true);
    out->shapes[SFI_FUEL] = bytes_shape(a, 1, 8, true);
}
