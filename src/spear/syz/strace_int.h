/* strace_int: what the files that read logs of strace share. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_STRACE_INT_H
#define SPEAR_SYZ_STRACE_INT_H

#include "spear/syz/prog_int.h"
#include "spear/syz/strace.h"

enum trace_kind {
    TRACE_UNKNOWN, /* something is there, but what is not said */
    TRACE_NUMBER,
    TRACE_TEXT,
    TRACE_LIST, /* {...} or [...] */
};

struct trace_value {
    enum trace_kind kind;
    uint64_t number;
    struct str text; /* the bytes */
    bool is_cut;     /* strace has left out the rest of the text */
    struct trace_value **items;
    struct str *names; /* of the items, empty where there is none */
    uint32_t count;
};

struct trace_call {
    uint32_t pid;
    struct str name;
    struct trace_value *args; /* a list */
    bool has_succeeded;
    uint64_t result;
};

/* ---- strace_read.c ---- */

struct trace_reader {
    struct arena *a;
    const struct map *consts;
    struct str left;    /* of the log */
    struct map pending; /* by pid: the text of a call that was not finished on its line */
    uint32_t unreadable;
};
void trace_open(struct trace_reader *r, struct arena *a, const struct map *consts, struct str log);
/* False at the end of the log. */
bool trace_next(struct trace_reader *r, struct trace_call *out);

/* ---- strace_fit.c ---- */

/* A value that a call has given, and the argument that stands for it. */
struct trace_result {
    uint64_t value;
    struct syz_arg *arg;
    uint32_t pid, step;
};
struct trace_results {
    struct trace_result *items;
    uint32_t count, capacity;
};
/* The last result of that value and kind, of the process itself if it has one; else one of a kind
 * that has an ancestor in common, for the log shows that it serves; or NULL. */
const struct trace_result *trace_find(const struct trace_results *results, uint32_t pid,
                                      uint64_t value, const struct syz_resource *want);

enum { FIT_NEVER = -1000000 };
struct fit {
    const struct trace_results *results;
    uint32_t pid;
};
/* How well a value fits a type: higher is better; FIT_NEVER: a constant differs. v may be NULL. */
int64_t fit_value(const struct fit *f, const struct trace_value *v, const struct syz_type *type,
                  enum syz_dir dir);
/* The enabled call of that name that fits best; NULL when there is none. */
const struct syz_call *fit_call(const struct fit *f, const struct syz_target *t,
                                const struct trace_call *call);
/* The option of a union. */
uint32_t fit_option(const struct fit *f, const struct trace_value *v, const struct syz_type *type,
                    enum syz_dir dir);
/* The item that stands for a field of a struct; NULL when there is none. */
const struct trace_value *fit_field(const struct trace_value *v, const struct syz_type *type,
                                    uint32_t field);
/* What a pointer shows: one number of it may stand in brackets. */
const struct trace_value *fit_pointee(const struct trace_value *v, const struct syz_type *to);

#endif /* SPEAR_SYZ_STRACE_INT_H */
