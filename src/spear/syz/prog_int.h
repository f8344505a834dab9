/* prog_int: what the files of the program model share. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_PROG_INT_H
#define SPEAR_SYZ_PROG_INT_H

#include "spear/syz/prog.h"

/* Of a PROC argument: zero in every process. */
#define PROC_DEFAULT UINT64_MAX

enum { ARG_DEPTH_MAX = 256 }; /* arguments within each other that a text may hold */

/* ---- numbers by argument: open addressing, in an arena (prog.c) ---- */

struct arg_map {
    struct arena *arena; /* borrowed */
    const struct syz_arg **keys;
    uint32_t *values;
    uint32_t count, capacity; /* capacity is a power of two, or 0 */
};
#define ARG_NONE UINT32_MAX
uint32_t arg_map_get(const struct arg_map *m, const struct syz_arg *key); /* ARG_NONE: not there */
void arg_map_put(struct arg_map *m, const struct syz_arg *key, uint32_t value);

/* Every argument that another one takes its value from, with the value 0. */
void prog_used_results(const struct syz_prog *p, struct arg_map *used);

/* As syz_step_visit(), but offsets are not computed: cheaper (prog_edit.c). */
bool step_each(struct syz_step *step, syz_visit_fn *visit, void *ctx);
/* The n-th argument that step_each() comes to, parents first; NULL past the last. */
struct syz_arg *step_arg_at(struct syz_step *step, uint32_t n);

/* ---- where the fields of a struct stand (prog.c) ---- */

struct field_cursor {
    uint64_t extra; /* bytes of the fields of variable length so far */
    uint64_t end;   /* of the longest overlay */
};
/* Call for every field in turn; returns its offset. */
uint64_t field_place(struct field_cursor *at, const struct syz_type *group, uint32_t i,
                     const struct syz_arg *item);
/* Bytes before the field; of unions and lists too. */
uint64_t field_offset(const struct syz_arg *group, uint32_t index);

/* The union {value, void} that a conditional field of a struct is compiled to. */
static inline bool is_hidden_union(const struct syz_type *t)
{
    return t->kind == SYZ_UNION && t->group.base.size == 0;
}
/* The option that a default has: the last where some are conditional, else the first. */
uint32_t union_default(const struct syz_type *t);
/* The direction of a field, given that of the struct, union or call that it stands in. */
enum syz_dir field_dir(const struct syz_type *group, uint32_t i, enum syz_dir above);
/* A struct, or a list whose number of elements is fixed: what is left out is a default. */
bool is_fixed_group(const struct syz_type *t);

/* used: results in it are not defaults, for their name must be shown; or NULL. */
bool arg_is_default(const struct syz_arg *arg, const struct arg_map *used);
struct syz_arg *arg_new(struct arena *a, const struct syz_type *type, enum syz_dir dir);
enum syz_arg_kind arg_kind_of(const struct syz_type *type);
/* The value of a RESULT becomes the default of its type. */
void result_reset(struct syz_arg *arg);

/* ---- paths (path.c) ---- */

/* What paths are followed from: a struct, a union with its chosen option, or the call. */
struct path_frame {
    const struct path_frame *up; /* NULL for the call */
    struct syz_arg *group;       /* NULL for the call */
    const struct syz_type *type; /* of the group, NULL for the call */
    const struct syz_field *fields;
    struct syz_arg **items;
    uint32_t count;
};
struct path_target {
    struct syz_arg *arg;           /* NULL: not there now */
    const struct syz_field *field; /* NULL: an enclosing group itself */
    struct syz_arg *group;         /* that holds it, NULL for the call */
    uint32_t index;
};
/* Arg is a STRUCT or UNION, not hidden. */
struct path_frame frame_inside(const struct path_frame *up, struct syz_arg *arg);
bool path_follow(const struct path_frame *from, const struct syz_path *path,
                 struct path_target *out);
/* Through pointers and hidden unions; NULL when there is nothing. */
struct syz_arg *arg_inside(struct syz_arg *arg);
/* Calls visit with every argument of the step and the frame it stands in. */
void frames_visit(struct syz_step *step,
                  void (*visit)(void *ctx, const struct path_frame *frame,
                                const struct syz_field *field, struct syz_arg **place),
                  void *ctx);

/* ---- sizes.c, condition.c ---- */

/* Only lengths that are in the set; NULL: all. */
void step_assign_sizes(struct syz_step *step, const struct arg_map *only);
/* Whether the option (of a union, or of a hidden one) may be chosen where it stands. */
bool condition_holds(const struct path_frame *frame, const struct syz_expr *e);

/* ---- pointers that mean something to every kernel (special.c) ---- */

/* Their text is minus their index in the pool of the machine. */
uint64_t special_from_text(const struct syz_target *t, uint64_t text);
uint64_t special_to_text(const struct syz_target *t, uint64_t address);

#endif /* SPEAR_SYZ_PROG_INT_H */
