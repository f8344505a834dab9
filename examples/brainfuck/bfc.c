/*
 * bfc: a compiler for Brainf***, a complete front end of mujun's code generator.
 *
 *   bfc PROGRAM.b OUT.o && cc OUT.o -o program && ./program
 *
 * The object defines main(); the tape is 30,000 cells of a byte on the stack, and moving off it
 * ends the program with a trap. Input and output go through getchar() and putchar().
 * SPDX-License-Identifier: Apache-2.0
 */
#include <mujun/codegen.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAPE_BYTES = 30000, NESTING_MAX = 1000, OFF_THE_TAPE = 16 };

struct compiler {
    struct mujun_function *f;
    mujun_ir_value tape; /* address of the first cell */
    mujun_ir_value at;   /* index of the current one, an I64 */
    mujun_ir_symbol putchar, getchar;
    struct loop {
        mujun_ir_block head, after;
        mujun_ir_value at_head, at_after; /* their parameters: the index */
    } loops[NESTING_MAX];
    size_t depth;
};

static int fail(const char *what, struct mujun_error *err)
{
    fprintf(stderr, "bfc: %s%s%s\n", what, err != NULL ? ": " : "",
            err != NULL ? mujun_error_message(err) : "");
    mujun_error_free(err);
    return 1;
}

static mujun_ir_value cell(struct compiler *c)
{
    return mujun_ir_binary(c->f, "iadd", MUJUN_IR_I64, c->tape, c->at);
}

/* Adds n to the current cell, modulo 256. */
static void add(struct compiler *c, int n)
{
    mujun_ir_value address = cell(c);
    mujun_ir_value old = mujun_ir_load(c->f, MUJUN_IR_I8, address, 0, 1, false);
    mujun_ir_value by = mujun_ir_int(c->f, MUJUN_IR_I8, (uint64_t)n);

    mujun_ir_store(c->f, address, 0, 1, mujun_ir_binary(c->f, "iadd", MUJUN_IR_I8, old, by));
}

/* Moves by n cells; one comparison without sign finds both ends of the tape. */
static void move(struct compiler *c, int n)
{
    mujun_ir_value by = mujun_ir_int(c->f, MUJUN_IR_I64, (uint64_t)n);
    mujun_ir_value end = mujun_ir_int(c->f, MUJUN_IR_I64, TAPE_BYTES);

    c->at = mujun_ir_binary(c->f, "iadd", MUJUN_IR_I64, c->at, by);
    mujun_ir_trap_if(c->f, mujun_ir_binary(c->f, "icmp.uge", MUJUN_IR_I32, c->at, end),
                     OFF_THE_TAPE);
}

static void output(struct compiler *c)
{
    mujun_ir_value byte = mujun_ir_load(c->f, MUJUN_IR_I32, cell(c), 0, 1, false);
    mujun_ir_value ignored;

    mujun_ir_call(c->f, c->putchar, &byte, 1, &ignored);
}

/* At the end of the input the cell becomes 0. */
static void input(struct compiler *c)
{
    mujun_ir_value zero = mujun_ir_int(c->f, MUJUN_IR_I32, 0), read, operands[3];

    mujun_ir_call(c->f, c->getchar, NULL, 0, &read);
    operands[0] = zero;
    operands[1] = read;
    operands[2] = mujun_ir_binary(c->f, "icmp.slt", MUJUN_IR_I32, read, zero);
    mujun_ir_store(c->f, cell(c), 0, 1,
                   mujun_ir_build(c->f, "select", MUJUN_IR_I32, operands, 3));
}

static struct mujun_ir_target to(mujun_ir_block block, const mujun_ir_value *arg)
{
    return (struct mujun_ir_target){.block = block, .args = arg, .count = arg != NULL};
}

/* The head of a loop looks at the cell: into the body, or behind the loop. */
static void open_loop(struct compiler *c)
{
    struct loop *l = &c->loops[c->depth++];
    mujun_ir_block body = mujun_ir_block_new(c->f);

    l->head = mujun_ir_block_new(c->f);
    l->after = mujun_ir_block_new(c->f);
    l->at_head = mujun_ir_block_param(c->f, l->head, MUJUN_IR_I64);
    l->at_after = mujun_ir_block_param(c->f, l->after, MUJUN_IR_I64);
    mujun_ir_jump(c->f, to(l->head, &c->at));
    mujun_ir_block_select(c->f, l->head);
    c->at = l->at_head;
    mujun_ir_branch(c->f, mujun_ir_load(c->f, MUJUN_IR_I32, cell(c), 0, 1, false), to(body, NULL),
                    to(l->after, &c->at));
    mujun_ir_block_select(c->f, body);
}

static void close_loop(struct compiler *c)
{
    const struct loop *l = &c->loops[--c->depth];

    mujun_ir_jump(c->f, to(l->head, &c->at));
    mujun_ir_block_select(c->f, l->after);
    c->at = l->at_after;
}

/* Length of the run of plus and minus at text; *sum is what they add up to. */
static size_t run(const char *text, char plus, char minus, int *sum)
{
    size_t n = 0;

    for (*sum = 0; text[n] == plus || text[n] == minus; n++)
        *sum += text[n] == plus ? 1 : -1;
    return n;
}

