/*
 * parse: reads the text form of a function; see text.h. Values may be used in front of the line
 * that defines them (blocks are not in order of dominance), so a name takes its number where it is
 * first seen, and a name that nothing defines is refused at the end.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/ir/parse_int.h"
#include "shield/ir/text.h"
#include "shield/ir/words.h"

#include <inttypes.h>
#include <string.h>

enum {
    VALUE_NAME_MAX = 1 << 24, /* largest N of vN */
    BLOCK_NAME_MAX = 1 << 24,
};

struct parser {
    struct ir_reader r;
    struct ir_func *f;
    uint32_t *values; /* by name: number + 1, 0: not seen */
    uint32_t value_capacity;
    uint32_t *used_lines; /* by number: line of the first use, 0: defined */
    uint32_t used_capacity;
    ir_block block; /* being filled */
};

static uint32_t number32(struct parser *p, const char *what)
{
    return (uint32_t)ir_reader_number(&p->r, UINT32_MAX, what);
}

/* ---- values ---------------------------------------------------------------------------------- */

static void *grow(struct parser *p, void *block, uint32_t *capacity, uint32_t index)
{
    if (index < *capacity)
        return block;
    const uint32_t wanted = MAX(*capacity * 2, index + 64);
    block = arena_grow(p->f->arena, block, *capacity, wanted, sizeof(uint32_t));
    *capacity = wanted;
    return block;
}

static ir_value value_named(struct parser *p, uint32_t name)
{
    p->values = grow(p, p->values, &p->value_capacity, name);
    if (p->values[name] == 0) {
        const ir_value v = ir_inst_new(p->f, (struct ir_inst){.op = IR_OP_ICONST});
        p->used_lines = grow(p, p->used_lines, &p->used_capacity, v);
        p->used_lines[v] = p->r.word_line;
        p->values[name] = v + 1;
    }
    return p->values[name] - 1;
}

static ir_value parse_value(struct parser *p)
{
    struct ir_reader *r = &p->r;

    if (r->word.size < 2 || r->word.text[0] != 'v') {
        ir_reader_refuse(r, "a value, vN");
        return 0;
    }
    r->word.text++;
    r->word.size--;
    const uint32_t name = (uint32_t)ir_reader_number(r, VALUE_NAME_MAX, "the number of a value");
    return r->failed != ST_OK ? 0 : value_named(p, name);
}

static ir_list parse_list(struct parser *p)
{
    ir_list l = 0;

    ir_reader_expect(&p->r, "(");
    while (p->r.failed == ST_OK && !ir_reader_take(&p->r, ")"))
        l = ir_list_push(p->f, l, parse_value(p));
    return l;
}

static ir_block parse_block_number(struct parser *p)
{
    const uint32_t b = (uint32_t)ir_reader_number(&p->r, BLOCK_NAME_MAX, "the number of a block");

    while (p->r.failed == ST_OK && p->f->block_count <= b)
        ir_block_new(p->f);
    return b;
}

static ir_edge parse_edge(struct parser *p)
{
    ir_reader_expect(&p->r, "block");
    const ir_block b = parse_block_number(p);
    const ir_list l = parse_list(p);
    const uint32_t count = ir_list_count(p->f, l);
    /* A copy, since making an edge moves the pool. */
    uint32_t *arguments = arena_new(p->f->arena, uint32_t, count);

    if (count > 0)
        memcpy(arguments, ir_list_items(p->f, l), count * sizeof(*arguments));
    return ir_edge_new(p->f, b, arguments, count);
}

/* ---- words ----------------------------------------------------------------------------------- */

static enum ir_type parse_type(struct parser *p)
{
    for (int t = 0; t < IR_TYPE_COUNT; t++)
        if (ir_reader_take(&p->r, ir_type_text((enum ir_type)t)))
            return (enum ir_type)t;
    ir_reader_refuse(&p->r, "a type");
    return IR_VOID;
}

