/* Descriptions, compiled: every refusal with its place, which calls are enabled, and the public
 * suite. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/compile.h"
#include "suites.h"
#include "tap.h"

#include <string.h>

struct job {
    struct arena arena;
    const char *arch, *text, *consts;
    char folder[4096];
    struct syz_sources sources;
    struct syz_errors errors;
    const struct syz_target *target;
};

static enum status compile(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct syz_source texts[] = {
        {STR("a.txt"),       str_of(job->text != NULL ? job->text : "")    },
        {STR("a.txt.const"), str_of(job->consts != NULL ? job->consts : "")}
    };
    struct syz_sources sources = {texts, 2, 2};

    if (job->text == NULL)
        TRY(syz_load(job->folder, &job->sources, &job->arena, dg));
    return syz_compile(job->text != NULL ? &sources : &job->sources, syz_arch_find(job->arch),
                       &job->arena, &job->errors, &job->target, dg);
}

/* clang-format off */
static const struct {
    const char *text, *consts;
    uint32_t line, column;
    const char *error;
} bad[] = {
    {"f(a int7)\n", "", 1, 5, "expected a type, found int7"},
    {"f(a int8[1, 2, 3])\n", "", 1, 5,
     "expected int8[value|min:max|flags [, multiple]], found 3 arguments"},
    {"f(a int8[300])\n", "", 1, 10, "expected values of 8 bits, found int8[300]"},
    {"f(a int8[9:3])\n", "", 1, 10, "expected min:max, found 9 above 3"},
    {"f(a const[NOPE])\n", "", 1, 11,
     "expected a value: a number or a constant of a .const file, found NOPE"},
    {"f(a ptr[inn, int8])\n", "", 1, 9, "expected in, out or inout, found inn"},
    {"f(a flags[nope])\n", "", 1, 11, "expected the name of flags, found nope"},
    {"f(a flags[v])\nv = \"a\"\n", "", 2, 5,
     "expected numbers in v, which is used as flags, found \"a\""},
    {"f(a flags[v])\nv = w\nw = v\n", "", 3, 5,
     "expected flags that do not hold themselves, found v"},
    {"f(a len[b])\n", "", 1, 3, "expected the path of a field, found b (reached from f)"},
    {"f(a ptr[in, s])\ns {\n a len[parent:b, int8]\n b int8\n c len[x:b, int8]\n}\n", "", 5, 2,
     "expected the path of a field, found x:b (reached from f)"},
    {"f(a ptr[in, s])\ns {\n a const[1]\n}\n", "", 3, 4,
     "expected const[value, base]: only a call's argument may leave out the base type"},
    {"f(a s)\ns {\n a int8\n}\n", "", 1, 5,
     "expected a number, resource, vma, pointer or union as an argument, found s"},
    {"f() int8\n", "", 1, 5, "expected a resource as the result, found int8"},
    {"f() (slow)\n", "", 1, 6, "expected an attribute of calls, found slow"},
    {"f() (timeout)\n", "", 1, 6, "expected timeout with a number, found 0 arguments"},
    {"f(a int8, a int8)\n", "", 1, 11, "expected each name once in f, found a second a"},
    {"f()\nf()\n", "", 2, 1, "expected a new name, found f, which is declared already"},
    {"int8 {\n a int8\n}\n", "", 1, 1,
     "expected a new name, found int8, which is declared already"},
    {"f(a int8, b int8, c int8, d int8, e int8, f int8, g int8, h int8, i int8, j int8)\n",
     "", 1, 1,
     "expected at most 9 arguments, found 10"},
    {"s {\n a int8:9\n}\n", "", 2, 4, "expected 1 to 8 bits, found 9"},
    {"s {\n a s\n}\n", "", 1, 1,
     "expected a pointer, list or varlen union on the way from s to itself, found none"},
    {"s {\n a array[int8]\n b int8\n}\n", "", 2, 2,
     "expected fields of variable length last in a struct that is not packed, found a in s"},
    {"u [\n a array[int8]\n]\n", "", 2, 2,
     "expected options of variable length only in a union that is varlen, found a in u"},
    {"s {\n a int32\n} [size[3]]\n", "", 1, 1, "expected s to have at most 3 bytes, found 4"},
    {"s {\n a int32\n} [align[3]]\n", "", 3, 4,
     "expected a power of two up to 1073741824, found 3"},
    {"s {\n a int32\n} [varlen]\n", "", 3, 4,
     "expected packed, align[bytes] or size[bytes], found varlen"},
    {"s {\n a int8 (maybe)\n}\n", "", 2, 10,
     "expected in, out, inout, out_overlay or if[...], found maybe"},
    {"s {\n a int8:4 (if[value[b] == 1])\n b int8\n}\n", "", 2, 2,
     "expected a condition on a whole field, found a bit-field"},
    {"u [\n a int8\n b int8 (if[value[parent:a] == 1])\n]\n", "", 3, 2,
     "expected the last option of a union without a condition, found one"},
    {"f(a ptr[in, s])\ns {\n a int8 (if[value[b] == 1])\n b int8 (if[value[c] == 1])\n c int8\n"
     "} [packed]\n",
     "", 3, 2, "expected a field that is always there, found b (reached from f)"},
    {"type t[A] {\n a ptr[in, t[array[A]]]\n}\nf(a ptr[in, t[int8]])\n", "", 1, 6,
     "expected at most 64 templates within each other, found more: each t asks for a new one"},
    {"type t[A, B] {\n a A\n}\nf(a ptr[in, t[int8]])\n", "", 4, 13,
     "expected 2 arguments of t, found 1"},
    {"type a b\ntype b a\nf(x a)\n", "", 3, 5,
     "expected at most 64 types that stand for another, found a circle"},
    {"resource a[b]\nresource b[a]\n", "", 1, 10,
     "expected a resource that stands on an integer, found a circle or more than 64 others"},
    {"resource a[s]\ns {\n x int8\n}\n", "", 1, 12, "expected an integer type, found s"},
    {"f(a ptr[in, string[\"abc\", 3]])\n", "", 1, 27,
     "expected at least 4 bytes for the longest value, found 3"},
    {"f(a ptr[in, fmt[bin, int8]])\n", "", 1, 17, "expected dec, hex or oct, found bin"},
    {"f(a ptr[in, text[vax]])\n", "", 1, 18,
     "expected a machine (target, x86_64, arm64, ...), found vax"},
    {"f(a proc[1, 0])\n", "", 1, 13, "expected at least 1 value per process, found 0"},
    {"f(a ptr[in, array[int8, 2000000]])\n", "", 1, 25,
     "expected a number of elements of at most 1000000 in array, found 2000000"},
    {"meta fast\n", "", 1, 6, "expected arches[\"...\"], noextract or automatic, found fast"},
    {"resource r[int32]\na(x r)\n", "", 1, 10,
     "expected a call that makes r (as its result, or behind a pointer that is out), found none: "
     "describe one, or use a number instead"},
    {"resource r[int32]\nresource q[r]\na(x q)\nb(x r) r\n", "", 2, 10,
     "expected a call that makes q (as its result, or behind a pointer that is out), found none: "
     "describe one, or use r instead"},
    {"resource r[int32]\na(x ptr[out, r])\n", "", 1, 10,
     "expected a call that takes r, found none: describe one, or have nothing made instead"},
    {"resource r[int32]\nresource q[r]\na(x r)\nb() q\n", "", 2, 10,
     "expected a call that takes q, found none: describe one, or have r made instead"},
    {"", "A = 1x\n", 1, 5, "expected an integer or ???, found \"1x\""},
    {"", "A = 1, arm:2,\n", 1, 1, "expected a value after each comma, found none"},
    {"", "hello\n", 1, 1, "expected NAME = value, found \"hello\""},
    {"", "A = 1\nA = 2\n", 2, 1,
     "expected the value that another file gives A for amd64, 1, found 2"},
};

