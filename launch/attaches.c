// SPDX-License-Identifier: Apache-2.0
/* The attached ports of a manifest. See manifest_parts.h. */
#include <string.h>

#include "manifest_parts.h"

/* An attached port as its table was read, before its port is looked up. */
struct attach_draft {
    struct attach attach;
    const yaml_node_t *port, *path, *listen;
    bool baud_given;
};

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

bool check_file_unused(struct reader *r, const yaml_node_t *node, const struct manifest *m,
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
void grow_attaches(struct arena *arena, struct manifest *m, size_t count)
{
    struct attach *attaches = arena_array(arena, m->attach_count + count + 1, sizeof(*attaches));

    if (m->attach_count) {
        memcpy(attaches, m->attaches, m->attach_count * sizeof(*attaches));
    }
    m->attaches = attaches;
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
    /* a setting that is not given is left open: orrery_plan_uart() */
    struct attach_draft draft = {0};
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
    struct attach attach = {.to = TO_STDOUT};

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
