/*
 * entry: see entry.h. In all of this:
 *
 *   r12   struct native_state of the store         rbx   the guest stack while the host's is in use
 *
 * The thunks push what the guest expects to be preserved although C preserves it too: a collection
 * finds references there. SPDX-License-Identifier: Apache-2.0
 */
#ifdef __x86_64__

#include "shield/native/entry.h"

    .intel_syntax noprefix
    .text

#define GLOBAL(name)                                                                               \
    .globl name;                                                                                   \
    .hidden name;                                                                                  \
    name:

    .balign 64
GLOBAL(native_text_begin)

/* rdi state, rsi regs, rdx code, rcx context, r8d has_vectors */
    .type native_enter, @function
GLOBAL(native_enter)
    .cfi_startproc
    endbr64
    push rbp
    .cfi_adjust_cfa_offset 8
    push rbx
    .cfi_adjust_cfa_offset 8
    push r12
    .cfi_adjust_cfa_offset 8
    push r13
    .cfi_adjust_cfa_offset 8
    push r14
    .cfi_adjust_cfa_offset 8
    push r15
    .cfi_adjust_cfa_offset 8
    push rsi
    .cfi_adjust_cfa_offset 8
    push qword ptr [rdi + STATE_GUEST_RSP]
    .cfi_adjust_cfa_offset 8
    push qword ptr [rdi + STATE_HOST_RSP]
    .cfi_adjust_cfa_offset 8
    mov r12, rdi
    mov r15, rcx
    mov r14, [rcx + CONTEXT_MEMORY0_BASE]
    mov r11, rdx
    mov rax, rsi
    mov rbx, [r12 + STATE_INTERRUPTED]
    mov [r12 + STATE_HOST_RSP], rsp
    mov rsp, [r12 + STATE_GUEST_RSP]
    test r8d, r8d
    jz 1f
    movups xmm0, [rax + REGS_VECTORS]
    movups xmm1, [rax + REGS_VECTORS + REGS_CELL]
    movups xmm2, [rax + REGS_VECTORS + 2 * REGS_CELL]
    movups xmm3, [rax + REGS_VECTORS + 3 * REGS_CELL]
    movups xmm4, [rax + REGS_VECTORS + 4 * REGS_CELL]
    movups xmm5, [rax + REGS_VECTORS + 5 * REGS_CELL]
    movups xmm6, [rax + REGS_VECTORS + 6 * REGS_CELL]
    movups xmm7, [rax + REGS_VECTORS + 7 * REGS_CELL]
1:  mov rdi, [rax]
    mov rsi, [rax + REGS_CELL]
    mov rdx, [rax + 2 * REGS_CELL]
    mov rcx, [rax + 3 * REGS_CELL]
    mov r8, [rax + 4 * REGS_CELL]
    mov r9, [rax + 5 * REGS_CELL]
    xor r10d, r10d
GLOBAL(native_enter_check)
    cmp dword ptr [rbx], 0
    jne 2f
    call r11
GLOBAL(native_enter_done)
GLOBAL(native_returned)
    mov rsp, [r12 + STATE_HOST_RSP]
    pop qword ptr [r12 + STATE_HOST_RSP]
    pop qword ptr [r12 + STATE_GUEST_RSP]
    pop rcx
    mov [rcx], rax
    mov [rcx + REGS_CELL], rdx
    movups [rcx + REGS_VECTORS], xmm0
    movups [rcx + REGS_VECTORS + REGS_CELL], xmm1
    xor eax, eax
    jmp 3f
2:  mov qword ptr [r12 + STATE_GUEST_FRAME], 0
    mov rsp, [r12 + STATE_HOST_RSP]
    mov eax, NATIVE_TIMEOUT
GLOBAL(native_leave)
    pop qword ptr [r12 + STATE_HOST_RSP]
    pop qword ptr [r12 + STATE_GUEST_RSP]
    pop rcx
3:  pop r15
    .cfi_adjust_cfa_offset -32
    pop r14
    .cfi_adjust_cfa_offset -8
    pop r13
    .cfi_adjust_cfa_offset -8
    pop r12
    .cfi_adjust_cfa_offset -8
    pop rbx
    .cfi_adjust_cfa_offset -8
    pop rbp
    .cfi_adjust_cfa_offset -8
    ret
    .cfi_endproc
    .size native_enter, . - native_enter

/* The guest's frame begins at the return address, which is at rsp. r11 state. */
exhausted:
    mov r12, r11
    mov [r12 + STATE_GUEST_FRAME], rsp
    mov rsp, [r12 + STATE_HOST_RSP]
    mov eax, NATIVE_EXHAUSTED
    jmp native_leave

/* eax code, rbx guest stack, r12 state, rcx where the guest's frame begins */
ended:
    mov [r12 + STATE_GUEST_FRAME], rcx
    mov rsp, [r12 + STATE_HOST_RSP]
    jmp native_leave

