/* SPDX-License-Identifier: Apache-2.0 */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture.h"
#include "conductor.h"
#include "console.h"
#include "input.h"
#include "output.h"
#include "pty.h"
#include "say.h"
#include "tcp.h"

#define PROGRESS_MS 200
#define BACKLOG_CHECK_MS 5
#define BACKLOG_LARGE (1u << 20)
#define UNREAD_MAX (256u << 10) /* bytes kept for a terminal or client that does not read */
#define READ_BYTES 1024
#define CLIENT_MARKS 2 /* frames of the ensemble's queue that the host keeps for these */

/* A file or stdout that we write to. */
struct sink {
    struct host *host;
    char *name;
    int fd;
    struct io_file *file;
};

struct host_port {
    struct host *host;
    unsigned index; /* into layout->ports */
    const struct layout_port *port;
    struct sink *file, *raw_log; /* NULL: none; hci ports with the same path share a file */
    struct pty pty;
    char *link_path; /* RUN_DIR/PORT.pty */
    struct tcp tcp;
    int fd; /* to read from and write to; -1: nobody is there */
    struct io_watch *watch;
    GByteArray *unread; /* what fd has not taken yet */
    bool resting;       /* the ensemble's queue is full: not reading */
    Orrery__HostPort status;
    char where[256];
};

struct host {
    struct broker *broker;
    struct console *console;
    struct sink *out, *console_log, *input_log;
    GPtrArray *sinks;
    struct host_port *ports;
    Orrery__HostPort **status;
    size_t count;
    struct io_timer *progress, *backlog_timer;
};

/* ---- sinks ---- */

static void write_failed(void *opaque, int error)
{
    struct sink *sink = opaque;

    orrery_run_break(&sink->host->broker->run, -1, "cannot write to %s: %s", sink->name,
                     strerror(error));
    orrery_conductor_wake(sink->host->broker->conductor);
}

static struct sink *add_sink(struct host *host, const char *name, int fd)
{
    struct sink *sink = g_new0(struct sink, 1);

    sink->host = host;
    sink->name = g_strdup(name);
    sink->fd = fd;
    sink->file = orrery_io_file(host->broker->io, fd, write_failed, sink);
    g_ptr_array_add(host->sinks, sink);
    return sink;
}

static void free_sink(void *opaque)
{
    struct sink *sink = opaque;

    orrery_io_file_close(sink->file);
    if (sink->fd > STDERR_FILENO) {
        close(sink->fd);
    }
    g_free(sink->name);
    g_free(sink);
}

static struct sink *open_sink(struct host *host, const char *path, struct orrery_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);

    if (fd < 0) {
        snprintf(err->text, sizeof(err->text), "%s: %s", path, strerror(errno));
        return NULL;
    }
    return add_sink(host, path, fd);
}

static struct sink *open_log(struct host *host, const char *name, struct orrery_error *err)
{
    char *path = g_strdup_printf("%s/%s.log", host->broker->plan->log_dir, name);
    struct sink *sink = open_sink(host, path, err);

    g_free(path);
    return sink;
}

static void measure_backlog(void *opaque)
{
    struct host *host = opaque;
    uint64_t sum = 0;

    host->backlog_timer = NULL;
    for (guint i = 0; i < host->sinks->len; i++) {
        sum += orrery_io_pending(((struct sink *)g_ptr_array_index(host->sinks, i))->file);
    }
    atomic_store(&host->broker->run.backlog, sum);
    if (sum > BACKLOG_LARGE) { /* the conductor may be waiting for it to shrink */
        host->backlog_timer = orrery_io_timer(host->broker->io, BACKLOG_CHECK_MS, 0,
                                              measure_backlog, host);
    }
}

/* ---- from the host: terminals and clients ---- */

static void talk(void *opaque, unsigned events);

static void listen_to(struct host_port *hp)
{
    orrery_io_watch_set(hp->watch, (hp->resting ? 0 : IO_IN) | (hp->unread->len ? IO_OUT : 0));
}

static void connect_fd(struct host_port *hp, int fd)
{
    hp->fd = fd;
    hp->resting = false;
    g_byte_array_set_size(hp->unread, 0);
    hp->watch = orrery_io_watch(hp->host->broker->io, fd, IO_IN, talk, hp);
}

/* Where messages travel, the guest's side must know where a client's begin. */
static void mark_client(struct host_port *hp)
{
    struct broker *broker = hp->host->broker;
    struct orrery_uart_frame frame = orrery_plan_frame(&hp->port->format, 0);

    if (hp->port->attach->mark_clients) {
        frame.flags |= ORRERY_UART_BREAK;
        orrery_input_push(broker->input, hp->index, &frame, 1);
        orrery_conductor_wake(broker->conductor);
    }
}

