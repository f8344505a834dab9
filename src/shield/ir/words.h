/* words: the words of the text form, shared by print and parse.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_IR_WORDS_H
#define SHIELD_IR_WORDS_H

#include "shield/ir/ir.h"

const char *ir_cc_text(uint32_t cc);
const char *ir_fcc_text(uint32_t fcc);
/* NULL: this kind is not printed as a word. */
const char *ir_aux_text(enum ir_aux kind, uint32_t aux);
extern const char *const ir_callee_words[]; /* by enum ir_callee_kind */
extern const uint32_t ir_callee_word_count;

#endif /* SHIELD_IR_WORDS_H */
