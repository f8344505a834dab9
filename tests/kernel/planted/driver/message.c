/* message: records within messages, items within records.
 * SPDX-License-Identifier: Apache-2.0 */
#include "planted_int.h"

/* Items fill the group to its end; an END item may stand for the rest. */
static int planted_group(const u8 *at, u32 bytes)
{
    int names = 0;

    while (bytes >= sizeof(struct planted_item)) {
        const struct planted_item *item = (const void *)at;
        if (item->type == PLANTED_ITEM_END)
            break;
        if (item->bytes > bytes - sizeof(*item))
            return -EMSGSIZE;
        if (item->type == PLANTED_ITEM_NAME)
            names += planted_stack_write(at + sizeof(*item), item->bytes) != 0;
        else if (item->type != PLANTED_ITEM_COLOUR || item->bytes != 3)
            return -EINVAL;
        at += sizeof(*item) + item->bytes;
        bytes -= sizeof(*item) + item->bytes;
    }
    return names;
}

int planted_parse(const u8 *message, u32 size)
{
    const struct planted_message *head = (const void *)message;
    u32 at = sizeof(*head);

    if (size < sizeof(*head) || head->bytes != size || head->reserved != 0)
        return -EINVAL;
    for (u32 i = 0; i < head->count; i++) {
        const struct planted_record *record = (const void *)(message + at);
        int result = 0;
        if (size - at < sizeof(*record) || record->bytes % 4 != 0 ||
            record->bytes > size - at - sizeof(*record))
            return -EMSGSIZE;
        at += sizeof(*record);
        if (record->kind == PLANTED_NUMBER && record->bytes != 4)
            result = -EINVAL;
        else if (record->kind == PLANTED_GROUP)
            result = planted_group(message + at, record->bytes);
        else if (record->kind > PLANTED_GROUP)
            result = -EINVAL;
        if (result < 0)
            return result;
        at += record->bytes;
    }
    return at == size ? 0 : -EBADMSG;
}
