/*
 * wat_body: expressions, flat and folded, to bytes. No recursion: what is open stands in
 * wat_parser.frames. A folded instruction comes before its operands in the text and behind them
 * in the bytes, so its encoding waits in wat_parser.pending; frames close in the reverse order of
 * opening, so that buffer is a stack too.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasm/wat_int.h"

enum frame_kind {
    FRAME_OPERANDS,  /* (op ...: folded operands, then ) */
    FRAME_BLOCK,     /* (block ... (loop ... (try_table ...: instructions, then ) */
    FRAME_IF,        /* (if ...: folded condition, then (then */
    FRAME_IF_THEN,   /* (if ... (then ...): (else or ) */
    FRAME_IF_ELSE,   /* (if ... (then ...) (else ...): ) */
    FRAME_TRY,       /* (try ...: (do */
    FRAME_TRY_DO,    /* (try (do ...): (catch, (catch_all, (delegate or ) */
    FRAME_TRY_LAST,  /* (try (do ...) (catch_all ...): ) */
    FRAME_DELEGATE,  /* (try (do ...) (delegate l): ), already ended */
    FRAME_GROUP,     /* (then ... (else ... (do ... (catch ...: instructions, then ) */
    FRAME_FLAT,      /* block ... loop ... try_table ...: instructions, then end */
    FRAME_FLAT_IF,   /* if ...: else or end */
    FRAME_FLAT_TRY,  /* try ...: catch, catch_all, delegate or end */
    FRAME_FLAT_CATCH /* try ... catch ...: catch, catch_all or end */
};

/* ---- labels ---------------------------------------------------------------------------------- */

static void push_label(struct wat_parser *p, uint32_t symbol)
{
    struct wat_label label = {.symbol = symbol};

    if (symbol != WAT_NO_SYMBOL) {
        struct wat_symbol *s = &p->lx->symbols[symbol];
        label.shadowed = s->index[WAT_SPACE_LABEL];
        s->index[WAT_SPACE_LABEL] = p->label_count;
        if (p->options->write_names && p->origin_kind == WAT_ORIGIN_CODE)
            wm_names_add_inner(p->names, WM_NAME_LABEL, p->func_index, p->block_count, s->name);
    }
    p->block_count++;
    ARENA_PUSH(p->arena, p->labels, p->label_count, p->label_capacity, label);
}

static void pop_label(struct wat_parser *p)
{
    const struct wat_label *label = &p->labels[--p->label_count];
    if (label->symbol != WAT_NO_SYMBOL)
        p->lx->symbols[label->symbol].index[WAT_SPACE_LABEL] = label->shadowed;
}

void wat_pop_labels(struct wat_parser *p)
{
    while (p->label_count > 0)
        pop_label(p);
}

/* "end $l", "else $l": the identifier must be that of the block. */
static enum status repeated_label(struct wat_parser *p, const struct wat_frame *frame)
{
    const struct wat_token *t = p->t;

    if (t->kind != WAT_TOK_ID)
        return ST_OK;
    p->t++;
    if (t->symbol == frame->label)
        return ST_OK;
    uint32_t line, column;
    wat_position(p->lx->text, p->lx->tokens[frame->token].offset, &line, &column);
    return WAT_FAIL(p, t, ST_MALFORMED, "mismatching label: the block opened at %u:%u has %s name",
                    line, column, frame->label == WAT_NO_SYMBOL ? "no" : "another");
}

/* ---- frames ---------------------------------------------------------------------------------- */

static struct wat_frame *top_frame(struct wat_parser *p)
{
    return p->frame_count == 0 ? NULL : &p->frames[p->frame_count - 1];
}

