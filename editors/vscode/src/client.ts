/** A language client that keeps its troubles to the log: midfill says what users can act on. */

import { homedir } from "node:os";
import type { LogOutputChannel } from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type Middleware,
  RevealOutputChannelOn,
} from "vscode-languageclient/node";
import type { ServerSettings } from "./settings";

export interface Launch {
  readonly file: string;
  readonly arguments: readonly string[];
  readonly log: LogOutputChannel;
  readonly middleware: Middleware;
  /** What the user has set of the server's settings. */
  readonly settings: () => ServerSettings;
  /** The server went away without being asked. */
  readonly closed: () => void;
}

class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

export function makeClient(launch: Launch): LanguageClient {
  const server = {
    command: launch.file,
    args: [...launch.arguments],
    // Not the workspace: nothing in it should have a say in how the server starts.
    options: { cwd: homedir() },
  };
  return new QuietClient("midfill", "midfill", server, {
    documentSelector: [{ scheme: "file" }, { scheme: "untitled" }, { scheme: "vscode-notebook-cell" }],
    outputChannel: launch.log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationOptions: { growing: true, status: true },
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        launch.closed();
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
    middleware: {
      ...launch.middleware,
      workspace: {
        // VS Code itself would answer with every default, and those are not the user's.
        configuration: ({ items }) => items.map(({ section }) => (section === "midfill" ? launch.settings() : null)),
        // A change that ends the server reaches its client too, which is no fault.
        didChangeConfiguration: (sections, next) =>
          next(sections).catch((error: unknown) => launch.log.debug(`settings were not told: ${String(error)}`)),
      },
    },
  });
}
