/* wast: the grammar of scripts; tokens, constants and modules are those of the text parser.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/wast.h"

#include "shield/wasm/wat_int.h"

#include <string.h>

struct wast_script {
    struct wat_lexed *lx;
    struct wat_parser *p; /* for its small steps; each module has a parser of its own */
    struct wm_wat_options options;
    struct arena *arena;
    const struct wat_token *end;
    bool is_inline;                    /* nothing but module fields: one module */
    uint32_t offset, line, line_start; /* of the latest command: lines are counted once */
};

const char *wast_kind_text(enum wast_kind kind)
{
    static const char *const text[WAST_KIND_COUNT] = {
#define COMMAND(name, text) [WAST_##name] = text,
#include "shield/wasm/wast.def"
#undef COMMAND
    };
    return kind < WAST_KIND_COUNT ? text[kind] : "?";
}

/* ---- values ---------------------------------------------------------------------------------- */

static void set_float(struct wast_value *v, uint64_t bits, uint32_t size)
{
    memcpy(v->bytes, &bits, size);
}

/* A NaN pattern at the next token; moves behind it. */
static enum wast_nan take_nan(struct wat_parser *p)
{
    if (wat_take_word(p, WAT_NAN_CANONICAL))
        return WAST_NAN_CANONICAL;
    if (wat_take_word(p, WAT_NAN_ARITHMETIC))
        return WAST_NAN_ARITHMETIC;
    return WAST_NAN_NONE;
}

/* f32x4 or f64x2 with patterns among the lanes: each lane is read as a scalar. */
static enum status float_lanes(struct wat_parser *p, uint32_t lane_bytes, struct wast_value *v)
{
    p->t++;
    v->lane_bytes = (uint8_t)lane_bytes;
    for (uint32_t i = 0; i < 16 / lane_bytes; i++) {
        struct wm_ins ins = {0};
        v->nan[i] = (uint8_t)take_nan(p);
        if (v->nan[i] != WAST_NAN_NONE)
            continue;
        TRY(wat_constant(p, lane_bytes == 4 ? WM_IMM_F32 : WM_IMM_F64, &ins));
        if (lane_bytes == 4)
            memcpy(v->bytes + 4 * i, &ins.f32_bits, 4);
        else
            memcpy(v->bytes + 8 * i, &ins.f64_bits, 8);
    }
    return ST_OK;
}

static enum status number(struct wat_parser *p, enum wm_op op, struct wast_value *v)
{
    struct wm_ins ins = {0};
    enum wm_imm shape = (enum wm_imm)wm_op_info[op].imm;

    switch (op) {
    case WM_OP_I32_CONST:
        TRY(wat_constant(p, shape, &ins));
        v->kind = WAST_I32;
        memcpy(v->bytes, &ins.i32, sizeof(ins.i32));
        return ST_OK;
    case WM_OP_I64_CONST:
        TRY(wat_constant(p, shape, &ins));
        v->kind = WAST_I64;
        memcpy(v->bytes, &ins.i64, sizeof(ins.i64));
        return ST_OK;
    case WM_OP_F32_CONST:
    case WM_OP_F64_CONST:
        v->kind = op == WM_OP_F32_CONST ? WAST_F32 : WAST_F64;
        v->lane_bytes = op == WM_OP_F32_CONST ? 4 : 8;
        v->nan[0] = (uint8_t)take_nan(p);
        if (v->nan[0] != WAST_NAN_NONE)
            return ST_OK;
        TRY(wat_constant(p, shape, &ins));
        set_float(v, op == WM_OP_F32_CONST ? ins.f32_bits : ins.f64_bits, v->lane_bytes);
        return ST_OK;
    default: break;
    }
    v->kind = WAST_V128;
    if (wat_is_word(p->t, WAT_F32X4))
        return float_lanes(p, 4, v);
    if (wat_is_word(p->t, WAT_F64X2))
        return float_lanes(p, 8, v);
    v->lane_bytes = 16;
    TRY(wat_constant(p, WM_IMM_V128, &ins));
    memcpy(v->bytes, ins.bytes, sizeof(v->bytes));
    return ST_OK;
}

