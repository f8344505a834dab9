/* fuzz: what the harnesses share. SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/base.h"

/* A broken promise ends the process, so that libFuzzer keeps the input. */
#define FUZZ_CHECK(cond, promise) CHECK(cond, promise)

/* What one input may take; a size bomb must end here as ST_LIMIT, not as a dead process. */
#define FUZZ_ARENA_BYTES ((size_t)512 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* FUZZ_FUZZ_H */
