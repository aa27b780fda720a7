/*
 * STM32WB55: what the factory writes beside the flash (engineering bytes)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RM0434 38 (device electronic signature), DS11929 3.15.1, 3.15.2 (calibration). Offsets from
 * WB_INFO_BASE. The ADC's model makes the same voltages, so a firmware that uses the
 * calibration measures what it should.
 */
#ifndef HW_ORRERY_STM32WB55_FACTORY_H
#define HW_ORRERY_STM32WB55_FACTORY_H

#define WB_PACKAGE 0x500
#define WB_UID64 0x580
#define WB_UID96 0x590
#define WB_TS_CAL1 0x5A8 /* 30 degrees, VREF+ 3.0 V */
#define WB_VREFINT_CAL 0x5AA /* 30 degrees, VREF+ 3.6 V */
#define WB_TS_CAL2 0x5CA /* 130 degrees, VREF+ 3.0 V */
#define WB_FLASH_KIB 0x5E0

#define WB_PACKAGE_VFQFPN68 0x13
#define WB_ST_COMPANY_ID 0x0080E1u
#define WB_ST_DEVICE 0x26u

/* The sensor's line: 0.76 V at 30 degrees, 2.5 mV a degree; the reference 1.212 V. */
#define WB_TS_30_UV 760000
#define WB_TS_SLOPE_UV 2500
#define WB_VREFINT_UV 1212000
#define WB_TS_CAL1_VALUE (WB_TS_30_UV / 1000 * 4095 / 3000)
#define WB_TS_CAL2_VALUE ((WB_TS_30_UV + 100 * WB_TS_SLOPE_UV) / 1000 * 4095 / 3000)
#define WB_VREFINT_CAL_VALUE (WB_VREFINT_UV / 1000 * 4095 / 3600)

#endif
