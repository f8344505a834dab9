/* template: a machine is booted once, frozen when its executor is ready, and every machine after
 * that is a clone: the emulator maps the frozen memory copy-on-write and reads the state of its
 * devices, which takes a tenth of a second.
 *
 * Two things make this work. Memory in a shared file is not written into the state (the capability
 * x-ignore-shared). And the region, shared too but another one in each clone, is checked by its
 * address, which a fresh emulator has not been told yet: so we program the device as the frozen
 * kernel had, before the state comes in.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/vm/template.h"

#include "base/mem.h"
#include "io/digest.h"
#include "spear/vm/reply.h"
#include "spear/vm/vm_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    TEMPLATES_MAX = 4, /* kept; each takes some hundred megabytes */
    TEMPLATE_MAKING_S = 3600, /* one without a mark is being made; after this, it was given up */
    TEMPLATE_POLL_MS = 2,
    TEMPLATE_MOVE_MS = 60000, /* for the state to be written or read */
    TEMPLATE_MARK_MAX = 4096,
    TEMPLATE_MODE = 0600,
    /* PCI configuration by I/O ports. */
    PCI_ADDRESS_PORT = 0xcf8,
    PCI_DATA_PORT = 0xcfc,
    PCI_COMMAND = 0x04,
    PCI_COMMAND_MEMORY = 0x2,
    PCI_BAR2 = 0x18,
};

#define MARK_FORMAT                                                                                \
    "ram %" PRIu64 " devices %" PRIu64 " region %" PRIx64 " calibration %" PRIu64 "\n"

static const uint32_t pci_enable = UINT32_C(0x80000000);

/* What stands in the mark. */
struct mark {
    uint64_t ram_bytes, device_bytes, region_address, calibration_ns;
};

static void path_in(const char *dir, const char *name, char out[FILE_PATH_MAX])
{
    if (snprintf(out, FILE_PATH_MAX, "%s/%s", dir, name) >= FILE_PATH_MAX)
        out[0] = '\0'; /* cannot be opened: told there */
}

static bool read_mark(const char *dir, struct mark *mark)
{
    char path[FILE_PATH_MAX];
    uint8_t *text = NULL;
    size_t size = 0;
    struct stat ram, devices;

    path_in(dir, TEMPLATE_COMPLETE, path);
    if (file_read(path, TEMPLATE_MARK_MAX, &text, &size, NULL) != ST_OK)
        return false;
    int n = sscanf((const char *)text, MARK_FORMAT, &mark->ram_bytes, &mark->device_bytes,
                   &mark->region_address, &mark->calibration_ns);
    mem_free(text);
    path_in(dir, TEMPLATE_RAM, path);
    bool is_whole = n == 4 && stat(path, &ram) == 0 && (uint64_t)ram.st_size == mark->ram_bytes;
    path_in(dir, TEMPLATE_DEVICES, path);
    return is_whole && stat(path, &devices) == 0 &&
           (uint64_t)devices.st_size == mark->device_bytes;
}

/* ---- the emulator's part ---- */

static enum status ignore_shared(struct vm *vm, struct diag *dg)
{
    return qmp_command(&vm->qmp, "migrate-set-capabilities",
                       json_pack("{s:[{s:s, s:b}]}", "capabilities", "capability",
                                 "x-ignore-shared", "state", 1),
                       NULL, VM_QMP_MS, dg);
}

/* Waits until the state has been written or read. */
static enum status wait_moved(struct vm *vm, struct diag *dg)
{
    uint64_t due_ns = loop_now_ns() + (uint64_t)TEMPLATE_MOVE_MS * 1000000;
    const struct timespec pause = {.tv_nsec = TEMPLATE_POLL_MS * 1000000L};

    while (loop_now_ns() < due_ns) {
        json_t *answer = NULL;
        TRY(qmp_command(&vm->qmp, "query-migrate", NULL, &answer, VM_QMP_MS, dg));
        char state[32] = "", why[128] = "";
        const char *text = json_string_value(json_object_get(answer, "status"));
        const char *words = json_string_value(json_object_get(answer, "error-desc"));
        snprintf(state, sizeof(state), "%s", text == NULL ? "" : text);
        snprintf(why, sizeof(why), "%s", words == NULL ? "no reason given" : words);
        json_decref(answer);
        if (strcmp(state, "completed") == 0)
            return ST_OK;
        if (strcmp(state, "failed") == 0)
            return diag_fail(dg, ST_UNSUPPORTED, DIAG_NO_OFFSET, "moving its state: %s", why);
        nanosleep(&pause, NULL);
    }
    return diag_fail(dg, ST_TIMEOUT, DIAG_NO_OFFSET, "its state did not move in %d s",
                     TEMPLATE_MOVE_MS / 1000);
}

