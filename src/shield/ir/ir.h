/*
 * ir: functions in static single assignment form, for any front end. Includes nothing of
 * WebAssembly.
 *
 * Everything is a dense 32-bit number into an array of struct ir_func. One array holds all
 * instructions, and the number of an instruction is also the number of its value; parameters of
 * blocks and the results of calls are instructions too (PARAM, RESULT). Operand lists and edges
 * live in a pool of words and are named by the index of their first word:
 *
 *   list   count, item...               handle 0 is the empty list
 *   edge   block, count, argument...    where control goes, with values for the block's parameters
 *
 * Memory: all arrays live in the function's arena; build and transform inside arena_guard() of it.
 * Every value is defined before its use on every path (dominance); ir/check.h verifies all rules.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_IR_IR_H
#define SHIELD_IR_IR_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"

#include <assert.h>

typedef uint32_t ir_value; /* an instruction; IR_NONE: no value */
typedef uint32_t ir_block;
typedef uint32_t ir_list; /* see above */
typedef uint32_t ir_edge;
#define IR_NONE UINT32_MAX

enum ir_type {
#define IRTYPE(name, text, bits, class) IR_##name,
#include "shield/ir/types.def"
#undef IRTYPE
    IR_TYPE_COUNT
};

enum ir_shape {
#define IRSHAPE(name, text, lanes, bits) IR_##name,
#include "shield/ir/shapes.def"
#undef IRSHAPE
    IR_SHAPE_COUNT
};

enum ir_op {
#define IROP(name, text, format, result, flags, aux, meaning, smt) IR_OP_##name,
#include "shield/ir/ops.def"
#undef IROP
    IR_OP_COUNT
};

/* Which fields hold what. Fields that a format does not name are 0. */
enum ir_format {
    IR_FORMAT_ALIAS,      /* a: value this one is the same as */
    IR_FORMAT_PARAM,      /* a: block, b: position */
    IR_FORMAT_RESULT,     /* a: instruction with format LIST or a call, b: position */
    /* b: low 32 bits, c: high 32 bits (zero-extended from the type's width) */
    IR_FORMAT_CONST,
    IR_FORMAT_VCONST,     /* a: index into constants16 */
    IR_FORMAT_NULLARY,    /* nothing */
    IR_FORMAT_NUMBER,     /* a: a plain number (slot, symbol) */
    IR_FORMAT_UNARY,      /* a */
    IR_FORMAT_BINARY,     /* a, b */
    IR_FORMAT_TERNARY,    /* a, b, c */
    IR_FORMAT_LIST,       /* a: list */
    IR_FORMAT_LANE,       /* a: value, b: number of the lane */
    IR_FORMAT_LANE2,      /* a: vector, b: scalar, c: number of the lane */
    IR_FORMAT_SHUFFLE,    /* a, b: vectors, c: index into constants16 */
    IR_FORMAT_VCMP,       /* a, b, c: enum ir_cc */
    IR_FORMAT_VFCMP,      /* a, b, c: enum ir_fcc */
    IR_FORMAT_LOAD,       /* a: address, c: access */
    IR_FORMAT_STORE,      /* a: address, b: value, c: access */
    IR_FORMAT_RMW,        /* a: address, b: operand, c: access */
    IR_FORMAT_CMPXCHG,    /* a: address, b: list (expected, replacement), c: access */
    IR_FORMAT_CHECKED,    /* a: index, b: memory record, c: number of bytes */
    IR_FORMAT_CALL,       /* a: callee, b: list of arguments */
    IR_FORMAT_CALL_TABLE, /* a: index, b: list of arguments, c: table site */
    IR_FORMAT_CALL_VALUE, /* a: value, b: list of arguments, c: signature */
    IR_FORMAT_JUMP,       /* a: edge */
    IR_FORMAT_BRANCH,     /* a: condition, b: edge when nonzero, c: edge when zero */
    IR_FORMAT_SWITCH,     /* a: I32 value, b: list of edges; the last is for all other values */
    IR_FORMAT_RETURN,     /* a: list */
};

