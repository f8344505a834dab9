/* Crash logs: which lines are markers, which lines belong to a program; and the line of settings
 * that heads a reproducer. SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/crash_log.h"
#include "spear/kernel/repro_settings.h"
#include "tap.h"

#include <string.h>

static const struct {
    const char *what, *log;
    size_t count;
    uint64_t proc, id; /* of the last */
    const char *text;  /* of the last */
} rows[] = {
    {"nothing", "", 0, 0, 0, ""},
    {"a console only", "[ 1.0] hello\n", 0, 0, 0, ""},
    {"one program",
     "1s ago: executing program 3 (id=17):\nr0 = open(&(0x7f0000000000)='./f\\x00', 0x0, 0x0)\n"
     "close(r0)\n\n[ 2.0] BUG\n", 1, 3, 17,
     "r0 = open(&(0x7f0000000000)='./f\\x00', 0x0, 0x0)\nclose(r0)"},
    {"no id", "00:00:01 executing program 2:\nioctl$X(0x0)\n", 1, 2, 0, "ioctl$X(0x0)"},
    {"two, and noise between",
     "executing program 0 (id=1):\na()\nconsole line\nb()\nexecuting program 1 (id=2):\nc()", 2,
     1, 2, "c()"},
    {"a comment stays", "executing program 0:\n# {\"threaded\":true}\na()\n", 1, 0, 0,
     "# {\"threaded\":true}\na()"},
    {"marker without program", "executing program 0 (id=1):\n", 1, 0, 1, ""},
    {"no number, no marker", "executing program x:\na()\n", 0, 0, 0, ""},
    {"a result without a call is console", "executing program 0:\nr0 is 3\n", 1, 0, 0, ""},
};

struct job {
    struct arena arena;
    const char *log;
    struct crash_log_program *all;
    size_t count;
};

static enum status run(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    (void)dg;
    job->all = crash_log_programs(&job->arena, str_of(job->log), &job->count);
    return ST_OK;
}

static void log_rows(void)
{
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        struct job job = {.log = rows[i].log};
        arena_init(&job.arena, 1 << 20);
        enum status st = arena_guard(&job.arena, run, &job, NULL);
        bool same = st == ST_OK && job.count == rows[i].count;
        if (same && job.count != 0) {
            const struct crash_log_program *last = &job.all[job.count - 1];
            same = last->proc == rows[i].proc && last->id == rows[i].id &&
                   str_equal(last->text, str_of(rows[i].text));
        }
        tap_ok(same, "%s", rows[i].what);
        arena_free(&job.arena);
    }
}

static const struct {
    const char *what, *line;
    bool threaded, repeat;
    uint32_t procs;
    enum wire_sandbox sandbox;
} headers[] = {
    {"all given",
     "# {\"threaded\":false,\"repeat\":true,\"procs\":4,\"sandbox\":\"namespace\"}\nclose(0x0)",
     false, true, 4, WIRE_SANDBOX_NAMESPACE},
    {"keys of others are skipped", "# {\"vhci\":true,\"procs\":2,\"wifi\":false}\n", true, true,
     2, WIRE_SANDBOX_NONE },
    {"several processes need repetition", "# {\"repeat\":false,\"procs\":2}", true, true, 2,
     WIRE_SANDBOX_NONE },
    {"wrong types are skipped", "# {\"threaded\":1,\"procs\":\"x\",\"sandbox\":\"moon\"}\n", true,
     true, 6, WIRE_SANDBOX_NONE },
    {"not JSON", "# {\"threaded\":\n", true, true, 6, WIRE_SANDBOX_NONE },
    {"no header", "close(0x0)\n", true, true, 6, WIRE_SANDBOX_NONE },
};

static void header_rows(void)
{
    for (size_t i = 0; i < LENGTH_OF(headers); i++) {
        struct repro_settings s = repro_settings_full(6, WIRE_SANDBOX_NONE);
        repro_settings_parse(str_of(headers[i].line), &s);
        tap_ok(s.threaded == headers[i].threaded && s.repeat == headers[i].repeat &&
                   s.procs == headers[i].procs && s.sandbox == headers[i].sandbox,
               "%s", headers[i].what);
    }
}

static enum status print_and_parse(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct buf out;

    (void)dg;
    for (int which = 0; which < REPRO_SETTING_COUNT; which++) {
        struct repro_settings s = repro_settings_full(3, WIRE_SANDBOX_SETUID), back = {0};
        (void)repro_settings_simplify(&s, (enum repro_setting)which, true);
        buf_init(&out, &job->arena);
        repro_settings_print(&out, &s);
        repro_settings_parse((struct str){(char *)out.data, out.size}, &back);
        job->count += memcmp(&s, &back, sizeof(s)) == 0;
    }
    return ST_OK;
}

int main(void)
{
    log_rows();
    header_rows();

    struct job job = {0};
    arena_init(&job.arena, 1 << 20);
    enum status st = arena_guard(&job.arena, print_and_parse, &job, NULL);
    tap_ok(st == ST_OK && job.count == REPRO_SETTING_COUNT,
           "settings are read back as they were printed");
    arena_free(&job.arena);

    struct repro_settings s = repro_settings_full(1, WIRE_SANDBOX_NONE);
    tap_ok(!repro_settings_simplify(&s, REPRO_SETTING_procs, false),
           "one process is simple already");
    tap_ok(!repro_settings_simplify(&s, REPRO_SETTING_sysctl, false),
           "the executor keeps its sysctls");
    tap_ok(repro_settings_simplify(&s, REPRO_SETTING_threaded, false) && !s.threaded,
           "no threads are simpler");
    return tap_done();
}
