/** Columns as `midfill prompt` counts them: from 1, in characters; VS Code counts UTF-16 units. */
export function column(line: string, utf16: number): number {
  return [...line.slice(0, utf16)].length + 1;
}
