/* run: programs in the slots of a machine, by threads of the caller, and what can be seen of a
 * machine from outside. SPDX-License-Identifier: Apache-2.0 */
#include "spear/vm/reply.h"
#include "spear/vm/vm_int.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    RUN_ASK_MS = 1000, /* for one thing that is asked of a machine that has gone silent */
    RUN_LOOK_MS = 1000, /* how often a waiting thread looks at the clocks */
    RUN_SPARE_MS = 100  /* how long a bell is spared for an executor that claims to be awake */
};

static const uint64_t s_ns = UINT64_C(1000000000);

const char *vm_end_text(enum vm_end end)
{
    switch (end) {
    case VM_RAN: return "the program has run";
    case VM_CRASHED: return "crash on the console";
    case VM_LOST: return "lost connection to test machine";
    case VM_SILENT: return "no output from test machine";
    case VM_STOPPED: return "stopped";
    }
    return "unknown";
}

/* Puts the request there. True: nobody is looking, so a bell is needed. */
static bool post(struct vm *vm, uint32_t slot, const struct vm_request *r)
{
    uint8_t *awake = vm->region + WIRE_MACHINE_OFFSET + offsetof(struct wire_machine, awake);
    const struct wire_header *h = &vm->pool->layout;
    uint8_t *place = vm->region + h->slots_offset + slot * h->slot_bytes;
    const struct wire_request request = {
        .id = r->id, .kind = r->kind, .flags = r->flags, .full_signal = r->full_signal,
        .payload_bytes = r->payload_bytes, .syscall_timeout_ms = r->syscall_timeout_ms,
        .program_timeout_ms = r->program_timeout_ms, .sandbox = r->sandbox, .repeat = r->repeat};

    memcpy(place, &request, offsetof(struct wire_request, posted));
    if (r->payload_bytes != 0)
        memcpy(place + WIRE_REQUEST_BYTES, r->payload, r->payload_bytes);
    uint8_t *posted = place + offsetof(struct wire_request, posted);
    vm->slots[slot].posted += vm->slots[slot].posted == UINT32_MAX ? 2 : 1; /* never 0 */
    __atomic_store_n((uint32_t *)(void *)posted, vm->slots[slot].posted, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n((uint32_t *)(void *)awake + slot, __ATOMIC_RELAXED) == 0;
}

/* How long a request may stay unanswered. */
static uint64_t silence_ns(const struct vm *vm, const struct vm_request *r)
{
    const struct vm_options *o = &vm->pool->options;
    uint64_t scale = vm_scale(vm->pool);
    uint64_t limit_ns =
        (o->silence_timeout_s == 0 ? VM_SILENCE_S : o->silence_timeout_s) * scale * s_ns;
    uint64_t own_ms = (uint64_t)r->program_timeout_ms * MAX(r->repeat, 1U);

    return limit_ns + own_ms * (s_ns / 1000);
}

/* Waits until the console has been quiet for a while, or the machine is dead. */
static void hear(struct vm *vm)
{
    const struct timespec pause = {.tv_nsec = RUN_SPARE_MS * 1000000L};
    uint64_t start_ns = loop_now_ns(), last_ns = start_ns;

    while (vm_is_alive(vm) && loop_now_ns() - start_ns < VM_LAST_WORDS_MS * (s_ns / 1000) &&
           loop_now_ns() - last_ns < RUN_ASK_MS * (s_ns / 1000)) {
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&vm->lock);
        last_ns = MAX(start_ns, vm->last_console_ns);
        pthread_mutex_unlock(&vm->lock);
    }
}

/* A machine that says nothing is asked what its processors do, so that its console tells. Each of
 * these works with some kernels only, and none is needed. */
static void ask_silent(struct vm *vm)
{
    if (vm->qmp.fd < 0)
        return;
    static const char sysrq[] = "t";
    if (qmp_command(&vm->qmp, "chardev-send-break", json_pack("{s:s}", "id", "console"), NULL,
                    RUN_ASK_MS, NULL) == ST_OK)
        (void)!write(vm->console_fd, sysrq, 1);
    hear(vm);
    if (qmp_command(&vm->qmp, "inject-nmi", NULL, NULL, RUN_ASK_MS, NULL) == ST_OK)
        hear(vm);
}

static void give_up(struct vm *vm, const char *why)
{
    pthread_mutex_lock(&vm->lock);
    bool is_mine = !vm->is_giving_up && vm->stage == VM_RUNNING;
    vm->is_giving_up |= is_mine;
    pthread_mutex_unlock(&vm->lock);
    if (!is_mine)
        return;
    ask_silent(vm);
    vm_machine_end_from(vm, VM_SILENT, why);
}

/* Waits for the answer in a slot; lock is held. VM_RAN: it is there. */
static enum vm_end wait_answer(struct vm *vm, uint32_t index, uint64_t silent_ns, bool has_rung)
{
    struct vm_slot *slot = &vm->slots[index];
    uint64_t start_ns = loop_now_ns();

