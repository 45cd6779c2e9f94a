/**
 * Growing answers: ask again when the server has more for what is on screen.
 *
 * VS Code keeps what is on screen while it is asked, and puts the longer text behind it: without
 * that the text would flicker. But then it has two, and with the next change of the document it
 * forgets which of them was chosen: who accepted a word of the longer one was left with the rest of
 * the shorter. So it is made to go to the longer text, and then asked once more, which keeps that
 * alone.
 */

import { commands, type Disposable, languages, window } from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { offBecause, type Settings } from "./settings";
import type { Place, Shown } from "./shown";
import { placeOf } from "./suggestions";

interface MoreAvailable {
  readonly uri: string;
  readonly version: number;
}

export class Growth implements Disposable {
  #queue: Promise<void> = Promise.resolve();
  #unasked: Disposable | undefined;

  constructor(
    private readonly settings: () => Settings,
    private readonly shown: Shown,
  ) {}

  follow(client: LanguageClient): void {
    client.onNotification("midfill/moreAvailable", ({ uri, version }: MoreAvailable) => {
      const document = window.activeTextEditor?.document;
      if (document?.version === version && client.code2ProtocolConverter.asUri(document.uri) === uri) {
        this.askAgain();
      }
    });
  }

  /** Asks again where the last answer was given, if nothing was typed or dismissed since. */
  askAgain(): void {
    this.#queue = this.#queue.then(() => this.#grow()).catch(() => undefined);
  }

  dispose(): void {
    this.#unasked?.dispose();
  }

  async #grow(): Promise<void> {
    if (!this.#mayGrow()) {
      return;
    }
    if (!this.shown.showing) {
      await this.shown.during("grow", () => this.#ask("trigger"));
      return;
    }
    await this.shown.during("grow", () => this.#ask("showNext"));
    if (this.#mayGrow()) {
      await this.shown.during("repeat", () => this.#ask("trigger"));
    }
  }

  /** VS Code asks twice at one place only when there is somebody whom it has not asked yet. */
  #ask(how: "trigger" | "showNext"): Thenable<unknown> {
    this.#unasked?.dispose();
    this.#unasked = languages.registerInlineCompletionItemProvider(
      { pattern: "**" },
      { provideInlineCompletionItems: () => undefined },
    );
    return commands.executeCommand(`editor.action.inlineSuggest.${how}`);
  }

  #mayGrow(): boolean {
    const place = this.#place();
    return place !== undefined && this.shown.mayGrow(place);
  }

  /** The cursor, where suggestions are on. */
  #place(): Place | undefined {
    const editor = window.activeTextEditor;
    if (editor === undefined || editor.selections.length !== 1 || !editor.selection.isEmpty) {
      return undefined;
    }
    const { document, selection } = editor;
    const off = offBecause(this.settings(), document.languageId);
    return off === undefined ? placeOf(document, selection.active) : undefined;
  }
}
