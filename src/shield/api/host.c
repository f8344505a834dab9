/* host: host functions of the public API, and what they may say about how they end.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"

#include "base/mem.h"

#include <string.h>

struct api_host {
    struct mujun_store *store;
    mujun_callback callback;
    void *env;
    void (*env_free)(void *env);
    const struct rt_type *type;
    bool is_plain; /* api_is_plain() */
};

static void host_free(void *env)
{
    struct api_host *h = env;

    if (h->env_free != NULL)
        h->env_free(h->env);
    mem_free(h);
}

/* What the callback returned, made true: a status that it did not prepare becomes a trap. */
static enum status host_ending(struct api_host *h, const struct mujun_caller *caller,
                               enum mujun_status said)
{
    if (said == MUJUN_OK || (enum status)said == caller->ending)
        return (enum status)said;
    return rt_trap_raise(h->store->rt, RT_TRAP_HOST, "host function ended with \"%s\"",
                         mujun_status_text(said));
}

/* Results of the callback, for the guest; frees the references that it gave. */
static enum status host_results(struct api_host *h, const union mujun_value *from,
                                union rt_value *to)
{
    const struct rt_type *t = h->type;
    struct diag dg = {0};
    enum status st = api_values_in(h->store, t->results, t->result_count, from, to, &dg);

    /* The guest's frame holds them from here on; nothing is allocated in between. */
    api_values_free(t->registry, t->results, t->result_count, from);
    if (st != ST_OK)
        return rt_trap_raise(h->store->rt, RT_TRAP_HOST, "host function returned %s", dg.text);
    return ST_OK;
}

static enum status host_run(struct api_host *h, struct mujun_caller *caller,
                            const union rt_value *args, union mujun_value *in,
                            union mujun_value *out)
{
    const struct rt_type *t = h->type;

    TRY(api_values_out(h->store, t->params, t->param_count, args, in));
    enum mujun_status said = h->callback(h->env, caller, in, out);
    api_values_free(t->registry, t->params, t->param_count, in);
    return host_ending(h, caller, said);
}

static enum status host_call_plain(struct api_host *h, struct mujun_caller *caller,
                                   const union rt_value *args, union rt_value *results)
{
    const union mujun_value *in = (const union mujun_value *)(const void *)args;
    union mujun_value *out = (union mujun_value *)(void *)results;

    for (uint32_t i = 0; i < h->type->result_count; i++)
        memset(&out[i], 0, sizeof(out[i]));
    return host_ending(h, caller, h->callback(h->env, caller, in, out));
}

static enum status host_call_with_references(struct api_host *h, struct mujun_caller *caller,
                                             const union rt_value *args, union rt_value *results)
{
    const struct rt_type *t = h->type;
    struct api_values room; /* parameters, then results */

    if (!api_values_room(&room, t->param_count + t->result_count))
        return diag_fail(&h->store->rt->diag, ST_NO_MEMORY, DIAG_NO_OFFSET,
                         "for the values of a host function");
    union mujun_value *in = (union mujun_value *)(void *)room.items;
    union mujun_value *out = in + t->param_count;
    memset(out, 0, t->result_count * sizeof(*out));
    enum status st = host_run(h, caller, args, in, out);
    if (st == ST_OK)
        st = host_results(h, out, results);
    api_values_done(&room);
    return st;
}

static enum status host_call(void *env, struct rt_caller *rt, const union rt_value *args,
                             union rt_value *results)
{
    struct api_host *h = env;
    struct mujun_caller caller = {.rt = rt};

    return h->is_plain ? host_call_plain(h, &caller, args, results)
                       : host_call_with_references(h, &caller, args, results);
}

enum status api_host_func_new(struct mujun_store *s, uint32_t type_id, mujun_callback callback,
                              void *env, void (*env_free)(void *env), struct rt_func **out,
                              struct diag *dg)
{
    const struct rt_type *t = rt_registry_type(s->rt->engine->types, type_id);
    struct api_host *h = callback == NULL ? NULL : mem_alloc(1, sizeof(*h));

