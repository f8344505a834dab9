/*
 * validate_int: private to validate*.c. A struct judge follows one function body, or one constant
 * expression, instruction by instruction, with the types of the operands on its stack.
 *
 * Two paths: judge_step() decides any instruction and words the refusal; the loop in
 * validate_code.c decides the frequent ones when they are plainly right, and leaves everything
 * else, refusals included, to judge_step(). A test runs both over the same modules.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_WASM_VALIDATE_INT_H
#define SHIELD_WASM_VALIDATE_INT_H

#include "shield/wasm/read_int.h"
#include "shield/wasm/validate.h"

/* A block that is open. The outermost is the function or the constant expression itself. */
struct frame {
    const struct wm_type *type; /* its parameters and results; NULL: no parameters and single */
    struct wm_valtype single;   /* the one result, or BOT for none */
    uint32_t height;            /* operands below belong to the blocks around it */
    uint32_t set_height;        /* locals that were set before it, in judge.set_locals */
    uint32_t offset;            /* of its opcode, for messages */
    uint32_t seen_by;           /* number of the last br_table that compared its label */
    uint16_t op;                /* enum wm_op; WM_OP_COUNT for the outermost */
    bool is_unreachable;        /* behind br, return, ...: missing operands are of any type */
};

struct type_list {
    const struct wm_valtype *list;
    uint32_t count;
};

/* Locals of one declaration; end: index behind the last of them. */
struct local_group {
    uint32_t end;
    struct wm_valtype type;
};

/* What the fast loop may do with a one-byte opcode of this module. */
struct rule {
    uint8_t action; /* enum action in validate_code.c */
    uint8_t pop[2]; /* enum wm_kind of the operands, in order */
    uint8_t push;   /* enum wm_kind of the result; of a block: its enum wm_op */
    uint8_t width_log2;
};

struct judge {
    struct wm_module *m;
    struct arena *scratch;
    struct diag *dg;
    struct wm_reader r;
    struct wm_ins ins; /* the one judge_step() is at */

    /* stack_end - sp stays above the bytes left in r plus STACK_SLACK: judge_push_list(), which may
     * push more than one value per byte, sees to it. */
    struct wm_valtype *stack, *sp, *stack_end;
    struct wm_valtype *floor; /* first operand of the innermost frame */
    struct frame *frames;
    uint32_t frame_count, frame_capacity;
    uint32_t br_tables; /* seen so far: marks the frames a br_table has compared */

    /* near[i] is the type of local i, or BOT while it has no value yet; only the first near_count,
     * so that a short body that declares many locals costs little. The rest is in groups. */
    struct wm_valtype *near;
    uint32_t near_count, near_capacity, local_count;
    struct local_group *groups;
    uint32_t group_count, group_capacity;
    uint32_t *set_locals; /* locals without a default value that were set, in order */
    uint32_t set_count, set_capacity;
    uint64_t *far_set; /* bit per local at near_count or behind; all zero between functions */

    uint32_t item;         /* offset of the import, table... that is looked at; 0: none is */
    bool has_plain_table;  /* table 0 is a 32-bit table of functions */
    bool is_const;         /* a constant expression */
    uint32_t global_limit; /* constant expressions see the globals below this index */
    uint64_t *declared;    /* bit per function that ref.func in a body may name */
    bool is_plain;         /* for tests: never take the fast path */
    struct rule rules[256];
};

enum { STACK_SLACK = 32 };

static inline struct frame *judge_frame(struct judge *j)
{
    return &j->frames[j->frame_count - 1];
}
static inline struct type_list frame_params(const struct frame *f)
{
    if (f->type == NULL)
        return (struct type_list){NULL, 0};
    return (struct type_list){f->type->params, f->type->param_count};
}
static inline struct type_list frame_results(const struct frame *f)
{
    if (f->type == NULL)
        return (struct type_list){&f->single, f->single.bits != 0};
    return (struct type_list){f->type->results, f->type->result_count};
}
/* What a branch to the frame carries. */
static inline struct type_list frame_label(const struct frame *f)
{
    return f->op == WM_OP_LOOP ? frame_params(f) : frame_results(f);
}

/* ---- validate_judge.c: the stacks ---- */