/* Words of references, with what they stand for. */
static const struct {
    enum wat_word word;
    enum wast_value_kind kind;
} ref_words[] = {
    {WAT_REF_EXTERN,                WAST_REF_EXTERN},
    {WAT_REF_HOST,                  WAST_REF_HOST  },
    {WAT_REF_ANY,                   WAST_REF_ANY   },
    {WAT_REF_STRUCT,                WAST_REF_STRUCT},
    {WAT_REF_ARRAY,                 WAST_REF_ARRAY },
    {WAT_REF_EXN,                   WAST_REF_EXN   },
    {(enum wat_word)WM_OP_REF_FUNC, WAST_REF_FUNC  },
    {(enum wat_word)WM_OP_REF_EQ,   WAST_REF_EQ    },
    {(enum wat_word)WM_OP_REF_I31,  WAST_REF_I31   },
};

static enum status reference(struct wat_parser *p, enum wat_word word, struct wast_value *v)
{
    uint32_t i = 0;

    if (word == (enum wat_word)WM_OP_REF_NULL) {
        v->kind = WAST_REF_NULL;
        v->has_heap = !wat_is(p, WAT_TOK_CLOSE);
        return v->has_heap ? wat_heap(p, &v->heap) : ST_OK;
    }
    while (i < LENGTH_OF(ref_words) && ref_words[i].word != word)
        i++;
    if (i == LENGTH_OF(ref_words)) {
        p->t--;
        return wat_expected(p, p->t, "a constant or a reference");
    }
    v->kind = ref_words[i].kind;
    v->has_number = wat_is(p, WAT_TOK_NUMBER);
    return v->has_number ? wat_u32(p, "the number of a host value", &v->number) : ST_OK;
}

static bool is_const(enum wat_word word)
{
    return word == (enum wat_word)WM_OP_I32_CONST || word == (enum wat_word)WM_OP_I64_CONST ||
           word == (enum wat_word)WM_OP_F32_CONST || word == (enum wat_word)WM_OP_F64_CONST ||
           word == (enum wat_word)WM_OP_V128_CONST;
}

/* "(type.const ...)" or "(ref...)" at p->t, not (either). */
static enum status simple_value(struct wat_parser *p, struct wast_value *v)
{
    if (!wat_is(p, WAT_TOK_OPEN) || p->t[1].kind != WAT_TOK_WORD)
        return wat_expected(p, p->t, "( and a constant or a reference");
    enum wat_word word = (enum wat_word)p->t[1].word;
    p->t += 2;
    *v = (struct wast_value){0};
    if (is_const(word))
        TRY(number(p, (enum wm_op)word, v));
    else
        TRY(reference(p, word, v));
    return wat_close(p);
}

/* Values until ). Without patterns, NaN patterns and (either) are no arguments. */
static enum status values(struct wat_parser *p, bool either, struct wast_value **out,
                          uint32_t *count)
{
    uint32_t capacity = 0;

    *out = NULL;
    *count = 0;
    while (!wat_is(p, WAT_TOK_CLOSE) && !wat_is(p, WAT_TOK_END)) {
        struct wast_value v = {.kind = WAST_EITHER};
        if (either && wat_take_open(p, WAT_EITHER)) {
            uint32_t room = 0;
            while (!wat_is(p, WAT_TOK_CLOSE)) {
                struct wast_value one;
                TRY(simple_value(p, &one));
                ARENA_PUSH(p->arena, v.alternatives, v.alternative_count, room, one);
            }
            TRY(wat_close(p));
        } else {
            TRY(simple_value(p, &v));
        }
        ARENA_PUSH(p->arena, *out, *count, capacity, v);
    }
    return ST_OK;
}

/* ---- pieces of commands -----------------------------------------------------------------------
 */

static struct str optional_name(struct wast_script *s)
{
    uint32_t symbol = wat_optional_id(s->p);
    return symbol == WAT_NO_SYMBOL ? (struct str){0} : s->lx->symbols[symbol].name;
}

/* Behind "(module": $id? and fields, or binary or quote and strings; takes the ). */
static enum status module(struct wast_script *s, uint32_t pair, struct wast_module *out)
{
    struct wat_parser *p = s->p;

    out->symbol = wat_optional_id(p);
    if (out->symbol != WAT_NO_SYMBOL)
        out->id = s->lx->symbols[out->symbol].name;
    if (wat_take_word(p, WAT_BINARY))
        out->form = WAST_BINARY;
    else if (wat_take_word(p, WAT_QUOTE))
        out->form = WAST_QUOTE;
    out->first = wat_at(p);
    out->end = pair;
    if (out->form != WAST_TEXT)
        while (wat_is(p, WAT_TOK_STRING))
            p->t++;
    else
        p->t = s->lx->tokens + pair;
    return wat_close(p);
}

