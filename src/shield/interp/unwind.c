/* unwind: finds who catches an exception, and makes that frame the innermost one.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/interp_int.h"

#include <assert.h>
#include <string.h>

/* The innermost region that holds a word. Regions are sorted by where they begin and nest. */
static uint32_t find_region(const struct interp_code *code, uint32_t word)
{
    uint32_t low = 0, high = code->region_count; /* the last that begins at or before the word */

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (code->regions[middle].begin <= word)
            low = middle + 1;
        else
            high = middle;
    }
    uint32_t region = low == 0 ? INTERP_NO_REGION : low - 1;
    while (region != INTERP_NO_REGION && word >= code->regions[region].end)
        region = code->regions[region].outer;
    return region;
}

static const struct interp_clause *find_clause(const struct interp_cx *cx,
                                               const struct interp_code *code, uint32_t *region,
                                               const struct rt_tag *tag)
{
    for (; *region != INTERP_NO_REGION; *region = code->regions[*region].parent) {
        for (uint32_t i = code->regions[*region].first_clause; i != INTERP_NO_CLAUSE;
             i = code->clauses[i].next) {
            const struct interp_clause *c = &code->clauses[i];
            if (c->is_all || cx->instance->tags[c->tag] == tag)
                return c;
        }
    }
    return NULL;
}

/* Stores the payload where the clause wants it, then takes the exception from the store. */
static void deliver(struct interp_cx *cx, const struct interp_code *code,
                    const struct interp_clause *c, uint32_t exception_slot)
{
    uint64_t ref = cx->store->exception;
    const struct rt_object *object = rt_object_of(cx->store, ref);
    const struct rt_exception *e = (const struct rt_exception *)(const void *)object->payload;
    const struct rt_type *type = rt_registry_type(cx->store->engine->types, e->tag->type_id);
    uint32_t first = c->values_first, count = c->value_count - c->with_ref;

    for (uint32_t i = 0; i < count; i++)
        memcpy(cx->fp + code->values[first + i], &e->values[i],
               wm_kind(type->params[i]) == WM_KIND_V128 ? 16 : 8);
    if (c->with_ref)
        memcpy(cx->fp + code->values[first + count], &ref, sizeof(ref));
    if (exception_slot != INTERP_NO_SLOT)
        memcpy(cx->fp + exception_slot, &ref, sizeof(ref));
    cx->store->exception = RT_NULL;
    cx->pc = code->code + c->target;
}

enum status interp_unwind(struct interp_cx *cx, const struct interp_frame *entry)
{
    struct rt_object *object = rt_object_of(cx->store, cx->store->exception);
    const struct rt_tag *tag = ((struct rt_exception *)(void *)object->payload)->tag;
    uint32_t back = 0; /* in callers pc is behind the call */

    for (;; back = 1) {
        struct interp_frame *f = cx->frame;
        if (f->code == NULL) { /* a bridge: the frame below belongs to another instance */
            interp_enter_instance(cx, f->instance);
        } else {
            uint32_t region = find_region(f->code, (uint32_t)(cx->pc - f->code->code) - back);
            const struct interp_clause *c = find_clause(cx, f->code, &region, tag);
            if (c != NULL) {
                deliver(cx, f->code, c, f->code->regions[region].exception_slot);
                return ST_OK;
            }
        }
        if (f == entry)
            return ST_EXCEPTION;
        cx->pc = f->return_pc;
        cx->fp = f->fp;
        cx->frame--;
    }
}
