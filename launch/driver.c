// SPDX-License-Identifier: Apache-2.0
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "counters.h"
#include "number.h"
#include "plan.h"

bool driver_open(struct driver *d, const char *text, struct problem *why)
{
    uint64_t fd;
    int type = 0;
    socklen_t size = sizeof(type);

    d->fd = -1;
    if (!text) {
        return true;
    }
    if (parse_u64(text, &fd) || fd <= STDERR_FILENO || fd > INT32_MAX ||
        getsockopt((int)fd, SOL_SOCKET, SO_TYPE, &type, &size) || type != SOCK_STREAM) {
        return problem_input(why, "--drive %.60s: the number of a stream socket was meant", text);
    }
    d->fd = (int)fd;
    fcntl(d->fd, F_SETFD, FD_CLOEXEC);
    d->line = malloc(DRIVER_LINE_MAX);
    if (!d->line) {
        out_of_memory();
    }
    return true;
}

void driver_knows(struct driver *d, const struct scenario *scenario, struct manifest *m)
{
    d->scenario = scenario;
    d->manifest = m;
}

bool driver_connect(struct driver *d, const char *run_dir, struct problem *why)
{
    d->connected = d->fd >= 0 && connection_open(&d->connection, CHANNEL_CALLS, run_dir, why);
    return d->fd < 0 || d->connected;
}

/* ---- answers ---- */

/* Answers are short and each is waited for, so that there is room. One that nobody reads is lost.
 */
static void say(const struct driver *d, const char *text)
{
    size_t len = strlen(text);

    while (len) {
        ssize_t n = send(d->fd, text, len, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR) {
            return;
        }
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
}

__attribute__((format(printf, 2, 3))) static void answer(const struct driver *d, const char *format,
                                                         ...)
{
    char text[1200];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text) - 1, format, args);
    va_end(args);
    text[strcspn(text, "\n")] = '\0';
    strcat(text, "\n");
    say(d, text);
}

static void answer_done(const struct driver *d, const Orrery__Performed *performed)
{
    struct arena arena = {0};
    struct strings words = {0};

    strings_addf(&arena, &words, "ok %" PRIu64, performed->at_ns);
    for (size_t i = 0; i < performed->n_captures; i++) {
        const char *from = performed->captures[i];
        size_t len = strlen(from);
        char *hex = arena_alloc(&arena, 2 * len + 2);

        strcpy(hex, "-");
        for (size_t k = 0; k < len; k++) {
            snprintf(hex + 2 * k, 3, "%02x", (unsigned char)from[k]);
        }
        strings_add(&arena, &words, hex);
    }
    say(d, strings_join(&arena, &words, " "));
    say(d, "\n");
    arena_finish(&arena);
}

static void answer_performed(const struct driver *d, const Orrery__Performed *performed)
{
    if (performed->refused) {
        answer(d, "refused %s", performed->failure);
    } else if (performed->failure[0]) {
        answer(d, "failed %" PRIu64 " %s", performed->at_ns, performed->failure);
    } else {
        answer_done(d, performed);
    }
}

static void answer_count(const struct driver *d, const Orrery__Status *status)
{
    char *text = d->line + strlen("count "), *space = strrchr(text, ' ');
    const char *counter = space ? space + 1 : "";

    if (space) {
        *space = '\0';
    }
    for (size_t i = 0; i < status->n_lanes; i++) {
        const Orrery__LaneStatus *lane = status->lanes[i];

        for (size_t k = 0; !strcmp(lane->name, text) && k < COUNTERS; k++) {
            if (!strcmp(counter_names[k], counter)) {
                answer(d, "ok %" PRIu64, lane_counter(lane, k));
                return;
            }
        }
    }
    answer(d, "refused no counter '%.40s' of a lane '%.120s'; `orrery ps --json` shows all",
           counter, text);
}

/* ---- what it asks ---- */

static void ask(struct driver *d, Orrery__Request__CallCase what, void *message)
{
    struct problem why = {0};

    /* If it cannot be sent, the broker is on its way out, and "over" is the answer. */
    d->waiting = true;
    connection_request(&d->connection, what, message, &why);
}

