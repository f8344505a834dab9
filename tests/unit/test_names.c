/* test_names: name sections, whole and damaged; the builder; both against each other.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/names.h"

#include "tap.h"

#include <stdio.h>
#include <string.h>

/* The content of a name section, one look-up, and the name that must be found ("" for none). */
/* clang-format off */
static const struct {
    const char *what, *bytes;
    uint32_t size;
    enum wm_name_space space;
    uint32_t outer, index;
    const char *name;
} rows[] = {
    {"empty section", "", 0, WM_NAME_FUNC, 0, 0, ""},
    {"module", "\x00\x02\x01m", 4, WM_NAME_MODULE, 0, 7, "m"},
    {"function", "\x01\x04\x01\x05\x01g", 6, WM_NAME_FUNC, 0, 5, "g"},
    {"function without a name", "\x01\x04\x01\x05\x01g", 6, WM_NAME_FUNC, 0, 4, ""},
    {"dense", "\x01\x07\x02\x00\x01" "a\x01\x01" "b", 9, WM_NAME_FUNC, 0, 1, "b"},
    {"out of order", "\x01\x07\x02\x09\x01" "a\x01\x01" "b", 9, WM_NAME_FUNC, 0, 1, "b"},
    {"twice: the first counts", "\x01\x07\x02\x01\x01" "a\x01\x01" "b", 9, WM_NAME_FUNC, 0, 1, "a"},
    {"local", "\x02\x06\x01\x03\x01\x02\x01x", 8, WM_NAME_LOCAL, 3, 2, "x"},
    {"local of another function", "\x02\x06\x01\x03\x01\x02\x01x", 8, WM_NAME_LOCAL, 2, 2, ""},
    {"field", "\x0a\x06\x01\x00\x01\x01\x01y", 8, WM_NAME_FIELD, 0, 1, "y"},
    {"tag", "\x0b\x04\x01\x00\x01t", 6, WM_NAME_TAG, 0, 0, "t"},
    {"an unknown part is stepped over", "\x77\x01\xff\x0b\x04\x01\x00\x01t", 9, WM_NAME_TAG, 0, 0,
     "t"},
    {"a part longer than the section", "\x01\x7f\x01\x05\x01g", 6, WM_NAME_FUNC, 0, 5, "g"},
    {"a count beyond the part", "\x01\x08\xff\xff\xff\x7f\x05\x01g\x06", 10, WM_NAME_FUNC, 0, 5,
     "g"},
    {"a name beyond the part", "\x01\x07\x02\x05\x01g\x06\x09h", 9, WM_NAME_FUNC, 0, 5, "g"},
    {"the cut name itself", "\x01\x07\x02\x05\x01g\x06\x09h", 9, WM_NAME_FUNC, 0, 6, ""},
    {"a name that is not UTF-8", "\x01\x07\x02\x05\x01\xff\x06\x01h", 9, WM_NAME_FUNC, 0, 5, ""},
    {"the name behind it", "\x01\x07\x02\x05\x01\xff\x06\x01h", 9, WM_NAME_FUNC, 0, 6, "h"},
    {"a damaged part, then a good one", "\x01\x01\xff\x0b\x04\x01\x00\x01t", 9, WM_NAME_TAG, 0, 0,
     "t"},
    {"cut in the size", "\x01\xff", 2, WM_NAME_FUNC, 0, 0, ""},
};
/* clang-format on */

static struct wm_names *read_names(struct arena *a, const void *bytes, size_t size)
{
    struct wm_custom custom = {
        .name = STR("name"), .content = {bytes, (uint32_t)size, 0}
    };
    struct wm_module m = {.customs = &custom, .custom_count = 1};
    return wm_names_read(&m, a);
}

static struct str look_up(const struct wm_names *names, enum wm_name_space space, uint32_t outer,
                          uint32_t index)
{
    return wm_name_space_is_inner(space) ? wm_name_of_inner(names, space, outer, index)
                                         : wm_name_of(names, space, index);
}

