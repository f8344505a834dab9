/* corpus_db: see corpus_db.h. In memory there is an index: for each key where its record stands.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/engine/corpus_db.h"

#include "base/mem.h"
#include "io/digest.h"
#include "io/file.h"
#include "spear/engine/db_format.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define DB_FILE_BYTES_MAX ((size_t)4 << 30)
enum { LOG2_FIRST = 10, SPARE_RECORDS = 64, DAMAGED_NAMES_MAX = 1000 };

struct db_entry {
    uint64_t offset; /* of its record */
    uint32_t size;   /* of the record; 0: the key is gone */
    uint8_t hash[CORPUS_HASH_BYTES];
    bool is_taken; /* else an empty place */
    bool is_held;  /* never swept */
};

struct corpus_db {
    struct corpus_db_options options;
    char path[FILE_PATH_MAX];
    pthread_mutex_t lock;
    int fd;
    uint64_t end; /* of the last good record */
    uint64_t user_version;
    struct db_entry *places;
    uint32_t used, log2; /* places taken, graves too */
    size_t live;         /* inputs */
    size_t records;      /* in the file, graves and repeats too */
};

static PRINTF_LIKE(2, 3) void say(const struct corpus_db *db, const char *fmt, ...)
{
    char line[DIAG_TEXT_MAX];
    va_list ap;

    if (db->options.log == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    db->options.log(db->options.ctx, line);
}

/* ---- the index ------------------------------------------------------------------------------- */
static struct db_entry *place_of(const struct corpus_db *db, const uint8_t *hash)
{
    const uint32_t mask = (UINT32_C(1) << db->log2) - 1;
    uint32_t at;

    memcpy(&at, hash, sizeof(at));
    at &= mask;
    while (db->places[at].is_taken && memcmp(db->places[at].hash, hash, CORPUS_HASH_BYTES) != 0)
        at = (at + 1) & mask;
    return &db->places[at];
}

static bool make_room(struct corpus_db *db)
{
    struct corpus_db old = *db;

    if (db->log2 != 0 && (uint64_t)db->used * 2 < UINT64_C(1) << db->log2)
        return true;
    db->log2 = db->log2 == 0 ? LOG2_FIRST : db->log2 + 1;
    db->places = mem_alloc((size_t)1 << db->log2, sizeof(*db->places));
    if (db->places == NULL) {
        db->places = old.places;
        db->log2 = old.log2;
        return false;
    }
    for (size_t i = 0; old.log2 != 0 && i < (size_t)1 << old.log2; i++)
        if (old.places[i].is_taken)
            *place_of(db, old.places[i].hash) = old.places[i];
    mem_free(old.places);
    return true;
}

/* The hash that a key spells; of any other key the hash of its bytes. */
static void hash_of_key(const uint8_t *key, uint32_t size, uint8_t hash[CORPUS_HASH_BYTES])
{
    bool is_hex = size == 2 * CORPUS_HASH_BYTES;

    for (uint32_t i = 0; i < size && is_hex; i++) {
        const uint8_t c = key[i];
        const bool is_digit = c >= '0' && c <= '9', is_letter = c >= 'a' && c <= 'f';
        const uint8_t value = (uint8_t)(is_digit ? c - '0' : c - 'a' + 10);
        is_hex = is_digit || is_letter;
        hash[i / 2] = (uint8_t)(i % 2 == 0 ? value << 4 : hash[i / 2] | value);
    }
    if (!is_hex)
        corpus_hash((struct str){(const char *)key, size}, hash);
}

static enum status index_record(struct corpus_db *db, const struct db_record *r, struct diag *dg)
{
    uint8_t hash[CORPUS_HASH_BYTES] = {0};

    if (!make_room(db))
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no memory for the index of %s",
                         db->path);
    hash_of_key(r->key, r->key_size, hash);
    struct db_entry *entry = place_of(db, hash);
    db->used += !entry->is_taken;
    entry->is_taken = true;
    db->live -= entry->size != 0;
    memcpy(entry->hash, hash, sizeof(hash));
    entry->offset = r->offset;
    entry->size = r->value == NULL ? 0 : (uint32_t)r->size;
    db->live += entry->size != 0;
    db->records++;
    return ST_OK;
}

/* ---- writing anew ---------------------------------------------------------------------------- */
static int by_hash(const void *a, const void *b)
{
    return memcmp(((const struct db_entry *)a)->hash, ((const struct db_entry *)b)->hash,
                  CORPUS_HASH_BYTES);
}

