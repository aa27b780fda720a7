/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control.h"

struct tap {
    struct taps *taps;
    const struct layout_port *port;
    int pidfd;
    struct io_watch *watch;
};

struct taps {
    struct broker *broker;
    GPtrArray *list; /* of struct tap */
};

static void free_tap(void *opaque)
{
    struct tap *tap = opaque;

    orrery_io_unwatch(tap->watch);
    close(tap->pidfd);
    for (size_t i = 0; i < tap->port->lane_count; i++) {
        orrery_tap_close(tap->taps->broker->seg, tap->port->lanes[i].tx);
        orrery_tap_close(tap->taps->broker->seg, tap->port->lanes[i].rx);
    }
    g_free(tap);
}

static void ended(void *opaque, unsigned events)
{
    struct tap *tap = opaque;

    g_ptr_array_remove_fast(tap->taps->list, tap);
}

struct taps *orrery_taps_create(struct broker *broker)
{
    struct taps *taps = g_new0(struct taps, 1);

    taps->broker = broker;
    taps->list = g_ptr_array_new_with_free_func(free_tap);
    return taps;
}

void orrery_taps_destroy(struct taps *taps)
{
    if (taps) {
        g_ptr_array_unref(taps->list);
        g_free(taps);
    }
}

static const struct layout_port *find_port(const struct layout *layout, const char *name)
{
    for (size_t i = 0; i < layout->port_count; i++) {
        if (!strcmp(layout->ports[i].full, name)) {
            return &layout->ports[i];
        }
    }
    return NULL;
}

static bool is_port_of_lane(const struct layout_port *port, unsigned lane)
{
    for (size_t i = 0; i < port->lane_count; i++) {
        if (port->lanes[i].tx == lane || port->lanes[i].rx == lane) {
            return true;
        }
    }
    return false;
}

/* Does somebody read one of its lanes already, from whichever end? */
static bool is_tapped(const struct taps *taps, const struct layout_port *port)
{
    for (guint i = 0; i < taps->list->len; i++) {
        const struct tap *tap = g_ptr_array_index(taps->list, i);

        for (size_t k = 0; k < port->lane_count; k++) {
            if (is_port_of_lane(tap->port, port->lanes[k].tx)) {
                return true;
            }
        }
    }
    return false;
}

static void answer(struct taps *taps, struct call *call, const struct layout_port *port)
{
    Orrery__Reply reply = ORRERY__REPLY__INIT;
    Orrery__Tapped tapped = ORRERY__TAPPED__INIT;
    Orrery__TappedLane *lanes = g_new0(Orrery__TappedLane, 2 * port->lane_count);
    Orrery__TappedLane **list = g_new0(Orrery__TappedLane *, 2 * port->lane_count);
    char path[64];

    for (size_t i = 0; i < 2 * port->lane_count; i++) {
        const struct layout_lane *lane = &port->lanes[i / 2];

        orrery__tapped_lane__init(&lanes[i]);
        lanes[i].lane = i % 2 ? lane->rx : lane->tx;
        lanes[i].from = i % 2 ? (char *)lane->peer : (char *)port->full;
        lanes[i].to = i % 2 ? (char *)port->full : (char *)lane->peer;
        list[i] = &lanes[i];
    }
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), taps->broker->segment_fd);
    tapped.run_id = taps->broker->plan->run_id;
    tapped.segment_path = path;
    tapped.kind = port->kind;
    tapped.n_lanes = 2 * port->lane_count;
    tapped.lanes = list;
    reply.result_case = ORRERY__REPLY__RESULT_TAPPED;
    reply.tapped = &tapped;
    orrery_call_reply(call, &reply);
    g_free(list);
    g_free(lanes);
}

void orrery_taps_add(struct taps *taps, struct call *call, const Orrery__Tap *request)
{
    const struct layout_port *port = find_port(taps->broker->layout, request->port);
    pid_t pid = orrery_call_pid(call);
    struct tap *tap;
    int pidfd;

    if (!port) {
        orrery_call_error(call, "no wire ends at '%.80s'", request->port);
        return;
    }
    if (is_tapped(taps, port)) {
        orrery_call_error(call, "%s has a tap already", port->full);
        return;
    }
    pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (pidfd < 0) {
        orrery_call_error(call, "tap: your process cannot be watched");
        return;
    }
    tap = g_new0(struct tap, 1);
    tap->taps = taps;
    tap->port = port;
    tap->pidfd = pidfd;
    tap->watch = orrery_io_watch(taps->broker->io, pidfd, IO_IN, ended, tap);
    g_ptr_array_add(taps->list, tap);
    answer(taps, call, port);
}
