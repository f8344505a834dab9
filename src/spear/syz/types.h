/* types: compiled descriptions. Everything is immutable once syz_compile() has returned, lives in
 * the arena it was given, and may be read by any number of threads. Types are interned: the same
 * text means the same pointer, so pointers compare as types do.
 *
 * Sizes and offsets are bytes unless a name says bits. A type whose length is known only per
 * program (varlen) has size_bytes 0. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_TYPES_H
#define SPEAR_SYZ_TYPES_H

#include "spear/syz/error.h"

enum {
    SYZ_ARGS_MAX = 9,        /* of a call */
    SYZ_COUNT_MAX = 1000000, /* elements of an array, pages of a vma */
    SYZ_STRUCT_BYTES_MAX = 1 << 20,
    SYZ_ALIGN_MAX = 1 << 30,
};

enum syz_os { SYZ_LINUX, SYZ_TEST };

struct syz_arch {
    const char *name;
    enum syz_os os;
    uint32_t pointer_bytes, int64_align;
    bool is_big_endian;
};
/* NULL when there is no such machine. index counts from 0. */
const struct syz_arch *syz_arch_find(const char *name);
const struct syz_arch *syz_arch_at(uint32_t index);

enum syz_kind {
    SYZ_INT,   /* a number out of a range */
    SYZ_CONST, /* always this number */
    SYZ_FLAGS, /* numbers of a set, alone or combined */
    SYZ_LEN,   /* length or offset of another field */
    SYZ_PROC,  /* a number that differs per process */
    SYZ_CSUM,
    SYZ_RESOURCE,
    SYZ_VMA, /* address of whole pages */
    SYZ_PTR,
    SYZ_BUFFER, /* bytes */
    SYZ_ARRAY,
    SYZ_STRUCT,
    SYZ_UNION,
    SYZ_VOID,
};
/* "int", "const", ... */
const char *syz_kind_text(enum syz_kind kind);

enum syz_dir { SYZ_IN, SYZ_OUT, SYZ_INOUT };

enum syz_format { SYZ_NATIVE, SYZ_BIG_ENDIAN, SYZ_DEC, SYZ_HEX, SYZ_OCT };
enum { SYZ_DEC_BYTES = 20, SYZ_HEX_BYTES = 18, SYZ_OCT_BYTES = 23 };

/* What every number has: INT CONST FLAGS LEN PROC CSUM RESOURCE. */
struct syz_scalar {
    enum syz_format format;
    uint8_t base_bytes; /* of the number; the type is longer when it is written as digits */
    uint8_t bits;       /* of a bit-field, 0 for none */
};

/* field:field:field from where it stands; the first part may be a field, `parent`, `syscall` or the
 * name of an enclosing type. */
struct syz_path {
    struct str *parts;
    uint32_t count;
};

enum syz_buffer_kind { SYZ_BLOB, SYZ_STRING, SYZ_FILENAME, SYZ_GLOB, SYZ_TEXT, SYZ_IMAGE };
enum syz_text_kind {
    SYZ_TEXT_TARGET,
    SYZ_TEXT_X86_REAL,
    SYZ_TEXT_X86_16,
    SYZ_TEXT_X86_32,
    SYZ_TEXT_X86_64,
    SYZ_TEXT_ARM64,
    SYZ_TEXT_PPC64,
    SYZ_TEXT_RISCV64,
};
enum syz_csum_kind { SYZ_CSUM_INET, SYZ_CSUM_PSEUDO };

enum syz_expr_op {
    SYZ_EXPR_OR,
    SYZ_EXPR_EQ,
    SYZ_EXPR_NE,
    SYZ_EXPR_AND,
    SYZ_EXPR_VALUE,
    SYZ_EXPR_INT
};
struct syz_expr {
    enum syz_expr_op op;
    const struct syz_expr *left, *right; /* of OR EQ NE AND */
    struct syz_path path;                /* of VALUE */
    uint64_t value;                      /* of INT */
};

struct syz_type;

/* A field of a struct, an option of a union, an argument of a call. */
struct syz_field {
    struct str name;
    const struct syz_type *type;
    bool has_dir; /* else that of the pointer above */
    enum syz_dir dir;
    const struct syz_expr *condition; /* NULL: always there. A struct's conditional field has a
                                         hidden union {value, void} as its type */
    struct syz_pos pos;
    /* In structs. The offset is that of a varlen field too, but not of what follows one. */
    uint32_t offset;
    /* Of a bit-field: a number of unit_bytes at offset, in which bits stand above bit_offset,
     * counted from the least significant bit (little-endian) or the most (big-endian). */
    uint8_t unit_bytes, bit_offset;
};

struct syz_resource {
    struct str name;
    const struct syz_resource *parent; /* NULL: it stands directly on an int */
    uint32_t depth;                    /* parents above it */
    struct syz_scalar scalar;
    uint64_t *values; /* special ones; at least one */
    uint32_t value_count;
    struct str missing; /* constant without a value on this machine, or empty */
    struct syz_pos pos;
    uint32_t id;
    uint32_t *constructors; /* enabled calls that make it or a descendant, ascending */
    uint32_t constructor_count;
};
/* Whether a value of kind `have` serves where `want` is asked for: it is it, or descends from it.
 */
