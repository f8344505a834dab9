/* crash_log: markers are found by their words; whatever follows one and looks like calls of a
 * program belongs to it. SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/crash_log.h"

#include <ctype.h>
#include <string.h>

static const char marker[] = "executing program ";

static struct str take_line(struct str *rest)
{
    const char *newline = memchr(rest->text, '\n', rest->size);
    const size_t size = newline == NULL ? rest->size : (size_t)(newline - rest->text);
    const struct str line = {rest->text, size};
    const size_t skip = size + (newline != NULL);

    *rest = (struct str){rest->text + skip, rest->size - skip};
    return line;
}

static bool take_number(struct str *s, uint64_t *out)
{
    size_t i = 0;
    uint64_t value = 0;

    for (; i < s->size && isdigit((unsigned char)s->text[i]) && i < 19; i++)
        value = value * 10 + (uint64_t)(s->text[i] - '0');
    *out = value;
    *s = (struct str){s->text + i, s->size - i};
    return i != 0;
}

static bool take_text(struct str *s, const char *text)
{
    const size_t size = strlen(text);
    if (s->size < size || memcmp(s->text, text, size) != 0)
        return false;
    *s = (struct str){s->text + size, s->size - size};
    return true;
}

static bool parse_marker(struct str line, struct crash_log_program *out)
{
    const char *at = memmem(line.text, line.size, marker, sizeof(marker) - 1);
    if (at == NULL)
        return false;
    struct str rest = {at, line.size - (size_t)(at - line.text)};
    (void)take_text(&rest, marker);
    *out = (struct crash_log_program){0};
    if (!take_number(&rest, &out->proc))
        return false;
    if (take_text(&rest, " (id="))
        out->has_id = take_number(&rest, &out->id);
    return true;
}

/* `name(`, `name$variant(`, `rN = name(`, or a comment. */
static bool is_program_line(struct str line)
{
    size_t i = 0;

    if (line.size == 0)
        return false;
    if (line.text[0] == '#')
        return true;
    if (line.text[0] == 'r' && line.size > 1 && isdigit((unsigned char)line.text[1])) {
        const char *equals = memmem(line.text, line.size, " = ", 3);
        if (equals == NULL)
            return false;
        i = (size_t)(equals - line.text) + 3;
    }
    const size_t start = i;
    while (i < line.size &&
           (isalnum((unsigned char)line.text[i]) || line.text[i] == '_' || line.text[i] == '$'))
        i++;
    return i > start && i < line.size && line.text[i] == '(';
}

struct crash_log_program *crash_log_programs(struct arena *a, struct str log, size_t *count)
{
    struct crash_log_program *all = NULL;
    size_t capacity = 0;
    bool open = false;

    *count = 0;
    while (log.size != 0) {
        struct crash_log_program next;
        const struct str line = take_line(&log);

        if (parse_marker(line, &next)) {
            if (*count == CRASH_LOG_PROGRAMS_MAX)
                break;
            next.text = (struct str){log.text, 0};
            ARENA_PUSH(a, all, *count, capacity, next);
            open = true;
        } else if (open && is_program_line(line)) {
            struct crash_log_program *last = &all[*count - 1];
            last->text.size = (size_t)(line.text + line.size - last->text.text);
        } else {
            open = false;
        }
    }
    return all;
}