static enum status push_frame(struct wat_parser *p, enum frame_kind kind, enum wm_op op,
                              const struct wat_token *t, uint32_t label)
{
    if (p->frame_count == WM_MAX_TEXT_NESTING)
        return WAT_FAIL(p, t, ST_LIMIT, "instructions are nested deeper than the limit of %d",
                        WM_MAX_TEXT_NESTING);
    struct wat_frame frame = {.kind = (uint8_t)kind,
                              .hint = WAT_NO_HINT,
                              .op = (uint16_t)op,
                              .token = (uint32_t)(t - p->lx->tokens),
                              .label = label,
                              .pending = (uint32_t)p->pending.size};
    ARENA_PUSH(p->arena, p->frames, p->frame_count, p->frame_capacity, frame);
    return ST_OK;
}

static void trace_here(struct wat_parser *p, const struct wat_token *t)
{
    if (p->trace)
        wat_trace(p, p->origin_kind, p->origin_owner, (uint32_t)p->bytes.size - p->body_start, t);
}

static void emit_op(struct wat_parser *p, enum wm_op op, const struct wat_token *t)
{
    trace_here(p, t);
    wm_ins_write(&p->bytes, &(struct wm_ins){.op = op});
}

static enum status note_hint(struct wat_parser *p, uint8_t value, enum wm_op op,
                             const struct wat_token *t)
{
    if (value == WAT_NO_HINT || p->origin_kind != WAT_ORIGIN_CODE)
        return ST_OK;
    if (op != WM_OP_IF && op != WM_OP_BR_IF)
        return WAT_FAIL(p, t, ST_INVALID,
                        "@metadata.code.branch_hint annotation: invalid target %s; expected if "
                        "or br_if",
                        wm_op_info[op].text);
    struct wat_hint hint = {p->func_index, (uint32_t)p->bytes.size - p->body_start, value};
    ARENA_PUSH(p->arena, p->hints, p->hint_count, p->hint_capacity, hint);
    return ST_OK;
}

/* Moves the encoding that the frame kept back behind the operands. */
static enum status emit_pending(struct wat_parser *p, const struct wat_frame *frame)
{
    const struct wat_token *t = &p->lx->tokens[frame->token];

    TRY(note_hint(p, frame->hint, (enum wm_op)frame->op, t));
    trace_here(p, t);
    buf_bytes(&p->bytes, p->pending.data + frame->pending, p->pending.size - frame->pending);
    p->pending.size = frame->pending;
    return ST_OK;
}

/* ---- refusals -------------------------------------------------------------------------------- */

static enum status unexpected_operator(struct wat_parser *p, const struct wat_token *t)
{
    p->t = t;
    return wat_expected_word(p, "an instruction", (enum wat_word)0, WAT_VALUE_0);
}

/* What the innermost open construct waits for. */
static enum status frame_expected(struct wat_parser *p, const struct wat_frame *frame)
{
    static const char *const wanted[] = {
        [FRAME_OPERANDS] = "a folded operand or )",
        [FRAME_BLOCK] = "an instruction or )",
        [FRAME_IF] = "a folded condition or (then",
        [FRAME_IF_THEN] = "(else or )",
        [FRAME_IF_ELSE] = ")",
        [FRAME_TRY] = "(do",
        [FRAME_TRY_DO] = "(catch, (catch_all, (delegate or )",
        [FRAME_TRY_LAST] = ")",
        [FRAME_DELEGATE] = ")",
        [FRAME_GROUP] = "an instruction or )",
        [FRAME_FLAT] = "an instruction or end",
        [FRAME_FLAT_IF] = "an instruction, else or end",
        [FRAME_FLAT_TRY] = "an instruction, catch, catch_all, delegate or end",
        [FRAME_FLAT_CATCH] = "an instruction, catch, catch_all or end",
    };
    const struct wat_token *opened = &p->lx->tokens[frame->token];
    char found[WAT_FOUND_MAX];
    uint32_t line, column;

    wat_position(p->lx->text, opened->offset, &line, &column);
    return WAT_FAIL(p, p->t, ST_MALFORMED, "expected %s, found %s; the %s was opened at %u:%u",
                    wanted[frame->kind], wat_found(p->lx, p->t, found), wm_op_info[frame->op].text,
                    line, column);
}

/* ---- folded ---------------------------------------------------------------------------------- */

