// SPDX-License-Identifier: Apache-2.0
#include "scenario.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "manifest_parts.h"
#include "number.h"

#define MAX_AXES 16

/* One key of the matrix: "seed", or INSTANCE.KEY; its values are nodes, or a range of seeds. */
struct axis {
    const yaml_node_t *key, *values; /* values: the list, or NULL */
    uint64_t first;                  /* of a range */
    size_t count;
};

bool is_scenario(const char *path)
{
    static const char *const ends[] = {".test.yaml", ".test.yml", ".test.json"};
    size_t len = strlen(path);

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t n = strlen(ends[i]);

        if (len > n && !strcmp(path + len - n, ends[i])) {
            return true;
        }
    }
    return false;
}

/* ---- the keys ---- */

static bool read_version(struct reader *r, const yaml_node_t *node, void *record)
{
    uint64_t version;

    return read_u64(r, node, "orrery", MANIFEST_VERSION, MANIFEST_VERSION, &version);
}

static bool read_uses(struct reader *r, const yaml_node_t *node, void *record)
{
    struct scenario *s = record;
    char *path;

    if (!read_string(r, node, "uses", &path)) {
        return false;
    }
    s->uses = path[0] == '/' ? path : arena_printf(r->arena, "%s/%s", s->directory, path);
    return true;
}

