import type { Duplex } from "node:stream";
import type { AcceptConnection, Client, ClientChannel, RejectConnection, TcpConnectionDetails } from "ssh2";

/** A TCP connection that came in inside the guest; the guest sends nothing of it before it is accepted. */
export interface IncomingConnection {
  accept(): Duplex;
  refuse(): void;
}

/** A TCP port that is open inside the guest. */
export interface ChannelListener {
  /** Resolves when the guest has closed the port, asked by us or with the connection. Never rejects. */
  readonly closed: Promise<void>;
  /** Safe to repeat. */
  close(): void;
}

export interface ListenerOptions {
  host: string;
  port: number;
  onConnection: (connection: IncomingConnection) => void;
  /** Resolves when the whole connection has ended. */
  lost: Promise<unknown>;
}

/** Asks the guest's sshd to listen; `done` learns of the result as with ssh2's own calls. */
export function openListener(
  client: Client,
  { host, port, onConnection, lost }: ListenerOptions,
  done: (error: Error | undefined, listener: ChannelListener) => void,
): void {
  const closed = Promise.withResolvers<void>();
  const receive = (
    details: TcpConnectionDetails,
    accept: AcceptConnection<ClientChannel>,
    reject: RejectConnection,
  ): void => {
    if (details.destIP !== host || details.destPort !== port) return;
    // The guest may not have heard yet that the port closes: nobody waits for what comes now.
    if (isOpen) onConnection({ accept, refuse: reject });
    else reject();
  };
  let isOpen = true;
  const finish = () => {
    client.off("tcp connection", receive);
    closed.resolve();
  };
  const listener: ChannelListener = {
    closed: closed.promise,
    close() {
      if (!isOpen) return;
      isOpen = false;
      try {
        client.unforwardIn(host, port, finish);
      } catch {
        // Not connected any more: the port is closed with the connection.
        finish();
      }
    },
  };
  // Before the answer: a connection may come together with it.
  client.on("tcp connection", receive);
  void lost.then(() => {
    listener.close();
    finish();
  });
  try {
    client.forwardIn(host, port, error => {
      if (error) client.off("tcp connection", receive);
      done(error, listener);
    });
  } catch (error) {
    client.off("tcp connection", receive);
    throw error;
  }
}
