/* slot: requests come in, answers go out. Taking a request without a bell, and ringing without the
 * tty, is what makes small programs cheap: the way through the tty takes longer than they do.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "spear/executor/executor.h"
#include "spear/executor/port.h"

enum {
    AWAKE_US = 300,       /* how long requests are looked for before sleeping */
    LOOKS_PER_CLOCK = 64, /* between two looks at the clock */
    US = 1000,
    RETRY_NS = 1000000,
};

/* One byte is written whole or not at all. A full line is a host that does not read: wait. */
static void ring_tty(uint8_t bell)
{
    const struct timespec pause = {0, RETRY_NS};

    while (write(EX_FD_BELL, &bell, 1) != 1) {
        if (errno != EINTR && errno != EAGAIN)
            return; /* the host is gone; the runner notices by reading */
        if (errno == EAGAIN)
            nanosleep(&pause, NULL);
    }
}

void ex_ring(const struct executor *ex, uint8_t bell)
{
    if (ex->bell_port == 0 || !ex_port_ring(ex->bell_port, bell))
        ring_tty(bell);
}

/* Is there a request that nobody has taken? A host that does not count them has only bells. */
static bool is_posted(const struct ex_control *control, const struct ex_slot *slot)
{
    const uint32_t posted = __atomic_load_n(&slot->request->posted, __ATOMIC_ACQUIRE);

    if (posted != atomic_load(&control->taken_posted))
        return true;
    return posted == 0 && atomic_load(&control->bells) != atomic_load(&control->taken_bells);
}

static bool are_others_busy(const struct executor *ex, uint32_t slot)
{
    for (uint32_t i = 0; i < ex->header.slot_count; i++)
        if (i != slot && atomic_load(&ex->controls[i].is_busy) != 0)
            return true;
    return false;
}

static bool look(struct executor *ex, const struct ex_slot *slot)
{
    const struct ex_control *control = &ex->controls[slot->index];
    const bool must_share = are_others_busy(ex, slot->index);
    const uint64_t start = ex_now_ns();

    do {
        for (int i = 0; i < LOOKS_PER_CLOCK; i++) {
            if (is_posted(control, slot))
                return true;
            ex_port_pause();
        }
        if (must_share)
            sched_yield();
    } while (ex_now_ns() - start < (uint64_t)AWAKE_US * US);
    return false;
}

bool ex_slot_wait(struct executor *ex, const struct ex_slot *slot, enum ex_owner me)
{
    struct ex_control *control = &ex->controls[slot->index];
    struct wire_machine *machine = (struct wire_machine *)(void *)(ex->base + WIRE_MACHINE_OFFSET);
    uint32_t *awake = &machine->awake[slot->index];

    __atomic_store_n(awake, 1, __ATOMIC_SEQ_CST);
    bool is_there = look(ex, slot);
    __atomic_store_n(awake, 0, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    while (!is_there) {
        const uint32_t bells = atomic_load(&control->bells);
        is_there = is_posted(control, slot);
        if (atomic_load(&control->owner) != me)
            return false;
        if (!is_there)
            ex_wait(&control->bells, bells, 0);
    }
    atomic_store(&control->taken_bells, atomic_load(&control->bells));
    atomic_store(&control->taken_posted, __atomic_load_n(&slot->request->posted, __ATOMIC_ACQUIRE));
    atomic_store(&control->runs, 0);
    atomic_store(&control->taken_ns, ex_now_ns());
    atomic_store(&control->is_busy, 1);
    return true;
}

void ex_slot_answer(struct executor *ex, uint32_t slot)
{
    atomic_store(&ex->controls[slot].is_busy, 0);
    ex_ring(ex, (uint8_t)slot);
}

void ex_slot_forget(struct executor *ex, uint32_t slot)
{
    const struct ex_slot s = ex_slot(ex, slot);
    struct ex_control *control = &ex->controls[slot];

    atomic_store(&control->taken_bells, atomic_load(&control->bells));
    atomic_store(&control->taken_posted, s.request->posted);
}
