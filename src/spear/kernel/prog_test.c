/* prog_test: see prog_test.h. SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/prog_test.h"

#include "spear/syz/expect.h"

#include <stdio.h>
#include <string.h>

#define TEST_ARENA_BYTES ((size_t)256 << 20)

enum { REPEATS = 3 };

/* The ways in which a program is run. */
static const struct way {
    const char *text;
    bool is_threaded, is_repeated;
} ways[] = {
    {"in one thread",               false, false},
    {"in one thread, repeatedly",   false, true },
    {"in many threads",             true,  false},
    {"in many threads, repeatedly", true,  true },
};

struct test_job {
    struct arena arena;
    struct prog_tester *t;
    const struct way *way;
    struct str text;
    struct syz_prog *prog;
    struct syz_expect expect;
    struct buf stream;
    struct prog_tested *out;
};

enum vm_end prog_run(struct prog_tester *t, struct str stream, uint32_t flags, uint32_t repeat)
{
    struct vm_request request = {
        .kind = WIRE_PROGRAM,
        .flags = flags,
        .id = ++t->next_id,
        .payload = stream.text,
        .payload_bytes = stream.size,
        .repeat = repeat,
    };
    return vm_run(t->vm, t->slot, &request, t->result);
}

/* ---- requirements ---- */

static bool has_word(const struct test_job *job, struct str word)
{
    const struct syz_arch *arch = job->t->target->arch;
    const struct {
        const char *word;
        bool holds;
    } words[] = {
        {"threaded",     job->way->is_threaded },
        {"repeat",       job->way->is_repeated },
        {"norepeat",     !job->way->is_repeated},
        {"bigendian",    arch->is_big_endian   },
        {"littleendian", !arch->is_big_endian  },
        {"manual",       job->t->runs_manual   },
        {"sandbox=none", true                  },
    };
    static const struct str key = {"arch=", sizeof("arch=") - 1};

    if (word.size > key.size && memcmp(word.text, key.text, key.size) == 0)
        return str_equal((struct str){word.text + key.size, word.size - key.size},
                         str_of(arch->name));
    for (uint32_t i = 0; i < LENGTH_OF(words); i++)
        if (str_equal(word, str_of(words[i].word)))
            return words[i].holds;
    return false; /* a C program, another sandbox: not what is done here */
}

/* "C,norepeat" holds when both do. */
static bool has_words(void *ctx, struct str words)
{
    const struct test_job *job = ctx;

    for (;;) {
        const char *comma = memchr(words.text, ',', words.size);
        size_t size = comma == NULL ? words.size : (size_t)(comma - words.text);
        if (!has_word(job, (struct str){words.text, size}))
            return false;
        if (comma == NULL)
            return true;
        words.text += size + 1;
        words.size -= size + 1;
    }
}

/* ---- one run ---- */

static enum status prepare(void *ctx, struct diag *dg)
{
    struct test_job *job = ctx;

    TRY(syz_expect_read(&job->arena, job->text, &job->expect, dg));
    TRY(syz_prog_parse(&job->arena, job->t->target, job->text, SYZ_STRICT, &job->prog, dg));
    buf_init(&job->stream, &job->arena);
    TRY(syz_prog_encode(job->prog, &job->stream, dg));
    if (job->stream.size > WIRE_PAYLOAD_MAX || job->prog->count > WIRE_CALLS_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "expected at most %d calls and %d bytes to send, found %u and %zu",
                         WIRE_CALLS_MAX, WIRE_PAYLOAD_MAX, job->prog->count, job->stream.size);
    return ST_OK;
}

static void describe(const struct wire_call_reply *r, char *text, size_t size)
{
    const char *name = syz_errno_name(r->error);

    if ((r->flags & WIRE_CALL_EXECUTED) == 0)
        snprintf(text, size, "unexecuted");
    else if ((r->flags & WIRE_CALL_FINISHED) == 0)
        snprintf(text, size, "unfinished");
    else if (r->error == 0)
        snprintf(text, size, "success");
    else if (name != NULL)
        snprintf(text, size, "%s", name);
    else
        snprintf(text, size, "error %d", r->error);
}

