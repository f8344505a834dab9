/* translate_pair: joins the newest two instructions into one where pairs.def has a row for them.
 * Done when the next instruction begins or control flow may meet, so that everything which takes
 * back or redirects the newest instruction still finds it alone.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/translate_int.h"

#include "shield/interp/handler.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

enum { NO_LINK = UINT8_MAX };
enum fate { DROP, KEEP };

struct pair {
    uint16_t first, second, op;
    uint8_t link, fate;
};

#define LINK_N NO_LINK
#define LINK_0 0
#define LINK_1 1
#define LINK_2 2
static const struct pair pairs[] = {
#define PAIR(first, second, link, fate)                                                            \
    {IOP_##first, IOP_##second, IOP_##first##_THEN_##second##_##link##_##fate, LINK_##link, fate},
#include "shield/interp/pairs.def"
#undef PAIR
};

/* Per instruction: 1 + its first row as a first, and whether it is a second. */
static uint16_t first_row[IOP_COUNT];
static bool is_second[IOP_COUNT];
static pthread_once_t filled = PTHREAD_ONCE_INIT;

static void fill(void)
{
    for (uint16_t i = LENGTH_OF(pairs); i-- > 0;) {
        first_row[pairs[i].first] = (uint16_t)(i + 1);
        is_second[pairs[i].second] = true;
    }
}

void tr_pairs_init(void)
{
    pthread_once(&filled, fill);
}

/* Operand words of an instruction; those of lists only up to the count. */
static uint32_t operand_words(enum interp_op op)
{
    uint32_t n = 0;

    for (const char *f = interp_formats[op]; *f != 0 && *f != '#'; f++)
        n += *f == 'I' ? 2 : *f == 'V' ? 4 : 1;
    return n;
}

enum interp_op tr_pair_parts(enum interp_op op, enum interp_op *second)
{
    for (uint32_t i = 0; i < LENGTH_OF(pairs); i++) {
        if (pairs[i].op == op) {
            *second = (enum interp_op)pairs[i].second;
            return (enum interp_op)pairs[i].first;
        }
    }
    assert(false && "only pairs are asked for");
    return *second = op;
}

static const struct pair *find(const struct tr *t)
{
    const uint32_t *a = t->code + t->before.start + 2, *b = t->code + t->newest.start + 2;

    for (uint32_t i = first_row[t->before.op] - 1u; i < LENGTH_OF(pairs); i++) {
        const struct pair *p = &pairs[i];
        if (p->first != t->before.op)
            break;
        if (p->second != t->newest.op)
            continue;
        if (p->link != NO_LINK && b[p->link] != a[0])
            continue;
        if (p->fate == DROP && a[0] < t->local_bytes)
            continue; /* a local: others read it */
        return p;
    }
    return NULL;
}

uint32_t tr_settle(struct tr *t)
{
    struct newest *a = &t->before, *b = &t->newest;
    uint32_t operands = b->start + 2;

    if (!t->may_pair || b->end != t->code_count || a->end != b->start || a->end == 0 ||
        first_row[a->op] == 0 || !is_second[b->op])
        return operands;
    const struct pair *p = find(t);
    if (p == NULL)
        return operands;

    uint32_t n = operand_words((enum interp_op)a->op), moved = b->end - operands;
    uint32_t to = a->start + 2 + n, words = b->op == IOP_BR_TABLE
                                                ? 2 + t->code[operands + 1]
                                                : operand_words((enum interp_op)b->op);
    memmove(t->code + to, t->code + operands, moved * sizeof(uint32_t));
    memcpy(t->code + a->start, &interp_handlers[p->op], sizeof(interp_handler *));
    if (t->map[t->map_count - 1].word == b->start)
        t->map[t->map_count - 1].word = a->start + n; /* where its traps are raised */
    t->code_count = a->start + INTERP_WORDS(n + words);
    *a = (struct newest){.start = a->start,
                         .end = t->code_count,
                         .op = p->op,
                         .result_word = to,
                         .map_count = a->map_count,
                         .has_result = b->has_result};
    *b = *a;
    a->end = 0;
    t->steps += words;
    return to;
}
