/** Tells the server where the cursor rests, so that it can read ahead of the first key. */

import { type Disposable, type TextEditor, window } from "vscode";
import type { Server } from "./server";
import { offBecause, type Settings } from "./settings";

const REST_MS = 150;

export function tellCursorRests(server: Server, settings: () => Settings): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let told = "";

  const tell = async (editor: TextEditor): Promise<void> => {
    const { document, selection } = editor;
    const client = server.client;
    const place = `${document.uri.toString()}#${selection.active.line}`;
    if (client === undefined || place === told || editor !== window.activeTextEditor) {
      return;
    }
    if (!["file", "untitled"].includes(document.uri.scheme)) {
      return;
    }
    if (offBecause(settings(), document.languageId) !== undefined) {
      return;
    }
    told = place;
    const converter = client.code2ProtocolConverter;
    await client.sendNotification("midfill/cursorRested", {
      textDocument: converter.asTextDocumentIdentifier(document),
      position: converter.asPosition(selection.active),
    });
  };

  const listening = window.onDidChangeTextEditorSelection(({ textEditor }) => {
    clearTimeout(timer);
    timer = setTimeout(() => void tell(textEditor), REST_MS);
  });
  return {
    dispose: () => {
      clearTimeout(timer);
      listening.dispose();
    },
  };
}
