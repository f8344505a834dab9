/* accel: hardware acceleration only where a kernel really boots under it. That /dev/kvm exists, and
 * even that it opens, says little: nested in another machine it may run no ordinary kernel.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "spear/vm/vm_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    ACCEL_FIRST_WORD_MS = 10000, /* an accelerated kernel speaks within a second */
    ACCEL_READY_MS = 60000,
    ACCEL_MANY_BYTES = 4096, /* more than any loader says */
    ACCEL_VERDICT_MAX = 1024, /* bytes of the file */
};

static void decide(struct vm_pool *pool, enum vm_accel accel, const char *why)
{
    pthread_mutex_lock(&pool->lock);
    pool->accel = accel;
    pool->slowdown = accel == VM_ACCEL_KVM ? 1 : VM_SLOWDOWN_GUESS;
    snprintf(pool->accel_text, sizeof(pool->accel_text), "%s (%s)",
             accel == VM_ACCEL_KVM ? "kvm" : "tcg", why);
    pthread_mutex_unlock(&pool->lock);
    pool->is_accel_known = true;
}

/* Where the verdict on this kernel and emulator is kept. */
static enum status name_verdict(struct vm_pool *pool, char path[FILE_PATH_MAX], struct diag *dg)
{
    struct digest d;
    char hex[DIGEST_TEXT_BYTES], all[FILE_PATH_MAX];

    digest_begin(&d);
    digest_add_text(&d, pool->qemu_version);
    digest_add_text(&d, "first line"); /* the question: verdicts on another one are not read */
    if (pool->options.kernel != NULL)
        TRY(digest_add_file(&d, pool->options.kernel, dg));
    if (digest_add_file(&d, "/proc/version", NULL) != ST_OK)
        digest_add_text(&d, "unknown host");
    digest_done(&d, hex);
    file_cache_path("machines", all);
    TRY(file_make_dirs(all, dg));
    if (snprintf(path, FILE_PATH_MAX, "%s/kvm-%s", all, hex) >= FILE_PATH_MAX)
        return file_fail(dg, ENAMETOOLONG, "cannot create %.64s...", all);
    return ST_OK;
}

/* "kvm" or "tcg", a blank, the reason. False: there is none. */
static bool read_verdict(struct vm_pool *pool, const char *path)
{
    uint8_t *data = NULL;
    size_t size = 0;

    if (file_read(path, ACCEL_VERDICT_MAX, &data, &size, NULL) != ST_OK)
        return false;
    char *text = (char *)data;
    text[strcspn(text, "\n")] = '\0';
    bool is_kvm = strncmp(text, "kvm ", 4) == 0, is_tcg = strncmp(text, "tcg ", 4) == 0;
    if (is_kvm || is_tcg)
        decide(pool, is_kvm ? VM_ACCEL_KVM : VM_ACCEL_TCG, text + 4);
    mem_free(data);
    return is_kvm || is_tcg;
}

/* Waits for the kernel's first line. What its loader prints does not count: that much runs where
 * no kernel does. A disk image may boot with little on this console. */
static bool has_spoken(struct vm *vm)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000000L};
    uint64_t due_ns = loop_now_ns() + (uint64_t)ACCEL_FIRST_WORD_MS * 1000000;

    while (loop_now_ns() < due_ns && vm_is_alive(vm)) {
        pthread_mutex_lock(&vm->lock);
        struct str text = console_text(&vm->console);
        bool has = text.size > ACCEL_MANY_BYTES ||
                   (text.size != 0 && memmem(text.text, text.size, "Linux version", 13) != NULL);
        pthread_mutex_unlock(&vm->lock);
        if (has)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

/* Does a kernel boot? why (of size bytes) tells, if not. */
static bool boots_under_kvm(struct vm_pool *pool, uint32_t index, char *why, size_t size)
{
    struct vm *vm = NULL;
    struct diag dg = {0};
    bool is_good = false;

    enum status st = vm_machine_open(pool, index, VM_PROBE, VM_ACCEL_KVM, &vm, &dg);
    if (st == ST_OK)
        st = vm_qemu_start(vm, NULL, &dg);
    if (st != ST_OK) {
        snprintf(why, size, "%.*s", (int)size - 1, dg.text);
    } else if (!has_spoken(vm)) {
        if (vm_is_alive(vm))
            snprintf(why, size, "/dev/kvm opens, but a kernel started under it is silent for %d s",
                     ACCEL_FIRST_WORD_MS / 1000);
        else
            snprintf(why, size, "/dev/kvm opens, but under it %.150s", vm->why);
    } else if (pool->options.image != NULL) {
        is_good = true; /* its executor comes later */
    } else {
        is_good = vm_machine_wait(vm, VM_READY, ACCEL_READY_MS, &dg) == ST_OK;
        if (!is_good)
            snprintf(why, size, "/dev/kvm opens, but %.200s", dg.text);
    }
    if (vm != NULL)
        vm_machine_close(vm);
    return is_good;
}

enum status vm_accel_decide(struct vm_pool *pool, uint32_t index, struct diag *dg)
{
    char path[FILE_PATH_MAX], why[VM_WHY_MAX] = "";

    if (pool->is_accel_known)
        return ST_OK;
    if (pool->options.accel != VM_ACCEL_AUTO) {
        decide(pool, pool->options.accel, "as told");
        return ST_OK;
    }
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        char text[128];
        int error = errno;
        snprintf(why, sizeof(why), "/dev/kvm: %s%s", strerror_r(error, text, sizeof(text)),
                 error == EACCES ? "; add yourself to the group kvm for speed" : "");
        decide(pool, VM_ACCEL_TCG, why);
        return ST_OK;
    }
    close(fd);
    bool is_kept = name_verdict(pool, path, dg) == ST_OK;
    if (is_kept && read_verdict(pool, path))
        return ST_OK;
    vm_log(pool, "machine %u: trying whether a kernel boots under /dev/kvm", index);
    bool is_good = boots_under_kvm(pool, index, why, sizeof(why));
    decide(pool, is_good ? VM_ACCEL_KVM : VM_ACCEL_TCG, is_good ? "a kernel boots under it" : why);
    snprintf(why, sizeof(why), "%s", pool->accel_text);
    char text[VM_WHY_MAX + 8];
    /* "kvm (reason)" without its brackets */
    int n = snprintf(text, sizeof(text), "%.3s %.*s\n", why, (int)strlen(why + 5) - 1, why + 5);
    if (!is_kept || file_write(path, text, (size_t)n, dg) != ST_OK)
        vm_log(pool, "the verdict is not kept: %s", dg->text);
    return ST_OK;
}
