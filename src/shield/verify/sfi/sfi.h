/*
 * sfi: decides from bytes alone whether finished machine code can leave its sandbox. It is on the
 * one path to executable memory. Includes base/ only: nothing of the compiler may be seen here, or
 * one bug could hide from both sides. docs/verifier.md states the theorem and what it assumes.
 *
 *   policy   what the world around the code looks like: which pointers exist, what may be read and
 *            written through each. Made by the runtime from the table of offsets that the compiler
 *            uses too; plain data.
 *   image    the bytes, where functions begin and end, where read-only data is.
 *
 * A function may be judged on any thread: policy and image are only read.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_VERIFY_SFI_SFI_H
#define SHIELD_VERIFY_SFI_SFI_H

#include "base/arena.h"
#include "base/diag.h"

enum {
    SFI_IMAGE_BYTES_MAX = 1 << 30, /* code and read-only data together */
    SFI_FRAME_BYTES_MAX = 1 << 21, /* of one function: pushes and frame */
    SFI_WALKS_MAX = 64,            /* over one function, on average of its instructions */
    SFI_JUMP_TABLE_MAX = 1 << 22,  /* entries of one jump table */
};

/* ---- the policy --------------------------------------------------------------------------------
 */

/* What a register or a frame slot may hold besides numbers. Some have a number: which memory, which
 * table, which type; or an identity: which one of many function records. */
enum sfi_kind {
    SFI_NUMBER,         /* any bits; with bounds when they are known */
    SFI_CONTEXT,        /* what r15 points to */
    SFI_MEMORY,         /* the record of memory [number] */
    SFI_MEMORY_BASE,    /* first byte of memory [number] */
    SFI_MEMORY_SIZE,    /* bytes of memory [number], now or earlier: it never shrinks */
    SFI_TABLE,          /* the record of table [number] */
    SFI_TABLE_ELEMENTS, /* first element of table [number] */
    SFI_TABLE_SIZE,     /* elements of table [number], now or earlier */
    SFI_FUNC,           /* a function record */
    SFI_FUNC_CODE,      /* where its code begins */
    SFI_FUNC_CONTEXT,   /* its context, maybe of another instance */
    SFI_FUNC_BASE,      /* the field of that context that belongs into r14 */
    SFI_FUNC_TYPE,      /* its type id */
    SFI_TYPE_ID,        /* a type id of this module */
    SFI_CELL_READ,      /* the cell of an imported global that code may only read */
    SFI_CELL,           /* the cell of an imported global */
    SFI_OVERFLOW,       /* the overflow buffer */
    SFI_FUEL,           /* the fuel counter */
    SFI_BUILTIN,        /* code of the runtime, called with untrusted arguments */
    SFI_POINTER_KINDS,  /* fields may belong to the kinds up to here */

    /* kinds that only the verifier makes */
    SFI_ADDRESS = SFI_POINTER_KINDS, /* memory base + a bounded number */
    SFI_SAVED,                       /* what register [number] held at entry */
    SFI_POOL,                        /* an address in the read-only data: offset [number] */
    SFI_DELTA,                       /* an entry of the jump table at offset [number] */
    SFI_TARGET,                      /* the sum of those two */
    SFI_KIND_COUNT
};

enum sfi_access { SFI_FIELD_READ = 1, SFI_FIELD_WRITE = 2 };

/* Where the number of what a field yields comes from. */
enum sfi_numbering {
    SFI_NUMBER_FIXED,   /* sfi_field.number */
    SFI_NUMBER_ELEMENT, /* sfi_field.number + which element of the array it is */
    SFI_NUMBER_BASE,    /* the number, or identity, of the pointer it was loaded through */
};

/*
 * `count` fields at offset, offset + stride, ... An access is allowed when it lies at exactly the
 * place of one, has exactly its width, and reads or writes as access says; with any_width it may
 * also be narrower and lie anywhere within the element (such fields are plain bytes: they yield
 * numbers). Only numbers can be written: a field that yields anything else is read only.
 */
struct sfi_field {
    uint32_t offset, stride, count;
    uint8_t width;     /* bytes: 4, 8 or, with any_width, up to stride */
    uint8_t access;    /* enum sfi_access */
    uint8_t yields;    /* enum sfi_kind of what an 8-byte (SFI_FUNC_TYPE, SFI_TYPE_ID: 4-byte) load
                          gives; SFI_NUMBER for plain bytes */
    uint8_t numbering; /* enum sfi_numbering */
    bool any_width;
    bool is_trusted; /* SFI_FUNC: the record is there and may be called; SFI_BUILTIN: what it
                        returns in rax is such a record */
    uint32_t number;
};

struct sfi_shape {
    const struct sfi_field *fields; /* borrowed; sorted by offset, not overlapping */
    uint32_t count;
};

struct sfi_memory {
    uint64_t reach_bytes; /* from the base on, so far an access faults or is inside; 0: no guard */
    bool moves;           /* the base may change while code outside runs */
};

struct sfi_table {
    uint64_t size_min; /* elements that it has from the beginning, and so always */
    bool is_opaque;    /* its elements are no function records: loads of them give numbers */
};

struct sfi_policy {
    struct sfi_shape shapes[SFI_POINTER_KINDS]; /* what may be accessed through each kind */
    const struct sfi_memory *memories;          /* borrowed */
    uint32_t memory_count;
    const struct sfi_table *tables; /* borrowed; of those with a number from table_count on nothing
                                       is known */
    uint32_t table_count;
    bool is_base_pinned;        /* r14 is the base of memory 0 at every entry */
    uint32_t base_field;        /* offset, in every context, of what belongs into r14 */
    uint32_t element_bytes;     /* of a table: the width of a reference */
    uint32_t frame_probe_bytes; /* rsp goes at most so far below what has been touched */
};

/* ---- the image ---------------------------------------------------------------------------------
 */

struct sfi_function {
    uint32_t offset, size; /* of its code in the image; entered only at offset */
};

struct sfi_image {
    const uint8_t *bytes; /* borrowed: what will be mapped, offset 0 first */
    uint32_t size;
    uint32_t data_offset, data_size;      /* read-only data: constants, jump tables. Not executable
                                             as functions: must not overlap one */
    const struct sfi_function *functions; /* borrowed; ascending, not overlapping */
    uint32_t function_count;
};

/* ---- the judgement -----------------------------------------------------------------------------
 */

/* A place to work in, one per thread: owns what is reused from function to function. */
struct sfi_worker; /* arena */
/* For one policy and one image, borrowed, which sfi_check_setup() has found in order. Inside
 * arena_guard(); lives as long as a. */
struct sfi_worker *sfi_worker_new(struct arena *a, const struct sfi_policy *policy,
                                  const struct sfi_image *image);

/* Whether policy and image are in themselves in order. Call once before the functions. */
MUST_USE enum status sfi_check_setup(const struct sfi_policy *policy, const struct sfi_image *image,
                                     struct diag *dg);

/* ST_OK: the theorem holds for this function, provided that it does for all others. Else
 * ST_INVALID: dg->offset is the offset in the image of the instruction that is refused. Inside the
 * guard of the worker's arena. */
MUST_USE enum status sfi_judge(struct sfi_worker *w, uint32_t function, struct diag *dg);

/* All of it, on this thread: setup, then every function. Own scratch. */
MUST_USE enum status sfi_verify(const struct sfi_policy *policy, const struct sfi_image *image,
                                struct diag *dg);

#endif /* SHIELD_VERIFY_SFI_SFI_H */
