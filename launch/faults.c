// SPDX-License-Identifier: Apache-2.0
/* Faults of a link that begin and end at a time: key faults of a link, step fault. See
 * manifest_parts.h. */
#include <string.h>

#include "manifest_parts.h"
#include "orrery.h"
#include "suggest.h"

#define MAX_FAULTS 1000

static const char *const names[ORRERY_FAULT_COUNT] = {
    [ORRERY_FAULT_DROP] = "drop",
    [ORRERY_FAULT_CORRUPT] = "corrupt",
    [ORRERY_FAULT_DELAY] = "delay",
    [ORRERY_FAULT_DISCONNECT] = "disconnect",
};

/* ---- the keys ---- */

static bool read_kind(struct reader *r, const yaml_node_t *node, struct fault_draft *draft,
                      enum orrery_fault kind)
{
    if (draft->what) {
        return reader_fail(r, node, "fault: %s and %s: each is a fault of its own",
                           names[draft->input.level], names[kind]);
    }
    draft->what = node;
    draft->input.kind = INPUT_FAULT;
    draft->input.level = kind;
    draft->input.rate_ppb = ORRERY_FAULT_ALL;
    return true;
}

static bool read_drop(struct reader *r, const yaml_node_t *node, void *record)
{
    struct fault_draft *draft = record;

    return read_kind(r, node, draft, ORRERY_FAULT_DROP) &&
           read_probability(r, node, "drop", &draft->input.rate_ppb);
}

static bool read_corrupt(struct reader *r, const yaml_node_t *node, void *record)
{
    struct fault_draft *draft = record;

    return read_kind(r, node, draft, ORRERY_FAULT_CORRUPT) &&
           read_probability(r, node, "corrupt", &draft->input.rate_ppb);
}

static bool read_delay(struct reader *r, const yaml_node_t *node, void *record)
{
    struct fault_draft *draft = record;

    return read_kind(r, node, draft, ORRERY_FAULT_DELAY) &&
           read_time(r, node, "delay", &draft->input.delay_ns);
}

static bool read_disconnect(struct reader *r, const yaml_node_t *node, void *record)
{
    struct fault_draft *draft = record;
    bool cut;

    if (!read_kind(r, node, draft, ORRERY_FAULT_DISCONNECT) ||
        !read_bool(r, node, "disconnect", &cut)) {
        return false;
    }
    draft->input.rate_ppb = cut ? ORRERY_FAULT_ALL : 0;
    return true;
}

static bool read_rate(struct reader *r, const yaml_node_t *node, void *record)
{
    struct fault_draft *draft = record;

    draft->rate = node;
    return read_probability(r, node, "rate", &draft->rate_ppb);
}

static bool read_count(struct reader *r, const yaml_node_t *node, void *record)
{
    struct fault_draft *draft = record;
    uint64_t count;

    draft->count = node;
    if (!read_u64(r, node, "count", 1, UINT32_MAX, &count)) {
        return false;
    }
    draft->input.count = (uint32_t)count;
    return true;
}

static bool read_of(struct reader *r, const yaml_node_t *node, void *record)
{
    struct fault_draft *draft = record;

    draft->of = node;
    return read_string(r, node, "of", &draft->of_name);
}

static bool read_from(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_time(r, node, "from", &((struct fault_draft *)record)->input.at_ns);
}

static bool read_until_time(struct reader *r, const yaml_node_t *node, void *record)
{
    struct fault_draft *draft = record;

    draft->until = node;
    return read_time(r, node, "until", &draft->until_ns);
}

static bool read_link_name(struct reader *r, const yaml_node_t *node, void *record)
{
    struct fault_draft *draft = record;

    draft->link = node;
    return read_string(r, node, "link", &draft->link_name);
}

static bool read_for(struct reader *r, const yaml_node_t *node, void *record)
{
    struct fault_draft *draft = record;

    return read_time(r, node, "for", &draft->input.for_ns) &&
           (draft->input.for_ns || reader_fail(r, node, "for: it takes some time, not 0"));
}

#define FAULT_FIELDS                                                                               \
    {"drop", read_drop}, {"corrupt", read_corrupt}, {"delay", read_delay},                         \
        {"disconnect", read_disconnect}, {"rate", read_rate}, {"count", read_count},               \
    {                                                                                              \
        "of", read_of                                                                              \
    }

static const struct field fault_fields[] = {
    FAULT_FIELDS,
    {"from", read_from},
    {"until", read_until_time},
};
const struct section fault_section = {"fault", fault_fields,
                                      sizeof(fault_fields) / sizeof(fault_fields[0])};

static const struct field step_fault_fields[] = {
    FAULT_FIELDS,
    {"link", read_link_name, .required = true},
    {"for", read_for},
};
const struct section step_fault_section = {
    "step_fault", step_fault_fields, sizeof(step_fault_fields) / sizeof(step_fault_fields[0])};

/* ---- what they mean together ---- */

