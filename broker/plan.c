/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <errno.h>
#include <glib.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLAN_MAX (4u << 20)
#define BAUD_MAX 1000000000u
#define PPB 1000000000u
#define LINK_ENDS_MAX 64 /* 4032 lanes */
#define STATE_BYTES_MAX (1u << 20)
#define RUN_DIR_MAX 80 /* sun_path holds 108 with the socket's name */

__attribute__((format(printf, 2, 3))) static bool bad(struct orrery_error *err, const char *format,
                                                      ...)
{
    size_t n = (size_t)snprintf(err->text, sizeof(err->text), "plan: ");
    va_list args;

    va_start(args, format);
    vsnprintf(err->text + n, sizeof(err->text) - n, format, args);
    va_end(args);
    return false;
}

static bool read_all(int fd, GByteArray *bytes, struct orrery_error *err)
{
    uint8_t buf[65536];
    ssize_t n;

    if (lseek(fd, 0, SEEK_SET) < 0 && errno != ESPIPE) {
        return bad(err, "fd %d: %s", fd, strerror(errno));
    }
    while ((n = read(fd, buf, sizeof(buf))) != 0) {
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return bad(err, "fd %d: %s", fd, strerror(errno));
        }
        g_byte_array_append(bytes, buf, (guint)n);
        if (bytes->len > PLAN_MAX) {
            return bad(err, "larger than %u bytes", PLAN_MAX);
        }
    }
    return true;
}

struct uart_format orrery_plan_uart(const Orrery__Uart *uart)
{
    struct uart_format format = {115200, 8, 2, 'N', true, true};

    if (uart) {
        format.open_baud = !uart->baud;
        format.open_format = !uart->data_bits && !uart->parity[0];
        format.baud = uart->baud ? uart->baud : format.baud;
        format.data_bits = uart->data_bits ? (uint8_t)uart->data_bits : format.data_bits;
        format.stop_halves = uart->stop_halves ? (uint8_t)uart->stop_halves : format.stop_halves;
        format.parity = uart->parity[0] ? uart->parity[0] : format.parity;
    }
    return format;
}

uint64_t orrery_plan_frame_ns(const struct uart_format *uart)
{
    return orrery_uart_frame_ns(uart->baud, uart->data_bits, uart->parity, uart->stop_halves);
}

struct orrery_uart_frame orrery_plan_frame(const struct uart_format *uart, uint8_t byte)
{
    return (struct orrery_uart_frame){
        .baud = uart->open_baud ? 0 : uart->baud,
        .data = byte & (uint16_t)((1u << uart->data_bits) - 1),
        .data_bits = uart->open_format ? 0 : uart->data_bits,
        .parity = uart->open_format ? 0 : (uint8_t)uart->parity,
        .stop_halves = uart->stop_halves,
    };
}

uint64_t orrery_plan_time(const struct uart_format *uart, const struct orrery_uart_frame *frame)
{
    return orrery_uart_frame_ns(frame->baud ? frame->baud : uart->baud,
                                frame->data_bits ? frame->data_bits : uart->data_bits,
                                frame->parity ? (char)frame->parity : uart->parity,
                                frame->stop_halves ? frame->stop_halves : uart->stop_halves);
}

static bool check_uart(const Orrery__Uart *uart, const char *what, size_t i,
                       struct orrery_error *err)
{
    struct uart_format format = orrery_plan_uart(uart);

    if (uart && (uart->data_bits > 9 || uart->stop_halves > 4 || strlen(uart->parity) > 1)) {
        return bad(err, "%s %zu: bad frame format", what, i);
    }
    if (format.baud > BAUD_MAX || format.data_bits < 5 || format.stop_halves < 2 ||
        !strchr("NEO", format.parity) || orrery_plan_frame_ns(&format) == 0) {
        return bad(err, "%s %zu: bad baud or frame format", what, i);
    }
    return true;
}

/* Names become file names, lane names and lines on a terminal. */
static bool name_ok(const char *name, size_t max)
{
    size_t len = strlen(name);

    if (len == 0 || len > max || name[0] == '.') {
        return false;
    }
    for (const char *c = name; *c; c++) {
        if (!g_ascii_isalnum(*c) && !strchr("_-.+:", *c)) {
            return false;
        }
    }
    return true;
}

