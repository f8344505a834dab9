/* codegen_function: functions of front ends, their blocks and symbols; see codegen.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "shield/api/codegen_int.h"
#include "shield/ir/check.h"
#include "shield/ir/text.h"

#include <string.h>

enum { SIGNATURE_TYPES_MAX = 1 << 16 };

bool function_try(struct mujun_function *f, enum status (*fn)(void *ctx, struct diag *dg),
                  void *ctx)
{
    if (f->failed.status != ST_OK)
        return false;
    const enum status st = arena_guard(&f->arena, fn, ctx, &f->failed);
    f->failed.status = st;
    return st == ST_OK;
}

enum ir_type function_type(enum mujun_ir_type type)
{
    static const uint8_t types[] = {
        [MUJUN_IR_VOID] = IR_VOID, [MUJUN_IR_I8] = IR_I8,     [MUJUN_IR_I16] = IR_I16,
        [MUJUN_IR_I32] = IR_I32,   [MUJUN_IR_I64] = IR_I64,   [MUJUN_IR_I128] = IR_I128,
        [MUJUN_IR_F32] = IR_F32,   [MUJUN_IR_F64] = IR_F64,   [MUJUN_IR_V128] = IR_V128};

    return (size_t)type < LENGTH_OF(types) ? (enum ir_type)types[type] : IR_VOID;
}

static uint8_t *copy_types(struct mujun_function *f, const enum mujun_ir_type *types, size_t count)
{
    uint8_t *out = arena_new(&f->arena, uint8_t, count);

    for (size_t n = 0; n < count; n++)
        out[n] = (uint8_t)function_type(types[n]);
    return out;
}

enum status function_signature(struct mujun_function *f,
                               const struct mujun_ir_signature *signature, uint32_t *out,
                               struct diag *dg)
{
    if (signature->param_count > SIGNATURE_TYPES_MAX ||
        signature->result_count > SIGNATURE_TYPES_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "more than %d types in a signature",
                         SIGNATURE_TYPES_MAX);
    const uint8_t *params = copy_types(f, signature->params, signature->param_count);
    const uint8_t *results = copy_types(f, signature->results, signature->result_count);
    *out = ir_signature(&f->f, params, (uint32_t)signature->param_count, results,
                        (uint32_t)signature->result_count);
    return ST_OK;
}

/* ---- making ---------------------------------------------------------------------------------- */

struct start {
    struct mujun_function *f;
    const char *name;
    const struct mujun_ir_signature *signature;
    struct str text;
};

static enum status start_empty(void *ctx, struct diag *dg)
{
    struct start *s = ctx;
    struct mujun_function *f = s->f;

    ir_func_init(&f->f, &f->arena, 0);
    f->f.name = arena_copy_text(&f->arena, s->name, strlen(s->name));
    TRY(function_signature(f, s->signature, &f->f.signature, dg));
    f->block = ir_block_new(&f->f);
    for (size_t n = 0; n < s->signature->param_count; n++)
        (void)ir_param_new(&f->f, f->block, function_type(s->signature->params[n]));
    return ST_OK;
}

static enum status start_parsed(void *ctx, struct diag *dg)
{
    struct start *s = ctx;

    TRY(ir_parse(s->text, &s->f->arena, &s->f->f, dg));
    return ir_check(&s->f->f, dg);
}

static enum mujun_status start(struct start *s, enum status (*fn)(void *ctx, struct diag *dg),
                               struct mujun_function **out, struct mujun_error **err)
{
    s->f = mem_alloc(1, sizeof(*s->f));
    if (s->f == NULL)
        return api_fail(err, ST_NO_MEMORY, "no memory for a function");
    arena_init(&s->f->arena, FUNCTION_ARENA_BYTES_MAX);
    if (!function_try(s->f, fn, s)) {
        const struct diag dg = s->f->failed;
        mujun_function_free(s->f);
        return api_refuse(err, dg.status, &dg);
    }
    *out = s->f;
    return api_ok(err);
}

enum mujun_status mujun_function_new(const char *name, const struct mujun_ir_signature *signature,
                                     struct mujun_function **out, struct mujun_error **err)
{
    struct start s = {.name = name, .signature = signature};

    return start(&s, start_empty, out, err);
}

enum mujun_status mujun_function_parse(const char *text, size_t size, struct mujun_function **out,
                                       struct mujun_error **err)
{
    struct start s = {.text = {text, size}};

    return start(&s, start_parsed, out, err);
}

void mujun_function_free(struct mujun_function *f)
{
    if (f == NULL)
        return;
    arena_free(&f->arena);
    mem_free(f);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

mujun_ir_value mujun_function_param(const struct mujun_function *f, size_t n)
{
    const ir_list params = f->f.blocks[0].params;

    return n < ir_list_count(&f->f, params) ? ir_list_items(&f->f, params)[n] : MUJUN_IR_NONE;
}

struct block_request {
    struct mujun_function *f;
    ir_block block;
    enum ir_type type;
    uint32_t made;
};

static enum status check_block(const struct block_request *r, struct diag *dg)
{
    if (r->block >= r->f->f.block_count)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "block %u does not exist", r->block);
    return ST_OK;
}

