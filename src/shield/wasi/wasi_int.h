/*
 * wasi_int: what the files of this folder share. A call goes through
 *   host_call -> the run function of the call: decodes (checks, changes nothing), then performs
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_WASI_WASI_INT_H
#define SHIELD_WASI_WASI_INT_H

#include "shield/runtime/store.h"
#include "shield/wasi/abi.h"
#include "shield/wasi/wasi.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum { WASI_NAME_MAX = 255 }; /* bytes of one name in a directory, as Linux has it */
enum { WASI_FD_PER_CALL = 2, WASI_PATH_PER_CALL = 2, WASI_OUT_PER_CALL = 2, WASI_NUM_PER_CALL = 6 };

enum wasi_call_id {
#define WASI(name, shape, sig, right1, right2, what) WASI_CALL_##name,
#include "shield/wasi/wasi.def"
#undef WASI
    WASI_CALL_COUNT
};

/* What a descriptor is: which rights it can have, and how it is read and written. */
enum wasi_kind { WASI_FREE, WASI_FILE, WASI_DIR, WASI_SOCKET, WASI_OTHER, WASI_MEMORY };

/* stdio without a host descriptor: reads from bytes, or keeps what is written. */
struct wasi_stream {
    const uint8_t *bytes; /* to read, borrowed */
    size_t size, position;
    uint8_t *kept; /* written so far, owned */
    size_t kept_size, kept_capacity;
    size_t limit_bytes; /* of kept */
    bool keeps;         /* else what is written is thrown away */
};

struct wasi_dir; /* call_dir.c: what was read ahead of a directory */

struct wasi_fd {
    enum wasi_kind kind; /* WASI_FREE: the slot is empty, nothing else is valid */
    uint8_t filetype;
    bool is_owned;  /* the host descriptor is closed with this one */
    uint16_t flags; /* WASI_FDFLAG_ */
    int host;       /* -1 for WASI_MEMORY */
    uint64_t base, inheriting;
    const char *preopen; /* guest's name of a preopened directory, in wasi.preopens; else NULL */
    struct wasi_dir *dir;
    struct wasi_stream *stream; /* WASI_MEMORY: in wasi.streams */
};

/* Strings with their NULs, one after the other: the layout args_get wants. */
struct wasi_strings {
    char *bytes;
    uint32_t size, capacity, count;
};

struct wasi_preopen {
    char *guest_path;
    uint64_t dev, ino; /* of the directory, so that ".." of a root shows the root */
};

/* Memory and store of the guest that calls; by hand in tests. */
struct wasi_guest {
    uint8_t *base;
    uint64_t size_bytes;
    struct rt_store *store;
};

/* ST_OK: results[0].i32 is the error number (proc_exit has no result). Else the guest ends. */
typedef enum status wasi_run_fn(struct wasi *w, bool is_unstable, const struct wasi_guest *guest,
                                const union rt_value *args, union rt_value *results);

struct wasi_binding { /* env of a host function */
    struct wasi *wasi;
    wasi_run_fn *run;
    bool is_unstable;
};

struct wasi {
    struct wasi_strings args, env;
    struct wasi_preopen *preopens;
    uint32_t preopen_count;
    struct wasi_stream streams[3];
    enum wasi_resolver resolver; /* never AUTO */
    bool has_fixed_clock, has_seed;
    uint64_t clock_ns, clock_step_ns; /* with has_fixed_clock */
    uint64_t random_state;            /* with has_seed */
    struct rt_store *store;           /* that funcs belong to */
    struct rt_func *funcs[2][WASI_CALL_COUNT];
    struct wasi_binding bindings[2][WASI_CALL_COUNT];
    struct rt_instance *memory_of; /* whose memory was looked up last, and what was found */
    struct rt_memory *memory;
    struct wasi_guest guest; /* of the call in progress */
    uint32_t fd_first_free; /* no slot below is free */
    uint32_t fd_end;        /* slots from here on are free, and not initialised */
    struct wasi_fd fds[WASI_FDS_MAX];
};

/* One call, decoded. Arrays are filled in the order of the parameters; what the shape does not
 * name is not initialised. */
struct wasi_call {
    struct wasi *wasi;
    const struct wasi_guest *guest;
    bool is_unstable;
    enum status end; /* not ST_OK: the guest ends here (exit, interruption) */
    uint32_t fd_count, path_count, out_count, num_count, iov_count;
    struct wasi_fd *fd[WASI_FD_PER_CALL];
    uint32_t fd_number[WASI_FD_PER_CALL];
    uint64_t num[WASI_NUM_PER_CALL];
    uint8_t *out[WASI_OUT_PER_CALL]; /* guest memory, of the size the shape says */
    uint8_t *buffer;                 /* guest memory */
    uint32_t buffer_size;
    uint8_t *subscriptions, *events; /* guest memory */
    uint32_t subscription_count;
    size_t iov_bytes;                                 /* together; at most UINT32_MAX */
    char path[WASI_PATH_PER_CALL][WASI_PATH_MAX + 1]; /* NUL-terminated, no NUL inside */
    struct iovec iov[WASI_IOVS_MAX];                  /* into guest memory, checked */
};

