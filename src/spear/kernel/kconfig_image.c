/*
 * The configuration in a kernel image. A kernel with IKCONFIG holds its .config, gzipped, between
 * the marks IKCFG_ST and IKCFG_ED. In a vmlinux they are in sight; a bzImage is
 *
 *   0x1f1  sectors of setup code behind the first (0 means 4)
 *   0x202  "HdrS"
 *   0x206  version of the header; 0x0208 and later have
 *   0x248  where the packed kernel begins, counted from behind the setup code
 *   0x24c  its size; it is itself packed by gzip, or by something that we do not read
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "spear/kernel/kconfig.h"

#include <string.h>
#include <zlib.h>

enum {
    BZ_SECTORS = 0x1f1,
    BZ_MAGIC = 0x202,
    BZ_VERSION = 0x206,
    BZ_PAYLOAD = 0x248,
    BZ_PAYLOAD_SIZE = 0x24c,
    BZ_HEADER_BYTES = 0x250,
    BZ_SECTOR_BYTES = 512,
    UNPACK_BYTES = 1 << 20, /* of the kernel are looked at at a time */
    CARRY_BYTES = KCONFIG_TEXT_MAX / 4,
};
#define KERNEL_BYTES_MAX ((uint64_t)1 << 30) /* of an unpacked kernel */

static uint32_t read_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool starts_with(struct str bytes, struct str magic)
{
    return bytes.size >= magic.size && memcmp(bytes.text, magic.text, magic.size) == 0;
}

static bool is_gzip(struct str bytes)
{
    return starts_with(bytes, STR("\x1f\x8b\x08"));
}

static enum status open_gzip(z_stream *z, struct str packed, struct diag *dg)
{
    *z = (z_stream){.next_in = (Bytef *)(uintptr_t)packed.text,
                    .avail_in = (uInt)MIN(packed.size, (size_t)UINT32_MAX)};
    if (inflateInit2(z, 16 + MAX_WBITS) != Z_OK) /* 16: a gzip header is expected */
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "zlib cannot start");
    return ST_OK;
}

/* A whole .config out of gzip; what follows the packed bytes is not looked at. */
static enum status unpack_config(struct str packed, struct buf *out, struct diag *dg)
{
    uint8_t part[4096];
    z_stream z;
    int result = Z_OK;

    buf_reserve(out, KCONFIG_TEXT_MAX + sizeof(part)); /* nothing may unwind while z is open */
    TRY(open_gzip(&z, packed, dg));
    while (result == Z_OK && out->size <= KCONFIG_TEXT_MAX) {
        z.next_out = part;
        z.avail_out = sizeof(part);
        result = inflate(&z, Z_NO_FLUSH);
        buf_bytes(out, part, sizeof(part) - z.avail_out);
    }
    inflateEnd(&z);
    if (result == Z_STREAM_END && kconfig_is_config((struct str){(char *)out->data, out->size}))
        return ST_OK;
    if (out->size > KCONFIG_TEXT_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "a configuration of more than %d bytes (KCONFIG_TEXT_MAX)",
                         KCONFIG_TEXT_MAX);
    return diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET,
                     "expected a kernel's configuration in gzip, found %s",
                     result == Z_STREAM_END ? "another text" : "damaged bytes");
}

/* The packed .config between its marks, if the whole of it is in sight. */
static bool find_marks(struct str bytes, struct str *packed)
{
    const char *start = memmem(bytes.text, bytes.size, "IKCFG_ST", 8);

    if (start == NULL)
        return false;
    start += 8;
    size_t left = bytes.size - (size_t)(start - bytes.text);
    const char *end = memmem(start, left, "IKCFG_ED", 8);
    *packed = (struct str){start, end == NULL ? 0 : (size_t)(end - start)};
    return end != NULL && is_gzip(*packed);
}

static enum status no_config(struct diag *dg)
{
    return diag_fail(dg, ST_UNSUPPORTED, DIAG_NO_OFFSET,
                     "the kernel holds no configuration (it lacks IKCONFIG); give its .config "
                     "instead, which Debian installs as /boot/config-VERSION");
}

