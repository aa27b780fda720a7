// SPDX-License-Identifier: Apache-2.0
/* Steps that are asked of an instance: memory, until, screenshot, resets, guest_errors, gpio, led.
 * See scenario.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "counters.h"
#include "manifest_parts.h"
#include "number.h"
#include "picture.h"
#include "symbols.h"

#define MAX_BYTES 256 /* struct orrery_probe's */
#define ADDRESS_WIDTH 4

bool is_asked(enum step_kind kind)
{
    return kind >= STEP_MEMORY && kind <= STEP_AWAIT;
}

/* ---- keys ---- */

bool read_memory(struct reader *r, const yaml_node_t *node, void *record)
{
    struct step_draft *draft = record;

    return step_named(r, node, draft, STEP_MEMORY, "memory", &draft->step.line);
}

static bool read_pc(struct reader *r, const yaml_node_t *node, void *record)
{
    struct step_draft *draft = record;

    draft->what = node;
    return read_string(r, node, "pc", &draft->step.line);
}

static const struct field until_fields[] = {{"pc", read_pc, .required = true}};
const struct section until_section = {"until", until_fields, 1};

bool read_until(struct reader *r, const yaml_node_t *node, void *record)
{
    return step_kind(r, node, record, STEP_PC) && read_section(r, node, &until_section, record);
}

bool read_screenshot(struct reader *r, const yaml_node_t *node, void *record)
{
    struct step_draft *draft = record;

    return step_named(r, node, draft, STEP_SCREEN, "screenshot", &draft->step.instance);
}

bool read_resets(struct reader *r, const yaml_node_t *node, void *record)
{
    struct step_draft *draft = record;

    return step_named(r, node, draft, STEP_RESETS, "resets", &draft->step.instance);
}

bool read_errors(struct reader *r, const yaml_node_t *node, void *record)
{
    struct step_draft *draft = record;

    return step_named(r, node, draft, STEP_ERRORS, "guest_errors", &draft->step.instance);
}

bool read_gpio(struct reader *r, const yaml_node_t *node, void *record)
{
    struct step_draft *draft = record;

    return step_named(r, node, draft, STEP_LEVEL, "gpio", &draft->step.line);
}

bool read_led(struct reader *r, const yaml_node_t *node, void *record)
{
    struct step_draft *draft = record;

    draft->is_led = true;
    return step_named(r, node, draft, STEP_LEVEL, "led", &draft->step.line);
}

bool read_counter(struct reader *r, const yaml_node_t *node, void *record)
{
    struct step_draft *draft = record;
    size_t index;

    if (!step_kind(r, node, draft, STEP_COUNTER) ||
        !read_choice(r, node, "counter", counter_names, COUNTERS, &index)) {
        return false;
    }
    draft->step.line = arena_copy(r->arena, counter_names[index]);
    return true;
}

bool settle_counter(struct reader *r, const struct manifest *m, struct step_draft *draft)
{
    struct endpoint end;

    if (!draft->port || !draft->is) {
        return reader_fail(r, draft->what, "counter: keys 'port' and 'is', a number, are needed");
    }
    if (!read_endpoint(r, draft->port, m, &end)) {
        return false;
    }
    if (!manifest_link_end(m, end.instance, end.port) &&
        !manifest_attach_end(m, end.instance, end.port)) {
        return reader_fail(r, draft->port, "no wire ends at '%.60s'", draft->step.port);
    }
    return read_u64(r, draft->is, "is", 0, UINT64_MAX, &draft->step.value);
}

bool read_is(struct reader *r, const yaml_node_t *node, void *record)
{
    ((struct step_draft *)record)->is = node;
    return true;
}

bool read_set(struct reader *r, const yaml_node_t *node, void *record)
{
    ((struct step_draft *)record)->set = node;
    return true;
}

bool read_width(struct reader *r, const yaml_node_t *node, void *record)
{
    struct step_draft *draft = record;
    uint64_t width;

    draft->width = node;
    if (!read_u64(r, node, "width", 1, 8, &width)) {
        return false;
    }
    draft->step.width = (unsigned)width;
    return !(width & (width - 1)) || reader_fail(r, node, "width: 1, 2, 4 or 8 was meant");
}

/* ---- a step as a whole ---- */

/* A target's numbers in memory. */
static bool is_big_endian(const char *target)
{
    static const char *const big[] = {"hppa",  "m68k",    "microblaze", "mips",  "mips64",
                                      "or1k",  "ppc",     "ppc64",      "s390x", "sh4eb",
                                      "sparc", "sparc64", "xtensaeb"};

    for (size_t i = 0; i < sizeof(big) / sizeof(big[0]); i++) {
        if (!strcmp(target, big[i])) {
            return true;
        }
    }
    return false;
}

