/* What chance does: every operator of mutation occurs, the choice table leans to what belongs
 * together, results are used, racing variants keep their rules.
 * SPDX-License-Identifier: Apache-2.0 */
#include "described.h"
#include "spear/syz/mutate.h"
#include "tap.h"

#include <string.h>

static const char descriptions[] = "resource cat[int32]: -1\n"
                                   "resource dog[int32]: -1\n"
                                   "cat_make() cat\n"
                                   "cat_feed(c cat)\n"
                                   "cat_wash(c cat, n int32)\n"
                                   "dog_make() dog\n"
                                   "dog_feed(d dog)\n"
                                   "dog_wash(d dog, n int32)\n"
                                   "cat_box(a ptr[in, box])\n"
                                   "dog_box(b ptr[in, box])\n"
                                   "box {\n\tn int32\n\trest array[box_item]\n}\n"
                                   "box_item {\n\ta int32\n\tb int32\n}\n"
                                   "never() (no_generate)\n"
                                   "many(a ptr[in, array[cat, 600]])\n"
                                   "large(a ptr[in, array[int8, 120000]])\n"
                                   "rare(d array_holder)\n"
                                   "array_holder [\n\ta int32\n\tb int64\n]\n";

struct world {
    struct described d;
    struct arena arena;
    struct rng rng;
    struct syz_choice *plain, *learnt;
    const struct syz_prog *corpus[3];
    struct syz_random how;
};

static const struct syz_call *call(const struct world *w, const char *name)
{
    return syz_call_find(w->d.target, str_of(name));
}

static struct syz_prog *parse(struct world *w, const char *text)
{
    struct syz_prog *p = NULL;
    struct diag dg = {0};

    if (syz_prog_parse(&w->arena, w->d.target, str_of(text), SYZ_STRICT, &p, &dg) != ST_OK)
        printf("# %s: %s\n", text, dg.text);
    return p;
}

static const char *text_of(struct world *w, const struct syz_prog *p)
{
    struct buf text;

    buf_init(&text, &w->arena);
    syz_prog_print(&text, p);
    buf_byte(&text, 0);
    return (const char *)text.data;
}

/* ---- the choice table ---- */

static double share(struct world *w, const struct syz_choice *c, const char *before,
                    const char *prefix)
{
    enum { DRAWS = 4000 };
    uint32_t hits = 0;

    for (uint32_t i = 0; i < DRAWS; i++) {
        const struct syz_call *next =
            syz_choose_call(c, &w->rng, before == NULL ? NULL : call(w, before));
        hits += memcmp(next->name.text, prefix, MIN(strlen(prefix), next->name.size)) == 0;
    }
    return (double)hits / DRAWS;
}

static void test_choice(struct world *w)
{
    static const char *const names[] = {"cat_make", "dog_feed", "cat_box"};
    double cats = share(w, w->plain, "cat_make", "cat_"),
           dogs = share(w, w->plain, "cat_make", "dog_");
    double boxes = share(w, w->plain, "cat_box", "dog_box");
    double uniform = share(w, w->plain, NULL, "cat_"),
           taught = share(w, w->learnt, "cat_make", "dog_feed");
    double untaught = share(w, w->plain, "cat_make", "dog_feed");

    tap_ok(cats > 0.6 && dogs < 0.1, "after cat_make: %.2f cats, %.2f dogs", cats, dogs);
    tap_ok(boxes > 0.3, "a struct that both point to: %.2f", boxes);
    tap_ok(uniform > 0.3 && uniform < 0.55, "first calls are drawn evenly: %.2f cats", uniform);
    tap_ok(taught > 0.12 && untaught < 0.05,
           "the corpus teaches dog_feed after cat_make: %.2f, "
           "before %.2f",
           taught, untaught);
    for (uint32_t i = 0; i < LENGTH_OF(names); i++) {
        double never = share(w, w->learnt, names[i], "never");
        tap_ok(never == 0, "after %s: calls with no_generate never", names[i]);
    }
    tap_ok(syz_choice_is_enabled(w->plain, call(w, "cat_make")) &&
               !syz_choice_is_enabled(w->plain, call(w, "never")),
           "what is enabled");
}

static void test_disabled(struct world *w)
{
    bool *enabled = arena_new(&w->arena, bool, w->d.target->call_count);
    uint32_t others = 0;

    enabled[call(w, "dog_feed")->id] = true;
    struct syz_choice *c = syz_choice_build(&w->arena, w->d.target, enabled, w->corpus, 3);
    struct syz_random how = w->how;
    how.choice = c;
    how.corpus = NULL;
    for (uint32_t i = 0; i < 200; i++) {
        struct syz_prog *p = syz_generate(&w->arena, &how, 5);
        for (uint32_t k = 0; k < p->count; k++)
            others += p->steps[k].call != call(w, "dog_feed");
    }
    tap_ok(others == 0, "calls that are off are never made, not even for their results");
    memset(enabled, 0, w->d.target->call_count * sizeof(*enabled));
    c = syz_choice_build(&w->arena, w->d.target, enabled, NULL, 0);
    how.choice = c;
    tap_ok(syz_generate(&w->arena, &how, 5)->count == 0, "nothing is on: an empty program");
}

