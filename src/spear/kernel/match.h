/* match: the patterns of the crash tables: one line of text at a time, no allocation, no recursion.
 *
 *   a pattern        is looked for anywhere in the line
 *   ^ first, $ last  bind it to the line's start or end
 *   *                any bytes, as few as let the rest match
 *   {a|bc|}          the first of these words that is there; the last one may be empty. A word may
 *                    be the start of another only when it stands after it
 *   %d %x            decimal digits; hexadecimal digits with or without 0x
 *   %w               bytes that are not blank
 *   %n               letters, digits, underscores
 *   %_               blanks, perhaps none
 *   %p               a bracketed address: [<ffffffff81234567>] or [c0123456]
 *   %a               the same with blanks behind it, perhaps nothing
 *   %F               a function's name, captured; then a suffix (.isra.3) and +, which are not. It
 *                    must stand before an offset: kfree+0x12
 *   %S               a source position, captured: mm/slab.c:123
 *   %( %)            capture what is between; captures do not nest
 *   %% %{ %* %^ %$   the character itself; %| as well
 *
 * Runs (%d, %w...) take all they can and give nothing back; after a * they are tried again further
 * on. So the time is at most the line's length times the pattern's for each * in it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_MATCH_H
#define SPEAR_KERNEL_MATCH_H

#include "base/buf.h"

enum {
    MATCH_CAPTURES = 8,  /* further ones are not kept */
    MATCH_RUN_MAX = 256, /* bytes of one name or number; a longer one does not match */
};

struct match {
    size_t start, end; /* offsets in the text */
    struct str captures[MATCH_CAPTURES];
    uint32_t count;
};

/* True when the pattern is in the text. *m is written only then; m may be NULL. Captures point into
 * the text. A malformed pattern (an open brace, an unknown %) never matches. */
bool match_find(const char *pattern, struct str text, struct match *m);

/* Offset of the word in the text, or SIZE_MAX. The empty word is at 0. */
size_t match_word(struct str text, struct str word);

/* The same with the word as a C string; true when it is there. */
bool match_has(struct str text, const char *word);

#endif /* SPEAR_KERNEL_MATCH_H */