static const char *wanted(const struct syz_expect_call *want)
{
    switch (want->end) {
    case SYZ_UNEXECUTED: return "unexecuted";
    case SYZ_UNFINISHED: return "unfinished";
    case SYZ_BLOCKED: return "blocked";
    case SYZ_RETURNS: break;
    }
    return want->error == 0 ? "success" : syz_errno_name(want->error);
}

static bool is_as_wanted(const struct syz_expect_call *want, const struct wire_call_reply *r)
{
    bool executed = (r->flags & WIRE_CALL_EXECUTED) != 0;
    bool finished = (r->flags & WIRE_CALL_FINISHED) != 0;

    switch (want->end) {
    case SYZ_UNEXECUTED: return !finished;
    case SYZ_UNFINISHED: return executed && !finished;
    case SYZ_BLOCKED: return executed && (r->flags & WIRE_CALL_BLOCKED) != 0;
    case SYZ_RETURNS: break;
    }
    return executed && finished && r->error == want->error;
}

static void compare(struct test_job *job)
{
    struct prog_tested *out = job->out;
    const struct vm_result *result = job->t->result;
    char got[64];

    for (uint32_t i = 0; i < job->prog->count && out->verdict == PROG_PASSED; i++) {
        const struct syz_expect_call *want = &job->expect.calls[i];
        static const struct wire_call_reply missing = {.error = WIRE_ERRNO_MISSING};
        const struct wire_call_reply *r =
            i < result->reply.call_count ? &result->calls[i] : &missing;
        if (is_as_wanted(want, r))
            continue;
        describe(r, got, sizeof(got));
        out->verdict = PROG_FAILED;
        out->line = want->line;
        snprintf(out->why, sizeof(out->why), "%s: call %u: expected %s, found %s", job->way->text,
                 i, wanted(want), got);
    }
}

static void run_way(struct test_job *job)
{
    struct prog_tested *out = job->out;
    struct str stream = {(const char *)job->stream.data, job->stream.size};
    uint32_t flags = WIRE_RUN_FRESH | (job->way->is_threaded ? WIRE_RUN_THREADED : 0u);
    enum vm_end end = prog_run(job->t, stream, flags, job->way->is_repeated ? REPEATS : 1);
    const struct wire_reply *reply = &job->t->result->reply;

    out->ways++;
    out->end = end;
    if (end != VM_RAN) {
        out->verdict = PROG_FAILED;
        snprintf(out->why, sizeof(out->why), "%s: %s", job->way->text, vm_end_text(end));
    } else if (reply->status == WIRE_BROKEN) {
        out->verdict = PROG_FAILED;
        snprintf(out->why, sizeof(out->why), "%s: the executor refuses: %.*s", job->way->text,
                 (int)MIN(reply->text_bytes, 160u),
                 (const char *)job->t->result->data + reply->text_offset);
    } else {
        compare(job);
    }
}

void prog_test(struct prog_tester *t, struct str text, struct prog_tested *out)
{
    struct test_job job = {.t = t, .text = text, .out = out};
    struct diag dg = {0};
    struct str unmet = {0};

    *out = (struct prog_tested){.verdict = PROG_PASSED, .end = VM_RAN};
    arena_init(&job.arena, TEST_ARENA_BYTES);
    enum status st = arena_guard(&job.arena, prepare, &job, &dg);
    out->calls = job.prog == NULL ? 0 : job.prog->count;
    for (uint32_t i = 0; i < LENGTH_OF(ways) && out->verdict == PROG_PASSED; i++) {
        job.way = &ways[i];
        struct str first = syz_expect_unmet(&job.expect, has_words, &job);
        if (first.size != 0)
            unmet = first;
        else if (st == ST_OK)
            run_way(&job);
        else /* what the executor lacks says nothing about the program */
            out->verdict = st == ST_UNSUPPORTED ? PROG_SKIPPED : PROG_FAILED;
    }
    if (st != ST_OK && out->verdict != PROG_PASSED) {
        out->line = dg.line;
        snprintf(out->why, sizeof(out->why), "%.250s", dg.text);
    } else if (out->verdict == PROG_PASSED && out->ways == 0) {
        out->verdict = PROG_SKIPPED;
        snprintf(out->why, sizeof(out->why), "requires %.*s", (int)MIN(unmet.size, (size_t)100),
                 unmet.text);
    }
    arena_free(&job.arena);
}