/* The address of the device's second region, among {"bus", "devices": [{"slot", "regions"}]}. */
static enum status find_region(struct vm *vm, uint64_t *address, struct diag *dg)
{
    json_t *buses = NULL, *bus, *device, *region;
    size_t i, j, k;

    *address = 0;
    TRY(qmp_command(&vm->qmp, "query-pci", NULL, &buses, VM_QMP_MS, dg));
    json_array_foreach (buses, i, bus) {
        json_array_foreach (json_object_get(bus, "devices"), j, device) {
            if (json_integer_value(json_object_get(device, "slot")) != TEMPLATE_REGION_SLOT)
                continue;
            json_array_foreach (json_object_get(device, "regions"), k, region) {
                if (json_integer_value(json_object_get(region, "bar")) == 2)
                    *address =
                        (uint64_t)json_integer_value(json_object_get(region, "address"));
            }
        }
    }
    json_decref(buses);
    if (*address == 0 || *address == UINT64_MAX)
        return diag_fail(dg, ST_UNSUPPORTED, DIAG_NO_OFFSET,
                         "the kernel has not mapped the shared region");
    return ST_OK;
}

static enum status set_pci(struct vm *vm, uint32_t place, uint32_t value, struct diag *dg)
{
    char line[64];

    snprintf(line, sizeof(line), "o /w %#x %#x", PCI_ADDRESS_PORT,
             pci_enable | (uint32_t)TEMPLATE_REGION_SLOT << 11 | place);
    TRY(qmp_human(&vm->qmp, line, VM_QMP_MS, dg));
    snprintf(line, sizeof(line), "o /w %#x %#x", PCI_DATA_PORT, value);
    return qmp_human(&vm->qmp, line, VM_QMP_MS, dg);
}

static enum status map_region(struct vm *vm, uint64_t address, struct diag *dg)
{
    TRY(set_pci(vm, PCI_BAR2, (uint32_t)address, dg));
    TRY(set_pci(vm, PCI_BAR2 + 4, (uint32_t)(address >> 32), dg));
    return set_pci(vm, PCI_COMMAND, PCI_COMMAND_MEMORY, dg);
}

/* ---- making one ---- */

static enum status write_devices(struct vm *vm, const char *dir, struct diag *dg)
{
    char path[FILE_PATH_MAX];

    path_in(dir, TEMPLATE_DEVICES, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, TEMPLATE_MODE);
    if (fd < 0)
        return file_fail(dg, errno, "cannot write %s", path);
    enum status st = qmp_give_fd(&vm->qmp, "state", fd, VM_QMP_MS, dg);
    if (st == ST_OK)
        st = qmp_command(&vm->qmp, "migrate", json_pack("{s:s}", "uri", "fd:state"), NULL,
                         VM_QMP_MS, dg);
    if (st == ST_OK)
        st = wait_moved(vm, dg);
    if (st == ST_OK && fsync(fd) != 0)
        st = file_fail(dg, errno, "cannot write %s", path);
    close(fd);
    return st;
}

static enum status freeze(struct vm *vm, const char *dir, uint64_t *address, struct diag *dg)
{
    TRY(qmp_command(&vm->qmp, "stop", NULL, NULL, VM_QMP_MS, dg));
    TRY(find_region(vm, address, dg));
    TRY(ignore_shared(vm, dg));
    return write_devices(vm, dir, dg);
}

static enum status finish(const char *dir, struct mark *mark, struct diag *dg)
{
    char path[FILE_PATH_MAX], text[256];
    struct stat ram, devices;

