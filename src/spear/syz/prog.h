/* prog: a program is a list of calls with arguments; the thing that is generated, mutated, run,
 * minimised and kept. Everything of one program lives in one arena, so dropping it is dropping the
 * arena. Programs that are shared between threads are never changed: clone, then change.
 *
 * An argument has the type of the field it fills. Whose result an argument uses is a pointer to
 * the RESULT argument that makes it; the way back (who uses this) is found by walking the program,
 * which is short. All functions that allocate must run inside arena_guard() of the program's arena.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_PROG_H
#define SPEAR_SYZ_PROG_H

#include "base/rng.h"
#include "spear/syz/types.h"

enum {
    SYZ_CALLS_MAX = 40,        /* calls of a program */
    SYZ_CALLS_USUAL = 30,      /* generation and mutation stop here */
    SYZ_TEXT_CALLS_MAX = 1000, /* of a text: old programs are longer */
    SYZ_PAGE_BYTES = 4096,
    SYZ_DATA_BYTES = 16 << 20, /* the data region that pointers point into */
    SYZ_GRANULE_BYTES = 64,    /* the allocator of the data region gives multiples of it */
    SYZ_BLOB_BYTES_MAX = 100 << 10,
    SYZ_RESULTS_MAX = 1000,         /* results of one program that others use */
    SYZ_STREAM_BYTES_MAX = 4 << 20, /* of an encoded program */
};

/* In the text form every address is relative to this base, whatever the machine's own. */
#define SYZ_TEXT_BASE UINT64_C(0x7f0000000000)

enum syz_arg_kind {
    SYZ_ARG_CONST,   /* INT CONST FLAGS LEN PROC CSUM: a number */
    SYZ_ARG_POINTER, /* PTR VMA */
    SYZ_ARG_DATA,    /* BUFFER; VOID, of size 0 */
    SYZ_ARG_GROUP,   /* STRUCT ARRAY */
    SYZ_ARG_UNION,   /* UNION */
    SYZ_ARG_RESULT,  /* RESOURCE, also what a call returns */
};

struct syz_arg {
    const struct syz_type *type;
    enum syz_arg_kind kind;
    enum syz_dir dir;
    union {
        uint64_t value; /* CONST */
        struct {
            struct syz_arg *to; /* NULL: a special address, NULL or a vma */
            uint64_t address;   /* offset into the data region; the number when is_special */
            uint64_t vma_bytes; /* of VMA: whole pages */
            bool is_special;    /* address is the 64-bit number that is passed, 0 for NULL */
        } pointer;
        struct {
            uint8_t *bytes; /* NULL for SYZ_OUT, which has only a size */
            uint64_t size;
        } data;
        struct {
            struct syz_arg **items; /* a struct: one per field; an array: its elements */
            uint32_t count;
        } group;
        struct {
            struct syz_arg *value;
            uint32_t option; /* index into the union's fields */
        } choice;
        struct {
            struct syz_arg *from; /* the RESULT argument whose value is used; NULL: the number */
            uint64_t divide, add; /* from / divide + add; divide 0 means 1 */
            uint64_t value;       /* when from is NULL, and when the maker has failed */
        } result;
    };
};

struct syz_props {
    uint32_t fail_nth; /* the n-th allocation inside the call fails; 0: none */
    uint32_t rerun;    /* times to run it again, beside the call before it */
    bool is_async;     /* do not wait for it */
};

struct syz_step {
    const struct syz_call *call;
    struct syz_arg **args;  /* call->arg_count of them */
    struct syz_arg *result; /* RESULT, or NULL when the call makes none */
    struct syz_props props;
};

struct syz_prog {
    const struct syz_target *target;
    struct arena *arena; /* borrowed; owns everything below */
    struct syz_step *steps;
    uint32_t count, capacity;
};

