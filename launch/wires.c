// SPDX-License-Identifier: Apache-2.0
/* The links of a manifest. See manifest_parts.h. */
#include <inttypes.h>
#include <string.h>

#include "manifest_parts.h"
#include "orrery.h"

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

static bool read_link_faults(struct reader *r, const yaml_node_t *node, void *record)
{
    link_key_of(record, LINK_UART, node, "faults");
    ((struct link_draft *)record)->faults = node;
    return true;
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
    {"faults", read_link_faults},
};
const struct section link_section = {"link", link_fields,
                                     sizeof(link_fields) / sizeof(link_fields[0])};

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
        return (draft->link.uart.iso7816 ? finish_iso7816(r, draft) : check_latency(r, draft)) &&
               (!draft->faults || finish_faults(r, m, draft->faults, &draft->link));
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

bool read_wires(struct reader *r, const yaml_node_t *links, const yaml_node_t *attaches,
                struct manifest *m)
{
    return read_links(r, links, m) && (!attaches || read_more_attaches(r, attaches, m));
}
