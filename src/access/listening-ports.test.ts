import assert from "node:assert/strict";
import { test } from "node:test";
import { listeningPorts } from "./listening-ports.ts";

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2
   2: 020010AC:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3
   3: 030010AC:0017 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4
   4: 020010AC:8B0E 010010AC:01BB 01 00000000:00000000 00:00000000 00000000     0        0 5
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 0 0 0
   1: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 0A 0 0 0
   2: 0000000000000000FFFF0000020010AC:0050 00000000000000000000000000000000:0000 0A 0 0 0
`;

test("ports that answer on the address, not those of loopback, of other addresses or of connections", () => {
  assert.deepEqual(listeningPorts(table, "172.16.0.2"), [22, 80, 443, 8080]);
});

test("lies of a guest are skipped", () => {
  const lies = "x: 00000000:FFFFF 0 0A\n1: 00000000:ZZZZ 0 0A\n2: 00000000:0000 0 0A\n\0\n: : : :\n0A 0A 0A 0A 0A";
  assert.deepEqual(listeningPorts(lies, "172.16.0.2"), []);
});
