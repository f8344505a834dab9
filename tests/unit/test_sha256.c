/* test_sha256: the examples of FIPS 180-4 and lengths around a block, in pieces of every size.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"
#include "tap.h"

#include <string.h>

static const struct {
    const char *name, *text, *want;
} rows[] = {
    {"nothing", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"one block", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void to_hex(const uint8_t *digest, char *out)
{
    for (uint32_t i = 0; i < SHA256_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static bool pieces_agree(const uint8_t *data, size_t size)
{
    uint8_t whole[SHA256_BYTES], pieces[SHA256_BYTES];

    sha256_of(data, size, whole);
    for (size_t step = 1; step <= size; step++) {
        struct sha256 s;
        sha256_begin(&s);
        s.is_plain = step % 2 == 0; /* with and without the instructions made for it */
        for (size_t at = 0; at < size; at += step)
            sha256_add(&s, data + at, MIN(step, size - at));
        sha256_end(&s, pieces);
        if (memcmp(whole, pieces, sizeof(whole)) != 0)
            return false;
    }
    return true;
}

int main(void)
{
    uint8_t digest[SHA256_BYTES], data[200];
    char hex[2 * SHA256_BYTES + 1];

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        sha256_of(rows[i].text, strlen(rows[i].text), digest);
        to_hex(digest, hex);
        tap_ok(strcmp(hex, rows[i].want) == 0, "%s: %s", rows[i].name, hex);
    }
    for (uint32_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7);
    bool all = true;
    for (size_t size = 1; size <= sizeof(data); size++)
        all = all && pieces_agree(data, size);
    tap_ok(all, "pieces of every size give the same, for every length up to 200");
    return tap_done();
}
