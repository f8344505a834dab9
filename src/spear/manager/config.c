/* config: JSON by a library, keys by a table. SPDX-License-Identifier: Apache-2.0 */
#include "spear/manager/config.h"

#include "base/nearest.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const struct config_key config_keys[CONFIG_KEY_COUNT] = {
#define KEY(member, path, type, fallback, range, help)                                             \
    {path, CONFIG_TYPE_##type, fallback, range, help, offsetof(struct config, member)},
#include "spear/manager/config.def"
};

static void *member_of(struct config *c, const struct config_key *key)
{
    return (char *)c + key->offset;
}

static char *keep(struct config *c, const char *text)
{
    return arena_copy_text(c->arena, text, strlen(text));
}

/* ---- numbers with units ---- */

static bool parse_uint(const char *text, uint64_t *out, const char **end)
{
    char *stop = NULL;

    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    *out = strtoull(text, &stop, 10);
    *end = stop;
    return errno == 0;
}

/* Powers of 1024: 4096, 512M, 2G, 1GiB. */
static bool parse_size(const char *text, uint64_t *out)
{
    static const char units[] = "kmgt";
    const char *end = NULL;
    uint64_t value = 0;

    if (!parse_uint(text, &value, &end))
        return false;
    const char *unit = *end == '\0' ? NULL : strchr(units, tolower((unsigned char)*end));
    if (*end == '\0' || unit == NULL) {
        *out = value;
        return *end == '\0';
    }
    unsigned shift = 10 * (unsigned)(unit - units + 1);
    end++;
    if (strcmp(end, "") != 0 && strcmp(end, "B") != 0 && strcmp(end, "iB") != 0)
        return false;
    *out = value << shift;
    return *out >> shift == value;
}

/* 90, 90s, 1h30m, 2d. */
static bool parse_time(const char *text, uint64_t *out)
{
    uint64_t sum = 0;

    if (*text == '\0')
        return false;
    while (*text != '\0') {
        uint64_t value = 0, unit = 1;
        if (!parse_uint(text, &value, &text) || value > UINT32_MAX)
            return false;
        switch (*text) {
        case 'd': unit = 86400; break;
        case 'h': unit = 3600; break;
        case 'm': unit = 60; break;
        case 's':
        case '\0': break;
        default: return false;
        }
        text += *text != '\0';
        sum += value * unit;
        if (sum > UINT32_MAX) /* 136 years; and what is printed in seconds is read again */
            return false;
    }
    *out = sum;
    return true;
}

/* ---- what was expected ---- */

static bool range_of(const struct config_key *key, uint64_t *low, uint64_t *high)
{
    const char *end = NULL;

    if (!parse_uint(key->range, low, &end) || strncmp(end, "..", 2) != 0)
        return false;
    return parse_uint(end + 2, high, &end);
}

/* The index of a word in "a|b|c"; UINT_MAX when it is none of them. */
static unsigned word_index(const char *words, const char *word)
{
    size_t size = strlen(word);

    for (unsigned i = 0;; i++) {
        size_t length = strcspn(words, "|");
        if (length == size && strncmp(words, word, size) == 0)
            return i;
        if (words[length] == '\0')
            return UINT32_MAX;
        words += length + 1;
    }
}

static enum status expected(const struct config_key *key, const char *found, struct diag *dg)
{
    static const char *const what[] = {
        [CONFIG_TYPE_STRING] = "a string",
        [CONFIG_TYPE_UINT] = "a number",
        [CONFIG_TYPE_BOOL] = "true or false",
        [CONFIG_TYPE_SIZE] = "a size such as 4096 or \"512M\"",
        [CONFIG_TYPE_TIME] = "a time such as 90 (seconds) or \"1h30m\"",
        [CONFIG_TYPE_CHOICE] = "one of",
        [CONFIG_TYPE_LIST] = "a list of strings",
        [CONFIG_TYPE_IGNORED] = "anything",
    };
    return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "%s: expected %s%s%s, found %s", key->path,
                     what[key->type], key->range[0] != '\0' ? " " : "", key->range, found);
}

static enum status set_uint(struct config *c, const struct config_key *key, uint64_t value,
                            const char *found, struct diag *dg)
{
    uint64_t low = 0, high = UINT64_MAX;

    if (key->type == CONFIG_TYPE_UINT && range_of(key, &low, &high) &&
        (value < low || value > high))
        return expected(key, found, dg);
    *(uint64_t *)member_of(c, key) = value;
    return ST_OK;
}

/* From text: of the command line, of the table, or of a string in the file. */
static enum status set_text(struct config *c, const struct config_key *key, const char *text,
                            struct diag *dg)
{
    const char *end = NULL;
    uint64_t value = 0;
    unsigned word;

