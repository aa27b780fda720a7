// SPDX-License-Identifier: Apache-2.0
/* What somebody outside does during the run (key inputs). See manifest_parts.h. */
#include <string.h>

#include "manifest_parts.h"

/* An input as its table was read, before its port is looked up. */
struct input_draft {
    struct input input;
    const yaml_node_t *port, *level, *length;
    const char *verb; /* the key that is there, of press, release, click, reset, power */
};

static bool read_at(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_time(r, node, "at", &((struct input_draft *)record)->input.at_ns);
}

static bool read_verb(struct reader *r, const yaml_node_t *node, void *record, const char *verb)
{
    struct input_draft *draft = record;

    if (draft->verb) {
        return reader_fail(r, node, "input: %s and %s: one of them was meant", draft->verb, verb);
    }
    draft->verb = verb;
    draft->port = node;
    return true;
}

static bool read_press(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_verb(r, node, record, "press");
}

static bool read_release(struct reader *r, const yaml_node_t *node, void *record)
{
    ((struct input_draft *)record)->input.level = LINE_FREE;
    return read_verb(r, node, record, "release");
}

static bool read_click(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_verb(r, node, record, "click");
}

static bool read_reset(struct reader *r, const yaml_node_t *node, void *record)
{
    ((struct input_draft *)record)->input.kind = INPUT_RESET;
    return read_verb(r, node, record, "reset");
}

static bool read_power_verb(struct reader *r, const yaml_node_t *node, void *record)
{
    ((struct input_draft *)record)->input.kind = INPUT_POWER;
    return read_verb(r, node, record, "power");
}

static bool read_level(struct reader *r, const yaml_node_t *node, void *record)
{
    struct input_draft *draft = record;
    uint64_t level;

    draft->level = node;
    if (!read_u64(r, node, "level", 0, 1, &level)) {
        return false;
    }
    draft->input.level = draft->input.level == LINE_FREE ? LINE_FREE : (unsigned)level;
    return true;
}

static bool read_length(struct reader *r, const yaml_node_t *node, void *record)
{
    struct input_draft *draft = record;

    draft->length = node;
    if (!read_time(r, node, "for", &draft->input.for_ns)) {
        return false;
    }
    return draft->input.for_ns > 0 || reader_fail(r, node, "for: it takes some time, not 0");
}

static const struct field input_fields[] = {
    {"at", read_at, .required = true},
    {"press", read_press},
    {"release", read_release},
    {"click", read_click},
    {"reset", read_reset},
    {"power", read_power_verb},
    {"level", read_level},
    {"for", read_length},
};
const struct section input_section = {"input", input_fields,
                                      sizeof(input_fields) / sizeof(input_fields[0])};

static bool check_verb(struct reader *r, const yaml_node_t *item, struct input_draft *draft)
{
    if (!draft->verb) {
        return reader_fail(r, item,
                           "input: key 'press', 'release', 'click', 'reset' or 'power' is missing");
    }
    if (draft->level && strcmp(draft->verb, "press") != 0 && strcmp(draft->verb, "click") != 0) {
        return reader_fail(r, draft->level, "level: only with press and click");
    }
    if (draft->length && strcmp(draft->verb, "click") != 0 && strcmp(draft->verb, "power") != 0) {
        return reader_fail(r, draft->length, "for: only with click and power");
    }
    if (!draft->length && !strcmp(draft->verb, "click")) {
        draft->input.for_ns = DEFAULT_CLICK_NS;
    }
    return true;
}

bool read_power(struct reader *r, const yaml_node_t *node, const struct manifest *m,
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
    bool on;

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
    return machine_has_line(m->instances[end->instance].machine, end->port) ||
           reader_fail(
               r, draft->port,
               "machine '%.60s' has no input '%.60s'; stm32wb55 has pins like gpio.PC4, st33 "
               "gpio.0 to gpio.15, tamper.0 to tamper.3 and power",
               m->instances[end->instance].machine, end->port);
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

        if (!read_section(r, item, &input_section, &draft) || !check_verb(r, item, &draft) ||
            !read_target(r, m, &draft)) {
            return false;
        }
        m->inputs[m->input_count++] = draft.input;
    }
    return true;
}