typedef enum wasi_errno wasi_perform_fn(struct wasi_call *c);

struct wasi_call_info {
    const char *name, *shape, *sig;
    uint64_t right[WASI_FD_PER_CALL];
    wasi_run_fn *run;
};
extern const struct wasi_call_info wasi_call_info[WASI_CALL_COUNT];

/* decode.c */
/* Signature letters that a shape consumes, "ii"; out holds WASI_SIG_MAX bytes. For the test. */
enum { WASI_SIG_MAX = 24 };
void wasi_shape_sig(const char *shape, char *out);
/* Bytes [offset, offset + size) of guest memory, or NULL when they are not all inside. */
static inline uint8_t *wasi_guest_bytes(const struct wasi_guest *g, uint64_t offset, uint64_t size)
{
    if (offset > g->size_bytes || size > g->size_bytes - offset)
        return NULL;
    return g->base + offset;
}

/* errno.c */
enum wasi_errno wasi_errno_of(int host_errno); /* IO for what WASI has no number for */
const char *wasi_errno_name(enum wasi_errno e);

/* fds.c */
static inline enum wasi_errno wasi_fd_get(struct wasi *w, uint32_t number, struct wasi_fd **out)
{
    if (number >= w->fd_end || w->fds[number].kind == WASI_FREE)
        return WASI_BADF;
    *out = &w->fds[number];
    return WASI_SUCCESS;
}
/* Lowest free number, which now holds *fd. MFILE when there is none; the caller still owns. */
enum wasi_errno wasi_fd_add(struct wasi *w, const struct wasi_fd *fd, uint32_t *number);
void wasi_fd_clear(struct wasi *w, uint32_t number); /* closes what it owns, frees the slot */
/* Describes an open host descriptor: kind, filetype and every right its kind can have. */
enum wasi_errno wasi_fd_describe(int host, struct wasi_fd *out);
uint8_t wasi_filetype_of(mode_t mode);
/* Rights that a kind of descriptor can have, and those that a read-only directory takes away. */
uint64_t wasi_rights_of(enum wasi_kind kind);
uint64_t wasi_rights_writing(void);

/* path.c: see there for what "below" means. */
struct wasi_place {
    int dir; /* directory; its name below is one component, never a link to follow */
    bool dir_owned;
    bool has_slash; /* the path ended in a slash */
    char name[WASI_NAME_MAX + 1];
};
enum wasi_path_mode {
    WASI_PATH_ENTRY,  /* name itself: made, removed, renamed; a slash behind it is remembered */
    WASI_PATH_OBJECT, /* what is there, a link is not followed; a slash asks for a directory */
    WASI_PATH_FOLLOW  /* as OBJECT, links are followed */
};
enum wasi_errno wasi_open_below(enum wasi_resolver r, int root, const char *path, int flags,
                                mode_t mode, int *out);
enum wasi_errno wasi_place_find(enum wasi_resolver r, int root, const char *path,
                                enum wasi_path_mode mode, struct wasi_place *out);
void wasi_place_close(struct wasi_place *p);
bool wasi_kernel_has_openat2(void);

/* walk.c */
enum wasi_errno wasi_walk_open(int root, const char *path, int flags, mode_t mode, int *out);

/* wait.c */
/* Waits until one of the host descriptors is ready, or until deadline_ns of the monotonic clock
 * (UINT64_MAX: for ever). *ready is how many are. Ends with INTR and c->end set when the store is
 * interrupted. */
enum wasi_errno wasi_wait(struct wasi_call *c, struct pollfd *fds, uint32_t count,
                          uint64_t deadline_ns, uint32_t *ready);
/* Waits for one descriptor, or says AGAIN at once when it is non-blocking. */
enum wasi_errno wasi_wait_fd(struct wasi_call *c, const struct wasi_fd *fd, short events);
bool wasi_interrupted(struct wasi_call *c); /* sets c->end */
uint64_t wasi_now_ns(struct wasi *w, enum wasi_clock clock);

/* call_file.c: stores a struct stat as the guest's ABI lays it out. */
void wasi_put_filestat(struct wasi_call *c, uint8_t *at, const struct stat *st);
/* Turns time flags and times into what utimensat takes; INVAL when they contradict each other. */
enum wasi_errno wasi_times_of(uint64_t atim, uint64_t mtim, uint64_t flags, struct timespec out[2]);

/* call_dir.c */
void wasi_dir_free(struct wasi_dir *d);

#define WASI(name, shape, sig, right1, right2, what) wasi_perform_fn wasi_perform_##name;
#include "shield/wasi/wasi.def"
#undef WASI

#endif /* SHIELD_WASI_WASI_INT_H */
