/*
 * mir: machine instructions before registers are chosen. What select makes, regalloc reads,
 * verify/ra judges and emit writes out. Immutable once selection has ended: an allocation is a
 * result of its own, so that it can be judged against the code it was made for.
 *
 * To the allocator an instruction is: its operands, its clobbers, and whether it is a plain copy.
 * What it does is the target's affair (codegen/x64).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_CODEGEN_MIR_H
#define SHIELD_CODEGEN_MIR_H

#include "base/arena.h"
#include "base/diag.h"

typedef uint32_t mir_vreg;
#define MIR_NONE UINT32_MAX

enum mir_class { MIR_GPR, MIR_XMM };
enum { MIR_PREG_COUNT = 32 };  /* 0-15 general, 16-31 vector, each by its hardware number */
typedef uint32_t mir_preg_set; /* bit n: register n */

/* Of a value. W32 in a general register: the high half is zero, and copies keep it so (they are 64
 * bits wide). */
enum mir_width { MIR_W32, MIR_W64, MIR_W128 };

enum mir_kind { MIR_USE, MIR_DEF };
/* When an operand is alive within its instruction. Uses are early and defs late unless said
 * otherwise. A late use never shares a register with a def; an early def never with a use.
 * Clobbers happen late: an early use may be in a clobbered register, a late use or an early def may
 * not, and no def may unless it is fixed to it. */
enum mir_position { MIR_EARLY, MIR_LATE };
enum mir_constraint {
    MIR_ANY,   /* a register or a stack slot */
    MIR_REG,   /* any register of the class */
    MIR_FIXED, /* the register in `arg` */
    /* a def: the register of operand number `arg` (a use with MIR_REG) of this instruction */
    MIR_REUSE,
};

struct mir_operand {
    mir_vreg vreg;
    uint8_t kind, position, constraint, arg;
};
_Static_assert(sizeof(struct mir_operand) == 8, "packed");

enum mir_flags {
    MIR_IS_MOVE = 1, /* copies operand 0 (use) to operand 1 (def), same class and width */
    MIR_IS_CALL = 2,
    MIR_IS_BRANCH = 4, /* last of its block */
    MIR_IS_RETURN = 8,
    /* one def (MIR_REG), no uses, no clobbers, no effect on flags: may be repeated instead of kept
     */
    MIR_IS_REMAT = 16,
};

struct mir_inst {
    uint16_t op;   /* of the target */
    uint8_t flags; /* enum mir_flags */
    uint8_t size;  /* target: operand width */
    uint8_t cc;    /* target: condition */
    uint8_t scale; /* target: of the memory operand */
    uint8_t trap;  /* target: trap code + 1, 0: cannot fault */
    uint8_t extra; /* target */
    int32_t disp;  /* target: of the memory operand */
    uint32_t aux;  /* target: block, callee, constant, site... */
    int64_t imm;   /* target */
};
_Static_assert(sizeof(struct mir_inst) == 24, "packed");

struct mir_edge {
    uint32_t from, to;
    uint32_t arg_first; /* into args: as many as the parameters of `to` */
};

struct mir_block {
    uint32_t inst_first, inst_end;
    uint32_t param_first, param_count; /* into args: the vregs that are the parameters */
    uint32_t edge_first, edge_count;   /* into edges: successors */
    uint32_t pred_first, pred_count;   /* into preds: numbers of edges */
    uint8_t loop_depth;
    uint8_t cold;
    /* innermost loop this block is in: number of its header block, or MIR_NONE */
    uint32_t loop_header;
};

struct mir_vreg_info {
    uint8_t class;  /* enum mir_class */
    uint8_t width;  /* enum mir_width */
    uint32_t remat; /* instruction with MIR_IS_REMAT that defines it, or MIR_NONE */
};

/*
 * No edge is critical: where a block has several successors, each of those has one predecessor. So
 * the moves of an edge go in front of the branch of its origin (one successor) or in front of
 * the first instruction of its target. For the fast allocator, which moves nothing on edges that
 * carry nothing, these may be critical. Edges of blocks with several successors carry no arguments.
 * Blocks are in layout order, and so are their instructions; block 0 is the entry and has no
 * parameters (arguments of the function are defs of its first instruction) and no predecessors.
 * A vreg is defined once, by one operand or as one parameter, and its definition dominates its
 * uses. Every block ends with a branch, a return or an instruction that never ends. The branch of a
 * block with one successor has no operands and no clobbers; the defs of any branch are temporaries
 * that nobody uses.
 */
struct mir_func {
    struct arena *arena;
    struct mir_inst *insts;
    uint32_t *operand_first; /* inst_count + 1 numbers: operands of instruction i */
    mir_preg_set *clobbers;  /* per instruction: registers it destroys, other than its defs */
    uint32_t *sources;       /* per instruction: position in the front end's input */
    uint32_t inst_count;
    struct mir_operand *operands;
    struct mir_block *blocks;
    uint32_t block_count;
    struct mir_edge *edges;
    uint32_t edge_count;
    uint32_t *preds;
    mir_vreg *args;
    struct mir_vreg_info *vregs;
    uint32_t vreg_count;
    mir_preg_set allocatable;  /* what the allocator may use */
    mir_preg_set callee_saved; /* of those, what costs a save and a restore once a function */
};

/* ---- an allocation --------------------------------------------------------------------------- */

/* A place: a register number, or MIR_SLOT + the index of an 8-byte unit of the frame (a 128-bit
 * value takes two, the first with an even index). */
typedef uint32_t mir_place;
#define MIR_SLOT UINT32_C(0x100)

enum mir_edit_kind { MIR_EDIT_MOVE, MIR_EDIT_REMAT };
/* Edits happen in the order of the array, which is sorted by point = instruction * 2 + (0: in
 * front of it, 1: behind it; never behind a branch). Each is one step: cycles are already broken.
 */
struct mir_edit {
    uint32_t point;
    uint8_t kind;
    uint8_t width;  /* enum mir_width: of a vector, how many bytes a spill or reload moves; general
                       registers always move 64 bits */
    mir_place from; /* MOVE. Memory to memory does not happen */
    mir_place to;   /* REMAT: a register; the instruction of vreg's `remat` is repeated into it */
    mir_vreg vreg;  /* that is moved or made again */
};

struct mir_allocation {
    /* One per operand. MIR_NONE for the def of a remat instruction: it is not emitted, because
     * every use has been given a copy by a REMAT edit. A move between equal places is not emitted.
     */
    mir_place *places;
    struct mir_edit *edits;
    uint32_t edit_count;
    uint32_t slot_count;       /* 8-byte units */
    mir_preg_set callee_saved; /* of mir_func's, those written */
};

/* The scratch registers that edits and emission may use (never allocated). */
enum { MIR_SCRATCH_GPR = 11, MIR_SCRATCH_XMM = 16 + 15 };

#endif /* SHIELD_CODEGEN_MIR_H */
