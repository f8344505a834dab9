/*
 * encoding: keeps what the canonical binary form of a module drops (padded integers, empty
 * sections, split runs of locals and the like, see write.h), so that text can give back the very
 * bytes it was printed from. The printer makes an edit script from the canonical bytes to the
 * original ones and puts it into the text as
 *
 *     (@mujun.encoding "base64" "base64" ...)
 *
 * the last field of the module. The text reader joins the strings and, when it has the canonical
 * bytes, calls wm_encoding_apply(). What comes out is untrusted like any other module: it is read
 * and validated as if it had come from a file.
 *
 * The script, before base64: a version byte (1), the 64-bit FNV-1a hash of the canonical bytes
 * (little endian), the size of the original in bytes, then edits until the script ends; integers
 * are unsigned LEB128. An edit starts with copy * 8 + kind: copy that many canonical bytes, then
 *   kind 0-3  pad: the next canonical byte ends an integer; go on with kind + 1 more bytes that
 *             leave it unchanged when it is not negative
 *   kind 4    pad, count of bytes in the next byte of the script
 *   kind 5    as 4, for a negative integer
 *   kind 6    drop that many canonical bytes (integer), add that many from the script (integer,
 *             bytes)
 * After the last edit the rest of the canonical bytes is copied.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_WASM_ENCODING_H
#define SHIELD_WASM_ENCODING_H

#include "shield/wasm/module.h"

/* Appends the script, in base64, that turns canonical into original; nothing when they are equal.
 * Both must be readable modules with the features given, one the canonical form of the other.
 * Linear in their sizes. Needs arena_guard() of text->arena, which also holds the working data. */
MUST_USE enum status wm_encoding_make(struct str original, struct str canonical,
                                      struct wm_features features, struct buf *text,
                                      struct diag *dg);

/* Appends to out what the script (base64) makes of canonical. ST_MALFORMED when the script is
 * damaged or was made for other bytes, for instance because somebody has changed the text around
 * it; the message says to remove the annotation. Output is bounded by WM_MAX_MODULE_BYTES. Needs
 * arena_guard() of out->arena. */
MUST_USE enum status wm_encoding_apply(struct str canonical, struct str text, struct buf *out,
                                       struct diag *dg);

#endif /* SHIELD_WASM_ENCODING_H */