/* Unpacks a kernel piece by piece, so that it need not be in memory as a whole. */
static enum status search_packed(struct str payload, struct buf *out, struct diag *dg)
{
    uint8_t *window = arena_new(out->arena, uint8_t, CARRY_BYTES + UNPACK_BYTES);
    size_t used = 0;
    uint64_t total = 0;
    struct str packed;
    z_stream z;
    int result = Z_OK;
    bool is_found = false;

    TRY(open_gzip(&z, payload, dg));
    while (!is_found && result == Z_OK && total < KERNEL_BYTES_MAX) {
        if (used > CARRY_BYTES) { /* marks that lie across two pieces are seen whole */
            memmove(window, window + used - CARRY_BYTES, CARRY_BYTES);
            used = CARRY_BYTES;
        }
        z.next_out = window + used;
        z.avail_out = UNPACK_BYTES;
        result = inflate(&z, Z_NO_FLUSH);
        total += UNPACK_BYTES - z.avail_out;
        used += UNPACK_BYTES - z.avail_out;
        is_found = find_marks((struct str){(char *)window, used}, &packed);
    }
    inflateEnd(&z);
    if (is_found)
        return unpack_config(packed, out, dg);
    if (result != Z_STREAM_END && result != Z_OK)
        return diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET, "the packed kernel is damaged");
    return no_config(dg);
}

static enum status search_bzimage(struct str bytes, struct buf *out, struct diag *dg)
{
    const uint8_t *p = (const uint8_t *)bytes.text;
    uint64_t sectors = p[BZ_SECTORS] == 0 ? 4 : p[BZ_SECTORS];
    uint64_t start = (sectors + 1) * BZ_SECTOR_BYTES + read_u32(p + BZ_PAYLOAD);
    uint64_t size = read_u32(p + BZ_PAYLOAD_SIZE);
    unsigned version = p[BZ_VERSION] | (unsigned)p[BZ_VERSION + 1] << 8;

    if (version < 0x0208)
        return diag_fail(dg, ST_UNSUPPORTED, BZ_VERSION,
                         "a bzImage with a header of version %#x; 0x208 is needed to look inside",
                         version);
    if (start > bytes.size || size > bytes.size - start)
        return diag_fail(dg, ST_MALFORMED, BZ_PAYLOAD,
                         "the packed kernel is at %ju and has %ju bytes, but the file has %zu",
                         (uintmax_t)start, (uintmax_t)size, bytes.size);
    struct str payload = {bytes.text + start, size};
    if (!is_gzip(payload))
        return diag_fail(dg, ST_UNSUPPORTED, start,
                         "the kernel is packed by something other than gzip; give its vmlinux or "
                         "its .config, which Debian installs as /boot/config-VERSION");
    return search_packed(payload, out, dg);
}

enum status kconfig_extract(struct str bytes, struct arena *a, struct str *config, struct diag *dg)
{
    enum status st = ST_OK;
    struct str packed;
    struct buf out;

    buf_init(&out, a);
    if (is_gzip(bytes)) {
        st = unpack_config(bytes, &out, dg);
    } else if (bytes.size >= BZ_HEADER_BYTES &&
               starts_with((struct str){bytes.text + BZ_MAGIC, 4}, STR("HdrS"))) {
        st = search_bzimage(bytes, &out, dg);
    } else if (starts_with(bytes, STR("\x7f"
                                      "ELF"))) {
        st = find_marks(bytes, &packed) ? unpack_config(packed, &out, dg) : no_config(dg);
    } else if (kconfig_is_config(bytes) && bytes.size <= KCONFIG_TEXT_MAX) {
        *config = bytes;
        return ST_OK;
    } else {
        st = diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET,
                       "expected a kernel's .config, config.gz, vmlinux or bzImage, found none of "
                       "them");
    }
    if (st == ST_OK)
        *config = (struct str){(const char *)out.data, out.size};
    return st;
}
