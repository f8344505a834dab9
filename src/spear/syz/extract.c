/* extract: asks the compiler again and again, each time without what it has refused.
 *
 * The generated file has two parts, each numbered by #line as a file of its own: includes, one a
 * line, and constants, one a line. So a message that points to a line tells what to leave out.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/extract.h"

#include "spear/syz/ast.h"

#include <stdlib.h>
#include <string.h>

#define SECTION       "mujun_constants"
#define INCLUDES_FILE "mujun-includes"
#define VALUES_FILE   "mujun-constants"

enum { RECORD_BYTES = 16 }; /* index, mark, value: 4 + 4 + 8 */
#define RECORD_MARK UINT32_C(0x6d756a75)

struct header {
    struct str text; /* <a.h> */
    bool is_lost;
};

struct job {
    struct arena *a;
    const struct extract_options *options;
    struct header *headers;
    uint32_t header_count, header_capacity;
    struct str *incdirs; /* without brackets, ending in NUL */
    uint32_t incdir_count, incdir_capacity;
    struct buf defines;
    struct extract_value *values;
    bool *refused; /* per value */
    uint32_t count;
};

/* ---- gathering ---- */

static void add_define(struct job *j, const struct ast_decl *d)
{
    buf_printf(&j->defines, "#ifndef %.*s\n#define %.*s %.*s\n#endif\n", STR_ARG(d->name),
               STR_ARG(d->name), STR_ARG(d->text));
}

static void add_header(struct job *j, struct str text)
{
    ARENA_PUSH(j->a, j->headers, j->header_count, j->header_capacity,
               ((struct header){text, false}));
}

/* Whether `meta` lets the file be extracted for this machine. */
static bool allows(const struct ast_expr *meta, const struct syz_arch *arch)
{
    if (str_equal(meta->text, STR("noextract")))
        return false;
    if (!str_equal(meta->text, STR("arches")))
        return true;
    for (uint32_t i = 0; i < meta->arg_count; i++) {
        struct str word = meta->args[i]->text; /* with its quotes */
        if (word.size > 2 &&
            str_equal((struct str){word.text + 1, word.size - 2}, str_of(arch->name)))
            return true;
    }
    return false;
}

static void add_incdir(struct job *j, struct str text)
{
    struct str inner = {arena_copy_text(j->a, text.text + 1, text.size - 2), text.size - 2};
    ARENA_PUSH(j->a, j->incdirs, j->incdir_count, j->incdir_capacity, inner);
}

/* False when the file is not to be extracted. */
static bool gather(struct job *j, const struct ast_file *file, const struct syz_arch *arch)
{
    for (uint32_t i = 0; i < file->count; i++) {
        const struct ast_decl *d = &file->decls[i];
        if (d->kind == AST_META && !allows(d->values[0], arch))
            return false;
        if (d->kind == AST_INCLUDE)
            add_header(j, d->text);
        if (d->kind == AST_INCDIR && d->text.size > 2)
            add_incdir(j, d->text);
    }
    return true;
}

/* What any file defines may be used by all; macros cost nothing until then. */
static void read_sources(struct job *j, const struct syz_sources *s, uint32_t file,
                         const struct syz_arch *arch, bool *skip)
{
    struct syz_errors errors = {.arena = j->a};

    for (uint32_t i = 0; i < s->count; i++) {
        struct str path = s->items[i].path;
        if (path.size < 4 || memcmp(path.text + path.size - 4, ".txt", 4) != 0)
            continue;
        const struct ast_file *ast = ast_parse(s->items[i].text, (uint16_t)i, j->a, &errors);
        if (i == file)
            *skip = !gather(j, ast, arch);
        for (uint32_t k = 0; k < ast->count; k++)
            if (ast->decls[k].kind == AST_DEFINE)
                add_define(j, &ast->decls[k]);
    }
}

/* ---- the C file ---- */

/* Each constant has a function around it: what is wrong with one (a struct named as a union, say)
 * is forgotten at its end, and does not spoil the next. */
static void print_source(const struct job *j, struct buf *out)
{
    buf_text(out, "#line 1 \"" INCLUDES_FILE "\"\n");
    for (uint32_t i = 0; i < j->header_count; i++)
        buf_printf(out, j->headers[i].is_lost ? "\n" : "#include %.*s\n",
                   STR_ARG(j->headers[i].text));
    buf_bytes(out, j->defines.data, j->defines.size);
    buf_printf(out,
               "struct mujun_constant { unsigned index, mark; unsigned long long value; };\n"
               "#define MUJUN_CONSTANT(index, ...) "
               "__attribute__((used)) static void mujun_constant_##index(void) { "
               "__attribute__((used, aligned(%d), section(\"" SECTION "\"))) "
               "static const struct mujun_constant constant = "
               "{index, %#xu, (unsigned long long)((__VA_ARGS__) | 0)}; }\n"
               "MUJUN_CONSTANT(%u, 0)\n"
               "#line 1 \"" VALUES_FILE "\"\n",
               RECORD_BYTES, RECORD_MARK, j->count);
    for (uint32_t i = 0; i < j->count; i++) {
        if (j->refused[i])
            buf_byte(out, '\n');
        else
            buf_printf(out, "MUJUN_CONSTANT(%u, %.*s)\n", i, STR_ARG(j->values[i].name));
    }
}

/* ---- what the compiler says ---- */