static uint32_t parse_condition(struct parser *p, const char *(*text)(uint32_t))
{
    for (uint32_t cc = 0; text(cc)[0] != '?'; cc++)
        if (ir_reader_take(&p->r, text(cc)))
            return cc;
    ir_reader_refuse(&p->r, "a condition");
    return 0;
}

static uint32_t parse_constant16(struct parser *p)
{
    const struct str s = p->r.word;
    uint8_t bytes[16];

    if (s.size != 34) {
        ir_reader_refuse(&p->r, "0x and 32 hexadecimal digits, the first byte first");
        return 0;
    }
    for (unsigned i = 0; i < 16; i++) {
        const char digits[4] = {'0', 'x', s.text[2 + i * 2], s.text[3 + i * 2]};
        struct ir_reader one = {.word = {digits, 4}, .at = s.text, .end = s.text};
        bytes[i] = (uint8_t)ir_reader_number(&one, UINT8_MAX, "hexadecimal digits");
        if (one.failed != ST_OK) {
            ir_reader_refuse(&p->r, "hexadecimal digits");
            return 0;
        }
    }
    ir_reader_next(&p->r);
    return ir_constant16(p->f, bytes);
}

static uint8_t parse_access_flags(struct parser *p)
{
    unsigned flags = 0;

    while (p->r.failed == ST_OK && !ir_reader_take(&p->r, "}")) {
        unsigned found = 0;
#define IRACCESS(name, text)                                                                       \
    if (found == 0 && ir_reader_take(&p->r, text))                                                 \
        found = IR_ACCESS_##name;
#include "shield/ir/conditions.def"
#undef IRACCESS
        if (found == 0)
            ir_reader_refuse(&p->r, "a flag of an access, or }");
        flags |= found;
    }
    return (uint8_t)flags;
}

static uint32_t parse_access(struct parser *p)
{
    struct ir_access x;

    ir_reader_expect(&p->r, "{");
    ir_reader_expect(&p->r, "offset");
    x.offset = ir_reader_signed(&p->r, "an offset");
    ir_reader_expect(&p->r, "bytes");
    x.bytes = (uint8_t)ir_reader_number(&p->r, 16, "a number of bytes");
    ir_reader_expect(&p->r, "region");
    x.region = (uint8_t)ir_reader_number(&p->r, IR_REGION_MAX, "a region");
    ir_reader_expect(&p->r, "trap");
    x.trap = (uint8_t)ir_reader_number(&p->r, UINT8_MAX, "a trap code");
    x.flags = parse_access_flags(p);
    return ir_access(p->f, x);
}

static void parse_op(struct parser *p, struct ir_inst *i)
{
    static const char *const expected[] = {
        [IR_WORD_UNKNOWN] = "an operation",
        [IR_WORD_NO_KIND] = "an operation without a dot",
        [IR_WORD_KIND_MISSING] = "an operation, a dot and its kind",
        [IR_WORD_KIND_UNKNOWN] = "a kind that this operation has",
    };
    const enum ir_word word = ir_op_named(p->r.word, i);

    if (word == IR_WORD_GOOD)
        ir_reader_next(&p->r);
    else
        ir_reader_refuse(&p->r, expected[word]);
}

/* ---- instructions ---------------------------------------------------------------------------- */

static void parse_pair(struct parser *p, struct ir_inst *i)
{
    i->a = parse_value(p);
    i->b = parse_value(p);
}

static uint32_t parse_index(struct parser *p, const char *word, uint32_t count)
{
    ir_reader_expect(&p->r, word);
    if (count == 0)
        ir_reader_refuse(&p->r, "something declared in the head of the function");
    return (uint32_t)ir_reader_number(&p->r, count - 1, "a number that was declared");
}

static void parse_switch(struct parser *p, struct ir_inst *i)
{
    ir_list edges = 0;

    i->a = parse_value(p);
    while (ir_reader_is(&p->r, "block") && !p->r.first_on_line && p->r.failed == ST_OK)
        edges = ir_list_push(p->f, edges, parse_edge(p));
    i->b = edges;
}

