/* doctor: what the parts of `mujun doctor` share. SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/cli.h"
#include "spear/vm/vm.h"

enum doctor_verdict {
    DOCTOR_GOOD,
    DOCTOR_NOTE, /* worth knowing; fuzzing goes on without it */
    DOCTOR_BAD,  /* no fuzzing until it is mended */
};

enum { DOCTOR_ROWS_MAX = 48, DOCTOR_TEXT_MAX = 768 };

struct doctor_row {
    enum doctor_verdict verdict;
    const char *what; /* static */
    char text[DOCTOR_TEXT_MAX];
};

struct doctor {
    struct doctor_row rows[DOCTOR_ROWS_MAX];
    uint32_t row_count, failed;
    bool is_json, shows_console;
    size_t console_shown; /* bytes of the console of the machine that boots */
    char kernel[4096];    /* found when none was given */
};

/* Adds a row, and prints it unless all is JSON. */
void doctor_say(struct doctor *d, enum doctor_verdict verdict, const char *what, const char *fmt,
                ...) PRINTF_LIKE(4, 5);
/* All that can be looked at without a machine. Fills in the kernel when none was given. */
void doctor_check_host(struct doctor *d, struct vm_options *options);

#endif /* CLI_DOCTOR_H */