    path_in(dir, TEMPLATE_DEVICES, path);
    if (stat(path, &devices) != 0)
        return file_fail(dg, errno, "cannot read %s", path);
    path_in(dir, TEMPLATE_RAM, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fstat(fd, &ram) == 0 && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (!is_synced)
        return file_fail(dg, error, "cannot write %s", path);
    mark->ram_bytes = (uint64_t)ram.st_size;
    mark->device_bytes = (uint64_t)devices.st_size;
    int n = snprintf(text, sizeof(text), MARK_FORMAT, mark->ram_bytes, mark->device_bytes,
                     mark->region_address, mark->calibration_ns);
    path_in(dir, TEMPLATE_COMPLETE, path);
    return file_write(path, text, (size_t)n, dg);
}

/* A refusal is about booting; when only freezing fails, dg says why and *is_frozen is false. */
static enum status boot_and_freeze(struct vm_pool *pool, uint32_t index, const char *dir,
                                   bool *is_frozen, struct diag *dg)
{
    struct vm *vm = NULL;
    struct wire_machine m;
    struct mark mark = {0};

    TRY(vm_machine_open(pool, index, VM_FREEZE, pool->accel, &vm, dg));
    enum status st = vm_qemu_start(vm, dir, dg);
    if (st == ST_OK)
        st = vm_machine_wait(vm, VM_READY, (uint64_t)pool->options.boot_timeout_s * 1000, dg);
    if (st == ST_OK)
        *is_frozen = diag_in(dg, freeze(vm, dir, &mark.region_address, dg), "freezing machine %u",
                             index) == ST_OK;
    vm_machine_copy(vm->region + WIRE_MACHINE_OFFSET, &m);
    mark.calibration_ns = m.calibration_ns;
    vm_machine_close(vm);
    if (st == ST_OK && *is_frozen) {
        enum status written = finish(dir, &mark, dg);
        *is_frozen = written == ST_OK;
    }
    return st;
}

/* A frozen machine that a pool uses is locked (shared) by its mark. */
static void hold(struct vm_pool *pool)
{
    char path[FILE_PATH_MAX];
    struct mark mark;

    vm_template_release(pool);
    pool->template_number++;
    if (read_mark(pool->template_dir, &mark))
        vm_calibrate(pool, mark.calibration_ns);
    path_in(pool->template_dir, TEMPLATE_COMPLETE, path);
    pool->template_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (pool->template_fd >= 0)
        (void)flock(pool->template_fd, LOCK_SH | LOCK_NB);
    (void)utimensat(AT_FDCWD, pool->template_dir, NULL, 0); /* used just now */
}

void vm_template_release(struct vm_pool *pool)
{
    if (pool->template_fd >= 0)
        close(pool->template_fd);
    pool->template_fd = -1;
}

/* Is anybody using it, or still making it? */
static bool is_in_use(const char *dir, time_t changed)
{
    char path[FILE_PATH_MAX];

    path_in(dir, TEMPLATE_COMPLETE, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return time(NULL) - changed < TEMPLATE_MAKING_S;
    bool is_locked = flock(fd, LOCK_EX | LOCK_NB) != 0;
    close(fd);
    return is_locked;
}

/* Removes the templates used longest ago, and what was left unfinished by others. */
static void make_room(const char *all)
{
    for (;;) {
        char oldest[FILE_PATH_MAX] = "", path[FILE_PATH_MAX];
        time_t oldest_time = 0;
        uint32_t count = 0;
        DIR *folder = opendir(all);
        if (folder == NULL)
            return;
        for (struct dirent *e; (e = readdir(folder)) != NULL;) {
            struct stat info;
            path_in(all, e->d_name, path);
            if (e->d_name[0] == '.' || stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
                continue;
            count++;
            if (is_in_use(path, info.st_mtime))
                continue;
            if (oldest[0] == '\0' || info.st_mtime < oldest_time) {
                oldest_time = info.st_mtime;
                memcpy(oldest, path, sizeof(path));
            }
        }
        closedir(folder);
        if (count < TEMPLATES_MAX || oldest[0] == '\0')
            return;
        file_remove_all(oldest);
    }
}

static enum status name_template(struct vm_pool *pool, char all[FILE_PATH_MAX], struct diag *dg)
{
    struct digest d;
    char hex[DIGEST_TEXT_BYTES];

    file_cache_path("machines", all);
    digest_begin(&d);
    vm_qemu_describe(pool, &d);
    digest_add(&d, &pool->layout, sizeof(pool->layout));
    TRY(digest_add_file(&d, pool->options.kernel, dg));
    TRY(digest_add_file(&d, pool->initramfs, dg));
    digest_done(&d, hex);
    path_in(all, hex, pool->template_dir);
    return ST_OK;
}

/* Makes the folder for a new one. A full disk would kill the emulator in the middle of it. */
static bool has_room(const struct vm_pool *pool, const char *making, struct diag *dg)
{
    enum { DEVICES_MIB = 16 };
    uint64_t needed_mib = (uint64_t)pool->options.mem_mib + DEVICES_MIB;

    if (file_make_dirs(making, dg) != ST_OK)
        return false;
    uint64_t left_mib = file_space_left(making) >> 20;
    if (left_mib < needed_mib)
        (void)diag_fail(dg, ST_IO, DIAG_NO_OFFSET,
                        "a frozen machine takes %ju MiB, and only %ju are left for %s",
                        (uintmax_t)needed_mib, (uintmax_t)left_mib, making);
    return left_mib >= needed_mib;
}

/* Machines cannot be frozen here, which costs time and nothing else. */
static enum status do_without(struct vm_pool *pool, const char *making, const struct diag *dg)
{
    file_remove_all(making);
    pool->is_template_broken = true;
    vm_log(pool, "%s; every machine boots", dg->text);
    return ST_OK;
}

enum status vm_template_ensure(struct vm_pool *pool, uint32_t index, struct diag *dg)
{
    char all[FILE_PATH_MAX], making[FILE_PATH_MAX];
    struct mark mark;

    if (pool->template_dir[0] != '\0' && read_mark(pool->template_dir, &mark))
        return ST_OK;
    TRY(name_template(pool, all, dg));
    if (read_mark(pool->template_dir, &mark)) {
        hold(pool);
        return ST_OK;
    }
    make_room(all);
    if (snprintf(making, sizeof(making), "%s.%d.tmp", pool->template_dir, (int)getpid()) >=
        (int)sizeof(making))
        return file_fail(dg, ENAMETOOLONG, "cannot create %.64s...", pool->template_dir);
    if (!has_room(pool, making, dg))
        return do_without(pool, making, dg);
    vm_log(pool, "machine %u: booting the kernel once, to copy it from then on", index);
    uint64_t start_ns = loop_now_ns();
    bool is_frozen = false;
    enum status st = boot_and_freeze(pool, index, making, &is_frozen, dg);
    if (st == ST_OK && is_frozen) {
        file_remove_all(pool->template_dir); /* a damaged one */
        is_frozen = rename(making, pool->template_dir) == 0;
        if (!is_frozen)
            (void)file_fail(dg, errno, "cannot create %s", pool->template_dir);
    }
    if (st == ST_OK && !is_frozen && !read_mark(pool->template_dir, &mark))
        return do_without(pool, making, dg);
    file_remove_all(making); /* of a kernel that does not boot, or somebody else was faster */
    if (st != ST_OK)
        return st;
    hold(pool);
    vm_log(pool, "machine %u: booted and frozen in %.1f s", index,
           (double)(loop_now_ns() - start_ns) / 1e9);
    return ST_OK;
}

void vm_template_discard(struct vm_pool *pool)
{
    vm_template_release(pool);
    if (pool->template_dir[0] != '\0')
        file_remove_all(pool->template_dir);
}

/* ---- using one ---- */

static enum status read_devices(struct vm *vm, const char *dir, struct diag *dg)
{
    char path[FILE_PATH_MAX];

    path_in(dir, TEMPLATE_DEVICES, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return file_fail(dg, errno, "cannot read %s", path);
    enum status st = qmp_give_fd(&vm->qmp, "state", fd, VM_QMP_MS, dg);
    close(fd);
    if (st == ST_OK)
        st = qmp_command(&vm->qmp, "migrate-incoming", json_pack("{s:s}", "uri", "fd:state"),
                         NULL, VM_QMP_MS, dg);
    return st == ST_OK ? wait_moved(vm, dg) : st;
}

static enum status thaw(struct vm *vm, const char *dir, const struct mark *mark, struct diag *dg)
{
    TRY(ignore_shared(vm, dg));
    TRY(map_region(vm, mark->region_address, dg));
    TRY(read_devices(vm, dir, dg));
    pthread_mutex_lock(&vm->lock);
    if (vm->stage == VM_STARTING)
        vm->stage = VM_READY; /* it rang that before it was frozen */
    pthread_mutex_unlock(&vm->lock);
    TRY(qmp_command(&vm->qmp, "cont", NULL, NULL, VM_QMP_MS, dg));
    return vm_machine_go(vm, VM_THAW_S * 1000 * vm_scale(vm->pool), dg);
}

enum status vm_template_clone(struct vm_pool *pool, uint32_t index, struct vm **out,
                              struct diag *dg)
{
    struct vm *vm = NULL;
    struct mark mark;

    if (!read_mark(pool->template_dir, &mark))
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "the frozen machine %s is incomplete",
                         pool->template_dir);
    TRY(vm_machine_open(pool, index, VM_THAW, pool->accel, &vm, dg));
    enum status st = vm_qemu_start(vm, pool->template_dir, dg);
    if (st == ST_OK)
        st = diag_in(dg, thaw(vm, pool->template_dir, &mark, dg), "copying the frozen machine");
    if (st != ST_OK) {
        vm_machine_close(vm);
        return st;
    }
    *out = vm;
    return ST_OK;
}
