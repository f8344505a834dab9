/*
 * Every float and vector operation of the IR, compiled and run on edge values, against ir/eval: on
 * each kind of processor (SSE2 alone, then one extension more each time, as far as this machine has
 * them), with operands in registers, in memory, all the same value, and constant.
 *
 * The function under test loads its operands from a block of memory, computes once and stores.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "native_code.h"
#include "shield/ir/check.h"
#include "shield/ir/eval.h"
#include "tap.h"
#include "x64_values.h"

enum { SLOT = 16, RESULT_AT = 3 * SLOT, COPIES_AT = 4 * SLOT, BLOCK_BYTES = 8 * SLOT };
enum over {
    OVER_NONE,
    OVER_CC,
    OVER_FCC,
    OVER_FCC_AUX,
    OVER_LANES,
    OVER_SHUFFLES,
    OVER_CHOICES,
    OVER_PREPARED
};
enum {
    CHOICE_SWAPPED = IR_FGE + 1,
    CHOICE_BRANCH = 2 * CHOICE_SWAPPED,
    CHOICES = 4 * CHOICE_SWAPPED
};

static const struct op_row {
    enum ir_op op;
    const char *types;
    enum over over;
    const char *shapes;
    enum nan_rule nan;
} op_rows[] = {
#define OP(op, types, over, shapes, nan) {IR_OP_##op, types, OVER_##over, shapes, NAN_##nan},
#include "x64_ops.def"
#undef OP
};

/* How the operands reach the operation. */
enum mode { MODE_MEMORY, MODE_REGISTERS, MODE_SAME, MODE_CONSTANT, MODE_COUNT };
static const char *const mode_names[] = {"memory", "registers", "the same value", "a constant"};

struct job {
    const struct op_row *row;
    uint8_t aux;     /* shape or condition */
    uint32_t number; /* lane, condition or pattern */
    enum mode mode;
    uint32_t features;
    bool optimise;
    ir_bits constant; /* of MODE_CONSTANT: the last operand */
    /* made */
    struct arena arena;
    struct ir_func f;
    ir_value tested;
    struct native_code native;
    uint64_t block[BLOCK_BYTES / 8] __attribute__((aligned(16)));
    struct values values; /* of each operand */
    uint32_t next;        /* combination of operands to run */
    ir_bits operands[3];
    uint32_t runs;
    char first[600];
};

static enum ir_type type_of(char letter)
{
    switch (letter) {
    case 'i': return IR_I32;
    case 'l': return IR_I64;
    case 'f': return IR_F32;
    case 'd': return IR_F64;
    default: return IR_V128;
    }
}

static uint32_t operand_count(const struct op_row *row)
{
    return (uint32_t)strlen(row->types) - 2;
}

/* What PREPARED operands went through before: what selection knows of their bits. */
static const struct {
    enum ir_op op;
    enum ir_type type;
    uint8_t aux;
} preparations[] = {
    {IR_OP_VEXTEND_LOW_U,  IR_V128, IR_I64X2},
    {IR_OP_VEXTEND_HIGH_U, IR_V128, IR_I64X2},
    {IR_OP_VEXTEND_LOW_S,  IR_V128, IR_I64X2},
    {IR_OP_VEXTEND_HIGH_S, IR_V128, IR_I64X2},
    {IR_OP_FADD,           IR_F32,  0       },
    {IR_OP_FADD,           IR_F64,  0       },
};

static enum ir_type operand_type(const struct job *j, uint32_t k)
{
    return type_of(j->row->types[2 + k]);
}

/* ---- the function ------------------------------------------------------------------------------
 */

static uint32_t place(struct ir_func *f, uint32_t offset, enum ir_type type)
{
    return ir_access(f, (struct ir_access){.offset = (int32_t)offset,
                                           .bytes = (uint8_t)(ir_type_bits(type) / 8),
                                           .region = IR_REGION_ANY,
                                           .flags = IR_ACCESS_NOTRAP});
}

