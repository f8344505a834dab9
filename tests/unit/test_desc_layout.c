/* Layout of structs, as a C compiler for amd64 has it (or the machine that the row names): size,
 * alignment, and the place of each field as offset or offset:bit.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/compile.h"
#include "tap.h"

#include <string.h>

struct job {
    struct arena arena;
    const char *arch, *text;
    struct syz_errors errors;
    const struct syz_target *target;
};

static enum status compile(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct syz_source source = {STR("a.txt"), str_of(job->text)};
    struct syz_sources sources = {&source, 1, 1};

    return syz_compile(&sources, syz_arch_find(job->arch), &job->arena, &job->errors, &job->target,
                       dg);
}

/* clang-format off */
static const struct {
    const char *name, *arch, *text;
    uint64_t size;
    uint32_t align;
    const char *places;
} rows[] = {
    {"padding", "amd64", "s {\n a int16\n b int32\n c int8\n d int16\n e int64\n}\n", 24, 8,
     "0 4 8 10 16"},
    {"packed", "amd64", "s {\n a int16\n b int32\n c int8\n} [packed]\n", 7, 1, "0 2 6"},
    {"packed and aligned", "amd64", "s {\n a int8\n b int16\n} [packed, align[4]]\n", 4, 4, "0 1"},
    {"size", "amd64", "s {\n a int8\n} [size[42]]\n", 42, 1, "0"},
    {"int64 on 386", "386", "s {\n a int8\n b int64\n c intptr\n}\n", 16, 4, "0 4 12"},
    {"int64 on arm", "arm", "s {\n a int8\n b int64\n c intptr\n}\n", 24, 8, "0 8 16"},
    {"ptr64 on 386", "386", "s {\n a int8\n b ptr64[in, int8]\n c ptr[in, int8]\n}\n", 16, 4,
     "0 4 12"},
    {"bits share a unit", "amd64", "s {\n a int32:10\n b int32:10\n c int32:10\n d int8\n}\n", 8, 4,
     "0:0 0:10 0:20 4"},
    {"bits that do not fit open a unit", "amd64", "s {\n a int32:20\n b int32:20\n}\n", 8, 4,
     "0:0 4:0"},
    {"bits after a byte, in its unit", "amd64", "s {\n a int8\n b int32:4\n c int8\n}\n", 4, 4,
     "0 0:8 2"},
    {"bits of other widths", "amd64", "s {\n a int8\n b int32:4\n c int16:6\n}\n", 4, 4,
     "0 0:8 2:0"},
    {"12 bits at byte 1 of int16", "amd64", "s {\n a int8\n b int16:12\n}\n", 4, 2, "0 2:0"},
    {"packed bits", "amd64", "s {\n a int8\n b int64:4\n c int16:4\n} [packed]\n", 2, 1,
     "0 1:0 1:4"},
    {"packed bits fill their unit", "amd64",
     "s {\n a int16\n b int16:14\n c int16:1\n d int16:1\n e int16\n f void\n"
     "} [packed, align[4]]\n",
     8, 4, "0 2:0 3:6 3:7 4 6"},
    {"a full unit, then the next", "amd64",
     "s {\n a int32:10\n b int32:32\n c int32:16\n}\n", 12, 4,
     "0:0 4:0 8:0"},
    {"nested struct", "amd64", "s {\n a int8\n b t\n c int8\n}\nt {\n x int8\n y int32\n}\n", 16, 4,
     "0 4 12"},
    {"nested union", "amd64",
     "s {\n a int8\n b u\n c int8\n}\nu [\n x int64\n y array[int16, 5]\n]\n",
     32, 8, "0 8 24"},
    {"union with a size", "amd64", "s {\n a int8\n b u\n}\nu [\n x int8\n] [size[7]]\n", 8, 1,
     "0 1"},
    {"array of structs", "amd64",
     "s {\n a int8\n b array[t, 3]\n}\nt {\n x int8\n y int16\n}\n", 14, 2,
     "0 2"},
    {"varlen at the end", "amd64", "s {\n a int8\n b int32\n c array[int16]\n}\n", 0, 4, "0 4 8"},
    {"varlen in the middle of packed", "amd64",
     "s {\n a int8\n b array[int8]\n c int8\n} [packed]\n",
     0, 1, "0 1 1"},
    {"varlen union", "amd64", "s {\n a int32\n b u\n}\nu [\n x int8\n y int64\n] [varlen]\n", 0, 8,
     "0 8"},
    {"a condition makes it varlen", "amd64",
     "s {\n a int8\n b int32 (if[value[a] == 1])\n}\n", 0, 4,
     "0 4"},
    {"an overlay begins at 0", "amd64",
     "s {\n a int32\n b int8\n c int8 (out_overlay)\n d int16\n}\n",
     8, 4, "0 4 0 2"},
    {"digits", "amd64",
     "s {\n a int8\n b fmt[dec, int32]\n c fmt[hex, int8]\n d fmt[oct, int64]\n}\n",
     62, 1, "0 1 21 39"},
    {"strings", "amd64",
     "s {\n a string[\"abc\"]\n b stringnoz[\"abc\"]\n c string[v]\n d string[v, 9]\n}\n"
     "v = \"xy\", \"zz\"\n", 19, 1, "0 4 7 10"},
    {"bytes and bool", "amd64", "s {\n a array[int8, 3]\n b bool32\n c vma64\n}\n", 16, 8, "0 4 8"},
    {"template with a width", "amd64",
     "s {\n a t[int16, 3]\n}\ntype t[T, N] {\n x T\n y array[T, N]\n}\n",
     8, 2, "0"},
    {"template with bits", "amd64",
     "s {\n a t[int16]\n}\ntype t[T] {\n x T:4\n y const[1, T:12]\n}\n", 2,
     2, "0"},
    {"template that holds itself", "amd64",
     "s {\n a t[s]\n}\ntype t[T] {\n x ptr[in, t[T], opt]\n y ptr[in, T]\n}\n", 16, 8, "0"},
    {"template with a default", "amd64", "s {\n a t\n b t[int8]\n}\ntype t[T = int16] T\n", 4, 2,
     "0 2"},
    {"PTR_SIZE", "386", "s {\n a int8\n} [align[PTR_SIZE]]\n", 4, 4, "0"},
};
/* clang-format on */

