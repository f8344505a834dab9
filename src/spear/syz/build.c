/* build: the types that are built in, one function per kind of row of types.def. Each fills b->t,
 * whose name, position and optionality are set; false after reporting.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/compile_int.h"

#include <string.h>

#define TYPE(name, kind, a, b, min, max, args)                                                     \
    static bool build_##kind(struct compiler *c, struct build *b_);
#include "spear/syz/types.def"
#undef TYPE

const struct type_row comp_rows[] = {
#define TYPE(name, kind, a, b, min, max, args) {#name, build_##kind, a, b, min, max, args},
#include "spear/syz/types.def"
#undef TYPE
};
const uint32_t comp_row_count = LENGTH_OF(comp_rows);

bool comp_is_int_row(const struct type_row *row)
{
    return row->build == build_int;
}

void comp_int_row(struct compiler *c, const struct type_row *row, struct syz_type *t)
{
    uint32_t bytes = row->a == 0 ? c->arch->pointer_bytes : row->a;

    t->scalar = (struct syz_scalar){.format = row->b ? SYZ_BIG_ENDIAN : SYZ_NATIVE,
                                    .base_bytes = (uint8_t)bytes};
    t->size_bytes = bytes;
    t->align = bytes == 8 ? c->arch->int64_align : bytes;
}

/* The base type is argument `at`, or intptr where a call leaves it out. */
static bool base(struct compiler *c, struct build *b, uint32_t at)
{
    if (b->arg_count > at)
        return comp_base(c, b->args[at], b->t);
    if (!b->in_call) {
        syz_error(c->errors, b->e->pos,
                  "expected %s%s: only a call's argument may leave out the base type", b->row->name,
                  b->row->args);
        return false;
    }
    struct type_row intptr = {.a = 0};
    comp_int_row(c, &intptr, b->t);
    return true;
}

static bool too_large(struct compiler *c, const struct build *b, const struct ast_expr *e,
                      uint64_t found, uint64_t max, const char *what)
{
    if (found <= max)
        return false;
    syz_error(c->errors, e->pos, "expected %s of at most %ju in %.*s, found %ju", what,
              (uintmax_t)max, STR_ARG(b->e->text), (uintmax_t)found);
    return true;
}

/* Whether a value can be written in so many bits, as unsigned or as two's complement. */
static bool fits(uint64_t value, unsigned bits)
{
    return bits >= 64 || value >> bits == 0 || ~value >> (bits - 1) == 0;
}

static unsigned bits_of(const struct syz_type *t)
{
    return t->scalar.bits != 0 ? t->scalar.bits : 8u * t->scalar.base_bytes;
}

/* Words of the machine take values of 64 bits: what does not fit a smaller word is cut there. */
static unsigned limit_bits(const struct build *b, uint32_t at)
{
    bool is_word = b->arg_count <= at || str_equal(b->args[at]->text, STR("intptr"));
    return is_word && b->t->scalar.bits == 0 ? 64 : bits_of(b->t);
}

static bool int_range(struct compiler *c, struct build *b)
{
    struct syz_type *t = b->t;
    uint64_t min = 0, max = 0;

    if (!comp_range(c, b->args[0], "a value", &min, &max, &t->missing))
        return false;
    t->integer.min = min;
    t->integer.max = max;
    t->integer.has_range = true;
    if (t->missing.size != 0)
        return true;
    if (!fits(min, bits_of(t)) || !fits(max, bits_of(t))) {
        syz_error(c->errors, b->args[0]->pos, "expected values of %u bits, found %.*s", bits_of(t),
                  STR_ARG(t->name));
        return false;
    }
    if (min > max && (int64_t)min > (int64_t)max) {
        syz_error(c->errors, b->args[0]->pos, "expected min:max, found %ju above %ju",
                  (uintmax_t)min, (uintmax_t)max);
        return false;
    }
    return true;
}

