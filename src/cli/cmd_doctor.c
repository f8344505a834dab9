/* mujun doctor: can this computer fuzz a kernel? Looks at everything that is needed, boots a
 * machine, runs programs in it, and gives a verdict on each, with what to do about the bad ones.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor.h"

#include "base/mem.h"
#include "cli/json.h"
#include "io/file.h"
#include "io/loop.h"
#include "spear/kernel/report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DOCTOR_ARENA_BYTES = 64 << 20, DOCTOR_TAIL_LINES = 8 };

void doctor_say(struct doctor *d, enum doctor_verdict verdict, const char *what, const char *fmt,
                ...)
{
    CHECK(d->row_count < DOCTOR_ROWS_MAX, "room for the rows of doctor.h");
    struct doctor_row *row = &d->rows[d->row_count++];
    va_list ap;

    row->verdict = verdict;
    row->what = what;
    va_start(ap, fmt);
    vsnprintf(row->text, sizeof(row->text), fmt, ap);
    va_end(ap);
    d->failed += verdict == DOCTOR_BAD;
    if (d->is_json)
        return;
    static const char *const words[] = {"ok", "note", "FAIL"};
    enum { COLUMN = 6 + 21 };
    printf("%-5s %-20s ", words[verdict], what);
    cli_wrap(stdout, COLUMN, COLUMN, row->text);
    fflush(stdout);
}

/* ---- the console, seen while it is written ---- */

static bool watch_console(void *ctx, struct str console, size_t from)
{
    struct doctor *d = ctx;
    struct report_spot spot = {0};

    if (d->shows_console) {
        /* from looks back; what was shown already is not shown again */
        size_t start = MIN(d->console_shown, console.size);
        fwrite(console.text + start, 1, console.size - start, stderr);
        d->console_shown = console.size;
    }
    return report_find(console, from, &spot);
}

static void log_line(void *ctx, const char *line)
{
    const struct doctor *d = ctx;

    if (!d->is_json)
        fprintf(stderr, "      %s\n", line);
}

/* The last lines of a console, indented. */
static void show_tail(struct str console)
{
    unsigned lines = 0;
    size_t start = console.size;

    while (start > 0 && lines < DOCTOR_TAIL_LINES)
        if (--start > 0 && console.text[start - 1] == '\n')
            lines++;
    while (start < console.size) {
        const char *newline = memchr(console.text + start, '\n', console.size - start);
        size_t end = newline == NULL ? console.size : (size_t)(newline - console.text);
        size_t size = end - start;
        size -= size > 0 && console.text[end - 1] == '\r';
        fputs("      | ", stdout);
        cli_put_name(stdout, (struct str){console.text + start, size});
        putchar('\n');
        start = end + 1;
    }
}

struct console_job {
    struct arena arena;
    struct vm *vm;
    struct str text;
};

static enum status copy_console(void *ctx, struct diag *dg)
{
    struct console_job *job = ctx;

    (void)dg;
    job->text = vm_console(job->vm, &job->arena);
    return ST_OK;
}

static void check_console(struct doctor *d, struct vm *vm)
{
    struct console_job job = {.vm = vm};

    arena_init(&job.arena, DOCTOR_ARENA_BYTES);
    if (arena_guard(&job.arena, copy_console, &job, NULL) == ST_OK) {
        doctor_say(d, job.text.size != 0 ? DOCTOR_GOOD : DOCTOR_BAD, "console",
                   job.text.size != 0 ? "%zu bytes; it ends in:"
                                      : "%zu bytes: crashes cannot be seen; the kernel needs "
                                        "CONFIG_SERIAL_8250_CONSOLE", job.text.size);
        if (!d->is_json)
            show_tail(job.text);
    }
    arena_free(&job.arena);
}

/* ---- a machine ---- */