/* What each call is, in the order of names, builtins left out: E enabled, else a letter. */
static const struct {
    const char *name, *arch, *text, *consts, *states;
} states[] = {
    {"numbers", "amd64", "a()\nb()\nsyz_c()\n", "arches = amd64\n__NR_a = 1\n__NR_b = arm:2\n",
     "ENE"},
    {"marked", "amd64", "a() (disabled)\n", "__NR_a = 1\n", "D"},
    {"other machines", "amd64", "meta arches[\"arm\", \"386\"]\na()\n", "__NR_a = 1\n", "A"},
    {"a constant in an argument", "amd64", "a(x const[C])\n", "__NR_a = 1\nC = ???\n", "C"},
    {"a constant deep in a struct", "amd64",
     "a(x ptr[in, s])\ns {\n y ptr[in, t]\n}\nt {\n z const[C, int8]\n}\n",
     "__NR_a = 1\nC = ???\n", "C"},
    {"an option is dropped", "amd64", "a(x ptr[in, u])\nu [\n y const[C, int8]\n z int8\n]\n",
     "__NR_a = 1\nC = ???\n", "E"},
    {"a flag is dropped", "amd64", "a(x flags[v])\nv = C, 3\n", "__NR_a = 1\nC = ???\n", "E"},
    {"a file for another machine", "amd64", "a(x const[C])\n",
     "arches = arm\n__NR_a = 1\nC = 2\n", "N"},
    {"a resource that nothing here makes", "amd64", "resource r[int32]\na(x r)\nz() r\n",
     "__NR_a = 1\n", "RN"},
    {"one that is made", "amd64", "resource r[int32]\na(x r)\nb() r\n",
     "__NR_a = 1\n__NR_b = 2\n", "EE"},
    {"one made through a pointer", "amd64", "resource r[int32]\na(x r)\nb(x ptr[out, r])\n",
     "__NR_a = 1\n__NR_b = 2\n", "EE"},
    {"one made by a field's direction", "amd64",
     "resource r[int32]\na(x r)\nb(x ptr[in, s])\ns {\n y r (out)\n}\n",
     "__NR_a = 1\n__NR_b = 2\n", "EE"},
    {"a child serves as its parent", "amd64",
     "resource r[int32]\nresource q[r]\na(x r)\nb() q\nz(x q)\n",
     "__NR_a = 1\n__NR_b = 2\n", "EEN"},
    {"a parent not as its child", "amd64",
     "resource r[int32]\nresource q[r]\na(x q)\nb() r\nz() q\n",
     "__NR_a = 1\n__NR_b = 2\n", "REN"},
    {"a chain", "amd64", "resource r[int32]\nresource q[int32]\na(x q)\nb(x r) q\nc() r\n",
     "__NR_a = 1\n__NR_b = 2\n__NR_c = ???\n", "RRN"},
    {"two that only feed each other", "amd64",
     "resource r[int32]\nresource q[int32]\na(x q) r\nb(x r) q\n",
     "__NR_a = 1\n__NR_b = 2\n", "RR"},
    {"optional", "amd64",
     "resource r[int32]\na(x r[opt], y ptr[in, r, opt], z ptr[in, array[r]])\nz() r\n",
     "__NR_a = 1\n", "EN"},
    {"one option suffices", "amd64",
     "resource r[int32]\na(x ptr[in, u])\nz() r\nu [\n y r\n z int32\n]\n", "__NR_a = 1\n", "EN"},
    {"test calls have numbers", "64", "a()\nb()\n", "", "EE"},
};
/* clang-format on */

