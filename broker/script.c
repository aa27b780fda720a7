/* SPDX-License-Identifier: Apache-2.0 */
#include "script.h"

#include <glib.h>
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "counter.h"
#include "input.h"
#include "probe.h"
#include "say.h"

#define LATER_MAX (1u << 20) /* bytes, of all ports, between two steps of an open script */
#define HEARD_MAX 65536u     /* bytes of a port that no step has used yet; the oldest go */
#define CAPTURES ORRERY_SCRIPT_CAPTURES
#define TEXT_MAX 4096u
#define ASKED_MAX 32u /* steps in a row; the lane has room for more */
#define SHOWN 60      /* bytes of a text in a message */

struct step {
    const Orrery__ScriptStep *plan;
    int port;        /* index into layout->ports, -1 */
    unsigned member; /* 0: none */
    regex_t regex;
    bool compiled;
};

/* Said while an open script was asking. */
struct later {
    uint64_t at_ns;
    unsigned port;
    uint8_t byte;
};

struct script {
    const struct layout *layout;
    const char *pictures; /* the plan's */
    const struct orrery_segment *seg;
    uint64_t reaction_ns;
    struct step *steps;
    size_t count, now; /* the step at work */
    GString **heard;   /* [port] */
    char *captures[CAPTURES];
    size_t asked; /* the steps before it have been asked for: those that wait for an instruction */
    uint64_t from_ns; /* when the step at work began */
    uint64_t free_ns; /* one reaction after the last thing that guests did: nothing acts before */
    bool begun, passed, failed, open;
    GArray *later; /* of struct later */
    uint64_t over_ns;
    char failure[400];
};

/* ---- reading the plan ---- */

static bool is_about_port(const Orrery__ScriptStep *plan)
{
    return plan->kind == ORRERY__SCRIPT_STEP__KIND__EXPECT ||
           plan->kind == ORRERY__SCRIPT_STEP__KIND__NEVER ||
           plan->kind == ORRERY__SCRIPT_STEP__KIND__SEND;
}

static bool bad(struct orrery_error *err, const Orrery__ScriptStep *plan, const char *what)
{
    snprintf(err->text, sizeof(err->text), "%.100s: %s", plan->where, what);
    return false;
}

static bool find_port(struct script *script, struct step *step, struct orrery_error *err)
{
    const struct layout *layout = script->layout;

    for (size_t i = layout->first_attach; i < layout->port_count; i++) {
        if (!strcmp(layout->ports[i].full, step->plan->port)) {
            step->port = (int)i;
        }
    }
    if (step->port < 0) {
        return bad(err, step->plan, "no port of that name is attached");
    }
    if (step->plan->kind == ORRERY__SCRIPT_STEP__KIND__SEND &&
        !orrery_layout_can_inject(&layout->ports[step->port])) {
        return bad(err, step->plan, "that port takes no bytes");
    }
    if (step->plan->text.len == 0 || step->plan->text.len > TEXT_MAX ||
        (step->plan->regex && memchr(step->plan->text.data, 0, step->plan->text.len))) {
        return bad(err, step->plan, "no text, or too much");
    }
    return true;
}

/* Any port, linked or attached. */
static bool find_counter(struct script *script, struct step *step, struct orrery_error *err)
{
    for (size_t i = 0; i < script->layout->port_count; i++) {
        if (!strcmp(script->layout->ports[i].full, step->plan->port)) {
            step->port = (int)i;
        }
    }
    return (step->port >= 0 && orrery_counter_known(step->plan->line)) ||
           bad(err, step->plan, "no wire ends at that port, or no such counter");
}

static bool find_member(struct script *script, struct step *step, struct orrery_error *err)
{
    step->member = orrery_layout_member(script->layout, step->plan->instance);
    if (!step->member || strlen(step->plan->line) >= ORRERY_LINE_MAX) {
        return bad(err, step->plan, "no such instance, or too long a name");
    }
    return true;
}

static bool check_does(struct script *script, struct step *step, struct orrery_error *err)
{
    for (size_t i = 0; i < step->plan->n_does; i++) {
        const Orrery__Stimulus *what = step->plan->does[i];

        if (!orrery_layout_member(script->layout, what->instance)) {
            return bad(err, step->plan, "no such instance");
        }
        if (!orrery_plan_stimulus_ok(what)) {
            return bad(err, step->plan, "unknown kind, level or line");
        }
    }
    return true;
}

