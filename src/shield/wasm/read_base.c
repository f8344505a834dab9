/* read_base: numbers, names and types of the binary format. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/read_int.h"

#include <string.h>

enum status wm_read_u8(struct wm_reader *r, uint8_t *out, struct diag *dg)
{
    if (r->pos >= r->end)
        return diag_fail(dg, ST_MALFORMED, reader_offset(r), "unexpected end: expected a byte");
    *out = r->bytes[r->pos++];
    return ST_OK;
}

/*
 * LEB128 of at most ceil(bits / 7) bytes. In a last byte that is full length, the bits past the
 * number must be zero (unsigned) or copies of its sign (signed).
 */
static enum status read_leb(struct wm_reader *r, unsigned bits, bool is_signed, uint64_t *out,
                            struct diag *dg)
{
    const char *kind = is_signed ? "an s" : "a u";
    size_t start = r->pos;
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte = 0;

    do {
        if (start + shift / 7 >= r->end)
            return diag_fail(dg, ST_MALFORMED, r->offset + r->end,
                             "unexpected end: expected more bytes of %s%u", kind, bits);
        byte = r->bytes[start + shift / 7];
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while ((byte & 0x80) != 0 && shift < bits);

    if ((byte & 0x80) != 0)
        return diag_fail(dg, ST_MALFORMED, r->offset + start,
                         "integer representation too long: %s%u has at most %u bytes", kind, bits,
                         (bits + 6) / 7);
    if (shift > bits) {
        unsigned used = bits - (shift - 7); /* bits of the last byte that belong to the number */
        unsigned rest = (unsigned)byte >> (is_signed ? used - 1 : used);
        if (rest != 0 && !(is_signed && rest == 0x7fU >> (used - 1)))
            return diag_fail(dg, ST_MALFORMED, r->offset + start,
                             "integer too large: expected %s%u, found bits beyond it", kind, bits);
    }
    if (is_signed && shift < 64 && (byte & 0x40) != 0)
        value |= UINT64_MAX << shift;
    r->pos = start + shift / 7;
    *out = value;
    return ST_OK;
}

enum status wm_read_u32(struct wm_reader *r, uint32_t *out, struct diag *dg)
{
    uint64_t value = 0;

