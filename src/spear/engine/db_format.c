/* db_format: see db_format.h. SPDX-License-Identifier: Apache-2.0 */
#include "spear/engine/db_format.h"

#include "base/mem.h"

#include <string.h>
#include <zlib.h>

enum { RAW_WINDOW_BITS = -15, MEMORY_LEVEL = 8, RAW_SPARE_BYTES = 64, UNPACK_STEP_BYTES = 4096 };

static uint64_t get(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

static uint8_t *put(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

size_t db_read_header(const uint8_t *data, size_t size, uint64_t *user_version)
{
    *user_version = 0;
    if (size < DB_HEADER_BYTES_1 || get(data, 4) != DB_MAGIC)
        return 0;
    const uint64_t format = get(data + 4, 4);
    if (format == 1)
        return DB_HEADER_BYTES_1;
    if (format != DB_FORMAT || size < DB_HEADER_BYTES)
        return 0;
    *user_version = get(data + 8, 8);
    return DB_HEADER_BYTES;
}

enum db_next db_read_record(const uint8_t *data, size_t size, size_t *pos, struct db_record *out)
{
    const uint8_t *at = data + *pos;
    const size_t left = size - *pos;

    if (left == 0)
        return DB_END;
    if (left < 8)
        return DB_TORN;
    const uint64_t key_size = get(at + 4, 4);
    if (get(at, 4) != DB_RECORD_MAGIC || key_size > DB_KEY_BYTES_MAX)
        return DB_BAD;
    if (left < 8 + key_size + 8)
        return DB_TORN;
    *out = (struct db_record){.offset = *pos, .key = at + 8, .key_size = (uint32_t)key_size};
    out->sequence = get(at + 8 + key_size, 8);
    out->size = (size_t)(8 + key_size + 8);
    if (out->sequence != DB_GONE) {
        if (left < out->size + 4)
            return DB_TORN;
        const uint64_t value_size = get(at + out->size, 4);
        if (value_size > DB_VALUE_BYTES_MAX)
            return DB_BAD;
        if (left < out->size + 4 + value_size)
            return DB_TORN;
        out->value = at + out->size + 4;
        out->value_size = (uint32_t)value_size;
        out->size += 4 + (size_t)value_size;
    }
    *pos += out->size;
    return DB_RECORD;
}

size_t db_find_record(const uint8_t *data, size_t size, size_t pos)
{
    for (; pos + 8 <= size; pos++) {
        struct db_record record;
        size_t at = pos;
        if (get(data + pos, 4) == DB_RECORD_MAGIC &&
            db_read_record(data, size, &at, &record) == DB_RECORD)
            return pos;
    }
    return size;
}

void db_write_header(uint8_t out[DB_HEADER_BYTES], uint64_t user_version)
{
    uint8_t *at = put(out, DB_MAGIC, 4);
    at = put(at, DB_FORMAT, 4);
    put(at, user_version, 8);
}

/* The raw deflate stream of value, at most room bytes. */
static enum status pack(const void *value, size_t size, uint8_t *out, size_t room, size_t *packed)
{
    z_stream z = {0};

    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, RAW_WINDOW_BITS, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return ST_NO_MEMORY;
    z.next_in = (Bytef *)(uintptr_t)value;
    z.avail_in = (uInt)size;
    z.next_out = out;
    z.avail_out = (uInt)room;
    const int end = deflate(&z, Z_FINISH);
    *packed = z.total_out;
    deflateEnd(&z);
    return end == Z_STREAM_END ? ST_OK : ST_LIMIT;
}

enum status db_write_record(const char *key, const void *value, size_t size, uint8_t **out,
                            size_t *out_size)
{
    const size_t key_size = strlen(key);
    const size_t room = compressBound((uLong)size) + RAW_SPARE_BYTES;
    size_t packed = 0;

    if (key_size > DB_KEY_BYTES_MAX || size > DB_VALUE_BYTES_MAX)
        return ST_LIMIT;
    uint8_t *block = mem_alloc(1, DB_RECORD_FIXED_BYTES + key_size + room);
    if (block == NULL)
        return ST_NO_MEMORY;
    uint8_t *at = put(put(block, DB_RECORD_MAGIC, 4), key_size, 4);
    memcpy(at, key, key_size);
    at = put(at + key_size, 0, 8);
    enum status st = pack(value, size, at + 4, room, &packed);
    if (st == ST_OK && packed > DB_VALUE_BYTES_MAX)
        st = ST_LIMIT;
    if (st != ST_OK) {
        mem_free(block);
        return st;
    }
    at = put(at, packed, 4) + packed;
    *out = block;
    *out_size = (size_t)(at - block);
    return ST_OK;
}

enum status db_unpack(const uint8_t *packed, size_t packed_size, char **out, size_t *size)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)packed, .avail_in = (uInt)packed_size};
    size_t room = MAX(packed_size * 3, (size_t)UNPACK_STEP_BYTES);
    enum status st = ST_OK;
    char *block = NULL;
    int end = Z_OK;

    if (inflateInit2(&z, RAW_WINDOW_BITS) != Z_OK)
        return ST_NO_MEMORY;
    while (st == ST_OK && end != Z_STREAM_END) {
        room = block == NULL ? room : room * 2;
        char *more = z.total_out > DB_VALUE_BYTES_MAX ? NULL : mem_resize(block, room + 1, 1);
        if (more == NULL) {
            st = z.total_out > DB_VALUE_BYTES_MAX ? ST_LIMIT : ST_NO_MEMORY;
            break;
        }
        block = more;
        z.next_out = (Bytef *)block + z.total_out;
        z.avail_out = (uInt)(room - z.total_out);
        end = inflate(&z, Z_NO_FLUSH);
        if (end != Z_STREAM_END && (end != Z_OK || z.avail_out != 0))
            st = ST_MALFORMED; /* an error, or the bytes end before the stream does */
    }
    *size = z.total_out;
    inflateEnd(&z);
    if (st == ST_OK && *size > DB_VALUE_BYTES_MAX)
        st = ST_LIMIT;
    if (st != ST_OK) {
        mem_free(block);
        return st;
    }
    block[*size] = '\0';
    *out = block;
    return ST_OK;
}
