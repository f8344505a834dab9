/* test_vm: machines that behave badly, by a fake emulator (tests/kernel/fake-qemu) and by the
 * executor as a local process. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "io/file.h"
#include "io/loop.h"
#include "spear/vm/vm.h"
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/mujun-vm-XXXXXX";
static char kernel[64], executor[FILE_PATH_MAX];
static struct vm_result result;

static bool is_bug(void *ctx, struct str console, size_t from)
{
    (void)ctx;
    return memmem(console.text + from, console.size - from, "BUG:", 4) != NULL;
}

static struct vm_options fake_options(void)
{
    return (struct vm_options){.qemu = "tests/kernel/fake-qemu", .kernel = kernel,
                               .executor = executor, .work_dir = folder, .accel = VM_ACCEL_TCG,
                               .slots = 2, .no_snapshot = true, .boot_timeout_s = 2,
                               .silence_timeout_s = 1, .is_crash = is_bug};
}

static struct str console_of(struct vm *vm, struct arena *a)
{
    jmp_buf guard;

    arena_init(a, 8 << 20);
    a->guard = &guard;
    if (setjmp(guard) != 0)
        return (struct str){0};
    return vm_console(vm, a);
}

/* ---- a fake emulator ---- */

static const struct {
    const char *mode;
    enum status start;
    const char *message;  /* of a start that fails */
    enum vm_end end;      /* of the first program */
    const char *console;  /* there, in the end */
} fakes[] = {
    {"good", ST_OK, "", VM_RAN, "Linux version fake"},
    {"mute", ST_TIMEOUT, "no word from the kernel for 2 s", VM_RAN, ""},
    {"panic", ST_IO, "died while it was booting; its console: [    0.0] Linux version fake | "
     "[    0.1] BUG: fake crash", VM_RAN, ""},
    {"dies", ST_IO, "could not load kernel 'x'", VM_RAN, ""},
    {"failed", ST_UNSUPPORTED, "could not set itself up: region: no ivshmem device", VM_RAN, ""},
    {"loses", ST_OK, "", VM_LOST, "Linux version fake"},
    {"silent", ST_OK, "", VM_SILENT, "NMI: what the processor did"},
    {"hostile", ST_OK, "", VM_LOST, ""},
    {"lies", ST_OK, "", VM_LOST, ""},
    {"exits", ST_OK, "", VM_CRASHED, "BUG: fake crash"},
    {"chatty", ST_OK, "", VM_CRASHED, "and the rest of the report"},
};

static void run_fake(uint32_t row, struct vm_pool *pool)
{
    struct diag dg = {0};
    struct vm *vm = NULL;
    struct arena a;
    struct wire_machine m;

    enum status st = vm_start(pool, row, &vm, &dg);
    bool as_wanted = st == fakes[row].start && strstr(dg.text, fakes[row].message) != NULL;
    tap_ok(as_wanted, "%s: start: %s %s", fakes[row].mode, status_text(st), dg.text);
    if (st != ST_OK)
        return;
    vm_machine(vm, &m);
    tap_ok(strcmp(m.kernel, "fake") == 0 && vm_pool_slowdown(pool) == 2 && vm_is_alive(vm),
           "%s: runs, at half the speed", fakes[row].mode);
    struct vm_request request = {.kind = WIRE_EMPTY, .id = 1000 + row};
    enum vm_end end = vm_run(vm, 1, &request, &result);
    tap_ok(end == fakes[row].end, "%s: %s", fakes[row].mode, vm_end_text(end));
    if (end == VM_RAN)
        tap_ok(result.reply.id == 1000 + row && result.reply.text_bytes == 4 &&
                   memcmp(result.data + result.reply.text_offset, "text", 4) == 0,
               "%s: the answer is there", fakes[row].mode);
    else
        tap_ok(!vm_is_alive(vm) && vm_why_dead(vm) == end &&
                   vm_run(vm, 0, &request, &result) == end,
               "%s: dead for every slot", fakes[row].mode);
    struct str console = console_of(vm, &a);
    tap_ok(memmem(console.text, console.size, fakes[row].console, strlen(fakes[row].console)) !=
               NULL, "%s: console of %zu bytes", fakes[row].mode, console.size);
    arena_free(&a);
    vm_stop(vm);
}

