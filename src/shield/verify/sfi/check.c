/* check: the judgement. One linear pass over the bytes of a function: where a hint stands, what is
 * known must imply it, and then is it; where a branch goes, a hint must stand that is implied.
 * So, whatever the hints say: if the pass ends without refusal, they hold.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/verify/sfi/hints.h"

#include <assert.h>

enum { BUCKET_BYTES = 32 };

struct check {
    const struct sfi_hints *hints;
    const uint32_t *buckets;
};

/* Makes the index from offset to hint. Refuses hints that are out of order or out of bounds. */
static enum status index_hints(struct sfi_worker *w, struct sfi_walk *walk,
                               const struct sfi_hints *h)
{
    uint32_t bucket_count = (walk->end - walk->start) / BUCKET_BYTES + 2, next = 0;

    if (bucket_count > w->bucket_capacity) {
        w->buckets =
            arena_grow(w->arena, w->buckets, w->bucket_capacity, bucket_count, sizeof(*w->buckets));
        w->bucket_capacity = bucket_count;
    }
    for (uint32_t i = 0; i < h->count; i++) {
        const struct sfi_hint *hint = &h->hints[i];
        if (hint->offset < walk->start || hint->offset >= walk->end ||
            (i != 0 && hint->offset <= hint[-1].offset) || hint->first_fact > h->fact_count ||
            hint->fact_count > h->fact_count - hint->first_fact || hint->depth % 8 != 0 ||
            hint->depth > SFI_FRAME_BYTES_MAX || hint->touched > hint->depth ||
            hint->depth - hint->touched > walk->policy->frame_probe_bytes)
            return sfi_refuse(walk, "hint %u is out of order or out of bounds", i);
        for (; next <= (hint->offset - walk->start) / BUCKET_BYTES; next++)
            w->buckets[next] = i;
    }
    for (; next < bucket_count; next++)
        w->buckets[next] = h->count;
    return ST_OK;
}

static const struct sfi_hint *find_hint(const struct sfi_walk *walk, uint32_t offset)
{
    const struct check *c = walk->owner;
    uint32_t i = c->buckets[(offset - walk->start) / BUCKET_BYTES];
    while (i < c->hints->count && c->hints->hints[i].offset < offset)
        i++;
    return i < c->hints->count && c->hints->hints[i].offset == offset ? &c->hints->hints[i] : NULL;
}

static const struct sfi_value *present(const struct sfi_state *st, uint32_t location)
{
    static const struct sfi_value any = {.kind = SFI_NUMBER, .high = UINT64_MAX};
    if (location < SFI_LOCATION_SLOT)
        return &st->regs[location];
    uint32_t slot = location - SFI_LOCATION_SLOT;
    return st->stamps[slot] == st->epoch ? &st->slots[slot] : &any;
}

static enum status refuse_fact(struct sfi_walk *walk, uint32_t target, const struct sfi_fact *fact)
{
    char expected[SFI_VALUE_TEXT_MAX], found[SFI_VALUE_TEXT_MAX];
    bool is_reg = fact->location < SFI_LOCATION_SLOT;
    return sfi_refuse(walk, "going to 0x%x, %s %u must hold %s, it holds %s", target,
                      is_reg ? "register" : "slot",
                      is_reg ? fact->location : fact->location - SFI_LOCATION_SLOT,
                      sfi_value_text(&fact->value, expected),
                      sfi_value_text(present(walk->state, fact->location), found));
}

/* Whether the present state implies the hint. */
static enum status expect_hint(struct sfi_walk *walk, const struct sfi_hint *hint)
{
    const struct check *c = walk->owner;
    const struct sfi_state *st = walk->state;

