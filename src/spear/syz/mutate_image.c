/* mutate_image: file system images travel compressed (zlib). They are unpacked, changed where
 * something is written in them, and packed again. Memory of the unpacked image and of zlib comes
 * from the host and is given back before anything is allocated from the arena.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "spear/syz/make.h"

#include <string.h>
#include <zlib.h>

enum {
    IMAGE_BYTES_MAX = 128 << 20, /* unpacked; larger ones are left alone */
    CHUNK_BYTES = 64,
    CHANGES_MAX = 10,
    PACKED_SLACK_BYTES = 64 << 10, /* that packing again may cost */
};

static voidpf take(voidpf ctx, uInt count, uInt size)
{
    (void)ctx;
    return mem_alloc(count, size);
}

static void give(voidpf ctx, voidpf block)
{
    (void)ctx;
    mem_free(block);
}

void image_free(uint8_t *image)
{
    mem_free(image);
}

uint8_t *image_unpack(const uint8_t *packed, uint64_t packed_size, uint64_t *size)
{
    z_stream z = {.zalloc = take, .zfree = give};
    uint64_t room = MAX(packed_size * 4, UINT64_C(65536));
    uint8_t *image = NULL;
    int result = inflateInit(&z);

    if (result != Z_OK)
        return NULL;
    z.next_in = (z_const Bytef *)(uintptr_t)packed;
    z.avail_in = (uInt)packed_size;
    for (uint64_t done = 0; result == Z_OK && done < IMAGE_BYTES_MAX; room *= 2) {
        room = MIN(room, (uint64_t)IMAGE_BYTES_MAX);
        uint8_t *grown = mem_resize(image, room, 1);
        if (grown == NULL)
            break;
        image = grown;
        z.next_out = image + done;
        z.avail_out = (uInt)(room - done);
        result = inflate(&z, Z_NO_FLUSH);
        done = room - z.avail_out;
        if (z.avail_out != 0)
            break; /* done, or cut short */
    }
    *size = z.total_out;
    inflateEnd(&z);
    if (result == Z_STREAM_END && *size != 0)
        return image;
    mem_free(image);
    return NULL;
}

/* Bytes written to out, 0 when they do not fit. */
static uint64_t pack(const uint8_t *image, uint64_t size, uint8_t *out, uint64_t room)
{
    z_stream z = {.zalloc = take, .zfree = give};

    if (deflateInit(&z, Z_BEST_SPEED) != Z_OK)
        return 0;
    z.next_in = (z_const Bytef *)(uintptr_t)image;
    z.avail_in = (uInt)size;
    z.next_out = out;
    z.avail_out = (uInt)room;
    int result = deflate(&z, Z_FINISH);
    uint64_t packed = z.total_out;
    deflateEnd(&z);
    return result == Z_STREAM_END ? packed : 0;
}

static bool is_constant(const uint8_t *chunk, uint64_t size)
{
    return size < 2 || memcmp(chunk, chunk + 1, size - 1) == 0;
}

/* Offsets of chunks that hold something, each as likely as the others; returns how many. */
static uint32_t choose_chunks(struct rng *r, const uint8_t *image, uint64_t size,
                              uint64_t at[CHANGES_MAX])
{
    const uint32_t wanted = 1 + (uint32_t)rng_below(r, CHANGES_MAX);
    uint64_t seen = 0;

    for (uint64_t i = 0; i < size; i += CHUNK_BYTES) {
        if (is_constant(image + i, MIN(size - i, (uint64_t)CHUNK_BYTES)))
            continue;
        uint64_t slot = seen < wanted ? seen : rng_below(r, seen + 1);
        if (slot < wanted)
            at[slot] = i;
        seen++;
    }
    if (seen == 0) {
        at[0] = rng_below(r, size) / CHUNK_BYTES * CHUNK_BYTES;
        return 1;
    }
    return (uint32_t)MIN(seen, (uint64_t)wanted);
}

static void change(struct rng *r, uint8_t *image, uint64_t size)
{
    uint64_t at[CHANGES_MAX];
    uint32_t count = choose_chunks(r, image, size, at);

    for (uint32_t i = 0; i < count; i++) {
        uint64_t bytes = MIN(size - at[i], (uint64_t)CHUNK_BYTES);
        struct buf chunk = {.data = image + at[i], .size = bytes, .capacity = bytes};
        while (!mutate_data_once(r, &chunk, bytes, bytes)) /* of fixed size: nothing is allocated */
            ;
    }
}

/* What is done to an image. */
struct edit {
    struct rng *rng; /* NULL: write value */
    uint64_t at, value;
    uint32_t bytes;
};

static bool edit_image(struct arena *a, struct syz_arg *arg, const struct edit *e)
{
    uint64_t size = 0, room = arg->data.size + arg->data.size / 2 + PACKED_SLACK_BYTES, packed = 0;
    uint8_t *out = arena_new(a, uint8_t, room);
    uint8_t *image = image_unpack(arg->data.bytes, arg->data.size, &size);

    if (image == NULL)
        return false;
    if (e->rng != NULL)
        change(e->rng, image, size);
    for (uint64_t i = 0; i < e->bytes && e->at + i < size; i++)
        image[e->at + i] = (uint8_t)(e->value >> 8 * i);
    packed = pack(image, size, out, room);
    mem_free(image);
    if (packed == 0)
        return false;
    arg->data.bytes = out;
    arg->data.size = packed;
    return true;
}

bool mutate_image(struct syz_maker *m, struct syz_arg *arg)
{
    return edit_image(m->a, arg, &(struct edit){.rng = m->rng});
}

bool image_replace(struct arena *a, struct syz_arg *arg, uint64_t at, uint64_t value,
                   uint32_t bytes)
{
    return edit_image(a, arg, &(struct edit){.at = at, .value = value, .bytes = bytes});
}

struct str make_image(struct syz_maker *m)
{
    enum { SECTORS = 16, SECTOR_BYTES = 512, WRITTEN_MAX = 8 };
    uint8_t *image = arena_new(m->a, uint8_t, SECTORS * SECTOR_BYTES);
    uint64_t size = SECTOR_BYTES * (1 + rng_below(m->rng, SECTORS)), room = size + 1024;
    uint8_t *out = arena_new(m->a, uint8_t, room);

    for (uint64_t i = rng_below(m->rng, WRITTEN_MAX); i > 0; i--) {
        uint64_t v = make_random(m->rng);
        memcpy(image + rng_below(m->rng, size / 8) * 8, &v, 8);
    }
    return (struct str){(const char *)out, pack(image, size, out, room)};
}
