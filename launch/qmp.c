// SPDX-License-Identifier: Apache-2.0
#include "qmp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bridge.h"
#include "orrery.h"

#define TIMEOUT_S 30

static json_t *fail_lost(struct qmp *q, struct problem *why)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        problem_broke(why, "%s: no answer over QMP in %d s or more (one client at a time)",
                      q->instance, TIMEOUT_S);
    } else {
        problem_broke(why, "%s: the QMP connection is lost", q->instance);
    }
    return NULL;
}

/* The next object; QMP has one on each line. */
static json_t *receive(struct qmp *q, struct problem *why)
{
    json_error_t error;
    char *line = NULL;
    size_t size = 0;
    json_t *object;

    errno = 0;
    if (getline(&line, &size, q->in) <= 0) {
        free(line);
        return fail_lost(q, why);
    }
    object = json_loads(line, 0, &error);
    free(line);
    if (!object) {
        problem_broke(why, "%s: not JSON over QMP: %s", q->instance, error.text);
    }
    return object;
}

static bool send_object(struct qmp *q, json_t *object, struct problem *why)
{
    char *text = json_dumps(object, JSON_COMPACT);
    size_t len, done = 0;

    if (!text) {
        out_of_memory();
    }
    len = strlen(text);
    while (done < len) {
        ssize_t n = send(q->fd, text + done, len - done, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR) {
            break;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    free(text);
    return done == len || fail_lost(q, why);
}

json_t *qmp_execute(struct qmp *q, const char *command, json_t *arguments, struct problem *why)
{
    json_t *request = arguments ? json_pack("{ss, so}", "execute", command, "arguments", arguments)
                                : json_pack("{ss}", "execute", command);
    json_t *reply = NULL, *result = NULL, *error;
    bool sent = request && send_object(q, request, why);

    json_decref(request);
    while (sent && !result) {
        reply = receive(q, why);
        if (!reply) {
            return NULL;
        }
        result = json_incref(json_object_get(reply, "return"));
        error = json_object_get(reply, "error");
        if (error) {
            const char *class = json_string_value(json_object_get(error, "class"));
            const char *text = json_string_value(json_object_get(error, "desc"));

            problem_broke(why, "%s: %s: %s", q->instance, class ? class : "error",
                          text ? text : "refused");
            why->exit_code = EXIT_GUEST_FAILED;
            json_decref(reply);
            return NULL;
        }
        json_decref(reply); /* an event, unless result is set */
    }
    return result;
}

bool qmp_open(struct qmp *q, const char *run_dir, const char *instance, struct arena *arena,
              struct problem *why)
{
    struct timeval timeout = {
        .tv_sec = (time_t)orrery_patience_ms(TIMEOUT_S)}; /* TIMEOUT_S or more */
    json_t *greeting, *result = NULL;

    q->instance = instance;
    q->fd = unix_connect(arena_printf(arena, "%s/%s.qmp", run_dir, instance),
                         arena_printf(arena, "%s's QMP socket", instance), why);
    if (q->fd < 0) {
        return false;
    }
    setsockopt(q->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    q->in = fdopen(q->fd, "r");
    if (!q->in) {
        close(q->fd);
        return problem_broke(why, "%s: %s", instance, error_text(errno));
    }
    greeting = receive(q, why);
    if (greeting) {
        result = qmp_execute(q, "qmp_capabilities", NULL, why);
    }
    json_decref(greeting);
    json_decref(result);
    if (!result) {
        qmp_close(q);
    }
    return result != NULL;
}

void qmp_close(struct qmp *q)
{
    fclose(q->in); /* and the descriptor with it */
}
