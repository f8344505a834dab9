/* fuzz_sfi: the verifier on any bytes. The first byte chooses what the rest is:
 *   even   the code of a function
 *   odd    a row of the unit test, and edits of its bytes: (place, new byte) pairs
 * It ends and never reads past what it is given; what it refuses it says why; what it accepts it
 * accepts again. Blind to: whether what is accepted is harmless. test_sfi_mutants runs it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "../tests/unit/sfi_env.h"

#include "fuzz.h"
#include "shield/verify/sfi/decode.h"

static const struct sfi_row rows[] = {
#include "../tests/unit/sfi_rows_control.h"
#include "../tests/unit/sfi_rows_frame.h"
#include "../tests/unit/sfi_rows_memory.h"
};

struct job {
    struct sfi_env env;
    struct arena arena;
};

static enum status judge(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct sfi_worker *w = sfi_worker_new(&job->arena, &policy, &job->env.image);
    const enum status first = sfi_judge(w, 0, dg), again = sfi_judge(w, 0, dg);

    FUZZ_CHECK(first == again, "the same judgement of the same bytes");
    return again;
}

static void edit_row(struct job *job, const uint8_t *data, size_t size)
{
    const struct sfi_row *row = &rows[data[1] % LENGTH_OF(rows)];

    sfi_env_init(&job->env, row->hex, row->targets);
    uint32_t bytes = job->env.functions[0].size;
    for (size_t i = 2; i + 1 < size; i += 2)
        job->env.bytes[data[i] % bytes] = data[i + 1];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t no_targets[SFI_TARGETS_MAX];
    static struct job job;
    struct diag dg = {0};
    struct sfi_insn ins;

    if (size < 3)
        return 0;
    if (sfi_decode(data, size, &ins))
        FUZZ_CHECK(ins.length != 0 && ins.length <= size,
                   "no instruction is longer than its bytes");
    if (data[0] % 2 == 0) {
        sfi_env_init(&job.env, "", no_targets);
        job.env.functions[0].size = (uint32_t)MIN(size - 1, (size_t)SFI_CALLEE);
        memcpy(job.env.bytes, data + 1, job.env.functions[0].size);
    } else {
        edit_row(&job, data, size);
    }
    arena_init(&job.arena, FUZZ_ARENA_BYTES);
    if (arena_guard(&job.arena, judge, &job, &dg) != ST_OK)
        FUZZ_CHECK(dg.text[0] != '\0', "a refusal says why");
    arena_free(&job.arena);
    return 0;
}
