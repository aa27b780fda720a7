/* SPDX-License-Identifier: Apache-2.0 */
#include "run_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

void orrery_run_dir_remove(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    if (!dir) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        unlinkat(fd, entry->d_name, 0); /* fails on directories, . and .. among them */
    }
    closedir(dir);
    rmdir(path);
}
