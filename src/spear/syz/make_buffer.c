/* make_buffer: blobs, strings, file names and machine code. File names stay below the folder that
 * the program runs in: "./file0", "./file0/file1".
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/make.h"

#include <stdio.h>
#include <string.h>

enum {
    BLOB_USUAL = 256,
    BLOB_LONG = 4096,
    FILES = 4, /* file0 to file3: few names, so that calls meet at them */
    NAME_BYTES_MAX = 255,
    PATH_BYTES_MAX = 4096,
    OUT_UNIX_PATH = 108, /* of a socket's address */
};

static struct str copy_of(struct syz_maker *m, const char *text, size_t size)
{
    return (struct str){arena_copy_text(m->a, text, size), size};
}

void make_remember(struct make_names *names, struct str name)
{
    while (name.size != 0 && name.text[name.size - 1] == 0)
        name.size--;
    if (name.size == 0 || names->count == MAKE_NAMES_MAX)
        return;
    for (uint32_t i = 0; i < names->count; i++)
        if (str_equal(names->items[i], name))
            return;
    names->items[names->count++] = name;
}

/* ---- names of files ---- */

static struct str long_name(struct syz_maker *m)
{
    uint64_t edge = rng_chance(m->rng, 1, 2) ? NAME_BYTES_MAX : PATH_BYTES_MAX;
    uint64_t size = edge - 10 + rng_below(m->rng, 21);
    char *text = arena_new(m->a, char, size + 1);

    memset(text, 'a', size);
    text[0] = '.';
    text[1] = '/';
    if (edge == PATH_BYTES_MAX) /* components that are short enough each */
        for (uint64_t i = NAME_BYTES_MAX; i + 1 < size; i += NAME_BYTES_MAX)
            text[i] = '/';
    return (struct str){text, size};
}

static struct str new_name(struct syz_maker *m)
{
    const struct make_names *files = &m->files;
    char text[PATH_BYTES_MAX];
    struct str folder = STR(".");

    if (files->count != 0 && rng_chance(m->rng, 1, 3))
        folder = files->items[rng_below(m->rng, files->count)];
    if (folder.size > NAME_BYTES_MAX || folder.size == 0 || folder.text[0] != '.')
        folder = STR(".");
    int size = snprintf(text, sizeof(text), "%.*s/file%u", (int)folder.size, folder.text,
                        (unsigned)rng_below(m->rng, FILES));
    return copy_of(m, text, (size_t)size);
}

static struct str make_filename(struct syz_maker *m)
{
    struct str name = {0};

    if (rng_chance(m->rng, 1, 100))
        name = rng_chance(m->rng, 1, 2) ? STR("") : STR(".");
    else if (rng_chance(m->rng, 1, 100))
        name = long_name(m);
    else if (m->files.count != 0 && rng_chance(m->rng, 9, 10))
        name = m->files.items[rng_below(m->rng, m->files.count)];
    else
        name = new_name(m);
    return name;
}

/* ---- strings ---- */

static struct str random_string(struct syz_maker *m)
{
    static const char marks[] = "!@#$%^&*()-+\\/:.,-'[]{}";
    struct buf text;

    buf_init(&text, m->a);
    while (rng_chance(m->rng, 3, 4))
        buf_byte(&text, rng_chance(m->rng, 10, 21)
                            ? (uint8_t)marks[rng_below(m->rng, sizeof(marks) - 1)]
                            : (uint8_t)(1 + rng_below(m->rng, 255)));
    return (struct str){(const char *)text.data, text.size};
}

static struct str make_string(struct syz_maker *m, const struct syz_type *type)
{
    if (type->buffer.value_count != 0)
        return type->buffer.values[rng_below(m->rng, type->buffer.value_count)];
    if (m->strings.count != 0 && rng_chance(m->rng, 1, 2))
        return m->strings.items[rng_below(m->rng, m->strings.count)];
    return random_string(m);
}

/* What a pattern stands for is known only inside the machine, which replaces these. */
static struct str of_pattern(const struct syz_type *type)
{
    struct str pattern = type->buffer.value_count != 0 ? type->buffer.values[0] : STR("");
    size_t size = 0;

    while (size < pattern.size && strchr("*?[:", pattern.text[size]) == NULL)
        size++;
    return size == pattern.size ? pattern : STR("");
}

/* With its zero, at the length that the type asks for. */
static void set_text(struct syz_maker *m, struct syz_arg *arg, struct str text)
{
    const struct syz_type *type = arg->type;
    uint64_t size = text.size + type->buffer.has_zero;

    if (type->buffer.max != 0 && type->buffer.min == type->buffer.max)
        size = type->buffer.max;
    arg->data.bytes = arena_new(m->a, uint8_t, size);
    arg->data.size = size;
    size_t copied = MIN((uint64_t)text.size, size);
    if (copied != 0)
        memcpy(arg->data.bytes, text.text, copied);
    if (copied == size && size != 0 && type->buffer.has_zero)
        arg->data.bytes[size - 1] = 0;
}

/* ---- blobs ---- */

uint64_t make_blob_size(struct rng *r, const struct syz_type *type)
{
    if (type->buffer.max != 0) {
        uint64_t last = MIN(type->buffer.max, type->buffer.min + SYZ_BLOB_BYTES_MAX);
        return rng_between(r, type->buffer.min, last);
    }
    if (rng_chance(r, 50, 56))
        return rng_below(r, BLOB_USUAL);
    return rng_chance(r, 5, 6) ? BLOB_LONG : 0;
}

static void set_blob(struct syz_maker *m, struct syz_arg *arg)
{
    uint64_t size = make_blob_size(m->rng, arg->type);

    arg->data.size = size;
    arg->data.bytes = arena_new(m->a, uint8_t, size);
    for (uint64_t i = 0; i < size; i += 8) {
        uint64_t v = rng_next(m->rng);
        memcpy(arg->data.bytes + i, &v, MIN(size - i, (uint64_t)8));
    }
}

static void set_text_code(struct syz_maker *m, struct syz_arg *arg)
{
    struct buf code;

    buf_init(&code, m->a);
    make_text(m->rng, make_text_kind(m->target, arg->type->buffer.text), &code);
    arg->data.bytes = code.data != NULL ? code.data : arena_new(m->a, uint8_t, 1);
    arg->data.size = code.size;
}

static uint64_t out_size(struct syz_maker *m, const struct syz_type *type)
{
    if (type->buffer.max != 0 || type->buffer.kind == SYZ_BLOB)
        return make_blob_size(m->rng, type);
    switch (rng_below(m->rng, 3)) {
    case 0: return rng_below(m->rng, 100);
    case 1: return OUT_UNIX_PATH;
    default: return PATH_BYTES_MAX;
    }
}

void make_buffer(struct syz_maker *m, struct syz_arg *arg)
{
    if (arg->dir == SYZ_OUT) {
        arg->data.bytes = NULL;
        arg->data.size = out_size(m, arg->type);
        return;
    }
    switch (arg->type->buffer.kind) {
    case SYZ_BLOB: set_blob(m, arg); break;
    case SYZ_STRING: set_text(m, arg, make_string(m, arg->type)); break;
    case SYZ_FILENAME: set_text(m, arg, make_filename(m)); break;
    case SYZ_GLOB: set_text(m, arg, of_pattern(arg->type)); break;
    case SYZ_TEXT: set_text_code(m, arg); break;
    case SYZ_IMAGE: {
        struct str image = make_image(m);
        arg->data.bytes = (uint8_t *)(uintptr_t)image.text;
        arg->data.size = image.size;
        break;
    }
    }
}
