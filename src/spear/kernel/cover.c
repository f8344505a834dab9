/* cover: places are found by scanning code for calls of __sanitizer_cov_trace_pc (e8, 32 bits of
 * distance). Four bytes of data that happen to be the right distance behind an e8 are as unlikely
 * as they are harmless. SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/cover.h"

#include "base/mem.h"
#include "spear/kernel/symbols.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CALL_BYTES = 5, COVER_ARENA_BYTES = 1 << 30 };

/* One call of the coverage function. */
struct place {
    uint64_t address; /* behind the call: what the kernel reports */
    struct str path, function;
    uint32_t line;
};

struct cover_map {
    struct arena arena;
    struct place *by_address, **by_path; /* by_path: then by line */
    size_t count, capacity;
};

/* ---- finding places -------------------------------------------------------------------------- */

struct elf {
    const uint8_t *bytes;
    size_t size;
};

static bool is_inside(const struct elf *elf, uint64_t offset, uint64_t size)
{
    return offset <= elf->size && size <= elf->size - offset;
}

static void scan_section(struct cover_map *map, const struct elf *elf, const Elf64_Shdr *section,
                         uint64_t function)
{
    const uint8_t *code = elf->bytes + section->sh_offset;

    for (uint64_t i = 0; i + CALL_BYTES <= section->sh_size; i++) {
        int32_t distance;
        if (code[i] != 0xe8)
            continue;
        memcpy(&distance, code + i + 1, sizeof(distance));
        const uint64_t next = section->sh_addr + i + CALL_BYTES;
        if (next + (uint64_t)(int64_t)distance != function)
            continue;
        const struct place place = {.address = next};
        ARENA_PUSH(&map->arena, map->by_address, map->count, map->capacity, place);
        i += CALL_BYTES - 1;
    }
}

static bool scan(struct cover_map *map, const struct elf *elf, uint64_t function)
{
    Elf64_Ehdr header;

    if (!is_inside(elf, 0, sizeof(header)))
        return false;
    memcpy(&header, elf->bytes, sizeof(header));
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64)
        return false;
    for (unsigned i = 0; i < header.e_shnum; i++) {
        Elf64_Shdr section;
        const uint64_t at = header.e_shoff + (uint64_t)i * header.e_shentsize;
        if (!is_inside(elf, at, sizeof(section)))
            return false;
        memcpy(&section, elf->bytes + at, sizeof(section));
        if (section.sh_type == SHT_PROGBITS && (section.sh_flags & SHF_EXECINSTR) != 0 &&
            is_inside(elf, section.sh_offset, section.sh_size))
            scan_section(map, elf, &section, function);
    }
    return true;
}

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return (x->address > y->address) - (x->address < y->address);
}

static int compare_text(struct str a, struct str b)
{
    const int order = memcmp(a.text, b.text, MIN(a.size, b.size));
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_lines(const void *a, const void *b)
{
    const struct place *x = *(struct place *const *)a, *y = *(struct place *const *)b;
    const int order = compare_text(x->path, y->path);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static struct str copy(struct arena *a, struct str s)
{
    return (struct str){arena_copy_text(a, s.text, s.size), s.size};
}

/* Copied with "x/../" taken out, so that a file has one name. */
static struct str copy_path(struct arena *a, struct str path)
{
    char *out = arena_copy_text(a, path.text, path.size);
    size_t size = 0;

    for (size_t i = 0; i < path.size;) {
        const char *slash = memchr(path.text + i, '/', path.size - i);
        const size_t end = slash == NULL ? path.size : (size_t)(slash - path.text) + 1;
        if (end - i == 3 && memcmp(path.text + i, "../", 3) == 0 && size != 0) {
            for (size--; size > 0 && out[size - 1] != '/'; size--)
                ;
        } else {
            memmove(out + size, path.text + i, end - i);
            size += end - i;
        }
        i = end;
    }
    out[size] = 0;
    return (struct str){out, size};
}

/* Neighbours are mostly of one file and function: their text is copied once. */
static void name_places(struct cover_map *map, struct symbols *symbols)
{
    const struct place *last = NULL;
    struct str last_path = STR(""); /* as DWARF has it */

    for (size_t i = 0; i < map->count; i++) {
        struct place *p = &map->by_address[i];
        const uint64_t call = p->address - CALL_BYTES;
        const struct symbol_function *function = symbols_function(symbols, call);
        const struct str name = function == NULL ? STR("") : function->name;
        struct str path = STR("");

        (void)symbols_line(symbols, call, &path, &p->line);
        p->path =
            last != NULL && str_equal(last_path, path) ? last->path : copy_path(&map->arena, path);
        p->function = last != NULL && str_equal(last->function, name) ? last->function
                                                                      : copy(&map->arena, name);
        last = p;
        last_path = path;
    }
}

struct opening {
    struct cover_map *map;
    struct symbols *symbols;
    struct elf elf;
    const char *vmlinux;
};

static enum status find_places(void *ctx, struct diag *dg)
{
    struct opening *o = ctx;
    struct cover_map *map = o->map;
    uint64_t function;

    if (!symbols_address(o->symbols, STR("__sanitizer_cov_trace_pc"), 0, 0, &function))
        return diag_fail(dg, ST_UNSUPPORTED, DIAG_NO_OFFSET,
                         "%s: this kernel was built without CONFIG_KCOV", o->vmlinux);
    if (!scan(map, &o->elf, function))
        return diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET, "%s: expected a 64-bit ELF file",
                         o->vmlinux);
    qsort(map->by_address, map->count, sizeof(*map->by_address), compare_places);
    name_places(map, o->symbols);
    map->by_path = arena_new(&map->arena, struct place *, MAX(map->count, 1));
    for (size_t i = 0; i < map->count; i++)
        map->by_path[i] = &map->by_address[i];
    qsort(map->by_path, map->count, sizeof(*map->by_path), compare_lines);
    return ST_OK;
}

static enum status map_file(struct opening *o, struct diag *dg)
{
    const int fd = open(o->vmlinux, O_RDONLY | O_CLOEXEC);
    struct stat about;
    void *bytes = MAP_FAILED;

    if (fd >= 0 && fstat(fd, &about) == 0 && about.st_size > 0)
        bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    const int error = errno;
    if (fd >= 0)
        close(fd);
    if (bytes == MAP_FAILED)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "%s: %s", o->vmlinux, strerror(error));
    o->elf = (struct elf){bytes, (size_t)about.st_size};
    return ST_OK;
}

