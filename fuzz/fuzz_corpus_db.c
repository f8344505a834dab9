/* fuzz_corpus_db: the reader of corpus.db on any bytes. Every record lies inside the input, the
 * reader always comes forward, and what can be unpacked survives being written again.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "fuzz.h"
#include "spear/engine/db_format.h"

#include <string.h>

static void write_again(const char *text, size_t size)
{
    struct db_record record;
    uint8_t *bytes = NULL;
    char *again = NULL;
    size_t byte_count = 0, again_size = 0, pos = 0;

    if (db_write_record("key", text, size, &bytes, &byte_count) != ST_OK)
        return;
    FUZZ_CHECK(db_read_record(bytes, byte_count, &pos, &record) == DB_RECORD, "it can be read");
    FUZZ_CHECK(pos == byte_count && record.key_size == 3, "it ends where it was written to");
    FUZZ_CHECK(db_unpack(record.value, record.value_size, &again, &again_size) == ST_OK,
               "it can be unpacked");
    FUZZ_CHECK(again_size == size && memcmp(again, text, size) == 0, "it is the same");
    mem_free(again);
    mem_free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { UNPACKED_MAX = 8 };
    uint64_t version = 0;
    uint32_t unpacked = 0;
    size_t pos = db_read_header(data, size, &version);

    FUZZ_CHECK(pos <= size, "the header lies inside");
    for (;;) {
        struct db_record record;
        const size_t before = pos;
        const enum db_next next = db_read_record(data, size, &pos, &record);
        if (next == DB_END)
            return 0;
        if (next != DB_RECORD) {
            FUZZ_CHECK(pos == before, "what is no record moves nothing");
            pos = db_find_record(data, size, pos + 1);
            FUZZ_CHECK(pos > before && pos <= size, "the search comes forward");
            continue;
        }
        FUZZ_CHECK(pos > before && pos <= size, "a record takes room");
        FUZZ_CHECK(record.offset == before && record.offset + record.size == pos, "all of it");
        char *text = NULL;
        size_t text_size = 0;
        if (record.value != NULL && unpacked++ < UNPACKED_MAX &&
            db_unpack(record.value, record.value_size, &text, &text_size) == ST_OK) {
            write_again(text, text_size);
            mem_free(text);
        }
    }
}
