/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <glib.h>
#include <pthread.h>

#include "io.h"

struct output {
    struct io *io;
    GArray *fresh; /* the conductor's */
    pthread_mutex_t lock;
    GArray *ready;
    GAsyncQueue *notes; /* of strings: who, what, who... in the order of the records */
};

struct output *orrery_output_create(struct io *io)
{
    struct output *output = g_new0(struct output, 1);

    output->io = io;
    output->fresh = g_array_new(FALSE, FALSE, sizeof(struct output_record));
    output->ready = g_array_new(FALSE, FALSE, sizeof(struct output_record));
    output->notes = g_async_queue_new_full(g_free);
    pthread_mutex_init(&output->lock, NULL);
    return output;
}

void orrery_output_destroy(struct output *output)
{
    if (output) {
        g_array_unref(output->fresh);
        g_array_unref(output->ready);
        g_async_queue_unref(output->notes);
        pthread_mutex_destroy(&output->lock);
        g_free(output);
    }
}

static void add(struct output *output, enum output_kind kind, unsigned port, uint64_t at_ns,
                uint8_t data)
{
    struct output_record record = {at_ns, (uint16_t)port, (uint8_t)kind, data};

    g_array_append_val(output->fresh, record);
}

void orrery_output_byte(struct output *output, unsigned port, uint64_t at_ns, uint8_t data)
{
    add(output, OUTPUT_BYTE, port, at_ns, data);
}

void orrery_output_input(struct output *output, unsigned port, uint64_t at_ns, uint8_t data)
{
    add(output, OUTPUT_INPUT, port, at_ns, data);
}

void orrery_output_note(struct output *output, unsigned member, uint64_t at_ns, const char *who,
                        const char *text)
{
    g_async_queue_push(output->notes, g_strdup(who));
    g_async_queue_push(output->notes, g_strdup(text));
    add(output, OUTPUT_NOTE, member, at_ns, 0);
}

char *orrery_output_note_text(struct output *output, char **who)
{
    *who = g_async_queue_pop(output->notes);
    return g_async_queue_pop(output->notes);
}

void orrery_output_flush(struct output *output)
{
    if (output->fresh->len == 0) {
        return;
    }
    pthread_mutex_lock(&output->lock);
    g_array_append_vals(output->ready, output->fresh->data, output->fresh->len);
    pthread_mutex_unlock(&output->lock);
    g_array_set_size(output->fresh, 0);
    orrery_io_poke(output->io);
}

size_t orrery_output_waiting(struct output *output)
{
    size_t len;

    pthread_mutex_lock(&output->lock);
    len = output->ready->len;
    pthread_mutex_unlock(&output->lock);
    return len;
}

void orrery_output_fetch(struct output *output, output_fn fn, void *opaque)
{
    GArray *records, *empty = g_array_new(FALSE, FALSE, sizeof(struct output_record));

    pthread_mutex_lock(&output->lock);
    records = output->ready;
    output->ready = empty;
    pthread_mutex_unlock(&output->lock);
    for (guint i = 0; i < records->len; i++) {
        fn(opaque, &g_array_index(records, struct output_record, i));
    }
    g_array_unref(records);
}
