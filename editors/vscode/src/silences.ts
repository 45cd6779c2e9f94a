/** What the server said about documents it makes no suggestions for. */

import type { LanguageClient } from "vscode-languageclient/node";

interface Silence {
  readonly uri: string;
  readonly reason: string;
  readonly message: string;
}

export class Silences {
  readonly #messages = new Map<string, string>();

  /** Listens to a server that was just made; what another one said no longer counts. */
  follow(client: LanguageClient, changed: () => void): void {
    this.#messages.clear();
    client.onNotification("midfill/documentStatus", ({ uri, message }: Silence) => {
      const known = client.protocol2CodeConverter.asUri(uri).toString();
      if (message === "") {
        this.#messages.delete(known);
      } else {
        this.#messages.set(known, message);
      }
      changed();
    });
  }

  /** Why there are no suggestions in a document, by its address in VS Code. */
  of(uri: string): string | undefined {
    return this.#messages.get(uri);
  }
}
