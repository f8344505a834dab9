/* compile_int: what the files of the compiler share. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_COMPILE_INT_H
#define SPEAR_SYZ_COMPILE_INT_H

#include "base/map.h"
#include "spear/syz/ast.h"
#include "spear/syz/compile.h"
#include "spear/syz/const.h"

struct type_row; /* of types.def */

/* A name that can stand where a type is asked for. Exactly one of the last three is set. */
struct entry {
    const struct ast_decl *decl; /* alias, struct, union, resource; NULL when built in */
    const struct type_row *row;  /* built in */
    struct syz_resource *resource;
    bool is_on_arch;
    bool is_open; /* resources: its parents are being looked up */
};

/* A set of numbers or texts. */
struct set {
    const struct ast_decl *decl;
    struct syz_flags *flags; /* when looked up as numbers */
    bool is_open;            /* being looked up: it may name other sets */
};

/* A struct or union whose fields are still to be compiled. */
struct pending {
    struct syz_type *type;
    const struct ast_decl *decl;
    struct ast_expr **args; /* of its template */
    uint32_t depth;         /* instances around it */
};

struct compiler {
    struct arena *a;
    struct syz_errors *errors;
    const struct syz_arch *arch;
    struct map names; /* struct entry */
    struct map sets;  /* struct set */
    struct map consts;
    struct map instances; /* text of a type to struct syz_type */
    struct map calls;     /* struct ast_decl */
    struct syz_type **types;
    uint32_t type_count, type_capacity;
    struct pending *pending;
    uint32_t pending_count, pending_capacity;
    uint32_t depth;   /* of the instance at work */
    uint32_t nesting; /* of comp_type() */
    struct syz_resource **resources;
    uint32_t resource_count, resource_capacity;
    struct syz_target *target;
    struct buf key; /* scratch */
    struct map *wanted; /* per file: constants that are asked for, struct syz_wanted; NULL when
                           compiling for use */
};

/* ---- compile_const.c ---- */

/* With c->wanted: the file of pos asks for this constant. */
void comp_want(struct compiler *c, struct str name, struct syz_pos pos);
/* True with *value; a constant that is missing on this machine gives 0 and sets *missing. False
 * after reporting. what: "a number of bytes". */
bool comp_number(struct compiler *c, const struct ast_expr *e, const char *what, uint64_t *value,
                 struct str *missing);
/* e is one number or min:max. */
bool comp_range(struct compiler *c, const struct ast_expr *e, const char *what, uint64_t *min,
                uint64_t *max, struct str *missing);
/* The bytes of a string literal. */
struct str comp_bytes(struct compiler *c, const struct ast_expr *e);
/* NULL after reporting. */
const struct syz_flags *comp_flags(struct compiler *c, const struct ast_expr *e);
bool comp_condition(struct compiler *c, const struct ast_expr *e, const struct syz_expr **out,
                    struct str *missing);
void comp_path(struct compiler *c, const struct ast_expr *e, struct syz_path *path);
bool comp_dir(struct compiler *c, const struct ast_expr *e, enum syz_dir *dir);

/* ---- compile_type.c ---- */

/* The type that e says, NULL after reporting. in_call: it is an argument of a call, where base
 * types may be left out. e has no template parameters left. */
struct syz_type *comp_type(struct compiler *c, const struct ast_expr *e, bool in_call);
/* An integer type, as a base. Also its size and alignment. */
bool comp_base(struct compiler *c, const struct ast_expr *e, struct syz_type *out);
struct syz_type *comp_new_type(struct compiler *c, enum syz_kind kind, struct str name,
                               struct syz_pos pos);
struct entry *comp_entry(struct compiler *c, const struct ast_expr *e);
/* e with the parameters of decl replaced. */
struct ast_expr *comp_subst(struct compiler *c, struct ast_expr *e, const struct ast_decl *decl,
                            struct ast_expr *const *args);
/* Replaces aliases by what they stand for; NULL after reporting. */
const struct ast_expr *comp_expand(struct compiler *c, const struct ast_expr *e);

/* ---- build.c: one function per kind of row in types.def ---- */

struct build {
    const struct type_row *row;
    const struct ast_expr *e;
    struct ast_expr *const *args; /* without a last `opt` */
    uint32_t arg_count;
    struct syz_type *t;
    bool in_call;
};

struct type_row {
    const char *name;
    bool (*build)(struct compiler *c, struct build *b); /* false after reporting */
    uint8_t a, b;
    uint8_t min, max;
    const char *args;
};
extern const struct type_row comp_rows[];
extern const uint32_t comp_row_count;
bool comp_is_int_row(const struct type_row *row);
void comp_int_row(struct compiler *c, const struct type_row *row, struct syz_type *t);

/* ---- compile_group.c ---- */

void comp_group(struct compiler *c, const struct pending *p);

/* ---- layout.c: sizes, alignments, offsets of every type; reports those that have none ---- */
void comp_layout(struct compiler *c);

/* ---- check.c: paths and conditions ---- */
void comp_check_paths(struct compiler *c);

/* ---- check_use.c: resources that no call makes, or none takes ---- */
void comp_check_use(struct compiler *c);

/* ---- enable.c ---- */
void comp_missing(struct compiler *c); /* spreads `missing` upwards, drops options */
void comp_enable(struct compiler *c);

extern const char comp_builtin_text[];

#endif /* SPEAR_SYZ_COMPILE_INT_H */
