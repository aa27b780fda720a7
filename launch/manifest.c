// SPDX-License-Identifier: Apache-2.0
#include "manifest.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "manifest_parts.h"
#include "suggest.h"

/* ---- names ---- */

static bool is_name_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

bool check_name(struct reader *r, const yaml_node_t *node, const char *what, const char *name)
{
    size_t len = strlen(name);

    if (len > MAX_NAME) {
        return reader_fail(r, node, "%s '%.60s': longer than %d letters", what, name, MAX_NAME);
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_name_letter(name[i]) || (i == 0 && (name[0] == '-' || name[0] == '_'))) {
            return reader_fail(r, node,
                               "%s '%.60s': letters, digits, '_' and '-' were meant, and a "
                               "letter or digit first",
                               what, name);
        }
    }
    return len > 0 || reader_fail(r, node, "%s: empty", what);
}

/* Without a name: the file's, "examples/uart-pair.yaml" gives "uart-pair". */
static char *name_from_file(struct arena *arena, const char *file)
{
    const char *slash = strrchr(file, '/');
    char *name = arena_copy_n(arena, slash ? slash + 1 : file,
                              strnlen(slash ? slash + 1 : file, MAX_NAME));
    char *dot = strchr(name, '.');

    if (dot) {
        *dot = 0;
    }
    for (char *p = name; *p; p++) {
        if (!is_name_letter(*p) || (p == name && !isalnum((unsigned char)*p))) {
            *p = 'x';
        }
    }
    return *name ? name : arena_copy(arena, "run");
}

/* ---- the clock ---- */

static bool read_seed(struct reader *r, const yaml_node_t *node, void *record)
{
    struct clock_plan *clock = record;

    return read_u64(r, node, "seed", 0, UINT64_MAX, &clock->seed);
}

static bool read_mode(struct reader *r, const yaml_node_t *node, void *record)
{
    static const char *const modes[] = {"parallel", "turns"};
    struct clock_plan *clock = record;
    size_t mode;

    if (!read_choice(r, node, "mode", modes, 2, &mode)) {
        return false;
    }
    clock->turns = mode == 1;
    return true;
}

static bool read_for(struct reader *r, const yaml_node_t *node, void *record)
{
    struct clock_plan *clock = record;

    if (!read_time(r, node, "for", &clock->for_ns)) {
        return false;
    }
    return clock->for_ns > 0 || reader_fail(r, node, "for: a run takes some time, not 0");
}

static bool read_clock_pace(struct reader *r, const yaml_node_t *node, void *record)
{
    struct clock_plan *clock = record;

    clock->pace_given = true;
    return read_pace(r, node, "pace", &clock->pace);
}

static bool read_reaction(struct reader *r, const yaml_node_t *node, void *record)
{
    struct clock_plan *clock = record;

    if (!read_time(r, node, "reaction", &clock->reaction_ns)) {
        return false;
    }
    return clock->reaction_ns > 0 ||
           reader_fail(r, node, "reaction: answers take some time, not 0; the default is 10ms");
}

static unsigned two_digits(const char *text)
{
    return (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
}

static bool is_date(const char *text)
{
    static const unsigned days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    static const char form[] = "0000-00-00T00:00:00";
    unsigned year, month, day;

    for (size_t i = 0; i < sizeof(form); i++) {
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i]) {
            return false;
        }
    }
    year = two_digits(text) * 100 + two_digits(text + 2);
    month = two_digits(text + 5);
    day = two_digits(text + 8);
    return year >= 2000 && year <= 2099 && month >= 1 && month <= 12 && day >= 1 &&
           day <= days[month - 1] && (month != 2 || day < 29 || year % 4 == 0) &&
           two_digits(text + 11) < 24 && two_digits(text + 14) < 60 && two_digits(text + 17) < 60;
}

static bool read_date(struct reader *r, const yaml_node_t *node, void *record)
{
    struct clock_plan *clock = record;

    if (!read_string(r, node, "date", &clock->date)) {
        return false;
    }
    return is_date(clock->date) ||
           reader_fail(r, node,
                       "date '%.40s': a time from 2000 to 2099 was meant, like 2024-05-01T12:00:00",
                       clock->date);
}

