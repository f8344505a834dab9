/* Minimising: the smallest program for a wish that is known, and no question twice.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "described.h"
#include "spear/syz/mutate.h"
#include "tap.h"

#include <string.h>

static const char descriptions[] =
    "resource fd[int32]: -1\n"
    "open(file ptr[in, string[filename]], mode int32) fd\n"
    "link(a ptr[in, string[filename]], b ptr[in, string[filename]])\n"
    "write(f fd, data ptr[in, array[int8]], size bytesize[data])\n"
    "list(f fd, items ptr[in, array[item]], count len[items])\n"
    "keep(items ptr[in, array[item]]) (no_minimize)\n"
    "close(f fd)\n"
    "pair(p ptr[out, fds])\n"
    "idle(n int32)\n"
    "fds {\n\ta fd\n\tb fd\n}\n"
    "item {\n\tkind int32\n\tname ptr[in, string]\n}\n";

/* clang-format off */
static const struct {
    const char *what;
    enum syz_minimise_mode mode;
    uint32_t step, want_step; /* UINT32_MAX: none of interest */
    const char *text, *wish[3]; /* candidates that hold all of these are kept */
    const char *want;
} rows[] = {
    {"calls after it and before it go", SYZ_MINIMISE_CORPUS, 2, 0,
     "idle(0x1)\nidle(0x2)\nidle(0x3)\nidle(0x4)\nidle(0x5)\n", {"idle(0x3)"},
     "idle(0x3)\n"},
    {"what its resource needs stays", SYZ_MINIMISE_CORPUS, 3, 1,
     "idle(0x1)\nr0 = open(&(0x7f0000000000)='./file0\\x00', 0x2)\nidle(0x3)\nclose(r0)\n"
      "idle(0x5)\n",
     {"close(r0)"},
     "r0 = open(0x0, 0x2)\nclose(r0)\n"},
    {"no call of interest: any may go", SYZ_MINIMISE_CRASH, UINT32_MAX, UINT32_MAX,
     "idle(0x1)\nidle(0x2)\nidle(0x3)\nidle(0x4)\n", {"idle(0x2)", "idle(0x4)"},
     "idle(0x2)\nidle(0x4)\n"},
    {"two results of one call", SYZ_MINIMISE_CRASH, 2, 2,
     "pair(&(0x7f0000000000)={<r0=>0xffffffffffffffff, <r1=>0xffffffffffffffff})\nclose(r0)\n"
      "close(r1)\n",
     {"close(r0)", "close(r1)"},
     "pair(&(0x7f0000000000)={<r0=>0xffffffffffffffff, <r1=>0xffffffffffffffff})\nclose(r0)\n"
      "close(r1)\n"},
    {"bytes go from the end", SYZ_MINIMISE_CORPUS, 0, 0,
     "write(0xffffffffffffffff, &(0x7f0000000000)=\"00112233445566778899aabbccddeeff0011\", "
      "0x12)\n",
     {"001122"},
     "write(0xffffffffffffffff, &(0x7f0000000000)=\"001122\", 0x3)\n"},
    {"one try at bytes when it crashes", SYZ_MINIMISE_CRASH, 0, 0,
     "write(0xffffffffffffffff, &(0x7f0000000000)=\"00112233445566778899aabbccddeeff0011\", "
      "0x12)\n",
     {"001122"},
     "write(0xffffffffffffffff, &(0x7f0000000000)=\"00112233445566778899aabbccddeeff0011\", "
      "0x12)\n"},
    {"elements go, and pointers in those that stay", SYZ_MINIMISE_CORPUS, 0, 0,
     "list(0xffffffffffffffff, &(0x7f0000000000)=[{0x1, &(0x7f0000000100)='a\\x00'}, "
     "{0x2, &(0x7f0000000140)='b\\x00'}, {0x3, &(0x7f0000000180)='c\\x00'}], 0x3)\n",
     {"{0x2"},
     "list(0xffffffffffffffff, &(0x7f0000000000)=[{0x2, 0x0}], 0x1)\n"},
    {"all elements at once when it crashes", SYZ_MINIMISE_CRASH, 0, 0,
     "list(0xffffffffffffffff, &(0x7f0000000000)=[{0x1, 0x0}, {0x2, 0x0}, {0x3, 0x0}], 0x3)\n",
     {"&(0x7f0000000000)"},
     "list(0xffffffffffffffff, &(0x7f0000000000), 0x0)\n"},
    {"a call may forbid it", SYZ_MINIMISE_CORPUS, 0, 0,
     "keep(&(0x7f0000000000)=[{0x1, 0x0}])\n", {"keep("},
     "keep(&(0x7f0000000000)=[{0x1, 0x0}])\n"},
    {"calls only", SYZ_MINIMISE_CALLS, 1, 0,
     "idle(0x1)\nlink(&(0x7f0000000000)='./file1\\x00', "
      "&(0x7f0000000040)='./file0/file1\\x00') (async)\n",
     {"link("},
     "link(&(0x7f0000000000)='./file1\\x00', &(0x7f0000000040)='./file0/file1\\x00') (async)\n"},
    {"calls only, and what they need", SYZ_MINIMISE_CALLS, 3, 1,
     "idle(0x1)\nr0 = open(&(0x7f0000000000)='./file0\\x00', 0x2)\nidle(0x3)\nclose(r0)\n"
      "idle(0x5)\n",
     {"close(r0)"},
     "r0 = open(&(0x7f0000000000)='./file0\\x00', 0x2)\nclose(r0)\n"},
    {"calls only, and what they need is not enough", SYZ_MINIMISE_CALLS, 3, 2,
     "idle(0x1)\nr0 = open(&(0x7f0000000000)='./file0\\x00', 0x2)\nidle(0x3)\nclose(r0)\n"
      "idle(0x5)\n",
     {"idle(0x3)", "close(r0)"},
     "r0 = open(&(0x7f0000000000)='./file0\\x00', 0x2)\nidle(0x3)\nclose(r0)\n"},
    {"calls only, and it needs nothing", SYZ_MINIMISE_CALLS, 1, 0,
     "r0 = open(&(0x7f0000000000)='./file0\\x00', 0x2)\nclose(r0)\n", {"close("},
     "close(0xffffffffffffffff)\n"},
    {"long names become short ones", SYZ_MINIMISE_CORPUS, 0, 0,
     "link(&(0x7f0000000000)='./file0/file1\\x00', 0x0)\n", {"&(0x7f0000000000)='./f"},
     "link(&(0x7f0000000000)='./file0\\x00', 0x0)\n"},
    {"properties go one by one", SYZ_MINIMISE_CRASH, 1, 1,
     "idle(0x1) (async, rerun: 32)\nidle(0x2) (fail_nth: 3)\n", {"idle(0x1) (async", "idle(0x2)"},
     "idle(0x1) (async)\nidle(0x2)\n"},
    {"the guilty call is found by halving", SYZ_MINIMISE_CRASH, UINT32_MAX, UINT32_MAX,
     "idle(0x1)\nidle(0x2)\nidle(0x3)\nidle(0x4)\nidle(0x5)\nidle(0x6)\nidle(0x7)\nidle(0x8)\n"
     "idle(0x9)\nidle(0xa)\nidle(0xb)\nidle(0xc)\nidle(0xd)\nidle(0xe)\nidle(0xf)\nidle(0x10)\n",
     {"idle(0x5)"}, "idle(0x5)\n"},
};
/* clang-format on */

