/* words: see words.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/ir/words.h"

#include <string.h>

static const char *const cc_text[] = {
#define IRCC(name, text) [IR_##name] = text,
#include "shield/ir/conditions.def"
#undef IRCC
};
static const char *const fcc_text[] = {
#define IRFCC(name, text) [IR_##name] = text,
#include "shield/ir/conditions.def"
#undef IRFCC
};
static const char *const rmw_text[] = {
#define IRRMW(name, text) [IR_RMW_##name] = text,
#include "shield/ir/conditions.def"
#undef IRRMW
};
static const char *const shape_text[IR_SHAPE_COUNT] = {
#define IRSHAPE(name, text, lanes, bits) [IR_##name] = text,
#include "shield/ir/shapes.def"
#undef IRSHAPE
};
const char *const ir_callee_words[] = {[IR_CALLEE_LOCAL] = "local",
                                       [IR_CALLEE_IMPORT] = "import",
                                       [IR_CALLEE_BUILTIN] = "builtin",
                                       [IR_CALLEE_SYMBOL] = "symbol"};
const uint32_t ir_callee_word_count = LENGTH_OF(ir_callee_words);

const char *ir_cc_text(uint32_t cc)
{
    return cc < LENGTH_OF(cc_text) ? cc_text[cc] : "?";
}

const char *ir_fcc_text(uint32_t fcc)
{
    return fcc < LENGTH_OF(fcc_text) ? fcc_text[fcc] : "?";
}

const char *ir_aux_text(enum ir_aux kind, uint32_t aux)
{
    switch (kind) {
    case IR_AUX_CC:
        return ir_cc_text(aux);
    case IR_AUX_FCC:
        return ir_fcc_text(aux);
    case IR_AUX_SHAPE:
        return aux < IR_SHAPE_COUNT ? shape_text[aux] : "?";
    case IR_AUX_RMW:
        return aux < LENGTH_OF(rmw_text) ? rmw_text[aux] : "?";
    default:
        return NULL;
    }
}

/* False: not a word of this kind. */
static bool aux_named(enum ir_aux kind, struct str word, uint8_t *aux)
{
    uint32_t code = 0;

    if (kind == IR_AUX_TRAPCODE) {
        for (size_t n = 0; n < word.size && code <= UINT8_MAX; n++) {
            if (word.text[n] < '0' || word.text[n] > '9')
                return false;
            code = code * 10 + (uint32_t)(word.text[n] - '0');
        }
        *aux = (uint8_t)code;
        return word.size > 0 && code <= UINT8_MAX;
    }
    for (; kind != IR_AUX_NONE && ir_aux_text(kind, code)[0] != '?'; code++)
        if (str_equal(word, str_of(ir_aux_text(kind, code)))) {
            *aux = (uint8_t)code;
            return true;
        }
    return false;
}

enum ir_word ir_op_named(struct str word, struct ir_inst *i)
{
    const char *dot = word.size == 0 ? NULL : memchr(word.text, '.', word.size);
    const struct str name = {word.text, dot == NULL ? word.size : (size_t)(dot - word.text)};
    int op = 0;

    while (op < IR_OP_COUNT && !str_equal(name, str_of(ir_op_info[op].text)))
        op++;
    if (op == IR_OP_COUNT || op == IR_OP_ALIAS || op == IR_OP_PARAM)
        return IR_WORD_UNKNOWN;
    i->op = (uint16_t)op;
    const enum ir_aux kind = (enum ir_aux)ir_op_info[op].aux;
    if (kind == IR_AUX_NONE)
        return dot == NULL ? IR_WORD_GOOD : IR_WORD_NO_KIND;
    if (dot == NULL)
        return IR_WORD_KIND_MISSING;
    const struct str rest = {dot + 1, word.size - name.size - 1};
    return aux_named(kind, rest, &i->aux) ? IR_WORD_GOOD : IR_WORD_KIND_UNKNOWN;
}