/* SYMBOL, SYMBOL+OFFSET or ADDRESS. */
static bool read_place(struct reader *r, const yaml_node_t *node, const char *text,
                       struct script_step *step)
{
    const char *plus = strchr(text, '+');

    step->address = 0;
    if (*text >= '0' && *text <= '9') {
        return !parse_u64(text, &step->address) ||
               reader_fail(r, node, "'%.60s' is neither an address nor a symbol", text);
    }
    step->symbol = plus ? arena_copy_n(r->arena, text, (size_t)(plus - text))
                        : arena_copy(r->arena, text);
    if (!*step->symbol || (plus && parse_u64(plus + 1, &step->address))) {
        return reader_fail(r, node, "'%.60s': SYMBOL, SYMBOL+BYTES or an address was meant", text);
    }
    return true;
}

/* INSTANCE.PLACE */
static bool settle_place(struct reader *r, const struct manifest *m, struct step_draft *draft)
{
    const char *place = NULL;
    int found = split_port(m, draft->step.line, &place);

    if (found < 0) {
        return reader_fail(r, draft->what,
                           "'%.60s': INSTANCE.SYMBOL or INSTANCE.ADDRESS was meant, and an "
                           "instance of the manifest",
                           draft->step.line);
    }
    draft->step.instance = m->instances[found].name;
    draft->step.big_endian = is_big_endian(m->instances[found].target);
    draft->step.line = arena_copy(r->arena, place);
    return read_place(r, draft->what, place, &draft->step);
}

/* A number, a text, or with hex bytes. */
static bool settle_value(struct reader *r, struct step_draft *draft)
{
    const yaml_node_t *node = draft->set ? draft->set : draft->is;
    const char *key = draft->set ? "set" : "is";
    struct script_step *step = &draft->step;

    if (!node || (draft->set && draft->is)) {
        return reader_fail(r, draft->what, "memory: one key, 'is' or 'set', was meant");
    }
    if (draft->set) {
        step->kind = STEP_SET;
    }
    if (node_is_integer(node) && !draft->is_hex) {
        step->is_number = true;
        return read_u64(r, node, key, 0, UINT64_MAX, &step->value);
    }
    if (!read_text(r, node, key, &step->text)) {
        return false;
    }
    step->text_len = strlen(step->text);
    if (draft->is_hex && !step_bytes(r, node, step)) {
        return false;
    }
    if (draft->width) {
        return reader_fail(r, draft->width, "width: is for numbers");
    }
    return (step->text_len && step->text_len <= MAX_BYTES) ||
           reader_fail(r, node, "%s: 1 to %d bytes were meant", key, MAX_BYTES);
}

static bool settle_screen(const struct scenario *s, struct reader *r, struct step_draft *draft)
{
    struct script_step *step = &draft->step;

    if (!draft->is) {
        return reader_fail(r, draft->what, "screenshot: key 'is', a PNG file, is missing");
    }
    step->file_at = node_mark(draft->is);
    if (!read_string(r, draft->is, "is", &step->file)) {
        return false;
    }
    if (step->file[0] != '/') {
        step->file = arena_printf(r->arena, "%s/%s", s->directory ? s->directory : ".", step->file);
    }
    /* where another picture is kept: behind a name for the run */
    step->line = arena_printf(r->arena, "line%u.png", step->at.line);
    return true;
}

/* INSTANCE.PIN, with what it is, and whether it may take a time. */
static bool settle_level(struct reader *r, const struct manifest *m, struct step_draft *draft)
{
    static const char *const words[] = {"off", "on"};
    struct script_step *step = &draft->step;
    struct endpoint end;
    size_t index;

    if (!draft->is) {
        return reader_fail(r, draft->what,
                           draft->is_led ? "led: key 'is', on or off, is missing"
                                         : "gpio: key 'is', 0 or 1, is missing");
    }
    if (!read_endpoint(r, draft->what, m, &end) ||
        !check_line(r, draft->what, &m->instances[end.instance], &end.port)) {
        return false;
    }
    if (strncmp(end.port, "gpio.", 5) != 0) {
        return reader_fail(r, draft->what, "'%.60s' is no pin", step->line);
    }
    step->instance = m->instances[end.instance].name;
    step->line += strlen(step->instance) + 1; /* as it was written */
    step->text = end.port;
    step->text_len = strlen(end.port);
    if (draft->within) {
        step->kind = STEP_AWAIT;
    }
    if (!draft->is_led || node_is_integer(draft->is)) {
        return read_u64(r, draft->is, "is", 0, 1, &step->value);
    }
    if (!read_choice(r, draft->is, "is", words, 2, &index)) {
        return false;
    }
    step->value = index;
    return true;
}

