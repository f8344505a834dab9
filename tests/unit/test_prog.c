/* Programs: what repairing leaves of a text, lengths, removal of results that are used, squashing,
 * and the allocator of the data region. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/prog.h"

#include "described.h"
#include "spear/syz/memory.h"
#include "spear/syz/squash.h"
#include "tap.h"

#include <string.h>

static const char descriptions[] =
    "resource fd[int32]: -1\n"
    "open(file ptr[in, filename], flags int32) fd\n"
    "close(f fd)\n"
    "pair(p ptr[out, two])\n"
    "write(f fd, b ptr[in, array[int8]], n bytesize[b])\n"
    "list(p ptr[in, array[fd]], n len[p])\n"
    "conditions(p ptr[in, conditional])\n"
    "squashed(p ptr[in, whole], n bytesize[p])\n"
    "loose(p ptr[in, array[whole]], n len[p], named ptr[in, named])\n"
    "kept(p ptr[in, whole]) (no_squash)\n"
    "self(p ptr[in, node])\n"
    "counted(p ptr[in, counted])\n"
    "counted {\n\tn len[b, int8]\n\ta int8 (if[value[n] == 2])\n\tb array[int8]\n} [packed]\n"
    "mmap(addr vma, n len[addr], prot int32, flags int32)\n"
    "ioctl(f fd, cmd int32)\n"
    "mknod(file ptr[in, filename], mode int16, dev int32)\n"
    "two {\n\ta fd\n\tb fd\n}\n"
    "conditional {\n\tmask int8\n\ta int32 (if[value[mask] == 1])\n} [packed]\n"
    "whole {\n\ta int16be\n\tb int8:4\n\tc int8:4\n\td fd\n\te fmt[dec, int16]\n"
    "\tf ptr[in, array[int8], opt]\n\tg csum[parent, inet, int16]\n\th array[int8]\n} [packed]\n"
    "named {\n\tname filename\n\trest array[int8]\n} [packed]\n"
    "node {\n\tnext ptr[in, node]\n\tv int8\n}\n";

static const char consts[] =
    "arches = amd64\n__NR_open = 2\n__NR_close = 3\n__NR_pair = 4\n__NR_write = 1\n__NR_list = 5\n"
    "__NR_conditions = 6\n__NR_squashed = 7\n__NR_loose = 8\n__NR_kept = 9\n__NR_self = 10\n"
    "__NR_mmap = 11\n__NR_ioctl = 12\n__NR_mknod = 13\n__NR_counted = 14\n";

enum action { REPAIR, REMOVE_FIRST, TRUNCATE_ONE, SIZES, SQUASH };

/* clang-format off */
static const struct {
    const char *what;
    enum action action;
    const char *text, *want;
} rows[] = {
    /* ---- repairing ---- */
    {"an unknown call goes, and with it its name", REPAIR,
     "r0 = opne(0x0)\nclose(r0)", "close(0xffffffffffffffff)\n"},
    {"a line that cannot be read goes", REPAIR, "close(0x1\nclose(0x2)\n)(\n", "close(0x2)\n"},
    {"what does not fit becomes a default", REPAIR,
     "write('x', {0x1}, [&(0x7f0000000000), @a=(]])\nwrite(0x1, {0x1, [0x2]}, \"00\")",
     "write(0xffffffffffffffff, &(0x7f0000000000), 0x0)\nwrite(0x1, &(0x7f0000000000), 0x0)\n"},
    {"arguments too many go, too few are defaults", REPAIR,
     "close(0x1, 0x2, \"a,b\")\nopen()", "close(0x1)\nopen(&(0x7f0000000000), 0x0)\n"},
    {"a condition decides", REPAIR, "conditions(&(0x7f0000000000)={0x1})",
     "conditions(&(0x7f0000000000)={0x1, @value})\n"},
    {"and decides against", REPAIR, "conditions(&(0x7f0000000000)={0x2, @value=0x1})",
     "conditions(&(0x7f0000000000)={0x2})\n"},
    {"a condition looks at a length", REPAIR,
     "counted(&(0x7f0000000000)={AUTO, @value=0x5, \"0102\"})",
     "counted(&(0x7f0000000000)={0x2, @value=0x5, \"0102\"})\n"},
    {"an address outside comes inside", REPAIR, "open(&(0x20000040)='x', 0x0)",
     "open(&(0x7f0000000040)='x', 0x0)\n"},
    {"numbers in any spelling", REPAIR, "close(017)\nclose(-2)\nclose(10)\nclose(0XfF)",
     "close(0xf)\nclose(0xfffffffffffffffe)\nclose(0xa)\nclose(0xff)\n"},
    {"a number beyond 64 bits is none", REPAIR, "close(0x10000000000000000)", ""},
    {"the pool of special addresses", REPAIR,
     "open(0x0, 0x0)\nopen(0xffffffffffffffff, 0x0)\nopen(0xfffffffffffffffe, 0x0)\n"
     "open(0xffffffff81000000, 0x0)",
     "open(0x0, 0x0)\nopen(0xffffffffffffffff, 0x0)\nopen(0xfffffffffffffffe, 0x0)\n"
     "open(0xfffffffffffffffd, 0x0)\n"},
    {"a type that leads to itself", REPAIR, "self(&(0x7f0000000000))",
     "self(&(0x7f0000000000)={&(0x7f0000000000)={0x0}})\n"},
    /* ---- neutralising ---- */
    {"mappings are fixed", REPAIR, "mmap(&(0x7f0000001000/0x1000)=nil, 0x1000, 0x3, 0x2)",
     "mmap(&(0x7f0000001000/0x1000)=nil, 0x1000, 0x3, 0x12)\n"},
    {"file systems thaw", REPAIR, "ioctl(0x1, 0xc0045877)\nioctl(0x1, 0x3310)\nioctl(0x1, 0x5401)",
     "ioctl(0x1, 0xc0045878)\nioctl(0x1, 0xc0045878)\nioctl(0x1, 0x5401)\n"},
    {"devices are files, but for the harmless", REPAIR,
     "mknod(&(0x7f0000000000)='a', 0x21ff, 0x104)\nmknod(&(0x7f0000000000)='a', 0x21ff, 0x103)\n"
     "mknod(&(0x7f0000000000)='a', 0x61ff, 0x700)",
     "mknod(&(0x7f0000000000)='a', 0x81ff, 0x104)\nmknod(&(0x7f0000000000)='a', 0x21ff, 0x103)\n"
     "mknod(&(0x7f0000000000)='a', 0x61ff, 0x700)\n"},
    {"names stay in the directory", REPAIR,
     "open(&(0x7f0000000000)='/etc/passwd\\x00', 0x0)\n"
     "open(&(0x7f0000000000)='a/../../b\\x00', 0x0)\n"
     "open(&(0x7f0000000000)='a/../b\\x00', 0x0)\n"
     "open(&(0x7f0000000000)='/proc/self/mem\\x00', 0x0)",
     "open(&(0x7f0000000000)='./file0\\x00', 0x0)\nopen(&(0x7f0000000000)='./file0\\x00', 0x0)\n"
     "open(&(0x7f0000000000)='a/../b\\x00', 0x0)\n"
     "open(&(0x7f0000000000)='/proc/self/mem\\x00', 0x0)\n"},
    /* ---- removing ---- */
    {"uses of a removed result are defaults", REMOVE_FIRST,
     "r0 = open(0x0, 0x0)\nr1 = open(0x0, 0x1)\nclose(r0/2+1)\nclose(r1)",
     "r0 = open(0x0, 0x1)\nclose(0xffffffffffffffff)\nclose(r0)\n"},
    {"results inside arguments as well", REMOVE_FIRST,
     "pair(&(0x7f0000000000)={<r0=>0x1, <r1=>0x2})\nlist(&(0x7f0000000000)=[r0, r1], 0x2)",
     "list(&(0x7f0000000000)=[0xffffffffffffffff, 0xffffffffffffffff], 0x2)\n"},
    {"cutting off", TRUNCATE_ONE, "close(0x1)\nr0 = open(0x0, 0x0)\nclose(r0)", "close(0x1)\n"},
    /* ---- lengths ---- */
    {"bytes and elements", SIZES,
     "write(0x1, &(0x7f0000000000)=\"010203\", 0x9)\nlist(&(0x7f0000000000)=[0x1, 0x2], 0x9)\n"
     "list(0x0, 0x9)\nmmap(&(0x7f0000001000/0x3000)=nil, 0x9, 0x0, 0x10)",
     "write(0x1, &(0x7f0000000000)=\"010203\", 0x3)\nlist(&(0x7f0000000000)=[0x1, 0x2], 0x2)\n"
     "list(0x0, 0x0)\nmmap(&(0x7f0000001000/0x3000)=nil, 0x3000, 0x0, 0x10)\n"},
    {"squashed bytes count, squashed elements do not", SIZES,
     "squashed(&(0x7f0000000000)=ANY=[@ANYBLOB=\"0102\", @ANYRES32], 0x9)\n"
     "loose(&(0x7f0000000000)=ANY=[@ANYBLOB=\"0102\"], 0x9, 0x0)",
     "squashed(&(0x7f0000000000)=ANY=[@ANYBLOB=\"0102\", @ANYRES32], 0x6)\n"
     "loose(&(0x7f0000000000)=ANY=[@ANYBLOB=\"0102\"], 0x9, 0x0)\n"},
    /* ---- squashing ---- */
    {"numbers as they lie in memory", SQUASH,
     "r0 = open(0x0, 0x0)\n"
     "squashed(&(0x7f0000000000)={0x1234, 0x5, 0x6, r0, 0x7, &(0x7f0000000080)=\"aa\", 0x0, "
     "\"bbcc\"}, 0x0)",
     "r0 = open(0x0, 0x0)\n"
     "squashed(&(0x7f0000000000)=ANY=[@ANYBLOB=\"123465\", @ANYRES32=r0, "
     "@ANYBLOB='00000000000000000007', @ANYPTR=&(0x7f0000000080)=ANY=[@ANYBLOB=\"aa\"], "
     "@ANYBLOB=\"9078bbcc\"], 0x0)\n"},
    {"NULL is eight bytes", SQUASH, "squashed(&(0x7f0000000000)={0x0, 0x0, 0x0, 0x3}, 0x0)",
     "squashed(&(0x7f0000000000)=ANY=[@ANYBLOB=\"000000" "03000000"
     "3030303030303030303030303030303030303030" "0000000000000000" "9078\"], 0x0)\n"},
    {"not where the description forbids it", SQUASH, "kept(&(0x7f0000000000)={0x1})",
     "kept(&(0x7f0000000000)={0x1})\n"},
    {"not what has names of files", SQUASH,
     "loose(0x0, 0x0, &(0x7f0000000000)={'x', \"00\"})",
     "loose(0x0, 0x0, &(0x7f0000000000)={'x', '\\x00'})\n"},
};
/* clang-format on */