static void parse_operands(struct parser *p, struct ir_inst *i)
{
    const enum ir_format format = (enum ir_format)ir_op_info[i->op].format;
    uint64_t bits;

    switch (format) { /* tidy: flat */
    case IR_FORMAT_ALIAS:
    case IR_FORMAT_PARAM:
    case IR_FORMAT_NULLARY:
        break;
    case IR_FORMAT_UNARY:
        i->a = parse_value(p);
        break;
    case IR_FORMAT_RESULT:
    case IR_FORMAT_LANE:
        i->a = parse_value(p);
        i->b = number32(p, "a position");
        break;
    case IR_FORMAT_CONST:
        bits = ir_reader_number(&p->r, UINT64_MAX, "a constant");
        i->b = (uint32_t)bits;
        i->c = (uint32_t)(bits >> 32);
        break;
    case IR_FORMAT_VCONST:
        i->a = parse_constant16(p);
        break;
    case IR_FORMAT_NUMBER:
        i->a = number32(p, "a number");
        break;
    case IR_FORMAT_BINARY:
        parse_pair(p, i);
        break;
    case IR_FORMAT_TERNARY:
        parse_pair(p, i);
        i->c = parse_value(p);
        break;
    case IR_FORMAT_LIST:
    case IR_FORMAT_RETURN:
        i->a = parse_list(p);
        break;
    case IR_FORMAT_LANE2:
    case IR_FORMAT_CHECKED:
        parse_pair(p, i);
        i->c = number32(p, "a number");
        break;
    case IR_FORMAT_SHUFFLE:
        parse_pair(p, i);
        i->c = parse_constant16(p);
        break;
    case IR_FORMAT_VCMP:
        parse_pair(p, i);
        i->c = parse_condition(p, ir_cc_text);
        break;
    case IR_FORMAT_VFCMP:
        parse_pair(p, i);
        i->c = parse_condition(p, ir_fcc_text);
        break;
    case IR_FORMAT_LOAD:
        i->a = parse_value(p);
        i->c = parse_access(p);
        break;
    case IR_FORMAT_STORE:
    case IR_FORMAT_RMW:
        parse_pair(p, i);
        i->c = parse_access(p);
        break;
    case IR_FORMAT_CMPXCHG:
        i->a = parse_value(p);
        i->b = parse_list(p);
        i->c = parse_access(p);
        break;
    case IR_FORMAT_CALL:
        i->a = parse_index(p, "callee", p->f->callee_count);
        i->b = parse_list(p);
        break;
    case IR_FORMAT_CALL_TABLE:
        i->a = parse_value(p);
        i->b = parse_list(p);
        i->c = parse_index(p, "site", p->f->table_site_count);
        break;
    case IR_FORMAT_CALL_VALUE:
        i->a = parse_value(p);
        i->b = parse_list(p);
        i->c = parse_index(p, "signature", p->f->signature_count);
        break;
    case IR_FORMAT_JUMP:
        i->a = parse_edge(p);
        break;
    case IR_FORMAT_BRANCH:
        i->a = parse_value(p);
        i->b = parse_edge(p);
        i->c = parse_edge(p);
        break;
    case IR_FORMAT_SWITCH:
        parse_switch(p, i);
        break;
    }
}

static void parse_source(struct parser *p)
{
    struct ir_reader *r = &p->r;

    p->f->source = 0;
    if (r->word.size < 2 || r->word.text[0] != '@')
        return;
    r->word.text++;
    r->word.size--;
    p->f->source = number32(p, "a position in the input");
}

static void define(struct parser *p, ir_value v, struct ir_inst i)
{
    p->used_lines = grow(p, p->used_lines, &p->used_capacity, v);
    p->used_lines[v] = 0;
    p->f->insts[v] = i;
    p->f->sources[v] = p->f->source;
    ir_append(p->f, p->block, v);
}

static void check_new(struct parser *p, ir_value v)
{
    if (p->r.failed == ST_OK && v < p->used_capacity && p->used_lines[v] == 0)
        ir_reader_refuse(&p->r, "a value that is not defined yet");
}

