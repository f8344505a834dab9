/* encode: programs as bytes for the executor (wire/exec.h). SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/prog_int.h"
#include "spear/wire/exec.h"

#include <stdlib.h>

#define SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), "both sides agree")
SAME(SYZ_DATA_BYTES, EXEC_DATA_BYTES);
SAME(SYZ_RESULTS_MAX, EXEC_RESULTS_MAX);
SAME(SYZ_STREAM_BYTES_MAX, EXEC_STREAM_BYTES_MAX);
SAME(SYZ_ARGS_MAX, EXEC_ARGS_MAX);
SAME(SYZ_NATIVE, EXEC_NATIVE);
SAME(SYZ_BIG_ENDIAN, EXEC_BIG_ENDIAN);
SAME(SYZ_DEC, EXEC_DEC);
SAME(SYZ_HEX, EXEC_HEX);
SAME(SYZ_OCT, EXEC_OCT);

/* An argument in memory, and where. */
struct placed {
    const struct syz_arg *arg;
    uint64_t address;
};
struct placed_list {
    struct placed *items;
    uint32_t count, capacity;
};

struct encoder {
    struct buf *out;
    const struct syz_prog *prog;
    struct arg_map used; /* results that others use: 0, then their index + 1 */
    uint32_t next_index;
    bool has_variants;        /* tell ioctl$A from ioctl$B */
    struct placed_list sums;  /* checksums of this call */
    struct placed_list reads; /* results that the call writes into memory */
    bool has_many_results;
};

/* ---- numbers ---- */

static uint8_t *put_number(uint8_t *to, uint64_t value)
{
    uint64_t zigzag = value << 1 ^ (uint64_t)((int64_t)value >> 63);

    while (zigzag >= 0x80) {
        *to++ = (uint8_t)(zigzag | 0x80);
        zigzag >>= 7;
    }
    *to++ = (uint8_t)zigzag;
    return to;
}

static void put(struct encoder *e, uint64_t value)
{
    buf_reserve(e->out, EXEC_VARINT_BYTES_MAX);
    e->out->size = (size_t)(put_number(e->out->data + e->out->size, value) - e->out->data);
}

static void put_two(struct encoder *e, uint64_t a, uint64_t b)
{
    buf_reserve(e->out, EXEC_VARINT_BYTES_MAX * 2);
    uint8_t *end = put_number(put_number(e->out->data + e->out->size, a), b);
    e->out->size = (size_t)(end - e->out->data);
}

/* ---- arguments ---- */

/* field: of a bit-field; NULL where there can be none. */
static uint64_t meta_of(const struct encoder *e, const struct syz_type *t,
                        const struct syz_field *field)
{
    uint64_t size = t->scalar.base_bytes, offset = 0, bits = 0;

    if (field != NULL && field->unit_bytes != 0) {
        size = field->unit_bytes;
        bits = t->scalar.bits;
        offset = e->prog->target->arch->is_big_endian ? size * 8 - field->bit_offset - bits
                                                      : field->bit_offset;
    }
    return size | (uint64_t)t->scalar.format << 8 | offset << 16 | bits << 24;
}

static void put_const(struct encoder *e, const struct syz_arg *arg, const struct syz_field *field)
{
    uint64_t meta = meta_of(e, arg->type, field), value = arg->value;

    if (arg->type->kind == SYZ_PROC && value == PROC_DEFAULT) {
        value = 0;
    } else if (arg->type->kind == SYZ_PROC) {
        value += arg->type->proc.start;
        meta |= arg->type->proc.per_proc << 32;
    }
    put(e, EXEC_CONST);
    put_two(e, meta, value);
}

static void put_result(struct encoder *e, const struct syz_arg *arg, const struct syz_field *field)
{
    const struct syz_arg *from = arg->result.from;
    uint32_t number = from == NULL ? ARG_NONE : arg_map_get(&e->used, from);

    if (number == ARG_NONE || number == 0) { /* nobody has made it by now */
        put(e, EXEC_CONST);
        put_two(e, meta_of(e, arg->type, field), arg->result.value);
        return;
    }
    put(e, EXEC_RESULT);
    put_two(e, meta_of(e, arg->type, field), number - 1);
    put_two(e, MAX(arg->result.divide, (uint64_t)1), arg->result.add);
    put(e, arg->result.value);
}

