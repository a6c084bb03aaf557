import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { withParents, writeCpio } from "../../lib/cpio.ts";
import type { Filesystem } from "../../images/filesystem-builder.ts";
import type { Paths } from "../../store/paths.ts";
import { ensureKernel } from "../../vm/kernels/catalogue.ts";
import { kernelArguments } from "../../vm/kernels/command-line.ts";
import { ensureProgramArchive, writeInitrd } from "../../vm/kernels/initramfs.ts";
import type { VmSpec } from "../../vm/machine.ts";
import { requireAcceleration } from "../../vm/probe.ts";
import { startVm } from "../../vm/qemu/start.ts";
import { runCopy } from "./await-copy.ts";

/** Any kernel of the catalogue has all file systems; this one is there after set-up. */
const kernelVersion = "6.1";

/**
 * For cp: it copies ACLs as such, and the form in which XFS keeps and shows them belongs to XFS.
 */
const attributeRules = [
  "system.posix_acl_access permissions",
  "system.posix_acl_default permissions",
  "trusted.SGI_ACL_FILE skip",
  "trusted.SGI_ACL_DEFAULT skip",
  "",
].join("\n");

export interface CopyFilesystemOptions {
  paths: Paths;
  /** Raw, only read. */
  source: { path: string; filesystem: Filesystem };
  /** Raw, formatted, and empty. */
  target: { path: string; filesystem: Filesystem };
  /** False: the lost+found of the source belongs to its file system and is not copied. */
  keepLostAndFound: boolean;
  signal: AbortSignal;
  onProgress?: (usedBytes: number) => void;
}

/**
 * Copies everything from one file system into another inside a machine of its own: this host mounts neither, so it
 * needs no privileges, and what is wrong with them cannot harm it.
 *
 * Afterwards the target is unmounted and complete. Rejects with `image/too-big-for-drive` when the target is full and
 * with `image/filesystem-failed` (and the machine's last lines) otherwise; the target is then useless. No process and
 * no other file is left.
 */
export async function copyFilesystem(options: CopyFilesystemOptions): Promise<void> {
  const { paths, source, target, signal, onProgress } = options;
  const kernel = await ensureKernel(kernelVersion, { paths, signal });
  const acceleration = await requireAcceleration({ paths, signal });
  const directory = await mkdtemp(join(tmpdir(), "labyard-copy-"));
  try {
    const initrd = join(directory, "initrd.cpio");
    const seed = join(directory, "seed.cpio");
    await writeFile(seed, await renderSeed(options));
    const programs = await ensureProgramArchive(dirname(kernel.initramfs), "copy", [
      // Where other programs go by these names, the GNU ones are installed beside them.
      { path: "copy/cp", names: ["gnucp", "cp"], package: "coreutils" },
      { path: "copy/touch", names: ["gnutouch", "touch"], package: "coreutils" },
    ]);
    await writeInitrd(initrd, [kernel.initramfs, programs, seed]);
    const drive = (path: string, readOnly: boolean) => ({ path, format: "raw" as const, readOnly });
    const spec: VmSpec = {
      name: "copy-filesystem",
      uuid: "6c616279-6172-8d63-8f70-790000000000",
      vcpus: 2,
      memoryMiB: 768,
      acceleration,
      kernelImage: kernel.image,
      kernelArguments: kernelArguments(acceleration),
      initrd,
      drives: [drive(target.path, false), drive(source.path, true)],
      modulesDrive: kernel.modulesDrive,
      taps: [],
    };
    const consoleLog = join(directory, "console.log");
    await runCopy(() => startVm(spec, { consoleLog, signal }), {
      filesystem: target.filesystem,
      signal,
      ...(onProgress === undefined ? {} : { onProgress }),
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function renderSeed({ source, target, keepLostAndFound }: CopyFilesystemOptions): Promise<Buffer> {
  const init = await readFile(new URL("init.sh", import.meta.url));
  const table = `${target.filesystem} ${source.filesystem} ${keepLostAndFound ? "yes" : "no"}\n`;
  return writeCpio(
    withParents([
      { path: "init", type: "file", mode: 0o755, content: init },
      { path: "labyard/copy", type: "file", content: table },
      { path: "etc/xattr.conf", type: "file", content: attributeRules },
    ]),
  );
}
