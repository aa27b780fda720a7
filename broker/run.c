/* SPDX-License-Identifier: Apache-2.0 */
#include "run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "say.h"

void orrery_run_init(struct run *run, struct orrery_segment *seg)
{
    memset(run, 0, sizeof(*run));
    pthread_mutex_init(&run->lock, NULL);
    run->seg = seg;
    run->exit_code = EXIT_RUN_BROKE;
}

void orrery_run_finish(struct run *run)
{
    pthread_mutex_destroy(&run->lock);
}

/* With the lock held. */
static bool decide(struct run *run, int exit_code, const char *line)
{
    /* A run that ended well may still fail to write its last line. */
    bool first = !run->decided || (run->exit_code == EXIT_RUN_OK && exit_code == EXIT_RUN_BROKE);

    if (first) {
        run->decided = true;
        run->exit_code = exit_code;
        snprintf(run->line, sizeof(run->line), "%s", line);
    }
    return first;
}

bool orrery_run_start(struct run *run, struct orrery_member *broker)
{
    bool start;

    /* Under the lock of orrery_run_break(): RUNNING must not hide a DEAD of this moment. */
    pthread_mutex_lock(&run->lock);
    start = !run->decided && orrery_state(run->seg) == ORRERY_FORMING;
    if (start) {
        orrery_start(broker);
    }
    pthread_mutex_unlock(&run->lock);
    return start;
}

bool orrery_run_end(struct run *run, int exit_code, const char *format, ...)
{
    char line[sizeof(run->line)] = "";
    va_list args;
    bool first;

    if (format) {
        va_start(args, format);
        vsnprintf(line, sizeof(line), format, args);
        va_end(args);
    }
    pthread_mutex_lock(&run->lock);
    first = decide(run, exit_code, line);
    pthread_mutex_unlock(&run->lock);
    return first;
}

/* A reason that a member wrote: it names itself by number only, and may be any bytes. */
static void members_line(struct run *run, char *line, size_t size)
{
    char reason[200];
    int member = orrery_dead_reason(run->seg, reason, sizeof(reason));

    for (char *c = reason; *c;) {
        size_t len = orrery_utf8(c, strlen(c));

        if (!len) {
            *c = '?';
        }
        c += len ? len : 1;
    }
    if (member > 0 && (size_t)member < orrery_seg_members(run->seg)) {
        snprintf(line, size, "%s: %s", orrery_seg_member_name(run->seg, (unsigned)member), reason);
    } else {
        snprintf(line, size, "%s", reason[0] ? reason : "the run was marked dead");
    }
}

bool orrery_run_break(struct run *run, int member, const char *format, ...)
{
    char line[sizeof(run->line)], reason[200];
    va_list args;
    bool first;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    /* Under the lock: whoever sees the segment dead finds our line, not one made from it. */
    pthread_mutex_lock(&run->lock);
    if (orrery_state(run->seg) != ORRERY_ENDED) {
        orrery_mark_dead(run->seg, member, line);
        orrery_dead_reason(run->seg, reason, sizeof(reason));
        if (strncmp(reason, line, strlen(reason)) != 0 || reason[0] == '\0') {
            members_line(run, line, sizeof(line));
        }
    }
    first = decide(run, EXIT_RUN_BROKE, line);
    pthread_mutex_unlock(&run->lock);
    return first;
}

void orrery_run_found_dead(struct run *run)
{
    char line[sizeof(run->line)];

    members_line(run, line, sizeof(line));
    pthread_mutex_lock(&run->lock);
    decide(run, EXIT_RUN_BROKE, line);
    pthread_mutex_unlock(&run->lock);
}

/* How far the words of the others let a member go; the ceiling included. */
static uint64_t horizon_of(const struct run *run, unsigned member)
{
    uint64_t least = ORRERY_TIME_INF;

    for (unsigned j = 0; j < orrery_seg_members(run->seg); j++) {
        uint64_t word = orrery_word(run->seg, j), dist = orrery_seg_dist(run->seg, j, member);

        if (j != member && word < ORRERY_TIME_INF && dist < ORRERY_TIME_INF &&
            word + dist < least) {
            least = word + dist;
        }
    }
    return least;
}

uint64_t orrery_run_time_of(struct run *run, unsigned member)
{
    uint64_t word = orrery_word(run->seg, member), horizon = horizon_of(run, member), off;

    if (orrery_is_off(run->seg, member, &off, NULL) ||
        orrery_is_failed(run->seg, member, &off, NULL)) {
        return off;
    }
    if (word > horizon) {
        word = horizon; /* it sleeps towards its next event: it stands there */
    }
    return word < ORRERY_TIME_INF ? word : atomic_load(&run->bound_ns);
}
