/* parse_int: the reader of words below the parser of the text form. A refusal is written once;
 * reading on after it gives empty words. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_IR_PARSE_INT_H
#define SHIELD_IR_PARSE_INT_H

#include "shield/ir/ir.h"

struct ir_reader {
    const char *at, *end, *line_start;
    uint32_t line;
    struct str word; /* the current one; empty at the end */
    uint32_t word_line, word_column;
    bool first_on_line;
    struct diag *dg;
    enum status failed; /* ST_OK until something was refused */
};

void ir_reader_init(struct ir_reader *r, struct str text, struct diag *dg); /* at the first word */
void ir_reader_next(struct ir_reader *r);
bool ir_reader_is(const struct ir_reader *r, const char *word);
/* Steps over the word when it is this one. */
bool ir_reader_take(struct ir_reader *r, const char *word);
void ir_reader_expect(struct ir_reader *r, const char *word);
/* A number in decimal or 0x hexadecimal, at most max; 0 after a refusal. */
uint64_t ir_reader_number(struct ir_reader *r, uint64_t max, const char *what);
int32_t ir_reader_signed(struct ir_reader *r, const char *what);
/* Refuses the current word. */
void ir_reader_refuse(struct ir_reader *r, const char *expected);

#endif /* SHIELD_IR_PARSE_INT_H */
