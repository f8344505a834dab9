/* access: which memory operands are allowed, and what a load through them gives.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/verify/sfi/step.h"

#include <assert.h>

/* Sums of offsets below stay far from wrapping when every part is at most this. */
#define OFFSET_MAX (UINT64_C(1) << 40)

bool sfi_in_data(const struct sfi_image *image, uint64_t offset, uint64_t bytes)
{
    return offset >= image->data_offset && bytes <= image->data_size &&
           offset - image->data_offset <= image->data_size - bytes;
}

static enum status refuse_address(struct sfi_walk *walk, const struct sfi_value *base,
                                  const struct sfi_value *index)
{
    char base_text[SFI_VALUE_TEXT_MAX], index_text[SFI_VALUE_TEXT_MAX];
    return sfi_refuse(
        walk,
        "the address must be proven inside what the policy names; base is %s, index is "
        "%s, scale %u, displacement %d, width %u",
        sfi_value_text(base, base_text), sfi_value_text(index, index_text), walk->ins->mem.scale,
        walk->ins->mem.disp, walk->ins->mem.width);
}

/* ---- frame ------------------------------------------------------------------------------------
 */

void sfi_frame_write(struct sfi_state *st, uint32_t position, uint32_t width,
                     const struct sfi_value *v)
{
    uint32_t first = (position - 1) / 8, last = (position - width) / 8;
    assert(position >= width && position <= st->depth && "inside the frame");

    if (width == 8 && position % 8 == 0) {
        bool is_volatile = v->kind == SFI_MEMORY_BASE || v->kind == SFI_ADDRESS ||
                           v->kind == SFI_TABLE_ELEMENTS;
        st->has_volatile |= is_volatile;
        st->has_records |= sfi_has_identity(v);
        sfi_set_slot(st, first, v);
        return;
    }
    struct sfi_value old = sfi_slot(st, first), any = sfi_any();
    if (position % 8 == 0 && width <= 4 && sfi_is_u32(&old)) {
        struct sfi_value wide = sfi_u32(); /* the high half of the slot is still zero */
        sfi_set_slot(st, first, &wide);
        return;
    }
    for (uint32_t s = last; s <= first; s++)
        sfi_set_slot(st, s, &any);
}

static enum status access_frame(struct sfi_walk *walk, struct sfi_place *out)
{
    struct sfi_state *st = walk->state;
    const struct sfi_mem *mem = &walk->ins->mem;

    if (mem->index != SFI_NO_REG || mem->disp < 0 || (uint64_t)mem->disp + mem->width > st->depth)
        return sfi_refuse(walk,
                          "an access to the frame must lie in [rsp, rsp+%u), this is [rsp%+d, %u "
                          "bytes%s)",
                          st->depth, mem->disp, mem->width,
                          mem->index != SFI_NO_REG ? ", indexed" : "");
    out->is_frame = true;
    out->position = st->depth - (uint32_t)mem->disp;
    st->touched = MAX(st->touched, out->position);
    out->loaded = sfi_unknown(mem->width);
    if (mem->width <= 8 && out->position % 8 == 0) {
        struct sfi_value slot = sfi_slot(st, (out->position - 1) / 8);
        out->loaded = sfi_truncate(&slot, mem->width);
    }
    return ST_OK;
}

/* ---- fields -----------------------------------------------------------------------------------
 */

/* Whether an access of that width at that offset hits an element of the field, and which. */
static bool hits(const struct sfi_field *f, uint32_t offset, uint32_t width, uint32_t *element)
{
    uint64_t distance = (uint64_t)offset - f->offset;
    if (offset < f->offset || distance >= (uint64_t)f->stride * f->count)
        return false;
    *element = (uint32_t)(distance / f->stride);
    uint64_t within = distance % f->stride;
    return f->any_width ? within + width <= f->width : within == 0 && width == f->width;
}

static const struct sfi_field *find_field(const struct sfi_shape *shape, int32_t offset,
                                          uint32_t width, uint32_t *element)
{
    uint32_t first = 0, end = shape->count;
    while (first < end) { /* the first field that begins behind offset */
        uint32_t middle = first + (end - first) / 2;
        if ((int64_t)shape->fields[middle].offset <= offset)
            first = middle + 1;
        else
            end = middle;
    }
    if (offset < 0 || first == 0)
        return NULL;
    const struct sfi_field *f = &shape->fields[first - 1];
    return hits(f, (uint32_t)offset, width, element) ? f : NULL;
}

