/* target_int: what the files of the target "linux" share. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_TARGET_INT_H
#define SPEAR_KERNEL_TARGET_INT_H

#include "spear/kernel/journal.h"
#include "spear/kernel/symbols.h"
#include "spear/kernel/target.h"
#include "spear/syz/compile.h"
#include "spear/syz/mutate.h"

#include <pthread.h>
#include <stdatomic.h>

/* Room for descriptions, and for one choice table. */
#define KERNEL_ARENA_BYTES ((size_t)1 << 30)

/* One choice table, immutable; shared by who uses it at the moment, freed by the last. */
struct choice_box {
    struct arena arena;
    struct syz_choice *choice;
    uint32_t users; /* under kernel_target.lock; the target itself is one */
};

/* The calls of a reproducer, in its order, each by its number and its fixed arguments. */
struct avoided_call {
    int64_t number; /* -1: go by the id */
    uint32_t id, arg_count;
    bool is_fixed[SYZ_ARGS_MAX];
    uint64_t values[SYZ_ARGS_MAX];
};
struct avoided {
    struct avoided_call calls[SYZ_CALLS_MAX];
    uint32_t count;
};
enum { KERNEL_AVOIDED_MAX = 64 };

struct kernel_target {
    struct kernel_options options;
    struct target target;
    struct machine_kind kind;
    struct arena arena; /* descriptions, names, the machine check */
    struct syz_sources sources;
    struct syz_errors errors;
    const struct syz_target *syz;
    struct vm_pool *pool;
    const char **names;        /* by call id, NUL-terminated */
    const char **why_off;      /* by call id; NULL: it may be used */
    bool *enabled, *no_mutate; /* by call id */
    bool *untried;             /* by call id: trying it has killed a machine */
    struct machine_check check;
    _Atomic uint64_t next_id; /* of programs */
    _Atomic uint32_t broken_told;
    pthread_mutex_t lock;     /* of the choice */
    struct choice_box *box;
    pthread_mutex_t symbols_lock;
    struct symbols *symbols; /* opened by the first crash; under symbols_lock */
    bool symbols_tried;
    struct avoided avoided[KERNEL_AVOIDED_MAX]; /* only appended to, under lock */
    _Atomic uint32_t avoided_count;
};

/* A machine, and its slots as target->run gets them. */
struct kernel_slot {
    struct kernel_machine *machine;
    uint32_t index;
    uint8_t *data; /* WIRE_REPLY_MAX bytes for replies */
};
struct kernel_machine {
    struct kernel_target *k;
    uint32_t index;
    struct vm *vm;
    struct journal *journal;
    struct wire_machine info;
    _Atomic bool is_closed;
    struct kernel_slot slots[WIRE_SLOTS_MAX];
};

void kernel_say(struct kernel_target *k, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- calls.c: which calls may be used ---- */

/* From the descriptions and the options; then again whenever why_off has grown: what cannot be used
 * any more because nothing makes what it needs is switched off too. Inside arena_guard(). */
MUST_USE enum status kernel_calls_choose(struct kernel_target *k, struct diag *dg);
void kernel_calls_settle(struct kernel_target *k);

/* ---- choice.c ---- */

/* Never NULL. Give it back. */
struct choice_box *kernel_choice_take(struct kernel_target *k);
void kernel_choice_give(struct kernel_target *k, struct choice_box *box);
/* Builds a table that has learnt from corpus, and uses it from now on. */
MUST_USE enum status kernel_choice_build(struct kernel_target *k, const struct str *corpus,
                                         size_t count, struct diag *dg);

/* ---- avoid.c ---- */

/* Takes out of p what would most likely only crash once more. Inside arena_guard() of p's arena. */
void kernel_avoid_strip(struct kernel_target *k, struct syz_prog *p, struct rng *r);

/* ---- target_run.c ---- */

void kernel_run(void *self, void *slot, struct maker *m, const struct input *in,
                const struct run_request *request, struct outcome *out);
void kernel_know(void *self, const uint32_t *edges, size_t count);

/* ---- machine.c, check.c ---- */

void kernel_machine_kind(struct kernel_target *k);
enum status kernel_check(void *self, void *machine, const struct machine_check **out,
                         struct diag *dg);
bool kernel_is_crash(void *ctx, struct str console, size_t from);

#endif /* SPEAR_KERNEL_TARGET_INT_H */
