/* workers: the crew of one machine, a thread per slot. They run until the machine dies or is
 * closed, and can be made to wait between two steps. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "spear/manager/manager_int.h"

struct hand {
    struct crew *crew;
    uint32_t slot;
    pthread_t thread;
};
struct crew {
    struct place *p;
    void *machine;
    uint32_t count;
    struct hand hands[MANAGER_SLOTS_MAX];
};

/* False when the worker is to leave. */
static bool pass_gate(struct place *p)
{
    struct manager *m = p->m;

    if (manager_must_stop(m))
        return false;
    pthread_mutex_lock(&m->lock);
    while (p->is_paused && !manager_must_stop(m)) {
        p->workers_waiting++;
        pthread_cond_broadcast(&m->changed);
        manager_wait(m, 1000);
        p->workers_waiting--;
    }
    pthread_mutex_unlock(&m->lock);
    return !manager_must_stop(m);
}

static void *work(void *arg)
{
    struct hand *hand = arg;
    struct place *p = hand->crew->p;
    struct manager *m = p->m;
    const struct machine_kind *kind = m->parts.machines;
    struct worker *w = worker_new(m->engine, kind->slot(hand->crew->machine, hand->slot),
                                  p->index * MANAGER_SLOTS_MAX + hand->slot);

    for (bool is_alive = w != NULL; is_alive && pass_gate(p);) {
        const uint64_t begin = manager_now_ns();
        is_alive = worker_step(w);
        atomic_fetch_add(&m->step_ns, manager_now_ns() - begin);
    }
    if (w != NULL)
        worker_free(w);
    pthread_mutex_lock(&m->lock);
    p->workers--;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

static void join_all(struct crew *crew)
{
    for (uint32_t i = 0; i < crew->count; i++)
        pthread_join(crew->hands[i].thread, NULL);
    mem_free(crew);
}

enum status crew_start(struct place *p, struct crew **out, struct diag *dg)
{
    struct crew *crew = mem_alloc(1, sizeof(*crew));
    uint32_t slots = MIN(p->m->parts.machines->slots, (uint32_t)MANAGER_SLOTS_MAX);

    if (crew == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "threads of a machine");
    crew->p = p;
    crew->machine = p->machine;
    for (uint32_t i = 0; i < slots; i++) {
        crew->hands[i] = (struct hand){.crew = crew, .slot = i};
        pthread_mutex_lock(&p->m->lock);
        p->workers++;
        pthread_mutex_unlock(&p->m->lock);
        if (pthread_create(&crew->hands[i].thread, NULL, work, &crew->hands[i]) != 0) {
            pthread_mutex_lock(&p->m->lock);
            p->workers--;
            pthread_mutex_unlock(&p->m->lock);
            p->m->parts.machines->close(p->machine);
            join_all(crew);
            return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "thread %u of a machine", i);
        }
        crew->count++;
    }
    *out = crew;
    return ST_OK;
}

void crew_end(struct crew *crew)
{
    struct place *p = crew->p;

    p->m->parts.machines->close(crew->machine);
    crew_resume(p);
    join_all(crew);
}

bool crew_pause(struct place *p)
{
    struct manager *m = p->m;

    pthread_mutex_lock(&m->lock);
    p->is_paused = true;
    while (p->workers != 0 && p->workers_waiting < p->workers && !manager_must_stop(m) &&
           m->parts.machines->is_alive(p->machine))
        manager_wait(m, 200);
    bool is_quiet = p->workers != 0 && p->workers_waiting == p->workers && !manager_must_stop(m) &&
                    m->parts.machines->is_alive(p->machine);
    pthread_mutex_unlock(&m->lock);
    return is_quiet;
}

void crew_resume(struct place *p)
{
    pthread_mutex_lock(&p->m->lock);
    p->is_paused = false;
    pthread_cond_broadcast(&p->m->changed);
    pthread_mutex_unlock(&p->m->lock);
}
