/* pool: what all machines of one kind share. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "spear/vm/cpio.h"
#include "spear/vm/vm_int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    POOL_EXECUTOR_MAX = 64 << 20, /* bytes of the executor */
    POOL_LOG_MAX = 1024,
    POOL_SPACE_MIN_MIB = 64, /* beside the machine's memory, for the frozen one */
};

static const char default_qemu[] = "qemu-system-x86_64";
static const char executor_name[] = "mujun-executor";

void vm_log(struct vm_pool *pool, const char *fmt, ...)
{
    char line[POOL_LOG_MAX];
    va_list ap;

    if (pool->options.log == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    pool->options.log(pool->options.ctx, line);
}

uint32_t vm_pool_slowdown(const struct vm_pool *pool)
{
    union {
        const struct vm_pool *given;
        struct vm_pool *wanted;
    } p = {.given = pool};

    pthread_mutex_lock(&p.wanted->lock);
    uint32_t slowdown = pool->slowdown;
    pthread_mutex_unlock(&p.wanted->lock);
    return slowdown;
}

uint64_t vm_scale(struct vm_pool *pool)
{
    return MIN(vm_pool_slowdown(pool), (uint32_t)VM_SCALE_MAX);
}

void vm_calibrate(struct vm_pool *pool, uint64_t calibration_ns)
{
    uint64_t slowdown = calibration_ns / ((uint64_t)WIRE_CALIBRATION_LOOPS * VM_NATIVE_CALL_NS);

    slowdown = MIN(MAX(slowdown, UINT64_C(1)), (uint64_t)VM_SLOWDOWN_MAX);
    pthread_mutex_lock(&pool->lock);
    /* Other programs disturb the measurement: one machine alone moves the mean a little. */
    pool->calibrated = pool->calibrated == 0 ? (double)slowdown
                                             : (3 * pool->calibrated + (double)slowdown) / 4;
    pool->slowdown = (uint32_t)(pool->calibrated + 0.5);
    pthread_mutex_unlock(&pool->lock);
}

const char *vm_pool_accel(const struct vm_pool *pool)
{
    return pool->accel_text;
}

double vm_pool_start_seconds(const struct vm_pool *pool)
{
    return pool->start_seconds;
}

/* ---- options ---- */

static enum status check_file(const char *what, const char *path, const char *advice,
                              struct diag *dg)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return file_fail(dg, errno, "%s %s (%s)", what, path, advice);
    if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode))
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "%s %s is not a file", what, path);
    return access(path, R_OK) == 0 ? ST_OK : file_fail(dg, errno, "%s %s", what, path);
}

static enum status check_kernel(const struct vm_options *o, struct diag *dg)
{
    enum { MAGIC_PLACE = 0x202, BOOT_BYTES = 0x206 };
    uint8_t head[BOOT_BYTES];

    TRY(check_file("kernel", o->kernel, "mujun kernel build makes one", dg));
    FILE *f = fopen(o->kernel, "re");
    size_t n = f == NULL ? 0 : fread(head, 1, sizeof(head), f);
    if (f != NULL)
        fclose(f);
    if (n != sizeof(head) || memcmp(head + MAGIC_PLACE, "HdrS", 4) != 0)
        return diag_fail(dg, ST_MALFORMED, MAGIC_PLACE,
                         "%s is no bzImage or vmlinuz: expected the letters HdrS", o->kernel);
    return ST_OK;
}

/* Free memory of this computer that a machine may have; UINT64_MAX: unknown. */
static uint64_t available_mib(void)
{
    uint8_t *text = NULL;
    size_t size = 0;
    uint64_t kib = UINT64_MAX;
    enum { MEMINFO_MAX = 64 << 10 };

    if (file_read("/proc/meminfo", MEMINFO_MAX, &text, &size, NULL) != ST_OK)
        return UINT64_MAX;
    const char *line = strstr((const char *)text, "MemAvailable:");
    uintmax_t value = 0;
    if (line != NULL && sscanf(line, "MemAvailable: %ju kB", &value) == 1)
        kib = value;
    mem_free(text);
    return kib == UINT64_MAX ? kib : kib / 1024;
}

