/** The status bar item: all facts in, one look out. */

import { type Disposable, MarkdownString, StatusBarAlignment, type StatusBarItem, ThemeColor, window } from "vscode";
import { type Health, look } from "./health";

export class StatusBar implements Disposable {
  readonly #item: StatusBarItem;
  #health: Health = { state: "stopped", message: "" };

  constructor() {
    this.#item = window.createStatusBarItem("midfill.status", StatusBarAlignment.Right, 100);
    this.#item.name = "midfill";
    this.#item.command = "midfill.menu";
    this.show({});
    this.#item.show();
  }

  show(news: Partial<Health>): void {
    this.#health = { ...this.#health, ...news };
    const { text, tooltip, severity } = look(this.#health);
    this.#item.text = text;
    this.#item.tooltip = new MarkdownString(tooltip, true);
    // What a screen reader says; also how tests know that the server is ready.
    this.#item.accessibilityInformation = {
      label: `midfill ${this.#health.off ?? this.#health.state} ${this.#health.message}`,
    };
    this.#item.backgroundColor =
      severity === "none" ? undefined : new ThemeColor(`statusBarItem.${severity}Background`);
  }

  dispose(): void {
    this.#item.dispose();
  }
}
