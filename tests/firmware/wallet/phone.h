/* SPDX-License-Identifier: Apache-2.0 */
/* phone.h - what the wallet's app and the phone agree on (examples/wallet-phone.yaml). */
#ifndef PHONE_H
#define PHONE_H

#define WALLET_NAME "WALLET"

/* 128-bit UUIDs, little endian, that differ in one octet */
#define WALLET_UUID(n)                                                                             \
    {                                                                                              \
        0x6f, 0x72, 0x72, 0x65, 0x72, 0x79, 0x2d, 0x77, 0x61, 0x6c, 0x6c, 0x65, (n), 0x00, 0x74,   \
            0x21                                                                                   \
    }
#define WALLET_SERVICE WALLET_UUID(1)
#define WALLET_APDU WALLET_UUID(2)   /* write: CLA INS P1 P2 Lc, data: 16 bytes at most */
#define WALLET_ANSWER WALLET_UUID(3) /* notify: data, SW1 SW2 */

/* What the two have in common, as if they had been paired: the answer to a request that was
 * confirmed is the request, padded with zeros, encrypted by AES-128 with it. */
#define WALLET_KEY                                                                                 \
    {                                                                                              \
        0x6b657931, 0x6b657932, 0x6b657933, 0x6b657934                                             \
    }

#define SIGN_INS 0x02
#define SW_OK 0x9000
#define SW_REFUSED 0x6985

#endif
