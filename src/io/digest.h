/* digest: SHA-1 as hexadecimal text, the name of a program in the corpus, of a crash, of a frozen
 * machine. Not for secrets. SPDX-License-Identifier: Apache-2.0 */
#ifndef IO_DIGEST_H
#define IO_DIGEST_H

#include "base/base.h"
#include "base/diag.h"

#include <nettle/sha1.h>

enum { DIGEST_TEXT_BYTES = 2 * SHA1_DIGEST_SIZE + 1 }; /* 40 digits and a NUL */

/* In one go. */
void digest_hex(const void *data, size_t size, char out[DIGEST_TEXT_BYTES]);

/* Piece by piece. digest_done() may be followed by a new digest_begin() only. */
struct digest {
    struct sha1_ctx state;
};
void digest_begin(struct digest *d);
void digest_add(struct digest *d, const void *data, size_t size);
void digest_add_text(struct digest *d, const char *text); /* and its NUL: "a","b" != "ab" */
MUST_USE enum status digest_add_file(struct digest *d, const char *path, struct diag *dg);
void digest_done(struct digest *d, char out[DIGEST_TEXT_BYTES]);

#endif /* IO_DIGEST_H */
