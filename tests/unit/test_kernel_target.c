/* The target "linux" without machines: which calls are on and why, inputs made, parsed, minimised,
 * programs that avoid a known crash, seeds out of logs. SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"
#include "spear/kernel/target.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char descriptions[] = "resource fd_toy[int32]: -1\n"
                                   "resource fd_deep[fd_toy]\n"
                                   "toy_open(mode flags[toy_modes]) fd_toy\n"
                                   "toy_deep(fd fd_toy) fd_deep\n"
                                   "toy_ioctl$ONE(fd fd_toy, cmd const[TOY_ONE], n int32)\n"
                                   "toy_ioctl$TWO(fd fd_deep, cmd const[TOY_TWO], n int32)\n"
                                   "toy_close(fd fd_toy)\n"
                                   "toy_plain(n int64)\n"
                                   "toy_modes = 1, 2, 4\n";
static const char consts[] = "arches = amd64\nTOY_ONE = 17\nTOY_TWO = 34\n"
                             "__NR_toy_open = 1001\n__NR_toy_deep = 1002\n__NR_toy_ioctl = 1003\n"
                             "__NR_toy_close = 1004\n__NR_toy_plain = 1005\n";

struct job {
    struct kernel_options options;
    struct kernel_target *k;
    struct arena arena;
    struct rng rng;
    struct maker maker;
    struct diag dg;
    char folder[64];
    const char *paths[1];
    struct str text;
    struct input *made;
    bool is_off;
    uint32_t count, counted;
    const char *wanted;
};

static void write_text(const char *folder, const char *name, const char *text)
{
    char path[256];
    struct diag dg = {0};

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (file_write(path, text, strlen(text), &dg) != ST_OK)
        printf("# %s\n", dg.text);
}

static bool open_with(struct job *job, const char *enable, const char *disable)
{
    static const char *words[2];

    words[0] = enable;
    words[1] = disable;
    job->options.descriptions = (struct kernel_words){job->paths, 1};
    job->options.enable = (struct kernel_words){&words[0], enable != NULL};
    job->options.disable = (struct kernel_words){&words[1], disable != NULL};
    job->dg = (struct diag){0};
    return kernel_open(&job->options, &job->k, &job->dg) == ST_OK;
}

static void close_it(struct job *job)
{
    kernel_close(job->k);
    job->k = NULL;
}

/* ---- which calls ---- */

static const struct {
    const char *enable, *disable, *call, *why; /* why NULL: it is on */
} calls[] = {
    {NULL,        NULL,            "toy_ioctl$TWO", NULL                              },
    {"toy_plain", NULL,            "toy_open",      "enable_syscalls does not name it"},
    {"toy_*",     NULL,            "toy_ioctl$ONE", NULL                              },
    {NULL,        "toy_deep",      "toy_deep",      "disable_syscalls names it"       },
    {NULL,        "toy_deep",      "toy_ioctl$TWO", "nothing that is on makes fd_deep"},
    {NULL,        "toy_open",      "toy_ioctl$TWO", "nothing that is on makes fd_deep"},
    {NULL,        "toy_ioctl",     "toy_ioctl$ONE", "disable_syscalls names it"       },
    {NULL,        "toy_ioctl$ONE", "toy_ioctl$TWO", NULL                              },
};

static void which_calls(struct job *job)
{
    for (size_t i = 0; i < LENGTH_OF(calls); i++) {
        bool is_open = open_with(job, calls[i].enable, calls[i].disable);
        const struct syz_call *call =
            is_open ? syz_call_find(kernel_descriptions(job->k), str_of(calls[i].call)) : NULL;
        const char *why = call == NULL ? "not opened" : kernel_why_off(job->k, call->id);
        bool pass =
            calls[i].why == NULL ? why == NULL : why != NULL && strstr(why, calls[i].why) != NULL;
        tap_ok(pass, "enable %s, disable %s: %s is %s", calls[i].enable, calls[i].disable,
               calls[i].call, why == NULL ? "on" : why);
        close_it(job);
    }
    tap_ok(!open_with(job, "toy_opne", NULL) && strstr(job->dg.text, "toy_opne") != NULL,
           "a name that no call has is refused: %s", job->dg.text);
    tap_ok(!open_with(job, NULL, "toy_*") && strstr(job->dg.text, "none of the") != NULL,
           "nothing left is refused: %s", job->dg.text);
}

/* ---- inputs ---- */

static enum status make_some(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    const struct target *t = kernel_as_target(job->k);
    struct input *in = t->generate(t->self, &job->maker);
    bool is_off;

    for (uint32_t i = 0; i < 200 && in != NULL; i++) {
        struct input *next = t->mutate(t->self, &job->maker, in->text);
        if (next == NULL)
            break;
        struct input *again = t->parse(t->self, &job->maker, next->text, &is_off, dg);
        job->count++;
        job->counted += again != NULL && again->parts == next->parts;
        in = rng_chance(&job->rng, 1, 4) ? t->generate(t->self, &job->maker) : next;
    }
    return ST_OK;
}

static enum status parse_one(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    const struct target *t = kernel_as_target(job->k);

    (void)dg;
    job->dg = (struct diag){0};
    job->made = t->parse(t->self, &job->maker, job->text, &job->is_off, &job->dg);
    return ST_OK;
}

static bool guarded(struct job *job, enum status (*fn)(void *ctx, struct diag *dg))
{
    struct diag dg = {0};
    return arena_guard(&job->arena, fn, job, &dg) == ST_OK;
}

