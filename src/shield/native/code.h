/*
 * code: how a module gets its compiled code: compiled now, or from the cache, or from an artefact
 * that was opened before. SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_NATIVE_CODE_H
#define SHIELD_NATIVE_CODE_H

#include "shield/compile/pipeline.h"
#include "shield/native/state.h"

/* rt_tier.module_init: compiles unless the options say otherwise. A module that cannot be compiled
 * is left to the interpreter unless native_options.must_compile. */
MUST_USE enum status native_module_init(struct rt_module *m, struct str artefact, struct diag *dg);
/* rt_tier.module_unpack. */
MUST_USE enum status native_module_unpack(const uint8_t *bytes, size_t size, struct str *wasm,
                                          struct diag *dg);
void native_code_free(struct native_code *code); /* NULL is fine */

/* Code of a compiled module that counts fuel if m->image does not, and the other way round;
 * compiled now if need be. NULL: it cannot be had. Any thread. */
const struct native_code *native_other_code(struct rt_module *m);

/* Maps an image of this module. image is the code's from now on, freed too when this fails. */
MUST_USE enum status native_code_new(struct rt_module *m, struct image *image,
                                     struct native_code **out, struct diag *dg);

#endif /* SHIELD_NATIVE_CODE_H */