static bool compile(struct step *step, struct orrery_error *err)
{
    char *text = g_strndup((const char *)step->plan->text.data, step->plan->text.len);
    int error = regcomp(&step->regex, text, REG_EXTENDED);
    char why[100];

    g_free(text);
    step->compiled = error == 0;
    if (error) {
        regerror(error, &step->regex, why, sizeof(why));
        return bad(err, step->plan, why);
    }
    return true;
}

static bool is_known(const Orrery__ScriptStep *plan)
{
    return (unsigned)plan->kind <= ORRERY__SCRIPT_STEP__KIND__EXIT ||
           plan->kind == ORRERY__SCRIPT_STEP__KIND__COUNTER || orrery_layout_is_asked(plan);
}

static bool read_step(struct script *script, struct step *step, struct orrery_error *err)
{
    if (!is_known(step->plan) || step->plan->ns >= ORRERY_TIME_INF) {
        return bad(err, step->plan, "not a step");
    }
    if (orrery_layout_is_asked(step->plan)) {
        return find_member(script, step, err) &&
               (orrery_probe_ok(step->plan) || bad(err, step->plan, "too long, or too short"));
    }
    if (step->plan->kind == ORRERY__SCRIPT_STEP__KIND__COUNTER) {
        return find_counter(script, step, err);
    }
    if (is_about_port(step->plan)) {
        return find_port(script, step, err) && (!step->plan->regex || compile(step, err));
    }
    return step->plan->kind != ORRERY__SCRIPT_STEP__KIND__DO || check_does(script, step, err);
}

struct script *orrery_script_create(const Orrery__Plan *plan, const struct layout *layout,
                                    uint64_t reaction_ns, struct orrery_error *err)
{
    struct script *script = g_new0(struct script, 1);

    script->layout = layout;
    script->pictures = plan->pictures;
    script->reaction_ns = reaction_ns;
    script->count = plan->script->n_steps;
    script->steps = g_new0(struct step, script->count + 1);
    script->heard = g_new0(GString *, layout->port_count + 1);
    script->open = plan->script->open;
    script->later = g_array_new(FALSE, FALSE, sizeof(struct later));
    for (size_t i = 0; i < layout->port_count; i++) {
        script->heard[i] = g_string_new(NULL);
    }
    for (size_t i = 0; i < script->count; i++) {
        script->steps[i] = (struct step){.plan = plan->script->steps[i], .port = -1};
        if (!read_step(script, &script->steps[i], err)) {
            orrery_script_destroy(script);
            return NULL;
        }
    }
    return script;
}

void orrery_script_destroy(struct script *script)
{
    if (!script) {
        return;
    }
    for (size_t i = 0; i < script->count; i++) {
        if (script->steps[i].compiled) {
            regfree(&script->steps[i].regex);
        }
    }
    for (size_t i = 0; i < script->layout->port_count; i++) {
        g_string_free(script->heard[i], TRUE);
    }
    for (size_t i = 0; i < CAPTURES; i++) {
        g_free(script->captures[i]);
    }
    g_array_free(script->later, TRUE);
    g_free(script->heard);
    g_free(script->steps);
    g_free(script);
}

/* ---- text ---- */

/* ${1} to ${9} become what the last expression that matched has captured. */
static GString *expand(const struct script *script, const ProtobufCBinaryData *text)
{
    GString *out = g_string_new(NULL);

    for (size_t i = 0; i < text->len; i++) {
        const uint8_t *p = text->data + i;

        if (i + 4 <= text->len && p[0] == '$' && p[1] == '{' && p[2] >= '1' && p[2] <= '9' &&
            p[3] == '}') {
            const char *capture = script->captures[p[2] - '0'];

            g_string_append(out, capture ? capture : "");
            i += 3;
        } else {
            g_string_append_c(out, (char)*p);
        }
    }
    return out;
}

/* Printable, and not too long, for a message. */
static void show(const char *text, size_t len, bool tail, char *out, size_t size)
{
    size_t used = 0;
    size_t from = tail && len > SHOWN ? len - SHOWN : 0,
           to = from + (len - from > SHOWN ? SHOWN : len - from);

    for (size_t i = from; i < to && used + 5 < size; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '\n') {
            used += (size_t)snprintf(out + used, size - used, "\\n");
        } else if (c == '\r') {
            used += (size_t)snprintf(out + used, size - used, "\\r");
        } else if (c < ' ' || c > '~') {
            used += (size_t)snprintf(out + used, size - used, "\\x%02x", c);
        } else {
            out[used++] = (char)c;
        }
    }
    out[used] = '\0';
}

