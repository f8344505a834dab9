/* qemu: the emulator's command line. Nothing is there by default: no disk, no network, no display;
 * two serial ports (console, bells), the shared region, a source of random numbers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "io/digest.h"
#include "spear/vm/template.h"
#include "spear/vm/vm_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    WORDS_MAX = 128,
    WORDS_BYTES = 32 << 10,
    /* Descriptors of the emulator. */
    QEMU_FD_CONSOLE = 10,
    QEMU_FD_BELL,
    QEMU_FD_QMP,
    QEMU_FD_REGION,
    QEMU_TCG_CACHE_MIB = 256,
};

/* A command line in the making. */
struct words {
    const char *items[WORDS_MAX + 1];
    uint32_t count;
    char text[WORDS_BYTES];
    size_t used;
    bool is_full;
};

static void PRINTF_LIKE(2, 3) add(struct words *w, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(w->text + w->used, sizeof(w->text) - w->used, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(w->text) - w->used || w->count == WORDS_MAX) {
        w->is_full = true;
        return;
    }
    w->items[w->count++] = w->text + w->used;
    w->used += (size_t)n + 1;
}

/* Words of the user's, separated by blanks; quotes hold blanks together. */
static void add_words(struct words *w, const char *line)
{
    while (line != NULL && *line != '\0') {
        char word[FILE_PATH_MAX];
        size_t size = 0;
        char quote = '\0';
        line += strspn(line, " \t\n");
        for (; *line != '\0' && (quote != '\0' || strchr(" \t\n", *line) == NULL); line++) {
            if (*line == quote)
                quote = '\0';
            else if (quote == '\0' && (*line == '"' || *line == '\''))
                quote = *line;
            else if (size + 1 < sizeof(word))
                word[size++] = *line;
        }
        word[size] = '\0';
        if (size != 0)
            add(w, "%s", word);
    }
}

/* What a kernel is told, and why. Later words win, so the user's come last. */
static const struct {
    const char *word;
    bool tcg, kvm;
} kernel_words[] = {
    {"console=ttyS0 earlyprintk=ttyS0,115200", true, true},
    /* the first report ends the machine, which ends the emulator */
    {"oops=panic panic_on_warn=1 panic=-1", true, true},
    {"softlockup_panic=1 hung_task_panic=1", true, true},
    {"unknown_nmi_panic sysrq_always_enabled", true, true}, /* what a silent one is asked with */
    {"nmi_watchdog=0", true, true},
    {"watchdog_thresh=30 rcupdate.rcu_cpu_stall_timeout=100 workqueue.watchdog_thresh=140", true,
     false},
    {"watchdog_thresh=20", false, true},
    {"nokaslr net.ifnames=0", true, true}, /* the same addresses and names each time */
    {"mitigations=off random.trust_cpu=on rcupdate.rcu_expedited=1", true, true}, /* speed */
    {"cryptomgr.notests", true, true}, /* they take half of the time that an emulated boot takes */
    /* an emulated clock needs no second one to watch over it, nor a test of the timer */
    {"tsc=reliable clocksource=tsc no_timer_check", true, false},
};

static void add_kernel(struct words *w, const struct vm_pool *pool, enum vm_accel accel)
{
    const struct vm_options *o = &pool->options;
    char line[WORDS_BYTES / 4];
    size_t used = 0;

    for (uint32_t i = 0; i < LENGTH_OF(kernel_words); i++)
        if (accel == VM_ACCEL_KVM ? kernel_words[i].kvm : kernel_words[i].tcg)
            used += (size_t)snprintf(line + used, sizeof(line) - used, "%s ", kernel_words[i].word);
    bool wants_leaks = (o->features_wanted & UINT64_C(1) << WIRE_FEATURE_leak) != 0;
    used += (size_t)snprintf(line + used, sizeof(line) - used, "kmemleak=%s %s",
                             wants_leaks ? "on" : "off", o->image != NULL ? "root=/dev/sda" : "");
    if (o->cmdline != NULL && used < sizeof(line))
        used += (size_t)snprintf(line + used, sizeof(line) - used, " %s", o->cmdline);
    w->is_full |= used >= sizeof(line);
    add(w, "-kernel");
    add(w, "%s", o->kernel);
    if (o->image == NULL) {
        add(w, "-initrd");
        add(w, "%s", pool->initramfs);
    }
    add(w, "-append");
    add(w, "%s", line);
}

