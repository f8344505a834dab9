/* wasm_c_trap: traps and frames of wasm.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/wasm_c_int.h"

#include "base/mem.h"

#include <string.h>

struct capi_trap {
    uint32_t references;       /* handles; traps stay on the thread of their store */
    struct mujun_error *error; /* how a run ended; NULL: made by wasm_trap_new() */
    wasm_message_t message;    /* with its NUL */
};

struct wasm_frame_t {
    struct wasm_ref_t *instance; /* NULL: unknown */
    uint32_t func_index;
    size_t func_offset, module_offset;
};

void capi_trap_retain(struct capi_trap *t)
{
    t->references++;
}

void capi_trap_release(struct capi_trap *t)
{
    if (--t->references != 0)
        return;
    mujun_error_free(t->error);
    wasm_byte_vec_delete(&t->message);
    mem_free(t);
}

/* Takes error over. size bytes of text; the NUL is added here. */
static wasm_trap_t *trap_make(struct wasm_store_t *s, struct mujun_error *error, const char *text,
                              size_t size)
{
    struct capi_trap *t = mem_alloc(1, sizeof(*t));
    wasm_message_t message;

    wasm_byte_vec_new_uninitialized(&message, size + 1);
    if (t == NULL || message.size == 0) {
        mem_free(t);
        wasm_byte_vec_delete(&message);
        mujun_error_free(error);
        return NULL;
    }
    if (size != 0)
        memcpy(message.data, text, size);
    *t = (struct capi_trap){.references = 1, .error = error, .message = message};
    struct wasm_ref_t *ref = capi_ref_new(s, CAPI_TRAP, t);
    capi_trap_release(t); /* the handle holds its own */
    return capi_as_trap(ref);
}

wasm_trap_t *wasm_trap_new(wasm_store_t *s, const wasm_message_t *message)
{
    size_t size = message->size;

    if (size != 0 && message->data[size - 1] == '\0')
        size--;
    return trap_make(s, NULL, message->data, size);
}

wasm_trap_t *capi_trap_text(struct wasm_store_t *s, const char *text)
{
    return trap_make(s, NULL, text, strlen(text));
}

wasm_trap_t *capi_trap_ended(struct wasm_store_t *s, enum status st, const struct diag *dg)
{
    struct mujun_error *error = NULL;

    api_ended(&error, st, s->store, dg);
    const struct rt_trap *trap = api_error_trap(error);
    const char *text = trap != NULL ? trap->message : mujun_error_message(error);
    return trap_make(s, error, text, strlen(text));
}

enum status capi_trap_raise(struct rt_store *s, wasm_trap_t *trap)
{
    struct wasm_ref_t *ref = capi_of_trap(trap);
    struct capi_trap *t = ref->object;
    struct mujun_error *error = t->error;
    enum status st;

    if (error != NULL && t->references == 1) {
        t->error = NULL;
        st = api_error_raise(s, error); /* frames and all */
    } else {
        st = rt_trap_raise(s, RT_TRAP_HOST, "%s", t->message.data);
    }
    wasm_trap_delete(trap);
    return st;
}

void wasm_trap_message(const wasm_trap_t *trap, wasm_message_t *out)
{
    const struct capi_trap *t = capi_of_trap(trap)->object;
    wasm_byte_vec_copy(out, &t->message);
}

/* ---- frames ---- */

/* The newest instance of a module: frames know their module only. */
static struct rt_instance *instance_of(const struct rt_store *s, const struct rt_module *m)
{
    struct rt_instance *i = s->instances;

    while (i != NULL && i->module != m)
        i = i->next;
    return i;
}

static wasm_frame_t *frame_new(struct wasm_store_t *s, const struct rt_frame *from)
{
    wasm_frame_t *f = mem_alloc(1, sizeof(*f));
    struct rt_instance *i = instance_of(s->store->rt, from->module);
    const struct wm_module *m = &from->module->wm;

    if (f == NULL)
        return NULL;
    f->func_index = from->func_index;
    f->module_offset = from->offset;
    if (from->func_index >= m->func_imports && from->func_index < m->func_count) {
        uint32_t start = m->codes[m->funcs[from->func_index].code].body.offset;
        f->func_offset = from->offset >= start ? from->offset - start : 0;
    }
    if (i != NULL)
        f->instance = capi_ref_new(s, CAPI_INSTANCE, i);
    return f;
}

void wasm_frame_delete(wasm_frame_t *f)
{
    if (f == NULL)
        return;
    wasm_ref_delete(f->instance);
    mem_free(f);
}

wasm_frame_t *wasm_frame_copy(const wasm_frame_t *from)
{
    wasm_frame_t *f = mem_alloc(1, sizeof(*f));

    if (f == NULL)
        return NULL;
    *f = *from;
    if (from->instance != NULL)
        f->instance = wasm_ref_copy(from->instance);
    return f;
}

struct wasm_instance_t *wasm_frame_instance(const wasm_frame_t *f)
{
    return capi_as_instance(f->instance);
}

uint32_t wasm_frame_func_index(const wasm_frame_t *f)
{
    return f->func_index;
}

size_t wasm_frame_func_offset(const wasm_frame_t *f)
{
    return f->func_offset;
}

size_t wasm_frame_module_offset(const wasm_frame_t *f)
{
    return f->module_offset;
}

static const struct rt_trap *rt_trap_of(const wasm_trap_t *trap)
{
    const struct capi_trap *t = capi_of_trap(trap)->object;
    return t->error == NULL ? NULL : api_error_trap(t->error);
}

wasm_frame_t *wasm_trap_origin(const wasm_trap_t *trap)
{
    const struct rt_trap *t = rt_trap_of(trap);

    if (t == NULL || t->frame_count == 0)
        return NULL;
    return frame_new(capi_of_trap(trap)->store, &t->frames[0]);
}

void wasm_trap_trace(const wasm_trap_t *trap, wasm_frame_vec_t *out)
{
    const struct rt_trap *t = rt_trap_of(trap);

    wasm_frame_vec_new_uninitialized(out, t == NULL ? 0 : t->frame_count);
    for (size_t i = 0; i < out->size; i++) {
        out->data[i] = frame_new(capi_of_trap(trap)->store, &t->frames[i]);
        if (out->data[i] == NULL) {
            wasm_frame_vec_delete(out);
            return;
        }
    }
}
