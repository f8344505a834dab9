/* test_border: values of every kind and number pass between host and compiled code both ways, in
 * registers and beyond them, and those of a host function stay while it calls the guest again.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "base/base.h"

#include <mujun/mujun.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 20, TEXT_MAX = 4000 };

/* Signatures in the words of the text format; one import and one export are made of each. */
static const struct {
    const char *params, *results;
} rows[] = {
    {"",                                                          ""                    },
    {"i32",                                                       ""                    },
    {"",                                                          "i32"                 },
    {"i32 i32",                                                   "i32"                 },
    {"i64 i32 i64 i32 i64 i32",                                   "i64 i32"             },
    {"i32 i64 i32 i64 i32 i64 i32",                               "i64"                 },
    {"i64",                                                       "i32 i32 i32"         },
    {"f64 f64",                                                   "f64"                 },
    {"f32",                                                       "f32 f32"             },
    {"f32 f64 v128 f32 f64 v128 f32 f64",                         "v128 f32"            },
    {"f64 f64 f64 f64 f64 f64 f64 f64 f64",                       "f64"                 },
    {"v128 v128",                                                 "v128"                },
    {"v128 v128 v128 v128 v128 v128 v128 v128 v128",              "v128 v128 v128"      },
    {"i32 f32",                                                   "i32"                 },
    {"f64 i64",                                                   "i64 f64"             },
    {"f32 f32",                                                   "i32"                 },
    {"i32 i32",                                                   "f64"                 },
    {"i32 f32 i64 f64 v128 i32 f32 i64 f64 v128 i32 i32 i32 f32", "i32 f32 i64 f64 v128"},
    {"funcref i32",                                               "i32"                 },
    {"i32",                                                       "externref f32"       },
};

struct border {
    struct mujun_store *store;
    struct mujun_func *exported;
    const struct mujun_functype *type;
    uint32_t depth, wrong; /* values that were not what they should have been */
};

static void must(enum mujun_status st, struct mujun_error *err, const char *what)
{
    char text[1000];

    if (st == MUJUN_OK)
        return;
    mujun_error_format(err, what, text, sizeof(text));
    printf("Bail out! %s\n", text);
    exit(1);
}

static uint32_t width_of(enum mujun_kind kind)
{
    switch (kind) {
    case MUJUN_I32:
    case MUJUN_F32: return 4;
    case MUJUN_V128: return 16;
    default: return 8; /* references are all null here */
    }
}

/* A value that no other place has. Every bit of its type counts, none beside them. */
static union mujun_value pattern(enum mujun_kind kind, uint32_t place)
{
    union mujun_value v;

    memset(&v, 0xa5, sizeof(v));
    for (uint32_t i = 0; i < width_of(kind); i++)
        v.v128[i] = kind >= MUJUN_EXTERNREF || kind == MUJUN_FUNCREF
                        ? 0
                        : (uint8_t)(0x81 + 31 * place + 7 * i);
    return v;
}

static bool is_pattern(enum mujun_kind kind, uint32_t place, const union mujun_value *v)
{
    const union mujun_value want = pattern(kind, place);

    return memcmp(v, &want, width_of(kind)) == 0;
}

enum { PLACE_RESULTS = 100, PLACE_DEEPER = 37 };

static void call_guest(struct border *b)
{
    const uint32_t params = mujun_functype_param_count(b->type);
    const uint32_t results = mujun_functype_result_count(b->type);
    union mujun_value values[VALUES_MAX]; /* of both: a call reads the ones before it writes */
    struct mujun_error *err = NULL;

    for (uint32_t i = 0; i < params; i++)
        values[i] = pattern(mujun_functype_param(b->type, i), i + PLACE_DEEPER * b->depth);
    must(mujun_call(b->store, b->exported, values, params, values, results, &err), err, "call");
    for (uint32_t i = 0; i < results; i++)
        b->wrong += !is_pattern(mujun_functype_result(b->type, i), PLACE_RESULTS + i, &values[i]);
}

