/* test_sfi_decode: the verifier's decoder, row by row: what it reads of each shape of instruction,
 * what it refuses, that no bytes have two meanings, and that it never needs a byte past the end.
 * SPDX-License-Identifier: Apache-2.0 */
#include "hex.h"
#include "shield/verify/sfi/decode.h"
#include "tap.h"

#define O(name) SFI_OP_##name
enum { JMPI = SFI_OP_JMP_INDIRECT, CALLI = SFI_OP_CALL_INDIRECT };
enum { NO = SFI_NO_REG, RIP = SFI_REG_RIP };

static const struct {
    const char *hex, *text;
    uint8_t op, width, reg, rm, base, index, scale, mem_width;
    int32_t disp;
    int64_t imm;
} rows[] = {
    {"01d8",                 "add",        O(ADD),     4, 3,  0,  0,   0,  0, 0,  0,     0      },
    {"4801d8",               "add",        O(ADD),     8, 3,  0,  0,   0,  0, 0,  0,     0      },
    {"6601d8",               "add",        O(ADD),     2, 3,  0,  0,   0,  0, 0,  0,     0      },
    {"4000fe",               "add",        O(ADD),     1, 7,  6,  0,   0,  0, 0,  0,     0      },
    {"83c0ff",               "add",        O(ADD),     4, NO, 0,  0,   0,  0, 0,  0,     -1     },
    {"6681c13412",           "add",        O(ADD),     2, NO, 1,  0,   0,  0, 0,  0,     0x1234 },
    {"480500000001",         "add",        O(ADD),     8, NO, 0,  0,   0,  0, 0,  0,     1 << 24},
    {"f0480fc1040e",         "xadd",       O(VALUE),   8, 0,  NO, 6,   1,  1, 8,  0,     0      },
    {"438b449508",           "mov",        O(MOV),     4, 0,  NO, 13,  10, 4, 4,  8,     0      },
    {"438b0426",             "mov",        O(MOV),     4, 0,  NO, 14,  12, 1, 4,  0,     0      },
    {"488b4424f8",           "mov",        O(MOV),     8, 0,  NO, 4,   NO, 1, 8,  -8,    0      },
    {"8b0510000000",         "mov",        O(MOV),     4, 0,  NO, RIP, NO, 1, 4,  16,    0      },
    {"8b042510000000",       "mov",        O(MOV),     4, 0,  NO, NO,  NO, 1, 4,  16,    0      },
    {"8b048d10000000",       "mov",        O(MOV),     4, 0,  NO, NO,  1,  4, 4,  16,    0      },
    {"48b80102000000000000", "mov",        O(MOV),     8, NO, 0,  0,   0,  0, 0,  0,     513    },
    {"41b8ffffffff",         "mov",        O(MOV),     4, NO, 8,  0,   0,  0, 0,  0,     -1     },
    {"410fb607",             "movzx",      O(MOVZX),   4, 0,  NO, 15,  NO, 1, 1,  0,     0      },
    {"4863c8",               "movsxd",     O(MOVSXD),  8, 1,  0,  0,   0,  0, 0,  0,     0      },
    {"488d848a00000100",     "lea",        O(LEA),     8, 0,  NO, 2,   1,  4, 0,  65536, 0      },
    {"480f43c1",             "cmov",       O(CMOV),    8, 0,  1,  0,   0,  0, 0,  0,     0      },
    {"0f94c0",               "set",        O(VALUE),   1, NO, 0,  0,   0,  0, 0,  0,     0      },
    {"c1e005",               "shl",        O(SHL),     4, NO, 0,  0,   0,  0, 0,  0,     5      },
    {"d1e8",                 "shr",        O(SHR),     4, NO, 0,  0,   0,  0, 0,  0,     1      },
    {"4154",                 "push",       O(PUSH),    8, NO, 12, 0,   0,  0, 0,  0,     0      },
    {"5d",                   "pop",        O(POP),     8, NO, 5,  0,   0,  0, 0,  0,     0      },
    {"0f8500010000",         "jcc",        O(JCC),     0, NO, NO, 0,   0,  0, 0,  0,     256    },
    {"72fe",                 "jcc",        O(JCC),     0, NO, NO, 0,   0,  0, 0,  0,     -2     },
    {"e8fbffffff",           "call",       O(CALL),    0, NO, NO, 0,   0,  0, 0,  0,     -5     },
    {"41ff5740",             "call",       CALLI,      8, NO, NO, 15,  NO, 1, 8,  64,    0      },
    {"3effe0",               "jmp",        JMPI,       8, NO, 0,  0,   0,  0, 0,  0,     0      },
    {"c3",                   "ret",        O(RET),     0, NO, NO, 0,   0,  0, 0,  0,     0      },
    {"f30f1efa",             "endbr64",    O(NOP),     0, NO, NO, 0,   0,  0, 0,  0,     0      },
    {"660f1f440000",         "nop",        O(NOP),     2, NO, NO, 0,   0,  1, 0,  0,     0      },
    {"0f0b",                 "ud2",        O(UD2),     0, NO, NO, 0,   0,  0, 0,  0,     0      },
    {"f30f100424",           "movss",      O(VALUE),   0, 0,  NO, 4,   NO, 1, 4,  0,     0      },
    {"f2440f10c9",           "movsd",      O(VALUE),   0, 9,  1,  0,   0,  0, 0,  0,     0      },
    {"66480f6ec0",           "movd",       O(VALUE),   8, 0,  0,  0,   0,  0, 0,  0,     0      },
    {"660f3a140703",         "pextrb",     O(VALUE),   4, 0,  NO, 7,   NO, 1, 1,  0,     3      },
    {"c5f85807",             "addps",      O(VALUE),   0, 0,  NO, 7,   NO, 1, 16, 0,     0      },
    {"c4e2f1a9c2",           "fmadd213sd", O(VALUE),   0, 0,  2,  0,   0,  0, 0,  0,     0      },
    {"c4e2f9f7c1",           "shlx",       O(VALUE),   8, 0,  1,  0,   0,  0, 0,  0,     0      },
    {"c4e3714bc230",         "blendvpd",   O(VALUE),   0, 0,  2,  0,   0,  0, 0,  0,     0x30   },
    {"f0480fc70e",           "cmpxchg16b", O(CMPXCHG), 8, NO, NO, 6,   NO, 1, 16, 0,     0      },
};

