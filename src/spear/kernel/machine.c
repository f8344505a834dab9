/* machine: a virtual machine of the pool as the manager sees it: started, closed, asked why it
 * died. The report is made of its console; the log is the last programs and the console.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "spear/kernel/report.h"
#include "spear/kernel/symbolize.h"
#include "spear/kernel/target_int.h"

#include <stdio.h>
#include <string.h>

enum { FOLLOW_UPS_MAX = 4 }; /* reports of one console that are kept beside the first */

/* ---- starting and stopping ---- */

static void machine_free(struct kernel_machine *m)
{
    for (uint32_t i = 0; i < WIRE_SLOTS_MAX; i++)
        mem_free(m->slots[i].data);
    journal_free(m->journal);
    mem_free(m);
}

static struct kernel_machine *machine_new(struct kernel_target *k, uint32_t index)
{
    struct kernel_machine *m = mem_alloc(1, sizeof(*m));

    if (m == NULL)
        return NULL;
    m->k = k;
    m->index = index;
    m->journal = journal_new(k->kind.slots);
    bool complete = m->journal != NULL;
    for (uint32_t i = 0; i < k->kind.slots; i++) {
        m->slots[i] = (struct kernel_slot){m, i, mem_alloc(WIRE_REPLY_MAX, 1)};
        complete = complete && m->slots[i].data != NULL;
    }
    if (complete)
        return m;
    machine_free(m);
    return NULL;
}

static enum status machine_start(void *self, uint32_t index, void **machine, struct diag *dg)
{
    struct kernel_target *k = self;
    struct kernel_machine *m = machine_new(k, index);

    if (m == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "replies of a machine");
    enum status st = vm_start(k->pool, index, &m->vm, dg);
    if (st != ST_OK) {
        machine_free(m);
        return st;
    }
    vm_machine(m->vm, &m->info);
    *machine = m;
    return ST_OK;
}

static void machine_stop(void *machine)
{
    struct kernel_machine *m = machine;

    vm_stop(m->vm);
    machine_free(m);
}

static void *machine_slot(void *machine, uint32_t slot)
{
    struct kernel_machine *m = machine;
    return &m->slots[slot];
}

static void machine_close(void *machine)
{
    struct kernel_machine *m = machine;
    atomic_store(&m->is_closed, true);
    if (vm_is_alive(m->vm))
        vm_interrupt(m->vm); /* not of a dead one: its console may still grow */
}

static bool machine_is_alive(const void *machine)
{
    const struct kernel_machine *m = machine;
    return vm_is_alive(m->vm);
}

static uint64_t machine_uptime_ms(const void *machine)
{
    const struct kernel_machine *m = machine;
    return vm_uptime_ms(m->vm);
}

static double machine_start_seconds(void *self)
{
    const struct kernel_target *k = self;
    return vm_pool_start_seconds(k->pool);
}

static void machine_interrupt(void *self)
{
    struct kernel_target *k = self;
    vm_pool_interrupt(k->pool);
}

static const char *machine_how(void *self)
{
    const struct kernel_target *k = self;
    return vm_pool_accel(k->pool);
}

/* ---- what the console says ---- */

static struct str line_at(struct str console, const struct report_spot *spot)
{
    return (struct str){console.text + spot->start, spot->end - spot->start};
}

/* The next oops that the configuration does not tell us to overlook. */
static bool find_crash(const struct kernel_target *k, struct str console, size_t from,
                       struct report_spot *spot)
{
    while (report_find(console, from, spot)) {
        if (k->options.is_ignored == NULL ||
            !k->options.is_ignored(k->options.ctx, line_at(console, spot)))
            return true;
        from = spot->end;
    }
    return false;
}

bool kernel_is_crash(void *ctx, struct str console, size_t from)
{
    struct report_spot spot;
    return find_crash(ctx, console, from, &spot);
}

struct lines_job {
    struct kernel_target *k;
    struct arena *a;
    const struct report *report;
    struct symbolized lines;
};

static enum status find_lines(void *ctx, struct diag *dg)
{
    struct lines_job *job = ctx;
    struct kernel_target *k = job->k;

    if (!k->symbols_tried) {
        k->symbols_tried = true;
        if (symbols_open(k->options.vmlinux, &k->symbols, dg) != ST_OK)
            kernel_say(k, "reports have no files and lines: %s", dg->text);
    }
    if (k->symbols != NULL)
        report_symbolize(job->a, k->symbols, job->report, k->options.source_dir, &job->lines);
    return ST_OK;
}

/* The report with files and lines where vmlinux is at hand, and the source to blame. The lock is
 * given back also when the arena runs full: hence a guard of its own. */
static void write_report(struct kernel_target *k, struct arena *a, const struct report *report,
                         struct buf *text)
{
    struct lines_job job = {.k = k, .a = a, .report = report};
    struct diag dg = {0};

