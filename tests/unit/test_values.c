/* test_values: values as words of a command line, at the edges of their ranges.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "cli/values.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    enum mujun_kind kind;
    const char *text;
    const char *want; /* as printed again; NULL: refused */
} rows[] = {
    {MUJUN_I32,       "0",                                  "0"                                 },
    {MUJUN_I32,       "-1",                                 "-1"                                },
    {MUJUN_I32,       "+7",                                 "7"                                 },
    {MUJUN_I32,       "4294967295",                         "-1"                                },
    {MUJUN_I32,       "0xffffffff",                         "-1"                                },
    {MUJUN_I32,       "-2147483648",                        "-2147483648"                       },
    {MUJUN_I32,       "-0x80000000",                        "-2147483648"                       },
    {MUJUN_I32,       "4294967296",                         NULL                                },
    {MUJUN_I32,       "-2147483649",                        NULL                                },
    {MUJUN_I32,       "",                                   NULL                                },
    {MUJUN_I32,       "-",                                  NULL                                },
    {MUJUN_I32,       "0x",                                 NULL                                },
    {MUJUN_I32,       "1.5",                                NULL                                },
    {MUJUN_I32,       " 1",                                 NULL                                },
    {MUJUN_I32,       "--1",                                NULL                                },
    {MUJUN_I64,       "18446744073709551615",               "-1"                                },
    {MUJUN_I64,       "-9223372036854775808",               "-9223372036854775808"              },
    {MUJUN_I64,       "18446744073709551616",               NULL                                },
    {MUJUN_I64,       "-9223372036854775809",               NULL                                },
    {MUJUN_F32,       "0.1",                                "0.1"                               },
    {MUJUN_F32,       "-0",                                 "-0"                                },
    {MUJUN_F32,       "16777217",                           "16777216"                          },
    {MUJUN_F32,       "0x1p-149",                           "1e-45"                             },
    {MUJUN_F32,       "inf",                                "inf"                               },
    {MUJUN_F32,       "nan",                                "nan"                               },
    {MUJUN_F32,       "-nan",                               "-nan"                              },
    {MUJUN_F32,       "one",                                NULL                                },
    {MUJUN_F32,       "1x",                                 NULL                                },
    {MUJUN_F64,       "0.1",                                "0.1"                               },
    {MUJUN_F64,       "-1e300",                             "-1e+300"                           },
    {MUJUN_F64,       "5e-324",                             "5e-324"                            },
    {MUJUN_F64,       "0.30000000000000004",                "0.30000000000000004"               },
    {MUJUN_F64,       "-inf",                               "-inf"                              },
    {MUJUN_F64,       "",                                   NULL                                },
    {MUJUN_V128,      "0x000102030405060708090a0b0c0d0eFF", "0x000102030405060708090a0b0c0d0eff"},
    {MUJUN_V128,      "0x00",                               NULL                                },
    {MUJUN_V128,      "0x000102030405060708090a0b0c0d0egg", NULL                                },
    {MUJUN_FUNCREF,   "null",                               "null"                              },
    {MUJUN_EXTERNREF, "null",                               "null"                              },
    {MUJUN_ANYREF,    "0",                                  NULL                                },
    {MUJUN_EXNREF,    "",                                   NULL                                },
};

/* What cli_value_print() writes, in a static buffer. */
static const char *printed(enum mujun_kind kind, const union mujun_value *value)
{
    static char text[80];
    FILE *out = fmemopen(text, sizeof(text), "w");
    if (out == NULL)
        return "?";
    cli_value_print(out, kind, value);
    fclose(out);
    return text;
}

int main(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        union mujun_value value;
        bool ok = cli_value_parse(rows[i].kind, rows[i].text, &value);
        if (rows[i].want == NULL) {
            tap_ok(!ok, "\"%s\" is not %s", rows[i].text, cli_value_expected(rows[i].kind));
            continue;
        }
        const char *got = ok ? printed(rows[i].kind, &value) : "refused";
        tap_ok(ok && strcmp(got, rows[i].want) == 0, "\"%s\" as %s: %s", rows[i].text,
               cli_value_expected(rows[i].kind), got);
    }
    union mujun_value odd = {.v128 = {1, 0, 0x80, 0xff}}; /* a signalling NaN of f32 */
    tap_ok(strcmp(printed(MUJUN_F32, &odd), "-nan:0x1") == 0, "a NaN payload is shown: %s",
           printed(MUJUN_F32, &odd));
    return tap_done();
}
