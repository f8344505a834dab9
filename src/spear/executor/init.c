/* init: the first process of the machine. Mounts what kernels have to offer, sets what is to be set
 * (setup.def), opens region and bells, and starts the runner. When the runner ends, whatever the
 * reason, the machine says so and powers off: the host makes a new one.
 * SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "spear/executor/executor.h"
#include "spear/executor/pieces.h"
#include "spear/executor/port.h"
#include "spear/executor/start.h"

#define BELL_TTY "ttyS1"
static const char bell_device[] = "/dev/" BELL_TTY;

static const struct {
    const char *kind, *where, *options;
    bool is_needed; /* without it there is no use in going on */
} mounts[] = {
#define MOUNT(kind, where, options, is_needed) {kind, where, options, is_needed},
#include "spear/executor/setup.def"
};

static const struct {
    const char *path, *value;
} settings[] = {
#define SET(path, value) {path, value},
#include "spear/executor/setup.def"
};

/* Without a machine to run on there is nobody to tell but the console. */
static _Noreturn void give_up(void)
{
    sync();
    reboot(RB_POWER_OFF);
    reboot(RB_AUTOBOOT);
    _exit(1);
}

/* The initial root cannot be pivoted away from, which sandboxes want to do: a tmpfs takes its
 * place. */
static void replace_root(void)
{
    if (mkdir("/root", 0755) != 0 && errno != EEXIST)
        ex_say("init: mkdir /root: %s", ex_errno_name(errno));
    if (mount("root", "/root", "tmpfs", 0, "mode=0755") != 0 || chdir("/root") != 0 ||
        mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0)
        ex_say("init: a tmpfs as root: %s", ex_errno_name(errno));
}

static void mount_all(void)
{
    for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
        if (mkdir(mounts[i].where, 0755) != 0 && errno != EEXIST && errno != EROFS &&
            errno != EPERM)
            continue; /* inside a file system that this kernel does not have */
        if (mount(mounts[i].kind, mounts[i].where, mounts[i].kind, 0, mounts[i].options) == 0)
            continue;
        if (!mounts[i].is_needed || errno == EBUSY)
            continue;
        ex_say("init: mount %s on %s: %s", mounts[i].kind, mounts[i].where, ex_errno_name(errno));
        give_up();
    }
}

/* The console, for all that init and its children have to say. */
static void open_console(void)
{
    const int fd = open("/dev/console", O_RDWR | O_NOCTTY);

    if (fd < 0)
        return;
    for (int i = 0; i <= 2; i++)
        if (fd != i)
            dup2(fd, i);
    if (fd > 2)
        close(fd);
}

static void apply_settings(void)
{
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        ex_write_file(settings[i].path, settings[i].value); /* not every kernel has each */
    ex_machine_setup();
    if (symlink("/proc/self/fd", "/dev/fd") != 0 && errno != EEXIST)
        ex_say("init: symlink /dev/fd: %s", ex_errno_name(errno));
}

static void raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (fd >= 0) {
        ioctl(fd, SIOCSIFFLAGS, &request);
        close(fd);
    }
}

static int open_bells(char *why, size_t why_max)
{
    struct termios line;
    const int fd = open(bell_device, O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd < 0 || tcgetattr(fd, &line) != 0) {
        snprintf(why, why_max,
                 "bells: open %s: %s; the machine needs a second serial port and "
                 "the kernel CONFIG_SERIAL_8250",
                 bell_device, ex_errno_name(errno));
        return -1;
    }
    cfmakeraw(&line);
    line.c_cflag |= CLOCAL | CREAD;
    line.c_cc[VMIN] = 1;
    line.c_cc[VTIME] = 0;
    cfsetspeed(&line, B115200);
    tcsetattr(fd, TCSANOW, &line);
    return fd;
}

static void open_wire(struct executor *ex)
{
    char why[256] = "";
    const int bells = open_bells(why, sizeof(why));
    const int region = ex_region_open_pci(why, sizeof(why));

    if (bells < 0 || region < 0 || !ex_start_with(ex, region, bells, why, sizeof(why))) {
        ex_say("init: %s", why);
        give_up();
    }
}

static _Noreturn void watch(pid_t runner)
{
    int status = 0;
    pid_t pid;

    while ((pid = waitpid(-1, &status, 0)) != runner)
        if (pid < 0 && errno != EINTR)
            break;
    ex_say("init: the runner ended with %s %d; powering off",
           WIFSIGNALED(status) ? "signal" : "code",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    give_up();
}

_Noreturn void ex_init(struct executor *ex, bool is_first)
{
    if (is_first)
        replace_root(); /* that of a disk image stays */
    mount_all();
    open_console();
    umask(0);
    apply_settings();
    raise_loopback();
    snprintf(ex->work_dir, sizeof(ex->work_dir), "/work");
    open_wire(ex);
    ex->bell_port = ex_port_open(BELL_TTY); /* children inherit the right */
    signal(SIGINT, SIG_IGN);                /* ctrl-alt-del */
    ex_write_file("/proc/self/oom_score_adj", "-1000");
    const pid_t runner = fork();
    if (runner == 0) {
        setsid();
        ex_runner(ex);
    }
    watch(runner);
}