/* "(op" that is neither a block nor part of one. */
static enum status open_plain(struct wat_parser *p, enum wm_op op, const struct wat_token *open,
                              uint8_t hint)
{
    TRY(push_frame(p, FRAME_OPERANDS, op, open, WAT_NO_SYMBOL));
    top_frame(p)->hint = hint;
    return wat_instruction(p, op, &p->pending);
}

static enum status open_block(struct wat_parser *p, enum wm_op op, const struct wat_token *open,
                              uint8_t hint)
{
    uint32_t label = wat_optional_id(p);

    if (op == WM_OP_IF) {
        TRY(push_frame(p, FRAME_IF, op, open, label));
        top_frame(p)->hint = hint;
        return wat_block_header(p, op, &p->pending);
    }
    TRY(note_hint(p, hint, op, open));
    trace_here(p, open);
    TRY(wat_block_header(p, op, &p->bytes));
    push_label(p, label);
    return push_frame(p, op == WM_OP_TRY ? FRAME_TRY : FRAME_BLOCK, op, open, label);
}

/* "(catch $t", "(catch_all", "(delegate l" of a folded try; false when it is none of them. */
static enum status open_handler(struct wat_parser *p, struct wat_frame *frame, bool *taken)
{
    const struct wat_token *open = p->t;
    enum wm_op op = (enum wm_op)open[1].word;

    *taken = op == WM_OP_CATCH || op == WM_OP_CATCH_ALL || op == WM_OP_DELEGATE;
    if (!*taken)
        return ST_OK;
    p->t += 2;
    if (op == WM_OP_DELEGATE) {
        frame->kind = FRAME_DELEGATE;
        pop_label(p); /* the label of delegate counts from outside the try */
        trace_here(p, open);
        TRY(wat_instruction(p, op, &p->bytes));
        return wat_close(p);
    }
    trace_here(p, open);
    TRY(wat_instruction(p, op, &p->bytes));
    if (op == WM_OP_CATCH_ALL)
        frame->kind = FRAME_TRY_LAST;
    return push_frame(p, FRAME_GROUP, op, open, WAT_NO_SYMBOL);
}

/* "(then", "(else", "(do" and the handlers, where the innermost frame waits for them. */
static enum status open_clause(struct wat_parser *p, struct wat_frame *frame, bool *taken)
{
    const struct wat_token *open = p->t;

    *taken = true;
    if (frame->kind == FRAME_IF && wat_take_open(p, WAT_THEN)) {
        frame->kind = FRAME_IF_THEN;
        TRY(emit_pending(p, frame));
        push_label(p, frame->label);
        return push_frame(p, FRAME_GROUP, WM_OP_IF, open, WAT_NO_SYMBOL);
    }
    if (frame->kind == FRAME_IF_THEN && wat_take_open(p, (enum wat_word)WM_OP_ELSE)) {
        frame->kind = FRAME_IF_ELSE;
        emit_op(p, WM_OP_ELSE, open);
        return push_frame(p, FRAME_GROUP, WM_OP_ELSE, open, WAT_NO_SYMBOL);
    }
    if (frame->kind == FRAME_TRY && wat_take_open(p, WAT_DO)) {
        frame->kind = FRAME_TRY_DO;
        return push_frame(p, FRAME_GROUP, WM_OP_TRY, open, WAT_NO_SYMBOL);
    }
    if (frame->kind == FRAME_TRY_DO)
        return open_handler(p, frame, taken);
    *taken = false;
    return ST_OK;
}

static bool takes_folded(const struct wat_frame *frame)
{
    return frame == NULL || frame->kind == FRAME_OPERANDS || frame->kind == FRAME_BLOCK ||
           frame->kind == FRAME_IF || frame->kind >= FRAME_GROUP;
}

static bool takes_flat(const struct wat_frame *frame)
{
    return frame == NULL || frame->kind == FRAME_BLOCK || frame->kind >= FRAME_GROUP;
}

static enum status open_folded(struct wat_parser *p)
{
    const struct wat_token *open = p->t;
    struct wat_frame *frame = top_frame(p);
    uint8_t hint = WAT_NO_HINT;
    bool taken = false;

