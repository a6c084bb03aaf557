import type { PayloadReference, PayloadSource, TreeNode } from "../../images/tree.ts";

/** Far above the layers of one source, so that the number of a layer tells its source. */
const stride = 2 ** 32;

/** Several payload sources as one: a tree can then hold nodes of all of them. */
export class CombinedPayloads implements PayloadSource {
  readonly #sources: PayloadSource[] = [];

  /** Returns what turns a node of the source (not its children) into one whose payload is found here. */
  add(source: PayloadSource): <T extends TreeNode>(node: T) => T {
    const base = (this.#sources.push(source) - 1) * stride;
    return node => {
      if (node.type !== "file" || node.payload === undefined) return node;
      return { ...node, payload: { ...node.payload, layer: node.payload.layer + base } };
    };
  }

  read(payload: PayloadReference, logicalOffset: number, into: Uint8Array): void {
    const source = this.#sources[Math.floor(payload.layer / stride)];
    if (source === undefined) throw new Error(`no payload source for layer ${payload.layer}`);
    source.read({ ...payload, layer: payload.layer % stride }, logicalOffset, into);
  }
}
