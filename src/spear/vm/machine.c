/* machine: one machine's descriptors, what comes out of them, and its end. The callbacks run in the
 * pool's thread. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "spear/vm/reply.h"
#include "spear/vm/vm_int.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MACHINE_READS_PER_WAKE = 4, /* one loud console cannot hold the loop */
    MACHINE_READ_BYTES = 16 << 10,
    MACHINE_LOOK_MS = 250, /* how often a dying machine is looked at */
    MACHINE_TAIL_LINES = 4,
    MACHINE_WORDS_MAX = 400,
};

static const uint64_t ms_ns = 1000000;

static void wake_all(struct vm *vm)
{
    pthread_cond_broadcast(&vm->changed);
    for (uint32_t i = 0; i < WIRE_SLOTS_MAX; i++)
        pthread_cond_broadcast(&vm->slots[i].changed);
}

static void unwatch(struct vm *vm)
{
    struct loop *loop = vm->pool->loop;

    if (vm->is_console_watched)
        loop_unwatch(loop, &vm->console_watch);
    if (vm->is_bell_watched)
        loop_unwatch(loop, &vm->bell_watch);
    if (vm->is_exit_watched)
        loop_unwatch(loop, &vm->exit_watch);
    vm->is_console_watched = vm->is_bell_watched = vm->is_exit_watched = false;
    loop_timer_clear(loop, &vm->last_words);
}

void vm_machine_end(struct vm *vm, enum vm_end end, const char *why)
{
    pthread_mutex_lock(&vm->lock);
    bool is_first = vm->stage != VM_DEAD;
    pthread_mutex_unlock(&vm->lock);
    if (!is_first)
        return;
    unwatch(vm);
    process_end(&vm->ssh);
    process_end(&vm->process);
    pthread_mutex_lock(&vm->lock);
    vm->stage = VM_DEAD;
    vm->end = end;
    snprintf(vm->why, sizeof(vm->why), "%s", why);
    wake_all(vm);
    pthread_mutex_unlock(&vm->lock);
}

struct ending {
    struct vm *vm;
    enum vm_end end;
    const char *why;
};

static void end_in_loop(void *ctx)
{
    const struct ending *e = ctx;
    vm_machine_end(e->vm, e->end, e->why);
}

void vm_machine_end_from(struct vm *vm, enum vm_end end, const char *why)
{
    struct ending e = {vm, end, why};
    loop_call(vm->pool->loop, end_in_loop, &e);
}

/* ---- the console ---- */

/* A crash was seen: the machine may finish its report, then it is killed. */
static void begin_dying(struct vm *vm)
{
    vm->stage = VM_DYING;
    vm->crash_ns = loop_now_ns();
    loop_timer_set(vm->pool->loop, &vm->last_words, vm->crash_ns + MACHINE_LOOK_MS * ms_ns);
}

static void on_last_words(struct loop_timer *timer)
{
    struct vm *vm = timer->ctx;
    uint64_t now_ns = loop_now_ns(), scale_ns = vm_scale(vm->pool) * ms_ns;

    pthread_mutex_lock(&vm->lock);
    uint64_t quiet_ns = now_ns - MIN(now_ns, vm->last_console_ns);
    bool is_over = quiet_ns >= VM_QUIET_MS * scale_ns ||
                   now_ns - vm->crash_ns >= VM_LAST_WORDS_MS * scale_ns;
    pthread_mutex_unlock(&vm->lock);
    if (is_over)
        vm_machine_end(vm, VM_CRASHED, "");
    else
        loop_timer_set(vm->pool->loop, timer, now_ns + MACHINE_LOOK_MS * ms_ns);
}

