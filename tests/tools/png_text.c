// SPDX-License-Identifier: Apache-2.0
/* png-text FILE: a black and white picture as text; its size and its brightest grey first. */
#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    unsigned brightest = 0;
    uint8_t *pixels;

    if (argc != 2 || !png_image_begin_read_from_file(&image, argv[1])) {
        fprintf(stderr, "png-text: %s\n", argc != 2 ? "a file was meant" : image.message);
        return 2;
    }
    image.format = PNG_FORMAT_RGB;
    pixels = malloc(PNG_IMAGE_SIZE(image));
    if (!pixels || !png_image_finish_read(&image, NULL, pixels, 0, NULL)) {
        fprintf(stderr, "png-text: %s\n", image.message);
        return 2;
    }
    for (size_t i = 0; i < PNG_IMAGE_SIZE(image); i++) {
        brightest = pixels[i] > brightest ? pixels[i] : brightest;
    }
    printf("%u x %u, %u\n", image.width, image.height, brightest);
    for (unsigned y = 0; y < image.height; y++) {
        for (unsigned x = 0; x < image.width; x++) {
            const uint8_t *pixel = pixels + 3 * (y * image.width + x);

            unsigned grey = pixel[0] == pixel[1] && pixel[1] == pixel[2] ? pixel[0] : 1;

            putchar(!grey ? '.' : grey == brightest ? '#' : '?');
        }
        putchar('\n');
    }
    free(pixels);
    return 0;
}
