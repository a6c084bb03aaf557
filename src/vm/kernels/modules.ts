/** What the shim needs to reach the root drive, the network and the modules drive. */
export const shimModules = ["virtio_pci", "virtio_blk", "virtio_net", "virtio_rng", "ext4"] as const;
/** Reports a panic to the host; kernels before 5.12 have it for another bus only. */
export const optionalShimModules = ["pvpanic_pci"] as const;

/** modules.dep: each module file with the files it needs, most needed last. */
export type ModuleDependencies = ReadonlyMap<string, readonly string[]>;

export function parseModulesDep(text: string): ModuleDependencies {
  const dependencies = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    dependencies.set(
      line.slice(0, colon),
      line
        .slice(colon + 1)
        .split(" ")
        .filter(path => path !== ""),
    );
  }
  return dependencies;
}

/**
 * Files of the named modules and of all they need, each once, in an order in which they can be inserted one by one.
 *
 * A module that is built into the kernel (listed in modules.builtin) needs no file. Names that are neither come back
 * in `missing`: whether that matters depends on the kernel's use.
 */
export function moduleClosure(
  names: readonly string[],
  dependencies: ModuleDependencies,
  builtin: string,
): { files: string[]; missing: string[] } {
  const builtIn = new Set(builtin.split("\n").map(moduleName));
  const pathOf = new Map([...dependencies.keys()].map(path => [moduleName(path), path]));
  const files = new Set<string>();
  const missing: string[] = [];
  for (const name of names.map(moduleName)) {
    const path = pathOf.get(name);
    // depmod lists all indirect needs, the most basic one last.
    if (path !== undefined) for (const file of [path, ...(dependencies.get(path) ?? [])].toReversed()) files.add(file);
    else if (!builtIn.has(name)) missing.push(name);
  }
  return { files: [...files], missing };
}

/** "kernel/fs/ext4/ext4.ko.xz" and "virtio-blk" both name a module by one spelling: file name, no ending, underscores. */
function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf("/") + 1);
  return file.replace(/\.ko(\.\w+)?$/, "").replaceAll("-", "_");
}
