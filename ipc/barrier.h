/* SPDX-License-Identifier: Apache-2.0 */
/*
 * barrier.h - every memory ordering that ipc/ uses, named once.
 *
 * The segment is shared between processes, so these are plain objects accessed with the
 * compiler's atomic builtins. Each use says in a comment what it pairs with.
 */
#ifndef ORRERY_BARRIER_H
#define ORRERY_BARRIER_H

/* Read what another process wrote before its store_release() of the same object. */
#define load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/* Counters and values whose order against others does not matter. */
#define load_relaxed(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define add_relaxed(p, v) ((void)__atomic_fetch_add((p), (v), __ATOMIC_RELAXED))

/* In the one total order of all *_total accesses: words, sent counters, park, flags. */
#define load_total(p) __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define store_total(p, v) __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define add_total(p, v) __atomic_add_fetch((p), (v), __ATOMIC_SEQ_CST)
#define exchange_total(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define cas_total(p, expected, desired)                                                            \
    __atomic_compare_exchange_n((p), (expected), (desired), false, __ATOMIC_SEQ_CST,               \
                                __ATOMIC_SEQ_CST)

/* Give the sibling hyper-thread or the bus a rest inside a spin. */
#if defined(__x86_64__) || defined(__i386__)
#define cpu_relax() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define cpu_relax() __asm__ volatile("yield" ::: "memory")
#else
#define cpu_relax() __asm__ volatile("" ::: "memory")
#endif

#endif