static bool check_keys(struct reader *r, const yaml_node_t *item, struct fault_draft *draft)
{
    unsigned kind = draft->input.level;

    if (!draft->what) {
        return reader_fail(r, item,
                           "fault: key 'drop', 'corrupt', 'delay' or 'disconnect' is missing");
    }
    if (draft->rate && kind != ORRERY_FAULT_DELAY) {
        return reader_fail(r, draft->rate, "rate: only with delay; drop and corrupt are rates");
    }
    if (draft->count && kind == ORRERY_FAULT_DISCONNECT) {
        return reader_fail(r, draft->count, "count: not with disconnect, which takes them all");
    }
    if (draft->rate) {
        draft->input.rate_ppb = draft->rate_ppb;
    }
    if (kind == ORRERY_FAULT_DELAY && !draft->input.delay_ns) {
        draft->input.rate_ppb = 0;
    }
    return true;
}

static char *end_name(struct reader *r, const struct manifest *m, const struct endpoint *end)
{
    return arena_printf(r->arena, "%s.%s", m->instances[end->instance].name, end->port);
}

/* of: which end; -1, and none of them: both. */
static bool find_sender(struct reader *r, const struct manifest *m, const struct fault_draft *draft,
                        const struct link *link, int *sender)
{
    struct suggestion near;

    *sender = -1;
    if (!draft->of) {
        return true;
    }
    suggest_begin(&near, draft->of_name);
    for (size_t i = 0; i < link->end_count; i++) {
        char *name = end_name(r, m, &link->ends[i]);

        if (!strcmp(name, draft->of_name)) {
            *sender = (int)i;
            return true;
        }
        suggest_offer(&near, name);
    }
    return reader_fail(r, draft->of, "of: '%.80s' is no end of this link%s", draft->of_name,
                       suggest_phrase(near.best));
}

/* It happens where it is heard: at the other end of who sends. */
static bool aim(struct reader *r, const struct manifest *m, const struct fault_draft *draft,
                const struct link *link, struct input *out, size_t *count)
{
    int sender;

    if (!find_sender(r, m, draft, link, &sender)) {
        return false;
    }
    for (size_t i = 0; i < link->end_count; i++) {
        if (sender != (int)i) {
            out[*count] = draft->input;
            out[*count].end = link->ends[i];
            out[*count].end.at = node_mark(draft->what);
            ++*count;
        }
    }
    return true;
}

static uint64_t end_of(const struct input *fault)
{
    return fault->for_ns ? fault->at_ns + fault->for_ns : UINT64_MAX;
}

/* At one end there is one of a kind at a time. */
static bool check_overlap(struct reader *r, const yaml_node_t *node, const struct link *link)
{
    const struct input *last = &link->faults[link->fault_count - 1];

    for (const struct input *other = link->faults; other < last; other++) {
        if (other->level == last->level && other->end.instance == last->end.instance &&
            other->at_ns < end_of(last) && last->at_ns < end_of(other)) {
            return reader_fail(r, node, "%s: while that of line %u lasts", names[last->level],
                               other->end.at.line);
        }
    }
    return true;
}

static bool read_window(struct reader *r, struct fault_draft *draft)
{
    if (!draft->input.rate_ppb) {
        return reader_fail(r, draft->what, "%s: this hits nothing", names[draft->input.level]);
    }
    if (!draft->until) {
        return true;
    }
    if (draft->until_ns <= draft->input.at_ns) {
        return reader_fail(r, draft->until, "until %.40s: a time after from was meant",
                           node_text(draft->until));
    }
    draft->input.for_ns = draft->until_ns - draft->input.at_ns;
    return true;
}

bool finish_faults(struct reader *r, const struct manifest *m, const yaml_node_t *faults,
                   struct link *link)
{
    size_t count;

    if (!read_list(r, faults, "faults", &count)) {
        return false;
    }
    if (count > MAX_FAULTS) {
        return reader_fail(r, list_item(r, faults, MAX_FAULTS), "faults: more than %d", MAX_FAULTS);
    }
    link->fault_count = 0;
    link->faults = arena_array(r->arena, 2 * count + 1, sizeof(*link->faults));
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = list_item(r, faults, i);
        struct fault_draft draft = {0};
        struct input found[2];
        size_t directions = 0;

        if (!read_section(r, item, &fault_section, &draft) || !check_keys(r, item, &draft) ||
            !read_window(r, &draft) || !aim(r, m, &draft, link, found, &directions)) {
            return false;
        }
        for (size_t k = 0; k < directions; k++) {
            link->faults[link->fault_count++] = found[k];
            if (!check_overlap(r, draft.what, link)) {
                return false;
            }
        }
    }
    return true;
}

bool settle_fault(struct reader *r, const yaml_node_t *item, struct manifest *m,
                  struct fault_draft *draft, struct script_step *step)
{
    const struct link *link = find_link(r, draft->link, draft->link_name, m);

    if (!link || !check_keys(r, item, draft)) {
        return false;
    }
    if (link->kind != LINK_UART) {
        return reader_fail(r, draft->link, "fault: only on a uart or iso7816 link");
    }
    step->does = arena_array(r->arena, link->end_count, sizeof(*step->does));
    return aim(r, m, draft, link, step->does, &step->does_count);
}