static bool check_end(const Orrery__Plan *plan, const Orrery__Endpoint *end, GHashTable *used,
                      const char *what, size_t i, struct orrery_error *err)
{
    const Orrery__Instance *instance;
    char *key;
    bool known;

    if (!end || end->member < 1 || end->member > plan->n_instances) {
        return bad(err, "%s %zu: no such member", what, i);
    }
    instance = plan->instances[end->member - 1];
    if (!name_ok(end->port, ORRERY_NAME_MAX - 1)) {
        return bad(err, "%s %zu: bad port name", what, i);
    }
    known = instance->n_ports == 0;
    for (size_t j = 0; j < instance->n_ports && !known; j++) {
        known = strcmp(instance->ports[j], end->port) == 0;
    }
    if (!known) {
        return bad(err, "%s %zu: %s has no port %s", what, i, instance->name, end->port);
    }
    key = g_strdup_printf("%s.%s", instance->name, end->port);
    if (!g_hash_table_add(used, key)) { /* it owns the key either way */
        return bad(err, "%s %zu: port %s.%s is used twice", what, i, instance->name, end->port);
    }
    return true;
}

static bool check_instances(const Orrery__Plan *plan, struct orrery_error *err)
{
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
    bool ok = true;

    if (plan->n_instances < 1 || plan->n_instances > ORRERY_MAX_MEMBERS - 1) {
        ok = bad(err, "%zu instances: not 1 to %d", plan->n_instances, ORRERY_MAX_MEMBERS - 1);
    }
    for (size_t i = 0; i < plan->n_instances && ok; i++) {
        char *name = plan->instances[i]->name;

        if (!name_ok(name, ORRERY_NAME_MAX - 1) || strcmp(name, "broker") == 0) {
            ok = bad(err, "instance %zu: bad name", i + 1);
        } else if (!g_hash_table_add(names, name)) {
            ok = bad(err, "two instances are named %s", name);
        } else if (plan->instances[i]->leader > plan->n_instances ||
                   plan->instances[i]->leader == i + 1) {
            ok = bad(err, "instance %zu: no such leader", i + 1);
        }
    }
    g_hash_table_unref(names);
    return ok;
}

size_t orrery_plan_lanes(const Orrery__Link *link)
{
    return link->n_ends * (link->n_ends - 1);
}

static bool check_uart_link(const Orrery__Link *link, size_t i, struct orrery_error *err)
{
    struct uart_format format = orrery_plan_uart(link->uart);

    if (link->n_ends != 2) {
        return bad(err, "link %zu: not two ends", i);
    }
    if (!check_uart(link->uart, "link", i, err)) {
        return false;
    }
    if (link->uart && (link->uart->drop_ppb > PPB || link->uart->corrupt_ppb > PPB)) {
        return bad(err, "link %zu: a probability above 1", i);
    }
    if (link->latency_ns && link->latency_ns < orrery_plan_frame_ns(&format)) {
        return bad(err, "link %zu: latency is less than one frame", i);
    }
    return true;
}

static bool check_radio_link(const Orrery__Link *link, size_t i, struct orrery_error *err)
{
    const Orrery__Radio *radio = link->radio;

    if (radio && radio->path_db.len && radio->path_db.len != link->n_ends * link->n_ends) {
        return bad(err, "link %zu: path losses are not one for each two ends", i);
    }
    return !radio || radio->loss_ppb <= PPB || bad(err, "link %zu: loses too many", i);
}

static bool check_link(const Orrery__Plan *plan, const Orrery__Link *link, GHashTable *used,
                       size_t i, struct orrery_error *err)
{
    if ((unsigned)link->kind > ORRERY__LINK__KIND__GPIO) {
        return bad(err, "link %zu: unknown kind", i);
    }
    if (link->n_ends < 2 || link->n_ends > LINK_ENDS_MAX) {
        return bad(err, "link %zu: not 2 to %d ends", i, LINK_ENDS_MAX);
    }
    for (size_t a = 0; a < link->n_ends; a++) {
        if (!check_end(plan, link->ends[a], used, "link", i, err)) {
            return false;
        }
        for (size_t b = 0; b < a; b++) {
            if (link->ends[a]->member == link->ends[b]->member) {
                return bad(err, "link %zu: loops to its own member", i);
            }
        }
    }
    if (link->latency_ns >= ORRERY_TIME_INF) {
        return bad(err, "link %zu: latency is not below 13 days", i);
    }
    if (link->kind == ORRERY__LINK__KIND__UART) {
        return check_uart_link(link, i, err);
    }
    if (link->kind == ORRERY__LINK__KIND__RADIO && !check_radio_link(link, i, err)) {
        return false;
    }
    if (link->pull > 2) {
        return bad(err, "link %zu: unknown pull", i);
    }
    return link->latency_ns || bad(err, "link %zu: no latency", i);
}

