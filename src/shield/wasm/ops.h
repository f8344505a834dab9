/* ops: the operators, expanded from opcodes.def. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_WASM_OPS_H
#define SHIELD_WASM_OPS_H

#include "base/base.h"
#include "shield/wasm/features.h"

enum wm_op {
#define OP(name, text, prefix, code, imm, sig, width, feature) WM_OP_##name,
#include "shield/wasm/opcodes.def"
#undef OP
    WM_OP_COUNT
};

enum wm_imm {
#define IMM(name) WM_IMM_##name,
#include "shield/wasm/immediates.def"
#undef IMM
    WM_IMM_COUNT
};

enum { WM_OP_TEXT_BYTES = 40, WM_OP_SIG_BYTES = 8 };
struct wm_op_info { /* no pointers: nothing is to be done with the table when a process starts */
    uint16_t code;
    uint8_t prefix;    /* 0: one-byte opcode */
    uint8_t imm;       /* enum wm_imm */
    uint8_t width;     /* bytes accessed, or lanes for LANE rows */
    uint8_t feature;   /* enum wm_feature */
    char sig[WM_OP_SIG_BYTES]; /* "ii:i", or "*" when typed by hand */
    char text[WM_OP_TEXT_BYTES];
};
extern const struct wm_op_info wm_op_info[WM_OP_COUNT];

/* Operator of an opcode; WM_OP_COUNT when there is none. prefix 0 for one-byte opcodes. */
enum wm_op wm_op_find(uint8_t prefix, uint32_t code);

#endif /* SHIELD_WASM_OPS_H */