/* "(invoke $i? "f" value*)" or "(get $i? "g")" at p->t. */
static enum status action(struct wast_script *s, struct wast_action *out)
{
    struct wat_parser *p = s->p;

    out->is_get = wat_opens(p, WAT_GET);
    if (!out->is_get && !wat_opens(p, WAT_INVOKE))
        return wat_expected(p, p->t, "(invoke or (get");
    p->t += 2;
    out->instance = optional_name(s);
    TRY(wat_name(p, &out->name));
    if (!out->is_get)
        TRY(values(p, false, &out->args, &out->arg_count));
    return wat_close(p);
}

/* "(module ...)" or an action, then the text that the assertion expects. */
static enum status assertion(struct wast_script *s, struct wast_command *c)
{
    struct wat_parser *p = s->p;

    if (wat_opens(p, WAT_MODULE)) {
        uint32_t pair = p->t->pair;
        p->t += 2;
        c->has_module = true;
        TRY(module(s, pair, &c->module));
    } else {
        TRY(action(s, &c->action));
    }
    if (c->kind == WAST_ASSERT_RETURN)
        return values(p, true, &c->results, &c->result_count);
    return wat_is(p, WAT_TOK_STRING) ? wat_name(p, &c->message) : ST_OK;
}

/* Behind "(module": a definition, an instance, or both at once. */
static enum status module_command(struct wast_script *s, uint32_t pair, struct wast_command *c)
{
    struct wat_parser *p = s->p;

    if (wat_take_word(p, WAT_INSTANCE)) {
        c->kind = WAST_INSTANCE;
        c->id = optional_name(s);
        c->of = optional_name(s);
        return wat_close(p);
    }
    c->kind = wat_take_word(p, WAT_DEFINITION) ? WAST_DEFINITION : WAST_MODULE;
    c->has_module = true;
    return module(s, pair, &c->module);
}

/* Behind "(thread": $id (shared (module $m))? command* */
static enum status thread_command(struct wast_script *s, uint32_t pair, struct wast_command *c)
{
    struct wat_parser *p = s->p;

    c->kind = WAST_THREAD;
    c->id = optional_name(s);
    if (wat_take_open(p, WAT_SHARED)) {
        if (!wat_take_open(p, WAT_MODULE))
            return wat_expected(p, p->t, "(module and the name of what is shared");
        c->shared = optional_name(s);
        TRY(wat_close(p));
        TRY(wat_close(p));
    }
    const struct wat_token *end = s->lx->tokens + pair;
    c->body = (struct str){s->lx->text.text + p->t->offset, end->offset - p->t->offset};
    p->t = end;
    return wat_close(p);
}

static const struct {
    enum wat_word word;
    enum wast_kind kind;
} assertions[] = {
    {WAT_ASSERT_RETURN,       WAST_ASSERT_RETURN      },
    {WAT_ASSERT_TRAP,         WAST_ASSERT_TRAP        },
    {WAT_ASSERT_EXHAUSTION,   WAST_ASSERT_EXHAUSTION  },
    {WAT_ASSERT_EXCEPTION,    WAST_ASSERT_EXCEPTION   },
    {WAT_ASSERT_MALFORMED,    WAST_ASSERT_MALFORMED   },
    {WAT_ASSERT_INVALID,      WAST_ASSERT_INVALID     },
    {WAT_ASSERT_UNLINKABLE,   WAST_ASSERT_UNLINKABLE  },
    {WAT_ASSERT_MALF_CUSTOM,  WAST_ASSERT_MALF_CUSTOM },
    {WAT_ASSERT_INVALID_CUST, WAST_ASSERT_INVALID_CUST},
};

static bool is_command(const struct wat_token *open)
{
    switch (open[1].word) { /* tidy: flat */
    case WAT_MODULE:
    case WAT_REGISTER:
    case WAT_INVOKE:
    case WAT_GET:
    case WAT_THREAD:
    case WAT_WAIT: return true;
    default: break;
    }
    for (uint32_t i = 0; i < LENGTH_OF(assertions); i++)
        if (wat_is_word(open + 1, assertions[i].word))
            return true;
    return false;
}

static enum status command(struct wast_script *s, struct wast_command *c)
{
    struct wat_parser *p = s->p;
    uint32_t pair = p->t->pair;

