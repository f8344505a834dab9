/* hints: the kernel compared a value of ours with another one, so try the other one.
 *
 * A value may have been cut to fewer bytes, extended with its sign, or read in the other byte order
 * before it was compared; each of those readings is looked up. What it was compared with is taken
 * when it fits the bytes that were read, and replaces just those. Big-endian fields need nothing
 * more: reading them without swapping is the other byte order.
 *
 * Left alone are values that random choice finds quickly (see make_is_special()), what is computed
 * (checksums), names of files, and what a set of values allows anyway.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/make.h"

#include <stdlib.h>
#include <string.h>

enum {
    DATA_OFFSETS_MAX = 100, /* bytes of a buffer that are looked at as the start of a number */
    DATA_BYTES_MIN = 4,
    GIVEN_MAX = 64, /* mutants of one number that are told apart */
    INT_BITS_MIN = 9,
    IMAGE_STEP = 4,          /* numbers of an image are aligned, and have as many bytes at least */
    IMAGE_REPLACED_MAX = 64, /* mutants of one image: each is packed again */
};

/* When a value is `from`, try `to`. */
struct pair {
    uint64_t from, to;
};

struct hints {
    struct arena *a;
    const struct syz_prog *p;
    uint32_t step, n;   /* argument being looked at, in the order of visiting */
    struct pair *pairs; /* ascending, each once */
    size_t pair_count, pair_capacity;
    bool (*each)(void *ctx, struct syz_prog *mutant);
    void *ctx;
    bool stop;
};

static uint64_t mask_of(uint32_t bits)
{
    return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static uint64_t extended(uint64_t v, uint32_t bits)
{
    uint64_t mask = mask_of(bits);

    return v >> (bits - 1) & 1 ? v | ~mask : v & mask;
}

static uint64_t swapped(uint64_t v, uint32_t bytes)
{
    uint64_t out = 0;

    for (uint32_t i = 0; i < bytes; i++)
        out |= (v >> 8 * i & 0xff) << 8 * (bytes - 1 - i);
    return out;
}

/* ---- the table ---- */

static void add_pair(struct hints *h, uint64_t from, uint64_t to)
{
    if (from != to)
        ARENA_PUSH(h->a, h->pairs, h->pair_count, h->pair_capacity, ((struct pair){from, to}));
}

/* Whoever reports comparisons may extend narrow operands or not: both forms are known then. */
static void add_both_forms(struct hints *h, uint64_t from, uint64_t to, uint32_t bits)
{
    add_pair(h, from & mask_of(bits), to & mask_of(bits));
    add_pair(h, extended(from, bits), extended(to, bits));
}

static int by_value(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;

    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return a->to < b->to ? -1 : a->to > b->to;
}

static void build_table(struct hints *h, const struct syz_comparison *list, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t bits = 8u * (list[i].bytes == 0 ? 8u : MIN(list[i].bytes, 8u));
        add_both_forms(h, list[i].right, list[i].left, bits);
        if (!list[i].is_const)
            add_both_forms(h, list[i].left, list[i].right, bits);
    }
    if (h->pair_count == 0)
        return;
    qsort(h->pairs, h->pair_count, sizeof(*h->pairs), by_value);
    for (size_t i = 0; i < h->pair_count; i++)
        if (i == 0 || by_value(&h->pairs[i], &h->pairs[i - 1]) != 0)
            h->pairs[kept++] = h->pairs[i];
    h->pair_count = kept;
}