static void store(struct ir_func *f, ir_block b, ir_value address, uint32_t offset, ir_value v)
{
    const enum ir_type type = (enum ir_type)ir_at(f, v)->type;

    ir_emit(f, b,
            (struct ir_inst){.op = IR_OP_STORE,
                             .type = (uint8_t)type,
                             .a = address,
                             .b = v,
                             .c = place(f, offset, type)});
}

static ir_value constant_of(struct job *j, enum ir_type type)
{
    struct ir_func *f = &j->f;
    struct ir_inst i = ir_iconst(type, (uint64_t)j->constant);
    uint8_t bytes[16];

    memcpy(bytes, &j->constant, 16);
    if (type == IR_V128)
        i = (struct ir_inst){.op = IR_OP_VCONST, .type = IR_V128, .a = ir_constant16(f, bytes)};
    else if (type == IR_F32 || type == IR_F64)
        i.op = IR_OP_FCONST;
    return ir_emit(f, 0, i);
}

/* Memory: loads right in front of the operation, used nowhere else. Registers: they are stored too,
 * and the store lies between. */
static ir_value operand(struct job *j, ir_value address, uint32_t k)
{
    const enum ir_type type = operand_type(j, k);
    struct ir_func *f = &j->f;

    if (j->mode == MODE_CONSTANT && k + 1 == operand_count(j->row))
        return constant_of(j, type);
    const ir_value v = ir_emit(
        f, 0,
        (struct ir_inst){
            .op = IR_OP_LOAD, .type = (uint8_t)type, .a = address, .c = place(f, k * SLOT, type)});
    if (j->mode == MODE_REGISTERS)
        store(f, 0, address, COPIES_AT + k * SLOT, v);
    return v;
}

static bool is_prepared(const struct job *j, uint32_t k)
{
    return j->row->over == OVER_PREPARED && operand_type(j, k) == preparations[j->number].type;
}

static ir_value prepared(struct job *j, uint32_t k, ir_value v)
{
    if (!is_prepared(j, k) || (j->mode == MODE_CONSTANT && k + 1 == operand_count(j->row)))
        return v;
    return ir_emit(&j->f, 0,
                   (struct ir_inst){.op = (uint16_t)preparations[j->number].op,
                                    .type = (uint8_t)operand_type(j, k),
                                    .aux = preparations[j->number].aux,
                                    .a = v,
                                    .b = v});
}

static struct ir_inst tested(const struct job *j, const ir_value *v)
{
    const struct op_row *row = j->row;
    struct ir_inst i = {.op = (uint16_t)row->op,
                        .type = (uint8_t)type_of(row->types[0]),
                        .aux = j->aux,
                        .a = v[0],
                        .b = v[1],
                        .c = v[2]};

    switch (row->over) {
    case OVER_CC:
    case OVER_FCC: i.c = j->number; break;
    case OVER_FCC_AUX: i.aux = (uint8_t)j->number; break;
    case OVER_LANES:
        if (row->op == IR_OP_REPLACE_LANE)
            i.c = j->number;
        else
            i.b = j->number;
        break;
    default: break;
    }
    return i;
}

/* Operand k is operand 0 once more. */
static bool is_first(const struct job *j, uint32_t k)
{
    return j->mode == MODE_SAME && k > 0 && operand_type(j, k) == operand_type(j, 0);
}

static void leave(struct ir_func *f, ir_block b)
{
    ir_emit(f, b, (struct ir_inst){.op = IR_OP_RETURN, .a = ir_list_new(f, NULL, 0)});
}

/* One of both operands by a comparison of them. number: the condition; from CHOICE_SWAPPED on the
 * second when it holds; from CHOICE_BRANCH on by a branch and not by a select. */