    if (wat_opens(p, WAT_INVOKE) || wat_opens(p, WAT_GET)) {
        c->kind = WAST_ACTION;
        return action(s, &c->action);
    }
    if (wat_take_open(p, WAT_MODULE))
        return module_command(s, pair, c);
    if (wat_take_open(p, WAT_REGISTER)) {
        c->kind = WAST_REGISTER;
        TRY(wat_name(p, &c->name));
        c->id = optional_name(s);
        return wat_close(p);
    }
    if (wat_take_open(p, WAT_THREAD))
        return thread_command(s, pair, c);
    if (wat_take_open(p, WAT_WAIT)) {
        c->kind = WAST_WAIT;
        c->id = optional_name(s);
        return wat_close(p);
    }
    for (uint32_t i = 0; i < LENGTH_OF(assertions); i++) {
        if (!wat_take_open(p, assertions[i].word))
            continue;
        c->kind = assertions[i].kind;
        TRY(assertion(s, c));
        return wat_close(p);
    }
    if (!wat_is(p, WAT_TOK_OPEN))
        return wat_expected(p, p->t, "a command of a script, like (module or (assert_return");
    p->t++;
    return wat_expected_word(p, "a command of a script", WAT_OTHER_0, WAT_WORD_NONE);
}

/* ---- scripts ----------------------------------------------------------------------------------
 */

enum status wast_open(struct str text, struct wm_features features, struct arena *arena,
                      struct wast_script **out, struct diag *dg)
{
    struct wat_lexed *lx = arena_new(arena, struct wat_lexed, 1);

    TRY(wat_lex(text, features, arena, lx, dg));
    struct wast_script *s = arena_new(arena, struct wast_script, 1);
    *s = (struct wast_script){.lx = lx,
                              .p = arena_new(arena, struct wat_parser, 1),
                              .options = {.features = features},
                              .arena = arena,
                              .end = lx->tokens + lx->count,
                              .line = 1};
    s->p->lx = lx;
    s->p->t = lx->tokens;
    s->p->arena = arena;
    s->p->options = &s->options;
    s->is_inline = lx->count != 0 && lx->tokens->kind == WAT_TOK_OPEN &&
                   lx->tokens[1].kind == WAT_TOK_WORD && lx->tokens[1].word != WAT_WORD_NONE &&
                   !is_command(lx->tokens);
    *out = s;
    return ST_OK;
}

/* As wat_position(), for offsets that only grow. */
static void next_position(struct wast_script *s, uint32_t offset, struct wast_command *c)
{
    const char *text = s->lx->text.text;

    for (; s->offset < offset; s->offset++) {
        char next = s->offset + 1 < s->lx->text.size ? text[s->offset + 1] : '\0';
        if (text[s->offset] == '\n' || (text[s->offset] == '\r' && next != '\n')) {
            s->line++;
            s->line_start = s->offset + 1;
        }
    }
    c->line = s->line;
    c->column = offset - s->line_start + 1;
}

enum status wast_next(struct wast_script *s, struct wast_command *out, bool *done, struct diag *dg)
{
    struct wat_parser *p = s->p;

    p->dg = dg;
    /* The command before may have been released, and these buffers with it. */
    buf_init(&p->text, s->arena);
    *out = (struct wast_command){.module.symbol = WAT_NO_SYMBOL};
    *done = p->t >= s->end;
    if (*done)
        return ST_OK;
    next_position(s, p->t->offset, out);
    if (s->is_inline) {
        out->kind = WAST_MODULE;
        out->has_module = true;
        out->module.first = wat_at(p);
        out->module.end = s->lx->count;
        p->t = s->end;
        return ST_OK;
    }
    return command(s, out);
}

enum status wast_module_bytes(struct wast_script *s, const struct wast_module *m, struct str *bytes,
                              struct diag *dg)
{
    const struct wat_token *first = s->lx->tokens + m->first, *end = s->lx->tokens + m->end;
    struct buf content;

    if (m->form == WAST_TEXT)
        return wat_parse_range(s->lx, first, end, m->symbol, &s->options, s->arena, s->arena, bytes,
                               NULL, dg);
    buf_init(&content, s->arena);
    for (; first < end; first++)
        wat_string_decode(s->lx, first, &content);
    *bytes = (struct str){(const char *)content.data, content.size};
    if (m->form == WAST_BINARY)
        return ST_OK;
    struct wm_wat_options options = s->options;
    return diag_in(dg, wm_wat_parse(*bytes, &options, s->arena, bytes, NULL, dg),
                   "a quoted module");
}
