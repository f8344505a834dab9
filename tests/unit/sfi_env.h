/* sfi_env: a small world for tests of the verifier: a policy with one field of each sort, an image
 * of one function under test at 0, another one (ret) at SFI_CALLEE, and read-only data.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_SFI_ENV_H
#define TESTS_UNIT_SFI_ENV_H

#include "hex.h"
#include "shield/verify/sfi/sfi.h"

enum { SFI_CALLEE = 0x800, SFI_DATA = 0x1000, SFI_DATA_BYTES = 64, SFI_TARGETS_MAX = 4 };

enum { R = SFI_FIELD_READ, RW = SFI_FIELD_READ | SFI_FIELD_WRITE };
enum { FIXED = SFI_NUMBER_FIXED, ELEMENT = SFI_NUMBER_ELEMENT, BASE = SFI_NUMBER_BASE };

/* offset, stride, count, width, access, yields, numbering, any_width, is_trusted, number */
static const struct sfi_field context_fields[] = {
    {0,   8,  1, 8,  R,  SFI_MEMORY_BASE,  FIXED,   false, false, 0},
    {8,   8,  1, 8,  R,  SFI_OVERFLOW,     FIXED,   false, false, 0},
    {16,  8,  1, 8,  R,  SFI_FUEL,         FIXED,   false, false, 0},
    {24,  8,  1, 8,  R,  SFI_BUILTIN,      FIXED,   false, false, 0},
    {32,  8,  1, 8,  R,  SFI_BUILTIN,      FIXED,   false, true,  0},
    {40,  8,  2, 8,  R,  SFI_MEMORY,       ELEMENT, false, false, 0},
    {56,  8,  2, 8,  R,  SFI_TABLE,        ELEMENT, false, false, 0},
    {72,  8,  1, 8,  R,  SFI_FUNC_CODE,    FIXED,   false, false, 0},
    {80,  8,  1, 8,  R,  SFI_FUNC_CONTEXT, FIXED,   false, false, 0},
    {88,  8,  1, 8,  R,  SFI_FUNC,         FIXED,   false, true,  0},
    {96,  8,  1, 8,  R,  SFI_FUNC_CODE,    FIXED,   false, false, 1},
    {104, 8,  1, 8,  R,  SFI_FUNC_CONTEXT, FIXED,   false, false, 1},
    {112, 8,  1, 8,  R,  SFI_FUNC,         FIXED,   false, true,  1},
    {120, 8,  2, 8,  R,  SFI_NUMBER,       FIXED,   false, false, 0},
    {136, 4,  4, 4,  R,  SFI_TYPE_ID,      ELEMENT, false, false, 0},
    {152, 8,  1, 8,  R,  SFI_CELL,         ELEMENT, false, false, 0},
    {160, 16, 2, 16, RW, SFI_NUMBER,       FIXED,   true,  false, 0},
    {192, 16, 1, 16, R,  SFI_NUMBER,       FIXED,   true,  false, 0},
};
static const struct sfi_field memory_fields[] = {
    {0, 8, 1, 8, R, SFI_MEMORY_BASE, BASE, false, false, 0},
    {8, 8, 1, 8, R, SFI_MEMORY_SIZE, BASE, false, false, 0},
};
static const struct sfi_field table_fields[] = {
    {0, 8, 1, 8, R, SFI_TABLE_ELEMENTS, BASE, false, false, 0},
    {8, 8, 1, 8, R, SFI_TABLE_SIZE,     BASE, false, false, 0},
};
static const struct sfi_field func_fields[] = {
    {0,  8, 1, 8, R, SFI_FUNC_CODE,    BASE, false, false, 0},
    {8,  8, 1, 8, R, SFI_FUNC_CONTEXT, BASE, false, false, 0},
    {16, 4, 1, 4, R, SFI_FUNC_TYPE,    BASE, false, false, 0},
};
static const struct sfi_field func_context_fields[] = {
    {0, 8, 1, 8, R, SFI_FUNC_BASE, BASE, false, false, 0},
};
static const struct sfi_field cell_fields[] = {
    {0, 16, 1, 16, RW, SFI_NUMBER, FIXED, true, false, 0},
};
static const struct sfi_field overflow_fields[] = {
    {0, 16, 4, 16, RW, SFI_NUMBER, FIXED, true, false, 0},
};
static const struct sfi_field fuel_fields[] = {
    {0, 8, 1, 8, RW, SFI_NUMBER, FIXED, false, false, 0},
};
/* Memory 0 has 4 GiB and a guard of 2 GiB; memory 1 moves and has none. */
static const struct sfi_memory memories[] = {
    {UINT64_C(6) << 30, false},
    {0,                 true },
};

/* Table 1 has at least 10 elements. */
static const struct sfi_table tables[] = {
    {0,  false},
    {10, false}
};

#define SHAPE(fields)                                                                              \
    {                                                                                              \
        fields, LENGTH_OF(fields)                                                                  \
    }
static const struct sfi_policy policy = {
    .shapes = {[SFI_CONTEXT] = SHAPE(context_fields),
               [SFI_MEMORY] = SHAPE(memory_fields),
               [SFI_TABLE] = SHAPE(table_fields),
               [SFI_FUNC] = SHAPE(func_fields),
               [SFI_FUNC_CONTEXT] = SHAPE(func_context_fields),
               [SFI_CELL] = SHAPE(cell_fields),
               [SFI_OVERFLOW] = SHAPE(overflow_fields),
               [SFI_FUEL] = SHAPE(fuel_fields)},
    .memories = memories,
    .memory_count = LENGTH_OF(memories),
    .tables = tables,
    .table_count = LENGTH_OF(tables),
    .is_base_pinned = true,
    .element_bytes = 8,
    .frame_probe_bytes = 1 << 15,
};

struct sfi_env {
    uint8_t bytes[SFI_DATA + SFI_DATA_BYTES];
    struct sfi_function functions[2];
    struct sfi_image image;
};

/* Code in hex becomes function 0; the targets become a jump table at the start of the data. */
static inline void sfi_env_init(struct sfi_env *env, const char *hex,
                                const uint32_t targets[SFI_TARGETS_MAX])
{
    *env = (struct sfi_env){
        {0     },
        {{0, 0}, {SFI_CALLEE, 1}},
        {0     }
    };
    env->functions[0].size = (uint32_t)hex_append(env->bytes, 0, hex);
    env->bytes[SFI_CALLEE] = 0xc3;
    for (uint32_t i = 0; i < SFI_TARGETS_MAX; i++) {
        int32_t delta = (int32_t)targets[i] - SFI_DATA;
        memcpy(env->bytes + SFI_DATA + 4 * i, &delta, sizeof(delta));
    }
    env->image = (struct sfi_image){.bytes = env->bytes,
                                    .size = sizeof(env->bytes),
                                    .data_offset = SFI_DATA,
                                    .data_size = SFI_DATA_BYTES,
                                    .functions = env->functions,
                                    .function_count = 2};
}

/* Code that keeps or breaks a rule. want: part of the refusal; NULL: accepted. */
struct sfi_row {
    const char *name, *text, *hex, *want;
    uint32_t targets[SFI_TARGETS_MAX];
};

#endif /* TESTS_UNIT_SFI_ENV_H */
