/* region: finds and maps the memory that host and machine share, checks what the host wrote.
 * SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spear/executor/executor.h"

static const char pci_devices[] = "/sys/bus/pci/devices";

/* Is this the shared memory device? */
static bool is_ivshmem(const char *device)
{
    char path[320], vendor[16], kind[16];

    snprintf(path, sizeof(path), "%s/%s/vendor", pci_devices, device);
    if (ex_read_file(path, vendor, sizeof(vendor)) < 0)
        return false;
    snprintf(path, sizeof(path), "%s/%s/device", pci_devices, device);
    if (ex_read_file(path, kind, sizeof(kind)) < 0)
        return false;
    return strncmp(vendor, "0x1af4", 6) == 0 && strncmp(kind, "0x1110", 6) == 0;
}

/* Writing combined is faster where the hardware respects it; not every kernel offers it. */
static int open_memory(const char *device, char *text, size_t text_max)
{
    static const char *const names[] = {"resource2_wc", "resource2"};
    char path[320];

    snprintf(path, sizeof(path), "%s/%s/enable", pci_devices, device);
    ex_write_file(path, "1"); /* memory decoding is off without a driver */
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s/%s", pci_devices, device, names[i]);
        const int fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd >= 0)
            return fd;
    }
    snprintf(text, text_max, "region: open %s: %s", path, ex_errno_name(errno));
    return -1;
}

int ex_region_open_pci(char *text, size_t text_max)
{
    DIR *dir = opendir(pci_devices);
    int fd = -1;

    if (dir == NULL) {
        snprintf(text, text_max, "region: open %s: %s; the kernel needs CONFIG_PCI", pci_devices,
                 ex_errno_name(errno));
        return -1;
    }
    snprintf(text, text_max, "region: no ivshmem device (1af4:1110) under %s", pci_devices);
    for (struct dirent *entry; fd < 0 && (entry = readdir(dir)) != NULL;)
        if (is_ivshmem(entry->d_name))
            fd = open_memory(entry->d_name, text, text_max);
    closedir(dir);
    return fd;
}

bool ex_region_map(struct executor *ex, int fd, char *text, size_t text_max)
{
    struct stat info;

    if (fstat(fd, &info) != 0 || info.st_size < 2 * WIRE_PAGE_BYTES) {
        snprintf(text, text_max, "region: has %jd bytes, a header alone takes %d",
                 (intmax_t)info.st_size, 2 * WIRE_PAGE_BYTES);
        return false;
    }
    ex->bytes = (size_t)info.st_size;
    void *base = mmap(NULL, ex->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) {
        snprintf(text, text_max, "region: mmap of %zu bytes: %s", ex->bytes, ex_errno_name(errno));
        return false;
    }
    ex->base = base;
    return true;
}

bool ex_region_check(struct executor *ex, char *text, size_t text_max)
{
    struct wire_header h;

    memcpy(&h, ex->base, sizeof(h));
    if (h.magic != WIRE_MAGIC || h.version != WIRE_VERSION)
        return snprintf(text, text_max, "header: magic %#x version %u, expected %#x and %u",
                        h.magic, h.version, WIRE_MAGIC, WIRE_VERSION) < 0;
    if (h.region_bytes > ex->bytes)
        return snprintf(text, text_max, "header: region of %ju bytes, %zu are mapped",
                        (uintmax_t)h.region_bytes, ex->bytes) < 0;
    if (h.slot_count == 0 || h.slot_count > WIRE_SLOTS_MAX)
        return snprintf(text, text_max, "header: %u slots, 1 to %d are possible", h.slot_count,
                        WIRE_SLOTS_MAX) < 0;
    if (h.known_log2 < 4 || h.known_log2 > 30 || h.known_offset > h.region_bytes ||
        (UINT64_C(4) << h.known_log2) > h.region_bytes - h.known_offset || h.known_offset % 4 != 0)
        return snprintf(text, text_max, "header: known signal, 4 << %u bytes at %#jx, is outside",
                        h.known_log2, (uintmax_t)h.known_offset) < 0;
    if (h.slots_offset > h.region_bytes || h.slots_offset % WIRE_PAGE_BYTES != 0 ||
        h.slot_bytes > (h.region_bytes - h.slots_offset) / h.slot_count ||
        h.slot_bytes % WIRE_PAGE_BYTES != 0)
        return snprintf(text, text_max, "header: slots of %ju bytes at %#jx are outside or odd",
                        (uintmax_t)h.slot_bytes, (uintmax_t)h.slots_offset) < 0;
    if (h.reply_offset <= WIRE_REQUEST_BYTES || h.reply_offset > h.slot_bytes ||
        h.reply_offset % 64 != 0 || h.slot_bytes - h.reply_offset < 2 * sizeof(struct wire_result))
        return snprintf(text, text_max, "header: reply at %#jx of a slot of %ju bytes",
                        (uintmax_t)h.reply_offset, (uintmax_t)h.slot_bytes) < 0;
    ex->header = h;
    return true;
}

struct ex_slot ex_slot(const struct executor *ex, uint32_t index)
{
    const struct wire_header *h = &ex->header;
    uint8_t *start = ex->base + h->slots_offset + index * h->slot_bytes;
    size_t reply_max = h->slot_bytes - h->reply_offset;
    size_t payload_max = h->reply_offset - WIRE_REQUEST_BYTES;

    if (reply_max > WIRE_REPLY_MAX)
        reply_max = WIRE_REPLY_MAX;
    if (payload_max > WIRE_PAYLOAD_MAX)
        payload_max = WIRE_PAYLOAD_MAX;
    return (struct ex_slot){index,
                            (struct wire_request *)(void *)start,
                            start + WIRE_REQUEST_BYTES,
                            payload_max,
                            start + h->reply_offset,
                            reply_max};
}
