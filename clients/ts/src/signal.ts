/** Ends a subscription. */
export type Unsubscribe = () => void;

/**
 * A list of listeners. A listener that throws stops neither the others nor the
 * protocol: its error is thrown anew from a microtask, where the page's or the
 * process's own handler sees it.
 */
export class Signal<A extends unknown[]> {
  private listeners: ((...args: A) => void)[] = [];

  /** True while somebody listens. */
  get heard(): boolean {
    return this.listeners.length > 0;
  }

  on(listener: (...args: A) => void): Unsubscribe {
    this.listeners = [...this.listeners, listener];
    return () => {
      this.listeners = this.listeners.filter((l) => l !== listener);
    };
  }

  emit(...args: A): void {
    for (const listener of this.listeners) {
      try {
        listener(...args);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
