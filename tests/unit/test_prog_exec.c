/* What encoded programs mean: golden streams, and the synthetic programs of the public suite, run
 * against an array of bytes on a little- and a big-endian machine.
 * SPDX-License-Identifier: Apache-2.0 */
#include "exec_memory.h"
#include "hex.h"
#include "spear/syz/compile.h"
#include "spear/syz/expect.h"
#include "spear/syz/prog.h"
#include "suites.h"
#include "tap.h"

#define ARENA_BYTES ((size_t)512 << 20)

/* ---- golden streams ---- */

static const char descriptions[] =
    "resource fd[int32]: -1\n"
    "open(flags int32) fd\n"
    "use(fd fd, n int8)\n"
    "pipe(p ptr[out, two])\n"
    "two {\n\ta fd\n\tb fd\n}\n"
    "write(b ptr[in, array[int8]], n bytesize[b])\n"
    "name(s ptr[in, string])\n"
    "nothing()\n"
    "slow() (timeout[100], prog_timeout[200], remote_cover)\n"
    "big(p ptr[in, int32be])\n"
    "bits(p ptr[in, bitfields])\n"
    "bitfields {\n\ta int16:4\n\tb int16:12\n}\n"
    "proc(n proc[10, 4])\n"
    "digits(p ptr[in, fmt[dec, int8]])\n"
    "pad(p ptr[in, padded])\n"
    "padded {\n\ta int8\n\tb int64\n}\n"
    "sum(p ptr[in, summed])\n"
    "summed {\n\tsum csum[parent, inet, int16be]\n\tdata int16\n} [packed]\n"
    "pages(v vma, n len[v])\n"
    "udp(p ptr[in, ip])\n"
    "ip {\n\tsrc_ip array[int8, 4]\n\tdst_ip array[int8, 4]\n\tp datagram\n} [packed]\n"
    "datagram {\n\tsum csum[parent, pseudo, 17, int16be]\n\tdata array[int8]\n} [packed]\n"
    "udp6(p ptr[in, ip6])\n"
    "ip6 {\n\tsrc_ip array[int8, 16]\n\tdst_ip array[int8, 16]\n\tp datagram\n} [packed]\n";

/* Columns: the text, and the stream as numbers after un-zigzagging, data in quotes. The number of
 * every call is X. */
