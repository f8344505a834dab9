/* encoding: see encoding.h. The maker needs no search: places that correspond are known (sections,
 * bodies, instructions, segment contents), and between two such places it strips what is equal,
 * recognises padding, and replaces the rest. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/encoding.h"

#include "shield/wasm/read.h"

#include <string.h>

enum { SCRIPT_VERSION = 1 };
enum {
    EDIT_PAD_SHORT_MAX = 4, /* kinds 0 to 3 pad by kind + 1 bytes */
    EDIT_PAD = 4,
    EDIT_PAD_NEGATIVE = 5,
    EDIT_REPLACE = 6,
    EDIT_KIND_BITS = 3,
};
enum { PAD_MAX = 9 }; /* an integer has at most ten bytes */

static uint64_t hash_of(struct str s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < s.size; i++)
        h = (h ^ (uint8_t)s.text[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* ---- base64 -------------------------------------------------------------------------------- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void base64_write(struct buf *out, const uint8_t *data, size_t size)
{
    buf_reserve(out, (size + 2) / 3 * 4);
    for (size_t i = 0; i < size; i += 3) {
        uint32_t left = (uint32_t)MIN(size - i, (size_t)3);
        uint32_t word = (uint32_t)data[i] << 16;
        word |= left > 1 ? (uint32_t)data[i + 1] << 8 : 0;
        word |= left > 2 ? data[i + 2] : 0;
        buf_byte(out, (uint8_t)digits[word >> 18]);
        buf_byte(out, (uint8_t)digits[word >> 12 & 63]);
        buf_byte(out, (uint8_t)(left > 1 ? digits[word >> 6 & 63] : '='));
        buf_byte(out, (uint8_t)(left > 2 ? digits[word & 63] : '='));
    }
}

static int digit_value(char c)
{
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

static enum status base64_read(struct str text, struct buf *out, struct diag *dg)
{
    size_t size = text.size;

    if (size % 4 != 0)
        return diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET,
                         "%zu characters of base64, expected a multiple of 4", size);
    for (uint32_t i = 0; i < 2 && size != 0 && text.text[size - 1] == '='; i++)
        size--;
    uint32_t word = 0;
    for (size_t i = 0; i < size; i++) {
        int value = digit_value(text.text[i]);
        if (value < 0)
            return diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET, "character %zu is no base64 digit",
                             i);
        word = word << 6 | (uint32_t)value;
        if (i % 4 != 0) /* bits held after digit 1, 2, 3 of a group: 12, 10, 8 */
            buf_byte(out, (uint8_t)(word >> (6 - 2 * (i % 4))));
    }
    return ST_OK;
}

/* ---- making -------------------------------------------------------------------------------- */

struct maker {
    struct str from, to; /* canonical, original */
    size_t from_pos, to_pos;
    size_t copied; /* equal bytes seen since the last edit */
    struct buf *script;
};

static void begin_edit(struct maker *k, uint32_t kind)
{
    buf_uleb(k->script, (uint64_t)k->copied << EDIT_KIND_BITS | kind);
    k->copied = 0;
}

/* Bytes that follow to[at] and only widen the integer that ends there; 0 when it is not that. */
static uint32_t padding_at(const struct maker *k, size_t at, size_t end, bool *is_negative)
{
    uint8_t last = (uint8_t)k->from.text[k->from_pos];

    if ((last & 0x80) != 0 || (uint8_t)k->to.text[at] != (last | 0x80) || at + 1 >= end)
        return 0;
    uint8_t first = (uint8_t)k->to.text[at + 1];
    *is_negative = first == 0xff || first == 0x7f;
    uint8_t fill = *is_negative ? 0xff : 0x80;
    for (uint32_t count = 1; count <= PAD_MAX && at + count < end; count++) {
        uint8_t byte = (uint8_t)k->to.text[at + count];
        if (byte == (fill & 0x7f))
            return count;
        if (byte != fill)
            return 0;
    }
    return 0;
}

static void edit_pad(struct maker *k, uint32_t count, bool is_negative)
{
    if (!is_negative && count <= EDIT_PAD_SHORT_MAX) {
        begin_edit(k, count - 1);
    } else {
        begin_edit(k, is_negative ? EDIT_PAD_NEGATIVE : EDIT_PAD);
        buf_byte(k->script, (uint8_t)count);
    }
    k->from_pos++;
    k->to_pos += 1 + count;
}

/* Goes on to a place that corresponds: from[from_end] and to[to_end]. Places behind the current
 * one are ignored. */
static void advance(struct maker *k, size_t from_end, size_t to_end)
{
    if (from_end < k->from_pos || to_end < k->to_pos)
        return;
    while (k->from_pos < from_end && k->to_pos < to_end) {
        bool is_negative = false;
        if (k->from.text[k->from_pos] == k->to.text[k->to_pos]) {
            k->from_pos++;
            k->to_pos++;
            k->copied++;
            continue;
        }
        uint32_t padding = padding_at(k, k->to_pos, to_end, &is_negative);
        if (padding == 0)
            break;
        edit_pad(k, padding, is_negative);
    }
    if (k->from_pos == from_end && k->to_pos == to_end)
        return;

    size_t same = 0; /* equal bytes in front of the end */
    while (from_end - same > k->from_pos && to_end - same > k->to_pos &&
           k->from.text[from_end - same - 1] == k->to.text[to_end - same - 1])
        same++;
    size_t drop = from_end - same - k->from_pos;
    size_t add = to_end - same - k->to_pos;
    begin_edit(k, EDIT_REPLACE);
    buf_uleb(k->script, drop);
    buf_uleb(k->script, add);
    buf_bytes(k->script, k->to.text + k->to_pos, add);
    k->from_pos = from_end;
    k->to_pos = to_end;
    k->copied = same;
}

static void advance_to(struct maker *k, const struct wm_bytes *from, const struct wm_bytes *to)
{
    if (from->size != 0 && to->size != 0)
        advance(k, from->offset, to->offset);
}

static void make_body(struct maker *k, struct wm_bytes from, struct wm_bytes to,
                      struct wm_features features)
{
    struct wm_reader rf = wm_reader_of(from, features), rt = wm_reader_of(to, features);
    uint32_t locals = 0;

    advance_to(k, &from, &to);
    if (wm_read_locals(&rf, &locals, NULL, NULL, NULL) != ST_OK ||
        wm_read_locals(&rt, &locals, NULL, NULL, NULL) != ST_OK)
        return;
    while (rf.pos < rf.end && rt.pos < rt.end) {
        struct wm_ins ins;
        advance(k, from.offset + rf.pos, to.offset + rt.pos);
        if (wm_ins_read(&rf, &ins, NULL) != ST_OK || wm_ins_read(&rt, &ins, NULL) != ST_OK)
            return;
    }
    advance(k, from.offset + rf.pos, to.offset + rt.pos);
}

/* Sections in the order they have in the original, each with its finer places. */
static void make_section(struct maker *k, const struct wm_module *from, const struct wm_module *to,
                         enum wm_section_id id)
{
    advance_to(k, &from->sections[id], &to->sections[id]);
    if (id == WM_SECTION_CODE && from->code_count == to->code_count)
        for (uint32_t i = 0; i < from->code_count; i++)
            make_body(k, from->codes[i].body, to->codes[i].body, to->features);
    if (id == WM_SECTION_ELEM && from->elem_count == to->elem_count)
        for (uint32_t i = 0; i < from->elem_count; i++)
            advance_to(k, &from->elems[i].items, &to->elems[i].items);
    if (id == WM_SECTION_DATA && from->data_count == to->data_count)
        for (uint32_t i = 0; i < from->data_count; i++)
            advance_to(k, &from->datas[i].content, &to->datas[i].content);
}

static void make_customs(struct maker *k, const struct wm_module *from, const struct wm_module *to,
                         enum wm_section_id after)
{
    if (from->custom_count != to->custom_count)
        return;
    for (uint32_t i = 0; i < to->custom_count; i++)
        if (to->customs[i].after == after)
            advance_to(k, &from->customs[i].content, &to->customs[i].content);
}

static void make_edits(struct maker *k, const struct wm_module *from, const struct wm_module *to)
{
    static const enum wm_section_id order[] = {
        WM_SECTION_TYPE,   WM_SECTION_IMPORT, WM_SECTION_FUNC,       WM_SECTION_TABLE,
        WM_SECTION_MEMORY, WM_SECTION_TAG,    WM_SECTION_GLOBAL,     WM_SECTION_EXPORT,
        WM_SECTION_START,  WM_SECTION_ELEM,   WM_SECTION_DATA_COUNT, WM_SECTION_CODE,
        WM_SECTION_DATA,
    };
    make_customs(k, from, to, WM_SECTION_CUSTOM);
    for (uint32_t i = 0; i < LENGTH_OF(order); i++) {
        make_section(k, from, to, order[i]);
        make_customs(k, from, to, order[i]);
    }
    advance(k, k->from.size, k->to.size);
}

enum status wm_encoding_make(struct str original, struct str canonical, struct wm_features features,
                             struct buf *text, struct diag *dg)
{
    struct arena *arena = text->arena;
    struct wm_module from, to;
    struct buf script;

    if (str_equal(original, canonical))
        return ST_OK;
    TRY(wm_read_module((const uint8_t *)original.text, original.size, features, arena, &to, dg));
    TRY(diag_in(
        dg,
        wm_read_module((const uint8_t *)canonical.text, canonical.size, features, arena, &from, dg),
        "the canonical form of the module"));
    buf_init(&script, arena);
    buf_byte(&script, SCRIPT_VERSION);
    uint64_t hash = hash_of(canonical);
    for (uint32_t i = 0; i < 8; i++)
        buf_byte(&script, (uint8_t)(hash >> 8 * i));
    buf_uleb(&script, original.size);
    struct maker k = {.from = canonical, .to = original, .script = &script};
    make_edits(&k, &from, &to);
    base64_write(text, script.data, script.size);
    return ST_OK;
}

/* ---- applying ------------------------------------------------------------------------------ */

struct applier {
    struct str from;
    size_t from_pos;
    size_t room; /* bytes that may still be made */
    struct wm_reader script;
    struct buf *out;
    struct diag *dg;
};

static enum status damaged(struct applier *a, const char *what)
{
    return diag_fail(a->dg, ST_MALFORMED, DIAG_NO_OFFSET, "%s, at byte %zu of the script", what,
                     a->script.pos);
}

static enum status copy(struct applier *a, uint64_t size)
{
    if (size > a->from.size - a->from_pos)
        return damaged(a, "copies more bytes than the module has");
    if (size > a->room)
        return damaged(a, "makes more bytes than it announces");
    buf_bytes(a->out, a->from.text + a->from_pos, (size_t)size);
    a->from_pos += (size_t)size;
    a->room -= (size_t)size;
    return ST_OK;
}

static enum status apply_pad(struct applier *a, uint32_t count, bool is_negative)
{
    uint8_t fill = is_negative ? 0xff : 0x80;

    if (count == 0 || count > PAD_MAX)
        return damaged(a, "pads an integer by a number of bytes that is not 1 to 9");
    if (a->from_pos == a->from.size || (a->from.text[a->from_pos] & 0x80) != 0)
        return damaged(a, "pads where no integer ends");
    if (count + 1 > a->room)
        return damaged(a, "makes more bytes than it announces");
    a->room -= count + 1;
    buf_byte(a->out, (uint8_t)(a->from.text[a->from_pos++] | 0x80));
    for (uint32_t i = 1; i < count; i++)
        buf_byte(a->out, fill);
    buf_byte(a->out, fill & 0x7f);
    return ST_OK;
}

static enum status apply_replace(struct applier *a)
{
    uint64_t drop = 0, add = 0;

    TRY(wm_read_u64(&a->script, &drop, a->dg));
    TRY(wm_read_u64(&a->script, &add, a->dg));
    if (drop > a->from.size - a->from_pos)
        return damaged(a, "drops more bytes than the module has");
    if (add > a->script.end - a->script.pos || add > a->room)
        return damaged(a, "adds more bytes than it has or announces");
    a->from_pos += (size_t)drop;
    buf_bytes(a->out, a->script.bytes + a->script.pos, (size_t)add);
    a->script.pos += (size_t)add;
    a->room -= (size_t)add;
    return ST_OK;
}

static enum status apply_edit(struct applier *a)
{
    uint64_t head = 0;
    uint8_t count = 0;

    TRY(wm_read_u64(&a->script, &head, a->dg));
    TRY(copy(a, head >> EDIT_KIND_BITS));
    uint32_t kind = (uint32_t)(head & ((1 << EDIT_KIND_BITS) - 1));
    switch (kind) {
    case 0:
    case 1:
    case 2:
    case 3: return apply_pad(a, kind + 1, false);
    case EDIT_PAD:
    case EDIT_PAD_NEGATIVE:
        TRY(wm_read_u8(&a->script, &count, a->dg));
        return apply_pad(a, count, kind == EDIT_PAD_NEGATIVE);
    case EDIT_REPLACE: return apply_replace(a);
    default: return damaged(a, "has an edit of unknown kind 7");
    }
}

static enum status apply_head(struct applier *a, uint64_t *size)
{
    uint8_t version = 0;
    uint64_t hash = 0;

    TRY(wm_read_u8(&a->script, &version, a->dg));
    if (version != SCRIPT_VERSION)
        return diag_fail(a->dg, ST_MALFORMED, DIAG_NO_OFFSET,
                         "version %u of the script, only %u is known", version, SCRIPT_VERSION);
    for (uint32_t i = 0; i < 8; i++) {
        uint8_t byte = 0;
        TRY(wm_read_u8(&a->script, &byte, a->dg));
        hash |= (uint64_t)byte << 8 * i;
    }
    if (hash != hash_of(a->from))
        return diag_fail(a->dg, ST_MALFORMED, DIAG_NO_OFFSET,
                         "made for a module with hash %016llx, but this text makes %016llx: it was "
                         "changed; remove the annotation",
                         (unsigned long long)hash, (unsigned long long)hash_of(a->from));
    TRY(wm_read_u64(&a->script, size, a->dg));
    if (*size > WM_MAX_MODULE_BYTES)
        return diag_fail(a->dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "announces %llu bytes of module, at most %u are allowed",
                         (unsigned long long)*size, (unsigned)WM_MAX_MODULE_BYTES);
    return ST_OK;
}

static enum status apply(struct str canonical, struct str text, struct buf *out, struct diag *dg)
{
    struct buf script;
    uint64_t size = 0;

    buf_init(&script, out->arena);
    TRY(base64_read(text, &script, dg));
    struct applier a = {
        .from = canonical,
        .script = {.bytes = script.data, .end = script.size},
        .out = out,
        .dg = dg
    };
    TRY(apply_head(&a, &size));
    a.room = (size_t)size;
    while (a.script.pos < a.script.end)
        TRY(apply_edit(&a));
    TRY(copy(&a, a.from.size - a.from_pos));
    return a.room == 0 ? ST_OK : damaged(&a, "makes fewer bytes than it announces");
}

enum status wm_encoding_apply(struct str canonical, struct str text, struct buf *out,
                              struct diag *dg)
{
    enum status st = apply(canonical, text, out, dg);

    if (st != ST_OK && dg != NULL)
        dg->offset = DIAG_NO_OFFSET; /* of the script: means nothing to the reader of the text */
    return diag_in(dg, st, "@mujun.encoding");
}