/* ---- operators ---- */

struct seen {
    uint32_t shorter, longer, spliced, squashed, number, array, from_result;
};

static void look(struct world *w, struct seen *s, const struct syz_prog *base,
                 const struct syz_prog *p)
{
    const char *text = text_of(w, p);

    s->shorter += p->count < base->count;
    s->longer += p->count > base->count;
    s->spliced += strstr(text, "0x77777") != NULL;
    s->squashed += strstr(text, "ANY=") != NULL;
    s->number += strstr(text, "cat_wash(r0, 0x5)") == NULL && strstr(text, "cat_wash(r0, ") != NULL;
    s->array += strstr(text, "{0x1, [{0x2, 0x3}]}") == NULL && strstr(text, "{0x1, [") != NULL;
    s->from_result += strstr(text, "dog_feed(r") != NULL;
}

static void test_operators(struct world *w)
{
    const struct syz_prog *base = parse(w, "r0 = cat_make()\ncat_wash(r0, 0x5)\n"
                                           "cat_box(&(0x7f0000000000)={0x1, [{0x2, 0x3}]})\n");
    struct seen s = {0};
    enum { ROUNDS = 2000 };

    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct syz_prog *p = syz_prog_clone(&w->arena, base);
        syz_mutate(p, &w->how, 10);
        look(w, &s, base, p);
        if (p->count == 0 || p->count > 10)
            tap_ok(false, "1 to 10 calls, found %u", p->count);
    }
    const struct {
        const char *what;
        uint32_t times;
    } rows[] = {
        {"calls go",                                    s.shorter    },
        {"calls come",                                  s.longer     },
        {"corpus programs are spliced in",              s.spliced    },
        {"pointees are squashed",                       s.squashed   },
        {"numbers change",                              s.number     },
        {"lists change",                                s.array      },
        {"resources are made for calls that take them", s.from_result}
    };
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++)
        tap_ok(rows[i].times > ROUNDS / 200, "%s: %u of %d mutants", rows[i].what, rows[i].times,
               ROUNDS);
}

static void test_no_mutate(struct world *w)
{
    bool *keep = arena_new(&w->arena, bool, w->d.target->call_count);
    const struct syz_prog *base = parse(w, "cat_wash(0xffffffffffffffff, 0x5)\n");
    struct syz_random how = w->how;
    uint32_t changed = 0;

    keep[call(w, "cat_wash")->id] = true;
    how.no_mutate = keep;
    how.corpus = NULL;
    for (uint32_t i = 0; i < 500; i++) {
        struct syz_prog *p = syz_prog_clone(&w->arena, base);
        syz_mutate(p, &how, 1);
        changed += p->steps[0].call == base->steps[0].call &&
                   strstr(text_of(w, p), "0x5)") == NULL && p->count == 1;
    }
    /* The call may be removed, and by chance come again with other arguments. */
    tap_ok(changed < 250, "calls to leave alone are left alone: %u of 500 differ", changed);
}

/* ---- limits ---- */

static bool count_uses(void *ctx, const struct syz_visit *v)
{
    *(uint32_t *)ctx += v->arg->kind == SYZ_ARG_RESULT && v->arg->result.from != NULL;
    return true;
}

static void test_limits(struct world *w)
{
    uint32_t most_uses = 0, most_calls = 0;
    bool *enabled = arena_new(&w->arena, bool, w->d.target->call_count);
    struct syz_random how = w->how;

    enabled[call(w, "cat_make")->id] = enabled[call(w, "many")->id] = true;
    how.choice = syz_choice_build(&w->arena, w->d.target, enabled, NULL, 0);
    how.corpus = NULL;
    for (uint32_t i = 0; i < 20; i++) {
        struct syz_prog *p = syz_generate(&w->arena, &how, 30);
        uint32_t uses = 0;
        syz_mutate(p, &how, 30);
        syz_collide(p, &w->rng);
        for (uint32_t k = 0; k < p->count; k++)
            syz_step_visit(&p->steps[k], count_uses, &uses);
        most_uses = MAX(most_uses, uses);
        most_calls = MAX(most_calls, p->count);
    }
    tap_ok(most_uses > 500 && most_uses <= SYZ_RESULTS_MAX && most_calls <= SYZ_CALLS_MAX,
           "no more results are used than can be encoded: %u at most, in %u calls", most_uses,
           most_calls);
}