enum ir_flags { /* of an operation; see ops.def */
    IR_PURE = 1,
    IR_TRAPS = 2,
    IR_LOADS = 4,
    IR_STORES = 8,
    IR_EFFECT = 16,
    IR_TERM = 32,
    IR_COMM = 64,
    IR_CALLS = 128,
};

enum ir_cc { IR_EQ, IR_NE, IR_SLT, IR_SGE, IR_SGT, IR_SLE, IR_ULT, IR_UGE, IR_UGT, IR_ULE };
/* true only when neither operand is a NaN, except NE, which is also true then */
enum ir_fcc { IR_FEQ, IR_FNE, IR_FLT, IR_FLE, IR_FGT, IR_FGE };
enum ir_rmw { IR_RMW_ADD, IR_RMW_SUB, IR_RMW_AND, IR_RMW_OR, IR_RMW_XOR, IR_RMW_XCHG };

struct ir_inst {
    uint16_t op;  /* enum ir_op */
    uint8_t type; /* enum ir_type of the value; of the stored value for stores and compares'
        operands
                     is found through a; VOID when there is none */
    uint8_t aux;
    uint32_t a, b, c;
};
_Static_assert(sizeof(struct ir_inst) == 16, "four to a cache line");

struct ir_op_info {
    const char *text;
    uint8_t format; /* enum ir_format */
    uint8_t flags;  /* enum ir_flags */
    uint8_t result; /* enum ir_result */
    uint8_t aux;    /* enum ir_aux */
};
enum ir_result {
    IR_RESULT_SAME, IR_RESULT_TYPE, IR_RESULT_I32, IR_RESULT_I64, IR_RESULT_V128, IR_RESULT_VOID,
    IR_RESULT_LIST
};
enum ir_aux { IR_AUX_NONE, IR_AUX_CC, IR_AUX_FCC, IR_AUX_SHAPE, IR_AUX_TRAPCODE, IR_AUX_RMW };
extern const struct ir_op_info ir_op_info[IR_OP_COUNT];

/* ---- what memory operations say of their access ---------------------------------------------- */
enum ir_access_flags {
    IR_ACCESS_NOTRAP = 1,   /* cannot fault */
    IR_ACCESS_READONLY = 2, /* nothing that happens during a call of the function changes it */
    IR_ACCESS_SIGNED = 4,   /* loads narrower than their type: sign-extended, else zero-extended */
    IR_ACCESS_ALIGNED = 8,
};
/* Alias regions: accesses in different regions never overlap; ANY overlaps all. Calls may write all
 * regions. Guest memory m is IR_REGION_MEMORY + m (from 40 on they share the last). */
enum ir_region { IR_REGION_ANY, IR_REGION_CONTEXT, IR_REGION_OVERFLOW, IR_REGION_STORE,
    IR_REGION_TABLE,
                 IR_REGION_GLOBAL, IR_REGION_SLOT, IR_REGION_MEMORY = 8, IR_REGION_MAX = 47 };
/* No guest memory with 32-bit indices reaches so near to 4 GiB: an index that has been accessed can
 * have less than this added to it without wrapping. Front ends promise it, passes rely on it. */
#define IR_GUEST_TOP_BYTES UINT32_C(0x10000)
struct ir_access {
    int32_t offset; /* added to the address */
    uint8_t bytes;  /* 1, 2, 4, 8, 16: width in memory */
    uint8_t region; /* enum ir_region */
    uint8_t flags;  /* enum ir_access_flags */
    uint8_t trap;   /* trap code when it faults */
};

/* ---- functions and what they refer to
 * ---------------------------------------------------------- */
struct ir_signature {
    const uint8_t *params, *results; /* enum ir_type */
    uint32_t param_count, result_count;
};

