/* compile: parses every file, gathers the names, then compiles resources, calls, and whatever
 * types they lead to. The order of the passes is here and nowhere else.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/compile.h"

#include "spear/syz/compile_int.h"
#include "spear/syz/lex.h"

#include <stdlib.h>
#include <string.h>

/* Written in the language itself. ANY* is what a program's arguments are squashed to. */
const char comp_builtin_text[] =
    "type bool8 int8[0:1]\n"
    "type bool16 int16[0:1]\n"
    "type bool32 int32[0:1]\n"
    "type bool64 int64[0:1]\n"
    "type boolptr intptr[0:1]\n"
    "type fileoff[BASE = intptr] BASE\n"
    "type filename string[filename]\n"
    "type buffer[DIR] ptr[DIR, array[int8]]\n"
    "type optional[T] [\n\tval T\n\tvoid void\n] [varlen]\n"
    "resource ANYRES8[int8]: -1, 0\n"
    "resource ANYRES16[int16]: -1, 0\n"
    "resource ANYRES32[int32]: -1, 0\n"
    "resource ANYRES64[int64]: -1, 0\n"
    "ANYUNION [\n\tANYBLOB array[int8]\n\tANYRES8 ANYRES8\n\tANYRES16 ANYRES16\n"
    "\tANYRES32 ANYRES32\n\tANYRES64 ANYRES64\n\tANYRESDEC fmt[dec, ANYRES64]\n"
    "\tANYRESHEX fmt[hex, ANYRES64]\n\tANYRESOCT fmt[oct, ANYRES64]\n"
    "\tANYPTR ptr[in, array[ANYUNION]]\n\tANYPTR64 ptr64[in, array[ANYUNION]]\n] [varlen]\n"
    "ANYPTRS [\n\tANYPTR ptr[in, array[ANYUNION]]\n\tANYPTR64 ptr64[in, array[ANYUNION]]\n]\n"
    "syz_builtin0(a ptr[in, ANYPTRS]) (disabled)\n"
    "syz_builtin1(a ptr[inout, ANYUNION], b ptr[out, ANYRES8], c ptr[out, ANYRES16], "
    "d ptr[out, ANYRES32], e ptr[out, ANYRES64]) (disabled)\n";

static bool is_description(struct str path)
{
    return path.size > 4 && str_equal((struct str){path.text + path.size - 4, 4}, STR(".txt"));
}

/* ---- names ---- */

static bool file_is_on_arch(const struct compiler *c, const struct ast_file *file)
{
    for (uint32_t i = 0; i < file->count; i++) {
        if (file->decls[i].kind != AST_META)
            continue;
        const struct ast_expr *meta = file->decls[i].values[0];
        if (!str_equal(meta->text, STR("arches")))
            continue;
        for (uint32_t k = 0; k < meta->arg_count; k++) {
            struct str word = meta->args[k]->text;
            if (word.size > 2 &&
                str_equal((struct str){word.text + 1, word.size - 2}, str_of(c->arch->name)))
                return true;
        }
        return false;
    }
    return true;
}

static void check_meta(struct compiler *c, const struct ast_decl *d)
{
    const struct ast_expr *meta = d->values[0];
    bool plain = str_equal(meta->text, STR("noextract")) || str_equal(meta->text, STR("automatic"));

    if (!(plain && meta->arg_count == 0) &&
        !(str_equal(meta->text, STR("arches")) && meta->arg_count != 0))
        syz_error(c->errors, meta->pos,
                  "expected arches[\"...\"], noextract or automatic, found "
                  "%.*s",
                  STR_ARG(meta->text));
}

static void report_twice(struct compiler *c, const struct ast_decl *d)
{
    syz_error(c->errors, d->pos, "expected a new name, found %.*s, which is declared already",
              STR_ARG(d->name));
}

