/* port: the 8250's registers from user space. See port.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/executor/port.h"

#include <stdio.h>
#include <stdlib.h>

#include "spear/executor/executor.h"

#if defined(__x86_64__) || defined(__i386__)
#include <sys/io.h>

enum { PORTS = 8, LINE_STATUS = 5, ALL_SENT = 0x40 };

uint16_t ex_port_open(const char *tty)
{
    char path[64], text[32];

    snprintf(path, sizeof(path), "/sys/class/tty/%s/port", tty);
    if (ex_read_file(path, text, sizeof(text)) < 0)
        return 0;
    const unsigned long port = strtoul(text, NULL, 16);
    if (port == 0 || port > UINT16_MAX - PORTS || ioperm(port, PORTS, 1) != 0)
        return 0;
    return (uint16_t)port;
}

bool ex_port_ring(uint16_t port, uint8_t byte)
{
    if ((inb((uint16_t)(port + LINE_STATUS)) & ALL_SENT) == 0)
        return false;
    outb(byte, port);
    return true;
}

void ex_port_pause(void)
{
    __builtin_ia32_pause();
}

#else

uint16_t ex_port_open(const char *tty)
{
    (void)tty;
    return 0;
}

bool ex_port_ring(uint16_t port, uint8_t byte)
{
    (void)port;
    (void)byte;
    return false;
}

void ex_port_pause(void)
{
}
#endif