/* Refuses the current instruction: "NAME MESSAGE". */
enum status judge_invalid(struct judge *j, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The operands on top match list; nothing is popped. what: "operand", "result", ... */
MUST_USE enum status judge_top(struct judge *j, struct type_list list, const char *what);
/* judge_top() for operands, and pops them. */
MUST_USE enum status judge_pop(struct judge *j, struct type_list list);
#define JUDGE_POP(j, ...)                                                                          \
    judge_pop((j), (struct type_list){(const struct wm_valtype[]){__VA_ARGS__},                    \
                                      sizeof((struct wm_valtype[]){__VA_ARGS__}) /                 \
                                          sizeof(struct wm_valtype)})
/* Pops one operand of any type; BOT when unreachable code has none. number: for the message. */
MUST_USE enum status judge_pop_any(struct judge *j, uint32_t number, struct wm_valtype *out);
/* Pops one reference, null or not, of any hierarchy. BOT operands become (ref bot). */
MUST_USE enum status judge_pop_ref(struct judge *j, uint32_t number, struct wm_valtype *out);
/* Pops one operand that is operand number `number`. */
MUST_USE enum status judge_pop_one(struct judge *j, uint32_t number, struct wm_valtype want);
void judge_drop(struct judge *j, uint32_t count);
static inline void judge_push(struct judge *j, struct wm_valtype t)
{
    *j->sp++ = t;
}
/* Refuses more than WM_MAX_OPERANDS. */
MUST_USE enum status judge_push_list(struct judge *j, struct type_list list);
/* The rest of the block cannot be reached. */
void judge_unreachable(struct judge *j);
MUST_USE enum status judge_enter(struct judge *j, enum wm_op op, const struct wm_type *type,
                                 struct wm_valtype single);
/* The operands are exactly the results of the innermost frame. */
MUST_USE enum status judge_results(struct judge *j);
/* Closes the innermost frame and forgets which locals it set; results are left to the caller. */
void judge_leave(struct judge *j);
void judge_forget_locals(struct judge *j, uint32_t set_height);
bool judge_lists_match(const struct judge *j, struct type_list sub, struct type_list super);
/* "[i32 funcref]"; a list that does not fit ends in "...]". size at least WM_TYPE_TEXT_MAX * 2. */
enum { LIST_TEXT_MAX = 120 };
void judge_list_text(struct type_list list, char *out, size_t size);

/* ---- index checks: each refuses with what there is ---- */
MUST_USE enum status judge_valtype(struct judge *j, struct wm_valtype t);
MUST_USE enum status judge_heap(struct judge *j, struct wm_heap h);
MUST_USE enum status judge_type(struct judge *j, uint32_t index, enum wm_composite composite,
                                const struct wm_type **out);
MUST_USE enum status judge_index(struct judge *j, uint32_t index, uint32_t count, const char *what);
MUST_USE enum status judge_label(struct judge *j, uint32_t depth, struct frame **out);
static inline struct wm_valtype address_type(const struct wm_limits *l)
{
    return l->is_64 ? WM_TYPE(I64) : WM_TYPE(I32);
}

/* ---- one instruction, whatever it is ---- */
MUST_USE enum status judge_step(struct judge *j);       /* validate_step.c */
MUST_USE enum status judge_control(struct judge *j);    /* validate_control.c */
MUST_USE enum status judge_call(struct judge *j);       /* validate_control.c */
MUST_USE enum status judge_branch_ref(struct judge *j); /* validate_ref.c */
MUST_USE enum status judge_reference(struct judge *j);  /* validate_ref.c */
MUST_USE enum status judge_aggregate(struct judge *j);  /* validate_gc.c */
MUST_USE enum status judge_local(struct judge *j);      /* validate_vars.c */
MUST_USE enum status judge_global(struct judge *j);     /* validate_vars.c */
MUST_USE enum status judge_table(struct judge *j);      /* validate_vars.c */

/* wm_validate(), for tests also without the fast path. */
MUST_USE enum status wm_validate_plainly(struct wm_module *m, struct arena *scratch, bool is_plain,
                                         struct diag *dg);

/* ---- whole bodies ---- */
void judge_make_rules(struct judge *j);                              /* validate_code.c */
MUST_USE enum status judge_function(struct judge *j, uint32_t func); /* validate_code.c */
/* A constant expression that leaves one value of that type. */
MUST_USE enum status judge_constant(struct judge *j, struct wm_bytes expr, struct wm_valtype type);
void judge_open(struct judge *j, struct wm_bytes bytes, const struct wm_type *type,
                struct wm_valtype single);

#endif /* SHIELD_WASM_VALIDATE_INT_H */
