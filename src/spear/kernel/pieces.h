/* pieces: the executor's own source, carried in the program, so that a C reproducer is made of what
 * ran in the test machine. See src/spear/executor/pieces/pieces.def.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_KERNEL_PIECES_H
#define SPEAR_KERNEL_PIECES_H

#include "base/buf.h"

enum piece {
#define PIECE(name, use) PIECE_##name,
#include "spear/executor/pieces/pieces.def"
    PIECE_COUNT
};

struct piece_set {
    bool has[PIECE_COUNT];
};
/* Adds a piece and all it stands on. */
void piece_add(struct piece_set *set, enum piece piece);
/* False when there is none of that name. */
bool piece_find(const char *name, enum piece *out);

/* The lines `#include <...>` of the pieces and of more (NULL after the last, names such as
 * "sys/mman.h"), sorted, each once. */
void pieces_print_includes(struct buf *out, const struct piece_set *set, const char *const *more);
/* Their bodies, each after those it stands on. */
void pieces_print_bodies(struct buf *out, const struct piece_set *set);

#endif /* SPEAR_KERNEL_PIECES_H */
