/* test_status: the table of endings has distinct words and the documented exit codes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include <string.h>

static const struct {
    enum status status;
    int exit_code; /* as the man page documents it */
} rows[] = {
    {ST_OK,          0  },
    {ST_USAGE,       64 },
    {ST_MALFORMED,   65 },
    {ST_INVALID,     65 },
    {ST_UNSUPPORTED, 65 },
    {ST_UNLINKABLE,  65 },
    {ST_IO,          66 },
    {ST_NO_MEMORY,   71 },
    {ST_LIMIT,       75 },
    {ST_FUEL,        75 },
    {ST_TIMEOUT,     75 },
    {ST_TRAP,        134},
    {ST_EXCEPTION,   134},
    {ST_EXIT,        0  },
};

int main(void)
{
    tap_ok(LENGTH_OF(rows) == ST_COUNT, "every status has a row here");
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        enum status st = rows[i].status;
        bool fresh = true;
        for (uint32_t j = 0; j < i; j++)
            fresh = fresh && strcmp(status_text(st), status_text(rows[j].status)) != 0;
        tap_ok(fresh && status_exit_code(st) == rows[i].exit_code, "%s exits %d", status_text(st),
               status_exit_code(st));
    }
    tap_ok(status_exit_code(ST_COUNT) == 70, "a status out of range is a bug of ours: 70");
    tap_ok(strcmp(status_text(ST_COUNT), "unknown status") == 0, "and has words");
    return tap_done();
}
