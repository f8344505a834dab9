/*
 * read: bytes to a module, section by section. Counts and sizes are checked against the bytes that
 * are there before anything is allocated for them. Function bodies are bounded, not decoded:
 * wm_validate() decodes each once.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasm/read.h"

#include "shield/wasm/read_int.h"

#include <string.h>

/* Every section but the custom one, in the order in which they must stand. */
static const struct {
    enum wm_section_id id;
    const char *name;
    enum status (*read)(struct module_reader *mr, struct diag *dg);
} sections[] = {
    {WM_SECTION_TYPE,       "type",       read_type_section      },
    {WM_SECTION_IMPORT,     "import",     read_import_section    },
    {WM_SECTION_FUNC,       "function",   read_func_section      },
    {WM_SECTION_TABLE,      "table",      read_table_section     },
    {WM_SECTION_MEMORY,     "memory",     read_memory_section    },
    {WM_SECTION_TAG,        "tag",        read_tag_section       },
    {WM_SECTION_GLOBAL,     "global",     read_global_section    },
    {WM_SECTION_EXPORT,     "export",     read_export_section    },
    {WM_SECTION_START,      "start",      read_start_section     },
    {WM_SECTION_ELEM,       "element",    read_elem_section      },
    {WM_SECTION_DATA_COUNT, "data count", read_data_count_section},
    {WM_SECTION_CODE,       "code",       read_code_section      },
    {WM_SECTION_DATA,       "data",       read_data_section      },
};

static uint32_t rank_of(uint8_t id)
{
    uint32_t rank = 0;
    while (rank < LENGTH_OF(sections) && sections[rank].id != id)
        rank++;
    return rank;
}

static enum status read_header(struct wm_reader *r, struct diag *dg)
{
    static const uint8_t magic[4] = {0, 'a', 's', 'm'}, version[4] = {1, 0, 0, 0};
    size_t have = MIN(r->end, sizeof(magic));

    if (have != 0 && memcmp(r->bytes, magic, have) != 0)
        return diag_fail(dg, ST_MALFORMED, 0,
                         "magic header not detected: expected 00 61 73 6d (\"\\0asm\")");
    if (r->end < sizeof(magic) + sizeof(version))
        return diag_fail(dg, ST_MALFORMED, r->end,
                         "unexpected end: a module starts with 8 bytes, found %zu", r->end);
    const uint8_t *v = r->bytes + sizeof(magic);
    if (memcmp(v, version, sizeof(version)) != 0)
        return diag_fail(dg, ST_MALFORMED, sizeof(magic),
                         "unknown binary version: expected 01 00 00 00, found %02x %02x %02x %02x",
                         v[0], v[1], v[2], v[3]);
    r->pos = sizeof(magic) + sizeof(version);
    return ST_OK;
}

static enum status read_custom_section(struct module_reader *mr, enum wm_section_id after,
                                       struct diag *dg)
{
    struct wm_module *m = mr->m;
    struct wm_custom custom = {.after = after};
    uint64_t start = reader_offset(&mr->r);

    TRY(wm_read_name(&mr->r, &custom.name, dg));
    TRY(read_bytes(&mr->r, (uint32_t)reader_left(&mr->r), &custom.content, "a custom section", dg));
    if (m->custom_count == WM_MAX_CUSTOMS)
        return diag_fail(dg, ST_LIMIT, start, "more than %d custom sections", WM_MAX_CUSTOMS);
    ARENA_PUSH(mr->arena, m->customs, m->custom_count, mr->custom_capacity, custom);
    return ST_OK;
}

/* Reads the section whose body is [r->pos, r->end). *rank: of the last one before, and is set. */
static enum status read_section(struct module_reader *mr, uint8_t id, uint64_t start,
                                uint32_t *rank, struct diag *dg)
{
    struct wm_reader *r = &mr->r;

    if (id == WM_SECTION_CUSTOM) {
        enum wm_section_id after = *rank == 0 ? WM_SECTION_CUSTOM : sections[*rank - 1].id;
        return diag_in(dg, read_custom_section(mr, after, dg), "a custom section");
    }
    uint32_t mine = rank_of(id);
    if (mine < *rank)
        return diag_fail(dg, ST_MALFORMED, start,
                         "unexpected content after last section: the %s section cannot stand "
                         "after the %s section",
                         sections[mine].name, sections[*rank - 1].name);
    mr->m->sections[id] =
        (struct wm_bytes){r->bytes + r->pos, (uint32_t)reader_left(r), (uint32_t)r->pos};
    *rank = mine + 1;
    TRY(diag_in(dg, sections[mine].read(mr, dg), "the %s section", sections[mine].name));
    if (r->pos != r->end)
        return diag_fail(dg, ST_MALFORMED, reader_offset(r),
                         "section size mismatch: the %s section has %zu bytes behind its contents",
                         sections[mine].name, reader_left(r));
    return ST_OK;
}

static enum status read_sections(struct module_reader *mr, struct diag *dg)
{
    struct wm_reader *r = &mr->r;
    size_t module_end = r->end;
    uint32_t rank = 0;

    while (r->pos < module_end) {
        uint64_t start = r->pos;
        uint8_t id = 0;
        uint32_t size = 0;
        TRY(wm_read_u8(r, &id, dg));
        if (id >= WM_SECTION_COUNT)
            return diag_fail(dg, ST_MALFORMED, start,
                             "malformed section id: expected 0 to %d, found %u",
                             WM_SECTION_COUNT - 1, id);
        TRY(diag_in(dg, wm_read_u32(r, &size, dg), "a section size"));
        if (size > reader_left(r))
            return diag_fail(dg, ST_MALFORMED, start,
                             "unexpected end: section %u claims %u bytes, %zu remain", id, size,
                             reader_left(r));
        r->end = r->pos + size;
        TRY(read_section(mr, id, start, &rank, dg));
        r->end = module_end;
    }
    return ST_OK;
}

static enum status check_counts(const struct module_reader *mr, struct diag *dg)
{
    const struct wm_module *m = mr->m;

    if (m->code_count != mr->declared_funcs)
        return diag_fail(dg, ST_MALFORMED, mr->r.end,
                         "function and code section have inconsistent lengths: expected %u "
                         "bodies, found no code section",
                         mr->declared_funcs);
    if (m->data_count != mr->declared_datas && m->has_data_count)
        return diag_fail(dg, ST_MALFORMED, mr->r.end,
                         "data count and data section have inconsistent lengths: expected %u "
                         "segments, found no data section",
                         mr->declared_datas);
    return ST_OK;
}

static enum status read_guarded(void *ctx, struct diag *dg)
{
    struct module_reader *mr = ctx;

    TRY(read_header(&mr->r, dg));
    TRY(read_sections(mr, dg));
    return check_counts(mr, dg);
}

enum status wm_read_module(const uint8_t *bytes, size_t size, struct wm_features features,
                           struct arena *arena, struct wm_module *out, struct diag *dg)
{
    struct wm_module m = {.arena = arena, .features = features, .start = WM_NO_INDEX};
    struct module_reader mr = {
        .r = {.bytes = bytes, .end = size, .features = features},
          .m = &m, .arena = arena
    };

    if (size > WM_MAX_MODULE_BYTES)
        return diag_fail(dg, ST_LIMIT, WM_MAX_MODULE_BYTES,
                         "%zu bytes of a module; at most %d are allowed", size,
                         WM_MAX_MODULE_BYTES);
    m.whole = (struct wm_bytes){.data = bytes, .size = (uint32_t)size};
    TRY(arena_guard(arena, read_guarded, &mr, dg));
    *out = m;
    return ST_OK;
}
