/** The base that takes any set of machines; with every other one machines are those of the base, adapted. */
const flexbox = "flexbox";

/** True for the playground "flexbox" itself and for those derived from it. */
export function takesAnyMachines(playground: { name: string; base?: string | undefined }): boolean {
  return (playground.base ?? playground.name) === flexbox;
}
