/* choice: which call goes well with one that is there already.
 *
 * What calls have in common is called a key: a resource, a struct that pointers lead to, file
 * names, areas of memory, a set of strings. A call uses a key with a weight, and so the priority of
 * b after a is the sum over keys of use(a) * (3/2 input(b) + use(b)). That sum is never written out
 * for every pair, which would be a table of hundreds of megabytes: a key is drawn first, by its
 * part of a's sum, then a call by its part of the key. The odds are those of the table.
 *
 * What follows what in the corpus is counted by pair, and the pairs that occur are few. Both
 * sources have the same say. SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "spear/syz/make.h"

#include <math.h>
#include <string.h>

enum {
    USE_RESOURCE = 10, /* of just the kind */
    USE_PARENT = 2,    /* of what it descends from */
    USE_COMMON = 1,    /* of what everything has: users, processes, times */
    USE_STRUCT = 10,
    USE_FILENAME = 10,
    USE_VMA = 5,
    USE_STRING = 2,
    KEY_LARGE = 512, /* calls; the best partner is then estimated instead of looked for */
    UNIFORM_PERCENT = 5,
    DRAWS_MAX = 100,
    SELF_OTHERS_MIN = 4, /* other calls for every time that a call follows itself */
};

struct part {
    uint32_t id;  /* of a call or a key */
    uint64_t end; /* sum of the weights up to here and with it */
};

struct row {
    struct part *parts;
    uint32_t count;
};

struct syz_choice {
    const struct syz_target *target;
    const bool *enabled; /* may be generated, by id */
    uint32_t *all;       /* ids of those */
    uint32_t all_count;
    struct row *keys;     /* by key: calls */
    struct row *statics;  /* by call: keys */
    uint64_t *self;       /* by call: weight of the call itself */
    uint64_t *others;     /* by call: sum of the weights of all others */
    struct row *dynamics; /* by call: calls that follow it in the corpus; or NULL */
};

/* ---- uses of keys ---- */

struct use {
    uint32_t call, key;
    uint32_t input, any;
};

struct builder {
    struct arena *a;
    const struct syz_target *t;
    struct syz_choice *c;
    struct map strings; /* names of sets to their key + 1 */
    uint32_t key_count;
    uint32_t *seen;   /* per type and direction: the last walk that came by */
    uint32_t *use_of; /* per key: 1 + index of the use by the call of this walk */
    uint32_t use_of_capacity;
    uint32_t walk, call;
    struct use *uses;
    uint32_t use_count, use_capacity;
    uint32_t first_use; /* of this call */
};

/* Keys stand in this order: resources, types that pointers lead to, two more, sets of strings. */
static uint32_t key_of_type(const struct builder *b, const struct syz_type *t)
{
    return b->t->resource_count + t->id;
}

static uint32_t key_filename(const struct builder *b)
{
    return b->t->resource_count + b->t->type_count;
}

static uint32_t key_vma(const struct builder *b)
{
    return key_filename(b) + 1;
}

static uint32_t key_string(struct builder *b, struct str name)
{
    uintptr_t key = (uintptr_t)map_get(&b->strings, name);

    if (key == 0) {
        key = ++b->key_count;
        map_put(&b->strings, name, (void *)key);
        if (b->key_count > b->use_of_capacity) {
            b->use_of = arena_grow(b->a, b->use_of, b->use_of_capacity, b->use_of_capacity * 2u,
                                   sizeof(*b->use_of));
            b->use_of_capacity *= 2;
        }
    }
    return (uint32_t)key - 1;
}

static void use(struct builder *b, uint32_t key, uint32_t weight, enum syz_dir dir)
{
    uint32_t index = b->use_of[key];

    if (index <= b->first_use) { /* by an earlier call */
        ARENA_PUSH(b->a, b->uses, b->use_count, b->use_capacity,
                   ((struct use){.call = b->call, .key = key}));
        index = b->use_of[key] = b->use_count;
    }
    struct use *u = &b->uses[index - 1];
    u->any = MAX(u->any, weight);
    if (dir != SYZ_OUT)
        u->input = MAX(u->input, weight);
}

