import type { Dial, Transport } from '../../../clients/ts/src';

/** Counts the bytes of all connections that go through its dial. */
export class Meter {
  received = 0;
  sent = 0;

  /** Dials and counts. */
  through(dial: Dial): Dial {
    return (url) => this.counted(dial(url));
  }

  private counted(inner: Transport): Transport {
    const outer: Transport = {
      onOpen: () => {},
      onMessage: () => {},
      onClose: () => {},
      send: (message) => {
        this.sent += message.length;
        inner.send(message);
      },
      close: (status, reason) => inner.close(status, reason),
    };
    inner.onOpen = () => outer.onOpen();
    inner.onMessage = (message) => {
      this.received += message.length;
      outer.onMessage(message);
    };
    inner.onClose = (status, reason) => outer.onClose(status, reason);
    return outer;
  }
}
