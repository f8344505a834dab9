/* corpus_db: the file in which inputs outlive the program. Records are appended; when ST_OK comes
 * back from a put, the input is on disk and survives whatever happens to the program or its
 * machine. When graves and repeats pile up the file is written anew beside the old one, which is
 * then replaced. All functions may be called by any thread. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_ENGINE_CORPUS_DB_H
#define SPEAR_ENGINE_CORPUS_DB_H

#include "base/buf.h"
#include "spear/engine/corpus.h"

struct corpus_db;

struct corpus_db_options {
    const char *path;
    void (*log)(void *ctx, const char *line); /* damage, and what was done about it; may be NULL */
    void *ctx;
};

/* Makes the file if there is none. One that is damaged is kept as PATH.damaged (or .damaged.2, ...)
 * and replaced by what can be read of it. ST_IO also when another process has it open. */
MUST_USE enum status corpus_db_open(const struct corpus_db_options *options, struct corpus_db **out,
                                    struct diag *dg);
void corpus_db_close(struct corpus_db *db); /* NULL is fine */

size_t corpus_db_count(struct corpus_db *db);
uint64_t corpus_db_user_version(struct corpus_db *db);
/* Inputs were seen to by the rules of this version. Takes effect when the file is written anew,
 * which is now. */
MUST_USE enum status corpus_db_set_user_version(struct corpus_db *db, uint64_t version,
                                                struct diag *dg);
/* Calls each for every input; the text is borrowed for the call. */
MUST_USE enum status corpus_db_each(struct corpus_db *db, void (*each)(void *ctx, struct str text),
                                    void *ctx, struct diag *dg);

bool corpus_db_has(struct corpus_db *db, const uint8_t hash[CORPUS_HASH_BYTES]);
/* ST_OK: it is on disk (also when it had been before). */
MUST_USE enum status corpus_db_put(struct corpus_db *db, struct str text, struct diag *dg);
/* Keeps an input through sweeps although it is not in use: what cannot run today may tomorrow. */
void corpus_db_hold(struct corpus_db *db, const uint8_t hash[CORPUS_HASH_BYTES]);
/* Drops every input for which stays() is false, and writes the file anew when that pays. */
MUST_USE enum status corpus_db_sweep(struct corpus_db *db,
                                     bool (*stays)(void *ctx, const uint8_t *hash), void *ctx,
                                     struct diag *dg);

#endif /* SPEAR_ENGINE_CORPUS_DB_H */
