/* cache: see cache.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/native/cache.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, TRIM_EVERY = 16, ENTRIES_MAX = 100000, LEAVINGS_SECONDS = 3600 };
static const char suffix[] = ".cwasm";
#define TEMPORARY "tmp."

static bool path_of(char *out, const char *folder, const uint8_t key[SHA256_BYTES])
{
    char hex[2 * SHA256_BYTES + 1];

    for (uint32_t i = 0; i < SHA256_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", key[i]);
    int n = snprintf(out, PATH_BYTES, "%s/%s%s", folder, hex, suffix);
    return n > 0 && n < PATH_BYTES;
}

struct native_cached native_cache_get(const char *folder, const uint8_t key[SHA256_BYTES])
{
    struct native_cached c = {NULL, 0};
    char path[PATH_BYTES];
    struct stat st;

    if (!path_of(path, folder, key))
        return c;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return c;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
        if (at != MAP_FAILED)
            c = (struct native_cached){at, (size_t)st.st_size};
        struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
        if (st.st_mtime + 3600 < time(NULL)) /* used: one write an hour is enough to know */
            (void)!futimens(fd, now);
    }
    close(fd);
    return c;
}

void native_cache_release(struct native_cached *c)
{
    if (c->bytes != NULL)
        munmap(c->bytes, c->size);
    *c = (struct native_cached){NULL, 0};
}

/* ---- keeping it small ---- */

struct entry {
    char name[2 * SHA256_BYTES + sizeof(suffix)];
    time_t used;
    uint64_t bytes;
};

static int by_use(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return x->used < y->used ? -1 : x->used > y->used;
}

static uint32_t list(DIR *dir, struct entry *entries, uint32_t capacity, uint64_t *total)
{
    uint32_t count = 0;
    struct dirent *d;

    while (count < capacity && (d = readdir(dir)) != NULL) {
        struct stat st;
        if (strlen(d->d_name) != sizeof(entries->name) - 1 ||
            fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
            continue;
        struct entry *e = &entries[count++];
        memcpy(e->name, d->d_name, sizeof(e->name));
        e->used = st.st_mtime;
        e->bytes = (uint64_t)st.st_size;
        *total += e->bytes;
    }
    return count;
}

/* What a writer that was killed left behind. */
static void remove_leavings(DIR *dir)
{
    struct dirent *d;
    struct stat st;

    while ((d = readdir(dir)) != NULL)
        if (strncmp(d->d_name, TEMPORARY, strlen(TEMPORARY)) == 0 &&
            fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            st.st_mtime + LEAVINGS_SECONDS < time(NULL))
            (void)unlinkat(dirfd(dir), d->d_name, 0);
    rewinddir(dir);
}

static void trim(const char *folder)
{
    DIR *dir = opendir(folder);
    struct entry *entries = dir != NULL ? mem_alloc(ENTRIES_MAX, sizeof(*entries)) : NULL;
    uint64_t total = 0;

    if (entries != NULL) {
        remove_leavings(dir);
        uint32_t count = list(dir, entries, ENTRIES_MAX, &total);
        qsort(entries, count, sizeof(*entries), by_use);
        for (uint32_t i = 0; i < count && total > NATIVE_CACHE_BYTES_MAX; i++)
            if (unlinkat(dirfd(dir), entries[i].name, 0) == 0)
                total -= entries[i].bytes;
    }
    mem_free(entries);
    if (dir != NULL)
        closedir(dir);
}

/* ---- writing ---- */

static bool make_folder(const char *folder)
{
    char path[PATH_BYTES];
    const size_t size = strlen(folder);

    if (size == 0 || size >= sizeof(path))
        return false;
    memcpy(path, folder, size + 1);
    for (size_t i = 1; i <= size; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        path[i] = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return false;
        path[i] = folder[i];
    }
    return true;
}

static bool write_all(int fd, struct str part)
{
    const char *at = part.text;
    size_t size = part.size;

    while (size != 0) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno != EINTR)
            return false;
        at += MAX(n, 0);
        size -= (size_t)MAX(n, 0);
    }
    return true;
}

void native_cache_put(const char *folder, const uint8_t key[SHA256_BYTES], const struct str *parts,
                      uint32_t part_count)
{
    char path[PATH_BYTES], temporary[PATH_BYTES];

    if (!path_of(path, folder, key) || !make_folder(folder))
        return;
    int n = snprintf(temporary, sizeof(temporary), "%s/" TEMPORARY "XXXXXX", folder);
    int fd = n > 0 && n < PATH_BYTES ? mkostemp(temporary, O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    bool done = true;
    for (uint32_t i = 0; i < part_count && done; i++)
        done = write_all(fd, parts[i]);
    done = close(fd) == 0 && done && rename(temporary, path) == 0;
    if (!done)
        unlink(temporary);
    if (done && key[0] % TRIM_EVERY == 0) /* now and then */
        trim(folder);
}

/* ---- which compiler ---- */

struct search {
    uintptr_t address;
    struct sha256 *key;
    bool is_found;
};

/* The build id among the notes of one segment; none: size 0. */
static struct str build_id_in(const uint8_t *notes, size_t size)
{
    while (size >= sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)(const void *)notes;
        const size_t name = (note->n_namesz + 3) & ~(size_t)3;
        const size_t all = sizeof(*note) + name + ((note->n_descsz + 3) & ~(size_t)3);
        const char *text = (const char *)(note + 1);

        if (all > size)
            break;
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == sizeof(ELF_NOTE_GNU) &&
            memcmp(text, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0)
            return (struct str){text + name, note->n_descsz};
        notes += all;
        size -= all;
    }
    return (struct str){NULL, 0};
}

/* Adds the build id of the object that this code is in. */
static int add_build_id(struct dl_phdr_info *info, size_t size, void *ctx)
{
    struct search *s = ctx;
    bool is_here = false;

    (void)size;
    for (uint32_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        is_here |= p->p_type == PT_LOAD && s->address - (info->dlpi_addr + p->p_vaddr) < p->p_memsz;
    }
    for (uint32_t i = 0; is_here && !s->is_found && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type != PT_NOTE)
            continue;
        struct str id = build_id_in((const void *)(info->dlpi_addr + p->p_vaddr), p->p_memsz);
        s->is_found = id.size != 0;
        if (s->is_found)
            sha256_add(s->key, id.text, id.size);
    }
    return is_here;
}

bool native_cache_add_build(struct sha256 *key)
{
    struct search s = {(uintptr_t)suffix, key, false};

    dl_iterate_phdr(add_build_id, &s);
    return s.is_found;
}
