/* Logs of strace become programs: variants by their constants, results by their values, unfinished
 * calls, processes, what cannot be read. SPDX-License-Identifier: Apache-2.0 */
#include "described.h"
#include "spear/syz/const.h"
#include "spear/syz/strace.h"
#include "tap.h"

static const char descriptions[] =
    "resource fd[int32]: -1, AT_FDCWD\n"
    "resource sock[fd]\n"
    "resource sock_in[sock]\n"
    "resource fd_dev[fd]\n"
    "open(file ptr[in, string[filename]], flags flags[open_flags, int32], mode int32) fd\n"
    "openat(dir fd, file ptr[in, string[filename]], flags flags[open_flags, int32], m int32) fd\n"
    "openat$dev(dir const[AT_FDCWD, int64], file ptr[in, string[\"/dev/thing\"]], "
    "flags flags[open_flags, int32], m const[0, int32]) fd_dev\n"
    "read(f fd, data ptr[out, array[int8]], size bytesize[data])\n"
    "write(f fd, data ptr[in, array[int8]], size bytesize[data])\n"
    "pipe2(fds ptr[out, pipe_fds], flags flags[open_flags, int32])\n"
    "pipe_fds {\n\tr fd\n\tw fd\n}\n"
    "close(f fd)\n"
    "dup(f fd) fd\n"
    "socket(domain int32, type int32, protocol int32) sock\n"
    "socket$in(domain const[AF_INET, int32], type int32, protocol int32) sock_in\n"
    "bind(s sock, address ptr[in, sockaddr], size bytesize[address])\n"
    "bind$in(s sock_in, address ptr[in, sockaddr_in], size bytesize[address])\n"
    "sockaddr [\n\tin sockaddr_in\n\tun sockaddr_un\n]\n"
    "sockaddr_in {\n\tfamily const[AF_INET, int16]\n\tport int16be\n\taddr int32be\n"
    "\tpad array[const[0, int8], 8]\n}\n"
    "sockaddr_un {\n\tfamily const[AF_UNIX, int16]\n\tpath string[filename, 14]\n}\n"
    "ioctl(f fd, cmd int32, arg intptr)\n"
    "ioctl$get(f fd, cmd const[DEV_GET, int32], arg ptr[out, int32])\n"
    "ioctl$set(f fd_dev, cmd const[DEV_SET, int32], arg ptr[in, dev_args])\n"
    "dev_args {\n\tsize int32\n\tflags flags[open_flags, int32]\n}\n"
    "mmap(a vma, size len[a], prot int32, flags int32, f fd, offset int64)\n"
    "munmap(a vma, size len[a])\n"
    "epoll(items ptr[in, array[int32]], count len[items])\n"
    "open_flags = O_RDONLY, O_WRONLY, O_CREAT, O_CLOEXEC\n";

static const char consts[] = "arches = amd64\n"
                             "AT_FDCWD = -100\nO_RDONLY = 0\nO_WRONLY = 1\nO_CREAT = 64\n"
                             "O_CLOEXEC = 524288\nAF_INET = 2\nAF_UNIX = 1\nDEV_GET = 21505\n"
                             "DEV_SET = 21506\nSOCK_STREAM = 1\nPROT_READ = 1\nMAP_PRIVATE = 2\n"
                             "__NR_open = 2\n__NR_openat = 257\n__NR_read = 0\n__NR_write = 1\n"
                             "__NR_pipe2 = 293\n__NR_close = 3\n__NR_dup = 32\n__NR_socket = 41\n"
                             "__NR_bind = 49\n__NR_ioctl = 16\n__NR_mmap = 9\n__NR_munmap = 11\n"
                             "__NR_epoll = 213\n";