static void check_fakes(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(fakes); i++) {
        struct vm_options o = fake_options();
        struct vm_pool *pool = NULL;
        struct diag dg = {0};
        setenv("FAKE_QEMU", fakes[i].mode, 1);
        if (!tap_ok(vm_pool_open(&o, &pool, &dg) == ST_OK, "%s: opened %s", fakes[i].mode, dg.text))
            continue;
        run_fake(i, pool);
        vm_pool_close(pool);
    }
}

/* ---- frozen machines, by the fake emulator ---- */

static unsigned boots; /* lines of the log that say so */
static char last_line[512];

static void count_boots(void *ctx, const char *line)
{
    (void)ctx;
    boots += strstr(line, "booting the kernel once") != NULL;
    snprintf(last_line, sizeof(last_line), "%s", line);
}

/* Every frozen machine: counts them, and damages one file in each, unless damage is NULL. */
static unsigned for_all_frozen(const char *damage)
{
    char all[FILE_PATH_MAX], path[2 * FILE_PATH_MAX];
    unsigned count = 0;

    snprintf(all, sizeof(all), "%s/mujun/machines", folder);
    DIR *machines = opendir(all);
    for (struct dirent *e; machines != NULL && (e = readdir(machines)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        count++;
        snprintf(path, sizeof(path), "%s/%s/%s", all, e->d_name, damage == NULL ? "" : damage);
        if (damage != NULL && truncate(path, 1) != 0)
            printf("# cannot damage %s\n", path);
    }
    if (machines != NULL)
        closedir(machines);
    return count;
}

static const struct {
    const char *name, *mode, *damage;
    const char *cmdline; /* another one is another machine */
    unsigned boots;      /* of three machines, in a pool of their own */
    unsigned kept;       /* frozen machines in the cache, afterwards */
    const char *log;     /* in the last line */
} copies[] = {
    {"the first pool boots once", "good", NULL, "a", 1, 1, "booted and frozen"},
    {"the second one does not", "good", NULL, "a", 0, 1, ""},
    {"memory cut short", "good", "ram", "a", 1, 1, ""},
    {"a mark cut short", "good", "complete", "a", 1, 1, ""},
    {"another kernel line", "good", NULL, "b", 1, 2, ""},
    {"the first is still there", "good", NULL, "a", 0, 2, ""},
    {"a third", "good", NULL, "c", 1, 3, ""},
    {"a fourth", "good", NULL, "d", 1, 4, ""},
    {"a fifth takes the place of one", "good", NULL, "e", 1, 4, ""},
    {"copies that die", "badcopy", NULL, "e", 1, 4, "every machine boots now"},
};

static void check_copies(void)
{
    setenv("XDG_CACHE_HOME", folder, 1);
    for (uint32_t i = 0; i < LENGTH_OF(copies); i++) {
        struct vm_options o = fake_options();
        struct vm_pool *pool = NULL;
        struct diag dg = {0};
        unsigned running = 0;
        o.no_snapshot = false;
        o.log = count_boots;
        o.cmdline = copies[i].cmdline;
        boots = 0;
        setenv("FAKE_QEMU", copies[i].mode, 1);
        if (copies[i].damage != NULL)
            for_all_frozen(copies[i].damage);
        if (!tap_ok(vm_pool_open(&o, &pool, &dg) == ST_OK, "%s: %s", copies[i].name, dg.text))
            continue;
        for (uint32_t n = 0; n < 3; n++) {
            struct vm *vm = NULL;
            struct vm_request request = {.kind = WIRE_EMPTY, .id = n};
            if (vm_start(pool, n, &vm, &dg) != ST_OK)
                continue;
            running += vm_run(vm, 0, &request, &result) == VM_RAN;
            vm_stop(vm);
        }
        vm_pool_close(pool);
        unsigned kept = for_all_frozen(NULL);
        tap_ok(running == 3 && boots == copies[i].boots && kept == copies[i].kept &&
                   (boots == 0 || strstr(last_line, copies[i].log) != NULL),
               "%s: %u of 3 ran, %u booted, %u kept; %s", copies[i].name, running, boots, kept,
               running == 3 ? last_line : dg.text);
    }
    unsetenv("XDG_CACHE_HOME");
}

/* Where nothing can be frozen every machine boots. */
static void check_no_freezing(void)
{
    struct vm_options o = fake_options();
    struct vm_pool *pool = NULL;
    struct vm *vm = NULL;
    struct diag dg = {0};

    o.no_snapshot = false;
    static const struct {
        const char *name, *mode, *cache, *message;
    } rows[] = {
        {"an emulator that refuses", "refuses", folder, "fake refusal; in freezing machine 0"},
        {"a cache that cannot be written", "good", "/dev/full", "cannot create /dev/full"},
        {"a file system without folders", "good", "/sys/fs", "/sys/fs"},
    };
    o.log = count_boots;
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        setenv("FAKE_QEMU", rows[i].mode, 1);
        setenv("XDG_CACHE_HOME", rows[i].cache, 1);
        if (!tap_ok(vm_pool_open(&o, &pool, &dg) == ST_OK, "%s: %s", rows[i].name, dg.text))
            continue;
        if (tap_ok(vm_start(pool, 0, &vm, &dg) == ST_OK, "%s: boots: %s", rows[i].name, dg.text))
            vm_stop(vm);
        tap_ok(strstr(last_line, rows[i].message) != NULL &&
                   strstr(last_line, "; every machine boots") != NULL,
               "%s: %s", rows[i].name, last_line);
        vm_pool_close(pool);
    }
    unsetenv("XDG_CACHE_HOME");
}

