/* emit_try: each rule alone. SPDX-License-Identifier: Apache-2.0 */
#include "rulec.h"

void emit_tries(struct program *p, struct buf *out)
{
    emit_prologue(p, out);
}