/* clang-format off */
static const struct {
    const char *what, *log, *want; /* programs, with a line of dashes between */
} rows[] = {
    {"a result is followed by its value",
     "open(\"a\", O_RDONLY) = 3\nread(3, \"xyz\", 16) = 3\nclose(3) = 0\n",
     "r0 = open(&(0x7f0000000000)='a\\x00', 0x0, 0x0)\n"
     "read(r0, &(0x7f0000000040)=\"\"/16, 0x10)\nclose(r0)\n"},
    {"the last result of that value counts",
     "open(\"a\", O_RDONLY) = 3\nclose(3) = 0\nopen(\"b\", O_RDONLY) = 3\nclose(3) = 0\n",
     "r0 = open(&(0x7f0000000000)='a\\x00', 0x0, 0x0)\nclose(r0)\n"
     "r1 = open(&(0x7f0000000040)='b\\x00', 0x0, 0x0)\nclose(r1)\n"},
    {"a failed call gives nothing",
     "open(\"a\", O_RDONLY) = -1 ENOENT (No such file or directory)\nclose(1) = 0\n",
     "open(&(0x7f0000000000)='a\\x00', 0x0, 0x0)\nclose(0xffffffffffffffff)\n"},
    {"results in memory",
     "pipe2([3, 4], O_CLOEXEC) = 0\nwrite(4, \"hi\\n\\0\\177\\x41\", 6) = 6\n",
     "pipe2(&(0x7f0000000000)={0xffffffffffffffff, <r0=>0xffffffffffffffff}, 0x80000)\n"
     "write(r0, &(0x7f0000000040)=\"68690a007f41\", 0x6)\n"},
    {"the variant whose constants fit",
     "socket(AF_INET, SOCK_STREAM, 0) = 3\nsocket(AF_UNIX, SOCK_STREAM, 0) = 4\n",
     "socket$in(0x2, 0x1, 0x0)\nsocket(0x1, 0x1, 0x0)\n"},
    {"the variant whose resource fits",
     "socket(AF_INET, 1, 0) = 3\n"
     "bind(3, {sa_family=AF_INET, sin_port=htons(80), "
     "sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0\n",
     "r0 = socket$in(0x2, 0x1, 0x0)\n"
     "bind$in(r0, &(0x7f0000000000)={0x2, 0x50, 0x7f000001}, 0x10)\n"},
    {"the option whose constants fit",
     "socket(AF_UNIX, 1, 0) = 3\nbind(3, {sa_family=AF_UNIX, sun_path=\"sock\"}, 110) = 0\n",
     "r0 = socket(0x1, 0x1, 0x0)\n"
     "bind(r0, &(0x7f0000000000)=@un={0x1, 'sock\\x00'}, 0x10)\n"},
    {"texts that are described",
     "openat(AT_FDCWD, \"/dev/thing\", O_RDONLY) = 5\n"
     "ioctl(5, DEV_SET, {size=8, flags=O_CREAT|O_WRONLY}) = 0\nioctl(5, DEV_GET, [7]) = 0\n"
     "ioctl(5, 0x1234, 0x7ffe) = 0\n",
     "r0 = openat$dev(0xffffffffffffff9c, &(0x7f0000000000), 0x0, 0x0)\n"
     "ioctl$set(r0, 0x5402, &(0x7f0000000040)={0x8, 0x41})\n"
     "ioctl$get(r0, 0x5401, &(0x7f0000000080))\nioctl(r0, 0x1234, 0x7ffe)\n"},
    {"names that lead out stay apart",
     "open(\"/etc/a\", 0) = 3\nopen(\"/etc/b\", 0) = 3\nopen(\"/etc/a\", 0) = 3\n",
     "open(&(0x7f0000000000)='./file0\\x00', 0x0, 0x0)\n"
     "open(&(0x7f0000000040)='./file1\\x00', 0x0, 0x0)\n"
     "open(&(0x7f0000000080)='./file0\\x00', 0x0, 0x0)\n"},
    {"a call in two parts, another process between",
     "[pid 7] read(3,  <unfinished ...>\n[pid 8] close(9) = 0\n"
     "[pid 7] <... read resumed>\"x\", 4) = 1\n",
     "close(0xffffffffffffffff)\n----\n"
     "read(0xffffffffffffffff, &(0x7f0000000000)=\"\"/4, 0x4)\n"},
    {"a child uses what its parent has opened",
     "10 open(\"a\", O_RDONLY) = 3\n11 close(3) = 0\n",
     "open(&(0x7f0000000000)='a\\x00', 0x0, 0x0)\n----\n"
     "r0 = open(&(0x7f0000000000)='a\\x00', 0x0, 0x0)\nclose(r0)\n"},
    {"times, signals, ends",
     "7 12:30:00.123456 dup(1) = 3\n7 --- SIGCHLD {si_signo=SIGCHLD} ---\n"
     "7 1700000000.5 exit_group(0) = ?\n7 +++ exited with 0 +++\n",
     "dup(0xffffffffffffffff)\n"},
    {"a cut text has the size that it had",
     "write(1, \"ab\"..., 10) = 10\n",
     "write(0xffffffffffffffff, "
     "&(0x7f0000000000)='ab\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00', 0xa)\n"},
    {"the same pages are the same pages",
     "mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, -1, 0) = 0x7f1000\nmunmap(0x7f2000, 4096) = 0\n",
     "mmap(&(0x7f0000ffc000/0x2000)=nil, 0x2000, 0x1, 0x12, 0xffffffffffffffff, 0x0)\n"
     "munmap(&(0x7f0000ffd000/0x1000)=nil, 0x1000)\n"},
    {"a length that no memory has",
     "munmap(0x1000, 0xffffffffffffffff) = -1 EINVAL (Invalid argument)\n",
     "munmap(&(0x7f0000f00000/0x100000)=nil, 0x100000)\n"},
    {"comments, paths of descriptors, what the kernel changed",
     "dup(1</dev/pts/0>) = 3\nepoll([1, 2 => 3, ...] /* 9 items */, 9) = 0\n",
     "dup(0xffffffffffffffff)\nepoll(&(0x7f0000000000)=[0x1, 0x2], 0x2)\n"},
    {"calls that are not described are left out",
     "getuid() = 0\ndup(0) = 1\n", "dup(0xffffffffffffffff)\n"},
    {"sums and sets",
     "epoll([1<<3|1, 2*1024, ~0, O_CREAT|O_WHAT, 0755], 5) = 0\n",
     "epoll(&(0x7f0000000000)=[0x9, 0x800, 0xffffffff, 0x40, 0x1ed], 0x5)\n"},
    {"nonsense", "hello\n)(\n{{{{\nopen(\ndup(1) = 2\nclose(((((\n", "dup(0xffffffffffffffff)\n"},
};
/* clang-format on */

