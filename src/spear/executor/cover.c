/* cover: what KCOV saw of a call, as the host wants it: edges that are not known yet, addresses,
 * or comparisons. Without KCOV signal is made of what is seen from outside: which call, how it
 * ended, whose results it used.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "spear/executor/kcov.h"
#include "spear/executor/pieces.h"
#include "spear/executor/program.h"
#include "spear/executor/reply.h"

/* Is the edge in the host's table of known ones? The table is read while the host adds to it: a
 * miss costs a duplicate, nothing else. */
static bool is_known(const struct executor *ex, uint32_t edge)
{
    const uint32_t log2 = ex->header.known_log2;
    const uint32_t mask = (UINT32_C(1) << log2) - 1;
    const _Atomic uint32_t *table =
        (const _Atomic uint32_t *)(const void *)(ex->base + ex->header.known_offset);
    uint32_t place = wire_known_place(edge, log2);

    for (int i = 0; i < WIRE_KNOWN_PROBES; i++, place = (place + 1) & mask) {
        const uint32_t entry = atomic_load_explicit(&table[place], memory_order_relaxed);
        if (entry == edge)
            return true;
        if (entry == 0)
            return false;
    }
    return false;
}

/* Has this call shown the value before? Forgets some when there are many: a duplicate is harmless.
 */
static bool is_repeated(struct ex_cover *c, uint32_t value)
{
    const uint32_t mask = (UINT32_C(1) << EX_DEDUP_LOG2) - 1;
    const uint32_t home = value * UINT32_C(0x9e3779b1) >> (32 - EX_DEDUP_LOG2);

    for (uint32_t i = 0; i < EX_DEDUP_PROBES; i++) {
        const uint32_t place = (home + i) & mask;
        if (c->dedup[place].stamp != c->stamp) {
            c->dedup[place].stamp = c->stamp;
            c->dedup[place].value = value;
            return false;
        }
        if (c->dedup[place].value == value)
            return true;
    }
    c->dedup[home].value = value;
    return false;
}

/* A list that grows in the reply until it is full. */
struct list {
    uint32_t *values;
    uint32_t count, max, offset;
};

static struct list open_list(struct ex_reply *reply, size_t most)
{
    struct list list = {0};
    const size_t free_bytes = reply->max - atomic_load(&reply->used);

    list.max = (uint32_t)(most * sizeof(uint32_t) < free_bytes ? most : free_bytes / 8);
    list.values = ex_reply_room(reply, list.max * sizeof(uint32_t), &list.offset);
    if (list.values == NULL)
        list.max = 0;
    return list;
}

static void close_list(struct ex_reply *reply, const struct list *list)
{
    ex_reply_give_back(reply, list->offset, list->max * sizeof(uint32_t),
                       list->count * sizeof(uint32_t));
}

static void add_signal(struct ex_program *p, struct ex_cover *c, struct wire_call_reply *record,
                       bool is_full, const uint64_t *addresses, size_t count)
{
    struct list list = open_list(p->reply, count);
    uint32_t previous = 0;

    c->stamp++;
    for (size_t i = 0; i < count && list.count < list.max; i++) {
        const uint32_t pc = (uint32_t)addresses[i];
        const uint32_t edge = wire_edge(pc, previous);
        previous = pc;
        if (is_repeated(c, edge) || (!is_full && is_known(p->ex, edge)))
            continue;
        list.values[list.count++] = edge;
    }
    record->signal_offset = list.offset;
    record->signal_count = list.count;
    close_list(p->reply, &list);
}

static void add_cover(struct ex_program *p, struct ex_cover *c, struct wire_call_reply *record,
                      const uint64_t *addresses, size_t count)
{
    struct list list = open_list(p->reply, count);

    c->stamp++;
    for (size_t i = 0; i < count && list.count < list.max; i++)
        if (!is_repeated(c, (uint32_t)addresses[i]))
            list.values[list.count++] = (uint32_t)addresses[i];
    record->cover_offset = list.offset;
    record->cover_count = list.count;
    close_list(p->reply, &list);
}

