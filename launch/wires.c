// SPDX-License-Identifier: Apache-2.0
/* The links and attached ports of a manifest. See manifest_parts.h. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "manifest_parts.h"
#include "orrery.h"
#include "suggest.h"

/* A link or attached port as its table was read, before its ports are looked up. */
struct link_draft {
    struct link link;
    const yaml_node_t *uart, *latency;
};

struct attach_draft {
    struct attach attach;
    const yaml_node_t *port, *path, *listen;
};

/* ---- baud and format ---- */

static bool read_baud_into(struct reader *r, const yaml_node_t *node, struct uart *uart)
{
    uint64_t baud;

    if (!read_u64(r, node, "baud", 1, MAX_BAUD, &baud)) {
        return false;
    }
    uart->baud = (uint32_t)baud;
    return true;
}

/* 8N1, 7E1, 9N1.5: data bits, parity, stop bits. */
static bool parse_format(const char *text, struct uart *uart)
{
    static const char *const stops[] = {"1", "1.5", "2"};

    if (text[0] < '5' || text[0] > '9' || !text[1] || !strchr("NEO", text[1])) {
        return false;
    }
    for (unsigned i = 0; i < 3; i++) {
        if (!strcmp(text + 2, stops[i])) {
            uart->data_bits = (unsigned)(text[0] - '0');
            uart->parity = text[1];
            uart->stop_halves = 2 + i;
            return true;
        }
    }
    return false;
}

static bool read_format_into(struct reader *r, const yaml_node_t *node, struct uart *uart)
{
    char *text;

    /* An unquoted 8E1 is a number to YAML (80); here it is what it looks like. */
    if (!read_text(r, node, "format", &text)) {
        return false;
    }
    return parse_format(text, uart) ||
           reader_fail(r, node,
                       "format '%.60s': data bits 5 to 9, parity N, E or O, stop bits 1, 1.5 or "
                       "2 were meant, like 8N1",
                       text);
}

static const struct uart default_uart = {
    .baud = DEFAULT_BAUD, .data_bits = 8, .parity = 'N', .stop_halves = 2};

/* ---- the tables ---- */

static bool read_link_uart(struct reader *r, const yaml_node_t *node, void *record)
{
    ((struct link_draft *)record)->uart = node;
    return true;
}

static bool read_link_baud(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_baud_into(r, node, &((struct link_draft *)record)->link.uart);
}

static bool read_link_format(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_format_into(r, node, &((struct link_draft *)record)->link.uart);
}

static bool read_link_latency(struct reader *r, const yaml_node_t *node, void *record)
{
    struct link_draft *draft = record;

    draft->latency = node;
    return read_time(r, node, "latency", &draft->link.latency_ns);
}

static const struct field link_fields[] = {
    {"uart", read_link_uart, .required = true},
    {"baud", read_link_baud},
    {"format", read_link_format},
    {"latency", read_link_latency},
};
const struct section link_section = {"link", link_fields,
                                     sizeof(link_fields) / sizeof(link_fields[0])};

static bool read_attach_port(struct reader *r, const yaml_node_t *node, void *record)
{
    ((struct attach_draft *)record)->port = node;
    return true;
}

static bool read_attach_to(struct reader *r, const yaml_node_t *node, void *record)
{
    static const char *const words[] = {
        [TO_STDOUT] = "stdout", [TO_FILE] = "file", [TO_PTY] = "pty", [TO_TCP] = "tcp"};
    struct attach_draft *draft = record;
    size_t index;

    if (!read_choice(r, node, "to", words, 4, &index)) {
        return false;
    }
    draft->attach.to = (enum attach_to)index;
    return true;
}

static bool read_attach_path(struct reader *r, const yaml_node_t *node, void *record)
{
    struct attach_draft *draft = record;

    draft->path = node;
    return read_string(r, node, "path", &draft->attach.path);
}

static bool read_attach_listen(struct reader *r, const yaml_node_t *node, void *record)
{
    struct attach_draft *draft = record;
    uint64_t port;

    draft->listen = node;
    if (!read_u64(r, node, "listen", 0, UINT16_MAX, &port)) {
        return false;
    }
    draft->attach.listen = (uint16_t)port;
    return true;
}

static bool read_attach_baud(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_baud_into(r, node, &((struct attach_draft *)record)->attach.uart);
}

static bool read_attach_format(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_format_into(r, node, &((struct attach_draft *)record)->attach.uart);
}

