/* error: the list of refusals. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 400 };

static int compare(const void *a, const void *b)
{
    const struct syz_pos x = ((const struct syz_error *)a)->pos;
    const struct syz_pos y = ((const struct syz_error *)b)->pos;

    if (x.file != y.file)
        return x.file < y.file ? -1 : 1;
    if (x.line != y.line)
        return x.line < y.line ? -1 : 1;
    return x.column < y.column ? -1 : x.column > y.column;
}

void syz_error(struct syz_errors *errors, struct syz_pos pos, const char *fmt, ...)
{
    char text[TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    int size = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    size = MIN(MAX(size, 0), TEXT_MAX - 1);
    for (uint32_t i = 0; i < errors->count; i++)
        if (memcmp(&errors->items[i].pos, &pos, sizeof(pos)) == 0 &&
            strcmp(errors->items[i].text, text) == 0)
            return;
    errors->total++;
    if (errors->count >= SYZ_ERRORS_MAX)
        return;
    struct syz_error e = {pos, arena_copy_text(errors->arena, text, (size_t)size)};
    ARENA_PUSH(errors->arena, errors->items, errors->count, errors->capacity, e);
}

void syz_errors_sort(struct syz_errors *errors)
{
    if (errors->count != 0)
        qsort(errors->items, errors->count, sizeof(*errors->items), compare);
}