static void declare_type(struct compiler *c, const struct ast_decl *d, bool on_arch)
{
    struct entry *known = map_get(&c->names, d->name);

    if (known != NULL && known->is_on_arch && on_arch)
        report_twice(c, d);
    if (known != NULL && (known->is_on_arch || !on_arch))
        return;
    struct entry *entry = arena_new(c->a, struct entry, 1);
    *entry = (struct entry){.decl = d, .is_on_arch = on_arch};
    map_put(&c->names, d->name, entry);
}

static void declare_set(struct compiler *c, const struct ast_decl *d, bool on_arch)
{
    const struct set *known = map_get(&c->sets, d->name);

    if (known != NULL && on_arch)
        report_twice(c, d);
    if (known != NULL)
        return;
    struct set *set = arena_new(c->a, struct set, 1);
    set->decl = d;
    map_put(&c->sets, d->name, set);
}

static void declare(struct compiler *c, struct ast_decl *d, bool on_arch)
{
    struct syz_const value = {.has_value = true};

    switch (d->kind) {
    case AST_ALIAS:
    case AST_RESOURCE: declare_type(c, d, on_arch); break;
    case AST_STRUCT:
    case AST_UNION:
        declare_type(c, d, on_arch);
        *(d->kind == AST_STRUCT ? &c->target->struct_count : &c->target->union_count) += 1;
        break;
    case AST_FLAGS: /* _ has no name: it only says that constants are known */
        if (str_equal(d->name, STR("_")))
            break;
        declare_set(c, d, on_arch);
        c->target->flags_count++;
        break;
    case AST_META: check_meta(c, d); break;
    case AST_DEFINE: /* other values are for the header compiler, and come in .const files */
        if (map_get(&c->consts, d->name) != NULL)
            break;
        value.has_value = lex_int(d->text, &value.value);
        syz_consts_add(&c->consts, d->name, value);
        break;
    case AST_CALL:
        if (map_get(&c->calls, d->name) != NULL && on_arch)
            report_twice(c, d);
        else if (map_get(&c->calls, d->name) == NULL)
            map_put(&c->calls, d->name, d);
        break;
    default: break;
    }
}

static void declare_rows(struct compiler *c)
{
    for (uint32_t i = 0; i < comp_row_count; i++) {
        struct entry *entry = arena_new(c->a, struct entry, 1);
        *entry = (struct entry){.row = &comp_rows[i], .is_on_arch = true};
        map_put(&c->names, str_of(comp_rows[i].name), entry);
    }
}

/* ---- resources ---- */

enum { RESOURCE_DEPTH_MAX = 64 };

static struct syz_resource *compile_resource(struct compiler *c, struct entry *entry,
                                             uint32_t depth)
{
    const struct ast_decl *d = entry->decl;
    const struct entry *base = NULL;
    struct syz_type scalar = {0};

    if (entry->resource != NULL)
        return entry->resource;
    if (entry->is_open || depth > RESOURCE_DEPTH_MAX) {
        syz_error(c->errors, d->pos,
                  "expected a resource that stands on an integer, found a "
                  "circle or more than %d others",
                  RESOURCE_DEPTH_MAX);
        return NULL;
    }
    entry->is_open = true;
    struct syz_resource *r = arena_new(c->a, struct syz_resource, 1);
    *r = (struct syz_resource){.name = d->name, .pos = d->pos};
    base = d->type->kind == AST_IDENT ? map_get(&c->names, d->type->text) : NULL;
    if (base != NULL && base->decl != NULL && base->decl->kind == AST_RESOURCE) {
        r->parent = compile_resource(c, map_get(&c->names, d->type->text), depth + 1);
        if (r->parent == NULL)
            return NULL;
        r->depth = r->parent->depth + 1;
        r->scalar = r->parent->scalar;
        r->missing = r->parent->missing;
    } else if (!comp_base(c, d->type, &scalar)) {
        return NULL;
    }
    if (r->parent == NULL)
        r->scalar = scalar.scalar;
    r->values = arena_new(c->a, uint64_t, MAX(d->value_count, 1u));
    for (uint32_t i = 0; i < d->value_count; i++) {
        struct str missing = {0};
        if (comp_number(c, d->values[i], "a special value", &r->values[r->value_count], &missing) &&
            missing.size == 0)
            r->value_count++;
        else if (r->missing.size == 0 && i + 1 == d->value_count && r->value_count == 0)
            r->missing = missing;
    }
    if (d->value_count == 0) {
        r->value_count = r->parent != NULL ? r->parent->value_count : 1;
        r->values = r->parent != NULL ? r->parent->values : r->values;
    }
    r->id = c->resource_count;
    ARENA_PUSH(c->a, c->resources, c->resource_count, c->resource_capacity, r);
    entry->resource = r;
    return r;
}

