/* artefact_read: see artefact.h. Every offset, size and order is checked before it is used; what
 * the code does is the verifier's affair. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "shield/compile/artefact_int.h"
#include "shield/compile/memory_plan.h"
#include "shield/compile/policy.h"
#include "shield/compile/trapcodes.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define IMAGE_ARENA_BYTES_MAX ((size_t)8 << 30)

bool artefact_is(const uint8_t *bytes, size_t size)
{
    return size >= SELFMAG && memcmp(bytes, ELFMAG, SELFMAG) == 0;
}

static enum status damaged(struct diag *dg, uint64_t offset, const char *what)
{
    return diag_fail(dg, ST_MALFORMED, offset, "damaged artefact: %s; compile the module again",
                     what);
}

/* ---- finding sections ---- */

static enum status read_header(const uint8_t *bytes, size_t size, Elf64_Ehdr *e, struct diag *dg)
{
    if (size < sizeof(*e) || size > ARTEFACT_BYTES_MAX)
        return damaged(dg, 0, "no ELF file of this size is one");
    memcpy(e, bytes, sizeof(*e));
    if (!artefact_is(bytes, size) || e->e_ident[EI_CLASS] != ELFCLASS64 ||
        e->e_ident[EI_DATA] != ELFDATA2LSB)
        return damaged(dg, 0, "it is no 64-bit little-endian ELF file");
    if (e->e_machine != EM_X86_64)
        return diag_fail(dg, ST_UNSUPPORTED, DIAG_NO_OFFSET,
                         "the artefact is for ELF machine %u, this one is %u", e->e_machine,
                         EM_X86_64);
    if (e->e_shentsize != sizeof(Elf64_Shdr) || e->e_shnum != ARTEFACT_SECTION_COUNT + 1 ||
        e->e_shoff > size || (size - e->e_shoff) / sizeof(Elf64_Shdr) < e->e_shnum)
        return damaged(dg, 0, "its table of sections is not one of ours");
    return ST_OK;
}

/* Sections are where artefact_write() puts them in the table. */
static enum status section(const struct artefact *a, enum artefact_section s, size_t item_bytes,
                           struct str *out, struct diag *dg)
{
    Elf64_Ehdr e;
    Elf64_Shdr h;

    memcpy(&e, a->bytes, sizeof(e));
    memcpy(&h, a->bytes + e.e_shoff + (s + 1) * sizeof(h), sizeof(h));
    if (h.sh_type != artefact_sections[s].type || h.sh_offset > a->size ||
        h.sh_size > a->size - h.sh_offset || h.sh_size % item_bytes != 0 ||
        h.sh_size / item_bytes > UINT32_MAX)
        return diag_fail(dg, ST_MALFORMED, h.sh_offset,
                         "damaged artefact: section %s is not inside the file; compile the module "
                         "again",
                         artefact_sections[s].name);
    *out = (struct str){(const char *)a->bytes + h.sh_offset, (size_t)h.sh_size};
    return ST_OK;
}

enum status artefact_open(const uint8_t *bytes, size_t size, struct artefact *out,
                          struct diag *dg)
{
    struct artefact a = {.bytes = bytes, .size = size};
    Elf64_Ehdr e;
    struct str ident;

    TRY(read_header(bytes, size, &e, dg));
    TRY(section(&a, ARTEFACT_IDENT, 1, &ident, dg));
    const size_t ident_at = (size_t)(ident.text - (const char *)bytes);
    if (ident.size < offsetof(struct artefact_ident, checksum))
        return damaged(dg, ident_at, "its identity is cut short");
    memcpy(&a.ident, ident.text, MIN(ident.size, sizeof(a.ident)));
    if (memcmp(a.ident.magic, ARTEFACT_MAGIC, sizeof(a.ident.magic)) != 0)
        return damaged(dg, ident_at, "it was not written by mujun compile");
    if (a.ident.version != IMAGE_VERSION || a.ident.ident_bytes != sizeof(a.ident) ||
        ident.size != sizeof(a.ident))
        return diag_fail(dg, ST_MALFORMED, ident_at,
                         "the artefact has version %u, this is mujun for version %d; compile the "
                         "module again",
                         a.ident.version, IMAGE_VERSION);
    const size_t hole = ident_at + offsetof(struct artefact_ident, checksum);
    if (artefact_checksum(bytes, size, hole) != a.ident.checksum)
        return damaged(dg, DIAG_NO_OFFSET, "its checksum is wrong");
    TRY(section(&a, ARTEFACT_WASM, 1, &a.wasm, dg));
    *out = a;
    return ST_OK;
}

/* ---- the image ---- */

struct read_job {
    const struct artefact *a;
    const struct wm_module *wm;
    struct image *image;
};

static enum status take(struct read_job *job, enum artefact_section s, size_t item_bytes,
                        void *out, uint32_t *count, struct diag *dg)
{
    struct str from;

    TRY(section(job->a, s, item_bytes, &from, dg));
    void *to = arena_alloc_raw(&job->image->arena, from.size, 1);
    if (from.size != 0)
        memcpy(to, from.text, from.size);
    memcpy(out, &to, sizeof(to));
    *count = (uint32_t)(from.size / item_bytes);
    return ST_OK;
}

