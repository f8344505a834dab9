/*
 * object: a relocatable ELF file for x86-64 from functions that were compiled one by one: .text,
 * .rodata, .eh_frame, symbols, relocations. For front ends without a sandbox.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_COMPILE_OBJECT_H
#define SHIELD_COMPILE_OBJECT_H

#include "base/buf.h"
#include "base/map.h"
#include "shield/codegen/codegen.h"

struct object_symbol; /* opaque */

struct object {
    struct arena *arena;
    struct buf text, pool, unwind, names; /* of sections */
    struct buf text_relocs, pool_relocs, unwind_relocs;
    struct map by_name;             /* to struct object_symbol */
    struct object_symbol **symbols; /* in order of number */
    uint32_t symbol_count, symbol_capacity;
};

/* Everything lives in a; run each function inside arena_guard() of it. */
void object_init(struct object *o, struct arena *a);
/* callee_names: by the number of an IR_CALLEE_SYMBOL. ST_USAGE: the name is defined already. */
MUST_USE enum status object_add(struct object *o, const char *name, const struct codegen_code *code,
                                const char *const *callee_names, struct diag *dg);
/* Appends the whole file. Functions may be added afterwards for another one. */
void object_write(struct object *o, struct buf *out);

#endif /* SHIELD_COMPILE_OBJECT_H */