static void check_features(struct doctor *d, const struct wire_machine *m)
{
    static const struct {
        const char *name, *label;
        uint64_t bit;
    } features[] = {
#define FEATURE(name, label, what) {#name, label, UINT64_C(1) << WIRE_FEATURE_##name},
#include "spear/wire/wire.def"
    };

    for (uint32_t i = 0; i < LENGTH_OF(features); i++) {
        if ((m->features & features[i].bit) != 0) {
            doctor_say(d, DOCTOR_GOOD, features[i].label, "enabled");
            continue;
        }
        char start[64];
        int n = snprintf(start, sizeof(start), "%s: ", features[i].name);
        const char *reason = m->reasons;
        while (reason != NULL && strncmp(reason, start, (size_t)n) != 0) {
            reason = strchr(reason, '\n');
            reason = reason == NULL ? NULL : reason + 1;
        }
        reason = reason == NULL ? "off, no reason given" : reason + n;
        doctor_say(d, DOCTOR_NOTE, features[i].label, "%.*s", (int)strcspn(reason, "\n"), reason);
    }
}

/* Runs a request again and again for a second; the rate, or 0 with *end. */
static double measure(struct vm *vm, const struct vm_request *request, struct vm_result *result,
                      enum vm_end *end)
{
    enum { FIRST = 5 };
    const uint64_t second_ns = UINT64_C(1000000000);
    uint64_t count = 0, start_ns = 0;
    struct vm_request r = *request;

    for (r.id = 1;; r.id++) {
        if (r.id == FIRST)
            start_ns = loop_now_ns();
        *end = vm_run(vm, 0, &r, result);
        if (*end != VM_RAN)
            return 0;
        if (r.id < FIRST)
            continue;
        count++;
        uint64_t spent_ns = loop_now_ns() - start_ns;
        if (spent_ns >= second_ns)
            return (double)count * (double)second_ns / (double)spent_ns;
    }
}

static void check_speed(struct doctor *d, struct vm *vm)
{
    static const uint8_t no_calls[] = {0x00, 0x01}; /* none, and the end; see wire/exec.h */
    static const struct {
        const char *what;
        struct vm_request request;
    } rows[] = {
        {"round trip", {.kind = WIRE_EMPTY}},
        {"empty program",
         {.kind = WIRE_PROGRAM, .payload = no_calls, .payload_bytes = sizeof(no_calls)}},
        {"fresh process",
         {.kind = WIRE_PROGRAM, .payload = no_calls, .payload_bytes = sizeof(no_calls),
          .flags = WIRE_RUN_FRESH}},
    };
    struct vm_result *result = mem_alloc(1, sizeof(*result));
    uint8_t *data = mem_alloc(WIRE_REPLY_MAX, 1);

    for (uint32_t i = 0; i < LENGTH_OF(rows) && result != NULL && data != NULL; i++) {
        enum vm_end end = VM_RAN;
        result->data = data;
        double rate = measure(vm, &rows[i].request, result, &end);
        if (end != VM_RAN)
            doctor_say(d, DOCTOR_BAD, rows[i].what, "%s", vm_end_text(end));
        else if (result->reply.status != WIRE_DONE)
            doctor_say(d, DOCTOR_BAD, rows[i].what, "the executor refuses: %.*s",
                       (int)result->reply.text_bytes,
                       (const char *)data + result->reply.text_offset);
        else
            doctor_say(d, DOCTOR_GOOD, rows[i].what, "%.0f a second", rate);
        if (end != VM_RAN)
            break;
    }
    mem_free(data);
    mem_free(result);
}

static void check_machine(struct doctor *d, const struct vm_options *base)
{
    struct vm_options o = *base;
    struct vm_pool *pool = NULL;
    struct vm *vm = NULL;
    struct diag dg = {0};
    struct wire_machine m;

    o.no_snapshot = true; /* it is to boot before our eyes */
    if (vm_pool_open(&o, &pool, &dg) != ST_OK) {
        doctor_say(d, DOCTOR_BAD, "machine", "%s", dg.text);
        return;
    }
    enum status st = vm_start(pool, 0, &vm, &dg);
    doctor_say(d, DOCTOR_GOOD, "accelerator", "%s", vm_pool_accel(pool));
    if (st != ST_OK) {
        doctor_say(d, DOCTOR_BAD, "boot", "%s", dg.text);
        vm_pool_close(pool);
        return;
    }
    vm_machine(vm, &m);
    doctor_say(d, DOCTOR_GOOD, "boot", "%.1f s to a running executor",
               (double)vm_uptime_ms(vm) / 1000);
    check_console(d, vm);
    doctor_say(d, DOCTOR_GOOD, "executor", "%s, %u processor%s", m.kernel, m.cpus,
               m.cpus == 1 ? "" : "s");
    doctor_say(d, DOCTOR_GOOD, "speed", "%.0f ns for an empty call, timeouts x %u",
               (double)m.calibration_ns / WIRE_CALIBRATION_LOOPS, vm_pool_slowdown(pool));
    check_features(d, &m);
    check_speed(d, vm);
    vm_stop(vm);
    vm_pool_close(pool);
}