static enum status check_funcs(const struct read_job *job, struct diag *dg)
{
    const struct image *image = job->image;
    uint32_t end = 0;

    if (image->func_count != job->wm->code_count)
        return damaged(dg, DIAG_NO_OFFSET, "it has code for another number of functions");
    for (uint32_t i = 0; i < image->func_count; i++) {
        const struct image_func *f = &image->funcs[i];
        if (f->offset < end || f->offset > image->text_bytes || f->size == 0 ||
            f->size > image->text_bytes - f->offset || f->offset % IMAGE_FUNC_ALIGN != 0 ||
            f->frame_bytes > FRAME_BYTES_MAX || f->prologue_bytes > f->size)
            return damaged(dg, DIAG_NO_OFFSET, "functions are not where they can be");
        end = f->offset + f->size;
    }
    return ST_OK;
}

static enum status check_tables(const struct image *image, struct diag *dg)
{
    for (uint32_t i = 0; i < image->trap_count; i++)
        if (image->trap_offsets[i] >= image->text_bytes ||
            (i != 0 && image->trap_offsets[i] <= image->trap_offsets[i - 1]) ||
            image->trap_codes[i] >= TRAP_CODE_COUNT)
            return damaged(dg, DIAG_NO_OFFSET, "traps are out of order");
    for (uint32_t i = 0; i < image->func_count; i++)
        if (image->funcs[i].source_first > image->source_bytes ||
            (i != 0 && image->funcs[i].source_first < image->funcs[i - 1].source_first))
            return damaged(dg, DIAG_NO_OFFSET, "the source map is out of order");
    for (uint32_t i = 0; i < image->identity.shape.memory_count; i++)
        if (image->memory_plans[i] >= MEMORY_PLAN_COUNT)
            return damaged(dg, DIAG_NO_OFFSET, "there is no such memory plan");
    return ST_OK;
}

static enum status read_arrays(void *ctx, struct diag *dg)
{
    struct read_job *job = ctx;
    struct image *image = job->image;
    uint32_t codes = 0, plans = 0;

    TRY(take(job, ARTEFACT_TEXT, 1, &image->text, &image->text_bytes, dg));
    TRY(take(job, ARTEFACT_RODATA, 1, &image->pool, &image->pool_bytes, dg));
    if ((uint64_t)image->text_bytes + image->pool_bytes + IMAGE_POOL_ALIGN > IMAGE_TEXT_BYTES_MAX)
        return damaged(dg, DIAG_NO_OFFSET, "there is more code than a module can have");
    TRY(take(job, ARTEFACT_FUNCS, sizeof(*image->funcs), &image->funcs, &image->func_count, dg));
    TRY(take(job, ARTEFACT_PLANS, 1, &image->memory_plans, &plans, dg));
    TRY(take(job, ARTEFACT_TRAPS, sizeof(uint32_t), &image->trap_offsets, &image->trap_count, dg));
    TRY(take(job, ARTEFACT_CODES, 1, &image->trap_codes, &codes, dg));
    TRY(take(job, ARTEFACT_SOURCES, 1, &image->sources, &image->source_bytes, dg));
    TRY(take(job, ARTEFACT_INLINED, sizeof(*image->inlined), &image->inlined,
             &image->inlined_count, dg));
    if (codes != image->trap_count || plans != job->wm->memory_count)
        return damaged(dg, DIAG_NO_OFFSET, "tables that belong together differ in length");
    TRY(check_funcs(job, dg));
    return check_tables(image, dg);
}

static enum status check_identity(const struct artefact *a, const struct wm_module *wm,
                                  uint32_t host_features, struct diag *dg)
{
    const struct image_identity *id = &a->ident.identity;
    const struct layout_shape shape = policy_shape(wm);

    if (memcmp(&id->shape, &shape, sizeof(shape)) != 0)
        return damaged(dg, DIAG_NO_OFFSET, "its code is for another module");
    if ((id->features & ~host_features) != 0)
        return diag_fail(dg, ST_UNSUPPORTED, DIAG_NO_OFFSET,
                         "the artefact needs processor features 0x%x, this one lacks 0x%x of them; "
                         "compile the module here",
                         id->features, id->features & ~host_features);
    return ST_OK;
}

enum status artefact_image(const struct artefact *a, const struct wm_module *wm,
                           uint32_t host_features, struct image **out, struct diag *dg)
{
    TRY(check_identity(a, wm, host_features, dg));
    struct image *image = mem_alloc(1, sizeof(*image));
    if (image == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "to read an artefact");
    arena_init(&image->arena, IMAGE_ARENA_BYTES_MAX);
    image->identity = a->ident.identity;
    struct read_job job = {a, wm, image};
    enum status st = arena_guard(&image->arena, read_arrays, &job, dg);
    if (st != ST_OK) {
        image_release(image);
        return st;
    }
    *out = image;
    return ST_OK;
}
