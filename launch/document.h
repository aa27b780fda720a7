// SPDX-License-Identifier: Apache-2.0
/*
 * document.h - one YAML document in memory, and its values with their places.
 *
 * libyaml's document API does the parsing; this adds the limits (one document, 4 MiB, aliases
 * as YAML has them but no tags of one's own), the types of YAML's core schema, and an error
 * line for everything that can be wrong with a value. JSON is YAML.
 *
 * A reader decodes mappings by table: a section lists its keys, each with the function that
 * takes the value. Unknown keys, keys given twice and keys that are missing are errors there.
 */
#ifndef LAUNCH_DOCUMENT_H
#define LAUNCH_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

#include "arena.h"
#include "problem.h"

struct reader {
    const char *file;         /* as named in messages */
    yaml_document_t document; /* valid between document_open() and document_close() */
    struct arena *arena;      /* everything read is copied there */
    struct problem *why;
    struct reader *also; /* open, too: its nodes may be read here; or NULL */
};

/* Load the only document of a file. False: why has the line, and nothing is open. */
bool document_open(struct reader *r, const char *path);
/* The same from memory. text must stay until document_close(). */
bool document_parse(struct reader *r, const char *text, size_t len);
void document_close(struct reader *r);

const yaml_node_t *document_root(struct reader *r);
struct mark node_mark(const yaml_node_t *node);
/* The same, to be spoken of after the reader is closed: with its file when that is `also`'s. */
struct mark reader_mark(struct reader *r, const yaml_node_t *node);

/* Bad input at a node; returns false. */
bool reader_fail(struct reader *r, const yaml_node_t *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The items of a list. */
bool read_list(struct reader *r, const yaml_node_t *node, const char *what, size_t *count);
const yaml_node_t *list_item(struct reader *r, const yaml_node_t *list, size_t index);

/* The pairs of a mapping whose keys are names and not known beforehand; twice is an error. */
bool read_map(struct reader *r, const yaml_node_t *node, const char *what, size_t *count);
const yaml_node_t *map_key(struct reader *r, const yaml_node_t *map, size_t index);
const yaml_node_t *map_value(struct reader *r, const yaml_node_t *map, size_t index);
const char *node_text(const yaml_node_t *scalar);

/* A mapping with known keys. */
struct field {
    const char *key;
    bool (*read)(struct reader *r, const yaml_node_t *value, void *record);
    bool required;
};
#define MOST_KEYS 64 /* of a section */
struct section {
    const char *name; /* "clock": for messages, and the name of its table in the JSON Schema */
    const struct field *fields;
    size_t count;
};
bool read_section(struct reader *r, const yaml_node_t *node, const struct section *section,
                  void *record);
/* The same where nothing is required: changes to a record that was read before. */
bool read_section_part(struct reader *r, const yaml_node_t *node, const struct section *section,
                       void *record);
/* One key of it, by name; key is its place, for messages. */
bool read_field(struct reader *r, const yaml_node_t *key, const char *name,
                const yaml_node_t *value, const struct section *section, void *record);

/* Scalars. what: the key, for messages. */
bool read_string(struct reader *r, const yaml_node_t *node, const char *what, char **out);
/* A string or a number, as it was written. */
bool read_text(struct reader *r, const yaml_node_t *node, const char *what, char **out);
/* Is it written as an integer? */
bool node_is_integer(const yaml_node_t *node);
bool read_bool(struct reader *r, const yaml_node_t *node, const char *what, bool *out);
bool read_u64(struct reader *r, const yaml_node_t *node, const char *what, uint64_t least,
              uint64_t most, uint64_t *out);
bool read_time(struct reader *r, const yaml_node_t *node, const char *what, uint64_t *ns);
bool read_pace(struct reader *r, const yaml_node_t *node, const char *what, double *out);
bool read_probability(struct reader *r, const yaml_node_t *node, const char *what, uint32_t *ppb);
/* One of a few words; *out is its index. */
bool read_choice(struct reader *r, const yaml_node_t *node, const char *what,
                 const char *const *words, size_t count, size_t *out);

#endif
