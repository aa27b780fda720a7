// SPDX-License-Identifier: Apache-2.0
/* Pins: nets of them, links with the key gpio; and which of them a button may hold. See
 * manifest_parts.h. */
#include <stdio.h>
#include <string.h>

#include "manifest_parts.h"
#include "suggest.h"

bool read_link_pull(struct reader *r, const yaml_node_t *node, void *record)
{
    static const char *const words[] = {
        [PULL_NONE] = "none", [PULL_UP] = "up", [PULL_DOWN] = "down"};
    struct link_draft *draft = record;
    size_t index;

    link_key_of(draft, LINK_GPIO, node, "pull");
    if (!read_choice(r, node, "pull", words, sizeof(words) / sizeof(words[0]), &index)) {
        return false;
    }
    draft->link.pull = (enum pull)index;
    return true;
}

/* gpio.PC12 of an stm32wb55, gpio.3 of an st33, and their reset pins. */
bool check_gpio_port(struct reader *r, const yaml_node_t *node, const struct instance *inst,
                     const char *port)
{
    const char *pin = strncmp(port, "gpio.", 5) == 0 ? port + 5 : "";
    bool wb55 = is_stm32wb55(inst);

    if (!wb55 && !is_machine(inst, "st33") && !is_machine(inst, "st33-p256")) {
        return reader_fail(r, node,
                           "port '%s.%.60s': pins of stm32wb55 and st33 can be on a net, not those "
                           "of '%.60s'",
                           inst->name, port, inst->machine);
    }
    if (wb55 ? is_wb55_pin(pin) || !strcmp(pin, "NRST") : is_to_15(pin) || !strcmp(pin, "RST")) {
        return true;
    }
    return reader_fail(r, node, "port '%s.%.60s': a pin was meant, %s", inst->name, port,
                       wb55 ? "like gpio.PC12, or gpio.NRST" : "gpio.0 to gpio.15, or gpio.RST");
}

bool finish_gpio(struct reader *r, struct link_draft *draft)
{
    if (!draft->latency) {
        draft->link.latency_ns = DEFAULT_NET_LATENCY_NS;
    }
    return draft->link.latency_ns ||
           reader_fail(r, draft->latency, "latency 0: nothing travels in no time");
}

static bool is_named(const char *machine, const char *name)
{
    size_t len = strlen(name);

    return !strncmp(machine, name, len) && strchr(",", machine[len]);
}

/* UM2435: what the Nucleo board's parts are called. */
static const struct {
    const char *name, *line;
} board[] = {{"SW1", "gpio.PC4"}, {"SW2", "gpio.PD0"}, {"SW3", "gpio.PD1"},
             {"LD1", "gpio.PB5"}, {"LD2", "gpio.PB0"}, {"LD3", "gpio.PB1"}};

#define BOARD_PARTS (sizeof(board) / sizeof(board[0]))

const char *machine_line(const char *machine, const char *line)
{
    bool gpio = !strncmp(line, "gpio.", 5), tamper = !strncmp(line, "tamper.", 7);

    if (is_named(machine, "stm32wb55")) {
        for (size_t i = 0; i < BOARD_PARTS; i++) {
            if (!strcmp(board[i].name, line)) {
                return board[i].line;
            }
        }
        return gpio && is_wb55_pin(line + 5) ? line : NULL;
    }
    return (is_named(machine, "st33") || is_named(machine, "st33-p256")) &&
                   (!strcmp(line, "power") || (gpio && is_to_15(line + 5)) ||
                    (tamper && line[7] >= '0' && line[7] <= '3' && !line[8]))
               ? line
               : NULL;
}

/* What has a name near to it: the board's parts, and the pin without its gpio. */
const char *machine_near_line(const char *machine, const char *line)
{
    const char *dot = strrchr(line, '.');
    char pin[16];
    struct suggestion near;

    snprintf(pin, sizeof(pin), "gpio.%s", dot ? dot + 1 : line);
    if (machine_line(machine, pin)) {
        return suggest_phrase(pin);
    }
    suggest_begin(&near, line);
    for (size_t i = 0; i < BOARD_PARTS && is_named(machine, "stm32wb55"); i++) {
        suggest_offer(&near, board[i].name);
    }
    return suggest_phrase(near.best);
}

bool check_line(struct reader *r, const yaml_node_t *node, const struct instance *inst, char **line)
{
    const char *found = machine_line(inst->machine, *line);

    if (!found) {
        return reader_fail(r, node,
                           "machine '%.60s' has no input '%.60s'; stm32wb55 has pins like "
                           "gpio.PC4, SW1 to SW3 and LD1 to LD3, st33 gpio.0 to gpio.15, tamper.0 "
                           "to tamper.3 and power%s",
                           inst->machine, *line, machine_near_line(inst->machine, *line));
    }
    *line = arena_copy(r->arena, found);
    return true;
}
