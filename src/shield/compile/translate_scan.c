/* translate_scan: reads a body once before it is translated, and notes where locals are set and how
 * far loops reach. So that a loop's head gets parameters only for what the loop changes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/translate_int.h"

static void open_block(struct tf *t, const struct wm_ins *ins)
{
    uint32_t loop = TF_NONE;

    if (ins->op == WM_OP_LOOP) {
        loop = t->loops.count;
        /* Until it ends: how many sets came before it. */
        VECTOR_PUSH(t, t->loops, ((struct loop_sets){.end = t->found_sets.count}));
    }
    VECTOR_PUSH(t, t->open_loops, loop);
}

static void close_block(struct tf *t, const struct wm_ins *ins)
{
    const uint32_t loop = t->open_loops.items[--t->open_loops.count];

    if (loop == TF_NONE)
        return;
    struct loop_sets *l = &t->loops.items[loop];
    l->has_sets = t->found_sets.count > l->end;
    l->end = ins->offset;
}

static void note(struct tf *t, const struct wm_ins *ins)
{
    switch (ins->op) {
    case WM_OP_BLOCK:
    case WM_OP_LOOP:
    case WM_OP_IF: open_block(t, ins); break;
    case WM_OP_END: close_block(t, ins); break;
    case WM_OP_LOCAL_SET:
    case WM_OP_LOCAL_TEE:
        VECTOR_PUSH(t, t->found_sets, (uint64_t)ins->index << 32 | ins->offset);
        break;
    default: break;
    }
}

/* Sorts the places by local; they are in order of offset already. */
static void sort_sets(struct tf *t)
{
    t->set_first.count = t->sets.count = 0;
    for (uint32_t i = 0; i < t->local_count + 2; i++)
        VECTOR_PUSH(t, t->set_first, 0);
    uint32_t *first = t->set_first.items;
    for (uint32_t i = 0; i < t->found_sets.count; i++)
        first[(t->found_sets.items[i] >> 32) + 2]++;
    for (uint32_t i = 2; i < t->local_count + 2; i++)
        first[i] += first[i - 1];
    for (uint32_t i = 0; i < t->found_sets.count; i++)
        VECTOR_PUSH(t, t->sets, 0);
    for (uint32_t i = 0; i < t->found_sets.count; i++) /* first[l + 1] moves to the end of l */
        t->sets.items[first[(t->found_sets.items[i] >> 32) + 1]++] =
            (uint32_t)t->found_sets.items[i];
}

enum status tf_scan(struct tf *t)
{
    struct wm_reader r = t->r;
    struct wm_ins ins;

    t->loops.count = t->found_sets.count = t->open_loops.count = 0;
    t->loop = 0;
    VECTOR_PUSH(t, t->open_loops, TF_NONE); /* the body */
    while (t->open_loops.count > 0) {
        TRY(wm_ins_read(&r, &ins, t->dg));
        if (tf_rows[ins.op].kind == ROW_REFUSED)
            return diag_fail(t->dg, ST_UNSUPPORTED, ins.offset,
                             "%s is not compiled yet; the interpreter runs it",
                             wm_op_info[ins.op].text);
        note(t, &ins);
    }
    if (t->loops.count > 0)
        sort_sets(t);
    return ST_OK;
}

bool tf_is_set(const struct tf *t, uint32_t local, uint32_t begin, uint32_t end)
{
    uint32_t low = t->set_first.items[local], high = t->set_first.items[local + 1];
    const uint32_t last = high;

    while (low < high) { /* the first place at or behind begin */
        uint32_t middle = low + (high - low) / 2;
        if (t->sets.items[middle] < begin)
            low = middle + 1;
        else
            high = middle;
    }
    return low < last && t->sets.items[low] < end;
}