/* ---- calls ---- */

enum attr_argument { ARG_NONE, ARG_NUMBER, ARG_TEXT };
static const struct {
    const char *name;
    enum attr_argument argument;
} call_attrs[] = {
#define CALL_ATTR(name, argument) {#name, ARG_##argument},
#include "spear/syz/attrs.def"
};

static void compile_call_attr(struct compiler *c, struct syz_call *call, const struct ast_expr *e)
{
    uint32_t i = 0;
    uint64_t value = 0;
    struct str missing = {0};

    while (i < SYZ_ATTR_COUNT && !str_equal(e->text, str_of(call_attrs[i].name)))
        i++;
    if (i == SYZ_ATTR_COUNT) {
        syz_error(c->errors, e->pos, "expected an attribute of calls, found %.*s",
                  STR_ARG(e->text));
        return;
    }
    bool want = call_attrs[i].argument != ARG_NONE;
    bool is_text = e->arg_count == 1 && e->args[0]->kind == AST_STRING;
    if (e->arg_count != want || (want && is_text != (call_attrs[i].argument == ARG_TEXT))) {
        static const char *const texts[] = {"no argument", "a number", "a literal"};
        syz_error(c->errors, e->pos, "expected %.*s with %s, found %u argument%s", STR_ARG(e->text),
                  texts[call_attrs[i].argument], e->arg_count, e->arg_count == 1 ? "" : "s");
        return;
    }
    call->attrs |= UINT64_C(1) << i;
    if (call_attrs[i].argument == ARG_NUMBER &&
        !comp_number(c, e->args[0], "milliseconds", &value, &missing))
        return;
    if (i == SYZ_ATTR_timeout)
        call->timeout_ms = value;
    if (i == SYZ_ATTR_prog_timeout)
        call->prog_timeout_ms = value;
    if (i == SYZ_ATTR_fsck)
        call->fsck = comp_bytes(c, e->args[0]);
    if (i == SYZ_ATTR_filesystem)
        call->filesystem = comp_bytes(c, e->args[0]);
}

static void compile_arg(struct compiler *c, struct syz_call *call, const struct ast_field *from)
{
    struct syz_field *f = &call->args[call->arg_count];
    enum syz_dir dir = SYZ_IN;

    *f = (struct syz_field){.name = from->name, .pos = from->pos};
    f->type = comp_type(c, from->type, true);
    if (f->type == NULL)
        return;
    if ((f->type->kind > SYZ_PTR && f->type->kind != SYZ_UNION) || f->type->scalar.bits != 0) {
        syz_error(c->errors, from->type->pos,
                  "expected a number, resource, vma, pointer or union as an argument, found %.*s",
                  STR_ARG(f->type->name));
        return;
    }
    for (uint32_t i = 0; i < from->attr_count; i++)
        f->has_dir = comp_dir(c, from->attrs[i], &dir) || f->has_dir;
    f->dir = dir;
    for (uint32_t i = 0; i < call->arg_count; i++)
        if (str_equal(call->args[i].name, from->name))
            syz_error(c->errors, from->pos, "expected each name once in %.*s, found a second %.*s",
                      STR_ARG(call->name), STR_ARG(from->name));
    call->arg_count++;
}