static size_t first_of(const struct hints *h, uint64_t from)
{
    size_t low = 0, high = h->pair_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (h->pairs[middle].from < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- replacing within a number ---- */

/* Calls found for each number that is worth trying instead of v, which has so many bits. Readings
 * of fewer bytes than bytes_min are left out. False: found has had enough. */
struct replacing {
    const struct hints *h;
    uint64_t v;
    uint32_t bits, bytes_min;
    bool (*found)(void *ctx, uint64_t value);
    void *ctx;
    uint64_t given[GIVEN_MAX]; /* to found already: other readings lead to the same */
    uint32_t given_count;
};

static bool give_once(struct replacing *r, uint64_t value)
{
    for (uint32_t i = 0; i < r->given_count; i++)
        if (r->given[i] == value)
            return true;
    if (r->given_count < GIVEN_MAX)
        r->given[r->given_count++] = value;
    return r->found(r->ctx, value);
}

/* The reading is of the low `bits` of the value, swapped as bytes when swap_bytes is not 0. */
static bool replace_reading(struct replacing *r, uint64_t reading, uint32_t bits,
                            uint32_t swap_bytes)
{
    const uint64_t mask = mask_of(bits);

    for (size_t i = first_of(r->h, reading); i < r->h->pair_count && r->h->pairs[i].from == reading;
         i++) {
        uint64_t to = r->h->pairs[i].to;
        bool fits = (to & ~mask) == 0 || (to | mask) == UINT64_MAX;
        if (!fits || make_is_special(to & mask))
            continue;
        uint64_t low = swap_bytes != 0 ? swapped(to, swap_bytes) : to & mask;
        uint64_t value = (r->v & ~mask) | low;
        if (value != r->v && !give_once(r, value))
            return false;
    }
    return true;
}

/* Readings of so many low bits: in both byte orders, and each as it is and with its sign. */
static bool replace_width(struct replacing *r, uint32_t bits)
{
    const uint64_t plain = r->v & mask_of(bits);
    const bool has_orders = bits % 8 == 0 && bits > 8;

    for (uint32_t order = 0; order < (has_orders ? 2u : 1u); order++) {
        uint32_t swap_bytes = order == 1 ? bits / 8 : 0;
        uint64_t reading = order == 1 ? swapped(plain, swap_bytes) : plain;
        uint64_t with_sign = extended(reading, bits);
        if (!replace_reading(r, reading, bits, swap_bytes))
            return false;
        if (with_sign != reading && !replace_reading(r, with_sign, bits, swap_bytes))
            return false;
    }
    return true;
}

static bool replace_all(struct replacing *r)
{
    static const uint32_t widths[] = {64, 32, 16, 8};

    for (uint32_t i = 0; i < LENGTH_OF(widths); i++)
        if (widths[i] <= r->bits && widths[i] >= 8 * r->bytes_min && !replace_width(r, widths[i]))
            return false;
    /* A bit-field is compared as a whole. */
    bool is_odd = r->bits != 64 && r->bits != 32 && r->bits != 16 && r->bits != 8;
    return !is_odd || replace_width(r, r->bits);
}

/* ---- mutants ---- */

static struct syz_prog *copy_with(struct hints *h, struct syz_arg **arg)
{
    struct syz_prog *copy = syz_prog_clone(h->a, h->p);

    *arg = step_arg_at(&copy->steps[h->step], h->n);
    return copy;
}

/* Lengths follow, except one that was itself replaced. */
static bool give(struct hints *h, struct syz_prog *mutant, const struct syz_arg *changed)
{
    syz_step_patch_conditions(mutant, &mutant->steps[h->step], NULL);
    if (changed->type->kind != SYZ_LEN)
        syz_step_assign_sizes(mutant, &mutant->steps[h->step]);
    syz_step_neutralise(mutant, &mutant->steps[h->step]);
    h->stop = !h->each(h->ctx, mutant);
    return !h->stop;
}

static bool is_allowed_anyway(const struct syz_type *t, uint64_t value)
{
    if (t->kind == SYZ_FLAGS)
        for (uint32_t i = 0; i < t->flags->count; i++)
            if (make_truncate(t->flags->values[i], make_bits(t)) == value)
                return true;
    return t->kind == SYZ_CONST && make_truncate(t->constant.value, make_bits(t)) == value;
}

struct number_job {
    struct hints *h;
    const struct syz_type *type;
};

static bool found_number(void *ctx, uint64_t value)
{
    struct number_job *job = ctx;
    struct syz_arg *arg = NULL;

    if (is_allowed_anyway(job->type, value))
        return true;
    const struct arena_mark mark = arena_mark(job->h->a);
    struct syz_prog *mutant = copy_with(job->h, &arg);
    arg->value = value;
    const bool goes_on = give(job->h, mutant, arg);
    arena_release(job->h->a, mark);
    return goes_on;
}

static void number_hints(struct hints *h, const struct syz_arg *arg)
{
    uint32_t bits = make_bits(arg->type);
    struct number_job job = {h, arg->type};
    struct replacing r = {.h = h,
                          .v = make_truncate(arg->value, bits),
                          .bits = bits,
                          .bytes_min = 1,
                          .found = found_number,
                          .ctx = &job};

    if (bits >= INT_BITS_MIN)
        replace_all(&r);
}

struct data_job {
    struct hints *h;
    uint64_t at, bytes; /* of the number that is replaced */
};

static uint64_t number_at(const uint8_t *data, uint64_t bytes)
{
    uint64_t v = 0;

    for (uint64_t i = 0; i < bytes; i++)
        v |= (uint64_t)data[i] << 8 * i;
    return v;
}

static bool found_data(void *ctx, uint64_t value)
{
    struct data_job *job = ctx;
    struct syz_arg *arg = NULL;
    const struct arena_mark mark = arena_mark(job->h->a);
    struct syz_prog *mutant = copy_with(job->h, &arg);

    for (uint64_t i = 0; i < job->bytes; i++)
        arg->data.bytes[job->at + i] = (uint8_t)(value >> 8 * i);
    const bool goes_on = give(job->h, mutant, arg);
    arena_release(job->h->a, mark);
    return goes_on;
}

static void data_hints(struct hints *h, const struct syz_arg *arg)
{
    if (arg->data.size < DATA_BYTES_MIN)
        return;
    for (uint64_t at = 0; at < MIN(arg->data.size, (uint64_t)DATA_OFFSETS_MAX) && !h->stop; at++) {
        uint64_t bytes = MIN(arg->data.size - at, (uint64_t)8);
        struct data_job job = {h, at, bytes};
        struct replacing r = {.h = h,
                              .v = number_at(arg->data.bytes + at, bytes),
                              .bits = (uint32_t)(8 * bytes),
                              .bytes_min = 1,
                              .found = found_data,
                              .ctx = &job};
        replace_all(&r);
    }
}

/* ---- images ---- */

struct image_place {
    uint64_t at, value;
    uint32_t bytes;
};

struct image_job {
    struct image_place places[IMAGE_REPLACED_MAX];
    uint32_t count, bytes;
    uint64_t at;
};

static bool found_in_image(void *ctx, uint64_t value)
{
    struct image_job *job = ctx;

    job->places[job->count++] = (struct image_place){job->at, value, job->bytes};
    return job->count < IMAGE_REPLACED_MAX;
}

/* Looks first and packs afterwards, so that nothing is allocated while the image is unpacked. */
static void image_hints(struct hints *h, const struct syz_arg *arg)
{
    struct image_job *job = arena_new(h->a, struct image_job, 1);
    uint64_t size = 0;
    uint8_t *image = image_unpack(arg->data.bytes, arg->data.size, &size);

    for (uint64_t at = 0; image != NULL && at + IMAGE_STEP <= size; at += IMAGE_STEP) {
        job->at = at;
        job->bytes = (uint32_t)MIN(size - at, (uint64_t)8);
        struct replacing r = {.h = h,
                              .v = number_at(image + at, job->bytes),
                              .bits = 8 * job->bytes,
                              .bytes_min = IMAGE_STEP,
                              .found = found_in_image,
                              .ctx = job};
        if (!replace_all(&r))
            break;
    }
    image_free(image);
    for (uint32_t i = 0; i < job->count && !h->stop; i++) {
        const struct image_place *place = &job->places[i];
        struct syz_arg *changed = NULL;
        const struct arena_mark mark = arena_mark(h->a);
        struct syz_prog *mutant = copy_with(h, &changed);
        if (image_replace(h->a, changed, place->at, place->value, place->bytes))
            give(h, mutant, changed);
        arena_release(h->a, mark);
    }
}

/* ---- */

static bool is_data_of_interest(const struct syz_type *t)
{
    if (t->kind != SYZ_BUFFER)
        return false;
    return t->buffer.kind == SYZ_BLOB || t->buffer.kind == SYZ_TEXT ||
           (t->buffer.kind == SYZ_STRING && t->buffer.value_count == 0);
}

static bool look_at(void *ctx, const struct syz_visit *v)
{
    struct hints *h = ctx;
    const struct syz_arg *arg = v->arg;
    enum syz_kind kind = arg->type->kind;

    if (arg->dir != SYZ_OUT) {
        bool is_number =
            kind == SYZ_INT || kind == SYZ_CONST || kind == SYZ_FLAGS || kind == SYZ_LEN;
        if (is_number)
            number_hints(h, arg);
        else if (arg->kind == SYZ_ARG_DATA && is_data_of_interest(arg->type))
            data_hints(h, arg);
        else if (kind == SYZ_BUFFER && arg->type->buffer.kind == SYZ_IMAGE)
            image_hints(h, arg);
    }
    h->n++;
    return !h->stop;
}

void syz_hints(struct arena *a, const struct syz_prog *p, uint32_t step,
               const struct syz_comparison *comparisons, size_t count,
               bool (*each)(void *ctx, struct syz_prog *mutant), void *ctx)
{
    struct hints h = {.a = a, .p = p, .step = step, .each = each, .ctx = ctx};

    build_table(&h, comparisons, count);
    if (h.pair_count != 0 && step < p->count)
        step_each(&p->steps[step], look_at, &h);
}
