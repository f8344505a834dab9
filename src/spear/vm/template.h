/* template: names that the frozen machine and the command line share.
 *
 *   <cache>/machines/<digest>/   one per kernel, executor, emulator and options
 *       ram       memory of the machine, mapped copy-on-write by its clones
 *       devices   state of everything else
 *       complete  written last: sizes of both, where the region was mapped
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_VM_TEMPLATE_H
#define SPEAR_VM_TEMPLATE_H

#define TEMPLATE_RAM      "ram"
#define TEMPLATE_DEVICES  "devices"
#define TEMPLATE_COMPLETE "complete"

enum { TEMPLATE_REGION_SLOT = 0x10 }; /* of the shared region's device on the PCI bus */

#endif /* SPEAR_VM_TEMPLATE_H */
