/* text_data: bytes as text: "hex", 'text with escapes\x00', "$base64".
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_TEXT_DATA_H
#define SPEAR_SYZ_TEXT_DATA_H

#include "base/buf.h"

void text_put_hex(struct buf *out, const uint8_t *bytes, uint64_t size);    /* "00ff" */
void text_put_quoted(struct buf *out, const uint8_t *bytes, uint64_t size); /* 'a\x00' */
void text_put_base64(struct buf *out, const uint8_t *bytes, uint64_t size); /* "$AP8=" */
/* Whether people can read them: not empty; printable, zero or white space. */
bool text_is_readable(const uint8_t *bytes, uint64_t size);
/* 0x1f, 31 */
void text_put_number(struct buf *out, uint64_t value);
void text_put_decimal(struct buf *out, uint64_t value);

/* text begins with a quote; the bytes are appended to out. Returns the characters that the literal
 * takes, or 0 with *why set to what was expected and *at to where. */
size_t text_read_literal(struct str text, struct buf *out, const char **why, size_t *at);
/* Hexadecimal with 0x, decimal, or octal with 0; may have a minus. Returns the characters taken, 0
 * when there is no number of 64 bits. */
size_t text_read_number(struct str text, uint64_t *value);

#endif /* SPEAR_SYZ_TEXT_DATA_H */