static struct sfi_value yielded(const struct sfi_field *f, const struct sfi_value *base,
                                uint32_t element, uint32_t width)
{
    uint32_t number = f->number;
    if (f->yields == SFI_NUMBER)
        return sfi_unknown(width);
    if (f->numbering == SFI_NUMBER_ELEMENT)
        number += element;
    else if (f->numbering == SFI_NUMBER_BASE)
        number = base->low;
    struct sfi_value v = sfi_pointer(f->yields, number);
    if (f->numbering != SFI_NUMBER_BASE && sfi_has_identity(&v))
        v.low = SFI_IMPORT_IDENTITY | number;
    if (f->yields == SFI_FUNC && f->is_trusted)
        v.flags = SFI_IS_THERE | SFI_IS_SIGNED;
    if (f->yields == SFI_BUILTIN)
        v.low = f->is_trusted; /* whether it returns a function record */
    return v;
}

static enum status access_field(struct sfi_walk *walk, const struct sfi_value *base,
                                struct sfi_place *out)
{
    const struct sfi_mem *mem = &walk->ins->mem;
    uint32_t element = 0, access = walk->ins->rm_use & SFI_ACCESS;
    const struct sfi_field *f =
        find_field(&walk->policy->shapes[base->kind], mem->disp, mem->width, &element);

    if (f == NULL)
        return sfi_refuse(walk, "there is no field of %u bytes at offset %d of a %s", mem->width,
                          mem->disp, sfi_kind_text(base->kind));
    if ((access & SFI_READ) != 0 && (f->access & SFI_FIELD_READ) == 0)
        return sfi_refuse(walk, "offset %d of a %s must not be read", mem->disp,
                          sfi_kind_text(base->kind));
    if ((access & SFI_WRITE) != 0 && (f->access & SFI_FIELD_WRITE) == 0)
        return sfi_refuse(walk, "offset %d of a %s must not be written", mem->disp,
                          sfi_kind_text(base->kind));
    if (base->kind == SFI_FUNC && (base->flags & SFI_IS_THERE) == 0)
        return sfi_refuse(walk, "a function record must be compared with null before it is read");
    out->loaded = yielded(f, base, element, mem->width);
    return ST_OK;
}

/* ---- guest memory ------------------------------------------------------------------------------
 */

/* base + index * scale + disp, all inside what the base of memory [tag] reaches. */
static bool guest_range(const struct sfi_walk *walk, const struct sfi_value *base,
                        const struct sfi_value *index, uint64_t width, struct sfi_value *out)
{
    const struct sfi_mem *mem = &walk->ins->mem;
    bool is_base = base->kind == SFI_MEMORY_BASE;
    uint32_t memory = is_base ? base->low : base->tag;
    uint64_t low = is_base ? 0 : base->low, high = is_base ? 0 : base->high;
    uint64_t index_low = (uint64_t)index->low * mem->scale;

    if (memory >= walk->policy->memory_count || memory > UINT16_MAX || index->kind != SFI_NUMBER ||
        index->high > OFFSET_MAX || high > OFFSET_MAX)
        return false;
    high += index->high * mem->scale;
    low += index_low;
    if (mem->disp < 0 && low < (uint64_t) - (int64_t)mem->disp)
        return false;
    low = low + (uint64_t)(int64_t)mem->disp;
    high = high + (uint64_t)(int64_t)mem->disp;
    if (high > 2 * OFFSET_MAX * 8 || high + width > walk->policy->memories[memory].reach_bytes)
        return false;
    *out = (struct sfi_value){.kind = SFI_ADDRESS,
                              .tag = (uint16_t)memory,
                              .low = (uint32_t)MIN(low, UINT32_MAX),
                              .high = high};
    return true;
}

