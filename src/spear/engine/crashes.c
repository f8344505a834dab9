/* crashes: see crashes.h. Rows are in memory and are never removed while the store is open; one
 * lock guards rows and files. SPDX-License-Identifier: Apache-2.0 */
#include "spear/engine/crashes.h"

#include "base/mem.h"
#include "io/digest.h"
#include "io/file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
    LOG_BYTES_USUAL = 1 << 20,
    TITLE_BYTES_MAX = 1024,
    TITLES_MAX = 100000,
    FILE_BYTES_MAX = 256 << 20, /* of one that is read back */
    HASH_TEXT_SIZE = 40,
    FOLDER_PATH_MAX = FILE_PATH_MAX + 64,  /* of a crash */
    NAME_PATH_MAX = FOLDER_PATH_MAX + 512, /* of a file in it */
    LOG_HEAD_OF = 4,                       /* of a cut log one part in so many is its beginning */
};

struct row {
    struct crash_row shown; /* its title is owned */
    uint32_t next;          /* N of the next log */
};

struct crash_store {
    pthread_mutex_t lock;
    struct crash_limits limits;
    char root[FILE_PATH_MAX]; /* WORK_DIR/crashes */
    struct row *rows;
    size_t count, capacity;
    uint64_t bytes; /* of all files */
};

/* ---- rows ------------------------------------------------------------------------------------ */
static struct row *find_row(struct crash_store *s, const char *hash)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->rows[i].shown.hash, hash) == 0)
            return &s->rows[i];
    return NULL;
}

/* NULL: no memory, or more titles than are counted. */
static struct row *add_row(struct crash_store *s, const char *hash, struct str title)
{
    if (s->count == TITLES_MAX)
        return NULL;
    if (s->count == s->capacity) {
        const size_t capacity = MAX(s->capacity * 2, (size_t)16);
        struct row *rows = mem_resize(s->rows, capacity, sizeof(*rows));
        if (rows == NULL)
            return NULL;
        s->rows = rows;
        s->capacity = capacity;
    }
    char *copy = mem_alloc(1, title.size + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, title.text, title.size);
    struct row *row = &s->rows[s->count++];
    *row = (struct row){
        .shown.title = {copy, title.size}
    };
    snprintf(row->shown.hash, sizeof(row->shown.hash), "%s", hash);
    return row;
}

/* One line of limited length: what stands in `description`, and what is hashed. */
static struct str clean_title(struct str title)
{
    const char *end = title.size == 0 ? NULL : memchr(title.text, '\n', title.size);

    if (end != NULL)
        title.size = (size_t)(end - title.text);
    title.size = MIN(title.size, (size_t)TITLE_BYTES_MAX);
    return title.size == 0 ? STR("crash without a title") : title;
}

/* ---- reading what is there ------------------------------------------------------------------- */
/* The N of a file named STEM and N; UINT32_MAX when it is another file. */
static uint32_t number_of(const char *name, const char *stem)
{
    const size_t length = strlen(stem);
    char *end = NULL;

    if (strncmp(name, stem, length) != 0 || !isdigit((unsigned char)name[length]))
        return UINT32_MAX;
    const unsigned long n = strtoul(name + length, &end, 10);
    return *end == '\0' && n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

/* What the logs of a folder say of when, how often, and where the next one goes. */
struct log_scan {
    uint32_t count, oldest, above; /* above: highest N and one */
    uint64_t first_s, last_s, oldest_s;
};

static void scan_log(struct log_scan *scan, uint32_t n, uint64_t time_s)
{
    if (scan->count == 0 || time_s < scan->oldest_s) {
        scan->oldest_s = time_s;
        scan->oldest = n;
    }
    scan->first_s = scan->count == 0 ? time_s : MIN(scan->first_s, time_s);
    scan->last_s = MAX(scan->last_s, time_s);
    scan->above = MAX(scan->above, n + 1);
    scan->count++;
}

/* `seen` counts beyond the logs that are kept: "COUNT FIRST LAST\n". */
static void read_seen(const char *folder, struct crash_row *shown)
{
    char path[NAME_PATH_MAX];
    uint8_t *data = NULL;
    size_t size = 0;
    uint64_t count = 0, first_s = 0, last_s = 0;
    struct diag dg;

    snprintf(path, sizeof(path), "%s/seen", folder);
    if (file_read(path, TITLE_BYTES_MAX, &data, &size, &dg) != ST_OK)
        return;
    if (sscanf((const char *)data, "%" SCNu64 " %" SCNu64 " %" SCNu64, &count, &first_s, &last_s) ==
            3 &&
        count >= shown->count) {
        shown->count = count;
        shown->first_time_s = first_s;
        shown->last_time_s = last_s;
    }
    mem_free(data);
}

static void scan_files(struct crash_store *s, const char *folder, DIR *dir, struct row *row)
{
    struct log_scan scan = {0};

    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[NAME_PATH_MAX];
        struct stat info;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
            continue;
        s->bytes += (uint64_t)info.st_size;
        const uint32_t log = number_of(entry->d_name, "log");
        if (log != UINT32_MAX)
            scan_log(&scan, log, (uint64_t)info.st_mtime);
        row->shown.attempts += number_of(entry->d_name, "repro") != UINT32_MAX;
        row->shown.has_repro |= strcmp(entry->d_name, "repro.prog") == 0;
        row->shown.has_c_repro |= strcmp(entry->d_name, "repro.cprog") == 0;
    }
    row->shown.count = scan.count;
    row->shown.first_time_s = scan.first_s;
    row->shown.last_time_s = scan.last_s;
    row->next = scan.above < s->limits.logs_max ? scan.above : scan.oldest % s->limits.logs_max;
    read_seen(folder, &row->shown);
}

