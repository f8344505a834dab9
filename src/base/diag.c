/* diag: builds the messages. SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum status diag_fail(struct diag *dg, enum status st, uint64_t offset, const char *fmt, ...)
{
    if (dg == NULL)
        return st;
    va_list ap;
    va_start(ap, fmt);
    *dg = (struct diag){.status = st, .offset = offset};
    vsnprintf(dg->text, sizeof(dg->text), fmt, ap);
    va_end(ap);
    return st;
}

enum status diag_fail_at(struct diag *dg, enum status st, uint32_t line, uint32_t column,
                         const char *fmt, ...)
{
    if (dg == NULL)
        return st;
    va_list ap;
    va_start(ap, fmt);
    *dg = (struct diag){
        .status = st, .offset = DIAG_NO_OFFSET, .line = line, .column = column};
    vsnprintf(dg->text, sizeof(dg->text), fmt, ap);
    va_end(ap);
    return st;
}

enum status diag_in(struct diag *dg, enum status st, const char *fmt, ...)
{
    if (st == ST_OK || dg == NULL)
        return st;
    size_t used = strlen(dg->text);
    int prefix = snprintf(dg->text + used, sizeof(dg->text) - used, "; in ");
    if (prefix > 0 && used + (size_t)prefix < sizeof(dg->text)) {
        used += (size_t)prefix;
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(dg->text + used, sizeof(dg->text) - used, fmt, ap);
        va_end(ap);
    }
    return st;
}

void diag_format(const struct diag *dg, const char *name, char *out, size_t size)
{
    const char *kind = status_text(dg->status);
    if (dg->line != 0)
        snprintf(out, size, "%s:%u:%u: %s: %s", name, dg->line, dg->column, kind, dg->text);
    else if (dg->offset != DIAG_NO_OFFSET)
        snprintf(out, size, "%s:0x%" PRIx64 ": %s: %s", name, dg->offset, kind, dg->text);
    else
        snprintf(out, size, "%s: %s: %s", name, kind, dg->text);
}
