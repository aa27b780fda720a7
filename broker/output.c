/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <glib.h>
#include <pthread.h>
#include <string.h>

#include "io.h"

/* Records, and the packets of those that have one, one behind the other. */
struct batch {
    GArray *records;
    GByteArray *packets;
};

struct output {
    struct io *io;
    struct batch fresh; /* the conductor's */
    struct batch notes; /* the conductor's, of times that others have not reached */
    pthread_mutex_t lock;
    struct batch ready;
};

static struct batch new_batch(void)
{
    return (struct batch){g_array_new(FALSE, FALSE, sizeof(struct output_record)),
                          g_byte_array_new()};
}

static void free_batch(struct batch *batch)
{
    g_array_unref(batch->records);
    g_byte_array_unref(batch->packets);
}

struct output *orrery_output_create(struct io *io)
{
    struct output *output = g_new0(struct output, 1);

    output->io = io;
    output->fresh = new_batch();
    output->notes = new_batch();
    output->ready = new_batch();
    pthread_mutex_init(&output->lock, NULL);
    return output;
}

void orrery_output_destroy(struct output *output)
{
    if (output) {
        free_batch(&output->fresh);
        free_batch(&output->notes);
        free_batch(&output->ready);
        pthread_mutex_destroy(&output->lock);
        g_free(output);
    }
}

static void add(struct output *output, struct output_record record)
{
    g_array_append_val(output->fresh.records, record);
}

static void move_notes(struct output *output, uint64_t before_ns)
{
    struct batch *notes = &output->notes;
    const struct output_record *first;

    while (notes->records->len &&
           (first = &g_array_index(notes->records, struct output_record, 0))->at_ns < before_ns) {
        guint len = first->len;

        add(output, *first);
        g_byte_array_append(output->fresh.packets, notes->packets->data, len);
        g_byte_array_remove_range(notes->packets, 0, len);
        g_array_remove_index(notes->records, 0);
    }
}

void orrery_output_byte(struct output *output, unsigned port, uint64_t at_ns, uint8_t data)
{
    move_notes(output, at_ns + 1);
    add(output, (struct output_record){at_ns, (uint16_t)port, OUTPUT_BYTE, data, 0});
}

void orrery_output_input(struct output *output, unsigned port, uint64_t at_ns, uint8_t data)
{
    add(output, (struct output_record){at_ns, (uint16_t)port, OUTPUT_INPUT, data, 0});
}

void orrery_output_packet(struct output *output, unsigned port, uint64_t at_ns,
                          const uint8_t *packet, size_t len)
{
    move_notes(output, at_ns + 1);
    add(output, (struct output_record){at_ns, (uint16_t)port, OUTPUT_PACKET, 0, (uint16_t)len});
    g_byte_array_append(output->fresh.packets, packet, (guint)len);
}

void orrery_output_note(struct output *output, unsigned member, uint64_t at_ns, const char *who,
                        const char *text)
{
    size_t who_len = strlen(who) + 1, text_len = strlen(text) + 1;
    struct output_record record = {at_ns, (uint16_t)member, OUTPUT_NOTE, 0,
                                   (uint16_t)(who_len + text_len)};

    g_array_append_val(output->notes.records, record);
    g_byte_array_append(output->notes.packets, (const guint8 *)who, (guint)who_len);
    g_byte_array_append(output->notes.packets, (const guint8 *)text, (guint)text_len);
}

void orrery_output_flush(struct output *output, uint64_t bound_ns)
{
    struct batch *fresh = &output->fresh, *ready = &output->ready;

    move_notes(output, bound_ns);
    if (fresh->records->len == 0) {
        return;
    }
    pthread_mutex_lock(&output->lock);
    g_array_append_vals(ready->records, fresh->records->data, fresh->records->len);
    if (fresh->packets->len) {
        g_byte_array_append(ready->packets, fresh->packets->data, fresh->packets->len);
    }
    pthread_mutex_unlock(&output->lock);
    g_array_set_size(fresh->records, 0);
    g_byte_array_set_size(fresh->packets, 0);
    orrery_io_poke(output->io);
}

size_t orrery_output_waiting(struct output *output)
{
    size_t len;

    pthread_mutex_lock(&output->lock);
    len = output->ready.records->len + output->ready.packets->len;
    pthread_mutex_unlock(&output->lock);
    return len;
}

void orrery_output_fetch(struct output *output, output_fn fn, void *opaque)
{
    struct batch batch, empty = new_batch();
    size_t at = 0;

    pthread_mutex_lock(&output->lock);
    batch = output->ready;
    output->ready = empty;
    pthread_mutex_unlock(&output->lock);
    for (guint i = 0; i < batch.records->len; i++) {
        const struct output_record *record = &g_array_index(batch.records, struct output_record, i);

        fn(opaque, record, record->len ? batch.packets->data + at : NULL);
        at += record->len;
    }
    free_batch(&batch);
}
