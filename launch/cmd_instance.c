// SPDX-License-Identifier: Apache-2.0
/* orrery monitor, qmp, gdb, console: one instance */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge.h"
#include "call.h"
#include "commands.h"
#include "number.h"
#include "options.h"
#include "qmp.h"
#include "rundir.h"
#include "runs.h"

#define LINGER_MS 300

struct target {
    struct arena arena;
    char *run;
    struct record_instance instance;
    struct words words;
};

/* Words, of which the first is an instance, and --run. */
static bool choose(int argc, char **argv, struct option_rules rules, struct target *t,
                   struct problem *why)
{
    const char *run = NULL;
    const struct option_def defs[] = {{"run", &run, NULL}};

    memset(t, 0, sizeof(*t));
    rules.defs = defs;
    rules.def_count = 1;
    return options_parse(argc, argv, &rules, &t->words, why) &&
           runs_find_instance(run, t->words.items[0], &t->arena, &t->run, &t->instance, why);
}

static int finish(struct target *t, bool good, const struct problem *why)
{
    arena_finish(&t->arena);
    return good ? EXIT_PASS : problem_report(why);
}

/* ---- monitor ---- */

/* Without a terminal there is nobody for line editing and echo: commands go over QMP. */
static bool one_monitor_command(struct qmp *q, const char *line, struct problem *why)
{
    json_t *result = qmp_execute(q, "human-monitor-command",
                                 json_pack("{ss}", "command-line", line), why);

    if (!result) {
        return false;
    }
    if (json_is_string(result)) {
        fputs(json_string_value(result), stdout);
        fflush(stdout);
    }
    json_decref(result);
    return true;
}

static bool monitor_lines(struct qmp *q, struct problem *why)
{
    char *line = NULL;
    size_t size = 0;
    bool good = true;

    while (good && getline(&line, &size, stdin) > 0) {
        line[strcspn(line, "\r\n")] = 0;
        good = !*line || one_monitor_command(q, line, why);
    }
    free(line);
    return good;
}

static bool monitor_by_qmp(struct target *t, struct problem *why)
{
    const char *line = "";
    struct qmp q;
    bool good;

    if (!qmp_open(&q, t->run, t->instance.name, &t->arena, why)) {
        return false;
    }
    for (size_t i = 1; i < t->words.count; i++) {
        line = arena_printf(&t->arena, "%s%s%s", line, i > 1 ? " " : "", t->words.items[i]);
    }
    good = *line ? one_monitor_command(&q, line, why) : monitor_lines(&q, why);
    qmp_close(&q);
    return good;
}

static bool monitor_by_terminal(struct target *t, struct problem *why)
{
    int fd = unix_connect(arena_printf(&t->arena, "%s/%s.hmp", t->run, t->instance.name),
                          arena_printf(&t->arena, "%s's monitor", t->instance.name), why);

    if (fd < 0) {
        return false;
    }
    bridge(fd, LINGER_MS);
    close(fd);
    return true;
}

static int monitor_main(int argc, char **argv)
{
    const struct option_rules rules = {.usage = "orrery monitor INSTANCE [COMMAND...]",
                                       .least = 1,
                                       .most = SIZE_MAX,
                                       .rest_is_words = true};
    struct target t;
    struct problem why = {0};
    bool good = choose(argc, argv, rules, &t, &why);

    if (good) {
        good = t.words.count > 1 || !isatty(STDIN_FILENO) ? monitor_by_qmp(&t, &why)
                                                          : monitor_by_terminal(&t, &why);
    }
    return finish(&t, good, &why);
}

const struct command monitor_command = {
    "monitor",
    "monitor [--run RUN] INSTANCE [COMMAND...]",
    "QEMU's monitor (HMP) of an instance",
    "With a COMMAND, or lines on stdin, prints their output. ^] leaves the terminal.\n",
    monitor_main,
};

/* ---- qmp ---- */

static bool qmp_once(struct target *t, json_t *arguments, struct problem *why)
{
    struct qmp q;
    json_t *result;

    if (!qmp_open(&q, t->run, t->instance.name, &t->arena, why)) {
        json_decref(arguments);
        return false;
    }
    result = qmp_execute(&q, t->words.items[1], arguments, why);
    qmp_close(&q);
    if (!result) {
        return false;
    }
    json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
    putchar('\n');
    json_decref(result);
    return true;
}

static int qmp_main(int argc, char **argv)
{
    const struct option_rules rules = {
        .usage = "orrery qmp INSTANCE COMMAND [ARGUMENTS]", .least = 2, .most = 3};
    json_t *arguments = NULL;
    json_error_t error;
    struct target t;
    struct problem why = {0};
    bool good = choose(argc, argv, rules, &t, &why);

    if (good && t.words.count > 2) {
        arguments = json_loads(t.words.items[2], 0, &error);
        if (!json_is_object(arguments)) {
            good = problem_input(&why, "ARGUMENTS: %s",
                                 arguments ? "a JSON object was meant" : error.text);
            json_decref(arguments);
        }
    }
    return finish(&t, good && qmp_once(&t, arguments, &why), &why);
}

