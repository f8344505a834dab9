/*
 * validate_code: function bodies and constant expressions, and the fast path. The loop below
 * handles an instruction only when a few comparisons show it to be right; on any doubt it steps
 * back and judge_step() decides, so nothing here words a refusal.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasm/validate_int.h"

#include <string.h>

#ifndef WM_TRACE
#define WM_TRACE(offset) ((void)0) /* a test notes where instructions are seen */
#endif

/* Bytes that an instruction of the fast path may read: opcode and the widest number. */
enum { READ_AHEAD = 16 };

/* What the fast path can do. Anything else is SLOW. */
enum action {
    ACT_SLOW,
    ACT_UNARY,
    ACT_BINARY,
    ACT_LOAD,
    ACT_STORE,
    ACT_I32_CONST,
    ACT_I64_CONST,
    ACT_F32_CONST,
    ACT_F64_CONST,
    ACT_LOCAL_GET,
    ACT_LOCAL_SET,
    ACT_LOCAL_TEE,
    ACT_GLOBAL_GET,
    ACT_GLOBAL_SET,
    ACT_CALL,
    ACT_CALL_INDIRECT,
    ACT_DROP,
    ACT_SELECT,
    ACT_BLOCK, /* and loop */
    ACT_IF,
    ACT_ELSE,
    ACT_END,
    ACT_BR,
    ACT_BR_IF,
};

/* ---- rules ---- */

static uint8_t kind_of_letter(char c, struct wm_valtype address)
{
    switch (c) {
#define VALUE(name, text, code, sig)                                                               \
    case sig:                                                                                      \
        return WM_KIND_##name;
#define HEAP(name, text, short_text, code, top, feature)
#include "shield/wasm/types.def"
#undef VALUE
#undef HEAP
    default: return (uint8_t)wm_kind(address);
    }
}

static enum action action_by_hand(enum wm_op op)
{
    switch (op) {
    case WM_OP_LOCAL_GET: return ACT_LOCAL_GET;
    case WM_OP_LOCAL_SET: return ACT_LOCAL_SET;
    case WM_OP_LOCAL_TEE: return ACT_LOCAL_TEE;
    case WM_OP_GLOBAL_GET: return ACT_GLOBAL_GET;
    case WM_OP_GLOBAL_SET: return ACT_GLOBAL_SET;
    case WM_OP_CALL: return ACT_CALL;
    case WM_OP_CALL_INDIRECT: return ACT_CALL_INDIRECT;
    case WM_OP_DROP: return ACT_DROP;
    case WM_OP_SELECT: return ACT_SELECT;
    case WM_OP_BLOCK:
    case WM_OP_LOOP: return ACT_BLOCK;
    case WM_OP_IF: return ACT_IF;
    case WM_OP_ELSE: return ACT_ELSE;
    case WM_OP_END: return ACT_END;
    case WM_OP_BR: return ACT_BR;
    case WM_OP_BR_IF: return ACT_BR_IF;
    default: return ACT_SLOW;
    }
}

static enum action action_of_shape(enum wm_op op, uint32_t pops, uint32_t pushes)
{
    switch ((enum wm_imm)wm_op_info[op].imm) {
    case WM_IMM_NONE:
        if (pushes == 1 && (pops == 1 || pops == 2))
            return pops == 1 ? ACT_UNARY : ACT_BINARY;
        return ACT_SLOW;
    case WM_IMM_MEMARG: return pushes == 1 ? ACT_LOAD : ACT_STORE;
    case WM_IMM_I32: return ACT_I32_CONST;
    case WM_IMM_I64: return ACT_I64_CONST;
    case WM_IMM_F32: return ACT_F32_CONST;
    case WM_IMM_F64: return ACT_F64_CONST;
    default: return ACT_SLOW;
    }
}

static struct rule rule_of(const struct wm_module *m, enum wm_op op)
{
    const struct wm_op_info *info = &wm_op_info[op];
    struct rule rule = {.action = ACT_SLOW};
    struct wm_valtype address = {0};
    const char *s = info->sig;
    uint32_t pops = 0;

