--- Where the server's command, root and settings come from.
local config = require('midfill.config')

local api = vim.api

local M = { NAME = 'midfill' }

---The checkout of midfill that this plugin is part of, or a word in its place.
---@return string # for a shell
function M.checkout()
  local found = api.nvim_get_runtime_file('lua/midfill/launch.lua', false)[1]
  local file = found and vim.uv.fs_realpath(found)
  local root = file and vim.fs.root(file, 'pyproject.toml')
  return root and vim.fn.shellescape(root) or 'PATH_OF_THE_CHECKOUT'
end

---The command as it will be run.
---@return string[]
function M.command()
  return M.settings().cmd --[[@as string[] ]]
end

---Neovim's layered configuration for midfill, before this plugin adds its part.
---@return table
function M.settings()
  local layered ---@type table
  if vim.fn.has('nvim-0.11') == 1 then
    layered = vim.deepcopy(vim.lsp.config[M.NAME] or {})
  else
    layered = dofile(api.nvim_get_runtime_file('lsp/midfill.lua', false)[1])
  end
  local values = config.values
  layered.cmd = values.cmd or layered.cmd
  layered.root_markers = values.root_markers or layered.root_markers
  return layered
end

---@param bufnr integer
---@param layered table
---@param start fun(root: string?)
function M.find_root(bufnr, layered, start)
  if type(layered.root_dir) == 'function' then
    layered.root_dir(bufnr, start)
  elseif type(layered.root_dir) == 'string' then
    start(layered.root_dir)
  else
    start(vim.fs.root(bufnr, layered.root_markers or {}))
  end
end

---Our callback before the user's: one, a list of them, or none.
---@param ours function
---@param users function|function[]|nil
---@return function[]
local function chain(ours, users)
  return vim.list_extend({ ours }, type(users) == 'table' and users or { users })
end

---@class midfill.Callbacks
---@field on_init function
---@field on_exit function
---@field on_attach function
---@field handlers table<string, function>

---What `vim.lsp.start` gets: Neovim's layers, the user's settings, and what this plugin needs.
---@param layered table
---@param root string?
---@param ours midfill.Callbacks
---@return table
function M.config(layered, root, ours)
  local values = config.values
  local capabilities = vim.tbl_deep_extend(
    'force',
    vim.lsp.protocol.make_client_capabilities(),
    layered.capabilities or {},
    { textDocument = { inlineCompletion = { dynamicRegistration = false } } }
  )
  return vim.tbl_extend('force', layered, {
    name = M.NAME,
    root_dir = root,
    capabilities = capabilities,
    init_options = vim.tbl_deep_extend(
      'force',
      { growing = values.growing, status = true },
      layered.init_options or {},
      values.settings
    ),
    settings = vim.tbl_deep_extend(
      'force',
      layered.settings or {},
      { midfill = vim.tbl_isempty(values.settings) and vim.empty_dict() or values.settings }
    ),
    handlers = vim.tbl_extend('force', layered.handlers or {}, ours.handlers),
    on_init = chain(ours.on_init, layered.on_init),
    on_exit = chain(vim.schedule_wrap(ours.on_exit), layered.on_exit),
    on_attach = chain(vim.schedule_wrap(ours.on_attach), layered.on_attach),
  })
end

return M