static enum status make_block(void *ctx, struct diag *dg)
{
    struct block_request *r = ctx;

    (void)dg;
    r->made = ir_block_new(&r->f->f);
    return ST_OK;
}

static enum status make_param(void *ctx, struct diag *dg)
{
    struct block_request *r = ctx;

    TRY(check_block(r, dg));
    if (r->block == 0)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "the entry block has the function's parameters and no others");
    r->made = ir_param_new(&r->f->f, r->block, r->type);
    return ST_OK;
}

static enum status select_block(void *ctx, struct diag *dg)
{
    struct block_request *r = ctx;

    TRY(check_block(r, dg));
    r->f->block = r->block;
    return ST_OK;
}

static enum status cool_block(void *ctx, struct diag *dg)
{
    struct block_request *r = ctx;

    TRY(check_block(r, dg));
    r->f->f.blocks[r->block].cold = 1;
    return ST_OK;
}

mujun_ir_block mujun_ir_block_new(struct mujun_function *f)
{
    struct block_request r = {.f = f, .made = MUJUN_IR_NONE};

    (void)function_try(f, make_block, &r);
    return r.made;
}

mujun_ir_value mujun_ir_block_param(struct mujun_function *f, mujun_ir_block b,
                                    enum mujun_ir_type type)
{
    struct block_request r = {
        .f = f, .block = b, .type = function_type(type), .made = MUJUN_IR_NONE};

    (void)function_try(f, make_param, &r);
    return r.made;
}

void mujun_ir_block_select(struct mujun_function *f, mujun_ir_block b)
{
    struct block_request r = {.f = f, .block = b};

    (void)function_try(f, select_block, &r);
}

void mujun_ir_block_set_cold(struct mujun_function *f, mujun_ir_block b)
{
    struct block_request r = {.f = f, .block = b};

    (void)function_try(f, cool_block, &r);
}

void mujun_function_set_source(struct mujun_function *f, uint32_t position)
{
    f->f.source = position;
}

/* ---- symbols --------------------------------------------------------------------------------- */

struct symbol_request {
    struct mujun_function *f;
    const char *name;
    const struct mujun_ir_signature *signature;
    uint32_t made;
};

static enum status make_symbol(void *ctx, struct diag *dg)
{
    struct symbol_request *r = ctx;
    struct mujun_function *f = r->f;
    struct ir_callee callee = {.kind = IR_CALLEE_SYMBOL, .number = f->symbol_count};
    const char *name = arena_copy_text(&f->arena, r->name, strlen(r->name));

    TRY(function_signature(f, r->signature, &callee.signature, dg));
    ARENA_PUSH(&f->arena, f->symbols, f->symbol_count, f->symbol_capacity, name);
    r->made = ir_callee(&f->f, callee);
    return ST_OK;
}

mujun_ir_symbol mujun_ir_symbol_new(struct mujun_function *f, const char *name,
                                    const struct mujun_ir_signature *signature)
{
    struct symbol_request r = {
        .f = f, .name = name, .signature = signature, .made = MUJUN_IR_NONE};

    (void)function_try(f, make_symbol, &r);
    return r.made;
}

/* ---- looking --------------------------------------------------------------------------------- */

static enum status check_function(void *ctx, struct diag *dg)
{
    struct mujun_function *f = ctx;

    return ir_check(&f->f, dg);
}

enum mujun_status mujun_function_check(struct mujun_function *f, struct mujun_error **err)
{
    if (!function_try(f, check_function, f))
        return api_refuse(err, f->failed.status, &f->failed);
    return api_ok(err);
}

struct text_request {
    struct mujun_function *f;
    struct buf text;
};

static enum status print_function(void *ctx, struct diag *dg)
{
    struct text_request *r = ctx;

    TRY(ir_check(&r->f->f, dg));
    ir_print(&r->f->f, IR_PRINT_DENSE, &r->text);
    return ST_OK;
}

char *mujun_function_text(struct mujun_function *f)
{
    struct text_request r = {.f = f};
    struct diag dg = {0};
    struct arena a;
    char *out = NULL;

    arena_init(&a, FUNCTION_ARENA_BYTES_MAX);
    buf_init(&r.text, &a);
    if (arena_guard(&a, print_function, &r, &dg) == ST_OK)
        out = mem_alloc(r.text.size + 1, 1);
    if (out != NULL)
        memcpy(out, r.text.data, r.text.size);
    arena_free(&a);
    return out;
}

void mujun_text_free(char *text)
{
    mem_free(text);
}