    if (!wm_has(m->features, (enum wm_feature)info->feature))
        return rule;
    if (*s == '*') {
        rule.action = (uint8_t)action_by_hand(op);
        rule.push = (uint8_t)op; /* block and loop */
        return rule;
    }
    if (info->imm == WM_IMM_MEMARG || info->imm == WM_IMM_MEMORY) {
        if (m->memory_count == 0)
            return rule;
        address = address_type(&m->memories[0].limits);
    }
    for (; *s != ':' && pops < LENGTH_OF(rule.pop); s++)
        rule.pop[pops++] = kind_of_letter(*s, address);
    if (*s != ':')
        return rule;
    uint32_t pushes = (uint32_t)strlen(s + 1);
    if (pushes != 0)
        rule.push = kind_of_letter(s[1], address);
    if (info->width != 0)
        rule.width_log2 = (uint8_t)__builtin_ctz(info->width);
    rule.action = (uint8_t)action_of_shape(op, pops, pushes);
    return rule;
}

void judge_make_rules(struct judge *j)
{
    for (uint32_t code = 0; code < LENGTH_OF(j->rules); code++) {
        enum wm_op op = wm_op_find(0, code);
        j->rules[code] = (struct rule){.action = ACT_SLOW};
        if (op != WM_OP_COUNT && !j->is_plain)
            j->rules[code] = rule_of(j->m, op);
    }
}

/* ---- numbers ---- */

/* Reads an unsigned LEB128 of at most five bytes; NULL when it is not a u32. */
static inline const uint8_t *fast_u32(const uint8_t *p, uint32_t *out)
{
    uint32_t value = *p++;

    if (LIKELY(value < 0x80)) {
        *out = value;
        return p;
    }
    value &= 0x7f;
    for (unsigned shift = 7; shift < 28; shift += 7) {
        uint32_t byte = *p++;
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return p;
        }
    }
    uint32_t byte = *p++;
    *out = value | byte << 28;
    return byte < 0x10 ? p : NULL;
}

/* Moves over a signed LEB128; NULL when it is not of those bits. */
static inline const uint8_t *fast_skip_signed(const uint8_t *p, unsigned bytes_max, uint8_t last)
{
    if (LIKELY(*p < 0x80))
        return p + 1;
    for (unsigned i = 1; i + 1 < bytes_max; i++)
        if (p[i] < 0x80)
            return p + i + 1;
    uint8_t byte = p[bytes_max - 1];
    bool fits = (byte & last) == 0 || (byte & (last | 0x80)) == last;
    return fits && byte < 0x80 ? p + bytes_max : NULL;
}

/* ---- the fast path ---- */

/* A block without a type index: its result, if any, is `single`. False: the plain path decides. */
static inline bool fast_enter(struct judge *j, uint8_t op, uint8_t block, struct wm_valtype *sp,
                              uint32_t offset)
{
    uint32_t kind = 0;

    if (block != 0x40) {
        if (block < 0x7c || block > 0x7f)
            return false;
        kind = WM_KIND_I32 + (0x7fU - block);
    }
    if (j->frame_count == j->frame_capacity || j->frame_count > WM_MAX_NESTING)
        return false;
    struct frame *f = &j->frames[j->frame_count++];
    f->type = NULL;
    f->single.bits = kind;
    f->height = (uint32_t)(sp - j->stack);
    f->set_height = j->set_count;
    f->offset = offset;
    f->seen_by = 0;
    f->op = op;
    f->is_unreachable = false;
    return true;
}
_Static_assert(WM_KIND_F64 == WM_KIND_I32 + 3, "in the order of their codes");

/* The block ends with exactly its one result or none, and set no local for the first time. */
static inline bool fast_can_close(const struct judge *j, const struct frame *f,
                                  const struct wm_valtype *sp, const struct wm_valtype *floor)
{
    if (f->type != NULL || f->set_height != j->set_count || j->frame_count == 1)
        return false;
    if (f->single.bits == 0)
        return sp == floor;
    return sp == floor + 1 && sp[-1].bits == f->single.bits;
}

/* The function ends with exactly its results, and set no local for the first time. */
static inline bool fast_can_finish(const struct judge *j, const struct frame *f,
                                   const struct wm_valtype *sp, const struct wm_valtype *floor)
{
    struct type_list results = frame_results(f);

    if (j->frame_count != 1 || j->set_count != 0 || (size_t)(sp - floor) != results.count)
        return false;
    for (uint32_t i = 0; i < results.count; i++)
        if (floor[i].bits != results.list[i].bits)
            return false;
    return true;
}

