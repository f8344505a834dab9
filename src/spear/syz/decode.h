/* decode: walks an encoded program (wire/exec.h) one instruction at a time. Trusts nothing: a
 * stream that breaks a rule of exec.h is refused with its offset. Allocates nothing; bytes point
 * into the stream. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_DECODE_H
#define SPEAR_SYZ_DECODE_H

#include "base/diag.h"
#include "spear/wire/exec.h"

struct syz_decoder {
    const uint8_t *start, *at, *end;
    uint64_t calls_left;
};

struct syz_exec_chunk {
    bool is_const;
    uint64_t value, size; /* the offset of memory, or the number */
};

struct syz_exec_arg {
    enum exec_arg kind;
    uint64_t meta;               /* CONST RESULT */
    uint64_t value;              /* CONST; the offset of ADDR32, ADDR64; the default of RESULT */
    uint64_t index, divide, add; /* RESULT */
    const uint8_t *bytes;        /* DATA */
    uint64_t size;               /* DATA, CSUM */
    bool is_readable;            /* DATA */
    uint32_t chunk_count;        /* CSUM */
    struct syz_exec_chunk chunks[EXEC_CHUNKS_MAX];
};

enum syz_exec_kind {
    SYZ_EXEC_COPYIN,  /* address, args[0] */
    SYZ_EXEC_COPYOUT, /* index, address, size */
    SYZ_EXEC_PROPS,   /* fail_nth, is_async, rerun */
    SYZ_EXEC_ATTRS,   /* call_ms, program_ms, flags */
    SYZ_EXEC_CALL,    /* number, index, args */
    SYZ_EXEC_END,
};

struct syz_exec_instruction {
    enum syz_exec_kind kind;
    uint64_t address, size;
    int64_t index;   /* EXEC_NO_INDEX: none */
    uint64_t number; /* of the call */
    uint64_t fail_nth, rerun, call_ms, program_ms, flags;
    bool is_async;
    uint32_t arg_count;
    struct syz_exec_arg args[EXEC_ARGS_MAX];
};

/* The stream must outlive the decoder. */
MUST_USE enum status syz_decode_start(struct syz_decoder *d, const void *stream, size_t size,
                                      struct diag *dg);
/* After SYZ_EXEC_END, or a refusal, it is not to be called again. */
MUST_USE enum status syz_decode_next(struct syz_decoder *d, struct syz_exec_instruction *out,
                                     struct diag *dg);

#endif /* SPEAR_SYZ_DECODE_H */
