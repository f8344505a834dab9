/* extract_text: the .const file. What other machines have there stays; of each name the value that
 * most machines share comes first, then those that differ.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/const.h"
#include "spear/syz/extract.h"

#include <string.h>

enum { ARCHES_MAX = 32 };

/* What the present file says, per machine that it lists. */
struct before {
    const struct syz_arch *arches[ARCHES_MAX]; /* by name */
    struct map consts[ARCHES_MAX];
    uint32_t count;
};

static bool lists_arch(struct str text, const char *name, struct arena *a)
{
    struct syz_errors errors = {.arena = a};
    struct map consts;
    struct buf probe;

    /* A value for all of `arches` is there for a machine exactly when it is listed. */
    map_init(&consts, a);
    buf_init(&probe, a);
    for (size_t at = 0; at < text.size;) {
        size_t end = at;
        while (end < text.size && text.text[end] != '\n')
            end++;
        if (end - at > 6 && str_equal((struct str){text.text + at, 6}, STR("arches")))
            buf_bytes(&probe, text.text + at, end - at);
        at = end + 1;
    }
    if (probe.size == 0)
        return false;
    buf_text(&probe, "\nlisted = 1\n");
    syz_consts_read(&consts, (struct str){(const char *)probe.data, probe.size}, 0, STR(""),
                    str_of(name), true, &errors);
    const struct syz_const *listed = map_get(&consts, STR("listed"));
    return listed != NULL && listed->has_value;
}

/* Machines by name, `own` always among them; the values of all but it. */
static void read_before(struct before *b, struct str text, const struct syz_arch *own,
                        struct arena *a)
{
    const struct syz_arch *arch = NULL;

    for (uint32_t i = 0; (arch = syz_arch_at(i)) != NULL && b->count < ARCHES_MAX; i++) {
        struct syz_errors errors = {.arena = a};
        uint32_t at = b->count;
        if (arch != own && !lists_arch(text, arch->name, a))
            continue;
        while (at > 0 && strcmp(b->arches[at - 1]->name, arch->name) > 0) {
            b->arches[at] = b->arches[at - 1];
            b->consts[at] = b->consts[at - 1];
            at--;
        }
        b->arches[at] = arch;
        map_init(&b->consts[at], a);
        if (arch != own)
            syz_consts_read(&b->consts[at], text, 0, STR(""), str_of(arch->name), true, &errors);
        b->count++;
    }
}

static bool same(struct syz_const x, struct syz_const y)
{
    return x.has_value == y.has_value && (!x.has_value || x.value == y.value);
}

static void print_value(struct buf *out, struct syz_const value)
{
    if (value.has_value)
        buf_printf(out, "%ju", (uintmax_t)value.value);
    else
        buf_text(out, "???");
}

/* The index of the value that most share; the first of them in case of a tie. */
static uint32_t most_common(const struct syz_const *values, uint32_t count)
{
    uint32_t best = 0, best_votes = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t votes = 0;
        for (uint32_t k = 0; k < count; k++)
            votes += same(values[i], values[k]);
        if (votes > best_votes) {
            best = i;
            best_votes = votes;
        }
    }
    return best;
}

/* NAME = 5, arm:arm64:7, s390x:??? */
static void print_line(struct buf *out, struct str name, const struct before *b,
                       const struct syz_const *values)
{
    bool done[ARCHES_MAX] = {false};
    uint32_t common = most_common(values, b->count);

    buf_printf(out, "%.*s = ", STR_ARG(name));
    if (b->count == 1 && !values[0].has_value)
        buf_printf(out, "%s:", b->arches[0]->name);
    print_value(out, values[common]);
    for (uint32_t i = 0; i < b->count; i++) {
        if (done[i] || same(values[i], values[common]))
            continue;
        buf_text(out, ", ");
        for (uint32_t k = i; k < b->count; k++)
            if (same(values[i], values[k])) {
                buf_printf(out, "%s:", b->arches[k]->name);
                done[k] = true;
            }
        print_value(out, values[i]);
    }
    buf_byte(out, '\n');
}

void extract_print(const struct extract_value *values, uint32_t count, struct str before,
                   const struct syz_arch *arch, struct buf *out)
{
    struct before *b = arena_new(out->arena, struct before, 1);

    read_before(b, before, arch, out->arena);
    buf_text(out, "# Written by `mujun desc extract` from kernel headers; do not edit.\narches = ");
    for (uint32_t i = 0; i < b->count; i++)
        buf_printf(out, "%s%s", i == 0 ? "" : ", ", b->arches[i]->name);
    buf_byte(out, '\n');
    for (uint32_t i = 0; i < count; i++) {
        struct syz_const line[ARCHES_MAX];
        for (uint32_t k = 0; k < b->count; k++) {
            const struct syz_const *known = map_get(&b->consts[k], values[i].name);
            line[k] = b->arches[k] == arch ? (struct syz_const){values[i].value, values[i].is_known}
                      : known != NULL      ? *known
                                           : (struct syz_const){0};
        }
        print_line(out, values[i].name, b, line);
    }
}