enum status cover_open(const char *vmlinux, struct cover_map **out, struct diag *dg)
{
    struct opening o = {.vmlinux = vmlinux, .map = mem_alloc(1, sizeof(*o.map))};

    if (o.map == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "reading coverage places");
    arena_init(&o.map->arena, COVER_ARENA_BYTES);
    enum status st = symbols_open(vmlinux, &o.symbols, dg);
    if (st == ST_OK)
        st = map_file(&o, dg);
    if (st == ST_OK)
        st = arena_guard(&o.map->arena, find_places, &o, dg);
    if (o.elf.bytes != NULL)
        munmap((void *)(uintptr_t)o.elf.bytes, o.elf.size);
    if (o.symbols != NULL)
        symbols_close(o.symbols);
    if (st != ST_OK) {
        cover_close(o.map);
        return st;
    }
    *out = o.map;
    return ST_OK;
}

void cover_close(struct cover_map *map)
{
    arena_free(&map->arena);
    mem_free(map);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static bool is_covered(const struct place *p, const uint32_t *pcs, size_t count)
{
    const uint32_t wanted = (uint32_t)p->address;
    size_t low = 0, high = count;

    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (pcs[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && pcs[low] == wanted;
}

static void add(struct cover_totals *t, const struct place *p, const uint32_t *pcs, size_t count)
{
    t->total++;
    t->covered += is_covered(p, pcs, count);
}

struct cover_file *cover_files(const struct cover_map *map, struct arena *a, const uint32_t *pcs,
                               size_t count, size_t *file_count)
{
    struct cover_file *files = NULL;
    size_t capacity = 0;

    *file_count = 0;
    for (size_t i = 0; i < map->count; i++) {
        const struct place *p = map->by_path[i];
        if (*file_count == 0 || !str_equal(files[*file_count - 1].path, p->path)) {
            const struct cover_file file = {.path = p->path};
            ARENA_PUSH(a, files, *file_count, capacity, file);
        }
        add(&files[*file_count - 1].places, p, pcs, count);
    }
    return files;
}

struct cover_function *cover_functions(const struct cover_map *map, struct arena *a,
                                       const uint32_t *pcs, size_t count, const char *path,
                                       size_t *function_count)
{
    struct cover_function *all = NULL;
    size_t capacity = 0, n = 0;

    for (size_t i = 0; i < map->count; i++) {
        const struct place *p = &map->by_address[i];
        if (path != NULL && !str_equal(p->path, str_of(path)))
            continue;
        if (n == 0 || !str_equal(all[n - 1].name, p->function)) {
            const struct cover_function function = {.name = p->function, .path = p->path};
            ARENA_PUSH(a, all, n, capacity, function);
        }
        add(&all[n - 1].places, p, pcs, count);
    }
    *function_count = n;
    return all;
}

struct cover_line *cover_lines(const struct cover_map *map, struct arena *a, const uint32_t *pcs,
                               size_t count, const char *path, size_t *line_count)
{
    struct cover_line *lines = NULL;
    size_t capacity = 0, n = 0;

    for (size_t i = 0; i < map->count; i++) {
        const struct place *p = map->by_path[i];
        if (!str_equal(p->path, str_of(path)))
            continue;
        if (n == 0 || lines[n - 1].line != p->line) {
            const struct cover_line line = {.line = p->line};
            ARENA_PUSH(a, lines, n, capacity, line);
        }
        add(&lines[n - 1].places, p, pcs, count);
    }
    *line_count = n;
    return lines;
}
