/* SPDX-License-Identifier: Apache-2.0 */
#include "test_player.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orrery.h"
#include "test_kit.h"
#include "trace.h"

struct player {
    struct orrery_segment *seg;
    struct orrery_member *m;
    struct trace *trace;
    const Orrery__Welcome *welcome;
    const Orrery__Port *link, *host; /* NULL: not there */
    uint64_t now_ns, last_stamp_ns;
    uint64_t timer_ns;     /* next own event */
    uint64_t host_free_ns; /* the wire to the host is busy until then */
    unsigned ticks;
    /* options */
    uint64_t period_ns, off_ns, fail_ns;
    int say, echo, code, unready, hang;
    const char *text;
    bool is_off, has_failed;
};

static void parse(struct player *p, const char *option)
{
    const char *value = strchr(option, '=');
    unsigned long long n = value ? strtoull(value + 1, NULL, 10) : 0;

    if (!strncmp(option, "period=", 7)) {
        p->period_ns = n;
    } else if (!strncmp(option, "say=", 4)) {
        p->say = (int)n;
    } else if (!strncmp(option, "text=", 5)) {
        p->text = value + 1;
    } else if (!strncmp(option, "echo=", 5)) {
        p->echo = (int)n;
    } else if (!strncmp(option, "off=", 4)) {
        p->off_ns = n;
    } else if (!strncmp(option, "fail=", 5)) {
        p->fail_ns = n;
    } else if (!strncmp(option, "code=", 5)) {
        p->code = (int)n;
    } else if (!strncmp(option, "unready=", 8)) {
        p->unready = (int)n;
    } else if (!strncmp(option, "hang=", 5)) {
        p->hang = (int)n;
    }
}

static void send_byte(struct player *p, const Orrery__Port *port, uint64_t arrival_ns, char c)
{
    struct orrery_uart_frame frame = {.baud = port->uart->baud,
                                      .data = (uint8_t)c,
                                      .data_bits = (uint8_t)port->uart->data_bits,
                                      .parity = (uint8_t)port->uart->parity[0],
                                      .stop_halves = (uint8_t)port->uart->stop_halves};

    if (!orrery_send(p->m, port->lanes[0]->tx, p->now_ns, arrival_ns, &frame, sizeof(frame))) {
        fprintf(stderr, "player: send failed\n");
        exit(99);
    }
    orrery_trace_add(p->trace, port->lanes[0]->tx, p->now_ns, arrival_ns, orrery_last_seq(p->m),
                     &frame, sizeof(frame));
}

static uint64_t latency(struct player *p, const Orrery__Port *port)
{
    return orrery_seg_lane_latency(p->seg, port->lanes[0]->tx);
}

static void say(struct player *p, const char *text)
{
    for (; p->host && *text; text++) {
        uint64_t start = p->now_ns > p->host_free_ns ? p->now_ns : p->host_free_ns;

        p->host_free_ns = start + latency(p, p->host);
        send_byte(p, p->host, p->host_free_ns, *text == '~' ? '\n' : *text);
    }
}

static void on_timer(struct player *p)
{
    char line[32];

    p->ticks++;
    if (p->link && p->period_ns) {
        send_byte(p, p->link, p->now_ns + latency(p, p->link), (char)p->ticks);
    }
    if (p->say && p->ticks % (unsigned)p->say == 0) {
        snprintf(line, sizeof(line), "tick %u\n", p->ticks);
        say(p, line);
    }
    if (p->text && p->ticks == 1) {
        say(p, p->text);
    }
    p->timer_ns = p->period_ns ? p->now_ns + p->period_ns : p->off_ns ? p->off_ns : ORRERY_TIME_INF;
}

static void on_message(struct player *p, const struct orrery_message *msg)
{
    char c = (char)msg->payload[4]; /* struct orrery_uart_frame.data */

    if (p->host && msg->lane == p->host->lanes[0]->rx) {
        char back[2] = {(char)toupper((unsigned char)c), '\0'};

        if (p->echo) {
            say(p, back);
        }
    } else if (p->link && (c & 1)) { /* every other frame is answered, half a period later */
        send_byte(p, p->link, msg->arrival_ns + latency(p, p->link) + 1000, (char)(c + 1));
    }
}

/* Everything below limit_ns, in order: messages first at equal times. */
static void execute(struct player *p, uint64_t limit_ns)
{
    for (;;) {
        uint64_t arrival = orrery_next_arrival(p->m);
        uint64_t t = arrival <= p->timer_ns ? arrival : p->timer_ns;
        struct orrery_message msg;

        if (p->has_failed || t >= limit_ns) {
            return;
        }
        p->now_ns = t > p->now_ns ? t : p->now_ns;
        if (p->fail_ns && t >= p->fail_ns) {
            p->now_ns = p->fail_ns;
            p->timer_ns = p->fail_ns;
            p->has_failed = true;
            orrery_fail(p->m, p->fail_ns, p->code);
            return;
        }
        if (!p->is_off && p->off_ns && t >= p->off_ns) {
            p->is_off = true;
            p->timer_ns = ORRERY_TIME_INF;
            orrery_power_off(p->m, p->off_ns, 0);
            return;
        }
        if (arrival <= p->timer_ns) {
            if (orrery_take(p->m, t, &msg) && !p->is_off) {
                on_message(p, &msg);
            }
        } else {
            on_timer(p);
        }
    }
}