static void inputs(struct job *job)
{
    if (!tap_ok(open_with(job, NULL, "toy_plain"), "it opens: %s", job->dg.text))
        return;
    bool is_made = guarded(job, make_some);
    tap_ok(is_made && job->count == 200 && job->counted == 200,
           "what is made is parsed again: %u of %u", job->counted, job->count);
    job->text = STR("toy_plain(0x1)\nr0 = toy_open(0x1)\ntoy_close(r0)\ntoy_gone(0x1)\n");
    tap_ok(guarded(job, parse_one) && job->made != NULL && job->made->parts == 2 &&
               str_equal(job->made->text, STR("r0 = toy_open(0x1)\ntoy_close(r0)\n")),
           "calls that are off or gone are left out");
    const struct target *t = kernel_as_target(job->k);
    tap_ok(strcmp(t->part_name(t->self, job->made, 1), "toy_close") == 0 &&
               strcmp(t->part_name(t->self, job->made, 2), "extra") == 0,
           "parts are named");
    tap_ok(t->worth(t->self, job->made, 0, 0) == 3 && t->worth(t->self, job->made, 0, 9) == 1 &&
               t->worth(t->self, job->made, 2, 0) == 0,
           "success is worth more than failure, what happens elsewhere nothing");
    job->text = STR("toy_plain(0x1)\n");
    tap_ok(guarded(job, parse_one) && job->made == NULL && job->is_off,
           "nothing but what is off: %s", job->dg.text);
    job->text = STR("toy_gone(0x1)\n");
    tap_ok(guarded(job, parse_one) && job->made == NULL && !job->is_off,
           "nothing that is known: %s", job->dg.text);
    struct str corpus[] = {STR("r0 = toy_open(0x1)\ntoy_close(r0)\n"), STR("not a program")};
    t->learn(t->self, corpus, LENGTH_OF(corpus));
    job->count = job->counted = 0;
    tap_ok(guarded(job, make_some) && job->count == 200 && job->counted == 200,
           "also when something was learnt");
    close_it(job);
}

/* ---- avoiding ---- */

static enum status count_both(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    const struct target *t = kernel_as_target(job->k);

    (void)dg;
    job->count = job->counted = 0;
    for (uint32_t i = 0; i < 400; i++) {
        struct input *in = t->generate(t->self, &job->maker);
        if (in == NULL)
            continue;
        job->count++;
        job->counted += memmem(in->text.text, in->text.size, "toy_ioctl$ONE", 13) != NULL &&
                        memmem(in->text.text, in->text.size, "toy_open", 8) != NULL;
    }
    return ST_OK;
}

static void avoiding(struct job *job)
{
    struct str reproducer = STR("# {\"procs\":1}\nr0 = toy_open(0x2)\n"
                                "toy_ioctl$ONE(r0, 0x11, 0x7)\n");

    if (!tap_ok(open_with(job, NULL, NULL), "it opens"))
        return;
    bool before = guarded(job, count_both) && job->counted > job->count / 4;
    tap_ok(before, "many programs have both calls: %u of %u", job->counted, job->count);
    const char *what = kernel_avoid(job->k, reproducer);
    tap_ok(what != NULL && strcmp(what, "toy_ioctl$ONE") == 0, "the last call is avoided");
    tap_ok(kernel_avoid(job->k, reproducer) == NULL, "once is enough");
    bool after = guarded(job, count_both);
    tap_ok(after && job->counted < job->count / 10 && job->counted != 0, "few still have: %u of %u",
           job->counted, job->count);
    tap_ok(kernel_avoid(job->k, STR("nonsense")) == NULL, "no program, nothing to avoid");
    close_it(job);
}

/* ---- seeds ---- */

static void take_seed(void *ctx, struct str program)
{
    struct job *job = ctx;

    job->count++;
    job->counted += memmem(program.text, program.size, job->wanted, strlen(job->wanted)) != NULL;
}

static void seeds(struct job *job)
{
    struct str log = STR("7 toy_open(2) = 5\n7 toy_ioctl(5, 0x11, 9) = 0\n7 toy_close(5) = 0\n");
    struct str program = STR("r0 = toy_open(0x2)\ntoy_close(r0)\n");
    struct diag dg = {0};
    bool is_log = false;

    if (!tap_ok(open_with(job, NULL, NULL), "it opens"))
        return;
    job->count = job->counted = 0;
    job->wanted = "toy_ioctl$ONE(r0, 0x11, 0x9)";
    enum status st = kernel_import(job->k, log, &is_log, take_seed, job, &dg);
    tap_ok(st == ST_OK && is_log && job->count != 0 && job->counted == job->count,
           "a log of strace becomes programs: %u, %s", job->count, dg.text);
    st = kernel_import(job->k, program, &is_log, take_seed, job, &dg);
    tap_ok(st == ST_OK && !is_log, "a program is none");
    close_it(job);
}

static void bad_descriptions(struct job *job)
{
    write_text(job->folder, "bad.txt", "toy_bad(fd nothing)\n");
    tap_ok(!open_with(job, NULL, NULL) && strstr(job->dg.text, "bad.txt:1:") != NULL,
           "descriptions with errors: %s", job->dg.text);
}

int main(void)
{
    struct job *job = calloc(1, sizeof(*job));

    if (job == NULL)
        return 1;
    snprintf(job->folder, sizeof(job->folder), "/tmp/mujun-target-XXXXXX");
    if (mkdtemp(job->folder) == NULL)
        return 1;
    job->paths[0] = job->folder;
    write_text(job->folder, "toy.txt", descriptions);
    write_text(job->folder, "toy.txt.const", consts);
    arena_init(&job->arena, (size_t)512 << 20);
    rng_seed(&job->rng, 1);
    job->maker = (struct maker){.arena = &job->arena, .rng = &job->rng};
    which_calls(job);
    inputs(job);
    avoiding(job);
    seeds(job);
    bad_descriptions(job);
    arena_free(&job->arena);
    file_remove_all(job->folder);
    free(job);
    return tap_done();
}
