/** Growing answers: ask again when the server has more for what is on screen. */

import { commands, window } from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { offBecause, type Settings } from "./settings";
import type { Shown } from "./shown";
import { placeOf } from "./suggestions";

interface MoreAvailable {
  readonly uri: string;
  readonly version: number;
}

export function followGrowth(client: LanguageClient, settings: () => Settings, shown: Shown): void {
  client.onNotification("midfill/moreAvailable", async ({ uri, version }: MoreAvailable) => {
    const document = window.activeTextEditor?.document;
    if (document?.version === version && client.code2ProtocolConverter.asUri(document.uri) === uri) {
      await askAgain(settings, shown);
    }
  });
}

/** Asks again where the last answer was given, if nothing was typed or dismissed since. */
export async function askAgain(settings: () => Settings, shown: Shown): Promise<void> {
  const editor = window.activeTextEditor;
  if (editor === undefined || editor.selections.length !== 1 || !editor.selection.isEmpty) {
    return;
  }
  const { document, selection } = editor;
  const on = offBecause(settings(), document.languageId) === undefined;
  if (on && shown.mayGrow(placeOf(document, selection.active))) {
    // While something is on screen VS Code keeps that and puts the longer text behind it: `showNext`
    // asks and goes there in one step, so that nothing flickers.
    const how = shown.showing ? "showNext" : "trigger";
    await commands.executeCommand(`editor.action.inlineSuggest.${how}`);
  }
}
