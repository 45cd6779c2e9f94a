/** What the user can ask for, by name. */

import { commands, type Disposable, type LogOutputChannel, ProgressLocation, window } from "vscode";
import { chooseModel, chooseStyle } from "./choices";
import { column } from "./columns";
import { toggle, toggleLanguage } from "./configuration";
import type { Install } from "./install";
import type { Pages } from "./pages";
import { report, type Statistics } from "./report";
import { runMidfill } from "./runMidfill";
import type { Server } from "./server";
import type { Settings } from "./settings";
import type { Shown } from "./shown";

export interface Parts {
  readonly log: LogOutputChannel;
  readonly server: Server;
  readonly settings: () => Settings;
  readonly pages: Pages;
  readonly install: Install;
  readonly shown: Shown;
}

export function registerCommands(parts: Parts): Disposable[] {
  const { log, server, settings, install, shown } = parts;
  const table: Readonly<Record<string, () => unknown>> = {
    toggle: () => toggle(settings()),
    toggleLanguage: () => ofActiveLanguage((language) => toggleLanguage(settings(), language)),
    style: chooseStyle,
    model: () => model(server),
    settings: () => commands.executeCommand("workbench.action.openSettings", "@ext:midfill.midfill"),
    restart: () => server.restart(),
    showLog: () => log.show(true),
    showPrompt: () => showPrompt(parts),
    statistics: () => statistics(parts),
    doctor: () => doctor(parts),
    install: () => install.offer("midfill is a program of its own", { again: true }),
    menu: () => menu(parts),
    dismiss: () => {
      shown.forget();
      return commands.executeCommand("editor.action.inlineSuggest.hide");
    },
  };
  return Object.entries(table).map(([name, run]) => commands.registerCommand(`midfill.${name}`, run));
}

async function menu({ server, settings }: Parts): Promise<void> {
  const { state, message } = server.condition;
  const language = window.activeTextEditor?.document.languageId;
  const entries = [
    { label: settings().enable ? "Turn suggestions off" : "Turn suggestions on", command: "toggle" },
    ...(language === undefined
      ? []
      : [{ label: `Turn suggestions on or off for ${language}`, command: "toggleLanguage" }]),
    ...(state === "ready" ? [{ label: "Snooze for 10 minutes", command: "snooze" }] : []),
    { label: "Choose how much is suggested", command: "style" },
    ...(server.file === undefined ? [] : [{ label: "Choose the model", command: "model" }]),
    { label: "Open the settings", command: "settings" },
    { label: "Show the log", command: "showLog" },
    { label: "Restart the server", command: "restart" },
    { label: "Run the doctor", command: "doctor" },
    { label: "Show statistics", command: "statistics" },
    { label: "Show the prompt at the cursor", command: "showPrompt" },
    ...(state === "missing" ? [{ label: "Install the server", command: "install" }] : []),
  ];
  const choice = await window.showQuickPick(entries, { title: `midfill: ${state}`, placeHolder: message });
  if (choice !== undefined) {
    await commands.executeCommand(`midfill.${choice.command}`);
  }
}

async function showPrompt({ server, pages, log }: Parts): Promise<void> {
  const editor = window.activeTextEditor;
  const file = executable(server);
  if (editor === undefined || file === undefined) {
    return;
  }
  const { document, selection } = editor;
  if (document.uri.scheme !== "file") {
    void window.showInformationMessage("midfill shows the prompts of files; save this document first.");
    return;
  }
  if (document.isDirty) {
    void window.showInformationMessage("midfill shows the prompt of the file as it was last saved.");
  }
  const { line, character } = selection.active;
  const place = `${document.uri.fsPath}:${line + 1}:${column(document.lineAt(line).text, character)}`;
  log.info("showing a prompt");
  await pages.open("midfill prompt", await waiting("midfill prompt", runMidfill(file, ["prompt", place])));
}

async function doctor({ server, pages }: Parts): Promise<void> {
  const file = executable(server);
  if (file !== undefined) {
    await pages.open("midfill doctor", await waiting("midfill doctor", runMidfill(file, ["doctor"])));
  }
}

async function statistics({ server, pages }: Parts): Promise<void> {
  const client = server.client;
  if (client === undefined) {
    void window.showInformationMessage(`midfill: ${server.condition.message || "the server is not running"}`);
    return;
  }
  await pages.open("midfill statistics", report(await client.sendRequest<Statistics>("midfill/stats", {})));
}

async function model(server: Server): Promise<void> {
  const file = executable(server);
  if (file !== undefined) {
    await chooseModel(file);
  }
}

function executable({ file, condition }: Server): string | undefined {
  if (file === undefined) {
    void window.showInformationMessage(`midfill: ${condition.message || "the server was not started"}`);
  }
  return file;
}

async function ofActiveLanguage(act: (language: string) => Promise<void>): Promise<void> {
  const editor = window.activeTextEditor;
  if (editor !== undefined) {
    await act(editor.document.languageId);
  }
}

function waiting<Result>(title: string, work: Promise<Result>): Thenable<Result> {
  return window.withProgress({ location: ProgressLocation.Window, title }, () => work);
}
