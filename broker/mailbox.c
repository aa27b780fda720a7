/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox.h"

#include <glib.h>
#include <pthread.h>
#include <time.h>

#include "say.h"

#define NS_PER_S UINT64_C(1000000000)

struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    GQueue commands;
    bool closed, rung;
};

struct mailbox *orrery_mailbox_create(void)
{
    struct mailbox *mailbox = g_new0(struct mailbox, 1);
    pthread_condattr_t attr;

    pthread_mutex_init(&mailbox->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&mailbox->changed, &attr);
    pthread_condattr_destroy(&attr);
    g_queue_init(&mailbox->commands);
    return mailbox;
}

void orrery_mailbox_destroy(struct mailbox *mailbox)
{
    if (mailbox) {
        g_queue_clear_full(&mailbox->commands, g_free);
        pthread_cond_destroy(&mailbox->changed);
        pthread_mutex_destroy(&mailbox->lock);
        g_free(mailbox);
    }
}

bool orrery_mailbox_put(struct mailbox *mailbox, const struct command *command)
{
    bool open;

    pthread_mutex_lock(&mailbox->lock);
    open = !mailbox->closed;
    if (open) {
        g_queue_push_tail(&mailbox->commands, g_memdup2(command, sizeof(*command)));
        pthread_cond_signal(&mailbox->changed);
    }
    pthread_mutex_unlock(&mailbox->lock);
    return open;
}

void orrery_mailbox_ring(struct mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    mailbox->rung = true;
    pthread_cond_signal(&mailbox->changed);
    pthread_mutex_unlock(&mailbox->lock);
}

bool orrery_mailbox_get(struct mailbox *mailbox, struct command *command)
{
    struct command *first;

    pthread_mutex_lock(&mailbox->lock);
    first = g_queue_pop_head(&mailbox->commands);
    mailbox->rung = false;
    pthread_mutex_unlock(&mailbox->lock);
    if (first) {
        *command = *first;
        g_free(first);
    }
    return first != NULL;
}

void orrery_mailbox_wait(struct mailbox *mailbox, uint64_t timeout_ns)
{
    uint64_t until_ns = orrery_host_ns() + timeout_ns;
    struct timespec until = {(time_t)(until_ns / NS_PER_S), (long)(until_ns % NS_PER_S)};

    pthread_mutex_lock(&mailbox->lock);
    while (!mailbox->rung && g_queue_is_empty(&mailbox->commands)) {
        if (timeout_ns == 0) {
            pthread_cond_wait(&mailbox->changed, &mailbox->lock);
        } else if (pthread_cond_timedwait(&mailbox->changed, &mailbox->lock, &until) != 0) {
            break;
        }
    }
    pthread_mutex_unlock(&mailbox->lock);
}

void orrery_mailbox_close(struct mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    mailbox->closed = true;
    pthread_mutex_unlock(&mailbox->lock);
}
