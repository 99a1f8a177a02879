// What stands in a cache: a copy that says how old it is, or a tombstone. And which copies an instance may serve.
//
//     copy <at> <expiresAt, or 0 where it is not known> <nonce>
//     <value>
//
// or `tombstone <nonce>`: nothing is known, ask the authority. The nonce makes no two of them equal.

/** A row's value as it was at an instant or later. Instants are epoch milliseconds. */
export interface Copy {
  /** Before the authority was asked. */
  readonly at: number;
  /** When the row expires; 0 where it is not known. */
  readonly expiresAt: number;
  readonly nonce: string;
  readonly value: string;
}

const SHAPE = /^copy (\d{1,16}) (\d{1,16}) ([\w-]+)\n([^]*)$/;

export function newCopy(at: number, value: string, expiresAt = 0): Copy {
  return { at, value, expiresAt: Math.ceil(expiresAt), nonce: crypto.randomUUID() };
}

export function encodeCopy({ at, expiresAt, nonce, value }: Copy): string {
  return `copy ${at} ${expiresAt} ${nonce}\n${value}`;
}

/** Answers `undefined` for a tombstone, for nothing, and for what is no copy of ours. */
export function decodeCopy(text: string | null | undefined): Copy | undefined {
  const [, at, expiresAt, nonce = "", value] = SHAPE.exec(text ?? "") ?? [];
  if (value === undefined) return undefined;
  return { at: Number(at), expiresAt: Number(expiresAt), nonce, value };
}

export function newTombstone(): string {
  return `tombstone ${crypto.randomUUID()}`;
}

/** What one instance knows of the keys that it wrote lately. */
export interface Ledger {
  /**
   * Notes that the authority has answered a write, or may have carried one out.
   * @param nonce of the copy that holds what was written
   */
  note(key: string, now: number, nonce?: string): void;
  /** Notes that this instance has put a copy of what it has read. */
  noteCopy(key: string, copy: Copy): void;
  /** Whether a copy is fresh, and no older than what this instance itself has written. */
  isServable(key: string, copy: Copy, now: number): boolean;
}

interface Write {
  readonly at: number;
  nonce: string | undefined;
}

/** How far clocks of two instances may be apart, in milliseconds, before one serves what is older than its own write. */
const CLOCKS_MS = 1000;
/** Writes remembered at most. */
const MOST = 10_000;

export function createLedger(maxStaleMs: number): Ledger {
  // In the order of the writes: the first is the oldest.
  const writes = new Map<string, Write>();
  /** What is older than this may be older than a write that was forgotten. */
  let floor = 0;

  return {
    note(key, now, nonce) {
      writes.delete(key);
      writes.set(key, { at: now, nonce });
      for (const [oldest, { at }] of writes) {
        // Copies from before it are too old by now whatever was written. Twice, for clocks that disagree.
        const isPast = at + 2 * maxStaleMs <= now;
        if (!isPast && writes.size <= MOST) break;
        writes.delete(oldest);
        if (!isPast) floor = at;
      }
    },

    noteCopy(key, { at, nonce }) {
      const write = writes.get(key);
      // What was asked for before the write was answered may be of before it.
      if (write && at > write.at) write.nonce = nonce;
    },

    isServable(key, { at, expiresAt, nonce }, now) {
      const write = writes.get(key);
      // Another instance's copy from before the write looks newer where its clock is ahead.
      const isNewer = write
        ? nonce === write.nonce || at > write.at + CLOCKS_MS
        : at > floor + CLOCKS_MS;
      return isNewer && at + maxStaleMs > now && (expiresAt === 0 || expiresAt > now);
    },
  };
}