static const struct field clock_fields[] = {
    {"seed", read_seed},       {"mode", read_mode},         {"for", read_for},
    {"pace", read_clock_pace}, {"reaction", read_reaction}, {"date", read_date},
};
const struct section clock_section = {"clock", clock_fields,
                                      sizeof(clock_fields) / sizeof(clock_fields[0])};

/* ---- the whole ---- */

/* Ports name instances that may be declared further down: parts are kept, then read in order. */
struct outline {
    struct manifest *m;
    const yaml_node_t *instances, *links, *attaches, *inputs;
};

static bool read_version(struct reader *r, const yaml_node_t *node, void *record)
{
    uint64_t version;

    if (!read_u64(r, node, "orrery", 0, UINT64_MAX, &version)) {
        return false;
    }
    return version == MANIFEST_VERSION ||
           reader_fail(r, node, "manifest version %" PRIu64 "; this orrery reads version %d",
                       version, MANIFEST_VERSION);
}

static bool read_name(struct reader *r, const yaml_node_t *node, void *record)
{
    struct outline *outline = record;

    return read_string(r, node, "name", &outline->m->name) &&
           check_name(r, node, "name", outline->m->name);
}

static bool read_clock(struct reader *r, const yaml_node_t *node, void *record)
{
    struct outline *outline = record;

    return read_section(r, node, &clock_section, &outline->m->clock);
}

static bool keep_instances(struct reader *r, const yaml_node_t *node, void *record)
{
    ((struct outline *)record)->instances = node;
    return true;
}

static bool keep_links(struct reader *r, const yaml_node_t *node, void *record)
{
    ((struct outline *)record)->links = node;
    return true;
}

static bool keep_attaches(struct reader *r, const yaml_node_t *node, void *record)
{
    ((struct outline *)record)->attaches = node;
    return true;
}

static bool keep_inputs(struct reader *r, const yaml_node_t *node, void *record)
{
    ((struct outline *)record)->inputs = node;
    return true;
}

static const struct field manifest_fields[] = {
    {"orrery", read_version, .required = true},
    {"name", read_name},
    {"clock", read_clock},
    {"instances", keep_instances, .required = true},
    {"links", keep_links},
    {"attach", keep_attaches},
    {"inputs", keep_inputs},
};
static const struct section manifest_section = {
    "manifest", manifest_fields, sizeof(manifest_fields) / sizeof(manifest_fields[0])};

const struct section *const *manifest_sections(size_t *count)
{
    static const struct section *const sections[] = {
        &manifest_section, &clock_section,  &instance_section, &firmware_section,
        &flash_section,    &cpu2_section,   &sram_section,     &link_section,
        &pair_section,     &attach_section, &input_section,    &fault_section,
    };

    *count = sizeof(sections) / sizeof(sections[0]);
    return sections;
}

/*
 * boot: recovery: serial0 goes to a pty, and what it is linked to sees an idle line: a port without
 * a link.
 */
static void give_to_host(struct manifest *m, unsigned instance)
{
    struct attach attach = {
        .end = {instance, arena_copy(m->arena, "serial0"), {0, 0, NULL}},
        .to = TO_PTY,
        /* as the boot loader wants it (AN3155) */
        .uart = {.baud = DEFAULT_BAUD, .data_bits = 8, .stop_halves = 2, .parity = 'E'}};
    struct attach *attaches = arena_array(m->arena, m->attach_count + 1, sizeof(*attaches));

    for (size_t i = 0; i < m->attach_count; i++) {
        attaches[i] = m->attaches[i];
        if (attaches[i].end.instance == instance && !strcmp(attaches[i].end.port, "serial0")) {
            return; /* it is there already */
        }
    }
    for (size_t i = 0; i < m->link_count; i++) {
        const struct link *link = &m->links[i];

        for (size_t k = 0; k < link->end_count; k++) {
            if (link->ends[k].instance == instance && !strcmp(link->ends[k].port, "serial0")) {
                memmove(&m->links[i], &m->links[i + 1], (m->link_count - i - 1) * sizeof(*link));
                m->link_count--;
                break;
            }
        }
    }
    attaches[m->attach_count++] = attach;
    m->attaches = attaches;
}