/* Reads what there is. False: nothing will come any more. */
static bool read_console(struct vm *vm, unsigned reads)
{
    char chunk[MACHINE_READ_BYTES];
    const struct vm_options *o = &vm->pool->options;

    for (unsigned i = 0; i < reads; i++) {
        ssize_t n = read(vm->console_fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
        pthread_mutex_lock(&vm->lock);
        console_add(&vm->console, chunk, (size_t)n);
        vm->last_console_ns = loop_now_ns();
        bool was_well = !vm->console.has_crash && !vm->is_giving_up;
        if (was_well && console_search(&vm->console, false, o->is_crash, o->ctx) &&
            vm->stage < VM_DYING)
            begin_dying(vm);
        pthread_mutex_unlock(&vm->lock);
    }
    return true;
}

static void on_console(struct loop_watch *watch, unsigned what)
{
    struct vm *vm = watch->ctx;

    (void)what;
    if (!read_console(vm, MACHINE_READS_PER_WAKE)) {
        loop_unwatch(vm->pool->loop, watch);
        vm->is_console_watched = false;
    }
}

/* ---- the bells ---- */

static void take_bell(struct vm *vm, uint8_t bell)
{
    vm->last_bell_ns = loop_now_ns();
    if (bell < WIRE_SLOTS_MAX) {
        if (vm->slots[bell].is_busy) {
            vm->slots[bell].is_done = true;
            pthread_cond_signal(&vm->slots[bell].changed);
        }
    } else if (bell == WIRE_BELL_READY && vm->stage == VM_STARTING) {
        vm->stage = VM_READY;
        pthread_cond_broadcast(&vm->changed);
    } else if (bell == WIRE_BELL_RUNNING && vm->stage <= VM_READY) {
        vm->stage = VM_RUNNING;
        pthread_cond_broadcast(&vm->changed);
    } else if (bell == WIRE_BELL_FAILED) {
        vm->has_failed = true;
        pthread_cond_broadcast(&vm->changed);
    } /* ALIVE, and noise: the time is all that it says */
}

static void on_bell(struct loop_watch *watch, unsigned what)
{
    struct vm *vm = watch->ctx;
    uint8_t bells[256];
    ssize_t n = read(vm->bell_fd, bells, sizeof(bells));

    (void)what;
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
        loop_unwatch(vm->pool->loop, watch); /* on_exit() will tell */
        vm->is_bell_watched = false;
        return;
    }
    pthread_mutex_lock(&vm->lock);
    for (ssize_t i = 0; i < n; i++)
        take_bell(vm, bells[i]);
    pthread_mutex_unlock(&vm->lock);
}

void vm_ring(struct vm *vm, uint8_t bell)
{
    /* The machine has ended when this fails; on_exit() says so. */
    while (send(vm->bell_fd, &bell, 1, MSG_NOSIGNAL) < 0 && errno == EINTR)
        continue;
}

/* ---- the end of the process ---- */

static void on_exit_of_process(struct loop_watch *watch, unsigned what)
{
    struct vm *vm = watch->ctx;
    const struct vm_options *o = &vm->pool->options;
    char how[64], why[VM_WHY_MAX];
    int wait_status = 0;

    (void)what;
    (void)read_console(vm, UINT32_MAX);
    pthread_mutex_lock(&vm->lock);
    bool has_crash = console_search(&vm->console, true, vm->is_giving_up ? NULL : o->is_crash,
                                    o->ctx);
    bool is_silent = vm->is_giving_up; /* it was asked, and died of the question */
    pthread_mutex_unlock(&vm->lock);
    unwatch(vm); /* its descriptor is closed now */
    (void)process_wait(&vm->process, -1, &wait_status);
    process_end_text(wait_status, how, sizeof(how));
    snprintf(why, sizeof(why), "%s ended: %s",
             o->type == VM_LOCAL ? "the executor" : "the machine emulator", how);
    vm_machine_end(vm, has_crash ? VM_CRASHED : is_silent ? VM_SILENT : VM_LOST,
                   has_crash ? "" : why);
}

/* ---- coming and going ---- */

