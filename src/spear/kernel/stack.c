/* stack: see stack.h. SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/stack.h"

#include "spear/kernel/match.h"
#include "spear/kernel/oops.h"

#include <string.h>

struct walk {
    const struct stack_rule *rule;
    const struct console_line *lines;
    uint32_t count, at;
    struct str frames[STACK_FRAMES_MAX]; /* those that may be to blame */
    uint32_t frame_count;
    bool is_mixed;
};

bool stack_step(const char *steps, uint32_t i, char *out)
{
    while (i-- > 0) {
        steps = strchr(steps, ';');
        if (steps == NULL)
            return false;
        steps++;
    }
    size_t size = strcspn(steps, ";");
    if (size == 0 || size >= STACK_STEP_MAX)
        return false;
    memcpy(out, steps, size);
    out[size] = '\0';
    return true;
}

bool stack_frame(struct str line, struct str *function)
{
    struct match m;

    for (const char *const *p = oops_frames; *p != NULL; p++)
        if (match_find(*p, line, &m)) {
            *function = m.captures[0];
            return true;
        }
    return false;
}

static bool is_skipped(const struct walk *w, struct str function)
{
    char word[STACK_STEP_MAX];

    if (oops_matches(oops_skipped, function))
        return true;
    for (uint32_t i = 0; w->rule->skip != NULL && stack_step(w->rule->skip, i, word); i++)
        if (match_find(word, function, NULL))
            return true;
    return false;
}

static void add_frame(struct walk *w, struct str function)
{
    if (function.size != 0 && w->frame_count < STACK_FRAMES_MAX && !is_skipped(w, function))
        w->frames[w->frame_count++] = function;
}

static bool is_step(struct walk *w, const char *step, struct str text)
{
    struct match m;

    if (!match_find(step, text, &m))
        return false;
    if (m.count != 0)
        add_frame(w, m.captures[m.count - 1]);
    return true;
}

/* Goes to the line behind the one that the step waits for. */
static void walk_to(struct walk *w, const char *step)
{
    while (w->at < w->count) {
        struct str text = w->lines[w->at++].text;
        if (oops_matches(oops_intruders, text)) {
            w->is_mixed = true;
            return;
        }
        if (is_step(w, step, text))
            return;
    }
}

/* Collects frames until another trace begins; true when the line of the next step ended it. */
static bool walk_frames(struct walk *w, const char *next)
{
    struct str function;

    while (w->at < w->count) {
        struct str text = w->lines[w->at++].text;
        if (oops_matches(oops_intruders, text)) {
            w->is_mixed = true;
            return false;
        }
        if (oops_matches(oops_stack_starts, text))
            return false;
        if (next != NULL && is_step(w, next, text))
            return true;
        if (stack_frame(text, &function))
            add_frame(w, function);
    }
    return false;
}

static void walk_steps(struct walk *w, const char *steps)
{
    char step[STACK_STEP_MAX], next[STACK_STEP_MAX];

    for (uint32_t i = 0; stack_step(steps, i, step); i++) {
        if (strcmp(step, "@") != 0) {
            walk_to(w, step);
        } else {
            bool has_next = stack_step(steps, i + 1, next);
            i += walk_frames(w, has_next ? next : NULL);
        }
    }
}

/* ---- picking ---- */

/* A stalled CPU is caught anywhere in its loop; what it was asked to do is the same each time: the
 * frame above the dispatcher. */
static struct str pick_stall(const struct walk *w)
{
    for (uint32_t i = 0; i < w->frame_count; i++) {
        if (oops_matches(oops_stall_buckets, w->frames[i]))
            return w->frames[i];
        if (oops_matches(oops_stall_anchors, w->frames[i]))
            return w->frames[i == 0 ? 0 : i - 1];
    }
    return (struct str){0};
}

/* A task hangs where it waits; who is to blame stands above the waiting. */
static struct str pick_hang(const struct walk *w)
{
    for (uint32_t i = 0; i < w->frame_count; i++)
        if (oops_matches(oops_hang_buckets, w->frames[i]))
            return w->frames[i];
    for (uint32_t i = 0; i < w->frame_count; i++)
        if (!oops_matches(oops_hang_skipped, w->frames[i]))
            return w->frames[i];
    return (struct str){0};
}

static struct str pick(const struct walk *w)
{
    const char *way = w->rule->pick;

    if (way != NULL && strcmp(way, "stall") == 0)
        return pick_stall(w);
    if (way != NULL && strcmp(way, "hang") == 0)
        return pick_hang(w);
    return w->frame_count == 0 ? (struct str){0} : w->frames[0];
}

bool stack_blame(const struct stack_rule *rule, const struct console_line *lines, uint32_t count,
                 struct str *function)
{
    const char *ways[] = {rule->steps, rule->otherwise};
    bool is_good = false;

    *function = (struct str){0};
    for (uint32_t i = 0; i < LENGTH_OF(ways) && !is_good && ways[i] != NULL; i++) {
        struct walk w = {.rule = rule, .lines = lines, .count = count};
        walk_steps(&w, ways[i]);
        *function = pick(&w);
        is_good = function->size != 0 && !w.is_mixed;
    }
    return is_good;
}
