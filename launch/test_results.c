// SPDX-License-Identifier: Apache-2.0
/* What `orrery test` leaves on disk. See test_run.h. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "test_run.h"

#define TAIL_LINES_MAX 100
#define TAIL_LINE_BYTES 512

void test_print_tail(FILE *to, const char *path, unsigned lines, const char *prefix)
{
    static char ring[TAIL_LINES_MAX][TAIL_LINE_BYTES];
    FILE *file = path ? fopen(path, "re") : NULL;
    size_t count = 0;

    lines = lines > TAIL_LINES_MAX ? TAIL_LINES_MAX : lines;
    while (file && fgets(ring[count % lines], TAIL_LINE_BYTES, file)) {
        ring[count % lines][strcspn(ring[count % lines], "\n")] = 0;
        count++;
    }
    if (file) {
        fclose(file);
    }
    for (size_t i = count > lines ? count - lines : 0; i < count; i++) {
        fprintf(to, "%s%s\n", prefix, ring[i % lines]);
    }
}

/* ---- text of others in formats with rules ---- */

/* The length of the UTF-8 character at p; 0: that is none (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *p)
{
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    if (p[0] > 0xf4 || (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}

/* Bytes that are no UTF-8 become question marks: neither XML nor JSON may hold them. NULL stays. */
static char *clean(struct arena *arena, const char *text)
{
    char *copy = text ? arena_copy(arena, text) : NULL;

    for (char *at = copy; at && *at;) {
        size_t len = utf8_length((const unsigned char *)at);

        if (!len) {
            *at = '?';
        }
        at += len ? len : 1;
    }
    return copy;
}

/* ---- a hosted CI ---- */

/* In a property colons and commas have a meaning, too. */
static void put_command_text(FILE *to, const char *text, bool property)
{
    for (; *text; text++) {
        if (strchr("%\r\n", *text) || (property && strchr(":,", *text))) {
            fprintf(to, "%%%02X", (unsigned char)*text);
        } else {
            fputc(*text, to);
        }
    }
}

/* As the checkout has it. */
static const char *in_workspace(const char *path)
{
    const char *workspace = getenv("GITHUB_WORKSPACE");
    size_t len = workspace ? strlen(workspace) : 0;

    while (!strncmp(path, "./", 2)) {
        path += 2;
    }
    return len && !strncmp(path, workspace, len) && path[len] == '/' ? path + len + 1 : path;
}

/* ":LINE:COLUMN: " at text. Returns what follows, or NULL. */
static const char *take_place(const char *text, unsigned long *line, unsigned long *column)
{
    char *end;

    if (*text != ':') {
        return NULL;
    }
    *line = strtoul(text + 1, &end, 10);
    if (*end != ':') {
        return NULL;
    }
    *column = strtoul(end + 1, &end, 10);
    return *line && *column && !strncmp(end, ": ", 2) ? end + 2 : NULL;
}

void test_annotate(FILE *to, const struct job *job)
{
    const char *ci = getenv("GITHUB_ACTIONS"), *message = job->message ? job->message : "";
    const char *rest = NULL;
    size_t path_len = strlen(job->path);
    unsigned long line = 0, column = 0;

    if (!ci || strcmp(ci, "true") != 0) {
        return;
    }
    if (!strncmp(message, job->path, path_len)) {
        rest = take_place(message + path_len, &line, &column);
    }
    fputs("::error file=", to);
    put_command_text(to, in_workspace(job->path), true);
    if (rest) {
        fprintf(to, ",line=%lu,col=%lu", line, column);
    }
    fputs(",title=", to);
    put_command_text(to, job->name, true);
    fprintf(to, "::%s: ", outcome_names[job->outcome]);
    put_command_text(to, rest ? rest : message, false);
    fputc('\n', to);
}

/* ---- JUnit ---- */

static void put_xml(FILE *to, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        switch (c) {
        case '&':
            fputs("&amp;", to);
            break;
        case '<':
            fputs("&lt;", to);
            break;
        case '>':
            fputs("&gt;", to);
            break;
        case '"':
            fputs("&quot;", to);
            break;
        case '\n':
            fputs("&#10;", to); /* also in an attribute */
            break;
        default:
            fputc(c < ' ' && c != '\t' ? '?' : c, to);
        }
    }
}

/* What the terminal shows of a failure. */
static void put_details(FILE *to, const struct job *job, const struct test_options *options,
                        struct arena *arena)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);

    if (!memory) {
        return;
    }
    test_print_tail(memory, job->out, TEST_TAIL_LINES, "");
    fprintf(memory, "again: %s", test_command_line(job, options, arena));
    if (!fclose(memory)) {
        put_xml(to, clean(arena, text));
    }
    free(text);
}

