/*
 * A device full of bugs, to measure fuzzers with. Every bug sits in a function of its own, never
 * inlined, whose name says what it does wrong, so that the kernel's report names it. The rest of
 * the driver is meant to be right: a crash outside these functions is a mistake in this file.
 *
 * How deep they lie (../planted.def has the titles):
 *   plain   one or two calls with the right field     warn divide null oob_read
 *   chain   calls that need what earlier ones made    uaf_read double_free list hang lockup leak
 *   magic   a number compared here and said nowhere   oob_write index
 *   string  16 such bytes, compared in two halves     bug
 *   nested  lengths within lengths                    stack_write
 *   fault   an allocation that fails                  uaf_write
 *   race    a call within milliseconds of another     race
 *
 * Locking: planted_device.lock guards the table of objects and all fields of objects and channels.
 * Whoever must wait takes a reference and lets go of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "planted.h"

#include <linux/anon_inodes.h>
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <asm/unaligned.h>

enum {
    OBJECT_COUNT_MAX = 32,
    FIRST_ID = 0x4100, /* not a number that comes up by itself */
    RING_SLOTS_MAX = 64,
    RING_SLOTS_FIRST = 16,
    SCAN_END_MAX = 4096,
    SCALE_MAX = 1000,
    PAUSE_US_MIN = 4000, /* the window of the race */
    PAUSE_US_MAX = 8000,
};

#define BUG_FUNCTION static noinline __noclone

struct planted_channel;

struct planted_object {
    struct kref refs;
    u32 id;
    u32 size; /* of buffer */
    u8 *buffer;
    u8 *note;
    bool has_note; /* what the release goes by, so that a note is freed twice in one place only */
    struct mutex link_lock;
    u32 linked_to;
    struct list_head link; /* in the queue of the channel queued_on */
    struct planted_channel *queued_on;
};

struct planted_device {
    struct kref refs; /* its file and its channels */
    struct mutex lock;
    struct planted_object *objects[OBJECT_COUNT_MAX];
    u32 made;
    u32 mode;
};

struct planted_meter {
    u32 scale, level;
};

struct planted_channel {
    struct planted_device *device;
    struct planted_object *bound; /* no reference: planted_uaf_read */
    u32 bound_id;
    struct list_head queue;
    struct planted_meter *meter;
    u32 *ring;
    u32 ring_slots, ring_next;
    bool ring_is_gone; /* what the release goes by, as above */
    spinlock_t scan_lock;
    bool scan_stop;
};

/* ---- the bugs ---- */

/* A state that cannot be left is left. */
BUG_FUNCTION int planted_warn_mode(struct planted_device *dev, u32 from, u32 to)
{
    if (to > PLANTED_BROKEN)
        return -EINVAL;
    if (from == PLANTED_BROKEN && to == PLANTED_READY) {
        WARN(1, "planted: a broken device became ready\n");
        return -EIO;
    }
    dev->mode = to;
    return 0;
}

/* Nobody has looked at parts. */
BUG_FUNCTION int planted_divide_rate(u32 total, u32 parts)
{
    return (int)((total / parts) & 0xffff);
}

/* The meter is made by another call, which may not have come. */
BUG_FUNCTION int planted_null_level(struct planted_channel *ch)
{
    return (int)(READ_ONCE(ch->meter->level) % SCALE_MAX);
}

/* Off by one. */
BUG_FUNCTION int planted_oob_read(const struct planted_object *o, u32 offset, u32 *value)
{
    if (offset > o->size)
        return -ERANGE;
    *value = READ_ONCE(o->buffer[offset]);
    return 0;
}

/* The offset is believed. Kept near, so that the allocator's neighbour is hit, not a page fault. */
BUG_FUNCTION int planted_oob_write(struct planted_object *o, u32 offset, u32 value)
{
    WRITE_ONCE(o->buffer[offset % (PLANTED_BUFFER_MAX * 2)], (u8)value);
    return 0;
}

/* Nobody has looked at row. */
BUG_FUNCTION int planted_index_row(u32 row)
{
    static const u32 rows[8] = {3, 1, 4, 1, 5, 9, 2, 6};

    return (int)rows[row];
}

/* The token opens what should not be there. */
BUG_FUNCTION int planted_bug_unlock(const struct planted_device *dev)
{
    BUG_ON(READ_ONCE(dev->mode) <= PLANTED_BROKEN); /* always */
    return 0;
}

