/* values: WebAssembly values as words of a command line. SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_VALUES_H
#define CLI_VALUES_H

#include <mujun/mujun.h>
#include <stdio.h>

/* i32 and i64: signed or unsigned decimal, or 0x hex; f32 and f64: decimal, hex float, inf, nan;
 * v128: 0x and 32 hex digits, lane 0 last; references: null. False when text is none of these. */
bool cli_value_parse(enum mujun_kind kind, const char *text, union mujun_value *out);
/* What cli_value_parse() accepts, for a refusal: "an i32 such as 7, -7 or 0xff". */
const char *cli_value_expected(enum mujun_kind kind);
/* In the same form; floats with the fewest digits that read back as the same value. */
void cli_value_print(FILE *out, enum mujun_kind kind, const union mujun_value *value);

#endif /* CLI_VALUES_H */
