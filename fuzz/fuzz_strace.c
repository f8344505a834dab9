/* fuzz_strace: logs of any bytes, imported; every program that comes of one is whole and can be
 * read again. SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "spear/syz/compile.h"
#include "spear/syz/const.h"
#include "spear/syz/strace.h"

static const char descriptions[] =
    "resource fd[int32]: -1, AT_FDCWD\n"
    "resource sock[fd]\n"
    "open(file ptr[in, string[filename]], flags flags[open_flags, int32], mode int32) fd\n"
    "openat$dev(dir const[AT_FDCWD, int64], file ptr[in, string[\"/dev/thing\"]]) fd\n"
    "read(f fd, data ptr[out, array[int8]], size bytesize[data])\n"
    "write(f fd, data ptr[in, array[int8]], size bytesize[data])\n"
    "pipe2(fds ptr[out, pipe_fds], flags flags[open_flags, int32])\n"
    "pipe_fds {\n\tr fd\n\tw fd\n}\n"
    "close(f fd)\n"
    "socket(domain int32, type int32, protocol int32) sock\n"
    "bind(s sock, address ptr[in, sockaddr], size bytesize[address])\n"
    "sockaddr [\n\tin sockaddr_in\n\tun sockaddr_un\n]\n"
    "sockaddr_in {\n\tfamily const[2, int16]\n\tport int16be\n\taddr int32be\n"
    "\tpad array[const[0, int8], 8]\n}\n"
    "sockaddr_un {\n\tfamily const[1, int16]\n\tpath string[filename, 14]\n}\n"
    "mmap(a vma, size len[a], prot int32, flags int32, f fd, offset int64)\n"
    "munmap(a vma, size len[a])\n"
    "epoll(items ptr[in, array[int32]], count len[items])\n"
    "open_flags = O_RDONLY, O_WRONLY, O_CREAT\n";
static const char consts[] = "arches = amd64\nAT_FDCWD = -100\nO_RDONLY = 0\nO_WRONLY = 1\n"
                             "O_CREAT = 64\n__NR_open = 2\n__NR_openat = 257\n__NR_read = 0\n"
                             "__NR_write = 1\n__NR_pipe2 = 293\n__NR_close = 3\n__NR_socket = 41\n"
                             "__NR_bind = 49\n__NR_mmap = 9\n__NR_munmap = 11\n__NR_epoll = 213\n";

struct world {
    struct arena arena; /* kept from run to run */
    const struct syz_target *target;
    struct map consts;
};

struct job {
    struct world *world;
    struct arena arena;
    struct str log;
};

static enum status prepare(void *ctx, struct diag *dg)
{
    struct world *w = ctx;
    struct syz_errors errors = {.arena = &w->arena};
    struct syz_source *items = arena_new(&w->arena, struct syz_source, 2);
    struct syz_sources sources = {items, 2, 2};

    items[0] = (struct syz_source){STR("a.txt"), str_of(descriptions)};
    items[1] = (struct syz_source){STR("a.const"), str_of(consts)};
    map_init(&w->consts, &w->arena);
    syz_consts_read(&w->consts, items[1].text, 1, items[1].path, STR("amd64"), true, &errors);
    return syz_compile(&sources, syz_arch_find("amd64"), &w->arena, &errors, &w->target, dg);
}

static enum status run(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct strace_import in;

    TRY(syz_strace_import(&job->arena, job->world->target, &job->world->consts, job->log, &in, dg));
    for (uint32_t i = 0; i < in.count; i++) {
        struct syz_prog *again = NULL;
        struct buf text;
        FUZZ_CHECK(syz_prog_check(in.progs[i], dg) == ST_OK, "programs are whole");
        buf_init(&text, &job->arena);
        syz_prog_print(&text, in.progs[i]);
        FUZZ_CHECK(syz_prog_parse(&job->arena, job->world->target,
                                  (struct str){(const char *)text.data, text.size}, SYZ_STRICT,
                                  &again, dg) == ST_OK,
                   "programs can be read again");
    }
    return ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world;
    struct job job = {
        .world = &world, .log = {(const char *)data, size}
    };
    struct diag dg = {0};

    if (world.target == NULL) {
        arena_init(&world.arena, (size_t)64 << 20);
        FUZZ_CHECK(arena_guard(&world.arena, prepare, &world, &dg) == ST_OK, "they compile");
    }
    arena_init(&job.arena, FUZZ_ARENA_BYTES);
    enum status st = arena_guard(&job.arena, run, &job, &dg);
    FUZZ_CHECK(st == ST_OK || st == ST_MALFORMED || st == ST_LIMIT || st == ST_NO_MEMORY,
               "importing ends as documented");
    arena_free(&job.arena);
    return 0;
}
