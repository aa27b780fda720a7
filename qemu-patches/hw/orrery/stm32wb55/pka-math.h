/*
 * STM32WB55 PKA: the arithmetic on the words of its RAM
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_STM32WB55_PKA_MATH_H
#define HW_ORRERY_STM32WB55_PKA_MATH_H

#define PKA_RAM_BASE 0x400 /* of the block's registers */
#define PKA_RAM_WORDS 894

/* CR.MODE: RM0434 "PKA operating modes" */
typedef enum PkaMode {
    PKA_MODEXP = 0x00,
    PKA_MONTGOMERY_PARAM = 0x01,
    PKA_MODEXP_FAST = 0x02,
    PKA_RSA_CRT = 0x07,
    PKA_MOD_INV = 0x08,
    PKA_ADD = 0x09,
    PKA_SUB = 0x0a,
    PKA_MUL = 0x0b,
    PKA_COMPARE = 0x0c,
    PKA_MOD_RED = 0x0d,
    PKA_MOD_ADD = 0x0e,
    PKA_MOD_SUB = 0x0f,
    PKA_MONTGOMERY_MUL = 0x10,
    PKA_ECC_MUL = 0x20,
    PKA_ECC_MUL_FAST = 0x22,
    PKA_ECDSA_SIGN = 0x24,
    PKA_ECDSA_VERIFY = 0x26,
    PKA_POINT_CHECK = 0x28,
} PkaMode;

/* NULL, or what is wrong with the sizes that @ram gives for @mode (or with @mode itself). */
const char *pka_check(const uint32_t *ram, unsigned mode);

/* Clock cycles that the operation takes; after pka_check(). */
uint64_t pka_cycles(const uint32_t *ram, unsigned mode);

/* Do it; after pka_check(). */
void pka_run(uint32_t *ram, unsigned mode);

#endif
