// SPDX-License-Identifier: Apache-2.0
/* Run directories: private, listed while their launcher lives, swept when it is dead. And the
 * command line of commands. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "options.h"
#include "rundir.h"

static char home[] = "/tmp/ort-XXXXXX"; /* short: socket names hold little */

static int set_up(void **state)
{
    return !mkdtemp(home) || setenv("XDG_RUNTIME_DIR", home, 1);
}

static int tear_down(void **state)
{
    return rmdir(home); /* nothing may be left in it */
}

/* Is the run in the list? Other runs of this user may be there, in /tmp. */
static bool is_listed(const char *path)
{
    struct arena arena = {0};
    struct strings runs = {0};
    bool found = false;

    rundir_list(&arena, &runs);
    for (size_t i = 0; i < runs.count; i++) {
        found |= !strcmp(runs.items[i], path);
    }
    arena_finish(&arena);
    return found;
}

static void test_life(void **state)
{
    struct rundir dir, twin;
    struct problem why = {0};
    struct stat st;
    char path[128];

    assert_true(rundir_create(&dir, "one", &why));
    assert_memory_equal(dir.path, home, strlen(home));
    assert_int_equal(stat(dir.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    snprintf(path, sizeof(path), "%s/some.log", dir.path);
    fclose(fopen(path, "w"));
    assert_true(is_listed(dir.path));
    rundir_sweep();
    assert_true(is_listed(dir.path));
    assert_true(rundir_create(&twin, "one", &why)); /* same name, same pid */
    assert_string_not_equal(dir.path, twin.path);
    rundir_remove(&twin);
    rundir_remove(&dir);
    assert_int_not_equal(stat(dir.path, &st), 0);
    assert_false(is_listed(dir.path));
    rundir_remove(&dir); /* again: nothing happens */
}

static void test_sweep(void **state)
{
    struct rundir dir;
    struct problem why = {0};
    struct stat st;
    char path[RUNDIR_PATH_SIZE] = "";
    int pipes[2], status;
    pid_t pid;

    assert_int_equal(pipe(pipes), 0);
    pid = fork();
    if (pid == 0) {
        if (!rundir_create(&dir, "dead", &why) ||
            write(pipes[1], dir.path, sizeof(dir.path)) != (ssize_t)sizeof(dir.path)) {
            _exit(1);
        }
        pause();
    }
    assert_int_equal(read(pipes[0], path, sizeof(path)), sizeof(path));
    rundir_sweep();
    assert_int_equal(stat(path, &st), 0);
    assert_true(is_listed(path));
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(stat(path, &st), 0);
    assert_false(is_listed(path));
    rundir_sweep();
    assert_int_not_equal(stat(path, &st), 0);
    close(pipes[0]);
    close(pipes[1]);
}

static void test_foreign(void **state)
{
    struct rundir dir;
    struct problem why = {0};
    char base[128];

    snprintf(base, sizeof(base), "%s/orrery-%u", home, (unsigned)geteuid());
    assert_int_equal(mkdir(base, 0755), 0);
    assert_int_equal(chmod(base, 0755), 0);
    assert_false(rundir_create(&dir, "one", &why));
    assert_non_null(strstr(why.text, "not a private directory of ours"));
    assert_int_equal(why.exit_code, EXIT_BROKE);
    assert_int_equal(rmdir(base), 0);
    assert_int_equal(symlink("/tmp", base), 0);
    assert_false(rundir_create(&dir, "one", &why));
    assert_int_equal(unlink(base), 0);
}

/* Two launchers that start and end all the time never step on each other. */
static void test_race(void **state)
{
    int status;

    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            for (int k = 0; k < 200; k++) {
                struct rundir dir;
                struct problem why = {0};

                if (!rundir_create(&dir, "race", &why)) {
                    fprintf(stderr, "%s\n", why.text);
                    _exit(1);
                }
                rundir_sweep();
                if (access(dir.path, R_OK)) {
                    _exit(2);
                }
                rundir_remove(&dir);
            }
            _exit(0);
        }
    }
    for (int i = 0; i < 4; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
}

static bool parse(char **argv, int argc, const char **value, bool *flag, struct words *words,
                  struct problem *why)
{
    const struct option_def defs[] = {{"for", value, NULL}, {"dry-run", NULL, flag}};
    const struct option_rules rules = {
        .usage = "orrery x FILE", .defs = defs, .def_count = 2, .least = 1, .most = 2};

    *value = NULL;
    *flag = false;
    return options_parse(argc, argv, &rules, words, why);
}

static void test_options(void **state)
{
    char a[] = "file", b[] = "--for", c[] = "2s", d[] = "--for=3s", e[] = "--dry-run", f[] = "--",
         g[] = "--fro", h[] = "--dry-run=1", i[] = "-x";
    const char *value;
    struct words words;
    struct problem why = {0};
    bool flag;

    assert_true(parse((char *[]){b, c, a, e}, 4, &value, &flag, &words, &why));
    assert_string_equal(value, "2s");
    assert_true(flag);
    assert_int_equal(words.count, 1);
    assert_string_equal(words.items[0], "file");
    assert_true(parse((char *[]){a, d}, 2, &value, &flag, &words, &why));
    assert_string_equal(value, "3s");
    assert_true(parse((char *[]){a, f, b}, 3, &value, &flag, &words, &why));
    assert_string_equal(words.items[1], "--for");
    assert_false(parse((char *[]){a, g}, 2, &value, &flag, &words, &why));
    assert_string_equal(why.text, "orrery: unknown option '--fro'; did you mean '--for'?");
    assert_int_equal(why.exit_code, EXIT_BAD_INPUT);
    assert_false(parse((char *[]){a, b}, 2, &value, &flag, &words, &why));
    assert_false(parse((char *[]){a, h}, 2, &value, &flag, &words, &why));
    assert_false(parse((char *[]){a, i}, 2, &value, &flag, &words, &why));
    assert_false(parse((char *[]){e}, 1, &value, &flag, &words, &why));
    assert_false(parse((char *[]){a, a, a}, 3, &value, &flag, &words, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life), cmocka_unit_test(test_sweep),   cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_race), cmocka_unit_test(test_options),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
