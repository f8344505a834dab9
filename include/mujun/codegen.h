/*
 * codegen.h: mujun's code generator for front ends of their own. Functions are built in a typed
 * intermediate representation in SSA form (docs/codegen.md describes it), optimised, and
 * compiled to
 * machine code for x86-64 with the calling convention of System V; objects that any linker reads
 * are
 * written from them.
 *
 *   function   owned   being built: blocks, parameters, instructions
 *   code       owned   machine code of one function with what a linker, a debugger and a signal
 *                      handler need to know about it
 *   object     owned   a relocatable ELF file in the making
 *
 * What fails while a function is built is kept in it: building functions go on without effect and
 * return MUJUN_IR_NONE, and mujun_function_compile() or mujun_function_check() tells the first
 * refusal. So a
 * front end checks once. One thread at a time works on a function; different functions are
 * independent.
 *
 * Nothing here makes memory executable. Ownership and errors are those of mujun.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MUJUN_CODEGEN_H
#define MUJUN_CODEGEN_H

#include "mujun/mujun.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mujun_function;
struct mujun_code;
struct mujun_object;

/* ---- types and values ------------------------------------------------------------------------ */

enum mujun_ir_type {
    MUJUN_IR_VOID,
    MUJUN_IR_I8,
    MUJUN_IR_I16,
    MUJUN_IR_I32,
    MUJUN_IR_I64,
    MUJUN_IR_I128,
    MUJUN_IR_F32,
    MUJUN_IR_F64,
    MUJUN_IR_V128
};

/* Numbers of values, blocks, slots and symbols within their function. */
typedef uint32_t mujun_ir_value;
typedef uint32_t mujun_ir_block;
typedef uint32_t mujun_ir_slot;
typedef uint32_t mujun_ir_symbol;
#define MUJUN_IR_NONE UINT32_MAX

struct mujun_ir_signature {
    const enum mujun_ir_type *params, *results;
    size_t param_count, result_count;
};

/* ---- building -------------------------------------------------------------------------------- */

/* A function with an entry block, 0, whose parameters are the function's; instructions go to its
 * end.
 * name: a symbol for the linker, copied. */
enum mujun_status mujun_function_new(const char *name, const struct mujun_ir_signature *signature,
                                     struct mujun_function **out, struct mujun_error **err);
/* Reads the text form that mujun_function_text() writes. MUJUN_E_MALFORMED has line and column. */
enum mujun_status mujun_function_parse(const char *text, size_t size, struct mujun_function **out,
                                       struct mujun_error **err);
void mujun_function_free(struct mujun_function *f);

mujun_ir_value mujun_function_param(const struct mujun_function *f, size_t n);
mujun_ir_block mujun_ir_block_new(struct mujun_function *f);
/* A value that every edge to the block brings. */
mujun_ir_value mujun_ir_block_param(struct mujun_function *f, mujun_ir_block b,
                                 enum mujun_ir_type type);
/* From now on instructions go to the end of this block. */
void mujun_ir_block_select(struct mujun_function *f, mujun_ir_block b);
/* Hint: rarely executed. */
void mujun_ir_block_set_cold(struct mujun_function *f, mujun_ir_block b);
/* Position in the front end's input that new instructions carry, for debuggers; 0: none. */
void mujun_function_set_source(struct mujun_function *f, uint32_t position);

mujun_ir_value mujun_ir_int(struct mujun_function *f, enum mujun_ir_type type, uint64_t bits);
mujun_ir_value mujun_ir_f32(struct mujun_function *f, float value);
mujun_ir_value mujun_ir_f64(struct mujun_function *f, double value);

/* Any operation on values, by its word in the text form: "iadd", "icmp.ult", "uextend", "select",
 * "vadd.i32x4"... type: of the result. Operands of another number or type are refused. */
mujun_ir_value mujun_ir_build(struct mujun_function *f, const char *operation,
                           enum mujun_ir_type type, const mujun_ir_value *operands, size_t count);