/* The values of a label of at most one value are on top. */
static inline bool fast_label(const struct judge *j, uint32_t depth, const struct wm_valtype *sp,
                              const struct wm_valtype *floor)
{
    if (depth >= j->frame_count)
        return false;
    const struct frame *f = &j->frames[j->frame_count - 1 - depth];
    if (f->type != NULL)
        return false;
    return f->op == WM_OP_LOOP || f->single.bits == 0 ||
           (sp != floor && sp[-1].bits == f->single.bits);
}

/* Takes the arguments and gives the result, if there is at most one. NULL: not plainly right. */
static inline struct wm_valtype *fast_call(const struct wm_type *t, struct wm_valtype *sp,
                                           const struct wm_valtype *floor)
{
    uint32_t count = t->param_count;

    if (t->composite != WM_FUNC_TYPE || t->result_count > 1 || (size_t)(sp - floor) < count)
        return NULL;
    sp -= count;
    for (uint32_t i = 0; i < count; i++)
        if (sp[i].bits != t->params[i].bits)
            return NULL;
    if (t->result_count == 1)
        *sp++ = t->results[0];
    return sp;
}

/* Past this no instruction may be read ahead: the end of the body, or READ_AHEAD bytes before the
 * end of the buffer the body lies in. */
static const uint8_t *read_ahead_end(const struct judge *j)
{
    const struct wm_bytes *section = &j->m->sections[WM_SECTION_CODE];
    const uint8_t *begin = j->r.bytes, *end = j->r.bytes + j->r.end;
    const uint8_t *buffer_end = end;

    if ((uintptr_t)begin >= (uintptr_t)section->data &&
        (uintptr_t)end <= (uintptr_t)section->data + section->size)
        buffer_end = section->data + section->size;
    if (buffer_end - begin < READ_AHEAD)
        return begin;
    return MIN(end, buffer_end - READ_AHEAD);
}

/* Runs from j->r.pos until `stop` or the end of the function, or until an instruction that is not
 * plainly right, and then leaves j->r.pos in front of it. */
