/* console: see console.h. SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/console.h"

#include "spear/kernel/match.h"
#include "spear/kernel/oops.h"

#include <string.h>

bool console_same(struct console_context a, struct console_context b)
{
    return a.speaker == b.speaker && a.id == b.id;
}

static struct str rest_of(struct str s, size_t at)
{
    return (struct str){s.text + at, s.size - at};
}

static uint32_t number_of(struct str digits)
{
    uint32_t n = 0;

    for (size_t i = 0; i < digits.size; i++)
        n = n * 10 + (uint32_t)(digits.text[i] - '0'); /* it may wrap: only equality counts */
    return n;
}

/* What may stand before the time: lost messages, a login prompt, a log level. */
static size_t skip_before_time(struct str raw)
{
    struct match m;
    size_t at = 0;

    if (match_find("^%*%* %d printk messages dropped %*%* ", raw, &m))
        at = m.end;
    if (match_find("^* login: ", rest_of(raw, at), &m))
        at += m.end;
    if (match_find("^<%d>", rest_of(raw, at), &m))
        at += m.end;
    return at;
}

/* Takes the printk prefix off. */
static void read_prefix(struct console_line *line)
{
    struct match m;
    struct str s = rest_of(line->raw, skip_before_time(line->raw));

    line->text = line->raw;
    if (!match_find("^[%_%d.%d]", s, &m))
        return;
    s = rest_of(s, m.end);
    line->context.speaker = CONSOLE_KERNEL;
    if (match_find("^[%_%({T|C}%)%(%d%)]", s, &m)) {
        line->context.speaker = m.captures[0].text[0] == 'T' ? CONSOLE_TASK : CONSOLE_CPU;
        line->context.id = number_of(m.captures[1]);
        s = rest_of(s, m.end);
    }
    if (s.size != 0 && s.text[0] != ' ') {
        line->context = (struct console_context){0};
        return;
    }
    line->text = rest_of(s, s.size != 0);
}

/* A frame that the unwinder has only found lying on the stack. */
static void read_doubt(struct console_line *line)
{
    struct match m;

    if (line->context.speaker == CONSOLE_NONE || match_has(line->text, "<EOI>"))
        return;
    if (match_find(" ? %_%F%x", line->text, &m)) {
        line->is_doubtful = true;
        line->text = rest_of(line->text, m.start + 2);
    } else if (match_find(" (unreliable)$", line->text, &m)) {
        line->is_doubtful = true;
        line->text.size = m.start;
    }
}

bool console_is_replayed(struct str bytes, size_t end)
{
    static const char words[] = "\n** replaying previous printk message **";

    return end < bytes.size && bytes.size - end >= sizeof(words) - 1 &&
           memcmp(bytes.text + end, words, sizeof(words) - 1) == 0;
}

int32_t console_header_of(struct str raw)
{
    int32_t header = CONSOLE_NO_HEADER;

    for (uint32_t i = 0; i < oops_row_count; i++) {
        if (oops_rows[i].kind == OOPS_HEADER) {
            if (header != CONSOLE_NO_HEADER)
                break;
            if (match_has(raw, oops_rows[i].text))
                header = (int32_t)i;
        } else if (oops_rows[i].kind == OOPS_BENIGN && header != CONSOLE_NO_HEADER &&
                   match_find(oops_rows[i].text, raw, NULL)) {
            header = CONSOLE_NO_HEADER;
        }
    }
    return header;
}

struct console_line console_read(struct str bytes, size_t start)
{
    struct console_line line = {.start = start};
    const char *newline = memchr(bytes.text + start, '\n', bytes.size - start);

    line.end = newline == NULL ? bytes.size : (size_t)(newline - bytes.text);
    line.raw = (struct str){bytes.text + start, MIN(line.end - start, CONSOLE_LINE_MAX)};
    while (line.raw.size != 0 && line.raw.text[line.raw.size - 1] == '\r')
        line.raw.size--;
    read_prefix(&line);
    read_doubt(&line);
    line.header =
        console_is_replayed(bytes, line.end) ? CONSOLE_NO_HEADER : console_header_of(line.raw);
    return line;
}
