/** VS Code's configuration, as checked settings; and the two switches that commands turn. */

import { ConfigurationTarget, type LogOutputChannel, workspace } from "vscode";
import { readSettings, type ServerSettings, type Settings, serverSettings } from "./settings";

export function currentSettings(log: LogOutputChannel): Settings {
  const configuration = workspace.getConfiguration("midfill");
  const { settings, problems } = readSettings((key) => ({
    value: configuration.get(key),
    fallback: configuration.inspect(key)?.defaultValue,
  }));
  for (const problem of problems) {
    log.warn(problem);
  }
  return settings;
}

/** The server's settings that the user, or a trusted workspace, has set. */
export function currentServerSettings(names: readonly string[]): ServerSettings {
  const configuration = workspace.getConfiguration("midfill");
  return serverSettings(names, (name) => {
    const known = configuration.inspect(name);
    const set = known?.workspaceFolderValue ?? known?.workspaceValue ?? known?.globalValue ?? undefined;
    return set === undefined ? undefined : configuration.get(name);
  });
}

/** The names of the server's settings in package.json: those with a section and a field. */
export function serverSettingNames(packageJson: unknown): string[] {
  const { contributes } = packageJson as {
    contributes: { configuration: readonly { properties: Readonly<Record<string, unknown>> }[] };
  };
  return contributes.configuration
    .flatMap(({ properties }) => Object.keys(properties))
    .map((name) => name.replace(/^midfill\./, ""))
    .filter((name) => name.includes("."));
}

export async function toggle(settings: Settings): Promise<void> {
  await write("enable", !settings.enable);
}

export async function toggleLanguage(settings: Settings, language: string): Promise<void> {
  const on = settings.languages[language] ?? settings.languages["*"] ?? true;
  await write("languages", { ...settings.languages, [language]: !on });
}

/** Writes where the value in effect comes from, so that the change takes effect. */
async function write(key: string, value: unknown): Promise<void> {
  const configuration = workspace.getConfiguration("midfill");
  const known = configuration.inspect(key);
  const target =
    known?.workspaceFolderValue !== undefined
      ? ConfigurationTarget.WorkspaceFolder
      : known?.workspaceValue !== undefined
        ? ConfigurationTarget.Workspace
        : ConfigurationTarget.Global;
  await configuration.update(key, value, target);
}
