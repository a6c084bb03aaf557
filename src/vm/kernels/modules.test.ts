import assert from "node:assert/strict";
import { test } from "node:test";
import { moduleClosure, parseModulesDep } from "./modules.ts";

const dependencies = parseModulesDep(`kernel/drivers/virtio/virtio.ko:
kernel/drivers/virtio/virtio_ring.ko: kernel/drivers/virtio/virtio.ko
kernel/drivers/virtio/virtio_pci.ko: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
kernel/drivers/net/virtio_net.ko: kernel/net/core/failover.ko kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
kernel/net/core/failover.ko:
kernel/drivers/char/hw_random/virtio-rng.ko: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
`);

test("what a module needs comes before it, once", () => {
  const { files, missing } = moduleClosure(["virtio_pci", "virtio_net", "virtio_rng"], dependencies, "");
  assert.deepEqual(missing, []);
  assert.deepEqual(
    files.map(file => file.split("/").at(-1)),
    ["virtio.ko", "virtio_ring.ko", "virtio_pci.ko", "failover.ko", "virtio_net.ko", "virtio-rng.ko"],
  );
});

test("a built-in module needs no file, an unknown one is told", () => {
  const builtin = "kernel/fs/ext4/ext4.ko\nkernel/lib/crc16.ko\n";
  assert.deepEqual(moduleClosure(["ext4", "zfs"], dependencies, builtin), { files: [], missing: ["zfs"] });
});
