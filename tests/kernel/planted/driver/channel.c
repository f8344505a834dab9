/* channel: files that are made by the device, and their commands.
 * SPDX-License-Identifier: Apache-2.0 */
#include "planted_int.h"

#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>

static int channel_release(struct inode *inode, struct file *file)
{
    struct planted_channel *ch = file->private_data;
    struct planted_object *o, *next;

    mutex_lock(&ch->device->lock);
    list_for_each_entry_safe(o, next, &ch->queue, link)
    {
        list_del_init(&o->link);
        o->queued_on = NULL;
    }
    mutex_unlock(&ch->device->lock);
    if (!ch->ring_is_gone)
        kfree(ch->ring);
    kfree(ch->meter);
    kref_put(&ch->device->refs, planted_device_release);
    kfree(ch);
    return 0;
}

static ssize_t channel_write(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
    u8 *message;
    int result;

    if (size > PLANTED_MESSAGE_MAX)
        return -E2BIG;
    message = memdup_user(from, size);
    if (IS_ERR(message))
        return PTR_ERR(message);
    result = planted_parse(message, (u32)size);
    kfree(message);
    return result < 0 ? result : (ssize_t)size;
}

/* The old ring is given back before the new one is there: planted_uaf_write. */
static int planted_ring(struct planted_channel *ch, unsigned long slots)
{
    if (slots == 0 || slots > RING_SLOTS_MAX)
        return -EINVAL;
    if (!ch->ring_is_gone)
        kfree(ch->ring);
    ch->ring_is_gone = true;
    u32 *ring = kcalloc(slots, sizeof(*ring), GFP_KERNEL);
    if (ring == NULL)
        return -ENOMEM;
    ch->ring = ring;
    ch->ring_is_gone = false;
    ch->ring_slots = (u32)slots;
    return 0;
}

static int planted_meter(struct planted_channel *ch, unsigned long scale)
{
    if (scale == 0 || scale > SCALE_MAX)
        return -EINVAL;
    if (ch->meter == NULL)
        ch->meter = kzalloc(sizeof(*ch->meter), GFP_KERNEL);
    if (ch->meter == NULL)
        return -ENOMEM;
    ch->meter->scale = (u32)scale;
    return 0;
}

static int planted_bind(struct planted_channel *ch, u32 id)
{
    struct planted_object *o = planted_object_find(ch->device, id);

    if (o == NULL)
        return -ENOENT;
    ch->bound = o;
    ch->bound_id = id;
    return 0;
}

static int planted_queue(struct planted_channel *ch, u32 id)
{
    struct planted_object *o = planted_object_find(ch->device, id);

    if (o == NULL)
        return -ENOENT;
    if (o->queued_on != NULL && o->queued_on != ch)
        return -EBUSY;
    return planted_list_queue(ch, o);
}

static int planted_scan(struct planted_channel *ch, const void __user *from)
{
    struct planted_scan arg;

    if (copy_from_user(&arg, from, sizeof(arg)) != 0)
        return -EFAULT;
    if (ch->bound_id == 0 || arg.id != ch->bound_id)
        return -ENOENT;
    if (arg.end > SCAN_END_MAX || arg.start >= arg.end)
        return -EINVAL;
    return planted_endless_scan(ch, arg.start, arg.end, arg.step);
}

static int channel_command(struct planted_channel *ch, unsigned int cmd, unsigned long arg)
{
    switch (cmd) {
    case PLANTED_BIND: return planted_bind(ch, (u32)arg);
    case PLANTED_PEEK: return ch->bound == NULL ? -ENOENT : planted_uaf_read(ch);
    case PLANTED_QUEUE: return planted_queue(ch, (u32)arg);
    case PLANTED_METER: return planted_meter(ch, arg);
    case PLANTED_LEVEL: return planted_null_level(ch);
    case PLANTED_RING: return planted_ring(ch, arg);
    case PLANTED_PUSH: return planted_uaf_write(ch, (u32)arg);
    default: return -ENOTTY;
    }
}

static long planted_channel_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
    struct planted_channel *ch = file->private_data;
    int result;

    if (cmd == PLANTED_SCAN)
        return planted_scan(ch, (const void __user *)arg);
    mutex_lock(&ch->device->lock);
    result = channel_command(ch, cmd, arg);
    mutex_unlock(&ch->device->lock);
    return result;
}

static const struct file_operations channel_operations = {
    .owner = THIS_MODULE,
    .write = channel_write,
    .unlocked_ioctl = planted_channel_ioctl,
    .release = channel_release,
};

int planted_channel(struct planted_device *dev)
{
    struct planted_channel *ch = kzalloc(sizeof(*ch), GFP_KERNEL);
    int fd;

    if (ch == NULL)
        return -ENOMEM;
    ch->ring = kcalloc(RING_SLOTS_FIRST, sizeof(*ch->ring), GFP_KERNEL);
    if (ch->ring == NULL) {
        kfree(ch);
        return -ENOMEM;
    }
    ch->ring_slots = RING_SLOTS_FIRST;
    INIT_LIST_HEAD(&ch->queue);
    spin_lock_init(&ch->scan_lock);
    ch->device = dev;
    kref_get(&dev->refs);
    fd = anon_inode_getfd("[planted]", &channel_operations, ch, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        kref_put(&dev->refs, planted_device_release);
        kfree(ch->ring);
        kfree(ch);
    }
    return fd;
}
