/* wat_types: value types, type definitions, type uses. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/wat_int.h"

#include <assert.h>
#include <string.h>

/* ---- value types ----------------------------------------------------------------------------- */

_Static_assert((int)WAT_VALUE_V128 - (int)WAT_VALUE_0 == (int)WM_KIND_V128 - (int)WM_KIND_I32,
               "value words follow wm_kind");

static bool is_heap_word(const struct wat_token *t)
{
    return t->kind == WAT_TOK_WORD && t->word >= WAT_HEAP_0 && t->word < WAT_SHORT_0;
}

static bool is_short_word(const struct wat_token *t)
{
    return t->kind == WAT_TOK_WORD && t->word >= WAT_SHORT_0 && t->word < WAT_OTHER_0;
}

static bool is_value_word(const struct wat_token *t)
{
    return t->kind == WAT_TOK_WORD && t->word >= WAT_VALUE_0 && t->word <= WAT_VALUE_V128;
}

bool wat_at_valtype(const struct wat_parser *p)
{
    return is_value_word(p->t) || is_short_word(p->t) || wat_opens(p, WAT_REF);
}

enum status wat_heap(struct wat_parser *p, struct wm_heap *out)
{
    if (is_heap_word(p->t)) {
        *out = wm_heap_abs((enum wm_heap_abs)(p->t->word - WAT_HEAP_0));
        p->t++;
        return ST_OK;
    }
    if (!wat_is_index(p))
        return wat_expected_word(p, "a heap type", WAT_HEAP_0, WAT_SHORT_0);
    const struct wat_token *t = p->t;
    uint32_t index;
    TRY(wat_index(p, WAT_SPACE_TYPE, &index));
    if (index >= WM_MAX_TYPES)
        return WAT_FAIL(p, t, ST_INVALID, "unknown type %u", index);
    *out = wm_heap_index(index);
    return ST_OK;
}

enum status wat_reftype(struct wat_parser *p, struct wm_valtype *out)
{
    if (is_short_word(p->t)) {
        *out = wm_ref(wm_heap_abs((enum wm_heap_abs)(p->t->word - WAT_SHORT_0)), true);
        p->t++;
        return ST_OK;
    }
    if (!wat_take_open(p, WAT_REF))
        return wat_expected_word(p, "a reference type", WAT_SHORT_0, WAT_OTHER_0);
    struct wm_heap heap;
    bool nullable = wat_take_word(p, WAT_NULL);
    TRY(wat_heap(p, &heap));
    *out = wm_ref(heap, nullable);
    return wat_close(p);
}

enum status wat_valtype(struct wat_parser *p, struct wm_valtype *out)
{
    if (is_value_word(p->t)) {
        out->bits = (uint32_t)WM_KIND_I32 + (p->t->word - (uint32_t)WAT_VALUE_0);
        p->t++;
        return ST_OK;
    }
    if (!wat_at_valtype(p))
        return wat_expected_word(p, "a value type", WAT_VALUE_0, WAT_OTHER_0);
    return wat_reftype(p, out);
}

/* ---- signatures ------------------------------------------------------------------------------ */

static void push_param(struct wat_parser *p, struct wm_valtype type, struct wat_param_name name)
{
    uint32_t count = p->param_count;
    ARENA_PUSH(p->arena, p->param_names, count, p->param_name_capacity, name);
    ARENA_PUSH(p->arena, p->params, p->param_count, p->param_capacity, type);
}

/* Behind "(param": types until ), or one type with an identifier. */
static enum status params(struct wat_parser *p, bool names)
{
    struct wat_param_name name = {.symbol = WAT_NO_SYMBOL};
    struct wm_valtype type;

    if (wat_is(p, WAT_TOK_ID)) {
        if (!names)
            return WAT_FAIL(p, p->t, ST_MALFORMED, "a parameter here cannot have a name");
        name.symbol = p->t++->symbol;
        TRY(wat_annot_name(p, &name.is_annotated, &name.text));
        TRY(wat_valtype(p, &type));
        push_param(p, type, name);
        return wat_close(p);
    }
    while (!wat_is(p, WAT_TOK_CLOSE)) {
        TRY(wat_valtype(p, &type));
        push_param(p, type, name);
    }
    return wat_close(p);
}

enum status wat_signature(struct wat_parser *p, bool names, bool *any)
{
    p->param_count = p->result_count = 0;
    while (wat_take_open(p, WAT_PARAM))
        TRY(params(p, names));
    while (wat_take_open(p, WAT_RESULT)) {
        while (!wat_is(p, WAT_TOK_CLOSE)) {
            struct wm_valtype type;
            TRY(wat_valtype(p, &type));
            ARENA_PUSH(p->arena, p->results, p->result_count, p->result_capacity, type);
        }
        TRY(wat_close(p));
    }
    *any = p->param_count + p->result_count != 0;
    return ST_OK;
}

/* ---- implicit types -------------------------------------------------------------------------- */

