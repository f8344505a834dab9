/* reply: the answer in a slot. See reply.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/executor/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ex_reply_begin(struct ex_reply *reply, const struct ex_slot *slot, uint64_t id)
{
    reply->result = (struct wire_result *)(void *)slot->reply;
    reply->max = slot->reply_max;
    reply->started_ns = ex_now_ns();
    atomic_store(&reply->used, sizeof(struct wire_result));
    atomic_store(&reply->calls_ns, 0);
    memset(reply->result, 0, sizeof(*reply->result));
    reply->result->reply.id = id;
    reply->result->reply.runs = 1;
    for (uint32_t i = 0; i <= WIRE_CALLS_MAX; i++)
        reply->result->calls[i].error = WIRE_ERRNO_NOT_RUN;
}

void *ex_reply_room(struct ex_reply *reply, size_t bytes, uint32_t *offset)
{
    size_t used = atomic_load(&reply->used);
    const size_t rounded = (bytes + 7) & ~(size_t)7;

    do {
        if (bytes > reply->max || rounded > reply->max - used)
            return NULL;
    } while (!atomic_compare_exchange_weak(&reply->used, &used, used + rounded));
    *offset = (uint32_t)used;
    return (uint8_t *)reply->result + used;
}

void ex_reply_give_back(struct ex_reply *reply, uint32_t offset, size_t taken, size_t used)
{
    size_t end = offset + ((taken + 7) & ~(size_t)7);

    atomic_compare_exchange_strong(&reply->used, &end, offset + ((used + 7) & ~(size_t)7));
}

void ex_reply_text(struct ex_reply *reply, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    int size = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (size >= (int)sizeof(text))
        size = (int)sizeof(text) - 1;
    uint32_t offset = 0;
    void *room = ex_reply_room(reply, (size_t)size, &offset);
    if (room == NULL || reply->result->reply.text_bytes != 0)
        return; /* the first text is the cause; the others follow from it */
    memcpy(room, text, (size_t)size);
    reply->result->reply.text_offset = offset;
    reply->result->reply.text_bytes = (uint32_t)size;
}

void ex_reply_end(struct ex_reply *reply, enum wire_status status)
{
    struct wire_reply *r = &reply->result->reply;

    r->status = status;
    r->calls_ns = atomic_load(&reply->calls_ns);
    r->elapsed_ns = ex_now_ns() - reply->started_ns;
}