static void use_resource(struct builder *b, const struct syz_resource *r, enum syz_dir dir)
{
    static const char *const common[] = {"uid", "gid", "pid", "time_sec", "time_nsec", "time_usec"};
    bool is_common = false;

    for (uint32_t i = 0; i < LENGTH_OF(common); i++)
        is_common = is_common || str_equal(r->name, str_of(common[i]));
    use(b, r->id, is_common ? USE_COMMON : USE_RESOURCE, dir);
    for (const struct syz_resource *up = r->parent; up != NULL; up = up->parent)
        use(b, up->id, is_common ? USE_COMMON : USE_PARENT, dir);
}

static void walk_type(struct builder *b, const struct syz_type *t, enum syz_dir dir)
{
    uint32_t *seen = &b->seen[t->id * 3 + (uint32_t)dir];

    if (*seen == b->walk)
        return;
    *seen = b->walk;
    switch (t->kind) {
    case SYZ_RESOURCE: use_resource(b, t->resource, dir); break;
    case SYZ_VMA: use(b, key_vma(b), USE_VMA, dir); break;
    case SYZ_PTR: {
        const struct syz_type *to = t->ptr.to->kind == SYZ_ARRAY ? t->ptr.to->array.of : t->ptr.to;
        if (to->kind == SYZ_STRUCT || to->kind == SYZ_UNION)
            use(b, key_of_type(b, to), USE_STRUCT, dir);
        walk_type(b, t->ptr.to, t->ptr.dir);
        break;
    }
    case SYZ_BUFFER:
        if (t->buffer.kind == SYZ_FILENAME)
            use(b, key_filename(b), USE_FILENAME, dir);
        else if (t->buffer.kind == SYZ_STRING && t->buffer.flags.size != 0)
            use(b, key_string(b, t->buffer.flags), USE_STRING, dir);
        break;
    case SYZ_ARRAY: walk_type(b, t->array.of, dir); break;
    case SYZ_STRUCT:
    case SYZ_UNION:
        for (uint32_t i = 0; i < t->group.count; i++)
            walk_type(b, t->group.fields[i].type, field_dir(t, i, dir));
        break;
    default: break;
    }
}

static void find_uses(struct builder *b)
{
    b->key_count = key_vma(b) + 1;
    b->use_of_capacity = b->key_count + 256;
    b->use_of = arena_new(b->a, uint32_t, b->use_of_capacity);
    b->seen = arena_new(b->a, uint32_t, (size_t)b->t->type_count * 3);
    map_init(&b->strings, b->a);
    for (uint32_t i = 0; i < b->t->call_count; i++) {
        const struct syz_call *call = &b->t->calls[i];
        if (call->why != SYZ_ENABLED)
            continue;
        b->walk++;
        b->call = i;
        b->first_use = b->use_count;
        for (uint32_t k = 0; k < call->arg_count; k++)
            walk_type(b, call->args[k].type, call->args[k].has_dir ? call->args[k].dir : SYZ_IN);
        if (call->result != NULL)
            walk_type(b, call->result, SYZ_OUT);
    }
}

/* ---- static priorities ---- */

static uint64_t weight_in_key(const struct use *u)
{
    return 3 * u->input + 2 * u->any;
}

static uint64_t total_of(const struct row *row)
{
    return row->count == 0 ? 0 : row->parts[row->count - 1].end;
}

static void append(struct row *row, uint32_t id, uint64_t weight)
{
    row->parts[row->count] = (struct part){id, total_of(row) + weight};
    row->count++;
}

static uint64_t weight_at(const struct row *row, uint32_t i)
{
    return row->parts[i].end - (i == 0 ? 0 : row->parts[i - 1].end);
}

/* Rows of their lengths, empty. Adds up with count[] calls of append(). */
static struct row *rows_of(struct arena *a, const uint32_t *counts, uint32_t count)
{
    struct row *rows = arena_new(a, struct row, count);
    size_t total = 0;

    for (uint32_t i = 0; i < count; i++)
        total += counts[i];
    struct part *parts = arena_new(a, struct part, total);
    for (uint32_t i = 0; i < count; i++) {
        rows[i].parts = parts;
        parts += counts[i];
    }
    return rows;
}

