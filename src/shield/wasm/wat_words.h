/*
 * wat_words: the words of the text format as small numbers: first the operators, then value types,
 * heap types ("func") and their short forms ("funcref"), then everything else. All come from the
 * .def tables; the lookup table is built from them once per process.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_WASM_WAT_WORDS_H
#define SHIELD_WASM_WAT_WORDS_H

#include "base/buf.h"
#include "shield/wasm/ops.h"
#include "shield/wasm/types.h"

enum wat_word {
    /* A word below WM_OP_COUNT is that operator. Each _0 names the first word of its kind; the
     * enumerator behind it only winds back, so that it takes no number. */
    WAT_VALUE_0 = WM_OP_COUNT,
    WAT_VALUE_REWIND = WAT_VALUE_0 - 1,
#define VALUE(name, text, code, sig) WAT_VALUE_##name,
#define HEAP(name, text, short_text, code, top, feature)
#include "shield/wasm/types.def"
#undef HEAP
    WAT_HEAP_0,
    WAT_HEAP_REWIND = WAT_HEAP_0 - 1,
#define HEAP(name, text, short_text, code, top, feature) WAT_HEAP_##name,
#undef VALUE
#define VALUE(name, text, code, sig)
#include "shield/wasm/types.def"
#undef HEAP
    WAT_SHORT_0,
    WAT_SHORT_REWIND = WAT_SHORT_0 - 1,
#define HEAP(name, text, short_text, code, top, feature) WAT_SHORT_##name,
#include "shield/wasm/types.def"
#undef HEAP
#undef VALUE
    WAT_OTHER_0,
    WAT_OTHER_REWIND = WAT_OTHER_0 - 1,
#define WORD(name, text) WAT_##name,
#include "shield/wasm/wat_words.def"
#undef WORD
    WAT_WORD_NONE, /* a word nobody knows */
    WAT_WORD_COUNT = WAT_WORD_NONE
};

/* The word spelled so; WAT_WORD_NONE when there is none. Of two operators with one spelling, the
 * first of opcodes.def. */
enum wat_word wat_word_find(const char *text, size_t size);
const char *wat_word_text(enum wat_word word);

/* The word in [first, end) closest to what was written, NULL when none is close enough to be
 * meant. For messages only. */
const char *wat_word_suggest(struct str written, enum wat_word first, enum wat_word end);

#endif /* SHIELD_WASM_WAT_WORDS_H */
