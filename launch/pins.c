// SPDX-License-Identifier: Apache-2.0
/* What is outside a chip's pins: levels and wires (key pins). See manifest_parts.h. */
#include <string.h>

#include "manifest_parts.h"

/* Pins of the STM32WB55 in its largest package: A to D have 16, E five, H three. */
bool is_wb55_pin(const char *name)
{
    static const char *const numbers[] = {"0", "1", "2",  "3",  "4",  "5",  "6",  "7",
                                          "8", "9", "10", "11", "12", "13", "14", "15"};
    static const struct {
        char port;
        unsigned bits;
    } ports[] = {{'A', 0xffff}, {'B', 0xffff}, {'C', 0xffff},
                 {'D', 0xffff}, {'E', 0x1f},   {'H', 0xb}};

    for (size_t p = 0; p < sizeof(ports) / sizeof(ports[0]); p++) {
        for (size_t n = 0; n < 16 && name[0] == 'P' && name[1] == ports[p].port; n++) {
            if (ports[p].bits >> n & 1 && !strcmp(name + 2, numbers[n])) {
                return true;
            }
        }
    }
    return false;
}

static bool read_pin(struct reader *r, const yaml_node_t *map, size_t index, struct strings *words)
{
    const yaml_node_t *key = map_key(r, map, index), *value = map_value(r, map, index);
    char *text;

    if (key->type != YAML_SCALAR_NODE || !is_wb55_pin(node_text(key))) {
        return reader_fail(r, key, "pins: a pin was meant: PA0 to PD15, PE0 to PE4, PH0, PH1, PH3");
    }
    if (!read_text(r, value, "pins", &text)) {
        return false;
    }
    if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0 && !is_wb55_pin(text)) {
        return reader_fail(r, value, "pins: a level (0 or 1) or another pin was meant");
    }
    if (!strcmp(text, node_text(key))) {
        return reader_fail(r, value, "pins: %s is wired to itself", text);
    }
    strings_addf(r->arena, words, "%s=%s", node_text(key), text);
    return true;
}

bool read_pins(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;
    struct strings words = {0};
    size_t count;

    inst->pins_node = node;
    if (!read_map(r, node, "pins", &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_pin(r, node, i, &words)) {
            return false;
        }
    }
    inst->pins = count ? strings_join(r->arena, &words, ":") : NULL;
    return true;
}
