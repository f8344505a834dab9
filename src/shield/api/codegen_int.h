/* codegen_int: the structs behind codegen.h. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_API_CODEGEN_INT_H
#define SHIELD_API_CODEGEN_INT_H

#include "mujun/codegen.h"

#include "shield/api/api_int.h"
#include "shield/codegen/codegen.h"
#include "shield/compile/object.h"
#include "shield/ir/ir.h"

/* of one function, with all that compiling takes */
#define FUNCTION_ARENA_BYTES_MAX ((size_t)1 << 30)

struct mujun_function {
    struct arena arena;
    struct ir_func f;
    ir_block block;       /* where instructions go */
    const char **symbols; /* by the number of a callee */
    uint32_t symbol_count, symbol_capacity;
    struct diag failed;   /* the first refusal; status ST_OK: none */
};

struct mujun_code {
    struct arena arena; /* was the function's */
    struct codegen_code code;
    const char *name;
    const char **symbols;
    struct mujun_relocation *relocations;
    size_t relocation_count;
};

/* Runs fn(ctx) unless something has failed, and keeps its failure. */
bool function_try(struct mujun_function *f, enum status (*fn)(void *ctx, struct diag *dg),
                  void *ctx);
MUST_USE enum status function_signature(struct mujun_function *f,
                                        const struct mujun_ir_signature *signature, uint32_t *out,
                                        struct diag *dg);
enum ir_type function_type(enum mujun_ir_type type);

#endif /* SHIELD_API_CODEGEN_INT_H */