/* Flags in which nothing is left, or only zero, are the constant zero. */
static void set_flags(struct syz_type *t, const struct syz_flags *f)
{
    bool is_zero = f->count == 0 || (f->count == 1 && f->values[0] == 0);

    t->kind = is_zero ? SYZ_CONST : SYZ_FLAGS;
    if (is_zero)
        t->constant.value = 0;
    else
        t->flags = f;
}

static bool build_int(struct compiler *c, struct build *b)
{
    struct syz_type *t = b->t;
    struct ast_expr plain = *b->e;

    plain.args = NULL;
    plain.arg_count = 0;
    if (!comp_base(c, &plain, t))
        return false;
    t->kind = SYZ_INT;
    if (b->arg_count == 0)
        return true;
    const struct ast_expr *first = b->args[0];
    if (first->kind == AST_IDENT && first->colon_count == 0 &&
        map_get(&c->sets, first->text) != NULL) {
        const struct syz_flags *f = comp_flags(c, first);
        if (f == NULL)
            return false;
        set_flags(t, f);
        return true;
    }
    if (!int_range(c, b))
        return false;
    if (t->integer.min == t->integer.max && t->missing.size == 0) { /* no choice is left */
        uint64_t value = t->integer.min;
        t->kind = SYZ_CONST;
        t->constant.value = value;
        return true;
    }
    return b->arg_count == 1 ||
           comp_number(c, b->args[1], "a multiple", &t->integer.multiple, &t->missing);
}

static bool build_const(struct compiler *c, struct build *b)
{
    struct syz_type *t = b->t;

    if (!base(c, b, 1) || !comp_number(c, b->args[0], "a value", &t->constant.value, &t->missing))
        return false;
    t->kind = SYZ_CONST;
    if (t->missing.size == 0 && !fits(t->constant.value, limit_bits(b, 1))) {
        syz_error(c->errors, b->args[0]->pos, "expected a value of %u bits, found %#jx", bits_of(t),
                  (uintmax_t)t->constant.value);
        return false;
    }
    return true;
}

static bool build_flags(struct compiler *c, struct build *b)
{
    const struct syz_flags *f = comp_flags(c, b->args[0]);

    if (f == NULL || !base(c, b, 1))
        return false;
    for (uint32_t i = 0; i < f->count; i++)
        if (!fits(f->values[i], limit_bits(b, 1))) {
            syz_error(c->errors, b->args[0]->pos,
                      "expected flags of %u bits, found %#jx among %.*s", bits_of(b->t),
                      (uintmax_t)f->values[i], STR_ARG(f->name));
            return false;
        }
    set_flags(b->t, f);
    return true;
}

static bool build_len(struct compiler *c, struct build *b)
{
    const struct ast_expr *path = b->args[0];

    if (path->kind != AST_IDENT || path->arg_count != 0) {
        syz_error(c->errors, path->pos, "expected the name of a field, found %.*s",
                  STR_ARG(path->text));
        return false;
    }
    if (!base(c, b, 1))
        return false;
    b->t->kind = SYZ_LEN;
    b->t->len.unit_bits = b->row->b;
    b->t->len.is_offset = b->row->a != 0;
    comp_path(c, path, &b->t->len.path);
    return true;
}

static bool build_proc(struct compiler *c, struct build *b)
{
    struct syz_type *t = b->t;
    const struct ast_expr *last = b->args[b->arg_count - 1];
    bool has_base = b->arg_count == 3 || (b->arg_count == 2 && last->kind == AST_IDENT &&
                                          map_get(&c->names, last->text) != NULL);

    t->proc.per_proc = 1;
    if (!base(c, b, has_base ? b->arg_count - 1 : b->arg_count) ||
        !comp_number(c, b->args[0], "a first value", &t->proc.start, &t->missing))
        return false;
    t->kind = SYZ_PROC;
    if (b->arg_count - has_base < 2)
        return true;
    if (!comp_number(c, b->args[1], "a number of values per process", &t->proc.per_proc,
                     &t->missing))
        return false;
    if (t->missing.size == 0 && t->proc.per_proc == 0) {
        syz_error(c->errors, b->args[1]->pos, "expected at least 1 value per process, found 0");
        return false;
    }
    return true;
}

