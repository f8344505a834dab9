/* h_ref: references, casts, structs, arrays. Allocation may collect: the frame is made visible
 * first (cx->fp), and every reference that is still needed is in it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/handler.h"

#include "shield/runtime/bulk.h"
#include "shield/runtime/gc.h"

HANDLER(REF_FUNC)
{
    PUT(u64, 0, (uint64_t)(uintptr_t)cx->instance->funcs[pc[3]]);
    NEXT(2);
}

HANDLER(REF_AS_NON_NULL)
{
    uint64_t ref = GET(u64, 1);
    TRAP_IF(ref == RT_NULL, NULL_REFERENCE);
    PUT(u64, 0, ref);
    NEXT(2);
}

HANDLER(REF_I31)
{
    uint32_t v = GET(u32, 1);
    PUT(u64, 0, rt_i31(v));
    NEXT(2);
}

HANDLER(I31_GET_S)
{
    uint64_t ref = GET(u64, 1);
    TRAP_IF(ref == RT_NULL, NULL_I31);
    PUT(u32, 0, (uint32_t)rt_i31_get_s(ref));
    NEXT(2);
}

HANDLER(I31_GET_U)
{
    uint64_t ref = GET(u64, 1);
    TRAP_IF(ref == RT_NULL, NULL_I31);
    PUT(u32, 0, rt_i31_get_u(ref));
    NEXT(2);
}

/* heap: as an immediate; null_passes: the target type is nullable. */
static bool matches(struct interp_cx *cx, uint64_t ref, uint32_t heap, uint32_t null_passes)
{
    if (ref == RT_NULL)
        return null_passes != 0;
    return rt_ref_matches(cx->store, ref, (struct wm_heap){(int32_t)heap});
}

HANDLER(REF_TEST)
{
    uint64_t ref = GET(u64, 1);
    PUT(u32, 0, matches(cx, ref, pc[4], pc[5]));
    NEXT(4);
}

HANDLER(REF_CAST)
{
    uint64_t ref = GET(u64, 1);
    TRAP_IF(!matches(cx, ref, pc[4], pc[5]), CAST_FAILURE);
    PUT(u64, 0, ref);
    NEXT(4);
}

/* ---- objects ---- */

/* A pointer immediate at operand k. */
#define POINTER(type, k) ((const type *)(uintptr_t)IMM(u64, k))
#define SHOW_FRAME()                                                                               \
    do {                                                                                           \
        cx->pc = pc;                                                                               \
        cx->fp = fp;                                                                               \
    } while (0)

static union rt_value value_of(const uint8_t *fp, uint32_t slot, const struct rt_field_layout *f)
{
    union rt_value v = {
        .u64 = {0, 0}
    };
    memcpy(&v, fp + slot, f->size_log2 == 4 ? 16 : 8);
    return v;
}

static void put_value(uint8_t *fp, uint32_t slot, union rt_value v, const struct rt_field_layout *f)
{
    memcpy(fp + slot, &v, f->size_log2 == 4 ? 16 : 8);
}

OUTLINED(STRUCT_NEW, 4 + pc[5])
{
    const struct rt_type *type = POINTER(struct rt_type, 1);
    uint64_t ref = RT_NULL;
    SHOW_FRAME();
    enum status st = rt_struct_new(cx->store, type, &ref);
    TRY(st);
    uint8_t *payload = rt_object_of(cx->store, ref)->payload;
    for (uint32_t i = 0; i < pc[5]; i++) {
        const struct rt_field_layout *f = &type->fields[i];
        rt_field_set(payload + f->offset, f, value_of(fp, pc[6 + i], f));
    }
    PUT(u64, 0, ref);
    return ST_OK;
}

HANDLER(STRUCT_GET)
{
    const struct rt_field_layout *f = POINTER(struct rt_field_layout, 2);
    uint64_t ref = GET(u64, 1);
    TRAP_IF(ref == RT_NULL, NULL_STRUCTURE);
    const uint8_t *payload = rt_object_of(cx->store, ref)->payload;
    put_value(fp, pc[2], rt_field_get(payload + f->offset, f, pc[6] != 0), f);
    NEXT(5);
}

HANDLER(STRUCT_SET)
{
    const struct rt_field_layout *f = POINTER(struct rt_field_layout, 2);
    uint64_t ref = GET(u64, 0);
    TRAP_IF(ref == RT_NULL, NULL_STRUCTURE);
    uint8_t *payload = rt_object_of(cx->store, ref)->payload;
    rt_field_set(payload + f->offset, f, value_of(fp, pc[3], f));
    NEXT(4);
}

OUTLINED(ARRAY_NEW, 6)
{
    const struct rt_type *type = POINTER(struct rt_type, 3);
    uint64_t ref = RT_NULL;
    uint32_t length = GET(u32, 2);
    SHOW_FRAME();
    enum status st = rt_array_new(cx->store, type, length, &ref);
    if (st == ST_OK)
        st = rt_array_fill(cx->store, ref, 0, value_of(fp, pc[3], type->fields), length);
    TRY(st);
    PUT(u64, 0, ref);
    return ST_OK;
}

OUTLINED(ARRAY_NEW_DEFAULT, 5)
{
    uint64_t ref = RT_NULL;
    SHOW_FRAME();
    enum status st = rt_array_new(cx->store, POINTER(struct rt_type, 2), GET(u32, 1), &ref);
    TRY(st);
    PUT(u64, 0, ref);
    return ST_OK;
}

