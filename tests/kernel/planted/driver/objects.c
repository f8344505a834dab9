/* objects: the numbered things of a device.
 * SPDX-License-Identifier: Apache-2.0 */
#include "planted_int.h"

void planted_object_release(struct kref *refs)
{
    struct planted_object *o = container_of(refs, struct planted_object, refs);

    if (o->queued_on != NULL)
        list_del(&o->link);
    if (o->has_note)
        kfree(o->note);
    kfree(o->buffer);
    kfree(o);
}

/* With the lock held, as every put of an object. */
struct planted_object *planted_object_find(struct planted_device *dev, u32 id)
{
    u32 slot = id - FIRST_ID;

    for (u32 i = 0; slot < dev->made && i < OBJECT_COUNT_MAX; i++)
        if (dev->objects[i] != NULL && dev->objects[i]->id == id)
            return dev->objects[i];
    return NULL;
}

struct planted_object *planted_object_get(struct planted_device *dev, u32 id)
{
    struct planted_object *o;

    mutex_lock(&dev->lock);
    o = planted_object_find(dev, id);
    if (o != NULL)
        kref_get(&o->refs);
    mutex_unlock(&dev->lock);
    return o;
}

void planted_object_put(struct planted_device *dev, struct planted_object *o)
{
    if (o == NULL)
        return;
    mutex_lock(&dev->lock);
    kref_put(&o->refs, planted_object_release);
    mutex_unlock(&dev->lock);
}

int planted_create(struct planted_device *dev, struct planted_create *arg)
{
    struct planted_object *o;
    u32 slot = 0;

    if (arg->size == 0 || arg->size > PLANTED_BUFFER_MAX)
        return -EINVAL;
    while (slot < OBJECT_COUNT_MAX && dev->objects[slot] != NULL)
        slot++;
    if (slot == OBJECT_COUNT_MAX)
        return -ENOSPC;
    o = kzalloc(sizeof(*o), GFP_KERNEL);
    if (o == NULL)
        return -ENOMEM;
    o->buffer = kzalloc(arg->size, GFP_KERNEL);
    if (o->buffer == NULL) {
        kfree(o);
        return -ENOMEM;
    }
    kref_init(&o->refs);
    mutex_init(&o->link_lock);
    INIT_LIST_HEAD(&o->link);
    o->size = arg->size;
    o->id = FIRST_ID + dev->made++;
    dev->objects[slot] = o;
    arg->id = o->id;
    return 0;
}

int planted_destroy(struct planted_device *dev, u32 id)
{
    for (u32 i = 0; i < OBJECT_COUNT_MAX; i++) {
        struct planted_object *o = dev->objects[i];
        if (o == NULL || o->id != id)
            continue;
        dev->objects[i] = NULL;
        kref_put(&o->refs, planted_object_release);
        return 0;
    }
    return -ENOENT;
}

int planted_resize(struct planted_object *o, u32 size)
{
    u8 *buffer;
    u8 *old = o->buffer;

    if (size == 0 || size > PLANTED_BUFFER_MAX)
        return -EINVAL;
    buffer = kzalloc(size, GFP_KERNEL);
    if (buffer == NULL)
        return -ENOMEM;
    o->size = size;
    WRITE_ONCE(o->buffer, buffer);
    kfree(old);
    return 0;
}

int planted_set_note(struct planted_object *o, const struct planted_note *arg)
{
    u8 *note;

    if (arg->size == 0 || arg->size > PLANTED_NOTE_MAX)
        return -EINVAL;
    if (o->has_note)
        return -EBUSY;
    note = memdup_user(u64_to_user_ptr(arg->data), arg->size);
    if (IS_ERR(note))
        return (int)PTR_ERR(note);
    o->note = note;
    o->has_note = true;
    return 0;
}