static void run_fast(struct judge *j, const uint8_t *stop)
{
    const struct wm_module *m = j->m;
    const uint8_t *const base = j->r.bytes;
    const uint8_t *p = base + j->r.pos, *at = p;
    const uint32_t base_offset = j->r.offset, near_count = j->near_count;
    struct wm_valtype *const near = j->near;
    struct wm_valtype *sp = j->sp, *floor = j->floor, *after = NULL;
    struct frame *f = NULL;
    uint32_t index = 0;

    while (p < stop) {
        at = p;
        const struct rule *rule = &j->rules[*p++];
        switch (rule->action) { /* tidy: flat */
        case ACT_UNARY:
            if (UNLIKELY(sp == floor || sp[-1].bits != rule->pop[0]))
                break;
            sp[-1].bits = rule->push;
            goto next;
        case ACT_BINARY:
            if (UNLIKELY(sp - floor < 2 || sp[-1].bits != rule->pop[1] ||
                         sp[-2].bits != rule->pop[0]))
                break;
            sp--;
            sp[-1].bits = rule->push;
            goto next;
        case ACT_LOAD:
            if (UNLIKELY(sp == floor || sp[-1].bits != rule->pop[0] || *p > rule->width_log2))
                break;
            if (UNLIKELY((p = fast_u32(p + 1, &index)) == NULL))
                break;
            sp[-1].bits = rule->push;
            goto next;
        case ACT_STORE:
            if (UNLIKELY(sp - floor < 2 || sp[-1].bits != rule->pop[1] ||
                         sp[-2].bits != rule->pop[0] || *p > rule->width_log2))
                break;
            if (UNLIKELY((p = fast_u32(p + 1, &index)) == NULL))
                break;
            sp -= 2;
            goto next;
        case ACT_I32_CONST:
            if (UNLIKELY((p = fast_skip_signed(p, 5, 0x78)) == NULL))
                break;
            (sp++)->bits = WM_KIND_I32;
            goto next;
        case ACT_I64_CONST:
            if (UNLIKELY((p = fast_skip_signed(p, 10, 0x7f)) == NULL))
                break;
            (sp++)->bits = WM_KIND_I64;
            goto next;
        case ACT_F32_CONST:
            p += 4;
            (sp++)->bits = WM_KIND_F32;
            goto next;
        case ACT_F64_CONST:
            p += 8;
            (sp++)->bits = WM_KIND_F64;
            goto next;
        case ACT_LOCAL_GET:
            p = fast_u32(p, &index);
            if (UNLIKELY(p == NULL || index >= near_count || near[index].bits == 0))
                break;
            *sp++ = near[index];
            goto next;
        case ACT_LOCAL_SET:
            p = fast_u32(p, &index);
            if (UNLIKELY(p == NULL || index >= near_count || sp == floor ||
                         sp[-1].bits != near[index].bits))
                break;
            sp--;
            goto next;
        case ACT_LOCAL_TEE:
            p = fast_u32(p, &index);
            if (UNLIKELY(p == NULL || index >= near_count || sp == floor ||
                         sp[-1].bits != near[index].bits))
                break;
            goto next;
        case ACT_GLOBAL_GET:
            p = fast_u32(p, &index);
            if (UNLIKELY(p == NULL || index >= m->global_count))
                break;
            *sp++ = m->globals[index].type;
            goto next;
        case ACT_GLOBAL_SET:
            p = fast_u32(p, &index);
            if (UNLIKELY(p == NULL || index >= m->global_count || !m->globals[index].is_mutable ||
                         sp == floor || sp[-1].bits != m->globals[index].type.bits))
                break;
            sp--;
            goto next;
        case ACT_CALL:
            p = fast_u32(p, &index);
            if (UNLIKELY(p == NULL || index >= m->func_count))
                break;
            after = fast_call(&m->types[m->funcs[index].type_index], sp, floor);
            if (UNLIKELY(after == NULL))
                break;
            sp = after;
            goto next;
        case ACT_CALL_INDIRECT:
            p = fast_u32(p, &index);
            if (UNLIKELY(p == NULL || index >= m->type_count || *p++ != 0 || !j->has_plain_table ||
                         sp == floor || sp[-1].bits != WM_KIND_I32))
                break;
            after = fast_call(&m->types[index], sp - 1, floor);
            if (UNLIKELY(after == NULL))
                break;
            sp = after;
            goto next;
        case ACT_DROP:
            if (UNLIKELY(sp == floor))
                break;
            sp--;
            goto next;
        case ACT_SELECT:
            if (UNLIKELY(sp - floor < 3 || sp[-1].bits != WM_KIND_I32 ||
                         sp[-2].bits != sp[-3].bits || sp[-2].bits - 1 >= WM_KIND_V128))
                break;
            sp -= 2;
            goto next;
        case ACT_BLOCK:
            if (UNLIKELY(!fast_enter(j, rule->push, *p, sp, base_offset + (uint32_t)(at - base))))
                break;
            p++;
            floor = sp;
            goto next;
        case ACT_IF:
            if (UNLIKELY(sp == floor || sp[-1].bits != WM_KIND_I32 ||
                         !fast_enter(j, WM_OP_IF, *p, sp - 1, base_offset + (uint32_t)(at - base))))
                break;
            p++;
            floor = --sp;
            goto next;
        case ACT_ELSE:
            f = judge_frame(j);
            if (UNLIKELY(f->op != WM_OP_IF || !fast_can_close(j, f, sp, floor)))
                break;
            f->op = WM_OP_ELSE;
            f->is_unreachable = false;
            sp = floor;
            goto next;
        case ACT_END:
            f = judge_frame(j);
            if (fast_can_finish(j, f, sp, floor))
                goto finish;
            if (UNLIKELY(!fast_can_close(j, f, sp, floor) ||
                         (f->op == WM_OP_IF && f->single.bits != 0)))
                break;
            j->frame_count--;
            floor = j->stack + judge_frame(j)->height;
            goto next;
        case ACT_BR:
            p = fast_u32(p, &index);
            if (UNLIKELY(p == NULL || !fast_label(j, index, sp, floor)))
                break;
            judge_frame(j)->is_unreachable = true;
            sp = floor;
            goto next;
        case ACT_BR_IF:
            p = fast_u32(p, &index);
            if (UNLIKELY(p == NULL || sp == floor || sp[-1].bits != WM_KIND_I32 ||
                         !fast_label(j, index, sp - 1, floor)))
                break;
            sp--;
            goto next;
        default: break;
        }
        p = at;
        break;
    finish: /* the end of the function */
        j->frame_count = 0;
        stop = p;
    next:
        WM_TRACE(base_offset + (size_t)(at - base));
    }
    if (p > base + j->r.end)
        p = at; /* cut short by the end of the body: the plain path says so */
    j->r.pos = (size_t)(p - base);
    j->sp = sp;
    j->floor = floor;
}