const struct command qmp_command = {
    "qmp",
    "qmp [--run RUN] INSTANCE COMMAND [JSON]",
    "one QMP command; prints what it returns",
    "JSON is the object of its arguments. Exit code 1: QEMU refused the command.\n",
    qmp_main,
};

/* ---- gdb ---- */

/* gdb's default step flags hold back interrupts and timers, and so change the run. */
static bool exec_gdb(struct target *t, struct problem *why)
{
    static const char *const programs[] = {"gdb-multiarch", "gdb"};
    struct strings argv = {0};

    strings_add(&t->arena, &argv, programs[0]);
    strings_add(&t->arena, &argv, "-q");
    if (t->instance.elf) {
        strings_add(&t->arena, &argv, t->instance.firmware);
    }
    strings_add(&t->arena, &argv, "-ex");
    strings_addf(&t->arena, &argv, "target remote %s/%s.gdb", t->run, t->instance.name);
    strings_add(&t->arena, &argv, "-ex");
    strings_add(&t->arena, &argv, "maintenance packet Qqemu.sstep=0x1");
    for (size_t i = 1; i < t->words.count; i++) {
        strings_add(&t->arena, &argv, t->words.items[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        execvp(programs[i], argv.items);
    }
    return problem_broke(why, "gdb-multiarch: %s; apt install gdb-multiarch", error_text(errno));
}

static int gdb_main(int argc, char **argv)
{
    const struct option_rules rules = {
        .usage = "orrery gdb INSTANCE [-- GDB ARGUMENTS...]", .least = 1, .most = SIZE_MAX};
    struct target t;
    struct problem why = {0};
    bool good = choose(argc, argv, rules, &t, &why);

    return finish(&t, good && exec_gdb(&t, &why), &why);
}

const struct command gdb_command = {
    "gdb",
    "gdb [--run RUN] INSTANCE [-- ARGUMENTS...]",
    "gdb-multiarch on an instance",
    "The other instances wait in virtual time while it is stopped. Single steps do not change\n"
    "the run.\n",
    gdb_main,
};

/* ---- console ---- */

static int open_tcp(const char *where, struct problem *why)
{
    const char *colon = strrchr(where, ':');
    uint64_t port = 0;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (colon && !parse_u64(colon + 1, &port)) {
        address.sin_port = htons((uint16_t)port);
    }
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address))) {
        problem_broke(why, "%s: %s", where, error_text(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static int open_port(const char *port, const char *where, struct problem *why)
{
    int fd;

    if (!strncmp(where, "127.0.0.1:", 10)) {
        return open_tcp(where, why);
    }
    if (strncmp(where, "/dev/pts/", 9) != 0) {
        problem_input(why, "port %s goes to %s; only a pty or tcp port has a console", port, where);
        return -1;
    }
    fd = open(where, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        problem_broke(why, "%s: %s", where, error_text(errno));
    }
    return fd;
}

static int find_port(struct target *t, const char *port, struct problem *why)
{
    Orrery__Empty empty = ORRERY__EMPTY__INIT;
    Orrery__Reply *reply = broker_call(t->run, ORRERY__REQUEST__CALL_STATUS, &empty,
                                       CALL_TIMEOUT_MS, why);
    const char *where = NULL;
    int fd = -1;

    if (!reply) {
        return -1;
    }
    if (reply->result_case == ORRERY__REPLY__RESULT_STATUS) {
        for (size_t i = 0; i < reply->status->n_host_ports; i++) {
            if (!strcmp(reply->status->host_ports[i]->port, port)) {
                where = reply->status->host_ports[i]->where;
            }
        }
    }
    if (where) {
        fd = open_port(port, where, why);
    } else {
        problem_input(why, "port '%.80s' is not attached to the host; see `orrery ps`", port);
    }
    orrery__reply__free_unpacked(reply, NULL);
    return fd;
}

static int console_main(int argc, char **argv)
{
    const char *run = NULL;
    const struct option_def defs[] = {{"run", &run, NULL}};
    const struct option_rules rules = {.usage = "orrery console INSTANCE.PORT [--run RUN]",
                                       .defs = defs,
                                       .def_count = 1,
                                       .least = 1,
                                       .most = 1};
    struct target t = {0};
    struct problem why = {0};
    char *port, *dot, *instance;
    int fd;

    if (!options_parse(argc, argv, &rules, &t.words, &why)) {
        return problem_report(&why);
    }
    port = t.words.items[0];
    dot = strchr(port, '.');
    if (!dot) {
        problem_input(&why, "port '%.80s': INSTANCE.PORT was meant, like mcu.serial0", port);
        return problem_report(&why);
    }
    if (!strncmp(dot, ".cpu2.", 6)) {
        dot += 5;
    }
    instance = arena_copy_n(&t.arena, port, (size_t)(dot - port));
    if (!runs_find_instance(run, instance, &t.arena, &t.run, &t.instance, &why)) {
        return finish(&t, false, &why);
    }
    fd = find_port(&t, port, &why);
    if (fd >= 0) {
        bridge(fd, LINGER_MS);
        close(fd);
    }
    return finish(&t, fd >= 0, &why);
}

const struct command console_command = {
    "console",
    "console INSTANCE.PORT [--run RUN]",
    "a terminal on a pty or tcp port",
    "^] leaves.\n",
    console_main,
};
