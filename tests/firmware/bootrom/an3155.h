/* SPDX-License-Identifier: Apache-2.0 */
/*
 * an3155.h - ST's USART protocol of boot loaders (AN3155, version 3.1), but for what a part is:
 * its line, its memory, and the commands that only some parts have. bootrom.c and recovery.c are
 * the parts.
 */
#ifndef AN3155_H
#define AN3155_H

#include <stdbool.h>
#include <stdint.h>

#define AN3155_INIT 0x7f /* a session's first byte */

struct an3155_command {
    uint8_t code;
    bool secret; /* not while the part is read protected */
    void (*run)(void);
};

/* --- what a part gives ------------------------------------------------------------------------ */

struct an3155_part {
    uint16_t id;
    bool (*is_protected)(void);
    /* the next three get a count of 1 before the true one is known */
    bool (*is_readable)(uint32_t address, uint32_t count);
    bool (*is_writable)(uint32_t address, uint32_t count);
    bool (*is_program)(uint32_t address); /* it may be started there */
    bool (*store)(uint32_t address, const uint8_t *from, unsigned count);
    void (*leave)(void); /* the last is sent; all as after reset, for the program that comes */
    const struct an3155_command *commands; /* beside Get to Write Memory */
    unsigned command_count;
};

void an3155_send(uint8_t byte);
uint8_t an3155_receive(void);

/* --- what it gets ----------------------------------------------------------------------------- */

/* After AN3155_INIT came. */
_Noreturn void an3155_serve(const struct an3155_part *part);

/* ACK or NACK; returns @good. */
bool an3155_answer(bool good);

/* @count bytes, and one more that makes the XOR of all, with @sum, zero. */
bool an3155_receive_bytes(uint8_t *to, unsigned count, uint8_t sum);

/* The place for a command's bytes, 256 at most. */
extern uint8_t an3155_buffer[256];

#endif
