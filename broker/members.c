/* SPDX-License-Identifier: Apache-2.0 */
#include "members.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conductor.h"
#include "control.h"
#include "exit_status.h"
#include "say.h"

#define JOIN_TIMEOUT_MS 30000u

struct member {
    struct members *members;
    unsigned number;
    enum member_phase phase;
    pid_t pid;
    int pidfd;
    struct io_watch *watch;
};

struct members {
    struct broker *broker;
    struct member *member; /* [number]; [0] unused */
    unsigned count;
    struct io_timer *join_timer;
    unsigned waited_ms;
    bool released;
};

struct members *orrery_members_create(struct broker *broker)
{
    struct members *members = g_new0(struct members, 1);

    members->broker = broker;
    members->count = (unsigned)broker->layout->member_count;
    members->member = g_new0(struct member, members->count);
    for (unsigned i = 0; i < members->count; i++) {
        members->member[i] = (struct member){members, i, MEMBER_ABSENT, 0, -1, NULL};
    }
    return members;
}

void orrery_members_destroy(struct members *members)
{
    if (!members) {
        return;
    }
    for (unsigned i = 1; i < members->count; i++) {
        orrery_io_unwatch(members->member[i].watch);
        if (members->member[i].pidfd >= 0) {
            close(members->member[i].pidfd);
        }
    }
    orrery_io_timer_cancel(members->join_timer);
    g_free(members->member);
    g_free(members);
}

static const char *name_of(const struct members *members, unsigned member)
{
    return members->broker->layout->members[member].name;
}

/* ---- joining ---- */

static void name_who(struct members *members, enum member_phase phase, char *buf, size_t size)
{
    size_t n = 0;

    buf[0] = '\0';
    for (unsigned i = 1; i < members->count && n < size; i++) {
        if (members->member[i].phase == phase) {
            n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? ", " : "", name_of(members, i));
        }
    }
}

static unsigned timeout_ms(const struct members *members)
{
    unsigned ms = members->broker->plan->join_timeout_ms;

    return ms ? ms : JOIN_TIMEOUT_MS;
}

static void join_timeout(void *opaque)
{
    struct members *members = opaque;
    bool asked_for = members->broker->plan->join_timeout_ms != 0;
    char absent[200], unready[200];

    members->join_timer = NULL;
    if (orrery_members_all_ready(members)) {
        return;
    }
    members->waited_ms += timeout_ms(members);
    if (!asked_for && members->waited_ms < orrery_patience_ms(JOIN_TIMEOUT_MS)) {
        orrery_members_expect(members);
        return;
    }
    name_who(members, MEMBER_ABSENT, absent, sizeof(absent));
    name_who(members, MEMBER_JOINED, unready, sizeof(unready));
    orrery_run_break(&members->broker->run, -1, "%s%s%s%s%s within %u ms", absent,
                     absent[0] ? " never joined" : "", absent[0] && unready[0] ? "; " : "", unready,
                     unready[0] ? " joined but never said ready" : "", members->waited_ms);
    orrery_conductor_wake(members->broker->conductor);
}

void orrery_members_expect(struct members *members)
{
    members->join_timer = orrery_io_timer(members->broker->io, timeout_ms(members), 0, join_timeout,
                                          members);
}

static void died(void *opaque, unsigned events)
{
    struct member *member = opaque;
    struct members *members = member->members;
    struct broker *broker = members->broker;
    char how[80], when[ORRERY_TIME_TEXT];

    orrery_io_unwatch(member->watch);
    member->watch = NULL;
    member->phase = MEMBER_GONE;
    if (members->released || orrery_state(broker->seg) == ORRERY_ENDED) {
        return;
    }
    orrery_exit_status(member->pidfd, member->pid, how, sizeof(how));
    orrery_time_text(when, orrery_run_time_of(&broker->run, member->number));
    if (orrery_run_break(&broker->run, (int)member->number,
                         "%s (pid %d) died at virtual time %s: %s",
                         name_of(members, member->number), (int)member->pid, when, how)) {
        orrery_control_event(broker->control, ORRERY__EVENT__KIND__DIED,
                             orrery_run_time_of(&broker->run, member->number),
                             name_of(members, member->number), how);
    }
    orrery_conductor_wake(broker->conductor);
}

unsigned orrery_members_join(struct members *members, const char *name, pid_t pid,
                             struct orrery_error *err)
{
    struct broker *broker = members->broker;
    struct member *member;
    unsigned number = orrery_layout_member(broker->layout, name);

