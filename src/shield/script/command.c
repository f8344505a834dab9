/* command: one command of a script: modules, instances, calls, and what they must come to.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/runtime/gc.h"
#include "shield/runtime/trap.h"
#include "shield/script/script_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool script_fail(struct script_run *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(r->message, sizeof(r->message), fmt, ap);
    va_end(ap);
    return false;
}

/* How something that was tried has ended. text: the refusal, the trap. */
struct ending {
    enum status status;
    char text[DIAG_TEXT_MAX + 32];
};

static bool fail_with(struct script_run *r, const char *wanted, const struct ending *e)
{
    if (e->status == ST_OK)
        return script_fail(r, "expected %s, found success", wanted);
    return script_fail(r, "expected %s, found %s: %s", wanted, status_text(e->status), e->text);
}

static void set_ending(struct ending *e, enum status st, const struct diag *dg)
{
    e->status = st;
    e->text[0] = '\0';
    if (st == ST_OK)
        return;
    if (dg->line != 0)
        snprintf(e->text, sizeof(e->text), "%s (at %u:%u)", dg->text, dg->line, dg->column);
    else
        snprintf(e->text, sizeof(e->text), "%s", dg->text);
}

/* A run that may have ended in the store: trap, exception, limit. */
static void set_run_ending(struct script_run *r, struct ending *e, enum status st,
                           const struct diag *dg)
{
    set_ending(e, st, dg);
    if (st == ST_TRAP) {
        struct rt_trap *trap = rt_store_take_trap(r->store);
        if (trap != NULL)
            snprintf(e->text, sizeof(e->text), "%s", trap->message);
        rt_trap_free(trap);
    } else if (st == ST_EXCEPTION) {
        r->store->exception = RT_NULL;
    } else if (st != ST_OK && st != ST_UNLINKABLE && e->text[0] == '\0') {
        snprintf(e->text, sizeof(e->text), "%s", r->store->diag.text);
    }
}

/* ---- names ------------------------------------------------------------------------------------
 */

static struct script_named *find_named(struct script_run *r, struct str name, bool instance)
{
    for (uint32_t i = r->named_count; i-- > 0;)
        if ((name.size == 0 || str_equal(r->named[i].name, name)) &&
            (instance ? (void *)r->named[i].instance : (void *)r->named[i].module) != NULL)
            return &r->named[i];
    return NULL;
}

struct rt_instance *script_instance(struct script_run *r, struct str name)
{
    if (name.size == 0) {
        if (r->latest == NULL)
            script_fail(r, "there is no instance yet");
        return r->latest;
    }
    struct script_named *named = find_named(r, name, true);
    if (named == NULL)
        script_fail(r, "there is no instance $%.*s", (int)MIN(name.size, (size_t)80), name.text);
    return named == NULL ? NULL : named->instance;
}

void script_name(struct script_run *r, struct str name, struct rt_module *module,
                 struct rt_instance *instance)
{
    struct script_named named = {name, module, instance};
    ARENA_PUSH(r->keep, r->named, r->named_count, r->named_capacity, named);
}

/* ---- modules ----------------------------------------------------------------------------------
 */

static struct rt_module *make_module(struct script_run *r, const struct wast_module *m,
                                     struct ending *e)
{
    struct diag dg = {0};
    struct str bytes = {0};
    struct rt_module *module = NULL;

    enum status st = wast_module_bytes(r->script, m, &bytes, &dg);
    if (st == ST_OK)
        st = rt_module_new(r->engine, (const uint8_t *)bytes.text, bytes.size, &module, &dg);
    set_ending(e, st, &dg);
    return st == ST_OK ? module : NULL;
}

static struct rt_extern find_import(struct script_run *r, const struct wm_import *im)
{
    struct rt_extern e = {.kind = im->kind};

    for (uint32_t i = r->registered_count; i-- > 0;)
        if (str_equal(r->registered[i].name, im->module)) {
            struct rt_extern found;
            return rt_instance_export(r->registered[i].instance, im->name, &found) ? found : e;
        }
    if (str_equal(im->module, STR("spectest")))
        for (uint32_t i = 0; i < r->spectest_count; i++)
            if (str_equal(im->name, str_of(r->spectest[i].name)))
                return r->spectest[i].what;
    return e;
}

