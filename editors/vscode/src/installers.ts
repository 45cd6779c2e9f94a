/** How the server is installed, with what this machine has. */

export interface Installer {
  readonly name: string;
  readonly command: string;
}

const INSTALLERS: readonly (Installer & { readonly needs: readonly string[] })[] = [
  { name: "pipx", needs: ["pipx"], command: "pipx install midfill" },
  { name: "uv", needs: ["uv"], command: "uv tool install midfill" },
  { name: "pip", needs: ["python3"], command: "python3 -m pip install --user midfill" },
  { name: "pip", needs: ["py"], command: "py -m pip install --user midfill" },
];

/** The first that this machine can run; pipx where there is none. */
export function chooseInstaller(has: (program: string) => boolean): Installer {
  const { name, command } = INSTALLERS.find(({ needs }) => needs.every(has)) ?? INSTALLERS[0]!;
  return { name, command };
}

/** The command a server's message asks for: it is quoted as `midfill …`. */
export function adviceIn(message: string): string | undefined {
  return /`(midfill models pull[\w .-]*)`/.exec(message)?.[1];
}
