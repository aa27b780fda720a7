// SPDX-License-Identifier: Apache-2.0
#include "document.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "number.h"
#include "suggest.h"

#define LARGEST_FILE ((size_t)4 << 20)
#define DEEPEST 32 /* mappings and lists in each other; a manifest needs 4 */
#define MOST_ANCHORS 1000
#define LONGEST_STRING 4096 /* PATH_MAX; aliases must not make much of little */

/* ---- loading ---- */

static struct mark to_mark(yaml_mark_t mark)
{
    return (struct mark){(unsigned)mark.line + 1, (unsigned)mark.column + 1, NULL};
}

struct mark node_mark(const yaml_node_t *node)
{
    return to_mark(node->start_mark);
}

/* In whose document is it? */
static struct reader *owner(struct reader *r, const yaml_node_t *node)
{
    return r->also && (uintptr_t)node >= (uintptr_t)r->also->document.nodes.start &&
                   (uintptr_t)node < (uintptr_t)r->also->document.nodes.top
               ? r->also
               : r;
}

struct mark reader_mark(struct reader *r, const yaml_node_t *node)
{
    struct mark mark = node_mark(node);

    mark.file = owner(r, node) == r ? NULL : r->also->file;
    return mark;
}

bool reader_fail(struct reader *r, const yaml_node_t *node, const char *format, ...)
{
    char text[768];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return problem_at(r->why, owner(r, node)->file, node_mark(node), "%s", text);
}

/* libyaml gives only a byte offset for text that is not UTF-8 or holds control characters. */
static struct mark mark_at_offset(const char *text, size_t len, size_t offset)
{
    struct mark mark = {1, 1, NULL};