/* Numbers come from __NR_<base>; pseudo calls, which the executor does itself, have none. */
static void number_call(struct compiler *c, struct syz_call *call)
{
    call->number = -1;
    if (c->arch->os == SYZ_TEST) {
        call->number = (int64_t)call->id;
        return;
    }
    if (call->base.size > 4 && memcmp(call->base.text, "syz_", 4) == 0)
        return;
    char *name = arena_new(c->a, char, call->base.size + 5);
    memcpy(name, "__NR_", 5);
    memcpy(name + 5, call->base.text, call->base.size);
    struct str constant = {name, call->base.size + 5};
    if (c->wanted != NULL)
        comp_want(c, constant, call->pos);
    const struct syz_const *number = map_get(&c->consts, constant);
    if (number != NULL && number->has_value) {
        call->number = (int64_t)number->value;
    } else if (call->why == SYZ_ENABLED) {
        call->why = SYZ_OFF_NUMBER;
        call->missing = constant;
    }
}

static void compile_call(struct compiler *c, struct syz_call *call, const struct ast_decl *d,
                         bool on_arch)
{
    const char *dollar = memchr(d->name.text, '$', d->name.size);

    call->name = call->base = d->name;
    call->pos = d->pos;
    if (dollar != NULL)
        call->base.size = (size_t)(dollar - d->name.text);
    if (d->field_count > SYZ_ARGS_MAX)
        syz_error(c->errors, d->pos, "expected at most %d arguments, found %u", SYZ_ARGS_MAX,
                  d->field_count);
    call->args = arena_new(c->a, struct syz_field, d->field_count);
    for (uint32_t i = 0; i < d->field_count; i++)
        compile_arg(c, call, &d->fields[i]);
    for (uint32_t i = 0; i < d->attr_count; i++)
        compile_call_attr(c, call, d->attrs[i]);
    if (d->type != NULL) {
        call->result = comp_type(c, d->type, false);
        if (call->result != NULL && call->result->kind != SYZ_RESOURCE)
            syz_error(c->errors, d->type->pos, "expected a resource as the result, found %.*s",
                      STR_ARG(call->result->name));
        if (call->result != NULL && call->result->kind != SYZ_RESOURCE)
            call->result = NULL;
    }
    if ((call->attrs & UINT64_C(1) << SYZ_ATTR_disabled) != 0)
        call->why = SYZ_OFF_ATTR;
    else if (!on_arch)
        call->why = SYZ_OFF_ARCH;
    number_call(c, call);
}

static int compare_decls(const void *x, const void *y)
{
    const struct str a = (*(const struct ast_decl *const *)x)->name;
    const struct str b = (*(const struct ast_decl *const *)y)->name;
    int order = memcmp(a.text, b.text, MIN(a.size, b.size));
    return order != 0 ? order : a.size < b.size ? -1 : a.size > b.size;
}

/* ---- the passes ---- */

/* Whether the .const file is that of a description which a tool wrote (`meta automatic`). */
static bool is_automatic(const struct syz_sources *s, struct ast_file *const *files,
                         struct str path)
{
    for (uint32_t i = 0; i < s->count; i++) {
        struct str text = s->items[i].path;
        if (files[i] == NULL || text.size >= path.size ||
            memcmp(text.text, path.text, text.size) != 0)
            continue;
        for (uint32_t k = 0; k < files[i]->count; k++)
            if (files[i]->decls[k].kind == AST_META &&
                str_equal(files[i]->decls[k].values[0]->text, STR("automatic")))
                return true;
    }
    return false;
}

/* Constants of automatic files come last, and yield: their tool looks at one machine. */
static void parse_all(struct compiler *c, const struct syz_sources *s, struct ast_file **files)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (is_description(s->items[i].path))
            files[i] = ast_parse(s->items[i].text, (uint16_t)i, c->a, c->errors);
    files[s->count] = ast_parse(str_of(comp_builtin_text), (uint16_t)s->count, c->a, c->errors);
    for (uint32_t pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < s->count; i++) {
            const struct syz_source *source = &s->items[i];
            if (!is_description(source->path) && c->wanted == NULL &&
                is_automatic(s, files, source->path) == (pass == 1))
                syz_consts_read(&c->consts, source->text, (uint16_t)i, source->path,
                                str_of(c->arch->name), pass == 1, c->errors);
        }
}

