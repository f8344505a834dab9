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
 * SPDX-License-Identifier: Apache-2.0
 */
#include "planted_int.h"

#include <linux/bug.h>
#include <linux/delay.h>

#define BUG_FUNCTION noinline __noclone

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