OUTLINED(ARRAY_NEW_FIXED, 4 + pc[5])
{
    const struct rt_type *type = POINTER(struct rt_type, 1);
    const struct rt_field_layout *f = type->fields;
    uint64_t ref = RT_NULL;
    SHOW_FRAME();
    enum status st = rt_array_new(cx->store, type, pc[5], &ref);
    TRY(st);
    uint8_t *payload = rt_object_of(cx->store, ref)->payload;
    for (uint32_t i = 0; i < pc[5]; i++)
        rt_field_set(payload + ((size_t)i << f->size_log2), f, value_of(fp, pc[6 + i], f));
    PUT(u64, 0, ref);
    return ST_OK;
}

OUTLINED(ARRAY_NEW_DATA, 6)
{
    uint64_t ref = RT_NULL;
    SHOW_FRAME();
    enum status st = rt_array_new_data(cx->instance, POINTER(struct rt_type, 3), pc[7], GET(u32, 1),
                                       GET(u32, 2), &ref);
    TRY(st);
    PUT(u64, 0, ref);
    return ST_OK;
}

OUTLINED(ARRAY_NEW_ELEM, 6)
{
    uint64_t ref = RT_NULL;
    SHOW_FRAME();
    enum status st = rt_array_new_elem(cx->instance, POINTER(struct rt_type, 3), pc[7], GET(u32, 1),
                                       GET(u32, 2), &ref);
    TRY(st);
    PUT(u64, 0, ref);
    return ST_OK;
}

HANDLER(ARRAY_GET)
{
    const struct rt_field_layout *f = POINTER(struct rt_field_layout, 3);
    uint64_t ref = GET(u64, 1);
    uint32_t at = GET(u32, 2);
    TRAP_IF(ref == RT_NULL, NULL_ARRAY);
    const struct rt_object *array = rt_object_of(cx->store, ref);
    TRAP_IF(at >= array->length, ARRAY_BOUNDS);
    const uint8_t *element = array->payload + ((size_t)at << f->size_log2);
    put_value(fp, pc[2], rt_field_get(element, f, pc[7] != 0), f);
    NEXT(6);
}

HANDLER(ARRAY_SET)
{
    const struct rt_field_layout *f = POINTER(struct rt_field_layout, 3);
    uint64_t ref = GET(u64, 0);
    uint32_t at = GET(u32, 1);
    TRAP_IF(ref == RT_NULL, NULL_ARRAY);
    struct rt_object *array = rt_object_of(cx->store, ref);
    TRAP_IF(at >= array->length, ARRAY_BOUNDS);
    rt_field_set(array->payload + ((size_t)at << f->size_log2), f, value_of(fp, pc[4], f));
    NEXT(5);
}

HANDLER(ARRAY_LEN)
{
    uint64_t ref = GET(u64, 1);
    TRAP_IF(ref == RT_NULL, NULL_ARRAY);
    PUT(u32, 0, rt_object_of(cx->store, ref)->length);
    NEXT(2);
}

HANDLER(ARRAY_FILL)
{
    const struct rt_type *type = POINTER(struct rt_type, 4);
    enum status st = rt_array_fill(cx->store, GET(u64, 0), GET(u32, 1),
                                   value_of(fp, pc[4], type->fields), GET(u32, 3));
    PASS_ON(st);
    NEXT(7);
}

HANDLER(ARRAY_COPY)
{
    enum status st =
        rt_array_copy(cx->store, GET(u64, 0), GET(u32, 1), GET(u64, 2), GET(u32, 3), GET(u32, 4));
    PASS_ON(st);
    NEXT(5);
}

HANDLER(ARRAY_INIT_DATA)
{
    enum status st =
        rt_array_init_data(cx->instance, GET(u64, 0), pc[8], GET(u32, 1), GET(u32, 2), GET(u32, 3));
    PASS_ON(st);
    NEXT(7);
}

HANDLER(ARRAY_INIT_ELEM)
{
    enum status st =
        rt_array_init_elem(cx->instance, GET(u64, 0), pc[8], GET(u32, 1), GET(u32, 2), GET(u32, 3));
    PASS_ON(st);
    NEXT(7);
}

/* ---- throwing ---- */

/* The arguments are gathered above the frame: the exception copies them. */
HANDLER(THROW)
{
    uint8_t *end = fp + cx->frame->code->frame_bytes;
    size_t bytes = ((size_t)pc[3] + 1) * sizeof(union rt_value);
    TRAP_IF((size_t)(cx->stack_end - end) < bytes, STACK_EXHAUSTED);
    union rt_value *args = (union rt_value *)(void *)(end + (-(uintptr_t)end & 15));
    struct rt_tag *tag = cx->instance->tags[pc[2]];
    const struct rt_type *type = rt_registry_type(cx->store->engine->types, tag->type_id);
    for (uint32_t i = 0; i < pc[3]; i++) {
        args[i] = (union rt_value){
            .u64 = {0, 0}
        };
        memcpy(&args[i], fp + pc[4 + i], wm_kind(type->params[i]) == WM_KIND_V128 ? 16 : 8);
    }
    SHOW_FRAME();
    uint64_t ref = RT_NULL;
    enum status st = rt_exception_new(cx->store, tag, args, &ref);
    PASS_ON(st);
    cx->store->exception = ref;
    (void)mem;
    (void)mem_size;
    return ST_EXCEPTION;
}

HANDLER(THROW_REF)
{
    uint64_t ref = GET(u64, 0);
    TRAP_IF(ref == RT_NULL, NULL_EXCEPTION);
    SHOW_FRAME();
    cx->store->exception = ref;
    return ST_EXCEPTION;
}