/* The live entries in the order of their keys; owned by the caller. */
static struct db_entry *sorted_entries(const struct corpus_db *db)
{
    struct db_entry *entries = mem_alloc(db->live + 1, sizeof(*entries));
    size_t count = 0;

    for (size_t i = 0; entries != NULL && db->log2 != 0 && i < (size_t)1 << db->log2; i++)
        if (db->places[i].size != 0)
            entries[count++] = db->places[i];
    if (entries != NULL)
        qsort(entries, count, sizeof(*entries), by_hash);
    return entries;
}

/* Opens the file for appending, and keeps other processes out of it. */
static enum status take_file(struct corpus_db *db, struct diag *dg)
{
    const int fd = open(db->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

    if (fd < 0)
        return file_fail(dg, errno, "cannot open %s", db->path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET,
                         "%s is in use by another process; end it, or give another work directory",
                         db->path);
    }
    if (db->fd >= 0)
        close(db->fd);
    db->fd = fd;
    return ST_OK;
}

/* Replaces the file by its live records, which are copied from source: the file's bytes. */
static enum status write_anew(struct corpus_db *db, const uint8_t *source, struct diag *dg)
{
    struct db_entry *entries = sorted_entries(db);
    size_t size = DB_HEADER_BYTES;

    for (size_t i = 0; entries != NULL && i < db->live; i++)
        size += entries[i].size;
    uint8_t *bytes = entries == NULL ? NULL : mem_alloc(1, size);
    if (bytes == NULL) {
        mem_free(entries);
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no %zu bytes to write %s anew", size,
                         db->path);
    }
    db_write_header(bytes, db->user_version);
    size_t at = DB_HEADER_BYTES;
    for (size_t i = 0; i < db->live; i++) {
        memcpy(bytes + at, source + entries[i].offset, entries[i].size);
        entries[i].offset = at;
        at += entries[i].size;
    }
    enum status st = file_write(db->path, bytes, size, dg);
    mem_free(bytes);
    if (st == ST_OK)
        st = take_file(db, dg);
    if (st == ST_OK) {
        memset(db->places, 0, sizeof(*db->places) << db->log2);
        for (size_t i = 0; i < db->live; i++)
            *place_of(db, entries[i].hash) = entries[i];
        db->used = (uint32_t)db->live;
        db->records = db->live;
        db->end = size;
    }
    mem_free(entries);
    return st;
}

/* As write_anew, when more than one record in ten is dead weight. */
static enum status compact(struct corpus_db *db, bool always, struct diag *dg)
{
    uint8_t *source = NULL;
    size_t size = 0;

    if (!always && db->records * 9 <= db->live * 10 + SPARE_RECORDS * 9)
        return ST_OK;
    TRY(file_read(db->path, DB_FILE_BYTES_MAX, &source, &size, dg));
    enum status st = write_anew(db, source, dg);
    mem_free(source);
    return st;
}

/* ---- opening --------------------------------------------------------------------------------- */
/* What a look at the whole file has shown. */
struct health {
    size_t bad_bytes, bad_values, torn_bytes;
    bool has_header;
};

/* A value that cannot be unpacked is as good as lost. */
static bool is_readable(const struct db_record *r)
{
    char *text = NULL;
    size_t size = 0;

    if (r->value != NULL && db_unpack(r->value, r->value_size, &text, &size) != ST_OK)
        return false;
    mem_free(text);
    return true;
}

static enum status index_file(struct corpus_db *db, const uint8_t *data, size_t size,
                              struct health *health, struct diag *dg)
{
    size_t pos = db_read_header(data, size, &db->user_version);
    enum db_next next = DB_RECORD;

    health->has_header = pos != 0;
    if (pos == 0) {
        pos = db_find_record(data, size, 0);
        health->bad_bytes = pos;
    }
    db->end = pos;
    while (next != DB_END) {
        struct db_record record;
        next = db_read_record(data, size, &pos, &record);
        if (next == DB_RECORD && is_readable(&record)) {
            TRY(index_record(db, &record, dg));
            db->end = pos;
        } else if (next == DB_RECORD) {
            health->bad_values++;
        } else if (next != DB_END) {
            const size_t resume = db_find_record(data, size, pos + 1);
            if (next == DB_TORN && resume == size)
                health->torn_bytes = size - pos;
            else
                health->bad_bytes += resume - pos;
            pos = resume;
        }
    }
    return ST_OK;
}