static void put_case(FILE *to, const struct job *job, const struct test_options *options,
                     struct arena *arena)
{
    fputs("  <testcase classname=\"", to);
    put_xml(to, clean(arena, job->path));
    fputs("\" name=\"", to);
    put_xml(to, clean(arena, job->name));
    if (job->round) {
        fprintf(to, " #%u", job->round + 1);
    }
    fprintf(to, "\" time=\"%.3f\"", job->wall_s);
    if (job->outcome == OUTCOME_PASSED) {
        fputs("/>\n", to);
        return;
    }
    fputs(">\n    ", to);
    if (job->outcome == OUTCOME_NONE) {
        fputs("<skipped/>", to);
    } else {
        bool failure = job->outcome == OUTCOME_FAILED || job->outcome == OUTCOME_DIFFERS ||
                       job->outcome == OUTCOME_FLAKY;

        fprintf(to, "<%s type=\"%s\" message=\"", failure ? "failure" : "error",
                outcome_names[job->outcome]);
        put_xml(to, job->message ? clean(arena, job->message) : "");
        fputs("\">", to);
        put_details(to, job, options, arena);
        fprintf(to, "</%s>", failure ? "failure" : "error");
    }
    fputs("\n  </testcase>\n", to);
}

static unsigned count_of(const struct job *jobs, size_t count, enum outcome outcome)
{
    unsigned n = 0;

    for (size_t i = 0; i < count; i++) {
        n += jobs[i].outcome == outcome;
    }
    return n;
}

static void put_junit(FILE *to, const struct job *jobs, size_t count,
                      const struct test_options *options, struct arena *arena)
{
    double wall_s = 0;

    for (size_t i = 0; i < count; i++) {
        wall_s += jobs[i].wall_s;
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", to);
    fprintf(to,
            "<testsuite name=\"orrery\" tests=\"%zu\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" "
            "time=\"%.3f\">\n",
            count,
            count_of(jobs, count, OUTCOME_FAILED) + count_of(jobs, count, OUTCOME_DIFFERS) +
                count_of(jobs, count, OUTCOME_FLAKY),
            count_of(jobs, count, OUTCOME_INPUT) + count_of(jobs, count, OUTCOME_BROKE),
            count_of(jobs, count, OUTCOME_NONE), wall_s);
    for (size_t i = 0; i < count; i++) {
        put_case(to, &jobs[i], options, arena);
    }
    fputs("</testsuite>\n", to);
}

/* ---- JSON ---- */

static json_t *json_job(const struct job *job, const struct test_options *options,
                        struct arena *arena)
{
    return json_pack(
        "{ss, ss, si, si, ss, si, sf, ss?, ss?, ss?, ss}", "path", clean(arena, job->path), "name",
        clean(arena, job->name), "case", (int)job->case_number, "round", (int)job->round, "outcome",
        outcome_names[job->outcome], "attempts", (int)job->attempts, "wall_s", job->wall_s,
        "message", clean(arena, job->message), "stdout", clean(arena, job->out), "stderr",
        clean(arena, job->err), "again", clean(arena, test_command_line(job, options, arena)));
}

static bool put_json(FILE *to, const struct job *jobs, size_t count,
                     const struct test_options *options, struct arena *arena)
{
    json_t *list = json_array();
    bool good = list != NULL;

    for (size_t i = 0; i < count && good; i++) {
        json_t *job = json_job(&jobs[i], options, arena);

        good = job && !json_array_append_new(list, job);
    }
    good = good && !json_dumpf(list, to, JSON_INDENT(1));
    json_decref(list);
    return good;
}

/* ---- both ---- */

static bool close_file(FILE *file, const char *path, bool good, struct problem *why)
{
    good = !ferror(file) && good;
    return (!fclose(file) && good) ||
           problem_broke(why, "cannot write %s: %s", path, error_text(errno));
}

bool test_write_results(const struct job *jobs, size_t count, const struct test_options *options,
                        struct arena *arena, struct problem *why)
{
    char *xml = arena_printf(arena, "%s/junit.xml", options->results);
    char *json = arena_printf(arena, "%s/results.json", options->results);
    FILE *file = fopen(xml, "we");

    if (!file) {
        return problem_broke(why, "cannot write %s: %s", xml, error_text(errno));
    }
    put_junit(file, jobs, count, options, arena);
    if (!close_file(file, xml, true, why)) {
        return false;
    }
    file = fopen(json, "we");
    if (!file) {
        return problem_broke(why, "cannot write %s: %s", json, error_text(errno));
    }
    return close_file(file, json, put_json(file, jobs, count, options, arena), why);
}
