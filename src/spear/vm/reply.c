/* reply: copy, then check the copy. SPDX-License-Identifier: Apache-2.0 */
#include "spear/vm/reply.h"

#include <string.h>

/* A part of the reply: `count` elements of size bytes at offset. */
struct part {
    const char *what;
    uint32_t offset, count;
    size_t element_bytes, align;
};

/* Copying through this keeps the compiler from reading shared memory a second time. */
static void copy_once(void *to, const void *shared, size_t size)
{
    memcpy(to, shared, size);
    __asm__ volatile("" ::: "memory");
}

static enum status copy_part(const uint8_t *shared, size_t room, struct part part, uint32_t call,
                             struct vm_result *result, struct diag *dg)
{
    if (part.count == 0)
        return ST_OK;
    if (part.offset < sizeof(struct wire_result) || part.offset > room ||
        part.count > (room - part.offset) / part.element_bytes)
        return diag_fail(dg, ST_MALFORMED, part.offset,
                         "%s of call %u: %u elements at %#x are not within %zu bytes", part.what,
                         call, part.count, part.offset, room);
    if (part.offset % part.align != 0)
        return diag_fail(dg, ST_MALFORMED, part.offset, "%s of call %u: %#x is not aligned to %zu",
                         part.what, call, part.offset, part.align);
    copy_once(result->data + part.offset, shared + part.offset, part.count * part.element_bytes);
    return ST_OK;
}

static enum status copy_call(const uint8_t *shared, size_t room, uint32_t index,
                             struct vm_result *result, struct diag *dg)
{
    const struct wire_call_reply *call = &result->calls[index];
    const struct part parts[] = {
        {"signal",      call->signal_offset,     call->signal_count,     sizeof(uint32_t), 4},
        {"coverage",    call->cover_offset,      call->cover_count,      sizeof(uint32_t), 4},
        {"comparisons", call->comparison_offset, call->comparison_count,
         sizeof(struct wire_comparison),                                                   8},
    };

    for (uint32_t i = 0; i < LENGTH_OF(parts); i++)
        TRY(copy_part(shared, room, parts[i], index, result, dg));
    return ST_OK;
}

enum status vm_reply_copy(const void *shared, size_t room, uint64_t id, struct vm_result *result,
                          struct diag *dg)
{
    const uint8_t *bytes = shared;

    CHECK(room >= sizeof(struct wire_result) && room <= WIRE_REPLY_MAX, "room of a slot");
    copy_once(&result->reply, bytes, sizeof(result->reply));
    copy_once(result->calls, bytes + offsetof(struct wire_result, calls), sizeof(result->calls));
    const struct wire_reply *reply = &result->reply;
    if (reply->id != id)
        return diag_fail(dg, ST_MALFORMED, 0, "an answer to request %ju, expected one to %ju",
                         (uintmax_t)reply->id, (uintmax_t)id);
    if (reply->status > WIRE_BROKEN)
        return diag_fail(dg, ST_MALFORMED, 0, "status %u, the last known is %d", reply->status,
                         WIRE_BROKEN);
    if (reply->call_count > WIRE_CALLS_MAX)
        return diag_fail(dg, ST_MALFORMED, 0, "%u calls, at most %d are possible",
                         reply->call_count, WIRE_CALLS_MAX);
    for (uint32_t i = 0; i <= reply->call_count; i++)
        TRY(copy_call(bytes, room, i, result, dg));
    struct part text = {"text", reply->text_offset, reply->text_bytes, 1, 1};
    return copy_part(bytes, room, text, reply->call_count, result, dg);
}

void vm_machine_copy(const void *shared, struct wire_machine *out)
{
    copy_once(out, shared, sizeof(*out));
    out->kernel[sizeof(out->kernel) - 1] = '\0';
    out->reasons[sizeof(out->reasons) - 1] = '\0';
}
