import type { Tone } from "./state-words.ts";

/** A state as a word; the color only repeats it. */
export function StateChip({ text, tone }: { text: string; tone: Tone }) {
  return <span className={`chip tone-${tone}`}>{text}</span>;
}
