/** Whose right opened a connection: a person, by one of their sessions or tokens. */
export interface Holder {
  userId: string;
  credentialId: string;
}

/** A socket or a response under way. */
interface Connection {
  destroy(): unknown;
  once(event: "close", listener: () => void): unknown;
}

/** Who holds which open connection, so that it ends the moment its holder loses the right to it. */
export class LiveConnections {
  readonly #byUser = new Map<string, Map<Connection, string>>();

  /** Until the connection closes. */
  add({ userId, credentialId }: Holder, connection: Connection): void {
    const ofUser = this.#byUser.get(userId) ?? new Map<Connection, string>();
    this.#byUser.set(userId, ofUser);
    ofUser.set(connection, credentialId);
    connection.once("close", () => {
      ofUser.delete(connection);
      if (ofUser.size === 0 && this.#byUser.get(userId) === ofUser) this.#byUser.delete(userId);
    });
  }

  /** Cuts all connections of the person, or only those that one of their credentials opened. */
  end(userId: string, credentialId?: string): void {
    for (const [connection, heldBy] of [...(this.#byUser.get(userId) ?? [])]) {
      if (credentialId === undefined || heldBy === credentialId) connection.destroy();
    }
  }
}