static enum status make_region(struct vm *vm, struct diag *dg)
{
    size_t size = vm->pool->region_bytes;

    vm->region_fd = memfd_create("mujun-region", MFD_CLOEXEC);
    if (vm->region_fd < 0 || ftruncate(vm->region_fd, (off_t)size) != 0)
        return file_fail(dg, errno, "cannot make %zu bytes of shared memory", size);
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->region_fd, 0);
    if (base == MAP_FAILED)
        return file_fail(dg, errno, "cannot map %zu bytes of shared memory", size);
    vm->region = base;
    return ST_OK;
}

void vm_machine_header(struct vm *vm)
{
    struct vm_pool *pool = vm->pool;
    struct wire_header h = pool->layout;

    pthread_mutex_lock(&pool->lock);
    uint32_t slowdown = pool->slowdown;
    pthread_mutex_unlock(&pool->lock);
    h.syscall_timeout_ms = VM_SYSCALL_MS * slowdown;
    h.program_timeout_ms = VM_PROGRAM_MS * MIN(slowdown, (uint32_t)VM_SCALE_MAX);
    h.machine_index = vm->index;
    memcpy(vm->region, &h, sizeof(h));
}

enum status vm_machine_open(struct vm_pool *pool, uint32_t index, enum vm_birth birth,
                            enum vm_accel accel, struct vm **out, struct diag *dg)
{
    struct vm *vm = mem_alloc(1, sizeof(*vm));
    pthread_condattr_t monotonic;

