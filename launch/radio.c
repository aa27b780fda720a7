// SPDX-License-Identifier: Apache-2.0
/* The media that radios share (links of kind radio). See manifest_parts.h. */
#include <inttypes.h>
#include <string.h>

#include "manifest_parts.h"

struct pair {
    const yaml_node_t *between;
    uint8_t path_db;
};

static bool read_db(struct reader *r, const yaml_node_t *node, uint8_t *db)
{
    uint64_t value;

    if (!read_u64(r, node, "path_db", 0, MAX_PATH_DB, &value)) {
        return false;
    }
    *db = (uint8_t)value;
    return true;
}

bool read_link_path_db(struct reader *r, const yaml_node_t *node, void *record)
{
    struct link_draft *draft = record;

    link_key_of(draft, LINK_RADIO, node, "path_db");
    draft->path_db = node;
    return read_db(r, node, &draft->link.radio.default_db);
}

bool read_link_pairs(struct reader *r, const yaml_node_t *node, void *record)
{
    struct link_draft *draft = record;

    link_key_of(draft, LINK_RADIO, node, "pairs");
    draft->pairs = node;
    return true;
}

bool read_link_loss(struct reader *r, const yaml_node_t *node, void *record)
{
    struct link_draft *draft = record;

    link_key_of(draft, LINK_RADIO, node, "loss");
    return read_probability(r, node, "loss", &draft->link.radio.loss_ppb);
}

bool read_link_seed(struct reader *r, const yaml_node_t *node, void *record)
{
    struct link_draft *draft = record;

    link_key_of(draft, LINK_RADIO, node, "seed");
    draft->link.radio.seed_given = true;
    return read_u64(r, node, "seed", 0, UINT64_MAX, &draft->link.radio.seed);
}

bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len > end_len && !strcmp(text + len - end_len, end);
}

bool read_link_capture(struct reader *r, const yaml_node_t *node, void *record)
{
    struct link_draft *draft = record;
    char *path;

    link_key_of(draft, LINK_RADIO, node, "capture");
    draft->capture = node;
    return read_string(r, node, "capture", &path) &&
           (ends_in(path, ".pcapng") ||
            reader_fail(r, node, "capture '%.60s': NAME.pcapng was meant", path));
}

bool check_radio_port(struct reader *r, const yaml_node_t *node, const struct instance *inst,
                      const char *port)
{
    if (strcmp(port, "radio") != 0) {
        return reader_fail(r, node, "port '%s.%.60s' is no radio: %s.radio was meant", inst->name,
                           port, inst->name);
    }
    return is_stm32wb55_cpu2(inst) ||
           reader_fail(r, node,
                       "port '%s.radio': machine '%.60s' has no radio; stm32wb55-cpu2 has one",
                       inst->name, inst->machine);
}

/* ---- pairs: path loss between two of the ends ---- */

static bool read_pair_between(struct reader *r, const yaml_node_t *node, void *record)
{
    ((struct pair *)record)->between = node;
    return true;
}

static bool read_pair_path_db(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_db(r, node, &((struct pair *)record)->path_db);
}

static const struct field pair_fields[] = {
    {"between", read_pair_between, .required = true},
    {"path_db", read_pair_path_db, .required = true},
};
const struct section pair_section = {"pair", pair_fields,
                                     sizeof(pair_fields) / sizeof(pair_fields[0])};

static bool find_end(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                     const struct link *link, size_t *index)
{
    struct endpoint end;

    if (!read_link_port(r, node, m, LINK_RADIO, &end)) {
        return false;
    }
    for (*index = 0; *index < link->end_count; ++*index) {
        if (link->ends[*index].instance == end.instance) {
            return true;
        }
    }
    return reader_fail(r, node, "pairs: '%s.%s' is not among this link's ends",
                       m->instances[end.instance].name, end.port);
}

/* set: which pairs came already, as path_db. */
static bool read_pair(struct reader *r, const yaml_node_t *item, const struct manifest *m,
                      struct link *link, uint8_t *set)
{
    struct pair pair = {0};
    size_t count, ends[2], n = link->end_count;

    if (!read_section(r, item, &pair_section, &pair) ||
        !read_list(r, pair.between, "between", &count)) {
        return false;
    }
    if (count != 2) {
        return reader_fail(r, pair.between, "between: two ends were meant, not %zu", count);
    }
    for (size_t i = 0; i < 2; i++) {
        if (!find_end(r, list_item(r, pair.between, i), m, link, &ends[i])) {
            return false;
        }
    }
    if (ends[0] == ends[1]) {
        return reader_fail(r, pair.between, "between: twice the same end");
    }
    if (set[ends[0] * n + ends[1]]) {
        return reader_fail(r, item, "pairs: these two are there twice");
    }
    for (size_t i = 0; i < 2; i++) {
        size_t at = ends[i] * n + ends[!i];

        set[at] = 1;
        link->radio.path_db[at] = pair.path_db;
    }
    return true;
}

static bool read_pairs(struct reader *r, const struct manifest *m, struct link_draft *draft)
{
    size_t n = draft->link.end_count, count;
    uint8_t *set = arena_array(r->arena, n * n, 1);

    if (!draft->pairs) {
        return true;
    }
    if (!read_list(r, draft->pairs, "pairs", &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_pair(r, list_item(r, draft->pairs, i), m, &draft->link, set)) {
            return false;
        }
    }
    return true;
}

bool finish_radio(struct reader *r, const struct manifest *m, struct link_draft *draft)
{
    struct radio *radio = &draft->link.radio;
    size_t n = draft->link.end_count;

    if (draft->latency && draft->link.latency_ns != RADIO_LATENCY_NS) {
        return reader_fail(r, draft->latency, "latency %.40s: a radio link has %dns",
                           node_text(draft->latency), RADIO_LATENCY_NS);
    }
    draft->link.latency_ns = RADIO_LATENCY_NS;
    radio->path_db = arena_array(r->arena, n * n, 1);
    memset(radio->path_db, radio->default_db, n * n);
    return read_pairs(r, m, draft);
}
