/* extract_elf: one section of an object file, of either class and byte order.
 *
 * Only what a compiler has just written is read, yet every offset is checked: the file may be cut
 * short by a full disk. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/extract.h"

#include <elf.h>
#include <string.h>

uint64_t extract_number(struct str object, size_t at, uint32_t bytes)
{
    bool big = object.size > EI_DATA && object.text[EI_DATA] == ELFDATA2MSB;
    uint64_t value = 0;

    if (at > object.size || bytes > object.size - at)
        return 0;
    for (uint32_t i = 0; i < bytes; i++) {
        uint64_t byte = (uint8_t)object.text[at + i];
        value |= byte << 8 * (big ? bytes - 1 - i : i);
    }
    return value;
}

/* Where the fields are that matter: the two classes differ in offsets and widths. */
struct shape {
    uint32_t word; /* bytes of an address */
    uint32_t table, entry_size, count, names;
    uint32_t header_offset, header_size;
};
static const struct shape shape32 = {4,
                                     offsetof(Elf32_Ehdr, e_shoff),
                                     offsetof(Elf32_Ehdr, e_shentsize),
                                     offsetof(Elf32_Ehdr, e_shnum),
                                     offsetof(Elf32_Ehdr, e_shstrndx),
                                     offsetof(Elf32_Shdr, sh_offset),
                                     offsetof(Elf32_Shdr, sh_size)};
static const struct shape shape64 = {8,
                                     offsetof(Elf64_Ehdr, e_shoff),
                                     offsetof(Elf64_Ehdr, e_shentsize),
                                     offsetof(Elf64_Ehdr, e_shnum),
                                     offsetof(Elf64_Ehdr, e_shstrndx),
                                     offsetof(Elf64_Shdr, sh_offset),
                                     offsetof(Elf64_Shdr, sh_size)};

static struct str bytes_of(struct str object, const struct shape *s, uint64_t header)
{
    uint64_t offset = extract_number(object, header + s->header_offset, s->word);
    uint64_t size = extract_number(object, header + s->header_size, s->word);

    if (offset > object.size || size > object.size - offset)
        return (struct str){0};
    return (struct str){object.text + offset, size};
}

enum status extract_section(struct str object, const char *name, struct str *out, struct diag *dg)
{
    if (object.size < EI_NIDENT || memcmp(object.text, ELFMAG, SELFMAG) != 0)
        return diag_fail(dg, ST_MALFORMED, 0,
                         "expected an ELF object file from the compiler, found %zu other bytes",
                         object.size);
    const struct shape *s = object.text[EI_CLASS] == ELFCLASS32 ? &shape32 : &shape64;
    uint64_t table = extract_number(object, s->table, s->word);
    uint64_t step = extract_number(object, s->entry_size, 2);
    uint64_t count = extract_number(object, s->count, 2);
    struct str names = bytes_of(object, s, table + step * extract_number(object, s->names, 2));

    for (uint64_t i = 0; i < count; i++) {
        uint64_t header = table + step * i;
        uint64_t at = extract_number(object, header, 4); /* sh_name comes first in both */
        size_t size = strlen(name) + 1;
        if (at > names.size || size > names.size - at || memcmp(names.text + at, name, size) != 0)
            continue;
        *out = bytes_of(object, s, header);
        return ST_OK;
    }
    return diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET,
                     "expected a section %s in the compiler's object file, found none among %ju",
                     name, (uintmax_t)count);
}