    for (size_t i = 0; i < offset && i < len; i++) {
        if (text[i] == '\n') {
            mark.line++;
            mark.column = 1;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

static bool fail_parse(struct reader *r, const yaml_parser_t *parser, const char *text, size_t len)
{
    const char *what = parser->problem ? parser->problem : "not YAML";
    const char *context = parser->context ? parser->context : "";

    switch (parser->error) {
    case YAML_MEMORY_ERROR:
        out_of_memory();
    case YAML_READER_ERROR:
        return problem_at(r->why, r->file, mark_at_offset(text, len, parser->problem_offset),
                          "not a YAML text: %s", what);
    default:
        return problem_at(r->why, r->file, to_mark(parser->problem_mark), "not YAML: %s%s%s", what,
                          *context ? " " : "", context);
    }
}

/* What the first pass counts. */
struct shape {
    unsigned depth, anchors, documents;
};

static bool fail_event(struct reader *r, const yaml_event_t *event, const char *what)
{
    return problem_at(r->why, r->file, to_mark(event->start_mark), "%s", what);
}

static bool count_anchor(struct reader *r, const yaml_event_t *event, const yaml_char_t *anchor,
                         struct shape *shape)
{
    return !anchor || ++shape->anchors <= MOST_ANCHORS ||
           fail_event(r, event, "too many anchors for a manifest");
}

static bool enter(struct reader *r, const yaml_event_t *event, struct shape *shape)
{
    return ++shape->depth <= DEEPEST || fail_event(r, event, "nested too deep for a manifest");
}

static bool check_event(struct reader *r, const yaml_event_t *event, struct shape *shape)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return ++shape->documents == 1 ||
               fail_event(r, event, "a second document; a manifest is one document");
    case YAML_SEQUENCE_START_EVENT:
        return enter(r, event, shape) &&
               count_anchor(r, event, event->data.sequence_start.anchor, shape);
    case YAML_MAPPING_START_EVENT:
        return enter(r, event, shape) &&
               count_anchor(r, event, event->data.mapping_start.anchor, shape);
    case YAML_SCALAR_EVENT:
        return count_anchor(r, event, event->data.scalar.anchor, shape);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        shape->depth--;
        return true;
    default:
        return true;
    }
}

/*
 * A pass over the events first: libyaml takes quadratic time on deep nesting and on many
 * anchors, and this stops at the first thing that no manifest has.
 */
static bool check_shape(struct reader *r, const char *text, size_t len)
{
    yaml_parser_t parser;
    yaml_event_t event;
    struct shape shape = {0};
    bool good = true, more = true;

    if (!yaml_parser_initialize(&parser)) {
        out_of_memory();
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    while (good && more) {
        if (!yaml_parser_parse(&parser, &event)) {
            good = fail_parse(r, &parser, text, len);
            break;
        }
        more = event.type != YAML_STREAM_END_EVENT;
        good = check_event(r, &event, &shape);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (good && !shape.documents) {
        return problem_at(r->why, r->file, (struct mark){1, 1, NULL}, "the manifest is empty");
    }
    return good;
}

bool document_parse(struct reader *r, const char *text, size_t len)
{
    yaml_parser_t parser;
    bool good;

    if (!check_shape(r, text, len)) {
        return false;
    }
    if (!yaml_parser_initialize(&parser)) {
        out_of_memory();
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    good = yaml_parser_load(&parser, &r->document) || fail_parse(r, &parser, text, len);
    yaml_parser_delete(&parser);
    return good;
}

static bool fail_file(struct reader *r, int error)
{
    return problem_at(r->why, r->file, (struct mark){0, 0, NULL}, "%s", error_text(error));
}

bool document_open(struct reader *r, const char *path)
{
    char *text = arena_alloc(r->arena, LARGEST_FILE + 1);
    size_t len = 0;
    ssize_t got = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return fail_file(r, errno);
    }
    while (got > 0 && len <= LARGEST_FILE) {
        got = read(fd, text + len, LARGEST_FILE + 1 - len);
        if (got < 0 && errno == EINTR) {
            got = 1;
            continue;
        }
        if (got < 0) {
            int error = errno;

            close(fd);
            return fail_file(r, error);
        }
        len += (size_t)got;
    }
    close(fd);
    if (len > LARGEST_FILE) {
        return problem_at(r->why, r->file, (struct mark){0, 0, NULL},
                          "larger than 4 MiB; not a manifest");
    }
    return document_parse(r, text, len);
}

void document_close(struct reader *r)
{
    yaml_document_delete(&r->document);
}

const yaml_node_t *document_root(struct reader *r)
{
    return yaml_document_get_root_node(&r->document);
}

/* ---- types: YAML 1.2's core schema, which is JSON's ---- */

enum kind { KIND_NULL, KIND_BOOL, KIND_INTEGER, KIND_REAL, KIND_STRING, KIND_LIST, KIND_MAP };

static const char *const kind_names[] = {
    [KIND_NULL] = "nothing",  [KIND_BOOL] = "true or false", [KIND_INTEGER] = "a whole number",
    [KIND_REAL] = "a number", [KIND_STRING] = "a string",    [KIND_LIST] = "a list",
    [KIND_MAP] = "a mapping",
};

static bool is_one_of(const char *text, const char *words)
{
    size_t len = strlen(text);

    for (; *words; words += strlen(words) + 1) {
        if (strlen(words) == len && !memcmp(words, text, len)) {
            return true;
        }
    }
    return false;
}

/* [-+]? digits or a fraction, and an exponent. */
static bool is_real(const char *p)
{
    size_t digits;

    p += *p == '-' || *p == '+';
    digits = strspn(p, "0123456789");
    p += digits;
    if (*p == '.') {
        size_t more = strspn(++p, "0123456789");

        digits += more;
        p += more;
    }
    if (digits && (*p == 'e' || *p == 'E')) {
        p++;
        p += *p == '-' || *p == '+';
        digits = strspn(p, "0123456789");
        p += digits;
    }
    return digits && !*p;
}

static bool is_integer(const char *p)
{
    if (p[0] == '0' && p[1] == 'x') {
        return p[2] && !p[2 + strspn(p + 2, "0123456789abcdefABCDEF")];
    }
    if (p[0] == '0' && p[1] == 'o') {
        return p[2] && !p[2 + strspn(p + 2, "01234567")];
    }
    p += *p == '-' || *p == '+';
    return *p && !p[strspn(p, "0123456789")];
}

const char *node_text(const yaml_node_t *scalar)
{
    return (const char *)scalar->data.scalar.value;
}

static enum kind kind_of(const yaml_node_t *node)
{
    const char *text;

    if (node->type == YAML_SEQUENCE_NODE) {
        return KIND_LIST;
    }
    if (node->type != YAML_SCALAR_NODE) {
        return KIND_MAP;
    }
    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return KIND_STRING;
    }
    text = node_text(node);
    if (!*text || is_one_of(text, "~\0null\0Null\0NULL\0")) {
        return KIND_NULL;
    }
    if (is_one_of(text, "true\0True\0TRUE\0false\0False\0FALSE\0")) {
        return KIND_BOOL;
    }
    if (is_integer(text)) {
        return KIND_INTEGER;
    }
    return is_real(text) ? KIND_REAL : KIND_STRING;
}

bool node_is_integer(const yaml_node_t *node)
{
    return kind_of(node) == KIND_INTEGER;
}

static bool fail_kind(struct reader *r, const yaml_node_t *node, const char *what,
                      const char *meant)
{
    enum kind kind = kind_of(node);

    if (kind < KIND_LIST && kind != KIND_NULL) {
        return reader_fail(r, node, "%s: %s was meant, not %s ('%.60s')", what, meant,
                           kind_names[kind], node_text(node));
    }
    return reader_fail(r, node, "%s: %s was meant, not %s", what, meant, kind_names[kind]);
}

/* The standard tags say what the text says already; others would be ignored, so say so. */
static bool check_tag(struct reader *r, const yaml_node_t *node)
{
    static const char standard[] = "tag:yaml.org,2002:";
    const char *tag = (const char *)node->tag;

    if (tag && strncmp(tag, standard, sizeof(standard) - 1) != 0) {
        return reader_fail(r, node, "tags like '%.60s' mean nothing here", tag);
    }
    return true;
}

static bool check_kind(struct reader *r, const yaml_node_t *node, const char *what, enum kind kind)
{
    if (!check_tag(r, node)) {
        return false;
    }
    return kind_of(node) == kind || fail_kind(r, node, what, kind_names[kind]);
}

/* ---- lists and mappings ---- */

bool read_list(struct reader *r, const yaml_node_t *node, const char *what, size_t *count)
{
    if (!check_kind(r, node, what, KIND_LIST)) {
        return false;
    }
    *count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    return true;
}

const yaml_node_t *list_item(struct reader *r, const yaml_node_t *list, size_t index)
{
    return yaml_document_get_node(&owner(r, list)->document,
                                  list->data.sequence.items.start[index]);
}

const yaml_node_t *map_key(struct reader *r, const yaml_node_t *map, size_t index)
{
    return yaml_document_get_node(&owner(r, map)->document,
                                  map->data.mapping.pairs.start[index].key);
}

const yaml_node_t *map_value(struct reader *r, const yaml_node_t *map, size_t index)
{
    return yaml_document_get_node(&owner(r, map)->document,
                                  map->data.mapping.pairs.start[index].value);
}

bool read_map(struct reader *r, const yaml_node_t *node, const char *what, size_t *count)
{
    if (!check_kind(r, node, what, KIND_MAP)) {
        return false;
    }
    *count = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
    return true;
}

/* A key's text, or NULL when it is no plain name. */
static const char *key_text(struct reader *r, const yaml_node_t *key)
{
    if (key->type != YAML_SCALAR_NODE) {
        reader_fail(r, key, "a key must be a word");
        return NULL;
    }
    if (!strcmp(node_text(key), "<<")) {
        reader_fail(r, key, "merge keys ('<<') are not part of a manifest");
        return NULL;
    }
    return node_text(key);
}

static bool fail_unknown(struct reader *r, const yaml_node_t *key, const char *name,
                         const struct section *section)
{
    struct suggestion near;

    suggest_begin(&near, name);
    for (size_t i = 0; i < section->count; i++) {
        suggest_offer(&near, section->fields[i].key);
    }
    return reader_fail(r, key, "unknown key '%.60s' in %s%s", name, section->name,
                       suggest_phrase(near.best));
}

static const struct field *find_field(const struct section *section, const char *key, size_t *index)
{
    for (size_t i = 0; i < section->count; i++) {
        if (!strcmp(section->fields[i].key, key)) {
            *index = i;
            return &section->fields[i];
        }
    }
    return NULL;
}

/* seen: the key of each field that is there. */
static bool read_fields(struct reader *r, const yaml_node_t *node, const struct section *section,
                        void *record, const yaml_node_t **seen)
{
    size_t count, index;

    if (!read_map(r, node, section->name, &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *key = map_key(r, node, i);
        const char *text = key_text(r, key);
        const struct field *field;

        if (!text) {
            return false;
        }
        field = find_field(section, text, &index);
        if (!field) {
            return fail_unknown(r, key, text, section);
        }
        if (seen[index]) {
            return reader_fail(r, key, "key '%s' is here twice; first in line %u", text,
                               node_mark(seen[index]).line);
        }
        seen[index] = key;
        if (!field->read(r, map_value(r, node, i), record)) {
            return false;
        }
    }
    return true;
}

bool read_section_part(struct reader *r, const yaml_node_t *node, const struct section *section,
                       void *record)
{
    const yaml_node_t *seen[MOST_KEYS] = {NULL};

    return read_fields(r, node, section, record, seen);
}

bool read_field(struct reader *r, const yaml_node_t *key, const char *name,
                const yaml_node_t *value, const struct section *section, void *record)
{
    size_t index;
    const struct field *field = find_field(section, name, &index);

    return field ? field->read(r, value, record) : fail_unknown(r, key, name, section);
}

bool read_section(struct reader *r, const yaml_node_t *node, const struct section *section,
                  void *record)
{
    const yaml_node_t *seen[MOST_KEYS] = {NULL};

    if (!read_fields(r, node, section, record, seen)) {
        return false;
    }
    for (size_t i = 0; i < section->count; i++) {
        if (section->fields[i].required && !seen[i]) {
            return reader_fail(r, node, "%s: key '%s' is missing", section->name,
                               section->fields[i].key);
        }
    }
    return true;
}

/* ---- scalars ---- */

static bool copy_text(struct reader *r, const yaml_node_t *node, const char *what, char **out)
{
    size_t len = node->data.scalar.length;

    if (memchr(node_text(node), 0, len)) {
        return reader_fail(r, node, "%s: a NUL character", what);
    }
    if (!len) {
        return reader_fail(r, node, "%s: empty", what);
    }
    if (len > LONGEST_STRING) {
        return reader_fail(r, node, "%s: longer than %d bytes", what, LONGEST_STRING);
    }
    *out = arena_copy_n(r->arena, node_text(node), len);
    return true;
}

bool read_string(struct reader *r, const yaml_node_t *node, const char *what, char **out)
{
    return check_kind(r, node, what, KIND_STRING) && copy_text(r, node, what, out);
}

bool read_text(struct reader *r, const yaml_node_t *node, const char *what, char **out)
{
    enum kind kind = kind_of(node);

    if (!check_tag(r, node)) {
        return false;
    }
    if (kind != KIND_STRING && kind != KIND_INTEGER && kind != KIND_REAL) {
        return fail_kind(r, node, what, kind_names[KIND_STRING]);
    }
    return copy_text(r, node, what, out);
}

bool read_bool(struct reader *r, const yaml_node_t *node, const char *what, bool *out)
{
    if (!check_kind(r, node, what, KIND_BOOL)) {
        return false;
    }
    *out = node_text(node)[0] == 't' || node_text(node)[0] == 'T';
    return true;
}

bool read_u64(struct reader *r, const yaml_node_t *node, const char *what, uint64_t least,
              uint64_t most, uint64_t *out)
{
    const char *text, *wrong;

    if (!check_kind(r, node, what, KIND_INTEGER)) {
        return false;
    }
    text = node_text(node) + (node_text(node)[0] == '+');
    wrong = parse_u64(text, out);
    if (wrong || *out < least || *out > most) {
        return reader_fail(r, node, "%s %.40s: from %" PRIu64 " to %" PRIu64 " was meant", what,
                           text, least, most);
    }
    return true;
}

bool read_time(struct reader *r, const yaml_node_t *node, const char *what, uint64_t *ns)
{
    const char *wrong;
    char *text;

    if (!read_text(r, node, what, &text)) {
        return false;
    }
    wrong = parse_time(text, ns);
    return !wrong || reader_fail(r, node, "%s %.60s: %s", what, text, wrong);
}

static bool check_number(struct reader *r, const yaml_node_t *node, const char *what)
{
    enum kind kind = kind_of(node);

    return kind == KIND_INTEGER || kind == KIND_REAL ||
           fail_kind(r, node, what, kind_names[KIND_REAL]);
}

bool read_pace(struct reader *r, const yaml_node_t *node, const char *what, double *out)
{
    const char *wrong;

    if (!check_number(r, node, what)) {
        return false;
    }
    wrong = parse_pace(node_text(node), out);
    return !wrong || reader_fail(r, node, "%s %.60s: %s", what, node_text(node), wrong);
}

bool read_probability(struct reader *r, const yaml_node_t *node, const char *what, uint32_t *ppb)
{
    const char *wrong;

    if (!check_number(r, node, what)) {
        return false;
    }
    wrong = parse_probability(node_text(node), ppb);
    return !wrong || reader_fail(r, node, "%s %.60s: %s", what, node_text(node), wrong);
}

static void join_words(const char *const *words, size_t count, char *buf, size_t size)
{
    *buf = 0;
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(buf);

        snprintf(buf + used, size - used, "%s%s", i ? ", " : "", words[i]);
    }
}

bool read_choice(struct reader *r, const yaml_node_t *node, const char *what,
                 const char *const *words, size_t count, size_t *out)
{
    const char *near;
    char *text, known[512];

    if (!read_string(r, node, what, &text)) {
        return false;
    }
    for (*out = 0; *out < count; ++*out) {
        if (!strcmp(text, words[*out])) {
            return true;
        }
    }
    near = suggest(text, words, count);
    if (near && count > 8) {
        return reader_fail(r, node, "unknown %s '%.60s'%s", what, text, suggest_phrase(near));
    }
    join_words(words, count, known, sizeof(known));
    return reader_fail(r, node, "%s '%.60s': one of %s was meant%s", what, text, known,
                       suggest_phrase(near));
}