    for (;;) {
        uint64_t now_ns = loop_now_ns();
        uint64_t alive_ns = VM_ALIVE_S * vm_scale(vm->pool) * s_ns;
        if (vm->stage == VM_DEAD)
            return vm->end;
        if (slot->is_done && vm->stage == VM_RUNNING)
            return VM_RAN;
        const char *why = NULL;
        if (now_ns - start_ns >= silent_ns)
            why = "a program was not answered";
        else if (now_ns - start_ns >= alive_ns && now_ns - vm->last_bell_ns >= alive_ns)
            why = "the executor has stopped saying that it is alive";
        if (why != NULL && vm->stage == VM_RUNNING && !vm->is_giving_up) {
            pthread_mutex_unlock(&vm->lock);
            give_up(vm, why);
            pthread_mutex_lock(&vm->lock);
            continue;
        }
        if (!has_rung && now_ns - start_ns >= RUN_SPARE_MS * (s_ns / 1000)) {
            vm_ring(vm, (uint8_t)index); /* it said that it was looking, but is it? */
            has_rung = true;
        }
        uint64_t due_ns = now_ns + (has_rung ? RUN_LOOK_MS : RUN_SPARE_MS) * (s_ns / 1000);
        struct timespec due = {.tv_sec = (time_t)(due_ns / s_ns),
                               .tv_nsec = (long)(due_ns % s_ns)};
        pthread_cond_timedwait(&slot->changed, &vm->lock, &due);
    }
}

static enum vm_end run_in_slot(struct vm *vm, uint32_t slot, const struct vm_request *request,
                               struct vm_result *result)
{
    const struct wire_header *h = &vm->pool->layout;
    uint64_t limit_ns = silence_ns(vm, request);
    struct diag dg = {0};

    uint64_t start_ns = loop_now_ns();
    bool rings = post(vm, slot, request);
    if (rings)
        vm_ring(vm, (uint8_t)slot);
    pthread_mutex_lock(&vm->lock);
    enum vm_end end = wait_answer(vm, slot, limit_ns, rings);
    pthread_mutex_unlock(&vm->lock);
    result->host_ns = loop_now_ns() - start_ns;
    if (end != VM_RAN)
        return end;
    const uint8_t *shared = vm->region + h->slots_offset + slot * h->slot_bytes + h->reply_offset;
    if (vm_reply_copy(shared, WIRE_REPLY_MAX, request->id, result, &dg) == ST_OK)
        return VM_RAN;
    char why[VM_WHY_MAX];
    snprintf(why, sizeof(why), "an answer that makes no sense: %.200s", dg.text);
    vm_log(vm->pool, "machine %u: %s", vm->index, why);
    vm_machine_end_from(vm, VM_LOST, why);
    return vm_why_dead(vm);
}

enum vm_end vm_run(struct vm *vm, uint32_t slot, const struct vm_request *request,
                   struct vm_result *result)
{
    CHECK(slot < vm->pool->options.slots, "a slot of the machine");
    CHECK(request->payload_bytes <= WIRE_PAYLOAD_MAX, "the payload fits");
    pthread_mutex_lock(&vm->lock);
    CHECK(!vm->slots[slot].is_busy, "one thread per slot");
    vm->users++;
    vm->slots[slot].is_busy = true;
    vm->slots[slot].is_done = false;
    pthread_mutex_unlock(&vm->lock);
    enum vm_end end = run_in_slot(vm, slot, request, result);
    pthread_mutex_lock(&vm->lock);
    vm->slots[slot].is_busy = false;
    vm->users--;
    pthread_cond_broadcast(&vm->changed);
    pthread_mutex_unlock(&vm->lock);
    return end;
}

/* ---- what is known of a machine ---- */

void vm_machine(const struct vm *vm, struct wire_machine *out)
{
    *out = vm->machine; /* written before vm_start() returns, never after */
}

static pthread_mutex_t *lock_of(const struct vm *vm)
{
    union {
        const struct vm *given;
        struct vm *wanted;
    } u = {.given = vm};
    return &u.wanted->lock;
}

bool vm_is_alive(const struct vm *vm)
{
    pthread_mutex_lock(lock_of(vm));
    bool is_alive = vm->stage < VM_DYING;
    pthread_mutex_unlock(lock_of(vm));
    return is_alive;
}

enum vm_end vm_why_dead(const struct vm *vm)
{
    pthread_mutex_lock(lock_of(vm));
    enum vm_end end = vm->stage == VM_DYING ? VM_CRASHED : vm->stage == VM_DEAD ? vm->end : VM_RAN;
    pthread_mutex_unlock(lock_of(vm));
    return end;
}

struct str vm_console(struct vm *vm, struct arena *a)
{
    pthread_mutex_lock(&vm->lock);
    size_t size = console_text(&vm->console).size;
    pthread_mutex_unlock(&vm->lock);
    char *text = arena_alloc(a, size + 1, 1); /* may unwind, so not under the lock */
    pthread_mutex_lock(&vm->lock);
    struct str now = console_text(&vm->console); /* it may have grown: the last of it counts */
    size = MIN(size, now.size);
    memcpy(text, now.text + now.size - size, size);
    pthread_mutex_unlock(&vm->lock);
    return (struct str){text, size};
}

uint64_t vm_uptime_ms(const struct vm *vm)
{
    return (loop_now_ns() - vm->started_ns) / (s_ns / 1000);
}

void vm_interrupt(struct vm *vm)
{
    vm_machine_end_from(vm, VM_STOPPED, "");
}

void vm_stop(struct vm *vm)
{
    vm_machine_close(vm);
}
