/* filters: see filters.h. SPDX-License-Identifier: Apache-2.0 */
#include "spear/manager/filters.h"

#include "base/mem.h"

static enum status compile_set(struct filter_set *set, const struct config_list *list,
                               const char *key, struct diag *dg)
{
    char why[256];

    if (list->count == 0)
        return ST_OK;
    set->texts = list->items;
    set->items = mem_alloc(list->count, sizeof(*set->items));
    if (set->items == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "%u expressions", list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        int error = regcomp(&set->items[i], list->items[i], REG_EXTENDED | REG_NOSUB | REG_NEWLINE);
        if (error != 0) {
            regerror(error, &set->items[i], why, sizeof(why));
            return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                             "%s: expected a regular expression, found %s: %s", key, list->items[i],
                             why);
        }
        set->count++;
    }
    return ST_OK;
}

enum status filters_compile(struct filters *f, const struct config *c, struct diag *dg)
{
    TRY(compile_set(&f->ignores, &c->ignores, "ignores", dg));
    return compile_set(&f->suppressions, &c->suppressions, "suppressions", dg);
}

static void free_set(struct filter_set *set)
{
    for (uint32_t i = 0; i < set->count; i++)
        regfree(&set->items[i]);
    mem_free(set->items);
    *set = (struct filter_set){0};
}

void filters_free(struct filters *f)
{
    free_set(&f->ignores);
    free_set(&f->suppressions);
}

/* Bytes behind a NUL are matched too: a console may hold any. */
const char *filter_match(const struct filter_set *set, struct str text)
{
    for (uint32_t i = 0; i < set->count; i++) {
        regmatch_t span = {.rm_so = 0, .rm_eo = (regoff_t)text.size};
        if (regexec(&set->items[i], text.text, 1, &span, REG_STARTEND) == 0)
            return set->texts[i];
    }
    return NULL;
}