static void add_accel(struct words *w, const struct vm_pool *pool, enum vm_accel accel)
{
    add(w, "-accel");
    if (accel == VM_ACCEL_KVM)
        add(w, "kvm");
    else
        add(w, "tcg,thread=%s,tb-size=%d", pool->options.cpus > 1 ? "multi" : "single",
            QEMU_TCG_CACHE_MIB);
    add(w, "-cpu");
    /* Five levels of page tables cost a walk each, and find nothing. */
    add(w, "%s", accel == VM_ACCEL_KVM ? "host" : "max,la57=off");
}

/* All that a frozen machine and its clones must have in common. */
static void add_shape(struct words *w, const struct vm_pool *pool, enum vm_accel accel)
{
    const struct vm_options *o = &pool->options;

    add(w, "%s", pool->qemu);
    add_accel(w, pool, accel);
    add(w, "-m");
    add(w, "%u", o->mem_mib);
    add(w, "-smp");
    add(w, "%u", o->cpus);
    add(w, "-nodefaults");
    add(w, "-no-user-config");
    add(w, "-display");
    add(w, "none");
    add(w, "-no-reboot");
    add(w, "-rtc");
    add(w, "base=utc,clock=vm"); /* a clone does not see how long the machine was frozen */
    add(w, "-device");
    add(w, "ivshmem-plain,id=ivshmem,memdev=region,master=on,addr=%#x", TEMPLATE_REGION_SLOT);
    add(w, "-device");
    add(w, "virtio-rng-pci,addr=%#x", TEMPLATE_REGION_SLOT + 1);
    if (o->kernel != NULL)
        add_kernel(w, pool, accel);
    if (o->image != NULL) {
        add(w, "-drive");
        add(w, "file=%s,index=0,media=disk,snapshot=on", o->image);
        add(w, "-device");
        add(w, "e1000,netdev=net0");
    }
    add_words(w, o->qemu_args);
}

static void add_descriptors(struct words *w, const struct vm *vm, const char *ram)
{
    static const struct {
        const char *name;
        int fd;
    } sockets[] = {
        {"console", QEMU_FD_CONSOLE}, /* the first serial port */
        {"bells",   QEMU_FD_BELL   }, /* the second */
        {"qmp",     QEMU_FD_QMP    },
    };

    for (uint32_t i = 0; i < LENGTH_OF(sockets); i++) {
        add(w, "-chardev");
        add(w, "socket,id=%s,fd=%d", sockets[i].name, sockets[i].fd);
        add(w, sockets[i].fd == QEMU_FD_QMP ? "-mon" : "-serial");
        add(w, sockets[i].fd == QEMU_FD_QMP ? "chardev=%s,mode=control" : "chardev:%s",
            sockets[i].name);
    }
    add(w, "-object");
    add(w, "memory-backend-file,id=region,size=%zu,mem-path=/proc/self/fd/%d,share=on",
        vm->pool->region_bytes, QEMU_FD_REGION);
    add(w, "-machine");
    if (ram[0] == '\0') {
        add(w, "pc");
    } else {
        add(w, "pc,memory-backend=ram");
        add(w, "-object");
        add(w, "memory-backend-file,id=ram,size=%uM,mem-path=%s,share=%s",
            vm->pool->options.mem_mib, ram, vm->birth == VM_FREEZE ? "on" : "off");
    }
    if (vm->birth == VM_THAW) {
        add(w, "-incoming");
        add(w, "defer");
    }
    if (vm->ssh_port != 0) {
        add(w, "-netdev");
        add(w, "user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:%d-:22", vm->ssh_port);
    }
    add(w, "-name");
    add(w, "mujun-%u", vm->index);
}

