/* features: what the processor that we run on has. SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/codegen.h"

#if defined(__x86_64__)
uint32_t codegen_features_of_host(void)
{
    uint32_t out = 0;

    __builtin_cpu_init();
    out |= __builtin_cpu_supports("sse3") ? CODEGEN_SSE3 : 0;
    out |= __builtin_cpu_supports("ssse3") ? CODEGEN_SSSE3 : 0;
    out |= __builtin_cpu_supports("sse4.1") ? CODEGEN_SSE41 : 0;
    out |= __builtin_cpu_supports("sse4.2") ? CODEGEN_SSE42 : 0;
    out |= __builtin_cpu_supports("popcnt") ? CODEGEN_POPCNT : 0;
    out |= __builtin_cpu_supports("avx") ? CODEGEN_AVX : 0;
    out |= __builtin_cpu_supports("avx2") ? CODEGEN_AVX2 : 0;
    out |= __builtin_cpu_supports("bmi") ? CODEGEN_BMI1 : 0;
    out |= __builtin_cpu_supports("bmi2") ? CODEGEN_BMI2 : 0;
    out |= __builtin_cpu_supports("fma") ? CODEGEN_FMA : 0;
    /* lzcnt has no name that both compilers know: bit 5 of ecx of leaf 80000001; cx16 likewise */
    uint32_t a = 0x80000001u, b, c = 0, d;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    out |= (c >> 5 & 1) != 0 ? CODEGEN_LZCNT : 0;
    a = 1;
    c = 0;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    out |= (c >> 13 & 1) != 0 ? CODEGEN_CX16 : 0;
    return out;
}
#else
uint32_t codegen_features_of_host(void)
{
    return 0;
}
#endif
