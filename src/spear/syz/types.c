/* types: names and look-ups of the compiled model. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/types.h"

#include <string.h>

static const struct syz_arch arches[] = {
#define ARCH(name, os, pointer, i64, big) {name, SYZ_##os, pointer, i64, big},
#include "spear/syz/arch.def"
#undef ARCH
};

const struct syz_arch *syz_arch_at(uint32_t index)
{
    return index < LENGTH_OF(arches) ? &arches[index] : NULL;
}

const struct syz_arch *syz_arch_find(const char *name)
{
    for (uint32_t i = 0; i < LENGTH_OF(arches); i++)
        if (strcmp(arches[i].name, name) == 0)
            return &arches[i];
    return NULL;
}

const char *syz_kind_text(enum syz_kind kind)
{
    static const char *const texts[] = {
        [SYZ_INT] = "int",           [SYZ_CONST] = "const", [SYZ_FLAGS] = "flags",
        [SYZ_LEN] = "len",           [SYZ_PROC] = "proc",   [SYZ_CSUM] = "csum",
        [SYZ_RESOURCE] = "resource", [SYZ_VMA] = "vma",     [SYZ_PTR] = "ptr",
        [SYZ_BUFFER] = "buffer",     [SYZ_ARRAY] = "array", [SYZ_STRUCT] = "struct",
        [SYZ_UNION] = "union",       [SYZ_VOID] = "void"};
    return texts[kind];
}

bool syz_resource_is_a(const struct syz_resource *have, const struct syz_resource *want)
{
    while (have != NULL && have->depth > want->depth)
        have = have->parent;
    return have == want;
}

const struct syz_call *syz_call_find(const struct syz_target *t, struct str name)
{
    uint32_t low = 0, high = t->call_count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        const struct str at = t->calls[mid].name;
        int order = memcmp(at.text, name.text, MIN(at.size, name.size));
        if (order == 0)
            order = at.size < name.size ? -1 : at.size > name.size;
        if (order == 0)
            return &t->calls[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}