static const struct syz_type *find_s(const struct syz_target *t)
{
    for (uint32_t i = 0; t != NULL && i < t->type_count; i++)
        if (t->types[i]->kind == SYZ_STRUCT && str_equal(t->types[i]->name, STR("s")))
            return t->types[i];
    return NULL;
}

int main(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct job job = {.arch = rows[i].arch, .text = rows[i].text};
        struct diag dg = {0};
        char places[256] = "";
        size_t used = 0;

        arena_init(&job.arena, 4 << 20);
        enum status st = arena_guard(&job.arena, compile, &job, &dg);
        const struct syz_type *s = find_s(job.target);
        for (uint32_t k = 0; s != NULL && k < s->group.count; k++) {
            const struct syz_field *f = &s->group.fields[k];
            used += (size_t)snprintf(places + used, sizeof(places) - used, "%s%u", k ? " " : "",
                                     f->offset);
            if (f->unit_bytes != 0)
                used +=
                    (size_t)snprintf(places + used, sizeof(places) - used, ":%u", f->bit_offset);
        }
        bool pass = st == ST_OK && s != NULL && s->size_bytes == rows[i].size &&
                    s->align == rows[i].align && strcmp(places, rows[i].places) == 0 &&
                    s->is_varlen == (rows[i].size == 0);
        tap_ok(pass, "%s: size %ju align %u: %s%s", rows[i].name,
               (uintmax_t)(s != NULL ? s->size_bytes : 0), s != NULL ? s->align : 0, places,
               job.errors.count != 0 ? job.errors.items[0].text : "");
        arena_free(&job.arena);
    }
    return tap_done();
}