static enum status build_choice(struct job *j, ir_value address, const ir_value *v, struct diag *dg)
{
    struct ir_func *f = &j->f;
    const bool swapped = j->number / CHOICE_SWAPPED % 2 != 0;
    const ir_value when = v[swapped], otherwise = v[!swapped];
    const ir_value c = ir_emit(f, 0,
                               (struct ir_inst){.op = IR_OP_FCMP,
                                                .type = IR_I32,
                                                .aux = (uint8_t)(j->number % CHOICE_SWAPPED),
                                                .a = v[0],
                                                .b = v[1]});
    if (j->number < CHOICE_BRANCH) {
        const struct ir_inst select = {.op = IR_OP_SELECT,
                                       .type = (uint8_t)operand_type(j, 0),
                                       .a = when,
                                       .b = otherwise,
                                       .c = c};
        store(f, 0, address, RESULT_AT, ir_emit(f, 0, select));
        leave(f, 0);
        return ir_check(f, dg);
    }
    const ir_block yes = ir_block_new(f), no = ir_block_new(f);
    ir_emit(f, 0,
            (struct ir_inst){.op = IR_OP_BRANCH,
                             .a = c,
                             .b = ir_edge_new(f, yes, NULL, 0),
                             .c = ir_edge_new(f, no, NULL, 0)});
    store(f, yes, address, RESULT_AT, when);
    leave(f, yes);
    store(f, no, address, RESULT_AT, otherwise);
    leave(f, no);
    return ir_check(f, dg);
}

static enum status build(struct job *j, struct diag *dg)
{
    static const uint8_t params[] = {IR_I64};
    struct ir_func *f = &j->f;
    ir_value v[3] = {0, 0, 0};

    ir_func_init(f, &j->arena, 0);
    f->signature = ir_signature(f, params, 1, NULL, 0);
    ir_block_new(f);
    const ir_value address = ir_param_new(f, 0, IR_I64);
    for (uint32_t k = 0; k < operand_count(j->row); k++)
        v[k] = is_first(j, k) ? v[0] : prepared(j, k, operand(j, address, k));
    if (j->row->over == OVER_CHOICES)
        return build_choice(j, address, v, dg);
    struct ir_inst i = tested(j, v);
    if (j->row->over == OVER_SHUFFLES)
        i.c = ir_constant16(f, shuffle_patterns[j->number]);
    j->tested = ir_emit(f, 0, i);
    store(f, 0, address, RESULT_AT, j->tested);
    leave(f, 0);
    return ir_check(f, dg);
}

/* ---- running
 * ------------------------------------------------------------------------------------- */

static void wrong(struct job *j, ir_bits want, int want_trap, ir_bits got, int got_trap)
{
    size_t used = 0;

    if (j->first[0] != '\0')
        return;
    for (uint32_t k = 0; k < operand_count(j->row); k++)
        used += (size_t)snprintf(j->first + used, sizeof(j->first) - used, "%016llx%016llx ",
                                 (unsigned long long)(j->operands[k] >> 64),
                                 (unsigned long long)j->operands[k]);
    snprintf(j->first + used, sizeof(j->first) - used,
             "gives %016llx%016llx (trap %d), not %016llx%016llx (trap %d)",
             (unsigned long long)(got >> 64), (unsigned long long)got, got_trap,
             (unsigned long long)(want >> 64), (unsigned long long)want, want_trap);
}

static bool prepared_value(const struct job *j, uint32_t k, ir_bits *out)
{
    const uint32_t count = operand_count(j->row);
    const bool constant = j->mode == MODE_CONSTANT && k + 1 == count;
    uint8_t code;

    *out = j->operands[k];
    if (k >= count || constant || !is_prepared(j, k))
        return true;
    const uint32_t bits = ir_type_bits(operand_type(j, k));
    const struct ir_operands x = {
        .a = *out, .b = *out, .w = bits, .wa = bits, .aux = preparations[j->number].aux};
    return ir_eval_op(preparations[j->number].op, &x, out, &code);
}

