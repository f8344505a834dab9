/* journal: what has been run in a machine lately, per slot, so that the log of a crash can name the
 * programs before it. Functions may be called by any thread. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_JOURNAL_H
#define SPEAR_KERNEL_JOURNAL_H

#include "base/buf.h"

enum {
    JOURNAL_SHOWN = 6,            /* programs per slot in a log */
    JOURNAL_KEPT = 64,            /* per slot: a report may name an older one */
    JOURNAL_TEXT_MAX = 256 << 10, /* bytes of one program; longer ones are cut */
};

struct journal;

/* NULL when memory is out. */
struct journal *journal_new(uint32_t slots);
void journal_free(struct journal *j);

/* text is copied; before the program is sent, so that a crash finds it here. */
void journal_begin(struct journal *j, uint32_t slot, uint64_t id, struct str text);
void journal_end(struct journal *j, uint32_t slot, uint64_t id);

/* Writes the last programs of every slot, oldest first, each as
 *     1.2s ago: executing program SLOT (id=ID):
 *     TEXT
 *
 * Those that still run are marked so. named_id: a program that is shown however old; 0: none.
 * Inside arena_guard() of out's arena. */
void journal_print(struct journal *j, uint64_t named_id, struct buf *out);

#endif /* SPEAR_KERNEL_JOURNAL_H */
