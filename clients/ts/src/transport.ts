/**
 * One connection that carries whole messages in order: a WebSocket, or what
 * stands in for it. Handlers are set before the first message can arrive.
 */
export interface Transport {
  onOpen: () => void;
  onMessage: (message: Uint8Array) => void;
  /** Called once. status is a WebSocket close status; 1006 when the connection broke. */
  onClose: (status: number, reason: string) => void;
  send(message: Uint8Array): void;
  close(status?: number, reason?: string): void;
}

/** Starts a connection to an address. */
export type Dial = (url: string) => Transport;

/** Dials with the platform's WebSocket. */
export function dialWebSocket(url: string): Transport {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  const transport: Transport = {
    onOpen: () => {},
    onMessage: () => {},
    onClose: () => {},
    send: (message) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(message as Uint8Array<ArrayBuffer>);
    },
    close: (status, reason) => socket.close(status, reason),
  };
  socket.onopen = () => transport.onOpen();
  socket.onmessage = (event) => {
    if (event.data instanceof ArrayBuffer) transport.onMessage(new Uint8Array(event.data));
  };
  socket.onclose = (event) => transport.onClose(event.code, event.reason);
  return transport;
}
