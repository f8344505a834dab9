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

/* ---- the checksum ---- */

enum { LANES = 4, WORD_BYTES = 8, ROUND_BYTES = LANES * WORD_BYTES };

/* Words go to the lanes in turn, so that their sums do not wait for each other. */
struct checksum {
    uint64_t lanes[LANES];
    uint8_t rest[ROUND_BYTES]; /* what does not fill a round yet */
    size_t rest_bytes;
};

static uint64_t mixed(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 29;
}

static const uint8_t *add_rounds(struct checksum *c, const uint8_t *at, size_t rounds)
{
    uint64_t words[LANES], a = c->lanes[0], b = c->lanes[1], d = c->lanes[2], e = c->lanes[3];

    for (; rounds > 0; rounds--, at += ROUND_BYTES) {
        memcpy(words, at, sizeof(words));
        a = mixed(a, words[0]);
        b = mixed(b, words[1]);
        d = mixed(d, words[2]);
        e = mixed(e, words[3]);
    }
    c->lanes[0] = a;
    c->lanes[1] = b;
    c->lanes[2] = d;
    c->lanes[3] = e;
    return at;
}

static void checksum_add(struct checksum *c, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    if (c->rest_bytes != 0) {
        const size_t more = MIN(size, ROUND_BYTES - c->rest_bytes);
        memcpy(c->rest + c->rest_bytes, at, more);
        c->rest_bytes += more;
        at += more;
        size -= more;
        if (c->rest_bytes < ROUND_BYTES)
            return;
        add_rounds(c, c->rest, 1);
        c->rest_bytes = 0;
    }
    at = add_rounds(c, at, size / ROUND_BYTES);
    c->rest_bytes = size % ROUND_BYTES;
    if (c->rest_bytes != 0)
        memcpy(c->rest, at, c->rest_bytes);
}

static uint64_t checksum_end(struct checksum *c, uint64_t size)
{
    uint64_t sum = size;

    memset(c->rest + c->rest_bytes, 0, ROUND_BYTES - c->rest_bytes);
    add_rounds(c, c->rest, 1);
    for (uint32_t i = 0; i < LANES; i++)
        sum = mixed(sum, c->lanes[i]);
    return sum;
}

uint64_t artefact_checksum(const uint8_t *bytes, size_t size, size_t hole)
{
    static const uint8_t zeros[WORD_BYTES];
    struct checksum c = {.rest_bytes = 0};

    assert(hole <= size - WORD_BYTES && "the hole is in the file");
    checksum_add(&c, bytes, hole);
    checksum_add(&c, zeros, WORD_BYTES);
    checksum_add(&c, bytes + hole + WORD_BYTES, size - hole - WORD_BYTES);
    return checksum_end(&c, size);
}

/* ---- parts ---- */

struct writer {
    struct artefact_file *out;
    Elf64_Shdr *headers; /* of all sections, behind an empty one */
};

static void add_part(struct writer *w, const void *data, size_t size)
{
    const struct str part = {.text = data, .size = size};

    if (size == 0)
        return;
    ARENA_PUSH(w->out->arena, w->out->parts, w->out->part_count, w->out->part_capacity, part);
    w->out->size += size;
}

static void align(struct writer *w, size_t to)
{
    static const uint8_t zeros[IMAGE_POOL_ALIGN];

    assert(to <= sizeof(zeros) && "no section is aligned more than that");
    add_part(w, zeros, (to - w->out->size % to) % to);
}

static Elf64_Shdr *header(struct writer *w, enum artefact_section s)
{
    return &w->headers[s + 1];
}

static void begin(struct writer *w, enum artefact_section s)
{
    const struct artefact_section_info *info = &artefact_sections[s];
    Elf64_Shdr *h = header(w, s);

    align(w, info->align);
    h->sh_type = info->type;
    h->sh_flags = info->flags;
    h->sh_addralign = info->align;
    h->sh_offset = w->out->size;
    h->sh_addr = (info->flags & SHF_ALLOC) != 0 ? h->sh_offset : 0;
}

static void end(struct writer *w, enum artefact_section s, const void *data, size_t size)
{
    add_part(w, data, size);
    header(w, s)->sh_size = size;
}

static void add(struct writer *w, enum artefact_section s, const void *data, size_t size)
{
    begin(w, s);
    end(w, s, data, size);
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
    end(w, ARTEFACT_UNWIND, table.data, table.size);
}

