/* object: see object.h. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/object.h"

#include "shield/compile/unwind.h"

#include <elf.h>
#include <string.h>

enum section {
    SECTION_NULL,
    SECTION_TEXT,
    SECTION_POOL,
    SECTION_UNWIND,
    SECTION_STACK,
    SECTION_SYMBOLS,
    SECTION_NAMES,
    SECTION_TEXT_RELOCS,
    SECTION_POOL_RELOCS,
    SECTION_UNWIND_RELOCS,
    SECTION_SECTION_NAMES,
    SECTION_COUNT
};

struct object_symbol {
    uint32_t number; /* among the global ones */
    Elf64_Sym entry;
};

/* Local symbols come first: the null one, and one for each section that relocations name. */
enum { SYMBOL_TEXT = 1, SYMBOL_POOL = 2, LOCAL_SYMBOLS = 3 };

void object_init(struct object *o, struct arena *a)
{
    struct buf *const bufs[] = {&o->text,        &o->pool,        &o->unwind,       &o->names,
                                &o->text_relocs, &o->pool_relocs, &o->unwind_relocs};

    *o = (struct object){.arena = a};
    for (size_t i = 0; i < LENGTH_OF(bufs); i++)
        buf_init(bufs[i], a);
    map_init(&o->by_name, a);
    buf_byte(&o->names, 0);
    unwind_begin(&o->unwind);
}

static struct object_symbol *symbol_named(struct object *o, const char *name)
{
    const struct str key = str_of(name);
    struct object_symbol *s = map_get(&o->by_name, key);

    if (s != NULL)
        return s;
    s = arena_new(o->arena, struct object_symbol, 1);
    s->number = o->symbol_count;
    s->entry.st_name = (Elf64_Word)o->names.size;
    s->entry.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);
    buf_bytes(&o->names, name, key.size + 1);
    const struct str kept = {arena_copy_text(o->arena, name, key.size), key.size};
    (void)map_put(&o->by_name, kept, s);
    ARENA_PUSH(o->arena, o->symbols, o->symbol_count, o->symbol_capacity, s);
    return s;
}

static void align_buf(struct buf *b, size_t to, uint8_t fill)
{
    while (b->size % to != 0)
        buf_byte(b, fill);
}

static void relocate(struct buf *relocs, uint64_t offset, uint32_t symbol, uint32_t type,
                     int64_t addend)
{
    const Elf64_Rela r = {
        .r_offset = offset, .r_info = ELF64_R_INFO((uint64_t)symbol, type), .r_addend = addend};

    buf_bytes(relocs, &r, sizeof(r));
}

static void add_relocs(struct object *o, const struct codegen_code *code, size_t text, size_t pool,
                       const char *const *callee_names)
{
    for (uint32_t i = 0; i < code->reloc_count; i++) {
        const struct codegen_reloc *r = &code->relocs[i];
        if (r->kind == CODEGEN_RELOC_POOL) {
            relocate(&o->text_relocs, text + r->offset, SYMBOL_POOL, R_X86_64_PC32,
                     (int64_t)(pool + r->number) - 4);
            continue;
        }
        const struct object_symbol *s = symbol_named(o, callee_names[r->number]);
        relocate(&o->text_relocs, text + r->offset, LOCAL_SYMBOLS + s->number, R_X86_64_PLT32, -4);
    }
    for (uint32_t i = 0; i < code->jump_table_count; i++) {
        const struct codegen_jump_table *t = &code->jump_tables[i];
        for (uint32_t n = 0; n < t->count; n++) /* a distance from the table, not from the word */
            relocate(&o->pool_relocs, pool + t->pool_offset + 4 * (uint64_t)n, SYMBOL_TEXT,
                     R_X86_64_PC32, (int64_t)(text + t->targets[n]) + 4 * (int64_t)n);
    }
}

enum status object_add(struct object *o, const char *name, const struct codegen_code *code,
                       const char *const *callee_names, struct diag *dg)
{
    struct object_symbol *s = symbol_named(o, name);

    if (s->entry.st_shndx != SHN_UNDEF)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "the object has a function \"%s\" already",
                         name);
    align_buf(&o->text, 16, 0xcc); /* int3 */
    align_buf(&o->pool, 16, 0);
    const size_t text = o->text.size, pool = o->pool.size;
    s->entry.st_shndx = SECTION_TEXT;
    s->entry.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    s->entry.st_value = text;
    s->entry.st_size = code->size;
    buf_bytes(&o->text, code->bytes, code->size);
    if (code->pool_size > 0)
        buf_bytes(&o->pool, code->pool, code->pool_size);
    add_relocs(o, code, text, pool, callee_names);
    const struct unwind_frame frame = {.code_bytes = code->size,
                                       .prologue_bytes = code->prologue_bytes,
                                       .frame_bytes = code->frame_bytes,
                                       .saved = code->saved};
    const size_t at = unwind_add(&o->unwind, &frame);
    relocate(&o->unwind_relocs, at, SYMBOL_TEXT, R_X86_64_PC32, (int64_t)text);
    return ST_OK;
}

/* ---- the file -------------------------------------------------------------------------------- */

