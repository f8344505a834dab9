/*
 * artefact: an image as a file: ELF64 that objdump, gdb and perf understand.
 *
 *   .text .rodata       the code and its pool; one segment each
 *   .eh_frame           unwind tables
 *   .symtab .strtab     a symbol per function
 *   .mujun.ident        struct artefact_ident
 *   .mujun.funcs .mujun.plans .mujun.traps .mujun.codes .mujun.sources .mujun.inlined
 *                       arrays of the image
 *   .mujun.wasm         the module, unless it was left out
 *
 * Nothing in one is trusted. Reading checks every number, and code becomes executable through
 * exec_memory_map() like any other: a damaged or malicious file is refused with a reason, or runs
 * inside its sandbox. SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_COMPILE_ARTEFACT_H
#define SHIELD_COMPILE_ARTEFACT_H

#include "base/buf.h"
#include "shield/compile/image.h"
#include "shield/wasm/module.h"

enum { ARTEFACT_BYTES_MAX = 0x7fffffff };

struct artefact_ident {
    char magic[8]; /* "mujun\0\0\0" */
    uint32_t version; /* IMAGE_VERSION */
    uint32_t ident_bytes; /* of this struct: another layout is another version */
    uint64_t checksum; /* of the file with this field 0: finds damage, keeps nobody out */
    struct image_identity identity;
};

/* A file as the pieces that follow each other in it: what is large is borrowed from the image and
 * the module, the rest lies in the arena. */
struct artefact_file {
    struct arena *arena;
    struct str *parts;
    uint32_t part_count, part_capacity;
    size_t size; /* of all parts */
};

/* Makes the file, inside arena_guard() of `a`. name gives the symbol of the func_index-th function
 * (size 0: none); wasm: the module's bytes, size 0: leave them out. ST_LIMIT: more than
 * ARTEFACT_BYTES_MAX. */
struct artefact_names {
    struct str (*name)(void *ctx, uint32_t func_index);
    void *ctx;
};
MUST_USE enum status artefact_write(const struct image *image, const struct artefact_names *names,
                                    struct str wasm, struct arena *a, struct artefact_file *out,
                                    struct diag *dg);

/* Does it claim to be one? */
bool artefact_is(const uint8_t *bytes, size_t size);

/* What a file has, before the module is known; borrowed from bytes. */
struct artefact {
    const uint8_t *bytes;
    size_t size;
    struct artefact_ident ident;
    struct str wasm; /* size 0: left out */
};
/* ST_MALFORMED: damaged, or of another version. */
MUST_USE enum status artefact_open(const uint8_t *bytes, size_t size, struct artefact *out,
                                   struct diag *dg);

/* The image, checked against the module it claims to belong to (which is validated) and against
 * what this processor has. *out is owned. ST_MALFORMED, ST_UNSUPPORTED: the processor,
 * ST_NO_MEMORY. */
MUST_USE enum status artefact_image(const struct artefact *a, const struct wm_module *wm,
                                    uint32_t host_features, struct image **out, struct diag *dg);

#endif /* SHIELD_COMPILE_ARTEFACT_H */
