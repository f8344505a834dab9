/* calls: which calls programs are made of: what the descriptions enable, less what the options and
 * the machine forbid, less what needs a resource that nothing makes any more.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/target_int.h"

#include <string.h>

/* Does a pattern of the configuration name this call? */
static bool matches(const char *pattern, struct str name)
{
    size_t size = strlen(pattern);

    if (size != 0 && pattern[size - 1] == '*')
        return name.size >= size - 1 && memcmp(name.text, pattern, size - 1) == 0;
    if (name.size < size || memcmp(name.text, pattern, size) != 0)
        return false;
    return name.size == size || (name.text[size] == '$' && memchr(pattern, '$', size) == NULL);
}

static bool is_listed(const struct kernel_words *words, struct str name)
{
    for (uint32_t i = 0; i < words->count; i++)
        if (matches(words->items[i], name))
            return true;
    return false;
}

/* Every pattern must name something: one that does not is a spelling mistake. */
static enum status check_patterns(const struct kernel_target *k, const struct kernel_words *words,
                                  const char *key, struct diag *dg)
{
    for (uint32_t i = 0; i < words->count; i++) {
        bool found = false;
        for (uint32_t c = 0; c < k->syz->call_count && !found; c++)
            found = matches(words->items[i], k->syz->calls[c].name);
        if (!found)
            return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                             "%s: no call of the descriptions is named %s; `mujun desc list` shows "
                             "them all",
                             key, words->items[i]);
    }
    return ST_OK;
}

/* What the descriptions say is off; a text without details, which `mujun desc explain` has. */
static const char *why_of(enum syz_why why)
{
    switch (why) {
    case SYZ_ENABLED: return NULL;
    case SYZ_OFF_ATTR: return "its description is marked disabled";
    case SYZ_OFF_ARCH: return "its description is for other machines";
    case SYZ_OFF_NUMBER: return "it has no number on this machine";
    case SYZ_OFF_CONST: return "a constant has no value on this machine";
    case SYZ_OFF_RESOURCE: return "nothing makes a resource that it needs";
    }
    return "it is off";
}

static bool is_makeable(const struct kernel_target *k, const struct syz_resource *r)
{
    for (uint32_t i = 0; i < r->constructor_count; i++)
        if (k->enabled[r->constructors[i]])
            return true;
    return false;
}

static const struct syz_resource *first_missing(const struct kernel_target *k,
                                                const struct syz_call *call)
{
    for (uint32_t i = 0; i < call->input_count; i++)
        if (!is_makeable(k, call->inputs[i]))
            return call->inputs[i];
    return NULL;
}

static void note_missing(struct kernel_target *k, uint32_t id)
{
    const struct syz_resource *missing = first_missing(k, &k->syz->calls[id]);
    struct buf b;

    buf_init(&b, &k->arena);
    buf_printf(&b, "nothing that is on makes %.*s", STR_ARG(missing->name));
    buf_byte(&b, 0);
    k->why_off[id] = (const char *)b.data;
}

/* From the calls that need nothing, to those that need only what these make, and so on: two calls
 * that only feed each other stay off. */
void kernel_calls_settle(struct kernel_target *k)
{
    const uint32_t count = k->syz->call_count;

    for (uint32_t i = 0; i < count; i++)
        k->enabled[i] = false;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 0; i < count; i++) {
            if (k->enabled[i] || k->why_off[i] != NULL ||
                first_missing(k, &k->syz->calls[i]) != NULL)
                continue;
            k->enabled[i] = true;
            changed = true;
        }
    }
    for (uint32_t i = 0; i < count; i++)
        if (!k->enabled[i] && k->why_off[i] == NULL)
            note_missing(k, i);
}

enum status kernel_calls_choose(struct kernel_target *k, struct diag *dg)
{
    const struct kernel_options *o = &k->options;
    uint32_t count = k->syz->call_count;

    TRY(check_patterns(k, &o->enable, "enable_syscalls", dg));
    TRY(check_patterns(k, &o->disable, "disable_syscalls", dg));
    TRY(check_patterns(k, &o->no_mutate, "no_mutate_syscalls", dg));
    k->enabled = arena_new(&k->arena, bool, count);
    k->no_mutate = arena_new(&k->arena, bool, count);
    k->untried = arena_new(&k->arena, bool, count);
    k->why_off = arena_new(&k->arena, const char *, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct syz_call *call = &k->syz->calls[i];
        k->why_off[i] = why_of(call->why);
        if (k->why_off[i] == NULL && o->enable.count != 0 && !is_listed(&o->enable, call->name))
            k->why_off[i] = "enable_syscalls does not name it";
        if (k->why_off[i] == NULL && is_listed(&o->disable, call->name))
            k->why_off[i] = "disable_syscalls names it";
        k->no_mutate[i] = is_listed(&o->no_mutate, call->name);
    }
    kernel_calls_settle(k);
    for (uint32_t i = 0; i < count; i++)
        if (k->enabled[i])
            return ST_OK;
    return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                     "none of the %u described calls is left to run; see enable_syscalls and "
                     "disable_syscalls",
                     count);
}
