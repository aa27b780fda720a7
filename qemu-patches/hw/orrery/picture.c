/*
 * Orrery: what a display shows
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "ui/console.h"
#include "member.h"
#include "picture.h"

#if defined(CONFIG_PIXMAN) && defined(CONFIG_PNG)
#include <png.h>
#include "ui/qemu-pixman.h"

/* Rows of red, green and blue. */
static uint8_t *pixels_of(pixman_image_t *image, int width, int height)
{
    g_autoptr(pixman_image_t) line = qemu_pixman_linebuf_create(PIXMAN_BE_r8g8b8, width);
    uint8_t *pixels = g_malloc((size_t)width * height * 3);

    for (int y = 0; y < height; y++) {
        qemu_pixman_linebuf_fill(line, image, width, 0, y);
        memcpy(pixels + (size_t)y * width * 3, pixman_image_get_data(line), (size_t)width * 3);
    }
    return pixels;
}

static bool is_it(const uint8_t *digest, const uint8_t *pixels, int width, int height)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *head = g_strdup_printf("P6\n%d %d\n255\n", width, height);
    uint8_t own[ORRERY_DIGEST_SIZE];
    gsize len = sizeof(own);

    g_checksum_update(sum, (const guchar *)head, strlen(head));
    g_checksum_update(sum, pixels, (size_t)width * height * 3);
    g_checksum_get_digest(sum, own, &len);
    return memcmp(own, digest, sizeof(own)) == 0;
}

unsigned orrery_picture_compare(const uint8_t *digest, const char *prefix, const char *name,
                                uint64_t *size)
{
    QemuConsole *con = qemu_console_lookup_by_index(0);
    png_image png = { .version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB };
    g_autofree uint8_t *pixels = NULL;
    g_autofree char *path = NULL;
    DisplaySurface *surface;

    if (!con || !qemu_console_is_graphic(con)) {
        return ORRERY_ANSWER_NO_SCREEN;
    }
    graphic_hw_update(con);
    surface = qemu_console_surface(con);
    if (!surface) {
        return ORRERY_ANSWER_NO_SCREEN;
    }
    png.width = surface_width(surface);
    png.height = surface_height(surface);
    *size = (uint64_t)png.height << 32 | png.width;
    pixels = pixels_of(surface->image, png.width, png.height);
    if (is_it(digest, pixels, png.width, png.height)) {
        return ORRERY_ANSWER_DONE;
    }
    path = g_strdup_printf("%s%s", prefix, name);
    return *prefix && !strchr(name, '/') && png_image_write_to_file(&png, path, 0, pixels, 0, NULL)
           ? ORRERY_ANSWER_DIFFERS : ORRERY_ANSWER_NOT_KEPT;
}

#else

unsigned orrery_picture_compare(const uint8_t *digest, const char *prefix, const char *name,
                                uint64_t *size)
{
    return ORRERY_ANSWER_NO_SCREEN;
}

#endif
