/* validate_judge: the operand and block stacks of the validator, and its messages.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/validate_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum status judge_invalid(struct judge *j, const char *fmt, ...)
{
    char text[DIAG_TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return diag_fail(j->dg, ST_INVALID, j->ins.offset, "%s %s", wm_op_info[j->ins.op].text, text);
}

void judge_list_text(struct type_list list, char *out, size_t size)
{
    enum {
        ROOM = WM_TYPE_TEXT_MAX + 8
    }; /* for one more type, or for the end of a list that is cut */
    size_t used = (size_t)snprintf(out, size, "[");

    for (uint32_t i = 0; i < list.count; i++) {
        char text[WM_TYPE_TEXT_MAX];
        if (size - used < ROOM) {
            used += (size_t)snprintf(out + used, size - used, " ...");
            break;
        }
        wm_valtype_text(list.list[i], text, sizeof(text));
        used += (size_t)snprintf(out + used, size - used, "%s%s", i == 0 ? "" : " ", text);
    }
    snprintf(out + used, size - used, "]");
}

/* ---- operands ---- */

static uint32_t available(const struct judge *j)
{
    return (uint32_t)(j->sp - j->floor);
}

static const char *empty_stack(const struct judge *j)
{
    return j->frame_count > 1 ? "no value of this block" : "an empty stack";
}

static enum status mismatch(struct judge *j, struct wm_valtype want, uint32_t number,
                            const char *what, const struct wm_valtype *found)
{
    char want_text[WM_TYPE_TEXT_MAX], found_text[WM_TYPE_TEXT_MAX];

    wm_valtype_text(want, want_text, sizeof(want_text));
    if (found == NULL)
        return judge_invalid(j, "expects %s for %s %u, found %s", want_text, what, number,
                             empty_stack(j));
    wm_valtype_text(*found, found_text, sizeof(found_text));
    return judge_invalid(j, "expects %s for %s %u, found %s", want_text, what, number, found_text);
}

/* Compares the operands on top with the list, last first, so that a mismatch nearest to the top is
 * reported. number: of the first in the message. */
static enum status top_matches(struct judge *j, struct type_list list, const char *what,
                               uint32_t number)
{
    uint32_t have = available(j);
    struct wm_valtype last_found = {0}, last_want = {0}; /* runs of one pair are matched once */

    if (list.count == 0)
        return ST_OK;
    if (have >= list.count &&
        memcmp(j->sp - list.count, list.list, list.count * sizeof(*j->sp)) == 0)
        return ST_OK;
    for (uint32_t below = 1; below <= list.count; below++) {
        uint32_t i = list.count - below;
        if (below > have)
            return judge_frame(j)->is_unreachable
                       ? ST_OK
                       : mismatch(j, list.list[i], number + i, what, NULL);
        const struct wm_valtype *found = j->sp - below;
        if (wm_same(*found, last_found) && wm_same(list.list[i], last_want))
            continue;
        if (!wm_matches(j->m, *found, list.list[i]))
            return mismatch(j, list.list[i], number + i, what, found);
        last_found = *found;
        last_want = list.list[i];
    }
    return ST_OK;
}

enum status judge_top(struct judge *j, struct type_list list, const char *what)
{
    return top_matches(j, list, what, 1);
}

enum status judge_pop(struct judge *j, struct type_list list)
{
    TRY(top_matches(j, list, "operand", 1));
    judge_drop(j, list.count);
    return ST_OK;
}

enum status judge_pop_one(struct judge *j, uint32_t number, struct wm_valtype want)
{
    TRY(top_matches(j, (struct type_list){&want, 1}, "operand", number));
    judge_drop(j, 1);
    return ST_OK;
}

enum status judge_pop_any(struct judge *j, uint32_t number, struct wm_valtype *out)
{
    *out = WM_TYPE(BOT);
    if (available(j) != 0)
        *out = *--j->sp;
    else if (!judge_frame(j)->is_unreachable)
        return judge_invalid(j, "expects operand %u, found %s", number, empty_stack(j));
    return ST_OK;
}

enum status judge_pop_ref(struct judge *j, uint32_t number, struct wm_valtype *out)
{
    TRY(judge_pop_any(j, number, out));
    if (wm_kind(*out) == WM_KIND_BOT)
        *out = wm_ref(WM_HEAP(BOT), false);
    if (!wm_is_ref(*out))
        return judge_invalid(j, "expects a reference for operand %u, found %s", number,
                             wm_kind_text(wm_kind(*out)));
    return ST_OK;
}

void judge_drop(struct judge *j, uint32_t count)
{
    j->sp -= MIN(count, available(j));
}

/* Makes room for more operands, and for one for each byte that is left. */
static void reserve(struct judge *j, size_t more)
{
    size_t need = more + (j->r.end - j->r.pos) + STACK_SLACK;
    size_t used = (size_t)(j->sp - j->stack), capacity = (size_t)(j->stack_end - j->stack);

    if (need <= capacity - used)
        return;
    size_t floor_index = (size_t)(j->floor - j->stack);
    size_t new_capacity = MAX(used + need, capacity * 2);
    j->stack = arena_grow(j->scratch, j->stack, capacity, new_capacity, sizeof(*j->stack));
    j->stack_end = j->stack + new_capacity;
    j->sp = j->stack + used;
    j->floor = j->stack + floor_index;
}