/* ---- refusals before there is a machine ---- */

static void check_refusals(void)
{
    static const struct {
        const char *name;
        struct vm_options change;
        enum status status;
        const char *message;
    } rows[] = {
        {"no emulator", {.qemu = "no-such-qemu"}, ST_IO, "apt-get install qemu-system-x86"},
        {"no kernel", {.kernel = "/no/kernel"}, ST_IO, "mujun kernel build"},
        {"not a kernel", {.kernel = "Makefile"}, ST_MALFORMED, "no bzImage or vmlinuz"},
        {"no executor", {.executor = "/no/executor"}, ST_IO, "`make` builds it"},
        {"no folder", {.work_dir = "/proc/no/folder"}, ST_IO, "/proc/no"},
        {"disk full", {.work_dir = "/dev/full/x"}, ST_IO, "/dev/full"},
        {"33 slots", {.slots = 33}, ST_USAGE, "1 to 32"},
        {"no memory", {.mem_mib = 1u << 30}, ST_LIMIT, "MiB of memory are free"},
        {"little memory", {.mem_mib = 8}, ST_USAGE, "a kernel takes 128"},
        {"image without key", {.image = "Makefile"}, ST_USAGE, "sshkey"},
    };

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        const struct vm_options *c = &rows[i].change;
        struct vm_options o = fake_options();
        struct vm_pool *pool = NULL;
        struct diag dg = {0};
        o.qemu = c->qemu != NULL ? c->qemu : o.qemu;
        o.kernel = c->kernel != NULL ? c->kernel : o.kernel;
        o.executor = c->executor != NULL ? c->executor : o.executor;
        o.work_dir = c->work_dir != NULL ? c->work_dir : o.work_dir;
        o.image = c->image;
        o.slots = c->slots != 0 ? c->slots : o.slots;
        o.mem_mib = c->mem_mib;
        enum status st = vm_pool_open(&o, &pool, &dg);
        tap_ok(st == rows[i].status && strstr(dg.text, rows[i].message) != NULL, "%s: %s: %s",
               rows[i].name, status_text(st), dg.text);
        if (st == ST_OK)
            vm_pool_close(pool);
    }
}

/* ---- a disk image: with an ssh that is a script ---- */