static void check_copies(struct doctor *d, const struct vm_options *base)
{
    enum { COPIES = 3 };
    struct vm_pool *pool = NULL;
    struct diag dg = {0};
    double seconds[COPIES] = {0};

    if (base->image != NULL || vm_pool_open(base, &pool, &dg) != ST_OK) {
        doctor_say(d, DOCTOR_NOTE, "snapshot", "%s",
                   base->image != NULL ? "not with a disk image: every machine boots" : dg.text);
        return;
    }
    for (uint32_t i = 0; i < COPIES; i++) {
        struct vm *vm = NULL;
        if (vm_start(pool, i, &vm, &dg) != ST_OK) {
            doctor_say(d, DOCTOR_BAD, "snapshot", "%s", dg.text);
            vm_pool_close(pool);
            return;
        }
        seconds[i] = vm_pool_start_seconds(pool);
        vm_stop(vm);
    }
    double copy = MIN(seconds[1], seconds[2]);
    enum { SLOW_COPY_S = 3 };
    doctor_say(d, copy < SLOW_COPY_S ? DOCTOR_GOOD : DOCTOR_NOTE, "snapshot",
               copy < SLOW_COPY_S ? "the first machine in %.1f s, copies of it in %.2f s"
                                  : "does not work here: machines start in %.1f and %.1f s",
               seconds[0], copy);
    vm_pool_close(pool);
}

/* ---- the report ---- */

static void print_json(const struct doctor *d)
{
    static const char *const words[] = {"ok", "note", "fail"};
    json_t *rows = json_array();

    for (uint32_t i = 0; i < d->row_count; i++)
        json_array_append_new(rows, json_pack("{s:s, s:s, s:o}", "check", d->rows[i].what,
                                              "verdict", words[d->rows[i].verdict], "text",
                                              cli_json_text(d->rows[i].text)));
    cli_json_print(json_pack("{s:b, s:o}", "ok", d->failed == 0, "checks", rows));
}

int cmd_doctor(const struct cli_args *args)
{
    const struct doctor_options *o = args->options;
    struct doctor *d = mem_alloc(1, sizeof(*d));
    char work_dir[] = "/tmp/mujun-doctor-XXXXXX";

    if (args->count != 0)
        return cli_usage(args, "expected no operand, found %s", args->items[0]);
    if (d == NULL || mkdtemp(work_dir) == NULL) {
        fprintf(stderr, "mujun doctor: no memory, or no folder %s\n", work_dir);
        mem_free(d);
        return status_exit_code(ST_IO);
    }
    d->is_json = o->json;
    d->shows_console = o->console;
    struct vm_options vm = {
        .qemu = o->qemu, .kernel = o->kernel, .image = o->image, .sshkey = o->sshkey,
        .executor = o->executor, .cmdline = o->cmdline, .work_dir = work_dir,
        .cpus = (uint32_t)o->cpus.value, .mem_mib = (uint32_t)(o->memory.value >> 20), .slots = 1,
        .features_wanted = ~UINT64_C(0), /* ask for all, to see which there are */
        .boot_timeout_s = (uint32_t)(o->boot_timeout.value / 1000000000),
        .accel = o->accel == 0 ? VM_ACCEL_AUTO : (enum vm_accel)(o->accel - 1),
        .is_crash = watch_console, .log = log_line, .ctx = d};
    doctor_check_host(d, &vm);
    if (d->failed == 0)
        check_machine(d, &vm);
    else
        doctor_say(d, DOCTOR_NOTE, "machine", "not started, because of the above");
    if (d->failed == 0)
        check_copies(d, &vm);
    file_remove_all(work_dir);
    if (d->is_json)
        print_json(d);
    else
        printf("%s\n", d->failed == 0 ? "Everything that fuzzing a kernel needs is here."
                                      : "Not ready to fuzz a kernel: see FAIL above.");
    int exit_code = d->failed == 0 ? 0 : CLI_EXIT_FAILED;
    mem_free(d);
    return exit_code;
}
