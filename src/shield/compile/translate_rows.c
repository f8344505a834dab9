/* translate_rows: for every operator, how it is translated. An operator of opcodes.def without a
 * row in translate.def does not compile. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/translate_int.h"

#include <string.h>

#define HAND(name, function, ends, free_)                                                          \
    [WM_OP_##name] = {.kind = ROW_HAND, .ends_segment = (ends), .is_free = (free_)},
#define OPERATOR(name, kind_, ...) [WM_OP_##name] = {.kind = ROW_##kind_, __VA_ARGS__},
#define REFUSED(name)              [WM_OP_##name] = {.kind = ROW_REFUSED},
const struct row tf_rows[WM_OP_COUNT] = {
#include "shield/compile/translate_expand.h"
};

enum {
#define HAND(name, function, ends, free_) HAS_##name,
#define OPERATOR(name, kind_, ...)        HAS_##name,
#define REFUSED(name)                     HAS_##name,
#include "shield/compile/translate_expand.h"
};
#define OP(name, text, prefix, code, imm, sig, width, feature)                                     \
    _Static_assert(HAS_##name >= 0, "every operator has a row in translate.def");
#include "shield/wasm/opcodes.def"
#undef OP

void tf_by_hand(struct tf *t, const struct wm_ins *ins)
{
    switch (ins->op) { /* a table of functions would be relocated whenever a process starts */
#define HAND(name, function, ends, free_)                                                          \
    case WM_OP_##name: tf_##function(t, ins); break;
#include "shield/compile/translate_expand.h"
    default: CHECK(false, "only for rows of HAND");
    }
}

enum ir_type tf_result_type(enum wm_op op)
{
    const char *sig = wm_op_info[op].sig;

    while (*sig != '\0' && *sig != ':')
        sig++;
    switch (*sig == '\0' ? '\0' : sig[1]) {
    case 'i': return IR_I32;
    case 'I': return IR_I64;
    case 'f': return IR_F32;
    case 'F': return IR_F64;
    case 'v': return IR_V128;
    default: return IR_VOID;
    }
}