    switch (key->type) {
    case CONFIG_TYPE_STRING: *(const char **)member_of(c, key) = keep(c, text); return ST_OK;
    case CONFIG_TYPE_UINT:
        if (!parse_uint(text, &value, &end) || *end != '\0')
            return expected(key, text, dg);
        return set_uint(c, key, value, text, dg);
    case CONFIG_TYPE_SIZE:
        return parse_size(text, &value) ? set_uint(c, key, value, text, dg)
                                        : expected(key, text, dg);
    case CONFIG_TYPE_TIME:
        return parse_time(text, &value) ? set_uint(c, key, value, text, dg)
                                        : expected(key, text, dg);
    case CONFIG_TYPE_BOOL:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return expected(key, text, dg);
        *(bool *)member_of(c, key) = strcmp(text, "true") == 0;
        return ST_OK;
    case CONFIG_TYPE_CHOICE:
        word = word_index(key->range, text);
        if (word == UINT32_MAX)
            return expected(key, text, dg);
        *(unsigned *)member_of(c, key) = word;
        return ST_OK;
    case CONFIG_TYPE_LIST:
    case CONFIG_TYPE_IGNORED: return ST_OK;
    }
    return ST_OK;
}

void config_init(struct config *c, struct arena *a)
{
    *c = (struct config){.arena = a};
    for (uint32_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        struct diag dg = {0};
        enum status st = set_text(c, &config_keys[i], config_keys[i].fallback, &dg);
        CHECK(st == ST_OK, "a fallback of config.def is what the key expects");
    }
}

/* ---- the file ---- */

/* Comments become empty lines, so that line numbers stay. */
static char *without_comments(struct arena *a, struct str text)
{
    char *copy = arena_copy_text(a, text.text, text.size);
    bool is_start = true, is_comment = false;

    for (size_t i = 0; i < text.size; i++) {
        if (copy[i] == '\n') {
            is_start = true;
            is_comment = false;
            continue;
        }
        is_comment = is_comment || (is_start && copy[i] == '#');
        is_start = is_start && (copy[i] == ' ' || copy[i] == '\t');
        if (is_comment)
            copy[i] = ' ';
    }
    return copy;
}

/* Where the key stands: the library does not tell. 0 when it is written in some other way. */
static uint32_t line_of(const char *text, const char *path)
{
    const char *name = strrchr(path, '.') != NULL ? strrchr(path, '.') + 1 : path;
    size_t size = strlen(name);
    uint32_t line = 1;

    for (; *text != '\0'; text++) {
        line += *text == '\n';
        if (text[0] == '"' && strncmp(text + 1, name, size) == 0 && text[size + 1] == '"')
            return line;
    }
    return 0;
}

static const char *kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "a list";
    case JSON_STRING: return "a string";
    case JSON_INTEGER: return "a number";
    case JSON_REAL: return "a number with a fraction";
    case JSON_TRUE: return "true";
    case JSON_FALSE: return "false";
    case JSON_NULL: return "null";
    }
    return "something else";
}

static enum status set_list(struct config *c, const struct config_key *key, const json_t *value,
                            struct diag *dg)
{
    struct config_list list = {0};
    size_t i;
    const json_t *item;

    if (!json_is_array(value))
        return expected(key, kind_of(value), dg);
    if (json_array_size(value) > CONFIG_LIST_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "%s: at most %d words", key->path,
                         CONFIG_LIST_MAX);
    list.items = arena_new(c->arena, const char *, json_array_size(value));
    json_array_foreach(value, i, item)
    {
        if (!json_is_string(item))
            return expected(key, "a list with something else in it", dg);
        list.items[list.count++] = keep(c, json_string_value(item));
    }
    *(struct config_list *)member_of(c, key) = list;
    return ST_OK;
}

static enum status set_json(struct config *c, const struct config_key *key, const json_t *value,
                            struct diag *dg)
{
    bool is_number = key->type == CONFIG_TYPE_UINT || key->type == CONFIG_TYPE_SIZE ||
                     key->type == CONFIG_TYPE_TIME;
    char found[32];

    if (key->type == CONFIG_TYPE_IGNORED)
        return ST_OK;
    if (key->type == CONFIG_TYPE_LIST)
        return set_list(c, key, value, dg);
    if (is_number && json_is_integer(value)) {
        snprintf(found, sizeof(found), "%jd", (intmax_t)json_integer_value(value));
        if (json_integer_value(value) < 0)
            return expected(key, found, dg);
        return set_uint(c, key, (uint64_t)json_integer_value(value), found, dg);
    }
    if (key->type == CONFIG_TYPE_BOOL && json_is_boolean(value)) {
        *(bool *)member_of(c, key) = json_is_true(value);
        return ST_OK;
    }
    if (key->type == CONFIG_TYPE_UINT || key->type == CONFIG_TYPE_BOOL || !json_is_string(value))
        return expected(key, kind_of(value), dg);
    return set_text(c, key, json_string_value(value), dg);
}

