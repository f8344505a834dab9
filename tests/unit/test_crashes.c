/* The crash store: files as named, rotation, limits, what a second run finds.
 * SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"
#include "spear/engine/crashes.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/mujun-crashes-XXXXXX";
static struct diag dg;

static struct crash_store *open_store(struct crash_limits limits)
{
    struct crash_store *s = NULL;
    tap_ok(crash_store_open(folder, &limits, &s, &dg) == ST_OK, "open %s", dg.text);
    return s;
}

static uint32_t save(struct crash_store *s, const char *title, const char *log, bool *is_new)
{
    uint32_t index = 0;
    enum status st = crash_save(s, str_of(title), str_of(log), STR("report\n"), STR("info\n"),
                                is_new, &index, &dg);
    return st == ST_OK ? index : 12345;
}

/* ---- inside an arena ------------------------------------------------------------------------- */
struct looking {
    struct crash_store *store;
    struct arena arena;
};

static enum status look_at_two(void *ctx, struct diag *unused)
{
    struct looking *l = ctx;
    struct crash_row row = {0}, *rows;
    size_t count = 0;
    struct str text;

    (void)unused;
    rows = crash_list(l->store, &l->arena, &count);
    tap_ok(count == 2, "two titles: %zu", count);
    tap_ok(crash_find(l->store, &l->arena, STR("BUG: b"), &row) && row.count == 1,
           "the other was seen once");
    tap_ok(crash_find(l->store, &l->arena, STR("BUG: a in f"), &row) && row.count == 5 &&
               row.first_time_s != 0 && row.last_time_s >= row.first_time_s,
           "the first was seen %u times, beyond its three logs", (unsigned)row.count);
    tap_ok(str_equal(row.title, STR("BUG: a in f")), "its title is the first line");
    tap_ok(rows[0].last_time_s >= rows[1].last_time_s, "newest first");
    tap_ok(crash_file(l->store, &l->arena, row.hash, "description", &text, &dg) == ST_OK &&
               str_equal(text, STR("BUG: a in f\n")),
           "description is one line");
    tap_ok(crash_file(l->store, &l->arena, row.hash, "log0", &text, &dg) == ST_OK &&
               str_equal(text, STR("fourth")),
           "log0 was written over by the fourth");
    tap_ok(crash_file(l->store, &l->arena, row.hash, "log1", &text, &dg) == ST_OK &&
               text.size < 100 + 60 && memcmp(text.text, "head", 4) == 0 &&
               memcmp(text.text + text.size - 4, "tail", 4) == 0,
           "a long log keeps head and tail");
    tap_ok(crash_file(l->store, &l->arena, row.hash, "machineInfo2", &text, &dg) == ST_OK,
           "machineInfo2 is there");
    return ST_OK;
}

static enum status look_at_refusals(void *ctx, struct diag *unused)
{
    static const struct {
        const char *name, *hash, *file;
        enum status status;
    } rows[] = {
        {"a slash",      NULL,      "../description", ST_USAGE},
        {"a dot",        NULL,      ".hidden",        ST_USAGE},
        {"nothing",      NULL,      "",               ST_USAGE},
        {"no such file", NULL,      "log77",          ST_IO   },
        {"a short hash", "0123",    "log0",           ST_USAGE},
        {"a path",       "../../x", "log0",           ST_USAGE},
    };
    struct looking *l = ctx;
    struct crash_row row = {0};
    struct str text;

    (void)unused;
    tap_ok(crash_find(l->store, &l->arena, STR("BUG: b"), &row), "there is a crash");
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        enum status st =
            crash_file(l->store, &l->arena, rows[i].hash == NULL ? row.hash : rows[i].hash,
                       rows[i].file, &text, &dg);
        tap_ok(st == rows[i].status, "%s: %s, %s", rows[i].name, status_text(st), dg.text);
    }
    return ST_OK;
}

static enum status look_at_repro(void *ctx, struct diag *unused)
{
    struct looking *l = ctx;
    struct crash_row row = {0};
    struct str text;

    (void)unused;
    tap_ok(crash_find(l->store, &l->arena, STR("BUG: b"), &row) && row.has_repro &&
               row.has_c_repro && row.attempts == 4,
           "a second run knows of reproducers and %u attempts", row.attempts);
    tap_ok(crash_file(l->store, &l->arena, row.hash, "repro.cprog", &text, &dg) == ST_OK &&
               str_equal(text, STR("int main;")),
           "repro.cprog");
    tap_ok(crash_file(l->store, &l->arena, row.hash, "repro2", &text, &dg) == ST_OK,
           "repro2 is the last of the attempts");
    tap_ok(crash_file(l->store, &l->arena, row.hash, "repro3", &text, &dg) != ST_OK,
           "there is no repro3");
    tap_ok(!crash_find(l->store, &l->arena, STR("BUG: c"), &row), "what was not seen is not found");
    return ST_OK;
}

static void look(struct crash_store *s, enum status (*at)(void *ctx, struct diag *unused))
{
    struct looking l = {.store = s};
    arena_init(&l.arena, 1 << 20);
    tap_ok(arena_guard(&l.arena, at, &l, &dg) == ST_OK, "it fits");
    arena_free(&l.arena);
}

int main(void)
{
    const struct crash_limits small = {.logs_max = 3, .log_bytes = 100};
    const struct crash_limits full = {.logs_max = 3, .log_bytes = 100, .all_bytes = 1};
    struct crash_repro repro = {STR("# {}\nopen()\n"), STR("int main;"), STR("log"), STR("report"),
                                STR("stats")};
    char big[300];
    bool is_new = false;

    memset(big, 'x', sizeof(big));
    memcpy(big, "head", 4);
    memcpy(big + sizeof(big) - 5, "tail", 5);
    if (mkdtemp(folder) == NULL)
        return tap_skip_all("no temporary folder");
    struct crash_store *s = open_store(small);
    tap_ok(save(s, "BUG: a in f\nsecond line", "first", &is_new) == 0 && is_new, "a new title");
    tap_ok(save(s, "BUG: a in f", "second", &is_new) == 1 && !is_new, "again: log1");
    tap_ok(save(s, "BUG: a in f", "third", &is_new) == 2, "log2");
    tap_ok(save(s, "BUG: a in f", "fourth", &is_new) == 0, "full: log0 again");
    tap_ok(save(s, "BUG: a in f", big, &is_new) == 1, "log1 again");
    tap_ok(save(s, "BUG: b", "other", &is_new) == 0 && is_new, "another title");
    look(s, look_at_two);
    crash_store_close(s);

    s = open_store(full);
    look(s, look_at_two);
    look(s, look_at_refusals);
    tap_ok(save(s, "BUG: b", "more", &is_new) == CRASH_NOT_WRITTEN && !is_new,
           "over the limit a known title writes no log");
    tap_ok(save(s, "BUG: d", "new", &is_new) == 0 && is_new, "but a new one does");
    tap_ok(crash_save_repro(s, STR("BUG: b"), &repro, &dg) == ST_OK, "reproducer");
    for (uint32_t i = 0; i < 4; i++)
        tap_ok(crash_save_attempt(s, STR("BUG: b"), STR("failed"), &dg) == ST_OK, "attempt %u", i);
    look(s, look_at_repro);
    crash_store_close(s);
    file_remove_all(folder);
    return tap_done();
}
