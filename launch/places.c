// SPDX-License-Identifier: Apache-2.0
#include "places.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* launch/meson.build sets these: -Dqemu_dir and the libexec directory under the prefix. */
#ifndef ORRERY_QEMU_DIR_DEFAULT
#define ORRERY_QEMU_DIR_DEFAULT ""
#endif
#ifndef ORRERY_LIBEXEC_DIR
#define ORRERY_LIBEXEC_DIR ""
#endif

/* The directory of the running `orrery`, or with up = 1 the one above. */
static const char *exe_directory(struct arena *arena, unsigned up)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

    path[len > 0 ? len : 0] = 0;
    for (unsigned i = 0; i <= up; i++) {
        char *slash = strrchr(path, '/');

        if (slash) {
            *slash = 0;
        }
    }
    return arena_copy(arena, path);
}

char *absolute_path(struct arena *arena, const char *path)
{
    char *real = realpath(path, NULL);
    char *copy;

    if (!real) {
        return NULL;
    }
    copy = arena_copy(arena, real);
    free(real);
    return copy;
}

void qemu_directories(struct arena *arena, struct strings *list)
{
    const char *chosen = getenv("ORRERY_QEMU_DIR");

    if (chosen && *chosen) {
        strings_add(arena, list, chosen);
        return;
    }
    strings_addf(arena, list, "%s/libexec/orrery", exe_directory(arena, 1));
    if (*ORRERY_QEMU_DIR_DEFAULT) {
        strings_add(arena, list, ORRERY_QEMU_DIR_DEFAULT);
    }
    if (*ORRERY_LIBEXEC_DIR) {
        strings_add(arena, list, ORRERY_LIBEXEC_DIR);
    }
}

void firmware_directories(struct arena *arena, struct strings *list)
{
    const char *chosen = getenv("ORRERY_FIRMWARE_DIR");
    const char *above = exe_directory(arena, 1);

    if (chosen && *chosen) {
        strings_add(arena, list, chosen);
        return;
    }
    strings_addf(arena, list, "%s/tests/firmware", above);
    strings_addf(arena, list, "%s/share/orrery/firmware", above);
}

char *find_broker(struct arena *arena)
{
    static const char *const above[] = {"broker", "libexec/orrery"};
    char *path = arena_printf(arena, "%s/orrery-broker", exe_directory(arena, 0));

    if (!access(path, X_OK)) {
        return path;
    }
    for (unsigned i = 0; i < sizeof(above) / sizeof(above[0]); i++) {
        path = arena_printf(arena, "%s/%s/orrery-broker", exe_directory(arena, 1), above[i]);
        if (!access(path, X_OK)) {
            return path;
        }
    }
    if (*ORRERY_LIBEXEC_DIR) {
        path = arena_printf(arena, "%s/orrery-broker", ORRERY_LIBEXEC_DIR);
        if (!access(path, X_OK)) {
            return path;
        }
    }
    return NULL;
}
