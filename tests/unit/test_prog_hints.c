/* Comparison hints: every width, byte order and sign, by row: what was compared, and which mutants
 * come of it. SPDX-License-Identifier: Apache-2.0 */
#include "described.h"
#include "spear/syz/mutate.h"
#include "tap.h"

#include <string.h>

static const char descriptions[] =
    "i8(a int8)\n"
    "i16(a int16)\n"
    "i32(a int32)\n"
    "i64(a int64)\n"
    "set(a flags[values, int32])\n"
    "values = 0x1111, 0x2222, 0x4444\n"
    "fixed(a const[0x12345678, int32])\n"
    "be(a ptr[in, be_fields])\n"
    "be_fields {\n\ta int16be\n\tb int32be\n\tc int64be\n} [packed]\n"
    "bits(a ptr[in, bit_fields])\n"
    "bit_fields {\n\ta int32:12\n\tb int32:8\n\tc int32:12\n}\n"
    "data(a ptr[in, array[int8]], b bytesize[a])\n"
    "out(a ptr[out, array[int8]], b bytesize[a])\n"
    "text(a ptr[in, string])\n"
    "word(a ptr[in, string[\"magic\"]])\n"
    "file(a ptr[in, string[filename]])\n"
    "digits(a ptr[in, fmt[hex, int64]])\n"
    "sized(a ptr[in, array[int8]], b bytesize[a, int32])\n";