static void start_recovery(struct manifest *m)
{
    for (unsigned i = 0; i < m->instance_count; i++) {
        if (m->instances[i].boot == BOOT_RECOVERY) {
            give_to_host(m, i);
        }
    }
}

static bool read_manifest(struct reader *r, struct manifest *m)
{
    struct outline outline = {.m = m};

    return read_section(r, document_root(r), &manifest_section, &outline) &&
           read_instances(r, outline.instances, m) &&
           read_wires(r, outline.links, outline.attaches, m) &&
           (!outline.inputs || read_inputs(r, outline.inputs, m));
}

static void set_defaults(struct manifest *m, const char *file, struct arena *arena)
{
    const char *slash = strrchr(file, '/');

    memset(m, 0, sizeof(*m));
    m->arena = arena;
    m->file = arena_copy(arena, file);
    m->directory = slash ? arena_copy_n(arena, file, slash == file ? 1 : (size_t)(slash - file))
                         : arena_copy(arena, ".");
    m->name = name_from_file(arena, file);
    m->clock.seed = 1;
    m->clock.reaction_ns = DEFAULT_REACTION_NS;
}

bool manifest_parse(struct manifest *m, const char *file, const char *text, size_t len,
                    struct arena *arena, struct problem *why)
{
    struct reader r = {.file = file, .arena = arena, .why = why};
    bool good;

    set_defaults(m, file, arena);
    if (!document_parse(&r, text, len)) {
        return false;
    }
    good = read_manifest(&r, m);
    if (good) {
        start_recovery(m);
    }
    document_close(&r);
    return good;
}

const struct endpoint *manifest_link_end(const struct manifest *m, unsigned instance,
                                         const char *port)
{
    for (size_t i = 0; i < m->link_count; i++) {
        for (size_t k = 0; k < m->links[i].end_count; k++) {
            const struct endpoint *end = &m->links[i].ends[k];

            if (end->instance == instance && !strcmp(end->port, port)) {
                return end;
            }
        }
    }
    return NULL;
}

const struct endpoint *manifest_attach_end(const struct manifest *m, unsigned instance,
                                           const char *port)
{
    for (size_t i = 0; i < m->attach_count; i++) {
        const struct endpoint *end = &m->attaches[i].end;

        if (end->instance == instance && !strcmp(end->port, port)) {
            return end;
        }
    }
    return NULL;
}

int manifest_instance(const struct manifest *m, const char *name)
{
    for (size_t i = 0; i < m->instance_count; i++) {
        if (!strcmp(m->instances[i].name, name)) {
            return (int)i;
        }
    }
    return -1;
}

char *path_beside(const struct manifest *m, const char *path)
{
    return path[0] == '/' ? arena_copy(m->arena, path)
                          : arena_printf(m->arena, "%s/%s", m->directory, path);
}

bool manifest_read(struct manifest *m, const char *path, struct arena *arena, struct problem *why)
{
    return manifest_read_changed(m, path, NULL, arena, why);
}

bool manifest_read_changed(struct manifest *m, const char *path, const struct changes *changes,
                           struct arena *arena, struct problem *why)
{
    struct reader r = {
        .file = path, .arena = arena, .why = why, .also = changes ? changes->from : NULL};
    bool good;

    set_defaults(m, path, arena);
    m->changes = changes;
    if (!document_open(&r, path)) {
        return false;
    }
    good = read_manifest(&r, m);
    if (good) {
        start_recovery(m);
    }
    document_close(&r);
    m->changes = NULL;
    return good;
}

/* ---- what the command line does to it ---- */

static bool fail_no_instance(const struct manifest *m, const char *name, struct problem *why)
{
    struct suggestion near;

    suggest_begin(&near, name);
    for (size_t i = 0; i < m->instance_count; i++) {
        suggest_offer(&near, m->instances[i].name);
    }
    return problem_at(why, m->file, (struct mark){0, 0, NULL}, "no instance '%.60s'%s", name,
                      suggest_phrase(near.best));
}

