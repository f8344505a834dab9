/* The first process of a machine whose only task is to run into one planted bug: the one that the
 * kernel's command line names, as PLANTED=warn. It shows that each bug does what planted.def says,
 * without any part of the fuzzer. Built statically, packed as /init by ../planted.t.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver/planted.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEAK_WAIT_S = 6, RACE_TRIES = 200 };

static int device, channel;
static uint32_t object;

/* Writes a value to a file of /proc or /sys; says so when that is not possible. */
static void set(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY);

    if (fd < 0 || write(fd, value, strlen(value)) < 0)
        printf("trigger: %s: %s\n", path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

static int command(int fd, unsigned long cmd, unsigned long arg)
{
    int result = ioctl(fd, cmd, arg);

    if (result < 0)
        printf("trigger: command %lx: %s\n", cmd, strerror(errno));
    return result;
}

static int pass(int fd, unsigned long cmd, void *arg)
{
    return command(fd, cmd, (unsigned long)(uintptr_t)arg);
}

/* ---- one function per bug ---- */

static void warn(void)
{
    pass(device, PLANTED_MODE, &(struct planted_mode){PLANTED_BROKEN, PLANTED_READY});
}

static void divide(void)
{
    pass(device, PLANTED_RATE, &(struct planted_rate){7, 0});
}

static void null(void)
{
    command(channel, PLANTED_LEVEL, 0);
}

static void oob_read(void)
{
    pass(device, PLANTED_READ_CELL, &(struct planted_cell){object, 64, 0});
}

static void oob_write(void)
{
    pass(device, PLANTED_PATCH, &(struct planted_patch){0xb7c5196d, object, 70, 1});
}

static void bound_index(void)
{
    pass(device, PLANTED_SELECT, &(struct planted_select){0x9d3c71e5, 9});
}

static void bug(void)
{
    static const uint64_t token[2] = {0x8d21f0a364c97eb5, 0x37e4b81c59d60fa2};
    struct planted_token arg;

    memcpy(arg.bytes, token, sizeof(arg.bytes));
    pass(device, PLANTED_UNLOCK, &arg);
}

static void stack_write(void)
{
    struct {
        struct planted_message head;
        struct planted_record record;
        struct planted_item item;
        char name[34];
    } message = {
        {sizeof(message), 1,  0},
        {PLANTED_GROUP,               36    },
        {PLANTED_ITEM_NAME,               34},
        "a name"
    };

    if (write(channel, &message, sizeof(message)) < 0)
        perror("trigger: write");
}

static void uaf_read(void)
{
    command(channel, PLANTED_BIND, object);
    command(device, PLANTED_DESTROY, object);
    command(channel, PLANTED_PEEK, 0);
}

static void uaf_write(void)
{
    set("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
    set("/proc/thread-self/fail-nth", "1");
    command(channel, PLANTED_RING, 8);
    command(channel, PLANTED_PUSH, 1);
}

static void double_free(void)
{
    uint64_t data = (uint64_t)(uintptr_t) "a note";

    pass(device, PLANTED_SET_NOTE, &(struct planted_note){object, 6, data});
    command(device, PLANTED_DROP_NOTE, object);
    command(device, PLANTED_DROP_NOTE, object);
}

static void list(void)
{
    command(channel, PLANTED_QUEUE, object);
    command(channel, PLANTED_QUEUE, object);
}

static void hang(void)
{
    set("/proc/sys/kernel/hung_task_timeout_secs", "10");
    pass(device, PLANTED_LINK, &(struct planted_pair){object, object});
}

static void lockup(void)
{
    command(channel, PLANTED_BIND, object);
    pass(channel, PLANTED_SCAN, &(struct planted_scan){object, 0, 100, 3});
}

/* The kernel counts leaks in a file; whoever reads it says what it found on the console. */
static void leak(void)
{
    char text[4096];
    FILE *in;

    pass(device, PLANTED_LABEL, &(struct planted_label){object, "Label"});
    set("/sys/kernel/debug/kmemleak", "scan");
    sleep(LEAK_WAIT_S);
    set("/sys/kernel/debug/kmemleak", "scan");
    in = fopen("/sys/kernel/debug/kmemleak", "r");
    for (int line = 0; in != NULL && fgets(text, sizeof(text), in) != NULL; line++)
        printf("%s%s", line == 0 ? "BUG: memory leak\n" : "", text);
}

static void *fill(void *nothing)
{
    struct planted_fill arg = {object, 1};

    for (int i = 0; i < RACE_TRIES; i++)
        ioctl(device, PLANTED_FILL, &arg);
    return nothing;
}

static void race(void)
{
    pthread_t filler;

    pthread_create(&filler, NULL, fill, NULL);
    for (int i = 0; i < RACE_TRIES; i++) {
        usleep(2000);
        pass(device, PLANTED_RESIZE, &(struct planted_create){64 + (uint32_t)(i % 8), object});
    }
    pthread_join(filler, NULL);
}

static const struct {
    const char *name;
    void (*run)(void);
} bugs[] = {
    {"warn",        warn       },
    {"divide",      divide     },
    {"null",        null       },
    {"oob_read",    oob_read   },
    {"oob_write",   oob_write  },
    {"index",       bound_index},
    {"bug",         bug        },
    {"stack_write", stack_write},
    {"uaf_read",    uaf_read   },
    {"uaf_write",   uaf_write  },
    {"double_free", double_free},
    {"list",        list       },
    {"hang",        hang       },
    {"lockup",      lockup     },
    {"leak",        leak       },
    {"race",        race       },
};

int main(void)
{
    const char *name = getenv("PLANTED");
    struct planted_create create = {64, 0};

    setvbuf(stdout, NULL, _IONBF, 0);
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    mkdir("/dev", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sys", "/sys", "sysfs", 0, NULL);
    mount("debug", "/sys/kernel/debug", "debugfs", 0, NULL);
    mount("dev", "/dev", "devtmpfs", 0, NULL);
    device = open("/dev/planted", O_RDWR);
    if (device < 0)
        perror("trigger: /dev/planted");
    channel = command(device, PLANTED_CHANNEL, 0);
    pass(device, PLANTED_CREATE, &create);
    object = create.id;
    for (size_t i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++) {
        if (name != NULL && strcmp(bugs[i].name, name) == 0) {
            printf("trigger: %s\n", name);
            bugs[i].run();
            printf("trigger: nothing happened\n");
        }
    }
    reboot(RB_POWER_OFF);
    return 0;
}
