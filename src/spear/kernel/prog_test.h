/* prog_test: test programs, whose comments say how each call must end (syz/expect.h), run in a
 * machine: in one thread and in many, once and repeatedly.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_PROG_TEST_H
#define SPEAR_KERNEL_PROG_TEST_H

#include "spear/syz/prog.h"
#include "spear/vm/vm.h"

enum prog_verdict { PROG_PASSED, PROG_FAILED, PROG_SKIPPED };

struct prog_tester {
    struct vm *vm; /* alive */
    uint32_t slot;
    const struct syz_target *target;
    bool runs_manual;         /* also programs that are marked `manual` */
    struct vm_result *result; /* the caller's, with data */
    uint64_t next_id;
};

struct prog_tested {
    enum prog_verdict verdict;
    uint32_t ways;   /* in which it was run */
    uint32_t calls;  /* of the program */
    uint32_t line;   /* of the first call that ended otherwise; 0: none */
    enum vm_end end; /* not VM_RAN: the machine is dead */
    char why[256];   /* it failed or was skipped */
};

/* A strict parse; a refusal of the text is a failure with its line. Programs with calls that the
 * executor does not have are skipped. */
void prog_test(struct prog_tester *t, struct str text, struct prog_tested *out);

/* Runs an encoded program once. */
enum vm_end prog_run(struct prog_tester *t, struct str stream, uint32_t flags, uint32_t repeat);

#endif /* SPEAR_KERNEL_PROG_TEST_H */
