/* config: what a fuzzer is told: a file of JSON whose lines may begin with # (comments), and flags
 * that give or override the same keys. config.def has every key.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_MANAGER_CONFIG_H
#define SPEAR_MANAGER_CONFIG_H

#include "base/buf.h"

enum { CONFIG_BYTES_MAX = 1 << 20, CONFIG_LIST_MAX = 10000 };

struct config_list {
    const char **items;
    uint32_t count;
};

/* CHOICE is the index of the word; SIZE bytes; TIME seconds. All text lives in the arena. */
struct config {
#define CONFIG_STRING                                  const char *
#define CONFIG_UINT                                    uint64_t
#define CONFIG_BOOL                                    bool
#define CONFIG_SIZE                                    uint64_t
#define CONFIG_TIME                                    uint64_t
#define CONFIG_CHOICE                                  unsigned
#define CONFIG_LIST                                    struct config_list
#define CONFIG_IGNORED                                 bool
#define KEY(member, path, type, fallback, range, help) CONFIG_##type member;
#include "spear/manager/config.def"
    struct arena *arena; /* borrowed */
};

enum config_id {
#define KEY(member, path, type, fallback, range, help) CONFIG_KEY_##member,
#include "spear/manager/config.def"
    CONFIG_KEY_COUNT
};
enum config_type {
    CONFIG_TYPE_STRING,
    CONFIG_TYPE_UINT,
    CONFIG_TYPE_BOOL,
    CONFIG_TYPE_SIZE,
    CONFIG_TYPE_TIME,
    CONFIG_TYPE_CHOICE,
    CONFIG_TYPE_LIST,
    CONFIG_TYPE_IGNORED,
};
struct config_key {
    const char *path;
    enum config_type type;
    const char *fallback, *range, *help;
    size_t offset; /* of the member */
};
extern const struct config_key config_keys[CONFIG_KEY_COUNT];

/* All of these run inside arena_guard() of the arena. */

/* Every key at its fallback. */
void config_init(struct config *c, struct arena *a);
/* Sets the keys that the text has. ST_MALFORMED with line and column where it is no JSON; ST_USAGE
 * for unknown keys (with the nearest known one) and values that are not what was expected. */
MUST_USE enum status config_parse(struct config *c, struct str text, struct diag *dg);
/* A key from the command line; a list is added to, its words separated by commas. */
MUST_USE enum status config_set(struct config *c, const char *path, const char *value,
                                struct diag *dg);
/* Writes a value as text, "" for none; lists with commas. For the dashboard. */
void config_print_value(const struct config *c, enum config_id id, struct buf *out);

#endif /* SPEAR_MANAGER_CONFIG_H */