/* rax struct rt_func, r10 context of the caller, r15 the store's host context */
#define HOST_LOCALS (REGS_BYTES + 8)
    .balign 16
    .type native_host_thunk, @function
GLOBAL(native_host_thunk)
    endbr64
    mov r11, [r15 + CONTEXT_ACTIVATION]
    cmp rsp, [r11 + STATE_STACK_LOW]
    jb exhausted
    push rbx
    push rbp
    push r12
    push r13
    sub rsp, HOST_LOCALS
    mov r12, r11
    mov rbx, rsp
    mov r11, [rax + FUNC_PLAN]
    mov [rsp], rdi
    mov [rsp + REGS_CELL], rsi
    mov [rsp + 2 * REGS_CELL], rdx
    mov [rsp + 3 * REGS_CELL], rcx
    mov [rsp + 4 * REGS_CELL], r8
    mov [rsp + 5 * REGS_CELL], r9
    test r11, r11
    jz 1f
    cmp byte ptr [r11 + PLAN_HAS_VECTORS], 0
    je 2f
1:  movups [rsp + REGS_VECTORS], xmm0
    movups [rsp + REGS_VECTORS + REGS_CELL], xmm1
    movups [rsp + REGS_VECTORS + 2 * REGS_CELL], xmm2
    movups [rsp + REGS_VECTORS + 3 * REGS_CELL], xmm3
    movups [rsp + REGS_VECTORS + 4 * REGS_CELL], xmm4
    movups [rsp + REGS_VECTORS + 5 * REGS_CELL], xmm5
    movups [rsp + REGS_VECTORS + 6 * REGS_CELL], xmm6
    movups [rsp + REGS_VECTORS + 7 * REGS_CELL], xmm7
2:  mov [r12 + STATE_GUEST_RSP], rsp
    mov rdi, r12
    mov rsi, rsp
    mov rdx, rax
    mov rcx, r10
    mov rsp, [r12 + STATE_HOST_RSP]
    call native_host_call
    lea rcx, [rbx + HOST_LOCALS + 32]
    test eax, eax
    jne ended
    mov [r12 + STATE_GUEST_FRAME], rcx
    mov rsp, rbx
    mov rcx, [r12 + STATE_INTERRUPTED]
GLOBAL(native_host_check)
    cmp dword ptr [rcx], 0
    jne interrupted
    mov rax, [rsp]
    mov rdx, [rsp + REGS_CELL]
    movups xmm0, [rsp + REGS_VECTORS]
    movups xmm1, [rsp + REGS_VECTORS + REGS_CELL]
    add rsp, HOST_LOCALS
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret
GLOBAL(native_host_done)
    .size native_host_thunk, . - native_host_thunk

builtin_ended:
    mov eax, edx
    jmp ended

interrupted:
    mov rsp, [r12 + STATE_HOST_RSP]
    mov eax, NATIVE_TIMEOUT
    jmp native_leave

/* eax: enum builtin; arguments as the guest has passed them; r9 becomes the context. */
builtin:
    mov r11, [r15 + CONTEXT_ACTIVATION]
    cmp rsp, [r11 + STATE_STACK_LOW]
    jb exhausted
    push rbx
    push rbp
    push r12
    push r13
    sub rsp, 8
    mov r12, r11
    mov rbx, rsp
    mov r9, r15
    mov [r12 + STATE_GUEST_RSP], rsp
    mov rsp, [r12 + STATE_HOST_RSP]
    lea r11, native_builtins[rip]
    call [r11 + rax * 8]
    lea rcx, [rbx + 40]
    test edx, edx
    jne builtin_ended
    mov [r12 + STATE_GUEST_FRAME], rcx
    mov rsp, rbx
    mov rcx, [r12 + STATE_INTERRUPTED]
GLOBAL(native_builtin_check)
    cmp dword ptr [rcx], 0
    jne interrupted
    add rsp, 8
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret
GLOBAL(native_builtin_done)

    .set number, 0
#define BUILTIN(name, signature, flags, what)                                                      \
    .balign 16;                                                                                    \
    thunk_##name:                                                                                  \
    endbr64;                                                                                       \
    mov eax, number;                                                                               \
    .set number, number + 1;                                                                       \
    jmp builtin;
#include "shield/compile/builtins.def"
#undef BUILTIN

GLOBAL(native_text_end)

    .section .data.rel.ro, "aw"
    .balign 8
GLOBAL(native_builtin_thunks)
#define BUILTIN(name, signature, flags, what) .quad thunk_##name;
#include "shield/compile/builtins.def"
#undef BUILTIN

/* This file follows the rules of indirect branch tracking. */
    .section .note.gnu.property, "a"
    .balign 8
    .long 4, 16, 5
    .asciz "GNU"
    .long 0xc0000002, 4, 1, 0

    .section .note.GNU-stack, "", @progbits
#endif