mujun_ir_value mujun_ir_unary(struct mujun_function *f, const char *operation,
                           enum mujun_ir_type type, mujun_ir_value a);
mujun_ir_value mujun_ir_binary(struct mujun_function *f, const char *operation,
                            enum mujun_ir_type type, mujun_ir_value a, mujun_ir_value b);

/* With a plain number behind the operands: the lane of "extract_lane_u.i32x4" and its like, the
 * condition of "vicmp.i32x4" (0 eq, 1 ne, 2 slt, 3 sge, 4 sgt, 5 sle, 6 ult, 7 uge, 8 ugt, 9
 * ule) and of
 * "vfcmp.f32x4" (0 eq, 1 ne, 2 lt, 3 le, 4 gt, 5 ge). */
mujun_ir_value mujun_ir_build_with(struct mujun_function *f, const char *operation,
                                   enum mujun_ir_type type, const mujun_ir_value *operands,
                                   size_t count, uint32_t number);
mujun_ir_value mujun_ir_v128(struct mujun_function *f, const uint8_t bytes[16]);
/* Byte n of the result is byte which[n] of a (0 to 15) or of b (16 to 31). */
mujun_ir_value mujun_ir_shuffle(struct mujun_function *f, mujun_ir_value a, mujun_ir_value b,
                                const uint8_t which[16]);

/* Memory. bytes may be fewer than the type has, then loads extend, with the sign when is_signed. */
mujun_ir_value mujun_ir_load(struct mujun_function *f, enum mujun_ir_type type,
                             mujun_ir_value address, int32_t offset, unsigned bytes,
                             bool is_signed);
void mujun_ir_store(struct mujun_function *f, mujun_ir_value address, int32_t offset,
                    unsigned bytes, mujun_ir_value value);
/* Stack memory that lives as long as the call; align is a power of two, at most 16. */
mujun_ir_slot mujun_ir_slot_new(struct mujun_function *f, uint32_t bytes, uint32_t align);
mujun_ir_value mujun_ir_slot_address(struct mujun_function *f, mujun_ir_slot slot);

/* Another function, by its name for the linker. */
mujun_ir_symbol mujun_ir_symbol_new(struct mujun_function *f, const char *name,
                             const struct mujun_ir_signature *signature);
mujun_ir_value mujun_ir_symbol_address(struct mujun_function *f, mujun_ir_symbol symbol);
/* results: room for as many as the signature has; may be NULL when it has none. */
void mujun_ir_call(struct mujun_function *f, mujun_ir_symbol symbol, const mujun_ir_value *args,
                size_t count, mujun_ir_value *results);
void mujun_ir_call_pointer(struct mujun_function *f, mujun_ir_value pointer,
                        const struct mujun_ir_signature *signature, const mujun_ir_value *args,
                        size_t count, mujun_ir_value *results);

/* Ends of blocks. args: one value per parameter of the target. */
struct mujun_ir_target {
    mujun_ir_block block;
    const mujun_ir_value *args;
    size_t count;
};
void mujun_ir_jump(struct mujun_function *f, struct mujun_ir_target to);
void mujun_ir_branch(struct mujun_function *f, mujun_ir_value condition, struct mujun_ir_target
    if_true,
                  struct mujun_ir_target if_false);
/* targets[index], or the last one for every larger index (an I32). */
void mujun_ir_switch(struct mujun_function *f, mujun_ir_value index,
                  const struct mujun_ir_target *targets, size_t count);
void mujun_ir_return(struct mujun_function *f, const mujun_ir_value *values, size_t count);
void mujun_ir_tail_call(struct mujun_function *f, mujun_ir_symbol symbol,
                        const mujun_ir_value *args, size_t count);
/* code: the front end's, 16 to 254; it stands in the code's trap table. */
void mujun_ir_trap(struct mujun_function *f, unsigned code);
void mujun_ir_trap_if(struct mujun_function *f, mujun_ir_value condition, unsigned code);

