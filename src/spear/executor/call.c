/* call: makes one call, in the kernel or one of ours, and writes its record.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spear/executor/pieces.h"
#include "spear/executor/program.h"

/* The kernel's reports name the thread that caused them; this says which program it ran. */
static void name_thread(struct ex_thread *t)
{
    const struct ex_program *p = t->program;
    char name[40];

    if (t->named_for == p->id + 1)
        return;
    t->named_for = p->id + 1;
    snprintf(name, sizeof(name), "syz.%u.%ju", p->slot.index, (uintmax_t)p->id);
    prctl(PR_SET_NAME, name);
}

/* A call that makes a second process out of this one comes back twice. The second ends at once:
 * it must not go on with the program. */
static long make_kernel_call(const struct ex_call *c)
{
    const uint64_t *a = c->args;
    const bool may_fork = (ex_sticky(c->number) & EX_LEAVES_MARKS) != 0;
    const long pid = may_fork ? syscall(SYS_getpid) : 0;

    errno = 0;
    const long result = syscall((long)c->number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (may_fork && syscall(SYS_getpid) != pid)
        syscall(SYS_exit_group, 0);
    return result;
}

static long make(const struct ex_call *c)
{
    return c->number >= EXEC_PSEUDO_BASE ? ex_pseudo(c->number, c->args) : make_kernel_call(c);
}

static void keep_result(struct ex_program *p, const struct ex_call *c, long result)
{
    if (c->result_index < 0)
        return;
    atomic_store(&p->results[c->result_index], (uint64_t)result);
    atomic_store_explicit(&p->result_set[c->result_index], 1 + c->number, memory_order_release);
}

void ex_call_make(struct ex_thread *t)
{
    struct ex_program *p = t->program;
    const struct ex_call *c = &t->call;
    struct wire_call_reply unseen = {0};
    struct wire_call_reply *record =
        c->index < WIRE_CALLS_MAX ? &p->reply->result->calls[c->index] : &unseen;
    uint32_t flags = WIRE_CALL_EXECUTED;

    name_thread(t);
    __atomic_fetch_or(&record->flags, flags, __ATOMIC_RELAXED);
    ex_cover_before(t);
    const bool is_armed = c->fail_nth != 0 && ex_fault_arm(c->fail_nth);
    if (is_armed)
        ex_cover_restart(t);
    const uint64_t start = ex_now_ns();
    errno = 0;
    atomic_store_explicit(&t->is_begun, true, memory_order_relaxed);
    const long result = make(c);
    const int error = result == -1 ? errno : 0;
    ex_cover_after(t);
    if (is_armed && ex_fault_disarm())
        flags |= WIRE_CALL_FAULT;
    for (uint32_t i = 0; i < c->rerun; i++)
        make(c);
    const uint64_t end = ex_now_ns();
    atomic_fetch_add(&p->reply->calls_ns, end - start);
    atomic_store(&p->control->last_finish_ns, end);
    if (result != -1) {
        keep_result(p, c, result);
        ex_decode_copyouts(p, c);
    }
    record->error = error;
    ex_cover_report(t, record, error);
    __atomic_fetch_or(&record->flags, flags | WIRE_CALL_FINISHED, __ATOMIC_RELEASE);
}