static void add_addresses(struct ex_program *p, struct ex_cover *c, struct wire_call_reply *record,
                          bool is_full, const uint64_t *addresses, size_t count)
{
    if ((p->flags & WIRE_RUN_SIGNAL) != 0)
        add_signal(p, c, record, is_full, addresses, count);
    if ((p->flags & WIRE_RUN_COVER) != 0)
        add_cover(p, c, record, addresses, count);
}

static uint32_t mix(uint32_t h, uint32_t value)
{
    h = (h ^ value) * UINT32_C(0x85ebca6b);
    return h ^ h >> 15;
}

/* Three things worth seeing for the first time: an error of a call, that it blocks, and a call
 * that succeeds with results of others. */
static void add_fallback(struct ex_thread *t, struct wire_call_reply *record, bool is_full,
                         int error)
{
    struct ex_program *p = t->program;
    const struct ex_call *c = &t->call;
    const uint32_t call = c->variant != 0 ? c->variant | UINT32_C(1) << 31 : c->number;
    const bool is_blocked = (record->flags & WIRE_CALL_BLOCKED) != 0;
    uint32_t seen[2];
    struct list list = open_list(p->reply, 2);

    seen[0] = mix(mix(is_blocked ? 2 : 1, call), (uint32_t)error);
    seen[1] = c->makers != 0 && error == 0 ? mix(mix(3, call), c->makers) : 0;
    for (int i = 0; i < 2 && list.max == 2; i++)
        if (seen[i] != 0 && (is_full || !is_known(p->ex, seen[i])))
            list.values[list.count++] = seen[i];
    record->signal_offset = list.offset;
    record->signal_count = list.count;
    close_list(p->reply, &list);
}

static uint64_t extend(uint64_t value, unsigned bytes)
{
    const unsigned shift = 64 - 8 * bytes;
    return (uint64_t)((int64_t)(value << shift) >> shift);
}

/* KCOV writes records of four words: type, two operands, address. Equal operands say nothing, nor
 * does a constant compared with zero. */
static void add_comparisons(struct ex_program *p, struct wire_call_reply *record,
                            const uint64_t *words, size_t count)
{
    const size_t free_bytes = p->reply->max - atomic_load(&p->reply->used);
    size_t max = count;

    if (max > free_bytes / 2 / sizeof(struct wire_comparison))
        max = free_bytes / 2 / sizeof(struct wire_comparison);
    struct wire_comparison *to =
        ex_reply_room(p->reply, max * sizeof(*to), &record->comparison_offset);
    if (to == NULL)
        return;
    uint32_t used = 0;
    for (size_t i = 0; i < count && used < max; i++) {
        const uint64_t *w = words + 4 * i;
        const unsigned bytes = 1u << (w[0] >> 1 & 3);
        const uint16_t is_const = w[0] & 1;
        const uint64_t left = extend(w[1], bytes), right = extend(w[2], bytes);
        if (left == right || (is_const && (left == 0 || right == 0) && right == 0))
            continue;
        to[used] = (struct wire_comparison){left, right, (uint32_t)w[3], (uint16_t)bytes, is_const};
        const struct wire_comparison *last = used > 0 ? &to[used - 1] : NULL;
        if (last != NULL && memcmp(last, &to[used], sizeof(*last)) == 0)
            continue; /* loops compare the same again and again */
        used++;
    }
    record->comparison_count = used;
    ex_reply_give_back(p->reply, record->comparison_offset, max * sizeof(*to), used * sizeof(*to));
}

