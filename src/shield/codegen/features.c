/* features: what the processor that we run on has. The C library has asked it already: in a virtual
 * machine each cpuid instruction costs microseconds. SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/codegen.h"

#if defined(__x86_64__)
#include <sys/platform/x86.h>

uint32_t codegen_features_of_host(void)
{
    uint32_t out = 0;

    out |= CPU_FEATURE_ACTIVE(SSE3) ? CODEGEN_SSE3 : 0;
    out |= CPU_FEATURE_ACTIVE(SSSE3) ? CODEGEN_SSSE3 : 0;
    out |= CPU_FEATURE_ACTIVE(SSE4_1) ? CODEGEN_SSE41 : 0;
    out |= CPU_FEATURE_ACTIVE(SSE4_2) ? CODEGEN_SSE42 : 0;
    out |= CPU_FEATURE_ACTIVE(POPCNT) ? CODEGEN_POPCNT : 0;
    out |= CPU_FEATURE_ACTIVE(LZCNT) ? CODEGEN_LZCNT : 0;
    out |= CPU_FEATURE_ACTIVE(CMPXCHG16B) ? CODEGEN_CX16 : 0;
    out |= CPU_FEATURE_ACTIVE(AVX) ? CODEGEN_AVX : 0;
    out |= CPU_FEATURE_ACTIVE(AVX2) ? CODEGEN_AVX2 : 0;
    out |= CPU_FEATURE_ACTIVE(BMI1) ? CODEGEN_BMI1 : 0;
    out |= CPU_FEATURE_ACTIVE(BMI2) ? CODEGEN_BMI2 : 0;
    out |= CPU_FEATURE_ACTIVE(FMA) ? CODEGEN_FMA : 0;
    return out;
}
#else
uint32_t codegen_features_of_host(void)
{
    return 0;
}
#endif