static uint32_t types_hash(const struct wm_valtype *types, uint32_t count, uint32_t hash)
{
    hash = (hash ^ count) * 0x9e3779b1u;
    for (uint32_t i = 0; i < count; i++)
        hash = ((hash ^ types[i].bits) * 0x9e3779b1u) ^ hash >> 15;
    return hash;
}

static bool types_equal(const struct wm_valtype *a, const struct wm_valtype *b, uint32_t count)
{
    return count == 0 || memcmp(a, b, count * sizeof(*a)) == 0;
}

static bool has_signature(const struct wm_type *t, const struct wm_valtype *of_params,
                          uint32_t param_count, const struct wm_valtype *of_results,
                          uint32_t result_count)
{
    return t->param_count == param_count && t->result_count == result_count &&
           types_equal(t->params, of_params, param_count) &&
           types_equal(t->results, of_results, result_count);
}

/* The slot of a signature, free or holding the first type that has it. */
static uint32_t type_slot(const struct wat_parser *p, const struct wm_valtype *of_params,
                          uint32_t param_count, const struct wm_valtype *of_results,
                          uint32_t result_count)
{
    uint32_t mask = p->type_slot_count - 1;
    uint32_t hash = types_hash(of_params, param_count, p->lx->seed);
    hash = types_hash(of_results, result_count, hash);
    uint32_t i = (hash ^ hash >> 16) & mask;

    while (p->type_slots[i] != 0 && !has_signature(&p->m.types[p->type_slots[i] - 1], of_params,
                                                   param_count, of_results, result_count))
        i = (i + 1) & mask;
    return i;
}

/* Enters a function type that a type use may mean without naming it. */
static void enter_type(struct wat_parser *p, uint32_t index)
{
    if (p->type_slot_used * 2 >= p->type_slot_count) {
        uint32_t old_count = p->type_slot_count;
        const uint32_t *old = p->type_slots;
        p->type_slot_count = old_count == 0 ? 64 : old_count * 2;
        p->type_slots = arena_new(p->arena, uint32_t, p->type_slot_count);
        for (uint32_t i = 0; i < old_count; i++)
            if (old[i] != 0) {
                const struct wm_type *t = &p->m.types[old[i] - 1];
                p->type_slots[type_slot(p, t->params, t->param_count, t->results,
                                        t->result_count)] = old[i];
            }
    }
    const struct wm_type *t = &p->m.types[index];
    uint32_t slot = type_slot(p, t->params, t->param_count, t->results, t->result_count);
    if (p->type_slots[slot] == 0) {
        p->type_slots[slot] = index + 1;
        p->type_slot_used++;
    }
}

static struct wm_valtype *copy_types(struct wat_parser *p, const struct wm_valtype *types,
                                     uint32_t count)
{
    struct wm_valtype *copy = arena_new(p->arena, struct wm_valtype, count);
    if (count != 0)
        memcpy(copy, types, count * sizeof(*copy));
    return copy;
}

static void take_signature(struct wat_parser *p, struct wm_type *t)
{
    t->composite = WM_FUNC_TYPE;
    t->params = copy_types(p, p->params, p->param_count);
    t->results = copy_types(p, p->results, p->result_count);
    t->param_count = p->param_count;
    t->result_count = p->result_count;
}

uint32_t wat_implicit_type(struct wat_parser *p)
{
    if (p->type_slot_count != 0) {
        uint32_t slot = type_slot(p, p->params, p->param_count, p->results, p->result_count);
        if (p->type_slots[slot] != 0)
            return p->type_slots[slot] - 1;
    }
    struct wm_type type = {
        .is_final = true, .is_plain = true, .group_first = p->m.type_count, .group_count = 1};
    take_signature(p, &type);
    ARENA_PUSH(p->arena, p->m.types, p->m.type_count, p->type_capacity, type);
    enter_type(p, p->m.type_count - 1);
    return p->m.type_count - 1;
}

enum status wat_typeuse(struct wat_parser *p, bool names, bool implicit, struct wat_typeuse *out)
{
    const struct wat_token *at = p->t;

    *out = (struct wat_typeuse){0};
    if (wat_take_open(p, WAT_TYPE)) {
        TRY(wat_index(p, WAT_SPACE_TYPE, &out->type_index));
        TRY(wat_close(p));
        out->is_explicit = true;
    }
    TRY(wat_signature(p, names, &out->has_inline));
    if (!out->is_explicit) {
        if (implicit)
            out->type_index = wat_implicit_type(p);
        return ST_OK;
    }
    if (!out->has_inline)
        return ST_OK;
    /* Implied types are no targets: they have no place in the text yet. */
    if (out->type_index >= p->explicit_types)
        return WAT_FAIL(p, at, ST_MALFORMED, "unknown type %u", out->type_index);
    const struct wm_type *t = &p->m.types[out->type_index];
    if (t->composite != WM_FUNC_TYPE ||
        !has_signature(t, p->params, p->param_count, p->results, p->result_count))
        return WAT_FAIL(p, at, ST_MALFORMED,
                        "inline function type differs from type %u, which is named here too",
                        out->type_index);
    return ST_OK;
}

