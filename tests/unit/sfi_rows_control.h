/* Rows of test_sfi.c: name, text, hex, part of the refusal (NULL: accepted), jump table.
 * SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
{"direct call",
 "sub rsp, 8; call callee; add rsp, 8; ret",
 "4883ec08e8f70700004883c408c3",
 NULL, {0}},
{"a call to the middle of a function",
 "sub rsp, 8; call callee+1; add rsp, 8; ret",
 "4883ec08e8f80700004883c408c3",
 "nor the entry of one", {0}},
{"a call into data",
 "sub rsp, 8; call table; add rsp, 8; ret",
 "4883ec08e8f70f00004883c408c3",
 "nor the entry of one", {0}},
{"a call outside",
 "sub rsp, 8; call callee+0x2000000; add rsp, 8; ret",
 "4883ec08e8f70700024883c408c3",
 "nor the entry of one", {0}},
{"a call with rsp misaligned",
 "call callee; ret",
 "e8fb070000c3",
 "rsp must be a multiple of 16", {0}},
{"a call to itself",
 "sub rsp, 8; call start; add rsp, 8; ret",
 "4883ec08e8f7ffffff4883c408c3",
 NULL, {0}},
{"tail call",
 "jmp callee",
 "e9fb070000",
 NULL, {0}},
{"tail call with a frame",
 "sub rsp, 8; jmp callee",
 "4883ec08e9f7070000",
 "rsp must be back", {0}},
{"tail call with a saved register lost",
 "mov rbx, rdi; jmp callee",
 "4889fbe9f8070000",
 "rbx must hold", {0}},
{"conditional tail call",
 "test edi, edi; je callee; ret",
 "85ff0f84f8070000c3",
 "leaves the function", {0}},
{"a jump to the middle of a function",
 "jmp callee+1",
 "e9fc070000",
 "nor the entry of one", {0}},
{"past the end",
 "mov eax, edi",
 "89f8",
 "control must not run past the end", {0}},
{"past the end by a call",
 "sub rsp, 8; call callee",
 "4883ec08e8f7070000",
 "control must not run past the end", {0}},
{"past the end by a branch",
 "test eax, eax; je 1f; ret; 1: nop",
 "85c07401c390",
 "control must not run past the end", {0}},
{"into an instruction",
 "test eax, eax; je 1f+1; 1: mov eax, 0x90909090; ret",
 "85c07401b890909090c3",
 "table begins", {0}},
{"into an instruction, backwards",
 "1: mov eax, 0xc3909090; test edi, edi; jne 1b+2; ret",
 "b8909090c385ff75f9c3",
 "table begins", {0}},
{"code behind bytes that are none",
 "jmp 1f; .byte 0x0f, 0x05; 1: ret",
 "eb020f05c3",
 "table begins", {0}},
{"system call",
 "syscall; ret",
 "0f05c3",
 "an instruction of the verifier", {0}},
{"system call behind a trap",
 "ud2; syscall",
 "0f0b0f05",
 NULL, {0}},
{"system call behind a branch",
 "test edi, edi; je 1f; ret; 1: syscall; ret",
 "85ff7401c30f05c3",
 "table begins", {0}},
{"a loop",
 "1: mov eax, edi; mov eax, [r14+rax]; dec esi; jne 1b; ret",
 "89f8418b0406ffce75f6c3",
 NULL, {0}},
{"a loop that loses its bound",
 "mov eax, edi; 1: mov ecx, [r14+rax]; mov rax, rsi; dec edx; jne 1b; ret",
 "89f8418b0c064889f0ffca75f5c3",
 "the address must be proven", {0}},
{"a loop that keeps its bound",
 "xor eax, eax; 1: mov ecx, [r14+rax]; add eax, 1; cmp eax, edi; jb 1b; ret",
 "31c0418b0c0683c00139f872f5c3",
 NULL, {0}},
{"a loop that grows its bound",
 "xor eax, eax; 1: mov ecx, [r14+rax]; add rax, 1; dec edi; jne 1b; ret",
 "31c0418b0c064883c001ffcf75f4c3",
 "the address must be proven", {0}},
{"a loop that grows its frame",
 "1: push rax; dec edi; jne 1b; ret",
 "50ffcf75fbc3",
 "rsp is", {0}},
{"nested loops",
 "xor eax, eax; 1: mov edx, esi; 2: mov ecx, [r14+rdx]; mov edx, ecx; dec edi; jne 2b; dec "
 "esi; jne 1b; ret",
 "31c089f2418b0c1689caffcf75f6ffce75f0c3",
 NULL, {0}},
{"an inner loop spoils the outer",
 "mov eax, edi; mov edx, esi; 1: mov ecx, [r14+rax]; 2: dec edx; jne 2b; mov rax, rdx; sub "
 "rax, 1; dec esi; jne 1b; ret",
 "89f889f2418b0c06ffca75fc4889d04883e801ffce75edc3",
 "the address must be proven", {0}},
{"a loop entered at its end",
 "mov eax, edi; jmp 2f; 1: mov ecx, [r14+rax]; mov eax, ecx; 2: dec esi; jne 1b; ret",
 "89f8eb06418b0c0689c8ffce75f6c3",
 NULL, {0}},
{"a loop entered at its end, spoiled at its beginning",
 "mov eax, edi; jmp 2f; 1: mov ecx, [r14+rax]; mov rax, rdx; 2: dec esi; jne 1b; ret",
 "89f8eb07418b0c064889d0ffce75f5c3",
 "the address must be proven", {0}},
{"a loop that is left before it loses a bound",
 "mov eax, edi; 1: dec edx; je 2f; mov rax, rsi; dec edx; jne 1b; ret; 2: mov ecx, [r14+rax]; "
 "ret",
 "89f8ffca74084889f0ffca75f5c3418b0c06c3",
 "the address must be proven", {0}},
{"a loop that is left before it loses a bound that is found again",
 "mov eax, edi; 1: dec edx; je 2f; mov rax, rsi; dec edx; jne 1b; ret; 2: mov eax, eax; mov "
 "ecx, [r14+rax]; ret",
 "89f8ffca74084889f0ffca75f5c389c0418b0c06c3",
 NULL, {0}},
{"two loops back to one place, the second spoils",
 "mov eax, edi; 1: mov ecx, [r14+rax]; dec edx; jne 1b; mov rax, rsi; dec esi; jne 1b; ret",
 "89f8418b0c06ffca75f84889f0ffce75f1c3",
 "the address must be proven", {0}},
{"a branch into a block that was walked, with less known",
 "mov eax, edi; nop; 1: mov ecx, [r14+rax]; ret; mov rax, rsi; jmp 1b",
 "89f890418b0c06c34889f0ebf6",
 NULL, {0}},
{"jump table back into the middle of a block",
 "mov eax, edi; nop; 1: mov ecx, [r14+rax]; mov edx, esi; cmp edx, 2; jae 2f; lea r8, "
 "table[rip]; movsxd r9, dword ptr [r8+rdx*4]; add r9, r8; mov eax, ecx; jmp r9; 2: ret",
 "89f890418b0c0689f283fa0273134c8d05eb0f00004d630c904d01c189c841ffe1c3",
 NULL, {3, 3, 3, 3}},
{"jump table back into the middle of a block, with less known",
 "mov eax, edi; nop; 1: mov ecx, [r14+rax]; mov edx, esi; cmp edx, 2; jae 2f; lea r8, "
 "table[rip]; movsxd r9, dword ptr [r8+rdx*4]; add r9, r8; mov rax, rdi; jmp r9; 2: ret",
 "89f890418b0c0689f283fa0273144c8d05eb0f00004d630c904d01c14889f841ffe1c3",
 "the address must be proven", {3, 3, 3, 3}},
{"a saved register kept in a loop, the saved one dropped",
 "push rbx; 1: dec esi; jne 1b; add rsp, 8; ret",
 "53ffce75fc4883c408c3",
 NULL, {0}},
{"a saved register changed in a loop, the saved one dropped",
 "push rbx; 1: mov ebx, esi; dec esi; jne 1b; add rsp, 8; ret",
 "5389f3ffce75fa4883c408c3",
 "rbx must hold", {0}},
{"jump table in a loop, its index compared before",
 "mov eax, edi; cmp eax, 4; jae 2f; 1: dec edx; je 2f; dec esi; jne 1b; lea r8, "
 "table[rip]; movsxd r9, dword ptr [r8+rax*4]; add r9, r8; jmp r9; 2: ret",
 "89f883f8047319ffca7415ffce75f84c8d05ea0f00004d630c804d01c141ffe1c3",
 NULL, {7, 7, 7, 7}},
{"jump table in a loop, its index compared before and changed",
 "mov eax, edi; cmp eax, 4; jae 2f; 1: dec edx; je 2f; dec esi; jne 1b; lea r8, "
 "table[rip]; movsxd r9, dword ptr [r8+rax*4]; add eax, 1; add r9, r8; jmp r9; 2: ret",
 "89f883f804731cffca7418ffce75f84c8d05ea0f00004d630c8083c0014d01c141ffe1c3",
 "the address must be proven", {7, 7, 7, 7}},
{"a join of two bounds",
 "mov eax, edi; test esi, esi; je 1f; movzx eax, si; 1: mov eax, [r14+rax]; ret",
 "89f885f674030fb7c6418b0406c3",
 NULL, {0}},
{"a join with an unknown",
 "mov eax, edi; test esi, esi; je 1f; mov rax, rsi; 1: mov eax, [r14+rax]; ret",
 "89f885f674034889f0418b0406c3",
 "the address must be proven", {0}},
{"a join at different depths",
 "test esi, esi; je 1f; push rax; 1: nop; pop rax; ret",
 "85f67401509058c3",
 "rsp is", {0}},
{"a saved register lost on one way",
 "push rbx; test esi, esi; je 1f; mov [rsp], rdi; 1: pop rbx; ret",
 "5385f6740448893c245bc3",
 "rbx must hold", {0}},
{"a saved register lost in a loop",
 "push rbx; 1: mov eax, edi; mov [rsp], rdi; dec esi; jne 1b; pop rbx; ret",
 "5389f848893c24ffce75f65bc3",
 "rbx must hold", {0}},
{"a saved register lost in a loop that was left before",
 "push rbx; 1: dec esi; je 2f; mov [rsp], rdi; dec edx; jne 1b; ud2; 2: pop rbx; ret",
 "53ffce740a48893c24ffca75f40f0b5bc3",
 "rbx must hold", {0}},
{"a saved register kept in a loop",
 "push rbx; 1: dec esi; je 2f; mov rbx, [rsp]; dec edx; jne 1b; ud2; 2: pop rbx; ret",
 "53ffce740a488b1c24ffca75f40f0b5bc3",
 NULL, {0}},
{"a saved register popped, another pushed, on one way",
 "push rbx; test esi, esi; je 1f; pop rax; push rdi; 1: pop rbx; ret",
 "5385f6740258575bc3",
 "rbx must hold", {0}},
{"a saved register popped and pushed again on one way",
 "push rbx; test esi, esi; je 1f; pop rbx; push rbx; 1: pop rbx; ret",
 "5385f674025b535bc3",
 NULL, {0}},
{"jump table",
 "mov eax, edi; cmp eax, 4; jae 1f; lea rcx, table[rip]; movsxd rdx, dword ptr [rcx+rax*4]; "
 "add rdx, rcx; jmp rdx; 1: ret; a: mov eax, 1; ret; b: mov eax, 2; ret",
 "89f883f8047310488d0df20f0000486314814801caffe2c3b801000000c3b802000000c3",
 NULL, {24, 30, 24, 30}},
{"jump table, notrack",
 "mov eax, edi; cmp eax, 4; jae 1f; lea rcx, table[rip]; movsxd rdx, dword ptr [rcx+rax*4]; "
 "add rdx, rcx; notrack jmp rdx; 1: ret; a: mov eax, 1; ret; b: mov eax, 2; ret",
 "89f883f8047311488d0df20f0000486314814801ca3effe2c3b801000000c3b802000000c3",
 NULL, {25, 31, 25, 31}},
{"jump table, clamped by cmov",
 "mov eax, edi; mov ecx, 3; cmp eax, ecx; cmovae eax, ecx; lea rcx, table[rip]; movsxd rdx, "
 "dword ptr [rcx+rax*4]; add rdx, rcx; jmp rdx; 1: ret; a: mov eax, 1; ret; b: mov eax, 2; "
 "ret",
 "89f8b90300000039c80f43c1488d0ded0f0000486314814801caffe2c3b801000000c3b802000000c3",
 NULL, {29, 35, 29, 35}},
{"jump table, entry into an instruction",
 "mov eax, edi; cmp eax, 4; jae 1f; lea rcx, table[rip]; movsxd rdx, dword ptr [rcx+rax*4]; "
 "add rdx, rcx; jmp rdx; 1: ret; a: mov eax, 1; ret; b: mov eax, 0x90909090; c = b + 1; ret",
 "89f883f8047310488d0df20f0000486314814801caffe2c3b801000000c3b890909090c3",
 "table begins", {24, 30, 24, 31}},
{"jump table, entry outside",
 "mov eax, edi; cmp eax, 4; jae 1f; lea rcx, table[rip]; movsxd rdx, dword ptr [rcx+rax*4]; "
 "add rdx, rcx; jmp rdx; 1: ret; a: mov eax, 1; ret; b: mov eax, 2; ret",
 "89f883f8047310488d0df20f0000486314814801caffe2c3b801000000c3b802000000c3",
 "leaves the function", {24, 30, 24, 2048}},
{"jump table, one entry too many",
 "mov eax, edi; cmp eax, 5; jae 1f; lea rcx, table[rip]; movsxd rdx, dword ptr [rcx+rax*4]; "
 "add rdx, rcx; jmp rdx; 1: ret; a: mov eax, 1; ret; b: mov eax, 2; ret",
 "89f883f8057310488d0df20f0000486314814801caffe2c3b801000000c3b802000000c3",
 "leaves the function", {24, 30, 24, 30}},
{"jump table, no bound",
 "mov eax, edi; lea rcx, table[rip]; movsxd rdx, dword ptr [rcx+rax*4]; add rdx, rcx; jmp "
 "rdx; a: mov eax, 1; ret; b: mov eax, 2; ret",
 "89f8488d0df70f0000486314814801caffe2b801000000c3b802000000c3",
 "the address must be proven", {18, 24, 18, 24}},
{"jump table, the wrong base added",
 "mov eax, edi; cmp eax, 4; jae 1f; lea rcx, table[rip]; movsxd rdx, dword ptr [rcx+rax*4]; "
 "lea rcx, table[rip+4]; add rdx, rcx; jmp rdx; 1: ret; a: mov eax, 1; ret; b: mov eax, 2; "
 "ret",
 "89f883f8047317488d0df20f000048631481488d0deb0f00004801caffe2c3b801000000c3b802000000c3",
 "a jump needs", {31, 37, 31, 37}},
{"jump table, added twice",
 "mov eax, edi; cmp eax, 4; jae 1f; lea rcx, table[rip]; movsxd rdx, dword ptr [rcx+rax*4]; "
 "add rdx, rcx; add rdx, rcx; jmp rdx; 1: ret; a: mov eax, 1; ret; b: mov eax, 2; ret",
 "89f883f8047313488d0df20f0000486314814801ca4801caffe2c3b801000000c3b802000000c3",
 "a jump needs", {27, 33, 27, 33}},
{"jump table, 64-bit index",
 "cmp rdi, 4; jae 1f; lea rcx, table[rip]; movsxd rdx, dword ptr [rcx+rdi*4]; add rdx, rcx; "
 "jmp rdx; 1: ret; a: mov eax, 1; ret; b: mov eax, 2; ret",
 "4883ff047310488d0df30f0000486314b94801caffe2c3b801000000c3b802000000c3",
 NULL, {23, 29, 23, 29}},
{"jump table, unextended index",
 "cmp edi, 4; jae 1f; lea rcx, table[rip]; movsxd rdx, dword ptr [rcx+rdi*4]; add rdx, rcx; "
 "jmp rdx; 1: ret; a: mov eax, 1; ret; b: mov eax, 2; ret",
 "83ff047310488d0df40f0000486314b94801caffe2c3b801000000c3b802000000c3",
 "the address must be proven", {22, 28, 22, 28}},
{"jump table, a target that needs more",
 "mov eax, edi; cmp eax, 4; jae 1f; lea rcx, table[rip]; movsxd rdx, dword ptr [rcx+rax*4]; "
 "add rdx, rcx; jmp rdx; 1: mov eax, edi; a: mov eax, [r14+rax]; ret; b: mov eax, "
 "[r14+rsi]; ret",
 "89f883f8047310488d0df20f0000486314814801caffe289f8418b0406c3418b0436c3",
 "the address must be proven", {25, 30, 25, 30}},
{"a jump to a number",
 "jmp rdi",
 "ffe7",
 "a jump needs", {0}},
{"a jump through guest memory",
 "mov eax, edi; jmp [r14+rax]",
 "89f841ff2406",
 "a jump needs", {0}},
{"a call of a number",
 "sub rsp, 8; call rdi; add rsp, 8; ret",
 "4883ec08ffd74883c408c3",
 "a call needs", {0}},
{"a call through guest memory",
 "sub rsp, 8; call [r14]; add rsp, 8; ret",
 "4883ec0841ff164883c408c3",
 "a call needs", {0}},
{"a call through the frame",
 "sub rsp, 8; call [rsp]; add rsp, 8; ret",
 "4883ec08ff14244883c408c3",
 "a call needs", {0}},
{"builtin",
 "sub rsp, 8; call [r15+24]; add rsp, 8; ret",
 "4883ec0841ff57184883c408c3",
 NULL, {0}},
{"builtin in a register",
 "sub rsp, 8; mov rax, [r15+24]; call rax; add rsp, 8; ret",
 "4883ec08498b4718ffd04883c408c3",
 NULL, {0}},
{"builtin, jumped to",
 "jmp [r15+24]",
 "41ff6718",
 "a jump needs", {0}},
{"a builtin of another context",
 "sub rsp, 8; mov r10, r15; mov r15, [r15+80]; call [r15+24]; add rsp, 8; ret",
 "4883ec084d89fa4d8b7f5041ff57184883c408c3",
 "there is no field", {0}},
{"a call of a field that is no code",
 "sub rsp, 8; call [r15+16]; add rsp, 8; ret",
 "4883ec0841ff57104883c408c3",
 "a call needs", {0}},
{"import",
 "sub rsp, 8; mov r10, r15; mov [rsp], r15; mov rax, [r15+88]; mov rcx, [r15+72]; mov r15, "
 "[r15+80]; mov r14, [r15]; call rcx; mov r15, [rsp]; mov r14, [r15]; add rsp, 8; ret",
 "4883ec084d89fa4c893c24498b4758498b4f484d8b7f504d8b37ffd14c8b3c244d8b374883c408c3",
 NULL, {0}},
{"import, code through the record",
 "sub rsp, 8; mov r10, r15; mov [rsp], r15; mov rax, [r15+88]; mov r15, [r15+80]; mov r14, "
 "[r15]; call [rax]; mov r15, [rsp]; mov r14, [r15]; add rsp, 8; ret",
 "4883ec084d89fa4c893c24498b47584d8b7f504d8b37ff104c8b3c244d8b374883c408c3",
 NULL, {0}},
{"import, context not restored",
 "sub rsp, 8; mov r10, r15; mov rax, [r15+88]; mov rcx, [r15+72]; mov r15, [r15+80]; mov "
 "r14, [r15]; call rcx; add rsp, 8; ret",
 "4883ec084d89fa498b4758498b4f484d8b7f504d8b37ffd14883c408c3",
 "r15 must hold the context", {0}},
{"import, base not restored",
 "sub rsp, 8; mov r10, r15; mov [rsp], r15; mov rax, [r15+88]; mov rcx, [r15+72]; mov r15, "
 "[r15+80]; mov r14, [r15]; call rcx; mov r15, [rsp]; add rsp, 8; ret",
 "4883ec084d89fa4c893c24498b4758498b4f484d8b7f504d8b37ffd14c8b3c244883c408c3",
 "r14 must hold the base", {0}},
{"import, context not switched",
 "sub rsp, 8; mov r10, r15; mov rax, [r15+88]; call [r15+72]; add rsp, 8; ret",
 "4883ec084d89fa498b475841ff57484883c408c3",
 "r15 must hold the context of", {0}},
{"import, base not switched",
 "sub rsp, 8; mov r10, r15; mov rax, [r15+88]; mov rcx, [r15+72]; mov r15, [r15+80]; call "
 "rcx; add rsp, 8; ret",
 "4883ec084d89fa498b4758498b4f484d8b7f50ffd14883c408c3",
 "r14 must hold", {0}},
{"import, context of another import",
 "sub rsp, 8; mov r10, r15; mov rax, [r15+88]; mov rcx, [r15+72]; mov r15, [r15+104]; mov "
 "r14, [r15]; call rcx; add rsp, 8; ret",
 "4883ec084d89fa498b4758498b4f484d8b7f684d8b37ffd14883c408c3",
 "r15 must hold the context of", {0}},
{"import, record of another import",
 "sub rsp, 8; mov r10, r15; mov rax, [r15+112]; mov rcx, [r15+72]; mov r15, [r15+80]; mov "
 "r14, [r15]; call rcx; add rsp, 8; ret",
 "4883ec084d89fa498b4770498b4f484d8b7f504d8b37ffd14883c408c3",
 "rax must hold", {0}},
{"import, no record",
 "sub rsp, 8; mov r10, r15; mov rcx, [r15+72]; mov r15, [r15+80]; mov r14, [r15]; call rcx; "
 "add rsp, 8; ret",
 "4883ec084d89fa498b4f484d8b7f504d8b37ffd14883c408c3",
 "rax must hold", {0}},
{"import, no caller context",
 "sub rsp, 8; mov rax, [r15+88]; mov rcx, [r15+72]; mov r15, [r15+80]; mov r14, [r15]; call "
 "rcx; add rsp, 8; ret",
 "4883ec08498b4758498b4f484d8b7f504d8b37ffd14883c408c3",
 "r10 must hold", {0}},
{"import, tail call across instances",
 "mov r10, r15; mov rax, [r15+88]; mov rcx, [r15+72]; mov r15, [r15+80]; mov r14, [r15]; "
 "jmp rcx",
 "4d89fa498b4758498b4f484d8b7f504d8b37ffe1",
 "r15 must hold the context", {0}},
{"import, tail call within the instance",
 "mov r10, r15; mov rax, [r15+88]; mov rcx, [rax+8]; cmp rcx, r15; jne 1f; jmp [rax]; 1: ud2",
 "4d89fa498b4758488b48084c39f97502ff200f0b",
 NULL, {0}},
{"call_indirect",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; "
 "mov rax, [rcx+rdi*8]; test rax, rax; je 1f; mov edx, [r15+140]; cmp [rax+16], edx; jne "
 "1f; mov r10, r15; cmp [rax+8], r15; jne 2f; call [rax]; 3: nop; add rsp, 8; ret; 1: ud2; "
 "2: mov [rsp], r15; mov r15, [rax+8]; mov r14, [r15]; call [rax]; mov r15, [rsp]; mov r14, "
 "[r15]; jmp 3b",
 "4883ec08498b4f3889ff483b79087329488b09488b04f94885c0741d418b978c00000039501075114d89fa4c39"
 "7808750aff10904883c408c30f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 NULL, {0}},
{"call_indirect, spectre clamp",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov esi, 0; cmovae "
 "rdi, rsi; mov rcx, [rcx]; mov rax, [rcx+rdi*8]; test rax, rax; je 1f; mov edx, [r15+140]; "
 "cmp [rax+16], edx; jne 1f; mov r10, r15; cmp [rax+8], r15; jne 2f; call [rax]; 3: nop; "
 "add rsp, 8; ret; 1: ud2; 2: mov [rsp], r15; mov r15, [rax+8]; mov r14, [r15]; call [rax]; "
 "mov r15, [rsp]; mov r14, [r15]; jmp 3b",
 "4883ec08498b4f3889ff483b79087332be00000000480f43fe488b09488b04f94885c0741d418b978c00000039"
 "501075114d89fa4c397808750aff10904883c408c30f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 NULL, {0}},
{"call_indirect, no bounds",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; mov rcx, [rcx]; mov rax, "
 "[rcx+rdi*8]; test rax, rax; je 1f; mov edx, [r15+140]; cmp [rax+16], edx; jne 1f; mov "
 "r10, r15; cmp [rax+8], r15; jne 2f; call [rax]; 3: nop; add rsp, 8; ret; 1: ud2; 2: mov "
 "[rsp], r15; mov r15, [rax+8]; mov r14, [r15]; call [rax]; mov r15, [rsp]; mov r14, [r15]; "
 "jmp 3b",
 "4883ec08498b4f3889ff483b7908488b09488b04f94885c0741d418b978c00000039501075114d89fa4c397808"
 "750aff10904883c408c30f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 "the address must be proven", {0}},
{"call_indirect, off by one",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; ja 1f; mov rcx, [rcx]; mov "
 "rax, [rcx+rdi*8]; test rax, rax; je 1f; mov edx, [r15+140]; cmp [rax+16], edx; jne 1f; "
 "mov r10, r15; cmp [rax+8], r15; jne 2f; call [rax]; 3: nop; add rsp, 8; ret; 1: ud2; 2: "
 "mov [rsp], r15; mov r15, [rax+8]; mov r14, [r15]; call [rax]; mov r15, [rsp]; mov r14, "
 "[r15]; jmp 3b",
 "4883ec08498b4f3889ff483b79087729488b09488b04f94885c0741d418b978c00000039501075114d89fa4c39"
 "7808750aff10904883c408c30f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 "the address must be proven", {0}},
{"call_indirect, size of another table",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [r15+64]; "
 "mov rcx, [rcx]; mov rax, [rcx+rdi*8]; test rax, rax; je 1f; mov edx, [r15+140]; cmp "
 "[rax+16], edx; jne 1f; mov r10, r15; cmp [rax+8], r15; jne 2f; call [rax]; 3: nop; add "
 "rsp, 8; ret; 1: ud2; 2: mov [rsp], r15; mov r15, [rax+8]; mov r14, [r15]; call [rax]; mov "
 "r15, [rsp]; mov r14, [r15]; jmp 3b",
 "4883ec08498b4f3889ff483b7908732d498b4f40488b09488b04f94885c0741d418b978c00000039501075114d"
 "89fa4c397808750aff10904883c408c30f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 "the address must be proven", {0}},
{"call_indirect, no null check",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; "
 "mov rax, [rcx+rdi*8]; mov edx, [r15+140]; cmp [rax+16], edx; jne 1f; mov r10, r15; cmp "
 "[rax+8], r15; jne 2f; call [rax]; 3: nop; add rsp, 8; ret; 1: ud2; 2: mov [rsp], r15; mov "
 "r15, [rax+8]; mov r14, [r15]; call [rax]; mov r15, [rsp]; mov r14, [r15]; jmp 3b",
 "4883ec08498b4f3889ff483b79087324488b09488b04f9418b978c00000039501075114d89fa4c397808750aff"
 "10904883c408c30f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 "compared with null", {0}},
{"call_indirect, null check turned round",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; "
 "mov rax, [rcx+rdi*8]; test rax, rax; jne 1f; mov edx, [r15+140]; cmp [rax+16], edx; jne "
 "1f; mov r10, r15; cmp [rax+8], r15; jne 2f; call [rax]; 3: nop; add rsp, 8; ret; 1: ud2; "
 "2: mov [rsp], r15; mov r15, [rax+8]; mov r14, [r15]; call [rax]; mov r15, [rsp]; mov r14, "
 "[r15]; jmp 3b",
 "4883ec08498b4f3889ff483b79087329488b09488b04f94885c0751d418b978c00000039501075114d89fa4c39"
 "7808750aff10904883c408c30f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 "compared with null", {0}},
{"call_indirect, no type check",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; "
 "mov rax, [rcx+rdi*8]; test rax, rax; je 1f; mov r10, r15; cmp [rax+8], r15; jne 2f; call "
 "[rax]; 3: nop; add rsp, 8; ret; 1: ud2; 2: mov [rsp], r15; mov r15, [rax+8]; mov r14, "
 "[r15]; call [rax]; mov r15, [rsp]; mov r14, [r15]; jmp 3b",
 "4883ec08498b4f3889ff483b7908731d488b09488b04f94885c074114d89fa4c397808750aff10904883c408c3"
 "0f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 "type not compared", {0}},
{"call_indirect, type check turned round",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; "
 "mov rax, [rcx+rdi*8]; test rax, rax; je 1f; mov edx, [r15+140]; cmp [rax+16], edx; je 1f; "
 "mov r10, r15; cmp [rax+8], r15; jne 2f; call [rax]; 3: nop; add rsp, 8; ret; 1: ud2; 2: "
 "mov [rsp], r15; mov r15, [rax+8]; mov r14, [r15]; call [rax]; mov r15, [rsp]; mov r14, "
 "[r15]; jmp 3b",
 "4883ec08498b4f3889ff483b79087329488b09488b04f94885c0741d418b978c00000039501074114d89fa4c39"
 "7808750aff10904883c408c30f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 "type not compared", {0}},
{"call_indirect, type from the guest",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; "
 "mov rax, [rcx+rdi*8]; test rax, rax; je 1f; mov edx, [r14+140]; cmp [rax+16], edx; jne "
 "1f; mov r10, r15; cmp [rax+8], r15; jne 2f; call [rax]; 3: nop; add rsp, 8; ret; 1: ud2; "
 "2: mov [rsp], r15; mov r15, [rax+8]; mov r14, [r15]; call [rax]; mov r15, [rsp]; mov r14, "
 "[r15]; jmp 3b",
 "4883ec08498b4f3889ff483b79087329488b09488b04f94885c0741d418b968c00000039501075114d89fa4c39"
 "7808750aff10904883c408c30f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 "type not compared", {0}},
{"call_indirect, an immediate type",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; "
 "mov rax, [rcx+rdi*8]; test rax, rax; je 1f; mov edx, [r15+140]; cmp dword ptr [rax+16], "
 "5; jne 1f; mov r10, r15; cmp [rax+8], r15; jne 2f; call [rax]; 3: nop; add rsp, 8; ret; "
 "1: ud2; 2: mov [rsp], r15; mov r15, [rax+8]; mov r14, [r15]; call [rax]; mov r15, [rsp]; "
 "mov r14, [r15]; jmp 3b",
 "4883ec08498b4f3889ff483b7908732a488b09488b04f94885c0741e418b978c0000008378100575114d89fa4c"
 "397808750aff10904883c408c30f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 "type not compared", {0}},
{"call_indirect, no context comparison",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; "
 "mov rax, [rcx+rdi*8]; test rax, rax; je 1f; mov edx, [r15+140]; cmp [rax+16], edx; jne "
 "1f; mov r10, r15; call [rax]; add rsp, 8; ret; 1: ud2",
 "4883ec08498b4f3889ff483b79087322488b09488b04f94885c07416418b978c000000395010750a4d89faff10"
 "4883c408c30f0b",
 "r15 must hold the context of", {0}},
{"call_indirect, context comparison turned round",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; "
 "mov rax, [rcx+rdi*8]; test rax, rax; je 1f; mov edx, [r15+140]; cmp [rax+16], edx; jne "
 "1f; mov r10, r15; cmp [rax+8], r15; je 2f; call [rax]; 3: nop; add rsp, 8; ret; 1: ud2; "
 "2: mov [rsp], r15; mov r15, [rax+8]; mov r14, [r15]; call [rax]; mov r15, [rsp]; mov r14, "
 "[r15]; jmp 3b",
 "4883ec08498b4f3889ff483b79087329488b09488b04f94885c0741d418b978c00000039501075114d89fa4c39"
 "7808740aff10904883c408c30f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 "r15 must hold the context of", {0}},
{"call_indirect, another element called",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; "
 "mov rax, [rcx+rdi*8]; mov rsi, [rcx+rdi*8]; test rax, rax; je 1f; mov edx, [r15+140]; cmp "
 "[rax+16], edx; jne 1f; mov r10, r15; test rsi, rsi; je 1f; cmp [rax+8], r15; jne 1f; call "
 "[rsi]; add rsp, 8; ret; 1: ud2",
 "4883ec08498b4f3889ff483b79087331488b09488b04f9488b34f94885c07421418b978c00000039501075154d"
 "89fa4885f6740d4c3978087507ff164883c408c30f0b",
 "rax must hold", {0}},
{"call_indirect, scale of the element",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; "
 "mov rax, [rcx+rdi*4]; test rax, rax; je 1f; mov edx, [r15+140]; cmp [rax+16], edx; jne "
 "1f; mov r10, r15; cmp [rax+8], r15; jne 2f; call [rax]; 3: nop; add rsp, 8; ret; 1: ud2; "
 "2: mov [rsp], r15; mov r15, [rax+8]; mov r14, [r15]; call [rax]; mov r15, [rsp]; mov r14, "
 "[r15]; jmp 3b",
 "4883ec08498b4f3889ff483b79087329488b09488b04b94885c0741d418b978c00000039501075114d89fa4c39"
 "7808750aff10904883c408c30f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 "the address must be proven", {0}},
{"call_indirect, displaced element",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; "
 "mov rax, [rcx+rdi*8+8]; test rax, rax; je 1f; mov edx, [r15+140]; cmp [rax+16], edx; jne "
 "1f; mov r10, r15; cmp [rax+8], r15; jne 2f; call [rax]; 3: nop; add rsp, 8; ret; 1: ud2; "
 "2: mov [rsp], r15; mov r15, [rax+8]; mov r14, [r15]; call [rax]; mov r15, [rsp]; mov r14, "
 "[r15]; jmp 3b",
 "4883ec08498b4f3889ff483b7908732a488b09488b44f9084885c0741d418b978c00000039501075114d89fa4c"
 "397808750aff10904883c408c30f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 "the address must be proven", {0}},
{"call_indirect, index changes after its check",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; inc edi; mov rcx, "
 "[rcx]; mov rax, [rcx+rdi*8]; test rax, rax; je 1f; mov edx, [r15+140]; cmp [rax+16], edx; "
 "jne 1f; mov r10, r15; cmp [rax+8], r15; jne 2f; call [rax]; 3: nop; add rsp, 8; ret; 1: "
 "ud2; 2: mov [rsp], r15; mov r15, [rax+8]; mov r14, [r15]; call [rax]; mov r15, [rsp]; mov "
 "r14, [r15]; jmp 3b",
 "4883ec08498b4f3889ff483b7908732bffc7488b09488b04f94885c0741d418b978c00000039501075114d89fa"
 "4c397808750aff10904883c408c30f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 "the address must be proven", {0}},
{"call_indirect, record through a slot",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; "
 "mov rax, [rcx+rdi*8]; test rax, rax; je 1f; mov edx, [r15+140]; cmp [rax+16], edx; jne "
 "1f; mov [rsp], rax; mov rax, [rsp]; mov r10, r15; cmp [rax+8], r15; jne 2f; call [rax]; "
 "3: nop; add rsp, 8; ret; 1: ud2; 2: mov [rsp], r15; mov r15, [rax+8]; mov r14, [r15]; "
 "call [rax]; mov r15, [rsp]; mov r14, [r15]; jmp 3b",
 "4883ec08498b4f3889ff483b79087331488b09488b04f94885c07425418b978c00000039501075194889042448"
 "8b04244d89fa4c397808750aff10904883c408c30f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 NULL, {0}},
{"call_indirect, record from the guest",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rax, "
 "[r14+rdi]; test rax, rax; je 1f; mov edx, [r15+140]; cmp [rax+16], edx; jne 1f; mov r10, "
 "r15; cmp [rax+8], r15; jne 2f; call [rax]; 3: nop; add rsp, 8; ret; 1: ud2; 2: mov [rsp], "
 "r15; mov r15, [rax+8]; mov r14, [r15]; call [rax]; mov r15, [rsp]; mov r14, [r15]; jmp 3b",
 "4883ec08498b4f3889ff483b79087326498b043e4885c0741d418b978c00000039501075114d89fa4c39780875"
 "0aff10904883c408c30f0b4c893c244c8b78084d8b37ff104c8b3c244d8b37ebe2",
 "the address must be proven", {0}},
{"call_indirect, in a loop with an old record",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; xor esi, esi; 2: cmp rdi, [rcx+8]; jae 1f; "
 "mov rdx, [rcx]; mov rax, [rdx+rdi*8]; test esi, esi; jne 3f; mov r9, rax; mov esi, 1; jmp "
 "2b; 3: test r9, r9; je 1f; mov edx, [r15+140]; cmp [r9+16], edx; jne 1f; mov r10, r15; "
 "cmp [r9+8], r15; jne 1f; call [rax]; add rsp, 8; ret; 1: ud2",
 "4883ec08498b4f3889ff31f6483b79087337488b11488b04fa85f6750a4989c1be01000000ebe54d85c9741d41"
 "8b978c0000004139511075104d89fa4d3979087507ff104883c408c30f0b",
 "base is any number", {0}},
{"call_indirect, in a loop with an old record in a slot",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; xor esi, esi; 2: cmp rdi, [rcx+8]; jae 1f; "
 "mov rdx, [rcx]; mov rax, [rdx+rdi*8]; test esi, esi; jne 3f; mov [rsp], rax; mov esi, 1; "
 "jmp 2b; 3: mov r9, [rsp]; test r9, r9; je 1f; mov edx, [r15+140]; cmp [r9+16], edx; jne "
 "1f; mov r10, r15; cmp [r9+8], r15; jne 1f; call [rax]; add rsp, 8; ret; 1: ud2",
 "4883ec08498b4f3889ff31f6483b7908733c488b11488b04fa85f6750b48890424be01000000ebe44c8b0c244d"
 "85c9741d418b978c0000004139511075104d89fa4d3979087507ff104883c408c30f0b",
 "base is any number", {0}},
{"call_indirect, record put into a slot before it is compared",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; "
 "mov rax, [rcx+rdi*8]; mov [rsp], rax; test rax, rax; je 1f; mov edx, [r15+140]; cmp "
 "[rax+16], edx; jne 1f; mov rax, [rsp]; mov r10, r15; cmp [rax+8], r15; jne 1f; call "
 "[rax]; add rsp, 8; ret; 1: ud2",
 "4883ec08498b4f3889ff483b79087330488b09488b04f9488904244885c07420418b978c000000395010751448"
 "8b04244d89fa4c3978087507ff104883c408c30f0b",
 "must be compared with null", {0}},
{"call_indirect, table written",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; "
 "mov [rcx+rdi*8], rsi; add rsp, 8; ret; 1: ud2",
 "4883ec08498b4f3889ff483b7908730c488b09488934f94883c408c30f0b",
 "the address must be proven", {0}},
{"elements pointer kept over a call",
 "sub rsp, 24; mov rcx, [r15+56]; mov rdx, [rcx]; mov [rsp], rdx; mov edi, edi; cmp rdi, "
 "[rcx+8]; jae 1f; mov [rsp+8], rdi; call callee; mov rdx, [rsp]; mov rdi, [rsp+8]; mov "
 "rax, [rdx+rdi*8]; add rsp, 24; ret; 1: ud2",
 "4883ec18498b4f38488b114889142489ff483b7908731c48897c2408e8df070000488b1424488b7c2408488b04"
 "fa4883c418c30f0b",
 "the address must be proven", {0}},
{"tail call_indirect",
 "mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; mov rax, "
 "[rcx+rdi*8]; test rax, rax; je 1f; mov edx, [r15+140]; cmp [rax+16], edx; jne 1f; mov "
 "r10, r15; cmp [rax+8], r15; jne 2f; jmp [rax]; 1: ud2; 2: sub rsp, 8; mov [rsp], r15; mov "
 "r15, [rax+8]; mov r14, [r15]; call [rax]; mov r15, [rsp]; mov r14, [r15]; add rsp, 8; ret",
 "498b4f3889ff483b79087323488b09488b04f94885c07417418b978c000000395010750b4d89fa4c3978087504"
 "ff200f0b4883ec084c893c244c8b78084d8b37ff104c8b3c244d8b374883c408c3",
 NULL, {0}},
{"call_ref",
 "sub rsp, 8; call [r15+32]; mov r10, r15; cmp [rax+8], r15; jne 2f; call [rax]; 3: nop; "
 "add rsp, 8; ret; 2: mov [rsp], r15; mov r15, [rax+8]; mov r14, [r15]; call [rax]; mov "
 "r15, [rsp]; mov r14, [r15]; jmp 3b",
 "4883ec0841ff57204d89fa4c3978087508ff10904883c408c34c893c244c8b78084d8b37ff104c8b3c244d8b37"
 "ebe4",
 NULL, {0}},
{"call_ref of a plain builtin",
 "sub rsp, 8; call [r15+24]; mov r10, r15; cmp [rax+8], r15; jne 2f; call [rax]; 3: nop; "
 "add rsp, 8; ret; 2: mov [rsp], r15; mov r15, [rax+8]; mov r14, [r15]; call [rax]; mov "
 "r15, [rsp]; mov r14, [r15]; jmp 3b",
 "4883ec0841ff57184d89fa4c3978087508ff10904883c408c34c893c244c8b78084d8b37ff104c8b3c244d8b37"
 "ebe4",
 "the address must be proven", {0}},
{"writing a function record",
 "sub rsp, 8; mov rcx, [r15+56]; mov edi, edi; cmp rdi, [rcx+8]; jae 1f; mov rcx, [rcx]; "
 "mov rax, [rcx+rdi*8]; test rax, rax; je 1f; mov [rax], rdi; add rsp, 8; ret; 1: ud2",
 "4883ec08498b4f3889ff483b79087314488b09488b04f94885c074084889384883c408c30f0b",
 "must not be written", {0}},
{"table of a known size",
 "mov rcx, [r15+64]; cmp rdi, 10; jae 1f; mov rcx, [rcx]; mov rax, [rcx+rdi*8]; ret; 1: ud2",
 "498b4f404883ff0a7308488b09488b04f9c30f0b",
 NULL, {0}},
{"table of a known size, beyond it",
 "mov rcx, [r15+64]; cmp rdi, 11; jae 1f; mov rcx, [rcx]; mov rax, [rcx+rdi*8]; ret; 1: ud2",
 "498b4f404883ff0b7308488b09488b04f9c30f0b",
 "the address must be proven", {0}},
{"another table of unknown size",
 "mov rcx, [r15+56]; cmp rdi, 10; jae 1f; mov rcx, [rcx]; mov rax, [rcx+rdi*8]; ret; 1: ud2",
 "498b4f384883ff0a7308488b09488b04f9c30f0b",
 "the address must be proven", {0}},
{"jump table, clamped, index not extended",
 "mov ecx, 3; cmp edi, ecx; cmova edi, ecx; lea rcx, table[rip]; movsxd rdx, dword ptr "
 "[rcx+rdi*4]; add rdx, rcx; jmp rdx; 1: ret; a: mov eax, 1; ret; b: mov eax, 2; ret",
 "b90300000039cf0f47f9488d0def0f0000486314b94801caffe2c3b801000000c3b802000000c3",
 NULL, {27, 33, 27, 33}},
{"jump table, clamped the wrong way",
 "mov ecx, 3; cmp edi, ecx; cmovb edi, ecx; lea rcx, table[rip]; movsxd rdx, dword ptr "
 "[rcx+rdi*4]; add rdx, rcx; jmp rdx; 1: ret; a: mov eax, 1; ret; b: mov eax, 2; ret",
 "b90300000039cf0f42f9488d0def0f0000486314b94801caffe2c3b801000000c3b802000000c3",
 "the address must be proven", {27, 33, 27, 33}},
{"jump table, clamped by signs",
 "mov ecx, 3; cmp edi, ecx; cmovg edi, ecx; lea rcx, table[rip]; movsxd rdx, dword ptr "
 "[rcx+rdi*4]; add rdx, rcx; jmp rdx; 1: ret; a: mov eax, 1; ret; b: mov eax, 2; ret",
 "b90300000039cf0f4ff9488d0def0f0000486314b94801caffe2c3b801000000c3b802000000c3",
 "the address must be proven", {27, 33, 27, 33}},
/* clang-format on */
