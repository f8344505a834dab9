/* symbolize: a frame is any `function+0xoffset/0xsize` of a line.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/symbolize.h"

#include "base/mem.h"
#include "io/file.h"
#include "spear/kernel/match.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { SOURCE_BYTES_MAX = 16 << 20, PATH_BYTES_MAX = 4096 };

static const char *const innocent[] = {
#define INNOCENT(pattern) pattern,
#include "spear/kernel/guilty.def"
};

/* function+0x12/0x34 in a line. */
struct place {
    struct str function;
    uint64_t offset, size;
    size_t end; /* in the line, behind it */
};

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$';
}

static bool take_hex(struct str line, size_t *at, uint64_t *out)
{
    size_t i = *at;
    uint64_t value = 0;

    if (i + 2 >= line.size || line.text[i] != '0' || line.text[i + 1] != 'x')
        return false;
    for (i += 2; i < line.size && isxdigit((unsigned char)line.text[i]); i++) {
        const char c = line.text[i];
        value = value << 4 | (uint64_t)(isdigit((unsigned char)c) ? c - '0' : (c | 32) - 'a' + 10);
    }
    *out = value;
    *at = i;
    return true;
}

static bool find_place(struct str line, struct place *out)
{
    for (size_t plus = 1; plus < line.size; plus++) {
        size_t at = plus + 1, start = plus;
        if (line.text[plus] != '+' || !take_hex(line, &at, &out->offset) || at >= line.size ||
            line.text[at++] != '/' || !take_hex(line, &at, &out->size))
            continue;
        while (start > 0 && is_name(line.text[start - 1]))
            start--;
        out->function = (struct str){line.text + start, plus - start};
        out->end = at;
        return plus != start;
    }
    return false;
}

static bool is_innocent(struct str file)
{
    for (size_t i = 0; i < LENGTH_OF(innocent); i++)
        if (match_find(innocent[i], file, NULL))
            return true;
    return false;
}

/* Judges one frame after the other; keeps the first that is not innocent, else the first. */
static void judge(struct symbolized *out, const struct symbol_frame *frame, bool *is_sure)
{
    if (*is_sure || frame->file.size == 0)
        return;
    *is_sure = !is_innocent(frame->file);
    if (*is_sure || out->file.size == 0) {
        out->file = frame->file;
        out->line = frame->line;
    }
}

struct job {
    struct symbols *symbols;
    struct symbolized *out;
    struct buf text;
    bool is_sure;
};

static void symbolize_line(struct job *job, struct str line)
{
    struct symbol_frame frames[SYMBOL_FRAMES_MAX];
    struct place place;
    uint64_t address;
    uint32_t count = 0;

    if (find_place(line, &place) &&
        symbols_address(job->symbols, place.function, place.offset, place.size, &address)) {
        /* What is on the stack is where the call returns to; RIP is where it stands. */
        const bool is_exact = match_has(line, "RIP:") || place.offset == 0;
        count = symbols_frames(job->symbols, is_exact ? address : address - 1, frames);
    }
    const bool is_guess = match_has(line, " ? ");
    for (uint32_t i = 0; i < count; i++) {
        if (!is_guess)
            judge(job->out, &frames[i], &job->is_sure);
        if (!frames[i].is_inlined || i + 1 == count) {
            buf_bytes(&job->text, line.text, place.end);
            buf_printf(&job->text, " %.*s:%u", (int)frames[i].file.size, frames[i].file.text,
                       frames[i].line);
            buf_bytes(&job->text, line.text + place.end, line.size - place.end);
        } else {
            buf_printf(&job->text, " %.*s %.*s:%u [inline]", (int)frames[i].function.size,
                       frames[i].function.text, (int)frames[i].file.size, frames[i].file.text,
                       frames[i].line);
        }
        buf_byte(&job->text, '\n');
    }
    if (count == 0) {
        buf_str(&job->text, line);
        buf_byte(&job->text, '\n');
    }
}

static struct str read_neighbours(struct arena *a, const char *dir, struct str file, uint32_t line)
{
    char path[PATH_BYTES_MAX];
    uint8_t *data;
    size_t size;
    struct buf out;
    uint32_t number = 1;

    buf_init(&out, a);
    const int length = snprintf(path, sizeof(path), "%s/%.*s", dir, (int)file.size, file.text);
    if (length < 0 || (size_t)length >= sizeof(path) ||
        file_read(path, SOURCE_BYTES_MAX, &data, &size, NULL) != ST_OK)
        return (struct str){"", 0};
    for (const char *at = (char *)data, *end = at + size; at < end; number++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline == NULL ? end : newline;
        if (number + SYMBOLIZE_NEIGHBOURS >= line && number <= line + SYMBOLIZE_NEIGHBOURS)
            buf_printf(&out, "%s %5u  %.*s\n", number == line ? ">" : " ", number, (int)(stop - at),
                       at);
        at = stop + 1;
    }
    mem_free(data);
    return (struct str){(char *)out.data, out.size};
}

void report_symbolize(struct arena *a, struct symbols *symbols, const struct report *report,
                      const char *source_dir, struct symbolized *out)
{
    struct job job = {.symbols = symbols, .out = out};
    const char *at = report->text.text, *end = at + report->text.size;

    *out = (struct symbolized){.file = STR(""), .source = STR("")};
    buf_init(&job.text, a);
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline == NULL ? end : newline;
        symbolize_line(&job, (struct str){at, (size_t)(stop - at)});
        at = stop + 1;
    }
    out->text = (struct str){(char *)job.text.data, job.text.size};
    if (source_dir != NULL && out->file.size != 0)
        out->source = read_neighbours(a, source_dir, out->file, out->line);
}