/* An access that ends, at the latest, at a checked end. */
static bool is_checked_end(const struct sfi_mem *mem, const struct sfi_value *base,
                           const struct sfi_value *index)
{
    return base->kind == SFI_MEMORY_BASE && index->kind == SFI_NUMBER &&
           index->flags == SFI_IS_END && index->tag == base->low && mem->scale == 1 &&
           mem->disp <= 0 && (int64_t)mem->disp + mem->width <= 0 &&
           -(int64_t)mem->disp <= (int64_t)index->low;
}

/* ---- all of it --------------------------------------------------------------------------------
 */

/* Base and index as values; what is not there is zero. The one that points stands first. */
static void operands(const struct sfi_walk *walk, struct sfi_value *base, struct sfi_value *index)
{
    const struct sfi_mem *mem = &walk->ins->mem;
    *base = mem->base < 16 && mem->base != SFI_RSP ? walk->state->regs[mem->base] : sfi_any();
    *index = mem->index < 16 ? walk->state->regs[mem->index] : sfi_constant(0);
    if (mem->base == SFI_NO_REG)
        *base = sfi_constant(0);
    if (base->kind == SFI_NUMBER && index->kind != SFI_NUMBER && mem->scale == 1) {
        struct sfi_value number = *base;
        *base = *index;
        *index = number;
    }
}

/* Read-only data through a register: offset of base, then a bounded index. */
static enum status access_pool(struct sfi_walk *walk, const struct sfi_value *base,
                               const struct sfi_value *index, struct sfi_place *out)
{
    const struct sfi_mem *mem = &walk->ins->mem;
    if (index->kind != SFI_NUMBER || index->high > OFFSET_MAX || mem->disp < 0 ||
        (walk->ins->rm_use & SFI_WRITE) != 0 ||
        !sfi_in_data(walk->image, base->low + (uint64_t)mem->disp,
                     index->high * mem->scale + mem->width))
        return refuse_address(walk, base, index);
    out->loaded = sfi_unknown(mem->width);
    if (mem->width == 4 && mem->scale == 4 && mem->disp == 0 && index->high < SFI_JUMP_TABLE_MAX &&
        walk->ins->op == SFI_OP_MOVSXD)
        out->loaded = (struct sfi_value){.kind = SFI_DELTA, .low = base->low, .high = index->high};
    return ST_OK;
}

static enum status access_element(struct sfi_walk *walk, const struct sfi_value *base,
                                  const struct sfi_value *index, struct sfi_place *out)
{
    const struct sfi_mem *mem = &walk->ins->mem;
    const struct sfi_policy *policy = walk->policy;
    bool is_checked =
        index->kind == SFI_NUMBER && index->flags == SFI_IS_INDEX && index->tag == base->low;
    bool is_small = index->kind == SFI_NUMBER && base->low < policy->table_count &&
                    index->high < policy->tables[base->low].size_min;
    if (!(is_checked || is_small) || mem->disp != 0 || mem->scale != policy->element_bytes ||
        mem->width != mem->scale || (walk->ins->rm_use & SFI_WRITE) != 0)
        return refuse_address(walk, base, index);
    if (base->low < policy->table_count && policy->tables[base->low].is_opaque) {
        out->loaded = sfi_unknown(mem->width);
        return ST_OK;
    }
    sfi_forget_identity(walk->state, walk->at);
    out->loaded = sfi_pointer(SFI_FUNC, walk->at);
    return ST_OK;
}

static enum status access_rip(struct sfi_walk *walk, struct sfi_place *out)
{
    const struct sfi_mem *mem = &walk->ins->mem;
    int64_t offset = (int64_t)walk->at + walk->ins->length + mem->disp;
    if (offset < 0 || (walk->ins->rm_use & SFI_WRITE) != 0 ||
        !sfi_in_data(walk->image, (uint64_t)offset, mem->width))
        return sfi_refuse(walk, "only read-only data [0x%x, 0x%x) may be read relative to rip",
                          walk->image->data_offset,
                          walk->image->data_offset + walk->image->data_size);
    out->loaded = sfi_unknown(mem->width);
    return ST_OK;
}

static enum status access_somewhere(struct sfi_walk *walk, struct sfi_place *out)
{
    const struct sfi_mem *mem = &walk->ins->mem;
    struct sfi_value base, index, ignored;

