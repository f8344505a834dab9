/*
 * listing: a module compiled in order to be looked at: its text, IR and machine code, function by
 * function, with the place in the module that each line comes from. For explore and objdump.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_LISTING_H
#define CLI_LISTING_H

#include "cli/explore.h"
#include "cli/load.h"

struct listing_options {
    const struct cli_list *functions; /* names (or parts of them) and numbers; empty: all */
    bool optimise;
    bool with_text, with_ir;  /* else only machine code */
    bool ir_before;           /* the IR as it was translated, not as it was optimised */
    uint32_t functions_max;   /* more are left out, and said so */
};

struct listing {
    struct explore_function *functions;
    uint32_t count, left_out;
    uint32_t *offsets;   /* per function: where its code begins in the text */
    bool has_names;      /* of instructions; else bytes, for want of the disassembler's library */
};

/* Opens and validates a module, as words of --feature and -O say; the level goes into options.
 * Free m
 * afterwards, also when this fails. */
MUST_USE enum status listing_open(const char *path, const struct cli_list *features,
                                  const struct cli_number *level, struct cli_module *m,
                                  struct listing_options *options, struct diag *dg);
/* Everything lives in the module's arena; run inside arena_guard() of it. The module is validated.
 * */
MUST_USE enum status listing_make(struct cli_module *m, const struct listing_options *options,
                                  struct listing *out, struct diag *dg);

#endif /* CLI_LISTING_H */
