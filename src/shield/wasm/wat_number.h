/* wat_number: numbers of the text format, exactly: integers by range, floats rounded once, to
 * nearest even, whatever the locale. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_WASM_WAT_NUMBER_H
#define SHIELD_WASM_WAT_NUMBER_H

#include "base/buf.h"

enum wat_num {
    WAT_NUM_OK,
    WAT_NUM_SYNTAX, /* not a number of this kind */
    WAT_NUM_RANGE   /* a number, but the type cannot hold it */
};

/* *out is written only on OK. No sign is allowed; at most max. */
MUST_USE enum wat_num wat_parse_nat(struct str s, uint64_t max, uint64_t *out);
/* An integer of 8 to 64 bits, signed or unsigned: -2^(bits-1) to 2^bits-1, as its bits. */
MUST_USE enum wat_num wat_parse_int(struct str s, uint32_t bits, uint64_t *out);
/* Also inf, nan, nan:0xh. *out is the bit pattern. */
MUST_USE enum wat_num wat_parse_f32(struct str s, uint32_t *out);
MUST_USE enum wat_num wat_parse_f64(struct str s, uint64_t *out);

#endif /* SHIELD_WASM_WAT_NUMBER_H */
