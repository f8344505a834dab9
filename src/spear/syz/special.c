/* special: addresses that mean something to every kernel: none, the last, a non-canonical one, and
 * those of the kernel's own. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/prog_int.h"

#include <string.h>

static const uint64_t pool[] = {
    0,
    UINT64_MAX,
    UINT64_C(0x9999999999999999),
    UINT64_C(0xffffffff81000000), /* text of the kernel */
    UINT64_C(0xffffffffff600000), /* the vsyscall page */
};
enum { EVERYWHERE = 3, ON_AMD64 = 5 };

const uint64_t *syz_specials(const struct syz_target *t, uint32_t *count)
{
    *count = strcmp(t->arch->name, "amd64") == 0 ? ON_AMD64 : EVERYWHERE;
    return pool;
}

uint64_t special_from_text(const struct syz_target *t, uint64_t text)
{
    uint32_t count = 0;

    syz_specials(t, &count);
    for (uint32_t i = 0; i < count; i++)
        if (pool[i] == text)
            return text; /* people write the address itself */
    return pool[(0 - text) % count];
}

uint64_t special_to_text(const struct syz_target *t, uint64_t address)
{
    uint32_t count = 0;

    syz_specials(t, &count);
    for (uint32_t i = 0; i < count; i++)
        if (pool[i] == address)
            return 0 - (uint64_t)i;
    return 0;
}
