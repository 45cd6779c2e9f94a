// Checks the Lua of the Neovim plugin: StyLua's format, and names that nothing defines.
// `node lint.mjs --fix` writes the format. TypeScript is checked by Biome, see package.json.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { Config, formatCode, IndentType, LuaVersion, OutputVerification, QuoteStyle } from "@johnnymorganz/stylua";
import { parse } from "luaparse";

const PLUGIN = new URL("neovim/", import.meta.url);
/** What the Lua 5.1 of Neovim defines, and Neovim's own `vim`. */
const KNOWN = new Set(
  `_G assert dofile error getmetatable ipairs jit loadfile math next os pairs pcall print rawequal rawget rawset
  require select setmetatable string table tonumber tostring type unpack vim xpcall`.split(/\s+/),
);

/** The format. A Config can be used only once. */
function style() {
  const config = Config.new();
  config.syntax = LuaVersion.LuaJIT;
  config.column_width = 110;
  config.indent_type = IndentType.Spaces;
  config.indent_width = 2;
  config.quote_style = QuoteStyle.AutoPreferSingle;
  return config;
}

function undefinedNames(code) {
  return parse(code, { luaVersion: "LuaJIT", scope: true, locations: true })
    .globals.filter(({ name }) => !KNOWN.has(name))
    .map(({ name, loc }) => `${loc.start.line}: ${name} is not defined`);
}

const faults = [];
const files = readdirSync(PLUGIN, { recursive: true }).filter((name) => name.endsWith(".lua"));
for (const name of files) {
  const file = new URL(name, PLUGIN);
  const code = readFileSync(file, "utf8");
  faults.push(...undefinedNames(code).map((fault) => `neovim/${name}:${fault}`));
  const formatted = formatCode(code, style(), undefined, OutputVerification.Full);
  if (formatted === code) {
    continue;
  }
  if (process.argv.includes("--fix")) {
    writeFileSync(file, formatted);
  } else {
    faults.push(`neovim/${name}: not formatted; run \`make fix\``);
  }
}
console.log(`${files.length} Lua files; ${faults.length} faults`);
for (const fault of faults) {
  console.error(fault);
}
process.exitCode = faults.length ? 1 : 0;
