/* compile: from texts to the immutable model of types.h: templates instantiated, constants looked
 * up for one machine, layout computed, every call judged enabled or not, with the reason.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_COMPILE_H
#define SPEAR_SYZ_COMPILE_H

#include "base/diag.h"
#include "spear/syz/types.h"

enum {
    SYZ_FILES_MAX = 10000,
    SYZ_FILE_BYTES_MAX = 64 << 20,
    SYZ_TYPES_MAX = 1 << 22,      /* template instances and all */
    SYZ_EXPANSIONS_MAX = 64,      /* templates within templates */
    SYZ_TEXT_BYTES_MAX = 1 << 16, /* of one type written out */
};

struct syz_source {
    struct str path; /* decides what it is: .txt descriptions, .const constants */
    struct str text;
};

struct syz_sources {
    struct syz_source *items; /* arena */
    uint32_t count, capacity;
};

/* Adds a file, or every .txt and .const file of a folder (not of its subfolders), by name. Inside
 * arena_guard(). ST_IO or ST_LIMIT with a message. */
MUST_USE enum status syz_load(const char *path, struct syz_sources *sources, struct arena *a,
                              struct diag *dg);

/* The folder of the descriptions that come with mujun: what $MUJUN_DESCRIPTIONS says, else that of
 * the source tree that the program was built in, else where they are installed. ST_IO when there is
 * none. Inside arena_guard(). */
MUST_USE enum status syz_descriptions_default(struct arena *a, const char **path, struct diag *dg);

/* Inside arena_guard() of a, which the target keeps pointing into, as into the sources' texts.
 * ST_MALFORMED when the errors are not empty; *target is then partial or NULL: good for listing
 * nothing, so do not use it. */
MUST_USE enum status syz_compile(const struct syz_sources *sources, const struct syz_arch *arch,
                                 struct arena *a, struct syz_errors *errors,
                                 const struct syz_target **target, struct diag *dg);

/* A constant that a description file asks for. */
struct syz_wanted {
    struct str name;
    struct syz_pos pos; /* of the first place */
};
struct syz_wanted_list {
    struct syz_wanted *items; /* by name, each once */
    uint32_t count;
};

/* What every source asks for, .const files not being read: (*lists)[i] is that of source i. As
 * syz_compile() otherwise; refuses descriptions that are wrong whatever the constants are. */
MUST_USE enum status syz_wanted(const struct syz_sources *sources, const struct syz_arch *arch,
                                struct arena *a, struct syz_errors *errors,
                                struct syz_wanted_list **lists, struct diag *dg);

/* The path of errors in descriptions that mujun itself holds. */
#define SYZ_BUILTIN_PATH "<builtin>"
struct str syz_path_of(const struct syz_sources *sources, uint16_t file);

#endif /* SPEAR_SYZ_COMPILE_H */