/* SIGUSR1 is its debugger: stops it, and lets it go on. */
static struct orrery_member *debugged;
static volatile sig_atomic_t stop_wanted;

static void on_signal(int number)
{
    stop_wanted = !stop_wanted;
    orrery_kick(debugged);
}

static void stand_still(struct player *p)
{
    orrery_stopped(p->m, p->now_ns);
    while (stop_wanted && orrery_state(p->seg) == ORRERY_RUNNING) {
        test_sleep_ms(1);
    }
    orrery_resumed(p->m);
}

static enum orrery_wake live(struct player *p)
{
    for (;;) {
        uint64_t limit, need;
        enum orrery_wake why;

        if (stop_wanted) {
            stand_still(p);
        }
        limit = p->has_failed ? 0 : orrery_window(p->m, p->now_ns, NULL);
        execute(p, limit);
        need = p->timer_ns;
        if (!p->has_failed && orrery_next_arrival(p->m) < need) {
            need = orrery_next_arrival(p->m);
        }
        why = orrery_wait(p->m, p->now_ns, p->timer_ns, need);
        if (why == ORRERY_STATE_ENDED || why == ORRERY_STATE_DEAD) {
            return why;
        }
    }
}

static void leave_digests(struct player *p)
{
    uint8_t digest[ORRERY_DIGEST_SIZE];

    orrery_trace_commit(p->trace, orrery_end_time(p->seg));
    for (unsigned lane = 0; lane < orrery_seg_lanes(p->seg); lane++) {
        if (orrery_seg_lane_src(p->seg, lane) == p->welcome->member) {
            orrery_trace_lane(p->trace, lane, digest);
            orrery_lane_set_digest(p->seg, lane, digest);
        }
    }
    orrery_done(p->m);
}

static bool join(struct player *p, const char *run_dir, const char *name)
{
    Orrery__Hello hello = ORRERY__HELLO__INIT;
    Orrery__Request request = ORRERY__REQUEST__INIT;
    Orrery__Reply *reply;
    struct orrery_error err = {""};
    int fd;

    hello.name = (char *)name;
    hello.pid = getpid();
    request.call_case = ORRERY__REQUEST__CALL_HELLO;
    request.hello = &hello;
    reply = test_call(run_dir, &request);
    if (!reply || reply->result_case != ORRERY__REPLY__RESULT_WELCOME) {
        fprintf(stderr, "player %s: %s\n", name, reply ? reply->error : "no answer");
        return false;
    }
    p->welcome = reply->welcome; /* kept for the life of the process */
    fd = open(p->welcome->segment_path, O_RDWR | O_CLOEXEC);
    p->seg = fd < 0 ? NULL : orrery_segment_attach(fd, p->welcome->run_id, &err);
    p->m = p->seg ? orrery_member_create(p->seg, p->welcome->member, &err) : NULL;
    if (!p->m) {
        fprintf(stderr, "player %s: segment: %s\n", name, err.text);
        return false;
    }
    for (size_t i = 0; i < p->welcome->n_ports; i++) {
        const Orrery__Port *port = p->welcome->ports[i];

        if (!strcmp(port->name, "serial0")) {
            p->link = port;
        } else if (!strcmp(port->name, "serial1")) {
            p->host = port;
        }
    }
    p->trace = orrery_trace_create(orrery_seg_lanes(p->seg));
    return true;
}

static bool say_ready(struct player *p, const char *run_dir)
{
    Orrery__Ready ready = ORRERY__READY__INIT;
    Orrery__Request request = ORRERY__REQUEST__INIT;
    Orrery__Reply *reply;
    bool ok;

    ready.member = p->welcome->member;
    request.call_case = ORRERY__REQUEST__CALL_READY;
    request.ready = &ready;
    reply = test_call(run_dir, &request);
    ok = reply && !reply->error[0];
    if (reply) {
        orrery__reply__free_unpacked(reply, NULL);
    }
    return ok;
}

int orrery_test_player(int argc, char **argv)
{
    struct player p = {0};

    if (argc < 2) {
        return 98;
    }
    for (int i = 2; i < argc; i++) {
        parse(&p, argv[i]);
    }
    if (p.hang) {
        signal(SIGTERM, SIG_IGN);
    }
    if (!join(&p, argv[0], argv[1])) {
        return 97;
    }
    while (p.unready) {
        pause();
    }
    p.timer_ns = p.text ? 1000 : p.period_ns ? p.period_ns : ORRERY_TIME_INF;
    if (p.off_ns && p.timer_ns == ORRERY_TIME_INF) {
        p.timer_ns = p.off_ns;
    }
    debugged = p.m;
    signal(SIGUSR1, on_signal);
    if (!say_ready(&p, argv[0])) {
        return 96;
    }
    if (live(&p) == ORRERY_STATE_DEAD) {
        return 3;
    }
    leave_digests(&p);
    while (p.hang) {
        pause();
    }
    _exit(0); /* NNG's threads need no farewell */
}