static void put_data(struct encoder *e, const struct syz_arg *arg, uint64_t size)
{
    enum syz_buffer_kind kind = arg->type->kind == SYZ_BUFFER ? arg->type->buffer.kind : SYZ_BLOB;
    bool is_readable = kind == SYZ_STRING || kind == SYZ_FILENAME || kind == SYZ_GLOB;

    put_two(e, EXEC_DATA, size | (is_readable ? EXEC_DATA_READABLE : 0));
    buf_bytes(e->out, arg->data.bytes, size);
}

static void put_pointer(struct encoder *e, const struct syz_arg *arg)
{
    uint64_t size = arg->type->size_bytes;

    if (arg->pointer.is_special) {
        put(e, EXEC_CONST);
        put_two(e, size, arg->pointer.address);
    } else {
        put_two(e, size == 8 ? EXEC_ADDR64 : EXEC_ADDR32, arg->pointer.address);
    }
}

/* ---- before the call ---- */

/* What reaches past the end of the region is left out: nothing is there to be written to. */
static void copy_in(struct encoder *e, const struct syz_visit *v, uint64_t address)
{
    const struct syz_arg *arg = v->arg;
    uint64_t room = address < SYZ_DATA_BYTES ? SYZ_DATA_BYTES - address : 0;
    uint64_t size = arg->kind == SYZ_ARG_DATA ? arg->data.size : arg->type->size_bytes;

    if (arg->kind == SYZ_ARG_DATA)
        size = MIN(size, room);
    if (size == 0 || size > room)
        return;
    put_two(e, (uint64_t)EXEC_COPYIN, address);
    switch (arg->kind) {
    case SYZ_ARG_CONST: put_const(e, arg, v->field); break;
    case SYZ_ARG_RESULT: put_result(e, arg, v->field); break;
    case SYZ_ARG_POINTER: put_pointer(e, arg); break;
    default: put_data(e, arg, size); break;
    }
}

static bool visit_memory(void *ctx, const struct syz_visit *v)
{
    struct encoder *e = ctx;
    const struct syz_arg *arg = v->arg;

    if (v->base == NULL || v->base->pointer.is_special || arg->kind == SYZ_ARG_GROUP ||
        arg->kind == SYZ_ARG_UNION)
        return true;
    uint64_t address = v->base->pointer.address + v->offset;
    struct placed here = {arg, address};
    if (arg->kind == SYZ_ARG_RESULT && arg_map_get(&e->used, arg) != ARG_NONE)
        ARENA_PUSH(e->out->arena, e->reads.items, e->reads.count, e->reads.capacity, here);
    if (arg->dir == SYZ_OUT)
        return true;
    copy_in(e, v, address);
    if (arg->type->kind == SYZ_CSUM)
        ARENA_PUSH(e->out->arena, e->sums.items, e->sums.count, e->sums.capacity, here);
    return true;
}

/* ---- checksums ---- */

struct summing {
    struct encoder *e;
    struct arg_map places; /* argument to number in addresses */
    uint64_t *addresses;
    uint32_t count, capacity;
    const struct syz_arg *source, *destination; /* of the header around */
    const struct syz_arg *sum;                  /* the one wanted */
    struct path_target target;                  /* what it covers; .arg NULL: nothing */
};

static bool note_place(void *ctx, const struct syz_visit *v)
{
    struct summing *s = ctx;

    if (v->base == NULL)
        return true;
    arg_map_put(&s->places, v->arg, s->count);
    ARENA_PUSH(s->e->out->arena, s->addresses, s->count, s->capacity,
               v->base->pointer.address + v->offset);
    return true;
}

static const struct syz_arg *item_named(const struct syz_arg *group, struct str name)
{
    for (uint32_t i = 0; i < group->group.count; i++)
        if (str_equal(group->type->group.fields[i].name, name))
            return group->group.items[i];
    return NULL;
}

/* The last header before the checksum is that of its packet; then what the checksum covers. */
static void find_sum(void *ctx, const struct path_frame *frame, const struct syz_field *field,
                     struct syz_arg **place)
{
    struct summing *s = ctx;
    const struct syz_arg *arg = *place;

    (void)field;
    if (s->target.arg != NULL)
        return;
    if (arg->type->kind == SYZ_STRUCT) {
        const struct syz_arg *source = item_named(arg, STR("src_ip"));
        const struct syz_arg *destination = item_named(arg, STR("dst_ip"));
        if (source != NULL && destination != NULL) {
            s->source = source;
            s->destination = destination;
        }
    }
    if (arg == s->sum)
        path_follow(frame, &arg->type->csum.path, &s->target);
}