/* Keeps the damaged file under a name that is not taken. */
static enum status set_aside(struct corpus_db *db, const uint8_t *data, size_t size,
                             const struct health *health, struct diag *dg)
{
    char aside[FILE_PATH_MAX + 32];
    struct diag ignored;

    for (uint32_t i = 1; i < DAMAGED_NAMES_MAX; i++) {
        snprintf(aside, sizeof(aside), i == 1 ? "%s.damaged" : "%s.damaged.%u", db->path, i);
        if (access(aside, F_OK) == 0)
            continue;
        enum status st = file_write(aside, data, size, &ignored);
        if (st != ST_OK)
            return file_fail(dg, errno, "%s is damaged, and cannot be kept as %s", db->path, aside);
        say(db,
            "%s is damaged: %s%zu bytes are no records, %zu inputs cannot be unpacked; it is kept "
            "as %s, and %zu inputs are used",
            db->path, health->has_header ? "" : "it has no header, ", health->bad_bytes,
            health->bad_values, aside, db->live);
        return ST_OK;
    }
    return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                     "%s is damaged, and %d damaged ones are kept already: remove some", db->path,
                     DAMAGED_NAMES_MAX);
}

static enum status load(struct corpus_db *db, struct diag *dg)
{
    struct health health = {0};
    uint8_t *data = NULL;
    size_t size = 0;

    if (!make_room(db))
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no memory for the index of %s",
                         db->path);
    TRY(take_file(db, dg));
    TRY(file_read(db->path, DB_FILE_BYTES_MAX, &data, &size, dg));
    enum status st = ST_OK;
    if (size == 0) {
        db->user_version = DB_USER_VERSION;
        st = write_anew(db, data, dg);
    } else {
        st = index_file(db, data, size, &health, dg);
        const bool is_damaged =
            !health.has_header || health.bad_bytes != 0 || health.bad_values != 0;
        if (st == ST_OK && is_damaged)
            st = set_aside(db, data, size, &health, dg);
        if (st == ST_OK && (is_damaged || health.torn_bytes != 0 || size < DB_HEADER_BYTES))
            st = write_anew(db, data, dg);
        if (st == ST_OK && health.torn_bytes != 0 && !is_damaged)
            say(db, "%s: the last %zu bytes are an unfinished record, which is dropped", db->path,
                health.torn_bytes);
    }
    mem_free(data);
    return st == ST_OK ? compact(db, false, dg) : st;
}

enum status corpus_db_open(const struct corpus_db_options *options, struct corpus_db **out,
                           struct diag *dg)
{
    struct corpus_db *db = mem_alloc(1, sizeof(*db));

    if (db == NULL || pthread_mutex_init(&db->lock, NULL) != 0) {
        mem_free(db);
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no memory for %s", options->path);
    }
    db->options = *options;
    db->fd = -1;
    if (snprintf(db->path, sizeof(db->path), "%s", options->path) >= (int)sizeof(db->path)) {
        corpus_db_close(db);
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "the path of corpus.db is longer than %d",
                         FILE_PATH_MAX);
    }
    enum status st = load(db, dg);
    if (st != ST_OK) {
        corpus_db_close(db);
        return st;
    }
    *out = db;
    return ST_OK;
}

void corpus_db_close(struct corpus_db *db)
{
    if (db == NULL)
        return;
    if (db->fd >= 0)
        close(db->fd);
    pthread_mutex_destroy(&db->lock);
    mem_free(db->places);
    mem_free(db);
}

/* ---- using ----------------------------------------------------------------------------------- */
size_t corpus_db_count(struct corpus_db *db)
{
    pthread_mutex_lock(&db->lock);
    const size_t count = db->live;
    pthread_mutex_unlock(&db->lock);
    return count;
}

uint64_t corpus_db_user_version(struct corpus_db *db)
{
    pthread_mutex_lock(&db->lock);
    const uint64_t version = db->user_version;
    pthread_mutex_unlock(&db->lock);
    return version;
}

enum status corpus_db_set_user_version(struct corpus_db *db, uint64_t version, struct diag *dg)
{
    enum status st = ST_OK;

    pthread_mutex_lock(&db->lock);
    if (db->user_version != version) {
        db->user_version = version;
        st = compact(db, true, dg);
    }
    pthread_mutex_unlock(&db->lock);
    return st;
}

