/* translate_try: exception handling. SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/translate_int.h"

void tr_close_protection(struct tr *t, struct control *c)
{
    if (c->region == INTERP_NO_REGION)
        return;
    t->regions[c->region].end = t->code_count;
    t->region = t->regions[c->region].parent;
}
