/*
 * wasi: the system interface "WASI preview 1" for guests, by capabilities only. A guest reaches
 * the descriptors it was given and what lies below its preopened directories; nothing has a
 * name outside them.
 *
 * A configuration is filled, wasi_new() opens what it names, wasi_define() makes the host
 * functions for a store. One wasi belongs to one guest: to one store at a time, on its thread.
 * Free it after that store.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_WASI_WASI_H
#define SHIELD_WASI_WASI_H

#include "base/buf.h"
#include "base/diag.h"

struct rt_func;
struct rt_store;
struct wasi;
struct wasi_config;

enum {
#define LIMIT(name, value, what) WASI_##name = value,
#include "shield/wasi/limits.def"
#undef LIMIT
};

/* How paths are kept below their directory. AUTO is KERNEL where the kernel has openat2 (Linux
 * 5.6), else WALK, which goes one component at a time and expands links itself. */
enum wasi_resolver { WASI_RESOLVER_AUTO, WASI_RESOLVER_KERNEL, WASI_RESOLVER_WALK };

/* An empty configuration: no arguments, no environment, no directories, stdin at its end, stdout
 * and stderr thrown away, the host's clocks and random bytes. NULL: no memory. */
MUST_USE struct wasi_config *wasi_config_new(void);
void wasi_config_free(struct wasi_config *c);

/* All text is copied. ST_USAGE names what is wrong with it, ST_LIMIT the limit, and nothing has
 * changed then. */
MUST_USE enum status wasi_config_arg(struct wasi_config *c, const char *arg, struct diag *dg);
/* value NULL: name is already NAME=VALUE. A name given again replaces nothing; getenv() of usual
 * C libraries finds the first. */
MUST_USE enum status wasi_config_env(struct wasi_config *c, const char *name, const char *value,
                                     struct diag *dg);
/* The guest finds the host directory under the name guest_path, as descriptors 3, 4... in order.
 * read_only: no call that changes anything below it, or that links out of it, will succeed. */
MUST_USE enum status wasi_config_dir(struct wasi_config *c, const char *host_path,
                                     const char *guest_path, bool read_only, struct diag *dg);
/* A listening or connected socket, borrowed; its number follows those of the directories. */
MUST_USE enum status wasi_config_socket(struct wasi_config *c, int host_fd, struct diag *dg);

/* number: 0 stdin, 1 stdout, 2 stderr. The host descriptor is borrowed: never closed, and its
 * flags (O_NONBLOCK...) never changed. */
MUST_USE enum status wasi_config_stdio(struct wasi_config *c, uint32_t number, int host_fd,
                                       struct diag *dg);
/* stdin reads these bytes, which are borrowed until wasi_free(). */
void wasi_config_stdin_bytes(struct wasi_config *c, const void *bytes, size_t size);
/* stdout (1) or stderr (2) is kept in memory, at most limit_bytes of it (then NOSPC); see
 * wasi_output(). */
MUST_USE enum status wasi_config_capture(struct wasi_config *c, uint32_t number, size_t limit_bytes,
                                         struct diag *dg);

/* For repeatable runs. Every clock starts at start_ns and moves by step_ns when it is read; a
 * sleeping guest moves it on without waiting. Random bytes come from the seed. */
void wasi_config_clock(struct wasi_config *c, uint64_t start_ns, uint64_t step_ns);
void wasi_config_random_seed(struct wasi_config *c, uint64_t seed);
void wasi_config_resolver(struct wasi_config *c, enum wasi_resolver resolver);

/* Opens the directories. ST_IO names the one that cannot be opened. config is only borrowed. */
MUST_USE enum status wasi_new(const struct wasi_config *config, struct wasi **out, struct diag *dg);
void wasi_free(struct wasi *w); /* closes all that the guest left open */

/* The host function for an import; *out is NULL when it is none of WASI's. Modules are
 * "wasi_snapshot_preview1" and its predecessor "wasi_unstable". */
MUST_USE enum status wasi_define(struct wasi *w, struct rt_store *store, struct str module,
                                 struct str name, struct rt_func **out, struct diag *dg);

/* What was captured so far of stdout (1) or stderr (2); borrowed until the next call. */
struct str wasi_output(const struct wasi *w, uint32_t number);

#endif /* SHIELD_WASI_WASI_H */