bool syz_resource_is_a(const struct syz_resource *have, const struct syz_resource *want);

struct syz_flags {
    struct str name;
    uint64_t *values; /* ascending, each once */
    uint32_t count;
    bool is_mask; /* no two share a bit, so they may be combined */
};

struct syz_type {
    enum syz_kind kind;
    uint32_t id;     /* index into syz_target.types */
    struct str name; /* as written, with arguments */
    uint64_t size_bytes;
    uint32_t align;
    bool is_varlen, is_optional;
    struct str missing; /* constant without a value here that makes it unusable, or empty */
    struct syz_pos pos;
    struct syz_scalar scalar; /* numbers only */
    union {
        struct {
            uint64_t min, max; /* as signed when min > max unsigned; valid when has_range */
            uint64_t multiple; /* 0: any */
            bool has_range;
        } integer;
        struct {
            uint64_t value;
        } constant;
        const struct syz_flags *flags;
        struct {
            struct syz_path path;
            uint32_t unit_bits; /* 0: elements of an array, pages of a vma, else bytes */
            bool is_offset;
        } len;
        struct {
            uint64_t start, per_proc;
        } proc;
        struct {
            enum syz_csum_kind kind;
            struct syz_path path;
            uint64_t protocol;
        } csum;
        const struct syz_resource *resource;
        struct {
            uint64_t min, max; /* pages; max 0: any number */
        } vma;
        struct {
            const struct syz_type *to;
            enum syz_dir dir;
        } ptr;
        struct {
            enum syz_buffer_kind kind;
            enum syz_text_kind text;
            bool has_zero;      /* a string ends in one */
            struct str flags;   /* name of the set that the values come from, or empty */
            struct str *values; /* bytes; a glob has its pattern */
            uint32_t value_count;
            uint64_t min, max; /* bytes; max 0: any number */
        } buffer;
        struct {
            const struct syz_type *of;
            uint64_t min, max; /* valid when has_range */
            bool has_range;
        } array;
        struct {
            struct str base; /* name of the declaration, without arguments */
            struct syz_field *fields;
            uint32_t count;
            uint32_t overlay;    /* first field that lies over the ones before; count: none */
            uint32_t align_attr; /* 0: none; a varlen struct is padded to it per program */
            uint64_t size_attr;  /* 0: none */
            bool is_packed;
        } group;
    };
};

enum syz_call_attr_id {
#define CALL_ATTR(name, argument) SYZ_ATTR_##name,
#include "spear/syz/attrs.def"
    SYZ_ATTR_COUNT
};

enum syz_why {
    SYZ_ENABLED,
    SYZ_OFF_ATTR,     /* marked (disabled) */
    SYZ_OFF_ARCH,     /* its file is for other machines */
    SYZ_OFF_NUMBER,   /* the call has no number on this machine */
    SYZ_OFF_CONST,    /* a constant has no value on this machine */
    SYZ_OFF_RESOURCE, /* nothing enabled makes a resource that it needs */
};

struct syz_call {
    struct str name; /* open$dir */
    struct str base; /* open */
    uint32_t id;     /* index into syz_target.calls, which are sorted by name */
    int64_t number;  /* -1: a pseudo call, or none on this machine */
    struct syz_field *args;
    uint32_t arg_count;
    const struct syz_type *result; /* a resource, or NULL */
    struct syz_pos pos;
    uint64_t attrs; /* bit SYZ_ATTR_x */
    uint64_t timeout_ms, prog_timeout_ms;
    struct str fsck, filesystem;
    enum syz_why why;
    struct str missing;                            /* why OFF_NUMBER, OFF_CONST: the constant */
    const struct syz_resource *needs;              /* why OFF_RESOURCE: the first one missing */
    const struct syz_resource **inputs, **outputs; /* each once; inputs are those without which it
                                                      cannot run */
    uint32_t input_count, output_count;
};

struct syz_target {
    const struct syz_arch *arch;
    const struct syz_type **types;
    struct syz_call *calls;
    struct syz_resource **resources;
    uint32_t type_count, call_count, resource_count, enabled_count;
    uint32_t struct_count, union_count, flags_count; /* declared, in the text */
    /* Built in: what a pointer becomes when its pointee is squashed to raw bytes, by its size: a
     * pointer to a list of ANYUNION, whose options are enum syz_any. */
    const struct syz_type *any_ptr, *any_ptr64;
};

enum syz_any {
    SYZ_ANY_BLOB,
    SYZ_ANY_RES8,
    SYZ_ANY_RES16,
    SYZ_ANY_RES32,
    SYZ_ANY_RES64,
    SYZ_ANY_RESDEC,
    SYZ_ANY_RESHEX,
    SYZ_ANY_RESOCT,
    SYZ_ANY_PTR,   /* any_ptr */
    SYZ_ANY_PTR64, /* any_ptr64 */
};
/* A pointer to squashed bytes. */
static inline bool syz_type_is_any(const struct syz_target *t, const struct syz_type *type)
{
    return type == t->any_ptr || type == t->any_ptr64;
}

/* NULL when there is none. */
const struct syz_call *syz_call_find(const struct syz_target *t, struct str name);

#endif /* SPEAR_SYZ_TYPES_H */
