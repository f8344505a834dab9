/* wasm_c_func: functions of wasm.h: callbacks, and calls. SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/wasm_c_int.h"

#include "base/mem.h"

#include <string.h>

struct callback {
    struct wasm_store_t *store; /* outlives its functions */
    const struct rt_type *type;
    wasm_func_callback_t plain; /* one of the two */
    wasm_func_callback_with_env_t with_env;
    void *env;
    void (*finalizer)(void *);
    bool has_v128; /* among its values: cannot be called */
};

static void callback_free(void *env)
{
    struct callback *c = env;

    if (c->finalizer != NULL)
        c->finalizer(c->env);
    mem_free(c);
}

static bool has_v128(const struct rt_type *t)
{
    for (uint32_t i = 0; i < t->param_count + t->result_count; i++)
        if (wm_kind(i < t->param_count ? t->params[i] : t->results[i - t->param_count]) ==
            WM_KIND_V128)
            return true;
    return false;
}

/* A vector for a callback; its elements are here as long as they are few. */
struct vals {
    wasm_val_vec_t vec;
    wasm_val_t inlined[API_VALUES_INLINE];
};

static bool vals_room(struct vals *v, uint32_t count)
{
    if (count > LENGTH_OF(v->inlined)) {
        wasm_val_vec_new_uninitialized(&v->vec, count);
        return v->vec.size == count;
    }
    v->vec = (wasm_val_vec_t){count, v->inlined};
    memset(v->inlined, 0, count * sizeof(v->inlined[0]));
    return true;
}

/* A callback may have put a vector of its own in the place of ours. */
static void vals_done(struct vals *v)
{
    for (size_t i = 0; i < v->vec.size; i++)
        wasm_val_delete(&v->vec.data[i]);
    if (v->vec.data != v->inlined)
        mem_free(v->vec.data);
}

/* Values of the runtime as the embedder's; false, and nothing to delete: no memory. */
static bool vals_out(struct wasm_store_t *s, const struct wm_valtype *types, uint32_t count,
                     const union rt_value *values, wasm_val_t *out)
{
    for (uint32_t i = 0; i < count; i++)
        if (!capi_val_out(s, types[i], &values[i], &out[i])) {
            while (i-- > 0)
                wasm_val_delete(&out[i]);
            return false;
        }
    return true;
}

/* References found on the way must not be collected before the last one is made. False: dg says
 * why. */
static bool vals_in(struct wasm_store_t *s, const struct wm_valtype *types, uint32_t count,
                    const wasm_val_t *vals, union rt_value *out, struct diag *dg)
{
    struct rt_store *rt = s->store->rt;
    uint32_t roots = 0;
    bool fine = true;

    for (uint32_t i = 0; i < count && fine; i++) {
        fine = capi_val_in(s, types[i], &vals[i], &out[i], dg);
        bool is_gc =
            wm_is_ref(types[i]) && api_kind_of(rt->engine->types, types[i]) != MUJUN_FUNCREF;
        if (fine && is_gc) {
            fine = rt_root_push(rt, &out[i].ref) == ST_OK;
            roots += fine;
            if (!fine)
                diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "a reference that has no room");
        }
    }
    if (roots > 0)
        rt_root_pop(rt, roots);
    return fine;
}

static enum status callback_run(struct callback *c, const wasm_val_vec_t *args,
                                wasm_val_vec_t *results, union rt_value *out)
{
    struct rt_store *s = c->store->store->rt;
    struct diag dg; /* large */
    wasm_trap_t *trap =
        c->plain != NULL ? c->plain(args, results) : c->with_env(c->env, args, results);

    if (trap != NULL)
        return capi_trap_raise(s, trap);
    if (!vals_in(c->store, c->type->results, c->type->result_count, results->data, out, &dg))
        return rt_trap_raise(s, RT_TRAP_HOST, "host function returned %s", dg.text);
    return ST_OK;
}

static enum status callback_call(void *env, struct rt_caller *caller, const union rt_value *args,
                                 union rt_value *results)
{
    struct callback *c = env;
    const struct rt_type *t = c->type;
    enum status st = ST_NO_MEMORY;
    struct vals in, out;

