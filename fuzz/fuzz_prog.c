/* fuzz_prog: programs of any bytes, against descriptions with every kind of type. What strict
 * parsing takes, and whatever repairing leaves, is sound, has a normal form that stays as it is,
 * can be copied and squashed, and is encoded to bytes that decode. The first byte chooses the
 * machine. SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "spear/syz/compile.h"
#include "spear/syz/decode.h"
#include "spear/syz/mutate.h"
#include "spear/syz/prog.h"

static const char descriptions[] =
    "resource fd[int32]: -1, 3\n"
    "resource sock[fd]\n"
    "resource big[int64]: 0x100\n"
    "open(file ptr[in, filename], flags flags[open_flags], mode int16) fd\n"
    "socket(a const[1], b proc[10, 4]) sock\n"
    "use(f fd, g sock[opt], b big)\n"
    "pair(p ptr[out, two])\n"
    "mmap(addr vma, n len[addr], prot int32, flags int32, f fd, o fileoff)\n"
    "exit(code int32)\n"
    "mknod(file ptr[in, filename], mode int16, dev int32)\n"
    "scalars(p ptr[inout, scalars])\n"
    "varlen(p ptr[in, lengths], n bytesize[p])\n"
    "conditions(p ptr[in, conditional])\n"
    "lists(p ptr[in, array[inner]], n len[p], q ptr[in, array[fd, 3]])\n"
    "recursive(p ptr[in, node])\n"
    "sums(p ptr[in, packet])\n"
    "texts(a ptr[in, string[\"abc\", 8]], b ptr[in, string[names]], c ptr[in, stringnoz], "
    "d ptr[in, text[x86_64]], e ptr[in, glob[\"/a/*\"]], f ptr[in, compressed_image])\n"
    "choices(u choice, p ptr[inout, many], o ptr[in, optional[int32]])\n"
    "overlays(p ptr[inout, overlay])\n"
    "open_flags = 1, 2, 4, 8\n"
    "names = \"eth0\", \"lo\"\n"
    "two {\n\ta fd\n\tb sock\n\tc big\n}\n"
    "scalars {\n\ta int8:3\n\tb int8:5\n\tc int16be\n\td int32be:12\n\te int64\n\tf bool8\n"
    "\tg fmt[dec, int32]\n\th fmt[hex, fd]\n\ti fmt[oct, flags[open_flags, int8]]\n"
    "\tj intptr\n\tk array[const[0, int16], 4]\n\tl void\n}\n"
    "lengths {\n\ta len[parent, int16]\n\tb bitsize[e, int8]\n\tc offsetof[e, int8]\n"
    "\td bytesize4[parent:f, int32]\n\te inner\n\tf array[int8]\n\tg len[f, int8:4]\n"
    "\th len[lengths:e:y, int8:4]\n} [packed, align[8]]\n"
    "inner {\n\tx int32\n\ty ptr[in, array[int16], opt]\n\tz fd (in)\n}\n"
    "conditional {\n\tmask int8\n\ta int32 (if[value[mask] & 1])\n"
    "\tb inner (if[value[mask] == 2 || value[mask] != 4])\n\tu conditional_union\n"
    "\tc array[int8]\n} [packed]\n"
    "conditional_union [\n\tp int16 (if[value[parent:parent:mask] == 3])\n\tq int32\n] [varlen]\n"
    "node {\n\tnext ptr[in, node]\n\tother ptr[in, node, opt]\n\tv int8\n}\n"
    "packet {\n\tsum csum[parent, inet, int16be]\n\tsrc_ip array[int8, 4]\n"
    "\tdst_ip array[int8, 4]\n\tinner_sum csum[tail, pseudo, 17, int16be]\n"
    "\ttail array[int8]\n} [packed]\n"
    "choice [\n\ta int32\n\tb fd\n\tc ptr[in, inner]\n]\n"
    "many [\n\ta inner\n\tb array[int8]\n\tc scalars\n\td fd\n\te array[many, 0:3]\n\tf int64be\n"
    "\tg ptr[inout, many]\n] [varlen]\n"
    "overlay {\n\ta int32\n\tb int32\n\tc fd (out_overlay)\n\td int8\n}\n";

static const char consts[] = "arches = amd64, 386, s390x\n"
                             "__NR_open = 1\n__NR_socket = 2\n__NR_use = 3\n__NR_pair = 4\n"
                             "__NR_mmap = 5\n__NR_exit = 6\n__NR_mknod = 7\n__NR_scalars = 8\n"
                             "__NR_varlen = 9\n__NR_conditions = 10\n__NR_lists = 11\n"
                             "__NR_recursive = 12\n__NR_sums = 13\n__NR_texts = 14\n"
                             "__NR_choices = 15\n__NR_overlays = 16\n";

static const char *const machines[] = {"amd64", "386", "s390x"};

static struct {
    struct arena arena;
    const struct syz_target *targets[LENGTH_OF(machines)];
} world;

static enum status compile_all(void *ctx, struct diag *dg)
{
    struct syz_source items[] = {
        {STR("a.txt"),   str_of(descriptions)},
        {STR("a.const"), str_of(consts)      }
    };
    struct syz_sources sources = {items, 2, 2};

    (void)ctx;
    for (uint32_t i = 0; i < LENGTH_OF(machines); i++) {
        struct syz_errors errors = {0};
        TRY(syz_compile(&sources, syz_arch_find(machines[i]), &world.arena, &errors,
                        &world.targets[i], dg));
    }
    return ST_OK;
}

struct job {
    struct arena arena;
    const struct syz_target *target;
    struct str text;
};

static struct str print(struct job *job, const struct syz_prog *p)
{
    struct buf b;

    buf_init(&b, &job->arena);
    syz_prog_print(&b, p);
    return (struct str){(const char *)b.data, b.size};
}

static void check_bytes(struct job *job, const struct syz_prog *p)
{
    static struct syz_exec_instruction ins;
    struct syz_decoder d;
    struct diag dg = {0};
    struct buf stream;
    uint32_t calls = 0;

    buf_init(&stream, &job->arena);
    enum status st = syz_prog_encode(p, &stream, &dg);
    FUZZ_CHECK(st == ST_OK || st == ST_LIMIT, "what is sound can be encoded");
    if (st != ST_OK)
        return;
    st = syz_decode_start(&d, stream.data, stream.size, &dg);
    while (st == ST_OK) {
        st = syz_decode_next(&d, &ins, &dg);
        if (st == ST_OK && ins.kind == SYZ_EXEC_END)
            break;
        calls += ins.kind == SYZ_EXEC_CALL;
    }
    FUZZ_CHECK(st == ST_OK && calls == p->count, "what is encoded decodes to as many calls");
}

static void check_prog(struct job *job, struct syz_prog *p)
{
    struct syz_prog *again = NULL;
    struct diag dg = {0};

    FUZZ_CHECK(syz_prog_check(p, &dg) == ST_OK, "what is parsed is sound");
    struct str text = print(job, p);
    if (p->count != 0) {
        enum status st = syz_prog_parse(&job->arena, job->target, text, SYZ_STRICT, &again, &dg);
        FUZZ_CHECK(st == ST_OK, "the normal form fits the descriptions");
        FUZZ_CHECK(str_equal(text, print(job, again)), "the normal form stays as it is");
    }
    struct syz_prog *copy = syz_prog_clone(&job->arena, p);
    FUZZ_CHECK(str_equal(text, print(job, copy)), "a copy says the same");
    check_bytes(job, p);
}

static enum status run(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct syz_prog *p = NULL;
    struct diag why = {0};
    struct rng rng;

    enum status strict = syz_prog_parse(&job->arena, job->target, job->text, SYZ_STRICT, &p, &why);
    FUZZ_CHECK(strict == ST_OK || (why.line != 0 && why.column != 0 && why.text[0] != '\0'),
               "a refusal says where and why");
    if (strict == ST_OK)
        check_prog(job, p);
    TRY(syz_prog_parse(&job->arena, job->target, job->text, SYZ_REPAIR, &p, dg));
    check_prog(job, p);
    for (uint32_t i = 0; i < p->count; i++)
        syz_step_assign_sizes(p, &p->steps[i]);
    check_prog(job, p);
    rng_seed(&rng, job->text.size);
    if (syz_squash_random(p, &rng))
        check_prog(job, p);
    if (p->count > 1) {
        syz_prog_remove(p, (uint32_t)rng_below(&rng, p->count));
        check_prog(job, p);
    }
    return strict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct job job = {
        .text = {(const char *)data + (size != 0), size - (size != 0)}
    };
    struct diag dg = {0};

    if (world.targets[0] == NULL) {
        arena_init(&world.arena, FUZZ_ARENA_BYTES);
        FUZZ_CHECK(arena_guard(&world.arena, compile_all, NULL, &dg) == ST_OK, dg.text);
    }
    job.target = world.targets[size == 0 ? 0 : data[0] % LENGTH_OF(machines)];
    arena_init(&job.arena, FUZZ_ARENA_BYTES);
    enum status st = arena_guard(&job.arena, run, &job, &dg);
    FUZZ_CHECK(st == ST_OK || dg.text[0] != '\0' || st == ST_MALFORMED || st == ST_LIMIT,
               "a refusal says why");
    arena_free(&job.arena);
    return 0;
}
