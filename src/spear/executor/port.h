/* port: the bell line without the kernel. On x86 a process that was given the right may write to
 * the serial port itself; elsewhere there is no such thing and bells go through the tty.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_EXECUTOR_PORT_H
#define SPEAR_EXECUTOR_PORT_H

#include <stdbool.h>
#include <stdint.h>

/* Asks for the right to the port of this tty, by the name it has below /sys/class/tty; 0: no. */
uint16_t ex_port_open(const char *tty);
/* False when the port's queue is not empty: then the kernel must be asked to write. */
bool ex_port_ring(uint16_t port, uint8_t byte);
void ex_port_pause(void); /* in a loop that waits for memory to change */

#endif /* SPEAR_EXECUTOR_PORT_H */