static const struct {
    const char *hex, *why;
} refused[] = {
    {"0f 05",             "syscall"                          },
    {"cd 80",             "int"                              },
    {"cc",                "int3"                             },
    {"f4",                "hlt"                              },
    {"e4 00",             "in"                               },
    {"64 8b 00",          "fs segment"                       },
    {"65 8b 00",          "gs segment"                       },
    {"67 8b 00",          "address size"                     },
    {"f3 48 0f ae d0",    "wrfsbase"                         },
    {"c7 f8 00 00 00 00", "xbegin"                           },
    {"c6 f8 00",          "xabort"                           },
    {"f3 a4",             "rep movsb"                        },
    {"a4",                "movsb"                            },
    {"cf",                "iret"                             },
    {"c2 08 00",          "ret n"                            },
    {"cb",                "far return"                       },
    {"f3 c3",             "a prefix that ret has not"        },
    {"66 e9 00 00 00 00", "16-bit jump"                      },
    {"66 c3",             "16-bit return"                    },
    {"00 e0",             "high byte register"               },
    {"66 66 90",          "the same prefix twice"            },
    {"f0 01 d8",          "lock without memory"              },
    {"f0 8b 00",          "lock of a load"                   },
    {"f0 39 00",          "lock of a compare"                },
    {"0f a3 00",          "bit test of memory: reaches far"  },
    {"0f ba 20 05",       "bit test of memory"               },
    {"9c",                "pushf"                            },
    {"9d",                "popf"                             },
    {"fd",                "std"                              },
    {"8e d8",             "segment register"                 },
    {"0f 01 ef",          "wrpkru"                           },
    {"0f ae 10",          "ldmxcsr"                          },
    {"c5 fc 58 07",       "256 bits"                         },
    {"c5 f0 10 07",       "vvvv of an instruction without it"},
    {"62 f1 7c 48 58 c1", "EVEX"                             },
    {"d9 00",             "x87"                              },
    {"0f 6f c0",          "MMX"                              },
    {"48",                "REX alone"                        },
    {"48 40 01 d8",       "two REX"                          },
    {"c4 e2 79 92 04 0f", "gather"                           },
    {"66 0f f7 c1",       "maskmovdqu"                       },
    {"ff 28",             "far jump"                         },
    {"ff 30",             "push of memory"                   },
    {"8f 00",             "pop to memory"                    },
    {"c9",                "leave"                            },
    {"",                  "nothing"                          },
};

