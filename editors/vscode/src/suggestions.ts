/** Between VS Code's requests and the server: where suggestions are off nothing is asked. */

import {
  type CancellationToken,
  EventEmitter,
  type InlineCompletionContext,
  type InlineCompletionItem,
  type InlineCompletionList,
  InlineCompletionTriggerKind,
  type Position,
  Range,
  SnippetString,
  type TextDocument,
} from "vscode";
import type { Middleware } from "vscode-languageclient/node";
import { offBecause, type Settings } from "./settings";
import type { Place, Shown } from "./shown";
import { beyondSurrogates } from "./surrogates";

type Answer = InlineCompletionItem[] | InlineCompletionList | null | undefined;
type Next = Parameters<NonNullable<Middleware["provideInlineCompletionItems"]>>[4];

export class Suggestions {
  readonly #answered = new EventEmitter<number>();
  /** Milliseconds that an answer took. */
  readonly onAnswer = this.#answered.event;
  #last: Answer;

  #range: Range | undefined;

  constructor(
    private readonly settings: () => Settings,
    private readonly shown: Shown,
  ) {}

  readonly middleware: Middleware = {
    provideInlineCompletionItems: (document, position, context, token, next) =>
      this.#provide(document, position, context, token, next),
  };

  async #provide(
    document: TextDocument,
    position: Position,
    context: InlineCompletionContext,
    token: CancellationToken,
    next: Next,
  ): Promise<Answer> {
    if (offBecause(this.settings(), document.languageId) !== undefined) {
      return undefined;
    }
    const place = placeOf(document, position);
    const alone = context.selectedCompletionInfo === undefined;
    const step = alone ? this.shown.stepAt(place) : undefined;
    if (step === "repeat") {
      return this.#last;
    }
    // The extension asks by VS Code's command for users, who would want a choice of texts.
    const asked = step === "grow" ? { ...context, triggerKind: InlineCompletionTriggerKind.Automatic } : context;
    const started = performance.now();
    const answer = await next(document, position, asked, token);
    if (token.isCancellationRequested) {
      return answer;
    }
    this.#answered.fire(performance.now() - started);
    // With an entry of the menu selected the text answers that entry, not the document alone.
    const whole = alone ? this.#growOnly(place, answer) : answer;
    for (const item of itemsOf(whole)) {
      cutBefore(document, item);
    }
    if (alone) {
      this.#last = whole;
    }
    return whole;
  }

  #growOnly(place: Place, answer: Answer): Answer {
    const item = itemsOf(answer)[0];
    if (item === undefined) {
      this.shown.answered(place, "");
      return answer;
    }
    const text = textOf(item);
    const longest = this.shown.extended(place, text);
    this.shown.answered(place, longest);
    // A text that stays keeps its range too: that may reach behind the cursor.
    this.#range = longest === text ? item.range : this.#range;
    item.insertText = longest;
    if (this.#range !== undefined) {
      item.range = this.#range;
    }
    return answer;
  }
}

function cutBefore(document: TextDocument, item: InlineCompletionItem): void {
  if (item.range !== undefined) {
    const text = textOf(item);
    const { start, end } = item.range;
    const cut = beyondSurrogates(document.getText(item.range), text);
    item.insertText = text.slice(cut);
    item.range = new Range(start.translate(0, cut), end);
  }
}

export function placeOf(document: TextDocument, { line, character }: Position): Place {
  return { uri: document.uri.toString(), version: document.version, line, character };
}

function itemsOf(answer: Answer): InlineCompletionItem[] {
  return Array.isArray(answer) ? answer : (answer?.items ?? []);
}

function textOf({ insertText }: InlineCompletionItem): string {
  return insertText instanceof SnippetString ? insertText.value : insertText;
}
