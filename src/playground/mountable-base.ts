import type { DrivePlan } from "../plan/plan.ts";

/**
 * A base that can be mounted beside those the machine has already. Btrfs takes two drives of one UUID for one file
 * system, so the second from the same content is another copy of it, with its own. Ext does not mind, XFS is told not to.
 */
export async function mountableBase<Found extends { path: string } | undefined>(
  { filesystem }: Pick<DrivePlan, "filesystem">,
  others: Readonly<Record<string, { path: string }>>,
  find: (copy: number) => Promise<Found>,
): Promise<Found> {
  const taken = new Set(Object.values(others).map(({ path }) => path));
  for (let copy = 0; ; copy++) {
    const base = await find(copy);
    if (filesystem !== "btrfs" || base === undefined || !taken.has(base.path)) return base;
  }
}