static bool build_csum(struct compiler *c, struct build *b)
{
    struct syz_type *t = b->t;
    bool pseudo = str_equal(b->args[1]->text, STR("pseudo"));

    if (!pseudo && !str_equal(b->args[1]->text, STR("inet"))) {
        syz_error(c->errors, b->args[1]->pos, "expected inet or pseudo, found %.*s",
                  STR_ARG(b->args[1]->text));
        return false;
    }
    if (pseudo && b->arg_count < 3) {
        syz_error(c->errors, b->e->pos,
                  "expected csum[path, pseudo, protocol, base], found no "
                  "protocol");
        return false;
    }
    if (!base(c, b, pseudo ? 3 : 2))
        return false;
    t->kind = SYZ_CSUM;
    t->csum.kind = pseudo ? SYZ_CSUM_PSEUDO : SYZ_CSUM_INET;
    comp_path(c, b->args[0], &t->csum.path);
    return !pseudo || comp_number(c, b->args[2], "a protocol", &t->csum.protocol, &t->missing);
}

static bool build_vma(struct compiler *c, struct build *b)
{
    struct syz_type *t = b->t;

    t->kind = SYZ_VMA;
    t->size_bytes = b->row->a == 0 ? c->arch->pointer_bytes : b->row->a;
    t->align = t->size_bytes == 8 ? c->arch->int64_align : (uint32_t)t->size_bytes;
    if (b->arg_count == 0)
        return true;
    return comp_range(c, b->args[0], "a number of pages", &t->vma.min, &t->vma.max, &t->missing) &&
           !too_large(c, b, b->args[0], t->vma.max, SYZ_COUNT_MAX, "a number of pages");
}

static bool build_ptr(struct compiler *c, struct build *b)
{
    struct syz_type *t = b->t;

    t->kind = SYZ_PTR;
    t->size_bytes = b->row->a == 0 ? c->arch->pointer_bytes : b->row->a;
    t->align = t->size_bytes == 8 ? c->arch->int64_align : (uint32_t)t->size_bytes;
    if (!comp_dir(c, b->args[0], &t->ptr.dir))
        return false;
    t->ptr.to = comp_type(c, b->args[1], false);
    return t->ptr.to != NULL;
}

static bool is_plain_byte(const struct syz_type *t)
{
    return t->kind == SYZ_INT && t->size_bytes == 1 && t->scalar.bits == 0 &&
           t->scalar.format == SYZ_NATIVE && !t->integer.has_range && t->integer.multiple == 0 &&
           !t->is_optional;
}

/* So many times the same number: one string of bytes with that value. */
static void build_const_array(struct compiler *c, struct syz_type *t, const struct syz_type *of,
                              uint64_t count)
{
    uint64_t bytes = of->size_bytes;
    bool is_big = c->arch->is_big_endian != (of->scalar.format == SYZ_BIG_ENDIAN);
    char *text = arena_new(c->a, char, count *bytes);

    for (uint64_t i = 0; i < count * bytes; i++) {
        uint64_t byte = is_big ? bytes - 1 - i % bytes : i % bytes;
        text[i] = (char)(of->constant.value >> (8 * byte));
    }
    t->kind = SYZ_BUFFER;
    t->buffer.kind = SYZ_STRING;
    t->buffer.min = t->buffer.max = count * bytes;
    t->buffer.values = arena_new(c->a, struct str, 1);
    t->buffer.values[0] = (struct str){text, count * bytes};
    t->buffer.value_count = 1;
    t->align = of->align;
    t->missing = of->missing;
}

