/* wat_symbols: what identifiers name. A symbol holds one index per space, so a use costs one load;
 * the symbols bound for a module or a function are listed, and forgotten at its end. Fields of
 * structs are named per type, in a hash table. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/wat_int.h"

#include "shield/wasm/wat_number.h"

#include <string.h>

const char *wat_space_text(enum wat_space space)
{
    static const char *const text[WAT_SPACE_COUNT] = {
        [WAT_SPACE_TYPE] = "type",
        [WAT_SPACE_FUNC] = "function",
        [WAT_SPACE_TABLE] = "table",
        [WAT_SPACE_MEMORY] = "memory",
        [WAT_SPACE_GLOBAL] = "global",
        [WAT_SPACE_TAG] = "tag",
        [WAT_SPACE_ELEM] = "element segment",
        [WAT_SPACE_DATA] = "data segment",
        [WAT_SPACE_LOCAL] = "local",
        [WAT_SPACE_LABEL] = "label",
    };
    return text[space];
}

enum status wat_bind(struct wat_parser *p, enum wat_space space, uint32_t symbol, uint32_t index,
                     const struct wat_token *t)
{
    if (symbol == WAT_NO_SYMBOL)
        return ST_OK;
    struct wat_symbol *s = &p->lx->symbols[symbol];
    if (s->index[space] != WAT_UNBOUND)
        return WAT_FAIL(p, t, ST_MALFORMED, "duplicate %s: $%.*s is already number %u",
                        wat_space_text(space), (int)MIN(s->name.size, (size_t)80), s->name.text,
                        s->index[space]);
    s->index[space] = index;
    struct wat_touched touched = {symbol, space};
    ARENA_PUSH(p->arena, p->touched, p->touched_count, p->touched_capacity, touched);
    return ST_OK;
}

void wat_forget(struct wat_parser *p, uint32_t touched_from)
{
    while (p->touched_count > touched_from) {
        const struct wat_touched *t = &p->touched[--p->touched_count];
        p->lx->symbols[t->symbol].index[t->space] = WAT_UNBOUND;
    }
}

static enum status unknown_id(struct wat_parser *p, const char *what)
{
    struct str s = wat_text_of(p->lx, p->t);
    return WAT_FAIL(p, p->t, ST_MALFORMED, "unknown %s %.*s", what, (int)MIN(s.size, (size_t)80),
                    s.text);
}

enum status wat_index(struct wat_parser *p, enum wat_space space, uint32_t *out)
{
    if (wat_is(p, WAT_TOK_ID)) {
        uint32_t index = p->lx->symbols[p->t->symbol].index[space];
        if (index == WAT_UNBOUND)
            return unknown_id(p, wat_space_text(space));
        *out = index;
        p->t++;
        return ST_OK;
    }
    char what[48] = "the index or $name of a ";
    if (!wat_is(p, WAT_TOK_NUMBER))
        return wat_expected(p, p->t, strncat(what, wat_space_text(space), 20));
    return wat_u32(p, "an index", out);
}

enum status wat_label_index(struct wat_parser *p, uint32_t *out)
{
    if (!wat_is(p, WAT_TOK_ID))
        return wat_index(p, WAT_SPACE_LABEL, out);
    uint32_t at = p->lx->symbols[p->t->symbol].index[WAT_SPACE_LABEL];
    if (at == WAT_UNBOUND)
        return unknown_id(p, "label");
    *out = p->label_count - 1 - at;
    p->t++;
    return ST_OK;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static uint32_t field_slot(const struct wat_parser *p, uint64_t key)
{
    uint32_t mask = p->field_slot_count - 1;
    uint32_t i = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;

    while (p->field_slots[i] != 0 && p->field_slots[i] != key)
        i = (i + 1) & mask;
    return i;
}

static void grow_fields(struct wat_parser *p)
{
    uint32_t old_count = p->field_slot_count;
    const uint64_t *old_slots = p->field_slots;
    const uint32_t *old_values = p->field_values;

    p->field_slot_count = old_count == 0 ? 64 : old_count * 2;
    p->field_slots = arena_new(p->arena, uint64_t, p->field_slot_count);
    p->field_values = arena_new(p->arena, uint32_t, p->field_slot_count);
    for (uint32_t i = 0; i < old_count; i++)
        if (old_slots[i] != 0) {
            uint32_t slot = field_slot(p, old_slots[i]);
            p->field_slots[slot] = old_slots[i];
            p->field_values[slot] = old_values[i];
        }
}

/* Never 0: types count from 1 here. */
static uint64_t field_key(uint32_t type, uint32_t symbol)
{
    return ((uint64_t)type + 1) << 32 | symbol;
}

enum status wat_bind_field(struct wat_parser *p, uint32_t type, uint32_t symbol, uint32_t field,
                           const struct wat_token *t)
{
    if (symbol == WAT_NO_SYMBOL)
        return ST_OK;
    if (p->field_slot_used * 2 >= p->field_slot_count)
        grow_fields(p);
    uint32_t slot = field_slot(p, field_key(type, symbol));
    if (p->field_slots[slot] != 0)
        return WAT_FAIL(p, t, ST_MALFORMED, "duplicate field: the name is already field %u",
                        p->field_values[slot]);
    p->field_slots[slot] = field_key(type, symbol);
    p->field_values[slot] = field;
    p->field_slot_used++;
    return ST_OK;
}

enum status wat_field_index(struct wat_parser *p, uint32_t type, uint32_t *out)
{
    if (!wat_is(p, WAT_TOK_ID))
        return wat_is(p, WAT_TOK_NUMBER) ? wat_u32(p, "an index", out)
                                         : wat_expected(p, p->t, "the index or $name of a field");
    if (p->field_slot_count == 0)
        return unknown_id(p, "field");
    uint32_t slot = field_slot(p, field_key(type, p->t->symbol));
    if (p->field_slots[slot] == 0)
        return unknown_id(p, "field");
    *out = p->field_values[slot];
    p->t++;
    return ST_OK;
}

/* ---- the name section ------------------------------------------------------------------------ */

enum status wat_note_name(struct wat_parser *p, enum wm_name_space space, uint32_t outer,
                          uint32_t index, uint32_t symbol)
{
    struct str name = {0};
    bool is_annotated = false;

    TRY(wat_annot_name(p, &is_annotated, &name));
    if (is_annotated)
        p->has_name_annot = true;
    else if (symbol != WAT_NO_SYMBOL && p->options->write_names)
        name = p->lx->symbols[symbol].name;
    else
        return ST_OK;
    if (wm_name_space_is_inner(space))
        wm_names_add_inner(p->names, space, outer, index, name);
    else
        wm_names_add(p->names, space, index, name);
    return ST_OK;
}