/* clang-format off */
static const struct {
    const char *text, *want;
} rows[] = {
    {"nothing()", "1 X -1 0 -1"},
    {"nothing() (fail_nth: 3, async, rerun: 2)", "1 -4 3 1 2 X -1 0 -1"},
    {"slow()", "1 -5 100 200 1 X -1 0 -1"},
    {"r0 = open(0x5)\nuse(r0, 0xff)", "2 X 0 1 0 4 5 X -1 2 3 4 0 1 0 -1 0 1 255 -1"},
    {"r0 = open(0x0)\nuse(r0/2+3, 0x0)", "2 X 0 1 0 4 0 X -1 2 3 4 0 2 3 -1 0 1 0 -1"},
    {"open(0x0)\nuse(0x7, 0x0)", "2 X -1 1 0 4 0 X -1 2 0 4 7 0 1 0 -1"},
    {"pipe(&(0x7f0000000040)={<r0=>0xffffffffffffffff, <r1=>0xffffffffffffffff})\nuse(r1, 0x0)",
     "2 X -1 1 2 64 -3 0 68 4 X -1 2 3 4 0 1 0 -1 0 1 0 -1"},
    {"write(&(0x7f0000000080)=\"0102\", 0x2)", "1 -2 128 4 2 '0102' X -1 2 2 128 0 8 2 -1"},
    {"write(&(0x7f0000ffffff)=\"0102\", 0x2)", "1 -2 16777215 4 1 '01' X -1 2 2 16777215 0 8 2 -1"},
    {"write(0x0, 0x2)", "1 X -1 2 0 8 0 0 8 2 -1"},
    {"name(&(0x7f0000000000)='ab\\x00')", "1 -2 0 4 R3 '616200' X -1 1 2 0 -1"},
    {"big(&(0x7f0000000000)=0x1234)", "1 -2 0 0 260 4660 X -1 1 2 0 -1"},
    {"bits(&(0x7f0000000000)={0x5, 0x123})",
     "1 -2 0 0 67108866 5 -2 0 0 201588738 291 X -1 1 2 0 -1"},
    {"proc(0x3)", "1 X -1 1 0 17179869192 13 -1"},
    {"proc(0xffffffffffffffff)", "1 X -1 1 0 8 0 -1"},
    {"digits(&(0x7f0000000000)=0x7)", "1 -2 0 0 513 7 X -1 1 2 0 -1"},
    {"pad(&(0x7f0000000000)={0x1, 0x2})", "1 -2 0 0 1 1 -2 8 0 8 2 X -1 1 2 0 -1"},
    {"sum(&(0x7f0000000000)={0x0, 0x2})",
     "1 -2 0 0 258 0 -2 2 0 2 2 -2 0 5 2 0 1 0 0 4 X -1 1 2 0 -1"},
    {"udp(&(0x7f0000000000)={\"01020304\", \"05060708\", {0x0, \"0a0b0c\"}})",
     "1 -2 0 4 4 '01020304' -2 4 4 4 '05060708' -2 8 0 258 0 -2 10 4 3 '0a0b0c' "
     "-2 8 5 2 0 5 0 0 4 0 4 4 1 17 2 1 5 2 0 8 5 X -1 1 2 0 -1"},
    {"udp6(&(0x7f0000000000)={\"00\", \"00\", {0x0, \"0a\"}})",
     "1 -2 0 4 16 '00000000000000000000000000000000' -2 16 4 16 "
     "'00000000000000000000000000000000' -2 32 0 258 0 -2 34 4 1 '0a' "
     "-2 32 5 2 0 5 0 0 16 0 16 16 1 3 4 1 17 4 0 32 3 X -1 1 2 0 -1"},
    {"pages(&(0x7f0000001000/0x2000)=nil, 0x2000)", "1 X -1 2 2 4096 0 8 8192 -1"},
};
/* clang-format on */

struct job {
    struct arena arena;
    const struct syz_arch *arch;
    const char *folder; /* or NULL: the descriptions above */
    const struct syz_target *target;
    struct str text;
    struct buf stream;
    struct syz_prog *prog;
    struct syz_expect expect;
};

static enum status compile(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct syz_source text = {STR("a.txt"), str_of(descriptions)};
    struct syz_sources sources = {&text, 1, 1};
    struct syz_errors errors = {0};

    if (job->folder != NULL) {
        sources = (struct syz_sources){0};
        TRY(syz_load(job->folder, &sources, &job->arena, dg));
    }
    enum status st = syz_compile(&sources, job->arch, &job->arena, &errors, &job->target, dg);
    for (uint32_t i = 0; i < errors.count; i++)
        printf("# %u:%u: %s\n", errors.items[i].pos.line, errors.items[i].pos.column,
               errors.items[i].text);
    return st;
}

static enum status encode(void *ctx, struct diag *dg)
{
    struct job *job = ctx;

    TRY(syz_prog_parse(&job->arena, job->target, job->text, SYZ_STRICT, &job->prog, dg));
    TRY(syz_expect_read(&job->arena, job->text, &job->expect, dg));
    buf_init(&job->stream, &job->arena);
    return syz_prog_encode(job->prog, &job->stream, dg);
}