static void compile_calls(struct compiler *c, const struct syz_sources *s,
                          struct ast_file *const *files, const bool *on_arch)
{
    const struct ast_decl **decls = arena_new(c->a, const struct ast_decl *, c->calls.count);
    uint32_t count = 0;

    for (uint32_t i = 0; i <= s->count; i++)
        for (uint32_t k = 0; files[i] != NULL && k < files[i]->count; k++) {
            const struct ast_decl *d = &files[i]->decls[k];
            if (d->kind == AST_CALL && map_get(&c->calls, d->name) == d)
                decls[count++] = d;
        }
    if (count != 0)
        qsort(decls, count, sizeof(*decls), compare_decls);
    c->target->calls = arena_new(c->a, struct syz_call, count);
    c->target->call_count = count;
    for (uint32_t i = 0; i < count; i++) {
        c->target->calls[i].id = i;
        compile_call(c, &c->target->calls[i], decls[i], on_arch[decls[i]->pos.file]);
    }
}

/* Types that nothing leads to are compiled too, so that their errors show. */
static void compile_rest(struct compiler *c, const struct syz_sources *s,
                         struct ast_file *const *files)
{
    for (uint32_t i = 0; i <= s->count; i++)
        for (uint32_t k = 0; files[i] != NULL && k < files[i]->count; k++) {
            const struct ast_decl *d = &files[i]->decls[k];
            struct ast_expr name = {.pos = d->pos, .kind = AST_IDENT, .text = d->name};
            if ((d->kind == AST_STRUCT || d->kind == AST_UNION) && d->param_count == 0)
                comp_type(c, &name, false);
        }
    for (uint32_t i = 0; i < c->pending_count; i++) {
        struct pending p = c->pending[i];
        comp_group(c, &p);
    }
}

static void compile_resources(struct compiler *c, const struct syz_sources *s,
                              struct ast_file *const *files)
{
    for (uint32_t i = 0; i <= s->count; i++)
        for (uint32_t k = 0; files[i] != NULL && k < files[i]->count; k++) {
            const struct ast_decl *d = &files[i]->decls[k];
            struct entry *entry = d->kind == AST_RESOURCE ? map_get(&c->names, d->name) : NULL;
            if (entry != NULL && entry->decl == d)
                compile_resource(c, entry, 0);
        }
}

/* Everything up to what depends on the values of constants. */
static void front(struct compiler *c, const struct syz_sources *s, struct ast_file **files)
{
    bool *on_arch = arena_new(c->a, bool, s->count + 1);
    struct map *maps[] = {&c->names, &c->sets, &c->consts, &c->instances, &c->calls};

    c->errors->arena = c->a;
    for (uint32_t i = 0; i < LENGTH_OF(maps); i++)
        map_init(maps[i], c->a);
    buf_init(&c->key, c->a);
    c->target = arena_new(c->a, struct syz_target, 1);
    syz_consts_add(&c->consts, STR("PTR_SIZE"), (struct syz_const){c->arch->pointer_bytes, true});
    parse_all(c, s, files);
    declare_rows(c);
    for (uint32_t pass = 0; pass < 2; pass++) /* files of this machine come first */
        for (uint32_t i = 0; i <= s->count; i++) {
            if (files[i] == NULL || (on_arch[i] = file_is_on_arch(c, files[i])) == (pass == 1))
                continue;
            for (uint32_t k = 0; k < files[i]->count; k++)
                declare(c, &files[i]->decls[k], on_arch[i]);
        }
    compile_resources(c, s, files);
    compile_calls(c, s, files, on_arch);
    compile_rest(c, s, files);
}

