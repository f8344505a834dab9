/* profile: see profile.h. One file per process, whichever engine comes first opens it; closed by
 * the end of the process. SPDX-License-Identifier: Apache-2.0 */
#include "shield/native/profile.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NAME_BYTES_MAX = 512, JITDUMP_MAGIC = 0x4a695444, JIT_CODE_LOAD = 0 };

struct jit_header {
    uint32_t magic, version, total_bytes, machine, padding, pid;
    uint64_t time_ns, flags;
};
struct jit_load {
    uint32_t id, total_bytes;
    uint64_t time_ns;
    uint32_t pid, thread;
    uint64_t address, code_address, code_bytes, index;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *files[NATIVE_PROFILE_JITDUMP + 1];
static uint64_t func_count; /* written to the jitdump so far */

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static FILE *open_new(enum native_profile kind, const char *mode)
{
    char path[64];

    if (kind == NATIVE_PROFILE_JITDUMP)
        snprintf(path, sizeof(path), "jit-%d.dump", (int)getpid());
    else
        snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
    unlink(path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, mode) : NULL;
    if (f == NULL && fd >= 0)
        close(fd);
    return f;
}

/* The header fills a page, which perf wants to see mapped executable: that is how it finds the
 * file. Code comes behind it. */
static FILE *open_jitdump(void)
{
    FILE *f = open_new(NATIVE_PROFILE_JITDUMP, "w+");
    const struct jit_header header = {.magic = JITDUMP_MAGIC,
                                      .version = 1,
                                      .total_bytes = EXEC_MEMORY_MARK_BYTES,
                                      .machine = EM_X86_64,
                                      .pid = (uint32_t)getpid(),
                                      .time_ns = now_ns()};
    static const uint8_t zeros[EXEC_MEMORY_MARK_BYTES - sizeof(struct jit_header)];

    if (f == NULL)
        return NULL;
    fwrite(&header, sizeof(header), 1, f);
    fwrite(zeros, sizeof(zeros), 1, f);
    fflush(f);
    exec_memory_mark(fileno(f));
    return f;
}

static void name_of(struct rt_module *m, uint32_t func_index, char out[NAME_BYTES_MAX])
{
    struct str name = rt_module_func_name(m, func_index);

    if (name.size == 0)
        snprintf(out, NAME_BYTES_MAX, "wasm:func[%u]", func_index);
    else
        snprintf(out, NAME_BYTES_MAX, "wasm:%.*s", STR_ARG(name));
    for (char *c = out; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20)
            *c = '?';
}

static void add_to_map(FILE *f, const struct image_func *func, const uint8_t *code,
                       const char *name)
{
    fprintf(f, "%" PRIxPTR " %x %s\n", (uintptr_t)code, func->size, name);
}

static void add_to_dump(FILE *f, const struct image_func *func, const uint8_t *code,
                        const char *name)
{
    const size_t name_bytes = strlen(name) + 1;
    const struct jit_load load = {
        .id = JIT_CODE_LOAD,
        .total_bytes = (uint32_t)(sizeof(load) + name_bytes + func->size),
        .time_ns = now_ns(),
        .pid = (uint32_t)getpid(),
        .thread = (uint32_t)syscall(SYS_gettid),
        .address = (uintptr_t)code,
        .code_address = (uintptr_t)code,
        .code_bytes = func->size,
        .index = func_count++,
    };

    fwrite(&load, sizeof(load), 1, f);
    fwrite(name, name_bytes, 1, f);
    fwrite(code, func->size, 1, f);
}

void native_profile_add(enum native_profile kind, struct rt_module *m,
                        const struct native_code *code)
{
    char name[NAME_BYTES_MAX];

    if (kind == NATIVE_PROFILE_NONE)
        return;
    pthread_mutex_lock(&lock);
    if (files[kind] == NULL)
        files[kind] = kind == NATIVE_PROFILE_JITDUMP ? open_jitdump()
                                                     : open_new(NATIVE_PROFILE_PERFMAP, "w");
    FILE *f = files[kind];
    for (uint32_t i = 0; f != NULL && i < code->image->func_count; i++) {
        const struct image_func *func = &code->image->funcs[i];
        name_of(m, m->wm.func_imports + i, name);
        if (kind == NATIVE_PROFILE_JITDUMP)
            add_to_dump(f, func, code->memory.text + func->offset, name);
        else
            add_to_map(f, func, code->memory.text + func->offset, name);
    }
    if (f != NULL)
        fflush(f);
    pthread_mutex_unlock(&lock);
}
