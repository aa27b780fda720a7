/* SPDX-License-Identifier: Apache-2.0 */
/* mailbox.h - what other threads ask of the conductor: a queue of commands and a doorbell. */
#ifndef ORRERY_BROKER_MAILBOX_H
#define ORRERY_BROKER_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct mailbox;

enum command_kind {
    COMMAND_START, /* everybody is ready */
    COMMAND_PAUSE,
    COMMAND_STEP,  /* ns: how far */
    COMMAND_UNTIL, /* ns: virtual time */
    COMMAND_RESUME,
    COMMAND_PERFORM, /* the call's step, of an open script */
    COMMAND_DOWN,    /* park and end here */
};

struct command {
    enum command_kind kind;
    uint64_t ns;
    struct call *call; /* to be answered; may be NULL */
};

struct mailbox *orrery_mailbox_create(void);
void orrery_mailbox_destroy(struct mailbox *mailbox); /* accepts NULL */

/* Any thread. False: it is closed. */
bool orrery_mailbox_put(struct mailbox *mailbox, const struct command *command);
void orrery_mailbox_ring(struct mailbox *mailbox);

/* The conductor. False: none waits. */
bool orrery_mailbox_get(struct mailbox *mailbox, struct command *command);
/* Sleep until a command or a ring since the last get; at most so long (0: for ever). */
void orrery_mailbox_wait(struct mailbox *mailbox, uint64_t timeout_ns);
void orrery_mailbox_close(struct mailbox *mailbox);

#endif
