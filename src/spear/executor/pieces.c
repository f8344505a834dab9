/* pieces: all pieces, included once, and the functions that the rest of the executor sees.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/executor/pieces.h"

#include <errno.h>

/* Reproducers use some that we do not. */
#pragma GCC diagnostic ignored "-Wunused-function"
#include "spear/executor/pieces/btf_id_by_name.h"
#include "spear/executor/pieces/cgroups.h"
#include "spear/executor/pieces/checksum.h"
#include "spear/executor/pieces/clone.h"
#include "spear/executor/pieces/create_resource.h"
#include "spear/executor/pieces/data_region.h"
#include "spear/executor/pieces/emit_ethernet.h"
#include "spear/executor/pieces/execute_func.h"
#include "spear/executor/pieces/extract_tcp_res.h"
#include "spear/executor/pieces/fault.h"
#include "spear/executor/pieces/fault_setup.h"
#include "spear/executor/pieces/fuse_abort.h"
#include "spear/executor/pieces/fuse_handle_req.h"
#include "spear/executor/pieces/genetlink_family.h"
#include "spear/executor/pieces/inflate.h"
#include "spear/executor/pieces/init_net_socket.h"
#include "spear/executor/pieces/io_uring.h"
#include "spear/executor/pieces/leaks.h"
#include "spear/executor/pieces/loop.h"
#include "spear/executor/pieces/memcpy_off.h"
#include "spear/executor/pieces/mount_image.h"
#include "spear/executor/pieces/net_devices.h"
#include "spear/executor/pieces/netlink.h"
#include "spear/executor/pieces/open_dev.h"
#include "spear/executor/pieces/open_procfs.h"
#include "spear/executor/pieces/open_pts.h"
#include "spear/executor/pieces/pidfd_open.h"
#include "spear/executor/pieces/pkey_set.h"
#include "spear/executor/pieces/read_part_table.h"
#include "spear/executor/pieces/remove_dir.h"
#include "spear/executor/pieces/sandbox_namespace.h"
#include "spear/executor/pieces/sandbox_none.h"
#include "spear/executor/pieces/sandbox_setuid.h"
#include "spear/executor/pieces/segv_guard.h"
#include "spear/executor/pieces/store.h"
#include "spear/executor/pieces/sysctl.h"
#include "spear/executor/pieces/test_calls.h"
#include "spear/executor/pieces/test_cover.h"
#include "spear/executor/pieces/test_zlib.h"
#include "spear/executor/pieces/tun.h"
#include "spear/wire/exec.h"
#include "spear/wire/wire.h"

_Static_assert(DATA_BASE == EXEC_DATA_BASE_64 && DATA_BYTES == EXEC_DATA_BYTES, "one region");
_Static_assert((int)STORE_BIG_ENDIAN == (int)EXEC_BIG_ENDIAN && (int)STORE_OCT == (int)EXEC_OCT,
               "the formats of the wire are those of the pieces");

void ex_guard_install(void)
{
    guard_install();
}

bool ex_data_region_map(void)
{
    return data_region_map() == 0;
}

void ex_copy_in(uint64_t address, const uint8_t *bytes, size_t size)
{
    void *to = (void *)(uintptr_t)address;
    GUARDED(memcpy(to, bytes, size));
}

bool ex_load(uint64_t address, unsigned bytes, uint64_t *value)
{
    const void *from = (const void *)(uintptr_t)address;
    volatile uint64_t result = 0;
    volatile bool is_read = false;

    GUARDED({
        uint64_t word = 0;
        memcpy(&word, from, bytes);
        result = word;
        is_read = true;
    });
    *value = result;
    return is_read;
}

void ex_store(uint64_t address, uint32_t bytes, uint32_t format, uint64_t value,
              uint32_t field_offset, uint32_t field_bits)
{
    store_number(address, bytes, (enum store_format)format, value, field_offset, field_bits);
}

