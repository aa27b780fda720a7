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

const char *exe_directory(struct arena *arena)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash;

    if (len <= 0) {
        return ".";
    }
    path[len] = 0;
    slash = strrchr(path, '/');
    if (!slash) {
        return ".";
    }
    *slash = 0;
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
    strings_addf(arena, list, "%s/../libexec/orrery", exe_directory(arena));
    if (*ORRERY_LIBEXEC_DIR) {
        strings_add(arena, list, ORRERY_LIBEXEC_DIR);
    }
    if (*ORRERY_QEMU_DIR_DEFAULT) {
        strings_add(arena, list, ORRERY_QEMU_DIR_DEFAULT);
    }
}

void firmware_directories(struct arena *arena, struct strings *list)
{
    const char *chosen = getenv("ORRERY_FIRMWARE_DIR");
    const char *exe = exe_directory(arena);

    if (chosen && *chosen) {
        strings_add(arena, list, chosen);
        return;
    }
    strings_addf(arena, list, "%s/../tests/firmware", exe);
    strings_addf(arena, list, "%s/../share/orrery/firmware", exe);
}

char *find_broker(struct arena *arena)
{
    static const char *const beside[] = {"", "/../broker", "/../libexec/orrery"};
    const char *exe = exe_directory(arena);
    char *path;

    for (unsigned i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
        path = arena_printf(arena, "%s%s/orrery-broker", exe, beside[i]);
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
