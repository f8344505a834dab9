/* Descriptions, as text: what is refused, where and why; and what printing makes canonical.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/ast.h"
#include "tap.h"

#include <string.h>

struct job {
    struct arena arena;
    const char *text;
    struct syz_errors errors;
    struct buf out;
};

static enum status parse_and_print(void *ctx, struct diag *dg)
{
    struct job *job = ctx;

    (void)dg;
    job->errors.arena = &job->arena;
    buf_init(&job->out, &job->arena);
    ast_print(ast_parse(str_of(job->text), 0, &job->arena, &job->errors), &job->out);
    buf_byte(&job->out, 0);
    return ST_OK;
}

/* The first error of each text. */
/* clang-format off */
static const struct {
    const char *name, *text;
    uint32_t line, column, total;
    const char *error;
} bad[] = {
    {"a byte that is no word", "f(a int8)\n@\n", 2, 1, 1,
     "expected a word, number or bracket, found '@'"},
    {"a control byte", "f(a \x01)\n", 1, 5, 1,
     "expected a word, number or bracket, found byte 0x01"},
    {"an open literal", "s = \"abc\n", 1, 5, 1,
     "expected a closing \" on this line, found its end"},
    {"a literal with a tab", "s = \"a\tb\"\n", 1, 5, 1,
     "expected printable ASCII in a literal (write other bytes as `hex`), found byte 0x09"},
    {"odd hex", "s = `abc`\n", 1, 5, 1, "expected pairs of hex digits in `abc`"},
    {"a number with letters", "f = 12ab\n", 1, 5, 1,
     "expected an integer of at most 64 bits, found 12ab"},
    {"65 bits", "f = 0x1ffffffffffffffff\n", 1, 5, 1,
     "expected an integer of at most 64 bits, found 0x1ffffffffffffffff"},
    {"a field without a type", "s {\n\tf\n}\n", 2, 3, 1,
     "expected a type, name, number or literal, found the end of the line"},
    {"a struct without an end", "s {\n\tf\tint8\n", 3, 1, 1,
     "expected a field or '}', found the end of the file"},
    {"a union closed as a struct", "u [\n\tf\tint8\n}\n", 3, 1, 1,
     "expected an option or ']', found }"},
    {"a call without a bracket", "f(a int8\n", 1, 9, 1,
     "expected ',' or ')', found the end of the line"},
    {"empty brackets", "f(a int8[])\n", 1, 10, 1,
     "expected arguments between the brackets, found ]"},
    {"a word alone", "hello\n", 1, 6, 1,
     "expected '(' of a call, '{' of a struct, '[' of a union, or '=' of flags, found the end of "
     "the line"},
    {"two declarations in a line", "a = 1 g()\n", 1, 7, 1, "expected the end of the line, found g"},
    {"empty attributes", "f() ()\n", 1, 6, 1, "expected an attribute, found )"},
    {"an include without a name", "include foo\n", 1, 9, 1,
     "expected <a file or folder of headers>, found foo"},
    {"a define without a value", "define A\n", 1, 9, 1,
     "expected the constant's value, found the end of the line"},
    {"the next declaration is read after an error", "f(\ng(a int8)\nh(]\n", 1, 3, 2,
     "expected an argument's name, found the end of the line"},
    {"a resource without a type", "resource r\n", 1, 11, 1,
     "expected '[' and the type of the resource, found the end of the line"},
};
/* clang-format on */

/* clang-format off */
static const struct {
    const char *name, *text, *want;
} good[] = {
    {"calls", "f( a int8,b   ptr [in,int8] )  fd ( timeout[5], disabled)\n",
     "f(a int8, b ptr[in, int8]) fd (timeout[5], disabled)\n"},
    {"columns", "s {\n a int8\n longername int8 (in, out)\n\n\n# x\n\tb int8:4\n} [ packed ]\n",
     "s {\n\ta\t\tint8\n\tlongername\tint8\t(in, out)\n\n# x\n\tb\t\tint8:4\n} [packed]\n"},
    {"empty lines", "\n\nf()\n\n\n\ng()\n\n", "f()\n\ng()\n"},
    {"a comment behind a declaration", "f() # why\n", "f()\n# why\n"},
    {"no newline at the end", "a = 1,-1, 0x0F,'c'", "a = 1, -1, 0x0F, 'c'\n"},
    {"templates",
     "type t[A,B=int8] {\n\tf A:4\n}\ntype u [\n\ta int8\n]\ntype v[N] array[int8,N]\n",
     "type t[A, B = int8] {\n\tf\tA:4\n}\ntype u [\n\ta\tint8\n]\ntype v[N] array[int8, N]\n"},
    {"conditions", "s {\n\tf int8 (if[value[a:b]&X==1||value[c]!=`00`])\n}\n",
     "s {\n\tf\tint8\t(if[value[a:b] & X == 1 || value[c] != `00`])\n}\n"},
    {"directives", "include <a.h>\nincdir <b>\ndefine X  1 + 2 \nmeta arches[\"a\",\"b\"]\n",
     "include <a.h>\nincdir <b>\ndefine X\t1 + 2\nmeta arches[\"a\", \"b\"]\n"},
};
/* clang-format on */

int main(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(bad); i++) {
        struct job job = {.text = bad[i].text};
        struct diag dg = {0};
        arena_init(&job.arena, 1 << 20);
        enum status st = arena_guard(&job.arena, parse_and_print, &job, &dg);
        const struct syz_error *e = job.errors.items;
        bool pass = st == ST_OK && job.errors.total == bad[i].total && e != NULL &&
                    e->pos.line == bad[i].line && e->pos.column == bad[i].column &&
                    strcmp(e->text, bad[i].error) == 0;
        tap_ok(pass, "%s: %u:%u: %s (%u)", bad[i].name, e != NULL ? e->pos.line : 0,
               e != NULL ? e->pos.column : 0u, e != NULL ? e->text : "no error", job.errors.total);
        arena_free(&job.arena);
    }
    for (uint32_t i = 0; i < LENGTH_OF(good); i++) {
        struct job job = {.text = good[i].text};
        struct diag dg = {0};
        arena_init(&job.arena, 1 << 20);
        enum status st = arena_guard(&job.arena, parse_and_print, &job, &dg);
        bool pass = st == ST_OK && job.errors.total == 0 &&
                    strcmp((const char *)job.out.data, good[i].want) == 0;
        tap_ok(pass, "%s", good[i].name);
        if (!pass)
            printf("# %s", (const char *)job.out.data);
        arena_free(&job.arena);
    }
    return tap_done();
}
