/* fuzz_mutate: programs of any text, repaired, then mutated, made to race, minimised, and given
 * hints: what comes of it is whole and can be read again. The first four bytes are the seed.
 * SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "spear/syz/compile.h"
#include "spear/syz/mutate.h"

#include <string.h>

static const char descriptions[] =
    "resource fd[int32]: -1\n"
    "open(file ptr[in, string[filename]], mode int32[0:511]) fd\n"
    "write(f fd, data ptr[in, array[int8]], size bytesize[data])\n"
    "pair(p ptr[out, fds])\n"
    "fds {\n\ta fd\n\tb fd\n}\n"
    "all(p ptr[inout, everything], q ptr[in, choice, opt], r vma, n len[r])\n"
    "everything {\n\tkind int8\n\tmore int32 (if[value[kind] == 1])\n\tbits int16:5\n"
    "\trest int16:11\n\tbe int64be\n\tset flags[values, int32]\n\tnumber proc[100, 4, int16be]\n"
    "\ttime timespec\n\tdigits fmt[hex, fd]\n\ttext string[\"abc\", 8]\n\tf fd (out)\n"
    "\tself ptr[in, everything, opt]\n\tlist array[choice, 1:4]\n\tsum csum[list, inet, int16]\n"
    "\tsize bytesize[list, int32]\n\twhere offsetof[list, int32]\n} [packed]\n"
    "choice [\n\tnumber int32\n\tbytes array[int8, 4]\n\tcode text[x86_64]\n"
    "\timage compressed_image\n\tf fd\n] [varlen]\n"
    "timespec {\n\tsec int64\n\tnsec int64\n}\n"
    "values = 1, 2, 4, 8\n";

enum { CALLS = 12, QUESTIONS_MAX = 30, HINTS_MAX = 30 };

struct world {
    struct arena arena; /* kept from run to run */
    const struct syz_target *target;
    struct syz_choice *choice;
};

struct job {
    struct world *world;
    struct arena arena;
    struct rng rng;
    struct str text;
    const struct syz_prog *first;
    uint32_t left;
};

static enum status prepare(void *ctx, struct diag *dg)
{
    struct world *w = ctx;
    struct syz_errors errors = {.arena = &w->arena};
    struct syz_source *items = arena_new(&w->arena, struct syz_source, 1);
    struct syz_sources sources = {items, 1, 1};

    items[0] = (struct syz_source){STR("a.txt"), str_of(descriptions)};
    TRY(syz_compile(&sources, syz_arch_find("64"), &w->arena, &errors, &w->target, dg));
    w->choice = syz_choice_build(&w->arena, w->target, NULL, NULL, 0);
    return ST_OK;
}

static void check(struct job *job, const struct syz_prog *p)
{
    struct syz_prog *again = NULL;
    struct diag dg = {0};
    struct buf text;

    if (p->count == 0)
        return;
    FUZZ_CHECK(syz_prog_check(p, &dg) == ST_OK, "programs are whole");
    buf_init(&text, &job->arena);
    syz_prog_print(&text, p);
    FUZZ_CHECK(syz_prog_parse(&job->arena, job->world->target,
                              (struct str){(const char *)text.data, text.size}, SYZ_STRICT, &again,
                              &dg) == ST_OK,
               "programs can be read again");
}

static const struct syz_prog *from_input(void *ctx, struct rng *r)
{
    const struct job *job = ctx;

    return rng_chance(r, 1, 2) ? job->first : NULL;
}

static bool keep(void *ctx, const struct syz_prog *candidate, uint32_t step)
{
    struct job *job = ctx;

    check(job, candidate);
    FUZZ_CHECK(step == UINT32_MAX || step < candidate->count, "the call of interest is there");
    return job->left != 0 && job->left-- % 2 == 0;
}

static bool each(void *ctx, struct syz_prog *mutant)
{
    struct job *job = ctx;

    check(job, mutant);
    return --job->left != 0;
}

static enum status run(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct syz_prog *p = NULL;
    const bool give_up = false;

    TRY(syz_prog_parse(&job->arena, job->world->target, job->text, SYZ_REPAIR, &p, dg));
    job->first = syz_prog_clone(&job->arena, p);
    const struct syz_random how = {
        .rng = &job->rng, .choice = job->world->choice, .corpus = from_input, .corpus_ctx = job};
    syz_mutate(p, &how, CALLS);
    check(job, p);
    uint32_t step = (uint32_t)rng_below(&job->rng, p->count + 1u);
    step = step == p->count ? UINT32_MAX : step;
    job->left = QUESTIONS_MAX;
    check(job, syz_minimise(&job->arena, p, &step, SYZ_MINIMISE_CORPUS, keep, job, &give_up));
    struct syz_comparison compared[8];
    for (uint32_t i = 0; i < LENGTH_OF(compared); i++)
        compared[i] = (struct syz_comparison){.left = rng_next(&job->rng),
                                              .right = rng_below(&job->rng, 16),
                                              .bytes = (uint8_t)(1u << rng_below(&job->rng, 4))};
    job->left = HINTS_MAX;
    if (p->count != 0)
        syz_hints(&job->arena, p, 0, compared, LENGTH_OF(compared), each, job);
    syz_collide(p, &job->rng);
    check(job, p);
    return ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world;
    struct job job = {.world = &world};
    struct diag dg = {0};
    uint32_t seed = 0;

    if (world.target == NULL) {
        arena_init(&world.arena, (size_t)64 << 20);
        FUZZ_CHECK(arena_guard(&world.arena, prepare, &world, &dg) == ST_OK, "they compile");
    }
    if (size < sizeof(seed))
        return 0;
    memcpy(&seed, data, sizeof(seed));
    rng_seed(&job.rng, seed);
    job.text = (struct str){(const char *)data + sizeof(seed), size - sizeof(seed)};
    arena_init(&job.arena, FUZZ_ARENA_BYTES);
    enum status st = arena_guard(&job.arena, run, &job, &dg);
    FUZZ_CHECK(st == ST_OK || st == ST_MALFORMED || st == ST_LIMIT || st == ST_NO_MEMORY,
               "mutating ends as documented");
    arena_free(&job.arena);
    return 0;
}