    if (LIKELY(r->pos < r->end && r->bytes[r->pos] < 0x80)) {
        *out = r->bytes[r->pos++];
        return ST_OK;
    }
    TRY(read_leb(r, 32, false, &value, dg));
    *out = (uint32_t)value;
    return ST_OK;
}

enum status wm_read_u64(struct wm_reader *r, uint64_t *out, struct diag *dg)
{
    return read_leb(r, 64, false, out, dg);
}

enum status wm_read_s32(struct wm_reader *r, int32_t *out, struct diag *dg)
{
    uint64_t value = 0;
    TRY(read_leb(r, 32, true, &value, dg));
    *out = (int32_t)value;
    return ST_OK;
}

enum status wm_read_s33(struct wm_reader *r, int64_t *out, struct diag *dg)
{
    uint64_t value = 0;
    TRY(read_leb(r, 33, true, &value, dg));
    *out = (int64_t)value;
    return ST_OK;
}

enum status wm_read_s64(struct wm_reader *r, int64_t *out, struct diag *dg)
{
    uint64_t value = 0;
    TRY(read_leb(r, 64, true, &value, dg));
    *out = (int64_t)value;
    return ST_OK;
}

enum status read_count(struct wm_reader *r, uint32_t *out, size_t min_bytes, uint32_t limit,
                       const char *what, struct diag *dg)
{
    uint64_t start = reader_offset(r);
    uint32_t count = 0;

    TRY(wm_read_u32(r, &count, dg));
    if (count > reader_left(r) / min_bytes)
        return diag_fail(dg, ST_MALFORMED, start,
                         "unexpected end: %u %s claimed, of %zu or more bytes each; %zu remain",
                         count, what, min_bytes, reader_left(r));
    if (count > limit)
        return diag_fail(dg, ST_LIMIT, start, "%u %s; at most %u are allowed", count, what, limit);
    *out = count;
    return ST_OK;
}

enum status read_bytes(struct wm_reader *r, uint32_t size, struct wm_bytes *out, const char *what,
                       struct diag *dg)
{
    if (size > reader_left(r))
        return diag_fail(dg, ST_MALFORMED, reader_offset(r),
                         "unexpected end: %s claims %u bytes, %zu remain", what, size,
                         reader_left(r));
    *out = (struct wm_bytes){r->bytes + r->pos, size, (uint32_t)reader_offset(r)};
    r->pos += size;
    return ST_OK;
}

/* 0x80 to 0xc1 and 0xf5 up start nothing. */
static size_t utf8_length_of_first(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Length of the UTF-8 sequence at text, 0 when it is none: too short, longer than needed, a
 * surrogate, or past U+10FFFF. */
static size_t utf8_length(const uint8_t *text, size_t left)
{
    uint8_t first = text[0];
    size_t length = utf8_length_of_first(first);

    if (length == 0 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if ((first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] > 0x9f) ||
        (first == 0xf0 && text[1] < 0x90) || (first == 0xf4 && text[1] > 0x8f))
        return 0;
    return length;
}

enum status wm_read_name(struct wm_reader *r, struct str *out, struct diag *dg)
{
    struct wm_bytes b = {0};
    uint32_t size = 0;

    TRY(wm_read_u32(r, &size, dg));
    TRY(read_bytes(r, size, &b, "a name", dg));
    for (size_t i = 0; i < size;) {
        size_t length = utf8_length(b.data + i, size - i);
        if (length == 0)
            return diag_fail(dg, ST_MALFORMED, b.offset + i,
                             "malformed UTF-8 encoding: byte 0x%02x of a name", b.data[i]);
        i += length;
    }
    *out = (struct str){(const char *)b.data, size};
    return ST_OK;
}

enum status wm_read_heap(struct wm_reader *r, struct wm_heap *out, struct diag *dg)
{
    uint64_t start = reader_offset(r);
    int64_t code = 0;

    if (r->pos < r->end && (r->bytes[r->pos] & 0xc0) == 0x40) {
        switch (r->bytes[r->pos++]) {
#define VALUE(name, text, code, sig)
#define HEAP(name, text, short_text, code, top, feature)                                           \
    case code:                                                                                     \
        *out = WM_HEAP(name);                                                                      \
        return wm_need(r->features, WM_FEATURE_##feature, start, "heap type " text, dg);
#include "shield/wasm/types.def"
#undef VALUE
#undef HEAP
        default:
            return diag_fail(dg, ST_MALFORMED, start, "malformed heap type: byte 0x%02x names none",
                             r->bytes[r->pos - 1]);
        }
    }
    TRY(wm_read_s33(r, &code, dg));
    if (code < 0)
        return diag_fail(dg, ST_MALFORMED, start,
                         "malformed heap type: expected a type index or one byte");
    if (code >= WM_MAX_TYPES)
        return diag_fail(dg, ST_INVALID, start, "unknown type %lld: a module has at most %d types",
                         (long long)code, WM_MAX_TYPES);
    TRY(wm_need(r->features, WM_FEATURE_FUNCTION_REFERENCES, start, "a type index as heap type",
                dg));
    *out = wm_heap_index((uint32_t)code);
    return ST_OK;
}

enum status wm_read_valtype(struct wm_reader *r, struct wm_valtype *out, struct diag *dg)
{
    uint64_t start = reader_offset(r);
    struct wm_heap heap = {0};
    uint8_t byte = 0;

    TRY(wm_read_u8(r, &byte, dg));
    switch (byte) {
#define VALUE(name, text, code, sig)                                                               \
    case code:                                                                                     \
        *out = WM_TYPE(name);                                                                      \
        break;
#define HEAP(name, text, short_text, code, top, feature)                                           \
    case code:                                                                                     \
        *out = wm_ref(WM_HEAP(name), true);                                                        \
        return wm_need(r->features,                                                                \
                       WM_FEATURE_##feature == WM_FEATURE_MVP ? WM_FEATURE_REFERENCE_TYPES         \
                                                              : WM_FEATURE_##feature,              \
                       start, short_text, dg);
#include "shield/wasm/types.def"
#undef VALUE
#undef HEAP
    case 0x63:
    case 0x64:
        TRY(wm_need(r->features, WM_FEATURE_FUNCTION_REFERENCES, start, "a (ref ...) type", dg));
        TRY(wm_read_heap(r, &heap, dg));
        *out = wm_ref(heap, byte == 0x63);
        return ST_OK;
    default: *out = WM_TYPE(BOT); break;
    }
    if (wm_kind(*out) == WM_KIND_V128)
        return wm_need(r->features, WM_FEATURE_SIMD, start, "v128", dg);
    if (wm_kind(*out) >= WM_KIND_I32 && wm_kind(*out) <= WM_KIND_F64)
        return ST_OK;
    return diag_fail(dg, ST_MALFORMED, start, "malformed value type: byte 0x%02x names none", byte);
}

enum status wm_read_locals(struct wm_reader *r, uint32_t *total,
                           void (*visit)(void *ctx, uint32_t count, struct wm_valtype t), void *ctx,
                           struct diag *dg)
{
    uint64_t start = reader_offset(r);
    uint32_t group_count = 0;
    uint64_t sum = 0;

    TRY(read_count(r, &group_count, 2, UINT32_MAX, "groups of locals", dg));
    for (uint32_t i = 0; i < group_count; i++) {
        struct wm_valtype type;
        uint32_t count = 0;
        TRY(wm_read_u32(r, &count, dg));
        TRY(wm_read_valtype(r, &type, dg));
        sum += count;
        if (sum > UINT32_MAX)
            return diag_fail(dg, ST_MALFORMED, start,
                             "too many locals: expected fewer than 2^32, found %llu",
                             (unsigned long long)sum);
        if (visit != NULL && count != 0 && sum <= WM_MAX_LOCALS)
            visit(ctx, count, type);
    }
    if (sum > WM_MAX_LOCALS)
        return diag_fail(dg, ST_LIMIT, start, "%llu locals of a function; at most %d are allowed",
                         (unsigned long long)sum, WM_MAX_LOCALS);
    *total = (uint32_t)sum;
    return ST_OK;
}