/* NULL, or what is wrong with the program. */
static const char *translate(struct compiler *c, const char *program)
{
    for (const char *p = program; *p != '\0'; p++) {
        size_t more = 0;
        int sum = 0;

        mujun_function_set_source(c->f, (uint32_t)(p - program) + 1);
        if ((more = run(p, '+', '-', &sum)) > 0) {
            add(c, sum);
        } else if ((more = run(p, '>', '<', &sum)) > 0) {
            move(c, sum);
        } else if (*p == '.') {
            output(c);
        } else if (*p == ',') {
            input(c);
        } else if (*p == '[') {
            if (c->depth == NESTING_MAX)
                return "loops are nested too deeply (at most 1000)";
            open_loop(c);
        } else if (*p == ']') {
            if (c->depth == 0)
                return "a ] without its [";
            close_loop(c);
        }
        p += more > 0 ? more - 1 : 0;
    }
    return c->depth == 0 ? NULL : "a [ without its ]";
}

/* main(): a tape of zeros, the program, return 0. */
static enum mujun_status begin(struct compiler *c, struct mujun_error **err)
{
    static const enum mujun_ir_type i32 = MUJUN_IR_I32;
    static const enum mujun_ir_type three[] = {MUJUN_IR_I64, MUJUN_IR_I32, MUJUN_IR_I64};
    static const struct mujun_ir_signature nothing_to_int = {.results = &i32, .result_count = 1};
    static const struct mujun_ir_signature int_to_int = {
        .params = &i32, .param_count = 1, .results = &i32, .result_count = 1};
    static const struct mujun_ir_signature fill = {
        .params = three, .param_count = 3, .results = &three[0], .result_count = 1};
    enum mujun_status st = mujun_function_new("main", &nothing_to_int, &c->f, err);

    if (st != MUJUN_OK)
        return st;
    c->putchar = mujun_ir_symbol_new(c->f, "putchar", &int_to_int);
    c->getchar = mujun_ir_symbol_new(c->f, "getchar", &nothing_to_int);
    c->tape = mujun_ir_slot_address(c->f, mujun_ir_slot_new(c->f, TAPE_BYTES, 16));
    const mujun_ir_value args[3] = {c->tape, mujun_ir_int(c->f, MUJUN_IR_I32, 0),
                                    mujun_ir_int(c->f, MUJUN_IR_I64, TAPE_BYTES)};
    mujun_ir_value ignored;
    mujun_ir_call(c->f, mujun_ir_symbol_new(c->f, "memset", &fill), args, 3, &ignored);
    c->at = mujun_ir_int(c->f, MUJUN_IR_I64, 0);
    return MUJUN_OK;
}

static enum mujun_status finish(struct compiler *c, struct mujun_object *object,
                                struct mujun_error **err)
{
    mujun_ir_value zero = mujun_ir_int(c->f, MUJUN_IR_I32, 0);
    struct mujun_code *code = NULL;
    enum mujun_status st;

    mujun_ir_return(c->f, &zero, 1);
    st = mujun_function_compile(c->f, MUJUN_CODE_OPTIMISE, &code, err);
    if (st == MUJUN_OK)
        st = mujun_object_add(object, code, err);
    mujun_code_free(code);
    return st;
}

/* The whole file, NUL-terminated; NULL when it cannot be read. */
static char *read_file(const char *path)
{
    FILE *in = fopen(path, "rb");
    char *text = NULL;
    size_t size = 0;

    if (in == NULL)
        return NULL;
    do {
        char *more = realloc(text, size + 4096 + 1);
        if (more == NULL)
            break;
        text = more;
        size += fread(text + size, 1, 4096, in);
        text[size] = '\0';
    } while (!feof(in) && !ferror(in));
    fclose(in);
    return text;
}

static int write_object(struct mujun_object *object, const char *path)
{
    struct mujun_error *err = NULL;
    const uint8_t *bytes;
    size_t size;

    if (mujun_object_bytes(object, &bytes, &size, &err) != MUJUN_OK)
        return fail(path, err);
    FILE *out = fopen(path, "wb");
    if (out == NULL)
        return fail("the object cannot be created", NULL);
    const size_t written = fwrite(bytes, 1, size, out);
    if (fclose(out) != 0 || written != size)
        return fail("the object cannot be written", NULL);
    return 0;
}

int main(int argc, char **argv)
{
    struct compiler *c = calloc(1, sizeof(*c));
    struct mujun_object *object = NULL;
    struct mujun_error *err = NULL;
    int code = 1;

    if (argc != 3 || c == NULL) {
        fprintf(stderr, "usage: bfc PROGRAM.b OUT.o\n");
        free(c);
        return 64;
    }
    char *program = read_file(argv[1]);
    const char *wrong = program == NULL ? "the program cannot be read" : NULL;
    if (wrong == NULL && mujun_object_new(&object, &err) != MUJUN_OK)
        wrong = "cannot make an object";
    if (wrong == NULL && begin(c, &err) != MUJUN_OK)
        wrong = "cannot begin";
    if (wrong == NULL)
        wrong = translate(c, program);
    if (wrong == NULL && finish(c, object, &err) != MUJUN_OK)
        wrong = "cannot compile";
    code = wrong != NULL ? fail(wrong, err) : write_object(object, argv[2]);
    mujun_function_free(c->f);
    mujun_object_free(object);
    free(program);
    free(c);
    return code;
}