static bool matches(const struct sfi_insn *got, uint32_t i)
{
    if (strcmp(sfi_insn_text(got), rows[i].text) != 0 || got->op != rows[i].op ||
        got->reg != rows[i].reg || got->rm != rows[i].rm || got->imm != rows[i].imm)
        return false;
    if (got->width != rows[i].width)
        return false;
    return !got->has_memory ||
           (got->mem.base == rows[i].base && got->mem.index == rows[i].index &&
            got->mem.scale == rows[i].scale && got->mem.width == rows[i].mem_width &&
            got->mem.disp == rows[i].disp);
}

static void check_effects(void)
{
    static const struct {
        const char *hex;
        struct sfi_effects want;
    } effects[] = {
        {"48 f7 21",          {0x3, 0x5, 0, 0}  }, /* mul [rcx]: rax, rcx to rax, rdx */
        {"d3 e3",             {0xa, 0x8, 0, 0}  }, /* shl ebx, cl */
        {"c4 e2 fb f6 d1",    {0x6, 0x5, 0, 0}  }, /* mulx rdx, rax, rcx */
        {"f0 48 0f c7 0e",    {0x4f, 0x5, 0, 0} }, /* cmpxchg16b [rsi] */
        {"c5 f1 58 c2",       {0, 0, 0x6, 0x1}  }, /* vaddpd xmm0, xmm1, xmm2 */
        {"66 0f 58 c2",       {0, 0, 0x5, 0x1}  }, /* addpd xmm0, xmm2 */
        {"66 0f 38 10 ca",    {0, 0, 0x7, 0x2}  }, /* pblendvb xmm1, xmm2, xmm0 */
        {"c5 f1 73 d2 05",    {0, 0, 0x4, 0x2}  }, /* vpsrlq xmm1, xmm2, 5 */
        {"66 0f 73 d2 05",    {0, 0, 0x4, 0x4}  }, /* psrlq xmm2, 5 */
        {"53",                {0x18, 0x10, 0, 0}}, /* push rbx */
        {"c4 e3 71 4b c2 30", {0, 0, 0xe, 0x1}  }, /* vblendvpd xmm0, xmm1, xmm2, xmm3 */
        {"f2 48 0f 2c c3",    {0, 0x1, 0x8, 0}  }, /* cvttsd2si rax, xmm3 */
        {"c5 f2 10 c2",       {0, 0, 0x6, 0x1}  }, /* vmovss xmm0, xmm1, xmm2 */
    };
    for (uint32_t i = 0; i < LENGTH_OF(effects); i++) {
        uint8_t bytes[16];
        struct sfi_insn ins;
        struct sfi_effects got = {0};
        bool known = sfi_decode(bytes, hex_append(bytes, 0, effects[i].hex), &ins);
        if (known)
            sfi_insn_effects(&ins, &got);
        tap_ok(known && memcmp(&got, &effects[i].want, sizeof(got)) == 0,
               "effects of %s: reads %x %x, writes %x %x", effects[i].hex, got.gpr_reads,
               got.xmm_reads, got.gpr_writes, got.xmm_writes);
    }
}

int main(void)
{
    struct sfi_insn ins;
    uint32_t first = 0, second = 0;

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        uint8_t bytes[16];
        size_t size = hex_append(bytes, 0, rows[i].hex);
        uint8_t *copy = exact_copy(bytes, size);
        bool known = sfi_decode(copy, size, &ins);
        tap_ok(known && ins.length == size && matches(&ins, i), "%s: %s", rows[i].hex,
               rows[i].text);
        free(copy);

        bool cut_short = false;
        for (size_t cut = 0; cut < size; cut++) {
            copy = exact_copy(bytes, cut);
            cut_short |= sfi_decode(copy, cut, &ins) && ins.length > cut;
            free(copy);
        }
        tap_ok(!cut_short, "%s: nothing longer than its bytes", rows[i].hex);
    }
    for (uint32_t i = 0; i < LENGTH_OF(refused); i++) {
        uint8_t bytes[32] = {0};
        size_t size = hex_append(bytes, 0, refused[i].hex);
        tap_ok(!sfi_decode(bytes, size, &ins), "refused: %s", refused[i].why);
    }
    check_effects();
    tap_ok(!sfi_rows_overlap(&first, &second), "no bytes have two meanings (rows %u, %u of %u)",
           first, second, sfi_row_count());
    return tap_done();
}
