/* write_code: bodies, constant expressions and segments: what the module keeps as bytes is
 * decoded and encoded again. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/read.h"
#include "shield/wasm/write_internal.h"

enum { ELEM_NOT_ACTIVE = 1, ELEM_TABLE_OR_DECLARED = 2, ELEM_EXPRS = 4 };
enum { DATA_ACTIVE = 0, DATA_PASSIVE = 1, DATA_ACTIVE_MEMORY = 2 };
enum { ELEM_KIND_FUNC = 0 };

static bool names_data(enum wm_op op)
{
    enum wm_imm shape = (enum wm_imm)wm_op_info[op].imm;
    return shape == WM_IMM_DATA || shape == WM_IMM_DATA_MEMORY || shape == WM_IMM_TYPE_DATA;
}

static enum status write_rest(struct wm_reader *r, struct buf *out, bool *uses_data,
                              struct diag *dg)
{
    while (r->pos < r->end) {
        struct wm_ins ins;
        TRY(wm_ins_read(r, &ins, dg));
        wm_ins_write(out, &ins);
        if (uses_data != NULL && names_data(ins.op))
            *uses_data = true;
    }
    return ST_OK;
}

enum status wm_write_instructions(const struct wm_module *m, struct wm_bytes code, struct buf *out,
                                  bool *uses_data, struct diag *dg)
{
    struct wm_reader r = wm_reader_of(code, m->features);
    return write_rest(&r, out, uses_data, dg);
}

/* ---- bodies -------------------------------------------------------------------------------- */

/* Runs of locals; a run that continues the last one is added to it. */
struct local_runs {
    struct arena *arena;
    struct local_run {
        uint32_t count;
        struct wm_valtype type;
    } * runs;
    uint32_t run_count, capacity;
};

static void add_run(void *ctx, uint32_t count, struct wm_valtype t)
{
    struct local_runs *l = ctx;

    if (count == 0)
        return;
    if (l->run_count != 0 && wm_same(l->runs[l->run_count - 1].type, t)) {
        l->runs[l->run_count - 1].count += count;
        return;
    }
    ARENA_PUSH(l->arena, l->runs, l->run_count, l->capacity, ((struct local_run){count, t}));
}

static enum status write_body(const struct wm_module *m, struct wm_bytes body,
                              struct local_runs *locals, struct buf *out, bool *uses_data,
                              struct diag *dg)
{
    struct wm_reader r = wm_reader_of(body, m->features);
    uint32_t total = 0;
    size_t start = out->size;

    locals->run_count = 0;
    TRY(wm_read_locals(&r, &total, add_run, locals, dg));
    buf_uleb(out, locals->run_count);
    for (uint32_t i = 0; i < locals->run_count; i++) {
        buf_uleb(out, locals->runs[i].count);
        wm_valtype_write(out, locals->runs[i].type);
    }
    TRY(write_rest(&r, out, uses_data, dg));
    wm_write_sized(out, start);
    return ST_OK;
}

enum status wm_write_codes(const struct wm_module *m, struct buf *out, bool *uses_data,
                           struct diag *dg)
{
    struct local_runs locals = {.arena = out->arena};

    buf_reserve(out, m->sections[WM_SECTION_CODE].size);
    buf_uleb(out, m->code_count);
    for (uint32_t i = 0; i < m->code_count; i++)
        TRY(diag_in(dg, write_body(m, m->codes[i].body, &locals, out, uses_data, dg), "function %u",
                    m->func_imports + i));
    return ST_OK;
}

/* ---- segments ------------------------------------------------------------------------------ */

static uint32_t elem_flags(const struct wm_elem *e)
{
    uint32_t flags = e->is_exprs ? ELEM_EXPRS : 0;

    switch (e->mode) {
    case WM_SEGMENT_PASSIVE: return flags | ELEM_NOT_ACTIVE;
    case WM_SEGMENT_DECLARATIVE: return flags | ELEM_NOT_ACTIVE | ELEM_TABLE_OR_DECLARED;
    case WM_SEGMENT_ACTIVE: break;
    }
    /* The form without a table index has no type either: function indices, or funcref. */
    bool says_type = e->is_exprs && !wm_same(e->type, wm_ref(WM_HEAP(FUNC), true));
    return flags | (e->table != 0 || says_type ? ELEM_TABLE_OR_DECLARED : 0u);
}

static enum status write_elem(const struct wm_module *m, const struct wm_elem *e, struct buf *out,
                              struct diag *dg)
{
    uint32_t flags = elem_flags(e);

    buf_uleb(out, flags);
    if (e->mode == WM_SEGMENT_ACTIVE) {
        if (flags & ELEM_TABLE_OR_DECLARED)
            buf_uleb(out, e->table);
        TRY(wm_write_instructions(m, e->offset, out, NULL, dg));
    }
    if (flags & (ELEM_NOT_ACTIVE | ELEM_TABLE_OR_DECLARED)) {
        if (e->is_exprs)
            wm_valtype_write(out, e->type);
        else
            buf_byte(out, ELEM_KIND_FUNC);
    }
    buf_uleb(out, e->count);
    if (e->is_exprs)
        return wm_write_instructions(m, e->items, out, NULL, dg);

    struct wm_reader r = wm_reader_of(e->items, m->features);
    for (uint32_t i = 0; i < e->count; i++) {
        uint32_t func = 0;
        TRY(wm_read_u32(&r, &func, dg));
        buf_uleb(out, func);
    }
    return ST_OK;
}

enum status wm_write_elems(const struct wm_module *m, struct buf *out, struct diag *dg)
{
    buf_uleb(out, m->elem_count);
    for (uint32_t i = 0; i < m->elem_count; i++)
        TRY(diag_in(dg, write_elem(m, &m->elems[i], out, dg), "element segment %u", i));
    return ST_OK;
}

static enum status write_data(const struct wm_module *m, const struct wm_data *d, struct buf *out,
                              struct diag *dg)
{
    if (d->mode != WM_SEGMENT_ACTIVE) {
        buf_uleb(out, DATA_PASSIVE);
    } else {
        buf_uleb(out, d->memory == 0 ? DATA_ACTIVE : DATA_ACTIVE_MEMORY);
        if (d->memory != 0)
            buf_uleb(out, d->memory);
        TRY(wm_write_instructions(m, d->offset, out, NULL, dg));
    }
    buf_uleb(out, d->content.size);
    buf_bytes(out, d->content.data, d->content.size);
    return ST_OK;
}

enum status wm_write_datas(const struct wm_module *m, struct buf *out, struct diag *dg)
{
    buf_reserve(out, m->sections[WM_SECTION_DATA].size);
    buf_uleb(out, m->data_count);
    for (uint32_t i = 0; i < m->data_count; i++)
        TRY(diag_in(dg, write_data(m, &m->datas[i], out, dg), "data segment %u", i));
    return ST_OK;
}
