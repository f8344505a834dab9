/* console: see console.h. SPDX-License-Identifier: Apache-2.0 */
#include "spear/vm/console.h"

#include "base/mem.h"
#include "spear/vm/vm.h"

#include <stdio.h>
#include <string.h>

enum { CONSOLE_ROOM = 2 * VM_CONSOLE_MAX };

bool console_open(struct console *c)
{
    *c = (struct console){.text = mem_alloc(CONSOLE_ROOM, 1)};
    return c->text != NULL;
}

void console_close(struct console *c)
{
    mem_free(c->text);
    *c = (struct console){0};
}

void console_add(struct console *c, const char *text, size_t size)
{
    c->total += size;
    if (size > VM_CONSOLE_MAX) {
        text += size - VM_CONSOLE_MAX;
        size = VM_CONSOLE_MAX;
    }
    if (size > CONSOLE_ROOM - c->size) {
        size_t gone = c->size - MIN(c->size, (size_t)VM_CONSOLE_MAX);
        memmove(c->text, c->text + gone, c->size - gone);
        c->size -= gone;
        c->scanned -= MIN(c->scanned, gone);
    }
    memcpy(c->text + c->size, text, size);
    c->size += size;
}

struct str console_text(const struct console *c)
{
    size_t shown = MIN(c->size, (size_t)VM_CONSOLE_MAX);

    return (struct str){c->text + c->size - shown, shown};
}

static size_t line_start(const struct console *c, size_t place)
{
    const char *newline = place == 0 ? NULL : memrchr(c->text, '\n', place);

    return newline == NULL ? 0 : (size_t)(newline - c->text) + 1;
}

bool console_search(struct console *c, bool at_end,
                    bool (*is_crash)(void *ctx, struct str console, size_t from), void *ctx)
{
    size_t end = at_end ? c->size : line_start(c, c->size);

    if (c->has_crash || end <= c->scanned || is_crash == NULL)
        return c->has_crash;
    size_t from = line_start(c, c->scanned - MIN(c->scanned, (size_t)CONSOLE_LOOK_BACK));
    c->has_crash = is_crash(ctx, (struct str){c->text, end}, from);
    c->scanned = end;
    return c->has_crash;
}

void console_tail(const struct console *c, unsigned lines, char *out, size_t size)
{
    struct str all = console_text(c);
    size_t start = all.size, used = 0;

    while (start > 0 && (all.text[start - 1] == '\n' || all.text[start - 1] == '\r'))
        start--;
    size_t end = start;
    for (; lines > 0 && start > 0; lines--) {
        const char *newline = memrchr(all.text, '\n', start - 1);
        start = newline == NULL ? 0 : (size_t)(newline - all.text) + 1;
        if (lines > 1 && start > 0)
            start--;
    }
    if (end == 0) {
        snprintf(out, size, "it has printed nothing");
        return;
    }
    while (start < end && all.text[start] == '\n')
        start++;
    for (size_t i = start; i < end && used + 4 < size; i++) {
        unsigned char byte = (unsigned char)all.text[i];
        if (byte == '\n') {
            memcpy(out + used, " | ", 3);
            used += 3;
        } else if (byte != '\r') {
            out[used++] = byte >= ' ' && byte != 0x7f ? (char)byte : ' ';
        }
    }
    out[used] = '\0';
}