static void read_folder(struct crash_store *s, const char *hash)
{
    char folder[FOLDER_PATH_MAX], path[NAME_PATH_MAX];
    uint8_t *title = NULL;
    size_t size = 0;
    struct diag dg;

    snprintf(folder, sizeof(folder), "%s/%s", s->root, hash);
    snprintf(path, sizeof(path), "%s/description", folder);
    if (strlen(hash) != HASH_TEXT_SIZE ||
        file_read(path, TITLE_BYTES_MAX, &title, &size, &dg) != ST_OK)
        return; /* not one of ours */
    struct row *row = add_row(s, hash, clean_title((struct str){(char *)title, size}));
    mem_free(title);
    DIR *dir = row == NULL ? NULL : opendir(folder);
    if (dir != NULL) {
        scan_files(s, folder, dir, row);
        closedir(dir);
    }
}

enum status crash_store_open(const char *work_dir, const struct crash_limits *limits,
                             struct crash_store **out, struct diag *dg)
{
    struct crash_store *s = mem_alloc(1, sizeof(*s));

    if (s == NULL || pthread_mutex_init(&s->lock, NULL) != 0) {
        mem_free(s);
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no memory for the crash store");
    }
    s->limits = *limits;
    if (s->limits.logs_max == 0)
        s->limits.logs_max = CRASH_LOGS_MAX;
    if (s->limits.log_bytes == 0)
        s->limits.log_bytes = LOG_BYTES_USUAL;
    enum status st = ST_OK;
    if (snprintf(s->root, sizeof(s->root), "%s/crashes", work_dir) >= (int)sizeof(s->root))
        st = diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                       "the path of the work directory is longer than %d bytes", FILE_PATH_MAX);
    if (st == ST_OK)
        st = file_make_dirs(s->root, dg);
    DIR *dir = st == ST_OK ? opendir(s->root) : NULL;
    if (st == ST_OK && dir == NULL)
        st = file_fail(dg, errno, "cannot list %s", s->root);
    if (st != ST_OK) {
        crash_store_close(s);
        return st;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        read_folder(s, entry->d_name);
    closedir(dir);
    *out = s;
    return ST_OK;
}

void crash_store_close(struct crash_store *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->count; i++)
        mem_free((char *)(uintptr_t)s->rows[i].shown.title.text);
    mem_free(s->rows);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

/* ---- writing --------------------------------------------------------------------------------- */
static enum status write_file(struct crash_store *s, const struct row *row, const char *name,
                              struct str data, struct diag *dg)
{
    char path[NAME_PATH_MAX];
    struct stat info;

    snprintf(path, sizeof(path), "%s/%s/%s", s->root, row->shown.hash, name);
    const uint64_t old = stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
    TRY(file_write(path, data.text, data.size, dg));
    s->bytes = s->bytes - MIN(old, s->bytes) + data.size;
    return ST_OK;
}

static enum status write_numbered(struct crash_store *s, const struct row *row, const char *stem,
                                  uint32_t n, struct str data, struct diag *dg)
{
    char name[32];

    snprintf(name, sizeof(name), "%s%u", stem, n);
    return write_file(s, row, name, data, dg);
}

