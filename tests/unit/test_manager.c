/* The manager over machines that are none: the toy target of the engine's tests in "machines" that
 * do not start, die, crash, live for ever or leak, at will. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "io/file.h"
#include "spear/manager/manager.h"
#include "spear/manager/status.h"
#include "tap.h"
#include "toy.h"

#include <stdlib.h>
#include <unistd.h>

/* ---- machines ---- */

struct fake {
    struct toy toy;
    struct target target;
    struct machine_kind kind;
    struct machine_check check;
    uint32_t bad_starts; /* that many starts fail first */
    uint32_t bad_checks;
    bool has_console; /* a dead machine has a title */
    bool leaks;
    bool is_immortal; /* what kills the toy is survived */
    const char *corrupted, *suppressed;
    _Atomic uint32_t starts, stops, live, live_max, reports, leak_searches, repros;
    bool repro_works;
};
struct fake_machine;
struct fake_slot {
    struct toy_slot toy; /* first: the toy gets a pointer to it */
    struct fake_machine *machine;
};
struct fake_machine {
    struct fake *fake;
    _Atomic bool is_dead, is_closed;
    struct fake_slot slots[2];
    struct timespec start;
};

static enum status fake_start(void *self, uint32_t index, void **machine, struct diag *dg)
{
    struct fake *f = self;
    uint32_t nth = atomic_fetch_add(&f->starts, 1);

    if (nth < f->bad_starts)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "the kernel said nothing for 600 s");
    struct fake_machine *m = mem_alloc(1, sizeof(*m));
    m->fake = f;
    clock_gettime(CLOCK_MONOTONIC, &m->start);
    for (uint32_t i = 0; i < LENGTH_OF(m->slots); i++) {
        rng_seed(&m->slots[i].toy.rng, nth * 16 + index * 2 + i + 1);
        m->slots[i].machine = m;
    }
    uint32_t live = atomic_fetch_add(&f->live, 1) + 1;
    if (live > f->live_max)
        f->live_max = live;
    *machine = m;
    return ST_OK;
}

static enum status fake_check(void *self, void *machine, const struct machine_check **out,
                              struct diag *dg)
{
    static const struct check_row rows[] = {
        {{"syscalls", 8},       {"7/8", 3}    },
        {{"code coverage", 13}, {"enabled", 7}},
    };
    static const struct check_row off[] = {
        {{"hang", 4}, {"it hangs", 8}},
    };
    struct fake *f = self;

    if (f->bad_checks != 0) {
        f->bad_checks--;
        ((struct fake_machine *)machine)->is_dead = true;
        return diag_fail(dg, ST_TRAP, DIAG_NO_OFFSET, "the machine died");
    }
    f->check = (struct machine_check){.rows = rows,
                                      .row_count = LENGTH_OF(rows),
                                      .disabled = off,
                                      .disabled_count = 1,
                                      .has_signal = true,
                                      .has_comparisons = true,
                                      .has_faults = true,
                                      .has_leaks = f->leaks};
    *out = &f->check;
    return ST_OK;
}

static void *fake_slot(void *machine, uint32_t slot)
{
    return &((struct fake_machine *)machine)->slots[slot];
}

static void fake_close(void *machine)
{
    ((struct fake_machine *)machine)->is_closed = true;
}

static bool fake_is_alive(const void *machine)
{
    return !((const struct fake_machine *)machine)->is_dead;
}

static uint64_t fake_uptime_ms(const void *machine)
{
    const struct fake_machine *m = machine;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)((now.tv_sec - m->start.tv_sec) * 1000 +
                      (now.tv_nsec - m->start.tv_nsec) / 1000000);
}

static void fake_report(void *machine, struct arena *a, struct machine_report *out)
{
    struct fake *f = ((struct fake_machine *)machine)->fake;
    struct buf title;

    buf_init(&title, a);
    buf_printf(&title, "BUG: toy %u", atomic_fetch_add(&f->reports, 1) % 3);
    *out = (struct machine_report){
        .title = {(const char *)title.data, f->has_console ? title.size : 0},
        .text = STR("report\n"),
        .log = STR("1s ago: executing program 0 (id=7):\ngetpid()\n\nnoise: toy\n"),
        .info = STR("info\n"),
        .corrupted = f->corrupted,
        .suppressed = f->suppressed,
    };
}

static void fake_leaks(void *machine, struct arena *a, struct machine_report *out)
{
    struct fake *f = ((struct fake_machine *)machine)->fake;

    (void)a;
    atomic_fetch_add(&f->leak_searches, 1);
    *out = (struct machine_report){.title = STR("memory leak in toy_new"), .log = STR("log")};
}

