// SPDX-License-Identifier: Apache-2.0
#include "obituary.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "number.h"
#include "places.h"
#include "rundir.h"

#define TAIL_BYTES 2048
#define TAIL_LINES 3

int obituary_find_segment(pid_t broker)
{
    static const char segment[] = "/memfd:orrery-segment";
    char path[64], link[128];
    struct dirent *entry;
    int found = -1;
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)broker);
    dir = opendir(path);
    while (dir && found < 0 && (entry = readdir(dir))) {
        ssize_t n = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);

        if (n >= (ssize_t)sizeof(segment) - 1 && !memcmp(link, segment, sizeof(segment) - 1)) {
            found = openat(dirfd(dir), entry->d_name, O_RDWR | O_CLOEXEC);
        }
    }
    if (dir) {
        closedir(dir);
    }
    return found;
}

/* The earliest that anybody could still have done something; the ceiling when all slept. */
static uint64_t time_of_death(const struct orrery_segment *seg)
{
    uint64_t earliest = orrery_ceiling(seg);

    for (size_t i = 1; i < orrery_seg_members(seg); i++) {
        uint64_t word = orrery_word(seg, (unsigned)i);

        earliest = word < earliest ? word : earliest;
    }
    return earliest == ORRERY_TIME_INF ? 0 : earliest;
}

void obituary_of_broker(struct orrery_segment *seg, int status)
{
    char how[CHILD_STATUS_SIZE], when[TIME_TEXT_SIZE] = "unknown";

    if (WIFSIGNALED(status)) {
        snprintf(how, sizeof(how), "signal %d", WTERMSIG(status));
    } else {
        snprintf(how, sizeof(how), "status %d", WEXITSTATUS(status));
    }
    if (seg) {
        format_time(time_of_death(seg), when);
        orrery_mark_dead(seg, ORRERY_BROKER, "broker died");
    }
    fflush(stdout);
    fprintf(stderr, "orrery: broker died (%s) at virtual time %s\n", how, when);
}

/* Lines that begin with '+' are ours; a warning is nothing to die of. */
static bool is_last_word(const char *line)
{
    return *line != '+' && !strstr(line, ": warning: ");
}

/* The last lines of a log, joined. */
static void read_tail(int fd, char *tail, size_t size)
{
    char bytes[TAIL_BYTES + 1], *lines[TAIL_LINES] = {NULL}, *save = NULL;
    off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    off_t start = end > TAIL_BYTES ? end - TAIL_BYTES : 0;
    ssize_t n = fd < 0 ? 0 : pread(fd, bytes, TAIL_BYTES, start);

    *tail = 0;
    bytes[n > 0 ? n : 0] = 0;
    for (char *line = strtok_r(bytes, "\r\n", &save); line; line = strtok_r(NULL, "\r\n", &save)) {
        if (is_last_word(line)) {
            memmove(lines, lines + 1, (TAIL_LINES - 1) * sizeof(lines[0]));
            lines[TAIL_LINES - 1] = line;
        }
    }
    for (unsigned i = 0; i < TAIL_LINES; i++) {
        size_t used = strlen(tail);

        if (lines[i]) {
            snprintf(tail + used, size - used, "%s%s", used ? " | " : ": ", lines[i]);
        }
    }
}

bool obituary_of_member(const char *file, const struct instance *inst, int status, int log_fd)
{
    char how[CHILD_STATUS_SIZE], tail[768];
    struct problem line = {0};

    read_tail(log_fd, tail, sizeof(tail));
    if (!*tail) {
        return false;
    }
    problem_at(&line, file, inst->at, "instance '%s': %s %s%s", inst->name,
               rundir_name(inst->qemu_path), child_status_text(status, how), tail);
    problem_report(&line);
    return true;
}
