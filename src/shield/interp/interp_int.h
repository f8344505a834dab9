/*
 * interp_int: what the files of the interpreter share: the internal code, frames, run state.
 *
 * Code is an array of 32-bit words. An instruction is the address of its handler (two words), then
 * its operands, padded to an even count of words:
 *
 *   | handler lo | handler hi | operand | operand | ...
 *
 * An operand is the byte offset of a slot from the frame pointer, an immediate (one word, or two
 * for 64 bits), or a branch: the distance in bytes from that operand word to the target.
 *
 * A frame lies on the interpreter's own stack, offsets from the frame pointer fp:
 *
 *   | parameters | other locals | reference temporaries | scalar temporaries |
 *
 * in slots of 8 bytes (v128: 16). GC references live in locals that have such a type and in the
 * reference temporaries, nowhere else, so the roots of a frame are known exactly. Locals behind
 * the parameters and reference temporaries are zeroed when the frame is made. A callee's frame
 * begins in the caller's scalar temporaries, where its arguments already are; results come back
 * at the same place. Who called whom is on a second stack, of struct interp_frame.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_INTERP_INTERP_INT_H
#define SHIELD_INTERP_INTERP_INT_H

#include "shield/interp/interp.h"
#include "shield/runtime/gc.h"
#include "shield/runtime/store.h"
#include "shield/runtime/trap.h"

/* Where a piece of code is protected, and what catches. */
struct interp_region {
    uint32_t begin, end; /* words of the code */
    uint32_t outer;      /* region around this one, INTERP_NO_REGION at the outermost */
    uint32_t parent;     /* asked next: the same, unless the try delegates */
    uint32_t first_clause, last_clause; /* INTERP_NO_CLAUSE: none */
    uint32_t exception_slot; /* legacy try: where the caught exnref is kept; INTERP_NO_SLOT */
};
struct interp_clause {
    uint32_t tag;          /* index in the instance; unused when is_all */
    bool is_all, with_ref; /* with_ref: the exnref itself is the last value */
    uint32_t target;       /* word of the code */
    uint32_t next;         /* clause of the same region to try next, INTERP_NO_CLAUSE at the end */
    uint32_t values_first, value_count; /* in values[]: slots of the payload, ref included */
};
#define INTERP_NO_REGION UINT32_MAX
#define INTERP_NO_SLOT   UINT32_MAX
#define INTERP_NO_CLAUSE UINT32_MAX

/* One translated function. In the code_arena of its module, never changed once published. */
struct interp_code {
    const uint32_t *code;
    uint32_t frame_bytes; /* from fp to the end of everything it uses */
    uint32_t param_bytes;
    uint32_t zero_end;           /* [param_bytes, zero_end) is zeroed on entry */
    uint32_t ref_begin, ref_end; /* reference temporaries */
    uint32_t result_bytes;
    uint32_t word_count;
    uint32_t func_index;
    struct rt_module *module; /* borrowed: holds this */
    const struct rt_type *type;
    const uint32_t *ref_locals; /* offsets of locals that hold GC references */
    uint32_t ref_local_count;
    uint32_t region_count, clause_count;
    const struct interp_region *regions; /* by begin: the last one that holds a word is innermost */
    const struct interp_clause *clauses;
    const uint32_t *values;
    const uint8_t *map; /* see map.h */
    uint32_t map_bytes;
};

/* One call in progress. code NULL: a bridge between instances, see h_call.c. */
struct interp_frame {
    const uint32_t *return_pc;      /* in the caller */
    uint8_t *fp;                    /* of the caller */
    const struct interp_code *code; /* of the callee */
    struct rt_instance *instance;   /* of the caller; only in bridges and entries */
};

/* A run: the state of one store's guest code. The registers pc, fp, mem and mem_size live in the
 * handlers' arguments and are stored here only when something outside needs them. */
