/* link: do the given imports have the types the module asks for?
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_RUNTIME_LINK_H
#define SHIELD_RUNTIME_LINK_H

#include "shield/runtime/store.h"

/* ST_OK, or ST_UNLINKABLE: "incompatible import type: "env"."f": expected func (param i32), found
 * func (param i64)". An import whose pointer is NULL is an "unknown import". ST_USAGE: module
 * of another engine or import of another store. Changes nothing. */
MUST_USE enum status rt_link_check(const struct rt_store *s, const struct rt_module *m,
                                   const struct rt_extern *imports, uint32_t import_count,
                                   struct diag *dg);

/* No kind, or a NULL pointer. */
bool rt_extern_is_missing(const struct rt_extern *e);
/* Does it belong to another store? Shared memories belong to every store. e is not missing. */
bool rt_extern_is_foreign(const struct rt_store *s, const struct rt_extern *e);

/* The type of something importable in the words of the text format, cut at size. Types by index
 * show what they are and their number in the engine: (ref null struct#12). */
enum { RT_EXTERN_TEXT_MAX = 160 };
void rt_extern_text(const struct rt_registry *types, const struct rt_extern *e, char *out,
                    size_t size);

#endif /* SHIELD_RUNTIME_LINK_H */
