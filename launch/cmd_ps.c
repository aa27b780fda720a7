// SPDX-License-Identifier: Apache-2.0
/* orrery ps, orrery events */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "commands.h"
#include "counters.h"
#include "number.h"
#include "options.h"
#include "orrery.h"
#include "runs.h"
#include "rundir.h"

#define PS_TIMEOUT_MS 2000

/* Asleep for ever: virtual time has no number for it. */
static const char *time_text(uint64_t ns, char *buf)
{
    return ns >= ORRERY_TIME_INF ? "never" : format_time(ns, buf);
}

static Orrery__Reply *ask_status(const char *run, struct problem *why)
{
    Orrery__Empty empty = ORRERY__EMPTY__INIT;
    Orrery__Reply *reply = broker_call(run, ORRERY__REQUEST__CALL_STATUS, &empty, PS_TIMEOUT_MS,
                                       why);

    if (reply && reply->result_case != ORRERY__REPLY__RESULT_STATUS) {
        orrery__reply__free_unpacked(reply, NULL);
        problem_broke(why, "run %s: its broker answered something else", rundir_name(run));
        return NULL;
    }
    return reply;
}

/* ---- the table ---- */

#define ROW "%-24s %-16s %7s %-8s %20s  %s\n"

static void print_members(const char *run, const Orrery__Status *status)
{
    char when[TIME_TEXT_SIZE], pid[16];

    for (size_t i = 0; i < status->n_members; i++) {
        const Orrery__MemberStatus *member = status->members[i];

        snprintf(pid, sizeof(pid), "%d", member->pid);
        printf(ROW, rundir_name(run), member->name, member->pid ? pid : "-", member->state,
               time_text(member->time_ns, when), member->waits_for[0] ? member->waits_for : "-");
    }
}

static void print_broker(const char *run, const Orrery__Status *status)
{
    char when[TIME_TEXT_SIZE];

    printf(ROW, rundir_name(run), "(broker)", "-", status->state,
           time_text(status->ceiling_ns, when), "-");
}

static void print_ports(const char *run, const Orrery__Status *status)
{
    for (size_t i = 0; i < status->n_host_ports; i++) {
        const Orrery__HostPort *port = status->host_ports[i];

        if (strcmp(port->where, "stdout") != 0) {
            printf("%-24s %-24s %s\n", rundir_name(run), port->port, port->where);
        }
    }
}

static bool print_tables(const struct strings *runs)
{
    Orrery__Reply **replies = NULL;
    struct arena arena = {0};
    struct problem why = {0};
    bool good = true, ports = false;

    replies = arena_pointers(&arena, runs->count);
    printf(ROW, "RUN", "INSTANCE", "PID", "STATE", "VIRTUAL TIME", "WAITS FOR");
    for (size_t i = 0; i < runs->count; i++) {
        replies[i] = ask_status(runs->items[i], &why);
        if (!replies[i]) {
            problem_report(&why);
            good = false;
            continue;
        }
        print_broker(runs->items[i], replies[i]->status);
        print_members(runs->items[i], replies[i]->status);
        ports |= replies[i]->status->n_host_ports > 0;
    }
    for (size_t i = 0; i < runs->count; i++) {
        if (replies[i] && ports) {
            print_ports(runs->items[i], replies[i]->status);
        }
        if (replies[i]) {
            orrery__reply__free_unpacked(replies[i], NULL);
        }
    }
    arena_finish(&arena);
    return good;
}

/* ---- JSON ---- */

static json_t *json_time(uint64_t ns)
{
    return ns >= ORRERY_TIME_INF ? json_null() : json_integer((json_int_t)ns);
}

static json_t *json_lanes(const Orrery__Status *status)
{
    json_t *lanes = json_array();

    for (size_t i = 0; i < status->n_lanes; i++) {
        const Orrery__LaneStatus *l = status->lanes[i];

        json_t *lane = json_pack("{ss}", "lane", l->name);

        for (size_t k = 0; k < COUNTERS; k++) {
            json_object_set_new(lane, counter_names[k],
                                json_integer((json_int_t)lane_counter(l, k)));
        }
        json_array_append_new(lanes, lane);
    }
    return lanes;
}

static json_t *json_of_run(const char *run, const Orrery__Status *status)
{
    json_t *members = json_array(), *ports = json_array();

    for (size_t i = 0; i < status->n_members; i++) {
        const Orrery__MemberStatus *m = status->members[i];

        json_array_append_new(members,
                              json_pack("{ss, si, ss, so, ss, sI, sI}", "name", m->name, "pid",
                                        (int)m->pid, "state", m->state, "time_ns",
                                        json_time(m->time_ns), "waits_for", m->waits_for, "windows",
                                        (json_int_t)m->windows, "sleeps", (json_int_t)m->sleeps));
    }
    for (size_t i = 0; i < status->n_host_ports; i++) {
        json_array_append_new(ports, json_pack("{ss, ss}", "port", status->host_ports[i]->port,
                                               "where", status->host_ports[i]->where));
    }
    return json_pack("{ss, ss, ss, ss, so, so, sf, so, so, so}", "run", rundir_name(run), "path",
                     run, "name", status->name, "state", status->state, "ceiling_ns",
                     json_time(status->ceiling_ns), "lower_bound_ns",
                     json_time(status->lower_bound_ns), "wall_s", status->wall_s, "instances",
                     members, "ports", ports, "lanes", json_lanes(status));
}

