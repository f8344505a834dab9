/* digest: SHA-1 by nettle, printed. SPDX-License-Identifier: Apache-2.0 */
#include "io/digest.h"

#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { DIGEST_CHUNK_BYTES = 64 << 10 };

void digest_begin(struct digest *d)
{
    sha1_init(&d->state);
}

void digest_add(struct digest *d, const void *data, size_t size)
{
    if (size != 0)
        sha1_update(&d->state, size, data);
}

void digest_add_text(struct digest *d, const char *text)
{
    digest_add(d, text, strlen(text) + 1);
}

enum status digest_add_file(struct digest *d, const char *path, struct diag *dg)
{
    uint8_t chunk[DIGEST_CHUNK_BYTES];
    enum status st = ST_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return file_fail(dg, errno, "cannot open %s", path);
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            st = file_fail(dg, errno, "cannot read %s", path);
        if (n <= 0)
            break;
        digest_add(d, chunk, (size_t)n);
    }
    close(fd);
    return st;
}

void digest_done(struct digest *d, char out[DIGEST_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t raw[SHA1_DIGEST_SIZE];

    sha1_digest(&d->state, sizeof(raw), raw);
    for (size_t i = 0; i < sizeof(raw); i++) {
        out[2 * i] = digits[raw[i] >> 4];
        out[2 * i + 1] = digits[raw[i] & 15];
    }
    out[DIGEST_TEXT_BYTES - 1] = '\0';
}

void digest_hex(const void *data, size_t size, char out[DIGEST_TEXT_BYTES])
{
    struct digest d;

    digest_begin(&d);
    digest_add(&d, data, size);
    digest_done(&d, out);
}
