/* planted: /dev/planted and its commands. The bugs are in bugs.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include "planted_int.h"

#include <asm/unaligned.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/miscdevice.h>

void planted_device_release(struct kref *refs)
{
    struct planted_device *dev = container_of(refs, struct planted_device, refs);

    for (u32 i = 0; i < OBJECT_COUNT_MAX; i++)
        if (dev->objects[i] != NULL)
            kref_put(&dev->objects[i]->refs, planted_object_release);
    kfree(dev);
}

/* What a command of the device copies in; the largest member decides. */
union planted_argument {
    struct planted_create create;
    struct planted_mode mode;
    struct planted_rate rate;
    struct planted_cell cell;
    struct planted_patch patch;
    struct planted_select select;
    struct planted_token token;
    struct planted_pair pair;
    struct planted_note note;
    struct planted_label label;
    struct planted_fill fill;
};

static int planted_patch(struct planted_device *dev, const struct planted_patch *arg)
{
    struct planted_object *o;

    if (arg->magic != 0xb7c5196d)
        return -EPERM;
    o = planted_object_find(dev, arg->id);
    return o == NULL ? -ENOENT : planted_oob_write(o, arg->offset, arg->value);
}

static int planted_unlock(struct planted_device *dev, const struct planted_token *arg)
{
    if (get_unaligned_le64(arg->bytes) != 0x8d21f0a364c97eb5)
        return -EPERM;
    if (get_unaligned_le64(arg->bytes + 8) != 0x37e4b81c59d60fa2)
        return -EACCES;
    return planted_bug_unlock(dev);
}

static int planted_select(const struct planted_select *arg)
{
    return arg->key == 0x9d3c71e5 ? planted_index_row(arg->row) : -EPERM;
}

/* With the lock held. */
static int device_command(struct planted_device *dev, unsigned int cmd, union planted_argument *arg)
{
    struct planted_object *o = NULL;

    switch (cmd) {
    case PLANTED_CREATE: return planted_create(dev, &arg->create);
    case PLANTED_MODE: return planted_warn_mode(dev, arg->mode.from, arg->mode.to);
    case PLANTED_RATE: return planted_divide_rate(arg->rate.total, arg->rate.parts);
    case PLANTED_PATCH: return planted_patch(dev, &arg->patch);
    case PLANTED_SELECT: return planted_select(&arg->select);
    case PLANTED_UNLOCK: return planted_unlock(dev, &arg->token);
    case PLANTED_READ_CELL:
        o = planted_object_find(dev, arg->cell.id);
        return o == NULL ? -ENOENT : planted_oob_read(o, arg->cell.offset, &arg->cell.value);
    case PLANTED_SET_NOTE:
        o = planted_object_find(dev, arg->note.id);
        return o == NULL ? -ENOENT : planted_set_note(o, &arg->note);
    case PLANTED_LABEL:
        o = planted_object_find(dev, arg->label.id);
        return o == NULL ? -ENOENT : planted_leak_label(o, &arg->label);
    case PLANTED_RESIZE:
        o = planted_object_find(dev, arg->create.id);
        return o == NULL ? -ENOENT : planted_resize(o, arg->create.size);
    default: return -ENOTTY;
    }
}

/* The two that wait, and so must not hold the lock. */
static int device_waiting_command(struct planted_device *dev, unsigned int cmd,
                                  const union planted_argument *arg)
{
    bool links = cmd == PLANTED_LINK;
    struct planted_object *from = planted_object_get(dev, links ? arg->pair.from : arg->fill.id);
    struct planted_object *to = links ? planted_object_get(dev, arg->pair.to) : NULL;
    int result = -ENOENT;

    if (from != NULL && links && to != NULL)
        result = planted_hang_link(from, to);
    else if (from != NULL && !links)
        result = planted_race_fill(from, arg->fill.value);
    planted_object_put(dev, to);
    planted_object_put(dev, from);
    return result;
}

/* The commands whose argument is a number. */
static int device_number_command(struct planted_device *dev, unsigned int cmd, unsigned long arg)
{
    struct planted_object *o;
    int result = -ENOENT;

    if (cmd == PLANTED_CHANNEL)
        return planted_channel(dev);
    mutex_lock(&dev->lock);
    o = planted_object_find(dev, (u32)arg);
    if (cmd == PLANTED_DESTROY)
        result = planted_destroy(dev, (u32)arg);
    else if (o != NULL)
        result = o->note == NULL ? -ENODATA : planted_double_free(o);
    mutex_unlock(&dev->lock);
    return result;
}

static long planted_device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
    struct planted_device *dev = file->private_data;
    union planted_argument copy = {0};
    int result;

    if (cmd == PLANTED_CHANNEL || cmd == PLANTED_DESTROY || cmd == PLANTED_DROP_NOTE)
        return device_number_command(dev, cmd, arg);
    if (_IOC_SIZE(cmd) > sizeof(copy))
        return -ENOTTY;
    if (copy_from_user(&copy, (const void __user *)arg, _IOC_SIZE(cmd)) != 0)
        return -EFAULT;
    if (cmd == PLANTED_LINK || cmd == PLANTED_FILL)
        return device_waiting_command(dev, cmd, &copy);
    mutex_lock(&dev->lock);
    result = device_command(dev, cmd, &copy);
    mutex_unlock(&dev->lock);
    if (result >= 0 && (_IOC_DIR(cmd) & _IOC_READ) != 0 &&
        copy_to_user((void __user *)arg, &copy, _IOC_SIZE(cmd)) != 0)
        return -EFAULT;
    return result;
}

static int device_open(struct inode *inode, struct file *file)
{
    struct planted_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

    if (dev == NULL)
        return -ENOMEM;
    kref_init(&dev->refs);
    mutex_init(&dev->lock);
    file->private_data = dev;
    return 0;
}

static int device_close(struct inode *inode, struct file *file)
{
    struct planted_device *dev = file->private_data;

    kref_put(&dev->refs, planted_device_release);
    return 0;
}

static const struct file_operations device_operations = {
    .owner = THIS_MODULE,
    .open = device_open,
    .unlocked_ioctl = planted_device_ioctl,
    .release = device_close,
};

static struct miscdevice planted_misc = {
    .minor = MISC_DYNAMIC_MINOR,
    .name = "planted",
    .fops = &device_operations,
    .mode = 0666,
};

builtin_misc_device(planted_misc);
