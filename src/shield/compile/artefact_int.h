/* artefact_int: what writing and reading share. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_COMPILE_ARTEFACT_INT_H
#define SHIELD_COMPILE_ARTEFACT_INT_H

#include "shield/compile/artefact.h"

#include <elf.h>

#define ARTEFACT_MAGIC "mujun\0\0"

/* Every section, in the order of the file; name, ELF type, flags, alignment. */
#define ARTEFACT_SECTIONS(S)                                                                       \
    S(TEXT,    ".text",          SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 4096)                    \
    S(RODATA,  ".rodata",        SHT_PROGBITS, SHF_ALLOC,                 4096)                    \
    S(UNWIND,  ".eh_frame",      SHT_PROGBITS, SHF_ALLOC,                 4096)                    \
    S(SYMTAB,  ".symtab",        SHT_SYMTAB,   0,                         8)                       \
    S(STRTAB,  ".strtab",        SHT_STRTAB,   0,                         1)                       \
    S(IDENT,   ".mujun.ident",   SHT_PROGBITS, 0,                         8)                       \
    S(FUNCS,   ".mujun.funcs",   SHT_PROGBITS, 0,                         8)                       \
    S(PLANS,   ".mujun.plans",   SHT_PROGBITS, 0,                         8)                       \
    S(TRAPS,   ".mujun.traps",   SHT_PROGBITS, 0,                         8)                       \
    S(CODES,   ".mujun.codes",   SHT_PROGBITS, 0,                         8)                       \
    S(SOURCES, ".mujun.sources", SHT_PROGBITS, 0,                         8)                       \
    S(INLINED, ".mujun.inlined", SHT_PROGBITS, 0,                         8)                       \
    S(WASM,    ".mujun.wasm",    SHT_PROGBITS, 0,                         8)                       \
    S(NAMES,   ".shstrtab",      SHT_STRTAB,   0,                         1)

enum artefact_section {
#define S(id, name, type, flags, align) ARTEFACT_##id,
    ARTEFACT_SECTIONS(S)
#undef S
    ARTEFACT_SECTION_COUNT
};

struct artefact_section_info {
    const char *name;
    uint32_t type, flags, align;
};
extern const struct artefact_section_info artefact_sections[ARTEFACT_SECTION_COUNT];

/* Of the whole file, as if the 8 bytes at hole were 0. */
uint64_t artefact_checksum(const uint8_t *bytes, size_t size, size_t hole);

#endif /* SHIELD_COMPILE_ARTEFACT_INT_H */
