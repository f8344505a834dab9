/*
 * wast: test scripts of the specification. A script is parsed command by command; its modules stay
 * text until they are asked for, because an assertion may want them to be refused.
 *
 * Everything here needs arena_guard() of the arena given to wast_open(); commands live in it, and
 * may be released (arena_mark) once done with.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_WASM_WAST_H
#define SHIELD_WASM_WAST_H

#include "shield/wasm/wat.h"

enum wast_kind {
#define COMMAND(name, text) WAST_##name,
#include "shield/wasm/wast.def"
#undef COMMAND
    WAST_KIND_COUNT
};
const char *wast_kind_text(enum wast_kind kind);

/* What a NaN pattern accepts; both signs. */
enum wast_nan { WAST_NAN_NONE, WAST_NAN_CANONICAL, WAST_NAN_ARITHMETIC };

enum wast_value_kind {
    WAST_I32,
    WAST_I64,
    WAST_F32,
    WAST_F64,
    WAST_V128,
    WAST_REF_NULL,   /* heap when has_heap */
    WAST_REF_EXTERN, /* number when has_number, as for the others */
    WAST_REF_HOST,   /* a host value seen as anyref */
    WAST_REF_FUNC,
    WAST_REF_ANY,
    WAST_REF_EQ,
    WAST_REF_I31,
    WAST_REF_STRUCT,
    WAST_REF_ARRAY,
    WAST_REF_EXN,
    WAST_EITHER /* one of alternatives */
};

/* An argument, or what a result must look like. */
struct wast_value {
    enum wast_value_kind kind;
    uint8_t bytes[16];  /* numbers and vectors, little endian */
    uint8_t lane_bytes; /* V128, F32, F64: width of the lanes that nan is about */
    uint8_t nan[4];     /* enum wast_nan by lane */
    bool has_heap, has_number;
    struct wm_heap heap; /* an abstract heap type */
    uint32_t number;
    struct wast_value *alternatives;
    uint32_t alternative_count;
};

/* A module in a script. */
enum wast_module_form { WAST_TEXT, WAST_BINARY, WAST_QUOTE };
struct wast_module {
    enum wast_module_form form;
    struct str id;       /* size 0 when absent */
    uint32_t symbol;     /* of id */
    uint32_t first, end; /* tokens: fields or strings */
};

struct wast_action {
    bool is_get;
    struct str instance; /* size 0: the latest */
    struct str name;
    struct wast_value *args;
    uint32_t arg_count;
};

struct wast_command {
    enum wast_kind kind;
    uint32_t line, column;
    struct wast_module module; /* MODULE, DEFINITION, and assertions with has_module */
    bool has_module;
    struct str id, of;         /* INSTANCE: new instance, definition. REGISTER, THREAD, WAIT: id */
    struct str name;           /* REGISTER: the module name given */
    struct wast_action action; /* ACTION, assertions without module */
    struct wast_value *results;
    uint32_t result_count;
    struct str message; /* what an assertion expects to read */
    struct str body;    /* THREAD: its commands, a script of their own */
    struct str shared;  /* THREAD: the module it shares, size 0 when none */
};

struct wast_script; /* opaque, in the arena */

/* text is borrowed. */
MUST_USE enum status wast_open(struct str text, struct wm_features features, struct arena *arena,
                               struct wast_script **out, struct diag *dg);
/* The next command; *done when there is none. After a refusal the script cannot go on. */
MUST_USE enum status wast_next(struct wast_script *s, struct wast_command *out, bool *done,
                               struct diag *dg);
/* The module in binary format, in the arena. Refusals of the text parser pass through. */
MUST_USE enum status wast_module_bytes(struct wast_script *s, const struct wast_module *m,
                                       struct str *bytes, struct diag *dg);

#endif /* SHIELD_WASM_WAST_H */
