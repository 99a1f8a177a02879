// A RESP2 client of one TCP connection: binary-safe, pipelining, error replies as values, nothing retried.
// https://redis.io/docs/latest/develop/reference/protocol-spec/

import { Buffer } from "node:buffer";
import { type Socket, connect } from "node:net";

/** An error reply, with its text as the server sent it. A value, not thrown: in a pipeline it is one answer of many. */
export class RedisError {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A bulk string is a Buffer, a status reply (`OK`) a string. */
export type Reply = Buffer | string | number | null | RedisError | Reply[];

export type Argument = string | Uint8Array;

export interface RespClient {
  /** Sends the commands in one write, with nothing of other callers in between; one reply each, in order. Rejects when the connection fails. */
  send(commands: readonly (readonly Argument[])[]): Promise<Reply[]>;
  /** Rejects what is still waiting. A later `send` connects anew. */
  close(): void;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

interface Connection {
  readonly socket: Socket;
  readonly waiting: Waiting[];
}

/** Connects with the first `send`, and again with the next one after the connection was lost. */
export function respClient(port: number, host = "127.0.0.1"): RespClient {
  let current: Connection | null = null;

  function open(): Connection {
    const socket = connect({ port, host, noDelay: true });
    const connection: Connection = { socket, waiting: [] };
    let failure = new Error("Cannot reach Redis: connection closed");
    const read = replyReader((reply) => connection.waiting.shift()?.resolve(reply));
    socket.on("data", read);
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("close", () => {
      if (current === connection) current = null;
      for (const { reject } of connection.waiting.splice(0)) reject(failure);
    });
    return connection;
  }

  return {
    send(commands) {
      const { socket, waiting } = (current ??= open());
      const replies = commands.map(
        () => new Promise<Reply>((resolve, reject) => waiting.push({ resolve, reject })),
      );
      socket.write(Buffer.concat(commands.map(encodeCommand)));
      return Promise.all(replies);
    },
    close() {
      current?.socket.destroy();
      current = null;
    },
  };
}

function encodeCommand(command: readonly Argument[]): Buffer {
  const parts = [Buffer.from(`*${command.length}\r\n`)];
  for (const argument of command) {
    const bytes = Buffer.from(argument);
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(parts);
}

/** Takes chunks however they are cut and gives whole replies. */
function replyReader(onReply: (reply: Reply) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let length = 0;
  let needed = 0;
  return (chunk) => {
    chunks.push(chunk);
    length += chunk.length;
    // A large bulk arrives in many chunks: join them once it is complete, not at each one.
    if (length < needed) return;
    let bytes = Buffer.concat(chunks);
    for (;;) {
      const parsed = parseReply(bytes, 0);
      if (typeof parsed === "number") {
        needed = parsed;
        break;
      }
      bytes = bytes.subarray(parsed.end);
      onReply(parsed.reply);
    }
    chunks = [bytes];
    length = bytes.length;
  };
}

/** The reply that starts at `start`, or, where it is cut off, how many bytes are needed at least. */
function parseReply(bytes: Buffer, start: number): { reply: Reply; end: number } | number {
  const lineEnd = bytes.indexOf("\r\n", start, "latin1");
  if (lineEnd < 0) return bytes.length + 1;
  const line = bytes.toString("utf8", start + 1, lineEnd);
  let end = lineEnd + 2;
  switch (String.fromCharCode(bytes[start] ?? 0)) {
    case "+":
      return { reply: line, end };
    case "-":
      return { reply: new RedisError(line), end };
    case ":":
      return { reply: Number(line), end };
    case "$": {
      const size = Number(line);
      if (size < 0) return { reply: null, end };
      const last = end + size;
      if (bytes.length < last + 2) return last + 2;
      return { reply: Buffer.from(bytes.subarray(end, last)), end: last + 2 };
    }
    case "*": {
      const size = Number(line);
      if (size < 0) return { reply: null, end };
      const items: Reply[] = [];
      while (items.length < size) {
        const item = parseReply(bytes, end);
        if (typeof item === "number") return item;
        items.push(item.reply);
        end = item.end;
      }
      return { reply: items, end };
    }
    default:
      throw new Error(`Cannot read reply: unknown type ${JSON.stringify(line)}`);
  }
}
