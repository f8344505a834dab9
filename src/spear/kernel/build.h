/*
 * build: makes a kernel to fuzz, from Debian's source package, a tarball or a folder of sources.
 *
 *   CACHE/<key>/           bzImage vmlinux config build.log source key; complete or not there
 *   CACHE/work/<source>/   the tree that is built in, kept, so that the next build of another
 *                          configuration compiles what changed; its obj/ holds the build
 *
 * The key is the digest of everything that decides the result: the sources, the options, the driver
 * that is added, the compiler. A folder of the user's is never written to: the work tree is made of
 * links to its files. SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPEAR_KERNEL_BUILD_H
#define SPEAR_KERNEL_BUILD_H

#include "io/file.h"
#include "spear/kernel/kconfig.h"

#include <signal.h>

struct kernel_progress {
    const char *stage;    /* "unpacking", "compiling", ...; static */
    uint32_t done, total; /* files compiled, and about how many there are; 0 0 where not counted */
    const char *what;     /* the file at hand; valid during the call */
};

/* All text is borrowed for the call; NULL takes what is named. */
struct kernel_build_options {
    const char *source; /* folder or tarball; the newest /usr/src/linux-source-*.tar.* */
    const char *output; /* folder that the results are copied to; none */
    const char *driver; /* folder with Kconfig, Makefile, *.c and *.h that is added; none */
    const char *extra;  /* file of further options, CONFIG_X=y lines; none */
    unsigned groups;    /* KCONFIG_BIT()s */
    uint32_t jobs;      /* compilers at once; 0: one per processor */
    bool only_cached;   /* when it is not in the cache: an empty dir, and ST_OK */
    void (*progress)(void *ctx, const struct kernel_progress *progress); /* NULL: not told */
    void *ctx;
    const volatile sig_atomic_t *stop; /* the build ends soon after it is not 0; NULL */
};

/* An option that was asked for and is not in the configuration that came out. */
struct kernel_lost {
    const struct kconfig_option *option; /* NULL: one of the user's */
    struct str name, wanted, found;
    struct str why; /* "this source does not know it", or what it depends on */
};

struct kernel_build {
    struct str dir;    /* CACHE/<key>, or the output folder; empty: not there (only_cached) */
    struct str source; /* the tree that it was built from; vmlinux names files relative to it */
    bool was_cached;
    struct kernel_lost *lost;
    uint32_t lost_count; /* 0 when the result was there already */
    uint32_t compiled;   /* files */
};

enum { KERNEL_BUILD_ARENA_BYTES = 256 << 20 };

/* Makes it, or finds it in the cache. Must run inside arena_guard(); *out is in the arena. May take
 * a quarter of an hour; when another process builds the same tree, it waits. Once stopped, killed
 * or failed, the next call goes on where this one was. Refusals name the package, the option or the
 * log that tells more; ST_TIMEOUT when it was stopped. */
MUST_USE enum status kernel_build(const struct kernel_build_options *options, struct arena *a,
                                  struct kernel_build *out, struct diag *dg);

#endif /* SPEAR_KERNEL_BUILD_H */
