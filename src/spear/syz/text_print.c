/* text_print: programs as text, one call a line. In the normal form only what says something is
 * written: names of results that are used, fields up to the last that is not a default, and no
 * value where it is the default. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/prog_int.h"
#include "spear/syz/text_data.h"

struct printer {
    struct buf *out;
    const struct syz_target *target;
    struct arg_map used; /* results that others use: 0, then their number + 1 */
    uint32_t next_number;
    bool is_full; /* defaults too */
};

enum { ZEROS_WORTH_CUTTING = 8 }; /* at the end of data of variable length */

static void print_arg(struct printer *pr, const struct syz_arg *arg);

/* "r3", a new number; nothing when nobody uses it. */
static bool print_name(struct printer *pr, const struct syz_arg *arg)
{
    if (arg_map_get(&pr->used, arg) == ARG_NONE)
        return false;
    arg_map_put(&pr->used, arg, ++pr->next_number);
    buf_byte(pr->out, 'r');
    text_put_decimal(pr->out, pr->next_number - 1);
    return true;
}

static void print_result(struct printer *pr, const struct syz_arg *arg)
{
    const struct syz_arg *from = arg->result.from;

    if (arg_map_get(&pr->used, arg) != ARG_NONE) {
        buf_byte(pr->out, '<');
        print_name(pr, arg);
        buf_text(pr->out, "=>");
    }
    uint32_t number = from == NULL ? ARG_NONE : arg_map_get(&pr->used, from);
    if (number == ARG_NONE || number == 0) { /* none, or made later: the number counts */
        text_put_number(pr->out, arg->result.value);
        return;
    }
    buf_byte(pr->out, 'r');
    text_put_decimal(pr->out, number - 1);
    if (arg->result.divide > 1) {
        buf_byte(pr->out, '/');
        text_put_decimal(pr->out, arg->result.divide);
    }
    if (arg->result.add != 0) {
        buf_byte(pr->out, '+');
        text_put_decimal(pr->out, arg->result.add);
    }
}

static void print_pointer(struct printer *pr, const struct syz_arg *arg)
{
    bool is_any = syz_type_is_any(pr->target, arg->type);

    if (arg->pointer.is_special) {
        text_put_number(pr->out, special_to_text(pr->target, arg->pointer.address));
        return;
    }
    buf_text(pr->out, "&(");
    text_put_number(pr->out, SYZ_TEXT_BASE + arg->pointer.address);
    if (arg->type->kind == SYZ_VMA) {
        buf_byte(pr->out, '/');
        text_put_number(pr->out, arg->pointer.vma_bytes);
        buf_text(pr->out, ")=nil");
        return;
    }
    buf_byte(pr->out, ')');
    if (!is_any && !pr->is_full && arg_is_default(arg->pointer.to, &pr->used))
        return;
    buf_text(pr->out, is_any ? "=ANY=" : "=");
    print_arg(pr, arg->pointer.to);
}

static void print_data(struct printer *pr, const struct syz_arg *arg)
{
    const struct syz_type *t = arg->type;
    enum syz_buffer_kind kind = t->kind == SYZ_VOID ? SYZ_BLOB : t->buffer.kind;
    uint64_t size = arg->data.size;

    if (arg->dir == SYZ_OUT) {
        buf_text(pr->out, "\"\"/");
        text_put_decimal(pr->out, size);
        return;
    }
    if (kind == SYZ_IMAGE) {
        text_put_base64(pr->out, arg->data.bytes, size);
        return;
    }
    while (size >= 2 && arg->data.bytes[size - 1] == 0 && arg->data.bytes[size - 2] == 0)
        size--;
    if (t->is_varlen && size + ZEROS_WORTH_CUTTING >= arg->data.size)
        size = arg->data.size;
    if (kind == SYZ_STRING || kind == SYZ_FILENAME || kind == SYZ_GLOB ||
        text_is_readable(arg->data.bytes, size))
        text_put_quoted(pr->out, arg->data.bytes, size);
    else
        text_put_hex(pr->out, arg->data.bytes, size);
    if (t->is_varlen && size != arg->data.size) {
        buf_byte(pr->out, '/');
        text_put_decimal(pr->out, arg->data.size);
    }
}

static void print_group(struct printer *pr, const struct syz_arg *arg)
{
    bool is_struct = arg->type->kind == SYZ_STRUCT;
    uint32_t count = arg->group.count;

    while (count != 0 && !pr->is_full && is_fixed_group(arg->type) &&
           arg_is_default(arg->group.items[count - 1], &pr->used))
        count--;
    buf_byte(pr->out, is_struct ? '{' : '[');
    for (uint32_t i = 0; i < count; i++) {
        if (i != 0)
            buf_text(pr->out, ", ");
        print_arg(pr, arg->group.items[i]);
    }
    buf_byte(pr->out, is_struct ? '}' : ']');
}

static void print_arg(struct printer *pr, const struct syz_arg *arg)
{
    switch (arg->kind) {
    case SYZ_ARG_CONST: text_put_number(pr->out, arg->value); break;
    case SYZ_ARG_POINTER: print_pointer(pr, arg); break;
    case SYZ_ARG_DATA: print_data(pr, arg); break;
    case SYZ_ARG_GROUP: print_group(pr, arg); break;
    case SYZ_ARG_UNION:
        buf_byte(pr->out, '@');
        buf_str(pr->out, arg->type->group.fields[arg->choice.option].name);
        if (pr->is_full || !arg_is_default(arg->choice.value, &pr->used)) {
            buf_byte(pr->out, '=');
            print_arg(pr, arg->choice.value);
        }
        break;
    case SYZ_ARG_RESULT: print_result(pr, arg); break;
    }
}

static void print_props(struct printer *pr, const struct syz_props *props)
{
    const char *between = " (";

    if (props->fail_nth != 0) {
        buf_text(pr->out, between);
        buf_text(pr->out, "fail_nth: ");
        text_put_decimal(pr->out, props->fail_nth);
        between = ", ";
    }
    if (props->is_async) {
        buf_text(pr->out, between);
        buf_text(pr->out, "async");
        between = ", ";
    }
    if (props->rerun != 0) {
        buf_text(pr->out, between);
        buf_text(pr->out, "rerun: ");
        text_put_decimal(pr->out, props->rerun);
        between = ", ";
    }
    if (between[0] == ',')
        buf_byte(pr->out, ')');
}

static void print_steps(struct printer *pr, const struct syz_prog *p)
{
    prog_used_results(p, &pr->used);
    for (uint32_t i = 0; i < p->count; i++) {
        const struct syz_step *step = &p->steps[i];
        if (step->result != NULL && print_name(pr, step->result))
            buf_text(pr->out, " = ");
        buf_str(pr->out, step->call->name);
        buf_byte(pr->out, '(');
        for (uint32_t k = 0; k < step->call->arg_count; k++) {
            if (k != 0)
                buf_text(pr->out, ", ");
            print_arg(pr, step->args[k]);
        }
        buf_byte(pr->out, ')');
        print_props(pr, &step->props);
        buf_byte(pr->out, '\n');
    }
}

void syz_prog_print(struct buf *out, const struct syz_prog *p)
{
    struct printer pr = {.out = out, .target = p->target, .used = {.arena = out->arena}};
    print_steps(&pr, p);
}

void syz_prog_print_full(struct buf *out, const struct syz_prog *p)
{
    struct printer pr = {
        .out = out, .target = p->target, .used = {.arena = out->arena}, .is_full = true};
    print_steps(&pr, p);
}
