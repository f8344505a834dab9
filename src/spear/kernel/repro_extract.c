/* repro_extract: which of the programs in a log is guilty. First whoever the report names, then the
 * last program of each process, then all together, cut down until each that is left is needed.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/crash_log.h"
#include "spear/kernel/repro_int.h"

#include <stdio.h>
#include <string.h>

/* A program of the log, parsed. */
struct suspect {
    const struct syz_prog *program;
    uint64_t proc, id;
    bool is_named, is_last; /* in the report; of its process */
};

struct suspects {
    struct suspect *all; /* in the order in which they ran */
    size_t count;
};

/* Does the report speak of a process syz.PROC.ID? */
static bool is_named(const struct repro *r, const struct crash_log_program *p)
{
    char name[64];
    const int size =
        snprintf(name, sizeof(name), "syz.%ju.%ju", (uintmax_t)p->proc, (uintmax_t)p->id);
    const struct str text = r->wanted.text;
    const char *at = text.text, *end = text.text + text.size;

    if (!p->has_id)
        return false;
    while (at < end && (at = memmem(at, (size_t)(end - at), name, (size_t)size)) != NULL) {
        at += size;
        if (at == end || *at < '0' || *at > '9')
            return true;
    }
    return false;
}

static struct suspects find_suspects(struct repro *r)
{
    size_t count;
    struct crash_log_program *logged = crash_log_programs(r->arena, r->options->log, &count);
    const size_t first = count > REPRO_LOG_LAST ? count - REPRO_LOG_LAST : 0;
    struct suspects found = {arena_new(r->arena, struct suspect, count - first), 0};

    for (size_t i = first; i < count; i++) {
        struct syz_prog *program;
        struct diag dg;
        if (syz_prog_parse(r->arena, r->options->target, logged[i].text, SYZ_REPAIR, &program,
                           &dg) != ST_OK ||
            program->count == 0)
            continue;
        for (size_t k = 0; k < found.count; k++)
            if (found.all[k].proc == logged[i].proc)
                found.all[k].is_last = false;
        found.all[found.count++] = (struct suspect){
            .program = program,
            .proc = logged[i].proc,
            .id = logged[i].id,
            .is_named = is_named(r, &logged[i]),
            .is_last = true,
        };
    }
    return found;
}

static bool try_alone(struct repro *r, const struct suspect *s)
{
    repro_say(r, "program %ju of process %ju, %u calls, %s", (uintmax_t)s->id, (uintmax_t)s->proc,
              s->program->count, s->is_named ? "named by the report" : "alone");
    return repro_try_program(r, s->program, &r->options->settings);
}

static bool try_together(struct repro *r, const struct syz_prog *const *programs, size_t count)
{
    const struct repro_case c = {
        .programs = programs,
        .program_count = count,
        .settings = r->options->settings,
        .seconds = r->slowest_s > 0 ? 0 : REPRO_SECONDS_LOG,
    };
    repro_say(r, "%zu programs, one after the other", count);
    return repro_attempt(r, &c);
}

/* Drops parts of the list, halves first, as long as what is left crashes. */
static size_t bisect(struct repro *r, const struct syz_prog **programs, size_t count)
{
    const struct syz_prog **rest = arena_new(r->arena, const struct syz_prog *, count);

    for (size_t part = count / 2; part > 0; part /= 2)
        for (size_t at = 0; at < count && count > 1 && !repro_stopped(r);) {
            const size_t size = MIN(part, count - at);
            if (size == count)
                break;
            memcpy(rest, programs, at * sizeof(*rest));
            memcpy(rest + at, programs + at + size, (count - at - size) * sizeof(*rest));
            if (try_together(r, rest, count - size)) {
                count -= size;
                memcpy(programs, rest, count * sizeof(*rest));
            } else {
                at += size;
            }
        }
    return count;
}

/* All calls of all programs in one; NULL when they are too many. */
static struct syz_prog *concatenate(struct repro *r, const struct syz_prog *const *programs,
                                    size_t count)
{
    struct syz_prog *all = syz_prog_new(r->arena, r->options->target);

    for (size_t i = 0; i < count; i++) {
        struct syz_prog *copy = syz_prog_clone(r->arena, programs[i]);
        if (all->count + copy->count > SYZ_CALLS_MAX)
            return NULL;
        for (uint32_t k = 0; k < copy->count; k++)
            syz_prog_insert(all, all->count, copy->steps[k]);
    }
    return all;
}

static struct syz_prog *extract_from_all(struct repro *r, const struct suspects *s)
{
    const struct syz_prog **programs = arena_new(r->arena, const struct syz_prog *, s->count);
    size_t count = s->count;

    for (size_t i = 0; i < count; i++)
        programs[i] = s->all[i].program;
    if (!try_together(r, programs, count))
        return NULL;
    count = bisect(r, programs, count);
    if (count == 1)
        return syz_prog_clone(r->arena, programs[0]);
    struct syz_prog *all = concatenate(r, programs, count);
    if (all == NULL) {
        repro_say(r, "%zu programs are needed, too many calls for one", count);
        return NULL;
    }
    repro_say(r, "%zu programs in one, %u calls", count, all->count);
    return repro_try_program(r, all, &r->options->settings) ? all : NULL;
}

struct syz_prog *repro_extract(struct repro *r)
{
    const struct suspects s = find_suspects(r);

    repro_say(r, "%zu programs in the log", s.count);
    if (s.count == 0)
        return NULL;
    for (size_t i = s.count; i-- > 0;)
        if (s.all[i].is_named && try_alone(r, &s.all[i]))
            return syz_prog_clone(r->arena, s.all[i].program);
    for (size_t i = s.count; i-- > 0;)
        if (s.all[i].is_last && !s.all[i].is_named && try_alone(r, &s.all[i]))
            return syz_prog_clone(r->arena, s.all[i].program);
    return s.count > 1 ? extract_from_all(r, &s) : NULL;
}