    if (k->options.vmlinux != NULL) {
        pthread_mutex_lock(&k->symbols_lock);
        enum status st = arena_guard(a, find_lines, &job, &dg);
        pthread_mutex_unlock(&k->symbols_lock);
        if (st != ST_OK)
            job.lines = (struct symbolized){0};
    }
    buf_str(text, job.lines.text.size != 0 ? job.lines.text : report->text);
    if (job.lines.file.size != 0)
        buf_printf(text, "\nfile to blame: %.*s:%u\n", STR_ARG(job.lines.file), job.lines.line);
    buf_str(text, job.lines.source);
}

/* Everything that follows the first report in the same console. */
static void add_follow_ups(const struct kernel_target *k, struct arena *a, struct str console,
                           size_t from, struct buf *text)
{
    struct report_spot spot;

    for (uint32_t i = 0; i < FOLLOW_UPS_MAX && find_crash(k, console, from, &spot); i++) {
        struct report next;
        report_parse(a, console, spot.start, &next);
        if (next.title.size == 0 || next.end <= from)
            return;
        buf_printf(text, "\n---- then: %.*s ----\n\n", STR_ARG(next.title));
        buf_str(text, next.text);
        from = next.end;
    }
}

static void write_log(struct kernel_machine *m, struct arena *a, struct str console,
                      uint64_t named_id, struct machine_report *out)
{
    struct buf log;

    buf_init(&log, a);
    buf_text(&log, "last programs of every process, oldest first:\n\n");
    journal_print(m->journal, named_id, &log);
    buf_text(&log, "console of the machine:\n\n");
    buf_str(&log, console);
    out->log = (struct str){(const char *)log.data, log.size};
}

static void write_info(const struct kernel_machine *m, struct arena *a, struct machine_report *out)
{
    const struct vm_options *vm = m->k->options.vm;
    struct buf info;

    buf_init(&info, a);
    buf_printf(&info,
               "kernel: %s\nimage: %s\naccelerator: %s\ncpus: %u\nmemory: %u MiB\n"
               "slots: %u\nuptime: %.1f s\n",
               m->info.kernel, vm->kernel != NULL ? vm->kernel : "none", vm_pool_accel(m->k->pool),
               m->info.cpus, vm->mem_mib, m->k->kind.slots, (double)vm_uptime_ms(m->vm) / 1000);
    out->info = (struct str){(const char *)info.data, info.size};
}

/* Without an oops the way it ended is the title. */
static void machine_report(void *machine, struct arena *a, struct machine_report *out)
{
    struct kernel_machine *m = machine;
    struct str console = vm_console(m->vm, a);
    struct report_spot spot;
    struct report report = {0};
    struct buf text;

    *out = (struct machine_report){0};
    buf_init(&text, a);
    if (find_crash(m->k, console, 0, &spot))
        report_parse(a, console, spot.start, &report);
    if (report.title.size != 0) {
        out->title = report.title;
        out->corrupted = report.corrupted;
        out->suppressed = report.is_suppressed ? "the console shows a failure that is not the "
                                                 "kernel's"
                                               : NULL;
        write_report(m->k, a, &report, &text);
        add_follow_ups(m->k, a, console, report.end, &text);
    } else {
        enum vm_end end = vm_why_dead(m->vm);
        if (end == VM_STOPPED || end == VM_RAN)
            return;
        out->title = str_of(vm_end_text(end));
    }
    out->text = (struct str){(const char *)text.data, text.size};
    write_log(m, a, console, report.has_executor ? report.executor_id : 0, out);
    write_info(m, a, out);
}

/* ---- leaks ---- */

/* The reports come in the reply; they read like those of the console. */
static void machine_leaks(void *machine, struct arena *a, struct machine_report *out)
{
    struct kernel_machine *m = machine;
    struct kernel_slot *slot = &m->slots[0];
    struct vm_result *result = arena_new(a, struct vm_result, 1);
    struct vm_request request = {.kind = WIRE_LEAKS, .id = atomic_fetch_add(&m->k->next_id, 1) + 1};
    struct report report;

    *out = (struct machine_report){0};
    result->data = slot->data;
    if (vm_run(m->vm, 0, &request, result) != VM_RAN || result->reply.text_bytes == 0)
        return;
    struct str text = {(const char *)slot->data + result->reply.text_offset,
                       result->reply.text_bytes};
    text.text = arena_copy_text(a, text.text, text.size);
    report_parse(a, text, 0, &report);
    if (report.title.size == 0)
        return;
    out->title = report.title;
    out->text = report.text;
    out->corrupted = report.corrupted;
    write_log(m, a, text, 0, out);
    write_info(m, a, out);
}

void kernel_machine_kind(struct kernel_target *k)
{
    k->kind = (struct machine_kind){
        .self = k,
        .slots = k->options.vm != NULL ? k->options.vm->slots : 0,
        .start = machine_start,
        .interrupt = machine_interrupt,
        .check = kernel_check,
        .slot = machine_slot,
        .close = machine_close,
        .is_alive = machine_is_alive,
        .uptime_ms = machine_uptime_ms,
        .report = machine_report,
        .leaks = machine_leaks,
        .stop = machine_stop,
        .start_seconds = machine_start_seconds,
        .how = machine_how,
    };
}