static void fake_stop(void *machine)
{
    struct fake_machine *m = machine;

    atomic_fetch_sub(&m->fake->live, 1);
    atomic_fetch_add(&m->fake->stops, 1);
    mem_free(m);
}

static double fake_start_seconds(void *self)
{
    (void)self;
    return 0.25;
}

static void fake_run(void *self, void *slot, struct maker *m, const struct input *in,
                     const struct run_request *request, struct outcome *out)
{
    struct fake_machine *machine = ((struct fake_slot *)slot)->machine;

    *out = (struct outcome){.end = RUN_DEAD};
    if (!machine->is_closed && !machine->is_dead)
        toy_run_input(self, slot, m, in, request, out);
    if (machine->fake->is_immortal && out->end == RUN_DEAD && !machine->is_closed)
        out->end = RUN_DONE;
    machine->is_dead = machine->is_dead || (out->end == RUN_DEAD && !machine->is_closed);
}

static enum status fake_reproduce(void *self, const struct repro_task *task,
                                  struct repro_outcome *out, struct arena *a, struct diag *dg)
{
    struct fake *f = self;

    (void)a;
    (void)dg;
    atomic_fetch_add(&f->repros, 1);
    task->log_line(task->ctx, "trying");
    task->ran(task->ctx, 5);
    *out = (struct repro_outcome){
        .has_prog = f->repro_works,
        .has_c = f->repro_works,
        .files = {.prog = STR("# {}\ngetpid()\n"),
                  .c = STR("int main(void)\n{\n}\n"),
                  .log = STR("log"),
                  .report = STR("report"),
                  .stats = STR("stats")},
        .attempt_log = STR("nothing helped\n")
    };
    return ST_OK;
}

/* ---- a run ---- */

struct lines {
    char text[1 << 18];
    size_t size;
};

static void keep_line(void *ctx, const char *line)
{
    struct lines *l = ctx;
    size_t size = strlen(line);

    if (l->size + size + 2 < sizeof(l->text)) {
        memcpy(l->text + l->size, line + 20, size - 20); /* behind the time */
        l->size += size - 20;
        l->text[l->size++] = '\n';
    }
}

struct run {
    struct fake fake;
    struct config config;
    struct manager_options options;
    struct lines lines;
    struct arena arena;
    struct manager *m;
    enum status status;
    struct diag dg;
    struct status_snapshot snapshot;
    char workdir[64];
    const char *const *keys; /* path, value, ..., NULL */
};

static enum status configure(void *ctx, struct diag *dg)
{
    struct run *r = ctx;

    config_init(&r->config, &r->arena);
    TRY(config_set(&r->config, "workdir", r->workdir, dg));
    TRY(config_set(&r->config, "seed", "1", dg));
    for (uint32_t i = 0; r->keys != NULL && r->keys[i] != NULL; i += 2)
        TRY(config_set(&r->config, r->keys[i], r->keys[i + 1], dg));
    return ST_OK;
}

static enum status snapshot(void *ctx, struct diag *dg)
{
    struct run *r = ctx;

    (void)dg;
    manager_snapshot(r->m, &r->arena, &r->snapshot);
    return ST_OK;
}

static void run_begin(struct run *r)
{
    struct fake *f = &r->fake;

    snprintf(r->workdir, sizeof(r->workdir), "/tmp/mujun-manager-XXXXXX");
    if (mkdtemp(r->workdir) == NULL)
        abort();
    pthread_mutex_init(&f->toy.lock, NULL);
    f->target = toy_target(&f->toy);
    f->target.run = fake_run;
    f->kind = (struct machine_kind){.self = f,
                                    .slots = 2,
                                    .start = fake_start,
                                    .check = fake_check,
                                    .slot = fake_slot,
                                    .close = fake_close,
                                    .is_alive = fake_is_alive,
                                    .uptime_ms = fake_uptime_ms,
                                    .report = fake_report,
                                    .leaks = fake_leaks,
                                    .stop = fake_stop,
                                    .start_seconds = fake_start_seconds};
    arena_init(&r->arena, (size_t)256 << 20);
    r->options.config = &r->config;
    r->options.log = keep_line;
    r->options.ctx = &r->lines;
    r->options.restart_ms = 1;
}