static bool read_tags(struct reader *r, const yaml_node_t *node, void *record)
{
    struct scenario *s = record;
    size_t count;

    if (!read_list(r, node, "tags", &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = list_item(r, node, i);
        char *tag;

        if (!read_string(r, item, "tag", &tag) || !check_name(r, item, "tag", tag)) {
            return false;
        }
        strings_add(r->arena, &s->tags, tag);
    }
    return true;
}

static bool read_default_port(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_string(r, node, "port", &((struct scenario *)record)->port);
}

static bool read_default_within(struct reader *r, const yaml_node_t *node, void *record)
{
    return read_time(r, node, "within", &((struct scenario *)record)->within_ns);
}

#define KEEP(key)                                                                                  \
    static bool keep_##key(struct reader *r, const yaml_node_t *node, void *record)                \
    {                                                                                              \
        ((struct scenario *)record)->key = node;                                                   \
        return true;                                                                               \
    }
KEEP(name)
KEEP(clock)
KEEP(instances)
KEEP(attach)
KEEP(links)
KEEP(matrix)
KEEP(steps)

static const struct field scenario_fields[] = {
    {"orrery", read_version, .required = true},
    {"uses", read_uses, .required = true},
    {"name", keep_name},
    {"tags", read_tags},
    {"clock", keep_clock},
    {"instances", keep_instances},
    {"links", keep_links},
    {"attach", keep_attach},
    {"matrix", keep_matrix},
    {"port", read_default_port},
    {"within", read_default_within},
    {"steps", keep_steps, .required = true},
};
const struct section scenario_section = {"scenario", scenario_fields,
                                         sizeof(scenario_fields) / sizeof(scenario_fields[0])};

/* ---- the matrix ---- */

/* "1..1000": seeds. */
static bool read_range(struct reader *r, const yaml_node_t *node, struct axis *axis)
{
    const char *text = node->type == YAML_SCALAR_NODE ? node_text(node) : "";
    const char *dots = strstr(text, "..");
    uint64_t last = 0;

    if (!dots || parse_u64(arena_copy_n(r->arena, text, (size_t)(dots - text)), &axis->first) ||
        parse_u64(dots + 2, &last) || last < axis->first || last - axis->first >= MAX_CASES) {
        return reader_fail(r, node, "matrix: a list was meant, or of seeds a range like 1..1000");
    }
    axis->count = (size_t)(last - axis->first) + 1;
    return true;
}

static bool read_axis(struct reader *r, const yaml_node_t *map, size_t index, struct axis *axis)
{
    const yaml_node_t *value = map_value(r, map, index);

    axis->key = map_key(r, map, index);
    if (axis->key->type != YAML_SCALAR_NODE) {
        return reader_fail(r, axis->key, "a key must be a word");
    }
    if (!strcmp(node_text(axis->key), "seed") && value->type == YAML_SCALAR_NODE) {
        return read_range(r, value, axis);
    }
    axis->values = value;
    return read_list(r, value, "matrix", &axis->count) &&
           (axis->count || reader_fail(r, value, "matrix: at least one value was meant"));
}

static bool read_matrix(struct scenario *s)
{
    size_t count = 0;

    s->case_count = 1;
    if (s->matrix && !read_map(&s->r, s->matrix, "matrix", &count)) {
        return false;
    }
    if (count > MAX_AXES) {
        return reader_fail(&s->r, s->matrix, "matrix: more than %d keys", MAX_AXES);
    }
    s->axes = arena_array(s->r.arena, count + 1, sizeof(*s->axes));
    for (; s->axis_count < count; s->axis_count++) {
        struct axis *axis = &s->axes[s->axis_count];

        if (!read_axis(&s->r, s->matrix, s->axis_count, axis)) {
            return false;
        }
        if (s->case_count > MAX_CASES / axis->count) {
            return reader_fail(&s->r, s->matrix, "matrix: more than %d cases", MAX_CASES);
        }
        s->case_count *= axis->count;
    }
    return true;
}

/* The last key runs fastest. */
static size_t value_index(const struct scenario *s, size_t index, size_t which)
{
    for (size_t i = s->axis_count; i-- > which + 1;) {
        index /= s->axes[i].count;
    }
    return index % s->axes[which].count;
}

char *scenario_case_name(const struct scenario *s, size_t index, struct arena *arena)
{
    struct reader *r = (struct reader *)&s->r;
    struct strings words = {0};

    for (size_t i = 0; i < s->axis_count; i++) {
        const struct axis *axis = &s->axes[i];
        size_t at = value_index(s, index, i);

        if (!axis->values) {
            strings_addf(arena, &words, "seed=%" PRIu64, axis->first + at);
        } else {
            const yaml_node_t *value = list_item(r, axis->values, at);

            strings_addf(arena, &words, "%.60s=%.60s", node_text(axis->key),
                         value->type == YAML_SCALAR_NODE ? node_text(value) : "...");
        }
    }
    return strings_join(arena, &words, " ");
}

/* ---- changes to the manifest ---- */

/* A file beside the scenario wins over one beside the manifest. */
static char *beside_scenario(const struct scenario *s, struct arena *arena, char *path)
{
    char *here;

    if (!path || path[0] == '/') {
        return path;
    }
    here = arena_printf(arena, "%s/%s", s->directory, path);
    if (access(here, F_OK)) {
        return path;
    }
    if (here[0] != '/') {
        char *absolute = realpath(here, NULL);

        here = absolute ? arena_copy(arena, absolute) : here;
        free(absolute);
    }
    return here;
}

static void settle_files(const struct scenario *s, struct arena *arena, struct instance *inst,
                         const struct instance *before)
{
    if (inst->firmware != before->firmware) {
        inst->firmware = beside_scenario(s, arena, inst->firmware);
    }
    if (inst->flash != before->flash) {
        inst->flash = beside_scenario(s, arena, inst->flash);
    }
}

/* What this case changes in the instances. */
struct instance_changes {
    struct scenario *s;
    size_t index;
};

/* `instances` of the scenario. */
static bool change_by_name(const struct scenario *s, struct reader *r, struct instance *inst)
{
    size_t count = 0;

    if (s->instances && !read_map(r, s->instances, "instances", &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *key = map_key(r, s->instances, i);

        if (key->type == YAML_SCALAR_NODE && !strcmp(node_text(key), inst->name) &&
            !read_section_part(r, map_value(r, s->instances, i), &instance_section, inst)) {
            return false;
        }
    }
    return true;
}

/* Does a key of the matrix, INSTANCE.KEY, speak of it? Then its KEY. */
static const char *key_of(const char *name, const char *axis)
{
    size_t len = strlen(name);

    return !strncmp(axis, name, len) && axis[len] == '.' && !strchr(axis + len + 1, '.')
               ? axis + len + 1
               : NULL;
}

static bool change_by_matrix(const struct scenario *s, size_t index, struct reader *r,
                             struct instance *inst)
{
    for (size_t i = 0; i < s->axis_count; i++) {
        const struct axis *axis = &s->axes[i];
        const char *key = key_of(inst->name, node_text(axis->key));

        if (axis->values && key &&
            !read_field(r, axis->key, key, list_item(r, axis->values, value_index(s, index, i)),
                        &instance_section, inst)) {
            return false;
        }
    }
    return true;
}

static bool change_one_instance(void *opaque, struct reader *r, struct instance *inst)
{
    const struct instance_changes *changes = opaque;
    struct instance before = *inst;

    if (!change_by_name(changes->s, r, inst) ||
        !change_by_matrix(changes->s, changes->index, r, inst)) {
        return false;
    }
    settle_files(changes->s, r->arena, inst, &before);
    return true;
}

/* Does the manifest have all instances that are changed? */
static bool check_instances(struct scenario *s, const struct manifest *m)
{
    size_t count = 0;
    unsigned which;

    if (s->instances && !read_map(&s->r, s->instances, "instances", &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *key = map_key(&s->r, s->instances, i);

        if (key->type != YAML_SCALAR_NODE) {
            return reader_fail(&s->r, key, "an instance's name must be a word");
        }
        if (!find_instance(&s->r, key, m, node_text(key), &which)) {
            return false;
        }
    }
    return true;
}

/* seed, clock.KEY, INSTANCE.KEY or, of a link, INSTANCE.PORT.KEY gets this value. */
static bool change_one(struct scenario *s, struct arena *arena, const yaml_node_t *key,
                       const yaml_node_t *value, struct manifest *m)
{
    char *name = arena_copy(arena, node_text(key));
    char *dot = strrchr(name, '.');
    unsigned which;

    if (!dot && strcmp(name, "seed") != 0) {
        return reader_fail(
            &s->r, key,
            "matrix: '%.60s' is not seed, clock.KEY, INSTANCE.KEY or, of a link, INSTANCE.PORT.KEY",
            name);
    }
    if (!dot) {
        return read_field(&s->r, key, name, value, &clock_section, &m->clock);
    }
    *dot = 0;
    if (!strcmp(name, "clock")) {
        return read_field(&s->r, key, dot + 1, value, &clock_section, &m->clock);
    }
    if (manifest_instance(m, name) >= 0) {
        return true; /* changed when it was read */
    }
    return strchr(name, '.') ? change_link(&s->r, key, name, dot + 1, value, m)
                             : find_instance(&s->r, key, m, name, &which);
}

static bool apply_case(struct scenario *s, size_t index, struct arena *arena, struct manifest *m)
{
    for (size_t i = 0; i < s->axis_count; i++) {
        const struct axis *axis = &s->axes[i];
        size_t at = value_index(s, index, i);

        if (!axis->values) {
            m->clock.seed = axis->first + at;
        } else if (!change_one(s, arena, axis->key, list_item(&s->r, axis->values, at), m)) {
            return false;
        }
    }
    return true;
}

/* ---- all of it ---- */

bool scenario_open(struct scenario *s, const char *path, struct arena *arena, struct problem *why)
{
    const char *slash = strrchr(path, '/');

    memset(s, 0, sizeof(*s));
    s->r = (struct reader){.file = arena_copy(arena, path), .arena = arena, .why = why};
    s->file = s->r.file;
    s->directory = slash ? arena_copy_n(arena, path, slash == path ? 1 : (size_t)(slash - path))
                         : arena_copy(arena, ".");
    s->within_ns = DEFAULT_WITHIN_NS;
    if (!document_open(&s->r, path)) {
        return false;
    }
    if (read_section(&s->r, document_root(&s->r), &scenario_section, s) && read_matrix(s)) {
        return true;
    }
    document_close(&s->r);
    return false;
}

void scenario_close(struct scenario *s)
{
    document_close(&s->r);
}

bool scenario_case(struct scenario *s, size_t index, struct arena *arena, struct manifest *m,
                   struct script *script, struct problem *why)
{
    struct instance_changes instances = {s, index};
    const struct changes changes = {&s->r, change_one_instance, &instances};

    s->r.why = why;
    s->r.arena = arena;
    if (!manifest_read_changed(m, s->uses, &changes, arena, why)) {
        return false;
    }
    if (s->name && (!read_string(&s->r, s->name, "name", &m->name) ||
                    !check_name(&s->r, s->name, "name", m->name))) {
        return false;
    }
    return (!s->clock || read_section(&s->r, s->clock, &clock_section, &m->clock)) &&
           check_instances(s, m) && (!s->links || change_links(&s->r, s->links, m)) &&
           apply_case(s, index, arena, m) &&
           (!s->attach || read_more_attaches(&s->r, s->attach, m)) &&
           read_script(s, &s->r, m, script);
}
