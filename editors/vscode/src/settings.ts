/** The user's settings, read and checked. An invalid value is named, and the default used. */

export interface Settings {
  readonly enable: boolean;
  /** By language id; `*` stands for every language that is not named. */
  readonly languages: Readonly<Record<string, boolean>>;
  readonly path: string;
  readonly serverArguments: readonly string[];
}

/** What the user has set of the server's settings: sections of fields. Defaults are not in it. */
export type ServerSettings = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What VS Code knows of one setting: the value in effect and the default of package.json. */
export interface Entry {
  readonly value: unknown;
  readonly fallback: unknown;
}

const CHECKS: { readonly [Key in keyof Settings]: { wants: string; good: (value: unknown) => boolean } } = {
  enable: { wants: "true or false", good: (value) => typeof value === "boolean" },
  languages: {
    wants: "an object of language ids with true or false",
    good: (value) => isRecord(value) && Object.values(value).every((on) => typeof on === "boolean"),
  },
  path: { wants: "a path", good: (value) => typeof value === "string" },
  serverArguments: {
    wants: "a list of strings",
    good: (value) => Array.isArray(value) && value.every((word) => typeof word === "string"),
  },
};

/** All settings, and one sentence for each that could not be used. */
export function readSettings(look: (key: string) => Entry): { settings: Settings; problems: string[] } {
  const problems: string[] = [];
  const settings: Record<string, unknown> = {};
  for (const [key, { wants, good }] of Object.entries(CHECKS)) {
    const { value, fallback } = look(key);
    settings[key] = good(value) ? value : fallback;
    if (!good(value)) {
      problems.push(`midfill.${key} must be ${wants}, not ${JSON.stringify(value)}; the default is used`);
    }
  }
  return { settings: settings as unknown as Settings, problems };
}

/** Why there are no suggestions in a language, or undefined where there are. */
export function offBecause(settings: Settings, language: string): string | undefined {
  if (!settings.enable) {
    return "turned off";
  }
  const on = settings.languages[language] ?? settings.languages["*"] ?? true;
  return on ? undefined : `turned off for ${language}`;
}

/**
 * The server's settings that somebody set, by their dotted names in package.json. A default of
 * package.json is left out: it would outrank the user's config file, which the server reads.
 */
export function serverSettings(names: readonly string[], set: (name: string) => unknown): ServerSettings {
  const found: Record<string, Record<string, unknown>> = {};
  for (const name of names) {
    const value = set(name);
    const [section, field] = name.split(".");
    if (value !== undefined && section !== undefined && field !== undefined) {
      found[section] = { ...found[section], [field]: value };
    }
  }
  return found;
}

/** The arguments of the server. */
export function commandLine(settings: Settings): string[] {
  return ["serve", "--stdio", ...settings.serverArguments];
}

/** Whether a change of settings needs another server process. */
export function needsRestart(before: Settings, after: Settings): boolean {
  return before.path !== after.path || commandLine(before).join("\0") !== commandLine(after).join("\0");
}

/** Whether a change of the server's settings concerns the model, which is loaded at its start. */
export function needsReload(before: ServerSettings, after: ServerSettings): boolean {
  return JSON.stringify(before["engine"] ?? {}) !== JSON.stringify(after["engine"] ?? {});
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
