/*
 * check: the judgement of one function. A walk over its instructions in the order of their bytes. A
 * branch joins the present state into the point that it goes to; where a point stands, the present
 * state is joined into it too, and what it says then is what is known.
 *
 * A branch back to a point that has to say less after it sends the walk back to that point. So at
 * the end every point has been walked from with what it says, and every branch to it has been
 * joined: what it says holds whenever control is there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/verify/sfi/point.h"

#include <assert.h>

enum { LOOKED_PER_STEP = 16 }; /* instructions passed over in the time that one takes */

/* The point is to be walked from, before anything that lies behind it. */
static void mark(struct sfi_walk *walk, struct sfi_point *p)
{
    p->is_dirty = true;
    if (p->number <= walk->number)
        walk->again = MIN(walk->again, p->number);
}

/* The point from which that instruction was walked to: the next one before it, since a walk stops
 * at each. There is one, at the entry. */
static struct sfi_point *block_of(struct sfi_worker *w, uint32_t number)
{
    for (;; number--) {
        struct sfi_point *p = sfi_point_at(w, number);
        if (p != NULL && p->is_reached)
            return p;
        assert(number != 0 && "the entry is reached");
    }
}

enum status sfi_arrive(struct sfi_walk *walk, uint32_t target)
{
    struct sfi_worker *w = walk->worker;
    uint32_t number = w->code.number_at[target - walk->start];
    bool changed;

    if (number-- == 0)
        return sfi_refuse(walk,
                          "a branch goes to 0x%x, where no instruction of the verifier's table "
                          "begins",
                          target);
    if (w->code.insns[number].op == SFI_OP_UD2)
        return ST_OK; /* it needs nothing to be known, and nothing follows it */
    struct sfi_point *p = sfi_point_at(w, number);
    if (p == NULL) {
        if (number <= walk->passed) /* cuts a block that may have been walked as one */
            mark(walk, block_of(w, number));
        p = sfi_point_new(w, number, target);
    }
    TRY(sfi_point_join(walk, p, &changed));
    if (changed)
        mark(walk, p);
    return ST_OK;
}

static enum status refuse_end(struct sfi_walk *walk)
{
    walk->ins = NULL;
    return sfi_refuse(walk, walk->at < walk->end
                                ? "expected an instruction of the verifier's table to begin here"
                                : "control must not run past the end of the function");
}

/* Performs the block that begins at walk->number, up to where control does not fall through, or the
 * next point. *falls: whether it comes to that. */
static enum status walk_block(struct sfi_walk *walk, bool *falls)
{
    const struct sfi_code *code = walk->code;
    const uint32_t first = walk->number;
    uint32_t number = first;

    do {
        walk->number = number;
        walk->ins = &code->insns[number++];
        TRY(sfi_step(walk, falls));
        walk->at += walk->ins->length;
        if (number == code->count)
            break;
    } while (*falls && code->point_at[number] == 0);
    walk->passed = MAX(walk->passed, walk->number);
    walk->steps += number - first;
    return ST_OK;
}

/* Behind a block: the first dirty point behind this place, or where the walk has been sent back to.
 * NULL: there is none. */
static struct sfi_point *next_dirty(struct sfi_walk *walk)
{
    const struct sfi_code *code = walk->code;
    const uint32_t first = MIN(walk->number + 1, walk->again);
    struct sfi_point *found = NULL;
    uint32_t i = first;

    for (; i < code->count && found == NULL; i++) {
        struct sfi_point *p = sfi_point_at(walk->worker, i);
        if (p != NULL && p->is_dirty)
            found = p;
    }
    walk->steps += (i - first) / LOOKED_PER_STEP; /* it counts too: who jumps far asks for much */
    return found;
}

/* Points only ever say less, so this ends; that it ends soon is seen to by a limit. */
static enum status walk_through(struct sfi_walk *walk, struct sfi_point *p)
{
    const uint64_t steps_max = (uint64_t)walk->code->count * SFI_WALKS_MAX;
    bool falls, changed;

    for (; p != NULL; p = next_dirty(walk)) {
        p->is_dirty = false;
        walk->number = p->number;
        walk->at = p->offset;
        walk->again = SFI_NOT_AGAIN;
        sfi_point_load(walk->worker, p);
        TRY(walk_block(walk, &falls));
        if (walk->steps > steps_max)
            return sfi_refuse(walk, "what its loops keep is not found in %u walks (SFI_WALKS_MAX)",
                              (unsigned)SFI_WALKS_MAX);
        if (!falls)
            continue;
        if (walk->number + 1 == walk->code->count)
            return refuse_end(walk);
        p = sfi_point_at(walk->worker, walk->number + 1);
        TRY(sfi_point_join(walk, p, &changed));
        p->is_dirty |= changed;
    }
    return ST_OK;
}

static enum status check(struct sfi_worker *w, uint32_t function, struct diag *dg)
{
    const struct sfi_function *f = &w->image->functions[function];
    struct sfi_walk walk = {
        .policy = w->policy,
        .image = w->image,
        .function = function,
        .start = f->offset,
        .end = f->offset + f->size,
        .code = &w->code,
        .state = &w->state,
        .worker = w,
        .at = f->offset,
        .again = SFI_NOT_AGAIN,
        .dg = dg,
    };
    struct sfi_point *entry;
    bool changed;

    if (w->code.count == 0)
        return sfi_refuse(&walk, "expected an instruction of the verifier's table to begin here");
    w->slot_count = 0;
    for (uint32_t i = 0; i < w->point_count; i++)
        w->points[i].is_reached = w->points[i].is_dirty = false;
    entry = sfi_point_at(w, 0);
    if (entry == NULL)
        entry = sfi_point_new(w, 0, walk.at);
    sfi_enter(&walk);
    TRY(sfi_point_join(&walk, entry, &changed));
    return walk_through(&walk, entry);
}

/* Nearly always what loops are expected to change is not needed. When it may be, it is found out
 * what they do change. */
enum status sfi_judge(struct sfi_worker *w, uint32_t function, struct diag *dg)
{
    struct diag ignored;

    assert(function < w->image->function_count && "numbered like the image's functions");
    sfi_code_read(w, function);
    w->is_patient = false;
    if (check(w, function, &ignored) == ST_OK)
        return ST_OK;
    w->is_patient = true;
    return check(w, function, dg);
}