static struct rt_instance *make_instance(struct script_run *r, struct rt_module *module,
                                         struct ending *e)
{
    const struct wm_module *wm = &module->wm;
    struct rt_extern *imports = arena_new(&r->work, struct rt_extern, wm->import_count);
    struct rt_instance *instance = NULL;
    struct diag dg = {0};

    for (uint32_t i = 0; i < wm->import_count; i++)
        imports[i] = find_import(r, &wm->imports[i]);
    enum status st = rt_instance_new(r->store, module, imports, wm->import_count, &instance, &dg);
    set_run_ending(r, e, st, &dg);
    return st == ST_OK ? instance : NULL;
}

static bool module_command(struct script_run *r, const struct wast_command *c)
{
    struct ending e;
    struct rt_module *module = make_module(r, &c->module, &e);

    if (module == NULL)
        return fail_with(r, "a valid module", &e);
    if (c->kind == WAST_DEFINITION) {
        script_name(r, c->module.id, module, NULL);
        return true;
    }
    struct rt_instance *instance = make_instance(r, module, &e);
    script_name(r, c->module.id, module, instance);
    if (instance == NULL)
        return fail_with(r, "an instance", &e);
    r->latest = instance;
    return true;
}

static bool instance_command(struct script_run *r, const struct wast_command *c)
{
    struct script_named *named = find_named(r, c->of, false);
    struct ending e;

    if (named == NULL)
        return script_fail(r, "there is no module $%.*s", (int)MIN(c->of.size, (size_t)80),
                           c->of.text);
    struct rt_instance *instance = make_instance(r, named->module, &e);
    if (instance == NULL)
        return fail_with(r, "an instance", &e);
    script_name(r, c->id, NULL, instance);
    r->latest = instance;
    return true;
}

static bool register_command(struct script_run *r, const struct wast_command *c)
{
    struct script_registered registered = {.instance = script_instance(r, c->id)};

    if (registered.instance == NULL)
        return false;
    registered.name =
        (struct str){arena_copy_text(r->keep, c->name.text, c->name.size), c->name.size};
    ARENA_PUSH(r->keep, r->registered, r->registered_count, r->registered_capacity, registered);
    return true;
}

/* ---- actions ----------------------------------------------------------------------------------
 */

struct results {
    union rt_value *values;
    const struct wm_valtype *types;
    uint32_t count;
};

static bool get_global(struct script_run *r, const struct rt_extern *e, struct results *out)
{
    if (e->kind != WM_EXTERN_GLOBAL)
        return script_fail(r, "the export is no global");
    out->values = arena_new(&r->work, union rt_value, 1);
    out->values[0] = *e->global->cell;
    out->types = &e->global->type;
    out->count = 1;
    return true;
}

/* False with a message when there is nothing to run; else how it ended. */
static bool run_action(struct script_run *r, const struct wast_action *a, struct ending *ending,
                       struct results *out)
{
    struct rt_instance *instance = script_instance(r, a->instance);
    struct rt_extern e;

    *ending = (struct ending){.status = ST_OK};
    if (instance == NULL)
        return false;
    if (!rt_instance_export(instance, a->name, &e))
        return script_fail(r, "there is no export \"%.*s\"", (int)MIN(a->name.size, (size_t)80),
                           a->name.text);
    if (a->is_get)
        return get_global(r, &e, out);
    if (e.kind != WM_EXTERN_FUNC)
        return script_fail(r, "the export is no function");
    const struct rt_type *type = rt_registry_type(r->engine->types, e.func->type_id);
    union rt_value *args = arena_new(&r->work, union rt_value, type->param_count);
    out->values = arena_new(&r->work, union rt_value, type->result_count);
    out->types = type->results;
    out->count = type->result_count;
    if (!script_args(r, a->args, a->arg_count, type->params, type->param_count, args))
        return false;
    struct diag dg = {0};
    enum status st = rt_call(r->store, e.func, args, out->values);
    set_run_ending(r, ending, st, &dg);
    return true;
}

static bool return_command(struct script_run *r, const struct wast_command *c)
{
    struct ending e;
    struct results got = {0};

    if (!run_action(r, &c->action, &e, &got))
        return false;
    if (e.status != ST_OK)
        return fail_with(r, "a result", &e);
    if (c->kind == WAST_ACTION)
        return true;
    return script_results(r, got.values, got.types, got.count, c->results, c->result_count);
}

