/* SPDX-License-Identifier: Apache-2.0 */
#include "layout.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LINK_SLOTS 256u
#define RADIO_SLOTS                                                                                \
    8u /* one packet at a time is on the air or announced; 64 ends make 4032 lanes */
#define HOST_OUT_SLOTS 1024u /* port -> broker: the broker looks every 20 ms of wall time */
#define HOST_IN_SLOTS 256u
#define UNUSED_SLOTS 2u /* broker -> port where the host never sends */
/* R4: 2 x (slots into a member) + its senders stays below 2^14 versions. */
#define SLOTS_INTO_MEMBER ((1u << 13) - ORRERY_MAX_MEMBERS)
#define REACTION_NS UINT64_C(10000000)

/* Bytes in one message, by kind of link; orrery.h has the formats. */
#define STIMULUS_SLOTS 16u
#define PROBE_SLOTS 64u /* with those that wait for an instruction */

static const uint32_t payload_max[] = {
    [ORRERY__LINK__KIND__UART] = sizeof(struct orrery_uart_frame),
    [ORRERY__LINK__KIND__CORES] = 64,
    [ORRERY__LINK__KIND__RADIO] = sizeof(struct orrery_radio_packet),
    [ORRERY__LINK__KIND__GPIO] = sizeof(struct orrery_gpio),
    [ORRERY__LINK__KIND__HCI] = sizeof(struct orrery_hci_packet),
};

bool orrery_layout_can_inject(const struct layout_port *port)
{
    return port->attach && (port->script_sends || port->attach->to == ORRERY__ATTACH__TO__PTY ||
                            port->attach->to == ORRERY__ATTACH__TO__TCP);
}

/* An open script may send to any that takes bytes. */
static bool script_sends(const Orrery__Plan *plan, const struct layout_port *port)
{
    if (plan->script && plan->script->open && port->kind == ORRERY__LINK__KIND__UART) {
        return true;
    }
    for (size_t i = 0; plan->script && i < plan->script->n_steps; i++) {
        const Orrery__ScriptStep *step = plan->script->steps[i];

        if (step->kind == ORRERY__SCRIPT_STEP__KIND__SEND && !strcmp(step->port, port->full)) {
            return true;
        }
    }
    return false;
}

bool orrery_layout_is_asked(const Orrery__ScriptStep *step)
{
    return step->kind >= ORRERY__SCRIPT_STEP__KIND__MEMORY &&
           step->kind <= ORRERY__SCRIPT_STEP__KIND__AWAIT;
}

static void add_lane(struct layout *layout, const char *from, const char *to, unsigned src,
                     unsigned dst, uint64_t latency_ns, uint32_t slots, uint32_t payload)
{
    struct orrery_lane_spec *lane = &layout->lanes[layout->lane_count];
    int n = snprintf(lane->name, sizeof(lane->name), "%s>%s", from, to);

    if (n >= (int)sizeof(lane->name)) { /* the name is for people; the number is as unique */
        snprintf(lane->name, sizeof(lane->name), "lane%zu", layout->lane_count);
    }
    lane->src = (uint16_t)src;
    lane->dst = (uint16_t)dst;
    lane->latency_ns = latency_ns;
    lane->slots = slots;
    lane->payload_max = payload;
    layout->lane_count++;
}

static struct layout_port *add_port(struct layout *layout, const Orrery__Plan *plan,
                                    const Orrery__Endpoint *end, const Orrery__Uart *uart,
                                    size_t others)
{
    struct layout_port *port = &layout->ports[layout->port_count++];

    port->member = end->member;
    port->name = end->port;
    port->where = end->where;
    snprintf(port->full, sizeof(port->full), "%s.%s", plan->instances[end->member - 1]->name,
             end->port);
    port->uart = uart;
    port->format = orrery_plan_uart(uart);
    port->lanes = g_new0(struct layout_lane, others);
    return port;
}

/* The next lane of the port, to be laid out now. */
static struct layout_lane *next_lane(struct layout_port *port, const char *peer)
{
    struct layout_lane *lane = &port->lanes[port->lane_count++];

    lane->peer = peer;
    return lane;
}

/* One lane each way between two ends of a link. */
static void join_ends(struct layout *layout, struct layout_port *a, struct layout_port *b,
                      uint64_t latency_ns)
{
    struct layout_lane *at_a = next_lane(a, b->full), *at_b = next_lane(b, a->full);
    uint32_t slots = a->kind == ORRERY__LINK__KIND__RADIO ? RADIO_SLOTS : LINK_SLOTS;
    uint32_t payload = payload_max[a->kind];

    at_a->tx = at_b->rx = (unsigned)layout->lane_count;
    add_lane(layout, a->full, b->full, a->member, b->member, latency_ns, slots, payload);
    at_b->tx = at_a->rx = (unsigned)layout->lane_count;
    add_lane(layout, b->full, a->full, b->member, a->member, latency_ns, slots, payload);
}