    if (frame != NULL)
        TRY(open_clause(p, frame, &taken));
    if (taken)
        return ST_OK;
    if (!takes_folded(frame))
        return frame_expected(p, frame);
    if (wat_at(p) == p->next_annot_token)
        TRY(wat_annot_hint(p, open, &hint));
    if (open[1].kind != WAT_TOK_WORD || open[1].word >= WM_OP_COUNT)
        return unexpected_operator(p, open + 1);
    enum wm_op op = (enum wm_op)open[1].word;
    p->t += 2;
    switch (op) {
    case WM_OP_BLOCK:
    case WM_OP_LOOP:
    case WM_OP_IF:
    case WM_OP_TRY:
    case WM_OP_TRY_TABLE: return open_block(p, op, open, hint);
    case WM_OP_ELSE:
    case WM_OP_END:
    case WM_OP_CATCH:
    case WM_OP_CATCH_ALL:
    case WM_OP_DELEGATE: return unexpected_operator(p, open + 1);
    default: return open_plain(p, op, open, hint);
    }
}

/* A ) while something is open. */
static enum status close_folded(struct wat_parser *p)
{
    struct wat_frame *frame = top_frame(p);

    switch ((enum frame_kind)frame->kind) {
    case FRAME_OPERANDS: TRY(emit_pending(p, frame)); break;
    case FRAME_BLOCK:
    case FRAME_IF_THEN:
    case FRAME_IF_ELSE:
    case FRAME_TRY_DO:
    case FRAME_TRY_LAST:
        emit_op(p, WM_OP_END, p->t);
        pop_label(p);
        break;
    case FRAME_GROUP:
    case FRAME_DELEGATE: break;
    case FRAME_IF:
    case FRAME_TRY:
    case FRAME_FLAT:
    case FRAME_FLAT_IF:
    case FRAME_FLAT_TRY:
    case FRAME_FLAT_CATCH: return frame_expected(p, frame);
    }
    p->frame_count--;
    p->t++;
    return ST_OK;
}

/* ---- flat ------------------------------------------------------------------------------------ */

static enum status flat_block(struct wat_parser *p, enum wm_op op, const struct wat_token *t)
{
    enum frame_kind kind = op == WM_OP_IF    ? FRAME_FLAT_IF
                           : op == WM_OP_TRY ? FRAME_FLAT_TRY
                                             : FRAME_FLAT;
    uint32_t label = wat_optional_id(p);

    trace_here(p, t);
    TRY(wat_block_header(p, op, &p->bytes));
    push_label(p, label);
    return push_frame(p, kind, op, t, label);
}

/* else, end, catch, catch_all, delegate: at p->t, which is behind the word t. */
static enum status flat_clause(struct wat_parser *p, enum wm_op op, const struct wat_token *t)
{
    struct wat_frame *frame = top_frame(p);
    enum frame_kind kind = frame == NULL ? FRAME_GROUP : (enum frame_kind)frame->kind;
    bool fits = op == WM_OP_ELSE       ? kind == FRAME_FLAT_IF
                : op == WM_OP_END      ? kind >= FRAME_FLAT
                : op == WM_OP_DELEGATE ? kind == FRAME_FLAT_TRY
                                       : kind == FRAME_FLAT_TRY || kind == FRAME_FLAT_CATCH;

    if (!fits && frame != NULL) {
        p->t = t;
        return frame_expected(p, frame);
    }
    if (!fits)
        return WAT_FAIL(p, t, ST_MALFORMED, "unexpected %s: no block is open here",
                        wm_op_info[op].text);
    if (op == WM_OP_END || op == WM_OP_DELEGATE)
        pop_label(p);
    if (op == WM_OP_END || op == WM_OP_ELSE)
        TRY(repeated_label(p, frame));
    trace_here(p, t);
    TRY(wat_instruction(p, op, &p->bytes));
    if (op == WM_OP_END || op == WM_OP_DELEGATE)
        p->frame_count--;
    else
        frame->kind = op == WM_OP_CATCH ? FRAME_FLAT_CATCH : FRAME_FLAT;
    return ST_OK;
}