static void run_all(struct run *r)
{
    const struct manager_parts parts = {
        .target = &r->fake.target,
        .machines = &r->fake.kind,
        .reproduce = fake_reproduce,
        .self = &r->fake,
    };

    r->status = arena_guard(&r->arena, configure, r, &r->dg);
    if (r->status == ST_OK)
        r->status = manager_open_parts(&r->options, &parts, &r->m, &r->dg);
    if (r->status == ST_OK)
        r->status = manager_run(r->m, &r->dg);
    if (r->m != NULL && arena_guard(&r->arena, snapshot, r, &r->dg) != ST_OK)
        r->status = ST_NO_MEMORY;
}

static void run_end(struct run *r)
{
    manager_close(r->m);
    arena_free(&r->arena);
    file_remove_all(r->workdir);
    mem_free(r);
}

static struct run *run_new(void)
{
    struct run *r = mem_alloc(1, sizeof(*r));

    run_begin(r);
    return r;
}

static bool says(const struct run *r, const char *text)
{
    return strstr(r->lines.text, text) != NULL;
}

/* ---- cases ---- */

static void plain(void)
{
    static const char *const keys[] = {"vm.count", "3", NULL};
    static const char *const in_order[] = {"loading corpus...\n",
                                           "booting test machines...",
                                           "wait for the connection",
                                           "machine check:",
                                           "syscalls                : 7/8",
                                           "code coverage           : enabled",
                                           "1 calls off: it hangs",
                                           "corpus                  : 0 (0 deleted)",
                                           "VMs "};
    struct run *r = run_new();
    const char *at = r->lines.text;

    r->keys = keys;
    r->options.exec_limit = 2000;
    run_all(r);
    tap_ok(r->status == ST_OK, "it runs to its limit: %s", r->dg.text);
    for (size_t i = 0; i < LENGTH_OF(in_order) && at != NULL; i++)
        if (!tap_ok((at = strstr(at, in_order[i])) != NULL, "then says: %.40s", in_order[i]))
            printf("# %s\n", r->lines.text);
    tap_ok(r->fake.live_max == 3 && r->fake.live == 0 && r->fake.starts == r->fake.stops,
           "three machines, all stopped: %u %u", r->fake.starts, r->fake.stops);
    tap_ok(r->snapshot.stats[STAT_exec_total] >= 2000 && r->snapshot.machine_count == 3 &&
               r->snapshot.line_count > 8 && r->snapshot.config_count == CONFIG_KEY_COUNT &&
               r->snapshot.check != NULL,
           "the snapshot has it all");
    run_end(r);
}

static void crashing(void)
{
    static const char *const keys[] = {"vm.count", "2", NULL};
    struct run *r = run_new();

    r->keys = keys;
    r->fake.toy.deaths_of = 300;
    r->fake.has_console = true;
    r->fake.repro_works = true;
    r->options.time_limit_s = 4;
    run_all(r);
    tap_ok(r->status == ST_OK && r->snapshot.crash_count == 3 &&
               r->snapshot.stats[STAT_crash_titles] == 3,
           "three titles are kept, and counted: %zu, %ju", r->snapshot.crash_count,
           (uintmax_t)r->snapshot.stats[STAT_crash_titles]);
    tap_ok(says(r, "crash: BUG: toy 1\n") && r->snapshot.stats[STAT_crashes] > 3,
           "each crash has its line: %ju", (uintmax_t)r->snapshot.stats[STAT_crashes]);
    tap_ok(r->fake.starts == r->fake.stops && r->fake.live == 0, "every machine was stopped");
    tap_ok(says(r, "reproducing crash 'BUG: toy 0': 1 programs, 1 VMs, timeouts ["),
           "reproduction is announced");
    bool all = r->fake.repros >= 3;
    for (size_t i = 0; i < r->snapshot.crash_count; i++)
        all = all && r->snapshot.crashes[i].has_c_repro;
    tap_ok(all && r->snapshot.stats[STAT_repro_c] == r->fake.repros,
           "and leaves a reproducer of each: %u", r->fake.repros);
    tap_ok(r->fake.live_max <= 2, "never more machines than there are places");
    if (!all)
        printf("# %s\n", r->lines.text);
    run_end(r);
}

static void unreproducible(void)
{
    static const char *const keys[] = {"vm.count", "1", NULL};
    struct run *r = run_new();
    bool all = true;

    r->keys = keys;
    r->fake.toy.deaths_of = 200;
    r->fake.has_console = true;
    r->options.time_limit_s = 5;
    run_all(r);
    for (uint32_t i = 0; i < r->snapshot.repro_count; i++)
        all = all && r->snapshot.repros[i].attempts <= 3;
    tap_ok(r->status == ST_OK && all && r->fake.repros == 9, "each is tried three times: %u",
           r->fake.repros);
    run_end(r);
}

