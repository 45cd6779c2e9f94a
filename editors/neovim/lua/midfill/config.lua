--- Settings: defaults, checks and the answer to "is midfill on in this buffer?".

---@class midfill.Keys
---@field accept string|string[]|false insert the whole suggestion
---@field accept_line string|string[]|false insert up to the end of its line
---@field accept_word string|string[]|false insert its next word
---@field next string|string[]|false show the next suggestion, or ask for one
---@field prev string|string[]|false show the previous suggestion
---@field dismiss string|string[]|false hide the suggestion until something is typed

---@class midfill.Config
---@field cmd string[]|false the command that starts the server; false: that of `vim.lsp.config`
---@field filetypes table<string, boolean> on or off per filetype; '*' stands for all others
---@field root_markers string[]|false files that mark a project's root
---@field settings table server settings, as `midfill config` prints them
---@field growing boolean let a shown suggestion grow while the model writes on
---@field ui 'own'|'builtin' who draws: this plugin, or `vim.lsp.inline_completion` (0.12)
---@field keys midfill.Keys
local defaults = {
  cmd = false,
  filetypes = { ['*'] = true, gitcommit = false, gitrebase = false, help = false },
  root_markers = false,
  settings = {},
  growing = true,
  ui = 'own',
  keys = {
    accept = '<Tab>',
    accept_line = { '<C-Down>', '<M-l>' },
    accept_word = { '<M-Right>', '<C-Right>' },
    next = '<M-]>',
    prev = '<M-[>',
    dismiss = '<C-]>',
  },
}

local M = {
  ---@type midfill.Config
  values = vim.deepcopy(defaults),
  ---Whether `setup()` has run.
  ready = false,
}

---@type boolean off everywhere, by `:Midfill disable`
local off = false

---@param value any
---@return boolean
local function is_strings(value)
  return vim.islist(value) and vim.iter(value):all(function(each)
    return type(each) == 'string'
  end)
end

---@param value any
---@return boolean
local function is_false_or_strings(value)
  return value == false or (is_strings(value) and #value > 0)
end

---@param value any
---@return boolean
local function is_key(value)
  return value == false or type(value) == 'string' or is_strings(value)
end

---@param value any
---@return boolean
local function is_switches(value)
  return type(value) == 'table'
    and vim.iter(value):all(function(name, on)
      return type(name) == 'string' and type(on) == 'boolean'
    end)
end

---@type table<string, { [1]: (fun(value: any): boolean), [2]: string }>
local checks = {
  cmd = { is_false_or_strings, 'a list of strings, or false' },
  filetypes = { is_switches, 'a table of filetype = true or false' },
  root_markers = { is_false_or_strings, 'a list of strings, or false' },
  settings = {
    function(value)
      return type(value) == 'table'
    end,
    'a table',
  },
  growing = {
    function(value)
      return type(value) == 'boolean'
    end,
    'true or false',
  },
  ui = {
    function(value)
      return value == 'own' or (value == 'builtin' and vim.lsp.inline_completion ~= nil)
    end,
    "'own', or 'builtin' on Neovim 0.12",
  },
}

---Take over the user's settings. A setting that does not fit is named and keeps its default.
---@param user? table
---@return string[] problems one readable line each
function M.apply(user)
  local problems = {} ---@type string[]
  local values = vim.deepcopy(defaults)

  ---@param where table
  ---@param name string
  ---@param value any
  ---@param check? { [1]: (fun(value: any): boolean), [2]: string }
  ---@param label string
  local function take(where, name, value, check, label)
    if not check then
      problems[#problems + 1] = ('unknown setting `%s` (see :help midfill-settings)'):format(label)
    elseif not check[1](value) then
      problems[#problems + 1] = ('`%s` must be %s, got %s; the default is used'):format(
        label,
        check[2],
        vim.inspect(value, { newline = ' ', indent = '' })
      )
    else
      where[name] = value
    end
  end

  if user ~= nil and type(user) ~= 'table' then
    problems[1] = 'setup() takes a table; the defaults are used'
    user = nil
  end
  for name, value in pairs(user or {}) do
    if name == 'keys' then
      if type(value) ~= 'table' then
        problems[#problems + 1] = '`keys` must be a table; the default is used'
      else
        for action, lhs in pairs(value) do
          local known = defaults.keys[action] ~= nil
          local check = known and { is_key, 'a key, a list of keys, or false' } or nil
          take(values.keys, action, lhs, check, 'keys.' .. tostring(action))
        end
      end
    else
      take(values, name, value, checks[name], tostring(name))
    end
  end
  values.filetypes = vim.tbl_extend('force', defaults.filetypes, values.filetypes)
  M.values = values
  M.ready = true
  return problems
end

---Why midfill is silent in a buffer, or nil where it is on.
---@param bufnr integer
---@return string? reason
function M.silent(bufnr)
  if not M.ready then
    return 'setup() has not run'
  elseif off then
    return 'disabled (:Midfill enable)'
  elseif vim.b[bufnr].midfill_enabled == false then
    return 'disabled in this buffer (:Midfill enable buffer)'
  end
  local filetype = vim.bo[bufnr].filetype
  local on = M.values.filetypes[filetype]
  if on == nil then
    on = M.values.filetypes['*'] ~= false
  end
  if vim.b[bufnr].midfill_enabled ~= true and not on then
    return ('disabled for filetype %q (:Midfill enable filetype)'):format(filetype)
  end
  local name = vim.api.nvim_buf_get_name(bufnr)
  if not vim.api.nvim_buf_is_loaded(bufnr) then
    return 'the buffer is not loaded'
  elseif vim.bo[bufnr].buftype ~= '' or name:find('^%a[%w+.-]*://') then
    return 'not a file'
  elseif name == '' then
    return 'the buffer has no file name'
  end
  return nil
end

---@alias midfill.Scope 'all'|'buffer'|'filetype'

---@param scope midfill.Scope
---@param bufnr integer
---@param on boolean
function M.switch(scope, bufnr, on)
  if scope == 'buffer' then
    vim.b[bufnr].midfill_enabled = on
  elseif scope == 'filetype' then
    M.values.filetypes[vim.bo[bufnr].filetype] = on
  else
    off = not on
  end
end

---@param scope midfill.Scope
---@param bufnr integer
---@return boolean
function M.is_on(scope, bufnr)
  if scope == 'buffer' then
    return vim.b[bufnr].midfill_enabled ~= false
  elseif scope == 'filetype' then
    local on = M.values.filetypes[vim.bo[bufnr].filetype]
    if on == nil then
      on = M.values.filetypes['*'] ~= false
    end
    return on
  end
  return not off
end

return M
