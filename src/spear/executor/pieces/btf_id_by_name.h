/* btf_id_by_name: the number of a type or function in what the kernel says about itself.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spear/executor/pieces/segv_guard.h"

/* How many bytes follow the common part of a type's record. */
static size_t btf_tail_bytes(uint32_t info)
{
    const size_t count = BTF_INFO_VLEN(info);

    switch (BTF_INFO_KIND(info)) {
    case BTF_KIND_INT:
    case BTF_KIND_VAR:
    case BTF_KIND_DECL_TAG: return 4;
    case BTF_KIND_ARRAY: return sizeof(struct btf_array);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION: return count * sizeof(struct btf_member);
    case BTF_KIND_ENUM: return count * sizeof(struct btf_enum);
    case BTF_KIND_FUNC_PROTO: return count * sizeof(struct btf_param);
    case BTF_KIND_DATASEC: return count * sizeof(struct btf_var_secinfo);
    case 19: return count * 12; /* BTF_KIND_ENUM64, newer than some headers */
    default: return 0;
    }
}

static long btf_find(const unsigned char *btf, size_t bytes, const char *name)
{
    struct btf_header header;

    if (bytes < sizeof(header))
        return -1;
    memcpy(&header, btf, sizeof(header));
    if (header.magic != BTF_MAGIC || header.hdr_len > bytes)
        return -1;
    const size_t types = header.hdr_len + (size_t)header.type_off;
    const size_t strings = header.hdr_len + (size_t)header.str_off;
    if (types + header.type_len > bytes || strings + header.str_len > bytes)
        return -1;
    size_t at = types;
    for (long id = 1; at + sizeof(struct btf_type) <= types + header.type_len; id++) {
        struct btf_type type;
        memcpy(&type, btf + at, sizeof(type));
        if (type.name_off < header.str_len &&
            strcmp((const char *)btf + strings + type.name_off, name) == 0)
            return id;
        at += sizeof(type) + btf_tail_bytes(type.info);
    }
    return -1;
}

static long syz_btf_id_by_name(uint64_t name)
{
    char wanted[128];
    struct stat info;
    long id = -1;

    if (!guard_text(wanted, sizeof(wanted), name)) {
        errno = EFAULT;
        return -1;
    }
    const int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (fstat(fd, &info) == 0 && info.st_size > 0) {
        unsigned char *btf = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (btf == MAP_FAILED) { /* not every kernel lets it be mapped */
            btf = mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            for (off_t at = 0; btf != MAP_FAILED && at < info.st_size;) {
                const ssize_t n = pread(fd, btf + at, (size_t)(info.st_size - at), at);
                if (n <= 0)
                    break;
                at += n;
            }
        }
        if (btf != MAP_FAILED) {
            id = btf_find(btf, (size_t)info.st_size, wanted);
            munmap(btf, (size_t)info.st_size);
        }
    }
    close(fd);
    if (id < 0)
        errno = ENOENT;
    return id;
}