static bool evaluate(struct job *j, ir_bits *want, uint8_t *code)
{
    if (j->row->over != OVER_CHOICES) {
        ir_bits v[3];
        for (uint32_t k = 0; k < 3; k++)
            if (!prepared_value(j, k, &v[k]))
                return false;
        return ir_eval_inst(&j->f, j->tested, v[0], v[1], v[2], want, code);
    }
    const struct ir_operands x = {.a = j->operands[0],
                                  .b = j->operands[1],
                                  .w = ir_type_bits(operand_type(j, 0)),
                                  .wa = ir_type_bits(operand_type(j, 0)),
                                  .aux = (uint8_t)(j->number % CHOICE_SWAPPED)};
    ir_bits holds = 0;
    const bool known = ir_eval_op(IR_OP_FCMP, &x, &holds, code);
    const bool swapped = j->number / CHOICE_SWAPPED % 2 != 0;
    *want = j->operands[(holds != 0) == swapped];
    return known;
}

static void judge(struct job *j, int trap)
{
    const enum ir_type type = type_of(j->row->types[0]);
    const uint32_t lanes = type == IR_F32 ? 32 : type == IR_F64 || j->aux == IR_F64X2 ? 64 : 32;
    ir_bits want = 0, got = 0;
    uint8_t code = IR_TRAP_NONE;

    memcpy(&got, j->block + RESULT_AT / 8, ir_type_bits(type) / 8);
    if (!evaluate(j, &want, &code)) {
        snprintf(j->first, sizeof(j->first), "ir/eval does not know it");
        return;
    }
    const int want_trap = code == IR_TRAP_NONE ? NATIVE_NO_TRAP : code;
    if (trap != want_trap ||
        (trap == NATIVE_NO_TRAP &&
         !same_result(j->row->nan, lanes, want, got, j->operands, operand_count(j->row))))
        wrong(j, want, want_trap, got, trap);
}

static bool choose_operands(struct job *j)
{
    const uint32_t count = operand_count(j->row);
    enum ir_type types[3] = {IR_VOID, IR_VOID, IR_VOID};

    for (uint32_t k = 0; k < count; k++)
        types[k] = operand_type(j, k);
    if (!values_choose(&j->values, types, j->aux, count, j->next++, j->operands))
        return false;
    for (uint32_t k = 1; k < count; k++)
        if (is_first(j, k))
            j->operands[k] = j->operands[0];
    if (j->mode == MODE_CONSTANT)
        j->operands[count - 1] = j->constant;
    memset(j->block, 0xa5, sizeof(j->block));
    for (uint32_t k = 0; k < count; k++)
        memcpy(j->block + k * SLOT / 8, &j->operands[k], ir_type_bits(types[k]) / 8);
    return true;
}

static void enter(void *ctx)
{
    struct job *j = ctx;
    void (*f)(void *);

    memcpy(&f, &j->native.base, sizeof(f));
    while (choose_operands(j)) {
        j->runs++;
        f(j->block);
        judge(j, NATIVE_NO_TRAP);
    }
}

static enum status compile_and_run(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    const struct codegen_options options = {.features = j->features,
                                            .optimise = j->optimise,
                                            .frame_probe_bytes = 4096,
                                            .frame_bytes_max = 1 << 20};
    struct codegen_code code;
    int trap;

    TRY(build(j, dg));
    TRY(codegen_function(&j->f, &options, &code, dg));
    if (!native_map(&j->native, &code))
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no executable memory");
    while ((trap = native_guard(&j->native, enter, j)) != NATIVE_NO_TRAP)
        judge(j, trap);
    native_unmap(&j->native);
    return ST_OK;
}

