/* context: makes what r15 points to for an instance whose module is compiled, and keeps the list
 * of code that a store may run. SPDX-License-Identifier: Apache-2.0 */
#include "shield/native/state.h"

#include "base/mem.h"
#include "shield/native/code.h"
#include "shield/native/native.h"

#include <assert.h>
#include <string.h>

/* ---- regions: the signal handler of this thread may look at any moment ---- */

static enum status use_region(struct native_state *n, struct rt_module *m,
                              const struct native_code *code, struct diag *dg)
{
    for (uint32_t i = 0; i < n->region_count; i++)
        if (n->regions[i].code == code) {
            n->regions[i].instances++;
            return ST_OK;
        }
    if (n->region_count == n->region_capacity) {
        uint32_t capacity = MAX(n->region_capacity * 2, 4u);
        struct native_region *regions = mem_alloc(capacity, sizeof(*regions));
        struct native_region *old = n->regions;
        if (regions == NULL)
            return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "for the list of compiled modules");
        if (old != NULL)
            memcpy(regions, old, n->region_count * sizeof(*regions));
        n->regions = regions;
        atomic_signal_fence(memory_order_seq_cst);
        n->region_capacity = capacity;
        mem_free(old);
    }
    const uintptr_t begin = (uintptr_t)code->memory.text;
    n->regions[n->region_count] =
        (struct native_region){begin, begin + code->image->text_bytes, code, m, 1};
    atomic_signal_fence(memory_order_seq_cst);
    n->region_count++;
    return ST_OK;
}

static void drop_region(struct native_state *n, const struct native_code *code)
{
    for (uint32_t i = 0; i < n->region_count; i++) {
        if (n->regions[i].code != code || --n->regions[i].instances != 0)
            continue;
        n->regions[i] = n->regions[n->region_count - 1];
        atomic_signal_fence(memory_order_seq_cst);
        n->region_count--;
        return;
    }
}

/* ---- the context ---- */

static void put_pointer(uint8_t *context, uint32_t offset, const void *pointer)
{
    memcpy(context + offset, &pointer, sizeof(pointer));
}

static void put_import(uint8_t *context, uint32_t offset, const struct rt_func *fn)
{
    put_pointer(context, offset + IMPORT_CODE, fn->code);
    put_pointer(context, offset + IMPORT_CONTEXT, fn->context);
    put_pointer(context, offset + IMPORT_RECORD, fn);
}

static void fill_fixed(struct native_state *n, const struct rt_instance *i, uint8_t *context)
{
    /* Only a memory that never moves is used through this field. */
    if (i->module->wm.memory_count != 0)
        put_pointer(context, CONTEXT_OFFSET(memory0_base), i->memories[0]->base);
    put_pointer(context, CONTEXT_OFFSET(overflow), n->overflow);
    put_pointer(context, CONTEXT_OFFSET(fuel), &n->store->fuel);
    put_pointer(context, CONTEXT_OFFSET(activation), n);
    put_pointer(context, CONTEXT_OFFSET(instance), i);
    put_pointer(context, CONTEXT_OFFSET(store), n->store);
}

static void fill(struct native_state *n, struct rt_instance *i, const struct layout *l,
                 uint8_t *context)
{
    const struct rt_module *m = i->module;
    const struct wm_module *wm = &m->wm;

    fill_fixed(n, i, context);
    for (uint32_t k = 0; k < BUILTIN_COUNT; k++)
        put_pointer(context, layout_builtin(l, (enum builtin)k), native_builtin_thunks[k]);
    for (uint32_t k = 0; k < wm->memory_count; k++)
        put_pointer(context, layout_memory(l, k), i->memories[k]);
    for (uint32_t k = 0; k < wm->table_count; k++)
        put_pointer(context, layout_table(l, k), i->tables[k]);
    for (uint32_t k = 0; k < wm->func_imports; k++)
        put_import(context, layout_import(l, k), i->funcs[k]);
    for (uint32_t k = 0; k < wm->func_count; k++)
        put_pointer(context, layout_func(l, k), i->funcs[k]);
    memcpy(context + l->types, m->type_ids, wm->type_count * sizeof(*m->type_ids));
    for (uint32_t k = 0; k < wm->global_imports; k++)
        put_pointer(context, layout_global_pointer(l, k), i->cells[k]);
    for (uint32_t k = wm->global_imports; k < wm->global_count; k++) {
        union rt_value *cell = (void *)(context + layout_global(l, k));
        *cell = *i->cells[k];
        i->cells[k] = i->globals[k]->cell = cell;
    }
}

static void set_code(struct rt_instance *i, const struct native_code *code)
{
    const struct rt_module *m = i->module;

    for (uint32_t k = m->wm.func_imports; k < m->wm.func_count; k++) {
        i->funcs[k]->code = code->memory.text + code->image->funcs[k - m->wm.func_imports].offset;
        i->funcs[k]->context = i->context;
    }
}

/* Are the memories what the code relies on? Else the interpreter runs this instance. */
static bool memories_fit(const struct rt_instance *i, const struct image *image)
{
    for (uint32_t k = 0; k < i->module->wm.memory_count; k++)
        if (!native_memory_fits(i->memories[k], image->memory_plans[k]))
            return false;
    return true;
}

enum status native_instance_init(struct rt_instance *i, struct diag *dg)
{
    struct native_state *n = i->store->native_state;
    const struct native_code *code = i->module->image;

    if (code != NULL && code->is_metered != i->store->fuel_on)
        code = native_other_code(i->module);
    if (code == NULL || !memories_fit(i, code->image))
        return ST_OK;
    const struct native_options *options = i->store->engine->config.tier_options;
    if (options != NULL && options->only_make)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "the module was compiled to be written to a file, not to run");
    TRY(native_stack_ensure(n, dg));
    struct native_context_head *head = mem_alloc(1, sizeof(*head) + code->layout.bytes);
    if (head == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET,
                         "the host refused %u bytes for the context of an instance",
                         code->layout.bytes);
    assert(((uintptr_t)(head + 1) & 15) == 0 && "globals are aligned");
    enum status st = use_region(n, i->module, code, dg);
    if (st != ST_OK) {
        mem_free(head);
        return st;
    }
    head->code = code;
    i->context = head + 1;
    i->is_metered = code->is_metered;
    fill(n, i, &code->layout, i->context);
    set_code(i, code);
    return ST_OK;
}

void native_instance_free(struct rt_instance *i)
{
    struct native_state *n = i->store->native_state;
    struct native_context_head *head = (struct native_context_head *)i->context - 1;

    if (n != NULL)
        drop_region(n, head->code);
    mem_free(head);
    i->context = NULL;
}