struct job {
    const struct syz_target *target;
    struct arena arena;
    struct map consts;
    uint32_t row;
};

static void print_all(struct buf *text, const struct strace_import *in)
{
    for (uint32_t i = 0; i < in->count; i++) {
        if (i != 0)
            buf_text(text, "----\n");
        syz_prog_print(text, in->progs[i]);
    }
}

static enum status try_row(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct strace_import in;
    struct syz_errors errors = {.arena = &job->arena};
    struct buf text;

    map_init(&job->consts, &job->arena);
    syz_consts_read(&job->consts, str_of(consts), 0, STR("x.const"), STR("amd64"), false, &errors);
    TRY(syz_strace_import(&job->arena, job->target, &job->consts, str_of(rows[job->row].log), &in,
                          dg));
    buf_init(&text, &job->arena);
    print_all(&text, &in);
    bool same =
        str_equal((struct str){(const char *)text.data, text.size}, str_of(rows[job->row].want));
    bool whole = true;
    for (uint32_t i = 0; i < in.count; i++)
        whole = whole && syz_prog_check(in.progs[i], dg) == ST_OK;
    tap_ok(same && whole, "%s: %u of %u calls; %s", rows[job->row].what, in.taken, in.calls,
           dg->text);
    if (!same)
        printf("# expected\n%s# found\n%.*s", rows[job->row].want, (int)text.size,
               (const char *)text.data);
    return ST_OK;
}

static enum status try_long(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct strace_import in;
    struct buf log;
    uint32_t calls = 0, longest = 0;

    buf_init(&log, &job->arena);
    buf_text(&log, "open(\"a\", 0) = 3\n");
    for (uint32_t i = 0; i < 200; i++)
        buf_printf(&log, "write(3, \"%u\", 3) = 3\n", i);
    map_init(&job->consts, &job->arena);
    TRY(syz_strace_import(&job->arena, job->target, &job->consts,
                          (struct str){(const char *)log.data, log.size}, &in, dg));
    for (uint32_t i = 0; i < in.count; i++) {
        calls += in.progs[i]->count;
        longest = MAX(longest, in.progs[i]->count);
    }
    tap_ok(in.count == 7 && calls == 207 && longest == SYZ_CALLS_USUAL,
           "a long log is cut, and each program opens what it uses: %u programs, %u calls, at "
           "most %u",
           in.count, calls, longest);
    enum status st =
        syz_strace_import(&job->arena, job->target, &job->consts, STR("hello\n"), &in, dg);
    tap_ok(st == ST_MALFORMED, "no log at all: %s", dg->text);
    return ST_OK;
}

int main(void)
{
    struct described d = {.arch = "amd64", .text = descriptions, .consts = consts};
    struct job job = {.target = described_open(&d)};

    if (job.target == NULL)
        return !tap_ok(false, "the descriptions compile");
    for (job.row = 0; job.row < LENGTH_OF(rows); job.row++)
        described_case(&job.arena, try_row, &job, rows[job.row].what);
    described_case(&job.arena, try_long, &job, "a long log");
    arena_free(&d.arena);
    return tap_done();
}