/* ---- making ---------------------------------------------------------------------------------- */
struct syz_prog *syz_prog_new(struct arena *a, const struct syz_target *t);
struct syz_prog *syz_prog_clone(struct arena *a, const struct syz_prog *p);
/* The argument nothing was chosen for: zero, empty, NULL, the default option. */
struct syz_arg *syz_arg_default(struct arena *a, const struct syz_type *type, enum syz_dir dir);
/* Inserts before position at (at most p->count); the step's arguments must live in p's arena. */
void syz_prog_insert(struct syz_prog *p, uint32_t at, struct syz_step step);
/* Uses of its results become the defaults of their types. */
void syz_prog_remove(struct syz_prog *p, uint32_t at);
void syz_prog_truncate(struct syz_prog *p, uint32_t count);
/* As remove for the results inside old, which is about to be replaced by new_arg (or NULL). */
void syz_prog_forget(struct syz_prog *p, struct syz_arg *old);
/* Calls visit for every argument of the step, parents first, the call's own result last. Stops
 * early when visit returns false. */
struct syz_visit {
    struct syz_arg *arg;
    struct syz_arg **place;        /* where the pointer to arg stands: for replacing it */
    const struct syz_field *field; /* NULL for pointees, array elements, results */
    struct syz_arg *parent;        /* NULL for arguments of the call */
    struct syz_arg *base;          /* innermost pointer above, or NULL */
    uint64_t offset;               /* bytes from where base points; only when base is not NULL */
};
typedef bool syz_visit_fn(void *ctx, const struct syz_visit *v);
bool syz_step_visit(struct syz_step *step, syz_visit_fn *visit, void *ctx);
/* The same for one argument and what is in it, as if it stood alone. */
bool syz_arg_visit(struct syz_arg **place, syz_visit_fn *visit, void *ctx);
/* The numbers that special pointers may be: NULL first. *count of them. */
const uint64_t *syz_specials(const struct syz_target *t, uint32_t *count);
/* Bytes that the argument takes in memory, padding of its own included. */
uint64_t syz_arg_bytes(const struct syz_arg *arg);

/* ---- keeping whole --------------------------------------------------------------------------- */
/* Sets every length, offset and conditional union of the step to what its fields now are. */
void syz_step_assign_sizes(struct syz_prog *p, struct syz_step *step);
/* r NULL: of several options that may be, the first. */
void syz_step_patch_conditions(struct syz_prog *p, struct syz_step *step, struct rng *r);
/* Takes the teeth out of what would kill or wedge the machine for reasons that are not bugs. */
void syz_prog_neutralise(struct syz_prog *p);
void syz_step_neutralise(struct syz_prog *p, struct syz_step *step);
/* Refuses what could not be printed and parsed again: a check on ourselves, used in tests. */
MUST_USE enum status syz_prog_check(const struct syz_prog *p, struct diag *dg);

/* ---- text ------------------------------------------------------------------------------------ */
enum syz_parse_mode {
    SYZ_STRICT, /* any mismatch with the descriptions is an error with line and column */
    SYZ_REPAIR, /* unknown calls are dropped, what does not fit becomes a default */
    SYZ_RAW,    /* strict, and not neutralised: to be shown, never to be run */
};
/* The program is neutralised. Comments are skipped. A strict program with no calls is an error. */
MUST_USE enum status syz_prog_parse(struct arena *a, const struct syz_target *t, struct str text,
                                    enum syz_parse_mode mode, struct syz_prog **out,
                                    struct diag *dg);
/* The normal form: parsed and printed again it is the same, byte for byte. */
void syz_prog_print(struct buf *out, const struct syz_prog *p);
/* With every default written out: for people. Parses to the same program. */
void syz_prog_print_full(struct buf *out, const struct syz_prog *p);

/* ---- bytes for the executor (wire/exec.h) ---------------------------------------------------- */
/* The kernel's number, or that of a call which the executor itself makes; -1: it has no such call.
 */
int64_t syz_call_wire_number(const struct syz_target *t, const struct syz_call *call);
/* Appends to out. ST_LIMIT when it needs more than SYZ_STREAM_BYTES_MAX or SYZ_RESULTS_MAX,
 * ST_UNSUPPORTED when the executor lacks a call. */
MUST_USE enum status syz_prog_encode(const struct syz_prog *p, struct buf *out, struct diag *dg);
/* With has_variants it also says which description each call is of: for machines without coverage,
 * whose signal is made of it. */
MUST_USE enum status syz_prog_encode_for(const struct syz_prog *p, bool has_variants,
                                         struct buf *out, struct diag *dg);

#endif /* SPEAR_SYZ_PROG_H */