bool corpus_db_has(struct corpus_db *db, const uint8_t hash[CORPUS_HASH_BYTES])
{
    pthread_mutex_lock(&db->lock);
    const bool has = place_of(db, hash)->size != 0;
    pthread_mutex_unlock(&db->lock);
    return has;
}

enum status corpus_db_each(struct corpus_db *db, void (*each)(void *ctx, struct str text),
                           void *ctx, struct diag *dg)
{
    uint8_t *data = NULL;
    size_t size = 0;

    pthread_mutex_lock(&db->lock);
    struct db_entry *entries = sorted_entries(db);
    const size_t count = db->live;
    enum status st = entries == NULL ? diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET,
                                                 "no memory to list %s", db->path)
                                     : file_read(db->path, DB_FILE_BYTES_MAX, &data, &size, dg);
    pthread_mutex_unlock(&db->lock);
    for (size_t i = 0; st == ST_OK && i < count; i++) {
        struct db_record record;
        size_t pos = (size_t)entries[i].offset, text_size = 0;
        char *text = NULL;
        if (pos >= size || db_read_record(data, size, &pos, &record) != DB_RECORD ||
            db_unpack(record.value, record.value_size, &text, &text_size) != ST_OK)
            continue; /* it was whole when the file was opened: someone else writes there */
        each(ctx, (struct str){text, text_size});
        mem_free(text);
    }
    mem_free(entries);
    mem_free(data);
    return st;
}

/* Appends a record, syncs, and notes it. What could be written of one that fails is cut off. */
static enum status append(struct corpus_db *db, const char *key, const void *value, size_t size,
                          struct diag *dg)
{
    struct db_record record;
    uint8_t *bytes = NULL;
    size_t byte_count = 0, pos = 0;
    enum status st = db_write_record(key, value, size, &bytes, &byte_count);

    if (st != ST_OK)
        return diag_fail(dg, st, DIAG_NO_OFFSET, "an input of %zu bytes does not go into %s", size,
                         db->path);
    if (lseek(db->fd, (off_t)db->end, SEEK_SET) < 0 || !file_write_all(db->fd, bytes, byte_count) ||
        fdatasync(db->fd) != 0) {
        const int error = errno;
        if (ftruncate(db->fd, (off_t)db->end) != 0)
            say(db, "%s ends in an unfinished record, which will be dropped when it is read",
                db->path);
        mem_free(bytes);
        return file_fail(dg, error, "cannot write %s", db->path);
    }
    db_read_record(bytes, byte_count, &pos, &record);
    record.offset = db->end;
    db->end += byte_count;
    st = index_record(db, &record, dg);
    mem_free(bytes);
    return st;
}

enum status corpus_db_put(struct corpus_db *db, struct str text, struct diag *dg)
{
    char key[DIGEST_TEXT_BYTES];
    uint8_t hash[CORPUS_HASH_BYTES];
    enum status st = ST_OK;

    digest_hex(text.text, text.size, key);
    corpus_hash(text, hash);
    pthread_mutex_lock(&db->lock);
    if (place_of(db, hash)->size == 0)
        st = append(db, key, text.size == 0 ? "" : text.text, text.size, dg);
    pthread_mutex_unlock(&db->lock);
    return st;
}

void corpus_db_hold(struct corpus_db *db, const uint8_t hash[CORPUS_HASH_BYTES])
{
    pthread_mutex_lock(&db->lock);
    struct db_entry *entry = place_of(db, hash);
    if (entry->is_taken)
        entry->is_held = true;
    pthread_mutex_unlock(&db->lock);
}

enum status corpus_db_sweep(struct corpus_db *db, bool (*stays)(void *ctx, const uint8_t *hash),
                            void *ctx, struct diag *dg)
{
    size_t gone = 0;
    enum status st = ST_OK;

    pthread_mutex_lock(&db->lock);
    for (size_t i = 0; i < (size_t)1 << db->log2; i++) {
        struct db_entry *entry = &db->places[i];
        if (entry->size == 0 || entry->is_held || stays(ctx, entry->hash))
            continue;
        entry->size = 0; /* until the file is written anew it only is not counted: no grave */
        db->live--;
        gone++;
    }
    if (gone != 0)
        st = compact(db, false, dg);
    pthread_mutex_unlock(&db->lock);
    return st;
}