static bool check_attach(const Orrery__Plan *plan, const Orrery__Attach *attach, GHashTable *used,
                         size_t i, struct orrery_error *err)
{
    bool to_file = attach->to == ORRERY__ATTACH__TO__FILE;

    if (!check_end(plan, attach->end, used, "attach", i, err) ||
        !check_uart(attach->uart, "attach", i, err)) {
        return false;
    }
    if ((int)attach->to > ORRERY__ATTACH__TO__TCP) {
        return bad(err, "attach %zu: unknown kind", i);
    }
    if (to_file && !attach->path[0]) {
        return bad(err, "attach %zu: no path", i);
    }
    if (attach->tcp_port > 65535) {
        return bad(err, "attach %zu: no such tcp port", i);
    }
    if ((unsigned)attach->capture > ORRERY__ATTACH__CAPTURE__AIR || (attach->capture && !to_file)) {
        return bad(err, "attach %zu: cannot be captured like that", i);
    }
    if (attach->mark_clients && attach->to != ORRERY__ATTACH__TO__TCP) {
        return bad(err, "attach %zu: only a tcp port has clients", i);
    }
    return true;
}

static bool check_links(const Orrery__Plan *plan, struct orrery_error *err)
{
    GHashTable *used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    /* for stimuli; with a script also for answers */
    size_t lanes = 2 * plan->n_attaches + (plan->script ? 2 : 1) * plan->n_instances;
    bool ok = true;

    for (size_t i = 0; i < plan->n_links && ok; i++) {
        ok = check_link(plan, plan->links[i], used, i + 1, err);
        lanes += ok ? orrery_plan_lanes(plan->links[i]) : 0;
    }
    if (ok && lanes > ORRERY_MAX_LANES) {
        ok = bad(err, "links and ports take %zu lanes: at most %d", lanes, ORRERY_MAX_LANES);
    }
    for (size_t i = 0; i < plan->n_attaches && ok; i++) {
        ok = check_attach(plan, plan->attaches[i], used, i + 1, err);
    }
    g_hash_table_unref(used);
    return ok;
}

static bool check_state(const Orrery__Plan *plan, const Orrery__State *state, GHashTable *used,
                        size_t i, struct orrery_error *err)
{
    if (!name_ok(state->name, ORRERY_NAME_MAX - 1)) {
        return bad(err, "state %zu: bad name", i);
    }
    if (state->size < 1 || state->size > STATE_BYTES_MAX) {
        return bad(err, "state %zu: not 1 to %u bytes", i, STATE_BYTES_MAX);
    }
    if (state->n_members < 2 || state->n_members > plan->n_instances) {
        return bad(err, "state %zu: not 2 members or more", i);
    }
    for (size_t k = 0; k < state->n_members; k++) {
        if (state->members[k] < 1 || state->members[k] > plan->n_instances) {
            return bad(err, "state %zu: no such member", i);
        }
        if (!g_hash_table_add(used, g_strdup_printf("%u.%s", state->members[k], state->name))) {
            return bad(err, "state %zu: %s has two states %s", i,
                       plan->instances[state->members[k] - 1]->name, state->name);
        }
    }
    return true;
}

