/* kconfig: which options a kernel must have to be fuzzed well, what of it a given configuration
 * lacks, and where a configuration is hidden in a kernel image. The table is kconfig.def.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_KCONFIG_H
#define SPEAR_KERNEL_KCONFIG_H

#include "base/buf.h"

enum kconfig_group {
    KCONFIG_BOOT,
    KCONFIG_COVERAGE,
    KCONFIG_REPORTS,
    KCONFIG_SANITIZER,
    KCONFIG_FAULT,
    KCONFIG_SUBSYSTEM,
    KCONFIG_LEAN,
    KCONFIG_LOCKDEP, /* part of a configuration on request only */
    KCONFIG_GROUP_COUNT,
};

enum kconfig_need {
    KCONFIG_ESSENTIAL, /* fuzzing is not possible, blind or deaf without */
    KCONFIG_WANTED,    /* something is not fuzzed, not found or not readable without */
    KCONFIG_TUNING,    /* speed and size only */
};

struct kconfig_option {
    const char *name;  /* without CONFIG_ */
    const char *value; /* y, n or a number */
    enum kconfig_group group;
    enum kconfig_need need;
    const char *without, *cost; /* what is lost without it; what it costs */
};

extern const struct kconfig_option kconfig_options[];
extern const uint32_t kconfig_option_count;

const char *kconfig_group_name(enum kconfig_group group);
const char *kconfig_need_name(enum kconfig_need need);
/* NULL when the table does not know it. For hints: "the kernel lacks KCOV: ...". */
const struct kconfig_option *kconfig_find(const char *name);

/* Groups as bits; those that are always part of a configuration. */
#define KCONFIG_BIT(group) (1u << (group))
#define KCONFIG_USUAL      (KCONFIG_BIT(KCONFIG_LOCKDEP) - 1)

/* Appends "CONFIG_X=y" lines of the groups, for `make allnoconfig` with KCONFIG_ALLCONFIG. */
void kconfig_fragment(struct buf *out, unsigned groups);

/* What a .config says of an option: y, m, a number, a text in quotes; n when it is not set or not
 * named. Points into config. */
struct str kconfig_value(struct str config, const char *name);

/* True when config has the option as the table wants it. *found is what it has. */
bool kconfig_has(struct str config, const struct kconfig_option *option, struct str *found);

/* True when the text can be a .config: it has lines that set or unset options. */
bool kconfig_is_config(struct str text);

enum {
    KCONFIG_TEXT_MAX = 4 << 20
}; /* bytes of a .config; the largest of any distribution is 0.3 */

/* The configuration of a kernel: bytes is a .config, the same gzipped (/proc/config.gz), a vmlinux
 * with IKCONFIG, or a bzImage of one. *config is made in the arena; must run inside arena_guard().
 * ST_UNSUPPORTED when a kernel holds none, with what to give instead. */
MUST_USE enum status kconfig_extract(struct str bytes, struct arena *a, struct str *config,
                                     struct diag *dg);

#endif /* SPEAR_KERNEL_KCONFIG_H */