static enum status check_numbers(const struct vm_options *o, struct diag *dg)
{
    if (o->slots == 0 || o->slots > WIRE_SLOTS_MAX)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "%u programs at once; 1 to %d are possible",
                         o->slots, WIRE_SLOTS_MAX);
    if (o->type == VM_LOCAL)
        return ST_OK;
    if (o->cpus > VM_CPUS_MAX)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "%u processors; 1 to %d are possible",
                         o->cpus, VM_CPUS_MAX);
    if (o->mem_mib < VM_MEM_MIB_MIN)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "%u MiB of memory; a kernel takes %d",
                         o->mem_mib, VM_MEM_MIB_MIN);
    uint64_t there_mib = available_mib();
    if (o->mem_mib > there_mib)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "a machine of %u MiB, but only %ju MiB of memory are free; give it less, "
                         "or end other programs", o->mem_mib, (uintmax_t)there_mib);
    return ST_OK;
}

static enum status find_executor(struct vm_pool *pool, struct diag *dg)
{
    char self[FILE_PATH_MAX];

    if (pool->options.executor != NULL) {
        snprintf(pool->executor, sizeof(pool->executor), "%s", pool->options.executor);
    } else {
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
        self[MAX(n, 0)] = '\0';
        char *slash = strrchr(self, '/');
        if (slash != NULL)
            *slash = '\0';
        snprintf(pool->executor, sizeof(pool->executor), "%.3000s/%s", self, executor_name);
        if (access(pool->executor, R_OK) != 0)
            snprintf(pool->executor, sizeof(pool->executor), "%.3000s/../lib/mujun/%s", self,
                     executor_name);
    }
    TRY(check_file("executor", pool->executor,
                   "`make` builds it beside mujun; --executor names another", dg));
    /* It is started in another folder. */
    char *whole = realpath(pool->executor, self);
    if (whole != NULL)
        memcpy(pool->executor, self, sizeof(self));
    return ST_OK;
}

static enum status check_machine(struct vm_pool *pool, struct diag *dg)
{
    const struct vm_options *o = &pool->options;

    if (o->kernel == NULL && o->image == NULL)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "no kernel to boot; give one with --kernel (a bzImage, or Debian's "
                         "/boot/vmlinuz-*), or make one: mujun kernel build");
    if (o->kernel != NULL)
        TRY(check_kernel(o, dg));
    if (o->image != NULL) {
        TRY(check_file("image", o->image, "a disk image with an ssh server", dg));
        if (o->sshkey == NULL)
            return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                             "the image %s needs an sshkey for its root", o->image);
        TRY(check_file("sshkey", o->sshkey, "the private key of the image's root", dg));
    }
    if (!file_find_program(o->qemu, pool->qemu))
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET,
                         "%s is not there; install it with `apt-get install qemu-system-x86`, or "
                         "name another emulator", o->qemu);
    return vm_qemu_version(pool, dg);
}

/* ---- what is made of them ---- */

static void lay_out(struct vm_pool *pool)
{
    const struct vm_options *o = &pool->options;
    const uint64_t page = WIRE_PAGE_BYTES;
    struct wire_header *h = &pool->layout;

    h->magic = WIRE_MAGIC;
    h->version = WIRE_VERSION;
    h->slot_count = o->slots;
    h->known_log2 = VM_KNOWN_LOG2;
    h->known_offset = WIRE_MACHINE_OFFSET + page;
    h->slots_offset = h->known_offset + (sizeof(uint32_t) << VM_KNOWN_LOG2);
    h->reply_offset = (WIRE_REQUEST_BYTES + WIRE_PAYLOAD_MAX + page - 1) / page * page;
    h->slot_bytes = h->reply_offset + WIRE_REPLY_MAX;
    h->sandbox = o->sandbox;
    h->features_wanted = o->features_wanted;
    uint64_t bytes = page;
    while (bytes < h->slots_offset + h->slot_bytes * o->slots)
        bytes *= 2;
    h->region_bytes = bytes;
    pool->region_bytes = (size_t)bytes;
}

struct root_job {
    struct arena arena;
    struct buf out;
    const uint8_t *executor;
    size_t size;
};

static enum status make_root(void *ctx, struct diag *dg)
{
    struct root_job *job = ctx;

    (void)dg;
    buf_init(&job->out, &job->arena);
    cpio_root(&job->out, job->executor, job->size);
    return ST_OK;
}

static enum status write_initramfs(struct vm_pool *pool, struct diag *dg)
{
    uint8_t *executor = NULL;
    struct root_job job = {.size = 0};