static void fill_rows(struct builder *b)
{
    struct syz_choice *c = b->c;
    uint32_t *per_key = arena_new(b->a, uint32_t, b->key_count);
    uint32_t *per_call = arena_new(b->a, uint32_t, b->t->call_count);

    for (uint32_t i = 0; i < b->use_count; i++) {
        per_key[b->uses[i].key] += c->enabled[b->uses[i].call];
        per_call[b->uses[i].call]++;
    }
    c->keys = rows_of(b->a, per_key, b->key_count);
    c->statics = rows_of(b->a, per_call, b->t->call_count);
    for (uint32_t i = 0; i < b->use_count; i++)
        if (c->enabled[b->uses[i].call])
            append(&c->keys[b->uses[i].key], b->uses[i].call, weight_in_key(&b->uses[i]));
    for (uint32_t i = 0; i < b->use_count; i++) {
        const struct use *u = &b->uses[i];
        append(&c->statics[u->call], u->key, u->any * total_of(&c->keys[u->key]));
    }
}

/* The weight of the best partner of the call whose uses are these. */
static uint64_t best_partner(struct builder *b, const struct use *uses, uint32_t count,
                             uint64_t *sums, uint32_t call, uint64_t *own)
{
    uint64_t best = 0, estimated = 0;

    *own = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct row *key = &b->c->keys[uses[i].key];
        if (b->c->enabled[call])
            *own += uses[i].any * weight_in_key(&uses[i]);
        if (key->count > KEY_LARGE) {
            estimated += uses[i].any * weight_in_key(&uses[i]);
            continue;
        }
        for (uint32_t k = 0; k < key->count; k++) {
            uint64_t *sum = &sums[key->parts[k].id];
            *sum += uses[i].any * weight_at(key, k);
            best = key->parts[k].id == call ? best : MAX(best, *sum);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct row *key = &b->c->keys[uses[i].key];
        for (uint32_t k = 0; k < key->count && key->count <= KEY_LARGE; k++)
            sums[key->parts[k].id] = 0;
    }
    return best + estimated;
}

/* A call is followed by itself with 3/4 of the weight of its best partner, but not so often that
 * one with few partners would be followed by little else. */
static void fill_self(struct builder *b)
{
    struct syz_choice *c = b->c;
    uint64_t *sums = arena_new(b->a, uint64_t, b->t->call_count);

    c->self = arena_new(b->a, uint64_t, b->t->call_count);
    c->others = arena_new(b->a, uint64_t, b->t->call_count);
    for (uint32_t i = 0; i < b->use_count;) {
        uint32_t call = b->uses[i].call, count = 1;
        uint64_t own = 0;
        while (i + count < b->use_count && b->uses[i + count].call == call)
            count++;
        uint64_t best = best_partner(b, b->uses + i, count, sums, call, &own);
        c->others[call] = total_of(&c->statics[call]) - own;
        if (c->enabled[call])
            c->self[call] = MIN(best * 3 / 4, c->others[call] / SELF_OTHERS_MIN);
        i += count;
    }
}

/* ---- what the corpus shows ---- */

static uint64_t count_pairs(const struct syz_choice *c, const struct syz_prog *p, uint32_t *counts,
                            uint32_t **nexts)
{
    uint64_t total = 0;

    for (uint32_t i = 0; i < p->count; i++)
        for (uint32_t k = i + 1; k < p->count; k++) {
            uint32_t a = p->steps[i].call->id, b = p->steps[k].call->id;
            if (!c->enabled[b])
                continue;
            if (nexts != NULL)
                nexts[a][counts[a]] = b;
            counts[a]++;
            total++;
        }
    return total;
}

/* One row: how often each call follows, as a weight that grows with the root of it. */
static void tally(const uint32_t *nexts, uint32_t count, uint32_t *times, struct row *row)
{
    for (uint32_t i = 0; i < count; i++)
        times[nexts[i]]++;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t *n = &times[nexts[i]];
        if (*n != 0)
            append(row, nexts[i], (uint64_t)(1000.0 * sqrt((double)*n)));
        *n = 0;
    }
}