void ex_cover_before(struct ex_thread *t)
{
    const struct ex_program *p = t->program;
    uint32_t mode = 0;

    if (!p->ex->has_kcov)
        return;
    if ((p->flags & WIRE_RUN_COMPARISONS) != 0)
        mode = p->ex->has_comparisons ? EX_KCOV_COMPARISONS : 0;
    else if ((p->flags & (WIRE_RUN_SIGNAL | WIRE_RUN_COVER)) != 0)
        mode = EX_KCOV_ADDRESSES;
    ex_kcov_set(&t->cover, t->index, mode);
    ex_cover_restart(t);
}

void ex_cover_restart(struct ex_thread *t)
{
    if (t->cover.area != NULL)
        __atomic_store_n(&t->cover.area[0], 0, __ATOMIC_RELAXED);
}

void ex_cover_after(struct ex_thread *t)
{
    if (t->cover.mode != 0)
        t->cover.count = __atomic_load_n(&t->cover.area[0], __ATOMIC_RELAXED);
}

void ex_cover_report(struct ex_thread *t, struct wire_call_reply *record, int error)
{
    struct ex_program *p = t->program;
    struct ex_cover *c = &t->cover;
    const bool is_full = t->call.index < 64 && (p->full_signal >> t->call.index & 1) != 0;
    const uint64_t *addresses = NULL;
    const size_t injected = ex_injected_cover(&addresses);

    if (injected != 0) {
        add_addresses(p, c, record, is_full, addresses, injected);
        return;
    }
    if (c->mode == 0) {
        if (!p->ex->has_kcov && (p->flags & WIRE_RUN_SIGNAL) != 0)
            add_fallback(t, record, is_full, error);
        return;
    }
    const size_t words = c->mode == EX_KCOV_COMPARISONS ? 4 : 1;
    size_t count = c->count;
    if (count > (EX_COVER_WORDS - 1) / words) {
        count = (EX_COVER_WORDS - 1) / words;
        __atomic_fetch_or(&record->flags, WIRE_CALL_OVERFLOW, __ATOMIC_RELAXED);
    }
    if (words == 4)
        add_comparisons(p, record, c->area + 1, count);
    else
        add_addresses(p, c, record, is_full, c->area + 1, count);
}

/* Waits until nothing has been added for a while, if a call has asked for that. */
static uint64_t settle_remote(const struct ex_program *p)
{
    enum { STEP_MS = 20, STEPS_STILL = 5, STEPS_MAX = 25, MS = 1000000 };
    _Atomic uint32_t nothing = 0;
    uint64_t count = __atomic_load_n(&p->remote[0], __ATOMIC_RELAXED);

    for (int i = 0, still = 0; p->wants_remote && i < STEPS_MAX && still < STEPS_STILL; i++) {
        ex_wait(&nothing, 0, STEP_MS * MS);
        const uint64_t now = __atomic_load_n(&p->remote[0], __ATOMIC_RELAXED);
        still = now == count && now != 0 ? still + 1 : 0;
        count = now;
    }
    return count;
}

void ex_cover_report_extra(struct ex_thread *t)
{
    struct ex_program *p = t->program;
    const uint32_t index = p->reply->result->reply.call_count;
    struct wire_call_reply *record = &p->reply->result->calls[index];
    const bool is_full = (p->full_signal >> index & 1) != 0;
    const uint64_t *addresses = NULL;
    const size_t injected = ex_injected_remote_cover(&addresses);

    if (injected != 0) {
        add_addresses(p, &t->cover, record, is_full, addresses, injected);
    } else if (p->remote != NULL && (p->flags & (WIRE_RUN_SIGNAL | WIRE_RUN_COVER)) != 0) {
        uint64_t count = settle_remote(p);
        if (count > EX_REMOTE_WORDS - 1)
            count = EX_REMOTE_WORDS - 1;
        if (count != 0)
            add_addresses(p, &t->cover, record, is_full, p->remote + 1, count);
    }
    if (p->remote != NULL)
        __atomic_store_n(&p->remote[0], 0, __ATOMIC_RELAXED);
}