/* ---- assertions -------------------------------------------------------------------------------
 */

/* Do two wordings of a trap agree, one perhaps longer ("uninitialized element 2")? */
static bool same_wording(struct str wanted, const char *got)
{
    size_t size = MIN(wanted.size, strlen(got));
    return memcmp(wanted.text == NULL ? "" : wanted.text, got, size) == 0;
}

/* What must be tried has been: a module instantiated, or an action. False with a message. */
static bool attempt(struct script_run *r, const struct wast_command *c, struct ending *e)
{
    struct results ignored = {0};

    if (!c->has_module)
        return run_action(r, &c->action, e, &ignored);
    struct rt_module *module = make_module(r, &c->module, e);
    if (module == NULL)
        return fail_with(r, "a valid module", e);
    (void)make_instance(r, module, e);
    script_name(r, (struct str){0}, module, NULL);
    return true;
}

static bool run_assertion(struct script_run *r, const struct wast_command *c)
{
    struct ending e;
    char wanted[128];

    if (!attempt(r, c, &e))
        return false;
    snprintf(wanted, sizeof(wanted), "%s \"%.*s\"", wast_kind_text(c->kind) + strlen("assert_"),
             (int)MIN(c->message.size, (size_t)80), c->message.text);
    bool passed = false;
    switch (c->kind) {
    case WAST_ASSERT_TRAP: passed = e.status == ST_TRAP && same_wording(c->message, e.text); break;
    case WAST_ASSERT_EXHAUSTION:
        passed = e.status == ST_LIMIT || (e.status == ST_TRAP && same_wording(c->message, e.text));
        break;
    case WAST_ASSERT_UNLINKABLE: passed = e.status == ST_UNLINKABLE; break;
    default: passed = e.status == ST_EXCEPTION; break;
    }
    return passed || fail_with(r, wanted, &e);
}

/* Scripts of before a feature expect what it allows to be refused: that is what happens when the
 * run has switched the feature off. Features that are off by default excuse nothing. */
static bool is_excused(const struct script_run *r, enum status st)
{
    uint64_t missing = wm_features_default().bits & ~r->options->features.bits;
    return st == ST_UNSUPPORTED && missing != 0;
}

/* Refused before it can run. */
static bool refusal_assertion(struct script_run *r, const struct wast_command *c)
{
    bool malformed = c->kind == WAST_ASSERT_MALFORMED || c->kind == WAST_ASSERT_MALF_CUSTOM;
    enum status wanted = malformed ? ST_MALFORMED : ST_INVALID;
    struct ending e;
    char text[128];

    if (!c->has_module)
        return script_fail(r, "expected a module");
    struct rt_module *module = make_module(r, &c->module, &e);
    rt_module_free(module);
    if (e.status == wanted || is_excused(r, e.status))
        return true;
    snprintf(text, sizeof(text), "%s (\"%.*s\")", status_text(wanted),
             (int)MIN(c->message.size, (size_t)80), c->message.text);
    return fail_with(r, text, &e);
}

bool script_command(struct script_run *r, const struct wast_command *c)
{
    switch (c->kind) { /* tidy: flat */
    case WAST_MODULE:
    case WAST_DEFINITION: return module_command(r, c);
    case WAST_INSTANCE: return instance_command(r, c);
    case WAST_REGISTER: return register_command(r, c);
    case WAST_ACTION:
    case WAST_ASSERT_RETURN: return return_command(r, c);
    case WAST_ASSERT_TRAP:
    case WAST_ASSERT_EXHAUSTION:
    case WAST_ASSERT_EXCEPTION:
    case WAST_ASSERT_UNLINKABLE: return run_assertion(r, c);
    case WAST_ASSERT_MALFORMED:
    case WAST_ASSERT_INVALID:
    case WAST_ASSERT_MALF_CUSTOM:
    case WAST_ASSERT_INVALID_CUST: return refusal_assertion(r, c);
    case WAST_THREAD: return script_thread_start(r, c);
    case WAST_WAIT: return script_thread_wait(r, c);
    case WAST_KIND_COUNT: break;
    }
    return script_fail(r, "unknown command");
}