static void check_rows(struct arena *a)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct wm_names *names = read_names(a, rows[i].bytes, rows[i].size);
        struct str got = look_up(names, rows[i].space, rows[i].outer, rows[i].index);
        tap_ok(str_equal(got, str_of(rows[i].name)), "%s: \"%.*s\"", rows[i].what, (int)got.size,
               got.text);
    }
}

/* Everything in the table that can be cut anywhere: reading must end, whatever it finds. */
static void check_cuts(struct arena *a)
{
    uint32_t cuts = 0;

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++)
        for (uint32_t size = 0; size <= rows[i].size; size++, cuts++)
            (void)read_names(a, rows[i].bytes, size);
    tap_ok(cuts > 100, "%u cut sections read to some end", cuts);
}

/* Names added backwards and twice come out ascending, once, and are all found again. */
static void check_builder(struct arena *a)
{
    enum { COUNT = 1000 };
    struct wm_names_builder *b = wm_names_builder_new(a);
    struct buf out, again;
    uint32_t found = 0;

    tap_ok(wm_names_is_empty(b), "a new builder is empty");
    for (uint32_t i = COUNT; i-- > 0;) {
        char text[16];
        int size = snprintf(text, sizeof(text), "f%u", i);
        struct str name = {arena_copy_text(a, text, (size_t)size), (size_t)size};
        wm_names_add(b, WM_NAME_FUNC, i * 3, name);
        wm_names_add(b, WM_NAME_FUNC, i * 3, STR("later"));
        wm_names_add_inner(b, WM_NAME_LOCAL, i % 7, i, name);
    }
    wm_names_add(b, WM_NAME_MODULE, 0, STR("m"));
    tap_ok(!wm_names_is_empty(b), "then it is not");
    buf_init(&out, a);
    wm_names_write(b, &out);
    struct wm_names *names = read_names(a, out.data, out.size);
    for (uint32_t i = 0; i < COUNT; i++) {
        char text[16];
        snprintf(text, sizeof(text), "f%u", i);
        found += str_equal(wm_name_of(names, WM_NAME_FUNC, i * 3), str_of(text)) &&
                 wm_name_of(names, WM_NAME_FUNC, i * 3 + 1).size == 0 &&
                 str_equal(wm_name_of_inner(names, WM_NAME_LOCAL, i % 7, i), str_of(text)) &&
                 wm_name_of_inner(names, WM_NAME_LOCAL, i % 7 + 1, i).size == 0;
    }
    tap_ok(found == COUNT, "%u of %u names found again", found, COUNT);
    buf_init(&again, a);
    wm_names_write(b, &again);
    tap_ok(out.size == again.size && memcmp(out.data, again.data, out.size) == 0,
           "written twice, the same %zu bytes", out.size);
}

/* As many functions as pandoc has, in the worst order. */
static void check_many(struct arena *a)
{
    enum { COUNT = 620000 };
    struct buf sub, out;
    uint32_t found = 0;

    buf_init(&sub, a);
    buf_init(&out, a);
    buf_uleb(&sub, COUNT);
    for (uint32_t i = COUNT; i-- > 0;) {
        buf_uleb(&sub, i);
        buf_uleb(&sub, 1);
        buf_byte(&sub, (uint8_t)('a' + i % 26));
    }
    buf_byte(&out, WM_NAME_FUNC);
    buf_uleb(&out, sub.size);
    buf_bytes(&out, sub.data, sub.size);
    struct wm_names *names = read_names(a, out.data, out.size);
    for (uint32_t i = 0; i < COUNT; i++) {
        struct str name = wm_name_of(names, WM_NAME_FUNC, i);
        found += name.size == 1 && name.text[0] == (char)('a' + i % 26);
    }
    tap_ok(found == COUNT, "%u of %u names of a section in descending order", found, COUNT);
}

static enum status run(void *ctx, struct diag *dg)
{
    (void)dg;
    check_rows(ctx);
    check_cuts(ctx);
    check_builder(ctx);
    check_many(ctx);
    return ST_OK;
}

int main(void)
{
    struct arena arena;
    struct diag dg = {0};

    arena_init(&arena, 256 << 20);
    tap_ok(arena_guard(&arena, run, &arena, &dg) == ST_OK, "within its memory %s", dg.text);
    arena_free(&arena);
    return tap_done();
}
