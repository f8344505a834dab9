/* setjmp does not exist in WASI: programs built with this header abort where they would jump.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef WASI_SETJMP_H
#define WASI_SETJMP_H
typedef int jmp_buf[1];
#endif