/* The instances that are kept: @count from @first on. */
struct kept {
    size_t first, count;
};

static bool is_kept(const struct kept *kept, const struct endpoint *end)
{
    return end->instance - kept->first < kept->count;
}

static bool is_all_kept(const struct kept *kept, const struct link *link)
{
    for (size_t i = 0; i < link->end_count; i++) {
        if (!is_kept(kept, &link->ends[i])) {
            return false;
        }
    }
    return true;
}

/* What remains of a link to others: a pty of a line, of the rest only its name. */
static void cut_link(struct manifest *m, const struct kept *kept, const struct link *link)
{
    for (size_t i = 0; i < link->end_count; i++) {
        const struct endpoint *end = &link->ends[i];

        if (!is_kept(kept, end)) {
            continue;
        }
        if (link->kind == LINK_UART) {
            m->attaches[m->attach_count++] =
                (struct attach){.end = *end, .to = TO_PTY, .uart = link->uart};
        } else {
            m->open[m->open_count++] = (struct open_end){*end, link->kind};
        }
    }
}

/* What ends at these instances: wires to ptys, and of links those among themselves. */
static void keep_wires(struct manifest *m, const struct kept *kept)
{
    const struct attach *attaches = m->attaches;
    size_t count = m->attach_count, ends = 0, links = 0, inputs = 0;

    for (size_t i = 0; i < m->link_count; i++) {
        ends += m->links[i].end_count;
    }
    m->attaches = arena_array(m->arena, count + ends + 1, sizeof(*m->attaches));
    m->open = arena_array(m->arena, ends + 1, sizeof(*m->open));
    m->attach_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_kept(kept, &attaches[i].end)) {
            m->attaches[m->attach_count++] = attaches[i];
        }
    }
    for (size_t i = 0; i < m->link_count; i++) {
        if (is_all_kept(kept, &m->links[i])) {
            m->links[links++] = m->links[i];
        } else {
            cut_link(m, kept, &m->links[i]);
        }
    }
    for (size_t i = 0; i < m->input_count; i++) {
        if (is_kept(kept, &m->inputs[i].end)) {
            m->inputs[inputs] = m->inputs[i];
            m->inputs[inputs++].end.instance -= (unsigned)kept->first;
        }
    }
    m->input_count = inputs;
    m->link_count = links;
}

bool manifest_keep_only(struct manifest *m, const char *name, struct problem *why)
{
    int found = manifest_instance(m, name);
    size_t first = (size_t)found, count = 1;

    if (found < 0) {
        return fail_no_instance(m, name, why);
    }
    if (m->instances[first].core) {
        first -= m->instances[first].core - 1;
        count = 2;
    }
    keep_wires(m, &(struct kept){first, count});
    for (size_t i = 0; i < m->attach_count; i++) {
        m->attaches[i].end.instance -= (unsigned)first;
    }
    for (size_t i = 0; i < m->open_count; i++) {
        m->open[i].end.instance -= (unsigned)first;
    }
    for (size_t i = 0; i < m->link_count; i++) {
        for (size_t k = 0; k < m->links[i].end_count; k++) {
            m->links[i].ends[k].instance -= (unsigned)first;
        }
    }
    m->instances = &m->instances[first];
    m->instance_count = count;
    return true;
}

bool manifest_show(struct manifest *m, const char *name, struct problem *why)
{
    int found = manifest_instance(m, name);

    if (found < 0) {
        return fail_no_instance(m, name, why);
    }
    m->instances[found].vnc = true;
    return true;
}

void manifest_choose_pace(struct manifest *m)
{
    if (m->clock.pace_given) {
        return;
    }
    for (size_t i = 0; i < m->attach_count; i++) {
        if (m->attaches[i].to == TO_PTY || m->attaches[i].to == TO_TCP) {
            m->clock.pace = 1.0;
        }
    }
    for (size_t i = 0; i < m->instance_count; i++) {
        if (m->instances[i].vnc) {
            m->clock.pace = 1.0;
        }
    }
}
