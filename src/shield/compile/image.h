/*
 * image: the product of compiling a module: machine code and everything that is known about it.
 * Position independent: text and pool are placed by exec_memory, the pool at the page behind the
 * text, and refer to nothing else. Immutable once made, so any number of threads may share it.
 *
 *   | text: functions, each aligned to 16 | pad | pool: constants, jump tables (read only) |
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_COMPILE_IMAGE_H
#define SHIELD_COMPILE_IMAGE_H

#include "base/arena.h"
#include "shield/codegen/source_map.h"
#include "shield/compile/layout.h"

enum {
    IMAGE_VERSION = 4,           /* of everything that artefacts hold; see artefact.h */
    IMAGE_FUNC_ALIGN = 16,
    IMAGE_POOL_ALIGN = 4096,     /* between text and pool: protection has pages */
    IMAGE_TEXT_BYTES_MAX = 1 << 30, /* 32-bit distances reach */
    IMAGE_SOURCE_BYTES_MAX = 1 << 30,
};

/* One defined function, in the order of the module. */
struct image_func {
    uint32_t offset, size;   /* in text, without padding */
    uint32_t frame_bytes;    /* between what the prologue pushed and rsp behind it */
    uint16_t saved;          /* pushed registers, bit per hardware number, pushed in that order */
    uint16_t prologue_bytes; /* before them the frame is not whole */
    uint32_t source_first;   /* where its part of the source map begins */
    uint32_t inlined_first;  /* what 0 is for it among the inlined positions */
};
_Static_assert(sizeof(struct image_func) == 24, "no padding");

/* A position with IMAGE_POSITION_INLINED is not one of the function whose code it is in: its other
 * bits are an index of these. */
#define IMAGE_POSITION_INLINED UINT32_C(0x80000000)
struct image_inlined {
    uint32_t position; /* in the module */
    uint32_t func;     /* defined function that it belongs to */
    uint32_t parent;   /* position of the call that this function stands for; may have the bit,
                          with a lower index */
};

enum image_option { /* bits: what changes the code */
    IMAGE_OPTIMISED = 1,
    IMAGE_FUEL = 2,
    IMAGE_CANONICAL_NAN = 4,
    IMAGE_RELAXED_DETERMINISTIC = 8,
};

/* Code may only run where all of this agrees. */
struct image_identity {
    struct layout_shape shape;
    uint32_t options;  /* enum image_option */
    uint32_t features; /* enum codegen_feature: of the processor, needed */
    uint8_t wasm_digest[32]; /* SHA-256 of the module */
};

struct image {
    struct arena arena; /* holds all of the following */
    struct image_identity identity;
    const uint8_t *text, *pool;
    uint32_t text_bytes, pool_bytes;
    struct image_func *funcs;
    uint32_t func_count;
    /* Instructions that may fault, and the trap code of each. */
    uint32_t *trap_offsets; /* ascending */
    uint8_t *trap_codes;
    uint32_t trap_count;
    uint8_t *sources; /* per function, in order: codegen/source_map.h */
    uint32_t source_bytes;
    struct image_inlined *inlined;
    uint32_t inlined_count;
    uint8_t *memory_plans; /* per memory: enum memory_plan that the code relies on */
};

void image_release(struct image *image); /* NULL is fine */

/* Bytes from the start of text to the start of the pool. */
uint32_t image_pool_offset(const struct image *image);

/* None allocates; all may be asked in a signal handler. */
/* The function that has this byte of text; NULL: padding. */
const struct image_func *image_func_at(const struct image *image, uint32_t offset);
bool image_trap_at(const struct image *image, uint32_t offset, uint8_t *code);
/* The position in the module that code comes from; 0: unknown. Time: linear in what lies in front
 * of it in its function. */
uint32_t image_source_at(const struct image *image, uint32_t offset);
/* The same for all instructions of a function in turn: offsets must not go back. */
struct image_sources {
    const struct image_func *func;
    const uint8_t *at, *end;
    struct source_change next; /* begins behind what was asked for last, unless there is none */
    uint32_t position;
    bool has_next;
};
struct image_sources image_sources_of(const struct image *image, const struct image_func *func);
uint32_t image_sources_at(struct image_sources *s, uint32_t offset);
/* The next frame at a position, innermost first: takes *position apart into the function and the
 * position in the module, and the position of the call around it. False: it is one of the outermost
 * function, and plain. Ends for any content of the table. */
bool image_next_inlined(const struct image *image, uint32_t *position, struct image_inlined *out);

#endif /* SHIELD_COMPILE_IMAGE_H */
