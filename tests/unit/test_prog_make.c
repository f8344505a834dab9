/* Generated and mutated programs: whole, readable again, small enough to be sent, the same for the
 * same seed. SPDX-License-Identifier: Apache-2.0 */
#include "described.h"
#include "spear/syz/mutate.h"
#include "suites.h"
#include "tap.h"

#include <time.h>

enum { CORPUS_MAX = 64, CALLS = 12, ROUNDS_USUAL = 400 };

/* One stream of programs: generated, then mutated out of each other. */
struct stream {
    const struct syz_target *target;
    const struct syz_choice *choice;
    uint64_t seed;
    uint32_t rounds;
    bool is_blind, checks;
    struct arena keep, work; /* the corpus, one program */
    struct rng rng;
    struct syz_prog *corpus[CORPUS_MAX];
    uint32_t corpus_count;
    uint64_t hash;
    uint32_t bad, calls;
    size_t longest_bytes, most_bytes; /* of the encoding, of the arena */
    double seconds;                   /* for making alone */
    uint32_t *made;                   /* per call; or NULL */
};

static const struct syz_prog *from_corpus(void *ctx, struct rng *r)
{
    struct stream *s = ctx;
    return s->corpus_count == 0 ? NULL : s->corpus[rng_below(r, s->corpus_count)];
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void complain(struct stream *s, const char *what, const struct diag *dg, struct str text)
{
    if (s->bad++ >= 3)
        return;
    printf("# %s: %u:%u: %s\n", what, dg->line, dg->column, dg->text);
    for (size_t i = 0, start = 0; i <= text.size; i++)
        if (i == text.size || text.text[i] == '\n') {
            printf("# %.*s\n", (int)MIN(i - start, (size_t)600), text.text + start);
            start = i + 1;
        }
}

static void check_whole(struct stream *s, const struct syz_prog *p)
{
    struct diag dg = {0};
    struct buf text, again, bytes;
    struct syz_prog *parsed = NULL;

    buf_init(&text, &s->work);
    buf_init(&again, &s->work);
    buf_init(&bytes, &s->work);
    syz_prog_print(&text, p);
    struct str first = {(const char *)text.data, text.size};
    for (size_t i = 0; i < text.size; i++)
        s->hash = (s->hash ^ text.data[i]) * UINT64_C(0x100000001b3);
    if (!s->checks)
        return;
    if (syz_prog_check(p, &dg) != ST_OK)
        complain(s, "check", &dg, first);
    else if (syz_prog_parse(&s->work, s->target, first, SYZ_STRICT, &parsed, &dg) != ST_OK)
        complain(s, "parse", &dg, first);
    else if (syz_prog_encode(p, &bytes, &dg) != ST_OK)
        complain(s, "encode", &dg, first);
    s->longest_bytes = MAX(s->longest_bytes, bytes.size);
    if (parsed == NULL)
        return;
    syz_prog_print(&again, parsed);
    if (!str_equal(first, (struct str){(const char *)again.data, again.size})) {
        complain(s, "differs: was", &dg, first);
        complain(s, "differs: is", &dg, (struct str){(const char *)again.data, again.size});
    }
}

static enum status one_round(void *ctx, struct diag *dg)
{
    struct stream *s = ctx;
    struct syz_random how = {.rng = &s->rng,
                             .choice = s->choice,
                             .corpus = s->is_blind ? NULL : from_corpus,
                             .corpus_ctx = s,
                             .is_blind = s->is_blind};
    struct syz_prog *p = NULL;
    double start = now();

    (void)dg;
    if (s->is_blind || s->corpus_count == 0 || rng_chance(&s->rng, 1, 4)) {
        p = syz_generate(&s->work, &how, CALLS);
    } else {
        p = syz_prog_clone(&s->work, from_corpus(s, &s->rng));
        syz_mutate(p, &how, SYZ_CALLS_USUAL);
    }
    if (rng_chance(&s->rng, 1, 20))
        syz_collide(p, &s->rng);
    s->seconds += now() - start;
    s->calls += p->count;
    for (uint32_t i = 0; i < p->count && s->made != NULL; i++)
        s->made[p->steps[i].call->id]++;
    check_whole(s, p);
    uint32_t slot =
        s->corpus_count < CORPUS_MAX ? s->corpus_count++ : (uint32_t)rng_below(&s->rng, CORPUS_MAX);
    if (slot + 1 == s->corpus_count)
        s->corpus[slot] = syz_prog_clone(&s->keep, p);
    return ST_OK;
}

static enum status one_round_keeping(void *ctx, struct diag *dg)
{
    struct stream *s = ctx;
    return arena_guard(&s->work, one_round, s, dg);
}

static bool run(struct stream *s)
{
    bool ok = true;

    rng_seed(&s->rng, s->seed);
    s->hash = UINT64_C(0xcbf29ce484222325);
    arena_init(&s->keep, (size_t)256 << 20);
    for (uint32_t i = 0; i < s->rounds && ok; i++) {
        struct diag dg = {0};
        arena_init(&s->work, (size_t)64 << 20);
        ok = arena_guard(&s->keep, one_round_keeping, s, &dg) == ST_OK;
        if (!ok)
            printf("# round %u: %s\n", i, dg.text);
        s->most_bytes = MAX(s->most_bytes, s->work.used_bytes);
        arena_free(&s->work);
    }
    arena_free(&s->keep);
    return ok && s->bad == 0;
}

struct suite {
    const char *name;
    struct described d;
    struct syz_choice *choice;
    bool *enabled; /* what the executor can make */
};

static enum status build_choice(void *ctx, struct diag *dg)
{
    struct suite *s = ctx;

    (void)dg;
    s->enabled = arena_new(&s->d.arena, bool, s->d.target->call_count);
    for (uint32_t i = 0; i < s->d.target->call_count; i++)
        s->enabled[i] = syz_call_wire_number(s->d.target, &s->d.target->calls[i]) >= 0;
    s->choice = syz_choice_build(&s->d.arena, s->d.target, s->enabled, NULL, 0);
    return ST_OK;
}

static void test_suite(struct suite *suite, uint32_t rounds)
{
    struct diag dg = {0};
    size_t before = suite->d.arena.used_bytes;
    double start = now();

    if (arena_guard(&suite->d.arena, build_choice, suite, &dg) != ST_OK) {
        tap_ok(false, "%s: choice table: %s", suite->name, dg.text);
        return;
    }
    tap_ok(suite->d.arena.used_bytes - before < (size_t)60 << 20,
           "%s: choice table: %.0f ms, %zu KiB", suite->name, 1e3 * (now() - start),
           (suite->d.arena.used_bytes - before) >> 10);
    struct stream s = {.target = suite->d.target,
                       .choice = suite->choice,
                       .seed = 1,
                       .rounds = rounds,
                       .checks = true};
    bool whole = run(&s);
    tap_ok(whole,
           "%s: %u programs are whole: %u calls, %.0f programs/s, at most %zu KiB of "
           "memory and %zu bytes encoded",
           suite->name, rounds, s.calls, rounds / s.seconds, s.most_bytes >> 10, s.longest_bytes);
    struct stream twin = {
        .target = suite->d.target, .choice = suite->choice, .seed = 1, .rounds = rounds / 4};
    struct stream other = twin, again = twin;
    other.seed = 2;
    run(&twin);
    run(&again);
    run(&other);
    tap_ok(twin.hash == again.hash && twin.hash != other.hash,
           "%s: the same seed gives the same programs, another seed others", suite->name);
    struct stream blind = {.target = suite->d.target,
                           .choice = suite->choice,
                           .seed = 3,
                           .rounds = rounds / 4,
                           .is_blind = true,
                           .checks = true};
    tap_ok(run(&blind), "%s: random numbers make whole programs too", suite->name);
}

static void test_folder(const char *name, const char *folder, const char *arch)
{
    struct suite suite = {
        .name = name, .d = {.arch = arch, .folder = folder}
    };
    const char *rounds = getenv("MUJUN_ROUNDS"); /* more, by hand */

    if (described_open(&suite.d) == NULL)
        tap_ok(false, "%s compiles", name);
    else
        test_suite(&suite, rounds != NULL ? (uint32_t)strtoul(rounds, NULL, 10) : ROUNDS_USUAL);
    arena_free(&suite.d.arena);
}

int main(void)
{
    static const struct {
        const char *folder, *arch;
    } suites[] = {
        {"syzlang/test",  "64"   },
        {"syzlang/test",  "32"   },
        {"syzlang/linux", "amd64"},
        {"syzlang/linux", "s390x"},
    };
    const char *root = suites_root();
    char path[4096];

    test_folder("descriptions/linux", "descriptions/linux", "amd64");
    for (uint32_t i = 0; i < LENGTH_OF(suites); i++) {
        char name[64];
        snprintf(name, sizeof(name), "%s, %s", suites[i].folder, suites[i].arch);
        snprintf(path, sizeof(path), "%s/%s", root != NULL ? root : "", suites[i].folder);
        if (root == NULL)
            tap_ok(true, "%s # SKIP no suites: set MUJUN_SUITES", name);
        else
            test_folder(name, path, suites[i].arch);
    }
    return tap_done();
}