/* The first refusal while building, or a broken rule (types, dominance, ends of blocks). */
enum mujun_status mujun_function_check(struct mujun_function *f, struct mujun_error **err);
/* The text form, NUL-terminated; free with mujun_text_free(). NULL: mujun_function_check() refuses
 * the function, or no memory. */
char *mujun_function_text(struct mujun_function *f);
void mujun_text_free(char *text);

/* ---- compiling ------------------------------------------------------------------------------- */

enum mujun_code_flags {
    MUJUN_CODE_OPTIMISE = 1, /* the middle end, and the register allocator that takes its time */
    MUJUN_CODE_NATIVE = 2    /* may use all that this machine's processor has, else SSE2 only */
};
/* Checks and compiles. flags: enum mujun_code_flags. The function is used up, also when this fails:
 * only free it afterwards. MUJUN_E_UNSUPPORTED: an operation has no form on this processor. */
enum mujun_status mujun_function_compile(struct mujun_function *f, unsigned flags,
                                         struct mujun_code **out, struct mujun_error **err);
void mujun_code_free(struct mujun_code *code);

/* All of the following borrow from the code. */
const char *mujun_code_name(const struct mujun_code *code);
const uint8_t *mujun_code_bytes(const struct mujun_code *code, size_t *size);
/* Constants and jump tables, to be placed anywhere within 2 GiB, aligned to 16. */
const uint8_t *mujun_code_pool(const struct mujun_code *code, size_t *size);

/* Four bytes that hold a distance from their own end: to a symbol, or into the pool. A jump
 * table's words hold distances too: from the table's first byte to an offset of the code. */
enum mujun_relocation_kind {
    MUJUN_RELOCATION_SYMBOL, /* in the code, to `symbol` */
    MUJUN_RELOCATION_POOL,   /* in the code, to byte `addend` of the pool */
    MUJUN_RELOCATION_TABLE   /* in the pool: 4 bytes, code + addend - first byte of table */
};
struct mujun_relocation {
    enum mujun_relocation_kind kind;
    uint32_t offset;    /* of the four bytes, in code or pool */
    const char *symbol; /* of SYMBOL, else NULL */
    uint32_t addend;
    uint32_t table;     /* of TABLE: offset of its first byte in the pool */
};
size_t mujun_code_relocation_count(const struct mujun_code *code);
struct mujun_relocation mujun_code_relocation(const struct mujun_code *code, size_t n);

/* Instructions that may fault, ascending. */
struct mujun_code_trap {
    uint32_t offset;
    unsigned trap; /* enum mujun_trap_code, or the front end's own */
};
size_t mujun_code_trap_count(const struct mujun_code *code);
struct mujun_code_trap mujun_code_trap(const struct mujun_code *code, size_t n);

/* How to unwind: the prologue pushes the registers in `saved` (a bit per number of the
 * processor) in
 * order of number, then subtracts frame_bytes from rsp. */
struct mujun_code_frame {
    uint32_t prologue_bytes, frame_bytes, saved;
};
struct mujun_code_frame mujun_code_frame(const struct mujun_code *code);

/* ---- objects --------------------------------------------------------------------------------- */

enum mujun_status mujun_object_new(struct mujun_object **out, struct mujun_error **err);
void mujun_object_free(struct mujun_object *object);
/* Copies what it needs; each name once. */
enum mujun_status mujun_object_add(struct mujun_object *object, const struct mujun_code *code,
                                   struct mujun_error **err);
/* The finished file (ELF64, relocatable, with unwind tables), borrowed from the object until it is
 * changed or freed. */
enum mujun_status mujun_object_bytes(struct mujun_object *object, const uint8_t **bytes,
                                     size_t *size, struct mujun_error **err);

#ifdef __cplusplus
}
#endif

#endif /* MUJUN_CODEGEN_H */
