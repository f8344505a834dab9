/* words: the words of the text form, shared by print and parse.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_IR_WORDS_H
#define SHIELD_IR_WORDS_H

#include "shield/ir/ir.h"

const char *ir_cc_text(uint32_t cc);
const char *ir_fcc_text(uint32_t fcc);
/* NULL: this kind is not printed as a word. */
const char *ir_aux_text(enum ir_aux kind, uint32_t aux);
/* "name" or "name.kind" into op and aux. */
enum ir_word {
    IR_WORD_GOOD,
    IR_WORD_UNKNOWN,      /* no such operation */
    IR_WORD_NO_KIND,      /* the operation has no kinds */
    IR_WORD_KIND_MISSING, /* it needs a dot and its kind */
    IR_WORD_KIND_UNKNOWN, /* it has no such kind */
};
enum ir_word ir_op_named(struct str word, struct ir_inst *i);
extern const char *const ir_callee_words[]; /* by enum ir_callee_kind */
extern const uint32_t ir_callee_word_count;

#endif /* SHIELD_IR_WORDS_H */
