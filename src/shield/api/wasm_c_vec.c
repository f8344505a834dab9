/* wasm_c_vec: the vectors of wasm.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/wasm_c_int.h"

#include "base/mem.h"

#include <string.h>

/* Zeroed room for count elements; size is 0 when memory is refused. */
static void *vec_room(size_t *size, size_t count, size_t element)
{
    void *data = count == 0 ? NULL : mem_alloc(count, element);

    *size = data == NULL ? 0 : count;
    return data;
}

#define VEC_BASE(name, element)                                                                    \
    void wasm_##name##_vec_new_empty(wasm_##name##_vec_t *out)                                     \
    {                                                                                              \
        out->size = 0;                                                                             \
        out->data = NULL;                                                                          \
    }                                                                                              \
    void wasm_##name##_vec_new_uninitialized(wasm_##name##_vec_t *out, size_t size)                \
    {                                                                                              \
        out->data = vec_room(&out->size, size, sizeof(element));                                   \
    }                                                                                              \
    void wasm_##name##_vec_new(wasm_##name##_vec_t *out, size_t size, element const from[])        \
    {                                                                                              \
        out->data = vec_room(&out->size, size, sizeof(element));                                   \
        if (out->size != 0)                                                                        \
            memcpy(out->data, from, size * sizeof(element));                                       \
    }

/* Elements without ownership. */
VEC_BASE(byte, wasm_byte_t)

void wasm_byte_vec_copy(wasm_byte_vec_t *out, const wasm_byte_vec_t *from)
{
    wasm_byte_vec_new(out, from->size, from->data);
}

void wasm_byte_vec_delete(wasm_byte_vec_t *vec)
{
    mem_free(vec->data);
    wasm_byte_vec_new_empty(vec);
}

VEC_BASE(val, wasm_val_t)

void wasm_val_vec_copy(wasm_val_vec_t *out, const wasm_val_vec_t *from)
{
    wasm_val_vec_new_uninitialized(out, from->size);
    for (size_t i = 0; i < out->size; i++)
        wasm_val_copy(&out->data[i], &from->data[i]);
}

void wasm_val_vec_delete(wasm_val_vec_t *vec)
{
    for (size_t i = 0; i < vec->size; i++)
        wasm_val_delete(&vec->data[i]);
    mem_free(vec->data);
    wasm_val_vec_new_empty(vec);
}

/* Elements are owned pointers, NULL among them. */
#define VEC_OF_POINTERS(name)                                                                      \
    VEC_BASE(name, wasm_##name##_t *)                                                              \
    void wasm_##name##_vec_copy(wasm_##name##_vec_t *out, const wasm_##name##_vec_t *from)         \
    {                                                                                              \
        wasm_##name##_vec_new_uninitialized(out, from->size);                                      \
        for (size_t i = 0; i < out->size; i++)                                                     \
            out->data[i] = from->data[i] == NULL ? NULL : wasm_##name##_copy(from->data[i]);       \
    }                                                                                              \
    void wasm_##name##_vec_delete(wasm_##name##_vec_t *vec)                                        \
    {                                                                                              \
        for (size_t i = 0; i < vec->size; i++)                                                     \
            wasm_##name##_delete(vec->data[i]);                                                    \
        mem_free(vec->data);                                                                       \
        wasm_##name##_vec_new_empty(vec);                                                          \
    }
VEC_OF_POINTERS(valtype)
VEC_OF_POINTERS(functype)
VEC_OF_POINTERS(globaltype)
VEC_OF_POINTERS(tabletype)
VEC_OF_POINTERS(memorytype)
VEC_OF_POINTERS(tagtype)
VEC_OF_POINTERS(externtype)
VEC_OF_POINTERS(importtype)
VEC_OF_POINTERS(exporttype)
VEC_OF_POINTERS(frame)
VEC_OF_POINTERS(extern)
