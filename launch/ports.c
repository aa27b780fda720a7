// SPDX-License-Identifier: Apache-2.0
/* INSTANCE.PORT: which one that is, and what a wire that ends there looks like. See
 * manifest_parts.h. */
#include <ctype.h>
#include <string.h>

#include "manifest_parts.h"
#include "orrery.h"
#include "suggest.h"

/* ---- baud and format ---- */

bool read_baud_into(struct reader *r, const yaml_node_t *node, struct uart *uart)
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

bool read_format_into(struct reader *r, const yaml_node_t *node, struct uart *uart)
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

const struct uart default_uart = {
    .baud = DEFAULT_BAUD, .data_bits = 8, .parity = 'N', .stop_halves = 2};

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

int other_core(struct reader *r, const struct manifest *m, unsigned index)
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

bool check_port(struct reader *r, const yaml_node_t *node, const struct instance *inst,
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

bool find_endpoint(struct reader *r, const yaml_node_t *node, char *text, const struct manifest *m,
                   struct endpoint *end)
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
    end->at = reader_mark(r, node);
    if (!end->at.file && strcmp(r->file, m->file) != 0) {
        end->at.file = r->file; /* the test's */
    }
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
bool check_iso7816_port(struct reader *r, const yaml_node_t *node, const struct instance *inst,
                        const char *port)
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

bool check_unused(struct reader *r, const yaml_node_t *node, const struct manifest *m,
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
bool check_room(struct reader *r, const yaml_node_t *node, const struct manifest *m)
{
    size_t lanes = 2 * m->attach_count + m->instance_count; /* the latter for stimuli */

    for (size_t i = 0; i < m->link_count; i++) {
        lanes += m->links[i].end_count * (m->links[i].end_count - 1);
    }
    return lanes <= ORRERY_MAX_LANES ||
           reader_fail(r, node, "too many links and attached ports: they take more than %d lanes",
                       ORRERY_MAX_LANES);
}