static void put_chunk(struct summing *s, const struct syz_arg *arg, uint64_t bytes)
{
    put_two(s->e, EXEC_CHUNK_DATA, s->addresses[arg_map_get(&s->places, arg)]);
    put(s->e, bytes);
}

static void put_chunk_number(struct encoder *e, uint64_t value, uint64_t bytes)
{
    put_two(e, EXEC_CHUNK_CONST, value);
    put(e, bytes);
}

enum { IPV4_BYTES = 4, IPV6_BYTES = 16, PSEUDO_CHUNKS = 5 };

static void put_sum(struct summing *s, const struct placed *sum)
{
    struct encoder *e = s->e;
    const struct syz_type *t = sum->arg->type;
    struct syz_arg *target = arg_inside(s->target.arg);

    if (target == NULL || arg_map_get(&s->places, target) == ARG_NONE)
        return;
    uint64_t bytes = syz_arg_bytes(target);
    bool is_pseudo = t->csum.kind == SYZ_CSUM_PSEUDO;
    uint64_t ip_bytes = s->source == NULL ? 0 : syz_arg_bytes(s->source);
    if (is_pseudo && ((ip_bytes != IPV4_BYTES && ip_bytes != IPV6_BYTES) ||
                      syz_arg_bytes(s->destination) != ip_bytes ||
                      arg_map_get(&s->places, s->source) == ARG_NONE))
        return; /* no header that it could be of */
    put_two(e, (uint64_t)EXEC_COPYIN, sum->address);
    put_two(e, EXEC_CSUM, t->size_bytes);
    put_two(e, EXEC_CSUM_INET, is_pseudo ? PSEUDO_CHUNKS : 1);
    if (is_pseudo) {
        bool is_ipv6 = ip_bytes == IPV6_BYTES;
        put_chunk(s, s->source, ip_bytes);
        put_chunk(s, s->destination, ip_bytes);
        put_chunk_number(e, is_ipv6 ? bytes : t->csum.protocol, is_ipv6 ? 4 : 2);
        put_chunk_number(e, is_ipv6 ? t->csum.protocol : bytes, is_ipv6 ? 4 : 2);
    }
    put_chunk(s, target, bytes);
}

static int by_falling_address(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    return x->address < y->address ? 1 : x->address > y->address ? -1 : 0;
}

/* Inner packets stand at higher addresses, and outer sums cover inner ones. */
static void put_sums(struct encoder *e, struct syz_step *step)
{
    struct summing s = {.e = e, .places = {.arena = e->out->arena}};

    if (e->sums.count == 0)
        return;
    syz_step_visit(step, note_place, &s);
    qsort(e->sums.items, e->sums.count, sizeof(*e->sums.items), by_falling_address);
    for (uint32_t i = 0; i < e->sums.count; i++) {
        s.sum = e->sums.items[i].arg;
        s.source = s.destination = NULL;
        s.target = (struct path_target){0};
        frames_visit(step, find_sum, &s);
        if (e->sums.items[i].address + s.sum->type->size_bytes <= SYZ_DATA_BYTES)
            put_sum(&s, &e->sums.items[i]);
    }
}

/* ---- calls ---- */

/* The next index, for a result that is used. */
static uint64_t new_index(struct encoder *e, const struct syz_arg *result)
{
    if (e->next_index == SYZ_RESULTS_MAX) {
        e->has_many_results = true;
        return (uint64_t)EXEC_NO_INDEX;
    }
    arg_map_put(&e->used, result, ++e->next_index);
    return e->next_index - 1;
}

static void put_argument(struct encoder *e, const struct syz_arg *arg)
{
    while (arg->kind == SYZ_ARG_UNION)
        arg = arg->choice.value;
    switch (arg->kind) {
    case SYZ_ARG_CONST: put_const(e, arg, NULL); break;
    case SYZ_ARG_RESULT: put_result(e, arg, NULL); break;
    case SYZ_ARG_POINTER: put_pointer(e, arg); break;
    default: /* nothing, as an option of a union */
        put(e, EXEC_CONST);
        put_two(e, e->prog->target->arch->pointer_bytes, 0);
    }
}

static const struct syz_call *missing_call(const struct syz_prog *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (syz_call_wire_number(p->target, p->steps[i].call) < 0)
            return p->steps[i].call;
    return NULL;
}

