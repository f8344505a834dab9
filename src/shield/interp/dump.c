/* dump: internal code as text, for people, tests and profiles.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/handler.h"
#include "shield/interp/translate_int.h"

interp_handler *const interp_handlers[IOP_COUNT] = {
#define IOP(name, format) [IOP_##name] = interp_do_##name,
#include "shield/interp/iops.def"
#undef IOP
};
const char interp_formats[IOP_COUNT][INTERP_FORMAT_BYTES] = {
#define IOP(name, format) [IOP_##name] = format,
#include "shield/interp/iops.def"
#undef IOP
};

/* All names, and where each begins. */
static const struct names {
#define IOP(name, format) char name[sizeof(#name)];
#include "shield/interp/iops.def"
#undef IOP
} names = {
#define IOP(name, format) #name,
#include "shield/interp/iops.def"
#undef IOP
};
_Static_assert(sizeof(names) <= UINT16_MAX, "offsets have 16 bits");
static const uint16_t name_offsets[IOP_COUNT] = {
#define IOP(name, format) [IOP_##name] = offsetof(struct names, name),
#include "shield/interp/iops.def"
#undef IOP
};

/* ---- one instruction ---- */

static enum interp_op op_at(const uint32_t *pc)
{
    interp_handler *handler;

    memcpy(&handler, pc, sizeof(handler));
    for (uint32_t op = 0; op < IOP_COUNT; op++)
        if (interp_handlers[op] == handler)
            return (enum interp_op)op;
    return IOP_COUNT;
}

struct cursor {
    const struct interp_code *code;
    uint32_t start, operand; /* words: of the instruction; next operand counted from it */
    struct buf *out;
};

static void print_operand(struct cursor *c, char letter)
{
    const uint32_t *w = c->code->code + c->start + c->operand;
    uint32_t at = c->start + c->operand;

    switch (letter) {
    case 'd': buf_printf(c->out, " [%u] <-", w[0]); break;
    case 's': buf_printf(c->out, " [%u]", w[0]); break;
    case 'L': buf_printf(c->out, " ->%u", (uint32_t)((int64_t)at + (int32_t)w[0] / 4)); break;
    case 'I': buf_printf(c->out, " %#jx", (uintmax_t)((uint64_t)w[1] << 32 | w[0])); break;
    case 'V': buf_printf(c->out, " %#x %#x %#x %#x", w[0], w[1], w[2], w[3]); break;
    default: buf_printf(c->out, " %u", w[0]); break;
    }
    c->operand += letter == 'I' ? 2 : letter == 'V' ? 4 : 1;
}

static void print_operands(struct cursor *c, const char *format)
{
    for (const char *f = format; *f != 0; f++) {
        if (*f != '#') {
            print_operand(c, *f);
            continue;
        }
        uint32_t times = c->code->code[c->start + c->operand++];
        for (uint32_t i = 0; i < times; i++)
            print_operand(c, f[1]);
        return;
    }
}

/* Returns the words it takes. */
static uint32_t print_instruction(struct cursor *c)
{
    const uint32_t *pc = c->code->code + c->start;
    enum interp_op op = op_at(pc);
    const char *format = interp_formats[op];

    buf_printf(c->out, "%6u @%x  %s", c->start, interp_map_find(c->code, pc),
               (const char *)&names + name_offsets[op]);
    c->operand = 2;
    if (format[0] == '+') {
        enum interp_op second = IOP_COUNT, first = tr_pair_parts(op, &second);
        print_operands(c, interp_formats[first]);
        buf_printf(c->out, ";");
        print_operands(c, interp_formats[second]);
    } else {
        print_operands(c, format);
    }
    buf_byte(c->out, '\n');
    return INTERP_WORDS(c->operand - 2);
}
enum status interp_dump(struct rt_module *m, uint32_t func_index, bool metered, struct buf *out,
                        struct diag *dg)
{
    const struct interp_code *code = NULL;

    if (func_index < m->wm.func_imports || func_index >= m->wm.func_count)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "function #%u is not defined in the module, which has #%u to #%u",
                         func_index, m->wm.func_imports, m->wm.func_count);
    TRY(interp_code_get(m, func_index - m->wm.func_imports, metered, &code, dg));
    buf_printf(out, "function #%u: frame %u, parameters %u, zeroed to %u, references %u to %u\n",
               func_index, code->frame_bytes, code->param_bytes, code->zero_end, code->ref_begin,
               code->ref_end);
    struct cursor c = {.code = code, .out = out};
    while (c.start < code->word_count)
        c.start += print_instruction(&c);
    return ST_OK;
}