enum status judge_push_list(struct judge *j, struct type_list list)
{
    if (list.count == 0)
        return ST_OK;
    if (list.count > 1) {
        if ((size_t)(j->sp - j->stack) + list.count > WM_MAX_OPERANDS)
            return diag_fail(j->dg, ST_LIMIT, j->ins.offset,
                             "more than %d operands on the stack of a function", WM_MAX_OPERANDS);
        reserve(j, list.count);
    }
    memcpy(j->sp, list.list, list.count * sizeof(*j->sp));
    j->sp += list.count;
    return ST_OK;
}

void judge_unreachable(struct judge *j)
{
    j->sp = j->floor;
    judge_frame(j)->is_unreachable = true;
}

bool judge_lists_match(const struct judge *j, struct type_list sub, struct type_list super)
{
    if (sub.count != super.count)
        return false;
    for (uint32_t i = 0; i < sub.count; i++)
        if (!wm_matches(j->m, sub.list[i], super.list[i]))
            return false;
    return true;
}

/* ---- blocks ---- */

static struct frame *add_frame(struct judge *j)
{
    struct frame f = {.height = (uint32_t)(j->sp - j->stack), .set_height = j->set_count};

    ARENA_PUSH(j->scratch, j->frames, j->frame_count, j->frame_capacity, f);
    j->floor = j->sp;
    return judge_frame(j);
}

void judge_open(struct judge *j, struct wm_bytes bytes, const struct wm_type *type,
                struct wm_valtype single)
{
    j->r = wm_reader_of(bytes, j->m->features);
    j->sp = j->floor = j->stack;
    j->frame_count = j->set_count = 0;
    reserve(j, 0);
    struct frame *f = add_frame(j);
    f->type = type;
    f->single = single;
    f->op = WM_OP_COUNT;
    f->offset = bytes.offset;
}

enum status judge_enter(struct judge *j, enum wm_op op, const struct wm_type *type,
                        struct wm_valtype single)
{
    if (j->frame_count > WM_MAX_NESTING)
        return diag_fail(j->dg, ST_LIMIT, j->ins.offset, "more than %d nested blocks of a function",
                         WM_MAX_NESTING);
    struct type_list params = {0};
    if (type != NULL)
        params = (struct type_list){type->params, type->param_count};
    TRY(judge_pop(j, params));
    struct frame *f = add_frame(j);
    f->type = type;
    f->single = single;
    f->op = (uint16_t)op;
    f->offset = j->ins.offset;
    return judge_push_list(j, params);
}

enum status judge_results(struct judge *j)
{
    struct type_list results = frame_results(judge_frame(j));

    TRY(judge_top(j, results, "result"));
    if (available(j) > results.count)
        return judge_invalid(j, "expects %u values at the end of the block, found %u",
                             results.count, available(j));
    return ST_OK;
}

void judge_forget_locals(struct judge *j, uint32_t set_height)
{
    while (j->set_count > set_height) {
        uint32_t index = j->set_locals[--j->set_count];
        if (index < j->near_count)
            j->near[index] = WM_TYPE(BOT);
        else
            j->far_set[index / 64] &= ~(UINT64_C(1) << index % 64);
    }
}

void judge_leave(struct judge *j)
{
    struct frame *f = judge_frame(j);

    judge_forget_locals(j, f->set_height);
    j->sp = j->stack + f->height;
    j->frame_count--;
    j->floor = j->frame_count == 0 ? j->stack : j->stack + judge_frame(j)->height;
}

/* ---- indices ---- */

enum status judge_index(struct judge *j, uint32_t index, uint32_t count, const char *what)
{
    if (LIKELY(index < count))
        return ST_OK;
    return judge_invalid(j, "names unknown %s %u; the module has %u", what, index, count);
}

enum status judge_heap(struct judge *j, struct wm_heap h)
{
    if (!wm_heap_is_index(h))
        return ST_OK;
    return judge_index(j, (uint32_t)h.code, j->m->type_count, "type");
}

enum status judge_valtype(struct judge *j, struct wm_valtype t)
{
    return wm_is_ref(t) ? judge_heap(j, wm_heap_of(t)) : ST_OK;
}

enum status judge_type(struct judge *j, uint32_t index, enum wm_composite composite,
                       const struct wm_type **out)
{
    static const char *const words[] = {"a function type", "a struct type", "an array type"};

    TRY(judge_index(j, index, j->m->type_count, "type"));
    *out = &j->m->types[index];
    if ((*out)->composite != composite)
        return judge_invalid(j, "expects %s, found type %u, which is %s", words[composite], index,
                             words[(*out)->composite]);
    return ST_OK;
}

enum status judge_label(struct judge *j, uint32_t depth, struct frame **out)
{
    if (depth >= j->frame_count)
        return judge_invalid(j, "names unknown label %u; open blocks: %u", depth, j->frame_count);
    *out = &j->frames[j->frame_count - 1 - depth];
    return ST_OK;
}
