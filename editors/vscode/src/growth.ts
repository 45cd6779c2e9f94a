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
    const editor = window.activeTextEditor;
    if (editor === undefined || editor.selections.length !== 1 || !editor.selection.isEmpty) {
      return;
    }
    const { document, selection } = editor;
    const ours = client.code2ProtocolConverter.asUri(document.uri) === uri && document.version === version;
    const on = offBecause(settings(), document.languageId) === undefined;
    const place = placeOf(document, selection.active);
    if (ours && on && shown.mayGrow(place.uri, version, place)) {
      await commands.executeCommand("editor.action.inlineSuggest.trigger");
    }
  });
}