static void keep_captures(struct script *script, const char *line, const regmatch_t *groups)
{
    for (size_t i = 0; i < CAPTURES; i++) {
        g_free(script->captures[i]);
        script->captures[i] = groups[i].rm_so < 0
                                  ? NULL
                                  : g_strndup(line + groups[i].rm_so,
                                              (size_t)(groups[i].rm_eo - groups[i].rm_so));
    }
}

/* The expression in one line of what was heard, from start on. *end: of the match, in heard. */
static bool match_line(struct script *script, const struct step *step, const GString *heard,
                       size_t start, size_t *end)
{
    const char *newline = memchr(heard->str + start, '\n', heard->len - start);
    size_t len = newline ? (size_t)(newline - (heard->str + start)) : heard->len - start;
    char *line = g_strndup(heard->str + start, len);
    regmatch_t groups[CAPTURES];
    bool found = regexec(&step->regex, line, CAPTURES, groups, 0) == 0;

    if (found) {
        keep_captures(script, line, groups);
        *end = start + (size_t)groups[0].rm_eo;
    }
    g_free(line);
    return found;
}

static bool match_regex(struct script *script, const struct step *step, const GString *heard,
                        bool last_line_only, size_t *end)
{
    size_t start = 0;

    if (last_line_only) {
        const char *newline = heard->len ? memrchr(heard->str, '\n', heard->len - 1) : NULL;

        start = newline ? (size_t)(newline - heard->str) + 1 : 0;
        return match_line(script, step, heard, start, end);
    }
    for (;;) {
        const char *newline = memchr(heard->str + start, '\n', heard->len - start);

        if (match_line(script, step, heard, start, end)) {
            return true;
        }
        if (!newline) {
            return false;
        }
        start = (size_t)(newline - heard->str) + 1;
    }
}

/* Is it there? only_new: only the last byte is new. What was used is then forgotten. */
static bool match(struct script *script, const struct step *step, bool only_new)
{
    GString *heard = script->heard[step->port];
    size_t end = 0;
    bool found;

    if (step->plan->regex) {
        found = match_regex(script, step, heard, only_new, &end);
    } else {
        GString *wanted = expand(script, &step->plan->text);
        size_t from = only_new && heard->len > wanted->len ? heard->len - wanted->len : 0;
        const char *at = memmem(heard->str + from, heard->len - from, wanted->str, wanted->len);

        found = at != NULL;
        end = found ? (size_t)(at - heard->str) + wanted->len : 0;
        g_string_free(wanted, TRUE);
    }
    if (found) {
        g_string_erase(heard, 0, (gssize)end);
    }
    return found;
}

/* ---- going on ---- */

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* When what the script does next may happen. */
static uint64_t act_time(const struct script *script)
{
    return later(script->from_ns, script->free_ns);
}

/* Those are asked, too, but answered when it comes true. */
static bool is_awaited(const struct step *step)
{
    return step->plan->kind == ORRERY__SCRIPT_STEP__KIND__PC ||
           step->plan->kind == ORRERY__SCRIPT_STEP__KIND__AWAIT;
}

static bool is_asked(const struct script *script, const struct step *step)
{
    return orrery_layout_is_asked(step->plan) && script->now < script->asked;
}

/* If not, an open script's last step may be gone: its call was answered. */
static bool is_at_work(const struct script *script)
{
    return !script->passed && !script->failed && script->now < script->count;
}

uint64_t orrery_script_reaction_ns(const struct script *script)
{
    const struct step *step = &script->steps[script->now];

    if (is_at_work(script) && is_asked(script, step) && !is_awaited(step) &&
        script->reaction_ns > PROBE_REACTION_NS) {
        return PROBE_REACTION_NS;
    }
    return script->reaction_ns;
}

static void observe(struct script *script, uint64_t at_ns)
{
    script->free_ns = later(script->free_ns, at_ns + orrery_script_reaction_ns(script));
    script->from_ns = later(script->from_ns, at_ns);
}

