import type { Me } from "../../../src/api/contract/me.ts";

/** Whose playground it is, as seen by this person. */
export function originWord(owner: string, me: Me | null | undefined): string {
  if (owner === "") return "Built in";
  return owner === me?.id ? "Yours" : "Community";
}

/** Owner and administrators; what came with the installation belongs to nobody. */
export const mayChange = (owner: string, me: Me | null | undefined): boolean =>
  owner !== "" && me != null && (owner === me.id || me.administrator);
