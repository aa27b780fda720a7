// SPDX-License-Identifier: Apache-2.0
#include "runs.h"

#include <string.h>

#include "rundir.h"
#include "suggest.h"

/* uart-pair-4711, or uart-pair. */
static bool is_wanted(const char *path, const char *wanted)
{
    const char *name = rundir_name(path), *dash = strrchr(name, '-');

    return !wanted || !strcmp(name, wanted) ||
           (dash && strlen(wanted) == (size_t)(dash - name) &&
            !memcmp(name, wanted, (size_t)(dash - name)));
}

static void alive_and_wanted(const char *wanted, struct arena *arena, struct strings *runs)
{
    struct strings all = {0};

    rundir_sweep();
    rundir_list(arena, &all);
    for (size_t i = 0; i < all.count; i++) {
        if (is_wanted(all.items[i], wanted)) {
            strings_add(arena, runs, all.items[i]);
        }
    }
}

static bool fail_none(const char *wanted, struct problem *why)
{
    return wanted ? problem_input(why, "no run '%.60s' is alive; see `orrery ps`", wanted)
                  : problem_input(why, "no run is alive");
}

static bool fail_many(const struct strings *runs, struct arena *arena, struct problem *why)
{
    struct strings names = {0};

    for (size_t i = 0; i < runs->count; i++) {
        strings_add(arena, &names, rundir_name(runs->items[i]));
    }
    return problem_input(why, "%zu runs are alive; choose one with --run: %s", runs->count,
                         strings_join(arena, &names, ", "));
}

bool runs_choose(const char *wanted, struct arena *arena, char **path, struct problem *why)
{
    struct strings runs = {0};

    alive_and_wanted(wanted, arena, &runs);
    if (!runs.count) {
        return fail_none(wanted, why);
    }
    if (runs.count > 1) {
        return fail_many(&runs, arena, why);
    }
    *path = runs.items[0];
    return true;
}

static bool find_in(const struct record *record, const char *instance,
                    struct record_instance *found, struct suggestion *near)
{
    for (size_t i = 0; i < record->instance_count; i++) {
        if (!strcmp(record->instances[i].name, instance)) {
            *found = record->instances[i];
            return true;
        }
        suggest_offer(near, record->instances[i].name);
    }
    return false;
}

bool runs_find_instance(const char *wanted, const char *instance, struct arena *arena, char **path,
                        struct record_instance *found, struct problem *why)
{
    struct strings runs = {0}, having = {0};
    struct suggestion near;

    alive_and_wanted(wanted, arena, &runs);
    if (!runs.count) {
        return fail_none(wanted, why);
    }
    suggest_begin(&near, instance);
    for (size_t i = 0; i < runs.count; i++) {
        struct record record;
        struct problem ignored = {0}; /* a run that is just starting or ending */

        if (record_read(runs.items[i], &record, arena, &ignored) &&
            find_in(&record, instance, found, &near)) {
            strings_add(arena, &having, runs.items[i]);
        }
    }
    if (!having.count) {
        return problem_input(why, "no instance '%.60s' in a run that is alive%s", instance,
                             suggest_phrase(near.best));
    }
    if (having.count > 1) {
        return fail_many(&having, arena, why);
    }
    *path = having.items[0];
    return true;
}
