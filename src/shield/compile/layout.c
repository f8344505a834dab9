/* layout: see layout.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/layout.h"

/* Returns the offset of the part and moves *end behind it. */
static uint32_t part(uint64_t *end, uint32_t count, uint32_t bytes, uint32_t align)
{
    uint64_t at = (*end + align - 1) / align * align;

    *end = at + (uint64_t)count * bytes;
    return at > CONTEXT_BYTES_MAX ? CONTEXT_BYTES_MAX : (uint32_t)at;
}

enum status layout_compute(const struct layout_shape *shape, struct layout *out)
{
    uint64_t end = (uint64_t)CONTEXT_FIELD_COUNT * 8;

    *out = (struct layout){.shape = *shape};
    out->builtins = part(&end, BUILTIN_COUNT, 8, 8);
    out->memories = part(&end, shape->memory_count, 8, 8);
    out->tables = part(&end, shape->table_count, 8, 8);
    out->globals = part(&end, shape->global_count - shape->imported_global_count, GLOBAL_BYTES, 16);
    out->global_pointers = part(&end, shape->imported_global_count, 8, 8);
    out->imports = part(&end, shape->imported_func_count, IMPORT_BYTES, 8);
    out->types = part(&end, shape->type_count, 4, 4);
    out->funcs = part(&end, shape->func_count, 8, 8);
    out->bytes = part(&end, 0, 1, 16);
    return end > CONTEXT_BYTES_MAX ? ST_LIMIT : ST_OK;
}
