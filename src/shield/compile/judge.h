/* judge: the verifier's verdict on a whole image, function by function on several threads.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_COMPILE_JUDGE_H
#define SHIELD_COMPILE_JUDGE_H

#include "shield/compile/image.h"
#include "shield/wasm/module.h"

enum {
    JUDGE_THREADS_MAX = 16,
    JUDGE_THREAD_TEXT_BYTES = 128 << 10, /* of machine code: a thread more for each so many */
};

/* bytes: text, padding and pool as they will be executed, which nobody writes any more. ST_OK only
 * when every function stays in its sandbox; ST_INVALID names the lowest one that does not, the
 * offset in text, the instruction and why. */
MUST_USE enum status judge_image(const struct image *image, const struct wm_module *wm,
                                 const uint8_t *bytes, struct diag *dg);

#endif /* SHIELD_COMPILE_JUDGE_H */