__attribute__((format(printf, 3, 4))) static void fail(struct script *script, uint64_t at_ns,
                                                       const char *format, ...)
{
    char when[ORRERY_TIME_TEXT];
    size_t n = 0;
    va_list args;

    observe(script, at_ns);
    if (script->now < script->count) {
        const char *where = script->steps[script->now].plan->where;

        n = (size_t)snprintf(script->failure, sizeof(script->failure), "%.100s%s", where,
                             *where ? ": " : "");
    }
    va_start(args, format);
    n += (size_t)vsnprintf(script->failure + n, sizeof(script->failure) - n, format, args);
    va_end(args);
    if (n < sizeof(script->failure)) {
        snprintf(script->failure + n, sizeof(script->failure) - n, " (at %s)",
                 orrery_time_text(when, at_ns));
    }
    script->failed = true;
    script->over_ns = act_time(script);
}

static void fail_deadline(struct script *script, uint64_t at_ns)
{
    const struct step *step = &script->steps[script->now];
    char wanted[5 * SHOWN], got[5 * SHOWN];

    if (step->plan->kind == ORRERY__SCRIPT_STEP__KIND__EXIT) {
        fail(script, at_ns, "not every instance has ended");
        return;
    }
    if (step->plan->kind == ORRERY__SCRIPT_STEP__KIND__PC) {
        fail(script, at_ns, "%s: it has not come to %s (0x%" PRIx64 ")", step->plan->instance,
             step->plan->line, step->plan->address);
        return;
    }
    if (step->plan->kind == ORRERY__SCRIPT_STEP__KIND__AWAIT) {
        fail(script, at_ns, "%s.%s: it has not come to %" PRIu64, step->plan->instance,
             step->plan->line, step->plan->value);
        return;
    }
    if (orrery_layout_is_asked(step->plan)) {
        fail(script, at_ns, "%s does not answer: it is off", step->plan->instance);
        return;
    }
    show((const char *)step->plan->text.data, step->plan->text.len, false, wanted, sizeof(wanted));
    show(script->heard[step->port]->str, script->heard[step->port]->len, true, got, sizeof(got));
    fail(script, at_ns, "%s: '%.120s' did not come; the last that came: '%.120s'", step->plan->port,
         wanted, got);
}

static void fail_came(struct script *script, uint64_t at_ns)
{
    const struct step *step = &script->steps[script->now];
    char wanted[5 * SHOWN];

    show((const char *)step->plan->text.data, step->plan->text.len, false, wanted, sizeof(wanted));
    fail(script, at_ns, "%s: '%.200s' came", step->plan->port, wanted);
}

static bool is_armed(const struct script *script, const struct step *step)
{
    return is_asked(script, step) || step->plan->kind == ORRERY__SCRIPT_STEP__KIND__EXPECT ||
           step->plan->kind == ORRERY__SCRIPT_STEP__KIND__NEVER ||
           step->plan->kind == ORRERY__SCRIPT_STEP__KIND__EXIT;
}

static uint64_t deadline_of(const struct script *script, const struct step *step)
{
    bool probe = orrery_layout_is_asked(step->plan) && !is_awaited(step);

    return script->from_ns + (probe ? PROBE_TIMEOUT_NS : step->plan->ns);
}

/* The step at work has just begun: those that need nothing of the guests are done at once. */
static void begin_step(struct script *script)
{
    while (script->now < script->count && !script->failed) {
        const struct step *step = &script->steps[script->now];

        if (step->plan->kind == ORRERY__SCRIPT_STEP__KIND__WAIT) {
            script->from_ns += step->plan->ns;
        } else if (step->plan->kind == ORRERY__SCRIPT_STEP__KIND__AT) {
            if (step->plan->ns < script->from_ns) {
                fail(script, script->from_ns, "that time is past");
                return;
            }
            script->from_ns = step->plan->ns;
        } else if (step->plan->kind == ORRERY__SCRIPT_STEP__KIND__NEVER) {
            if (match(script, step, false)) {
                fail_came(script, script->from_ns);
            }
            return;
        } else if (step->plan->kind != ORRERY__SCRIPT_STEP__KIND__EXPECT ||
                   !match(script, step, false)) {
            return;
        }
        script->now++;
    }
    if (!script->failed && !script->open) {
        script->passed = true;
        script->over_ns = act_time(script);
    }
}

static void next_step(struct script *script)
{
    script->now++;
    begin_step(script);
}

static bool is_asking(const struct script *script)
{
    return script->open && !is_at_work(script);
}

static void keep_for_later(struct script *script, unsigned port, uint64_t at_ns, uint8_t byte)
{
    struct later later = {at_ns, port, byte};

    if (script->later->len >= LATER_MAX) {
        g_array_remove_range(script->later, 0, LATER_MAX / 2);
    }
    g_array_append_val(script->later, later);
}

