/** What systemd calls the unit of a mount point, as `systemd-escape --path --suffix=mount` prints it. */
export function mountUnit(mountPoint: string): string {
  const parts = mountPoint.split("/").filter(part => part !== "");
  return `${parts.map((part, index) => escapePart(part, index === 0)).join("-")}.mount`;
}

function escapePart(part: string, isFirst: boolean): string {
  return Array.from(Buffer.from(part), (byte, at) => {
    const character = String.fromCharCode(byte);
    const isPlain = /[A-Za-z0-9:_.]/.test(character) && !(isFirst && at === 0 && character === ".");
    return isPlain ? character : `\\x${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}