    if (st->depth != hint->depth || st->touched < hint->touched)
        return sfi_refuse(walk, "going to 0x%x, rsp must be %u bytes below entry, it is %u",
                          hint->offset, hint->depth, st->depth);
    for (uint32_t i = 0; i < hint->fact_count; i++) {
        const struct sfi_fact *fact = &c->hints->facts[hint->first_fact + i];
        if (!sfi_fact_is_sound(fact, hint->depth))
            return sfi_refuse(walk, "the hint of 0x%x is damaged", hint->offset);
        if (!sfi_implies(present(st, fact->location), &fact->value))
            return refuse_fact(walk, hint->offset, fact);
    }
    return ST_OK;
}

static enum status branch_checked(struct sfi_walk *walk, uint32_t target)
{
    const struct sfi_hint *hint = find_hint(walk, target);
    if (hint == NULL)
        return sfi_refuse(walk, "there is no hint for the branch target 0x%x", target);
    return expect_hint(walk, hint);
}

/* The state becomes what the hint says. */
static enum status assume_hint(struct sfi_walk *walk, const struct sfi_hint *hint)
{
    const struct check *c = walk->owner;
    struct sfi_state *st = walk->state;

    sfi_state_clear(st);
    sfi_state_grow(st, hint->depth);
    st->touched = hint->touched;
    st->has_volatile = true;
    for (uint32_t i = 0; i < hint->fact_count; i++) {
        const struct sfi_fact *fact = &c->hints->facts[hint->first_fact + i];
        if (!sfi_fact_is_sound(fact, hint->depth))
            return sfi_refuse(walk, "the hint of 0x%x is damaged", hint->offset);
        if (fact->location < SFI_LOCATION_SLOT)
            st->regs[fact->location] = fact->value;
        else
            sfi_set_slot(st, fact->location - SFI_LOCATION_SLOT, &fact->value);
    }
    return ST_OK;
}

/* From instruction to instruction, and from hint to hint where control does not fall through:
 * bytes in between are never reached, since every branch goes to a hint. */
static enum status walk_through(struct sfi_walk *walk, const struct sfi_hints *hints)
{
    uint32_t next = 0;
    bool is_reached = true;

    while (walk->at < walk->end) {
        if (next < hints->count && hints->hints[next].offset == walk->at) {
            if (is_reached)
                TRY(expect_hint(walk, &hints->hints[next]));
            TRY(assume_hint(walk, &hints->hints[next++]));
            is_reached = true;
        }
        if (next < hints->count && hints->hints[next].offset < walk->at)
            return sfi_refuse(walk, "a branch goes to 0x%x, which is inside an instruction",
                              hints->hints[next].offset);
        if (!is_reached) {
            walk->at = next < hints->count ? hints->hints[next].offset : walk->end;
            continue;
        }
        TRY(sfi_step(walk, &is_reached));
        walk->at += walk->ins->length;
    }
    if (is_reached || next != hints->count) {
        walk->at = walk->end - 1;
        walk->ins = NULL;
        return sfi_refuse(walk, "control must not run past the end of the function");
    }
    return ST_OK;
}

enum status sfi_check_code(struct sfi_worker *w, const struct sfi_policy *policy,
                           const struct sfi_image *image, uint32_t function,
                           const struct sfi_hints *hints, struct diag *dg)
{
    struct check check = {.hints = hints};
    assert(function < image->function_count && "numbered like the image's functions");
    const struct sfi_function *f = &image->functions[function];
    struct sfi_walk walk = {
        .policy = policy,
        .image = image,
        .function = function,
        .start = f->offset,
        .end = f->offset + f->size,
        .code = &w->code,
        .state = &w->state,
        .at = f->offset,
        .branch = branch_checked,
        .owner = &check,
        .dg = dg,
    };

    TRY(index_hints(w, &walk, hints));
    check.buckets = w->buckets;
    sfi_enter(&walk);
    return walk_through(&walk, hints);
}

enum status sfi_check(struct sfi_worker *w, const struct sfi_policy *policy,
                      const struct sfi_image *image, uint32_t function,
                      const struct sfi_hints *hints, struct diag *dg)
{
    sfi_code_read(&w->code, image, function, w->arena);
    return sfi_check_code(w, policy, image, function, hints, dg);
}