static void parse_inst(struct parser *p)
{
    struct ir_inst i = {.op = IR_OP_TRAP};
    ir_value v = IR_NONE;

    if (p->r.word.text[0] == 'v' && p->r.word.size > 1 && p->r.word.text[1] <= '9') {
        v = parse_value(p);
        check_new(p, v);
        ir_reader_expect(&p->r, ":");
        i.type = (uint8_t)parse_type(p);
        ir_reader_expect(&p->r, "=");
    }
    parse_op(p, &i);
    parse_operands(p, &i);
    parse_source(p);
    if (p->r.failed != ST_OK)
        return;
    if (!p->r.first_on_line && p->r.word.size > 0)
        ir_reader_refuse(&p->r, "the end of the line");
    else
        define(p, v == IR_NONE ? ir_inst_new(p->f, i) : v, i);
}

/* ---- the function ---------------------------------------------------------------------------- */

static void parse_block(struct parser *p)
{
    p->block = parse_block_number(p);
    if (p->r.failed != ST_OK)
        return;
    struct ir_block_data *block = &p->f->blocks[p->block];
    block->cold = ir_reader_take(&p->r, "cold");
    block->loop_header = ir_reader_take(&p->r, "loop");
    ir_reader_expect(&p->r, "(");
    while (p->r.failed == ST_OK && !ir_reader_take(&p->r, ")")) {
        const ir_value v = parse_value(p);
        check_new(p, v);
        ir_reader_expect(&p->r, ":");
        const enum ir_type type = parse_type(p);
        if (p->r.failed != ST_OK)
            return;
        const ir_list params = p->f->blocks[p->block].params;
        p->f->insts[v] = (struct ir_inst){.op = IR_OP_PARAM,
                                          .type = (uint8_t)type,
                                          .a = p->block,
                                          .b = ir_list_count(p->f, params)};
        p->used_lines[v] = 0;
        const ir_list grown = ir_list_push(p->f, params, v);
        p->f->blocks[p->block].params = grown;
    }
}

static const uint8_t *parse_types(struct parser *p, uint32_t *count)
{
    uint8_t *types = NULL;
    uint32_t capacity = 0;

    *count = 0;
    ir_reader_expect(&p->r, "(");
    while (p->r.failed == ST_OK && !ir_reader_take(&p->r, ")")) {
        const uint8_t type = (uint8_t)parse_type(p);
        ARENA_PUSH(p->f->arena, types, *count, capacity, type);
    }
    return types;
}

static void parse_signature(struct parser *p)
{
    struct ir_signature s;

    (void)number32(p, "the number of a signature");
    s.params = parse_types(p, &s.param_count);
    ir_reader_expect(&p->r, "->");
    s.results = parse_types(p, &s.result_count);
    ARENA_PUSH(p->f->arena, p->f->signatures, p->f->signature_count, p->f->signature_capacity, s);
}

static void parse_callee(struct parser *p)
{
    struct ir_callee c = {0};
    uint32_t kind = 0;

    (void)number32(p, "the number of a callee");
    while (kind < ir_callee_word_count && !ir_reader_take(&p->r, ir_callee_words[kind]))
        kind++;
    if (kind == ir_callee_word_count)
        ir_reader_refuse(&p->r, "local, import, builtin or symbol");
    c.kind = (uint8_t)kind;
    c.number = number32(p, "a number");
    ir_reader_expect(&p->r, "signature");
    c.signature = number32(p, "the number of a signature");
    if (ir_reader_take(&p->r, "no_effect"))
        c.flags |= IR_CALLEE_NO_EFFECT;
    if (ir_reader_take(&p->r, "no_return"))
        c.flags |= IR_CALLEE_NO_RETURN;
    ARENA_PUSH(p->f->arena, p->f->callees, p->f->callee_count, p->f->callee_capacity, c);
}

