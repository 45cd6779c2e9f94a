/** How often a server that dies is started again, and when to stop trying. */

const FORGET_AFTER_MS = 180_000;
const FIRST_DELAY_MS = 500;
const MOST_CRASHES = 5;

export type Decision =
  | { readonly kind: "restart"; readonly afterMs: number }
  | { readonly kind: "give-up"; readonly crashes: number };

/** Restarts with growing pauses; five crashes within three minutes are enough. */
export class CrashLoop {
  #crashes: number[] = [];

  constructor(private readonly now: () => number = Date.now) {}

  crashed(): Decision {
    const now = this.now();
    this.#crashes = this.#crashes.filter((then) => now - then < FORGET_AFTER_MS);
    this.#crashes.push(now);
    const crashes = this.#crashes.length;
    return crashes >= MOST_CRASHES
      ? { kind: "give-up", crashes }
      : { kind: "restart", afterMs: FIRST_DELAY_MS * 2 ** (crashes - 1) };
  }

  /** The user asked for another try. */
  forget(): void {
    this.#crashes = [];
  }
}