static enum mujun_status echo(void *env, struct mujun_caller *caller, const union mujun_value *args,
                              union mujun_value *results)
{
    static const union mujun_value zero;
    struct border *b = env;
    const uint32_t depth = b->depth;

    (void)caller;
    for (uint32_t i = 0; i < mujun_functype_result_count(b->type); i++)
        b->wrong += memcmp(&results[i], &zero, sizeof(zero)) != 0;
    if (depth < 2) {
        b->depth++;
        call_guest(b);
        b->depth = depth;
    }
    for (uint32_t i = 0; i < mujun_functype_param_count(b->type); i++)
        b->wrong +=
            !is_pattern(mujun_functype_param(b->type, i), i + PLACE_DEEPER * depth, &args[i]);
    for (uint32_t i = 0; i < mujun_functype_result_count(b->type); i++) {
        const enum mujun_kind kind = mujun_functype_result(b->type, i);
        const union mujun_value v = pattern(kind, PLACE_RESULTS + i);
        memcpy(&results[i], &v, width_of(kind));
    }
    return MUJUN_OK;
}

/* A guest function of the row's type that passes its parameters to the host's. */
static void write_module(char *text, uint32_t row, uint32_t param_count)
{
    int n = snprintf(text, TEXT_MAX,
                     "(module (type $t (func (param %s) (result %s)))"
                     " (import \"host\" \"echo\" (func $echo (type $t)))"
                     " (func (export \"f\") (type $t) (call $echo",
                     rows[row].params, rows[row].results);

    for (uint32_t i = 0; i < param_count; i++)
        n += snprintf(text + n, (size_t)(TEXT_MAX - n), " (local.get %u)", i);
    snprintf(text + n, (size_t)(TEXT_MAX - n), ")))");
}

static void try_row(struct mujun_engine *engine, uint32_t row, const char *tier)
{
    char signature[TEXT_MAX], text[TEXT_MAX];
    struct mujun_linker *linker = NULL;
    struct mujun_module *module = NULL;
    struct mujun_instance *instance = NULL;
    struct mujun_error *err = NULL;
    struct border b = {.store = NULL};

    snprintf(signature, sizeof(signature), "%s -> %s", rows[row].params, rows[row].results);
    must(mujun_functype_parse(engine, signature, &b.type, &err), err, signature);
    write_module(text, row, mujun_functype_param_count(b.type));
    must(mujun_module_new_text(engine, text, strlen(text), &module, &err), err, signature);
    must(mujun_store_new(engine, NULL, 0, &b.store, &err), err, "store");
    must(mujun_linker_new(b.store, &linker, &err), err, "linker");
    must(mujun_linker_define_func(linker, "host", "echo", signature, echo, &b, NULL, &err), err,
         signature);
    must(mujun_linker_instantiate(linker, module, &instance, &err), err, signature);
    b.exported = mujun_instance_func(instance, "f");
    for (uint32_t i = 0; i < 2; i++) /* the first call works out where the values are */
        call_guest(&b);
    tap_ok(b.wrong == 0, "%s: %s, %u values wrong", tier, signature, b.wrong);
    mujun_linker_free(linker);
    mujun_store_free(b.store);
    mujun_module_free(module);
}

int main(void)
{
    static const struct {
        enum mujun_tier tier;
        const char *name;
    } tiers[] = {
        {MUJUN_TIER_AUTO,        "compiled"   },
        {MUJUN_TIER_INTERPRETER, "interpreted"},
    };

    for (uint32_t i = 0; i < LENGTH_OF(tiers); i++) {
        struct mujun_config *config = mujun_config_new();
        struct mujun_engine *engine = NULL;
        struct mujun_error *err = NULL;

        mujun_config_set_tier(config, tiers[i].tier);
        must(mujun_engine_new(config, &engine, &err), err, "engine");
        for (uint32_t row = 0; row < LENGTH_OF(rows); row++)
            try_row(engine, row, tiers[i].name);
        mujun_engine_free(engine);
        mujun_config_free(config);
    }
    return tap_done();
}
