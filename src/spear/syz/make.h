/* make: what the files that make and mutate programs share. A maker knows what the calls before a
 * position offer (results, file names, strings, memory in use), and makes the arguments of the call
 * that comes next. All of it lives in the program's arena.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_MAKE_H
#define SPEAR_SYZ_MAKE_H

#include "spear/syz/memory.h"
#include "spear/syz/mutate.h"
#include "spear/syz/prog_int.h"

enum {
    MAKE_NEST_MAX = 24,         /* types within each other; deeper ones get their default */
    MAKE_ARRAY_NEST_MAX = 2,    /* a type within itself, through arrays */
    MAKE_PTR_NEST_MAX = 3,      /* the same through pointers that may be NULL */
    MAKE_ARGS_MAX = 2000,       /* of one call; past it, arrays are short and pointers NULL */
    MAKE_RESOURCE_NEST_MAX = 3, /* calls made for a resource of a call made for a resource ... */
    MAKE_ARRAY_MAX = 10,        /* elements, when the description gives no range */
    MAKE_NAMES_MAX = 64,        /* file names and strings remembered */
    MAKE_ARG_BYTES = 32,        /* that an argument takes when encoded, beside its data */
};

struct make_names {
    struct str items[MAKE_NAMES_MAX];
    uint32_t count;
};

struct make_result {
    struct syz_arg *arg;
    const struct syz_resource *kind; /* of arg, at hand */
};

struct syz_maker {
    struct arena *a;
    struct rng *rng;
    const struct syz_random *how;
    const struct syz_target *target;
    struct syz_prog *p;
    uint32_t at; /* the call being made goes before this one; calls made for it move it on */
    struct syz_memory *memory;
    struct make_result *results; /* made by the calls before `at`, oldest first */
    uint32_t result_count, result_capacity;
    struct make_names files, strings;
    const struct syz_type *open[MAKE_NEST_MAX]; /* types being made, outermost first */
    uint32_t open_count;
    uint32_t arg_count;     /* made for this call so far */
    uint32_t resource_nest; /* of calls made for resources */
};

/* ---- choice.c ---- */
const struct syz_target *syz_choice_target(const struct syz_choice *c);

/* ---- make.c ---- */

/* Reads what the first `at` calls of p offer. */
void make_open(struct syz_maker *m, struct syz_prog *p, const struct syz_random *how, uint32_t at);
/* The same, later: the program has changed up to there. */
void make_reopen(struct syz_maker *m, uint32_t at);
struct syz_arg *make_arg(struct syz_maker *m, const struct syz_type *type, enum syz_dir dir);
/* Makes a call, after those that it needs, at m->at, which moves past it. Returns its index. */
uint32_t make_call(struct syz_maker *m, const struct syz_call *call);
/* Puts a step at m->at, which moves on, and takes note of what it offers. */
void make_emit(struct syz_maker *m, struct syz_step step);
bool make_may_add_calls(const struct syz_maker *m);
/* Drops calls from the end until the program can be encoded and has at most so many. */
void make_limit(struct syz_prog *p, uint32_t calls_max);
/* Memory for what a pointer leads to: an offset into the data region. */
uint64_t make_place(struct syz_maker *m, const struct syz_arg *to);
/* An address that means something to every kernel. */
uint64_t make_special(struct syz_maker *m);

/* ---- make_number.c ---- */
uint64_t make_random(struct rng *r);
uint64_t make_int(struct rng *r, uint32_t bits);
/* Of an INT type. */
uint64_t make_ranged(struct rng *r, const struct syz_type *type);
/* old: the value now, 0 when there is none. */
uint64_t make_flags(struct rng *r, const struct syz_flags *flags, uint64_t old);
uint32_t make_array_count(struct rng *r);
/* Whether make_int() finds it quickly by itself. */
bool make_is_special(uint64_t value);
uint32_t make_bits(const struct syz_type *type); /* of a scalar's value */
uint64_t make_truncate(uint64_t value, uint32_t bits);

/* ---- make_buffer.c ---- */
void make_buffer(struct syz_maker *m, struct syz_arg *arg);
uint64_t make_blob_size(struct rng *r, const struct syz_type *type);
void make_remember(struct make_names *names, struct str name);

/* ---- make_text.c: machine code ---- */
enum syz_text_kind make_text_kind(const struct syz_target *t, enum syz_text_kind kind);
void make_text(struct rng *r, enum syz_text_kind kind, struct buf *out);
void make_text_mutate(struct rng *r, enum syz_text_kind kind, struct buf *code);

/* ---- make_blind.c: what random numbers alone would do ---- */
struct syz_arg *make_blind(struct syz_maker *m, const struct syz_type *type, enum syz_dir dir);

/* ---- make_resource.c ---- */
struct syz_arg *make_resource(struct syz_maker *m, const struct syz_type *type, enum syz_dir dir);

/* ---- prog_needed.c ---- */

/* Marks the step and every call whose results it uses, directly or through others. */
void prog_needed(struct syz_prog *p, uint32_t step, bool needed[SYZ_CALLS_MAX]);
/* Marks the step and every call that shares results or file names with it, directly or through
 * others, before it or after. */
void prog_related(struct syz_prog *p, uint32_t step, bool related[SYZ_CALLS_MAX]);

/* ---- mutate_data.c ---- */

/* Changes bytes in place; sizes stay within min and max. */
void mutate_data(struct rng *r, struct buf *data, uint64_t min, uint64_t max);
/* Changes one thing; false when that was not possible. */
bool mutate_data_once(struct rng *r, struct buf *data, uint64_t min, uint64_t max);
/* ---- mutate_image.c ---- */

/* The bytes of a compressed image, NULL when it is broken or too large. Free them. */
uint8_t *image_unpack(const uint8_t *packed, uint64_t packed_size, uint64_t *size);
void image_free(uint8_t *image);
/* Writes the low bytes of value, the least significant first. False as mutate_image(). */
bool image_replace(struct arena *a, struct syz_arg *arg, uint64_t at, uint64_t value,
                   uint32_t bytes);
/* A compressed image; when it cannot be unpacked, its bytes are left alone and false returned. */
bool mutate_image(struct syz_maker *m, struct syz_arg *arg);
/* A small compressed image of random content. */
struct str make_image(struct syz_maker *m);

/* ---- mutate_arg.c ---- */

/* Changes one argument of the call, which stands at step; may insert calls before it. False when
 * there is nothing that could be changed. */
bool mutate_step(struct syz_maker *m, uint32_t step);
/* How worthwhile it is to mutate arguments of this call; 0: not at all. */
uint64_t mutate_weight(struct syz_step *step);

#endif /* SPEAR_SYZ_MAKE_H */
