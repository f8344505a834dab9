/* doctor_host: the checks that need no machine. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cli/doctor.h"
#include "io/file.h"
#include "io/process.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { NEEDED_MIB = 1024, COMFORTABLE_MIB = 3072, FIRST_LINE_MAX = 160 };

static void check_qemu(struct doctor *d, const struct vm_options *o)
{
    const char *name = o->qemu == NULL ? "qemu-system-x86_64" : o->qemu;
    char path[FILE_PATH_MAX], line[FIRST_LINE_MAX];
    struct diag dg = {0};
    int wait_status = 0;

    if (!file_find_program(name, path)) {
        doctor_say(d, DOCTOR_BAD, "emulator",
                   "%s is not there: apt-get install qemu-system-x86, or name one with --qemu",
                   name);
        return;
    }
    const char *argv[] = {path, "--version", NULL};
    struct process_options p = {.path = path, .argv = argv};
    enum { VERSION_MS = 20000 };
    if (process_output(&p, VERSION_MS, line, sizeof(line), &wait_status, &dg) != ST_OK ||
        wait_status != 0) {
        doctor_say(d, DOCTOR_BAD, "emulator", "%s does not run: %s", path,
                   dg.text[0] != '\0' ? dg.text : line);
        return;
    }
    line[strcspn(line, "\r\n")] = '\0';
    doctor_say(d, DOCTOR_GOOD, "emulator", "%s: %s", path, line);
}

/* The newest file that matches, if it is newer than *when. */
static void newest(const char *pattern, char *best, size_t size, time_t *when)
{
    glob_t found = {0};

    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++) {
            struct stat info;
            if (stat(found.gl_pathv[i], &info) == 0 && info.st_mtime > *when &&
                access(found.gl_pathv[i], R_OK) == 0) {
                *when = info.st_mtime;
                snprintf(best, size, "%s", found.gl_pathv[i]);
            }
        }
    globfree(&found);
}

static const char *find_kernel(struct doctor *d)
{
    char pattern[FILE_PATH_MAX];
    const char *given = getenv("MUJUN_KERNEL");
    time_t when = 0;

    if (given != NULL && given[0] != '\0')
        return given;
    file_cache_path("kernel/*/bzImage", pattern);
    newest(pattern, d->kernel, sizeof(d->kernel), &when);
    if (when == 0)
        newest("/boot/vmlinuz-*", d->kernel, sizeof(d->kernel), &when);
    return when == 0 ? NULL : d->kernel;
}

/* A bzImage says what it is: where, at 0x20e, counted from 0x200. */
static void kernel_words(const char *path, char *out, size_t size)
{
    enum { HEADER = 0x200, WORDS_PLACE = 0x20e };
    FILE *f = fopen(path, "re");
    uint8_t place[2];

    snprintf(out, size, "unknown version");
    if (f == NULL)
        return;
    if (fseek(f, WORDS_PLACE, SEEK_SET) == 0 && fread(place, 1, sizeof(place), f) == 2 &&
        fseek(f, HEADER + place[0] + (place[1] << 8), SEEK_SET) == 0) {
        size_t n = fread(out, 1, size - 1, f);
        out[n] = '\0';
        out[strcspn(out, "\r\n")] = '\0';
    }
    fclose(f);
}

static void check_kernel(struct doctor *d, struct vm_options *o)
{
    char words[FIRST_LINE_MAX];

    if (o->kernel == NULL && o->image == NULL)
        o->kernel = find_kernel(d);
    if (o->kernel == NULL && o->image == NULL) {
        doctor_say(d, DOCTOR_BAD, "kernel",
                   "none found: give one with --kernel, or make one: mujun kernel build");
        return;
    }
    if (o->kernel == NULL) {
        doctor_say(d, DOCTOR_GOOD, "kernel", "the image %s brings its own", o->image);
    } else if (access(o->kernel, R_OK) != 0) {
        doctor_say(d, DOCTOR_BAD, "kernel", "%s: %s", o->kernel, strerrordesc_np(errno));
    } else {
        kernel_words(o->kernel, words, sizeof(words));
        doctor_say(d, DOCTOR_GOOD, "kernel", "%s: %s", o->kernel, words);
    }
}

static void check_kvm(struct doctor *d)
{
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    if (fd >= 0)
        close(fd);
    if (fd >= 0)
        doctor_say(d, DOCTOR_GOOD, "/dev/kvm", "opens; whether a kernel boots under it: below");
    else
        doctor_say(d, DOCTOR_NOTE, "/dev/kvm", "%s: machines are emulated, which is slower%s",
                   strerrordesc_np(errno),
                   errno == EACCES ? "; add yourself to the group kvm" : "");
}

static uint64_t meminfo_mib(const char *name)
{
    uint8_t *text = NULL;
    size_t size = 0;
    uintmax_t kib = 0;
    enum { MEMINFO_MAX = 64 << 10 };

    if (file_read("/proc/meminfo", MEMINFO_MAX, &text, &size, NULL) != ST_OK)
        return 0;
    const char *line = strstr((const char *)text, name);
    if (line != NULL)
        kib = strtoumax(line + strlen(name), NULL, 10);
    mem_free(text);
    return kib / 1024;
}

static enum doctor_verdict enough(uint64_t mib)
{
    return mib >= COMFORTABLE_MIB ? DOCTOR_GOOD : mib >= NEEDED_MIB ? DOCTOR_NOTE : DOCTOR_BAD;
}

static void check_memory(struct doctor *d)
{
    uint64_t mib = meminfo_mib("MemAvailable:");

    doctor_say(d, enough(mib), "memory", "%ju MiB free; a machine takes 0.5 to 1 GiB%s",
               (uintmax_t)mib,
               mib >= COMFORTABLE_MIB ? "" : ": end other programs, or use fewer machines");
}

static void check_disk(struct doctor *d)
{
    char cache[FILE_PATH_MAX];
    struct diag dg = {0};

    file_cache_path("machines", cache);
    if (file_make_dirs(cache, &dg) != ST_OK) {
        doctor_say(d, DOCTOR_BAD, "disk", "%s (set XDG_CACHE_HOME to another folder)", dg.text);
        return;
    }
    uint64_t mib = file_space_left(cache) >> 20;
    doctor_say(d, enough(mib), "disk",
               "%ju MiB free under %s; frozen machines take up to 2 GiB%s", (uintmax_t)mib, cache,
               mib >= COMFORTABLE_MIB ? "" : ": make room");
}

static void check_shared_memory(struct doctor *d)
{
    struct statvfs shm;
    int fd = memfd_create("mujun-doctor", MFD_CLOEXEC);
    bool is_good = fd >= 0 && ftruncate(fd, 64 << 20) == 0;

    if (fd >= 0)
        close(fd);
    uint64_t mib = statvfs("/dev/shm", &shm) == 0 ? (uint64_t)shm.f_bavail * shm.f_frsize >> 20 : 0;
    doctor_say(d, is_good ? DOCTOR_GOOD : DOCTOR_BAD, "shared memory",
               is_good ? "memfd works, so /dev/shm (%ju MiB free) is not needed"
                       : "memfd_create fails: this kernel needs CONFIG_MEMFD_CREATE (/dev/shm has "
                         "%ju MiB)", (uintmax_t)mib);
}

void doctor_check_host(struct doctor *d, struct vm_options *o)
{
    check_qemu(d, o);
    check_kernel(d, o);
    check_kvm(d);
    check_memory(d);
    check_disk(d);
    check_shared_memory(d);
}