/* clang-format off */
static const struct {
    const char *what, *text;
    struct syz_comparison compared[2];
    const char *want; /* mutants, in order */
} rows[] = {
    {"32 bits with a constant", "i32(0x1234)\n",
     {{0, 0xdeadbeef, 0x1234, 4, true}}, "i32(0xdeadbeef)\n"},
    {"our value is the constant: nobody asks for it", "i32(0x1234)\n",
     {{0, 0x1234, 0xdeadbeef, 4, true}}, ""},
    {"no constant: both ways, left", "i32(0x1234)\n",
     {{0, 0x1234, 0xdeadbeef, 4, false}}, "i32(0xdeadbeef)\n"},
    {"no constant: both ways, right", "i32(0x1234)\n",
     {{0, 0xdeadbeef, 0x1234, 4, false}}, "i32(0xdeadbeef)\n"},
    {"two values", "i32(0x1234)\n",
     {{0, 0x77777777, 0x1234, 4, true}, {0, 0x66666666, 0x1234, 4, true}},
     "i32(0x66666666)\ni32(0x77777777)\n"},
    {"the same twice", "i32(0x1234)\n",
     {{1, 0x77777777, 0x1234, 4, true}, {2, 0x77777777, 0x1234, 4, true}}, "i32(0x77777777)\n"},
    {"another value", "i32(0x1235)\n", {{0, 0xdeadbeef, 0x1234, 4, true}}, ""},
    {"64 bits", "i64(0x1122334455667788)\n",
     {{0, 0xfedcba9876543210, 0x1122334455667788, 8, true}}, "i64(0xfedcba9876543210)\n"},
    {"low 32 of 64 bits", "i64(0x1122334455667788)\n",
     {{0, 0xcafebabe, 0x55667788, 4, true}}, "i64(0x11223344cafebabe)\n"},
    {"low 16 of 64 bits", "i64(0x1122334455667788)\n",
     {{0, 0xcafe, 0x7788, 2, true}}, "i64(0x112233445566cafe)\n"},
    {"low 8 of 64 bits", "i64(0x1122334455667788)\n",
     {{0, 0x5a, 0x88, 1, true}}, "i64(0x112233445566775a)\n"},
    {"16 bits, widened without sign", "i16(0x8877)\n",
     {{0, 0x9988, 0x8877, 4, true}}, "i16(0x9988)\n"},
    {"16 bits, widened with sign", "i16(0x8877)\n",
     {{0, 0xffff9988, 0xffff8877, 4, true}}, "i16(0x9988)\n"},
    {"16 bits, widened with sign to 64", "i16(0x8877)\n",
     {{0, 0xffffffffffff9988, 0xffffffffffff8877, 8, true}}, "i16(0x9988)\n"},
    {"what does not fit", "i16(0x1234)\n", {{0, 0x54321, 0x1234, 4, true}}, ""},
    {"8 bits are few enough to guess", "i8(0x12)\n", {{0, 0x34, 0x12, 1, true}}, ""},
    {"numbers that are guessed anyway", "i32(0x1234)\n", {{0, 0x1000, 0x1234, 4, true}}, ""},
    {"swapped by the kernel: 16 bits", "i16(0x1234)\n",
     {{0, 0x5678, 0x3412, 2, true}}, "i16(0x7856)\n"},
    {"swapped by the kernel: 32 bits", "i32(0x11223344)\n",
     {{0, 0xaabbccdd, 0x44332211, 4, true}}, "i32(0xddccbbaa)\n"},
    {"swapped by the kernel: 64 bits", "i64(0x1122334455667788)\n",
     {{0, 0x0102030405060709, 0x8877665544332211, 8, true}}, "i64(0x907060504030201)\n"},
    {"a value of the set is tried anyway", "set(0x1111)\n",
     {{0, 0x2222, 0x1111, 4, true}}, ""},
    {"a value outside of the set", "set(0x1111)\n",
     {{0, 0x3333, 0x1111, 4, true}}, "set(0x3333)\n"},
    {"constants too", "fixed(0x12345678)\n",
     {{0, 0x87654321, 0x12345678, 4, true}}, "fixed(0x87654321)\n"},
    {"big-endian 16, compared after swapping", "be(&(0x7f0000000000)={0x1234})\n",
     {{0, 0x5678, 0x1234, 2, true}}, "be(&(0x7f0000000000)={0x5678})\n"},
    {"big-endian 16, compared as it stands", "be(&(0x7f0000000000)={0x1234})\n",
     {{0, 0x7856, 0x3412, 2, true}}, "be(&(0x7f0000000000)={0x5678})\n"},
    {"big-endian 32, compared as it stands", "be(&(0x7f0000000000)={0x0, 0x1234})\n",
     {{0, 0x78560000, 0x34120000, 4, true}}, "be(&(0x7f0000000000)={0x0, 0x5678})\n"},
    {"big-endian 64, compared as it stands", "be(&(0x7f0000000000)={0x0, 0x0, "
     "0x1122334455667788})\n",
     {{0, 0x0807060504030221, 0x8877665544332211, 8, true}},
     "be(&(0x7f0000000000)={0x0, 0x0, 0x2102030405060708})\n"},
    {"bit-field of 12", "bits(&(0x7f0000000000)={0xabc})\n",
     {{0, 0x123, 0xabc, 4, true}}, "bits(&(0x7f0000000000)={0x123})\n"},
    {"bit-field of 12, what does not fit", "bits(&(0x7f0000000000)={0xabc})\n",
     {{0, 0x1234, 0xabc, 4, true}}, ""},
    {"bit-field of 12, its low byte", "bits(&(0x7f0000000000)={0xabc})\n",
     {{0, 0x12, 0xbc, 1, true}}, "bits(&(0x7f0000000000)={0xa12})\n"},
    {"bytes: 32 bits inside", "data(&(0x7f0000000000)=\"aabb4433221155\", 0x7)\n",
     {{0, 0xdeadbeef, 0x11223344, 4, true}}, "data(&(0x7f0000000000)=\"aabbefbeadde55\", 0x7)\n"},
    {"bytes: 32 bits inside, swapped", "data(&(0x7f0000000000)=\"aabb1122334455\", 0x7)\n",
     {{0, 0xdeadbeef, 0x11223344, 4, true}}, "data(&(0x7f0000000000)=\"aabbdeadbeef55\", 0x7)\n"},
    {"bytes: the last", "data(&(0x7f0000000000)=\"aabbccddee\", 0x5)\n",
     {{0, 0x5a, 0xee, 1, true}}, "data(&(0x7f0000000000)=\"aabbccdd5a\", 0x5)\n"},
    {"bytes: too few of them", "data(&(0x7f0000000000)=\"aabbee\", 0x3)\n",
     {{0, 0x5a, 0xee, 1, true}}, ""},
    {"bytes that the kernel writes", "out(&(0x7f0000000000)=\"\"/8, 0x8)\n",
     {{0, 0x5a5a, 0x0, 4, true}}, ""},
    {"text", "text(&(0x7f0000000000)='abcd\\x00')\n",
     {{0, 0x7a797877, 0x64636261, 4, true}}, "text(&(0x7f0000000000)='wxyz\\x00')\n"},
    {"words of a list are not touched", "word(&(0x7f0000000000)='magic\\x00')\n",
     {{0, 0x7a797877, 0x6967616d, 4, true}}, ""},
    {"names of files are not touched", "file(&(0x7f0000000000)='./file0\\x00')\n",
     {{0, 0x7a797877, 0x69662f2e, 4, true}}, ""},
    {"numbers as digits", "digits(&(0x7f0000000000)=0x1234)\n",
     {{0, 0x77777777, 0x1234, 8, true}}, "digits(&(0x7f0000000000)=0x77777777)\n"},
    {"a length that was compared stays as it is asked for",
     "sized(&(0x7f0000000000)=\"aa00\"/300, 0x12c)\n",
     {{0, 0x5432, 0x12c, 4, true}}, "sized(&(0x7f0000000000)=\"aa00\"/300, 0x5432)\n"},
};
/* clang-format on */

