/* repro_c: C source that crashes as wanted: written, compiled, run alone in a fresh machine.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "io/file.h"
#include "io/process.h"
#include "spear/kernel/csource.h"
#include "spear/kernel/repro_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { COMPILE_MS_MAX = 60000, COMPILER_SAYS_MAX = 2000, FOLDER_MAX = 64 };

static struct str say_why(struct repro *r, const char *fmt, const char *detail)
{
    struct buf text;

    buf_init(&text, r->arena);
    buf_printf(&text, "%s: %s", fmt, detail);
    return (struct str){(char *)text.data, text.size};
}

/* source.c -> binary in the folder. */
static bool compile(struct repro *r, const char *folder, struct str *why)
{
    const char *compiler = r->options->compiler != NULL ? r->options->compiler : "cc";
    const char *const argv[] = {compiler,  "-O1", "-w",    "-static", "-pthread",
                                "repro.c", "-o",  "repro", NULL};
    const struct process_options options = {.path = compiler, .argv = argv, .dir = folder};
    char path[FILE_PATH_MAX], says[COMPILER_SAYS_MAX];
    struct process_options found = options;
    struct diag dg = {0};
    int end = 0;

    if (!file_find_program(compiler, path)) {
        *why = say_why(r, "no C compiler; install gcc and libc6-dev", compiler);
        return false;
    }
    found.path = path;
    if (process_output(&found, COMPILE_MS_MAX, says, sizeof(says), &end, &dg) != ST_OK) {
        *why = say_why(r, "the compiler did not run", dg.text);
        return false;
    }
    if (!WIFEXITED(end) || WEXITSTATUS(end) != 0) {
        *why = say_why(r, "it does not compile", says);
        return false;
    }
    return true;
}

static bool build(struct repro *r, struct str source, const char *folder, uint8_t **binary,
                  size_t *size, struct str *why)
{
    char path[FOLDER_MAX + 16];
    struct diag dg = {0};

    snprintf(path, sizeof(path), "%s/repro.c", folder);
    if (file_write(path, source.text, source.size, &dg) != ST_OK) {
        *why = say_why(r, "cannot be written", dg.text);
        return false;
    }
    if (!compile(r, folder, why))
        return false;
    snprintf(path, sizeof(path), "%s/repro", folder);
    if (file_read(path, WIRE_PAYLOAD_MAX, binary, size, &dg) != ST_OK) {
        *why = say_why(r, "the binary cannot be sent to the machine", dg.text);
        return false;
    }
    return true;
}

bool repro_try_source(struct repro *r, struct str source, const struct repro_settings *settings,
                      struct str *why)
{
    char folder[FOLDER_MAX] = "/tmp/mujun-repro-XXXXXX";
    struct repro_case c = {.settings = *settings};
    uint8_t *binary = NULL;
    bool crashed = false;

    if (mkdtemp(folder) == NULL) {
        *why = say_why(r, "cannot make a folder", folder);
        return false;
    }
    if (build(r, source, folder, &binary, &c.binary_bytes, why)) {
        /* The file repeats, sandboxes and starts processes by itself. */
        c.binary = binary;
        c.settings.procs = 1;
        c.settings.sandbox = WIRE_SANDBOX_NONE;
        crashed = repro_attempt(r, &c);
        if (!crashed)
            *why = STR("it compiles and runs, but does not crash the machine");
    }
    mem_free(binary);
    file_remove_all(folder);
    return crashed;
}

static bool try_settings(struct repro *r, const struct syz_prog *p,
                         const struct repro_settings *settings, struct str *source, struct str *why)
{
    struct buf text;
    struct diag dg = {0};

    if (repro_stopped(r))
        return false;
    buf_init(&text, r->arena);
    if (csource_write(p, settings, r->options->title, &text, &dg) != ST_OK) {
        *why = say_why(r, "cannot be written in C", dg.text);
        return false;
    }
    const struct str written = {(char *)text.data, text.size};
    if (!repro_try_source(r, written, settings, why))
        return false;
    *source = written;
    return true;
}

/* The settings with everything that only C source can do without left out. */
static struct repro_settings bare(const struct repro_settings *settings)
{
    struct repro_settings s = *settings;
    for (int i = 0; i < REPRO_SETTING_COUNT; i++)
        if (i != REPRO_SETTING_leak && i != REPRO_SETTING_threaded && i != REPRO_SETTING_repeat &&
            i != REPRO_SETTING_procs && i != REPRO_SETTING_sandbox)
            (void)repro_settings_simplify(&s, (enum repro_setting)i, true);
    return s;
}

bool repro_find_c(struct repro *r, const struct syz_prog *p, struct repro_settings *settings,
                  struct str *source, struct str *why)
{
    struct repro_settings s = bare(settings);

    repro_say(r, "C source with nothing but the calls");
    if (try_settings(r, p, &s, source, why)) {
        *settings = s;
        return true;
    }
    repro_say(r, "  %.*s", (int)why->size, why->text);
    const struct repro_settings full =
        repro_settings_full(r->options->settings.procs, r->options->settings.sandbox);
    s = *settings;
    repro_say(r, "C source with the surroundings of the executor");
    if (!try_settings(r, p, &s, source, why)) {
        s = full;
        s.leak = settings->leak;
        repro_say(r, "C source with everything");
        if (!try_settings(r, p, &s, source, why))
            return false;
    }
    *settings = s;
    for (int i = 0; i < REPRO_SETTING_COUNT && !repro_stopped(r); i++) {
        struct str ignored;
        s = *settings;
        if (i == REPRO_SETTING_leak || !repro_settings_simplify(&s, (enum repro_setting)i, true))
            continue;
        repro_say(r, "C source with %s made simple", repro_setting_name((enum repro_setting)i));
        if (try_settings(r, p, &s, source, &ignored))
            *settings = s;
    }
    return true;
}
