/** What was answered last, so that a growing answer is asked for and shown only where it fits. */

export interface Place {
  readonly uri: string;
  readonly version: number;
  readonly line: number;
  readonly character: number;
}

/** A request made by the extension: for a longer text, or for the last answer once more. */
export type Step = "grow" | "repeat";

export class Shown {
  #place: Place | undefined;
  #text = "";
  #step: Step | undefined;

  /** Remember an answer: the text of its first item, "" for none. */
  answered(place: Place, text: string): void {
    this.#place = place;
    this.#text = text;
  }

  /** The user sent the suggestion away, or moved on: it must not come back by itself. */
  forget(): void {
    this.#place = undefined;
    this.#text = "";
  }

  /** Whether the last answer put something on screen. */
  get showing(): boolean {
    return this.#text !== "";
  }

  /** Whether more text would be wanted at a cursor. */
  mayGrow(cursor: Place): boolean {
    return this.#place !== undefined && same(this.#place, cursor);
  }

  /** What is asked for, at the place of the last answer, while `ask` runs. */
  async during(step: Step, ask: () => Thenable<unknown>): Promise<void> {
    this.#step = step;
    try {
      await ask();
    } finally {
      this.#step = undefined;
    }
  }

  /** Whose request one at this place is; undefined for the user's. */
  stepAt(place: Place): Step | undefined {
    return this.mayGrow(place) ? this.#step : undefined;
  }

  /** The text to show in answer to a request: what is on screen only ever gets longer. */
  extended(place: Place, text: string): string {
    return this.#place !== undefined && same(this.#place, place) && !text.startsWith(this.#text) ? this.#text : text;
  }
}

function same(one: Place, other: Place): boolean {
  return (
    one.uri === other.uri &&
    one.version === other.version &&
    one.line === other.line &&
    one.character === other.character
  );
}
