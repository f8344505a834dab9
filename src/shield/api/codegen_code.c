/* codegen_code: compiled functions of front ends, and objects made of them; see codegen.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "shield/api/codegen_int.h"
#include "shield/compile/layout.h"
#include "shield/compile/passes.h"
#include "shield/ir/check.h"

#include <string.h>

#define OBJECT_ARENA_BYTES_MAX ((size_t)4 << 30)

struct compile_request {
    struct mujun_function *f;
    struct mujun_code *code;
    unsigned flags;
};

/* One record a relocation, jump tables spread out. */
static void list_relocations(struct mujun_code *c)
{
    const struct codegen_code *code = &c->code;
    size_t count = code->reloc_count;

    for (uint32_t i = 0; i < code->jump_table_count; i++)
        count += code->jump_tables[i].count;
    c->relocations = arena_new(&c->arena, struct mujun_relocation, count);
    for (uint32_t i = 0; i < code->reloc_count; i++) {
        const struct codegen_reloc *r = &code->relocs[i];
        const bool is_pool = r->kind == CODEGEN_RELOC_POOL;
        c->relocations[c->relocation_count++] = (struct mujun_relocation){
            .kind = is_pool ? MUJUN_RELOCATION_POOL : MUJUN_RELOCATION_SYMBOL,
            .offset = r->offset,
            .symbol = is_pool ? NULL : c->symbols[r->number],
            .addend = is_pool ? r->number : 0};
    }
    for (uint32_t i = 0; i < code->jump_table_count; i++)
        for (uint32_t n = 0; n < code->jump_tables[i].count; n++)
            c->relocations[c->relocation_count++] =
                (struct mujun_relocation){.kind = MUJUN_RELOCATION_TABLE,
                                          .offset = code->jump_tables[i].pool_offset + 4 * n,
                                          .addend = code->jump_tables[i].targets[n],
                                          .table = code->jump_tables[i].pool_offset};
}

/* A function that was read from text knows its symbols by number only. */
static enum status name_symbols(struct mujun_function *f, struct diag *dg)
{
    for (uint32_t i = 0; i < f->f.callee_count; i++) {
        const struct ir_callee *c = &f->f.callees[i];
        if (c->kind != IR_CALLEE_SYMBOL)
            return diag_fail(dg, ST_UNSUPPORTED, DIAG_NO_OFFSET,
                             "callee %u is not a symbol; expected \"symbol\", as front ends "
                             "without a sandbox call each other by name",
                             i);
        while (f->symbol_count <= c->number) {
            struct buf name;
            buf_init(&name, &f->arena);
            buf_printf(&name, "symbol_%u", f->symbol_count);
            buf_byte(&name, 0);
            const char *text = (const char *)name.data;
            ARENA_PUSH(&f->arena, f->symbols, f->symbol_count, f->symbol_capacity, text);
        }
    }
    return ST_OK;
}

static enum status compile(void *ctx, struct diag *dg)
{
    struct compile_request *r = ctx;
    const bool optimise = (r->flags & MUJUN_CODE_OPTIMISE) != 0;
    const struct passes_options passes = {.optimise = optimise};
    const struct codegen_options codegen = {
        .features = r->flags & MUJUN_CODE_NATIVE ? codegen_features_of_host() : 0,
        .optimise = optimise,
        .frame_probe_bytes = FRAME_PROBE_BYTES,
        .frame_bytes_max = FRAME_BYTES_MAX};

    TRY(ir_check(&r->f->f, dg));
    TRY(name_symbols(r->f, dg));
    TRY(passes_run(&r->f->f, &passes, dg));
    return codegen_function(&r->f->f, &codegen, &r->code->code, dg);
}

static enum status list(void *ctx, struct diag *dg)
{
    (void)dg;
    list_relocations(ctx);
    return ST_OK;
}

enum mujun_status mujun_function_compile(struct mujun_function *f, unsigned flags,
                                         struct mujun_code **out, struct mujun_error **err)
{
    struct compile_request r = {.f = f, .flags = flags, .code = mem_alloc(1, sizeof(*r.code))};
    struct diag dg = {0};