/* The name's length comes from the item; the room for it does not. */
BUG_FUNCTION int planted_stack_write(const u8 *data, u32 size)
{
    u8 name[24] = {0};
    u8 *to = name;
    u32 sum = 0;

    OPTIMIZER_HIDE_VAR(to);
    for (u32 i = 0; i < size; i++)
        WRITE_ONCE(to[i], data[i]);
    for (u32 i = 0; i < sizeof(name); i++)
        sum += READ_ONCE(to[i]);
    return (int)sum;
}

/* The object may be gone since it was bound. */
BUG_FUNCTION int planted_uaf_read(const struct planted_channel *ch)
{
    return (int)(READ_ONCE(ch->bound->size) & 0xffff);
}

/* The ring may be gone since a new one could not be had. */
BUG_FUNCTION int planted_uaf_write(struct planted_channel *ch, u32 value)
{
    WRITE_ONCE(ch->ring[ch->ring_next++ % ch->ring_slots], value);
    return 0;
}

/* The pointer stays behind. */
BUG_FUNCTION int planted_double_free(struct planted_object *o)
{
    kfree(o->note);
    o->has_note = false;
    return 0;
}

/* An object may be queued already. */
BUG_FUNCTION int planted_list_queue(struct planted_channel *ch, struct planted_object *o)
{
    list_add(&o->link, &ch->queue);
    o->queued_on = ch;
    return 0;
}

/* Both may be the same one. */
BUG_FUNCTION int planted_hang_link(struct planted_object *from, struct planted_object *to)
{
    mutex_lock(&from->link_lock);
    mutex_lock(&to->link_lock);
    from->linked_to = to->id;
    mutex_unlock(&to->link_lock);
    mutex_unlock(&from->link_lock);
    return 0;
}

/* A step below 4 is rounded down to none. */
BUG_FUNCTION int planted_endless_scan(struct planted_channel *ch, u32 start, u32 end, u32 step)
{
    u32 seen = 0;

    spin_lock(&ch->scan_lock);
    for (u32 at = start; at < end && !READ_ONCE(ch->scan_stop); at += step & ~3u)
        seen++;
    spin_unlock(&ch->scan_lock);
    return (int)(seen & 0xffff);
}

/* The way out that forgets the copy. */
BUG_FUNCTION int planted_leak_label(struct planted_object *o, const struct planted_label *label)
{
    char *copy = kmalloc(sizeof(label->text) * 4, GFP_KERNEL);

    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, label->text, sizeof(label->text));
    if (copy[0] < 'a' || copy[0] > 'z')
        return -EINVAL;
    kfree(copy);
    return 0;
}

/* Meanwhile the buffer may be replaced by planted_resize(). */
BUG_FUNCTION int planted_race_fill(struct planted_object *o, u32 value)
{
    u8 *buffer = READ_ONCE(o->buffer);

    usleep_range(PAUSE_US_MIN, PAUSE_US_MAX);
    WRITE_ONCE(buffer[0], (u8)value);
    return 0;
}

/* ---- objects ---- */

static void object_release(struct kref *refs)
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
static struct planted_object *object_find(struct planted_device *dev, u32 id)
{
    u32 slot = id - FIRST_ID;

    for (u32 i = 0; slot < dev->made && i < OBJECT_COUNT_MAX; i++)
        if (dev->objects[i] != NULL && dev->objects[i]->id == id)
            return dev->objects[i];
    return NULL;
}

static struct planted_object *object_get(struct planted_device *dev, u32 id)
{
    struct planted_object *o;

    mutex_lock(&dev->lock);
    o = object_find(dev, id);
    if (o != NULL)
        kref_get(&o->refs);
    mutex_unlock(&dev->lock);
    return o;
}

static void object_put(struct planted_device *dev, struct planted_object *o)
{
    if (o == NULL)
        return;
    mutex_lock(&dev->lock);
    kref_put(&o->refs, object_release);
    mutex_unlock(&dev->lock);
}

static int planted_create(struct planted_device *dev, struct planted_create *arg)
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

static int planted_destroy(struct planted_device *dev, u32 id)
{
    for (u32 i = 0; i < OBJECT_COUNT_MAX; i++) {
        struct planted_object *o = dev->objects[i];
        if (o == NULL || o->id != id)
            continue;
        dev->objects[i] = NULL;
        kref_put(&o->refs, object_release);
        return 0;
    }
    return -ENOENT;
}

static int planted_resize(struct planted_object *o, u32 size)
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

static int planted_set_note(struct planted_object *o, const struct planted_note *arg)
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

/* ---- messages ---- */

