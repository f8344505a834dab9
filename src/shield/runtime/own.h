/*
 * own: what a store owns, as one list, newest first. An instantiation that is refused frees what
 * it has made by going back to where the list was. Private to src/shield/runtime.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_RUNTIME_OWN_H
#define SHIELD_RUNTIME_OWN_H

#include "shield/runtime/store.h"

enum rt_owned_kind {
    RT_OWNED_RAW,      /* bytes without anything to release */
    RT_OWNED_INSTANCE, /* one struct rt_instance */
    RT_OWNED_FUNCS,    /* struct rt_func, also those of hosts */
    RT_OWNED_TABLES,   /* struct rt_table */
    RT_OWNED_MEMORIES, /* struct rt_memory *, each a reference or NULL */
    RT_OWNED_GLOBALS,  /* struct rt_global */
    RT_OWNED_TAGS,     /* struct rt_tag */
    RT_OWNED_ELEMS,    /* struct rt_elem, their items too */
};

struct rt_owned {
    struct rt_owned *older;
    enum rt_owned_kind kind;
    uint32_t count;
    _Alignas(16) uint8_t items[];
};

/* count zeroed items, owned by the store; NULL when the host refuses memory (dg says so). */
MUST_USE void *rt_own(struct rt_store *s, enum rt_owned_kind kind, uint32_t count, size_t size,
                      struct diag *dg);
/* Frees everything newer than `until` (NULL: everything). */
void rt_disown(struct rt_store *s, struct rt_owned *until);

/* Fill in what rt_own() gave; on failure the item is safe to release. */
MUST_USE enum status rt_table_init_new(struct rt_store *s, struct rt_table *t,
                                       const struct wm_limits *limits, struct wm_valtype type,
                                       uint64_t init, struct diag *dg);
void rt_table_release(struct rt_table *t);
/* image: what it holds at the start, borrowed; NULL: zeros. */
MUST_USE enum status rt_memory_make(struct rt_store *s, const struct wm_memory *type,
                                    const struct rt_memory_image *image, struct rt_memory **out,
                                    struct diag *dg);
void rt_memory_release(struct rt_memory *m); /* drops one reference */
void rt_budget_release(struct rt_budget *b); /* drops one reference; NULL is fine */

/* Keep store->func_index; count functions that stay where they are. */
MUST_USE enum status rt_func_index_add(struct rt_func_index *x, const struct rt_func *funcs,
                                       uint32_t count, struct diag *dg);
void rt_func_index_remove(struct rt_func_index *x, const struct rt_func *funcs);

/* "the host refused N bytes for WHAT" as ST_NO_MEMORY. */
enum status rt_no_memory(struct diag *dg, uint64_t bytes, const char *what);

#endif /* SHIELD_RUNTIME_OWN_H */
