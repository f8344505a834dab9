/* wasm_c_module: modules of wasm.h, shared and serialized. SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/wasm_c_int.h"

#include "base/mem.h"

#include <string.h>

static wasm_module_t *module_new(wasm_store_t *s, const void *bytes, size_t size)
{
    struct mujun_module *m = NULL;

    if (mujun_module_new(s->store->engine, bytes, size, &m, NULL) != MUJUN_OK)
        return NULL;
    struct wasm_ref_t *ref = capi_ref_new(s, CAPI_MODULE, m);
    mujun_module_free(m); /* the handle holds its own */
    return capi_as_module(ref);
}

wasm_module_t *wasm_module_new(wasm_store_t *s, const wasm_byte_vec_t *binary)
{
    return module_new(s, binary->data, binary->size);
}

bool wasm_module_validate(wasm_store_t *s, const wasm_byte_vec_t *binary)
{
    const uint8_t *bytes = (const uint8_t *)binary->data;

    return mujun_module_validate(s->store->engine, bytes, binary->size, NULL) == MUJUN_OK;
}

static const struct mujun_module *mujun_of(const wasm_module_t *m)
{
    return capi_of_module(m)->object;
}

static wasm_importtype_t *importtype_new(const struct mujun_import *i)
{
    wasm_name_t module, name;

    wasm_name_new(&module, i->module.size, i->module.text);
    wasm_name_new(&name, i->name.size, i->name.text);
    return wasm_importtype_new(&module, &name, capi_externtype_of(&i->type));
}

static wasm_exporttype_t *exporttype_new(const struct mujun_export *e)
{
    wasm_name_t name;

    wasm_name_new(&name, e->name.size, e->name.text);
    return wasm_exporttype_new(&name, capi_externtype_of(&e->type));
}

void wasm_module_imports(const wasm_module_t *module, wasm_importtype_vec_t *out)
{
    const struct mujun_module *m = mujun_of(module);
    struct mujun_import import;

    wasm_importtype_vec_new_uninitialized(out, mujun_module_import_count(m));
    for (uint32_t i = 0; i < out->size && mujun_module_import(m, i, &import); i++) {
        out->data[i] = importtype_new(&import);
        if (out->data[i] == NULL) {
            wasm_importtype_vec_delete(out);
            return;
        }
    }
}

void wasm_module_exports(const wasm_module_t *module, wasm_exporttype_vec_t *out)
{
    const struct mujun_module *m = mujun_of(module);
    struct mujun_export export;

    wasm_exporttype_vec_new_uninitialized(out, mujun_module_export_count(m));
    for (uint32_t i = 0; i < out->size && mujun_module_export(m, i, &export); i++) {
        out->data[i] = exporttype_new(&export);
        if (out->data[i] == NULL) {
            wasm_exporttype_vec_delete(out);
            return;
        }
    }
}

/* ---- serialized form: magic, version, size of what follows (all little-endian), the binary ----
 * */

enum { ENVELOPE_VERSION = 1 };
static const char envelope_magic[8] = {'\0', 'm', 'u', 'j', 'u', 'n', '\r', '\n'};

struct envelope {
    char magic[8];
    uint8_t version[8], size[8];
};
_Static_assert(sizeof(struct envelope) == 24, "no padding");

static void put_u64(uint8_t *to, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_u64(const uint8_t *from)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

void wasm_module_serialize(const wasm_module_t *module, wasm_byte_vec_t *out)
{
    size_t size = 0;
    const uint8_t *bytes = mujun_module_bytes(mujun_of(module), &size);
    struct envelope e;

    memcpy(e.magic, envelope_magic, sizeof(e.magic));
    put_u64(e.version, ENVELOPE_VERSION);
    put_u64(e.size, size);
    wasm_byte_vec_new_uninitialized(out, sizeof(e) + size);
    if (out->size == 0)
        return;
    memcpy(out->data, &e, sizeof(e));
    memcpy(out->data + sizeof(e), bytes, size);
}

wasm_module_t *wasm_module_deserialize(wasm_store_t *s, const wasm_byte_vec_t *from)
{
    struct envelope e;

    if (from->size < sizeof(e))
        return NULL;
    memcpy(&e, from->data, sizeof(e));
    if (memcmp(e.magic, envelope_magic, sizeof(e.magic)) != 0 ||
        get_u64(e.version) != ENVELOPE_VERSION || get_u64(e.size) != from->size - sizeof(e))
        return NULL;
    return module_new(s, from->data + sizeof(e), from->size - sizeof(e));
}

/* ---- sharing: a shared module is the runtime's, with a reference ---- */

static struct rt_module *rt_of_shared(const wasm_shared_module_t *m)
{
    return (struct rt_module *)(uintptr_t)m;
}

wasm_shared_module_t *wasm_module_share(const wasm_module_t *module)
{
    struct rt_module *m = capi_of_module(module)->object;

    atomic_fetch_add_explicit(&m->references, 1, memory_order_relaxed);
    return (wasm_shared_module_t *)m;
}

void wasm_shared_module_delete(wasm_shared_module_t *m)
{
    rt_module_free(rt_of_shared(m));
}

wasm_module_t *wasm_module_obtain(wasm_store_t *s, const wasm_shared_module_t *m)
{
    if (rt_of_shared(m)->engine != s->store->rt->engine)
        return NULL; /* modules do not cross engines */
    return capi_as_module(capi_ref_new(s, CAPI_MODULE, rt_of_shared(m)));
}
