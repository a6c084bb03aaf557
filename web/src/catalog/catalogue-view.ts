import type { PlaygroundJson } from "../../../src/api/contract/playgrounds.ts";

/** Which part of the catalogue is looked at; the first is what one sees without choosing. */
export const views = {
  all: "All",
  mine: "Yours",
  base: "Built in",
  community: "Community",
  recent: "Recent",
  popular: "Popular",
} as const;
export type View = keyof typeof views;

export const isView = (text: string | null): text is View => text !== null && Object.hasOwn(views, text);

/** Categories of the listed playgrounds, each once. */
export function categoriesOf(playgrounds: readonly PlaygroundJson[]): string[] {
  return [...new Set(playgrounds.flatMap(playground => playground.categories))].sort((a, b) => a.localeCompare(b));
}

/** True when every word of the search occurs somewhere on the playground's card. */
export function matchesSearch(playground: PlaygroundJson, search: string): boolean {
  const { name, title, description, categories } = playground;
  const text = [name, title, description, ...categories].join(" ").toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word));
}