struct interp_cx {
    struct interp_frame *frame;          /* innermost */
    const _Atomic uint32_t *interrupted; /* of the store */
    _Atomic(void *) *code;               /* of the module's defined functions, right variant */
    struct rt_instance *instance;
    uint8_t *stack_end;
    struct interp_frame *frame_end;
    union rt_value **globals; /* cells of instance */
    struct rt_memory *memory;   /* first one of instance; NULL when there is none */
    struct rt_store *store;
    bool is_metered;    /* as the store was when its outermost call began */
    uint8_t *fp;        /* saved */
    const uint32_t *pc; /* saved */
    uint8_t *mem;       /* saved by the loop of checked builds */
    uint64_t mem_size;
    uint8_t *sp;            /* first free byte of the stack while a host function runs */
    struct rt_func *callee; /* of a call that leaves the fast path: whom, */
    uint32_t callee_base;   /* where its frame begins, */
    uint32_t callee_words;  /* and the words of the calling instruction */
    uint32_t wanted;        /* defined function to translate now */
    uint8_t *stack;
    struct interp_frame *frames;
    uint64_t stack_bytes, frames_bytes;    /* as mapped */
    uint32_t exit_code[2], bridge_code[2]; /* instructions that no function holds */
};

/* Operands of every handler. In release builds they stay in registers. */
#define INTERP_PARAMS                                                                              \
    const uint32_t *pc, uint8_t *fp, uint8_t *mem, uint64_t mem_size, struct interp_cx *cx
#define INTERP_ARGS pc, fp, mem, mem_size, cx

/* ST_COUNT means "go on" in builds that dispatch in a loop. */
typedef enum status interp_handler(INTERP_PARAMS);

enum interp_op {
#define IOP(name, format) IOP_##name,
#include "shield/interp/iops.def"
#undef IOP
    IOP_COUNT
};

/* Two tables: what has no pointers in it costs nothing when a process starts. */
enum { INTERP_FORMAT_BYTES = 12 };
extern interp_handler *const interp_handlers[IOP_COUNT];
extern const char interp_formats[IOP_COUNT][INTERP_FORMAT_BYTES]; /* see iops.def */

/* The code of the instance's func_index-th function, translated if need be. */
MUST_USE enum status interp_code_get(struct rt_module *m, uint32_t defined_index, bool metered,
                                     const struct interp_code **out, struct diag *dg);
MUST_USE enum status interp_translate(struct rt_module *m, uint32_t defined_index, bool metered,
                                      struct interp_code **out, struct diag *dg);
/* The table that cx->code points to; NULL when there is no memory. */
_Atomic(void *) *interp_code_table(struct rt_module *m, bool metered);

/* Offset in the module of the instruction that `pc` (inside code) belongs to. */
uint32_t interp_map_find(const struct interp_code *code, const uint32_t *pc);

/* Makes `instance` the one that handlers see. */
void interp_enter_instance(struct interp_cx *cx, struct rt_instance *instance);

/* Raises a trap at pc and ends the run. */
enum status interp_raise(struct interp_cx *cx, const uint32_t *pc, uint8_t *fp,
                         enum rt_trap_code code);

/* Calls cx->callee, a host function or one of another tier, whose arguments are in slots from `at`
 * on; leaves its results there. */
MUST_USE enum status interp_host_call(struct interp_cx *cx, const uint32_t *pc, uint8_t *fp,
                                      uint8_t *at);
/* Bytes of slots that values of these types take. */
uint32_t interp_types_bytes(const struct wm_valtype *types, uint32_t count);

/* Looks for a clause that catches store->exception, thrown at cx->pc in the innermost frame of the
 * run that began with frame `entry`. On ST_OK frames are unwound, the payload is stored, cx->pc and
 * cx->fp say where to go on. ST_EXCEPTION: nobody catches in this run. */
MUST_USE enum status interp_unwind(struct interp_cx *cx, const struct interp_frame *entry);

#endif /* SHIELD_INTERP_INTERP_INT_H */
