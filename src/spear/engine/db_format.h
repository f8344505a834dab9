/* db_format: the bytes of corpus.db, which the existing tool reads and writes too. Little endian:
 *
 *   header   u32 magic, u32 format (2), u64 user version (format 1 has none)
 *   record   u32 magic, u32 key size, key (hexadecimal SHA-1 of the value), u64 sequence number,
 *            u32 packed size, value as a raw deflate stream
 *   grave    the same with sequence number ~0, and nothing after it: the key is gone
 *
 * Of several records with one key the last counts. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_ENGINE_DB_FORMAT_H
#define SPEAR_ENGINE_DB_FORMAT_H

#include "base/base.h"

#define DB_MAGIC        UINT32_C(0xbaddb)
#define DB_RECORD_MAGIC UINT32_C(0xfee1bad)
#define DB_GONE         UINT64_MAX /* sequence number of a grave */

enum {
    DB_FORMAT = 2,
    DB_USER_VERSION = 5, /* of the rules by which inputs were minimised and smashed */
    DB_HEADER_BYTES = 16,
    DB_HEADER_BYTES_1 = 8,
    DB_KEY_BYTES_MAX = 64 << 10,
    DB_VALUE_BYTES_MAX = 16 << 20, /* packed, and unpacked */
    DB_RECORD_FIXED_BYTES = 20,    /* of a record, beside key and value */
};

struct db_record {
    size_t offset, size; /* of the whole record */
    const uint8_t *key;
    const uint8_t *value; /* packed; NULL: a grave */
    uint32_t key_size, value_size;
    uint64_t sequence;
};

enum db_next {
    DB_RECORD,
    DB_END,
    DB_TORN, /* the last record is not complete: a writer was stopped */
    DB_BAD,  /* what stands here is no record */
};

/* Size of the header, 0 when it is none. *user_version: 0 for format 1. */
size_t db_read_header(const uint8_t *data, size_t size, uint64_t *user_version);
/* The record at *pos; moves *pos behind it. After DB_BAD and DB_TORN *pos is as before. */
enum db_next db_read_record(const uint8_t *data, size_t size, size_t *pos, struct db_record *out);
/* Where the next whole record begins, from pos on; size when there is none. */
size_t db_find_record(const uint8_t *data, size_t size, size_t pos);

void db_write_header(uint8_t out[DB_HEADER_BYTES], uint64_t user_version);
/* A whole record, owned by the caller (mem_free). ST_LIMIT or ST_NO_MEMORY. */
MUST_USE enum status db_write_record(const char *key, const void *value, size_t size, uint8_t **out,
                                     size_t *out_size);
/* Owned by the caller, with a NUL behind. ST_MALFORMED: not a deflate stream; ST_LIMIT. */
MUST_USE enum status db_unpack(const uint8_t *packed, size_t packed_size, char **out, size_t *size);

#endif /* SPEAR_ENGINE_DB_FORMAT_H */
