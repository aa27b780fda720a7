// SPDX-License-Identifier: Apache-2.0
/* What voltages are on a chip's analogue inputs (key adc). See manifest_parts.h. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "manifest_parts.h"

/* Digits, at most one point, an optional m, u, n, k or M, the unit. */
static bool is_quantity(const char *text, const char *unit, bool may_be_negative)
{
    size_t digits = 0, points = 0;

    text += may_be_negative && *text == '-';
    for (; isdigit((unsigned char)*text) || (*text == '.' && !points); text++) {
        digits += *text != '.';
        points += *text == '.';
    }
    if (!digits || digits > 12) {
        return false;
    }
    text += *text && strchr("munkM", *text) && strcmp(text, unit) != 0;
    return !strcmp(text, unit);
}

static bool is_sine(struct arena *arena, const char *text)
{
    char *frequency = arena_copy(arena, text), *offset = strchr(frequency, '/'), *amplitude;

    if (!offset) {
        return false;
    }
    *offset++ = 0;
    amplitude = strchr(offset, '/');
    if (!amplitude) {
        return false;
    }
    *amplitude++ = 0;
    return is_quantity(frequency, "Hz", false) && is_quantity(offset, "V", true) &&
           is_quantity(amplitude, "V", true);
}

static bool is_input(const char *name)
{
    char *end;
    unsigned long n;

    if (!strcmp(name, "VDDA") || !strcmp(name, "VBAT") || !strcmp(name, "TEMP")) {
        return true;
    }
    if (strncmp(name, "IN", 2) != 0 || name[2] < '1' || name[2] > '9') {
        return false;
    }
    n = strtoul(name + 2, &end, 10);
    return !*end && n <= 16;
}

static bool read_input(struct reader *r, const yaml_node_t *map, size_t index,
                       struct adc_input *input)
{
    const yaml_node_t *key = map_key(r, map, index), *value = map_value(r, map, index);
    bool temperature;

    if (key->type != YAML_SCALAR_NODE || !is_input(node_text(key))) {
        return reader_fail(r, key, "adc: an input was meant: IN1 to IN16, VDDA, VBAT, TEMP");
    }
    input->name = arena_copy(r->arena, node_text(key));
    input->at = node_mark(value);
    if (!read_text(r, value, "adc", &input->value)) {
        return false;
    }
    temperature = !strcmp(input->name, "TEMP");
    if (temperature) {
        return is_quantity(input->value, "C", true) ||
               reader_fail(r, value, "adc: a temperature was meant, e.g. 25C");
    }
    if (!strncmp(input->value, "sine:", 5)) {
        return is_sine(r->arena, input->value + 5) ||
               reader_fail(r, value,
                           "adc: frequency, offset and amplitude were meant, "
                           "e.g. sine:50Hz/1.65V/1V");
    }
    if (!strncmp(input->value, "file:", 5)) {
        input->file = input->value + 5;
        return (*input->file && !strchr(input->file, ';')) ||
               reader_fail(r, value, "adc: a file's name without a semicolon was meant");
    }
    return is_quantity(input->value, "V", true) ||
           reader_fail(r, value, "adc: a voltage (1.2V), sine:... or file:... was meant");
}

bool read_adc(struct reader *r, const yaml_node_t *node, void *record)
{
    struct instance *inst = record;
    size_t count;

    inst->adc_node = node;
    if (!read_map(r, node, "adc", &count)) {
        return false;
    }
    inst->adc = arena_array(r->arena, count, sizeof(*inst->adc));
    for (size_t i = 0; i < count; i++) {
        if (!read_input(r, node, i, &inst->adc[i])) {
            return false;
        }
        inst->adc_count++;
    }
    return true;
}
