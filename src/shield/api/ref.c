/* ref: handles that keep host values and GC objects alive, and a look inside those.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"

#include "base/mem.h"

/* A handle for what raw means, as the out parameter of the public functions. */
static enum mujun_status ref_out(struct mujun_store *s, uint64_t raw, struct mujun_ref **out,
                                 struct mujun_error **err)
{
    enum status st = api_ref_new(s, raw, out);
    return st == ST_OK ? api_ok(err) : api_fail(err, st, "for a reference");
}

enum mujun_status mujun_externref_new(struct mujun_store *store, void *data,
                                      void (*release)(void *data), struct mujun_ref **out,
                                      struct mujun_error **err)
{
    uint64_t raw = RT_NULL;
    enum status st = rt_host_ref_new(store->rt, data, release, &raw);

    if (st != ST_OK) {
        if (release != NULL)
            release(data);
        return api_ended(err, st, store, NULL);
    }
    return ref_out(store, raw, out, err); /* without a handle the heap releases it */
}

void *mujun_externref_data(const struct mujun_ref *ref)
{
    return mujun_ref_kind(ref) == MUJUN_REF_HOST
               ? rt_host_ref_data(ref->store->rt, api_ref_raw(ref))
               : NULL;
}

enum mujun_status mujun_i31_new(struct mujun_store *store, int32_t value, struct mujun_ref **out,
                                struct mujun_error **err)
{
    return ref_out(store, rt_i31((uint32_t)value), out, err);
}

int32_t mujun_i31_value(const struct mujun_ref *ref)
{
    uint64_t raw = api_ref_raw(ref);
    return rt_is_i31(raw) ? rt_i31_get_s(raw) : 0;
}

enum mujun_ref_kind mujun_ref_kind(const struct mujun_ref *ref)
{
    uint64_t raw = api_ref_raw(ref);

    if (rt_is_i31(raw))
        return MUJUN_REF_I31;
    switch (rt_object_of(ref->store->rt, raw)->kind) {
    case RT_OBJECT_STRUCT: return MUJUN_REF_STRUCT;
    case RT_OBJECT_ARRAY: return MUJUN_REF_ARRAY;
    case RT_OBJECT_EXCEPTION: return MUJUN_REF_EXCEPTION;
    default: return MUJUN_REF_HOST;
    }
}

bool mujun_ref_equal(const struct mujun_ref *a, const struct mujun_ref *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return a->store == b->store && api_ref_raw(a) == api_ref_raw(b);
}

struct mujun_ref *mujun_ref_clone(const struct mujun_ref *ref)
{
    struct mujun_ref *copy = NULL;

    if (ref == NULL || api_ref_new(ref->store, api_ref_raw(ref), &copy) != ST_OK)
        return NULL;
    return copy;
}

void mujun_ref_free(struct mujun_ref *ref)
{
    if (ref == NULL)
        return;
    rt_handle_free(ref->store->rt, ref->handle);
    mem_free(ref);
}

/* One field, element or payload value of an object. */
struct slot {
    struct wm_valtype type;
    const struct rt_field_layout *field; /* of a struct or array */
    uint8_t *at;
};

static uint32_t length_of(const struct rt_store *s, const struct rt_object *o)
{
    switch (o->kind) {
    case RT_OBJECT_STRUCT: return rt_registry_type(s->engine->types, o->type_id)->field_count;
    case RT_OBJECT_ARRAY:
    case RT_OBJECT_EXCEPTION: return o->length;
    default: return 0;
    }
}

uint32_t mujun_ref_length(const struct mujun_ref *ref)
{
    struct rt_store *s = ref->store->rt;
    uint64_t raw = api_ref_raw(ref);

    return rt_is_i31(raw) ? 0 : length_of(s, rt_object_of(s, raw));
}

/* index is below the length. */
static struct slot slot_of(struct rt_store *s, struct rt_object *o, uint32_t index)
{
    if (o->kind == RT_OBJECT_EXCEPTION) {
        struct rt_exception *x = (struct rt_exception *)(void *)o->payload;
        const struct rt_type *t = rt_registry_type(s->engine->types, x->tag->type_id);
        return (struct slot){t->params[index], NULL, (uint8_t *)&x->values[index]};
    }
    const struct rt_type *t = rt_registry_type(s->engine->types, o->type_id);
    if (o->kind == RT_OBJECT_STRUCT)
        return (struct slot){t->fields[index].type, &t->fields[index],
                             o->payload + t->fields[index].offset};
    return (struct slot){t->fields[0].type, &t->fields[0],
                         o->payload + ((size_t)index << t->fields[0].size_log2)};
}

static enum mujun_status outside(const struct mujun_ref *ref, uint32_t index,
                                 struct mujun_error **err)
{
    return api_fail(err, ST_USAGE, "item %u of an object that has %u", index,
                    mujun_ref_length(ref));
}

enum mujun_status mujun_ref_get(const struct mujun_ref *ref, uint32_t index, union mujun_value *out,
                                enum mujun_kind *kind, struct mujun_error **err)
{
    struct rt_store *s = ref->store->rt;

    if (index >= mujun_ref_length(ref))
        return outside(ref, index, err);
    struct slot slot = slot_of(s, rt_object_of(s, api_ref_raw(ref)), index);
    union rt_value value;
    if (slot.field == NULL)
        value = *(union rt_value *)(void *)slot.at;
    else
        value = rt_field_get(slot.at, slot.field, false);
    enum status st = api_value_out(ref->store, slot.type, &value, out);
    if (st != ST_OK)
        return api_fail(err, st, "for a reference");
    if (kind != NULL)
        *kind = api_kind_of(s->engine->types, slot.type);
    return api_ok(err);
}

enum mujun_status mujun_ref_set(struct mujun_ref *ref, uint32_t index, union mujun_value value,
                                struct mujun_error **err)
{
    struct rt_store *s = ref->store->rt;
    union rt_value in;
    struct diag dg = {0};

    if (index >= mujun_ref_length(ref))
        return outside(ref, index, err);
    struct slot slot = slot_of(s, rt_object_of(s, api_ref_raw(ref)), index);
    if (slot.field == NULL || !slot.field->is_mutable)
        return api_fail(err, ST_USAGE, "item %u is immutable", index);
    enum status st = api_value_in(ref->store, slot.type, &value, &in, &dg);
    if (st != ST_OK)
        return api_refuse(err, st, &dg);
    rt_field_set(slot.at, slot.field, in);
    return api_ok(err);
}

struct mujun_tag *mujun_ref_tag(const struct mujun_ref *ref)
{
    if (mujun_ref_kind(ref) != MUJUN_REF_EXCEPTION)
        return NULL;
    struct rt_object *o = rt_object_of(ref->store->rt, api_ref_raw(ref));
    return api_tag_of(((struct rt_exception *)(void *)o->payload)->tag);
}