static void add_symbols(struct writer *w, const struct image *image,
                        const struct artefact_names *names)
{
    struct buf text;
    const size_t count = (size_t)image->func_count + 1;
    Elf64_Sym *symbols = arena_new(w->out->arena, Elf64_Sym, count); /* the first stays empty */
    const uint32_t first = image->identity.shape.imported_func_count;

    buf_init(&text, w->out->arena);
    buf_byte(&text, 0);
    begin(w, ARTEFACT_SYMTAB);
    for (uint32_t i = 0; i < image->func_count; i++) {
        struct str name = names->name(names->ctx, first + i);
        symbols[i + 1] = (Elf64_Sym){
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
    }
    end(w, ARTEFACT_SYMTAB, symbols, count * sizeof(*symbols));
    header(w, ARTEFACT_SYMTAB)->sh_link = ARTEFACT_STRTAB + 1;
    header(w, ARTEFACT_SYMTAB)->sh_info = 1; /* all but the first are global */
    header(w, ARTEFACT_SYMTAB)->sh_entsize = sizeof(Elf64_Sym);
    add(w, ARTEFACT_STRTAB, text.data, text.size);
}

static void add_section_names(struct writer *w)
{
    struct buf names;

    buf_init(&names, w->out->arena);
    buf_byte(&names, 0);
    for (uint32_t s = 0; s < ARTEFACT_SECTION_COUNT; s++) {
        header(w, s)->sh_name = (uint32_t)names.size;
        buf_bytes(&names, artefact_sections[s].name, strlen(artefact_sections[s].name) + 1);
    }
    add(w, ARTEFACT_NAMES, names.data, names.size);
}

enum { SEGMENT_COUNT = 3 };

/* The first bytes of a file. */
struct head {
    Elf64_Ehdr elf;
    Elf64_Phdr segments[SEGMENT_COUNT];
};

static void set_head(struct writer *w, struct head *head, uint64_t sections_at)
{
    static const struct {
        enum artefact_section section;
        uint32_t flags;
    } segments[SEGMENT_COUNT] = {
        {ARTEFACT_TEXT, PF_R | PF_X}, {ARTEFACT_RODATA, PF_R}, {ARTEFACT_UNWIND, PF_R}};
    head->elf = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_DYN,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = offsetof(struct head, segments),
        .e_shoff = sections_at,
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = SEGMENT_COUNT,
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = ARTEFACT_SECTION_COUNT + 1,
        .e_shstrndx = ARTEFACT_NAMES + 1,
    };

    for (uint32_t i = 0; i < SEGMENT_COUNT; i++) {
        const Elf64_Shdr *h = header(w, segments[i].section);
        head->segments[i] = (Elf64_Phdr){.p_type = PT_LOAD,
                                         .p_flags = segments[i].flags,
                                         .p_offset = h->sh_offset,
                                         .p_vaddr = h->sh_addr,
                                         .p_paddr = h->sh_addr,
                                         .p_filesz = h->sh_size,
                                         .p_memsz = h->sh_size,
                                         .p_align = h->sh_addralign};
    }
}

static uint64_t sum_of_sizes(const struct image *image, struct str wasm)
{
    return (uint64_t)image->text_bytes + image->pool_bytes + wasm.size +
           (uint64_t)image->func_count * 256 + (uint64_t)image->trap_count * 5 +
           (uint64_t)image->source_bytes +
           (uint64_t)image->inlined_count * sizeof(*image->inlined);
}

static uint64_t checksum_of(const struct artefact_file *file)
{
    struct checksum c = {.rest_bytes = 0};

    for (uint32_t i = 0; i < file->part_count; i++)
        checksum_add(&c, file->parts[i].text, file->parts[i].size);
    return checksum_end(&c, file->size);
}

enum status artefact_write(const struct image *image, const struct artefact_names *names,
                           struct str wasm, struct arena *a, struct artefact_file *out,
                           struct diag *dg)
{
    if (sum_of_sizes(image, wasm) > ARTEFACT_BYTES_MAX / 2)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "an artefact of about %" PRIu64 " bytes, %d are allowed",
                         sum_of_sizes(image, wasm), ARTEFACT_BYTES_MAX / 2);
    *out = (struct artefact_file){.arena = a};
    struct writer w = {out, arena_new(a, Elf64_Shdr, ARTEFACT_SECTION_COUNT + 1)};
    struct head *head = arena_new(a, struct head, 1);
    struct artefact_ident *ident = arena_new(a, struct artefact_ident, 1);
    *ident = (struct artefact_ident){.magic = ARTEFACT_MAGIC,
                                     .version = IMAGE_VERSION,
                                     .ident_bytes = sizeof(*ident),
                                     .identity = image->identity};
    add_part(&w, head, sizeof(*head));
    add(&w, ARTEFACT_TEXT, image->text, image->text_bytes);
    add(&w, ARTEFACT_RODATA, image->pool, image->pool_bytes);
    add_unwind(&w, image);
    add_symbols(&w, image, names);
    add(&w, ARTEFACT_IDENT, ident, sizeof(*ident));
    add(&w, ARTEFACT_FUNCS, image->funcs, image->func_count * sizeof(*image->funcs));
    add(&w, ARTEFACT_PLANS, image->memory_plans, image->identity.shape.memory_count);
    add(&w, ARTEFACT_TRAPS, image->trap_offsets, image->trap_count * sizeof(uint32_t));
    add(&w, ARTEFACT_CODES, image->trap_codes, image->trap_count);
    add(&w, ARTEFACT_SOURCES, image->sources, image->source_bytes);
    add(&w, ARTEFACT_INLINED, image->inlined, image->inlined_count * sizeof(*image->inlined));
    add(&w, ARTEFACT_WASM, wasm.text, wasm.size);
    add_section_names(&w);
    align(&w, WORD_BYTES);
    set_head(&w, head, out->size);
    add_part(&w, w.headers, (ARTEFACT_SECTION_COUNT + 1) * sizeof(*w.headers));
    ident->checksum = checksum_of(out); /* in which it is 0 */
    return ST_OK;
}
