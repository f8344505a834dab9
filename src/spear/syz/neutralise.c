/* neutralise: takes the teeth out of calls that would end, freeze or escape the machine without
 * there being a bug: what they did would only be noise. One row per call; numbers are those of
 * Linux, the same on every machine that it runs on. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/prog_int.h"

#include <string.h>

enum {
    FIXED_MAP = 0x10,      /* MAP_FIXED: else the kernel chooses, differently each time */
    REMAP_MAY_MOVE = 1,    /* MREMAP_MAYMOVE */
    REMAP_FIXED = 2,       /* MREMAP_FIXED */
    MODE_TYPE = 0xf000,    /* S_IFMT */
    MODE_CHAR = 0x2000,    /* S_IFCHR */
    MODE_BLOCK = 0x6000,   /* S_IFBLK */
    MODE_REGULAR = 0x8000, /* S_IFREG */
    DEVICE_NULL = 0x103,   /* 1:3 */
    MAJOR_LOOP = 7,
    EXIT_OF_EXECUTOR = 67, /* what the executor ends with when it has failed itself */
    SYSLOG_READ_CLEAR = 4,
    SYSLOG_LEVEL = 8, /* 5 to 8 clear the log, or keep it from the console */
    SYSLOG_SIZE = 10,
    FANOTIFY_ASKS = 0x170000, /* *_PERM and PRE_ACCESS: others wait until we answer */
    ARCH_SET_GS = 0x1001,
    ARCH_SET_FS = 0x1002,       /* moves the thread's own variables */
    MODULE_BYTES_MAX = 1 << 20, /* allocated before anything is checked */
    POLICY_FIFO = 1,
    POLICY_ROUND_ROBIN = 2,
    POLICY_DEADLINE = 6,
    DEVICE_NUMBER_ARG = 1, /* of mknod, after the mode */
};

#define IOCTL_BITS               UINT64_C(0x1fffffff) /* without the direction, coded differently */
#define IOCTL_FREEZE             UINT64_C(0xc0045877) /* FIFREEZE */
#define IOCTL_THAW               UINT64_C(0xc0045878) /* FITHAW */
#define IOCTL_SNAPSHOT_FREEZE    UINT64_C(0x3301)
#define IOCTL_SNAPSHOT_POWER_OFF UINT64_C(0x3310)
#define IOCTL_SET_SERIAL         UINT64_C(0x541f) /* TIOCSSERIAL: writes to any port */
#define IOCTL_GET_SERIAL         UINT64_C(0x541e)

/* The number that argument i is, or NULL when there is none. */
static uint64_t *number(struct syz_step *step, uint32_t i)
{
    if (i >= step->call->arg_count)
        return NULL;
    struct syz_arg *arg = step->args[i];
    if (arg->kind == SYZ_ARG_CONST)
        return &arg->value;
    return arg->kind == SYZ_ARG_RESULT && arg->result.from == NULL ? &arg->result.value : NULL;
}

static void fix_mmap(struct syz_prog *p, struct syz_step *step, uint32_t at)
{
    uint64_t *flags = number(step, at);

    (void)p;
    if (flags != NULL)
        *flags |= FIXED_MAP;
}

static void fix_mremap(struct syz_prog *p, struct syz_step *step, uint32_t at)
{
    uint64_t *flags = number(step, at);

    (void)p;
    if (flags != NULL && (*flags & REMAP_MAY_MOVE) != 0)
        *flags |= REMAP_FIXED;
}

static void fix_mknod(struct syz_prog *p, struct syz_step *step, uint32_t at)
{
    uint64_t *mode = number(step, at);
    const uint64_t *device = number(step, at + DEVICE_NUMBER_ARG);

    (void)p;
    if (mode == NULL)
        return;
    uint64_t type = *mode & MODE_TYPE;
    bool is_safe = device != NULL && ((type == MODE_CHAR && *device == DEVICE_NULL) ||
                                      (type == MODE_BLOCK && *device >> 8 == MAJOR_LOOP));
    if ((type == MODE_CHAR || type == MODE_BLOCK) && !is_safe)
        *mode = (*mode & ~(uint64_t)MODE_TYPE) | MODE_REGULAR;
}

