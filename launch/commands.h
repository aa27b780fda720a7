// SPDX-License-Identifier: Apache-2.0
/*
 * commands.h - what `orrery NAME` calls. argv is what follows the name; the result is the exit
 * code.
 */
#ifndef LAUNCH_COMMANDS_H
#define LAUNCH_COMMANDS_H

struct command {
    const char *name;
    const char *usage;   /* the words after "orrery " */
    const char *summary; /* one line */
    const char *help;    /* the rest of `orrery help NAME`, or NULL */
    int (*main)(int argc, char **argv);
};

extern const struct command run_command, validate_command, ps_command, down_command, pause_command,
    step_command, until_command, resume_command, monitor_command, qmp_command, gdb_command,
    console_command, events_command, reset_command, power_command, button_command,
    screenshot_command, tap_command, test_command, debug_command;

#endif
