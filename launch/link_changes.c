// SPDX-License-Identifier: Apache-2.0
/* Changes that a scenario makes to the links of its manifest. A link is named by one of its ends.
 */
#include <string.h>

#include "manifest_parts.h"
#include "suggest.h"

struct link *find_link(struct reader *r, const yaml_node_t *node, const char *end,
                       struct manifest *m)
{
    struct suggestion near;

    suggest_begin(&near, end);
    for (size_t i = 0; i < m->link_count; i++) {
        struct link *link = &m->links[i];

        for (size_t k = 0; link->kind != LINK_CORES && k < link->end_count; k++) {
            const char *name = arena_printf(
                r->arena, "%s.%s", m->instances[link->ends[k].instance].name, link->ends[k].port);

            if (!strcmp(name, end)) {
                return link;
            }
            suggest_offer(&near, name);
        }
    }
    reader_fail(r, node, "no link ends at '%.80s'%s", end, suggest_phrase(near.best));
    return NULL;
}

/* What follows from other keys follows again; what does not stays. */
static bool settle(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                   struct link_draft *draft)
{
    uint8_t *path_db = draft->link.radio.path_db;

    if (draft->ends || draft->capture) {
        return reader_fail(r, draft->ends ? draft->ends : draft->capture,
                           "link: what it joins and its capture are the manifest's to say");
    }
    draft->ends = node;
    if (draft->link.kind == LINK_UART && !draft->latency) {
        draft->link.latency_ns = 0; /* one frame */
    }
    if (draft->link.kind == LINK_GPIO && !draft->latency) {
        return check_link_keys(r, node, draft);
    }
    if (!check_link_keys(r, node, draft) || !finish_link(r, m, draft)) {
        return false;
    }
    if (!draft->pairs && !draft->path_db) {
        draft->link.radio.path_db = path_db;
    }
    return true;
}

bool change_link(struct reader *r, const yaml_node_t *node, const char *end, const char *key,
                 const yaml_node_t *value, struct manifest *m)
{
    struct link *link = find_link(r, node, end, m);
    struct link_draft draft = {0};

    if (!link) {
        return false;
    }
    draft.link = *link;
    if (!(key ? read_field(r, node, key, value, &link_section, &draft)
              : read_section_part(r, value, &link_section, &draft)) ||
        !settle(r, node, m, &draft)) {
        return false;
    }
    *link = draft.link;
    return true;
}

bool change_links(struct reader *r, const yaml_node_t *links, struct manifest *m)
{
    size_t count;

    if (!read_map(r, links, "links", &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *key = map_key(r, links, i);

        if (key->type != YAML_SCALAR_NODE) {
            return reader_fail(r, key, "an end of a link was meant, INSTANCE.PORT");
        }
        if (!change_link(r, key, node_text(key), NULL, map_value(r, links, i), m)) {
            return false;
        }
    }
    return true;
}
