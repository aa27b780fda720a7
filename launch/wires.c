// SPDX-License-Identifier: Apache-2.0
/* The links and attached ports of a manifest. See manifest_parts.h. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "manifest_parts.h"
#include "orrery.h"
#include "suggest.h"

/* An attached port as its table was read, before its port is looked up. */
struct attach_draft {
    struct attach attach;
    const yaml_node_t *port, *path, *listen;
    bool baud_given;
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

static const struct radio default_radio = {.default_db = DEFAULT_PATH_DB};

/* ---- the tables ---- */

/* The keys that say what a link joins, and so of which kind it is. */
static const char *const kind_keys[LINK_KIND_COUNT] = {
    [LINK_UART] = "uart", [LINK_RADIO] = "radio", [LINK_GPIO] = "gpio"};

/* How the manifest calls such a link. */
static const char *kind_of(const struct link *link)
{
    return link->uart.iso7816 ? "iso7816" : kind_keys[link->kind];
}

void link_key_of(struct link_draft *draft, enum link_kind kind, const yaml_node_t *node,
                 const char *name)
{
    if (!draft->only[kind].node) {
        draft->only[kind] = (struct link_key){node, name};
    }
}

static bool read_ends(struct reader *r, const yaml_node_t *node, void *record, enum link_kind kind,
                      bool iso7816)
{
    struct link_draft *draft = record;
    const struct link link = {.kind = kind, .uart.iso7816 = iso7816};

    if (draft->ends) {
        return reader_fail(r, node, "link: %s and %s: a link has one kind", kind_of(&draft->link),
                           kind_of(&link));
    }
    draft->ends = node;
    draft->link.kind = kind;
    draft->link.uart.iso7816 = iso7816;
    return true;
}

static bool read_link_uart(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_ends(r, node, record, LINK_UART, false);
}

static bool read_link_iso7816(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_ends(r, node, record, LINK_UART, true);
}

static bool read_link_radio(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_ends(r, node, record, LINK_RADIO, false);
}

static bool read_link_gpio(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_ends(r, node, record, LINK_GPIO, false);
}

static bool read_link_baud(struct reader *r, const yaml_node_t *node, void *record)
{
    link_key_of(record, LINK_UART, node, "baud");
    return read_baud_into(r, node, &((struct link_draft *)record)->link.uart);
}

static bool read_link_format(struct reader *r, const yaml_node_t *node, void *record)
{
    link_key_of(record, LINK_UART, node, "format");
    ((struct link_draft *)record)->format = node;
    return read_format_into(r, node, &((struct link_draft *)record)->link.uart);
}

static bool read_link_drop(struct reader *r, const yaml_node_t *node, void *record)
{
    link_key_of(record, LINK_UART, node, "drop");
    return read_probability(r, node, "drop", &((struct link_draft *)record)->link.uart.drop_ppb);
}

static bool read_link_corrupt(struct reader *r, const yaml_node_t *node, void *record)
{
    link_key_of(record, LINK_UART, node, "corrupt");
    return read_probability(r, node, "corrupt",
                            &((struct link_draft *)record)->link.uart.corrupt_ppb);
}

static bool read_link_latency(struct reader *r, const yaml_node_t *node, void *record)
{
    struct link_draft *draft = record;

    draft->latency = node;
    return read_time(r, node, "latency", &draft->link.latency_ns);
}

static const struct field link_fields[] = {
    {"uart", read_link_uart},     {"radio", read_link_radio},     {"baud", read_link_baud},
    {"format", read_link_format}, {"latency", read_link_latency}, {"path_db", read_link_path_db},
    {"pairs", read_link_pairs},   {"loss", read_link_loss},       {"seed", read_link_seed},
    {"gpio", read_link_gpio},     {"pull", read_link_pull},       {"capture", read_link_capture},
    {"drop", read_link_drop},     {"corrupt", read_link_corrupt}, {"iso7816", read_link_iso7816},
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
    ((struct attach_draft *)record)->baud_given = true;
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

bool is_to_15(const char *text)
{
    return isdigit((unsigned char)text[0]) &&
           (!text[1] || (text[0] == '1' && text[1] >= '0' && text[1] <= '5' && !text[2]));
}

bool is_serial_port(const char *port)
{
    return !strncmp(port, "serial", 6) && is_to_15(port + 6);
}

int split_port(const struct manifest *m, const char *text, const char **port)
{
    int found = -1;
    size_t longest = 0;

    for (size_t i = 0; i < m->instance_count; i++) {
        size_t len = strlen(m->instances[i].name);

        if (len > longest && !strncmp(m->instances[i].name, text, len) && text[len] == '.') {
            found = (int)i;
            longest = len;
            *port = text + len + 1;
        }
    }
    return found;
}

/* The other core of a dual-core chip, or -1. */
static int other_core(struct reader *r, const struct manifest *m, unsigned index)
{
    return manifest_instance(m, arena_printf(r->arena, "%s.cpu2", m->instances[index].name));
}

/* Of a dual-core chip some ports are the other core's. */
static unsigned owner_of(struct reader *r, const struct manifest *m, unsigned index,
                         const char *port)
{
    int other = strcmp(port, "radio") ? -1 : other_core(r, m, index);

    return other < 0 ? index : (unsigned)other;
}

static bool no_instance(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                        const char *name)
{
    struct suggestion near;

    suggest_begin(&near, name);
    for (size_t i = 0; i < m->instance_count; i++) {
        suggest_offer(&near, m->instances[i].name);
    }
    return reader_fail(r, node, "no instance '%.60s'%s", name, suggest_phrase(near.best));
}

bool find_instance(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                   const char *name, unsigned *index)
{
    int found = manifest_instance(m, name);

    if (found < 0) {
        return no_instance(r, node, m, name);
    }
    *index = (unsigned)found;
    return true;
}

static bool check_port(struct reader *r, const yaml_node_t *node, const struct instance *inst,
                       const char *port)
{
    static const char *const serials[] = {"serial0", "serial1", "serial2"}; /* that will do */
    struct suggestion near;

    if (is_serial_port(port)) {
        return true;
    }
    if (!strncmp(port, "cpu2.", 5) && !inst->core) {
        return reader_fail(r, node, "port '%s.%.60s': instance '%s' has no key cpu2", inst->name,
                           port, inst->name);
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

/* node: where the text is from, for messages. */
static bool find_endpoint(struct reader *r, const yaml_node_t *node, char *text,
                          const struct manifest *m, struct endpoint *end)
{
    const char *port = NULL;
    char *dot = strchr(text, '.');
    int index;

    if (!dot || dot == text || !dot[1]) {
        return reader_fail(r, node, "port '%.60s': INSTANCE.PORT was meant, like %s.serial0", text,
                           m->instances[0].name);
    }
    index = split_port(m, text, &port);
    if (index < 0) {
        *dot = 0;
        return no_instance(r, node, m, text);
    }
    end->port = arena_copy(r->arena, port);
    end->at = node_mark(node);
    end->instance = owner_of(r, m, (unsigned)index, port);
    return true;
}

bool read_endpoint(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                   struct endpoint *end)
{
    char *text;

    return read_string(r, node, "port", &text) && find_endpoint(r, node, text, m, end);
}

static bool read_port(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                      struct endpoint *end)
{
    return read_endpoint(r, node, m, end) &&
           check_port(r, node, &m->instances[end->instance], end->port);
}

/* USART1 of the one has a smartcard mode, the IART of the other too; LPUART1 has none. */
static bool check_iso7816_port(struct reader *r, const yaml_node_t *node,
                               const struct instance *inst, const char *port)
{
    if (!has_flash(inst)) {
        return reader_fail(r, node,
                           "port '%s.%.60s': machine '%.60s' has no ISO 7816-3 mode here; "
                           "stm32wb55 and st33 have, on serial0",
                           inst->name, port, inst->machine);
    }
    return !strcmp(port, "serial0") ||
           reader_fail(r, node,
                       "port '%s.%.60s' has no ISO 7816-3 mode; serial0 of this machine has",
                       inst->name, port);
}

bool read_link_port(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                    enum link_kind kind, struct endpoint *end)
{
    const struct instance *inst;

    if (kind == LINK_UART) {
        return read_port(r, node, m, end);
    }
    if (!read_endpoint(r, node, m, end)) {
        return false;
    }
    inst = &m->instances[end->instance];
    return kind == LINK_RADIO ? check_radio_port(r, node, inst, end->port)
                              : check_gpio_port(r, node, inst, end->port);
}

/* ---- a port has one wire ---- */

static bool check_unused(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                         const struct endpoint *end)
{
    const struct endpoint *first = manifest_link_end(m, end->instance, end->port);

    if (!first) {
        first = manifest_attach_end(m, end->instance, end->port);
    }
    return !first || reader_fail(r, node, "port '%s.%s' is used twice; first in line %u",
                                 m->instances[end->instance].name, end->port, first->at.line);
}

/* A wire takes a lane of the segment from each end to each other end. */
static bool check_room(struct reader *r, const yaml_node_t *node, const struct manifest *m)
{
    size_t lanes = 2 * m->attach_count + m->instance_count; /* the latter for stimuli */

    for (size_t i = 0; i < m->link_count; i++) {
        lanes += m->links[i].end_count * (m->links[i].end_count - 1);
    }
    return lanes <= ORRERY_MAX_LANES ||
           reader_fail(r, node, "too many links and attached ports: they take more than %d lanes",
                       ORRERY_MAX_LANES);
}

static bool check_file_unused(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                              const char *path)
{
    for (size_t i = 0; i < m->attach_count; i++) {
        const struct attach *other = &m->attaches[i];

        if (other->path && !strcmp(other->path, path)) {
            return reader_fail(r, node, "file '%.200s' is used twice; first in line %u",
                               node_text(node), other->end.at.line);
        }
    }
    return true;
}

/* Room for `count` more. */
static void grow_attaches(struct arena *arena, struct manifest *m, size_t count)
{
    struct attach *attaches = arena_array(arena, m->attach_count + count + 1, sizeof(*attaches));

    if (m->attach_count) {
        memcpy(attaches, m->attaches, m->attach_count * sizeof(*attaches));
    }
    m->attaches = attaches;
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

/* Once in this link and in no other wire. */
static bool check_end(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                      const struct link *link, const struct endpoint *end)
{
    for (size_t i = 0; i < link->end_count; i++) {
        const struct endpoint *other = &link->ends[i];

        if (other->instance == end->instance) {
            return strcmp(other->port, end->port) != 0 || link->kind == LINK_UART
                       ? reader_fail(r, node, "instance '%s' is linked to itself%s",
                                     m->instances[end->instance].name,
                                     link->kind == LINK_GPIO ? "; pins of one chip: its key pins"
                                                             : "")
                       : reader_fail(r, node, "port '%s.%s' is twice in this link",
                                     m->instances[end->instance].name, end->port);
        }
    }
    return check_unused(r, node, m, end);
}

static bool read_all_ends(struct reader *r, const struct manifest *m, struct link_draft *draft)
{
    struct link *link = &draft->link;
    const char *key = kind_of(link);
    size_t most = link->kind == LINK_GPIO ? MAX_NET_ENDS : MAX_RADIOS, count;

    if (!read_list(r, draft->ends, key, &count)) {
        return false;
    }
    if (link->kind == LINK_UART && count != 2) {
        return reader_fail(r, draft->ends, "%s: a link has two ends, not %zu", key, count);
    }
    if (count < 2 || count > most) {
        return reader_fail(r, draft->ends, "%s: from 2 to %zu ends, not %zu", key, most, count);
    }
    link->ends = arena_array(r->arena, count, sizeof(*link->ends));
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *node = list_item(r, draft->ends, i);

        if (!read_link_port(r, node, m, link->kind, &link->ends[i]) ||
            (link->uart.iso7816 &&
             !check_iso7816_port(r, node, &m->instances[link->ends[i].instance],
                                 link->ends[i].port)) ||
            !check_end(r, node, m, link, &link->ends[i])) {
            return false;
        }
        link->end_count++;
    }
    return true;
}

bool check_link_keys(struct reader *r, const yaml_node_t *item, const struct link_draft *draft)
{
    if (!draft->ends) {
        return reader_fail(r, item, "link: key 'uart', 'iso7816', 'radio' or 'gpio' is missing");
    }
    for (size_t i = 0; i < LINK_KIND_COUNT; i++) {
        if (i != draft->link.kind && draft->only[i].node) {
            return reader_fail(r, draft->only[i].node, "%s: only on a %s link", draft->only[i].name,
                               kind_keys[i]);
        }
    }
    return true;
}

/* ISO 7816-3, 7.2: even parity, and of the guard time a receiver looks at 1.5 bits. */
static bool finish_iso7816(struct reader *r, struct link_draft *draft)
{
    struct uart *uart = &draft->link.uart;

    if (draft->format) {
        return reader_fail(r, draft->format, "format: an iso7816 link has its own, 8E1.5");
    }
    uart->data_bits = 8;
    uart->parity = 'E';
    uart->stop_halves = 3;
    return check_latency(r, draft);
}

bool finish_link(struct reader *r, const struct manifest *m, struct link_draft *draft)
{
    switch (draft->link.kind) {
    case LINK_RADIO:
        return finish_radio(r, m, draft);
    case LINK_GPIO:
        return finish_gpio(r, draft);
    default:
        return draft->link.uart.iso7816 ? finish_iso7816(r, draft) : check_latency(r, draft);
    }
}

static bool read_link(struct reader *r, const yaml_node_t *item, const struct manifest *m,
                      struct link_draft *draft)
{
    return read_section(r, item, &link_section, draft) && check_link_keys(r, item, draft) &&
           read_all_ends(r, m, draft) && finish_link(r, m, draft);
}

/* Each radio of the medium shows what it sends; the broker puts all of it into the one file. */
static bool capture_air(struct reader *r, struct manifest *m, const struct link_draft *draft)
{
    const struct link *link = &draft->link;
    char *path = path_beside(m, node_text(draft->capture));

    if (!check_file_unused(r, draft->capture, m, path)) {
        return false;
    }
    grow_attaches(r->arena, m, link->end_count);
    for (size_t i = 0; i < link->end_count; i++) {
        struct attach *attach = &m->attaches[m->attach_count++];

        *attach = (struct attach){.end = link->ends[i],
                                  .to = TO_FILE,
                                  .path = path,
                                  .uart = default_uart,
                                  .capture = CAPTURE_AIR};
        attach->end.port = arena_copy(r->arena, "air");
        attach->end.at = node_mark(draft->capture);
    }
    return true;
}

static bool read_links(struct reader *r, const yaml_node_t *node, struct manifest *m)
{
    size_t count = 0, cores = count_cores(m);

    if (node && !read_list(r, node, "links", &count)) {
        return false;
    }
    m->links = arena_array(r->arena, cores + count + 1, sizeof(*m->links));
    link_cores(r, m);
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = list_item(r, node, i);
        struct link_draft draft = {.link.uart = default_uart, .link.radio = default_radio};

        if (!read_link(r, item, m, &draft)) {
            return false;
        }
        m->links[m->link_count++] = draft.link;
        if ((draft.capture && !capture_air(r, m, &draft)) || !check_room(r, item, m)) {
            return false;
        }
    }
    return true;
}

/* ---- attached files and sockets ---- */

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
    return check_file_unused(r, draft->path, m, draft->attach.path);
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

/* ---- hci: what passes between a Bluetooth host and its controller ---- */

static bool read_capture(struct reader *r, struct attach_draft *draft)
{
    const char *path = draft->attach.path;

    if (!path) {
        return true; /* check_file() */
    }
    if (ends_in(path, ".btsnoop")) {
        draft->attach.capture = CAPTURE_BTSNOOP;
    } else if (ends_in(path, ".pcapng")) {
        draft->attach.capture = CAPTURE_PCAPNG;
    } else {
        return reader_fail(r, draft->path, "path '%.60s': NAME.btsnoop or NAME.pcapng was meant",
                           path);
    }
    return true;
}

/*
 * With a file the packets that pass, of which each core's process sees its own: CPU1 sends commands
 * and data, CPU2 events and data. With a terminal or socket the other end of CPU2's H4 port.
 */
static bool read_hci(struct reader *r, const struct manifest *m, struct attach_draft *draft,
                     int *other)
{
    struct attach *attach = &draft->attach;
    const struct instance *inst = &m->instances[attach->end.instance];

    if (!is_stm32wb55(inst) && !is_stm32wb55_cpu2(inst)) {
        return reader_fail(r, draft->port, "port '%s.hci': machine '%.60s' has no Bluetooth",
                           inst->name, inst->machine);
    }
    *other = other_core(r, m, attach->end.instance);
    if (attach->to == TO_FILE) {
        return read_capture(r, draft);
    }
    if (attach->to == TO_STDOUT) {
        return reader_fail(r, draft->port, "port '%s.hci': to a file, pty or tcp, not to stdout",
                           inst->name);
    }
    if (*other < 0 && !is_stm32wb55_cpu2(inst)) {
        return reader_fail(r, draft->port, "port '%s.hci': without a CPU2 nobody answers there",
                           inst->name);
    }
    attach->end.instance = *other < 0 ? attach->end.instance : (unsigned)*other;
    *other = -1;
    attach->uart.baud = draft->baud_given ? attach->uart.baud : DEFAULT_H4_BAUD;
    return true;
}

/* ---- usb: a usbredir client has the device ---- */

static bool read_usb(struct reader *r, const struct manifest *m, struct attach_draft *draft)
{
    struct attach *attach = &draft->attach;
    unsigned index = attach->end.instance;
    const struct instance *inst = &m->instances[index];

    if (!is_stm32wb55(inst)) {
        return reader_fail(r, draft->port, "port '%s.usb': machine '%.60s' has no USB device",
                           inst->name, inst->machine);
    }
    if (attach->to != TO_TCP) {
        return reader_fail(r, draft->port,
                           "port '%s.usb': to tcp, for a usbredir client; serial2 is the data of a "
                           "CDC or HID device",
                           inst->name);
    }
    attach->mark_clients = true;
    attach->uart.baud = draft->baud_given ? attach->uart.baud : DEFAULT_USB_BAUD;
    return true;
}

/* The cable has one other end: a client, or the driver behind serial2. */
static bool check_cable(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                        const struct endpoint *end)
{
    const struct instance *inst = &m->instances[end->instance];
    const char *other = !strcmp(end->port, "usb") ? "serial2" : "usb";
    bool taken = manifest_link_end(m, end->instance, other) ||
                 manifest_attach_end(m, end->instance, other);

    if (!is_stm32wb55(inst) ||
        (strcmp(end->port, "usb") != 0 && strcmp(end->port, "serial2") != 0)) {
        return true;
    }
    return !taken || reader_fail(r, node, "ports '%s.usb' and '%s.serial2': USB has one cable",
                                 inst->name, inst->name);
}

/* ---- attached ports ---- */

static bool read_attach(struct reader *r, const yaml_node_t *item, struct manifest *m)
{
    struct attach_draft draft = {.attach.uart = default_uart};
    struct endpoint *end = &draft.attach.end;
    int other = -1;

    if (!read_section(r, item, &attach_section, &draft) || !read_endpoint(r, draft.port, m, end)) {
        return false;
    }
    if (!(!strcmp(end->port, "hci") ? read_hci(r, m, &draft, &other)
          : !strcmp(end->port, "usb")
              ? read_usb(r, m, &draft)
              : check_port(r, draft.port, &m->instances[end->instance], end->port)) ||
        !check_unused(r, draft.port, m, end) || !check_cable(r, draft.port, m, end) ||
        !check_file(r, item, m, &draft) || !check_listen(r, m, &draft)) {
        return false;
    }
    m->attaches[m->attach_count++] = draft.attach;
    if (other >= 0) {
        end->instance = (unsigned)other;
        m->attaches[m->attach_count++] = draft.attach;
    }
    return check_room(r, item, m);
}

bool read_more_attaches(struct reader *r, const yaml_node_t *node, struct manifest *m)
{
    size_t count;

    if (!read_list(r, node, "attach", &count)) {
        return false;
    }
    grow_attaches(r->arena, m, 2 * count);
    for (size_t i = 0; i < count; i++) {
        if (!read_attach(r, list_item(r, node, i), m)) {
            return false;
        }
    }
    return true;
}

bool attach_for_script(struct reader *r, const yaml_node_t *node, const char *port,
                       struct manifest *m)
{
    struct attach attach = {.to = TO_STDOUT, .uart = default_uart};

    if (!find_endpoint(r, node, arena_copy(r->arena, port), m, &attach.end) ||
        !check_port(r, node, &m->instances[attach.end.instance], attach.end.port)) {
        return false;
    }
    if (manifest_attach_end(m, attach.end.instance, attach.end.port)) {
        return true;
    }
    if (manifest_link_end(m, attach.end.instance, attach.end.port)) {
        return reader_fail(r, node,
                           "port '%.60s' is linked to another instance; a script hears and speaks "
                           "on attached ports",
                           port);
    }
    grow_attaches(r->arena, m, 1);
    m->attaches[m->attach_count++] = attach;
    return check_room(r, node, m);
}

bool read_wires(struct reader *r, const yaml_node_t *links, const yaml_node_t *attaches,
                struct manifest *m)
{
    return read_links(r, links, m) && (!attaches || read_more_attaches(r, attaches, m));
}