uint32_t ex_checksum_memory(uint32_t sum, uint64_t address, uint64_t size)
{
    return checksum_memory(sum, address, size);
}

uint32_t ex_checksum_number(uint32_t sum, uint64_t value, unsigned bytes)
{
    return checksum_number(sum, value, bytes);
}

uint16_t ex_checksum_end(uint32_t sum)
{
    return checksum_end(sum);
}

bool ex_fault_arm(uint32_t nth)
{
    return fault_arm(nth) == 0;
}

bool ex_fault_disarm(void)
{
    return fault_disarm() != 0;
}

void ex_machine_setup(void)
{
    sysctl_setup();
    fault_setup();
    cgroup_setup();
}

/* Of the sandbox that is being made: its functions take no arguments. */
static struct {
    uint32_t id, prepare;
} sandbox_plan;

static void prepare_sandbox(void)
{
    const int id = (int)sandbox_plan.id;

    if ((sandbox_plan.prepare & EX_PREPARE_CGROUPS) != 0)
        cgroup_enter(id);
    net_set_up("lo");
    if ((sandbox_plan.prepare & EX_PREPARE_TUN) != 0)
        tun_open(id);
    if ((sandbox_plan.prepare & EX_PREPARE_DEVICES) != 0)
        net_devices_add(id);
}

int ex_sandbox(uint32_t kind, uint32_t id, uint32_t prepare, void (*inside)(void))
{
    sandbox_plan.id = id;
    sandbox_plan.prepare = prepare;
    loop_index = (int)id;
    init_net_keep();
    switch (kind) { /* tidy: flat */
    case WIRE_SANDBOX_NONE: return sandbox_none(prepare_sandbox, inside);
    case WIRE_SANDBOX_SETUID: return sandbox_setuid(prepare_sandbox, inside);
    case WIRE_SANDBOX_NAMESPACE: return sandbox_namespace(prepare_sandbox, inside);
    default: return -1;
    }
}

void ex_link_cgroups(uint32_t id)
{
    cgroup_link((int)id);
}

void ex_reset_loop(uint32_t id)
{
    loop_index = (int)id;
    loop_reset();
}

void ex_flush_tun(void)
{
    tun_flush();
}

int ex_check_leaks(void)
{
    return leaks_check();
}

void ex_start_leaks(void)
{
    leaks_start();
}

void ex_remove_dir(const char *path)
{
    remove_dir(path);
}

void ex_abort_fuse(void)
{
    fuse_abort_all();
}

size_t ex_injected_cover(const uint64_t **addresses)
{
    const size_t count = injected_cover.count;

    *addresses = injected_cover.addresses;
    injected_cover.count = 0;
    return count;
}

size_t ex_injected_remote_cover(const uint64_t **addresses)
{
    const size_t count = injected_remote_cover.count;

    *addresses = injected_remote_cover.addresses;
    injected_remote_cover.count = 0;
    return count;
}

/* Calls a function of so many 64-bit arguments. */
#define CALL_0(f) f()
#define CALL_1(f) f(a[0])
#define CALL_2(f) f(a[0], a[1])
#define CALL_3(f) f(a[0], a[1], a[2])
#define CALL_4(f) f(a[0], a[1], a[2], a[3])
#define CALL_5(f) f(a[0], a[1], a[2], a[3], a[4])
#define CALL_6(f) f(a[0], a[1], a[2], a[3], a[4], a[5])
#define CALL_7(f) f(a[0], a[1], a[2], a[3], a[4], a[5], a[6])

static long dispatch(uint32_t number, const uint64_t *a)
{
    switch (number) { /* tidy: flat */
/* clang-format off */
#define PSEUDO(name, arguments, state, piece) case EXEC_##name: return CALL_##arguments(name);
/* clang-format on */
#include "spear/wire/pseudo.def"
    default: errno = ENOSYS; return -1;
    }
}

long ex_pseudo(uint32_t number, const uint64_t *args)
{
    return dispatch(number, args);
}