enum ir_callee_kind {
    IR_CALLEE_LOCAL,   /* number: a function of the same module, from 0 */
    IR_CALLEE_IMPORT,  /* number: an import entry of the context */
    IR_CALLEE_BUILTIN, /* number: enum builtin of compile/builtins.def */
    IR_CALLEE_SYMBOL,  /* number: whatever the front end likes; becomes a relocation */
};
enum ir_callee_flags {
    IR_CALLEE_NO_EFFECT = 1, /* reads and writes nothing that the guest can see */
    IR_CALLEE_NO_RETURN = 2,
};
struct ir_callee {
    uint8_t kind;
    uint8_t flags;
    uint32_t number;
    uint32_t signature; /* index into signatures */
};

/* call_indirect: everything the fixed sequence needs. Offsets are those of the layout. */
struct ir_table_site {
    uint32_t table_offset; /* in the context: pointer to the table's record */
    uint32_t type_offset;  /* in the context: u32 type id that the callee must have */
    uint32_t signature;
    uint64_t fixed_size;   /* number of elements when the table can never change size, else 0 */
    uint8_t index_type;    /* IR_I32 or IR_I64 */
};

/* A position with this bit is one in another function whose body stands here: the other bits are an
 * index into ir_func.inlined. */
#define IR_SOURCE_INLINED UINT32_C(0x80000000)
struct ir_inlined {
    uint32_t source;   /* position in that function; never with the bit */
    uint32_t function; /* its number, as in callees with IR_CALLEE_LOCAL */
    uint32_t parent;   /* position of the call that it stands for; may have the bit */
};

struct ir_slot { /* stack memory of the function, for front ends without a sandbox */
    uint32_t bytes, align;
};

struct ir_block_data {
    /* instructions in order; IR_NONE when empty; PARAMs are not in the chain */
    ir_value first, last;
    ir_list params;       /* PARAM instructions */
    uint8_t cold;         /* rarely executed: laid out last, weighs little */
    uint8_t loop_header;
};

struct ir_link {
    ir_value next, prev; /* in the block's chain; IR_NONE at its ends */
    ir_block block;      /* IR_NONE: in no block */
};

struct ir_func {
    struct arena *arena;
    struct ir_inst *insts;
    struct ir_link *links; /* one per instruction */
    /* one per instruction: the front end's position (a byte offset), 0: none */
    uint32_t *sources;
    uint32_t inst_count, inst_capacity;
    struct ir_block_data *blocks; /* block 0 is the entry: its params are the function's */
    uint32_t block_count, block_capacity;
    uint32_t *pool;
    uint32_t pool_count, pool_capacity;
    uint8_t (*constants16)[16];
    uint32_t constant16_count, constant16_capacity;
    struct ir_access *accesses; /* interned by ir_access() */
    uint32_t access_count, access_capacity;
    struct ir_signature *signatures;
    uint32_t signature_count, signature_capacity;
    struct ir_callee *callees;
    uint32_t callee_count, callee_capacity;
    struct ir_table_site *table_sites;
    uint32_t table_site_count, table_site_capacity;
    struct ir_slot *slots;
    uint32_t slot_count, slot_capacity;
    uint32_t signature; /* of this function */
    uint32_t number;    /* in the module */
    const char *name;   /* borrowed; may be NULL */
    uint32_t *access_table; /* hash index of accesses; private to build.c */
    uint32_t access_table_size;
    uint32_t source;    /* position that new instructions get */
    struct ir_inlined *inlined; /* positions in other functions: see IR_SOURCE_INLINED */
    uint32_t inlined_count, inlined_capacity;
};

/* ---- building (ir/build.c) ------------------------------------------------------------------- */
void ir_func_init(struct ir_func *f, struct arena *a, uint32_t number);
/* Room for that many instructions, so that the arrays need not move on the way there. */
void ir_func_reserve(struct ir_func *f, uint32_t insts);
ir_block ir_block_new(struct ir_func *f);
/* appended to its params */
ir_value ir_param_new(struct ir_func *f, ir_block b, enum ir_type type);