int64_t syz_call_wire_number(const struct syz_target *t, const struct syz_call *call)
{
    static const struct {
        const char *name;
        enum exec_pseudo number;
    } pseudo[] = {
#define PSEUDO(name, arguments, state, piece) {#name, EXEC_##name},
#include "spear/wire/pseudo.def"
    };

    if (t->arch->os == SYZ_LINUX && call->number >= 0)
        return call->number < EXEC_PSEUDO_BASE ? call->number : -1;
    for (uint32_t i = 0; i < LENGTH_OF(pseudo); i++)
        if (str_equal(call->base, str_of(pseudo[i].name)))
            return pseudo[i].number;
    return t->arch->os == SYZ_TEST ? EXEC_syz_nothing : -1;
}

static void put_attrs(struct encoder *e, const struct syz_call *call)
{
    uint64_t flags = (call->attrs >> SYZ_ATTR_remote_cover & 1) != 0 ? EXEC_ATTR_REMOTE_COVER : 0;

    if (e->has_variants)
        flags |= ((uint64_t)call->id + 1) << 8;
    if (call->timeout_ms == 0 && call->prog_timeout_ms == 0 && flags == 0)
        return;
    put_two(e, (uint64_t)EXEC_ATTRS, call->timeout_ms);
    put_two(e, call->prog_timeout_ms, flags);
}

static bool is_word_size(uint64_t bytes)
{
    return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

static void encode_step(struct encoder *e, struct syz_step *step)
{
    const struct syz_props *props = &step->props;

    e->sums.count = e->reads.count = 0;
    syz_step_visit(step, visit_memory, e);
    put_sums(e, step);
    if (props->fail_nth != 0 || props->is_async || props->rerun != 0) {
        put_two(e, (uint64_t)EXEC_PROPS, props->fail_nth);
        put_two(e, props->is_async, props->rerun);
    }
    put_attrs(e, step->call);
    /* The call's own arguments come before its result has an index. */
    bool is_used = step->result != NULL && arg_map_get(&e->used, step->result) != ARG_NONE;
    bool has_index = is_used && e->next_index < SYZ_RESULTS_MAX;
    e->has_many_results = e->has_many_results || (is_used && !has_index);
    put_two(e, (uint64_t)syz_call_wire_number(e->prog->target, step->call),
            has_index ? e->next_index : (uint64_t)EXEC_NO_INDEX);
    put(e, step->call->arg_count);
    for (uint32_t i = 0; i < step->call->arg_count; i++)
        put_argument(e, step->args[i]);
    if (has_index)
        new_index(e, step->result);
    for (uint32_t i = 0; i < e->reads.count; i++) {
        const struct placed *r = &e->reads.items[i];
        uint64_t bytes = r->arg->type->size_bytes;
        if (!is_word_size(bytes) || r->address + bytes > SYZ_DATA_BYTES)
            continue;
        put_two(e, (uint64_t)EXEC_COPYOUT, new_index(e, r->arg));
        put_two(e, r->address, bytes);
    }
}

enum status syz_prog_encode_for(const struct syz_prog *p, bool has_variants, struct buf *out,
                                struct diag *dg)
{
    struct encoder e = {
        .out = out, .prog = p, .used = {.arena = out->arena}, .has_variants = has_variants};
    const struct syz_call *missing = missing_call(p);
    size_t start = out->size;

    if (missing != NULL)
        return diag_fail(dg, ST_UNSUPPORTED, DIAG_NO_OFFSET,
                         "expected calls that the executor can make on %s, found %.*s",
                         p->target->arch->name, (int)missing->name.size, missing->name.text);
    if (p->count > EXEC_CALLS_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "expected at most %d calls in a program that is run, found %u; cut it "
                         "into several",
                         EXEC_CALLS_MAX, p->count);
    prog_used_results(p, &e.used);
    put(&e, p->count);
    for (uint32_t i = 0; i < p->count; i++)
        encode_step(&e, &p->steps[i]);
    put(&e, (uint64_t)EXEC_EOF);
    if (e.has_many_results)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "expected at most %d results that others use, found more; remove calls",
                         SYZ_RESULTS_MAX);
    if (out->size - start > SYZ_STREAM_BYTES_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "expected at most %d bytes when encoded, found %zu; remove calls or data",
                         SYZ_STREAM_BYTES_MAX, out->size - start);
    return ST_OK;
}

enum status syz_prog_encode(const struct syz_prog *p, struct buf *out, struct diag *dg)
{
    return syz_prog_encode_for(p, false, out, dg);
}