    if (!number) {
        snprintf(err->text, sizeof(err->text), "no instance of that name in %s",
                 broker->plan->name);
        return 0;
    }
    member = &members->member[number];
    if (member->phase != MEMBER_ABSENT) {
        snprintf(err->text, sizeof(err->text), "%s has already joined (pid %d)", name,
                 (int)member->pid);
        return 0;
    }
    if (orrery_state(broker->seg) != ORRERY_FORMING) {
        snprintf(err->text, sizeof(err->text), "the run is over");
        return 0;
    }
    member->pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (member->pidfd < 0) {
        snprintf(err->text, sizeof(err->text), "%s: pid %d: %s", name, (int)pid,
                 pid > 0 ? strerror(errno) : "not a process");
        return 0;
    }
    member->pid = pid;
    member->phase = MEMBER_JOINED;
    member->watch = orrery_io_watch(broker->io, member->pidfd, IO_IN, died, member);
    orrery_control_event(broker->control, ORRERY__EVENT__KIND__JOINED, 0, name, "");
    return number;
}

bool orrery_members_ready(struct members *members, unsigned member, pid_t pid,
                          struct orrery_error *err)
{
    if (member < 1 || member >= members->count || members->member[member].phase == MEMBER_ABSENT) {
        snprintf(err->text, sizeof(err->text), "member %u has not joined", member);
        return false;
    }
    if (pid && members->member[member].pid != pid) {
        snprintf(err->text, sizeof(err->text), "member %u is pid %d, not pid %d", member,
                 (int)members->member[member].pid, (int)pid);
        return false;
    }
    if (members->member[member].phase != MEMBER_JOINED) {
        snprintf(err->text, sizeof(err->text), "member %u said ready before", member);
        return false;
    }
    members->member[member].phase = MEMBER_READY;
    if (orrery_members_all_ready(members)) {
        orrery_io_timer_cancel(members->join_timer);
        members->join_timer = NULL;
    }
    return true;
}

bool orrery_members_all_ready(const struct members *members)
{
    for (unsigned i = 1; i < members->count; i++) {
        if (members->member[i].phase != MEMBER_READY) {
            return false;
        }
    }
    return true;
}

enum member_phase orrery_members_phase(const struct members *members, unsigned member)
{
    return members->member[member].phase;
}

pid_t orrery_members_pid(const struct members *members, unsigned member)
{
    return members->member[member].pid;
}

/* ---- leaving ---- */

void orrery_members_release(struct members *members)
{
    members->released = true;
}

static void signal_one(const struct member *member, int signal)
{
    if (member->pidfd >= 0) {
        syscall(SYS_pidfd_send_signal, member->pidfd, signal, NULL, 0);
    }
}

void orrery_members_signal(struct members *members, int signal)
{
    for (unsigned i = 1; i < members->count; i++) {
        signal_one(&members->member[i], signal);
    }
}

static bool is_gone(const struct member *member)
{
    struct pollfd pfd = {member->pidfd, POLLIN, 0};

    return member->pidfd < 0 || poll(&pfd, 1, 0) > 0;
}

static uint64_t deadline(int timeout_ms)
{
    return orrery_host_ns() + orrery_patience_ms((uint64_t)timeout_ms) * UINT64_C(1000000);
}

static void nap(unsigned round)
{
    g_usleep(round < 20 ? 200 : 2000);
}

bool orrery_members_gone(struct members *members, int timeout_ms)
{
    uint64_t until = deadline(timeout_ms);

    for (unsigned i = 1, round = 0; i < members->count;) {
        if (is_gone(&members->member[i])) {
            i++;
        } else if (orrery_host_ns() >= until) {
            return false;
        } else {
            nap(round++);
        }
    }
    return true;
}

unsigned orrery_members_done(struct members *members, int timeout_ms)
{
    uint64_t until = deadline(timeout_ms);

    /* Who is stopped by a debugger looks at no clock: a signal has it finish like the others. */
    for (unsigned i = 1; i < members->count; i++) {
        if (orrery_is_stopped(members->broker->seg, i)) {
            signal_one(&members->member[i], SIGTERM);
        }
    }
    for (unsigned i = 1, round = 0; i < members->count;) {
        /* Gone first: it may say done and go between the two looks. */
        bool gone = is_gone(&members->member[i]);

        if (orrery_is_done(members->broker->seg, i)) {
            i++;
        } else if (gone || orrery_host_ns() >= until) {
            return i;
        } else {
            nap(round++);
        }
    }
    return 0;
}