static void write_script(const char *name, const char *text)
{
    char path[FILE_PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    tap_ok(file_write(path, text, strlen(text), NULL) == ST_OK && chmod(path, 0755) == 0,
           "wrote %s", path);
}

static void check_image(void)
{
    static const struct {
        const char *name, *ssh; /* the last argument is the command; executor goes to $copy */
        enum status status;
        const char *message;
        bool is_copied;
    } rows[] = {
        {"ssh refuses", "#!/bin/sh\necho Permission denied >&2; exit 255\n", ST_TIMEOUT,
         "no ssh after 2 s: ssh: Permission denied; exit code 255", false},
        {"disk of the image is full",
         "#!/bin/sh\nfor c; do :; done; case $c in *cat*) echo no space >&2; exit 1;; esac\n",
         ST_IO, "ssh: no space; exit code 1; in copying the executor", false},
        {"good",
         "#!/bin/sh\nfor c; do :; done\ncase $c in *'cat > '*) cat > \"$COPY\";; "
         "*--machine*) exec sleep 60;; esac\n", ST_OK, "", true},
    };
    char path[3 * FILE_PATH_MAX], copy[FILE_PATH_MAX];
    const char *old_path = getenv("PATH");

    snprintf(path, sizeof(path), "%s:%s", folder, old_path);
    snprintf(copy, sizeof(copy), "%s/copied", folder);
    setenv("COPY", copy, 1);
    setenv("FAKE_QEMU", "good", 1);
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct vm_options o = fake_options();
        struct vm_pool *pool = NULL;
        struct vm *vm = NULL;
        struct diag dg = {0};
        struct stat info = {0}, wanted = {0};
        o.image = o.sshkey = kernel;
        o.kernel = NULL;
        write_script("ssh", rows[i].ssh);
        setenv("PATH", path, 1);
        enum status st = vm_pool_open(&o, &pool, &dg);
        if (tap_ok(st == ST_OK, "%s: opened %s", rows[i].name, dg.text)) {
            st = vm_start(pool, i, &vm, &dg);
            tap_ok(st == rows[i].status && strstr(dg.text, rows[i].message) != NULL, "%s: %s %s",
                   rows[i].name, status_text(st), dg.text);
            if (rows[i].is_copied)
                tap_ok(stat(copy, &info) == 0 && stat(executor, &wanted) == 0 &&
                           info.st_size == wanted.st_size && wanted.st_size != 0,
                       "%s: %jd bytes of executor crossed", rows[i].name, (intmax_t)info.st_size);
            if (st == ST_OK)
                vm_stop(vm);
            vm_pool_close(pool);
        }
        setenv("PATH", old_path, 1);
    }
}

/* ---- the executor as a process here ---- */

/* Signals the executor and all that it has started. */
static void signal_children(int number)
{
    DIR *processes = opendir("/proc");

    for (struct dirent *e; processes != NULL && (e = readdir(processes)) != NULL;) {
        char path[300], line[512] = "";
        int pid = 0, parent = 0, group = 0;
        snprintf(path, sizeof(path), "/proc/%.200s/stat", e->d_name);
        FILE *f = fopen(path, "re");
        if (f == NULL)
            continue;
        const char *rest = fgets(line, sizeof(line), f) != NULL ? strrchr(line, ')') : NULL;
        fclose(f);
        if (rest != NULL && sscanf(line, "%d", &pid) == 1 &&
            sscanf(rest, ") %*c %d %d", &parent, &group) == 2 && parent == getpid())
            kill(-group, number);
    }
    closedir(processes);
}

struct runner {
    struct vm *vm;
    uint32_t slot, count;
    enum vm_end end;
};

static void *run_many(void *ctx)
{
    struct runner *r = ctx;
    struct vm_result own = {.data = mem_alloc(WIRE_REPLY_MAX, 1)};
    struct vm_request request = {.kind = WIRE_EMPTY};

    for (uint32_t i = 0; i < r->count; i++) {
        request.id = i;
        r->end = vm_run(r->vm, r->slot, &request, &own);
        if (r->end != VM_RAN)
            break;
    }
    mem_free(own.data);
    return NULL;
}

