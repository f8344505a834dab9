/*
 * explore: a page that shows the text, the IR and the machine code of functions side by side; lines
 * that come from the same place in the module light up together.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_EXPLORE_H
#define CLI_EXPLORE_H

#include "base/buf.h"

enum explore_column { EXPLORE_TEXT, EXPLORE_IR, EXPLORE_CODE, EXPLORE_COLUMN_COUNT };

struct explore_line {
    uint32_t source; /* byte offset in the module; 0: from nowhere in particular */
    struct str text; /* borrowed */
};

struct explore_function {
    uint32_t index; /* imported ones count */
    struct str name;
    uint32_t code_bytes, wasm_bytes;
    struct explore_line *lines[EXPLORE_COLUMN_COUNT];
    uint32_t counts[EXPLORE_COLUMN_COUNT], capacities[EXPLORE_COLUMN_COUNT];
};

/* Appends the page, functions in their order. Inside arena_guard() of out->arena. note: a line
 * under
 * the title (size 0: none). */
void explore_page(const struct explore_function *functions, uint32_t count, struct str title,
                  struct str note, struct buf *out);

#endif /* CLI_EXPLORE_H */
