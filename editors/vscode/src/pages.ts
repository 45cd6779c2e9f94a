/** Read-only pages for what the server or its command line has to say. */

import { type Disposable, EventEmitter, Uri, window, workspace } from "vscode";

const SCHEME = "midfill";

export class Pages implements Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changed = new EventEmitter<Uri>();
  readonly #registration = workspace.registerTextDocumentContentProvider(SCHEME, {
    onDidChange: this.#changed.event,
    provideTextDocumentContent: (uri) => this.#texts.get(uri.path) ?? "",
  });

  /** Opens a page beside the editor, or fills it anew. */
  async open(title: string, text: string): Promise<void> {
    const uri = Uri.from({ scheme: SCHEME, path: title });
    this.#texts.set(uri.path, text);
    this.#changed.fire(uri);
    const document = await workspace.openTextDocument(uri);
    await window.showTextDocument(document, { preview: true });
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}