static const struct config_key *find_key(const char *path)
{
    for (uint32_t i = 0; i < CONFIG_KEY_COUNT; i++)
        if (strcmp(config_keys[i].path, path) == 0)
            return &config_keys[i];
    return NULL;
}

static enum status unknown_key(const char *path, struct diag *dg)
{
    struct nearest near = {.word = path};

    for (uint32_t i = 0; i < CONFIG_KEY_COUNT; i++)
        nearest_try(&near, config_keys[i].path);
    return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "there is no key %s%s%s", path,
                     near.best != NULL ? "; did you mean " : "",
                     near.best != NULL ? near.best : "");
}

enum { PATH_BYTES = 256 };

static enum status set_object(struct config *c, json_t *object, const char *prefix,
                              const char *text, struct diag *dg)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        char path[PATH_BYTES];
        snprintf(path, sizeof(path), "%s%s", prefix, name);
        const struct config_key *key = find_key(path);
        enum status st;
        if (key == NULL && strcmp(path, "vm") == 0)
            st = json_is_object(value)
                     ? set_object(c, value, "vm.", text, dg)
                     : diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "vm: expected an object, found %s",
                                 kind_of(value));
        else
            st = key == NULL ? unknown_key(path, dg) : set_json(c, key, value, dg);
        if (st != ST_OK) {
            if (dg != NULL && dg->line == 0) {
                dg->line = line_of(text, path);
                dg->column = dg->line == 0 ? 0 : 1;
            }
            return st;
        }
    }
    return ST_OK;
}

enum status config_parse(struct config *c, struct str text, struct diag *dg)
{
    char *clean = without_comments(c->arena, text);
    json_error_t error;

    if (text.size > CONFIG_BYTES_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "%zu bytes; at most %d are read", text.size,
                         CONFIG_BYTES_MAX);
    json_t *root = json_loadb(clean, text.size, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        return diag_fail_at(dg, ST_MALFORMED, error.line < 1 ? 1 : (uint32_t)error.line,
                            error.column < 1 ? 1 : (uint32_t)error.column, "%s", error.text);
    enum status st =
        json_is_object(root)
            ? set_object(c, root, "", clean, dg)
            : diag_fail_at(dg, ST_MALFORMED, 1, 1, "expected an object, found %s", kind_of(root));
    json_decref(root);
    return st;
}

/* ---- the command line ---- */

static void add_words(struct config *c, struct config_list *list, const char *words)
{
    while (*words != '\0' && list->count < CONFIG_LIST_MAX) {
        size_t size = strcspn(words, ",");
        const char **items = arena_new(c->arena, const char *, list->count + 1u);
        if (list->count != 0)
            memcpy(items, list->items, list->count * sizeof(*items));
        items[list->count] = arena_copy_text(c->arena, words, size);
        list->items = items;
        list->count++;
        words += size + (words[size] == ',');
    }
}

enum status config_set(struct config *c, const char *path, const char *value, struct diag *dg)
{
    const struct config_key *key = find_key(path);

    if (key == NULL)
        return unknown_key(path, dg);
    if (key->type == CONFIG_TYPE_LIST)
        add_words(c, member_of(c, key), value);
    return set_text(c, key, value, dg);
}

/* ---- showing ---- */

void config_print_value(const struct config *c, enum config_id id, struct buf *out)
{
    const struct config_key *key = &config_keys[id];
    const void *member = (const char *)c + key->offset;
    const struct config_list *list = member;
    const char *words = key->range;

    switch (key->type) {
    case CONFIG_TYPE_STRING: buf_text(out, *(const char *const *)member); break;
    case CONFIG_TYPE_UINT:
    case CONFIG_TYPE_SIZE:
    case CONFIG_TYPE_TIME: buf_printf(out, "%ju", (uintmax_t) * (const uint64_t *)member); break;
    case CONFIG_TYPE_BOOL: buf_text(out, *(const bool *)member ? "true" : "false"); break;
    case CONFIG_TYPE_CHOICE:
        for (unsigned i = *(const unsigned *)member; i > 0; i--)
            words = strchr(words, '|') + 1;
        buf_bytes(out, words, strcspn(words, "|"));
        break;
    case CONFIG_TYPE_LIST:
        for (uint32_t i = 0; i < list->count; i++)
            buf_printf(out, "%s%s", i == 0 ? "" : ",", list->items[i]);
        break;
    case CONFIG_TYPE_IGNORED: break;
    }
}
