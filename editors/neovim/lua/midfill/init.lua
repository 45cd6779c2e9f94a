--- The plugin's face: `setup()`, what keys do, and the wiring. See `:help midfill`.
local client = require('midfill.client')
local config = require('midfill.config')
local messages = require('midfill.messages')
local session = require('midfill.session')

local api = vim.api

local M = {}

---@param bufnr integer
local function attach(bufnr)
  require('midfill.keys').attach(bufnr)
end

---Neovim's own inline completion follows the server's capability, known once it is ready.
---@param bufnr integer
local function ready(bufnr)
  if config.values.ui == 'builtin' and client.serves(bufnr) then
    require('midfill.builtin').enable(bufnr, true)
  end
  session.refresh()
end

---@param bufnr integer
local function detach(bufnr)
  if bufnr == api.nvim_get_current_buf() then
    session.clear()
  end
  require('midfill.keys').detach(bufnr)
end

local function watch()
  local group = api.nvim_create_augroup('midfill', { clear = true })
  ---@param events string|string[]
  ---@param callback fun(event: table)
  ---@param pattern? string
  local function on(events, callback, pattern)
    api.nvim_create_autocmd(events, { group = group, callback = callback, pattern = pattern })
  end

  on('FileType', function(event)
    client.retype(event.buf)
  end)
  on({ 'BufFilePost', 'BufWritePost', 'BufReadPost', 'BufNewFile' }, function(event)
    client.attach(event.buf)
  end)
  on('BufUnload', function(event)
    client.detach(event.buf)
  end)
  on('BufEnter', function(event)
    if client.serves(event.buf) then
      client.notify('textDocument/didFocus', {
        textDocument = { uri = vim.uri_from_bufnr(event.buf) },
      })
    end
    require('midfill.status').announce()
  end)
  on({ 'TextChangedI', 'CursorMovedI', 'TextChangedP' }, session.update)
  -- Before these events are over, the mode and the menu are still the old ones.
  on({ 'InsertEnter', 'CompleteChanged', 'CompleteDone' }, vim.schedule_wrap(session.update))
  on({ 'InsertLeave', 'BufLeave', 'WinLeave' }, session.clear)
  on('CursorMoved', require('midfill.rest').moved)
  on('LspAttach', function(event)
    client.look_for_second(event.data.client_id)
  end)
  on('VimLeavePre', client.leave)
  on('ColorScheme', require('midfill.ghost').highlight)
end

---Start midfill. Nothing of it runs before this call.
---@param user? table see |midfill-settings|
function M.setup(user)
  if vim.fn.has('nvim-0.10') == 0 then
    messages.tell('Neovim 0.10 or newer is needed', vim.log.levels.ERROR)
    return
  end
  for _, problem in ipairs(config.apply(user)) do
    messages.tell(problem, vim.log.levels.WARN)
  end
  client.on = {
    change = require('midfill.status').announce,
    more = session.more,
    attach = attach,
    ready = function(_, bufnr)
      ready(bufnr)
    end,
    detach = detach,
  }
  require('midfill.ghost').highlight()
  watch()
  for _, bufnr in ipairs(api.nvim_list_bufs()) do
    client.attach(bufnr)
  end
end

---Turn midfill on or off, everywhere or for the current buffer or its filetype. Where it is off,
---the server is told that the files were closed: it gets no text and no requests.
---@param on boolean
---@param scope? midfill.Scope
function M.enable(on, scope)
  config.switch(scope or 'all', api.nvim_get_current_buf(), on)
  for _, bufnr in ipairs(api.nvim_list_bufs()) do
    if config.silent(bufnr) then
      client.detach(bufnr)
    else
      client.attach(bufnr)
    end
  end
  session.refresh()
  require('midfill.status').announce()
end

---@return boolean
local function is_builtin()
  return config.values.ui == 'builtin'
end

---Whether an action has anything to act on now; keys fall back when it has not.
---@param action string
---@return boolean
function M.can(action)
  if config.silent(api.nvim_get_current_buf()) then
    return false
  elseif is_builtin() then
    local known = action == 'accept' or action == 'next' or action == 'prev'
    return known and require('midfill.builtin').is_visible()
  elseif action == 'next' or action == 'prev' then
    return client.serves(api.nvim_get_current_buf()) and vim.fn.pumvisible() == 0
  end
  return session.is_visible()
end

---Insert the whole suggestion.
---@return boolean # false when there is none
function M.accept()
  if is_builtin() then
    return require('midfill.builtin').accept()
  end
  return session.accept('all')
end

---Insert the suggestion up to the end of its line.
---@return boolean
function M.accept_line()
  return session.accept('line')
end

---Insert the suggestion's next word.
---@return boolean
function M.accept_word()
  return session.accept('word')
end

---Show the next suggestion, or ask for one where none is shown.
function M.next()
  if is_builtin() then
    require('midfill.builtin').cycle(1)
  else
    session.cycle(1)
  end
end

---Show the previous suggestion.
function M.prev()
  if is_builtin() then
    require('midfill.builtin').cycle(-1)
  else
    session.cycle(-1)
  end
end

---Hide the suggestion until the text or the cursor changes.
function M.dismiss()
  session.dismiss()
end

---Whether ghost text is on the screen, for mappings of your own.
---@return boolean
function M.is_visible()
  return is_builtin() and require('midfill.builtin').is_visible() or session.is_visible()
end

---A word or two for the statusline; `User MidfillStatus` fires when it changes.
---@param bufnr? integer
---@return string
function M.status(bufnr)
  return require('midfill.status').text(bufnr)
end

---The same as a table.
---@param bufnr? integer
---@return midfill.State
function M.state(bufnr)
  return require('midfill.status').state(bufnr)
end

return M
