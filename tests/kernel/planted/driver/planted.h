/*
 * What user space says to /dev/planted, a driver full of bugs. Behind it are
 *   device    an open file of /dev/planted; owns objects
 *   object    a number, valid for one device; has a buffer, a note, a label
 *   channel   a file of its own; has a bound object, a queue, a ring, a meter
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PLANTED_H
#define PLANTED_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct planted_create {
    __u32 size; /* of the buffer: 1 to PLANTED_BUFFER_MAX bytes */
    __u32 id;   /* out */
};

struct planted_mode {
    __u32 from, to; /* PLANTED_IDLE and so on */
};

struct planted_rate {
    __u32 total, parts;
};

struct planted_cell {
    __u32 id, offset, value;
};

struct planted_patch {
    __u32 magic;
    __u32 id, offset, value;
};

struct planted_select {
    __u32 key;
    __u32 row;
};

struct planted_token {
    __u8 bytes[16];
};

struct planted_pair {
    __u32 from, to;
};

struct planted_note {
    __u32 id, size;
    __u64 data; /* pointer to size bytes */
};

struct planted_label {
    __u32 id;
    char text[28];
};

struct planted_scan {
    __u32 id, start, end, step;
};

struct planted_fill {
    __u32 id, value;
};

/* A message holds records; a record of kind PLANTED_GROUP holds items. */
struct planted_message {
    __u32 bytes; /* of all of it, this head included */
    __u16 count; /* of records */
    __u16 reserved;
};

struct planted_record {
    __u16 kind;
    __u16 bytes; /* of what follows, a multiple of 4 */
};

struct planted_item {
    __u8 type;
    __u8 bytes; /* of what follows */
};

enum { PLANTED_IDLE, PLANTED_READY, PLANTED_BUSY, PLANTED_BROKEN };
enum { PLANTED_PADDING, PLANTED_NUMBER, PLANTED_GROUP };           /* kinds of records */
enum { PLANTED_ITEM_END, PLANTED_ITEM_COLOUR, PLANTED_ITEM_NAME }; /* types of items */
enum { PLANTED_BUFFER_MAX = 512, PLANTED_NOTE_MAX = 256, PLANTED_MESSAGE_MAX = 1024 };

/* on the device */
#define PLANTED_CREATE    _IOWR('Y', 0x01, struct planted_create)
#define PLANTED_DESTROY   _IO('Y', 0x02) /* the argument is an object */
#define PLANTED_CHANNEL   _IO('Y', 0x03) /* makes a channel, returns its file descriptor */
#define PLANTED_MODE      _IOW('Y', 0x04, struct planted_mode)
#define PLANTED_RATE      _IOW('Y', 0x05, struct planted_rate)
#define PLANTED_READ_CELL _IOWR('Y', 0x06, struct planted_cell)
#define PLANTED_PATCH     _IOW('Y', 0x07, struct planted_patch)
#define PLANTED_SELECT    _IOW('Y', 0x08, struct planted_select)
#define PLANTED_UNLOCK    _IOW('Y', 0x09, struct planted_token)
#define PLANTED_LINK      _IOW('Y', 0x0a, struct planted_pair)
#define PLANTED_SET_NOTE  _IOW('Y', 0x0b, struct planted_note)
#define PLANTED_DROP_NOTE _IO('Y', 0x0c) /* the argument is an object */
#define PLANTED_LABEL     _IOW('Y', 0x0d, struct planted_label)
#define PLANTED_RESIZE    _IOW('Y', 0x0e, struct planted_create)
#define PLANTED_FILL      _IOW('Y', 0x0f, struct planted_fill)

/* on a channel; write() of a planted_message parses it */
#define PLANTED_BIND  _IO('Y', 0x20) /* the argument is an object */
#define PLANTED_PEEK  _IO('Y', 0x21)
#define PLANTED_QUEUE _IO('Y', 0x22) /* the argument is an object */
#define PLANTED_SCAN  _IOW('Y', 0x23, struct planted_scan)
#define PLANTED_METER _IO('Y', 0x24) /* the argument is a scale */
#define PLANTED_LEVEL _IO('Y', 0x25)
#define PLANTED_RING  _IO('Y', 0x26) /* the argument is a number of slots */
#define PLANTED_PUSH  _IO('Y', 0x27) /* the argument is a value */

#endif /* PLANTED_H */