/* Bytes become a buffer: they are mutated as such. */
static bool build_array(struct compiler *c, struct build *b)
{
    struct syz_type *t = b->t;
    uint64_t min = 0, max = 0;
    bool has_range = b->arg_count == 2;
    const struct syz_type *of = comp_type(c, b->args[0], false);

    if (of == NULL)
        return false;
    if (has_range) {
        if (!comp_range(c, b->args[1], "a number of elements", &min, &max, &t->missing) ||
            too_large(c, b, b->args[1], max, SYZ_COUNT_MAX, "a number of elements"))
            return false;
        if (min > max && t->missing.size == 0) {
            syz_error(c->errors, b->args[1]->pos, "expected min:max, found %ju above %ju",
                      (uintmax_t)min, (uintmax_t)max);
            return false;
        }
        if (max == 0 && t->missing.size == 0) {
            syz_error(c->errors, b->args[1]->pos, "expected at least 1 element, found 0");
            return false;
        }
    }
    if (is_plain_byte(of)) {
        t->kind = SYZ_BUFFER;
        t->buffer.kind = SYZ_BLOB;
        t->buffer.min = min;
        t->buffer.max = max;
        return true;
    }
    if (has_range && min == max && of->kind == SYZ_CONST && of->scalar.bits == 0 &&
        of->scalar.format <= SYZ_BIG_ENDIAN && max * of->size_bytes <= SYZ_STRUCT_BYTES_MAX) {
        build_const_array(c, t, of, max);
        return true;
    }
    t->kind = SYZ_ARRAY;
    t->array.of = of;
    t->array.min = min;
    t->array.max = max;
    t->array.has_range = has_range;
    return true;
}

static bool string_values(struct compiler *c, struct build *b)
{
    struct syz_type *t = b->t;
    const struct ast_expr *e = b->args[0];
    const struct set *set = e->kind == AST_IDENT ? map_get(&c->sets, e->text) : NULL;

    if (e->kind == AST_STRING) {
        t->buffer.values = arena_new(c->a, struct str, 1);
        t->buffer.values[t->buffer.value_count++] = comp_bytes(c, e);
        return true;
    }
    if (set == NULL && e->kind == AST_IDENT && str_equal(e->text, STR("filename"))) {
        t->buffer.kind = SYZ_FILENAME;
        return true;
    }
    if (set == NULL || set->decl->values[0]->kind != AST_STRING) {
        syz_error(c->errors, e->pos,
                  "expected a literal, filename, or the name of flags that are "
                  "strings, found %.*s",
                  STR_ARG(e->text));
        return false;
    }
    t->buffer.flags = set->decl->name;
    t->buffer.values = arena_new(c->a, struct str, set->decl->value_count);
    for (uint32_t i = 0; i < set->decl->value_count; i++)
        if (set->decl->values[i]->kind == AST_STRING)
            t->buffer.values[t->buffer.value_count++] = comp_bytes(c, set->decl->values[i]);
    return true;
}

/* A string has a fixed length when it is given, or when all its values have the same. */
static bool build_string(struct compiler *c, struct build *b)
{
    struct syz_type *t = b->t;
    uint64_t size = 0, longest = 0, shortest = UINT64_MAX;

    t->kind = SYZ_BUFFER;
    t->buffer.kind = SYZ_STRING;
    t->buffer.has_zero = b->row->a == 0;
    if (b->arg_count != 0 && !string_values(c, b))
        return false;
    for (uint32_t i = 0; i < t->buffer.value_count; i++) {
        longest = MAX(longest, t->buffer.values[i].size + t->buffer.has_zero);
        shortest = MIN(shortest, t->buffer.values[i].size + t->buffer.has_zero);
    }
    if (b->arg_count == 2) {
        if (!comp_number(c, b->args[1], "a number of bytes", &size, &t->missing) ||
            too_large(c, b, b->args[1], size, SYZ_STRUCT_BYTES_MAX, "a size"))
            return false;
        if (t->missing.size == 0 && longest > size) {
            syz_error(c->errors, b->args[1]->pos,
                      "expected at least %ju bytes for the longest "
                      "value, found %ju",
                      (uintmax_t)longest, (uintmax_t)size);
            return false;
        }
        t->buffer.min = t->buffer.max = size;
    } else if (longest == shortest) {
        t->buffer.min = t->buffer.max = longest;
    }
    return true;
}

