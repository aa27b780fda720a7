// SPDX-License-Identifier: Apache-2.0
#include "picture.h"

#include <errno.h>
#include <glib.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "problem.h"

#define PIXELS_MAX (16u << 20)

static void digest_pixels(const png_image *image, const uint8_t *pixels,
                          uint8_t digest[PICTURE_DIGEST])
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    char *head = g_strdup_printf("P6\n%u %u\n255\n", image->width, image->height);
    gsize len = PICTURE_DIGEST;

    g_checksum_update(sum, (const guchar *)head, (gssize)strlen(head));
    g_checksum_update(sum, pixels, (gssize)PNG_IMAGE_SIZE(*image));
    g_checksum_get_digest(sum, digest, &len);
    g_free(head);
    g_checksum_free(sum);
}

const char *picture_digest(const char *path, uint8_t digest[PICTURE_DIGEST])
{
    static png_image image;
    FILE *file = fopen(path, "rbe");
    const char *wrong = NULL;
    uint8_t *pixels = NULL;

    if (!file) {
        return error_text(errno);
    }
    memset(&image, 0, sizeof(image));
    image.version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_stdio(&image, file)) {
        wrong = "not a PNG file";
    } else if ((uint64_t)image.width * image.height > PIXELS_MAX) {
        wrong = "too large a picture";
        png_image_free(&image);
    } else {
        image.format = PNG_FORMAT_RGB;
        pixels = malloc(PNG_IMAGE_SIZE(image));
        if (pixels && png_image_finish_read(&image, NULL, pixels, 0, NULL)) {
            digest_pixels(&image, pixels, digest);
        } else {
            wrong = pixels ? "a broken PNG file" : "no memory for it";
        }
    }
    free(pixels);
    fclose(file);
    return wrong;
}