bool settle_asked(const struct scenario *s, struct reader *r, const struct manifest *m,
                  struct step_draft *draft)
{
    unsigned which;

    draft->step.at = node_mark(draft->what);
    switch (draft->step.kind) {
    case STEP_MEMORY:
        return settle_place(r, m, draft) && settle_value(r, draft);
    case STEP_PC:
        return settle_place(r, m, draft);
    case STEP_LEVEL:
        return settle_level(r, m, draft);
    case STEP_SCREEN:
        return find_instance(r, draft->what, m, draft->step.instance, &which) &&
               settle_screen(s, r, draft);
    default:
        if (!find_instance(r, draft->what, m, draft->step.instance, &which)) {
            return false;
        }
        m->instances[which].logs_errors |= draft->step.kind == STEP_ERRORS;
        return draft->is ? read_u64(r, draft->is, "is", 0, UINT64_MAX, &draft->step.value)
                         : reader_fail(r, draft->what, "key 'is', a number, is missing");
    }
}

/* ---- once the firmware is known ---- */

static bool resolve_symbol(struct script_step *step, const char *file, const struct instance *inst,
                           struct arena *arena, uint64_t *size, struct problem *why)
{
    struct symbol symbol;
    const char *wrong;

    if (!inst->firmware_path || inst->firmware_kind != FIRMWARE_ELF) {
        return problem_at(why, file, step->at,
                          "symbol '%.60s': %s has no ELF file as its firmware; give an address",
                          step->symbol, inst->name);
    }
    wrong = symbol_find(inst->firmware_path, step->symbol, &symbol, arena);
    if (wrong) {
        return problem_at(why, file, step->at, "symbol '%.60s' %s", step->symbol, wrong);
    }
    *size = step->address ? 0 : symbol.size;
    step->address += symbol.address;
    if (step->kind == STEP_PC && symbol.is_thumb) {
        step->address &= ~UINT64_C(1);
    }
    return true;
}

/* The number as it lies in memory. */
static bool encode(struct script_step *step, const char *file, uint64_t size, struct arena *arena,
                   struct problem *why)
{
    if (!step->width && step->symbol && size != 1 && size != 2 && size != 4 && size != 8) {
        return problem_at(why, file, step->at,
                          "'%.60s' has %" PRIu64 " bytes: key 'width' is missing, the number's",
                          step->line, size);
    }
    if (!step->width) {
        step->width = step->symbol ? (unsigned)size : ADDRESS_WIDTH;
    }
    if (step->width < 8 && step->value >> 8 * step->width) {
        return problem_at(why, file, step->at, "%" PRIu64 " does not fit in %u byte%s", step->value,
                          step->width, step->width == 1 ? "" : "s");
    }
    step->text = arena_alloc(arena, step->width);
    step->text_len = step->width;
    for (unsigned i = 0; i < step->width; i++) {
        unsigned place = step->big_endian ? step->width - 1 - i : i;

        step->text[i] = (char)(step->value >> 8 * place);
    }
    return true;
}

static bool resolve_picture(struct script_step *step, const char *file, struct arena *arena,
                            struct problem *why)
{
    const char *wrong;

    step->text = arena_alloc(arena, PICTURE_DIGEST);
    step->text_len = PICTURE_DIGEST;
    wrong = picture_digest(step->file, (uint8_t *)step->text);
    return !wrong || problem_at(why, file, step->file_at,
                                "%.200s: %s (`orrery screenshot` makes one)", step->file, wrong);
}

static bool resolve_step(struct script_step *step, const char *file, const struct manifest *m,
                         struct arena *arena, struct problem *why)
{
    uint64_t size = 0;
    int which;

    if (!is_asked(step->kind)) {
        return true;
    }
    which = manifest_instance(m, step->instance);
    if (which < 0) { /* run --only took it away */
        return problem_at(why, file, step->at, "no instance '%.60s' in this run", step->instance);
    }
    if (step->kind == STEP_SCREEN) {
        return resolve_picture(step, file, arena, why);
    }
    if (step->symbol && !resolve_symbol(step, file, &m->instances[which], arena, &size, why)) {
        return false;
    }
    return !step->is_number || encode(step, file, size, arena, why);
}

bool script_resolve(struct script *script, const char *file, const struct manifest *m,
                    struct arena *arena, struct problem *why)
{
    for (size_t i = 0; i < script->count; i++) {
        if (!resolve_step(&script->steps[i], file, m, arena, why)) {
            return false;
        }
    }
    return true;
}
