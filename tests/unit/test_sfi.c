/* test_sfi: each rule of the verifier by code that keeps it and code that breaks it. The rows were
 * assembled from the text beside them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "sfi_env.h"
#include "tap.h"

static const struct sfi_row rows[] = {
#include "sfi_rows_control.h"
#include "sfi_rows_frame.h"
#include "sfi_rows_memory.h"
};

int main(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        const struct sfi_row *row = &rows[i];
        struct sfi_env env;
        struct diag dg = {0};

        sfi_env_init(&env, row->hex, row->targets);
        enum status st = sfi_verify(&policy, &env.image, &dg);
        bool pass = row->want == NULL ? st == ST_OK
                                      : st == ST_INVALID && strstr(dg.text, row->want) != NULL;
        if (!tap_ok(pass, "%s", row->name))
            printf("#   %s\n#   got: %s\n#   want: %s\n", row->text, st == ST_OK ? "ok" : dg.text,
                   row->want == NULL ? "ok" : row->want);
    }
    return tap_done();
}
