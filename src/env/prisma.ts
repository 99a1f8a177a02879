// The place of Prisma: a client with the model `session`, a model itself, or a store.

import { isFunction, isStore } from "../check.ts";
import type { Store } from "../store.ts";
import { prismaStore } from "../stores/prisma.ts";
import type { PrismaDelegate } from "../stores/table.ts";

/** What is used of Prisma's client. */
export interface PrismaClientWithSession {
  readonly session: PrismaDelegate;
}

/** Writes after each of which a batch of expired rows goes, so that they never pile up. */
const DELETE_EVERY = 90;

/**
 * Makes the store, which asks nothing.
 *
 * @throws TypeError for a client without the model, or a model without a field
 */
export function prismaPlace(
  prisma: PrismaClientWithSession | PrismaDelegate | Store,
  timeoutMs: number,
): Store {
  if (isStore(prisma)) return prisma as Store;
  const { findFirst, session } = Object(prisma) as { findFirst?: unknown; session?: unknown };
  const delegate = isFunction(findFirst) ? prisma : session;
  if (delegate === undefined) {
    throw new TypeError(
      "Cannot create store: prisma has no model session; copy it from prisma/schema.prisma and run npx prisma generate, or give a model of another name, as in prisma.userSession",
    );
  }
  return prismaStore(delegate as PrismaDelegate, { timeoutMs, deleteExpiredEvery: DELETE_EVERY });
}
