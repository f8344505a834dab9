/* read: binary format to module. Judges form, not meaning: run wm_validate() next.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_WASM_READ_H
#define SHIELD_WASM_READ_H

#include "shield/wasm/module.h"

/* A position in bytes. pos and end count from bytes[0]; offset is added for messages. */
struct wm_reader {
    const uint8_t *bytes;
    size_t pos, end;
    uint32_t offset; /* of bytes[0] in the module */
    struct wm_features features;
};

static inline struct wm_reader wm_reader_of(struct wm_bytes b, struct wm_features features)
{
    return (struct wm_reader){
        .bytes = b.data, .end = b.size, .offset = b.offset, .features = features};
}

/* Reads a whole module. Function bodies are bounded here, not decoded: that is for wm_validate(),
 * or for whoever walks them with wm_ins_read(). Memory: at most 256 bytes for each byte of the
 * module, and 64 KiB. bytes are borrowed as long as the module lives; the module's arrays come
 * from arena (guarded inside: memory running out is a status here). *out is written only on OK. */
MUST_USE enum status wm_read_module(const uint8_t *bytes, size_t size, struct wm_features features,
                                    struct arena *arena, struct wm_module *out, struct diag *dg);

MUST_USE enum status wm_read_u8(struct wm_reader *r, uint8_t *out, struct diag *dg);
MUST_USE enum status wm_read_u32(struct wm_reader *r, uint32_t *out, struct diag *dg);
MUST_USE enum status wm_read_u64(struct wm_reader *r, uint64_t *out, struct diag *dg);
MUST_USE enum status wm_read_s32(struct wm_reader *r, int32_t *out, struct diag *dg);
MUST_USE enum status wm_read_s33(struct wm_reader *r, int64_t *out, struct diag *dg);
MUST_USE enum status wm_read_s64(struct wm_reader *r, int64_t *out, struct diag *dg);
/* Length and bytes; refuses what is not UTF-8. */
MUST_USE enum status wm_read_name(struct wm_reader *r, struct str *out, struct diag *dg);
MUST_USE enum status wm_read_valtype(struct wm_reader *r, struct wm_valtype *out, struct diag *dg);
MUST_USE enum status wm_read_heap(struct wm_reader *r, struct wm_heap *out, struct diag *dg);

/* Walks the local groups at the start of a code body; r is then at the first instruction.
 * The visitor sees each (count, type) in order. NULL: skip. Total is bounded by WM_MAX_LOCALS. */
MUST_USE enum status wm_read_locals(struct wm_reader *r, uint32_t *total,
                                    void (*visit)(void *ctx, uint32_t count, struct wm_valtype t),
                                    void *ctx, struct diag *dg);

#endif /* SHIELD_WASM_READ_H */