static void write_symbols(const struct object *o, struct buf *out)
{
    const Elf64_Sym local[LOCAL_SYMBOLS] = {
        [SYMBOL_TEXT] = {.st_info = ELF64_ST_INFO(STB_LOCAL, STT_SECTION),
                         .st_shndx = SECTION_TEXT},
        [SYMBOL_POOL] = {.st_info = ELF64_ST_INFO(STB_LOCAL, STT_SECTION),
                         .st_shndx = SECTION_POOL}};

    buf_bytes(out, local, sizeof(local));
    for (uint32_t i = 0; i < o->symbol_count; i++)
        buf_bytes(out, &o->symbols[i]->entry, sizeof(o->symbols[i]->entry));
}

static const struct {
    const char *name;
    Elf64_Word type, link, info;
    Elf64_Xword flags, align, entry;
} sections[SECTION_COUNT] = {
    [SECTION_NULL] = {"", SHT_NULL, 0, 0, 0, 0, 0},
    [SECTION_TEXT] = {".text", SHT_PROGBITS, 0, 0, SHF_ALLOC | SHF_EXECINSTR, 16, 0},
    [SECTION_POOL] = {".rodata", SHT_PROGBITS, 0, 0, SHF_ALLOC, 16, 0},
    [SECTION_UNWIND] = {".eh_frame", SHT_PROGBITS, 0, 0, SHF_ALLOC, 8, 0},
    [SECTION_STACK] = {".note.GNU-stack", SHT_PROGBITS, 0, 0, 0, 1, 0},
    [SECTION_SYMBOLS] = {".symtab", SHT_SYMTAB, SECTION_NAMES, LOCAL_SYMBOLS, 0, 8,
                         sizeof(Elf64_Sym)},
    [SECTION_NAMES] = {".strtab", SHT_STRTAB, 0, 0, 0, 1, 0},
    [SECTION_TEXT_RELOCS] = {".rela.text", SHT_RELA, SECTION_SYMBOLS, SECTION_TEXT, SHF_INFO_LINK,
                             8, sizeof(Elf64_Rela)},
    [SECTION_POOL_RELOCS] = {".rela.rodata", SHT_RELA, SECTION_SYMBOLS, SECTION_POOL, SHF_INFO_LINK,
                             8, sizeof(Elf64_Rela)},
    [SECTION_UNWIND_RELOCS] = {".rela.eh_frame", SHT_RELA, SECTION_SYMBOLS, SECTION_UNWIND,
                               SHF_INFO_LINK, 8, sizeof(Elf64_Rela)},
    [SECTION_SECTION_NAMES] = {".shstrtab", SHT_STRTAB, 0, 0, 0, 1, 0},
};

static void write_section(Elf64_Shdr *header, const struct buf *contents, struct buf *out)
{
    align_buf(out, 16, 0);
    header->sh_offset = out->size;
    header->sh_size = contents->size;
    if (contents->size > 0)
        buf_bytes(out, contents->data, contents->size);
}

void object_write(struct object *o, struct buf *out)
{
    const size_t start = out->size;
    Elf64_Shdr headers[SECTION_COUNT];
    struct buf symbols, names, unwind;

    buf_init(&symbols, o->arena);
    buf_init(&names, o->arena);
    buf_init(&unwind, o->arena);
    write_symbols(o, &symbols);
    buf_bytes(&unwind, o->unwind.data, o->unwind.size);
    unwind_end(&unwind);
    for (int i = 0; i < SECTION_COUNT; i++) {
        headers[i] = (Elf64_Shdr){.sh_name = (Elf64_Word)names.size,
                                  .sh_type = sections[i].type,
                                  .sh_flags = sections[i].flags,
                                  .sh_link = sections[i].link,
                                  .sh_info = sections[i].info,
                                  .sh_addralign = sections[i].align,
                                  .sh_entsize = sections[i].entry};
        buf_bytes(&names, sections[i].name, strlen(sections[i].name) + 1);
    }
    Elf64_Ehdr header = {.e_type = ET_REL,
                         .e_machine = EM_X86_64,
                         .e_version = EV_CURRENT,
                         .e_ehsize = sizeof(Elf64_Ehdr),
                         .e_shentsize = sizeof(Elf64_Shdr),
                         .e_shnum = SECTION_COUNT,
                         .e_shstrndx = SECTION_SECTION_NAMES};
    static const uint8_t ident[7] = {ELFMAG0, ELFMAG1,     ELFMAG2,   ELFMAG3,
                                     ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
    memcpy(header.e_ident, ident, sizeof(ident));
    buf_bytes(out, &header, sizeof(header));
    const struct buf *const contents[SECTION_COUNT] = {
        [SECTION_TEXT] = &o->text,
        [SECTION_POOL] = &o->pool,
        [SECTION_UNWIND] = &unwind,
        [SECTION_SYMBOLS] = &symbols,
        [SECTION_NAMES] = &o->names,
        [SECTION_TEXT_RELOCS] = &o->text_relocs,
        [SECTION_POOL_RELOCS] = &o->pool_relocs,
        [SECTION_UNWIND_RELOCS] = &o->unwind_relocs,
        [SECTION_SECTION_NAMES] = &names,
    };
    for (int i = 0; i < SECTION_COUNT; i++)
        if (contents[i] != NULL)
            write_section(&headers[i], contents[i], out);
    align_buf(out, 16, 0);
    header.e_shoff = out->size - start;
    memcpy(out->data + start, &header, sizeof(header));
    buf_bytes(out, headers, sizeof(headers));
}
