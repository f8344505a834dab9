/* pieces: the files themselves are put into the program by the assembler.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/pieces.h"

#include <stdlib.h>
#include <string.h>

/* Paths are relative to the top folder, where make runs. */
#define PIECE(name, use)                                                                           \
    __asm__(".pushsection .rodata\n"                                                               \
            "piece_start_" #name ": .incbin \"src/spear/executor/pieces/" #name ".h\"\n"           \
            "piece_end_" #name ": .byte 0\n"                                                       \
            ".popsection\n");                                                                      \
    extern const char piece_start_##name[] __attribute__((visibility("hidden")));                  \
    extern const char piece_end_##name[] __attribute__((visibility("hidden")));
#include "spear/executor/pieces/pieces.def"

static struct str piece_text(enum piece piece)
{
    switch (piece) {
#define PIECE(name, use)                                                                           \
    case PIECE_##name:                                                                             \
        return (struct str){piece_start_##name, (size_t)(piece_end_##name - piece_start_##name)};
#include "spear/executor/pieces/pieces.def"
    case PIECE_COUNT: break;
    }
    return (struct str){"", 0};
}

static const char *const piece_names[] = {
#define PIECE(name, use) #name,
#include "spear/executor/pieces/pieces.def"
};

bool piece_find(const char *name, enum piece *out)
{
    for (int i = 0; i < PIECE_COUNT; i++)
        if (strcmp(piece_names[i], name) == 0) {
            *out = (enum piece)i;
            return true;
        }
    return false;
}

static bool next_line(struct str *rest, struct str *line)
{
    if (rest->size == 0)
        return false;
    const char *newline = memchr(rest->text, '\n', rest->size);
    const size_t size = newline == NULL ? rest->size : (size_t)(newline - rest->text) + 1;
    *line = (struct str){rest->text, size};
    *rest = (struct str){rest->text + size, rest->size - size};
    return true;
}

static bool starts_with(struct str s, const char *text)
{
    const size_t size = strlen(text);
    return s.size >= size && memcmp(s.text, text, size) == 0;
}

/* `#include "spear/executor/pieces/NAME.h"` */
static bool is_dependency(struct str line, enum piece *out)
{
    static const char start[] = "#include \"spear/executor/pieces/";
    char name[64];

    if (!starts_with(line, start))
        return false;
    const char *at = line.text + sizeof(start) - 1;
    const char *end = memchr(at, '.', line.size - (sizeof(start) - 1));
    const size_t size = end == NULL ? 0 : (size_t)(end - at);
    if (size == 0 || size >= sizeof(name))
        return false;
    memcpy(name, at, size);
    name[size] = 0;
    return piece_find(name, out);
}

void piece_add(struct piece_set *set, enum piece piece)
{
    struct str rest = piece_text(piece), line;
    enum piece below;

    if (set->has[piece])
        return;
    set->has[piece] = true;
    while (next_line(&rest, &line))
        if (is_dependency(line, &below))
            piece_add(set, below);
}

/* ---- printing -------------------------------------------------------------------------------- */

enum { INCLUDES_MAX = 200 };

struct includes {
    struct str names[INCLUDES_MAX];
    size_t count;
};

static void add_include(struct includes *all, struct str name)
{
    for (size_t i = 0; i < all->count; i++)
        if (str_equal(all->names[i], name))
            return;
    if (all->count < INCLUDES_MAX)
        all->names[all->count++] = name;
}

static void add_includes_of(struct includes *all, enum piece piece)
{
    static const char start[] = "#include <";
    struct str rest = piece_text(piece), line;

    while (next_line(&rest, &line)) {
        const char *end = memchr(line.text, '>', line.size);
        if (starts_with(line, start) && end != NULL)
            add_include(all, (struct str){line.text + sizeof(start) - 1,
                                          (size_t)(end - line.text) - (sizeof(start) - 1)});
    }
}

/* Headers of the C library before those of the kernel, which mind what came before them. */
static int compare_includes(const void *a, const void *b)
{
    const struct str x = *(const struct str *)a, y = *(const struct str *)b;
    const bool x_kernel = starts_with(x, "linux/") || starts_with(x, "asm/");
    const bool y_kernel = starts_with(y, "linux/") || starts_with(y, "asm/");
    const int order = memcmp(x.text, y.text, MIN(x.size, y.size));

    if (x_kernel != y_kernel)
        return x_kernel ? 1 : -1;
    return order != 0 ? order : (x.size > y.size) - (x.size < y.size);
}

void pieces_print_includes(struct buf *out, const struct piece_set *set, const char *const *more)
{
    struct includes all = {.count = 0};

    for (int i = 0; i < PIECE_COUNT; i++)
        if (set->has[i])
            add_includes_of(&all, (enum piece)i);
    for (; *more != NULL; more++)
        add_include(&all, str_of(*more));
    qsort(all.names, all.count, sizeof(all.names[0]), compare_includes);
    for (size_t i = 0; i < all.count; i++)
        buf_printf(out, "#include <%.*s>\n", (int)all.names[i].size, all.names[i].text);
}

/* Behind the comment that the file begins with. */
static struct str skip_head(struct str text)
{
    const char *end = starts_with(text, "/*") ? memmem(text.text, text.size, "*/", 2) : NULL;
    if (end == NULL)
        return text;
    return (struct str){end + 2, text.size - (size_t)(end + 2 - text.text)};
}

static void print_body(struct buf *out, const struct piece_set *set, struct piece_set *printed,
                       enum piece piece)
{
    struct str rest = skip_head(piece_text(piece)), line;
    enum piece below;
    bool was_empty = true;

    if (printed->has[piece] || !set->has[piece])
        return;
    printed->has[piece] = true;
    struct str head = rest;
    while (next_line(&head, &line))
        if (is_dependency(line, &below))
            print_body(out, set, printed, below);
    buf_byte(out, '\n');
    while (next_line(&rest, &line)) {
        const bool is_empty = line.size == 1;
        if (starts_with(line, "#include ") || starts_with(line, "#pragma once") ||
            (is_empty && was_empty))
            continue;
        was_empty = is_empty;
        buf_str(out, line);
    }
}

void pieces_print_bodies(struct buf *out, const struct piece_set *set)
{
    struct piece_set printed = {0};

    for (int i = 0; i < PIECE_COUNT; i++)
        print_body(out, set, &printed, (enum piece)i);
}
