/* repro_settings: printing, reading and simplifying, expanded from the table.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/repro_settings.h"

#include <jansson.h>
#include <string.h>

static const char *const sandbox_names[] = {
    [WIRE_SANDBOX_NONE] = "none",
    [WIRE_SANDBOX_SETUID] = "setuid",
    [WIRE_SANDBOX_NAMESPACE] = "namespace",
};

struct repro_settings repro_settings_full(uint32_t procs, enum wire_sandbox sandbox)
{
    return (struct repro_settings){
        .threaded = true,
        .repeat = true,
        .procs = procs,
        .sandbox = sandbox,
        .tun = true,
        .netdev = true,
        .cgroups = true,
        .close_fds = true,
        .sysctl = true,
        .tmpdir = true,
        .segv = true,
    };
}

enum { IN_PROGRAM, IN_SOURCE };

bool repro_settings_simplify(struct repro_settings *s, enum repro_setting which, bool source)
{
    const struct repro_settings before = *s;

    switch (which) {
#define SETTING(name, type, simple, in, what)                                                      \
    case REPRO_SETTING_##name:                                                                     \
        if (IN_##in == IN_SOURCE && !source)                                                       \
            return false;                                                                          \
        s->name = (SETTING_TYPE_##type)simple;                                                     \
        break;
#include "spear/kernel/repro_settings.def"
    case REPRO_SETTING_COUNT: return false;
    }
    repro_settings_settle(s);
#define SETTING(name, type, simple, in, what) || s->name != before.name
    return false
#include "spear/kernel/repro_settings.def"
        ;
}

const char *repro_setting_name(enum repro_setting which)
{
    static const char *const names[] = {
#define SETTING(name, type, simple, in, what) #name,
#include "spear/kernel/repro_settings.def"
    };
    return names[which];
}

void repro_settings_settle(struct repro_settings *s)
{
    if (s->procs == 0)
        s->procs = 1;
    if (s->procs > 1)
        s->repeat = true;
    if (s->cgroups || s->sandbox == WIRE_SANDBOX_NAMESPACE)
        s->tmpdir = true;
}

static json_t *bool_json(bool value)
{
    return json_boolean(value);
}

static json_t *uint_json(uint32_t value)
{
    return json_integer(value);
}

static json_t *sandbox_json(enum wire_sandbox value)
{
    return json_string(sandbox_names[value]);
}

void repro_settings_print(struct buf *out, const struct repro_settings *s)
{
    json_t *all = json_object();

#define PRINT_BOOL    bool_json
#define PRINT_UINT    uint_json
#define PRINT_SANDBOX sandbox_json
#define SETTING(name, type, simple, in, what)                                                      \
    json_object_set_new(all, #name, PRINT_##type(s->name));
#include "spear/kernel/repro_settings.def"
    char text[1024];
    const size_t size = json_dumpb(all, text, sizeof(text), JSON_COMPACT);
    json_decref(all);
    buf_text(out, "# ");
    buf_bytes(out, text, MIN(size, sizeof(text)));
    buf_byte(out, '\n');
}

static bool read_bool(const json_t *value, bool old)
{
    return json_is_boolean(value) ? json_is_true(value) : old;
}

static uint32_t read_uint(const json_t *value, uint32_t old)
{
    const json_int_t number = json_integer_value(value);
    return json_is_integer(value) && number >= 0 && number <= WIRE_SLOTS_MAX ? (uint32_t)number
                                                                             : old;
}

static enum wire_sandbox read_sandbox(const json_t *value, enum wire_sandbox old)
{
    const char *name = json_string_value(value);
    for (uint32_t i = 0; name != NULL && i < LENGTH_OF(sandbox_names); i++)
        if (strcmp(name, sandbox_names[i]) == 0)
            return (enum wire_sandbox)i;
    return old;
}

void repro_settings_parse(struct str text, struct repro_settings *s)
{
    if (text.size < 3 || memcmp(text.text, "# {", 3) != 0)
        return;
    const char *newline = memchr(text.text, '\n', text.size);
    const size_t end = newline == NULL ? text.size : (size_t)(newline - text.text);
    json_t *all = json_loadb(text.text + 2, end - 2, 0, NULL);

#define READ_BOOL    read_bool
#define READ_UINT    read_uint
#define READ_SANDBOX read_sandbox
#define SETTING(name, type, simple, in, what)                                                      \
    s->name = READ_##type(json_object_get(all, #name), s->name);
#include "spear/kernel/repro_settings.def"
    json_decref(all);
    repro_settings_settle(s);
}
