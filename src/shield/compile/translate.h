/*
 * translate: a function body of a validated module to IR. One pass over the bytes (and one before
 * it that only notes which locals are set where); all work is linear in the size of the body times
 * the arity of its labels.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_COMPILE_TRANSLATE_H
#define SHIELD_COMPILE_TRANSLATE_H

#include "shield/compile/layout.h"
#include "shield/compile/memory_plan.h"
#include "shield/ir/ir.h"
#include "shield/wasm/module.h"

/* What all functions of a module have in common. Everything is borrowed. */
struct translate_env {
    const struct wm_module *wm; /* validated, and translate_declarations_supported() */
    const struct layout *layout;
    const enum memory_plan *plans; /* one per memory: what the code is made for */
    bool metered;                  /* counts fuel: see interp/interp.h for what costs what */
    bool canonical_nan;
    /* Locals that live longer than a block are places in the frame, not values: made faster, for
     * code that nobody optimises. */
    bool locals_in_frame;
};

/* Memory that translations use again and again; one per thread. */
struct translate_scratch {
    struct arena arena;
    struct tf *state; /* of translate_int.h; lives in the arena */
};
enum { TRANSLATE_SCRATCH_BYTES = 512 << 20 };
void translate_scratch_init(struct translate_scratch *s);
void translate_scratch_free(struct translate_scratch *s);

/* Can the module be compiled? ST_OK, or ST_UNSUPPORTED with the reason, the first use of garbage
 * collected objects or exceptions: such a module runs on the interpreter. Looks at every body. */
MUST_USE enum status translate_supported(const struct wm_module *wm, struct diag *dg);
/* The same of what is not a body; translate_function() refuses bodies. */
MUST_USE enum status translate_declarations_supported(const struct wm_module *wm, struct diag *dg);

/* Fills *out, which ir_func_init() has prepared with the number of the function among the defined
 * ones (func_index counts imported ones too); calls to functions of the module are
 * IR_CALLEE_LOCAL with that same numbering. Run inside arena_guard() of out->arena. sources are
 * byte offsets in the module. ST_LIMIT names the limit; ST_UNSUPPORTED as above. */
MUST_USE enum status translate_function(const struct translate_env *env, uint32_t func_index,
                                        struct translate_scratch *scratch, struct ir_func *out,
                                        struct diag *dg);

/* Types of values in generated code. */
enum ir_type translate_type(struct wm_valtype type);
/* The signature of a function type, interned in f. */
uint32_t translate_signature(struct ir_func *f, const struct wm_type *type);

#endif /* SHIELD_COMPILE_TRANSLATE_H */
