// SPDX-License-Identifier: Apache-2.0
/* The steps of a scenario. See scenario.h. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "manifest_parts.h"

bool step_kind(struct reader *r, const yaml_node_t *node, struct step_draft *draft,
               enum step_kind kind)
{
    if (draft->what) {
        return reader_fail(r, node, "a step does one thing; here are two");
    }
    draft->what = node;
    draft->step.kind = kind;
    return true;
}

static bool take_text(struct reader *r, const yaml_node_t *node, struct step_draft *draft,
                      enum step_kind kind, const char *what)
{
    if (!step_kind(r, node, draft, kind) || !read_text(r, node, what, &draft->step.text)) {
        return false;
    }
    draft->step.text_len = strlen(draft->step.text);
    return true;
}

static bool read_expect(struct reader *r, const yaml_node_t *node, void *record)
{
    return take_text(r, node, record, STEP_EXPECT, "expect");
}

static bool read_match(struct reader *r, const yaml_node_t *node, void *record)
{
    ((struct step_draft *)record)->step.regex = true;
    return take_text(r, node, record, STEP_EXPECT, "match");
}

static bool read_never(struct reader *r, const yaml_node_t *node, void *record)
{
    return take_text(r, node, record, STEP_NEVER, "never");
}

static bool read_send(struct reader *r, const yaml_node_t *node, void *record)
{
    return take_text(r, node, record, STEP_SEND, "send");
}

static bool take_time(struct reader *r, const yaml_node_t *node, struct step_draft *draft,
                      enum step_kind kind, const char *what)
{
    return step_kind(r, node, draft, kind) && read_time(r, node, what, &draft->step.ns);
}

static bool read_wait(struct reader *r, const yaml_node_t *node, void *record)
{
    return take_time(r, node, record, STEP_WAIT, "wait");
}

static bool read_at(struct reader *r, const yaml_node_t *node, void *record)
{
    return take_time(r, node, record, STEP_AT, "at");
}

bool step_named(struct reader *r, const yaml_node_t *node, struct step_draft *draft,
                enum step_kind kind, const char *key, char **text)
{
    return step_kind(r, node, draft, kind) && read_string(r, node, key, text);
}

/* What somebody outside does, as in the manifest's inputs. */
#define DOES(key, read)                                                                            \
    static bool read_step_##key(struct reader *r, const yaml_node_t *node, void *record)           \
    {                                                                                              \
        struct step_draft *draft = record;                                                         \
                                                                                                   \
        return step_kind(r, node, draft, STEP_DO) && read(r, node, &draft->input);                 \
    }
DOES(reset, read_reset)
DOES(power, read_power_verb)
DOES(line, read_held)
DOES(press, read_press)
DOES(release, read_release)
DOES(click, read_click)

static bool read_step_level(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_level(r, node, &((struct step_draft *)record)->input);
}

static bool read_step_for(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_length(r, node, &((struct step_draft *)record)->input);
}

static bool read_fault(struct reader *r, const yaml_node_t *node, void *record)
{
    struct step_draft *draft = record;

    return step_kind(r, node, draft, STEP_DO) &&
           read_section(r, node, &step_fault_section, &draft->fault);
}

static bool read_exit(struct reader *r, const yaml_node_t *node, void *record)
{
    static const char *const words[] = {"all"};
    size_t index;

    return step_kind(r, node, record, STEP_EXIT) && read_choice(r, node, "exit", words, 1, &index);
}

static bool read_step_port(struct reader *r, const yaml_node_t *node, void *record)
{
    struct step_draft *draft = record;

    draft->port = node;
    return read_string(r, node, "port", &draft->step.port);
}

static bool read_within(struct reader *r, const yaml_node_t *node, void *record)
{
    struct step_draft *draft = record;

    draft->within = node;
    return read_time(r, node, "within", &draft->step.ns);
}

static bool read_hex(struct reader *r, const yaml_node_t *node, void *record)
{
    struct step_draft *draft = record;

    draft->hex = node;
    return read_bool(r, node, "hex", &draft->is_hex);
}

static const struct field step_fields[] = {
    {"expect", read_expect},
    {"match", read_match},
    {"never", read_never},
    {"send", read_send},
    {"wait", read_wait},
    {"at", read_at},
    {"reset", read_step_reset},
    {"power", read_step_power},
    {"line", read_step_line},
    {"press", read_step_press},
    {"release", read_step_release},
    {"click", read_step_click},
    {"level", read_step_level},
    {"for", read_step_for},
    {"fault", read_fault},
    {"exit", read_exit},
    {"port", read_step_port},
    {"within", read_within},
    {"hex", read_hex},
    {"memory", read_memory},
    {"until", read_until},
    {"screenshot", read_screenshot},
    {"resets", read_resets},
    {"guest_errors", read_errors},
    {"counter", read_counter},
    {"gpio", read_gpio},
    {"led", read_led},
    {"is", read_is},
    {"set", read_set},
    {"width", read_width},
};
const struct section step_section = {"step", step_fields,
                                     sizeof(step_fields) / sizeof(step_fields[0])};

/* ---- what belongs together ---- */

