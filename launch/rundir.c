// SPDX-License-Identifier: Apache-2.0
#include "rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest.h"

/* "/NAME-PID.N", with the longest of each. */
#define LONGEST_RUN (1 + MAX_NAME + 1 + 7 + 2)
#define LONGEST_BASE (RUNDIR_PATH_SIZE - 1 - LONGEST_RUN)

const char *rundir_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* ---- the base directory ---- */

static bool is_private(const struct stat *st)
{
    return S_ISDIR(st->st_mode) && st->st_uid == geteuid() && !(st->st_mode & 0077);
}

/* $XDG_RUNTIME_DIR, if it exists, is ours, fits, and needs no quoting in QEMU's options. */
static const char *runtime_directory(void)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "/._-";
    const char *dir = getenv("XDG_RUNTIME_DIR");
    struct stat st;

    if (!dir || dir[0] != '/' || dir[strspn(dir, plain)] || stat(dir, &st) ||
        !S_ISDIR(st.st_mode) || st.st_uid != geteuid() || access(dir, W_OK) ||
        snprintf(NULL, 0, "%s/orrery-%u", dir, (unsigned)geteuid()) > LONGEST_BASE) {
        return NULL;
    }
    return dir;
}

/* Both places a run may have been started in; the first is where new ones go. */
static unsigned bases(char base[2][LONGEST_BASE + 1])
{
    const char *dirs[2] = {runtime_directory(), "/tmp"};
    unsigned count = 0;

    for (unsigned i = 0; i < 2; i++) {
        if (dirs[i] && (i == 0 || !dirs[0] || strcmp(dirs[0], dirs[1]) != 0)) {
            snprintf(base[count++], LONGEST_BASE + 1, "%s/orrery-%u", dirs[i], (unsigned)geteuid());
        }
    }
    return count;
}

/* Open and lock; -1 and errno. EPERM: there, but not a private directory of ours. */
static int open_base(const char *base, int lock)
{
    struct stat st;
    int fd = open(base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, &st) || !is_private(&st)) {
        close(fd);
        errno = EPERM;
        return -1;
    }
    while (flock(fd, lock)) {
        if (errno != EINTR) {
            close(fd);
            return -1;
        }
    }
    return fd;
}

/* ---- removing ---- */

/* Runs hold no directories: one level is all there is. */
static void empty_directory(int fd)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *entry;

    if (!dir) {
        return;
    }
    while ((entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            unlinkat(fd, entry->d_name, 0);
        }
    }
    closedir(dir);
}

/* Does a launcher hold it? Call with the base locked, so that it is not being made just now. */
static bool is_alive(int run_fd)
{
    if (!flock(run_fd, LOCK_SH | LOCK_NB)) {
        flock(run_fd, LOCK_UN);
        return false;
    }
    return true;
}

typedef void run_fn(int base_fd, const char *base, const char *name, bool alive, void *context);