/* One number of the stream. */
static uint64_t take(const struct buf *b, size_t *at)
{
    uint64_t coded = 0;

    for (unsigned shift = 0; *at < b->size; shift += 7) {
        uint8_t byte = b->data[(*at)++];
        coded |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    return coded >> 1 ^ (0 - (coded & 1));
}

/* Compares the stream with what is wanted, word by word; returns the words that agree. */
static unsigned agreeing(const struct buf *b, const char *want, unsigned *words)
{
    size_t at = 0;
    unsigned agree = 0;
    char word[64];
    int read = 0;

    for (*words = 0; sscanf(want, "%63s%n", word, &read) == 1; want += read, ++*words) {
        bool same = false;
        if (word[0] == '\'') {
            same = true;
            for (const char *p = word + 1; *p != '\'' && at < b->size; p += 2) {
                unsigned byte = 0;
                sscanf(p, "%2x", &byte);
                same = b->data[at++] == byte && same;
            }
        } else if (word[0] == 'X') {
            same = take(b, &at) >= EXEC_PSEUDO_BASE;
        } else if (word[0] == 'R') {
            same = take(b, &at) == (strtoull(word + 1, NULL, 10) | EXEC_DATA_READABLE);
        } else {
            same = take(b, &at) == (uint64_t)strtoll(word, NULL, 10);
        }
        if (!same)
            return agree;
        agree++;
    }
    return at == b->size ? agree : 0;
}

/* Of exactly these bytes, which a sanitizer guards. */
static enum status decode_all(const uint8_t *bytes, size_t size, struct diag *dg)
{
    static struct syz_exec_instruction ins;
    uint8_t *copy = exact_copy(bytes, size);
    struct syz_decoder d;

    enum status st = syz_decode_start(&d, copy, size, dg);
    for (ins.kind = SYZ_EXEC_CALL; st == ST_OK && ins.kind != SYZ_EXEC_END;)
        st = syz_decode_next(&d, &ins, dg);
    free(copy);
    return st;
}

static void test_golden(void)
{
    struct job job = {.arch = syz_arch_find("64")};
    struct diag dg = {0};

    arena_init(&job.arena, ARENA_BYTES);
    if (arena_guard(&job.arena, compile, &job, &dg) != ST_OK)
        tap_ok(false, "the descriptions of this test: %s", dg.text);
    for (size_t i = 0; i < LENGTH_OF(rows) && job.target != NULL; i++) {
        unsigned words = 0;
        dg = (struct diag){0};
        job.text = str_of(rows[i].text);
        enum status st = arena_guard(&job.arena, encode, &job, &dg);
        unsigned agree = st == ST_OK ? agreeing(&job.stream, rows[i].want, &words) : 0;
        tap_ok(st == ST_OK && agree == words, "%.*s: %u of %u words as wanted; %u:%u: %s",
               (int)strcspn(rows[i].text, "\n"), rows[i].text, agree, words, dg.line, dg.column,
               dg.text);
        size_t refused = 0;
        for (size_t size = 0; st == ST_OK && size < job.stream.size; size++)
            refused += decode_all(job.stream.data, size, &dg) == ST_MALFORMED;
        tap_ok(st == ST_OK && refused == job.stream.size &&
                   decode_all(job.stream.data, job.stream.size, &dg) == ST_OK,
               "and it is decoded, but not when it is cut (%zu places)", refused);
    }
    arena_free(&job.arena);
}

/* ---- streams that break a rule ---- */

/* Columns: numbers of the stream, and what the refusal says was expected. */
static const struct {
    const char *stream, *expected;
} bad_rows[] = {
    {"",                           "a number, not the end of the stream"              },
    {"65 -1",                      "a number of calls, found 0x41"                    },
    {"1 -1",                       "as many calls as announced, not so many fewer"    },
    {"0 5 -1 0 -1",                "no more calls than announced"                     },
    {"0 -1 7",                     "the end of the stream, found 0xe"                 },
    {"1 -6 -1",                    "the number of a call"                             },
    {"1 5 1000 0 -1",              "the index of a result, found 0x3e8"               },
    {"1 5 -1 10",                  "a number of arguments, found 0xa"                 },
    {"1 5 -1 1 6 -1",              "a kind of argument, found 0x6"                    },
    {"1 5 -1 1 0 0 7 -1",          "a size and format of a number, found 0"           },
    {"1 5 -1 1 0 3 7 -1",          "a size and format of a number, found 0x3"         },
    {"1 5 -1 1 0 1288 7 -1",       "a size and format of a number, found 0x508"       },
    {"1 -2 0 0 134479873 7",       "a size and format of a number, found 0x8040001"   },
    {"1 5 -1 1 3 9 0 1 0 0 -1",    "a size and format of a number, found 0x9"         },
    {"1 5 -1 1 3 4 1000 1 0 0 -1", "the index of a result, found 0x3e8"               },
    {"1 5 -1 1 3 4 0 0 0 0 -1",    "a divisor other than 0"                           },
    {"1 -2 16781312 0 1 7",        "an offset into the data region, found 0x1001000"  },
    {"1 -2 0 4 3 7 7",             "so many bytes of data in the stream, found 0x3"   },
    {"1 -2 0 5 2 1",               "the internet checksum, found 0x1"                 },
    {"1 -2 0 5 2 0 33",            "a number of chunks, found 0x21"                   },
    {"1 -2 0 5 2 0 1 2",           "a kind of chunk, found 0x2"                       },
    {"1 -2 0 5 2 0 1 1 7 3",       "a number of 2 or 4 bytes in a checksum, found 0x3"},
    {"1 5 -1 0 -3 1000 0 4",       "the index of a result, found 0x3e8"               },
    {"1 5 -1 0 -3 0 0 3",          "1, 2, 4 or 8 bytes of a result, found 0x3"        },
    {"1 -4 0 2",                   "0 or 1, found 0x2"                                },
};

static size_t put_words(uint8_t *out, const char *words)
{
    size_t size = 0;
    char *end;

    for (long long n = strtoll(words, &end, 10); end != words; n = strtoll(words, &end, 10)) {
        uint64_t coded = (uint64_t)n << 1 ^ (n < 0 ? UINT64_MAX : 0);
        for (; coded >= 0x80; coded >>= 7)
            out[size++] = (uint8_t)(coded | 0x80);
        out[size++] = (uint8_t)coded;
        words = end;
    }
    return size;
}

static void test_refusals(void)
{
    uint8_t bytes[128];

    for (size_t i = 0; i < LENGTH_OF(bad_rows); i++) {
        struct diag dg = {0};
        size_t size = put_words(bytes, bad_rows[i].stream);
        enum status st = decode_all(bytes, size, &dg);
        tap_ok(st == ST_MALFORMED && strstr(dg.text, bad_rows[i].expected) != NULL &&
                   dg.offset <= size,
               "\"%s\": %s", bad_rows[i].stream, dg.text);
    }
}

/* ---- the synthetic programs ---- */

/* What the call would end with; -1: it cannot be said without an executor. */
static int outcome(const struct exec_memory *m, const struct syz_exec_instruction *ins)
{
    switch (ins->number) {
    case EXEC_syz_compare: return mem_compare(m, ins);
    case EXEC_syz_errno: return (int)mem_value(m, &ins->args[0]);
    case EXEC_syz_nothing: return 0;
    default: return -1;
    }
}

struct run {
    unsigned calls, as_expected, unknown, first_wrong; /* first_wrong: a line, 0: none */
    int got;
};

static enum status run_stream(const struct job *job, struct exec_memory *m, struct run *run,
                              struct diag *dg)
{
    static struct syz_exec_instruction ins;
    struct syz_decoder d;
    uint32_t call = 0;

    memset(m->bytes, 0, sizeof(m->bytes));
    memset(m->has_result, 0, sizeof(m->has_result));
    TRY(syz_decode_start(&d, job->stream.data, job->stream.size, dg));
    for (;;) {
        TRY(syz_decode_next(&d, &ins, dg));
        if (ins.kind == SYZ_EXEC_END)
            return ST_OK;
        if (ins.kind == SYZ_EXEC_COPYIN)
            mem_copyin(m, &ins);
        if (ins.kind == SYZ_EXEC_COPYOUT) {
            m->results[ins.index] = mem_load(m, ins.address, ins.size, m->is_big);
            m->has_result[ins.index] = true;
        }
        if (ins.kind != SYZ_EXEC_CALL)
            continue;
        const struct syz_expect_call *want = &job->expect.calls[call++];
        int got = want->end == SYZ_RETURNS ? outcome(m, &ins) : -1;
        run->calls++;
        run->unknown += got < 0;
        run->as_expected += got >= 0 && got == want->error;
        if (got >= 0 && got != want->error && run->first_wrong == 0) {
            run->first_wrong = want->line;
            run->got = got;
        }
    }
}

static bool has_word(void *ctx, struct str word)
{
    const struct job *job = ctx;
    char text[64];

    snprintf(text, sizeof(text), "%.*s", (int)word.size, word.text);
    if (strcmp(text, "bigendian") == 0)
        return job->arch->is_big_endian;
    if (strncmp(text, "arch=", 5) == 0)
        return strcmp(text + 5, job->arch->name) == 0;
    return true; /* the rest is about how calls run, which they do not here */
}

static void try_file(struct job *job, struct exec_memory *m, const char *name, unsigned *ran)
{
    struct run run = {0};
    struct diag dg = {0};
    const char *machine = job->arch->is_big_endian ? "big-endian" : job->arch->name;

    enum status st = arena_guard(&job->arena, encode, job, &dg);
    if (st != ST_OK) {
        tap_ok(false, "%s (%s): %u:%u: %s", name, machine, dg.line, dg.column, dg.text);
        return;
    }
    struct str unmet = syz_expect_unmet(&job->expect, has_word, job);
    if (unmet.size != 0)
        return;
    m->is_big = job->arch->is_big_endian;
    st = run_stream(job, m, &run, &dg);
    ++*ran;
    tap_ok(st == ST_OK && run.first_wrong == 0,
           "%s (%s): %u calls, %u as expected, %u not for this test; wrong: line %u, got %s %s",
           name, machine, run.calls, run.as_expected, run.unknown, run.first_wrong,
           run.got == 0 ? "success" : syz_errno_name(run.got), dg.text);
}

static void test_suite(const char *root, const struct syz_arch *arch, unsigned *ran)
{
    struct job job = {.arch = arch};
    struct dirent **entries = NULL;
    struct diag dg = {0};
    struct exec_memory *m = calloc(1, sizeof(*m));
    char folder[4096], path[4096];

    snprintf(folder, sizeof(folder), "%s/syzlang/test", root);
    snprintf(path, sizeof(path), "%s/syzprog/test", root);
    job.folder = folder;
    arena_init(&job.arena, ARENA_BYTES);
    if (arena_guard(&job.arena, compile, &job, &dg) != ST_OK)
        tap_ok(false, "%s: %s", folder, dg.text);
    int count = job.target == NULL || m == NULL ? 0 : scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char file[8192];
        snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
        job.text = entries[i]->d_name[0] == '.' ? (struct str){0} : load_file(file);
        if (job.text.text != NULL)
            try_file(&job, m, entries[i]->d_name, ran);
        free((void *)(uintptr_t)job.text.text);
        free(entries[i]);
    }
    free(entries);
    free(m);
    arena_free(&job.arena);
}

int main(void)
{
    static const struct syz_arch big = {"64", SYZ_TEST, 8, 8, true};
    const char *root = suites_root();
    unsigned ran = 0;

    test_golden();
    test_refusals();
    if (root != NULL) {
        test_suite(root, syz_arch_find("64"), &ran);
        test_suite(root, syz_arch_find("32"), &ran);
        test_suite(root, &big, &ran);
        printf("# %u programs of the suite, on three machines\n", ran);
    }
    return tap_done();
}