/* ---- locals ---- */

enum { NEAR_MIN = 64, NEAR_PER_BYTE = 4 };

static void add_locals(void *ctx, uint32_t count, struct wm_valtype type)
{
    struct judge *j = ctx;
    struct local_group g = {j->local_count + count, type};

    ARENA_PUSH(j->scratch, j->groups, j->group_count, j->group_capacity, g);
    j->local_count += count;
}

/* Parameters have values; other locals do when their type has a default. */
static void fill_near(struct judge *j, uint32_t params, size_t body_bytes)
{
    size_t want = MAX((size_t)NEAR_MIN, body_bytes * NEAR_PER_BYTE);
    uint32_t i = 0;

    j->near_count = (uint32_t)MIN((size_t)j->local_count, want);
    if (j->near_count > j->near_capacity) {
        j->near = arena_grow(j->scratch, NULL, 0, j->near_count, sizeof(*j->near));
        j->near_capacity = j->near_count;
    }
    for (uint32_t g = 0; g < j->group_count && i < j->near_count; g++) {
        struct wm_valtype type = j->groups[g].type;
        bool has_value = g < params || wm_is_defaultable(type);
        for (; i < MIN(j->groups[g].end, j->near_count); i++)
            j->near[i] = has_value ? type : WM_TYPE(BOT);
    }
}

static enum status open_locals(struct judge *j, const struct wm_type *type)
{
    uint32_t total = 0;

    j->local_count = j->group_count = 0;
    for (uint32_t i = 0; i < type->param_count; i++)
        add_locals(j, 1, type->params[i]);
    TRY(wm_read_locals(&j->r, &total, add_locals, j, j->dg));
    for (uint32_t g = type->param_count; g < j->group_count; g++)
        if (wm_is_ref(j->groups[g].type) && wm_heap_is_index(wm_heap_of(j->groups[g].type)) &&
            (uint32_t)wm_heap_of(j->groups[g].type).code >= j->m->type_count)
            return diag_fail(j->dg, ST_INVALID, j->r.offset,
                             "a local is of unknown type %d; the module has %u",
                             wm_heap_of(j->groups[g].type).code, j->m->type_count);
    fill_near(j, type->param_count, j->r.end);
    return ST_OK;
}

/* ---- whole bodies ---- */

/* The plain path for one instruction, if there is one. */
static enum status step(struct judge *j)
{
    if (j->r.pos >= j->r.end)
        return diag_fail(j->dg, ST_MALFORMED, j->r.offset + j->r.end,
                         "unexpected end: END opcode expected, found the end of the body; "
                         "open blocks: %u",
                         j->frame_count);
    WM_TRACE(reader_offset(&j->r));
    return judge_step(j);
}

/* Runs to the end of the outermost block, which must be the end of the bytes. */
static enum status run(struct judge *j, const uint8_t *stop)
{
    do {
        run_fast(j, stop);
        if (j->frame_count != 0)
            TRY(step(j));
    } while (j->frame_count != 0);
    if (j->r.pos != j->r.end)
        return diag_fail(j->dg, ST_MALFORMED, reader_offset(&j->r),
                         "section size mismatch: %zu bytes behind the end of the body",
                         j->r.end - j->r.pos);
    return ST_OK;
}

enum status judge_function(struct judge *j, uint32_t func)
{
    const struct wm_func *f = &j->m->funcs[func];
    const struct wm_type *type = &j->m->types[f->type_index];

    j->is_const = false;
    judge_open(j, j->m->codes[f->code].body, type, WM_TYPE(BOT));
    TRY(open_locals(j, type));
    return run(j, read_ahead_end(j));
}

enum status judge_constant(struct judge *j, struct wm_bytes expr, struct wm_valtype type)
{
    j->is_const = true;
    j->local_count = j->near_count = j->group_count = 0;
    judge_open(j, expr, NULL, type);
    return run(j, expr.data);
}