    if (snprintf(pool->initramfs, sizeof(pool->initramfs), "%s/initramfs.cpio",
                 pool->options.work_dir) >= (int)sizeof(pool->initramfs))
        return file_fail(dg, ENAMETOOLONG, "cannot write in %.64s...", pool->options.work_dir);
    TRY(file_read(pool->executor, POOL_EXECUTOR_MAX, &executor, &job.size, dg));
    job.executor = executor;
    arena_init(&job.arena, 4 * POOL_EXECUTOR_MAX);
    enum status st = arena_guard(&job.arena, make_root, &job, dg);
    if (st == ST_OK)
        st = file_write(pool->initramfs, job.out.data, job.out.size, dg);
    arena_free(&job.arena);
    mem_free(executor);
    return st;
}

static void *serve(void *ctx)
{
    struct vm_pool *pool = ctx;

    loop_run(pool->loop);
    return NULL;
}

static enum status open_checked(struct vm_pool *pool, struct diag *dg)
{
    const struct vm_options *o = &pool->options;

    TRY(check_numbers(o, dg));
    TRY(find_executor(pool, dg));
    TRY(file_make_dirs(o->work_dir, dg));
    if (o->type == VM_QEMU) {
        TRY(check_machine(pool, dg));
        uint64_t left_mib = file_space_left(o->work_dir) >> 20;
        if (left_mib < POOL_SPACE_MIN_MIB)
            return diag_fail(dg, ST_IO, DIAG_NO_OFFSET,
                             "%s: only %ju MiB are left on that disk, %d are needed; make room, or "
                             "choose another work directory", o->work_dir, (uintmax_t)left_mib,
                             POOL_SPACE_MIN_MIB);
        TRY(write_initramfs(pool, dg));
    } else {
        snprintf(pool->accel_text, sizeof(pool->accel_text), "none: programs run on this computer");
    }
    lay_out(pool);
    pool->known = mem_alloc((size_t)1 << VM_KNOWN_LOG2, sizeof(pool->known[0]));
    if (pool->known == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no memory for the known signal");
    TRY(loop_open(&pool->loop, dg));
    int error = pthread_create(&pool->thread, NULL, serve, pool);
    if (error != 0) {
        loop_close(pool->loop);
        pool->loop = NULL;
        return file_fail(dg, error, "cannot start a thread");
    }
    return ST_OK;
}

enum status vm_pool_open(const struct vm_options *options, struct vm_pool **out, struct diag *dg)
{
    struct vm_pool *pool = mem_alloc(1, sizeof(*pool));

    if (pool == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no memory for machines");
    pool->options = *options;
    struct vm_options *o = &pool->options;
    o->qemu = o->qemu == NULL ? default_qemu : o->qemu;
    o->cpus = MAX(o->cpus, 1U);
    o->mem_mib = o->mem_mib == 0 ? VM_MEM_MIB_DEFAULT : o->mem_mib;
    o->slots = MAX(o->slots, 1U);
    o->boot_timeout_s = o->boot_timeout_s == 0 ? VM_BOOT_S : o->boot_timeout_s;
    o->work_dir = o->work_dir == NULL ? "." : o->work_dir;
    pool->accel = VM_ACCEL_TCG;
    pool->template_fd = -1;
    pool->slowdown = o->type == VM_LOCAL ? 1 : VM_SLOWDOWN_GUESS;
    snprintf(pool->accel_text, sizeof(pool->accel_text), "not tried yet");
    pthread_mutex_init(&pool->lock, NULL);
    pthread_mutex_init(&pool->start_lock, NULL);
    enum status st = open_checked(pool, dg);
    if (st != ST_OK) {
        vm_pool_close(pool);
        return st;
    }
    *out = pool;
    return ST_OK;
}

void vm_pool_close(struct vm_pool *pool)
{
    CHECK(pool->machines == NULL, "all machines have been stopped");
    if (pool->loop != NULL) {
        loop_stop(pool->loop);
        pthread_join(pool->thread, NULL);
        loop_close(pool->loop);
    }
    if (pool->initramfs[0] != '\0')
        unlink(pool->initramfs);
    pthread_mutex_destroy(&pool->lock);
    pthread_mutex_destroy(&pool->start_lock);
    vm_template_release(pool);
    mem_free(pool->known);
    mem_free(pool);
}

/* ---- starting ---- */

static enum status boot(struct vm_pool *pool, uint32_t index, struct vm **out, struct diag *dg)
{
    struct vm *vm = NULL;
    uint64_t boot_ms = (uint64_t)pool->options.boot_timeout_s * 1000;

