/** Measures, in VS Code, from a key to the frame with the ghost text for it; the answer is cached. */

import { VsCode } from "./vscode.mjs";

const KEYS = 50;
const TEXT = "alpha(beta, gamma, delta, epsilon, zeta, eta, theta, iota, kappa)";

const vscode = await VsCode.start();
try {
  const { window } = vscode;
  await vscode.serve(TEXT);
  await window.edit("fast.py", "");
  await window.type("f = ");
  await window.ghostBegins(TEXT);
  const times = [];
  for (const [index, key] of [...TEXT.slice(0, KEYS)].entries()) {
    times.push(await keyToGhost(window.page, key, TEXT.slice(index + 1)));
  }
  times.sort((one, other) => one - other);
  const shown = (share) => times[Math.floor((times.length - 1) * share)].toFixed(1);
  console.log(`VS Code, key to ghost text, ${times.length} repeats: median ${shown(0.5)} ms, p95 ${shown(0.95)} ms`);
} finally {
  await vscode.stop();
}

/** Milliseconds, inside the page, from a key to the frame that has the ghost text for it. */
async function keyToGhost(page, key, rest) {
  const time = page.evaluate(
    (rest) =>
      new Promise((resolve, reject) => {
        let pressed;
        const look = () => {
          const ghost = [...document.querySelectorAll(".ghost-text-decoration")]
            .map((element) => element.textContent)
            .join("")
            .replaceAll("\u00a0", " ");
          if (pressed !== undefined && ghost.startsWith(rest)) resolve(performance.now() - pressed);
          else if (pressed !== undefined && performance.now() - pressed > 5000) reject(new Error(`ghost is ${ghost}`));
          else requestAnimationFrame(look);
        };
        window.addEventListener("keydown", (event) => (pressed = event.timeStamp), { capture: true, once: true });
        window.midfillListens = true;
        requestAnimationFrame(look);
      }),
    rest,
  );
  await page.waitForFunction(() => window.midfillListens === true);
  await page.keyboard.press(key === " " ? "Space" : key);
  await page.evaluate(() => (window.midfillListens = false));
  return time;
}
