/** What the menu lets the user choose: the style, and the model. */

import { ConfigurationTarget, type QuickPickItem, window, workspace } from "vscode";
import { installedModels } from "./models";
import { runMidfill } from "./runMidfill";

/** From the fewest to the most suggestions. */
const STYLES: readonly QuickPickItem[] = [
  { label: "sure", description: "little, and nearly always right" },
  { label: "balanced", description: "the default" },
  { label: "bold", description: "more, and wrong more often" },
];

export async function chooseStyle(): Promise<void> {
  await choose("suggestions.style", "How much is suggested", STYLES);
}

/** Offers the installed models; the server starts again with the one that is taken. */
export async function chooseModel(file: string): Promise<void> {
  const listed = await runMidfill(file, ["models", "list", "--json"]);
  const models = installedModels(listed);
  if (models === undefined) {
    void window.showErrorMessage(`midfill models list failed: ${listed.trim()}`);
    return;
  }
  const auto = { label: "auto", description: "chosen with `midfill models use`, else the best for this machine" };
  await choose("engine.model", "The model; `midfill models pull` downloads others", [auto, ...models]);
}

async function choose(key: string, placeHolder: string, entries: readonly QuickPickItem[]): Promise<void> {
  const configuration = workspace.getConfiguration("midfill");
  const current = configuration.get(key);
  const marked = entries.map((entry) => (entry.label === current ? { ...entry, detail: "set now" } : entry));
  const choice = await window.showQuickPick(marked, { title: `midfill.${key}`, placeHolder });
  if (choice !== undefined) {
    const inWorkspace = configuration.inspect(key)?.workspaceValue !== undefined;
    await configuration.update(
      key,
      choice.label,
      inWorkspace ? ConfigurationTarget.Workspace : ConfigurationTarget.Global,
    );
  }
}
