/** What a person does and sees in the window. */

import { join } from "node:path";
import { until } from "./until.mjs";

export class Window {
  constructor(page, server) {
    this.page = page;
    this.server = server;
  }

  static async open(browser, server, name) {
    const page = await browser.newPage({ viewport: { width: 960, height: 540 } });
    const window = new Window(page, server);
    await page.goto(server.url(name), { waitUntil: "domcontentloaded" });
    await window.#shows(name);
    return window;
  }

  /** Opens a file of the project with the given bytes, the cursor behind the last character. */
  async edit(name, bytes) {
    this.server.write(name, bytes);
    // By its whole path: the list of known files is some seconds old.
    await this.#quickInput("Control+P", join(this.server.folder, name), name);
    await this.#shows(name);
    await this.press("Control+End");
  }

  async #shows(name) {
    await this.page.waitForSelector(`.tab.active[data-resource-name="${name}"]`, { timeout: 30_000 });
    await this.page.click(".editor-group-container.active .monaco-editor .view-lines");
  }

  /** Opens the same file a second time, beside the first; the cursor goes there, to the end. */
  async split(name) {
    await this.press("Control+\\");
    await until("two editors", async () => (await this.editors()) === 2);
    await this.page.waitForSelector(".editor-group-container.active .monaco-editor.focused");
    await this.#shows(name);
    await this.press("Control+End");
  }

  async command(title) {
    await this.#quickInput("F1", `>midfill: ${title}`, title);
  }

  async #quickInput(key, text, row) {
    await this.press(key);
    const input = this.page.locator(".quick-input-widget input[type=text]").first();
    await input.waitFor({ state: "visible" });
    await input.fill(text);
    const first = this.page.locator(".quick-input-list .monaco-list-row").first();
    await until(`the entry ${row}`, async () => (await first.innerText().catch(() => "")).includes(row));
    await this.press("Enter");
    await input.waitFor({ state: "hidden" });
  }

  async type(text) {
    await this.page.keyboard.type(text, { delay: 15 });
  }

  /** All keys at once, as fast as the browser takes them. */
  async burst(text) {
    await this.page.keyboard.type(text);
  }

  /** How many editors are on the screen. */
  editors() {
    return this.page.locator(".editor-group-container").count();
  }

  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async save(name, bytes) {
    await this.press("Control+S");
    await until(`${name} with ${JSON.stringify(bytes)}`, () => this.server.read(name) === bytes, {
      withinMs: 5000,
    }).catch((error) => {
      throw new Error(`${error.message}; it holds ${JSON.stringify(this.server.read(name))}`);
    });
  }

  async saveMatches(name, pattern) {
    await this.press("Control+S");
    await until(`${name} with ${pattern}`, () => pattern.test(this.server.read(name)), { withinMs: 5000 });
  }

  /** The ghost text on screen, "" for none. */
  ghost() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll(".ghost-text-decoration, .ghost-text-decoration-preview, .ghost-text")]
        .filter((element) => !element.parentElement.closest(".ghost-text"))
        .map((element) => element.textContent)
        .join("")
        .replaceAll("\u00a0", " "),
    );
  }

  /** Waits for ghost text that begins so, and returns all of it: a fake engine never runs dry. */
  async ghostBegins(text) {
    let seen = "";
    await until("ghost", async () => (seen = await this.ghost()).startsWith(text)).catch(() => {
      throw new Error(`the ghost text is ${JSON.stringify(seen)}, which does not begin with ${JSON.stringify(text)}`);
    });
    return seen;
  }

  /** Waits for ghost text with this in it, and returns all of it: of several lines, in any order. */
  async ghostHas(text) {
    let seen = "";
    await until("ghost", async () => (seen = await this.ghost()).includes(text)).catch(() => {
      throw new Error(`the ghost text is ${JSON.stringify(seen)}, without ${JSON.stringify(text)}`);
    });
    return seen;
  }

  async ghostIs(text) {
    let seen = "";
    await until("ghost", async () => (seen = await this.ghost()) === text).catch(() => {
      throw new Error(`the ghost text is ${JSON.stringify(seen)}, not ${JSON.stringify(text)}`);
    });
  }

  /** What the status bar says of midfill, as a screen reader would. */
  async status() {
    const item = this.page.locator('[id="midfill.midfill.midfill.status"]');
    return (await item.getAttribute("aria-label", { timeout: 1000 }).catch(() => "")) ?? "";
  }

  async statusIs(pattern, withinMs = 60_000) {
    let seen = "";
    await until("status", async () => pattern.test((seen = await this.status())), { withinMs }).catch(() => {
      throw new Error(`the status is ${JSON.stringify(seen)}, not ${pattern}`);
    });
  }

  /** All notifications on screen. */
  async notifications() {
    const texts = await this.page.locator(".notification-list-item-message").allInnerTexts();
    return texts.join("\n");
  }

  /** The text of the visible lines of the active editor. */
  async lines() {
    const lines = this.page.locator(".editor-group-container.active .view-lines");
    return (await lines.innerText()).replaceAll("\u00a0", " ");
  }
}
