/** What `midfill models list --json` says. */

export interface Model {
  readonly label: string;
  readonly description: string;
}

/** The installed models by name, with their size; undefined where the text is no list. */
export function installedModels(json: string): Model[] | undefined {
  let listed: unknown;
  try {
    listed = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!Array.isArray(listed)) {
    return undefined;
  }
  const models = listed as { readonly name: string; readonly state: string; readonly bytes: number }[];
  return models
    .filter(({ state }) => state === "installed")
    .map(({ name, bytes }) => ({ label: name, description: `${(bytes / 1e6).toFixed(0)} MB` }));
}