    if (h == NULL) {
        if (env_free != NULL)
            env_free(env);
        if (callback == NULL)
            return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "a callback that is NULL");
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "for a host function");
    }
    *h = (struct api_host){s, callback, env, env_free, t, api_is_plain(t)};
    enum status st = rt_func_new(s->rt, type_id, host_call, h, host_free, out, dg);
    if (st != ST_OK)
        host_free(h);
    return st;
}

void api_host_func_drop(struct rt_func *fn)
{
    struct api_host *h = fn->host_env;

    if (h->env_free != NULL)
        h->env_free(h->env);
    h->env_free = NULL;
}

/* ---- for callbacks ---- */

struct mujun_store *mujun_caller_store(const struct mujun_caller *caller)
{
    return api_store_of(caller->rt->store);
}

struct mujun_instance *mujun_caller_instance(const struct mujun_caller *caller)
{
    return api_instance_of(caller->rt->instance);
}

struct mujun_memory *mujun_caller_memory(const struct mujun_caller *caller)
{
    const struct mujun_instance *i = mujun_caller_instance(caller);
    return i == NULL ? NULL : mujun_instance_memory(i, "memory");
}

static enum mujun_status caller_ends(struct mujun_caller *caller, enum status st)
{
    caller->ending = st;
    return (enum mujun_status)st;
}

enum mujun_status mujun_caller_trap(struct mujun_caller *caller, enum mujun_trap_code code,
                                    const char *message)
{
    enum rt_trap_code known =
        (unsigned)code < RT_TRAP_COUNT ? (enum rt_trap_code)code : RT_TRAP_HOST;
    struct rt_store *s = caller->rt->store;

    return caller_ends(caller, message == NULL ? rt_trap_raise(s, known, NULL)
                                               : rt_trap_raise(s, known, "%s", message));
}

enum mujun_status mujun_caller_exit(struct mujun_caller *caller, int exit_code)
{
    caller->rt->store->exit_code = exit_code;
    return caller_ends(caller, ST_EXIT);
}

/* Makes the exception; its arguments come from type. */
static enum status throw_values(struct mujun_store *s, struct rt_tag *tag,
                                const struct rt_type *type, const union mujun_value *args)
{
    struct diag dg = {0};
    struct api_values room;

    if (!api_values_room(&room, type->param_count))
        return diag_fail(&s->rt->diag, ST_NO_MEMORY, DIAG_NO_OFFSET, "for an exception");
    enum status st = api_values_in(s, type->params, type->param_count, args, room.items, &dg);
    if (st != ST_OK)
        st = rt_trap_raise(s->rt, RT_TRAP_HOST, "host function throws %s", dg.text);
    else
        st = rt_exception_new(s->rt, tag, room.items, &s->rt->exception);
    api_values_done(&room);
    return st == ST_OK ? ST_EXCEPTION : st;
}

enum mujun_status mujun_caller_throw(struct mujun_caller *caller, struct mujun_tag *tag,
                                     const union mujun_value *args, size_t arg_count)
{
    struct mujun_store *s = mujun_caller_store(caller);
    struct rt_tag *t = rt_tag_of(tag);

    if (t == NULL || t->store != s->rt)
        return caller_ends(caller, rt_trap_raise(s->rt, RT_TRAP_HOST, "host function throws %s",
                                                 t == NULL ? "a tag that is NULL"
                                                           : "a tag of another store"));
    const struct rt_type *type = rt_registry_type(s->rt->engine->types, t->type_id);
    if (arg_count != type->param_count)
        return caller_ends(caller, rt_trap_raise(s->rt, RT_TRAP_HOST,
                                                 "host function throws %zu values, its tag has %u",
                                                 arg_count, type->param_count));
    return caller_ends(caller, throw_values(s, t, type, args));
}

enum mujun_status mujun_caller_fail(struct mujun_caller *caller, struct mujun_error *err)
{
    return caller_ends(caller, api_error_raise(caller->rt->store, err));
}
