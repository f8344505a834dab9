/* print: the text form of a function; see text.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/ir/text.h"
#include "shield/ir/words.h"

#include <inttypes.h>

struct printer {
    const struct ir_func *f;
    struct buf *out;
    uint32_t *numbers; /* per value: its number in the text; NULL: its own */
};

static void print_value(struct printer *p, ir_value v)
{
    buf_printf(p->out, " v%" PRIu32, p->numbers == NULL || v == IR_NONE ? v : p->numbers[v]);
}

static void print_values(struct printer *p, const uint32_t *items, uint32_t count)
{
    buf_text(p->out, " (");
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0)
            buf_printf(p->out, "v%" PRIu32,
                       p->numbers == NULL ? items[i] : p->numbers[items[i]]);
        else
            print_value(p, items[i]);
    }
    buf_byte(p->out, ')');
}

static void print_list(struct printer *p, ir_list l)
{
    print_values(p, ir_list_items(p->f, l), ir_list_count(p->f, l));
}

static void print_edge(struct printer *p, ir_edge e)
{
    buf_printf(p->out, " block %" PRIu32, ir_edge_block(p->f, e));
    print_values(p, ir_edge_args(p->f, e), ir_edge_count(p->f, e));
}

static void print_access(struct printer *p, uint32_t number)
{
    const struct ir_access *x = &p->f->accesses[number];

    buf_printf(p->out, " {offset %" PRId32 " bytes %u region %u trap %u", x->offset, x->bytes,
               x->region, x->trap);
#define IRACCESS(name, text)                                                                       \
    if (x->flags & IR_ACCESS_##name)                                                               \
        buf_text(p->out, " " text);
#include "shield/ir/conditions.def"
#undef IRACCESS
    buf_byte(p->out, '}');
}

static void print_constant16(struct printer *p, uint32_t number)
{
    buf_text(p->out, " 0x");
    for (unsigned i = 0; i < 16; i++)
        buf_printf(p->out, "%02x", p->f->constants16[number][i]);
}

static void print_binary(struct printer *p, const struct ir_inst *i)
{
    print_value(p, i->a);
    print_value(p, i->b);
}

static void print_operands(struct printer *p, const struct ir_inst *i)
{
    struct buf *out = p->out;

    switch ((enum ir_format)ir_op_info[i->op].format) { /* tidy: flat */
    case IR_FORMAT_ALIAS:
    case IR_FORMAT_UNARY:
        print_value(p, i->a);
        break;
    case IR_FORMAT_PARAM:
    case IR_FORMAT_NULLARY:
        break;
    case IR_FORMAT_RESULT:
    case IR_FORMAT_LANE:
        print_value(p, i->a);
        buf_printf(out, " %" PRIu32, i->b);
        break;
    case IR_FORMAT_CONST:
        buf_printf(out, " 0x%" PRIx64, ir_const_bits(i));
        break;
    case IR_FORMAT_VCONST:
        print_constant16(p, i->a);
        break;
    case IR_FORMAT_NUMBER:
        buf_printf(out, " %" PRIu32, i->a);
        break;
    case IR_FORMAT_BINARY:
        print_binary(p, i);
        break;
    case IR_FORMAT_TERNARY:
        print_binary(p, i);
        print_value(p, i->c);
        break;
    case IR_FORMAT_LIST:
    case IR_FORMAT_RETURN:
        print_list(p, i->a);
        break;
    case IR_FORMAT_LANE2:
    case IR_FORMAT_CHECKED:
        print_binary(p, i);
        buf_printf(out, " %" PRIu32, i->c);
        break;
    case IR_FORMAT_SHUFFLE:
        print_binary(p, i);
        print_constant16(p, i->c);
        break;
    case IR_FORMAT_VCMP:
        print_binary(p, i);
        buf_printf(out, " %s", ir_cc_text(i->c));
        break;
    case IR_FORMAT_VFCMP:
        print_binary(p, i);
        buf_printf(out, " %s", ir_fcc_text(i->c));
        break;
    case IR_FORMAT_LOAD:
        print_value(p, i->a);
        print_access(p, i->c);
        break;
    case IR_FORMAT_STORE:
    case IR_FORMAT_RMW:
        print_binary(p, i);
        print_access(p, i->c);
        break;
    case IR_FORMAT_CMPXCHG:
        print_value(p, i->a);
        print_list(p, i->b);
        print_access(p, i->c);
        break;
    case IR_FORMAT_CALL:
        buf_printf(out, " callee %" PRIu32, i->a);
        print_list(p, i->b);
        break;
    case IR_FORMAT_CALL_TABLE:
        print_value(p, i->a);
        print_list(p, i->b);
        buf_printf(out, " site %" PRIu32, i->c);
        break;
    case IR_FORMAT_CALL_VALUE:
        print_value(p, i->a);
        print_list(p, i->b);
        buf_printf(out, " signature %" PRIu32, i->c);
        break;
    case IR_FORMAT_JUMP:
        print_edge(p, i->a);
        break;
    case IR_FORMAT_BRANCH:
        print_value(p, i->a);
        print_edge(p, i->b);
        print_edge(p, i->c);
        break;
    case IR_FORMAT_SWITCH:
        print_value(p, i->a);
        for (uint32_t n = 0; n < ir_list_count(p->f, i->b); n++)
            print_edge(p, ir_list_items(p->f, i->b)[n]);
        break;
    }
}

static void print_inst(struct printer *p, ir_value v)
{
    const struct ir_inst *i = ir_at(p->f, v);
    const struct ir_op_info *info = &ir_op_info[i->op];
    const char *aux = ir_aux_text((enum ir_aux)info->aux, i->aux);

    buf_text(p->out, " ");
    /* An instruction with a list of results is named, so that RESULT can point to it. */
    if (info->result == IR_RESULT_LIST || i->type != IR_VOID) {
        print_value(p, v);
        buf_printf(p->out, ":%s = %s", ir_type_text((enum ir_type)i->type), info->text);
    } else {
        buf_printf(p->out, " %s", info->text);
    }
    if (aux != NULL)
        buf_printf(p->out, ".%s", aux);
    else if (info->aux == IR_AUX_TRAPCODE)
        buf_printf(p->out, ".%u", i->aux);
    print_operands(p, i);
    if (p->f->sources[v] != 0)
        buf_printf(p->out, " @%" PRIu32, p->f->sources[v]);
    buf_byte(p->out, '\n');
}

static void print_types(struct printer *p, const uint8_t *types, uint32_t count)
{
    buf_text(p->out, " (");
    for (uint32_t i = 0; i < count; i++)
        buf_printf(p->out, "%s%s", i == 0 ? "" : ", ", ir_type_text((enum ir_type)types[i]));
    buf_byte(p->out, ')');
}

static void print_signature(struct printer *p, const struct ir_signature *s)
{
    print_types(p, s->params, s->param_count);
    buf_text(p->out, " ->");
    print_types(p, s->results, s->result_count);
    buf_byte(p->out, '\n');
}

static void print_callees(struct printer *p)
{
    for (uint32_t i = 0; i < p->f->callee_count; i++) {
        const struct ir_callee *c = &p->f->callees[i];
        buf_printf(p->out, "  callee %" PRIu32 " %s %" PRIu32 " signature %" PRIu32 "%s%s\n", i,
                   ir_callee_words[c->kind], c->number, c->signature,
                   c->flags & IR_CALLEE_NO_EFFECT ? " no_effect" : "",
                   c->flags & IR_CALLEE_NO_RETURN ? " no_return" : "");
    }
}

static void print_head(struct printer *p)
{
    const struct ir_func *f = p->f;

    buf_printf(p->out, "function %" PRIu32, f->number);
    if (f->name != NULL)
        buf_printf(p->out, " \"%s\"", f->name);
    buf_printf(p->out, " signature %" PRIu32 "\n", f->signature);
    for (uint32_t i = 0; i < f->signature_count; i++) {
        buf_printf(p->out, "  signature %" PRIu32, i);
        print_signature(p, &f->signatures[i]);
    }
    print_callees(p);
    for (uint32_t i = 0; i < f->table_site_count; i++) {
        const struct ir_table_site *s = &f->table_sites[i];
        buf_printf(p->out,
                   "  site %" PRIu32 " table %" PRIu32 " type %" PRIu32 " signature %" PRIu32
                   " size %" PRIu64 " index %s\n",
                   i, s->table_offset, s->type_offset, s->signature, s->fixed_size,
                   ir_type_text((enum ir_type)s->index_type));
    }
    for (uint32_t i = 0; i < f->slot_count; i++)
        buf_printf(p->out, "  slot %" PRIu32 " bytes %" PRIu32 " align %" PRIu32 "\n", i,
                   f->slots[i].bytes, f->slots[i].align);
    for (uint32_t i = 0; i < f->inlined_count; i++)
        buf_printf(p->out,
                   "  inlined %" PRIu32 " source %" PRIu32 " function %" PRIu32
                   " parent %" PRIu32 "\n",
                   i, f->inlined[i].source, f->inlined[i].function, f->inlined[i].parent);
}

static void print_block(struct printer *p, ir_block b)
{
    const struct ir_block_data *block = &p->f->blocks[b];
    const uint32_t *params = ir_list_items(p->f, block->params);

    buf_printf(p->out, "block %" PRIu32 "%s%s (", b, block->cold ? " cold" : "",
               block->loop_header ? " loop" : "");
    for (uint32_t i = 0; i < ir_list_count(p->f, block->params); i++)
        buf_printf(p->out, "%sv%" PRIu32 ":%s", i == 0 ? "" : ", ",
                   p->numbers == NULL ? params[i] : p->numbers[params[i]],
                   ir_type_text((enum ir_type)p->f->insts[params[i]].type));
    buf_text(p->out, ")\n");
    for (ir_value v = block->first; v != IR_NONE; v = p->f->links[v].next)
        print_inst(p, v);
}

static void number_values(struct printer *p)
{
    uint32_t next = 0;

    p->numbers = arena_new(p->out->arena, uint32_t, p->f->inst_count + 1);
    for (ir_block b = 0; b < p->f->block_count; b++) {
        const struct ir_block_data *block = &p->f->blocks[b];
        for (uint32_t i = 0; i < ir_list_count(p->f, block->params); i++)
            p->numbers[ir_list_items(p->f, block->params)[i]] = next++;
        for (ir_value v = block->first; v != IR_NONE; v = p->f->links[v].next)
            p->numbers[v] = next++;
    }
    for (ir_value v = 0; v < p->f->inst_count; v++) { /* operands through aliases */
        ir_value end = v;
        while (p->f->insts[end].op == IR_OP_ALIAS)
            end = p->f->insts[end].a;
        p->numbers[v] = p->numbers[end];
    }
}

void ir_print(const struct ir_func *f, enum ir_print how, struct buf *out)
{
    struct printer p = {.f = f, .out = out};

    if (how == IR_PRINT_DENSE)
        number_values(&p);
    print_head(&p);
    for (ir_block b = 0; b < f->block_count; b++)
        print_block(&p, b);
}
