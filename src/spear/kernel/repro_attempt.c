/* repro_attempt: one try in one fresh machine, and the judgement of how it ended.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "spear/kernel/repro_int.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { LEAK_REPORT_SECONDS = 2 };

double repro_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool repro_stopped(const struct repro *r)
{
    return r->options->stop != NULL && *(const volatile bool *)r->options->stop;
}

static void sleep_ms(long ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* ---- running --------------------------------------------------------------------------------- */

struct payload {
    const uint8_t *data;
    size_t size;
};

/* One attempt: the machine, and what its threads share. */
struct attempt {
    struct repro *r;
    const struct repro_case *c;
    struct vm *vm;
    struct payload *payloads;
    size_t payload_count;
    double deadline_s;
    _Atomic uint32_t runs;
    _Atomic bool has_ended; /* vm_run() returned something else than a result */
};

struct runner {
    struct attempt *attempt;
    uint32_t slot;
    uint8_t *reply; /* WIRE_REPLY_MAX bytes */
    pthread_t thread;
};

static bool send(struct runner *runner, struct vm_request *request)
{
    struct attempt *a = runner->attempt;
    struct vm_result result = {.data = runner->reply};

    request->id = runner->slot + 1; /* names the process; any number will do here */
    request->sandbox = a->c->settings.sandbox;
    const enum vm_end end = vm_run(a->vm, runner->slot, request, &result);
    if (end != VM_RAN)
        atomic_store(&a->has_ended, true);
    return end == VM_RAN;
}

static bool is_over(const struct attempt *a)
{
    return atomic_load(&a->has_ended) || !vm_is_alive(a->vm) || repro_now_s() > a->deadline_s ||
           repro_stopped(a->r);
}

static bool run_binary(struct runner *runner)
{
    const struct attempt *a = runner->attempt;
    const double left_s = a->deadline_s - repro_now_s();
    struct vm_request request = {
        .kind = WIRE_BINARY,
        .payload = a->c->binary,
        .payload_bytes = a->c->binary_bytes,
        .program_timeout_ms = left_s < 1 ? 1000 : (uint32_t)(left_s * 1000),
    };
    return send(runner, &request);
}

static bool run_programs(struct runner *runner)
{
    const struct attempt *a = runner->attempt;

    for (size_t i = 0; i < a->payload_count && !is_over(a); i++) {
        struct vm_request request = {
            .kind = WIRE_PROGRAM,
            .flags = WIRE_RUN_FRESH | (a->c->settings.threaded ? WIRE_RUN_THREADED : 0),
            .payload = a->payloads[i].data,
            .payload_bytes = a->payloads[i].size,
        };
        if (!send(runner, &request))
            return false;
        atomic_fetch_add(&runner->attempt->runs, 1);
    }
    return true;
}

static bool scan_for_leaks(struct runner *runner)
{
    struct vm_request request = {.kind = WIRE_LEAKS};
    return send(runner, &request);
}

static void *runner_main(void *ctx)
{
    struct runner *runner = ctx;
    struct attempt *a = runner->attempt;

    do {
        const bool ran = a->c->binary != NULL ? run_binary(runner) : run_programs(runner);
        if (!ran || (a->r->is_leak && runner->slot == 0 && !scan_for_leaks(runner)))
            break;
    } while (a->c->settings.repeat && !is_over(a));
    return NULL;
}

