// SPDX-License-Identifier: Apache-2.0
/* What `orrery test` leaves on disk. See test_run.h. */
#include <errno.h>
#include <jansson.h>
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
        default:
            fputc(c < ' ' && c != '\t' ? '?' : c, to);
        }
    }
}

static void put_case(FILE *to, const struct job *job)
{
    fputs("  <testcase classname=\"", to);
    put_xml(to, job->path);
    fputs("\" name=\"", to);
    put_xml(to, job->name);
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
        put_xml(to, job->message ? job->message : "");
        fputs("\"/>", to);
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

static void put_junit(FILE *to, const struct job *jobs, size_t count)
{
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", to);
    fprintf(
        to,
        "<testsuite name=\"orrery\" tests=\"%zu\" failures=\"%u\" errors=\"%u\" skipped=\"%u\">\n",
        count,
        count_of(jobs, count, OUTCOME_FAILED) + count_of(jobs, count, OUTCOME_DIFFERS) +
            count_of(jobs, count, OUTCOME_FLAKY),
        count_of(jobs, count, OUTCOME_INPUT) + count_of(jobs, count, OUTCOME_BROKE),
        count_of(jobs, count, OUTCOME_NONE));
    for (size_t i = 0; i < count; i++) {
        put_case(to, &jobs[i]);
    }
    fputs("</testsuite>\n", to);
}

/* ---- JSON ---- */

static json_t *json_job(const struct job *job, const struct test_options *options,
                        struct arena *arena)
{
    return json_pack("{ss, ss, si, si, ss, si, sf, ss?, ss?, ss?, ss}", "path", job->path, "name",
                     job->name, "case", (int)job->case_number, "round", (int)job->round, "outcome",
                     outcome_names[job->outcome], "attempts", (int)job->attempts, "wall_s",
                     job->wall_s, "message", job->message, "stdout", job->out, "stderr", job->err,
                     "again", test_command_line(job, options, arena));
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
    put_junit(file, jobs, count);
    if (!close_file(file, xml, true, why)) {
        return false;
    }
    file = fopen(json, "we");
    if (!file) {
        return problem_broke(why, "cannot write %s: %s", json, error_text(errno));
    }
    return close_file(file, json, put_json(file, jobs, count, options, arena), why);
}