static void fill_dynamic(struct builder *b, const struct syz_prog *const *corpus, size_t count)
{
    struct syz_choice *c = b->c;
    uint32_t calls = b->t->call_count;
    uint32_t *counts = arena_new(b->a, uint32_t, calls), *times = arena_new(b->a, uint32_t, calls);
    uint32_t **nexts = arena_new(b->a, uint32_t *, calls);
    uint64_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += count_pairs(c, corpus[i], counts, NULL);
    uint32_t *pool = arena_new(b->a, uint32_t, total);
    for (uint32_t i = 0; i < calls; i++) {
        nexts[i] = pool;
        pool += counts[i];
        counts[i] = 0;
    }
    for (size_t i = 0; i < count; i++)
        count_pairs(c, corpus[i], counts, nexts);
    uint32_t *lengths = arena_new(b->a, uint32_t, calls);
    for (uint32_t i = 0; i < calls; i++) {
        for (uint32_t k = 0; k < counts[i]; k++)
            lengths[i] += times[nexts[i][k]]++ == 0;
        for (uint32_t k = 0; k < counts[i]; k++)
            times[nexts[i][k]] = 0;
    }
    c->dynamics = rows_of(b->a, lengths, calls);
    for (uint32_t i = 0; i < calls; i++)
        tally(nexts[i], counts[i], times, &c->dynamics[i]);
}

struct syz_choice *syz_choice_build(struct arena *a, const struct syz_target *t,
                                    const bool *enabled, const struct syz_prog *const *corpus,
                                    size_t corpus_count)
{
    struct syz_choice *c = arena_new(a, struct syz_choice, 1);
    bool *may = arena_new(a, bool, t->call_count);
    struct builder b = {.a = a, .t = t, .c = c};

    c->target = t;
    c->all = arena_new(a, uint32_t, t->call_count);
    for (uint32_t i = 0; i < t->call_count; i++) {
        const struct syz_call *call = &t->calls[i];
        bool is_kept_back = (call->attrs >> SYZ_ATTR_no_generate & 1) != 0;
        may[i] = (enabled == NULL || enabled[i]) && call->why == SYZ_ENABLED && !is_kept_back;
        if (may[i])
            c->all[c->all_count++] = i;
    }
    c->enabled = may;
    find_uses(&b);
    fill_rows(&b);
    fill_self(&b);
    if (corpus_count != 0)
        fill_dynamic(&b, corpus, corpus_count);
    return c;
}

/* ---- choosing ---- */

static uint32_t draw(const struct row *row, struct rng *r)
{
    uint64_t at = rng_below(r, total_of(row));
    uint32_t low = 0, high = row->count - 1;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (row->parts[middle].end > at)
            high = middle;
        else
            low = middle + 1;
    }
    return row->parts[low].id;
}

static uint32_t draw_static(const struct syz_choice *c, struct rng *r, uint32_t before)
{
    if (rng_below(r, c->self[before] + c->others[before]) < c->self[before])
        return before;
    for (uint32_t i = 0; i < DRAWS_MAX; i++) { /* others have weight, be it little */
        uint32_t key = draw(&c->statics[before], r);
        uint32_t chosen = draw(&c->keys[key], r);
        if (chosen != before)
            return chosen;
    }
    return before;
}

const struct syz_call *syz_choose_call(const struct syz_choice *c, struct rng *r,
                                       const struct syz_call *before)
{
    if (c->all_count == 0)
        return NULL;
    uint32_t chosen = c->all[rng_below(r, c->all_count)];
    if (before == NULL || rng_chance(r, UNIFORM_PERCENT, 100))
        return &c->target->calls[chosen];
    const uint32_t id = before->id;
    const bool has_static = c->self[id] + c->others[id] != 0;
    const bool has_dynamic = c->dynamics != NULL && c->dynamics[id].count != 0;
    if (has_dynamic && (!has_static || rng_chance(r, 1, 2)))
        chosen = draw(&c->dynamics[id], r);
    else if (has_static)
        chosen = draw_static(c, r, id);
    return &c->target->calls[chosen];
}

bool syz_choice_is_enabled(const struct syz_choice *c, const struct syz_call *call)
{
    return c->enabled[call->id];
}

const struct syz_target *syz_choice_target(const struct syz_choice *c)
{
    return c->target;
}