static void each_run_in(const char *base, int lock, run_fn *fn, void *context)
{
    int base_fd = open_base(base, lock), copy, run_fd;
    struct dirent *entry;
    DIR *dir;

    if (base_fd < 0) {
        return;
    }
    copy = openat(base_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dir = copy < 0 ? NULL : fdopendir(copy);
    while (dir && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        run_fd = openat(base_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (run_fd >= 0) {
            fn(base_fd, base, entry->d_name, is_alive(run_fd), context);
            close(run_fd);
        }
    }
    if (dir) {
        closedir(dir);
    }
    if (lock == LOCK_EX) {
        rmdir(base); /* fails while any run is there */
    }
    close(base_fd);
}

static void each_run(int lock, run_fn *fn, void *context)
{
    char base[2][LONGEST_BASE + 1];
    unsigned count = bases(base);

    for (unsigned i = 0; i < count; i++) {
        each_run_in(base[i], lock, fn, context);
    }
}

static void remove_run(int base_fd, const char *name)
{
    int fd = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0) {
        empty_directory(fd);
        close(fd);
    }
    unlinkat(base_fd, name, AT_REMOVEDIR);
}

static void sweep_one(int base_fd, const char *base, const char *name, bool alive, void *context)
{
    (void)base;
    (void)context;
    if (!alive) {
        remove_run(base_fd, name);
    }
}

void rundir_sweep(void)
{
    each_run(LOCK_EX, sweep_one, NULL);
}

void rundir_remove(struct rundir *dir)
{
    char base[RUNDIR_PATH_SIZE];
    int base_fd;

    if (dir->fd < 0) {
        return;
    }
    snprintf(base, sizeof(base), "%s", dir->path);
    *strrchr(base, '/') = 0;
    base_fd = open_base(base, LOCK_EX);
    if (base_fd >= 0) {
        remove_run(base_fd, rundir_name(dir->path));
        rmdir(base);
        close(base_fd);
    }
    close(dir->fd);
    dir->fd = -1;
}

/* ---- listing ---- */

struct listing {
    struct arena *arena;
    struct strings *paths;
};

static void list_one(int base_fd, const char *base, const char *name, bool alive, void *context)
{
    struct listing *listing = context;

    (void)base_fd;
    if (alive) {
        strings_addf(listing->arena, listing->paths, "%s/%s", base, name);
    }
}

void rundir_list(struct arena *arena, struct strings *paths)
{
    struct listing listing = {arena, paths};

    each_run(LOCK_SH, list_one, &listing);
    strings_sort(paths);
}

/* ---- creating ---- */

static bool fail_base(const char *base, struct problem *why)
{
    if (errno == EPERM || errno == ELOOP || errno == ENOTDIR) {
        return problem_broke(why,
                             "%s: not a private directory of ours; remove it or set "
                             "XDG_RUNTIME_DIR",
                             base);
    }
    return problem_broke(why, "%s: %s", base, error_text(errno));
}

/* 1: made; 0: the name is taken; -1 and errno. */
static int make_run(struct rundir *dir, int base_fd)
{
    const char *name = rundir_name(dir->path);

    if (mkdirat(base_fd, name, 0700)) {
        return errno == EEXIST ? 0 : -1;
    }
    dir->fd = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return dir->fd >= 0 && !flock(dir->fd, LOCK_EX | LOCK_NB) ? 1 : -1;
}

static int make_in(struct rundir *dir, const char *base, const char *name)
{
    int base_fd = open_base(base, LOCK_EX), made = 0;

    if (base_fd < 0) {
        return -1;
    }
    /* Another pid namespace that shares /tmp may have our pid. */
    for (unsigned i = 0; i < 10 && !made; i++) {
        snprintf(dir->path, sizeof(dir->path), i ? "%s/%s-%d.%u" : "%s/%s-%d", base, name,
                 (int)getpid(), i);
        made = make_run(dir, base_fd);
    }
    close(base_fd);
    if (!made) {
        errno = EEXIST;
    }
    return made > 0 ? 0 : -1;
}

bool rundir_create(struct rundir *dir, const char *name, struct problem *why)
{
    char base[2][LONGEST_BASE + 1];

    bases(base);
    dir->fd = -1;
    for (unsigned i = 0; i < 100; i++) {
        if (mkdir(base[0], 0700) && errno != EEXIST) {
            return fail_base(base[0], why);
        }
        if (!make_in(dir, base[0], name)) {
            return true;
        }
        if (errno != ENOENT) { /* ENOENT: the last run just took the base away with it */
            break;
        }
    }
    return fail_base(base[0], why);
}

bool rundir_preview(struct rundir *dir, const char *name, struct problem *why)
{
    char base[2][LONGEST_BASE + 1];

    (void)why;
    bases(base);
    dir->fd = -1;
    snprintf(dir->path, sizeof(dir->path), "%s/%s", base[0], name);
    return true;
}