static void fix_exit(struct syz_prog *p, struct syz_step *step, uint32_t at)
{
    uint64_t *code = number(step, at);

    (void)p;
    if (code != NULL && *code % 128 == EXIT_OF_EXECUTOR)
        *code = 1;
}

static void fix_syslog(struct syz_prog *p, struct syz_step *step, uint32_t at)
{
    uint64_t *action = number(step, at);

    (void)p;
    if (action != NULL && (uint32_t)*action >= SYSLOG_READ_CLEAR &&
        (uint32_t)*action <= SYSLOG_LEVEL)
        *action = SYSLOG_SIZE;
}

static void fix_ioctl(struct syz_prog *p, struct syz_step *step, uint32_t at)
{
    uint64_t *command = number(step, at);

    (void)p;
    if (command == NULL)
        return;
    uint64_t plain = *command & IOCTL_BITS;
    if ((uint32_t)*command == IOCTL_FREEZE || plain == IOCTL_SNAPSHOT_FREEZE ||
        plain == IOCTL_SNAPSHOT_POWER_OFF)
        *command = IOCTL_THAW;
    else if ((uint32_t)*command == IOCTL_SET_SERIAL)
        *command = IOCTL_GET_SERIAL;
}

static void fix_fanotify(struct syz_prog *p, struct syz_step *step, uint32_t at)
{
    uint64_t *mask = number(step, at);

    (void)p;
    if (mask != NULL)
        *mask &= ~(uint64_t)FANOTIFY_ASKS;
}

/* PTRACE_TRACEME: leaves processes that cannot be killed. */
static void fix_ptrace(struct syz_prog *p, struct syz_step *step, uint32_t at)
{
    uint64_t *request = number(step, at);

    (void)p;
    if (request != NULL && *request == 0)
        *request = UINT64_MAX;
}

static void fix_arch_prctl(struct syz_prog *p, struct syz_step *step, uint32_t at)
{
    uint64_t *option = number(step, at);

    (void)p;
    if (option != NULL && (uint32_t)*option == ARCH_SET_FS)
        *option = ARCH_SET_GS;
}

static void fix_module(struct syz_prog *p, struct syz_step *step, uint32_t at)
{
    uint64_t *bytes = number(step, at);

    (void)p;
    if (bytes != NULL && *bytes > MODULE_BYTES_MAX)
        *bytes %= MODULE_BYTES_MAX;
}

/* Sockets of the first network namespace: only families that exist nowhere else. */
static void fix_net_socket(struct syz_prog *p, struct syz_step *step, uint32_t at)
{
    /* AX25 NETROM X25 ROSE NETLINK LLC BLUETOOTH IEEE802154 NFC */
    static const uint8_t families[] = {3, 6, 9, 11, 16, 26, 31, 36, 39};
    uint64_t *family = number(step, at);

    (void)p;
    if (family != NULL &&
        (*family > UINT8_MAX || memchr(families, (int)*family, sizeof(families)) == NULL))
        *family = UINT64_MAX;
}

/* Real-time policies starve the executor; squashed attributes may hide one. */
static void fix_sched(struct syz_prog *p, struct syz_step *step, uint32_t at)
{
    struct syz_arg *pointer = at < step->call->arg_count ? step->args[at] : NULL;

    if (pointer == NULL || pointer->kind != SYZ_ARG_POINTER || pointer->pointer.to == NULL)
        return;
    struct syz_arg *to = pointer->pointer.to;
    if (to->type->kind != SYZ_STRUCT || to->group.count < 2 ||
        to->group.items[1]->kind != SYZ_ARG_CONST) {
        syz_prog_forget(p, to);
        pointer->pointer.to = NULL;
        pointer->pointer.is_special = true;
        pointer->pointer.address = 0;
        return;
    }
    uint64_t *policy = &to->group.items[1]->value;
    if (*policy == POLICY_FIFO || *policy == POLICY_ROUND_ROBIN || *policy == POLICY_DEADLINE)
        *policy = 0;
}