static void not_kept(const char *name, const char *pattern, const char *suppressed,
                     const char *line)
{
    const char *keys[] = {"suppressions", pattern, NULL};
    struct run *r = run_new();

    r->keys = pattern != NULL ? keys : NULL;
    r->fake.suppressed = suppressed;
    r->fake.toy.deaths_of = 100;
    r->fake.has_console = true;
    r->options.exec_limit = 2000;
    run_all(r);
    tap_ok(r->status == ST_OK && r->snapshot.crash_count == 0 && r->fake.repros == 0 &&
               says(r, line),
           "%s", name);
    run_end(r);
}

static void bad_boots(void)
{
    static const char *const keys[] = {"vm.count", "1", "vm.boot_tries", "4", NULL};
    struct run *r = run_new();

    r->keys = keys;
    r->fake.bad_starts = 3;
    r->fake.bad_checks = 0;
    r->options.exec_limit = 500;
    run_all(r);
    tap_ok(r->status == ST_OK && says(r, "vm-0: did not start (3 of 4 in a row): the kernel said"),
           "three failed boots are survived");
    run_end(r);

    r = run_new();
    r->keys = keys;
    r->fake.bad_starts = 100;
    run_all(r);
    tap_ok(r->status == ST_IO && strstr(r->dg.text, "nothing for 600 s") != NULL &&
               r->fake.starts == 4,
           "the fourth ends it, with the reason: %s", r->dg.text);
    run_end(r);

    r = run_new();
    r->keys = keys;
    r->fake.bad_checks = 2;
    r->options.exec_limit = 500;
    run_all(r);
    tap_ok(r->status == ST_OK && says(r, "the machine died"), "a machine may die in its check");
    run_end(r);
}

static void restarts(void)
{
    static const char *const keys[] = {"vm.count", "1", "vm.lifetime", "1", "leak_time", "1", NULL};
    struct run *r = run_new();

    r->keys = keys;
    r->fake.leaks = true;
    r->fake.is_immortal = true;
    r->fake.repro_works = true;
    r->options.time_limit_s = 4;
    run_all(r);
    tap_ok(says(r, "vm-0: running for 1."), "an old machine is replaced");
    run_end(r);

    static const char *const leak_keys[] = {"vm.count", "1", "leak_time", "1", NULL};
    r = run_new();
    r->keys = leak_keys;
    r->fake.leaks = true;
    r->fake.is_immortal = true;
    r->fake.repro_works = true;
    r->options.time_limit_s = 4;
    run_all(r);
    tap_ok(r->fake.leak_searches != 0 && says(r, "vm-0: crash: memory leak in toy_new"),
           "a leak is a crash: %u searches", r->fake.leak_searches);
    run_end(r);
}

static void refusals(void)
{
    static const char *const bad_regex[] = {"ignores", "a(", NULL};
    static const char *const no_seed[] = {"seed_corpus", "/nowhere/at/all", NULL};
    struct run *r = run_new();

    r->keys = bad_regex;
    run_all(r);
    tap_ok(r->status == ST_USAGE &&
               strstr(r->dg.text, "ignores: expected a regular expression, found a(") != NULL,
           "%s", r->dg.text);
    run_end(r);
    r = run_new();
    r->keys = no_seed;
    run_all(r);
    tap_ok(r->status == ST_IO && strstr(r->dg.text, "/nowhere/at/all") != NULL, "%s", r->dg.text);
    run_end(r);

    struct run *first = run_new(), *second = run_new();
    first->options.exec_limit = 100;
    run_all(first);
    snprintf(second->workdir, sizeof(second->workdir), "%s", first->workdir);
    run_all(second);
    tap_ok(second->status == ST_IO && strstr(second->dg.text, "another mujun") != NULL, "%s",
           second->dg.text);
    run_end(second);
    run_end(first);
}

int main(void)
{
    plain();
    crashing();
    unreproducible();
    not_kept("what the configuration does not want is not kept", "noise: t.y", NULL,
             "suppressed: BUG: toy 0 (by noise: t.y)");
    not_kept("what is no bug of the target is not kept", NULL, "our own failure",
             "no bug of the target: BUG: toy 0 (our own failure)");
    bad_boots();
    restarts();
    refusals();
    return tap_done();
}
