/* test_canon: which types are one and the same, with a hash under which all groups collide, so that
 * the comparison alone decides. SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#define WM_TYPE_HASH(hash) ((uint64_t)0)
#include "shield/wasm/validate_types.c" /* in place of the library's */

#include "judging.h"

/* Contents of a type section, and two types of it. */
/* clang-format off */
static const struct {
    const char *name, *hex;
    uint32_t a, b;
    bool same;
} rows[] = {
    {"functions", "02 60 01 7f 01 7e 60 01 7f 01 7e", 0, 1, true},
    {"parameter type", "02 60 01 7f 00 60 01 7e 00", 0, 1, false},
    {"parameter count", "02 60 01 7f 00 60 02 7f 7f 00", 0, 1, false},
    {"result type", "02 60 00 01 7f 60 00 01 7e", 0, 1, false},
    {"parameter or result", "02 60 01 7f 00 60 00 01 7f", 0, 1, false},
    {"function or struct", "02 60 00 00 5f 00", 0, 1, false},
    {"struct or array", "02 5f 01 7f 00 5e 7f 00", 0, 1, false},
    {"structs", "02 5f 02 7f 00 78 01 5f 02 7f 00 78 01", 0, 1, true},
    {"field type", "02 5f 01 7f 00 5f 01 7e 00", 0, 1, false},
    {"second field type", "02 5f 02 7f 00 7f 00 5f 02 7f 00 7e 00", 0, 1, false},
    {"packed field type", "02 5f 01 77 00 5f 01 78 00", 0, 1, false},
    {"field mutability", "02 5f 01 7f 00 5f 01 7f 01", 0, 1, false},
    {"finality", "02 50 00 5f 00 4f 00 5f 00", 0, 1, false},
    {"plain is final", "02 5f 00 4f 00 5f 00", 0, 1, true},
    {"supertype",
     "04 50 00 5f 00 50 00 5f 01 7f 00 50 01 00 5f 01 7f 00 50 01 01 5f 01 7f 00", 2, 3, false},
    {"supertype or none", "03 50 00 5f 00 50 01 00 5f 00 50 00 5f 00", 1, 2, false},
    {"equal supertypes", "04 50 00 5f 00 50 00 5f 00 50 01 00 5f 00 50 01 01 5f 00", 2, 3, true},
    {"nullability", "03 5f 00 60 01 63 00 00 60 01 64 00 00", 1, 2, false},
    {"equal targets", "04 5f 00 5f 00 60 01 64 00 00 60 01 64 01 00", 2, 3, true},
    {"other targets", "04 5f 00 5e 7f 00 60 01 64 00 00 60 01 64 01 00", 2, 3, false},
    {"abstract or defined", "03 5f 00 60 01 63 6b 00 60 01 63 00 00", 1, 2, false},
    {"to themselves", "02 5f 01 63 00 00 5f 01 63 01 00", 0, 1, true},
    {"to itself or to the other", "02 5f 01 63 00 00 5f 01 63 00 00", 0, 1, false},
    {"alone or in a group of one", "02 5f 00 4e 01 5f 00", 0, 1, true},
    {"alone or in a group of two", "02 5f 00 4e 02 5f 00 5f 00", 0, 1, false},
    {"places in a group", "01 4e 02 5f 00 5f 00", 0, 1, false},
    {"equal groups",
     "02 4e 02 5f 01 63 01 00 5e 63 00 00 4e 02 5f 01 63 03 00 5e 63 02 00", 0, 2, true},
    {"equal groups, second",
     "02 4e 02 5f 01 63 01 00 5e 63 00 00 4e 02 5f 01 63 03 00 5e 63 02 00", 1, 3, true},
    {"groups in another order", "02 4e 02 5f 00 5e 7f 00 4e 02 5e 7f 00 5f 00", 0, 3, false},
    {"second members differ", "02 4e 02 5f 00 5e 7f 00 4e 02 5f 00 5e 7e 00", 0, 2, false},
    {"third time", "03 60 00 00 5f 00 60 00 00", 0, 2, true},
};
/* clang-format on */

int main(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        uint8_t types[256], bytes[300];
        size_t types_size = hex_append(types, 0, rows[i].hex);
        size_t size = hex_append(bytes, 0, "H 01");
        struct arena a;
        struct wm_module m = {0};
        struct diag dg = {0};
        bytes[size++] = (uint8_t)types_size;
        memcpy(bytes + size, types, types_size);
        arena_init(&a, JUDGING_ARENA_BYTES);
        enum status st = wm_read_module(bytes, size + types_size, wm_features_all(), &a, &m, &dg);
        if (st == ST_OK)
            st = wm_types_canonicalize(&m, &a, &dg);
        bool same = st == ST_OK && m.types[rows[i].a].canon == m.types[rows[i].b].canon;
        tap_ok(st == ST_OK && same == rows[i].same, "%s: %s %s", rows[i].name,
               same ? "the same" : "different", dg.text);
        arena_free(&a);
    }
    return tap_done();
}