/* ---- definitions ----------------------------------------------------------------------------- */

static enum status field_type(struct wat_parser *p, struct wm_field *out)
{
    bool is_mutable = wat_take_open(p, WAT_MUT);

    out->is_mutable = is_mutable;
    if (wat_take_word(p, WAT_VALUE_I8))
        out->type = WM_TYPE(I8);
    else if (wat_take_word(p, WAT_VALUE_I16))
        out->type = WM_TYPE(I16);
    else
        TRY(wat_valtype(p, &out->type));
    return is_mutable ? wat_close(p) : ST_OK;
}

/* (field $x? type) or (field type*), until the ) of the struct. */
static enum status struct_fields(struct wat_parser *p, uint32_t index, struct wm_type *type)
{
    uint32_t capacity = 0;

    while (wat_take_open(p, WAT_FIELD)) {
        const struct wat_token *at = p->t;
        uint32_t symbol = wat_optional_id(p);
        bool is_named = symbol != WAT_NO_SYMBOL;
        TRY(wat_bind_field(p, index, symbol, type->field_count, at));
        TRY(wat_note_name(p, WM_NAME_FIELD, index, type->field_count, symbol));
        while (is_named || !wat_is(p, WAT_TOK_CLOSE)) {
            struct wm_field field;
            TRY(field_type(p, &field));
            ARENA_PUSH(p->arena, type->fields, type->field_count, capacity, field);
            if (is_named)
                break;
        }
        TRY(wat_close(p));
    }
    return ST_OK;
}

static enum status composite_type(struct wat_parser *p, uint32_t index, struct wm_type *type)
{
    if (wat_take_open(p, WAT_HEAP_FUNC)) {
        bool any;
        TRY(wat_signature(p, true, &any));
        take_signature(p, type);
    } else if (wat_take_open(p, WAT_HEAP_STRUCT)) {
        type->composite = WM_STRUCT_TYPE;
        TRY(struct_fields(p, index, type));
    } else if (wat_take_open(p, WAT_HEAP_ARRAY)) {
        type->composite = WM_ARRAY_TYPE;
        type->fields = arena_new(p->arena, struct wm_field, 1);
        type->field_count = 1;
        TRY(field_type(p, type->fields));
    } else {
        return wat_expected(p, p->t, "(func, (struct, (array or (sub");
    }
    return wat_close(p);
}

/* At "(type" of the definition with that index. */
static enum status type_definition(struct wat_parser *p, uint32_t index, struct wm_type *type)
{
    p->t += 2;
    uint32_t symbol = wat_optional_id(p); /* bound by the first walk */
    TRY(wat_note_name(p, WM_NAME_TYPE, 0, index, symbol));
    type->is_plain = type->is_final = true;
    if (wat_take_open(p, WAT_SUB)) {
        type->is_plain = false;
        type->is_final = wat_take_word(p, WAT_FINAL);
        for (; wat_is_index(p); type->super_count++) {
            if (type->super_count == 1)
                return WAT_FAIL(p, p->t, ST_INVALID, "sub type with more than one supertype");
            TRY(wat_index(p, WAT_SPACE_TYPE, &type->super));
        }
        TRY(composite_type(p, index, type));
        TRY(wat_close(p));
    } else {
        TRY(composite_type(p, index, type));
    }
    return wat_close(p);
}

/* At "(rec" or "(type"; the next index is *index. */
static enum status type_group(struct wat_parser *p, uint32_t *index)
{
    uint32_t first = *index;
    bool is_rec = wat_take_open(p, WAT_REC);

    while (wat_opens(p, WAT_TYPE)) {
        wat_trace(p, WAT_ORIGIN_FIELD, WM_SECTION_TYPE, *index, p->t);
        TRY(type_definition(p, *index, &p->m.types[*index]));
        ++*index;
        if (!is_rec)
            break;
    }
    if (is_rec)
        TRY(wat_close(p));
    for (uint32_t i = first; i < *index; i++) {
        p->m.types[i].group_first = first;
        p->m.types[i].group_count = *index - first;
        p->m.types[i].group_explicit = is_rec;
    }
    if (*index - first == 1) {
        const struct wm_type *type = &p->m.types[first];
        if (type->composite == WM_FUNC_TYPE && type->is_final && type->super_count == 0)
            enter_type(p, first);
    }
    return ST_OK;
}

enum status wat_type_fields(struct wat_parser *p, const struct wat_token *first,
                            const struct wat_token *end)
{
    uint32_t count = p->declared[WAT_SPACE_TYPE];
    uint32_t index = 0;

    p->m.types = arena_new(p->arena, struct wm_type, count);
    p->m.type_count = p->type_capacity = p->explicit_types = count;
    for (const struct wat_token *t = first; t < end; t = p->lx->tokens + t->pair + 1) {
        p->t = t;
        if (wat_opens(p, WAT_TYPE) || wat_opens(p, WAT_REC))
            TRY(type_group(p, &index));
    }
    assert(index == count && "both walks see the same types");
    return ST_OK;
}
