/*
 * codegen: from a function of the IR to machine code: select, allocate, emit. Runs without
 * WebAssembly; compile/ and front ends of their own are its users.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_CODEGEN_CODEGEN_H
#define SHIELD_CODEGEN_CODEGEN_H

#include "shield/ir/ir.h"

struct mir_func;
struct mir_allocation;

enum codegen_feature { /* bits; what the processor must have beyond SSE2 */
#define FEATURE(name, bit, text) CODEGEN_##name = 1 << (bit),
#include "shield/codegen/features.def"
#undef FEATURE
};
uint32_t codegen_features_of_host(void);

struct codegen_options {
    uint32_t features;
    bool optimise;        /* else: the fast allocator, no clever selection */
    bool check_regalloc;  /* judge is asked about each allocation */
    /* ra_check() of verify/ra, which codegen cannot see itself. */
    enum status (*judge)(const struct mir_func *, const struct mir_allocation *, struct diag *);
    bool sandbox;         /* r15 and r14 are pinned, see docs/compiler.md; else plain System V */
    /* Offsets in the context that fixed sequences need (from compile/layout.h). */
    struct codegen_layout {
        uint32_t memory0_base, overflow, builtin_first, import_first, import_bytes;
        uint32_t import_code, import_context, import_record; /* within an import entry */
        uint32_t record_code, record_context, record_type;   /* within a function record */
        uint32_t table_elements, table_size;                 /* within a table record */
        uint32_t memory_base, memory_size;                   /* within a memory record */
    } layout;
    uint32_t frame_probe_bytes; /* larger frames touch their pages one by one */
    uint32_t frame_bytes_max;   /* larger ones are refused */
};

struct codegen_reloc { /* a 32-bit pc-relative call, jump or address */
    uint32_t offset;   /* of the four bytes in code */
    uint8_t kind;      /* enum ir_callee_kind, or CODEGEN_RELOC_POOL */
    uint32_t number;   /* callee; or byte offset into the pool */
};
enum { CODEGEN_RELOC_POOL = 0x40 };

struct codegen_trap {
    uint32_t offset; /* of the first byte of the instruction that faults */
    uint8_t code;
};

struct codegen_code {
    uint8_t *bytes;
    uint32_t size;
    uint8_t *pool; /* constants and jump tables, aligned to 16; jump tables hold 32-bit deltas
        from their
                      own first byte to code, see jump_tables */
    uint32_t pool_size;
    struct codegen_reloc *relocs;
    uint32_t reloc_count;
    struct codegen_jump_table {
        uint32_t pool_offset, count;
        uint32_t *targets; /* offsets in code */
    } *jump_tables;
    uint32_t jump_table_count;
    struct codegen_trap *traps; /* sorted */
    uint32_t trap_count;
    uint8_t *sources; /* see source_map.h */
    uint32_t source_bytes;
    struct ir_inlined *inlined; /* of the function: what sources with IR_SOURCE_INLINED mean */
    uint32_t inlined_count;
    uint32_t frame_bytes;   /* between the return address and rsp after the prologue */
    /* callee-saved registers pushed, bit per hardware number, in order of number */
    uint32_t saved;
    uint32_t prologue_bytes; /* offset behind the prologue */
};

/* The result lives in f's arena; run inside arena_guard() of it. ST_LIMIT names the limit. */
MUST_USE enum status codegen_function(struct ir_func *f, const struct codegen_options *options,
                                      struct codegen_code *out, struct diag *dg);

#endif /* SHIELD_CODEGEN_CODEGEN_H */