/* Items fill the group to its end; an END item may stand for the rest. */
static int planted_group(const u8 *at, u32 bytes)
{
    int names = 0;

    while (bytes >= sizeof(struct planted_item)) {
        const struct planted_item *item = (const void *)at;
        if (item->type == PLANTED_ITEM_END)
            break;
        if (item->bytes > bytes - sizeof(*item))
            return -EMSGSIZE;
        if (item->type == PLANTED_ITEM_NAME)
            names += planted_stack_write(at + sizeof(*item), item->bytes) != 0;
        else if (item->type != PLANTED_ITEM_COLOUR || item->bytes != 3)
            return -EINVAL;
        at += sizeof(*item) + item->bytes;
        bytes -= sizeof(*item) + item->bytes;
    }
    return names;
}

static int planted_parse(const u8 *message, u32 size)
{
    const struct planted_message *head = (const void *)message;
    u32 at = sizeof(*head);

    if (size < sizeof(*head) || head->bytes != size || head->reserved != 0)
        return -EINVAL;
    for (u32 i = 0; i < head->count; i++) {
        const struct planted_record *record = (const void *)(message + at);
        int result = 0;
        if (size - at < sizeof(*record) || record->bytes % 4 != 0 ||
            record->bytes > size - at - sizeof(*record))
            return -EMSGSIZE;
        at += sizeof(*record);
        if (record->kind == PLANTED_NUMBER && record->bytes != 4)
            result = -EINVAL;
        else if (record->kind == PLANTED_GROUP)
            result = planted_group(message + at, record->bytes);
        else if (record->kind > PLANTED_GROUP)
            result = -EINVAL;
        if (result < 0)
            return result;
        at += record->bytes;
    }
    return at == size ? 0 : -EBADMSG;
}

/* ---- channels ---- */

static void device_release(struct kref *refs)
{
    struct planted_device *dev = container_of(refs, struct planted_device, refs);

    for (u32 i = 0; i < OBJECT_COUNT_MAX; i++)
        if (dev->objects[i] != NULL)
            kref_put(&dev->objects[i]->refs, object_release);
    kfree(dev);
}

static int channel_release(struct inode *inode, struct file *file)
{
    struct planted_channel *ch = file->private_data;
    struct planted_object *o, *next;

    mutex_lock(&ch->device->lock);
    list_for_each_entry_safe(o, next, &ch->queue, link) {
        list_del_init(&o->link);
        o->queued_on = NULL;
    }
    mutex_unlock(&ch->device->lock);
    if (!ch->ring_is_gone)
        kfree(ch->ring);
    kfree(ch->meter);
    kref_put(&ch->device->refs, device_release);
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
    struct planted_object *o = object_find(ch->device, id);

    if (o == NULL)
        return -ENOENT;
    ch->bound = o;
    ch->bound_id = id;
    return 0;
}

static int planted_queue(struct planted_channel *ch, u32 id)
{
    struct planted_object *o = object_find(ch->device, id);

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

static int planted_channel(struct planted_device *dev)
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
        kref_put(&dev->refs, device_release);
        kfree(ch->ring);
        kfree(ch);
    }
    return fd;
}

/* ---- the device ---- */

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
    o = object_find(dev, arg->id);
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
        o = object_find(dev, arg->cell.id);
        return o == NULL ? -ENOENT : planted_oob_read(o, arg->cell.offset, &arg->cell.value);
    case PLANTED_SET_NOTE:
        o = object_find(dev, arg->note.id);
        return o == NULL ? -ENOENT : planted_set_note(o, &arg->note);
    case PLANTED_LABEL:
        o = object_find(dev, arg->label.id);
        return o == NULL ? -ENOENT : planted_leak_label(o, &arg->label);
    case PLANTED_RESIZE:
        o = object_find(dev, arg->create.id);
        return o == NULL ? -ENOENT : planted_resize(o, arg->create.size);
    default: return -ENOTTY;
    }
}

/* The two that wait, and so must not hold the lock. */
static int device_waiting_command(struct planted_device *dev, unsigned int cmd,
                                  const union planted_argument *arg)
{
    bool links = cmd == PLANTED_LINK;
    struct planted_object *from = object_get(dev, links ? arg->pair.from : arg->fill.id);
    struct planted_object *to = links ? object_get(dev, arg->pair.to) : NULL;
    int result = -ENOENT;

    if (from != NULL && links && to != NULL)
        result = planted_hang_link(from, to);
    else if (from != NULL && !links)
        result = planted_race_fill(from, arg->fill.value);
    object_put(dev, to);
    object_put(dev, from);
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
    o = object_find(dev, (u32)arg);
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

    kref_put(&dev->refs, device_release);
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
