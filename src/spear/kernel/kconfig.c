/* kconfig: the table of options and what it says of a configuration.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/kconfig.h"

#include <string.h>

const struct kconfig_option kconfig_options[] = {
#define KCONFIG(name, value, group, need, without, cost)                                           \
    {#name, #value, KCONFIG_##group, KCONFIG_##need, without, cost},
#include "spear/kernel/kconfig.def"
#undef KCONFIG
};
const uint32_t kconfig_option_count = LENGTH_OF(kconfig_options);

const char *kconfig_group_name(enum kconfig_group group)
{
    static const char *const names[] = {
        [KCONFIG_BOOT] = "boot",
        [KCONFIG_COVERAGE] = "coverage",
        [KCONFIG_REPORTS] = "reports",
        [KCONFIG_SANITIZER] = "sanitizer",
        [KCONFIG_FAULT] = "fault injection",
        [KCONFIG_SUBSYSTEM] = "subsystem",
        [KCONFIG_LEAN] = "lean",
        [KCONFIG_LOCKDEP] = "lockdep",
    };
    _Static_assert(LENGTH_OF(names) == KCONFIG_GROUP_COUNT, "a name for each group");

    return names[group];
}

const char *kconfig_need_name(enum kconfig_need need)
{
    switch (need) {
    case KCONFIG_ESSENTIAL: return "essential";
    case KCONFIG_WANTED: return "wanted";
    default: return "tuning";
    }
}

const struct kconfig_option *kconfig_find(const char *name)
{
    for (uint32_t i = 0; i < kconfig_option_count; i++)
        if (strcmp(kconfig_options[i].name, name) == 0)
            return &kconfig_options[i];
    return NULL;
}

void kconfig_fragment(struct buf *out, unsigned groups)
{
    for (uint32_t i = 0; i < kconfig_option_count; i++)
        if ((groups & KCONFIG_BIT(kconfig_options[i].group)) != 0)
            buf_printf(out, "CONFIG_%s=%s\n", kconfig_options[i].name, kconfig_options[i].value);
}

/* The next line of text, without its end; false at the end. */
static bool next_line(struct str *text, struct str *line)
{
    if (text->size == 0)
        return false;
    const char *newline = memchr(text->text, '\n', text->size);
    size_t size = newline == NULL ? text->size : (size_t)(newline - text->text);
    *line = (struct str){text->text, size};
    size += size < text->size;
    *text = (struct str){text->text + size, text->size - size};
    return true;
}

static bool takes(struct str *line, struct str prefix)
{
    if (line->size < prefix.size || memcmp(line->text, prefix.text, prefix.size) != 0)
        return false;
    *line = (struct str){line->text + prefix.size, line->size - prefix.size};
    return true;
}

struct str kconfig_value(struct str config, const char *name)
{
    struct str line, value = STR("n");

    while (next_line(&config, &line))
        if (takes(&line, STR("CONFIG_")) && takes(&line, str_of(name)) && takes(&line, STR("=")))
            value = line; /* the last one counts, as when make reads it */
    return value;
}

bool kconfig_has(struct str config, const struct kconfig_option *option, struct str *found)
{
    *found = kconfig_value(config, option->name);
    return str_equal(*found, str_of(option->value));
}

bool kconfig_is_config(struct str text)
{
    struct str line;

    while (next_line(&text, &line)) {
        struct str rest = line;
        if (takes(&rest, STR("CONFIG_")) && memchr(rest.text, '=', rest.size) != NULL)
            return true;
    }
    return false;
}
