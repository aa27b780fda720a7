/* SPDX-License-Identifier: Apache-2.0 */
#include "console.h"

#include <glib.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

#define LINE_MAX_BYTES 4096u /* a line that never ends comes out in pieces */
#define CLEAR_LINE "\r\033[K"
#define NS_PER_S UINT64_C(1000000000)

struct line {
    GString *text;
    uint64_t last_ns;
    bool shown;
};

struct console {
    const struct layout *layout;
    struct io_file *out, *log;
    bool tty, colour, progress_shown;
    int label_width;
    struct line *lines; /* [port] */
    GString *scratch;
};

struct console *orrery_console_create(const struct layout *layout, struct io_file *out,
                                      struct io_file *log, bool tty)
{
    struct console *console = g_new0(struct console, 1);
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    console->layout = layout;
    console->out = out;
    console->log = log;
    console->tty = tty;
    console->colour = tty && !(no_color && no_color[0]) && !(term && strcmp(term, "dumb") == 0);
    console->lines = g_new0(struct line, layout->port_count + 1);
    console->scratch = g_string_new(NULL);
    for (size_t i = layout->first_attach; i < layout->port_count; i++) {
        int width = (int)strlen(layout->ports[i].full);

        console->lines[i].text = g_string_new(NULL);
        if (layout->ports[i].attach->to == ORRERY__ATTACH__TO__STDOUT &&
            width > console->label_width) {
            console->label_width = width;
        }
    }
    return console;
}

void orrery_console_destroy(struct console *console)
{
    if (!console) {
        return;
    }
    for (size_t i = console->layout->first_attach; i < console->layout->port_count; i++) {
        g_string_free(console->lines[i].text, TRUE);
    }
    g_string_free(console->scratch, TRUE);
    g_free(console->lines);
    g_free(console);
}

static const char *colour_of(unsigned member)
{
    static const char *const palette[] = {"36", "33", "32", "35", "34",
                                          "31", "96", "93", "92", "95"};

    return palette[(member - 1) % G_N_ELEMENTS(palette)];
}

/* Length of a colour sequence (ESC [ digits and semicolons m) at text, 0: it is none. */
static size_t colour_sequence(const char *text, size_t len)
{
    size_t i = 2;

    if (len < 3 || text[0] != '\033' || text[1] != '[') {
        return 0;
    }
    while (i < len && (g_ascii_isdigit(text[i]) || text[i] == ';')) {
        i++;
    }
    return i < len && text[i] == 'm' ? i + 1 : 0;
}

/*
 * What a guest writes is not to be trusted with our terminal: control characters, and bytes that
 * are no text, are shown as \xNN. Colours are kept where we use colours ourselves, and dropped
 * elsewhere.
 */
static void append_clean(GString *to, const GString *text, bool colour)
{
    bool coloured = false;

    for (size_t i = 0; i < text->len; i++) {
        uint8_t c = (uint8_t)text->str[i];
        size_t sequence = colour_sequence(text->str + i, text->len - i);
        size_t wide = c >= 0x80 ? orrery_utf8(text->str + i, text->len - i) : 0;

        if (sequence) {
            if (colour) {
                g_string_append_len(to, text->str + i, (gssize)sequence);
                coloured = true;
            }
            i += sequence - 1;
        } else if (wide) {
            g_string_append_len(to, text->str + i, (gssize)wide);
            i += wide - 1;
        } else if (c == '\t' || (c >= ' ' && c <= '~')) {
            g_string_append_c(to, (char)c);
        } else {
            g_string_append_printf(to, "\\x%02x", c);
        }
    }
    if (coloured) {
        g_string_append(to, "\033[0m");
    }
}

/* One line of the output. */
struct entry {
    unsigned member;
    uint64_t at_ns;
    const char *who;
    const GString *text;
};

static void append_line(struct console *console, const struct entry *entry, bool colour)
{
    GString *to = console->scratch;

    g_string_append_printf(to, "[%3" PRIu64 ".%09" PRIu64 "] ", entry->at_ns / NS_PER_S,
                           entry->at_ns % NS_PER_S);
    if (colour) {
        g_string_append_printf(to, "\033[%sm%-*s\033[0m", colour_of(entry->member),
                               console->label_width, entry->who);
    } else {
        g_string_append_printf(to, "%-*s", console->label_width, entry->who);
    }
    g_string_append(to, " | ");
    append_clean(to, entry->text, colour);
    g_string_append_c(to, '\n');
}

static void write_line(struct console *console, const struct entry *entry, bool shown)
{
    if (shown) {
        g_string_truncate(console->scratch, 0);
        if (console->progress_shown) {
            g_string_append(console->scratch, CLEAR_LINE);
            console->progress_shown = false;
        }
        append_line(console, entry, console->colour);
        orrery_io_write(console->out, console->scratch->str, console->scratch->len);
    }
    if (console->log) {
        g_string_truncate(console->scratch, 0);
        append_line(console, entry, false);
        orrery_io_write(console->log, console->scratch->str, console->scratch->len);
    }
}

void orrery_console_note(struct console *console, unsigned member, uint64_t at_ns, const char *who,
                         const char *text)
{
    GString *copy = g_string_new(text);

    write_line(console, &(struct entry){member, at_ns, who, copy}, true);
    g_string_free(copy, TRUE);
}

static void release_line(struct console *console, unsigned port)
{
    const struct layout_port *from = &console->layout->ports[port];
    struct line *line = &console->lines[port];

    if (line->text->len > 0 && line->text->str[line->text->len - 1] == '\r') {
        g_string_truncate(line->text, line->text->len - 1);
    }
    write_line(console, &(struct entry){from->member, line->last_ns, from->full, line->text},
               line->shown);
    g_string_truncate(line->text, 0);
    line->last_ns = 0;
}

void orrery_console_byte(struct console *console, unsigned port, uint64_t at_ns, uint8_t byte,
                         bool shown)
{
    struct line *line = &console->lines[port];

    line->last_ns = at_ns; /* a line bears the time of its end, so the stream is in order */
    line->shown = shown;
    if (byte == '\n') {
        release_line(console, port);
        return;
    }
    g_string_append_c(line->text, (char)byte);
    if (line->text->len >= LINE_MAX_BYTES) {
        release_line(console, port);
    }
}

void orrery_console_finish(struct console *console)
{
    for (;;) {
        int first = -1;

        for (size_t i = console->layout->first_attach; i < console->layout->port_count; i++) {
            const struct line *line = &console->lines[i];

            if (line->text->len > 0 &&
                (first < 0 || line->last_ns < console->lines[first].last_ns)) {
                first = (int)i;
            }
        }
        if (first < 0) {
            break;
        }
        release_line(console, (unsigned)first);
    }
    if (console->progress_shown) {
        orrery_io_write(console->out, CLEAR_LINE, strlen(CLEAR_LINE));
        console->progress_shown = false;
    }
}

void orrery_console_progress(struct console *console, uint64_t virtual_ns, double wall_s)
{
    double virtual_s = (double)virtual_ns / (double)NS_PER_S;

    if (!console->tty || orrery_io_pending(console->out) > 0) {
        return;
    }
    g_string_printf(console->scratch, CLEAR_LINE "%.3f s, %.2f x real time", virtual_s,
                    wall_s > 0 ? virtual_s / wall_s : 0.0);
    orrery_io_write(console->out, console->scratch->str, console->scratch->len);
    console->progress_shown = true;
}