static bool print_json(const struct strings *runs)
{
    json_t *list = json_array();
    struct problem why = {0};
    bool good = true;

    for (size_t i = 0; i < runs->count; i++) {
        Orrery__Reply *reply = ask_status(runs->items[i], &why);

        if (reply) {
            json_array_append_new(list, json_of_run(runs->items[i], reply->status));
            orrery__reply__free_unpacked(reply, NULL);
        } else {
            problem_report(&why);
            good = false;
        }
    }
    json_dumpf(list, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(list);
    return good;
}

static int ps_main(int argc, char **argv)
{
    bool json = false, good;
    const char *run = NULL;
    const struct option_def defs[] = {{"json", NULL, &json}, {"run", &run, NULL}};
    const struct option_rules rules = {
        .usage = "orrery ps [--json] [--run RUN]", .defs = defs, .def_count = 2};
    struct arena arena = {0};
    struct strings runs = {0};
    struct words words;
    struct problem why = {0};
    char *path;

    if (!options_parse(argc, argv, &rules, &words, &why)) {
        return problem_report(&why);
    }
    rundir_sweep();
    if (!run) {
        rundir_list(&arena, &runs);
    } else if (runs_choose(run, &arena, &path, &why)) {
        strings_add(&arena, &runs, path);
    } else {
        arena_finish(&arena);
        return problem_report(&why);
    }
    good = json ? print_json(&runs) : print_tables(&runs);
    arena_finish(&arena);
    return good ? EXIT_PASS : EXIT_BROKE;
}

const struct command ps_command = {
    "ps",
    "ps [--json] [--run RUN]",
    "the runs alive: who stands where, who waits for whom",
    "Virtual time is in seconds, exact to the nanosecond. Ports on the host follow the table.\n",
    ps_main,
};

/* ---- events ---- */

static bool print_event(nng_msg *msg)
{
    static const char *const kinds[] = {
        [ORRERY__EVENT__KIND__JOINED] = "joined",     [ORRERY__EVENT__KIND__RUNNING] = "running",
        [ORRERY__EVENT__KIND__STOPPED] = "stopped",   [ORRERY__EVENT__KIND__RESUMED] = "resumed",
        [ORRERY__EVENT__KIND__ENDED] = "ended",       [ORRERY__EVENT__KIND__DIED] = "died",
        [ORRERY__EVENT__KIND__STIMULUS] = "stimulus",
    };
    Orrery__Event *event = orrery__event__unpack(NULL, nng_msg_len(msg),
                                                 (const uint8_t *)nng_msg_body(msg));
    json_t *line;

    if (!event) {
        return false;
    }
    line = json_pack("{ss, so, ss, ss}", "kind",
                     (unsigned)event->kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[event->kind]
                                                                              : "unknown",
                     "at_ns", json_time(event->at_ns), "who", event->who, "text", event->text);
    if (line) {
        json_dumpf(line, stdout, JSON_COMPACT);
        putchar('\n');
        fflush(stdout);
    }
    json_decref(line);
    orrery__event__free_unpacked(event, NULL);
    return true;
}

static int events_main(int argc, char **argv)
{
    const char *run = NULL;
    const struct option_def defs[] = {{"run", &run, NULL}};
    const struct option_rules rules = {
        .usage = "orrery events [--run RUN]", .defs = defs, .def_count = 1};
    struct arena arena = {0};
    struct connection c;
    struct words words;
    struct problem why = {0};
    nng_msg *msg;
    char *path;

    if (!options_parse(argc, argv, &rules, &words, &why) ||
        !runs_choose(run, &arena, &path, &why) ||
        !connection_open(&c, CHANNEL_EVENTS, path, &why)) {
        arena_finish(&arena);
        return problem_report(&why);
    }
    while ((msg = connection_receive(&c, CALL_NO_TIMEOUT, &why))) {
        print_event(msg);
        nng_msg_free(msg);
    }
    connection_close(&c); /* the run is over: that is how it ends */
    arena_finish(&arena);
    return EXIT_PASS;
}

const struct command events_command = {
    "events",
    "events [--run RUN]",
    "what happens in a run, a line of JSON for each event",
    "It ends with the run.\n",
    events_main,
};
