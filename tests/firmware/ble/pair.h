/* SPDX-License-Identifier: Apache-2.0 */
/* pair.h - what server.c and client.c agree on (examples/ble-pair.yaml). */
#ifndef PAIR_H
#define PAIR_H

#define PAIR_NAME "ORRERY"
#define PAIR_VALUE_LEN                                                                             \
    20 /* of a notification: a count, then the count's low octet again and again */

#ifndef NOTIFICATIONS
#define NOTIFICATIONS 1000u
#endif

/* 128-bit UUIDs, little endian, that differ in one octet */
#define PAIR_UUID(n)                                                                               \
    {                                                                                              \
        0x6f, 0x72, 0x72, 0x65, 0x72, 0x79, 0x2d, 0x62, 0x6c, 0x65, 0x2d, 0x70, (n), 0x00, 0x61,   \
            0x72                                                                                   \
    }
#define PAIR_SERVICE PAIR_UUID(1)
#define PAIR_ORDER PAIR_UUID(2) /* write: how many notifications, 16 bits */
#define PAIR_COUNT PAIR_UUID(3) /* notify */

#endif
