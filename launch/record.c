// SPDX-License-Identifier: Apache-2.0
#include "record.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "places.h"
#include "rundir.h"

static json_t *pack_instances(const struct manifest *m)
{
    json_t *list = json_array();

    for (size_t i = 0; i < m->instance_count; i++) {
        const struct instance *inst = &m->instances[i];
        json_t *item = json_pack("{ss, ss, ss*, ss, sb}", "name", inst->name, "machine",
                                 inst->machine, "firmware", inst->firmware_path, "target",
                                 inst->target, "elf",
                                 inst->firmware_path && inst->firmware_kind == FIRMWARE_ELF);

        if (json_array_append_new(list, item)) { /* a path that is not UTF-8, or no memory */
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* A name is set up first, so that readers see all of it or nothing. */
bool record_write(const char *run_dir, const struct manifest *m, struct problem *why)
{
    const char *path = arena_printf(m->arena, "%s/run.json", run_dir);
    const char *draft = arena_printf(m->arena, "%s/run.json.new", run_dir);
    char *manifest = absolute_path(m->arena, m->file);
    json_t *root = json_pack("{ss, si, so}", "manifest", manifest ? manifest : m->file, "launcher",
                             (int)getpid(), "instances", pack_instances(m));
    bool good = root && !json_dump_file(root, draft, JSON_INDENT(2)) && !rename(draft, path);

    if (!good) {
        problem_broke(why, "cannot write %s: %s", path,
                      root ? error_text(errno) : "a name in it is not UTF-8");
    }
    json_decref(root);
    return good;
}

static bool unpack_instance(json_t *item, struct record_instance *inst, struct arena *arena)
{
    const char *name, *machine = "", *firmware = NULL, *target;
    int elf;

    if (json_unpack(item, "{ss, s?s, s?s, ss, sb}", "name", &name, "machine", &machine, "firmware",
                    &firmware, "target", &target, "elf", &elf)) {
        return false;
    }
    inst->name = arena_copy(arena, name);
    inst->machine = arena_copy(arena, machine);
    inst->firmware = firmware ? arena_copy(arena, firmware) : NULL;
    inst->target = arena_copy(arena, target);
    inst->elf = elf;
    return true;
}

static bool unpack(json_t *root, struct record *record, struct arena *arena)
{
    const char *manifest;
    json_t *instances;
    int launcher;

    if (json_unpack(root, "{ss, si, so}", "manifest", &manifest, "launcher", &launcher, "instances",
                    &instances)) {
        return false;
    }
    record->manifest = arena_copy(arena, manifest);
    record->launcher = launcher;
    record->instance_count = json_array_size(instances);
    record->instances = arena_array(arena, record->instance_count, sizeof(*record->instances));
    for (size_t i = 0; i < record->instance_count; i++) {
        if (!unpack_instance(json_array_get(instances, i), &record->instances[i], arena)) {
            return false;
        }
    }
    return true;
}

bool record_read(const char *run_dir, struct record *record, struct arena *arena,
                 struct problem *why)
{
    json_error_t error;
    json_t *root = json_load_file(arena_printf(arena, "%s/run.json", run_dir), 0, &error);
    bool good = root && unpack(root, record, arena);

    if (!good) {
        problem_broke(why, "run %s: its run.json cannot be read", rundir_name(run_dir));
    }
    json_decref(root);
    return good;
}