static void test_bad(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(bad); i++) {
        struct job job = {.arch = "amd64", .text = bad[i].text, .consts = bad[i].consts};
        struct diag dg = {0};
        arena_init(&job.arena, 64 << 20);
        enum status st = arena_guard(&job.arena, compile, &job, &dg);
        const struct syz_error *e = job.errors.items;
        bool pass = st == ST_MALFORMED && e != NULL && e->pos.line == bad[i].line &&
                    e->pos.column == bad[i].column && strcmp(e->text, bad[i].error) == 0;
        tap_ok(pass, "%u:%u: %s", e != NULL ? e->pos.line : 0, e != NULL ? e->pos.column : 0u,
               e != NULL ? e->text : dg.text);
        arena_free(&job.arena);
    }
}

static void test_states(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(states); i++) {
        struct job job = {
            .arch = states[i].arch, .text = states[i].text, .consts = states[i].consts};
        struct diag dg = {0};
        char found[16] = "";
        size_t used = 0;
        arena_init(&job.arena, 64 << 20);
        enum status st = arena_guard(&job.arena, compile, &job, &dg);
        for (uint32_t k = 0; st == ST_OK && k < job.target->call_count; k++) {
            const struct syz_call *call = &job.target->calls[k];
            if (memcmp(call->name.text, "syz_b", MIN(call->name.size, (size_t)5)) != 0)
                found[used++] = "EDANCR"[call->why];
        }
        tap_ok(st == ST_OK && strcmp(found, states[i].states) == 0, "%s: %s%s", states[i].name,
               found, job.errors.count != 0 ? job.errors.items[0].text : "");
        arena_free(&job.arena);
    }
}

static void test_suite(const char *root, const char *folder, const char *arch, uint32_t calls_min,
                       uint32_t enabled_min)
{
    struct job job = {.arch = arch};
    struct diag dg = {0};

    snprintf(job.folder, sizeof(job.folder), "%s/syzlang/%s", root, folder);
    arena_init(&job.arena, (size_t)200 << 20);
    enum status st = arena_guard(&job.arena, compile, &job, &dg);
    bool pass = st == ST_OK && job.target->call_count >= calls_min &&
                job.target->enabled_count >= enabled_min;
    tap_ok(pass, "%s for %s: %u calls, %u enabled, %zu MB%s%s", folder, arch,
           st == ST_OK ? job.target->call_count : 0, st == ST_OK ? job.target->enabled_count : 0,
           job.arena.used_bytes >> 20, st == ST_OK ? "" : ": ",
           st == ST_OK             ? ""
           : job.errors.count != 0 ? job.errors.items[0].text
                                   : dg.text);
    arena_free(&job.arena);
}

int main(void)
{
    static const char *const linux_arches[] = {"amd64",   "386",     "arm64",   "arm",  "mips64le",
                                               "ppc64le", "riscv64", "loong64", "s390x"};
    static const char *const test_arches[] = {"64", "64_fork", "64_fuzz", "32", "32_fork"};
    const char *root = suites_root();

    test_bad();
    test_states();
    for (uint32_t i = 0; root != NULL && i < LENGTH_OF(linux_arches); i++)
        test_suite(root, "linux", linux_arches[i], 8407, 7500);
    for (uint32_t i = 0; root != NULL && i < LENGTH_OF(test_arches); i++)
        test_suite(root, "test", test_arches[i], 227, 200);
    if (root == NULL)
        tap_ok(true, "the public suite # SKIP it is not here; set MUJUN_SUITES");
    return tap_done();
}
