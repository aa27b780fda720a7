/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - the Plan that the launcher hands over: read, bounded, checked. */
#ifndef ORRERY_BROKER_PLAN_H
#define ORRERY_BROKER_PLAN_H

#include "orrery.h"
#include "orrery.pb-c.h"

/* What a line carries when nothing else is said: 115200 8N1. */
struct uart_format {
    uint32_t baud;
    uint8_t data_bits, stop_halves;
    char parity;
    /* Nobody has said: a frame leaves it open, so that the receiver takes its own setting, and only
     * the time that the frame takes is of what stands above. */
    bool open_baud, open_format;
};

/*
 * Read a packed Plan from fd until its end, and check everything in it. NULL with err filled
 * when it cannot be used. Free with orrery__plan__free_unpacked(plan, NULL).
 */
Orrery__Plan *orrery_plan_read(int fd, struct orrery_error *err);

/* The format of a link or attach, defaults filled in. uart may be NULL. */
struct uart_format orrery_plan_uart(const Orrery__Uart *uart);
uint64_t orrery_plan_frame_ns(const struct uart_format *uart);

/* A byte as it goes out in that format, and how long it takes. */
struct orrery_uart_frame orrery_plan_frame(const struct uart_format *uart, uint8_t byte);
uint64_t orrery_plan_time(const struct uart_format *uart, const struct orrery_uart_frame *frame);

/* Lanes that a link takes: one from each of its ends to each other one. */
size_t orrery_plan_lanes(const Orrery__Link *link);

/* Does it say something that can happen to an instance? Which instance is not looked at. */
bool orrery_plan_stimulus_ok(const Orrery__Stimulus *stimulus);
/* As it travels; it is ok. */
struct orrery_stimulus orrery_plan_stimulus(const Orrery__Stimulus *from);

#endif
