/*
 * overlap: which pairs of rules may both match a value. Two rules of one priority that may are
 * refused, and so is a rule that is never reached because one of higher priority matches all it
 * matches. Guards and extractors are opaque: equal ones say the same, different ones nothing.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rulec.h"

bool test_same(const struct test *a, const struct test *b)
{
    return a->kind == b->kind && a->a == b->a && a->b == b->b && a->number == b->number;
}

/* No value passes both. */
static bool exclude(const struct test *a, const struct test *b)
{
    if (a->kind != b->kind || a->a != b->a)
        return false;
    switch (a->kind) {
    case TEST_OP:
    case TEST_LITERAL:
    case TEST_GUARD:
        return a->number != b->number;
    case TEST_TYPE:
        return (a->number & b->number) == 0;
    case TEST_BITS: /* the narrowest type has 8 bits */
        return ((a->number ^ b->number) & 0xff) != 0;
    default:
        return false;
    }
}

bool rules_disjoint(const struct program *p, const struct rule *a, const struct rule *b)
{
    (void)p;
    for (uint32_t i = 0; i < a->test_count; i++)
        for (uint32_t k = 0; k < b->test_count; k++)
            if (exclude(&a->tests[i], &b->tests[k]))
                return true;
    return false;
}

/* Whatever passes all tests of `narrow` passes those of `wide`. */
static bool covers(const struct rule *wide, const struct rule *narrow)
{
    for (uint32_t i = 0; i < wide->test_count; i++) {
        const struct test *w = &wide->tests[i];
        bool found = false;
        for (uint32_t k = 0; k < narrow->test_count && !found; k++) {
            const struct test *n = &narrow->tests[k];
            found = test_same(w, n) || (w->kind == TEST_TYPE && n->kind == TEST_TYPE &&
                                        w->a == n->a && (n->number & ~w->number) == 0);
        }
        if (!found)
            return false;
    }
    return true;
}

void check_overlaps(struct program *p)
{
    for (uint32_t i = 0; i < p->rule_count; i++)
        for (uint32_t k = 0; k < i; k++) {
            const struct rule *a = p->rules[k], *b = p->rules[i];
            if (a->text == b->text || a->text->root != b->text->root)
                continue;
            const struct rule *first = a->text->priority >= b->text->priority ? a : b;
            const struct rule *second = first == a ? b : a;
            if (a->text->priority != b->text->priority) {
                if (covers(first, second))
                    rule_refuse(second->text->at,
                                "rule %s is never reached: %s (%s:%u) has a higher priority and "
                                "matches all it matches",
                                second->name, first->name, first->text->at.file,
                                first->text->at.line);
            } else if (!rules_disjoint(p, a, b)) {
                rule_refuse(b->text->at,
                            "rules %s and %s (%s:%u) have the same priority %d and may match the "
                            "same value: give one of them a higher priority",
                            b->name, a->name, a->text->at.file, a->text->at.line,
                            a->text->priority);
            }
        }
}