static enum status outcome(struct syz_errors *errors, struct diag *dg)
{
    syz_errors_sort(errors);
    if (errors->total != 0)
        return diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET, "%u errors in the descriptions",
                         errors->total);
    return ST_OK;
}

static void find_any(struct syz_target *t)
{
    const struct syz_type *any = syz_call_find(t, STR("syz_builtin0"))->args[0].type->ptr.to;

    t->any_ptr = any->group.fields[0].type;
    t->any_ptr64 = any->group.fields[1].type;
}

enum status syz_compile(const struct syz_sources *s, const struct syz_arch *arch, struct arena *a,
                        struct syz_errors *errors, const struct syz_target **target,
                        struct diag *dg)
{
    struct compiler c = {.a = a, .errors = errors, .arch = arch};

    *target = NULL;
    front(&c, s, arena_new(a, struct ast_file *, s->count + 1));
    if (errors->total == 0)
        comp_check_use(&c);
    comp_missing(&c);
    comp_layout(&c);
    if (errors->total == 0)
        comp_check_paths(&c);
    if (errors->total == 0)
        comp_enable(&c);
    TRY(outcome(errors, dg));
    c.target->arch = arch;
    c.target->types = (const struct syz_type **)(void *)c.types;
    c.target->type_count = c.type_count;
    c.target->resources = c.resources;
    c.target->resource_count = c.resource_count;
    find_any(c.target);
    *target = c.target;
    return ST_OK;
}

/* ---- what is asked for ---- */

static void want(struct compiler *c, const struct ast_expr *e)
{
    if (e->kind == AST_IDENT && map_get(&c->sets, e->text) == NULL)
        comp_want(c, e->text, e->pos);
}

/* Sets that nothing uses, or that only mention constants, count too, and so does what is defined.
 */
static void want_declared(struct compiler *c, const struct ast_file *file)
{
    for (uint32_t i = 0; i < file->count; i++) {
        const struct ast_decl *d = &file->decls[i];
        for (uint32_t k = 0; d->kind == AST_FLAGS && k < d->value_count; k++)
            want(c, d->values[k]);
        if (d->kind == AST_DEFINE)
            comp_want(c, d->name, d->pos);
    }
}

static int compare_wanted(const void *x, const void *y)
{
    const struct str a = ((const struct syz_wanted *)x)->name;
    const struct str b = ((const struct syz_wanted *)y)->name;
    int order = memcmp(a.text, b.text, MIN(a.size, b.size));
    return order != 0 ? order : a.size < b.size ? -1 : a.size > b.size;
}

enum status syz_wanted(const struct syz_sources *s, const struct syz_arch *arch, struct arena *a,
                       struct syz_errors *errors, struct syz_wanted_list **lists, struct diag *dg)
{
    struct compiler c = {.a = a, .errors = errors, .arch = arch};
    struct ast_file **files = arena_new(a, struct ast_file *, s->count + 1);

    c.wanted = arena_new(a, struct map, s->count + 1);
    for (uint32_t i = 0; i <= s->count; i++)
        map_init(&c.wanted[i], a);
    front(&c, s, files);
    TRY(outcome(errors, dg));
    *lists = arena_new(a, struct syz_wanted_list, s->count);
    for (uint32_t i = 0; i < s->count; i++) {
        const struct map *wanted = &c.wanted[i];
        if (files[i] != NULL)
            want_declared(&c, files[i]);
        struct syz_wanted_list *list = &(*lists)[i];
        list->items = arena_new(a, struct syz_wanted, wanted->count);
        for (uint32_t k = 0; k < wanted->capacity; k++)
            if (wanted->slots[k].value != NULL && !str_equal(wanted->slots[k].key, STR("PTR_SIZE")))
                list->items[list->count++] = *(struct syz_wanted *)wanted->slots[k].value;
        if (list->count != 0)
            qsort(list->items, list->count, sizeof(*list->items), compare_wanted);
    }
    return ST_OK;
}