enum { FOUND_BYTES = 1 << 14 };

struct job {
    const struct syz_target *target;
    struct arena arena;
    struct buf found;
    uint32_t row, mutants, stop_after;
};

static bool collect(void *ctx, struct syz_prog *mutant)
{
    struct job *job = ctx;

    syz_prog_print(&job->found, mutant);
    return ++job->mutants != job->stop_after;
}

static enum status try_row(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct syz_prog *p = NULL;
    const struct syz_comparison *compared = rows[job->row].compared;

    buf_init(&job->found, &job->arena);
    buf_reserve(&job->found, FOUND_BYTES); /* what grows while a mutant lives is gone with it */
    TRY(syz_prog_parse(&job->arena, job->target, str_of(rows[job->row].text), SYZ_STRICT, &p, dg));
    syz_hints(&job->arena, p, 0, compared, compared[1].bytes != 0 ? 2 : 1, collect, job);
    bool same = str_equal((struct str){(const char *)job->found.data, job->found.size},
                          str_of(rows[job->row].want));
    tap_ok(same, "%s", rows[job->row].what);
    if (!same)
        printf("# expected %s\n# found    %.*s\n", rows[job->row].want, (int)job->found.size,
               (const char *)job->found.data);
    return ST_OK;
}

static enum status try_stopping(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct syz_prog *p = NULL;
    struct syz_comparison many[40];

    buf_init(&job->found, &job->arena);
    buf_reserve(&job->found, FOUND_BYTES); /* what grows while a mutant lives is gone with it */
    for (uint32_t i = 0; i < LENGTH_OF(many); i++)
        many[i] = (struct syz_comparison){
            .left = 0x70000000 + i, .right = 0x1234, .bytes = 4, .is_const = true};
    TRY(syz_prog_parse(&job->arena, job->target, str_of("i32(0x1234)\n"), SYZ_STRICT, &p, dg));
    job->mutants = 0;
    job->stop_after = 7;
    syz_hints(&job->arena, p, 0, many, LENGTH_OF(many), collect, job);
    tap_ok(job->mutants == 7, "stops when told: %u mutants", job->mutants);
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
    described_case(&job.arena, try_stopping, &job, "stopping");
    arena_free(&d.arena);
    return tap_done();
}
