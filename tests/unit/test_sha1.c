/* test_sha1: the examples of FIPS 180-4, lengths around a block, in pieces of every size.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/sha1.h"
#include "tap.h"

#include <string.h>

static const struct {
    const char *name, *text;
    uint32_t times; /* the text again and again */
    const char *want;
} rows[] = {
    {"nothing", "", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {"one block", "abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {"two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
    {"a million", "aaaaaaaaaa", 100000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"},
    {"a block less the length", "1234567890123456789012345678901234567890123456789012345", 1,
     "827a683fdfdbef225a2421078b7789b134c7eafa"},
    {"one more", "12345678901234567890123456789012345678901234567890123456", 1,
     "0a84666b66e843a4146088fb46aabaa998b4c2b1"},
    {"a whole block", "1234567890123456789012345678901234567890123456789012345678901234", 1,
     "c71490fc24aa3d19e11282da77032dd9cdb33103"},
};

static void in_pieces(const uint8_t *data, size_t size, size_t step, uint8_t out[SHA1_BYTES])
{
    struct sha1 s;

    sha1_begin(&s);
    for (size_t at = 0; at < size; at += step)
        sha1_add(&s, data + at, MIN(step, size - at));
    sha1_end(&s, out);
}

static void check_row(uint32_t i)
{
    char hex[2 * SHA1_BYTES + 1];
    uint8_t digest[SHA1_BYTES];
    struct sha1 s;

    sha1_begin(&s);
    for (uint32_t k = 0; k < rows[i].times; k++)
        sha1_add(&s, rows[i].text, strlen(rows[i].text));
    sha1_end(&s, digest);
    for (uint32_t k = 0; k < SHA1_BYTES; k++)
        snprintf(hex + 2 * k, 3, "%02x", digest[k]);
    tap_ok(strcmp(hex, rows[i].want) == 0, "%s: %s", rows[i].name, hex);
}

int main(void)
{
    uint8_t data[200], whole[SHA1_BYTES], pieces[SHA1_BYTES];
    bool all = true;

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++)
        check_row(i);
    for (uint32_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7);
    for (size_t size = 1; size <= sizeof(data); size++) {
        in_pieces(data, size, size, whole);
        for (size_t step = 1; step < size; step++) {
            in_pieces(data, size, step, pieces);
            all = all && memcmp(whole, pieces, sizeof(whole)) == 0;
        }
    }
    tap_ok(all, "pieces of every size give the same, for every length up to %zu", sizeof(data));
    return tap_done();
}
