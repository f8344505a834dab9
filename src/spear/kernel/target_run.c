/* target_run: one program in one slot of a machine: encoded, sent, its answer copied out of the
 * slot into the worker's arena. SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/target_int.h"

#include <string.h>

enum { TARGET_EXTRA_BIT = 40 }; /* of run_request.full_signal */

_Static_assert(TARGET_PARTS_MAX == WIRE_CALLS_MAX + 1, "a part per call, and the extra one");
_Static_assert((int)PART_EXECUTED == (int)WIRE_CALL_EXECUTED &&
                   (int)PART_FINISHED == (int)WIRE_CALL_FINISHED &&
                   (int)PART_BLOCKED == (int)WIRE_CALL_BLOCKED &&
                   (int)PART_FAULT == (int)WIRE_CALL_FAULT,
               "flags of calls go through as they are");

static uint32_t wire_flags(uint32_t run_flags)
{
    return WIRE_RUN_THREADED | WIRE_RUN_QUIET | ((run_flags & RUN_SIGNAL) ? WIRE_RUN_SIGNAL : 0u) |
           ((run_flags & RUN_COVER) ? WIRE_RUN_COVER : 0u) |
           ((run_flags & RUN_COMPARISONS) ? WIRE_RUN_COMPARISONS : 0u) |
           ((run_flags & RUN_FRESH) ? WIRE_RUN_FRESH : 0u);
}

/* The extra record is bit part_count of the wire's mask. */
static uint64_t wire_full_signal(uint64_t parts, uint32_t part_count)
{
    uint64_t calls = parts & ((UINT64_C(1) << part_count) - 1);
    bool extra = (parts >> TARGET_EXTRA_BIT & 1) != 0;
    return calls | (extra ? UINT64_C(1) << part_count : 0);
}

static const uint32_t *copy_words(struct arena *a, const uint8_t *data, uint32_t offset,
                                  uint32_t count)
{
    uint32_t *words = arena_new(a, uint32_t, count);

    memcpy(words, data + offset, (size_t)count * sizeof(*words));
    return words;
}

static const struct comparison *copy_comparisons(struct arena *a, const struct kernel_slot *slot,
                                                 const struct wire_call_reply *call)
{
    struct comparison *list = arena_new(a, struct comparison, call->comparison_count);

    for (uint32_t i = 0; i < call->comparison_count; i++) {
        struct wire_comparison c;
        memcpy(&c, slot->data + call->comparison_offset + i * sizeof(c), sizeof(c));
        list[i] = (struct comparison){slot->machine->info.pc_high | c.pc, c.left, c.right,
                                      (uint8_t)c.bytes, c.is_const != 0};
    }
    return list;
}

static void copy_part(struct arena *a, const struct kernel_slot *slot,
                      const struct wire_call_reply *call, struct part_outcome *part)
{
    part->flags = call->flags & (PART_EXECUTED | PART_FINISHED | PART_BLOCKED | PART_FAULT);
    part->error = call->error;
    part->signal_count = call->signal_count;
    part->signal = copy_words(a, slot->data, call->signal_offset, call->signal_count);
    part->cover_count = call->cover_count;
    part->cover = copy_words(a, slot->data, call->cover_offset, call->cover_count);
    part->comparison_count = call->comparison_count;
    part->comparisons = copy_comparisons(a, slot, call);
}

/* Why a program could not be run, the first times: then somebody should look into it. */
static void tell_broken(const struct kernel_slot *slot, struct str why)
{
    enum { TOLD_MAX = 10 };
    struct kernel_target *k = slot->machine->k;

    if (atomic_fetch_add(&k->broken_told, 1) < TOLD_MAX)
        kernel_say(k, "vm-%u: a program could not be run: %.*s", slot->machine->index,
                   STR_ARG(why));
}

static void copy_result(struct arena *a, const struct kernel_slot *slot, uint32_t part_count,
                        const struct vm_result *result, struct outcome *out)
{
    const struct wire_reply *reply = &result->reply;

    out->end = reply->status == WIRE_DONE   ? RUN_DONE
               : reply->status == WIRE_HUNG ? RUN_HUNG
                                            : RUN_BROKEN;
    out->elapsed_ns = reply->elapsed_ns;
    out->inside_ns = MIN(reply->calls_ns, reply->elapsed_ns);
    out->host_ns = result->host_ns;
    if (out->end == RUN_BROKEN)
        tell_broken(slot,
                    (struct str){(const char *)slot->data + reply->text_offset, reply->text_bytes});
    if (out->end == RUN_BROKEN || reply->call_count != part_count)
        return;
    for (uint32_t i = 0; i <= part_count; i++) /* the extra one is the last */
        copy_part(a, slot, &result->calls[i], &out->parts[i]);
}

struct run_job {
    struct kernel_slot *slot;
    struct maker *m;
    const struct input *in;
    const struct run_request *request;
    struct outcome *out;
};

/* The program as bytes; NULL when it is none of ours, or too large. */
static const struct syz_prog *encode(const struct run_job *job, struct buf *stream)
{
    struct kernel_target *k = job->slot->machine->k;
    struct syz_prog *p = job->in->body;
    struct diag dg = {0};

    if (p == NULL &&
        syz_prog_parse(job->m->arena, k->syz, job->in->text, SYZ_REPAIR, &p, &dg) != ST_OK)
        p = NULL;
    buf_init(stream, job->m->arena);
    if (p != NULL && p->count != 0 && p->count <= WIRE_CALLS_MAX &&
        syz_prog_encode(p, stream, &dg) == ST_OK && stream->size <= WIRE_PAYLOAD_MAX)
        return p;
    tell_broken(job->slot, str_of(dg.text));
    return NULL;
}

static void run(const struct run_job *job)
{
    struct kernel_slot *slot = job->slot;
    struct kernel_machine *machine = slot->machine;
    struct vm_result *result = arena_new(job->m->arena, struct vm_result, 1);
    struct buf stream;
    const struct syz_prog *p = encode(job, &stream);

    if (p == NULL) {
        job->out->end = RUN_BROKEN;
        return;
    }
    uint64_t id = atomic_fetch_add(&machine->k->next_id, 1) + 1;
    struct vm_request request = {
        .kind = WIRE_PROGRAM,
        .flags = wire_flags(job->request->flags),
        .id = id,
        .full_signal = wire_full_signal(job->request->full_signal, p->count),
        .payload = stream.data,
        .payload_bytes = stream.size,
        .sandbox = machine->k->options.vm->sandbox,
    };
    result->data = slot->data;
    journal_begin(machine->journal, slot->index, id, job->in->text);
    enum vm_end end = vm_run(machine->vm, slot->index, &request, result);
    if (end != VM_RAN) {
        job->out->end = RUN_DEAD;
        return; /* the journal keeps it as running */
    }
    journal_end(machine->journal, slot->index, id);
    job->out->part_count = p->count;
    copy_result(job->m->arena, slot, p->count, result, job->out);
}

void kernel_run(void *self, void *slot, struct maker *m, const struct input *in,
                const struct run_request *request, struct outcome *out)
{
    struct kernel_slot *s = slot;
    struct run_job job = {s, m, in, request, out};

    (void)self;
    *out = (struct outcome){.end = RUN_DEAD, .part_count = in->parts};
    if (!atomic_load(&s->machine->is_closed))
        run(&job);
}

void kernel_know(void *self, const uint32_t *edges, size_t count)
{
    struct kernel_target *k = self;

    if (k->pool != NULL)
        vm_pool_know(k->pool, edges, count);
}