    if (vm == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no memory for machine %u", index);
    *vm = (struct vm){.pool = pool, .index = index, .birth = birth, .accel = accel,
                      .region_fd = -1, .console_fd = -1, .bell_fd = -1, .words_fd = -1,
                      .qmp.fd = -1, .process.pid_fd = -1, .ssh.pid_fd = -1,
                      .started_ns = loop_now_ns()};
    pthread_mutex_init(&vm->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&vm->changed, &monotonic);
    for (uint32_t i = 0; i < WIRE_SLOTS_MAX; i++)
        pthread_cond_init(&vm->slots[i].changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    vm->last_words = (struct loop_timer){.fire = on_last_words, .ctx = vm};
    vm->words_fd = memfd_create("mujun-words", MFD_CLOEXEC);
    enum status st = console_open(&vm->console) && vm->words_fd >= 0
                         ? make_region(vm, dg)
                         : diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no memory for a console");
    if (st != ST_OK) {
        vm->stage = VM_DEAD;
        vm_machine_close(vm);
        return st;
    }
    pthread_mutex_lock(&pool->lock); /* from here on vm_pool_know() reaches it */
    memcpy(vm->region + pool->layout.known_offset, pool->known,
           sizeof(pool->known[0]) << VM_KNOWN_LOG2);
    vm->next = pool->machines;
    pool->machines = vm;
    pthread_mutex_unlock(&pool->lock);
    vm_machine_header(vm);
    *out = vm;
    return ST_OK;
}

struct launch {
    struct vm *vm;
    const struct process_options *options;
    enum status status;
    struct diag *dg;
};

/* In the pool's thread, which lives as long as the machines: they die with it. */
static void launch_in_loop(void *ctx)
{
    struct launch *l = ctx;
    struct vm *vm = l->vm;
    struct loop *loop = vm->pool->loop;

    l->status = process_start(l->options, &vm->process, l->dg);
    if (l->status != ST_OK)
        return;
    vm->console_watch = (struct loop_watch){vm->console_fd, on_console, vm};
    vm->bell_watch = (struct loop_watch){vm->bell_fd, on_bell, vm};
    vm->exit_watch = (struct loop_watch){vm->process.pid_fd, on_exit_of_process, vm};
    l->status = loop_watch(loop, &vm->console_watch, LOOP_READ, l->dg);
    vm->is_console_watched = l->status == ST_OK;
    if (l->status == ST_OK)
        l->status = loop_watch(loop, &vm->bell_watch, LOOP_READ, l->dg);
    vm->is_bell_watched = l->status == ST_OK;
    if (l->status == ST_OK)
        l->status = loop_watch(loop, &vm->exit_watch, LOOP_READ, l->dg);
    vm->is_exit_watched = l->status == ST_OK;
}

enum status vm_machine_launch(struct vm *vm, const struct process_options *options,
                              struct diag *dg)
{
    struct launch l = {vm, options, ST_OK, dg};

    (void)fcntl(vm->console_fd, F_SETFL, O_NONBLOCK);
    (void)fcntl(vm->bell_fd, F_SETFL, O_NONBLOCK);
    vm->started_ns = vm->last_bell_ns = vm->last_console_ns = loop_now_ns();
    loop_call(vm->pool->loop, launch_in_loop, &l);
    return l.status;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void vm_machine_close(struct vm *vm)
{
    struct vm_pool *pool = vm->pool;

    vm_machine_end_from(vm, VM_STOPPED, "");
    pthread_mutex_lock(&vm->lock);
    while (vm->users != 0)
        pthread_cond_wait(&vm->changed, &vm->lock);
    pthread_mutex_unlock(&vm->lock);
    pthread_mutex_lock(&pool->lock);
    for (struct vm **place = &pool->machines; *place != NULL; place = &(*place)->next)
        if (*place == vm) {
            *place = vm->next;
            break;
        }
    pthread_mutex_unlock(&pool->lock);
    qmp_close(&vm->qmp);
    if (vm->region != NULL)
        munmap(vm->region, pool->region_bytes);
    close_fd(&vm->region_fd);
    close_fd(&vm->console_fd);
    close_fd(&vm->bell_fd);
    close_fd(&vm->words_fd);
    console_close(&vm->console);
    pthread_cond_destroy(&vm->changed);
    for (uint32_t i = 0; i < WIRE_SLOTS_MAX; i++)
        pthread_cond_destroy(&vm->slots[i].changed);
    pthread_mutex_destroy(&vm->lock);
    mem_free(vm);
}

/* ---- the way to RUNNING ---- */

enum status vm_machine_refuse(struct vm *vm, enum status st, const char *what, struct diag *dg)
{
    char tail[MACHINE_WORDS_MAX], words[MACHINE_WORDS_MAX];

    ssize_t n = pread(vm->words_fd, words, sizeof(words) - 1, 0);
    words[MAX(n, 0)] = '\0';
    words[strcspn(words, "\r\n")] = '\0';
    pthread_mutex_lock(&vm->lock);
    console_tail(&vm->console, MACHINE_TAIL_LINES, tail, sizeof(tail));
    pthread_mutex_unlock(&vm->lock);
    return diag_fail(dg, st, DIAG_NO_OFFSET, "machine %u: %s%s%s; its console: %s", vm->index,
                     what, words[0] != '\0' ? "; " : "", words, tail);
}

static enum status wait_failed(struct vm *vm, enum vm_stage stage, uint64_t timeout_ms,
                               bool has_failed, struct diag *dg)
{
    struct wire_machine m;
    char what[VM_WHY_MAX + 64];

    if (has_failed) {
        vm_machine_copy(vm->region + WIRE_MACHINE_OFFSET, &m);
        m.reasons[strcspn(m.reasons, "\n")] = '\0';
        snprintf(what, sizeof(what), "the executor could not set itself up: %.200s", m.reasons);
        return vm_machine_refuse(vm, ST_UNSUPPORTED, what, dg);
    }
    if (!vm_is_alive(vm)) {
        bool is_crash = vm_why_dead(vm) == VM_CRASHED;
        snprintf(what, sizeof(what), "the kernel has died while it was booting%s%s",
                 is_crash ? "" : "; ", is_crash ? "" : vm->why);
        return vm_machine_refuse(vm, ST_IO, what, dg);
    }
    pthread_mutex_lock(&vm->lock);
    bool is_mute = vm->console.total == 0;
    pthread_mutex_unlock(&vm->lock);
    if (is_mute && stage == VM_READY)
        snprintf(what, sizeof(what),
                 "no word from the kernel for %ju s: it does not boot, or it has no serial console "
                 "(CONFIG_SERIAL_8250_CONSOLE)", (uintmax_t)timeout_ms / 1000);
    else
        snprintf(what, sizeof(what), "the executor was not %s after %ju s",
                 stage == VM_READY ? "ready" : "running", (uintmax_t)timeout_ms / 1000);
    return vm_machine_refuse(vm, ST_TIMEOUT, what, dg);
}

/* Sleeps on a condition until due_ns of the monotonic clock. False: it is due. */
static bool wait_until(pthread_cond_t *changed, pthread_mutex_t *lock, uint64_t due_ns)
{
    struct timespec due = {.tv_sec = (time_t)(due_ns / 1000000000),
                           .tv_nsec = (long)(due_ns % 1000000000)};
    return pthread_cond_timedwait(changed, lock, &due) == 0;
}

enum status vm_machine_wait(struct vm *vm, enum vm_stage stage, uint64_t timeout_ms,
                            struct diag *dg)
{
    enum { PROGRESS_EVERY_S = 10, INTERRUPT_LOOK_MS = 500 };
    struct vm_pool *pool = vm->pool;
    uint64_t start_ns = loop_now_ns(), due_ns = start_ns + timeout_ms * ms_ns;
    uint64_t tell_ns = start_ns + PROGRESS_EVERY_S * 1000 * ms_ns;

    pthread_mutex_lock(&vm->lock);
    while (vm->stage < stage && !vm->has_failed && !pool->is_interrupted &&
           loop_now_ns() < due_ns)
        if (!wait_until(&vm->changed, &vm->lock,
                        MIN(due_ns, loop_now_ns() + INTERRUPT_LOOK_MS * ms_ns)) &&
            loop_now_ns() >= tell_ns) {
            tell_ns += PROGRESS_EVERY_S * 1000 * ms_ns;
            uint64_t seconds = (loop_now_ns() - start_ns) / 1000 / ms_ns, kib =
                vm->console.total / 1024;
            pthread_mutex_unlock(&vm->lock);
            vm_log(pool, "machine %u: booting for %ju s, %ju KiB on its console", vm->index,
                   (uintmax_t)seconds, (uintmax_t)kib);
            pthread_mutex_lock(&vm->lock);
        }
    /* A machine that crashes while it boots is given the time to say why. */
    while (vm->stage == VM_DYING)
        pthread_cond_wait(&vm->changed, &vm->lock);
    bool has_failed = vm->has_failed;
    bool is_there = vm->stage >= stage && vm->stage < VM_DYING && !has_failed;
    pthread_mutex_unlock(&vm->lock);
    if (!is_there && pool->is_interrupted)
        return diag_fail(dg, ST_TIMEOUT, DIAG_NO_OFFSET, "nobody waits for machine %u any more",
                         vm->index);
    return is_there ? ST_OK : wait_failed(vm, stage, timeout_ms, has_failed, dg);
}

enum status vm_machine_go(struct vm *vm, uint64_t timeout_ms, struct diag *dg)
{
    struct wire_machine m;

    vm_machine_header(vm);
    vm_ring(vm, WIRE_BELL_GO);
    TRY(vm_machine_wait(vm, VM_RUNNING, timeout_ms, dg));
    vm_machine_copy(vm->region + WIRE_MACHINE_OFFSET, &m);
    pthread_mutex_lock(&vm->lock);
    vm->machine = m;
    pthread_mutex_unlock(&vm->lock);
    vm_calibrate(vm->pool, m.calibration_ns);
    return ST_OK;
}
