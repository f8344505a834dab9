/*
 * emit: the state of emission; private to emit*.c. One pass over the blocks in their order writes
 * every instruction, with the edits of the allocation between them, then the cold parts: one ud2
 * for each kind of trap at each source position, and the rare ends of fixed sequences.
 *
 *   frame, from rsp upwards:  spill slots | slots of the function | place of r15 | saved registers
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_CODEGEN_X64_EMIT_H
#define SHIELD_CODEGEN_X64_EMIT_H

#include "shield/codegen/x64/encode.h"

struct emit_trap_stub {
    x64_label label;
    uint32_t source;
    uint8_t code;
};

/* The rare end of a fixed sequence: written behind all blocks. */
struct emit_cold {
    uint32_t inst;
    x64_label entry, back;
};

struct emit_record { /* of a trap, relocation or source position */
    struct x64_position at;
    uint32_t a, b;
};
struct emit_records {
    struct emit_record *items;
    uint32_t count, capacity;
};

struct emit {
    struct x64_asm as;
    const struct ir_func *f;
    const struct codegen_options *options;
    const struct x64_lowered *lowered;
    const struct mir_func *m;
    const struct mir_allocation *allocation;
    struct diag *dg;

    uint32_t block;
    uint32_t edit;          /* next one */
    uint32_t edit_point;    /* its point; UINT32_MAX: there is none */
    x64_label *labels;      /* per block */
    uint32_t *forward;      /* per block: where a branch to it really goes; itself unless empty */
    bool *only_returns;     /* per block: nothing but the return is in it */

    uint32_t spill_base;    /* offset of the allocation's slots from rsp */
    uint32_t *slot_offset;  /* per slot of the function, from rsp */
    uint32_t context_save;  /* offset from rsp of the place of r15 */
    uint32_t frame_bytes;   /* without saved registers */
    uint32_t saved;

    struct emit_trap_stub *stubs;
    uint32_t stub_count, stub_capacity;
    struct emit_cold *colds;
    uint32_t cold_count, cold_capacity;
    struct emit_records traps, relocs, sources;
    uint32_t source;
    struct codegen_jump_table *tables; /* targets: labels until the end */
    uint32_t table_count, table_capacity;
    uint32_t pool_size;

    /* what the flags tell of: the register that the last operation wrote; X64_NO_REG: nothing */
    uint8_t flags_reg, flags_size, flags_kind;
    /* the last answer of emit_flags_live(), and for which instructions it holds */
    uint32_t flags_from, flags_to;
    bool flags_live;
};

/* Registers and memory of an operand. */
static inline const mir_place *emit_places(const struct emit *e, uint32_t inst)
{
    return e->allocation->places + e->m->operand_first[inst];
}
static inline uint8_t emit_reg(mir_place p) /* hardware number within its class */
{
    return (uint8_t)(p & 15);
}
static inline bool emit_is_slot(mir_place p)
{
    return p >= MIR_SLOT;
}
struct x64_mem emit_slot(const struct emit *e, mir_place p);

/* emit_inst.c */
/* The memory operand of i, whose registers are the places p. */
struct x64_mem emit_memory(const struct emit *e, const struct mir_inst *i, const mir_place *p);
void emit_inst(struct emit *e, uint32_t inst);       /* a row of enc.def */
void emit_pseudo(struct emit *e, uint32_t inst);     /* emit_pseudo.c */
void emit_edit(struct emit *e, const struct mir_edit *edit);
void emit_move(struct emit *e, enum mir_width width, mir_place from, mir_place to);
/* keep_flags: the flags are needed behind it. */
void emit_remat(struct emit *e, const struct mir_inst *i, mir_place to, bool keep_flags);
void emit_pool_ref(struct emit *e, uint32_t at, uint32_t offset);
/* Whether the flags at the beginning of an instruction are needed by it or a later one. */
bool emit_flags_live(struct emit *e, uint32_t inst);

/* emit_frame.c */
enum status emit_frame_plan(struct emit *e);
void emit_prologue(struct emit *e);
void emit_epilogue(struct emit *e); /* without the return */

/* emit_call.c */
void emit_call(struct emit *e, uint32_t inst);
void emit_call_cold(struct emit *e, const struct emit_cold *c);

/* emit_float.c */
void emit_minmax(struct emit *e, uint32_t inst);
void emit_truncate(struct emit *e, uint32_t inst);
bool emit_float_cold(struct emit *e, const struct emit_cold *c); /* false: none of these */

/* emit_control.c */
void emit_jmp(struct emit *e, uint32_t inst);
void emit_jcc(struct emit *e, uint32_t inst);
void emit_switch(struct emit *e, uint32_t inst);
void emit_switch_few(struct emit *e, uint32_t inst);

/* emit.c */
x64_label emit_trap_label(struct emit *e, uint8_t code);
struct emit_cold emit_cold_new(struct emit *e, uint32_t inst);
void emit_trap_here(struct emit *e, uint8_t trap); /* code + 1; 0: nothing */
void emit_reloc(struct emit *e, uint32_t offset, uint32_t kind, uint32_t number);
void emit_record(struct emit *e, struct emit_records *r, uint32_t a, uint32_t b);

#endif /* SHIELD_CODEGEN_X64_EMIT_H */
