/** Offers to install what is missing. Nothing is run before the user has seen the command. */

import { type Disposable, type Terminal, window } from "vscode";
import { adviceIn, chooseInstaller } from "./installers";
import { has, locate } from "./machine";
import type { Server } from "./server";
import type { Settings } from "./settings";

const LOOK_EVERY_MS = 2000;
const LOOK_FOR_MS = 15 * 60_000;

export class Install implements Disposable {
  #offered = "";
  #advised = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly server: Server,
    private readonly settings: () => Settings,
  ) {}

  /** The executable is missing: one message for each reason, and the way to install it. */
  async offer(reason: string, { again = false } = {}): Promise<void> {
    if (this.#offered === reason && !again) {
      return;
    }
    this.#offered = reason;
    const pick = "Choose the Checkout";
    const choice = await window.showWarningMessage(
      `${reason}. To install it from a checkout of midfill: ${chooseInstaller(has, "PATH_OF_THE_CHECKOUT").command} — or set midfill.path.`,
      pick,
    );
    const folder = choice === pick ? await askForCheckout() : undefined;
    if (folder !== undefined) {
      const { command } = chooseInstaller(has, folder);
      const terminal = window.createTerminal("Install midfill");
      terminal.show();
      terminal.sendText(command, false); // the user sees it first, and presses Enter
    }
    if (choice !== undefined) {
      this.#startWhenFound();
    }
  }

  /** The server lacks its model: offer the command that it names. */
  async advise(message: string): Promise<void> {
    const advice = adviceIn(message);
    const file = this.server.file;
    if (advice === undefined || file === undefined || advice === this.#advised) {
      return;
    }
    this.#advised = advice;
    const run = "Download the Model";
    if ((await window.showWarningMessage(`midfill: ${message}`, run)) === run) {
      const words = advice.split(" ").slice(1);
      const terminal = window.createTerminal({ name: advice, shellPath: file, shellArgs: words });
      terminal.show();
      this.#restartAfter(terminal);
    }
  }

  dispose(): void {
    clearInterval(this.#timer);
  }

  #startWhenFound(): void {
    clearInterval(this.#timer);
    const until = Date.now() + LOOK_FOR_MS;
    this.#timer = setInterval(() => {
      const found = locate(this.settings().path).kind === "found";
      if (found || Date.now() > until) {
        clearInterval(this.#timer);
      }
      if (found && this.server.condition.state === "missing") {
        void this.server.restart();
      }
    }, LOOK_EVERY_MS);
  }

  #restartAfter(terminal: Terminal): void {
    const waiting = window.onDidCloseTerminal((closed) => {
      if (closed === terminal) {
        waiting.dispose();
        void this.server.restart();
      }
    });
  }
}

async function askForCheckout(): Promise<string | undefined> {
  const options = { canSelectFiles: false, canSelectFolders: true, openLabel: "Install midfill from here" };
  const folders = await window.showOpenDialog(options);
  return folders?.[0]?.fsPath;
}