    if (mem->base == SFI_RSP)
        return access_frame(walk, out);
    if (mem->base == SFI_REG_RIP)
        return access_rip(walk, out);
    operands(walk, &base, &index);
    switch (base.kind) {
    case SFI_MEMORY_BASE:
    case SFI_ADDRESS:
        if (!guest_range(walk, &base, &index, mem->width, &ignored) &&
            !is_checked_end(mem, &base, &index))
            return refuse_address(walk, &base, &index);
        out->loaded = sfi_unknown(mem->width);
        return ST_OK;
    case SFI_TABLE_ELEMENTS: return access_element(walk, &base, &index, out);
    case SFI_POOL: return access_pool(walk, &base, &index, out);
    default: break;
    }
    if (base.kind == SFI_NUMBER || base.kind >= SFI_POINTER_KINDS || mem->index != SFI_NO_REG)
        return refuse_address(walk, &base, &index);
    return access_field(walk, &base, out);
}

/* Known for the frame, since rsp is aligned at calls, and for read-only data, since images begin at
 * a page. */
static bool is_aligned(const struct sfi_walk *walk, const struct sfi_place *place)
{
    const struct sfi_mem *mem = &walk->ins->mem;
    if (place->is_frame)
        return place->position % 16 == 8;
    return mem->base == SFI_REG_RIP &&
           (walk->at + walk->ins->length + (uint32_t)mem->disp) % 16 == 0;
}

/* The most frequent access, base of memory 0 + 32-bit number + displacement, without ado. False:
 * the rules are to be asked. */
static bool is_plain_access(const struct sfi_walk *walk)
{
    const struct sfi_mem *mem = &walk->ins->mem;
    const struct sfi_value *regs = walk->state->regs;

    if (mem->base != SFI_R14 || mem->index >= 16 || mem->scale != 1 || mem->disp < 0 ||
        walk->ins->needs_alignment || !sfi_is(&regs[SFI_R14], SFI_MEMORY_BASE, 0) ||
        walk->policy->memory_count == 0)
        return false;
    return sfi_is_u32(&regs[mem->index]) &&
           regs[mem->index].high + (uint64_t)mem->disp + mem->width <=
               walk->policy->memories[0].reach_bytes;
}

enum status sfi_access(struct sfi_walk *walk, struct sfi_place *out)
{
    assert(walk->ins->mem.width != 0 && "an address alone is no access");
    if (is_plain_access(walk)) {
        out->is_frame = false;
        out->loaded = sfi_unknown(walk->ins->mem.width);
        return ST_OK;
    }
    *out = (struct sfi_place){.loaded = sfi_any()};
    TRY(access_somewhere(walk, out));
    if (walk->ins->needs_alignment && !is_aligned(walk, out))
        return sfi_refuse(walk,
                          "this instruction faults unless its operand is aligned to 16 bytes, "
                          "which must be known");
    return ST_OK;
}

struct sfi_value sfi_address(const struct sfi_walk *walk)
{
    const struct sfi_mem *mem = &walk->ins->mem;
    struct sfi_value base, index, out;

    if (mem->base == SFI_REG_RIP) {
        int64_t offset = (int64_t)walk->at + walk->ins->length + mem->disp;
        return offset >= 0 && sfi_in_data(walk->image, (uint64_t)offset, 1)
                   ? sfi_pointer(SFI_POOL, (uint32_t)offset)
                   : sfi_any();
    }
    if (mem->base == SFI_RSP)
        return sfi_any();
    operands(walk, &base, &index);
    if (base.kind == SFI_MEMORY_BASE || base.kind == SFI_ADDRESS)
        return guest_range(walk, &base, &index, 0, &out) ? out : sfi_any();
    uint32_t shift = mem->scale == 8 ? 3 : mem->scale / 2;
    index = sfi_scaled(&index, shift);
    out = sfi_sum(&base, &index);
    if (out.kind != SFI_NUMBER || sfi_is_any(&out))
        return sfi_any();
    if (mem->disp >= 0) {
        struct sfi_value disp = sfi_constant((uint64_t)mem->disp);
        return mem->disp == 0 && mem->index == SFI_NO_REG ? base : sfi_sum(&out, &disp);
    }
    uint64_t less = (uint64_t) - (int64_t)mem->disp;
    return out.low >= less ? sfi_range((uint32_t)(out.low - less), out.high - less) : sfi_any();
}