void orrery_script_byte(struct script *script, unsigned port, uint64_t at_ns, uint8_t byte)
{
    GString *heard = script->heard[port];
    const struct step *step;

    orrery_script_bound(script, at_ns);
    if (is_asking(script)) {
        keep_for_later(script, port, at_ns, byte);
    }
    if (!is_at_work(script)) {
        return;
    }
    step = &script->steps[script->now];
    if (heard->len >= HEARD_MAX) {
        g_string_erase(heard, 0, HEARD_MAX / 2);
    }
    g_string_append_c(heard, (char)byte);
    if (step->port != (int)port || !is_armed(script, step) || !match(script, step, true)) {
        return;
    }
    if (step->plan->kind == ORRERY__SCRIPT_STEP__KIND__NEVER) {
        fail_came(script, at_ns);
    } else {
        observe(script, at_ns);
        next_step(script);
    }
}

void orrery_script_answer(struct script *script, unsigned member, uint64_t at_ns,
                          const uint8_t *payload, size_t len)
{
    const struct step *step;
    char wrong[PROBE_TEXT];

    orrery_script_bound(script, at_ns);
    if (!is_at_work(script)) {
        return;
    }
    step = &script->steps[script->now];
    if (!is_asked(script, step) || step->member != member) {
        return;
    }
    if (!orrery_probe_judge(step->plan, script->pictures, payload, len, wrong)) {
        fail(script, at_ns, "%s", wrong);
        return;
    }
    observe(script, at_ns);
    next_step(script);
}

void orrery_script_bound(struct script *script, uint64_t bound_ns)
{
    if (!script->begun) {
        script->begun = true;
        begin_step(script);
    }
    while (is_at_work(script) && is_armed(script, &script->steps[script->now])) {
        const struct step *step = &script->steps[script->now];
        uint64_t deadline = deadline_of(script, step);

        if (bound_ns < deadline) {
            return;
        }
        if (step->plan->kind != ORRERY__SCRIPT_STEP__KIND__NEVER) {
            fail_deadline(script, deadline);
            return;
        }
        observe(script, deadline);
        next_step(script);
    }
}

void orrery_script_all_off(struct script *script, uint64_t at_ns)
{
    if (is_at_work(script) &&
        script->steps[script->now].plan->kind == ORRERY__SCRIPT_STEP__KIND__EXIT) {
        observe(script, at_ns);
        next_step(script);
    }
    if (is_at_work(script)) {
        fail(script, at_ns, "every instance has ended before this step was done");
    }
}

enum script_state orrery_script_state(const struct script *script, uint64_t *at_ns)
{
    const struct step *step = &script->steps[script->now];

    if (is_asking(script)) {
        *at_ns = act_time(script);
        return SCRIPT_ASKING;
    }
    if (!is_at_work(script)) {
        *at_ns = script->over_ns;
        return script->failed ? SCRIPT_FAILED : SCRIPT_PASSED;
    }
    if (is_armed(script, step)) {
        *at_ns = deadline_of(script, step);
        return SCRIPT_ARMED;
    }
    *at_ns = act_time(script);
    return SCRIPT_DUE;
}

static void send(struct script *script, const struct step *step, struct input *input)
{
    const struct uart_format *format = &script->layout->ports[step->port].format;
    GString *text = expand(script, &step->plan->text);
    size_t count = text->len;

    if (orrery_input_space(input, (unsigned)step->port) < count) {
        fail(script, act_time(script), "%s: too much waits to be sent", step->plan->port);
    } else {
        for (size_t i = 0; i < count; i++) {
            struct orrery_uart_frame frame = orrery_plan_frame(format, (uint8_t)text->str[i]);

            orrery_input_push(input, (unsigned)step->port, &frame, 1);
        }
    }
    g_string_free(text, TRUE);
}

/* Steps that are asked of one instance, in a row, are asked at once, and what follows an
 * instruction that is waited for happens when it begins; what follows a level, afterwards. */
static bool is_in_row(const struct script *script, size_t i)
{
    const struct step *step = &script->steps[i];

    if (i > script->now && script->steps[i - 1].plan->kind == ORRERY__SCRIPT_STEP__KIND__AWAIT) {
        return false;
    }
    return i < script->count && i < script->now + ASKED_MAX &&
           step->member == script->steps[script->now].member && orrery_layout_is_asked(step->plan);
}