/* The log with a line in place of its middle when it is too long; *block is to be freed. */
static struct str cut_log(const struct crash_store *s, struct str log, char **block)
{
    enum { NOTE_BYTES_MAX = 96 };
    const size_t max = (size_t)s->limits.log_bytes;
    char note[NOTE_BYTES_MAX];

    *block = NULL;
    if (log.size <= max)
        return log;
    const size_t head = max / LOG_HEAD_OF, tail = max - head;
    const size_t note_size =
        (size_t)snprintf(note, sizeof(note), "\n<%zu bytes are left out here>\n", log.size - max);
    *block = mem_alloc(1, max + note_size);
    if (*block == NULL)
        return (struct str){log.text + log.size - tail, tail}; /* the end tells most */
    memcpy(*block, log.text, head);
    memcpy(*block + head, note, note_size);
    memcpy(*block + head + note_size, log.text + log.size - tail, tail);
    return (struct str){*block, max + note_size};
}

/* The row of a title, its folder and description made if need be. */
static enum status take_row(struct crash_store *s, struct str title, struct row **out, bool *is_new,
                            struct diag *dg)
{
    char hash[DIGEST_TEXT_BYTES], folder[FOLDER_PATH_MAX];

    title = clean_title(title);
    digest_hex(title.text, title.size, hash);
    *out = find_row(s, hash);
    *is_new = *out == NULL;
    if (*is_new)
        *out = add_row(s, hash, title);
    if (*out == NULL)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "no memory for another title of a crash; %zu are known", s->count);
    if (!*is_new)
        return ST_OK;
    snprintf(folder, sizeof(folder), "%s/%s", s->root, hash);
    TRY(file_make_dirs(folder, dg));
    char line[TITLE_BYTES_MAX + 2];
    const int size = snprintf(line, sizeof(line), "%.*s\n", (int)title.size, title.text);
    return write_file(s, *out, "description", (struct str){line, (size_t)size}, dg);
}

static enum status write_seen(struct crash_store *s, const struct row *row, struct diag *dg)
{
    char line[96];
    const int size = snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                              row->shown.count, row->shown.first_time_s, row->shown.last_time_s);

    return write_file(s, row, "seen", (struct str){line, (size_t)size}, dg);
}

static enum status save(struct crash_store *s, struct str title, struct str log, struct str report,
                        struct str machine_info, bool *is_new, uint32_t *index, struct diag *dg)
{
    struct row *row = NULL;
    char *block = NULL;

    TRY(take_row(s, title, &row, is_new, dg));
    row->shown.last_time_s = (uint64_t)time(NULL);
    if (row->shown.count++ == 0)
        row->shown.first_time_s = row->shown.last_time_s;
    *index = CRASH_NOT_WRITTEN;
    TRY(write_seen(s, row, dg));
    if (s->limits.all_bytes != 0 && s->bytes >= s->limits.all_bytes && !*is_new)
        return ST_OK;
    *index = row->next;
    row->next = (row->next + 1) % s->limits.logs_max;
    enum status st = write_numbered(s, row, "log", *index, cut_log(s, log, &block), dg);
    mem_free(block);
    if (st == ST_OK)
        st = write_numbered(s, row, "report", *index, report, dg);
    if (st == ST_OK && machine_info.size != 0)
        st = write_numbered(s, row, "machineInfo", *index, machine_info, dg);
    return st;
}

enum status crash_save(struct crash_store *s, struct str title, struct str log, struct str report,
                       struct str machine_info, bool *is_new, uint32_t *index, struct diag *dg)
{
    pthread_mutex_lock(&s->lock);
    enum status st = save(s, title, log, report, machine_info, is_new, index, dg);
    pthread_mutex_unlock(&s->lock);
    return st;
}

static enum status save_repro(struct crash_store *s, struct str title,
                              const struct crash_repro *repro, struct diag *dg)
{
    const struct {
        const char *name;
        struct str data;
    } files[] =
        {
            {"repro.cprog",  repro->c     },
            {"repro.log",    repro->log   },
            {"repro.report", repro->report},
            {"repro.stats",  repro->stats },
            {"repro.prog",   repro->prog  }, /* last: when it is there, so is the rest */
    };
    struct row *row = NULL;
    bool is_new = false;

    TRY(take_row(s, title, &row, &is_new, dg));
    for (size_t i = 0; i < LENGTH_OF(files); i++)
        if (files[i].data.size != 0)
            TRY(write_file(s, row, files[i].name, files[i].data, dg));
    row->shown.has_repro |= repro->prog.size != 0;
    row->shown.has_c_repro |= repro->c.size != 0;
    return ST_OK;
}