struct wish {
    const char *const *parts;
    struct arena *arena;
    struct map asked;
    uint32_t questions, repeated, bad_step;
    bool give_up;
};

static bool holds(void *ctx, const struct syz_prog *candidate, uint32_t step)
{
    struct wish *w = ctx;
    struct buf text;

    buf_init(&text, w->arena);
    syz_prog_print(&text, candidate);
    struct str s = {(const char *)text.data, text.size};
    w->questions++;
    w->repeated += map_put(&w->asked, s, w) != NULL;
    w->bad_step += step != UINT32_MAX && step >= candidate->count;
    buf_byte(&text, 0);
    for (uint32_t i = 0; i < 3 && w->parts[i] != NULL; i++)
        if (strstr((const char *)text.data, w->parts[i]) == NULL)
            return false;
    return true;
}

struct job {
    const struct syz_target *target;
    struct arena arena;
    uint32_t row;
};

static enum status try_row(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    uint32_t step = rows[job->row].step;
    struct syz_prog *p = NULL;
    struct wish wish = {.parts = rows[job->row].wish, .arena = &job->arena};
    struct buf text;

    map_init(&wish.asked, &job->arena);
    TRY(syz_prog_parse(&job->arena, job->target, str_of(rows[job->row].text), SYZ_STRICT, &p, dg));
    p = syz_minimise(&job->arena, p, &step, rows[job->row].mode, holds, &wish, &wish.give_up);
    buf_init(&text, &job->arena);
    syz_prog_print(&text, p);
    bool same =
        str_equal((struct str){(const char *)text.data, text.size}, str_of(rows[job->row].want));
    tap_ok(same && step == rows[job->row].want_step && wish.repeated == 0 && wish.bad_step == 0,
           "%s: %u questions", rows[job->row].what, wish.questions);
    if (!same)
        printf("# expected %s# found    %.*s", rows[job->row].want, (int)text.size,
               (const char *)text.data);
    return ST_OK;
}

static bool give_up_at_once(void *ctx, const struct syz_prog *candidate, uint32_t step)
{
    struct wish *w = ctx;

    (void)candidate, (void)step;
    w->questions++;
    w->give_up = true;
    return false;
}

static enum status try_giving_up(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct wish wish = {.arena = &job->arena};
    struct syz_prog *p = NULL;
    uint32_t step = 0;

    TRY(syz_prog_parse(&job->arena, job->target, str_of("idle(0x1)\nidle(0x2)\nidle(0x3)\n"),
                       SYZ_STRICT, &p, dg));
    p = syz_minimise(&job->arena, p, &step, SYZ_MINIMISE_CORPUS, give_up_at_once, &wish,
                     &wish.give_up);
    tap_ok(wish.questions == 1 && p->count == 3, "giving up ends the questions: %u asked",
           wish.questions);
    return ST_OK;
}

int main(void)
{
    struct described d = {.arch = "64", .text = descriptions};
    struct job job = {.target = described_open(&d)};

    if (job.target == NULL)
        return !tap_ok(false, "the descriptions compile");
    for (job.row = 0; job.row < LENGTH_OF(rows); job.row++)
        described_case(&job.arena, try_row, &job, rows[job.row].what);
    described_case(&job.arena, try_giving_up, &job, "giving up");
    arena_free(&d.arena);
    return tap_done();
}