static void disconnect(struct host_port *hp)
{
    if (hp->fd >= 0) {
        orrery_io_unwatch(hp->watch);
        hp->watch = NULL;
        hp->fd = -1;
        orrery_tcp_hang_up(&hp->tcp);
    }
}

static void client_came(void *opaque, int fd)
{
    connect_fd(opaque, fd);
    mark_client(opaque);
}

static void inject(struct host_port *hp, const uint8_t *bytes, size_t count)
{
    struct broker *broker = hp->host->broker;
    struct uart_format format = hp->port->format;
    struct orrery_uart_frame frames[READ_BYTES];

    if (hp->port->attach->to == ORRERY__ATTACH__TO__PTY) {
        format = orrery_pty_format(&hp->pty, &format);
    }
    for (size_t i = 0; i < count; i++) {
        frames[i] = orrery_plan_frame(&format, bytes[i]);
    }
    orrery_input_push(broker->input, hp->index, frames, count);
    orrery_conductor_wake(broker->conductor);
}

/* False: the other side has gone. */
static bool read_some(struct host_port *hp)
{
    uint8_t bytes[READ_BYTES];
    size_t space = orrery_input_space(hp->host->broker->input, hp->index);
    ssize_t n;

    space = space > CLIENT_MARKS ? space - CLIENT_MARKS : 0;
    if (space == 0) {
        hp->resting = true; /* orrery_host_serve() looks again */
        return true;
    }
    n = read(hp->fd, bytes, space < sizeof(bytes) ? space : sizeof(bytes));
    if (n > 0) {
        inject(hp, bytes, (size_t)n);
    }
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool write_some(struct host_port *hp)
{
    ssize_t n = 0;

    if (hp->unread->len > 0) {
        n = write(hp->fd, hp->unread->data, hp->unread->len);
    }
    if (n > 0) {
        g_byte_array_remove_range(hp->unread, 0, (guint)n);
    }
    return n >= 0 || errno == EAGAIN || errno == EINTR;
}

static void talk(void *opaque, unsigned events)
{
    struct host_port *hp = opaque;
    bool is_pty = hp->port->attach->to == ORRERY__ATTACH__TO__PTY;
    bool there = true;

    if (events & (IO_IN | IO_HUP)) {
        there = read_some(hp);
    }
    if (there && (events & IO_OUT)) {
        there = write_some(hp);
    }
    if (!there && !is_pty) { /* we hold the pty's other end ourselves: it never goes */
        disconnect(hp);
        mark_client(hp);
        return;
    }
    listen_to(hp);
}

/* A wire has no memory: what nobody reads is lost, the oldest first. */
static void send_byte(struct host_port *hp, uint8_t byte)
{
    if (hp->fd < 0) {
        return;
    }
    if (hp->unread->len >= UNREAD_MAX) {
        g_byte_array_remove_range(hp->unread, 0, UNREAD_MAX / 4);
    }
    g_byte_array_append(hp->unread, &byte, 1);
}

/* ---- from the ensemble ---- */

static void take_input(struct host *host, const struct output_record *record)
{
    char line[256], when[ORRERY_TIME_TEXT];
    int n;

    if (host->input_log) {
        n = snprintf(line, sizeof(line), "%s %s %02x\n", orrery_time_text(when, record->at_ns),
                     host->broker->layout->ports[record->port].full, record->data);
        orrery_io_write(host->input_log->file, line, (size_t)n);
    }
}

/* packet: two strings, who and what. */
static void take_note(struct host *host, const struct output_record *record, const uint8_t *packet)
{
    const char *who = (const char *)packet, *text = who + strlen(who) + 1;
    char when[ORRERY_TIME_TEXT], *line;

    orrery_console_note(host->console, record->port, record->at_ns, who, text);
    if (host->input_log) {
        line = g_strdup_printf("%s %s %s\n", orrery_time_text(when, record->at_ns), who, text);
        orrery_io_write(host->input_log->file, line, strlen(line));
        g_free(line);
    }
}

static void take_packet(struct host *host, const struct output_record *record,
                        const uint8_t *packet)
{
    struct host_port *hp = &host->ports[record->port - host->broker->layout->first_attach];
    uint8_t bytes[CAPTURE_RECORD_MAX];

    orrery_io_write(hp->file->file, bytes,
                    orrery_capture_packet(hp->port->attach->capture, record->at_ns, packet,
                                          record->len, bytes));
}

static void take_byte(struct host *host, const struct output_record *record)
{
    struct host_port *hp = &host->ports[record->port - host->broker->layout->first_attach];
    bool shown = hp->port->attach->to == ORRERY__ATTACH__TO__STDOUT;

    if (shown || host->console_log) {
        orrery_console_byte(host->console, record->port, record->at_ns, record->data, shown);
    }
    if (hp->file) {
        orrery_io_write(hp->file->file, &record->data, 1);
    }
    if (hp->raw_log) {
        orrery_io_write(hp->raw_log->file, &record->data, 1);
    }
    send_byte(hp, record->data);
}

static void take_record(void *opaque, const struct output_record *record, const uint8_t *packet)
{
    switch (record->kind) {
    case OUTPUT_BYTE:
        take_byte(opaque, record);
        break;
    case OUTPUT_INPUT:
        take_input(opaque, record);
        break;
    case OUTPUT_NOTE:
        take_note(opaque, record, packet);
        break;
    case OUTPUT_PACKET:
        take_packet(opaque, record, packet);
        break;
    }
}

void orrery_host_serve(struct host *host)
{
    orrery_output_fetch(host->broker->output, take_record, host);
    for (size_t i = 0; i < host->count; i++) {
        struct host_port *hp = &host->ports[i];

        if (hp->fd < 0) {
            continue;
        }
        if (hp->resting && orrery_input_space(host->broker->input, hp->index) >= READ_BYTES) {
            hp->resting = false;
        }
        if (!write_some(hp) && hp->port->attach->to != ORRERY__ATTACH__TO__PTY) {
            disconnect(hp);
            mark_client(hp);
        } else {
            listen_to(hp);
        }
    }
    if (!host->backlog_timer) {
        measure_backlog(host);
    }
}

void orrery_host_finish(struct host *host)
{
    orrery_host_serve(host);
    orrery_console_finish(host->console);
}

void orrery_host_print(struct host *host, const char *text)
{
    orrery_io_write(host->out->file, text, strlen(text));
}

static void show_progress(void *opaque)
{
    struct host *host = opaque;
    struct broker *broker = host->broker;
    uint64_t least = ORRERY_TIME_INF;

    if (orrery_state(broker->seg) != ORRERY_RUNNING) {
        return;
    }
    for (unsigned i = 1; i < broker->layout->member_count; i++) {
        uint64_t t = orrery_run_time_of(&broker->run, i);

        least = t < least ? t : least;
    }
    orrery_console_progress(host->console, least, orrery_conductor_wall_s(broker->conductor));
}

/* ---- opening and closing ---- */

static bool open_pty(struct host_port *hp, struct orrery_error *err)
{
    if (!orrery_pty_open(&hp->pty, &hp->port->format, err)) {
        return false;
    }
    snprintf(hp->where, sizeof(hp->where), "%s", hp->pty.path);
    hp->link_path = g_strdup_printf("%s/%s.pty", hp->host->broker->plan->run_dir, hp->port->full);
    unlink(hp->link_path);
    if (symlink(hp->pty.path, hp->link_path) < 0) {
        snprintf(err->text, sizeof(err->text), "%s: %s", hp->link_path, strerror(errno));
        return false;
    }
    connect_fd(hp, hp->pty.master);
    orrery_say("%s is at %s", hp->port->full, hp->where);
    return true;
}

static bool open_tcp(struct host_port *hp, struct orrery_error *err)
{
    if (!orrery_tcp_listen(&hp->tcp, hp->host->broker->io, hp->port->attach->tcp_port, client_came,
                           hp, err)) {
        return false;
    }
    snprintf(hp->where, sizeof(hp->where), "127.0.0.1:%u", hp->tcp.port);
    orrery_say("%s is at %s", hp->port->full, hp->where);
    return true;
}

/* The file of an earlier port that has the same path, or a new one. */
static bool open_capture(struct host_port *hp, struct orrery_error *err)
{
    const Orrery__Attach *attach = hp->port->attach;
    uint8_t head[CAPTURE_HEAD_MAX];

    for (struct host_port *other = hp->host->ports; other < hp; other++) {
        if (other->port->attach->capture && strcmp(other->port->attach->path, attach->path) == 0) {
            hp->file = other->file;
            return true;
        }
    }
    hp->file = open_sink(hp->host, attach->path, err);
    if (hp->file) {
        orrery_io_write(hp->file->file, head, orrery_capture_head(attach->capture, head));
    }
    return hp->file != NULL;
}

static bool open_file(struct host_port *hp, struct orrery_error *err)
{
    const Orrery__Attach *attach = hp->port->attach;

    snprintf(hp->where, sizeof(hp->where), "%s", attach->path);
    if (attach->capture) {
        return open_capture(hp, err);
    }
    hp->file = open_sink(hp->host, attach->path, err);
    return hp->file != NULL;
}

static bool open_port(struct host_port *hp, struct orrery_error *err)
{
    const Orrery__Attach *attach = hp->port->attach;
    bool ok = true;

    switch (attach->to) {
    case ORRERY__ATTACH__TO__FILE:
        ok = open_file(hp, err);
        break;
    case ORRERY__ATTACH__TO__PTY:
        ok = open_pty(hp, err);
        break;
    case ORRERY__ATTACH__TO__TCP:
        ok = open_tcp(hp, err);
        break;
    default:
        snprintf(hp->where, sizeof(hp->where), "stdout");
        break;
    }
    if (ok && hp->host->broker->plan->log_dir[0] && !attach->capture) {
        hp->raw_log = open_log(hp->host, hp->port->full, err);
        ok = hp->raw_log != NULL;
    }
    return ok;
}

static void init_port(struct host *host, size_t i)
{
    struct host_port *hp = &host->ports[i];

    hp->host = host;
    hp->index = (unsigned)(host->broker->layout->first_attach + i);
    hp->port = &host->broker->layout->ports[hp->index];
    hp->fd = hp->pty.master = hp->pty.slave = -1;
    orrery_tcp_init(&hp->tcp);
    hp->unread = g_byte_array_new();
    orrery__host_port__init(&hp->status);
    hp->status.port = (char *)hp->port->full;
    hp->status.where = hp->where;
    host->status[i] = &hp->status;
}

static bool open_all(struct host *host, bool tty, struct orrery_error *err)
{
    const char *log_dir = host->broker->plan->log_dir;

    if (log_dir[0]) {
        if (mkdir(log_dir, 0777) < 0 && errno != EEXIST) {
            snprintf(err->text, sizeof(err->text), "%s: %s", log_dir, strerror(errno));
            return false;
        }
        host->console_log = open_log(host, "console", err);
        host->input_log = host->console_log ? open_log(host, "input", err) : NULL;
        if (!host->input_log) {
            return false;
        }
    }
    host->console = orrery_console_create(host->broker->layout, host->out->file,
                                          host->console_log ? host->console_log->file : NULL, tty);
    for (size_t i = 0; i < host->count; i++) {
        if (!open_port(&host->ports[i], err)) {
            return false;
        }
    }
    return true;
}

struct host *orrery_host_create(struct broker *broker, struct orrery_error *err)
{
    struct host *host = g_new0(struct host, 1);
    bool tty = isatty(STDOUT_FILENO) == 1;

    host->broker = broker;
    host->sinks = g_ptr_array_new_with_free_func(free_sink);
    host->count = broker->layout->port_count - broker->layout->first_attach;
    host->ports = g_new0(struct host_port, host->count + 1);
    host->status = g_new0(Orrery__HostPort *, host->count + 1);
    for (size_t i = 0; i < host->count; i++) {
        init_port(host, i);
    }
    host->out = add_sink(host, "stdout", STDOUT_FILENO);
    if (!open_all(host, tty, err)) {
        orrery_host_destroy(host);
        return NULL;
    }
    if (tty) {
        host->progress = orrery_io_timer(broker->io, PROGRESS_MS, PROGRESS_MS, show_progress, host);
    }
    return host;
}

void orrery_host_destroy(struct host *host)
{
    if (!host) {
        return;
    }
    for (size_t i = 0; i < host->count; i++) {
        struct host_port *hp = &host->ports[i];

        disconnect(hp);
        orrery_tcp_close(&hp->tcp);
        orrery_pty_close(&hp->pty);
        if (hp->link_path) {
            unlink(hp->link_path);
            g_free(hp->link_path);
        }
        g_byte_array_unref(hp->unread);
    }
    orrery_io_timer_cancel(host->progress);
    orrery_io_timer_cancel(host->backlog_timer);
    orrery_console_destroy(host->console);
    g_ptr_array_unref(host->sinks);
    g_free(host->status);
    g_free(host->ports);
    g_free(host);
}

Orrery__HostPort **orrery_host_ports(struct host *host, size_t *count)
{
    *count = host->count;
    return host->status;
}