static const struct field attach_fields[] = {
    {"port", read_attach_port, .required = true},
    {"to", read_attach_to, .required = true},
    {"path", read_attach_path},
    {"listen", read_attach_listen},
    {"baud", read_attach_baud},
    {"format", read_attach_format},
};
const struct section attach_section = {"attach", attach_fields,
                                       sizeof(attach_fields) / sizeof(attach_fields[0])};

/* ---- ports ---- */

bool is_serial_port(const char *port)
{
    const char *digits = port + 6;

    if (strncmp(port, "serial", 6) != 0 || !isdigit((unsigned char)digits[0])) {
        return false;
    }
    if (!digits[1]) {
        return true;
    }
    return digits[0] == '1' && digits[1] >= '0' && digits[1] <= '5' && !digits[2];
}

static bool find_instance(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                          const char *name, unsigned *index)
{
    struct suggestion near;

    suggest_begin(&near, name);
    for (size_t i = 0; i < m->instance_count; i++) {
        if (!strcmp(m->instances[i].name, name)) {
            *index = (unsigned)i;
            return true;
        }
        suggest_offer(&near, m->instances[i].name);
    }
    return reader_fail(r, node, "no instance '%.60s'%s", name, suggest_phrase(near.best));
}

static bool check_port(struct reader *r, const yaml_node_t *node, const struct instance *inst,
                       const char *port)
{
    static const char *const serials[] = {"serial0", "serial1", "serial2"}; /* that will do */
    struct suggestion near;

    if (is_serial_port(port)) {
        return true;
    }
    suggest_begin(&near, port);
    for (size_t i = 0; i < inst->named_port_count; i++) {
        const struct named_port *named = &inst->named_ports[i];

        if (strcmp(named->id, port) != 0) {
            suggest_offer(&near, named->id);
        } else if (named->defined) {
            return reader_fail(r, node, "port '%s.%s': the args define that chardev themselves",
                               inst->name, port);
        } else {
            return true;
        }
    }
    for (unsigned i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
        suggest_offer(&near, serials[i]);
    }
    return reader_fail(r, node,
                       "port '%s.%.60s' does not exist: serial0 to serial15, or an id that the "
                       "args name as chardev=ID%s",
                       inst->name, port, suggest_phrase(near.best));
}

static bool read_port(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                      struct endpoint *end)
{
    char *text, *dot;

    if (!read_string(r, node, "port", &text)) {
        return false;
    }
    dot = strchr(text, '.');
    if (!dot || dot == text || !dot[1]) {
        return reader_fail(r, node, "port '%.60s': INSTANCE.PORT was meant, like %s.serial0", text,
                           m->instances[0].name);
    }
    *dot = 0;
    end->port = dot + 1;
    end->at = node_mark(node);
    return find_instance(r, node, m, text, &end->instance) &&
           check_port(r, node, &m->instances[end->instance], end->port);
}

/* ---- a port has one wire ---- */

static bool check_unused(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                         const struct endpoint *end)
{
    const struct endpoint *first = manifest_link_end(m, end->instance, end->port);

    for (size_t i = 0; i < m->attach_count && !first; i++) {
        const struct endpoint *other = &m->attaches[i].end;

        if (other->instance == end->instance && !strcmp(other->port, end->port)) {
            first = other;
        }
    }
    return !first || reader_fail(r, node, "port '%s.%s' is used twice; first in line %u",
                                 m->instances[end->instance].name, end->port, first->at.line);
}

/* A wire takes a lane of the segment from each end to each other end. */
static bool check_room(struct reader *r, const yaml_node_t *node, const struct manifest *m)
{
    size_t lanes = 2 * (m->attach_count + 1);

    for (size_t i = 0; i < m->link_count; i++) {
        lanes += m->links[i].end_count * (m->links[i].end_count - 1);
    }
    return lanes <= ORRERY_MAX_LANES ||
           reader_fail(r, node, "too many links and attached ports: they take more than %d lanes",
                       ORRERY_MAX_LANES);
}

/* ---- links ---- */

/*
 * On a uart link the latency is one frame, which baud and format say already. The key is checked,
 * so that nobody believes in another one; links of other kinds will set theirs with it.
 */
