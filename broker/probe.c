/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DIGEST 32u
#define SHOWN 16u /* bytes of memory in a message */

bool orrery_probe_ok(const Orrery__ScriptStep *step)
{
    size_t most = sizeof(((struct orrery_probe *)NULL)->bytes);

    switch (step->kind) {
    case ORRERY__SCRIPT_STEP__KIND__MEMORY:
    case ORRERY__SCRIPT_STEP__KIND__SET:
        return step->text.len > 0 && step->text.len <= most &&
               (!step->width || (step->width <= 8 && step->text.len == step->width));
    case ORRERY__SCRIPT_STEP__KIND__SCREEN:
        return step->text.len == DIGEST && step->line[0] && !strchr(step->line, '/') &&
               DIGEST + strlen(step->line) < most;
    case ORRERY__SCRIPT_STEP__KIND__LEVEL:
    case ORRERY__SCRIPT_STEP__KIND__AWAIT:
        return step->text.len > 0 && step->text.len < ORRERY_LINE_MAX && step->value <= 1;
    default:
        return true;
    }
}

size_t orrery_probe_make(const Orrery__ScriptStep *step, bool at_pc, struct orrery_probe *probe)
{
    static const uint32_t kinds[] = {
        [ORRERY__SCRIPT_STEP__KIND__MEMORY] = ORRERY_PROBE_READ,
        [ORRERY__SCRIPT_STEP__KIND__SET] = ORRERY_PROBE_WRITE,
        [ORRERY__SCRIPT_STEP__KIND__PC] = ORRERY_PROBE_PC,
        [ORRERY__SCRIPT_STEP__KIND__SCREEN] = ORRERY_PROBE_SCREEN,
        [ORRERY__SCRIPT_STEP__KIND__RESETS] = ORRERY_PROBE_RESETS,
        [ORRERY__SCRIPT_STEP__KIND__ERRORS] = ORRERY_PROBE_ERRORS,
        [ORRERY__SCRIPT_STEP__KIND__LEVEL] = ORRERY_PROBE_LEVEL,
        [ORRERY__SCRIPT_STEP__KIND__AWAIT] = ORRERY_PROBE_AWAIT,
    };
    size_t len = ORRERY_PROBE_HEAD;

    *probe = (struct orrery_probe){.kind = kinds[step->kind],
                                   .length = (uint32_t)step->text.len,
                                   .address = step->address,
                                   .at_pc = at_pc};
    if (step->kind == ORRERY__SCRIPT_STEP__KIND__AWAIT) {
        probe->address = step->value;
    }
    if (step->kind == ORRERY__SCRIPT_STEP__KIND__MEMORY || step->text.len > sizeof(probe->bytes)) {
        return len;
    }
    if (step->text.len) {
        memcpy(probe->bytes, step->text.data, step->text.len);
        len += step->text.len;
    }
    if (step->kind == ORRERY__SCRIPT_STEP__KIND__SCREEN && len < sizeof(*probe)) {
        size_t name = strnlen(step->line, sizeof(*probe) - len - 1) + 1;

        memcpy(probe->bytes + step->text.len, step->line, name);
        probe->length += (uint32_t)name;
        len += name;
    }
    return len;
}

static uint64_t number_in(const uint8_t *bytes, size_t width, bool big_endian)
{
    uint64_t value = 0;

    for (size_t i = 0; i < width; i++) {
        value |= (uint64_t)bytes[i] << 8 * (big_endian ? width - 1 - i : i);
    }
    return value;
}

/* As the step writes it: a number, bytes in hexadecimal digits, or text. */
static void show(const Orrery__ScriptStep *step, const uint8_t *bytes, char *out, size_t size)
{
    size_t used = 0;

    if (step->width) {
        uint64_t value = number_in(bytes, step->width, step->big_endian);

        snprintf(out, size, "%" PRIu64 " (0x%" PRIx64 ")", value, value);
        return;
    }
    for (size_t i = 0; i < step->text.len && i < SHOWN; i++) {
        used += (size_t)snprintf(out + used, size - used, "%s%02x", i ? " " : "", bytes[i]);
    }
    snprintf(out + used, size - used, "%s", step->text.len > SHOWN ? " ..." : "");
}