bool orrery_plan_stimulus_ok(const Orrery__Stimulus *stimulus)
{
    switch (stimulus->kind) {
    case ORRERY__STIMULUS__KIND__RESET:
        return stimulus->for_ns == 0;
    case ORRERY__STIMULUS__KIND__LINE:
        return name_ok(stimulus->line, ORRERY_LINE_MAX - 1) && stimulus->level >= 0 &&
               stimulus->level <= ORRERY_LINE_FREE && stimulus->for_ns < ORRERY_TIME_INF;
    case ORRERY__STIMULUS__KIND__POWER:
        return (stimulus->level == 0 && stimulus->for_ns < ORRERY_TIME_INF) ||
               (stimulus->level == 1 && stimulus->for_ns == 0);
    case ORRERY__STIMULUS__KIND__FAULT:
        return name_ok(stimulus->line, ORRERY_LINE_MAX - 1) && stimulus->level >= 0 &&
               stimulus->level < ORRERY_FAULT_COUNT &&
               (stimulus->rate_ppb <= PPB || stimulus->rate_ppb == ORRERY_FAULT_AS_LINK) &&
               stimulus->delay_ns < ORRERY_TIME_INF && stimulus->for_ns < ORRERY_TIME_INF;
    default:
        return false;
    }
}

struct orrery_stimulus orrery_plan_stimulus(const Orrery__Stimulus *from)
{
    struct orrery_stimulus stimulus = {.kind = (uint32_t)from->kind,
                                       .level = from->level,
                                       .rate_ppb = from->rate_ppb,
                                       .count = from->count,
                                       .delay_ns = from->delay_ns};

    snprintf(stimulus.line, sizeof(stimulus.line), "%s", from->line);
    return stimulus;
}

static bool check_inputs(const Orrery__Plan *plan, struct orrery_error *err)
{
    for (size_t i = 0; i < plan->n_inputs; i++) {
        const Orrery__Input *input = plan->inputs[i];

        if (input->member < 1 || input->member > plan->n_instances) {
            return bad(err, "input %zu: no such member", i + 1);
        }
        if (input->at_ns >= ORRERY_TIME_INF || !input->what ||
            !orrery_plan_stimulus_ok(input->what)) {
            return bad(err, "input %zu: unknown kind, level, line or time", i + 1);
        }
    }
    return true;
}

static bool check_states(const Orrery__Plan *plan, struct orrery_error *err)
{
    GHashTable *used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    bool ok = true;

    if (plan->n_states > ORRERY_MAX_STATES) {
        ok = bad(err, "%zu states: at most %d", plan->n_states, ORRERY_MAX_STATES);
    }
    for (size_t i = 0; i < plan->n_states && ok; i++) {
        ok = check_state(plan, plan->states[i], used, i + 1, err);
    }
    g_hash_table_unref(used);
    return ok;
}

static bool check_run_dir(const char *dir, struct orrery_error *err)
{
    struct stat st;

    if (dir[0] != '/' || strlen(dir) > RUN_DIR_MAX) {
        return bad(err, "run directory: not an absolute path of at most %d bytes", RUN_DIR_MAX);
    }
    if (lstat(dir, &st) < 0) {
        return bad(err, "run directory %s: %s", dir, strerror(errno));
    }
    if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077)) {
        return bad(err, "run directory %s: not a private directory (0700) of ours", dir);
    }
    return true;
}

static bool check_clock(const Orrery__Clock *clock, struct orrery_error *err)
{
    if (clock->for_ns >= ORRERY_TIME_INF || clock->reaction_ns >= ORRERY_TIME_INF) {
        return bad(err, "clock: longer than 13 days");
    }
    if (!isfinite(clock->pace) || clock->pace < 0 || clock->pace > 1e6) {
        return bad(err, "clock: pace is not between 0 and a million");
    }
    return true;
}

static bool check_plan(Orrery__Plan *plan, struct orrery_error *err)
{
    if (!plan->clock) { /* all of its fields have a zero that means the default */
        plan->clock = g_new(Orrery__Clock, 1);
        orrery__clock__init(plan->clock);
    }
    return check_clock(plan->clock, err) && check_run_dir(plan->run_dir, err) &&
           check_instances(plan, err) && check_links(plan, err) && check_states(plan, err) &&
           check_inputs(plan, err);
}

Orrery__Plan *orrery_plan_read(int fd, struct orrery_error *err)
{
    GByteArray *bytes = g_byte_array_new();
    Orrery__Plan *plan = NULL;

    if (read_all(fd, bytes, err)) {
        plan = orrery__plan__unpack(NULL, bytes->len, bytes->data);
        if (!plan) {
            bad(err, "not a packed Plan (%u bytes)", bytes->len);
        } else if (!check_plan(plan, err)) {
            orrery__plan__free_unpacked(plan, NULL);
            plan = NULL;
        }
    }
    g_byte_array_unref(bytes);
    return plan;
}
