/* qmp: commands to a machine emulator over its control socket, one at a time, each waiting for its
 * answer. One thread at a time. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_VM_QMP_H
#define SPEAR_VM_QMP_H

#include "base/diag.h"

#include <jansson.h>

struct qmp {
    int fd;     /* ours; -1: closed */
    char *data; /* what has come and was not read yet */
    size_t size, capacity;
};

/* Takes the descriptor, waits for the greeting, and makes the emulator listen. */
MUST_USE enum status qmp_open(struct qmp *q, int fd, int timeout_ms, struct diag *dg);
void qmp_close(struct qmp *q); /* harmless twice */

/* Sends a command; arguments are consumed, NULL is none. answer (NULL: not wanted) is owned by the
 * caller (json_decref), written only on ST_OK. What the emulator refuses is ST_UNSUPPORTED with its
 * words; ST_IO means that it is gone, ST_TIMEOUT that it does not answer. */
MUST_USE enum status qmp_command(struct qmp *q, const char *command, json_t *arguments,
                                 json_t **answer, int timeout_ms, struct diag *dg);
/* Hands over a descriptor, known there as name. It stays open here. */
MUST_USE enum status qmp_give_fd(struct qmp *q, const char *name, int fd, int timeout_ms,
                                 struct diag *dg);
/* A command of the human monitor, for what has no other; anything it says is a refusal. */
MUST_USE enum status qmp_human(struct qmp *q, const char *line, int timeout_ms, struct diag *dg);

#endif /* SPEAR_VM_QMP_H */