static bool judge_memory(const Orrery__ScriptStep *step, const struct orrery_answer *answer,
                         char wrong[PROBE_TEXT])
{
    char wanted[80], got[80];

    if (answer->length != step->text.len) {
        snprintf(wrong, PROBE_TEXT, "%s gave an answer that is none", step->instance);
        return false;
    }
    if (!memcmp(answer->bytes, step->text.data, step->text.len)) {
        return true;
    }
    show(step, step->text.data, wanted, sizeof(wanted));
    show(step, answer->bytes, got, sizeof(got));
    snprintf(wrong, PROBE_TEXT, "%s.%s (0x%" PRIx64 "): %s was meant; it is %s", step->instance,
             step->line, step->address, wanted, got);
    return false;
}

static bool judge_failure(const Orrery__ScriptStep *step, const char *pictures,
                          const struct orrery_answer *answer, char wrong[PROBE_TEXT])
{
    unsigned width = (uint32_t)answer->value, height = (uint32_t)(answer->value >> 32);

    switch (answer->failed) {
    case ORRERY_ANSWER_DONE:
        return true;
    case ORRERY_ANSWER_NO_MEMORY:
        snprintf(wrong, PROBE_TEXT,
                 "%s.%s: %zu bytes at 0x%" PRIx64 " are not all memory that its core sees now",
                 step->instance, step->line, step->text.len, step->address);
        return false;
    case ORRERY_ANSWER_DIFFERS:
        snprintf(wrong, PROBE_TEXT, "%s: another picture, %u x %u: %s%s", step->instance, width,
                 height, pictures, step->line);
        return false;
    case ORRERY_ANSWER_NOT_KEPT:
        snprintf(wrong, PROBE_TEXT, "%s: another picture, %u x %u; %s%s cannot be written",
                 step->instance, width, height, pictures, step->line);
        return false;
    case ORRERY_ANSWER_NO_SCREEN:
        snprintf(wrong, PROBE_TEXT, "%s has no display", step->instance);
        return false;
    default:
        snprintf(wrong, PROBE_TEXT, "%s cannot answer that", step->instance);
        return false;
    }
}

static bool judge_errors(const Orrery__ScriptStep *step, const struct orrery_answer *answer,
                         char wrong[PROBE_TEXT])
{
    char first[120];
    size_t n = 0;

    while (n < answer->length && n < sizeof(first) - 1 && n < sizeof(answer->bytes) &&
           answer->bytes[n] >= ' ' && answer->bytes[n] <= '~') {
        first[n] = (char)answer->bytes[n];
        n++;
    }
    first[n] = '\0';
    snprintf(wrong, PROBE_TEXT,
             "%s: %" PRIu64 " guest errors were meant; there were %" PRIu64 "%s%s", step->instance,
             step->value, answer->value, n ? ", the first: " : "", first);
    return answer->value == step->value;
}

bool orrery_probe_judge(const Orrery__ScriptStep *step, const char *pictures,
                        const uint8_t *payload, size_t len, char wrong[PROBE_TEXT])
{
    struct orrery_answer answer = {0};

    if (len < ORRERY_ANSWER_HEAD || len > sizeof(answer)) {
        snprintf(wrong, PROBE_TEXT, "%s gave an answer that is none", step->instance);
        return false;
    }
    memcpy(&answer, payload, len);
    if (!judge_failure(step, pictures, &answer, wrong)) {
        return false;
    }
    switch (step->kind) {
    case ORRERY__SCRIPT_STEP__KIND__MEMORY:
        answer.length = answer.length <= len - ORRERY_ANSWER_HEAD ? answer.length : 0;
        return judge_memory(step, &answer, wrong);
    case ORRERY__SCRIPT_STEP__KIND__RESETS:
        snprintf(wrong, PROBE_TEXT, "%s: %" PRIu64 " resets were meant; there were %" PRIu64,
                 step->instance, step->value, answer.value);
        return answer.value == step->value;
    case ORRERY__SCRIPT_STEP__KIND__LEVEL:
        snprintf(wrong, PROBE_TEXT, "%s.%s: %" PRIu64 " was meant; it is %" PRIu64, step->instance,
                 step->line, step->value, answer.value);
        return answer.value == step->value;
    case ORRERY__SCRIPT_STEP__KIND__ERRORS:
        return judge_errors(step, &answer, wrong);
    default:
        return true;
    }
}
