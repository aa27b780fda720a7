/*
 * Orrery: accessors of a machine's string properties
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_ORRERY_PROPERTY_H
#define HW_ORRERY_PROPERTY_H

/* get_FIELD and set_FIELD of the field of that name of MACHINE(obj), for object_class_property_add_str(). */
#define ORRERY_STRING_PROPERTY(MACHINE, field)                                \
    static char *get_##field(Object *obj, Error **errp)                       \
    {                                                                         \
        return g_strdup(MACHINE(obj)->field);                                 \
    }                                                                         \
    static void set_##field(Object *obj, const char *value, Error **errp)     \
    {                                                                         \
        g_free(MACHINE(obj)->field);                                          \
        MACHINE(obj)->field = g_strdup(value);                                \
    }

#endif
