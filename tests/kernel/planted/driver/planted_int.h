/*
 * What the files of the driver share.
 *
 * Locking: planted_device.lock guards the table of objects and all fields of objects and channels.
 * Whoever must wait takes a reference and lets go of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PLANTED_INT_H
#define PLANTED_INT_H

#include "planted.h"

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

enum {
    OBJECT_COUNT_MAX = 32,
    FIRST_ID = 0x4100, /* not a number that comes up by itself */
    RING_SLOTS_MAX = 64,
    RING_SLOTS_FIRST = 16,
    SCAN_END_MAX = 4096,
    SCALE_MAX = 1000,
    PAUSE_US_MIN = 10000, /* the window of the race: an emulated machine needs 1 ms for a call */
    PAUSE_US_MAX = 15000,
};

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

/* ---- bugs.c: each does what its name says when nobody has looked at the arguments ---- */

int planted_warn_mode(struct planted_device *dev, u32 from, u32 to);
int planted_divide_rate(u32 total, u32 parts);
int planted_null_level(struct planted_channel *ch);
int planted_oob_read(const struct planted_object *o, u32 offset, u32 *value);
int planted_oob_write(struct planted_object *o, u32 offset, u32 value);
int planted_index_row(u32 row);
int planted_bug_unlock(const struct planted_device *dev);
int planted_stack_write(const u8 *data, u32 size);
int planted_uaf_read(const struct planted_channel *ch);
int planted_uaf_write(struct planted_channel *ch, u32 value);
int planted_double_free(struct planted_object *o);
int planted_list_queue(struct planted_channel *ch, struct planted_object *o);
int planted_hang_link(struct planted_object *from, struct planted_object *to);
int planted_endless_scan(struct planted_channel *ch, u32 start, u32 end, u32 step);
int planted_leak_label(struct planted_object *o, const struct planted_label *label);
int planted_race_fill(struct planted_object *o, u32 value);

/* ---- objects.c: with the lock held, but for get and put, which take it ---- */

struct planted_object *planted_object_find(struct planted_device *dev, u32 id);
struct planted_object *planted_object_get(struct planted_device *dev, u32 id);
void planted_object_put(struct planted_device *dev, struct planted_object *o);
void planted_object_release(struct kref *refs);
int planted_create(struct planted_device *dev, struct planted_create *arg);
int planted_destroy(struct planted_device *dev, u32 id);
int planted_resize(struct planted_object *o, u32 size);
int planted_set_note(struct planted_object *o, const struct planted_note *arg);

/* ---- message.c: 0, or a negative error ---- */

int planted_parse(const u8 *message, u32 size);

/* ---- channel.c: makes one, returns its file descriptor ---- */

int planted_channel(struct planted_device *dev);

/* ---- planted.c ---- */

void planted_device_release(struct kref *refs);

#endif /* PLANTED_INT_H */
