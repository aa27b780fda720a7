/* SPDX-License-Identifier: Apache-2.0 */
/* run_dir.h - remove a run directory when its launcher cannot. */
#ifndef ORRERY_BROKER_RUN_DIR_H
#define ORRERY_BROKER_RUN_DIR_H

/* Sockets, links and files in it, and itself; no directories in it are entered. */
void orrery_run_dir_remove(const char *path);

#endif