/* The number after `name:` at the start of the line, 0 when it is not there. */
static uint32_t line_of(struct str line, const char *name)
{
    size_t size = strlen(name);
    uint32_t number = 0;

    if (line.size <= size || memcmp(line.text, name, size) != 0 || line.text[size] != ':')
        return 0;
    for (size_t i = size + 1; i < line.size && line.text[i] >= '0' && line.text[i] <= '9'; i++)
        number = number > UINT32_MAX / 16 ? number : number * 10 + (uint32_t)(line.text[i] - '0');
    return number;
}

static bool has(struct str line, const char *word)
{
    return memmem(line.text, line.size, word, strlen(word)) != NULL;
}

/* Leaves out what the messages point to; the number of things left out now for the first time.
 * A message inside a macro of a header names our line in a note about its expansion. */
static uint32_t learn(struct job *j, struct str errors, struct str *first_error)
{
    uint32_t learned = 0;

    *first_error = (struct str){0};
    while (errors.size != 0) {
        const char *end = memchr(errors.text, '\n', errors.size);
        struct str line = {errors.text, end != NULL ? (size_t)(end - errors.text) : errors.size};
        errors.text += line.size;
        errors.size -= line.size;
        if (errors.size != 0) {
            errors.text++;
            errors.size--;
        }
        bool is_error = has(line, "error: ");
        uint32_t value = line_of(line, VALUES_FILE), header = line_of(line, INCLUDES_FILE);
        if (is_error && first_error->size == 0)
            *first_error = line;
        if (value > 0 && value <= j->count && (is_error || has(line, "note: ")) &&
            !j->refused[value - 1]) {
            j->refused[value - 1] = true;
            learned++;
        }
        if (is_error && header > 0 && header <= j->header_count &&
            !j->headers[header - 1].is_lost) {
            j->headers[header - 1].is_lost = true;
            learned++;
        }
    }
    return learned;
}

static enum status read_values(struct job *j, struct str object, struct diag *dg)
{
    struct str section = {0};

    TRY(extract_section(object, SECTION, &section, dg));
    size_t start = section.size == 0 ? 0 : (size_t)(section.text - object.text);
    for (size_t at = 0; at + RECORD_BYTES <= section.size; at += RECORD_BYTES) {
        uint64_t index = extract_number(object, start + at, 4);
        if (extract_number(object, start + at + 4, 4) != RECORD_MARK || index > j->count)
            return diag_fail(dg, ST_MALFORMED, start + at,
                             "expected records of %d bytes in section %s, found others",
                             RECORD_BYTES, SECTION);
        if (index == j->count)
            continue; /* the one that is always there */
        j->values[index].is_known = true;
        j->values[index].value = extract_number(object, start + at + 8, 8);
    }
    return ST_OK;
}

static enum status ask(struct job *j, struct extract_result *out, struct diag *dg)
{
    struct str first_error = {0};

    for (out->rounds = 1; out->rounds <= EXTRACT_ROUNDS_MAX; out->rounds++) {
        struct extract_object got;
        struct buf source;
        buf_init(&source, j->a);
        print_source(j, &source);
        TRY(extract_compile((struct str){(const char *)source.data, source.size}, j->incdirs,
                            j->incdir_count, j->options, j->a, &got, dg));
        if (got.object.size != 0)
            return read_values(j, got.object, dg);
        if (learn(j, got.errors, &first_error) == 0)
            return diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET,
                             "the compiler refuses the headers, not a constant: %.*s",
                             (int)MIN(first_error.size, (size_t)300), first_error.text);
    }
    return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                     "the compiler still finds new errors after %d rounds: %.*s",
                     EXTRACT_ROUNDS_MAX, (int)MIN(first_error.size, (size_t)300), first_error.text);
}

static void finish(const struct job *j, struct str before, const struct syz_arch *arch,
                   struct extract_result *out)
{
    struct buf text;

    buf_init(&text, j->a);
    extract_print(j->values, j->count, before, arch, &text);
    out->text = (struct str){(const char *)text.data, text.size};
    for (uint32_t i = 0; i < j->count; i++)
        *(j->values[i].is_known ? &out->known : &out->unknown) += 1;
    out->lost_headers = arena_new(j->a, struct str, j->header_count);
    for (uint32_t i = 0; i < j->header_count; i++)
        if (j->headers[i].is_lost)
            out->lost_headers[out->lost_header_count++] = j->headers[i].text;
}

enum status syz_extract(const struct syz_sources *sources, uint32_t file,
                        const struct syz_wanted_list *wanted, struct str before,
                        const struct syz_arch *arch, const struct extract_options *options,
                        struct arena *a, struct extract_result *out, struct diag *dg)
{
    struct job j = {.a = a, .options = options, .count = wanted->count};

    *out = (struct extract_result){0};
    buf_init(&j.defines, a);
    j.values = arena_new(a, struct extract_value, j.count);
    j.refused = arena_new(a, bool, j.count);
    for (uint32_t i = 0; i < j.count; i++)
        j.values[i].name = wanted->items[i].name;
    read_sources(&j, sources, file, arch, &out->is_skipped);
    if (out->is_skipped)
        return ST_OK;
    add_header(&j, STR("<asm/unistd.h>")); /* the numbers of calls */
    TRY(ask(&j, out, dg));
    finish(&j, before, arch, out);
    return ST_OK;
}
