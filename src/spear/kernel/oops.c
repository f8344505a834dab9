/* oops: the crash tables, expanded. SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/oops.h"

#include "spear/kernel/match.h"

const struct oops_row oops_rows[] = {
#define HEADER(text) {OOPS_HEADER, text},
#define BENIGN(text) {OOPS_BENIGN, text},
#define TITLE(text)  {OOPS_TITLE, text},
#define BODY(text)   {OOPS_BODY, text},
#define SAYS(text)   {OOPS_SAYS, text},
#define ALSO(text)   {OOPS_ALSO, text},
#define STACK(text)  {OOPS_STACK, text},
#define ELSE(text)   {OOPS_ELSE, text},
#define SKIP(text)   {OOPS_SKIP, text},
#define PICK(text)   {OOPS_PICK, text},
#define FLAG(text)   {OOPS_FLAG, text},
#include "spear/kernel/oops.def"
};
const uint32_t oops_row_count = LENGTH_OF(oops_rows);

#define LIST(name) const char *const oops_##name[] = {
#define P(pattern) pattern,
#define END                                                                                        \
    NULL                                                                                           \
    }                                                                                              \
    ;
#define TYPE(pattern, name, severity)
#define ALIAS(pattern, name, also)
#include "spear/kernel/frames.def"
#include "spear/kernel/titles.def"
#undef LIST
#undef P
#undef END
#undef TYPE
#undef ALIAS

const struct oops_alias oops_aliases[] = {
#define LIST(name)
#define P(pattern)
#define END
#define ALIAS(pattern, name, also) {pattern, name, also},
#include "spear/kernel/frames.def"
};
const uint32_t oops_alias_count = LENGTH_OF(oops_aliases);

const struct oops_type oops_types[] = {
#define TYPE(pattern, name, severity) {pattern, name, severity},
#include "spear/kernel/titles.def"
};
const uint32_t oops_type_count = LENGTH_OF(oops_types);

bool oops_matches(const char *const *list, struct str text)
{
    for (; *list != NULL; list++)
        if (match_find(*list, text, NULL))
            return true;
    return false;
}
