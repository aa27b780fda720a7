/* SPDX-License-Identifier: Apache-2.0 */
/* See orrery-test.h. libc only; speaks to `orrery run --drive` as launch/driver.h has it. */
#include "orrery-test.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CAPTURES 10
#define DRIVE_FD 3
#define LINE_MAX_BYTES 65536

extern char **environ;

struct orrery_test {
    pid_t pid; /* 0: none */
    int fd;
    bool over;
    int code; /* what the run came to, once it is over */
    uint64_t at_ns;
    char hash[ORRERY_TEST_HASH_SIZE];
    char *captures[CAPTURES];
    char error[1024];
    char line[LINE_MAX_BYTES]; /* of the last answer */
};

__attribute__((format(printf, 3, 4))) static int fail(struct orrery_test *t, int code,
                                                      const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(t->error, sizeof(t->error), format, args);
    va_end(args);
    return code;
}

/* ---- the program ---- */

static const char *find_orrery(void)
{
    const char *named = getenv("ORRERY");

    if (named && *named) {
        return named;
    }
    return access(ORRERY_INSTALLED, X_OK) ? "orrery" : ORRERY_INSTALLED;
}

/* orrery run FILE --trace-hash --drive 3 OPTION... */
static char **make_argv(const char *orrery, const char *file, const char *const *options)
{
    const char *const words[] = {orrery, "run", file, "--trace-hash", "--drive=3"};
    size_t count = sizeof(words) / sizeof(words[0]), more = 0;
    char **argv;

    while (options && options[more]) {
        more++;
    }
    argv = calloc(count + more + 1, sizeof(*argv));
    if (argv) {
        memcpy(argv, words, sizeof(words));
        memcpy(argv + count, options, more * sizeof(*argv));
    }
    return argv;
}