/* One function on all values. False, with a line of its own, when something is wrong. */
static bool one(struct job *j, const char *processor)
{
    struct diag dg = {0};

    arena_init(&j->arena, 16 << 20);
    j->next = 0;
    j->first[0] = '\0';
    if (arena_guard(&j->arena, compile_and_run, j, &dg) != ST_OK)
        snprintf(j->first, sizeof(j->first), "%s", dg.text);
    arena_free(&j->arena);
    if (j->first[0] == '\0')
        return true;
    printf("# %s %s aux %u number %u, %s, %s, %s: %s\n", ir_op_info[j->row->op].text, j->row->types,
           j->aux, j->number, processor, mode_names[j->mode], j->optimise ? "good" : "fast",
           j->first);
    return false;
}

/* ---- everything a row stands for
 * ----------------------------------------------------------------- */

static const struct processor {
    const char *name;
    uint32_t features;
} processors[] = {
    {"SSE2",   0                                                                         },
    {"SSSE3",  CODEGEN_SSE3 | CODEGEN_SSSE3                                              },
    {"SSE4.2", CODEGEN_SSE3 | CODEGEN_SSSE3 | CODEGEN_SSE41 | CODEGEN_SSE42              },
    {"AVX",    CODEGEN_SSE3 | CODEGEN_SSSE3 | CODEGEN_SSE41 | CODEGEN_SSE42 | CODEGEN_AVX},
    {"AVX2",   CODEGEN_SSE3 | CODEGEN_SSSE3 | CODEGEN_SSE41 | CODEGEN_SSE42 | CODEGEN_AVX |
                 CODEGEN_AVX2 | CODEGEN_BMI1 | CODEGEN_BMI2                  },
};

static uint32_t numbers_of(const struct op_row *row, uint8_t shape)
{
    static const uint8_t lanes[] = {16, 8, 4, 2, 4, 2};

    switch (row->over) {
    case OVER_CC: return shape == IR_I64X2 ? IR_SLE + 1 : IR_ULE + 1;
    case OVER_FCC:
    case OVER_FCC_AUX: return IR_FGE + 1;
    case OVER_LANES: return lanes[shape];
    case OVER_SHUFFLES: return LENGTH_OF(shuffle_patterns);
    case OVER_CHOICES: return CHOICES;
    case OVER_PREPARED: return LENGTH_OF(preparations);
    default: return 1;
    }
}

static bool in_all_modes(struct job *j, const char *processor)
{
    bool good = true;

    for (uint32_t mode = 0; mode < MODE_COUNT; mode++) {
        j->mode = (enum mode)mode;
        j->optimise = mode != MODE_REGISTERS;
        if (mode == MODE_SAME &&
            (operand_count(j->row) < 2 || j->row->types[2] != j->row->types[3]))
            continue;
        if (mode != MODE_CONSTANT) {
            good &= one(j, processor);
            continue;
        }
        const enum ir_type last = operand_type(j, operand_count(j->row) - 1);
        for (uint32_t c = 0; c < constants_of(last, &j->values); c++) {
            j->constant = constant_number(last, j->aux, c, &j->values);
            good &= one(j, processor);
        }
    }
    return good;
}

static void test_shape(const struct op_row *row, uint8_t shape, uint32_t host)
{
    static struct job j;
    bool good = true;

    memset(&j, 0, sizeof(j));
    j.row = row;
    j.aux = shape;
    values_init(&j.values);
    for (size_t p = 0; p < LENGTH_OF(processors); p++) {
        if ((processors[p].features & ~host) != 0)
            continue;
        j.features = processors[p].features;
        for (j.number = 0; j.number < numbers_of(row, shape); j.number++)
            good &= in_all_modes(&j, processors[p].name);
    }
    tap_ok(good && j.runs > 0, "%s %s %s: %u runs", ir_op_info[row->op].text, row->types,
           row->shapes[0] == '-' ? "" : shape_names[shape], j.runs);
}

int main(void)
{
    const uint32_t host = codegen_features_of_host();

    for (size_t i = 0; i < LENGTH_OF(op_rows); i++)
        for (const char *s = op_rows[i].shapes; *s != '\0'; s++)
            test_shape(&op_rows[i], shape_of_letter(*s), host);
    return tap_done();
}