static bool count_bytes(void *ctx, const struct syz_visit *v)
{
    *(uint64_t *)ctx += v->arg->kind == SYZ_ARG_DATA ? v->arg->data.size : 0;
    return true;
}

static void test_bytes(struct world *w)
{
    struct syz_prog *p = syz_prog_new(&w->arena, w->d.target);
    bool *enabled = arena_new(&w->arena, bool, w->d.target->call_count);
    struct syz_random how = w->how;
    uint64_t bytes = 0;

    enabled[call(w, "large")->id] = true;
    how.choice = syz_choice_build(&w->arena, w->d.target, enabled, NULL, 0);
    how.corpus = NULL;
    p = syz_generate(&w->arena, &how, SYZ_CALLS_MAX);
    p = syz_prog_clone(&w->arena, p);
    syz_collide(p, &w->rng);
    for (uint32_t k = 0; k < p->count; k++)
        syz_step_visit(&p->steps[k], count_bytes, &bytes);
    tap_ok(bytes < SYZ_STREAM_BYTES_MAX && p->count > 30 && p->count < SYZ_CALLS_MAX,
           "%u calls with %ju bytes in all", p->count, (uintmax_t)bytes);
}

/* ---- beside each other ---- */

static bool is_result_of(const struct syz_step *maker, const struct syz_step *user)
{
    for (uint32_t i = 0; i < user->call->arg_count; i++)
        if (user->args[i]->kind == SYZ_ARG_RESULT && user->args[i]->result.from != NULL &&
            user->args[i]->result.from == maker->result)
            return true;
    return false;
}

static void test_collide(struct world *w)
{
    const struct syz_prog *base = parse(
        w, "r0 = cat_make()\ncat_feed(r0)\nr1 = dog_make()\ndog_wash(r1, 0x1)\nrare(@a=0x1)\n");
    uint32_t doubled = 0, twins = 0, asyncs = 0, reruns = 0, broken = 0;
    enum { ROUNDS = 1000 };

    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct syz_prog *p = syz_prog_clone(&w->arena, base);
        bool any = false;
        syz_collide(p, &w->rng);
        for (uint32_t k = 0; k < p->count; k++) {
            any = any || p->steps[k].props.is_async;
            reruns += p->steps[k].props.rerun != 0;
            for (uint32_t n = k + 1;
                 n < p->count && p->steps[k].props.is_async && p->count == base->count; n++) {
                broken += is_result_of(&p->steps[k], &p->steps[n]);
                if (!p->steps[n].props.is_async)
                    break;
            }
        }
        broken += p->steps[p->count - 1].props.is_async;
        doubled += p->count == 2 * base->count;
        twins += p->count != base->count && p->count != 2 * base->count;
        asyncs += p->count == base->count && any;
    }
    tap_ok(doubled > ROUNDS / 20 && twins > ROUNDS / 20 && asyncs > ROUNDS / 4 && reruns > 0,
           "racing variants: %u whole twice, %u some twice, %u not waited for, %u reruns", doubled,
           twins, asyncs, reruns);
    tap_ok(broken == 0, "nothing is used before it is waited for");
}

/* ---- */

static const struct syz_prog *from_corpus(void *ctx, struct rng *r)
{
    struct world *w = ctx;
    return w->corpus[rng_below(r, LENGTH_OF(w->corpus))];
}

static enum status all(void *ctx, struct diag *dg)
{
    struct world *w = ctx;

    (void)dg;
    for (uint32_t i = 0; i < LENGTH_OF(w->corpus); i++)
        w->corpus[i] = parse(w, "cat_make()\nr0 = dog_make()\ndog_wash(r0, 0x77777)\n"
                                "dog_feed(r0)\ndog_feed(r0)\n");
    w->plain = syz_choice_build(&w->arena, w->d.target, NULL, NULL, 0);
    w->learnt = syz_choice_build(&w->arena, w->d.target, NULL, w->corpus, 3);
    w->how = (struct syz_random){
        .rng = &w->rng, .choice = w->plain, .corpus = from_corpus, .corpus_ctx = w};
    test_choice(w);
    test_disabled(w);
    test_operators(w);
    test_no_mutate(w);
    test_limits(w);
    test_bytes(w);
    test_collide(w);
    return ST_OK;
}

int main(void)
{
    struct world w = {
        .d = {.arch = "64", .text = descriptions}
    };
    struct diag dg = {0};

    if (described_open(&w.d) == NULL)
        return !tap_ok(false, "the descriptions compile");
    arena_init(&w.arena, (size_t)1 << 30);
    rng_seed(&w.rng, 11);
    if (arena_guard(&w.arena, all, &w, &dg) != ST_OK)
        tap_ok(false, "%s", dg.text);
    arena_free(&w.arena);
    arena_free(&w.d.arena);
    return tap_done();
}
