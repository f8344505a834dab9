/* corpus.db: files of the existing tool, damage of every kind, a disk that fills up.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "io/file.h"
#include "spear/engine/corpus_db.h"
#include "spear/engine/db_format.h"
#include "tap.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char folder[] = "/tmp/mujun-corpus-XXXXXX";
static char path[FILE_PATH_MAX], said[4096];
static struct diag dg;

static void note_line(void *ctx, const char *line)
{
    (void)ctx;
    snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s; ", line);
}

static struct corpus_db *open_db(void)
{
    const struct corpus_db_options options = {.path = path, .log = note_line};
    struct corpus_db *db = NULL;

    said[0] = '\0';
    return corpus_db_open(&options, &db, &dg) == ST_OK ? db : NULL;
}

static void add_text(void *ctx, struct str text)
{
    char *all = ctx;
    snprintf(all + strlen(all), 4000 - strlen(all), "%.*s|", (int)text.size, text.text);
}

/* All texts in the order of their keys, each with a bar behind. */
static const char *list(struct corpus_db *db)
{
    static char all[4096];

    all[0] = '\0';
    if (db == NULL || corpus_db_each(db, add_text, all, &dg) != ST_OK)
        return dg.text;
    return all;
}

static bool put(struct corpus_db *db, const char *text)
{
    return corpus_db_put(db, str_of(text), &dg) == ST_OK;
}

static bool write_bytes(const void *bytes, size_t size)
{
    return file_write(path, bytes, size, &dg) == ST_OK;
}

/* A file as the existing tool writes it, byte by byte: keys are the SHA-1 of "hello\n" and
 * "world\n", the values stored blocks, the first repeated, the second buried at the end. */
#define HEADER_2 "\xdb\xad\x0b\x00\x02\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00"
#define HEADER_1 "\xdb\xad\x0b\x00\x01\x00\x00\x00"
#define RECORD   "\xad\x1b\xee\x0f\x28\x00\x00\x00"
#define HELLO    "f572d396fae9206628714fb2ce00f72e94f2258f"
#define WORLD    "9591818c07e900db7e1e0bc4b884c945e6a61b24"
#define NO_SEQ   "\x00\x00\x00\x00\x00\x00\x00\x00"
#define HELLO_6  "\x0b\x00\x00\x00\x01\x06\x00\xf9\xffhello\n"
#define WORLD_6  "\x0b\x00\x00\x00\x01\x06\x00\xf9\xffworld\n"
#define GRAVE    "\xff\xff\xff\xff\xff\xff\xff\xff"
#define BAD_6    "\x0b\x00\x00\x00\x07\x06\x00\xf9\xffworld\n"
#define REC_H    RECORD HELLO NO_SEQ HELLO_6
#define REC_W    RECORD WORLD NO_SEQ WORLD_6

#define GONE_H RECORD HELLO GRAVE
#define GONE_W RECORD WORLD GRAVE
#define FOREIGN                                                                                    \
    "\xad\x1b\xee\x0f\x03\x00\x00\x00"                                                             \
    "abc" NO_SEQ HELLO_6
#define NO_END   RECORD WORLD NO_SEQ "\x0b\x00\x00\x00xx"
#define NO_FLATE RECORD WORLD NO_SEQ BAD_6
#define TOO_LONG RECORD WORLD NO_SEQ "\xff\xff\x00\x00\x01"
#define HEADER_3 "\xdb\xad\x0b\x00\x03\x00\x00\x00"

#define NONE ""
#define ONE  "hello\n|"
#define BOTH "world\n|hello\n|" /* by the order of their keys */
#define BYTES(b)                                                                                   \
    {                                                                                              \
        b, sizeof(b) - 1                                                                           \
    }