static void take_step(struct driver *d, const char *text)
{
    Orrery__Perform perform = ORRERY__PERFORM__INIT;
    struct arena arena = {0};
    struct problem why = {0};
    struct script_step step;

    if (scenario_step(d->scenario, "step", text, &arena, d->manifest, &step, &why)) {
        step.where = arena_copy(&arena, "");
        perform.step = plan_step(&step, d->manifest, &arena);
        ask(d, ORRERY__REQUEST__CALL_PERFORM, &perform);
    } else {
        answer(d, "refused %s", why.text);
    }
    arena_finish(&arena);
}

static void take_line(struct driver *d)
{
    Orrery__Perform perform = ORRERY__PERFORM__INIT;
    Orrery__Empty empty = ORRERY__EMPTY__INIT;

    if (!strncmp(d->line, "step ", 5)) {
        take_step(d, d->line + 5);
    } else if (!strncmp(d->line, "count ", 6)) {
        ask(d, ORRERY__REQUEST__CALL_STATUS, &empty);
    } else if (!strcmp(d->line, "begin") || !strcmp(d->line, "end")) {
        perform.end = d->line[0] == 'e';
        d->ended = perform.end;
        ask(d, ORRERY__REQUEST__CALL_PERFORM, &perform);
    } else {
        answer(d, "refused step, begin, count or end was meant");
    }
}

static void take_reply(struct driver *d)
{
    struct problem why = {0};
    nng_msg *msg = connection_receive(&d->connection, 0, &why);
    Orrery__Reply *reply = msg ? connection_unpack(&d->connection, msg, &why) : NULL;

    if (msg) {
        nng_msg_free(msg);
    }
    if (!reply) {
        return; /* the run is over; that is told when all have left */
    }
    if (reply->result_case == ORRERY__REPLY__RESULT_PERFORMED) {
        answer_performed(d, reply->performed);
        d->waiting = false;
    } else if (reply->result_case == ORRERY__REPLY__RESULT_STATUS) {
        answer_count(d, reply->status);
        d->waiting = false;
    }
    d->filled = d->waiting ? d->filled : 0;
    orrery__reply__free_unpacked(reply, NULL);
}

/* False: no more will come. */
static bool take_bytes(struct driver *d)
{
    ssize_t n = recv(d->fd, d->line + d->filled, DRIVER_LINE_MAX - d->filled, MSG_DONTWAIT);

    if (n <= 0) {
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    }
    d->filled += (size_t)n;
    if (d->line[d->filled - 1] == '\n') { /* one is sent at a time */
        d->line[d->filled - 1] = '\0';
        d->filled = 0;
        take_line(d);
        return true;
    }
    return d->filled < DRIVER_LINE_MAX;
}

void driver_fds(const struct driver *d, struct pollfd fds[DRIVER_FDS])
{
    fds[0] = fds[1] = (struct pollfd){.fd = -1};
    if (!d || !d->connected) {
        return;
    }
    if (!d->ended) {
        fds[0] = (struct pollfd){.fd = d->fd, .events = d->waiting ? POLLRDHUP : POLLIN};
    }
    if (d->waiting && nng_socket_get_int(d->connection.socket, NNG_OPT_RECVFD, &fds[1].fd) == 0) {
        fds[1].events = POLLIN;
    }
}

bool driver_serve(struct driver *d, const struct pollfd fds[DRIVER_FDS])
{
    if (fds[1].revents) {
        take_reply(d);
    }
    if (fds[0].revents & (POLLRDHUP | POLLHUP | POLLERR)) {
        d->ended = true;
        return false;
    }
    if (fds[0].revents && !take_bytes(d)) {
        d->ended = true;
        return false;
    }
    return true;
}

void driver_over(struct driver *d, const char *run_dir, int code, const char *text)
{
    struct arena arena = {0};
    char hash[80] = "-", line[600] = "";
    FILE *file;

    if (d->fd < 0) {
        return;
    }
    file = run_dir ? fopen(arena_printf(&arena, "%s/end", run_dir), "re") : NULL;
    if (file) {
        if (fgets(hash, sizeof(hash), file) && !fgets(line, sizeof(line), file)) {
            line[0] = '\0';
        }
        fclose(file);
        hash[strcspn(hash, " \n")] = '\0';
    }
    answer(d, "over %d %s %s", code, hash[0] ? hash : "-", text ? text : line);
    if (d->connected) {
        connection_close(&d->connection);
    }
    close(d->fd);
    free(d->line);
    d->fd = -1;
    arena_finish(&arena);
}