struct trial {
    struct arena arena;
    const struct syz_target *target;
    const char *text;
    enum action action;
    struct buf out;
};

static bool squash_first(void *ctx, const struct syz_visit *v)
{
    struct syz_prog *p = ctx;

    for (uint32_t i = 0; i < p->count; i++)
        if (v->parent == NULL && p->steps[i].args[0] == v->arg &&
            syz_can_squash(p, &p->steps[i], v->arg))
            syz_squash(p, v->arg);
    return true;
}

static enum status act(void *ctx, struct diag *dg)
{
    struct trial *t = ctx;
    struct syz_prog *p = NULL;

    TRY(syz_prog_parse(&t->arena, t->target, str_of(t->text), SYZ_REPAIR, &p, dg));
    switch (t->action) {
    case REPAIR: break;
    case REMOVE_FIRST: syz_prog_remove(p, 0); break;
    case TRUNCATE_ONE: syz_prog_truncate(p, 1); break;
    case SIZES:
        for (uint32_t i = 0; i < p->count; i++)
            syz_step_assign_sizes(p, &p->steps[i]);
        break;
    case SQUASH:
        for (uint32_t i = 0; i < p->count; i++)
            syz_step_visit(&p->steps[i], squash_first, p);
        break;
    }
    buf_init(&t->out, &t->arena);
    syz_prog_print(&t->out, p);
    return syz_prog_check(p, dg);
}

