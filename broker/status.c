/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include <glib.h>

#include "conductor.h"
#include "control.h"
#include "host.h"
#include "members.h"

static const char *state_of_member(struct broker *broker, unsigned member, int waits_for)
{
    const struct orrery_segment *seg = broker->seg;

    switch (orrery_members_phase(broker->members, member)) {
    case MEMBER_ABSENT:
    case MEMBER_JOINED:
        return "joining";
    case MEMBER_GONE:
        return "gone";
    case MEMBER_READY:
        break;
    }
    if (orrery_is_off(seg, member, NULL, NULL) || orrery_is_failed(seg, member, NULL, NULL)) {
        return "off";
    }
    if (orrery_is_stopped(seg, member)) {
        return "stopped";
    }
    if (orrery_word(seg, member) >= ORRERY_TIME_INF) {
        return "idle";
    }
    return waits_for >= 0 ? "waiting" : "running";
}

static void fill_member(struct broker *broker, unsigned member, Orrery__MemberStatus *status)
{
    const struct orrery_segment *seg = broker->seg;
    int waits_for = orrery_waits_for(seg, member);
    struct orrery_member_stats stats;

    orrery__member_status__init(status);
    orrery_member_stats(seg, member, &stats);
    status->name = (char *)broker->layout->members[member].name;
    status->pid = orrery_members_pid(broker->members, member);
    status->time_ns = orrery_run_time_of(&broker->run, member);
    status->state = (char *)state_of_member(broker, member, waits_for);
    if (waits_for >= 0 && status->state[0] == 'w') {
        status->waits_for = (char *)broker->layout->members[waits_for].name;
    }
    status->windows = stats.windows;
    status->sleeps = stats.sleeps;
}

static const char *state_of_run(struct broker *broker)
{
    switch (orrery_state(broker->seg)) {
    case ORRERY_FORMING:
        return "forming";
    case ORRERY_RUNNING:
        return orrery_conductor_is_holding(broker->conductor) ? "paused" : "running";
    case ORRERY_ENDED:
        return "ended";
    case ORRERY_DEAD:
        break;
    }
    return "dead";
}

static uint64_t least_word(const struct orrery_segment *seg)
{
    uint64_t least = ORRERY_TIME_INF;

    for (unsigned i = 1; i < orrery_seg_members(seg); i++) {
        uint64_t word = orrery_word(seg, i);

        least = word < least ? word : least;
    }
    return least;
}

static void fill_lane(struct broker *broker, unsigned lane, Orrery__LaneStatus *status)
{
    struct orrery_lane_stats stats;

    orrery_lane_stats(broker->seg, lane, &stats);
    orrery__lane_status__init(status);
    status->name = broker->layout->lanes[lane].name;
    status->sent = stats.sent;
    status->delivered = stats.delivered;
    status->overruns = stats.overruns;
    status->framing_errors = stats.framing_errors;
    status->too_fast = stats.too_fast;
    status->dropped = stats.dropped;
    status->corrupted = stats.corrupted;
    status->delayed = stats.delayed;
}

void orrery_status_send(struct broker *broker, struct call *call)
{
    unsigned count = (unsigned)broker->layout->member_count - 1;
    Orrery__Reply reply = ORRERY__REPLY__INIT;
    Orrery__Status status = ORRERY__STATUS__INIT;
    Orrery__MemberStatus *members = g_new0(Orrery__MemberStatus, count);
    Orrery__MemberStatus **list = g_new0(Orrery__MemberStatus *, count);
    unsigned lanes = (unsigned)broker->layout->lane_count;
    Orrery__LaneStatus *lane = g_new0(Orrery__LaneStatus, lanes + 1);
    Orrery__LaneStatus **lane_list = g_new0(Orrery__LaneStatus *, lanes + 1);

    for (unsigned i = 0; i < count; i++) {
        fill_member(broker, i + 1, &members[i]);
        list[i] = &members[i];
    }
    status.name = broker->plan->name;
    status.state = (char *)state_of_run(broker);
    status.ceiling_ns = orrery_ceiling(broker->seg);
    status.lower_bound_ns = least_word(broker->seg);
    status.wall_s = orrery_conductor_wall_s(broker->conductor);
    status.members = list;
    status.n_members = count;
    for (unsigned i = 0; i < lanes; i++) {
        fill_lane(broker, i, &lane[i]);
        lane_list[i] = &lane[i];
    }
    status.lanes = lane_list;
    status.n_lanes = lanes;
    status.host_ports = orrery_host_ports(broker->host, &status.n_host_ports);
    reply.result_case = ORRERY__REPLY__RESULT_STATUS;
    reply.status = &status;
    orrery_call_reply(call, &reply);
    g_free(lane_list);
    g_free(lane);
    g_free(list);
    g_free(members);
}
