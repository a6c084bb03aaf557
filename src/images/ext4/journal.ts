import { blockSize } from "./format.ts";

const magic = 0xc03b_3998;
const superblockVersion2 = 4;

/**
 * First block of an empty journal (JBD2, big-endian): no transaction to replay. The rest of the journal may be
 * zeros, so it stays a hole of the image file.
 */
export function encodeJournalSuperblock(journalBlocks: number, uuid: Buffer): Buffer {
  const block = Buffer.alloc(blockSize);
  block.writeUInt32BE(magic, 0);
  block.writeUInt32BE(superblockVersion2, 4);
  block.writeUInt32BE(blockSize, 12);
  block.writeUInt32BE(journalBlocks, 16);
  // First block of the log, first expected transaction; its start stays 0: clean.
  block.writeUInt32BE(1, 20);
  block.writeUInt32BE(1, 24);
  uuid.copy(block, 48);
  // One user of the journal: this filesystem.
  block.writeUInt32BE(1, 64);
  return block;
}
