/** Whether systemd waits for this device of a table: a machine has no drives but those of its manifest. */
export function isAbsentDrive(device: string): boolean {
  return (
    /^(UUID|LABEL|PARTUUID|PARTLABEL|ID)=/i.test(device) ||
    (device.startsWith("/dev/") && !/^\/dev\/(null|zero)$/.test(device))
  );
}

/** Whether the options of a table's line, comma separated, let the boot go on without its device. */
export function isOptional(options: string): boolean {
  const given = options.split(",");
  return given.includes("nofail") || given.includes("noauto");
}