    TRY(vm_machine_open(pool, index, VM_BOOT, pool->accel, &vm, dg));
    enum status st;
    if (pool->options.type == VM_LOCAL) {
        st = vm_local_boot(vm, dg);
    } else if (pool->options.image != NULL) {
        st = vm_image_boot(vm, dg);
    } else {
        st = vm_qemu_start(vm, NULL, dg);
        if (st == ST_OK)
            st = vm_machine_wait(vm, VM_READY, boot_ms, dg);
    }
    if (st == ST_OK)
        st = vm_machine_go(vm, boot_ms, dg);
    if (st != ST_OK) {
        vm_machine_close(vm);
        return st;
    }
    *out = vm;
    return ST_OK;
}

/* A kernel that does not boot is told at once. A copy that does not work is tried with a frozen
 * machine made anew; then every machine boots. */
static enum status start_copy(struct vm_pool *pool, uint32_t index, struct vm **out,
                              struct diag *dg)
{
    uint32_t tried = 0;

    for (uint32_t attempt = 0; attempt < 2; attempt++) {
        enum status st = ST_OK;
        pthread_mutex_lock(&pool->start_lock);
        if (attempt != 0 && pool->template_number == tried) /* nobody has made a new one since */
            vm_template_discard(pool);
        if (!pool->is_template_broken)
            st = vm_template_ensure(pool, index, dg);
        tried = pool->template_number;
        bool is_broken = pool->is_template_broken;
        pthread_mutex_unlock(&pool->start_lock);
        if (st != ST_OK)
            return st;
        if (is_broken)
            return boot(pool, index, out, dg);
        if (vm_template_clone(pool, index, out, dg) == ST_OK)
            return ST_OK;
        vm_log(pool, "%s; %s", dg->text,
               attempt == 0 ? "trying again with a new frozen machine" : "every machine boots now");
    }
    pthread_mutex_lock(&pool->start_lock);
    pool->is_template_broken = true;
    pthread_mutex_unlock(&pool->start_lock);
    return boot(pool, index, out, dg);
}

enum status vm_start(struct vm_pool *pool, uint32_t index, struct vm **out, struct diag *dg)
{
    uint64_t start_ns = loop_now_ns();
    enum status st = ST_OK;
    const struct vm_options *o = &pool->options;
    struct diag own = {0};

    if (dg == NULL)
        dg = &own;
    if (pool->is_interrupted)
        return diag_fail(dg, ST_TIMEOUT, DIAG_NO_OFFSET, "no machines are wanted any more");
    if (o->type == VM_QEMU) {
        pthread_mutex_lock(&pool->start_lock);
        bool is_new = !pool->is_accel_known;
        st = vm_accel_decide(pool, index, dg);
        pthread_mutex_unlock(&pool->start_lock);
        if (is_new && st == ST_OK)
            vm_log(pool, "machines run under %s", pool->accel_text);
    }
    if (st == ST_OK && (o->type == VM_LOCAL || o->image != NULL || o->no_snapshot))
        st = boot(pool, index, out, dg);
    else if (st == ST_OK)
        st = start_copy(pool, index, out, dg);
    if (st != ST_OK)
        return st;
    pthread_mutex_lock(&pool->lock);
    pool->start_seconds = (double)(loop_now_ns() - start_ns) / 1e9;
    pthread_mutex_unlock(&pool->lock);
    return ST_OK;
}

void vm_pool_interrupt(struct vm_pool *pool)
{
    pool->is_interrupted = true; /* vm_machine_wait() looks now and then */
}

/* ---- known signal ---- */

/* Where the edge stands now, or UINT32_MAX: the table is full there, or it was known. */
static uint32_t insert(uint32_t *table, uint32_t edge)
{
    uint32_t place = wire_known_place(edge, VM_KNOWN_LOG2);

    for (uint32_t i = 0; i < WIRE_KNOWN_PROBES; i++) {
        uint32_t at = (place + i) & ((UINT32_C(1) << VM_KNOWN_LOG2) - 1);
        if (table[at] == edge)
            return UINT32_MAX;
        if (table[at] == 0) {
            table[at] = edge;
            return at;
        }
    }
    return UINT32_MAX;
}

void vm_pool_know(struct vm_pool *pool, const uint32_t *edges, size_t count)
{
    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < count; i++) {
        uint32_t at = edges[i] == 0 ? UINT32_MAX : insert(pool->known, edges[i]);
        for (struct vm *vm = pool->machines; at != UINT32_MAX && vm != NULL; vm = vm->next) {
            uint8_t *place = vm->region + pool->layout.known_offset + at * sizeof(uint32_t);
            __atomic_store_n((uint32_t *)(void *)place, edges[i], __ATOMIC_RELAXED);
        }
    }
    pthread_mutex_unlock(&pool->lock);
}
