/* SPDX-License-Identifier: Apache-2.0 */
/* virt_start.S - first instructions in M-mode: stack, .bss, then C. RAM holds .data already. */
    .file   "virt_start.S" /* or the symbol table names a temporary file */
    .section .text.start, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    la      sp, __stack_top
    la      t0, __bss_start
    la      t1, __bss_end
1:  bgeu    t0, t1, 2f
    sw      zero, 0(t0)
    addi    t0, t0, 4
    j       1b
2:  call    virt_main
3:  wfi
    j       3b

/*
 * RISC-V semihosting specification 0.4: three uncompressed instructions on one page. a0 is the
 * operation, a1 its argument.
 */
    .section .text.semihosting, "ax"
    .globl semihosting_call
    .balign 16
semihosting_call:
    .option push
    .option norvc
    slli    x0, x0, 0x1f
    ebreak
    srai    x0, x0, 7
    .option pop
    ret