static bool build_glob(struct compiler *c, struct build *b)
{
    if (b->args[0]->kind != AST_STRING) {
        syz_error(c->errors, b->args[0]->pos, "expected a pattern in quotes, found %.*s",
                  STR_ARG(b->args[0]->text));
        return false;
    }
    b->t->kind = SYZ_BUFFER;
    b->t->buffer.kind = SYZ_GLOB;
    b->t->buffer.has_zero = true;
    b->t->buffer.values = arena_new(c->a, struct str, 1);
    b->t->buffer.values[0] = comp_bytes(c, b->args[0]);
    b->t->buffer.value_count = 1;
    return true;
}

static bool build_fmt(struct compiler *c, struct build *b)
{
    static const struct {
        const char *name;
        enum syz_format format;
        uint32_t bytes;
    } formats[] = {
        {"dec", SYZ_DEC, SYZ_DEC_BYTES},
        {"hex", SYZ_HEX, SYZ_HEX_BYTES},
        {"oct", SYZ_OCT, SYZ_OCT_BYTES}
    };
    uint32_t i = 0;

    while (i < LENGTH_OF(formats) && !str_equal(b->args[0]->text, str_of(formats[i].name)))
        i++;
    if (i == LENGTH_OF(formats)) {
        syz_error(c->errors, b->args[0]->pos, "expected dec, hex or oct, found %.*s",
                  STR_ARG(b->args[0]->text));
        return false;
    }
    const struct syz_type *of = comp_type(c, b->args[1], true);
    if (of == NULL)
        return false;
    if (of->kind > SYZ_RESOURCE || of->kind == SYZ_CSUM || of->scalar.bits != 0) {
        syz_error(c->errors, b->args[1]->pos, "expected a number or resource, found %.*s",
                  STR_ARG(of->name));
        return false;
    }
    struct syz_type named = *b->t;
    *b->t = *of;
    b->t->name = named.name;
    b->t->id = named.id;
    b->t->pos = named.pos;
    b->t->is_optional = named.is_optional;
    b->t->scalar.format = formats[i].format;
    b->t->size_bytes = formats[i].bytes;
    b->t->align = 1;
    return true;
}

static bool build_text(struct compiler *c, struct build *b)
{
    static const char *const machines[] = {
        [SYZ_TEXT_TARGET] = "target", [SYZ_TEXT_X86_REAL] = "x86_real",
        [SYZ_TEXT_X86_16] = "x86_16", [SYZ_TEXT_X86_32] = "x86_32",
        [SYZ_TEXT_X86_64] = "x86_64", [SYZ_TEXT_ARM64] = "arm64",
        [SYZ_TEXT_PPC64] = "ppc64",   [SYZ_TEXT_RISCV64] = "riscv64"};

    b->t->kind = SYZ_BUFFER;
    b->t->buffer.kind = SYZ_TEXT;
    for (uint32_t i = 0; i < LENGTH_OF(machines); i++)
        if (str_equal(b->args[0]->text, str_of(machines[i]))) {
            b->t->buffer.text = (enum syz_text_kind)i;
            return true;
        }
    syz_error(c->errors, b->args[0]->pos,
              "expected a machine (target, x86_64, arm64, ...), found "
              "%.*s",
              STR_ARG(b->args[0]->text));
    return false;
}

static bool build_image(struct compiler *c, struct build *b)
{
    (void)c;
    b->t->kind = SYZ_BUFFER;
    b->t->buffer.kind = SYZ_IMAGE;
    return true;
}

static bool build_void(struct compiler *c, struct build *b)
{
    (void)c;
    b->t->kind = SYZ_VOID;
    return true;
}
