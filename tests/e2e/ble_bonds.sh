#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Bonds outlive a reset of the pair of cores, a power cycle, and the run, where the flash is kept: the
# client pairs and subscribes once; after that its keys and its subscription are still known.
# timeout: 300
. "$(dirname "$0")/lib.sh"

cd "$SCRATCH" || exit 3
BONDED="client: connected, bonds: 1"

# pair NAME SERVER CLIENT - the manifest of both, with more keys for each
pair() {
    cat >"$1.yaml" <<END
orrery: 1
clock: { seed: 1, for: 60s }
instances:
  server: { machine: stm32wb55, firmware: ble-bond_server.elf, cpu2: builtin$2 }
  client: { machine: stm32wb55, firmware: ble-bond_client.elf, cpu2: builtin$3 }
links:
  - { radio: [server.radio, client.radio] }
attach:
  - { port: server.serial0, to: stdout }
  - { port: client.serial0, to: stdout }
END
    cat >"$1.test.yaml" <<END
orrery: 1
uses: $1.yaml
port: client.serial0
within: 10s
steps:
END
}

# scenario NAME TEXT [OPTION] - passes
scenario() {
    scenario_name=$1 scenario_text=$2
    shift 2
    run_timeout "$(full 100 500)" "$ORRERY" test "$scenario_name.test.yaml" "$@"
    is "$scenario_text" "$RC" 0
    [ "$RC" -eq 0 ] || diag_file "$OUT"
}

again='  - { expect: "'$BONDED'" }
  - { expect: "client: encrypted" }
  - { expect: "client: was notified" }'

pair kept ", flash: { file: $SCRATCH/server.img, keep: true }" ", flash: { file: $SCRATCH/client.img, keep: true }"
cat >>kept.test.yaml <<END
  - { expect: "server: bonds: 0", port: server.serial0 }
  - { expect: "client: connected, bonds: 0" }
  - { expect: "client: has paired" }
  - { expect: "client: has subscribed" }
  - { expect: "client: was notified" }
  - { expect: "server: CPU2 has written to flash", port: server.serial0 }
  - { wait: 50ms }
  - { reset: server }
  - { expect: "server: bonds: 1", port: server.serial0 }
$again
  - { power: { server: off } }
  - { expect: "client: disconnected" }
  - { power: { server: on } }
  - { expect: "server: bonds: 1", port: server.serial0 }
$again
  - { power: { client: off } }
  - { expect: "server: disconnected", port: server.serial0 }
  - { power: { client: on } }
$again
END
scenario kept "pairs once; a reset, power cycles of either side: bonds and subscription are there"
cat >kept2.test.yaml <<END
orrery: 1
uses: kept.yaml
port: client.serial0
within: 10s
steps:
  - { expect: "server: bonds: 1", port: server.serial0 }
$again
END
scenario kept2 "another run with the flash that was kept: so are they"

pair fresh "" ""
{
    echo '  - { expect: "client: was notified" }'
    echo '  - { wait: 50ms }'
    echo '  - { power: { server: off } }'
    echo '  - { expect: "client: disconnected" }'
    echo '  - { power: { server: on } }'
    echo "$again"
} >>fresh.test.yaml
scenario fresh "without a file, twice: a power cycle, and the same trace" --twice

pair sram ", pins: { PC4: 0 }" ""
cat >>sram.test.yaml <<END
  - { expect: "server: bonds: 0", port: server.serial0 }
  - { expect: "client: was notified" }
  - { expect: "server: CPU2 has written to SRAM", port: server.serial0 }
  - { wait: 50ms }
  - { reset: server }
  - { expect: "server: bonds: 1", port: server.serial0 }
$again
END
scenario sram "bonds in CPU1's SRAM: after a reset they are there"
done_testing