    if (c->has_v128)
        return rt_trap_raise(caller->store, RT_TRAP_HOST, "wasm.h has no v128 values");
    bool has_in = vals_room(&in, t->param_count);
    bool has_out = vals_room(&out, t->result_count);
    if (has_in && has_out && vals_out(c->store, t->params, t->param_count, args, in.vec.data))
        st = callback_run(c, &in.vec, &out.vec, results);
    else
        diag_fail(&caller->store->diag, st, DIAG_NO_OFFSET, "for the values of a host function");
    vals_done(&in);
    vals_done(&out);
    return st;
}

static wasm_func_t *func_new(wasm_store_t *s, const wasm_functype_t *type,
                             const struct callback *how)
{
    struct rt_func *fn = NULL;
    struct callback *c = mem_alloc(1, sizeof(*c));
    uint32_t id = 0;

    if (c == NULL || (how->plain == NULL && how->with_env == NULL) ||
        !capi_functype_id(s, type, &id)) {
        mem_free(c);
        return NULL;
    }
    *c = *how;
    c->store = s;
    c->type = rt_registry_type(s->store->rt->engine->types, id);
    c->has_v128 = has_v128(c->type);
    if (rt_func_new(s->store->rt, id, callback_call, c, callback_free, &fn, NULL) != ST_OK) {
        mem_free(c);
        return NULL;
    }
    return capi_as_func(capi_ref_new(s, CAPI_FUNC, fn));
}

wasm_func_t *wasm_func_new(wasm_store_t *s, const wasm_functype_t *type,
                           wasm_func_callback_t callback)
{
    return func_new(s, type, &(struct callback){.plain = callback});
}

wasm_func_t *wasm_func_new_with_env(wasm_store_t *s, const wasm_functype_t *type,
                                    wasm_func_callback_with_env_t callback, void *env,
                                    void (*finalizer)(void *))
{
    return func_new(s, type,
                    &(struct callback){.with_env = callback, .env = env, .finalizer = finalizer});
}

static const struct rt_type *type_of(const wasm_func_t *func)
{
    const struct wasm_ref_t *r = capi_of_func(func);
    const struct rt_func *fn = r->object;

    return rt_registry_type(capi_rt(r)->engine->types, fn->type_id);
}

wasm_functype_t *wasm_func_type(const wasm_func_t *func)
{
    return capi_functype_of(type_of(func));
}

size_t wasm_func_param_arity(const wasm_func_t *func)
{
    return type_of(func)->param_count;
}

size_t wasm_func_result_arity(const wasm_func_t *func)
{
    return type_of(func)->result_count;
}

/* Converts, runs, converts back. */
static wasm_trap_t *call_run(const struct wasm_ref_t *func, const struct rt_type *t,
                             const wasm_val_t *args, wasm_val_t *results, struct api_values *in,
                             struct api_values *out)
{
    struct wasm_store_t *s = func->store;
    struct diag dg; /* large */

    if (!vals_in(s, t->params, t->param_count, args, in->items, &dg))
        return capi_trap_text(s, dg.text);
    enum status st = rt_call(s->store->rt, func->object, in->items, out->items);
    if (st != ST_OK)
        return capi_trap_ended(s, st, NULL);
    if (!vals_out(s, t->results, t->result_count, out->items, results))
        return capi_trap_text(s, "out of memory");
    return NULL;
}

wasm_trap_t *wasm_func_call(const wasm_func_t *func, const wasm_val_vec_t *args,
                            wasm_val_vec_t *results)
{
    const struct wasm_ref_t *r = capi_of_func(func);
    const struct rt_type *t = type_of(func);
    size_t arg_count = args == NULL ? 0 : args->size;
    size_t result_count = results == NULL ? 0 : results->size;
    struct api_values in, out;
    wasm_trap_t *trap;

    if (arg_count != t->param_count || result_count < t->result_count)
        return capi_trap_text(r->store, "wrong number of arguments or results");
    if (has_v128(t))
        return capi_trap_text(r->store, "wasm.h has no v128 values");
    bool has_in = api_values_room(&in, t->param_count);
    bool has_out = api_values_room(&out, t->result_count);
    if (has_in && has_out)
        trap = call_run(r, t, arg_count == 0 ? NULL : args->data,
                        result_count == 0 ? NULL : results->data, &in, &out);
    else
        trap = capi_trap_text(r->store, "out of memory");
    api_values_done(&in);
    api_values_done(&out);
    return trap;
}