/* Path losses of the two lanes that join ends i and j of a radio link. */
static void set_path(const Orrery__Link *link, struct layout_port *ends, size_t i, size_t j)
{
    const ProtobufCBinaryData *db = &link->radio->path_db;

    if (db->len) {
        ends[i].lanes[ends[i].lane_count - 1].path_db = db->data[i * link->n_ends + j];
        ends[j].lanes[ends[j].lane_count - 1].path_db = db->data[j * link->n_ends + i];
    }
}

static void add_link(struct layout *layout, const Orrery__Plan *plan, const Orrery__Link *link)
{
    struct layout_port *ends = &layout->ports[layout->port_count];
    uint64_t latency_ns = link->latency_ns;

    for (size_t i = 0; i < link->n_ends; i++) {
        struct layout_port *port = add_port(layout, plan, link->ends[i], link->uart,
                                            link->n_ends - 1);

        port->kind = link->kind;
        port->radio = link->radio;
        port->pull = link->pull;
    }
    if (link->kind == ORRERY__LINK__KIND__UART && !latency_ns) {
        latency_ns = orrery_plan_frame_ns(&ends->format);
    }
    for (size_t i = 0; i < link->n_ends; i++) {
        for (size_t j = i + 1; j < link->n_ends; j++) {
            join_ends(layout, &ends[i], &ends[j], latency_ns);
            if (link->radio) {
                set_path(link, ends, i, j);
            }
        }
    }
}

static void add_attach(struct layout *layout, const Orrery__Plan *plan,
                       const Orrery__Attach *attach)
{
    struct layout_port *port = add_port(layout, plan, attach->end, attach->uart, 1);
    struct layout_lane *lane = next_lane(port, layout->members[ORRERY_BROKER].name);
    uint64_t latency_ns = orrery_plan_frame_ns(&port->format);

    port->attach = attach;
    if (attach->capture) {
        port->kind = attach->capture == ORRERY__ATTACH__CAPTURE__AIR ? ORRERY__LINK__KIND__RADIO
                                                                     : ORRERY__LINK__KIND__HCI;
        latency_ns = 1; /* seen at once: to the broker nothing takes time */
    }
    port->script_sends = script_sends(plan, port);
    lane->tx = (unsigned)layout->lane_count;
    add_lane(layout, port->full, lane->peer, port->member, ORRERY_BROKER, latency_ns,
             HOST_OUT_SLOTS, payload_max[port->kind]);
    lane->rx = (unsigned)layout->lane_count;
    add_lane(layout, lane->peer, port->full, ORRERY_BROKER, port->member, latency_ns,
             orrery_layout_can_inject(port) ? HOST_IN_SLOTS : UNUSED_SLOTS,
             payload_max[ORRERY__LINK__KIND__UART]);
}

/* What happens to it from outside; and with a script, which may ask it something, the way back. An
 * open script's lanes are the same as any other's, and so is its trace hash. */
static void add_stimuli(struct layout *layout, const Orrery__Plan *plan, unsigned member)
{
    const char *broker = layout->members[ORRERY_BROKER].name, *name = layout->members[member].name;
    bool asks = plan->script != NULL;

    layout->stimulus_lanes[member] = (unsigned)layout->lane_count;
    add_lane(layout, broker, name, ORRERY_BROKER, member, 1, asks ? PROBE_SLOTS : STIMULUS_SLOTS,
             asks ? sizeof(struct orrery_probe) : sizeof(struct orrery_stimulus));
    if (asks) {
        layout->answer_lanes[member] = (unsigned)layout->lane_count;
        add_lane(layout, name, broker, member, ORRERY_BROKER, 1, PROBE_SLOTS,
                 sizeof(struct orrery_answer));
    }
}

/* R4: a member with very many lanes gets smaller rings rather than a refusal. */
static void fit_slots(struct layout *layout, unsigned member)
{
    for (;;) {
        uint32_t sum = 0, most = 0;

        for (size_t i = 0; i < layout->lane_count; i++) {
            const struct orrery_lane_spec *lane = &layout->lanes[i];

            if (lane->dst == member) {
                sum += lane->slots;
                most = lane->slots > most ? lane->slots : most;
            }
        }
        if (sum <= SLOTS_INTO_MEMBER || most <= 2) {
            return;
        }
        for (size_t i = 0; i < layout->lane_count; i++) {
            if (layout->lanes[i].dst == member && layout->lanes[i].slots == most) {
                layout->lanes[i].slots /= 2;
            }
        }
    }
}