/* A new instruction in no block. */
ir_value ir_inst_new(struct ir_func *f, struct ir_inst i);
void ir_append(struct ir_func *f, ir_block b, ir_value v);
void ir_insert_before(struct ir_func *f, ir_value where, ir_value v);
void ir_insert_after(struct ir_func *f, ir_value where, ir_value v);
void ir_remove(struct ir_func *f, ir_value v); /* from its block */
ir_value ir_emit(struct ir_func *f, ir_block b, struct ir_inst i); /* makes and appends */
/* Turns v into an alias of another value; v leaves its block. ir_resolve() follows and shortens. */
void ir_replace(struct ir_func *f, ir_value v, ir_value by);
ir_value ir_resolve(struct ir_func *f, ir_value v);

ir_list ir_list_new(struct ir_func *f, const uint32_t *items, uint32_t count);
static inline uint32_t ir_list_count(const struct ir_func *f, ir_list l)
{
    return f->pool[l];
}
static inline uint32_t *ir_list_items(const struct ir_func *f, ir_list l)
{
    return f->pool + l + 1;
}
/* Appends; the list may move: returns its new handle. Pointers into the pool end. */
ir_list ir_list_push(struct ir_func *f, ir_list l, uint32_t item);

ir_edge ir_edge_new(struct ir_func *f, ir_block target, const ir_value *args, uint32_t count);
static inline ir_block ir_edge_block(const struct ir_func *f, ir_edge e)
{
    return f->pool[e];
}
static inline uint32_t ir_edge_count(const struct ir_func *f, ir_edge e)
{
    return f->pool[e + 1];
}
static inline uint32_t *ir_edge_args(const struct ir_func *f, ir_edge e)
{
    return f->pool + e + 2;
}

uint32_t ir_access(struct ir_func *f, struct ir_access access); /* interned */
uint32_t ir_constant16(struct ir_func *f, const uint8_t bytes[16]);
/* Copies the arrays into the function's arena. Equal signatures get one number. */
uint32_t ir_signature(struct ir_func *f, const uint8_t *params, uint32_t param_count,
                      const uint8_t *results, uint32_t result_count);
uint32_t ir_callee(struct ir_func *f, struct ir_callee callee); /* interned */

static inline struct ir_inst *ir_at(const struct ir_func *f, ir_value v)
{
    return &f->insts[v];
}
static inline enum ir_op ir_op_of(const struct ir_func *f, ir_value v)
{
    return (enum ir_op)f->insts[v].op;
}
static inline uint64_t ir_const_bits(const struct ir_inst *i) /* of ICONST and FCONST */
{
    return (uint64_t)i->c << 32 | i->b;
}
/* masked to the width by the caller */
static inline struct ir_inst ir_iconst(enum ir_type type, uint64_t bits)
{
    return (struct ir_inst){.op = IR_OP_ICONST, .type = (uint8_t)type, .b = (uint32_t)bits,
                            .c = (uint32_t)(bits >> 32)};
}
uint32_t ir_type_bits(enum ir_type t);
const char *ir_type_text(enum ir_type t);
bool ir_type_is_int(enum ir_type t); /* I8 to I64 and REF */

/* Calls visit for each operand that is a value, with the address of the word that holds it. */
void ir_each_operand(struct ir_func *f, ir_value v, void (*visit)(void *ctx, uint32_t *operand),
    void *ctx);
/* Number of edges of a terminator, and the n-th. */
static inline uint32_t ir_successor_count(const struct ir_func *f, ir_value terminator)
{
    const struct ir_inst *i = ir_at(f, terminator);

    switch ((enum ir_op)i->op) {
    case IR_OP_JUMP: return 1;
    case IR_OP_BRANCH: return 2;
    case IR_OP_SWITCH: return ir_list_count(f, i->b);
    default: return 0;
    }
}
static inline ir_edge ir_successor(const struct ir_func *f, ir_value terminator, uint32_t n)
{
    const struct ir_inst *i = ir_at(f, terminator);

    assert(n < ir_successor_count(f, terminator) && "a terminator has so many edges");
    if (i->op == IR_OP_JUMP)
        return i->a;
    if (i->op == IR_OP_BRANCH)
        return n == 0 ? i->b : i->c;
    return ir_list_items(f, i->b)[n];
}

#endif /* SHIELD_IR_IR_H */
