/* test_diag: a refusal says what and where, keeps the first cause, and is cut, never overrun.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "base/diag.h"

#include <string.h>

static void test_format(void)
{
    char out[128];
    struct diag dg;

    enum status st = diag_fail(&dg, ST_MALFORMED, 0x2f, "section %d claims %d bytes", 3, 255);
    diag_format(&dg, "b.wasm", out, sizeof(out));
    tap_ok(st == ST_MALFORMED &&
               strcmp(out, "b.wasm:0x2f: malformed input: section 3 claims 255 bytes") == 0,
           "binary: %s", out);

    st = diag_fail_at(&dg, ST_INVALID, 12, 7, "expected i32, found i64");
    diag_format(&dg, "b.wat", out, sizeof(out));
    tap_ok(st == ST_INVALID &&
               strcmp(out, "b.wat:12:7: invalid module: expected i32, found i64") == 0,
           "text: %s", out);

    st = diag_fail(&dg, ST_IO, DIAG_NO_OFFSET, "no such file");
    diag_format(&dg, "c", out, sizeof(out));
    tap_ok(st == ST_IO && strcmp(out, "c: input/output error: no such file") == 0, "file: %s", out);

    char tiny[8];
    diag_format(&dg, "c", tiny, sizeof(tiny));
    tap_ok(strcmp(tiny, "c: inpu") == 0, "cut at the size given: %s", tiny);
}

static void test_context(void)
{
    struct diag dg;

    enum status st = diag_fail(&dg, ST_INVALID, 5, "bad");
    st = diag_in(&dg, st, "body #%d", 2);
    st = diag_in(&dg, st, "section %s", "code");
    tap_ok(st == ST_INVALID && dg.offset == 5 &&
               strcmp(dg.text, "bad; in body #2; in section code") == 0,
           "callers add where: %s", dg.text);

    struct diag untouched = {0};
    tap_ok(diag_in(&untouched, ST_OK, "x") == ST_OK && untouched.text[0] == '\0',
           "success adds nothing");
    tap_ok(diag_fail(NULL, ST_LIMIT, 0, "x") == ST_LIMIT &&
               diag_fail_at(NULL, ST_LIMIT, 1, 1, "x") == ST_LIMIT &&
               diag_in(NULL, ST_LIMIT, "x") == ST_LIMIT,
           "a caller that wants no message gets none");
}

static void test_cut(void)
{
    char long_text[2 * DIAG_TEXT_MAX];
    struct diag dg;

    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    enum status st = diag_fail(&dg, ST_IO, DIAG_NO_OFFSET, "%s", long_text);
    tap_ok(st == ST_IO && strlen(dg.text) == DIAG_TEXT_MAX - 1, "a long message is cut at %d",
           DIAG_TEXT_MAX - 1);
    for (uint32_t i = 0; i < 10; i++)
        st = diag_in(&dg, st, "somewhere");
    tap_ok(st == ST_IO && strlen(dg.text) == DIAG_TEXT_MAX - 1, "and stays so");
}

int main(void)
{
    test_format();
    test_context();
    test_cut();
    return tap_done();
}
