import type { Findings } from "../findings.ts";
import { describeNode, type SourceNode } from "./source-tree.ts";

/** Where reading is: the path for findings, and the words for it in messages. */
export interface Place {
  path: string;
  /** "drive 2 of "dev-01"", "" at the top */
  label: string;
  /** The key or position that led here: "size", "drives[1]" */
  name: string;
  /** Name of the machine we are inside, for labels. */
  machine?: string | undefined;
}

/** `size of drive 2 of "dev-01"`; `title` */
export function subject(place: Place): string {
  if (place.name === "") return place.label === "" ? "the manifest" : place.label;
  return place.label === "" || place.label === "playground" ? place.name : `${place.name} of ${place.label}`;
}

/** Reports a value that is no object, list or single value where one is needed. */
export function wrongShape(node: SourceNode, place: Place, expected: string, findings: Findings): void {
  findings.add("manifest/type", place.path, `${subject(place)} must be ${expected}, found ${describeNode(node)}`);
  findings.markUnreadable(place.path);
}
