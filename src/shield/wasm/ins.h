/*
 * ins: one instruction, decoded. wm_ins_read() and wm_ins_write() are the only codec of
 * instructions; validator, interpreter, printer, text reader and writer all go through it (or,
 * where speed matters, through a faster path that a test compares with it).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_WASM_INS_H
#define SHIELD_WASM_INS_H

#include "base/buf.h"
#include "shield/wasm/ops.h"
#include "shield/wasm/types.h"

/* Borrowed bytes of a module. offset: where they start in the module, for messages. */
struct wm_bytes {
    const uint8_t *data;
    uint32_t size;
    uint32_t offset;
};

enum wm_block_kind { WM_BLOCK_EMPTY, WM_BLOCK_VALUE, WM_BLOCK_TYPE };
struct wm_block {
    enum wm_block_kind kind;
    union {
        struct wm_valtype value; /* WM_BLOCK_VALUE: one result */
        uint32_t type_index;     /* WM_BLOCK_TYPE: a function type */
    };
};

struct wm_memarg {
    uint64_t offset;
    uint32_t memory;
    uint8_t align_log2;
    uint8_t lane; /* MEMARG_LANE */
};

enum wm_catch_kind { WM_CATCH, WM_CATCH_REF, WM_CATCH_ALL, WM_CATCH_ALL_REF };
struct wm_catch {
    enum wm_catch_kind kind;
    uint32_t tag; /* unused by the CATCH_ALL kinds */
    uint32_t label;
};

struct wm_ins {
    enum wm_op op;
    uint32_t offset; /* of the opcode, in the module */
    struct wm_block block; /* BLOCK, TRY_TABLE */
    union {
        struct {
            uint32_t index, index2; /* all index shapes, in the order of immediates.def; LABEL;
                                       TYPE_COUNT: index2 is the count; LANE: index */
        };
        struct {
            uint32_t list_count;   /* BR_TABLE: labels without the default; SELECT; TRY_TABLE */
            struct wm_bytes list;  /* the encoded elements (BR_TABLE: including the default), not
                                      yet decoded; walk with the wm_list_ functions below */
        };
        struct {
            uint32_t label; /* BR_CAST */
            struct wm_valtype from, to;
        } cast;
        struct wm_heap heap; /* HEAP_TYPE */
        struct wm_memarg mem;
        int32_t i32;
        int64_t i64;
        uint32_t f32_bits;
        uint64_t f64_bits;
        uint8_t bytes[16]; /* V128, SHUFFLE */
    };
};

struct wm_reader;

/* Decodes the instruction at r->pos and moves behind it. Refuses unknown opcodes, operators whose
 * feature is off (naming the switch) and malformed immediates; does not judge types. */
MUST_USE enum status wm_ins_read(struct wm_reader *r, struct wm_ins *out, struct diag *dg);

/* Elements of a list immediate; *cursor starts at 0 and is a byte position in ins->list. They
 * cannot fail: wm_ins_read() has checked the bytes. */
uint32_t wm_list_label(const struct wm_ins *ins, uint32_t *cursor);
struct wm_valtype wm_list_type(const struct wm_ins *ins, uint32_t *cursor);
struct wm_catch wm_list_catch(const struct wm_ins *ins, uint32_t *cursor);

/* Appends the shortest encoding. Lists are re-encoded from ins->list, whatever its LEB widths. */
void wm_ins_write(struct buf *out, const struct wm_ins *ins);
void wm_valtype_write(struct buf *out, struct wm_valtype t);
void wm_heap_write(struct buf *out, struct wm_heap h);
void wm_catch_write(struct buf *out, const struct wm_catch *c);

#endif /* SHIELD_WASM_INS_H */
