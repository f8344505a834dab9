/* verify/ra: the order of the checks, and how places are spelled.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/verify/ra/ra.h"

#include "shield/verify/ra/ra_int.h"

#include <stdio.h>

struct ra_place_text ra_place_name(mir_place place)
{
    static const char *const general[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                            "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    struct ra_place_text out;

    if (place < 16)
        snprintf(out.text, sizeof(out.text), "%s", general[place]);
    else if (place < MIR_PREG_COUNT)
        snprintf(out.text, sizeof(out.text), "xmm%u", place - 16);
    else if (place == MIR_NONE)
        snprintf(out.text, sizeof(out.text), "nowhere");
    else if (place < MIR_SLOT)
        snprintf(out.text, sizeof(out.text), "place %u", place);
    else
        snprintf(out.text, sizeof(out.text), "slot %u", place - MIR_SLOT);
    return out;
}

enum status ra_check(const struct mir_func *f, const struct mir_allocation *a, struct diag *dg)
{
    TRY(ra_check_shape(f, a, dg));
    struct arena_mark mark = arena_mark(f->arena);
    enum status st = ra_check_flow(f, a, dg);
    arena_release(f->arena, mark);
    return st;
}
