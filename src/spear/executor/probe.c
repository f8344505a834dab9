/* probe: what this kernel can do, tried out, and for what it cannot: which call failed, how, and
 * which option of the kernel mends it. Runs in the runner, which nobody restricts.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spear/executor/executor.h"
#include "spear/executor/kcov.h"

static const char *const feature_names[] = {
#define FEATURE(name, label, what) #name,
#include "spear/wire/wire.def"
};

/* What a probe found: 0, or the error of the call named. */
struct finding {
    int error;
    const char *call;
};

static struct finding try_open(const char *path, int flags, const char *call)
{
    const int fd = open(path, flags | O_CLOEXEC);
    const struct finding finding = {fd < 0 ? errno : 0, call};

    if (fd >= 0)
        close(fd);
    return finding;
}

/* Tries something out in a process that ends afterwards; it exits with an errno. */
static struct finding try_apart(int (*attempt)(void), const char *call)
{
    int status = 0;
    const pid_t pid = fork();

    if (pid == 0)
        _exit(attempt());
    if (pid < 0)
        return (struct finding){errno, "fork"};
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return (struct finding){WIFEXITED(status) ? WEXITSTATUS(status) : EFAULT, call};
}

static struct finding probe_coverage(void)
{
    struct finding f = {0};
    f.error = ex_kcov_try(EX_KCOV_ADDRESSES, &f.call, NULL);
    return f;
}

static struct finding probe_comparisons(void)
{
    struct finding f = {0};
    f.error = ex_kcov_try(EX_KCOV_COMPARISONS, &f.call, NULL);
    return f;
}

/* The process that tries it ends, and the tracing with it. */
static int attempt_remote(void)
{
    const char *call = NULL;
    return ex_kcov_try_remote(&call);
}

static struct finding probe_extra_coverage(void)
{
    return try_apart(attempt_remote, "ioctl(KCOV_REMOTE_ENABLE)");
}

static int attempt_setuid(void)
{
    return setresuid(65534, 65534, 65534) == 0 ? 0 : errno;
}

static struct finding probe_setuid(void)
{
    return try_apart(attempt_setuid, "setresuid(65534)");
}

static int attempt_namespace(void)
{
    return unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS) == 0 ? 0 : errno;
}

static struct finding probe_namespace(void)
{
    return try_apart(attempt_namespace, "unshare(CLONE_NEWUSER|CLONE_NEWPID|CLONE_NEWNET)");
}

static struct finding probe_android(void)
{
    return (struct finding){ENOSYS, NULL};
}

static struct finding probe_fault(void)
{
    return try_open("/proc/thread-self/fail-nth", O_RDWR, "open(/proc/thread-self/fail-nth)");
}

static struct finding probe_leak(void)
{
    struct finding f = {0, "write(/sys/kernel/debug/kmemleak, clear)"};
    if (!ex_write_file("/sys/kernel/debug/kmemleak", "clear"))
        f.error = errno;
    return f;
}

static struct finding probe_net_injection(void)
{
    return try_open("/dev/net/tun", O_RDWR, "open(/dev/net/tun)");
}

static int attempt_net_namespace(void)
{
    return unshare(CLONE_NEWNET) == 0 ? 0 : errno;
}

static struct finding probe_net_devices(void)
{
    return try_apart(attempt_net_namespace, "unshare(CLONE_NEWNET)");
}

static struct finding probe_cgroups(void)
{
    return try_open("/sys/fs/cgroup/cgroup.procs", O_RDONLY, "open(/sys/fs/cgroup/cgroup.procs)");
}

static struct finding probe_loop(void)
{
    struct finding f = try_open("/dev/loop-control", O_RDWR, "open(/dev/loop-control)");

    if (f.error == 0) {
        const int fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
        f.call = "ioctl(LOOP_CTL_GET_FREE)";
        f.error = ioctl(fd, LOOP_CTL_GET_FREE) < 0 ? errno : 0;
        close(fd);
    }
    return f;
}

static const struct {
    struct finding (*probe)(void);
    const char *remedy;
} probes[WIRE_FEATURE_COUNT] = {
#define PROBE(name, remedy) [WIRE_FEATURE_##name] = {probe_##name, remedy},
#include "spear/executor/probes.def"
};

__attribute__((format(printf, 3, 4))) static size_t add(struct wire_machine *machine, size_t used,
                                                        const char *format, ...)
{
    const size_t room = sizeof(machine->reasons) - used;
    va_list args;

    va_start(args, format);
    const int size = vsnprintf(machine->reasons + used, room, format, args);
    va_end(args);
    return used + ((size_t)size < room ? (size_t)size : room - 1);
}

/* The best of some rounds: whoever else wants the processor ruins a round or two. */
static uint64_t calibrate(void)
{
    enum { ROUNDS = 5 };
    uint64_t best_ns = UINT64_MAX;

    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t start = ex_now_ns();
        for (int i = 0; i < WIRE_CALIBRATION_LOOPS; i++)
            syscall(SYS_getppid);
        const uint64_t spent_ns = ex_now_ns() - start;
        best_ns = spent_ns < best_ns ? spent_ns : best_ns;
    }
    return best_ns;
}

static void try_all(struct wire_machine *machine)
{
    size_t used = 0;

    for (uint32_t i = 0; i < WIRE_FEATURE_COUNT; i++) {
        const struct finding f = probes[i].probe();
        if (f.error == 0)
            machine->features |= UINT64_C(1) << i;
        else if (f.call == NULL)
            used = add(machine, used, "%s: %s\n", feature_names[i], probes[i].remedy);
        else
            used = add(machine, used, "%s: %s fails with %s; it needs %s\n", feature_names[i],
                       f.call, ex_errno_name(f.error), probes[i].remedy);
    }
}

static bool has(const struct wire_machine *machine, enum wire_feature feature)
{
    return (machine->features >> feature & 1) != 0;
}

static void find_out(struct executor *ex, struct wire_machine *machine)
{
    struct utsname name;
    uint64_t pc = UINT64_MAX;
    const char *call = NULL;

    uname(&name);
    snprintf(machine->kernel, sizeof(machine->kernel), "%.60s %.60s", name.release, name.version);
    machine->cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
    machine->cover_words = EX_COVER_WORDS;
    machine->pc_high = pc << 32;
    if (ex->is_local) {
        for (uint32_t i = 0, used = 0; i < WIRE_FEATURE_COUNT; i++)
            used = (uint32_t)add(machine, used, "%s: a local executor does not touch its machine\n",
                                 feature_names[i]);
        return;
    }
    try_all(machine);
    if (ex_kcov_try(EX_KCOV_ADDRESSES, &call, &pc) == 0)
        machine->pc_high = pc >> 32 << 32;
    ex->has_kcov = has(machine, WIRE_FEATURE_coverage);
    ex->has_comparisons = has(machine, WIRE_FEATURE_comparisons);
    ex->has_extra = has(machine, WIRE_FEATURE_extra_coverage);
    ex->features = machine->features;
}

/* Kernels do not change while they run: a copy of a frozen machine, which is asked again, knows
 * already. Only its speed is another. */
void ex_probe(struct executor *ex)
{
    static struct wire_machine known;
    static bool is_known;

    if (!is_known)
        find_out(ex, &known);
    is_known = true;
    known.calibration_ns = calibrate();
    memcpy(ex->base + WIRE_MACHINE_OFFSET, &known, sizeof(known));
}
