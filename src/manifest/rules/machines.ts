import { takesAnyMachines } from "../flexbox.ts";
import { limits } from "../limits.ts";
import { didYouMean, nearest } from "../../lib/nearest.ts";
import { shorten } from "../read/source-tree.ts";
import type { MachineInput } from "../schema.ts";
import { sizeInMiB } from "../size.ts";
import { forEachAt, isText, nameOf, type RuleContext, repeated } from "./context.ts";
import { byteLength, isHostName, isLoginName, toHostName } from "./names.ts";

export function checkMachines(context: RuleContext): void {
  const { machines } = context.spec;
  const path = "playground.machines";
  if (machines === undefined) return;
  if (machines.length === 0 || machines.length > limits.machinesMax) {
    context.error(
      "manifest/machine-count",
      path,
      `a playground has 1 to ${limits.machinesMax} machines, this one has ${machines.length}`,
    );
  }
  forEachAt(machines, path, (machine, at, index) => {
    checkName(context, machine, at, index);
    checkUsers(context, machine, at, index);
    checkKernel(context, machine, at);
    checkBackend(context, machine, at, index);
    checkResources(context, machine, at, index);
  });
  for (const { name, index } of repeated(machines.map(machine => machine.name))) {
    context.error("manifest/machine-name", `${path}[${index}].name`, `two machines have the name "${name}"`, {
      value: name,
    });
  }
}

function checkName(context: RuleContext, { name }: MachineInput, path: string, index: number): void {
  const at = `${path}.name`;
  if (context.isMissing(at, name)) {
    context.error("manifest/machine-name", at, `machine ${index + 1} has no name`);
  }
  if (name === undefined || name === "") return;
  if (!isHostName(name) || name === "localhost") {
    const suggestion = name === "localhost" ? undefined : toHostName(name);
    context.error(
      "manifest/machine-name",
      at,
      `machine name "${shorten(name)}" is not a valid host name${suggestion === undefined ? "" : `; try "${suggestion}"`}`,
      { value: name, suggestion },
    );
    return;
  }
  const { base } = context.options;
  if (base === undefined || takesAnyMachines(base)) return;
  const names = base.playground.machines.map(machine => machine.name);
  if (names.includes(name)) return;
  const suggestion = nearest(name, names);
  context.error(
    "manifest/machine-not-in-base",
    at,
    `base "${base.name}" has no machine "${name}" (it has: ${names.join(", ")}).${didYouMean(suggestion)} Only "flexbox" takes arbitrary machines`,
    { value: name, suggestion },
  );
}

function checkUsers(context: RuleContext, machine: MachineInput, path: string, index: number): void {
  const at = `${path}.users`;
  const label = nameOf(machine, index);
  const { users } = machine;
  if (users === undefined || users.length === 0) {
    if (context.isMissing(at, undefined)) {
      context.error("manifest/machine-no-users", at, `machine ${label} lists no users; add at least one, e.g. root`);
    }
    return;
  }
  if (users.length > limits.usersMax) {
    const message = `machine ${label} lists ${users.length} users, the limit is ${limits.usersMax}`;
    context.error("manifest/user-count", at, message);
  }
  forEachAt(users, at, (user, userPath, userIndex) => {
    const namePath = `${userPath}.name`;
    if (context.isMissing(namePath, user.name)) {
      context.error("manifest/user-name", namePath, `user ${userIndex + 1} of ${label} has no name`);
    } else if (user.name !== undefined && !isLoginName(user.name)) {
      context.error("manifest/user-name", namePath, `"${shorten(user.name)}" is not a valid login name`, {
        value: user.name,
      });
    }
    const welcomeBytes = byteLength(user.welcome);
    if (welcomeBytes > limits.welcomeBytesMax) {
      const message = `welcome of user "${user.name ?? "?"}" has ${welcomeBytes} bytes, the limit is ${limits.welcomeBytesMax}`;
      context.error("manifest/type", `${userPath}.welcome`, message);
    }
  });
  for (const { name, index: userIndex } of repeated(users.map(user => user.name))) {
    context.error(
      "manifest/user-name",
      `${at}[${userIndex}].name`,
      `user "${name}" is listed twice on machine ${label}`,
      { value: name },
    );
  }
  const defaultUsers = users.flatMap((user, userIndex) => (user.default ? [{ name: user.name, userIndex }] : []));
  const second = defaultUsers[1];
  if (second !== undefined) {
    const names = defaultUsers.map(user => user.name).filter(isText);
    context.error(
      "manifest/user-multiple-defaults",
      `${at}[${second.userIndex}].default`,
      `machine ${label} has ${defaultUsers.length} default users: ${names.join(", ")}`,
    );
  }
}

function checkKernel(context: RuleContext, machine: MachineInput, path: string): void {
  const source = machine.kernel?.source;
  const { knownKernels } = context.options;
  if (source === undefined || knownKernels?.includes(source)) return;
  const at = `${path}.kernel.source`;
  if (!/^\d{1,3}\.\d{1,3}$/.test(source) && !/^[a-z][a-z0-9._-]{0,62}$/.test(source)) {
    context.error("manifest/kernel-unknown", at, `kernel "${shorten(source)}" is not a version such as 6.1`, {
      value: source,
    });
    return;
  }
  if (knownKernels === undefined) return;
  const message = `kernel ${source} is not available here (available: ${knownKernels.join(", ") || "none"})`;
  const severity = context.options.for === "start" ? "error" : "warning";
  context.error("manifest/kernel-unknown", at, message, { severity, value: source });
}

function checkBackend(context: RuleContext, machine: MachineInput, path: string, index: number): void {
  const { backend } = machine;
  const { knownBackends } = context.options;
  if (backend === undefined || knownBackends === undefined || knownBackends.includes(backend)) return;
  const consequence =
    backend === "cloud-hypervisor" ? "; nested virtualization is not available" : "; the default engine is used";
  context.warn(
    "manifest/backend-unknown",
    `${path}.backend`,
    `backend ${backend} of ${nameOf(machine, index)} does not work on this host${consequence}`,
    { value: backend },
  );
}

function checkResources(context: RuleContext, machine: MachineInput, path: string, index: number): void {
  const { cpuCount, ramSize } = machine.resources ?? {};
  const label = nameOf(machine, index);
  if (cpuCount !== undefined && cpuCount < 1) {
    context.error(
      "manifest/cpu-count",
      `${path}.resources.cpuCount`,
      `cpuCount of ${label} must be a whole number of at least 1, found ${cpuCount}`,
      { value: String(cpuCount) },
    );
  }
  if (ramSize === undefined) return;
  const memoryMiB = sizeInMiB(ramSize);
  const at = `${path}.resources.ramSize`;
  if (memoryMiB < limits.ramMiBMin) {
    const message = `ramSize ${ramSize} of ${label} is too small to boot a machine; the minimum is ${limits.ramMiBMin}MiB`;
    context.error("manifest/ram-size", at, message, { value: ramSize });
  } else if (memoryMiB < limits.ramMiBComfortable) {
    const message = `ramSize ${ramSize} of ${label} is little for an image with systemd; ${limits.ramMiBComfortable}MiB is safe`;
    context.warn("manifest/ram-size", at, message, { value: ramSize });
  }
}
