/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_long.c - fuzz.c for long; with ./bootstrap test --full. */
#define FUZZ_ACCESSES 10000000u
#define FUZZ_SEED 0xfedcba9876543210ull

#include "fuzz.c"
