/** A line between a page and the gate that breaks once, after so many bytes. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface Line {
  readonly server: Server;
  readonly url: string;
  cutAfter(bytes: number): void;
  cuts(): number;
}

export async function openLine(port: number): Promise<Line> {
  let left = Number.POSITIVE_INFINITY;
  let cuts = 0;
  const server = createServer((socket: Socket) => {
    const inner = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [socket, inner],
      [inner, socket],
    ] as const)
      one.on('error', () => undefined).once('close', () => other.destroy());
    inner.pipe(socket);
    socket.on('data', (bytes: Buffer) => {
      left -= bytes.length;
      if (left > 0) return void inner.write(bytes);
      left = Number.POSITIVE_INFINITY;
      cuts += 1;
      inner.write(bytes.subarray(0, bytes.length / 2), () => socket.destroy());
    });
  });
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cutAfter: (bytes) => void (left = bytes),
    cuts: () => cuts,
  };
}
