/* queue: see queue.h. SPDX-License-Identifier: Apache-2.0 */
#include "spear/engine/queue.h"

#include "base/mem.h"

#include <string.h>

struct job *job_new(enum job_kind kind, struct str text, uint32_t part_count)
{
    struct job *job = mem_alloc(1, sizeof(*job) + text.size + 1);

    if (job == NULL)
        return NULL;
    job->kind = kind;
    char *copy = (char *)(job + 1);
    if (text.size != 0)
        memcpy(copy, text.text, text.size);
    job->text = (struct str){copy, text.size};
    if (part_count != 0)
        job->parts = mem_alloc(part_count, sizeof(*job->parts));
    if (part_count != 0 && job->parts == NULL) {
        mem_free(job);
        return NULL;
    }
    job->part_count = part_count;
    return job;
}

void job_free(struct job *job)
{
    if (job == NULL)
        return;
    for (uint32_t i = 0; i < job->part_count; i++) {
        mem_free(job->parts[i].fresh.edges);
        mem_free(job->parts[i].stable.edges);
        mem_free(job->parts[i].cover.edges);
        mem_free(job->parts[i].last.edges);
    }
    mem_free(job->parts);
    mem_free(job->comparisons);
    mem_free(job);
}

bool edge_list_copy(struct edge_list *out, const uint32_t *edges, uint32_t count)
{
    *out = (struct edge_list){.count = count};
    if (count == 0)
        return true;
    out->edges = mem_alloc(count, sizeof(*edges));
    if (out->edges == NULL) {
        out->count = 0;
        return false;
    }
    memcpy(out->edges, edges, count * sizeof(*edges));
    return true;
}

void queue_push(struct job_queue *q, struct job *job)
{
    job->next = NULL;
    if (q->last != NULL)
        q->last->next = job;
    else
        q->first = job;
    q->last = job;
    q->count++;
}

struct job *queue_pop(struct job_queue *q)
{
    struct job *job = q->first;

    if (job == NULL)
        return NULL;
    q->first = job->next;
    if (q->first == NULL)
        q->last = NULL;
    q->count--;
    job->next = NULL;
    return job;
}

void queue_free(struct job_queue *q)
{
    for (struct job *job; (job = queue_pop(q)) != NULL;)
        job_free(job);
}