static const struct {
    const char *base;
    void (*fix)(struct syz_prog *p, struct syz_step *step, uint32_t at);
    uint32_t at; /* the argument that matters */
} rows[] = {
    {"arch_prctl",          fix_arch_prctl, 0},
    {"exit",                fix_exit,       0},
    {"exit_group",          fix_exit,       0},
    {"fanotify_mark",       fix_fanotify,   2},
    {"init_module",         fix_module,     1},
    {"ioctl",               fix_ioctl,      1},
    {"mknod",               fix_mknod,      1},
    {"mknodat",             fix_mknod,      2},
    {"mmap",                fix_mmap,       3},
    {"mremap",              fix_mremap,     3},
    {"ptrace",              fix_ptrace,     0},
    {"sched_setattr",       fix_sched,      1},
    {"syslog",              fix_syslog,     0},
    {"syz_init_net_socket", fix_net_socket, 0},
};

/* ---- names of files ---- */

static bool starts_with(const uint8_t *bytes, uint64_t size, const char *text)
{
    size_t length = strlen(text);
    return size >= length && memcmp(bytes, text, length) == 0;
}

/* Whether a name may lead out of the directory that the program runs in. */
static bool escapes(const uint8_t *bytes, uint64_t size)
{
    static const char *const harmless[] = {"/dev/null",   "/dev/zero",   "/dev/full",
                                           "/dev/loop",   "/proc/self/", "/proc/thread-self/",
                                           "/syz-inputs/"};
    const uint8_t *end = memchr(bytes, 0, size);
    bool is_absolute = size != 0 && bytes[0] == '/';
    int64_t depth = 0;

    size = end == NULL ? size : (uint64_t)(end - bytes);
    for (uint32_t i = 0; is_absolute && i < LENGTH_OF(harmless); i++)
        is_absolute = !starts_with(bytes, size, harmless[i]);
    if (is_absolute)
        return true;
    for (uint64_t i = 0; i < size && depth >= 0;) {
        const uint8_t *slash = memchr(bytes + i, '/', size - i);
        uint64_t part = slash == NULL ? size - i : (uint64_t)(slash - bytes) - i;
        if (part == 2 && bytes[i] == '.' && bytes[i + 1] == '.')
            depth--;
        else if (part != 0 && !(part == 1 && bytes[i] == '.'))
            depth++;
        i += part + 1;
    }
    return depth < 0;
}

static bool fix_name(void *ctx, const struct syz_visit *v)
{
    static const char name[] = "./file0";
    struct arena *a = ctx;
    struct syz_arg *arg = v->arg;

    if (arg->type->kind != SYZ_BUFFER || arg->type->buffer.kind != SYZ_FILENAME ||
        arg->data.bytes == NULL || !escapes(arg->data.bytes, arg->data.size))
        return true;
    uint64_t size = arg->type->is_varlen ? sizeof(name) : arg->type->size_bytes;
    arg->data.bytes = arena_new(a, uint8_t, size);
    arg->data.size = size;
    memcpy(arg->data.bytes, name, MIN((size_t)size, sizeof(name)));
    return true;
}

void syz_step_neutralise(struct syz_prog *p, struct syz_step *step)
{
    if (p->target->arch->os != SYZ_LINUX)
        return;
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++)
        if (str_equal(step->call->base, str_of(rows[i].base)))
            rows[i].fix(p, step, rows[i].at);
    step_each(step, fix_name, p->arena);
}

void syz_prog_neutralise(struct syz_prog *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        syz_step_neutralise(p, &p->steps[i]);
}
