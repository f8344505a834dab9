/* rows: the table of encodings. SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/x64.h"

enum { CODEGEN_NONE = 0 };
#define WIDTH_S  X64_WIDTH_S
#define WIDTH_REG X64_WIDTH_REG
#define WIDTH_1  1
#define WIDTH_2  2
#define WIDTH_4  4
#define WIDTH_8  8
#define WIDTH_16 16
#define VEX_L    false
#define VEX_V    true

const struct x64_row x64_rows[X64_OP_COUNT] = {
#define ENC(name, text, form, map, prefix, opcode, digit, width, w, enc, flags, needs)             \
    [X64_##name] = {text,        FORM_##form,       map,                  X64_PREFIX_##prefix,     \
                    opcode,      digit,             WIDTH_##width,        X64_W_##w,               \
                    VEX_##enc,   X64_FLAGS_##flags, CODEGEN_##needs},
#include "shield/codegen/x64/enc.def"
#undef ENC
#define PSEUDO(name, text, flags) [X64_##name] = {text, 0, 0, 0, 0, 0, 0, 0, false,               \
                                                  X64_FLAGS_##flags, 0},
#include "shield/codegen/x64/pseudo.def"
#undef PSEUDO
};
