/* ops: what the operator table says, by operator and by opcode.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/ops.h"

const struct wm_op_info wm_op_info[WM_OP_COUNT] = {
#define OP(name, text, prefix, code, imm, sig, width, feature)                                     \
    [WM_OP_##name] = {code, prefix, WM_IMM_##imm, width, WM_FEATURE_##feature, sig, text},
#include "shield/wasm/opcodes.def"
#undef OP
};

/* All opcodes in one array: the one-byte ones, then a stretch for each prefix. */
enum {
    SLOTS_00 = 0x100,
    SLOTS_FB = 0x20,
    SLOTS_FC = 0x20,
    SLOTS_FD = 0x120,
    SLOTS_FE = 0x50,
    BASE_FB = SLOTS_00,
    BASE_FC = BASE_FB + SLOTS_FB,
    BASE_FD = BASE_FC + SLOTS_FC,
    BASE_FE = BASE_FD + SLOTS_FD,
    SLOT_COUNT = BASE_FE + SLOTS_FE
};

#define BASE_OF(prefix)                                                                            \
    ((prefix) == 0xfb   ? BASE_FB                                                                  \
     : (prefix) == 0xfc ? BASE_FC                                                                  \
     : (prefix) == 0xfd ? BASE_FD                                                                  \
     : (prefix) == 0xfe ? BASE_FE                                                                  \
                        : 0)
#define SLOTS_OF(prefix)                                                                           \
    ((prefix) == 0xfb   ? SLOTS_FB                                                                 \
     : (prefix) == 0xfc ? SLOTS_FC                                                                 \
     : (prefix) == 0xfd ? SLOTS_FD                                                                 \
     : (prefix) == 0xfe ? SLOTS_FE                                                                 \
     : (prefix) == 0    ? SLOTS_00                                                                 \
                        : 0)

#define OP(name, text, prefix, code, imm, sig, width, feature)                                     \
    _Static_assert((code) < SLOTS_OF(prefix), text ": its stretch of op_slots is too short");
#include "shield/wasm/opcodes.def"
#undef OP

/* Operator + 1; 0: no such opcode. */
static const uint16_t op_slots[SLOT_COUNT] = {
#define OP(name, text, prefix, code, imm, sig, width, feature)                                     \
    [BASE_OF(prefix) + (code)] = WM_OP_##name + 1,
#include "shield/wasm/opcodes.def"
#undef OP
};

enum wm_op wm_op_find(uint8_t prefix, uint32_t code)
{
    if (code >= (uint32_t)SLOTS_OF(prefix))
        return WM_OP_COUNT;
    uint16_t slot = op_slots[BASE_OF(prefix) + code];
    return slot == 0 ? WM_OP_COUNT : (enum wm_op)(slot - 1);
}
