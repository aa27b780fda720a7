// SPDX-License-Identifier: Apache-2.0
#include "problem.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Whatever a manifest holds, a message stays on one line and cannot drive the terminal. */
static void make_printable(char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7f) {
            *text = '?';
        }
    }
}

static void fill(struct problem *why, int exit_code, size_t used, const char *format, va_list args)
{
    why->exit_code = exit_code;
    if (used < sizeof(why->text)) {
        vsnprintf(why->text + used, sizeof(why->text) - used, format, args);
    }
    make_printable(why->text);
}

bool problem_at(struct problem *why, const char *file, struct mark mark, const char *format, ...)
{
    va_list args;
    int used;

    file = mark.file ? mark.file : file;
    if (mark.line) {
        used = snprintf(why->text, sizeof(why->text), "%s:%u:%u: ", file, mark.line, mark.column);
    } else {
        used = snprintf(why->text, sizeof(why->text), "%s: ", file);
    }
    va_start(args, format);
    fill(why, EXIT_BAD_INPUT, used > 0 ? (size_t)used : 0, format, args);
    va_end(args);
    return false;
}

bool problem_input(struct problem *why, const char *format, ...)
{
    va_list args;
    int used = snprintf(why->text, sizeof(why->text), "orrery: ");

    va_start(args, format);
    fill(why, EXIT_BAD_INPUT, (size_t)used, format, args);
    va_end(args);
    return false;
}

bool problem_broke(struct problem *why, const char *format, ...)
{
    va_list args;
    int used = snprintf(why->text, sizeof(why->text), "orrery: ");

    va_start(args, format);
    fill(why, EXIT_BROKE, (size_t)used, format, args);
    va_end(args);
    return false;
}

int problem_report(const struct problem *why)
{
    fflush(stdout);
    fprintf(stderr, "%s\n", why->text);
    return why->exit_code;
}

const char *error_text(int error)
{
    static char text[128];

    snprintf(text, sizeof(text), "%s", strerror(error));
    /* "Is a directory" becomes "is a directory"; "RFS specific error" stays. */
    if (isupper((unsigned char)text[0]) && !isupper((unsigned char)text[1])) {
        text[0] = (char)tolower((unsigned char)text[0]);
    }
    return text;
}
