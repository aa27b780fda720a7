// SPDX-License-Identifier: Apache-2.0
/* What somebody outside does during the run (key inputs). See manifest_parts.h. */
#include <string.h>

#include "manifest_parts.h"

static bool read_at(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_time(r, node, "at", &((struct input_draft *)record)->input.at_ns);
}

static bool read_verb(struct reader *r, const yaml_node_t *node, struct input_draft *draft,
                      const char *verb)
{
    if (draft->verb) {
        return reader_fail(r, node, "input: %s and %s: one of them was meant", draft->verb, verb);
    }
    draft->verb = verb;
    draft->port = node;
    return true;
}

bool read_press(struct reader *r, const yaml_node_t *node, struct input_draft *draft)
{
    return read_verb(r, node, draft, "press");
}

bool read_release(struct reader *r, const yaml_node_t *node, struct input_draft *draft)
{
    draft->input.level = LINE_FREE;
    return read_verb(r, node, draft, "release");
}

bool read_click(struct reader *r, const yaml_node_t *node, struct input_draft *draft)
{
    return read_verb(r, node, draft, "click");
}

bool read_held(struct reader *r, const yaml_node_t *node, struct input_draft *draft)
{
    return read_verb(r, node, draft, "line");
}

bool read_reset(struct reader *r, const yaml_node_t *node, struct input_draft *draft)
{
    draft->input.kind = INPUT_RESET;
    return read_verb(r, node, draft, "reset");
}

bool read_power_verb(struct reader *r, const yaml_node_t *node, struct input_draft *draft)
{
    draft->input.kind = INPUT_POWER;
    return read_verb(r, node, draft, "power");
}

bool read_level(struct reader *r, const yaml_node_t *node, struct input_draft *draft)
{
    uint64_t level;

    draft->level = node;
    if (!read_u64(r, node, "level", 0, 1, &level)) {
        return false;
    }
    draft->input.level = draft->input.level == LINE_FREE ? LINE_FREE : (unsigned)level;
    return true;
}

bool read_length(struct reader *r, const yaml_node_t *node, struct input_draft *draft)
{
    draft->length = node;
    if (!read_time(r, node, "for", &draft->input.for_ns)) {
        return false;
    }
    return draft->input.for_ns > 0 || reader_fail(r, node, "for: it takes some time, not 0");
}

/* The same as fields of an input. */
#define FIELD(name)                                                                                \
    static bool name##_field(struct reader *r, const yaml_node_t *node, void *record)              \
    {                                                                                              \
        return read_##name(r, node, record);                                                       \
    }
FIELD(press)
FIELD(release)
FIELD(click)
FIELD(reset)
FIELD(power_verb)
FIELD(level)
FIELD(length)

static const struct field input_fields[] = {
    {"at", read_at, .required = true},
    {"press", press_field},
    {"release", release_field},
    {"click", click_field},
    {"reset", reset_field},
    {"power", power_verb_field},
    {"level", level_field},
    {"for", length_field},
};
const struct section input_section = {"input", input_fields,
                                      sizeof(input_fields) / sizeof(input_fields[0])};

static bool is_verb(const struct input_draft *draft, const char *verb)
{
    return !strcmp(draft->verb, verb);
}

static bool check_verb(struct reader *r, const yaml_node_t *item, struct input_draft *draft)
{
    if (!draft->verb) {
        return reader_fail(r, item,
                           "input: key 'press', 'release', 'click', 'reset' or 'power' is missing");
    }
    if (is_verb(draft, "line") && !draft->level) {
        return reader_fail(r, draft->port, "line: key 'level' is missing");
    }
    if (draft->level && !is_verb(draft, "press") && !is_verb(draft, "click") &&
        !is_verb(draft, "line")) {
        return reader_fail(r, draft->level, "level: only with press and click");
    }
    if (draft->length && !is_verb(draft, "click") && !is_verb(draft, "power")) {
        return reader_fail(r, draft->length, "for: only with click and power");
    }
    if (!draft->length && is_verb(draft, "click")) {
        draft->input.for_ns = DEFAULT_CLICK_NS;
    }
    return true;
}

/* power: { INSTANCE: off } */
static bool read_power(struct reader *r, const yaml_node_t *node, const struct manifest *m,
                       unsigned *instance, bool *on)
{
    static const char *const words[] = {"off", "on"};
    const yaml_node_t *key;
    size_t count, index;

    if (!read_map(r, node, "power", &count)) {
        return false;
    }
    if (count != 1) {
        return reader_fail(r, node, "power: one instance was meant, like { mcu: off }");
    }
    key = map_key(r, node, 0);
    if (key->type != YAML_SCALAR_NODE) {
        return reader_fail(r, key, "power: an instance's name must be a word");
    }
    if (!find_instance(r, key, m, node_text(key), instance) ||
        !read_choice(r, map_value(r, node, 0), "power", words, 2, &index)) {
        return false;
    }
    *on = index == 1;
    return true;
}

static bool read_supply(struct reader *r, const struct manifest *m, struct input_draft *draft)
{
    bool on = false;

    if (!read_power(r, draft->port, m, &draft->input.end.instance, &on)) {
        return false;
    }
    draft->input.level = on;
    return !on || !draft->length || reader_fail(r, draft->length, "for: only with power off");
}

static bool read_target(struct reader *r, const struct manifest *m, struct input_draft *draft)
{
    struct endpoint *end = &draft->input.end;
    char *name;

    if (draft->input.kind == INPUT_POWER) {
        return read_supply(r, m, draft);
    }
    if (draft->input.kind == INPUT_RESET) {
        end->at = node_mark(draft->port);
        return read_string(r, draft->port, "reset", &name) &&
               find_instance(r, draft->port, m, name, &end->instance);
    }
    if (!read_endpoint(r, draft->port, m, end)) {
        return false;
    }
    return check_line(r, draft->port, &m->instances[end->instance], &end->port);
}

bool finish_input(struct reader *r, const yaml_node_t *item, const struct manifest *m,
                  struct input_draft *draft)
{
    return check_verb(r, item, draft) && read_target(r, m, draft);
}

bool read_inputs(struct reader *r, const yaml_node_t *node, struct manifest *m)
{
    size_t count;

    if (!read_list(r, node, "inputs", &count)) {
        return false;
    }
    if (count > MAX_INPUTS) {
        return reader_fail(r, list_item(r, node, MAX_INPUTS), "inputs: more than %d", MAX_INPUTS);
    }
    m->inputs = arena_array(r->arena, count + 1, sizeof(*m->inputs));
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = list_item(r, node, i);
        struct input_draft draft = {0};

        if (!read_section(r, item, &input_section, &draft) || !finish_input(r, item, m, &draft)) {
            return false;
        }
        m->inputs[m->input_count++] = draft.input;
    }
    return true;
}