static const struct file_row {
    const char *name;
    struct str bytes;
    const char *texts, *says; /* says: part of the line; NULL: nothing is said */
    uint64_t version;
} file_rows[] = {
    {"two inputs",            BYTES(HEADER_2 REC_H REC_W),         BOTH, NULL,         5},
    {"a repeat counts once",  BYTES(HEADER_2 REC_H REC_H),         ONE,  NULL,         5},
    {"a grave takes it back", BYTES(HEADER_2 REC_W GONE_W REC_H),  ONE,  NULL,         5},
    {"out of the grave",      BYTES(HEADER_2 GONE_H REC_H),        ONE,  NULL,         5},
    {"no inputs",             BYTES(HEADER_2),                     NONE, NULL,         5},
    {"format 1",              BYTES(HEADER_1 REC_H),               ONE,  NULL,         0},
    {"nothing at all",        BYTES(""),                           NONE, NULL,         5},
    {"a foreign key",         BYTES(HEADER_2 FOREIGN),             ONE,  NULL,         5},
    {"an unfinished record",  BYTES(HEADER_2 REC_H RECORD WORLD),  ONE,  "unfinished", 5},
    {"an unfinished value",   BYTES(HEADER_2 REC_H NO_END),        ONE,  "unfinished", 5},
    {"noise",                 BYTES(HEADER_2 REC_W "noise" REC_H), BOTH, "damaged",    5},
    {"no header",             BYTES(REC_H REC_W),                  BOTH, "no header",  0},
    {"half a header",         BYTES("\xdb\xad\x0b"),               NONE, "damaged",    0},
    {"something else",        BYTES("a text, not a corpus"),       NONE, "damaged",    0},
    {"an unknown format",     BYTES(HEADER_3 REC_H),               ONE,  "damaged",    0},
    {"no deflate stream",     BYTES(HEADER_2 REC_H NO_FLATE),      ONE,  "unpacked",   5},
    {"a size past the end",   BYTES(HEADER_2 TOO_LONG REC_H),      ONE,  "damaged",    5},
};

/* Is the damaged file kept, byte for byte? */
static bool is_aside(const struct file_row *row)
{
    char aside[FILE_PATH_MAX + 16];
    uint8_t *kept = NULL;
    size_t size = 0;

    snprintf(aside, sizeof(aside), "%s.damaged", path);
    if (file_read(aside, 1 << 20, &kept, &size, &dg) != ST_OK)
        return false;
    const bool same = size == row->bytes.size && memcmp(kept, row->bytes.text, size) == 0;
    mem_free(kept);
    file_remove_all(aside);
    return same;
}

static void test_files(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(file_rows); i++) {
        const struct file_row *row = &file_rows[i];
        const bool is_damaged = row->says != NULL && strcmp(row->says, "unfinished") != 0;
        tap_ok(write_bytes(row->bytes.text, row->bytes.size), "%s: written", row->name);
        struct corpus_db *db = open_db();
        tap_ok(row->says == NULL ? said[0] == '\0' : strstr(said, row->says) != NULL, "%s: says %s",
               row->name, said);
        tap_ok(strcmp(list(db), row->texts) == 0, "%s: its inputs", row->name);
        tap_ok(corpus_db_user_version(db) == row->version, "%s: version", row->name);
        tap_ok(put(db, "hello\n") && put(db, "new"), "%s: can be written", row->name);
        corpus_db_close(db);
        db = open_db();
        tap_ok(said[0] == '\0' && strstr(list(db), "new|") != NULL &&
                   strstr(list(db), "hello\n|") != NULL,
               "%s: and read, without a word", row->name);
        corpus_db_close(db);
        tap_ok(is_aside(row) == is_damaged, "%s: the old file is %skept aside", row->name,
               is_damaged ? "" : "not ");
    }
}

/* Whatever the length a file is cut to, the records that are whole in it are all there. */
static void test_cuts(void)
{
    static const char *const texts[] = {"first\n", "second, a little longer\n", "third\n"};
    size_t ends[LENGTH_OF(texts) + 1] = {DB_HEADER_BYTES}, size = 0;
    uint8_t *bytes = NULL;
    uint32_t wrong = 0;

    write_bytes("", 0);
    for (uint32_t i = 0; i < LENGTH_OF(texts); i++) {
        struct corpus_db *db = open_db();
        if (!put(db, texts[i]) || file_read(path, 1 << 20, &bytes, &size, &dg) != ST_OK)
            wrong++;
        ends[i + 1] = size;
        corpus_db_close(db);
        if (i + 1 < LENGTH_OF(texts))
            mem_free(bytes);
    }
    for (size_t cut = DB_HEADER_BYTES; cut <= size; cut++) {
        write_bytes(bytes, cut);
        struct corpus_db *db = open_db();
        for (uint32_t i = 0; i < LENGTH_OF(texts); i++)
            wrong += (strstr(list(db), texts[i]) != NULL) != (cut >= ends[i + 1]);
        wrong += strstr(said, "damaged") != NULL;
        corpus_db_close(db);
    }
    tap_ok(wrong == 0, "cut at any of %zu bytes, whole records are there: %u are not", size, wrong);
    mem_free(bytes);
}

