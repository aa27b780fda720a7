// SPDX-License-Identifier: Apache-2.0
/*
 * scenario.h - a test: a manifest with changes to it, in any number of cases, and what to do and
 * expect while it runs.
 *
 * A scenario (NAME.test.yaml) is a document of its own: `uses` names the manifest, `clock`,
 * `links`, `instances` and `attach` change or add to what that says, `matrix` lists values to try
 * in all combinations, `steps` is the script (broker/script.h has its meaning). docs/testing.md
 * documents the keys; schema/scenario.schema.json is for editors.
 */
#ifndef LAUNCH_SCENARIO_H
#define LAUNCH_SCENARIO_H

#include "manifest.h"

#define MAX_CASES 10000
#define MAX_STEPS 1000
#define DEFAULT_WITHIN_NS UINT64_C(1000000000)

/* As Orrery__ScriptStep__Kind. */
enum step_kind {
    STEP_EXPECT,
    STEP_NEVER,
    STEP_SEND,
    STEP_WAIT,
    STEP_AT,
    STEP_DO, /* what somebody outside does */
    STEP_EXIT,
    STEP_MEMORY, /* these are asked of an instance: asked.c */
    STEP_SET,
    STEP_PC,
    STEP_SCREEN,
    STEP_RESETS,
    STEP_ERRORS,
    STEP_LEVEL,
    STEP_AWAIT,
    STEP_COUNTER, /* of a link; not asked */
};

struct script_step {
    enum step_kind kind;
    char *port; /* mcu.serial0 */
    char *text;
    size_t text_len;
    bool regex;
    uint64_t ns;
    char *instance, *line;
    struct input *does; /* all at one time */
    size_t does_count;
    char *where;
    /* of the asked ones */
    struct mark at;   /* of the value of their first key */
    char *symbol;     /* the address is that of this name, and address is added; NULL: it stands */
    uint64_t address; /* script_resolve() */
    unsigned width;   /* of a number in memory, 1 to 8; 0: text or bytes, or as the symbol's */
    bool big_endian;
    bool is_number;      /* MEMORY, SET: value, which script_resolve() puts into text */
    uint64_t value;      /* the same; RESETS; LEVEL, AWAIT */
    char *file;          /* SCREEN: of the picture that is meant */
    struct mark file_at; /* the same */
};

struct script {
    struct script_step *steps;
    size_t count;
    bool hold;
    bool open; /* more come, one by one, from who drives the run */
};

struct axis; /* of the matrix */

struct scenario {
    struct reader r; /* open until scenario_close() */
    const char *file, *directory;
    char *uses; /* path of the manifest */
    struct strings tags;
    struct axis *axes;
    size_t axis_count, case_count;
    /* nodes of keys that are there */
    const yaml_node_t *clock, *instances, *links, *attach, *matrix, *steps, *name;
    char *port;         /* default of the steps */
    uint64_t within_ns; /* the same */
};

/* Is it named as scenarios are, *.test.yaml (.yml, .json)? */
bool is_scenario(const char *path);

/* Read what does not depend on the case. False: why has the line, nothing is open. */
bool scenario_open(struct scenario *s, const char *path, struct arena *arena, struct problem *why);
void scenario_close(struct scenario *s);

/* "seed=3 mcu.firmware=b.elf", or "" when there is no matrix. */
char *scenario_case_name(const struct scenario *s, size_t index, struct arena *arena);

/* Case `index`, from 0: the manifest with all changes, and the script. */
bool scenario_case(struct scenario *s, size_t index, struct arena *arena, struct manifest *m,
                   struct script *script, struct problem *why);

/* One step, as it stands in a list of steps, from text; where: its name in messages. Ports that are
 * not attached are an error here. The firmware is known: script_resolve() is done, too. */
bool scenario_step(const struct scenario *s, const char *where, const char *text,
                   struct arena *arena, struct manifest *m, struct script_step *step,
                   struct problem *why);

/* What the steps name outside the scenario, once the firmware is known: symbols, pictures. file:
 * the scenario, for messages. */
bool script_resolve(struct script *script, const char *file, const struct manifest *m,
                    struct arena *arena, struct problem *why);

#endif
