/* artefact_write: see artefact.h. Sections follow each other in the file as in memory, so that the
 * address of what is loaded is its offset. SPDX-License-Identifier: Apache-2.0 */
#include "shield/compile/artefact_int.h"
#include "shield/compile/unwind.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct artefact_section_info artefact_sections[ARTEFACT_SECTION_COUNT] = {
#define S(id, name, type, flags, align) [ARTEFACT_##id] = {name, type, flags, align},
    ARTEFACT_SECTIONS(S)
#undef S
};

uint64_t artefact_checksum(const uint8_t *bytes, size_t size, size_t hole)
{
    uint64_t sum = size;

    for (size_t at = 0; at < size; at += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes + at, MIN(size - at, (size_t)8));
        if (at == hole)
            word = 0;
        sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 29;
    }
    return sum;
}

struct writer {
    struct buf *out;
    Elf64_Shdr headers[ARTEFACT_SECTION_COUNT + 1]; /* the zeroth is empty */
    size_t name_at;
};

static void align(struct buf *b, size_t to)
{
    while (b->size % to != 0)
        buf_byte(b, 0);
}

static Elf64_Shdr *header(struct writer *w, enum artefact_section s)
{
    return &w->headers[s + 1];
}

static void begin(struct writer *w, enum artefact_section s)
{
    const struct artefact_section_info *info = &artefact_sections[s];
    Elf64_Shdr *h = header(w, s);

    align(w->out, info->align);
    h->sh_type = info->type;
    h->sh_flags = info->flags;
    h->sh_addralign = info->align;
    h->sh_offset = w->out->size;
    h->sh_addr = (info->flags & SHF_ALLOC) != 0 ? h->sh_offset : 0;
}

static void end(struct writer *w, enum artefact_section s)
{
    header(w, s)->sh_size = w->out->size - header(w, s)->sh_offset;
}

static void add(struct writer *w, enum artefact_section s, const void *data, size_t size)
{
    begin(w, s);
    if (size != 0)
        buf_bytes(w->out, data, size);
    end(w, s);
}

static void add_unwind(struct writer *w, const struct image *image)
{
    struct buf table;

    buf_init(&table, w->out->arena);
    begin(w, ARTEFACT_UNWIND);
    unwind_begin(&table);
    for (uint32_t i = 0; i < image->func_count; i++) {
        const struct image_func *f = &image->funcs[i];
        const struct unwind_frame frame = {f->size, f->prologue_bytes, f->frame_bytes, f->saved};
        const size_t at = unwind_add(&table, &frame);
        const int64_t delta = (int64_t)(header(w, ARTEFACT_TEXT)->sh_addr + f->offset) -
                              (int64_t)(header(w, ARTEFACT_UNWIND)->sh_addr + at);
        const int32_t short_delta = (int32_t)delta;
        memcpy(table.data + at, &short_delta, sizeof(short_delta));
    }
    unwind_end(&table);
    buf_bytes(w->out, table.data, table.size);
    end(w, ARTEFACT_UNWIND);
}

static void add_symbols(struct writer *w, const struct image *image,
                        const struct artefact_names *names)
{
    struct buf text;
    const uint32_t first = image->identity.shape.imported_func_count;

    buf_init(&text, w->out->arena);
    buf_byte(&text, 0);
    begin(w, ARTEFACT_SYMTAB);
    buf_bytes(w->out, &(Elf64_Sym){0}, sizeof(Elf64_Sym));
    for (uint32_t i = 0; i < image->func_count; i++) {
        struct str name = names->name(names->ctx, first + i);
        const Elf64_Sym symbol = {
            .st_name = (uint32_t)text.size,
            .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
            .st_shndx = ARTEFACT_TEXT + 1,
            .st_value = header(w, ARTEFACT_TEXT)->sh_addr + image->funcs[i].offset,
            .st_size = image->funcs[i].size,
        };
        if (name.size == 0)
            buf_printf(&text, "func[%u]", first + i);
        for (size_t k = 0; k < name.size; k++) /* no NUL inside a name */
            buf_byte(&text, name.text[k] == 0 ? (uint8_t)'?' : (uint8_t)name.text[k]);
        buf_byte(&text, 0);
        buf_bytes(w->out, &symbol, sizeof(symbol));
    }
    end(w, ARTEFACT_SYMTAB);
    header(w, ARTEFACT_SYMTAB)->sh_link = ARTEFACT_STRTAB + 1;
    header(w, ARTEFACT_SYMTAB)->sh_info = 1; /* all but the first are global */
    header(w, ARTEFACT_SYMTAB)->sh_entsize = sizeof(Elf64_Sym);
    add(w, ARTEFACT_STRTAB, text.data, text.size);
}

