-- The server's plain configuration for `vim.lsp.config`. `require('midfill').setup()` builds on
-- it; without the plugin, `vim.lsp.enable('midfill')` and `vim.lsp.inline_completion.enable()`
-- are enough on Neovim 0.12.
---@type vim.lsp.Config
return {
  cmd = { 'midfill', 'serve', '--stdio' },
  root_markers = { '.git', '.hg', 'pyproject.toml', 'package.json', 'Cargo.toml', 'go.mod' },
}