static void parse_site(struct parser *p)
{
    struct ir_table_site s = {0};

    (void)number32(p, "the number of a table site");
    ir_reader_expect(&p->r, "table");
    s.table_offset = number32(p, "an offset");
    ir_reader_expect(&p->r, "type");
    s.type_offset = number32(p, "an offset");
    ir_reader_expect(&p->r, "signature");
    s.signature = number32(p, "the number of a signature");
    ir_reader_expect(&p->r, "size");
    s.fixed_size = ir_reader_number(&p->r, UINT64_MAX, "a number of elements");
    ir_reader_expect(&p->r, "index");
    s.index_type = (uint8_t)parse_type(p);
    ARENA_PUSH(p->f->arena, p->f->table_sites, p->f->table_site_count, p->f->table_site_capacity,
               s);
}

static void parse_slot(struct parser *p)
{
    struct ir_slot s;

    (void)number32(p, "the number of a slot");
    ir_reader_expect(&p->r, "bytes");
    s.bytes = number32(p, "a number of bytes");
    ir_reader_expect(&p->r, "align");
    s.align = number32(p, "an alignment");
    ARENA_PUSH(p->f->arena, p->f->slots, p->f->slot_count, p->f->slot_capacity, s);
}

static void parse_inlined(struct parser *p)
{
    struct ir_inlined i;

    (void)number32(p, "the number of an inlined position");
    ir_reader_expect(&p->r, "source");
    i.source = number32(p, "a position");
    ir_reader_expect(&p->r, "function");
    i.function = number32(p, "the number of a function");
    ir_reader_expect(&p->r, "parent");
    i.parent = number32(p, "a position");
    ARENA_PUSH(p->f->arena, p->f->inlined, p->f->inlined_count, p->f->inlined_capacity, i);
}

static void parse_name(struct parser *p)
{
    const struct str word = p->r.word;

    if (word.size < 2 || word.text[0] != '"')
        return;
    if (word.text[word.size - 1] != '"') {
        ir_reader_refuse(&p->r, "a name that ends with \"");
        return;
    }
    p->f->name = arena_copy_text(p->f->arena, word.text + 1, word.size - 2);
    ir_reader_next(&p->r);
}

static void parse_head(struct parser *p)
{
    ir_reader_expect(&p->r, "function");
    p->f->number = number32(p, "the number of the function");
    parse_name(p);
    ir_reader_expect(&p->r, "signature");
    p->f->signature = number32(p, "the number of a signature");
    while (p->r.failed == ST_OK) {
        if (ir_reader_take(&p->r, "signature"))
            parse_signature(p);
        else if (ir_reader_take(&p->r, "callee"))
            parse_callee(p);
        else if (ir_reader_take(&p->r, "site"))
            parse_site(p);
        else if (ir_reader_take(&p->r, "slot"))
            parse_slot(p);
        else if (ir_reader_take(&p->r, "inlined"))
            parse_inlined(p);
        else
            return;
    }
}

static enum status check_all_defined(struct parser *p)
{
    for (uint32_t name = 0; name < p->value_capacity; name++) {
        const ir_value v = p->values[name] - 1;
        if (p->values[name] != 0 && p->used_lines[v] != 0)
            return diag_fail_at(p->r.dg, ST_MALFORMED, p->used_lines[v], 1,
                                "v%" PRIu32 " is used here, but no line defines it", name);
    }
    return ST_OK;
}

enum status ir_parse(struct str text, struct arena *a, struct ir_func *out, struct diag *dg)
{
    struct parser p = {.f = out, .block = IR_NONE};

    ir_func_init(out, a, 0);
    ir_reader_init(&p.r, text, dg);
    parse_head(&p);
    while (p.r.failed == ST_OK && p.r.word.size > 0) {
        if (ir_reader_take(&p.r, "block"))
            parse_block(&p);
        else if (p.block == IR_NONE)
            ir_reader_refuse(&p.r, "a block");
        else
            parse_inst(&p);
    }
    TRY(p.r.failed);
    return check_all_defined(&p);
}
