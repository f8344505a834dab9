/* fuzz_wire: any bytes as the answer of a machine. What is taken over lies within the answer, is
 * aligned, and is a copy; all of it may be read. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "fuzz.h"
#include "spear/vm/console.h"
#include "spear/vm/reply.h"

#include <string.h>

enum { ROOM = 16 << 10 };

/* Reads every byte of a part, so that the sanitizer sees one that is not there. */
static void touch(const uint8_t *shared, const uint8_t *data, uint32_t offset, uint64_t bytes,
                  uint32_t align)
{
    if (bytes == 0)
        return;
    FUZZ_CHECK(offset % align == 0, "parts are aligned");
    FUZZ_CHECK(offset >= sizeof(struct wire_result) && offset + bytes <= ROOM,
               "parts lie behind the records, within the answer");
    FUZZ_CHECK(memcmp(data + offset, shared + offset, bytes) == 0, "parts are copied whole");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    uint8_t *shared = mem_alloc(ROOM, 1), *data = mem_alloc(ROOM, 1);
    struct vm_result *result = mem_alloc(1, sizeof(*result));
    struct wire_machine machine;
    static struct console console; /* large, so kept; its text begins anew each time */
    struct diag dg = {0};
    uint64_t id;

    FUZZ_CHECK(shared != NULL && data != NULL && result != NULL, "memory");
    FUZZ_CHECK(console.text != NULL || console_open(&console), "memory");
    console.size = console.scanned = 0;
    memcpy(shared, bytes, MIN(size, (size_t)ROOM));
    memcpy(&id, shared, sizeof(id)); /* else nothing gets past the first check */
    result->data = data;
    enum status st = vm_reply_copy(shared, ROOM, id, result, &dg);
    FUZZ_CHECK(st == ST_OK || (st == ST_MALFORMED && dg.text[0] != '\0'), "a reason");
    if (st == ST_OK) {
        FUZZ_CHECK(result->reply.call_count <= WIRE_CALLS_MAX, "so many calls have records");
        for (uint32_t i = 0; i <= result->reply.call_count; i++) {
            const struct wire_call_reply *c = &result->calls[i];
            touch(shared, data, c->signal_offset, UINT64_C(4) * c->signal_count, 4);
            touch(shared, data, c->cover_offset, UINT64_C(4) * c->cover_count, 4);
            touch(shared, data, c->comparison_offset,
                  sizeof(struct wire_comparison) * (uint64_t)c->comparison_count, 8);
        }
        touch(shared, data, result->reply.text_offset, result->reply.text_bytes, 1);
    }
    vm_machine_copy(shared, &machine);
    FUZZ_CHECK(strlen(machine.kernel) < sizeof(machine.kernel) &&
                   strlen(machine.reasons) < sizeof(machine.reasons), "texts end");

    char tail[200];
    console_add(&console, (const char *)bytes, size);
    console_tail(&console, size == 0 ? 1 : bytes[0] % 8U, tail, sizeof(tail));
    FUZZ_CHECK(strpbrk(tail, "\n\r\x1b") == NULL && strlen(tail) < sizeof(tail),
               "a tail is one line");
    mem_free(result);
    mem_free(data);
    mem_free(shared);
    return 0;
}