/* A process group of its own: ^C is for us, and the run ends with us. Its output is for people. */
static int spawn(pid_t *pid, char **argv, int fd)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none, all;
    int error;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fd, DRIVE_FD);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    error = posix_spawnp(pid, argv[0], &actions, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static int start(struct orrery_test *t, const char *file, const char *const *options)
{
    char **argv = make_argv(find_orrery(), file, options);
    int pair[2], error;

    if (!argv || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
        error = errno;
        free(argv);
        return fail(t, ORRERY_TEST_BROKE, "cannot start orrery: %s", strerror(error));
    }
    error = spawn(&t->pid, argv, pair[1]);
    close(pair[1]);
    if (error) {
        t->pid = 0;
        close(pair[0]);
        fail(t, ORRERY_TEST_BROKE, "cannot start %s: %s", argv[0], strerror(error));
    } else {
        t->fd = pair[0];
    }
    free(argv);
    return error ? ORRERY_TEST_BROKE : ORRERY_TEST_OK;
}

/* ---- talking ---- */

static bool send_all(struct orrery_test *t, const char *text)
{
    size_t len = strlen(text);

    while (len) {
        ssize_t n = send(t->fd, text, len, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR) {
            return false;
        }
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* One line. False: it hung up. */
static bool receive_line(struct orrery_test *t)
{
    size_t filled = 0;

    while (filled < sizeof(t->line)) {
        ssize_t n = recv(t->fd, t->line + filled, sizeof(t->line) - filled, 0);

        if (n == 0 || (n < 0 && errno != EINTR)) {
            return false;
        }
        filled += n > 0 ? (size_t)n : 0;
        if (filled && t->line[filled - 1] == '\n') {
            t->line[filled - 1] = '\0';
            return true;
        }
    }
    return false;
}

/* The run has ended with this code and line. */
static int end_with(struct orrery_test *t, int code, const char *text)
{
    t->over = true;
    t->code = code;
    return fail(t, code ? code : ORRERY_TEST_OVER, "%s", *text ? text : "the run is over");
}

/* over CODE HASH TEXT */
static int take_over(struct orrery_test *t)
{
    char *code = t->line + strlen("over "), *hash = strchr(code, ' '), *text;

    text = hash ? strchr(hash + 1, ' ') : NULL;
    if (hash && text && text - hash - 1 == ORRERY_TEST_HASH_SIZE - 1) {
        snprintf(t->hash, sizeof(t->hash), "%s", hash + 1);
    }
    return end_with(t, (int)strtol(code, NULL, 10), text ? text + 1 : "");
}

static void drop_captures(struct orrery_test *t)
{
    for (unsigned i = 0; i < CAPTURES; i++) {
        free(t->captures[i]);
        t->captures[i] = NULL;
    }
}

static unsigned digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* 6f6e, or - for nothing: decoded in place. */
static void decode(char *hex)
{
    size_t len = *hex == '-' ? 0 : strlen(hex) / 2;

    for (size_t i = 0; i < len; i++) {
        hex[i] = (char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    }
    hex[len] = '\0';
}

/* ok NUMBER CAPTURE... */
static void take_captures(struct orrery_test *t)
{
    char *at = strchr(t->line + strlen("ok "), ' ');

    drop_captures(t);
    for (unsigned i = 0; i < CAPTURES && at; i++) {
        char *word = at + 1;

        at = strchr(word, ' ');
        if (at) {
            *at = '\0';
        }
        decode(word);
        t->captures[i] = strdup(word);
    }
}

/* Send a line and take the answer; *number: the one in it. */
static int ask(struct orrery_test *t, const char *line, uint64_t *number)
{
    char *text;

    if (t->over) {
        return t->code ? t->code : ORRERY_TEST_OVER;
    }
    t->error[0] = '\0';
    if (strchr(line, '\n') != line + strlen(line) - 1) {
        return fail(t, ORRERY_TEST_REFUSED, "a step is one line");
    }
    send_all(t, line); /* if that fails there may still be a last word */
    if (!receive_line(t)) {
        return end_with(t, ORRERY_TEST_BROKE, "orrery has gone; standard error has what it said");
    }
    if (!strncmp(t->line, "over ", 5)) {
        return take_over(t);
    }
    if (!strncmp(t->line, "refused ", 8)) {
        return fail(t, ORRERY_TEST_REFUSED, "%.900s", t->line + 8);
    }
    if (!strncmp(t->line, "failed ", 7)) {
        *number = strtoull(t->line + 7, &text, 10);
        return fail(t, ORRERY_TEST_FAILED, "%.900s", *text ? text + 1 : "");
    }
    *number = strtoull(t->line + strlen("ok "), NULL, 10);
    return ORRERY_TEST_OK;
}

static int step(struct orrery_test *t, const char *line)
{
    int code = ask(t, line, &t->at_ns);

    if (code == ORRERY_TEST_OK) {
        take_captures(t);
    }
    return code;
}

/* ---- steps ---- */

/* In double quotes, as YAML has them. NULL: no memory. */
static char *quote(const char *text)
{
    char *out = malloc(4 * strlen(text) + 3), *to = out;

    if (!out) {
        return NULL;
    }
    *to++ = '"';
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < ' ' || c == '"' || c == '\\' || c == 0x7f) {
            to += sprintf(to, "\\x%02x", c);
        } else {
            *to++ = (char)c;
        }
    }
    strcpy(to, "\"");
    return out;
}

int orrery_test_step(struct orrery_test *t, const char *format, ...)
{
    char *text = NULL, *line = NULL;
    va_list args;
    int code = -1;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) {
        text = NULL;
    }
    va_end(args);
    if (text && asprintf(&line, "step %s\n", text) >= 0) {
        code = step(t, line);
    }
    free(text);
    free(line);
    return code >= 0 ? code : fail(t, ORRERY_TEST_BROKE, "out of memory");
}

/* what: TEXT on port; within_ns 0: such a step takes no time. */
static int text_step(struct orrery_test *t, const char *what, const char *port, const char *text,
                     const uint64_t *within_ns)
{
    char *quoted = quote(text), *quoted_port = quote(port), within[40] = "";
    int code;

    if (within_ns) {
        snprintf(within, sizeof(within), ", within: %" PRIu64 "ns", *within_ns);
    }
    code = quoted && quoted_port
               ? orrery_test_step(t, "{ %s: %s, port: %s%s }", what, quoted, quoted_port, within)
               : fail(t, ORRERY_TEST_BROKE, "out of memory");
    free(quoted);
    free(quoted_port);
    return code;
}

int orrery_test_expect(struct orrery_test *t, const char *port, const char *text,
                       uint64_t within_ns)
{
    return text_step(t, "expect", port, text, &within_ns);
}

int orrery_test_match(struct orrery_test *t, const char *port, const char *regex,
                      uint64_t within_ns)
{
    return text_step(t, "match", port, regex, &within_ns);
}

int orrery_test_send(struct orrery_test *t, const char *port, const char *text)
{
    return text_step(t, "send", port, text, NULL);
}

int orrery_test_line(struct orrery_test *t, const char *line, unsigned level)
{
    return orrery_test_step(t, "{ line: \"%s\", level: %u }", line, level);
}

int orrery_test_reset(struct orrery_test *t, const char *instance)
{
    return orrery_test_step(t, "{ reset: \"%s\" }", instance);
}

int orrery_test_wait(struct orrery_test *t, uint64_t ns)
{
    return orrery_test_step(t, "{ wait: %" PRIu64 "ns }", ns);
}

int orrery_test_until(struct orrery_test *t, uint64_t at_ns)
{
    return orrery_test_step(t, "{ at: %" PRIu64 "ns }", at_ns);
}

/* ---- looking ---- */

uint64_t orrery_test_time(const struct orrery_test *t)
{
    return t->at_ns;
}

const char *orrery_test_captured(const struct orrery_test *t, unsigned group)
{
    return group < CAPTURES && t->captures[group] ? t->captures[group] : "";
}

const char *orrery_test_error(const struct orrery_test *t)
{
    return t->error;
}

int orrery_test_counter(struct orrery_test *t, const char *lane, const char *counter,
                        uint64_t *value)
{
    char *line;
    int code;

    if (asprintf(&line, "count %s %s\n", lane, counter) < 0) {
        return fail(t, ORRERY_TEST_BROKE, "out of memory");
    }
    code = ask(t, line, value);
    free(line);
    return code;
}

/* ---- start and end ---- */

int orrery_test_start(struct orrery_test **test, const char *file, const char *const *options)
{
    struct orrery_test *t = calloc(1, sizeof(*t));
    int code;

    *test = t;
    if (!t) {
        return ORRERY_TEST_BROKE;
    }
    t->fd = -1;
    code = start(t, file, options);
    if (code) {
        t->over = true;
        t->code = code;
        return code;
    }
    return step(t, "begin\n");
}

int orrery_test_end(struct orrery_test *t, char *hash)
{
    uint64_t unused;
    int code, status = 0;

    if (!t) {
        return ORRERY_TEST_OK;
    }
    if (!t->over) {
        ask(t, "end\n", &unused);
    }
    if (t->fd >= 0) {
        close(t->fd);
    }
    while (t->pid && waitpid(t->pid, &status, 0) < 0 && errno == EINTR) {
    }
    code = t->code;
    if (hash) {
        memcpy(hash, t->hash, sizeof(t->hash));
    }
    drop_captures(t);
    free(t);
    return code;
}