    if (r.code == NULL)
        return api_fail(err, ST_NO_MEMORY, "no memory for the code of a function");
    if (!function_try(f, compile, &r)) {
        mem_free(r.code);
        return api_refuse(err, f->failed.status, &f->failed);
    }
    /* The code takes the function's memory over. */
    r.code->name = f->f.name != NULL ? f->f.name : "";
    r.code->symbols = f->symbols;
    r.code->arena = f->arena;
    arena_init(&f->arena, 0);
    (void)diag_fail(&f->failed, ST_USAGE, DIAG_NO_OFFSET, "the function was compiled already");
    const enum status st = arena_guard(&r.code->arena, list, r.code, &dg);
    if (st != ST_OK) {
        mujun_code_free(r.code);
        return api_refuse(err, st, &dg);
    }
    *out = r.code;
    return api_ok(err);
}

void mujun_code_free(struct mujun_code *code)
{
    if (code == NULL)
        return;
    arena_free(&code->arena);
    mem_free(code);
}

/* ---- looking at code ------------------------------------------------------------------------- */

const char *mujun_code_name(const struct mujun_code *code)
{
    return code->name;
}

const uint8_t *mujun_code_bytes(const struct mujun_code *code, size_t *size)
{
    *size = code->code.size;
    return code->code.bytes;
}

const uint8_t *mujun_code_pool(const struct mujun_code *code, size_t *size)
{
    *size = code->code.pool_size;
    return code->code.pool;
}

size_t mujun_code_relocation_count(const struct mujun_code *code)
{
    return code->relocation_count;
}

struct mujun_relocation mujun_code_relocation(const struct mujun_code *code, size_t n)
{
    return n < code->relocation_count ? code->relocations[n] : (struct mujun_relocation){0};
}

size_t mujun_code_trap_count(const struct mujun_code *code)
{
    return code->code.trap_count;
}

struct mujun_code_trap mujun_code_trap(const struct mujun_code *code, size_t n)
{
    struct mujun_code_trap none = {0};

    if (n >= code->code.trap_count)
        return none;
    return (struct mujun_code_trap){.offset = code->code.traps[n].offset,
                                    .trap = code->code.traps[n].code};
}

struct mujun_code_frame mujun_code_frame(const struct mujun_code *code)
{
    return (struct mujun_code_frame){.prologue_bytes = code->code.prologue_bytes,
                                     .frame_bytes = code->code.frame_bytes,
                                     .saved = code->code.saved};
}

/* ---- objects --------------------------------------------------------------------------------- */

struct mujun_object {
    struct arena arena;
    struct object object;
    struct buf file;
};

struct object_request {
    struct mujun_object *o;
    const struct mujun_code *code;
};

static enum status start_object(void *ctx, struct diag *dg)
{
    struct mujun_object *o = ctx;

    (void)dg;
    object_init(&o->object, &o->arena);
    return ST_OK;
}

enum mujun_status mujun_object_new(struct mujun_object **out, struct mujun_error **err)
{
    struct mujun_object *o = mem_alloc(1, sizeof(*o));
    struct diag dg = {0};

    if (o == NULL)
        return api_fail(err, ST_NO_MEMORY, "no memory for an object");
    arena_init(&o->arena, OBJECT_ARENA_BYTES_MAX);
    const enum status st = arena_guard(&o->arena, start_object, o, &dg);
    if (st != ST_OK) {
        mujun_object_free(o);
        return api_refuse(err, st, &dg);
    }
    *out = o;
    return api_ok(err);
}

void mujun_object_free(struct mujun_object *object)
{
    if (object == NULL)
        return;
    arena_free(&object->arena);
    mem_free(object);
}

static enum status add(void *ctx, struct diag *dg)
{
    struct object_request *r = ctx;

    return object_add(&r->o->object, r->code->name, &r->code->code, r->code->symbols, dg);
}

enum mujun_status mujun_object_add(struct mujun_object *object, const struct mujun_code *code,
                                   struct mujun_error **err)
{
    struct object_request r = {.o = object, .code = code};
    struct diag dg = {0};
    const enum status st = arena_guard(&object->arena, add, &r, &dg);

    return st == ST_OK ? api_ok(err) : api_refuse(err, st, &dg);
}

static enum status write_file(void *ctx, struct diag *dg)
{
    struct mujun_object *o = ctx;

    (void)dg;
    buf_init(&o->file, &o->arena);
    object_write(&o->object, &o->file);
    return ST_OK;
}

enum mujun_status mujun_object_bytes(struct mujun_object *object, const uint8_t **bytes,
                                     size_t *size, struct mujun_error **err)
{
    struct diag dg = {0};
    const enum status st = arena_guard(&object->arena, write_file, object, &dg);

    if (st != ST_OK)
        return api_refuse(err, st, &dg);
    *bytes = object->file.data;
    *size = object->file.size;
    return api_ok(err);
}
