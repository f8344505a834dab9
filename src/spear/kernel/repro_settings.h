/* repro_settings: how a reproducer is to be run. See repro_settings.def.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_REPRO_SETTINGS_H
#define SPEAR_KERNEL_REPRO_SETTINGS_H

#include "base/buf.h"
#include "spear/wire/wire.h"

struct repro_settings {
#define SETTING_TYPE_BOOL    bool
#define SETTING_TYPE_UINT    uint32_t
#define SETTING_TYPE_SANDBOX enum wire_sandbox
#define SETTING(name, type, simple, in, what) SETTING_TYPE_##type name;
#include "spear/kernel/repro_settings.def"
};

enum repro_setting {
#define SETTING(name, type, simple, in, what) REPRO_SETTING_##name,
#include "spear/kernel/repro_settings.def"
    REPRO_SETTING_COUNT
};

/* What programs run with while fuzzing: everything that can help. */
struct repro_settings repro_settings_full(uint32_t procs, enum wire_sandbox sandbox);
/* With one setting made simple; false when it is already. Only settings that the executor honours
 * when source is false. */
bool repro_settings_simplify(struct repro_settings *s, enum repro_setting which, bool source);
const char *repro_setting_name(enum repro_setting which);
/* Turns off what cannot be without something else that is off. */
void repro_settings_settle(struct repro_settings *s);

/* One line, `# {"threaded":true,...}` and a newline. */
void repro_settings_print(struct buf *out, const struct repro_settings *s);
/* Takes such a line from the start of a program's text when there is one, else leaves *s as it is.
 * Keys that are not ours are skipped: other tools write more of them. */
void repro_settings_parse(struct str text, struct repro_settings *s);

#endif /* SPEAR_KERNEL_REPRO_SETTINGS_H */