void vm_qemu_describe(const struct vm_pool *pool, struct digest *d)
{
    struct words w = {.count = 0};

    add_shape(&w, pool, pool->accel);
    for (uint32_t i = 1; i < w.count; i++) {
        digest_add_text(d, w.items[i]);
        if (strcmp(w.items[i], "-kernel") == 0 || strcmp(w.items[i], "-initrd") == 0)
            i++; /* what is in these files counts, not where they are */
    }
    digest_add_text(d, pool->qemu_version);
}

enum status vm_qemu_version(struct vm_pool *pool, struct diag *dg)
{
    enum { VERSION_TIMEOUT_MS = 20000 };
    const char *argv[] = {pool->qemu, "--version", NULL};
    struct process_options o = {.path = pool->qemu, .argv = argv};
    int wait_status = 0;
    char how[64];

    TRY(process_output(&o, VERSION_TIMEOUT_MS, pool->qemu_version, sizeof(pool->qemu_version),
                       &wait_status, dg));
    process_end_text(wait_status, how, sizeof(how));
    pool->qemu_version[strcspn(pool->qemu_version, "\r\n")] = '\0';
    if (wait_status != 0)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "%s --version: %s; %s", pool->qemu, how,
                         pool->qemu_version);
    return ST_OK;
}

static enum status launch(struct vm *vm, const struct words *w, const int theirs[3],
                          struct diag *dg)
{
    const struct process_fd fds[] = {
        {theirs[0],     QEMU_FD_CONSOLE},
        {theirs[1],     QEMU_FD_BELL   },
        {theirs[2],     QEMU_FD_QMP    },
        {vm->region_fd, QEMU_FD_REGION },
        {vm->words_fd,  STDOUT_FILENO  },
        {vm->words_fd,  STDERR_FILENO  },
    };
    const struct process_options o = {
        .path = vm->pool->qemu, .argv = w->items, .fds = fds, .fd_count = LENGTH_OF(fds)};

    return vm_machine_launch(vm, &o, dg);
}

enum status vm_qemu_start(struct vm *vm, const char *template_dir, struct diag *dg)
{
    char ram[FILE_PATH_MAX] = "";
    struct words w = {.count = 0};
    int theirs[3] = {-1, -1, -1}, qmp_fd = -1;

    if (template_dir != NULL)
        w.is_full |= snprintf(ram, sizeof(ram), "%s/" TEMPLATE_RAM, template_dir) >=
                     (int)sizeof(ram);
    add_shape(&w, vm->pool, vm->accel);
    add_descriptors(&w, vm, ram);
    if (w.is_full)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "the emulator's command line has more than %d words or %d bytes",
                         WORDS_MAX, WORDS_BYTES);
    enum status st = vm_make_line(&vm->console_fd, &theirs[0], dg);
    if (st == ST_OK)
        st = vm_make_line(&vm->bell_fd, &theirs[1], dg);
    if (st == ST_OK)
        st = vm_make_line(&qmp_fd, &theirs[2], dg);
    if (st == ST_OK)
        st = launch(vm, &w, theirs, dg);
    for (uint32_t i = 0; i < LENGTH_OF(theirs); i++)
        if (theirs[i] >= 0)
            close(theirs[i]); /* else we would not notice that the emulator has ended */
    if (st == ST_OK)
        st = qmp_open(&vm->qmp, qmp_fd, VM_QMP_MS, dg);
    else if (qmp_fd >= 0)
        close(qmp_fd);
    if (st == ST_OK || dg == NULL)
        return st;
    char what[DIAG_TEXT_MAX];
    snprintf(what, sizeof(what), "%s", dg->text);
    return vm_machine_refuse(vm, st, what, dg);
}