static bool check_latency(struct reader *r, const struct link_draft *draft)
{
    const struct uart *uart = &draft->link.uart;
    uint64_t frame_ns = orrery_uart_frame_ns(uart->baud, uart->data_bits, uart->parity,
                                             uart->stop_halves);

    if (!draft->latency || draft->link.latency_ns == frame_ns) {
        return true;
    }
    if (!draft->link.latency_ns) {
        return reader_fail(
            r, draft->latency,
            "latency 0: nothing travels in no time; a frame here takes %" PRIu64 "ns", frame_ns);
    }
    return reader_fail(r, draft->latency,
                       "latency %.40s: a uart link has that of one frame, here %" PRIu64 "ns",
                       node_text(draft->latency), frame_ns);
}

static bool read_uart_ends(struct reader *r, const struct manifest *m, struct link_draft *draft)
{
    struct endpoint *ends = arena_array(r->arena, 2, sizeof(*ends));
    size_t count;

    if (!read_list(r, draft->uart, "uart", &count)) {
        return false;
    }
    if (count != 2) {
        return reader_fail(r, draft->uart, "uart: a link has two ends, not %zu", count);
    }
    for (size_t i = 0; i < 2; i++) {
        const yaml_node_t *node = list_item(r, draft->uart, i);

        if (!read_port(r, node, m, &ends[i]) || !check_unused(r, node, m, &ends[i])) {
            return false;
        }
    }
    draft->link.ends = ends;
    draft->link.end_count = count;
    return ends[0].instance != ends[1].instance ||
           reader_fail(r, draft->uart, "instance '%s' is linked to itself",
                       m->instances[ends[0].instance].name);
}

static bool read_links(struct reader *r, const yaml_node_t *node, struct manifest *m)
{
    size_t count;

    if (!read_list(r, node, "links", &count)) {
        return false;
    }
    m->links = arena_array(r->arena, count + 1, sizeof(*m->links));
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = list_item(r, node, i);
        struct link_draft draft = {.link.uart = default_uart};

        if (!check_room(r, item, m) || !read_section(r, item, &link_section, &draft) ||
            !read_uart_ends(r, m, &draft) || !check_latency(r, &draft)) {
            return false;
        }
        m->links[m->link_count++] = draft.link;
    }
    return true;
}

/* ---- attached ports ---- */

static bool check_file(struct reader *r, const yaml_node_t *item, struct manifest *m,
                       struct attach_draft *draft)
{
    if (draft->attach.to != TO_FILE) {
        return !draft->path || reader_fail(r, draft->path, "path: only with to: file");
    }
    if (!draft->path) {
        return reader_fail(r, item, "attach: key 'path' is missing, as to: file needs it");
    }
    draft->attach.path = path_beside(m, draft->attach.path);
    for (size_t i = 0; i < m->attach_count; i++) {
        const char *path = m->attaches[i].path;

        if (path && !strcmp(path, draft->attach.path)) {
            return reader_fail(r, draft->path, "file '%.200s' is used twice; first in line %u",
                               node_text(draft->path), m->attaches[i].end.at.line);
        }
    }
    return true;
}

static bool check_listen(struct reader *r, struct manifest *m, struct attach_draft *draft)
{
    if (!draft->listen) {
        return true;
    }
    if (draft->attach.to != TO_TCP) {
        return reader_fail(r, draft->listen, "listen: only with to: tcp");
    }
    for (size_t i = 0; i < m->attach_count; i++) {
        const struct attach *other = &m->attaches[i];

        if (other->to == TO_TCP && other->listen && other->listen == draft->attach.listen) {
            return reader_fail(r, draft->listen, "tcp port %u is used twice; first in line %u",
                               other->listen, other->end.at.line);
        }
    }
    return true;
}

static bool read_attaches(struct reader *r, const yaml_node_t *node, struct manifest *m)
{
    size_t count;

    if (!read_list(r, node, "attach", &count)) {
        return false;
    }
    m->attaches = arena_array(r->arena, count + 1, sizeof(*m->attaches));
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = list_item(r, node, i);
        struct attach_draft draft = {.attach.uart = default_uart};

        if (!check_room(r, item, m) || !read_section(r, item, &attach_section, &draft) ||
            !read_port(r, draft.port, m, &draft.attach.end) ||
            !check_unused(r, draft.port, m, &draft.attach.end) || !check_file(r, item, m, &draft) ||
            !check_listen(r, m, &draft)) {
            return false;
        }
        m->attaches[m->attach_count++] = draft.attach;
    }
    return true;
}

bool read_wires(struct reader *r, const yaml_node_t *links, const yaml_node_t *attaches,
                struct manifest *m)
{
    return (!links || read_links(r, links, m)) && (!attaches || read_attaches(r, attaches, m));
}
