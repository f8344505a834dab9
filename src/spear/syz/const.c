/* const: reads .const files, line by line. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/const.h"

#include "spear/syz/lex.h"

#include "spear/syz/types.h"

#include <stdio.h>
#include <string.h>

struct reader {
    struct map *consts;
    struct syz_errors *errors;
    struct str arch;
    bool has_arch; /* the file covers this machine */
    bool yields;   /* what another file says counts */
    const char *line_start;
    struct syz_pos pos;
};

static struct str trim(struct str s)
{
    while (s.size != 0 && strchr(" \t\r", s.text[0]) != NULL)
        s = (struct str){s.text + 1, s.size - 1};
    while (s.size != 0 && strchr(" \t\r", s.text[s.size - 1]) != NULL)
        s.size--;
    return s;
}

/* Cuts at the first such byte; *rest is what follows it, text NULL when there is none. */
static struct str cut(struct str s, char at, struct str *rest)
{
    const char *p = s.size == 0 ? NULL : memchr(s.text, at, s.size);

    *rest = (struct str){0};
    if (p == NULL)
        return s;
    *rest = (struct str){p + 1, s.size - (size_t)(p - s.text) - 1};
    return (struct str){s.text, (size_t)(p - s.text)};
}

static struct syz_pos pos_of(const struct reader *r, struct str s)
{
    struct syz_pos pos = r->pos;
    pos.column = (uint16_t)MIN((size_t)(s.text - r->line_start) + 1, (size_t)UINT16_MAX);
    return pos;
}

void syz_consts_add(struct map *consts, struct str name, struct syz_const value)
{
    struct syz_const *known = map_get(consts, name);

    if (known != NULL) {
        if (!known->has_value)
            *known = value;
        return;
    }
    known = arena_new(consts->arena, struct syz_const, 1);
    *known = value;
    map_put(consts, name, known);
}

static void read_arches(struct reader *r, struct str list)
{
    r->has_arch = false;
    while (list.text != NULL) {
        struct str word = trim(cut(list, ',', &list));
        r->has_arch = r->has_arch || str_equal(word, r->arch);
    }
}

/* 12, ???, or arch:arch:12: true when it applies to this machine; *is_default when to all. */
static bool read_item(struct reader *r, struct str item, struct syz_const *out, bool *is_default)
{
    bool applies = false;

    *is_default = memchr(item.text, ':', item.size) == NULL;
    for (;;) {
        struct str rest, word = trim(cut(item, ':', &rest));
        if (rest.text == NULL) {
            item = word;
            break;
        }
        applies = applies || str_equal(word, r->arch);
        item = rest;
    }
    *out = (struct syz_const){.has_value = !str_equal(item, STR("???"))};
    if (out->has_value && !lex_int(item, &out->value))
        syz_error(r->errors, pos_of(r, item), "expected an integer or ???, found \"%.*s\"",
                  STR_ARG(item));
    return applies;
}

static void read_value(struct reader *r, struct str name, struct str items)
{
    struct syz_const value = {0}, item;
    bool is_exact = false, is_default;

    while (items.text != NULL) {
        struct str word = trim(cut(items, ',', &items));
        if (word.size == 0) {
            syz_error(r->errors, r->pos, "expected a value after each comma, found none");
            return;
        }
        bool applies = read_item(r, word, &item, &is_default);
        if (applies || (is_default && !is_exact))
            value = item;
        is_exact = is_exact || applies;
    }
    if (!r->has_arch)
        value = (struct syz_const){0}; /* known, but not here */
    const struct syz_const *known = map_get(r->consts, name);
    if (!r->yields && known != NULL && known->has_value && value.has_value &&
        known->value != value.value)
        syz_error(r->errors, pos_of(r, name),
                  "expected the value that another file gives %.*s for %.*s, %ju, found %ju",
                  STR_ARG(name), STR_ARG(r->arch), (uintmax_t)known->value, (uintmax_t)value.value);
    syz_consts_add(r->consts, name, value);
}

static void read_line(struct reader *r, struct str line)
{
    struct str rest, name;

    line = trim(line);
    if (line.size == 0)
        return;
    if (line.text[0] == '#') {
        name = trim(cut(trim((struct str){line.text + 1, line.size - 1}), ' ', &rest));
        if (rest.text != NULL && str_equal(trim(rest), STR("is not set")))
            syz_consts_add(r->consts, name, (struct syz_const){0});
        return;
    }
    name = trim(cut(line, '=', &rest));
    if (rest.text == NULL || name.size == 0)
        syz_error(r->errors, r->pos, "expected NAME = value, found \"%.*s\"",
                  (int)MIN(line.size, (size_t)60), line.text);
    else if (str_equal(name, STR("arches")))
        read_arches(r, rest);
    else
        read_value(r, name, rest);
}

/* False when the path is NAME_OTHER.const, OTHER being another machine that is known. */
static bool path_is_for(struct str path, const char *arch)
{
    const struct syz_arch *other = NULL;

    for (uint32_t i = 0; (other = syz_arch_at(i)) != NULL; i++) {
        char end[32];
        size_t size = (size_t)snprintf(end, sizeof(end), "_%s.const", other->name);
        if (path.size > size && memcmp(path.text + path.size - size, end, size) == 0)
            return strcmp(other->name, arch) == 0;
    }
    return true;
}

void syz_consts_read(struct map *consts, struct str text, uint16_t file, struct str path,
                     struct str arch, bool yields, struct syz_errors *errors)
{
    struct reader r = {
        .yields = yields, .consts = consts, .errors = errors, .arch = arch, .pos = {0, 1, file}
    };

    r.has_arch = path_is_for(path, arch.text);
    while (text.text != NULL && text.size != 0) {
        struct str line = cut(text, '\n', &text);
        r.line_start = line.text;
        r.pos.line++;
        read_line(&r, line);
    }
}