static enum status flat(struct wat_parser *p)
{
    const struct wat_token *t = p->t;
    const struct wat_frame *frame = top_frame(p);
    uint8_t hint = WAT_NO_HINT;

    if (t->word >= WM_OP_COUNT)
        return unexpected_operator(p, t);
    if (!takes_flat(frame))
        return frame_expected(p, frame);
    enum wm_op op = (enum wm_op)t->word;
    if (wat_at(p) == p->next_annot_token) {
        TRY(wat_annot_hint(p, t, &hint));
        TRY(note_hint(p, hint, op, t));
    }
    p->t++;
    switch (op) {
    case WM_OP_BLOCK:
    case WM_OP_LOOP:
    case WM_OP_IF:
    case WM_OP_TRY:
    case WM_OP_TRY_TABLE: return flat_block(p, op, t);
    case WM_OP_ELSE:
    case WM_OP_END:
    case WM_OP_CATCH:
    case WM_OP_CATCH_ALL:
    case WM_OP_DELEGATE: return flat_clause(p, op, t);
    default: break;
    }
    trace_here(p, t);
    return wat_instruction(p, op, &p->bytes);
}

/* ---- expressions ----------------------------------------------------------------------------- */

/* Instructions until the ) that is not ours; or one folded instruction. */
static enum status instructions(struct wat_parser *p, bool only_one)
{
    p->frame_count = 0;
    p->pending.size = 0;
    wat_annot_seek(p, p->t);
    do {
        switch ((enum wat_kind)p->t->kind) {
        case WAT_TOK_OPEN: TRY(open_folded(p)); break;
        case WAT_TOK_WORD: TRY(flat(p)); break;
        case WAT_TOK_CLOSE:
            if (p->frame_count == 0)
                return ST_OK;
            TRY(close_folded(p));
            break;
        default:
            if (p->frame_count != 0)
                return frame_expected(p, top_frame(p));
            return wat_expected(p, p->t, "an instruction");
        }
    } while (!only_one || p->frame_count != 0);
    return ST_OK;
}

/* Adds END. The caller has said wat_begin_code(). */
static enum status expression(struct wat_parser *p, bool only_one, struct wm_bytes *out)
{
    uint32_t start = (uint32_t)p->bytes.size;

    if (only_one && !wat_is(p, WAT_TOK_OPEN))
        return wat_expected(p, p->t, "a folded instruction");
    TRY(instructions(p, only_one));
    emit_op(p, WM_OP_END, p->t);
    *out = (struct wm_bytes){.offset = start, .size = (uint32_t)p->bytes.size - start};
    return ST_OK;
}

enum status wat_expression(struct wat_parser *p, struct wm_bytes *out)
{
    return expression(p, false, out);
}

enum status wat_folded_expression(struct wat_parser *p, struct wm_bytes *out)
{
    return expression(p, true, out);
}

static void emit_locals(struct wat_parser *p)
{
    uint32_t groups = 0;

    for (uint32_t i = 0; i < p->local_count; i++)
        groups += i == 0 || !wm_same(p->locals[i], p->locals[i - 1]);
    buf_uleb(&p->bytes, groups);
    for (uint32_t i = 0; i < p->local_count;) {
        uint32_t end = i + 1;
        while (end < p->local_count && wm_same(p->locals[end], p->locals[i]))
            end++;
        buf_uleb(&p->bytes, end - i);
        wm_valtype_write(&p->bytes, p->locals[i]);
        i = end;
    }
}

enum status wat_func_body(struct wat_parser *p, uint32_t func_index, struct wm_bytes *out)
{
    uint32_t start = p->body_start;

    p->func_index = func_index;
    p->block_count = 0;
    emit_locals(p);
    TRY(expression(p, false, out));
    *out = (struct wm_bytes){.offset = start, .size = (uint32_t)p->bytes.size - start};
    return ST_OK;
}