static bool is_even(void *ctx, const uint8_t *hash)
{
    uint8_t even[CORPUS_HASH_BYTES];
    char text[16];

    (void)ctx;
    for (uint32_t i = 0; i < 400; i += 2) {
        snprintf(text, sizeof(text), "input %u\n", i);
        corpus_hash(str_of(text), even);
        if (memcmp(even, hash, sizeof(even)) == 0)
            return true;
    }
    return false;
}

static void test_sweep(void)
{
    uint8_t hash[CORPUS_HASH_BYTES], *bytes = NULL;
    size_t before = 0, after = 0;
    char text[16];
    bool ok = true;

    write_bytes("", 0);
    struct corpus_db *db = open_db();
    for (uint32_t i = 0; i < 400; i++) {
        snprintf(text, sizeof(text), "input %u\n", i);
        ok &= put(db, text) && put(db, text);
    }
    ok &= file_read(path, 1 << 20, &bytes, &before, &dg) == ST_OK;
    mem_free(bytes);
    tap_ok(ok && corpus_db_count(db) == 400, "400 inputs, each put twice");
    corpus_hash(STR("input 7\n"), hash);
    corpus_db_hold(db, hash);
    tap_ok(corpus_db_sweep(db, is_even, NULL, &dg) == ST_OK && corpus_db_count(db) == 201,
           "the odd ones go, but for one that is held: %zu", corpus_db_count(db));
    ok = file_read(path, 1 << 20, &bytes, &after, &dg) == ST_OK;
    mem_free(bytes);
    tap_ok(ok && after < before * 6 / 10, "the file is written anew: %zu of %zu bytes", after,
           before);
    tap_ok(put(db, "after the sweep") && corpus_db_has(db, hash), "and can be appended to");
    struct corpus_db *second = open_db();
    tap_ok(second == NULL && strstr(dg.text, "in use by another process") != NULL, "%s", dg.text);
    corpus_db_close(db);
    db = open_db();
    tap_ok(corpus_db_count(db) == 202 && said[0] == '\0', "the next run finds them");
    tap_ok(corpus_db_set_user_version(db, 6, &dg) == ST_OK, "a new version");
    corpus_db_close(db);
    db = open_db();
    tap_ok(corpus_db_count(db) == 202 && corpus_db_user_version(db) == 6, "is there too");
    corpus_db_close(db);
}

/* A file that may not grow stands for a disk that is full: the write stops in the middle. */
static void test_full(void)
{
    struct rlimit old, tight;
    char big[2000];

    for (size_t i = 0; i < sizeof(big) - 1; i++)
        big[i] = (char)('a' + (i * i * 7919 / 13) % 26);
    big[sizeof(big) - 1] = '\0';
    write_bytes("", 0);
    struct corpus_db *db = open_db();
    put(db, "first");
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    tight = (struct rlimit){200, old.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
    const bool failed = !put(db, big);
    setrlimit(RLIMIT_FSIZE, &old);
    tap_ok(failed, "no room: %s", dg.text);
    tap_ok(put(db, "second") && put(db, big), "with room again it works");
    corpus_db_close(db);
    db = open_db();
    tap_ok(corpus_db_count(db) == 3 && said[0] == '\0', "nothing of the failure is left: %s", said);
    corpus_db_close(db);
}

int main(void)
{
    if (mkdtemp(folder) == NULL)
        return tap_skip_all("no temporary folder");
    snprintf(path, sizeof(path), "%s/corpus.db", folder);
    test_files();
    test_cuts();
    test_sweep();
    test_full();
    file_remove_all(folder);
    return tap_done();
}
