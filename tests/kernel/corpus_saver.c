/* corpus_saver: saves inputs in a corpus.db and says so, until it is killed; for corpus_kill.t.
 *   corpus_saver save DB FIRST   "saved N" after each input that is on disk, N from FIRST upwards;
 *                                "dropping N" before N may go: now and then old ones are swept, so
 *                                that the file is also written anew
 *   corpus_saver list DB         "has N" for each input
 * Lines of the store go to standard error. SPDX-License-Identifier: Apache-2.0 */
#include "spear/engine/corpus_db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SWEEP_EVERY = 40, FILLER_BYTES_MAX = 3000 };

static void print_line(void *ctx, const char *line)
{
    (void)ctx;
    fprintf(stderr, "%s\n", line);
}

/* In one call, so that a line is there or not. */
static void say(const char *what, unsigned long n)
{
    char line[64];
    const int size = snprintf(line, sizeof(line), "%s %lu\n", what, n);
    if (write(STDOUT_FILENO, line, (size_t)size) != size)
        _exit(1);
}

/* Input N: its number, and bytes that do not pack well, more or less of them. */
static struct str make_text(unsigned long n, char *out, size_t room)
{
    size_t size = (size_t)snprintf(out, room, "%lu\n", n);
    unsigned long state = n;

    for (size_t more = n * 2654435761u % FILLER_BYTES_MAX; more > 0; more--) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        out[size++] = (char)('!' + (state >> 33) % 90);
    }
    return (struct str){out, size};
}

static void list_one(void *ctx, struct str text)
{
    static char expected[FILLER_BYTES_MAX + 64];
    const unsigned long n = strtoul(text.text, NULL, 10);

    (void)ctx;
    say(str_equal(text, make_text(n, expected, sizeof(expected))) ? "has" : "has changed", n);
}

/* Texts that stay: those whose hash is not in the table of what may go. */
struct gone {
    uint8_t hashes[SWEEP_EVERY][CORPUS_HASH_BYTES];
    size_t count;
};

static bool stays(void *ctx, const uint8_t *hash)
{
    const struct gone *gone = ctx;
    for (size_t i = 0; i < gone->count; i++)
        if (memcmp(gone->hashes[i], hash, CORPUS_HASH_BYTES) == 0)
            return false;
    return true;
}

static int save(struct corpus_db *db, unsigned long n, struct diag *dg)
{
    static char text[FILLER_BYTES_MAX + 64];
    struct gone gone = {.count = 0};

    for (;; n++) {
        if (corpus_db_put(db, make_text(n, text, sizeof(text)), dg) != ST_OK)
            return 1;
        say("saved", n);
        if (n % 4 != 0) { /* three of four may go again */
            corpus_hash(make_text(n, text, sizeof(text)), gone.hashes[gone.count++]);
            say("dropping", n);
        }
        if (gone.count == SWEEP_EVERY) {
            if (corpus_db_sweep(db, stays, &gone, dg) != ST_OK)
                return 1;
            gone.count = 0;
        }
    }
}

int main(int argc, char **argv)
{
    const struct corpus_db_options options = {.path = argc < 3 ? "" : argv[2], .log = print_line};
    struct corpus_db *db = NULL;
    struct diag dg = {0};
    int exit_code = 64;

    if (argc < 3 || corpus_db_open(&options, &db, &dg) != ST_OK) {
        fprintf(stderr, "%s\n", dg.text);
        return exit_code;
    }
    if (strcmp(argv[1], "list") == 0)
        exit_code = corpus_db_each(db, list_one, NULL, &dg) == ST_OK ? 0 : 1;
    else
        exit_code = save(db, argc < 4 ? 0 : strtoul(argv[3], NULL, 10), &dg);
    if (exit_code != 0)
        fprintf(stderr, "%s\n", dg.text);
    corpus_db_close(db);
    return exit_code;
}