static void test_rows(const struct syz_target *target)
{
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        struct trial t = {.target = target, .text = rows[i].text, .action = rows[i].action};
        struct diag dg = {0};
        arena_init(&t.arena, (size_t)64 << 20);
        enum status st = arena_guard(&t.arena, act, &t, &dg);
        struct str got = {(const char *)t.out.data, t.out.size};
        if (!tap_ok(st == ST_OK && str_equal(got, str_of(rows[i].want)), "%s %s", rows[i].what,
                    dg.text))
            printf("# wanted:\n%s# found:\n%.*s", rows[i].want, (int)got.size, got.text);
        arena_free(&t.arena);
    }
}

static void test_memory(void)
{
    struct syz_memory *m = calloc(1, sizeof(*m));
    struct rng r;

    if (m == NULL)
        return;
    rng_seed(&r, 1);
    tap_ok(syz_memory_take(m, 1, 0) == 0 && syz_memory_take(m, 65, 0) == 64 &&
               syz_memory_take(m, 1, 0) == 192,
           "first fit, in granules");
    tap_ok(syz_memory_take(m, 10, 4096) == 4096, "aligned");
    syz_memory_mark(m, 4160, 100);
    tap_ok(syz_memory_take(m, 1, 0) == 4096 + 192, "what is marked is passed over");
    tap_ok(syz_memory_take(m, SYZ_DATA_BYTES, 0) == 0, "a full region is declared empty");
    tap_ok(syz_memory_take(m, 1, 0) == 0, "again, since all of it was given");
    syz_memory_clear(m);
    bool inside = true;
    for (int i = 0; i < 1000; i++) {
        uint64_t pages = 1 + rng_below(&r, 8);
        uint64_t at = syz_memory_take_pages(m, &r, pages);
        inside =
            inside && at % SYZ_PAGE_BYTES == 0 && at + pages * SYZ_PAGE_BYTES <= SYZ_DATA_BYTES;
    }
    tap_ok(inside, "pages lie in the region");
    tap_ok(syz_memory_take_pages(m, &r, UINT64_MAX) == 0, "more pages than there are: all");
    free(m);
}

int main(void)
{
    struct described d = {.arch = "amd64", .text = descriptions, .consts = consts};
    const struct syz_target *target = described_open(&d);

    if (target != NULL)
        test_rows(target);
    test_memory();
    arena_free(&d.arena);
    return tap_done();
}
