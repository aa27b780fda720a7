// SPDX-License-Identifier: Apache-2.0
/*
 * orrery - several QEMUs on one virtual clock: the command.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "keeper.h"
#include "orrery.pb-c.h"
#include "problem.h"
#include "suggest.h"

#ifndef ORRERY_VERSION
#define ORRERY_VERSION "unknown"
#endif

static const struct command *const commands[] = {
    &run_command,     &validate_command,   &ps_command,      &down_command,  &pause_command,
    &step_command,    &until_command,      &resume_command,  &reset_command, &power_command,
    &button_command,  &screenshot_command, &monitor_command, &qmp_command,   &gdb_command,
    &console_command, &events_command,     &tap_command,     &test_command,  &debug_command,
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (!strcmp(commands[i]->name, name)) {
            return commands[i];
        }
    }
    return NULL;
}

static int fail_unknown(const char *name)
{
    struct suggestion near;
    struct problem why = {0};

    suggest_begin(&near, name);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        suggest_offer(&near, commands[i]->name);
    }
    problem_input(&why, "unknown command '%.60s'%s%s", name, suggest_phrase(near.best),
                  near.best ? "" : "; see `orrery help`");
    return problem_report(&why);
}

static int print_overview(FILE *to)
{
    fputs("orrery runs several QEMUs on one virtual clock.\n\n", to);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(to, "  orrery %-42s %s\n", commands[i]->usage, commands[i]->summary);
    }
    fputs("  orrery help [COMMAND]\n  orrery --version\n\n"
          "Times are like 2s, 1.5s, 10us or 86806ns. With several runs alive, --run NAME\n"
          "chooses one; `orrery ps` has their names.\n"
          "Exit codes: 0 pass, 1 a guest failed, 2 bad input, 3 something broke.\n",
          to);
    return to == stdout ? EXIT_PASS : EXIT_BAD_INPUT;
}

static int print_help(const struct command *command)
{
    printf("usage: orrery %s\n\n%s.\n", command->usage, command->summary);
    if (command->help) {
        printf("\n%s", command->help);
    }
    return EXIT_PASS;
}

static int help(int argc, char **argv)
{
    const struct command *command = argc > 0 ? find_command(argv[0]) : NULL;

    if (argc == 0) {
        return print_overview(stdout);
    }
    return command ? print_help(command) : fail_unknown(argv[0]);
}

/* Descriptors 0 to 2 must exist, or the first file we open takes their place. */
static void hold_standard_descriptors(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    } while (fd >= 0 && fd < 3);
    if (fd >= 3) {
        close(fd);
    }
}

int main(int argc, char **argv)
{
    const struct command *command;

    hold_standard_descriptors();
    if (argc < 2) {
        return print_overview(stderr);
    }
    if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        return help(argc - 2, argv + 2);
    }
    if (!strcmp(argv[1], "--version")) {
        printf("orrery %s (protocol %d)\n", ORRERY_VERSION, ORRERY__PROTOCOL__PROTOCOL_VERSION);
        return EXIT_PASS;
    }
    if (!strcmp(argv[1], "keep")) {
        return keeper_main();
    }
    command = find_command(argv[1]);
    if (!command) {
        return fail_unknown(argv[1]);
    }
    if (argc == 3 && (!strcmp(argv[2], "--help") || !strcmp(argv[2], "-h"))) {
        return print_help(command);
    }
    return command->main(argc - 2, argv + 2);
}
