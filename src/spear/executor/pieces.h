/* pieces: the executor's door to the pieces (pieces/pieces.def). They are static functions with
 * state of their own; pieces.c is the one file that includes them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_EXECUTOR_PIECES_H
#define SPEAR_EXECUTOR_PIECES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Accesses to a program's memory: none of them can fault. */
void ex_guard_install(void);
bool ex_data_region_map(void);
void ex_copy_in(uint64_t address, const uint8_t *bytes, size_t size);
bool ex_load(uint64_t address, unsigned bytes, uint64_t *value); /* false: cannot be read */
/* As EXEC_CONST: format is enum exec_format. */
void ex_store(uint64_t address, uint32_t bytes, uint32_t format, uint64_t value,
              uint32_t field_offset, uint32_t field_bits);
uint32_t ex_checksum_memory(uint32_t sum, uint64_t address, uint64_t size);
uint32_t ex_checksum_number(uint32_t sum, uint64_t value, unsigned bytes);
uint16_t ex_checksum_end(uint32_t sum);

/* Makes a call of pseudo.def; -1 and errno when it fails, EFAULT when it touches what it must not.
 */
long ex_pseudo(uint32_t number, const uint64_t *args);

/* The n-th allocation of the next call fails; disarm says if it has. */
bool ex_fault_arm(uint32_t nth);
bool ex_fault_disarm(void);

/* Once per machine: settings, control groups. */
void ex_machine_setup(void);

enum ex_prepare { EX_PREPARE_TUN = 1, EX_PREPARE_DEVICES = 2, EX_PREPARE_CGROUPS = 4 };
/* Runs inside() in a sandbox of the kind (enum wire_sandbox), after having made what prepare asks
 * for, for slot id. Returns what inside() ended with, -1 when there is no such sandbox. */
int ex_sandbox(uint32_t kind, uint32_t id, uint32_t prepare, void (*inside)(void));
/* In a program's new directory, and after a program. */
void ex_link_cgroups(uint32_t id);
void ex_reset_loop(uint32_t id);
void ex_flush_tun(void);

/* Leaks go to the console; returns how many. What was lost before ex_start_leaks() is not told. */
int ex_check_leaks(void);
void ex_start_leaks(void);

void ex_remove_dir(const char *path);
void ex_abort_fuse(void);

/* Addresses that calls of the synthetic target pretend to have covered; 0: none. Taking them
 * clears them. */
size_t ex_injected_cover(const uint64_t **addresses);
size_t ex_injected_remote_cover(const uint64_t **addresses);

#endif /* SPEAR_EXECUTOR_PIECES_H */