enum status crash_save_repro(struct crash_store *s, struct str title,
                             const struct crash_repro *repro, struct diag *dg)
{
    pthread_mutex_lock(&s->lock);
    enum status st = save_repro(s, title, repro, dg);
    pthread_mutex_unlock(&s->lock);
    return st;
}

enum status crash_save_attempt(struct crash_store *s, struct str title, struct str log,
                               struct diag *dg)
{
    struct row *row = NULL;
    char *block = NULL;
    bool is_new = false;

    pthread_mutex_lock(&s->lock);
    enum status st = take_row(s, title, &row, &is_new, dg);
    if (st == ST_OK) {
        const uint32_t n = MIN(row->shown.attempts, (uint32_t)CRASH_REPRO_TRIES_MAX - 1);
        row->shown.attempts++;
        st = write_numbered(s, row, "repro", n, cut_log(s, log, &block), dg);
        mem_free(block);
    }
    pthread_mutex_unlock(&s->lock);
    return st;
}

/* ---- looking in ------------------------------------------------------------------------------ */
static int newest_first(const void *a, const void *b)
{
    const struct crash_row *x = a, *y = b;

    if (x->last_time_s != y->last_time_s)
        return x->last_time_s > y->last_time_s ? -1 : 1;
    return strcmp(x->hash, y->hash);
}

static void copy_title(struct arena *a, struct crash_row *row)
{
    row->title.text = arena_copy_text(a, row->title.text, row->title.size);
}

size_t crash_count(struct crash_store *s)
{
    pthread_mutex_lock(&s->lock);
    const size_t count = s->count;
    pthread_mutex_unlock(&s->lock);
    return count;
}

struct crash_row *crash_list(struct crash_store *s, struct arena *a, size_t *count)
{
    struct crash_row *rows = NULL;
    size_t room = 0;

    /* The arena may unwind, so it allocates without the lock. Titles stay where they are. */
    for (;;) {
        pthread_mutex_lock(&s->lock);
        *count = s->count;
        const bool fits = rows != NULL && *count <= room;
        for (size_t i = 0; fits && i < *count; i++)
            rows[i] = s->rows[i].shown;
        pthread_mutex_unlock(&s->lock);
        if (fits)
            break;
        room = *count + 1;
        rows = arena_new(a, struct crash_row, room);
    }
    for (size_t i = 0; i < *count; i++)
        copy_title(a, &rows[i]);
    qsort(rows, *count, sizeof(*rows), newest_first);
    return rows;
}

bool crash_find(struct crash_store *s, struct arena *a, struct str title, struct crash_row *out)
{
    char hash[DIGEST_TEXT_BYTES];

    title = clean_title(title);
    digest_hex(title.text, title.size, hash);
    pthread_mutex_lock(&s->lock);
    const struct row *row = find_row(s, hash);
    if (row != NULL)
        *out = row->shown;
    pthread_mutex_unlock(&s->lock);
    if (row != NULL)
        copy_title(a, out);
    return row != NULL;
}

enum status crash_file(struct crash_store *s, struct arena *a, const char *hash, const char *name,
                       struct str *out, struct diag *dg)
{
    char path[NAME_PATH_MAX];
    struct stat info;

    errno = 0;
    if (strlen(hash) != HASH_TEXT_SIZE || strspn(hash, "0123456789abcdef") != HASH_TEXT_SIZE)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "a crash is named by 40 hexadecimal digits, not by \"%.64s\"", hash);
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL || strlen(name) > NAME_MAX)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "\"%.64s\" is no name of a file in the folder of a crash", name);
    snprintf(path, sizeof(path), "%s/%s/%s", s->root, hash, name);
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return file_fail(dg, errno == 0 ? ENOENT : errno, "cannot read %s", path);
    if (info.st_size > FILE_BYTES_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "%s has %jd bytes, at most %d are shown",
                         path, (intmax_t)info.st_size, FILE_BYTES_MAX);
    /* The arena may unwind, so it allocates before there is anything to lose. */
    char *text = arena_new(a, char, (size_t)info.st_size + 1);
    FILE *in = fopen(path, "rbe");
    if (in == NULL)
        return file_fail(dg, errno, "cannot read %s", path);
    *out = (struct str){text, fread(text, 1, (size_t)info.st_size, in)};
    fclose(in);
    return ST_OK;
}