static enum vm_end run_until(struct vm *vm, void (*strike)(struct vm *vm))
{
    struct runner r = {.vm = vm, .count = UINT32_MAX};
    pthread_t thread;
    const struct timespec pause = {.tv_nsec = 50 * 1000000L};

    if (pthread_create(&thread, NULL, run_many, &r) != 0)
        return VM_RAN;
    nanosleep(&pause, NULL);
    strike(vm);
    pthread_join(thread, NULL);
    return r.end;
}

static void strike_kill(struct vm *vm)
{
    (void)vm;
    signal_children(SIGKILL);
}

static void strike_freeze(struct vm *vm)
{
    (void)vm;
    signal_children(SIGSTOP);
}

static void check_local(void)
{
    enum { SLOTS = 4, RUNS = 300 };
    static const struct {
        const char *name;
        void (*strike)(struct vm *vm);
        enum vm_end end;
    } strikes[] = {
        {"killed",      strike_kill,   VM_LOST   },
        {"frozen",      strike_freeze, VM_SILENT },
        {"interrupted", vm_interrupt,  VM_STOPPED},
    };
    struct vm_options o = {.type = VM_LOCAL, .slots = SLOTS, .work_dir = folder,
                           .executor = executor, .silence_timeout_s = 1, .boot_timeout_s = 20};
    struct vm_pool *pool = NULL;
    struct vm *vm = NULL;
    struct diag dg = {0};
    static const uint32_t edges[] = {1, 2, 0, 2, 0xffffffff};

    if (!tap_ok(vm_pool_open(&o, &pool, &dg) == ST_OK, "local: %s", dg.text))
        return;
    if (tap_ok(vm_start(pool, 0, &vm, &dg) == ST_OK, "local: starts: %s", dg.text)) {
        struct runner runners[SLOTS];
        pthread_t threads[SLOTS];
        uint32_t good = 0;
        vm_pool_know(pool, edges, LENGTH_OF(edges));
        for (uint32_t i = 0; i < SLOTS; i++) {
            runners[i] = (struct runner){.vm = vm, .slot = i, .count = RUNS, .end = VM_STOPPED};
            CHECK(pthread_create(&threads[i], NULL, run_many, &runners[i]) == 0, "a thread");
        }
        for (uint32_t i = 0; i < SLOTS; i++) {
            pthread_join(threads[i], NULL);
            good += runners[i].end == VM_RAN;
        }
        tap_ok(good == SLOTS, "local: %u of %d slots ran %d programs at the same time", good,
               SLOTS, RUNS);
        vm_stop(vm);
    }
    for (uint32_t i = 0; i < LENGTH_OF(strikes); i++) {
        if (!tap_ok(vm_start(pool, i, &vm, &dg) == ST_OK, "local: starts: %s", dg.text))
            continue;
        enum vm_end end = run_until(vm, strikes[i].strike);
        tap_ok(end == strikes[i].end, "%s: %s", strikes[i].name, vm_end_text(end));
        vm_stop(vm);
    }
    vm_pool_close(pool);
}

int main(void)
{
    enum { MAGIC_PLACE = 0x202, KERNEL_BYTES = 0x400 };
    char image[KERNEL_BYTES] = {0};
    const char *build = getenv("MUJUN_BUILD");

    if (mkdtemp(folder) == NULL)
        return tap_skip_all("no temporary folder");
    memcpy(image + MAGIC_PLACE, "HdrS", 4);
    snprintf(kernel, sizeof(kernel), "%s/bzImage", folder);
    snprintf(executor, sizeof(executor), "%s/mujun-executor", build ? build : "build/release");
    if (file_write(kernel, image, sizeof(image), NULL) != ST_OK || access(executor, X_OK) != 0)
        return tap_skip_all("no executor; run make first");
    result.data = mem_alloc(WIRE_REPLY_MAX, 1);
    check_refusals();
    check_fakes();
    check_copies();
    check_no_freezing();
    check_image();
    check_local();
    mem_free(result.data);
    file_remove_all(folder);
    return tap_done();
}