static int hex_digit(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

/* "01 ff 7F": bytes. */
bool step_bytes(struct reader *r, const yaml_node_t *node, struct script_step *step)
{
    const char *in = step->text;
    char *out = step->text;

    step->text_len = 0;
    while (*in) {
        if (*in == ' ') {
            in++;
        } else if (hex_digit(in[0]) >= 0 && hex_digit(in[1]) >= 0) {
            out[step->text_len++] = (char)(hex_digit(in[0]) << 4 | hex_digit(in[1]));
            in += 2;
        } else {
            return reader_fail(r, node, "hex: pairs of digits were meant, like 01 ff");
        }
    }
    return step->text_len || reader_fail(r, node, "hex: no bytes");
}

static bool fail_key(struct reader *r, const yaml_node_t *node, const char *key)
{
    return reader_fail(r, node, "%s: means nothing to this step", key);
}

static bool check_keys(struct reader *r, const struct step_draft *draft)
{
    enum step_kind kind = draft->step.kind;
    bool has_port = kind == STEP_EXPECT || kind == STEP_NEVER || kind == STEP_SEND;
    bool has_within = kind == STEP_EXPECT || kind == STEP_NEVER || kind == STEP_EXIT ||
                      kind == STEP_PC || kind == STEP_LEVEL;
    bool in_memory = kind == STEP_MEMORY || kind == STEP_SET;

    if (draft->port && !has_port && kind != STEP_COUNTER) {
        return fail_key(r, draft->port, "port");
    }
    if (draft->within && !has_within) {
        return fail_key(r, draft->within, "within");
    }
    if (draft->input.level && !draft->input.verb) {
        return fail_key(r, draft->input.level, "level");
    }
    if (draft->input.length && !draft->input.verb) {
        return fail_key(r, draft->input.length, "for");
    }
    if (draft->hex && ((!has_port && !in_memory) || draft->step.regex)) {
        return fail_key(r, draft->hex, "hex");
    }
    if (draft->is && ((!is_asked(kind) && kind != STEP_COUNTER) || kind == STEP_PC)) {
        return fail_key(r, draft->is, "is");
    }
    if (draft->set && !in_memory) {
        return fail_key(r, draft->set, "set");
    }
    return !draft->width || in_memory || fail_key(r, draft->width, "width");
}

/* The port must be heard: one that no link takes and nothing attaches is attached to stdout. */
static bool settle_port(const struct scenario *s, struct reader *r, const yaml_node_t *item,
                        struct manifest *m, struct step_draft *draft)
{
    if (!draft->step.port && !s->port) {
        return reader_fail(r, item, "step: key 'port' is missing, here or for all steps");
    }
    if (!draft->step.port) {
        draft->step.port = s->port;
    }
    return attach_for_script(r, draft->port ? draft->port : item, draft->step.port, m);
}

static bool settle_does(struct reader *r, const yaml_node_t *item, struct manifest *m,
                        struct step_draft *draft)
{
    if (!draft->input.verb) {
        return settle_fault(r, draft->what, m, &draft->fault, &draft->step);
    }
    if (!finish_input(r, item, m, &draft->input)) {
        return false;
    }
    draft->step.does = arena_array(r->arena, 1, sizeof(*draft->step.does));
    draft->step.does[0] = draft->input.input;
    draft->step.does_count = 1;
    return true;
}

static bool read_step(const struct scenario *s, struct reader *r, const yaml_node_t *item,
                      struct manifest *m, struct script_step *out)
{
    struct step_draft draft = {.step.ns = s->within_ns};
    enum step_kind kind;

    if (!read_section(r, item, &step_section, &draft)) {
        return false;
    }
    if (!draft.what) {
        return reader_fail(
            r, item,
            "step: expect, match, never, send, wait, at, reset, power, press, "
            "release, click, line, fault, exit, memory, gpio, led, until, screenshot, "
            "resets, guest_errors or counter is missing");
    }
    kind = draft.step.kind;
    if (!check_keys(r, &draft) ||
        (draft.is_hex && !is_asked(kind) && !step_bytes(r, draft.what, &draft.step)) ||
        (is_asked(kind) && !settle_asked(s, r, m, &draft)) ||
        (kind == STEP_COUNTER && !settle_counter(r, m, &draft))) {
        return false;
    }
    if ((kind == STEP_EXPECT || kind == STEP_NEVER || kind == STEP_SEND) &&
        !settle_port(s, r, item, m, &draft)) {
        return false;
    }
    if (kind == STEP_DO && !settle_does(r, item, m, &draft)) {
        return false;
    }
    *out = draft.step;
    out->where = arena_printf(r->arena, "%s:%u:%u", r->file, node_mark(item).line,
                              node_mark(item).column);
    return true;
}

bool read_script(const struct scenario *s, struct reader *r, struct manifest *m,
                 struct script *script)
{
    size_t count;

    if (!read_list(r, s->steps, "steps", &count)) {
        return false;
    }
    if (count > MAX_STEPS) {
        return reader_fail(r, s->steps, "more than %d steps", MAX_STEPS);
    }
    script->steps = arena_array(r->arena, count + 1, sizeof(*script->steps));
    for (script->count = 0; script->count < count; script->count++) {
        if (!read_step(s, r, list_item(r, s->steps, script->count), m,
                       &script->steps[script->count])) {
            return false;
        }
    }
    return true;
}

bool scenario_step(const struct scenario *s, const char *where, const char *text,
                   struct arena *arena, struct manifest *m, struct script_step *step,
                   struct problem *why)
{
    struct reader r = {.file = where, .arena = arena, .why = why};
    struct attach *attaches = m->attaches;
    size_t attached = m->attach_count;
    bool good;

    if (!document_parse(&r, text, strlen(text))) {
        return false;
    }
    good = read_step(s, &r, document_root(&r), m, step);
    if (m->attach_count > attached) { /* too late for that: it runs */
        m->attaches = attaches;
        m->attach_count = attached;
        good = reader_fail(&r, document_root(&r),
                           "port '%.60s' is not attached: put it under attach in %s", step->port,
                           m->file);
    }
    document_close(&r);
    return good &&
           script_resolve(&(struct script){.steps = step, .count = 1}, where, m, arena, why);
}