static void ask(struct script *script, struct input *input)
{
    bool at_pc = false;

    for (script->asked = script->now; is_in_row(script, script->asked); script->asked++) {
        const struct step *step = &script->steps[script->asked];
        struct orrery_probe probe;
        size_t len = orrery_probe_make(step->plan, at_pc, &probe);

        if (!orrery_input_ask(input, step->member, &probe, len)) {
            fail(script, script->from_ns, "too much happens at once");
            return;
        }
        at_pc = at_pc || step->plan->kind == ORRERY__SCRIPT_STEP__KIND__PC;
    }
}

bool orrery_script_needs_all(const struct script *script)
{
    return is_at_work(script) &&
           script->steps[script->now].plan->kind == ORRERY__SCRIPT_STEP__KIND__COUNTER;
}

void orrery_script_attach(struct script *script, const struct orrery_segment *seg)
{
    script->seg = seg;
}

static void look_at_counter(struct script *script, const struct step *step)
{
    uint64_t is = orrery_counter_read(script->seg, &script->layout->ports[step->port],
                                      step->plan->line);

    if (is != step->plan->value) {
        fail(script, script->from_ns, "%s: %s: %" PRIu64 " was meant; it is %" PRIu64,
             step->plan->port, step->plan->line, step->plan->value, is);
    } else {
        next_step(script);
    }
}

static void let_happen(struct script *script, const struct step *step, struct input *input)
{
    for (size_t i = 0; i < step->plan->n_does; i++) {
        const Orrery__Stimulus *what = step->plan->does[i];
        const struct orrery_stimulus stimulus = orrery_plan_stimulus(what);

        if (!orrery_input_stimulate(input, orrery_layout_member(script->layout, what->instance),
                                    &stimulus, what->for_ns, NULL)) {
            fail(script, script->from_ns, "too much happens at once");
            return;
        }
    }
}

void orrery_script_act(struct script *script, struct input *input, uint64_t now_ns)
{
    const struct step *step = &script->steps[script->now];

    script->from_ns = later(act_time(script), now_ns);
    if (step->plan->kind == ORRERY__SCRIPT_STEP__KIND__COUNTER) {
        look_at_counter(script, step);
        return;
    }
    if (orrery_layout_is_asked(step->plan)) {
        ask(script, input); /* and goes on with the answer */
        return;
    }
    if (step->plan->kind == ORRERY__SCRIPT_STEP__KIND__SEND) {
        send(script, step, input);
    } else {
        let_happen(script, step, input);
    }
    if (!script->failed) {
        next_step(script);
    }
}

/* ---- an open script ---- */

/* What was said meanwhile comes now, each byte at its time; what a step does not wait for any more
 * is kept again. */
static void hear_later(struct script *script)
{
    GArray *later = script->later;

    script->later = g_array_new(FALSE, FALSE, sizeof(struct later));
    for (guint i = 0; i < later->len; i++) {
        const struct later *said = &g_array_index(later, struct later, i);

        orrery_script_byte(script, said->port, said->at_ns, said->byte);
    }
    g_array_free(later, TRUE);
}

bool orrery_script_add(struct script *script, const Orrery__ScriptStep *plan,
                       struct orrery_error *err)
{
    struct step step = {.plan = plan, .port = -1};

    if (!read_step(script, &step, err)) {
        return false;
    }
    for (size_t i = 0; i < script->count; i++) {
        if (script->steps[i].compiled) {
            regfree(&script->steps[i].regex);
        }
    }
    script->steps = g_renew(struct step, script->steps, 2);
    script->steps[0] = step;
    script->steps[1] = (struct step){.port = -1};
    script->count = 1;
    script->now = script->asked = 0;
    script->begun = true;
    script->failed = false;
    script->failure[0] = '\0';
    begin_step(script);
    hear_later(script);
    return true;
}

void orrery_script_finish(struct script *script)
{
    script->open = script->failed = false;
    script->now = script->count;
    begin_step(script);
}

uint64_t orrery_script_time(const struct script *script)
{
    return script->from_ns;
}

const char *orrery_script_captured(const struct script *script, unsigned group)
{
    return group < CAPTURES ? script->captures[group] : NULL;
}

bool orrery_script_awaits_exit(const struct script *script)
{
    return is_at_work(script) &&
           script->steps[script->now].plan->kind == ORRERY__SCRIPT_STEP__KIND__EXIT;
}

const char *orrery_script_failure(const struct script *script)
{
    return script->failure;
}