static void add_section_names(struct writer *w)
{
    begin(w, ARTEFACT_NAMES);
    buf_byte(w->out, 0);
    for (uint32_t s = 0; s < ARTEFACT_SECTION_COUNT; s++) {
        w->headers[s + 1].sh_name =
            (uint32_t)(w->out->size - header(w, ARTEFACT_NAMES)->sh_offset);
        buf_bytes(w->out, artefact_sections[s].name, strlen(artefact_sections[s].name) + 1);
    }
    end(w, ARTEFACT_NAMES);
}

enum { SEGMENT_COUNT = 3 };

static void set_headers(struct writer *w, uint64_t sections_at)
{
    static const struct {
        enum artefact_section section;
        uint32_t flags;
    } segments[SEGMENT_COUNT] = {
        {ARTEFACT_TEXT, PF_R | PF_X}, {ARTEFACT_RODATA, PF_R}, {ARTEFACT_UNWIND, PF_R}};
    Elf64_Ehdr e = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_DYN,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(e),
        .e_shoff = sections_at,
        .e_ehsize = sizeof(e),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = SEGMENT_COUNT,
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = ARTEFACT_SECTION_COUNT + 1,
        .e_shstrndx = ARTEFACT_NAMES + 1,
    };

    memcpy(w->out->data, &e, sizeof(e));
    for (uint32_t i = 0; i < SEGMENT_COUNT; i++) {
        const Elf64_Shdr *h = header(w, segments[i].section);
        const Elf64_Phdr p = {.p_type = PT_LOAD,
                              .p_flags = segments[i].flags,
                              .p_offset = h->sh_offset,
                              .p_vaddr = h->sh_addr,
                              .p_paddr = h->sh_addr,
                              .p_filesz = h->sh_size,
                              .p_memsz = h->sh_size,
                              .p_align = h->sh_addralign};
        memcpy(w->out->data + sizeof(e) + i * sizeof(p), &p, sizeof(p));
    }
}

static uint64_t sum_of_sizes(const struct image *image, struct str wasm)
{
    return (uint64_t)image->text_bytes + image->pool_bytes + wasm.size +
           (uint64_t)image->func_count * 256 + (uint64_t)image->trap_count * 5 +
           (uint64_t)image->source_count * sizeof(*image->sources) +
           (uint64_t)image->inlined_count * sizeof(*image->inlined);
}

enum status artefact_write(const struct image *image, const struct artefact_names *names,
                           struct str wasm, struct buf *out, struct diag *dg)
{
    struct writer w = {.out = out};
    struct artefact_ident ident = {.magic = ARTEFACT_MAGIC,
                                   .version = IMAGE_VERSION,
                                   .ident_bytes = sizeof(ident),
                                   .identity = image->identity};

    assert(out->size == 0 && "offsets are those of the file");
    if (sum_of_sizes(image, wasm) > ARTEFACT_BYTES_MAX / 2)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "an artefact of about %" PRIu64 " bytes, %d are allowed",
                         sum_of_sizes(image, wasm), ARTEFACT_BYTES_MAX / 2);
    for (size_t i = 0; i < sizeof(Elf64_Ehdr) + SEGMENT_COUNT * sizeof(Elf64_Phdr); i++)
        buf_byte(out, 0);
    add(&w, ARTEFACT_TEXT, image->text, image->text_bytes);
    add(&w, ARTEFACT_RODATA, image->pool, image->pool_bytes);
    add_unwind(&w, image);
    add_symbols(&w, image, names);
    add(&w, ARTEFACT_IDENT, &ident, sizeof(ident));
    add(&w, ARTEFACT_FUNCS, image->funcs, image->func_count * sizeof(*image->funcs));
    add(&w, ARTEFACT_PLANS, image->memory_plans, image->identity.shape.memory_count);
    add(&w, ARTEFACT_TRAPS, image->trap_offsets, image->trap_count * sizeof(uint32_t));
    add(&w, ARTEFACT_CODES, image->trap_codes, image->trap_count);
    add(&w, ARTEFACT_SOURCES, image->sources, image->source_count * sizeof(*image->sources));
    add(&w, ARTEFACT_INLINED, image->inlined, image->inlined_count * sizeof(*image->inlined));
    add(&w, ARTEFACT_WASM, wasm.text, wasm.size);
    add_section_names(&w);
    align(out, 8);
    const size_t sections_at = out->size;
    buf_bytes(out, w.headers, sizeof(w.headers));
    set_headers(&w, sections_at);
    const size_t hole =
        header(&w, ARTEFACT_IDENT)->sh_offset + offsetof(struct artefact_ident, checksum);
    const uint64_t sum = artefact_checksum(out->data, out->size, hole);
    memcpy(out->data + hole, &sum, sizeof(sum));
    return ST_OK;
}