/* Returns when all threads have ended; then gives a crash that comes late its time. */
static void run_all(struct attempt *a)
{
    struct runner runners[WIRE_SLOTS_MAX] = {0};
    const uint32_t wanted = a->c->binary != NULL ? 1 : MAX(a->c->settings.procs, 1);
    uint32_t count = 0;

    for (; count < MIN(wanted, WIRE_SLOTS_MAX); count++) {
        struct runner *runner = &runners[count];
        *runner = (struct runner){.attempt = a, .slot = count};
        runner->reply = mem_alloc(WIRE_REPLY_MAX, 1);
        if (runner->reply == NULL)
            break;
        if (pthread_create(&runner->thread, NULL, runner_main, runner) != 0) {
            mem_free(runner->reply);
            break;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        pthread_join(runners[i].thread, NULL);
        mem_free(runners[i].reply);
    }
    if (a->r->is_leak) /* what was lost has been looked for; only its report may be on its way */
        a->deadline_s = MIN(a->deadline_s, repro_now_s() + LEAK_REPORT_SECONDS);
    while (!is_over(a))
        sleep_ms(20);
}

/* ---- judging --------------------------------------------------------------------------------- */

static bool has_title(const struct report *report, struct str title)
{
    bool has = str_equal(report->title, title);
    for (uint32_t i = 0; i < report->alt_count; i++)
        has = has || str_equal(report->alts[i], title);
    return has;
}

static bool is_same_bug(const struct report *wanted, const struct report *found)
{
    bool same = has_title(found, wanted->title) || has_title(wanted, found->title);
    for (uint32_t i = 0; i < wanted->alt_count; i++)
        same = same || has_title(found, wanted->alts[i]);
    /* One function may be caught by two sanitizers, whichever looks first. */
    return same || (wanted->function.size != 0 && str_equal(wanted->function, found->function));
}

struct judgement {
    struct repro *r;
    struct vm *vm;
    bool crashed, as_wanted;
    char title[REPORT_TITLE_MAX + 1];
};

static struct str keep(struct repro *r, struct str s)
{
    return (struct str){arena_copy_text(r->arena, s.text, s.size), s.size};
}

static enum status judge(void *ctx, struct diag *dg)
{
    struct judgement *j = ctx;
    struct repro *r = j->r;
    struct report found = {0};
    const struct str console = vm_console(j->vm, &r->scratch);

    (void)dg;
    report_parse(&r->scratch, console, 0, &found);
    if (found.title.size == 0)
        found.title = str_of(vm_end_text(vm_why_dead(j->vm)));
    j->crashed = true;
    if (r->wanted.title.size == 0)
        repro_want(r, &found);
    j->as_wanted = is_same_bug(&r->wanted, &found);
    snprintf(j->title, sizeof(j->title), "%.*s", (int)found.title.size, found.title.text);
    if (j->as_wanted) {
        r->report = keep(r, found.text);
        r->console = keep(r, console);
    }
    return ST_OK;
}

/* ---- one attempt ----------------------------------------------------------------------------- */

struct encoding {
    struct repro *r;
    const struct repro_case *c;
    struct attempt *attempt;
};

static enum status encode(void *ctx, struct diag *dg)
{
    struct encoding *e = ctx;
    struct attempt *a = e->attempt;

    a->payloads = arena_new(&e->r->scratch, struct payload, e->c->program_count);
    for (size_t i = 0; i < e->c->program_count; i++) {
        struct buf out;
        buf_init(&out, &e->r->scratch);
        TRY(syz_prog_encode(e->c->programs[i], &out, dg));
        a->payloads[a->payload_count++] = (struct payload){out.data, out.size};
    }
    return ST_OK;
}

static double seconds_allowed(const struct repro *r, const struct repro_case *c)
{
    const double first = r->is_hang ? REPRO_SECONDS_HANG : REPRO_SECONDS_FIRST;

    if (c->seconds > 0)
        return c->seconds;
    if (r->slowest_s <= 0)
        return first;
    /* What crashes in the first run always does, or nearly so; the rest is a matter of luck. */
    const double learnt = (r->most_runs > 1 ? 3 : 1.5) * r->slowest_s + 2;
    return MIN(learnt, MAX(first, r->slowest_s * 2));
}

static bool start_machine(struct repro *r, struct vm **vm)
{
    struct diag dg = {0};

    for (int i = 0; i < REPRO_START_TRIES && !repro_stopped(r); i++) {
        if (vm_start(r->options->pool, r->options->machine_index, vm, &dg) == ST_OK) {
            r->machines_started++;
            return true;
        }
        repro_say(r, "the machine did not start: %s", dg.text);
    }
    return false;
}

static void learn(struct repro *r, double seconds, uint32_t runs)
{
    r->slowest_s = MAX(r->slowest_s, seconds);
    r->most_runs = MAX(r->most_runs, runs);
}

static bool attempt_in(struct repro *r, struct attempt *a)
{
    const double start = repro_now_s();
    struct judgement j = {.r = r, .vm = a->vm};

    a->deadline_s = start + seconds_allowed(r, a->c);
    run_all(a);
    const double seconds = repro_now_s() - start;
    if (!vm_is_alive(a->vm) && vm_why_dead(a->vm) != VM_STOPPED &&
        arena_guard(&r->scratch, judge, &j, NULL) != ST_OK)
        j.crashed = false;
    const uint32_t runs = MAX(atomic_load(&a->runs), 1);
    r->programs_run += runs;
    if (r->options->ran != NULL)
        r->options->ran(r->options->ctx, runs);
    if (j.as_wanted)
        learn(r, seconds, runs);
    if (!j.crashed)
        repro_say(r, "  no crash in %.1f s, %u runs", seconds, runs);
    else
        repro_say(r, "  %s after %.1f s, %u runs%s", j.title, seconds, runs,
                  j.as_wanted ? "" : ": another bug");
    return j.as_wanted;
}

bool repro_attempt(struct repro *r, const struct repro_case *c)
{
    struct attempt a = {.r = r, .c = c};
    struct encoding e = {.r = r, .c = c, .attempt = &a};
    struct diag dg = {0};
    bool result = false;

    if (repro_stopped(r))
        return false;
    if (c->binary == NULL && arena_guard(&r->scratch, encode, &e, &dg) != ST_OK)
        repro_say(r, "  cannot be encoded: %s", dg.text);
    else if (start_machine(r, &a.vm)) {
        result = attempt_in(r, &a);
        vm_stop(a.vm);
    }
    arena_free(&r->scratch);
    arena_init(&r->scratch, REPORT_ARENA_BYTES);
    return result;
}

bool repro_try_program(struct repro *r, const struct syz_prog *p,
                       const struct repro_settings *settings)
{
    const struct repro_case c = {.programs = &p, .program_count = 1, .settings = *settings};
    return repro_attempt(r, &c);
}