static void add_state(struct layout *layout, const Orrery__State *state)
{
    struct orrery_state_spec *spec = &layout->states[layout->state_count];
    int n = snprintf(spec->name, sizeof(spec->name), "%s.%s",
                     layout->members[state->members[0]].name, state->name);

    if (n >= (int)sizeof(spec->name)) { /* as a lane's */
        snprintf(spec->name, sizeof(spec->name), "state%zu", layout->state_count);
    }
    spec->size = state->size;
    for (size_t i = 0; i < state->n_members; i++) {
        spec->touchers[spec->toucher_count++] = (uint16_t)state->members[i];
    }
    layout->state_count++;
}

struct layout *orrery_layout_create(const Orrery__Plan *plan)
{
    struct layout *layout = g_new0(struct layout, 1);
    size_t lanes = 2 * plan->n_attaches, ports = plan->n_attaches;

    for (size_t i = 0; i < plan->n_links; i++) {
        lanes += orrery_plan_lanes(plan->links[i]);
        ports += plan->links[i]->n_ends;
    }
    layout->member_count = plan->n_instances + 1;
    layout->members = g_new0(struct orrery_member_spec, layout->member_count);
    snprintf(layout->members[ORRERY_BROKER].name, ORRERY_NAME_MAX, "broker");
    for (size_t i = 0; i < plan->n_instances; i++) {
        snprintf(layout->members[i + 1].name, ORRERY_NAME_MAX, "%s", plan->instances[i]->name);
    }
    layout->lanes = g_new0(struct orrery_lane_spec, lanes + 2 * layout->member_count);
    layout->stimulus_lanes = g_new0(unsigned, layout->member_count);
    layout->answer_lanes = g_new0(unsigned, layout->member_count);
    layout->leaders = g_new0(unsigned, layout->member_count);
    for (size_t i = 0; i < plan->n_instances; i++) {
        layout->leaders[i + 1] = plan->instances[i]->leader;
    }
    layout->ports = g_new0(struct layout_port, ports + 1);
    for (size_t i = 0; i < plan->n_links; i++) {
        add_link(layout, plan, plan->links[i]);
    }
    layout->first_attach = layout->port_count;
    for (size_t i = 0; i < plan->n_attaches; i++) {
        add_attach(layout, plan, plan->attaches[i]);
    }
    for (unsigned member = 1; member < layout->member_count; member++) {
        add_stimuli(layout, plan, member);
    }
    for (unsigned member = 1; member < layout->member_count; member++) {
        fit_slots(layout, member);
    }
    layout->states = g_new0(struct orrery_state_spec, plan->n_states + 1);
    for (size_t i = 0; i < plan->n_states; i++) {
        add_state(layout, plan->states[i]);
    }
    return layout;
}

unsigned orrery_layout_member(const struct layout *layout, const char *name)
{
    for (unsigned i = 1; i < layout->member_count; i++) {
        if (!strcmp(layout->members[i].name, name)) {
            return i;
        }
    }
    return 0;
}

void orrery_layout_destroy(struct layout *layout)
{
    if (layout) {
        for (size_t i = 0; i < layout->port_count; i++) {
            g_free(layout->ports[i].lanes);
        }
        g_free(layout->members);
        g_free(layout->stimulus_lanes);
        g_free(layout->answer_lanes);
        g_free(layout->leaders);
        g_free(layout->lanes);
        g_free(layout->ports);
        g_free(layout->states);
        g_free(layout);
    }
}

uint64_t orrery_layout_reaction_ns(const Orrery__Plan *plan)
{
    return plan->clock->reaction_ns ? plan->clock->reaction_ns : REACTION_NS;
}

struct orrery_segment *orrery_layout_segment(const struct layout *layout, const Orrery__Plan *plan,
                                             int *fd, struct orrery_error *err)
{
    struct orrery_topology topology = {
        .run_id = plan->run_id,
        .mode = plan->clock->turns ? ORRERY_TURNS : ORRERY_PARALLEL,
        .reaction_ns = orrery_layout_reaction_ns(plan),
        .jitter_seed = plan->jitter_seed,
        .trace_hash = plan->trace_hash,
        .members = layout->members,
        .member_count = layout->member_count,
        .lanes = layout->lanes,
        .lane_count = layout->lane_count,
        .states = layout->states,
        .state_count = layout->state_count,
    };
    struct orrery_segment *seg;

    *fd = memfd_create("orrery-segment", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd < 0) {
        snprintf(err->text, sizeof(err->text), "segment: %s", strerror(errno));
        return NULL;
    }
    seg = orrery_segment_format(*fd, &topology, err);
    /* A member that truncated the file would give everybody else SIGBUS. */
    if (seg && fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        snprintf(err->text, sizeof(err->text), "segment: cannot be sealed: %s", strerror(errno));
        orrery_segment_detach(seg);
        seg = NULL;
    }
    if (!seg) {
        close(*fd);
        *fd = -1;
    }
    return seg;
}
