/** Puts the parts together; each has its own module. */

import { commands, type ExtensionContext, window, workspace } from "vscode";
import { registerCommands } from "./commands";
import { currentServerSettings, currentSettings, serverSettingNames } from "./configuration";
import { tellCursorRests } from "./cursorRest";
import { Growth } from "./growth";
import { Install } from "./install";
import { Pages } from "./pages";
import { Server } from "./server";
import { needsReload, needsRestart, offBecause } from "./settings";
import { Shown } from "./shown";
import { Silences } from "./silences";
import { StatusBar } from "./statusBar";
import { Suggestions } from "./suggestions";

let server: Server | undefined;

export function activate(context: ExtensionContext): void {
  const log = window.createOutputChannel("midfill", { log: true });
  let current = currentSettings(log);
  const settings = () => current;
  const names = serverSettingNames(context.extension.packageJSON);
  let ofServer = currentServerSettings(names);

  const shown = new Shown();
  const suggestions = new Suggestions(settings, shown);
  const growth = new Growth(settings, shown);
  const running = new Server(log, suggestions.middleware, settings, () => ofServer);
  server = running;
  const silences = new Silences();
  const bar = new StatusBar();
  const pages = new Pages();
  const install = new Install(running, settings);

  const showOff = () => {
    const document = window.activeTextEditor?.document;
    const off = offBecause(current, document?.languageId ?? "*");
    bar.show({ off: off ?? (document === undefined ? undefined : silences.of(document.uri.toString())) });
  };

  context.subscriptions.push(
    log,
    bar,
    pages,
    install,
    growth,
    running,
    running.onClient((client) => {
      growth.follow(client);
      silences.follow(client, () => {
        showOff();
        growth.askAgain();
      });
    }),
    running.onChange(({ state, message }) => {
      bar.show({ state, message, latencyMs: undefined });
      void commands.executeCommand("setContext", "midfill.ready", state === "ready");
      if (state === "ready") {
        growth.askAgain(); // what was typed while the model was loading
      } else if (state === "missing") {
        void install.offer(message);
      } else if (state === "error") {
        void install.advise(message);
      }
    }),
    running.onGiveUp(async (crashes) => {
      const message = `midfill: the server ended ${crashes} times in a row and was not started again.`;
      const choice = await window.showErrorMessage(message, "Show the Log", "Try Again");
      if (choice !== undefined) {
        await commands.executeCommand(choice === "Try Again" ? "midfill.restart" : "midfill.showLog");
      }
    }),
    suggestions.onAnswer((latencyMs) => bar.show({ latencyMs })),
    tellCursorRests(running, settings),
    window.onDidChangeActiveTextEditor(showOff),
    workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration("midfill")) {
        return;
      }
      const [before, ofServerBefore] = [current, ofServer];
      current = currentSettings(log);
      ofServer = currentServerSettings(names); // the server asks for them by itself
      shown.forget();
      showOff();
      const first = current.enable && running.condition.state === "stopped";
      const restart = needsRestart(before, current) || needsReload(ofServerBefore, ofServer);
      if (first || (current.enable && restart)) {
        void running.restart();
      }
      if (offBecause(current, window.activeTextEditor?.document.languageId ?? "*") !== undefined) {
        void commands.executeCommand("editor.action.inlineSuggest.hide");
      }
    }),
    workspace.onDidGrantWorkspaceTrust(() => {
      current = currentSettings(log);
      ofServer = currentServerSettings(names);
      if (current.enable) {
        void running.restart();
      }
    }),
    ...registerCommands({ log, server: running, settings, pages, install, shown }),
  );

  showOff();
  if (current.enable) {
    void running.restart();
  }
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
