--- One suggestion at a time, for the cursor of the current buffer: ask, show, type through it,
--- take it or leave it.
---
--- A suggestion is judged by the text around the cursor alone: it holds while what stands between
--- its start and the cursor is how it begins, and nothing else on these lines has changed. So a
--- late answer is either still right or not shown, and an accept can never overwrite anything.
local answers = require('midfill.answers')
local client = require('midfill.client')
local config = require('midfill.config')
local ghost = require('midfill.ghost')
local text = require('midfill.text')

local api = vim.api
local METHOD = 'textDocument/inlineCompletion'
local INVOKED, AUTOMATIC = 1, 2

---@class midfill.Pending
---@field id? integer the request's id
---@field question midfill.Question

---@class midfill.Shown
---@field bufnr integer
---@field items midfill.Item[]
---@field index integer

local M = {}

---@type midfill.Shown?
local shown = nil
---@type midfill.Pending?
local pending = nil
---@type string? the buffer, its changedtick and the cursor that were last looked at
local seen = nil
---@type boolean the server has more to say than the request in flight may bring
local ask_again = false
---@type boolean hidden by the user until something is typed
local dismissed = false

---@return integer row
---@return integer col byte column
local function cursor()
  local at = api.nvim_win_get_cursor(0)
  return at[1] - 1, at[2]
end

---@param bufnr integer
---@return string
local function place(bufnr)
  local row, col = cursor()
  return ('%d:%d:%d:%d'):format(bufnr, api.nvim_buf_get_changedtick(bufnr), row, col)
end

---@return boolean
local function is_wanted()
  return api.nvim_get_mode().mode:sub(1, 1) == 'i'
    and config.values.ui == 'own'
    and vim.fn.pumvisible() == 0
    and vim.fn.reg_executing() == ''
    and not config.silent(api.nvim_get_current_buf())
    and client.serves(api.nvim_get_current_buf())
end

local function cancel()
  if pending then
    if pending.id then
      client.cancel(pending.id)
    end
    answers.forget(pending.question)
    pending = nil
    client.on.change()
  end
end

local function drop_shown()
  if shown then
    answers.forget_items(shown.bufnr, shown.items)
    shown = nil
  end
  ghost.hide()
end

---Show nothing and want nothing.
function M.clear()
  cancel()
  drop_shown()
  seen, ask_again = nil, false
end

---The shown item and what of it is not in the buffer yet.
---@return midfill.Item?
---@return string? rest
local function current()
  if not shown or shown.bufnr ~= api.nvim_get_current_buf() then
    return nil
  end
  local item = shown.items[shown.index]
  local row, col = cursor()
  return item, answers.rest(shown.bufnr, item, row, col)
end

---Draw the shown suggestion at the cursor, or another of the answer that still holds.
---@param count? boolean also show which of how many it is
---@return boolean # false when none holds
local function draw(count)
  if not shown then
    return false
  end
  local row, col = cursor()
  local n = #shown.items
  for step = 0, n - 1 do
    local index = (shown.index - 1 + step) % n + 1
    local item = shown.items[index]
    local rest = answers.rest(shown.bufnr, item, row, col)
    if rest and rest ~= '' then
      shown.index = index
      ghost.show(shown.bufnr, row, col, rest, count and (' (%d/%d)'):format(index, n) or nil)
      if not item.told then
        item.told = true
        client.notify('textDocument/didShowCompletion', { item = item.raw })
      end
      return true
    end
  end
  return false
end

---Put an answer on the screen.
---@param bufnr integer
---@param items midfill.Item[]
local function show(bufnr, items)
  drop_shown()
  shown = { bufnr = bufnr, items = items, index = 1 }
  if not draw() then
    drop_shown()
  end
end

---Take a second answer only as far as it extends what is on the screen.
---@param bufnr integer
---@param items midfill.Item[]
local function extend(bufnr, items)
  local _, old = current()
  local row, col = cursor()
  for index, item in ipairs(items) do
    local new = answers.rest(bufnr, item, row, col)
    if old and new and #new > #old and vim.startswith(new, old) then
      drop_shown()
      shown = { bufnr = bufnr, items = items, index = index }
      draw()
      return
    end
  end
  answers.forget_items(bufnr, items)
end

---Add the answers to an explicit request to those known, and show the next one.
---@param bufnr integer
---@param items midfill.Item[]
local function add(bufnr, items)
  local _, old = current()
  local row, col = cursor()
  local known = {} ---@type table<string, true>
  for _, item in ipairs(shown and shown.items or {}) do
    known[answers.rest(bufnr, item, row, col) or ''] = true
  end
  for _, item in ipairs(items) do
    local rest = answers.rest(bufnr, item, row, col)
    if old and shown and rest and not known[rest] then
      known[rest] = true
      table.insert(shown.items, item)
    end
  end
  if shown and #shown.items > 1 then
    shown.index = shown.index % #shown.items + 1
    draw(true)
  end
end

---@param kind integer
---@param take fun(bufnr: integer, items: midfill.Item[])
local function ask(kind, take)
  cancel()
  local bufnr = api.nvim_get_current_buf()
  local row, col = cursor()
  local encoding = client.encoding()
  local question = answers.question(bufnr, row, col, encoding)
  local mine = { question = question } ---@type midfill.Pending
  pending = mine
  ask_again = false
  mine.id = client.request(bufnr, METHOD, {
    textDocument = { uri = vim.uri_from_bufnr(bufnr) },
    position = { line = row, character = text.length(question.line:sub(1, col), encoding) },
    context = { triggerKind = kind },
  }, function(err, result)
    if pending ~= mine then
      return
    end
    pending = nil
    if not err and bufnr == api.nvim_get_current_buf() and is_wanted() then
      take(bufnr, answers.items(question, result))
    else
      answers.forget(question)
    end
    client.on.change()
    if ask_again and is_wanted() then
      ask(AUTOMATIC, shown and extend or show)
    end
  end)
  if not mine.id then
    cancel()
  end
  client.on.change()
end

---Look at the buffer and the cursor: keep, move, hide or ask. Called on every event that may
---have changed one of them, and cheap when nothing did.
function M.update()
  if not is_wanted() then
    M.clear()
    return
  end
  local now = place(api.nvim_get_current_buf())
  if now == seen then
    return
  end
  seen = now
  dismissed = false
  if draw() then
    if ask_again and not pending then
      ask(AUTOMATIC, extend)
    end
    return
  end
  drop_shown()
  ask(AUTOMATIC, show)
end

---Look again although nothing changed here: the server became ready, say.
function M.refresh()
  if not shown and not dismissed then
    seen = nil
  end
  M.update()
end

---The server's answer for a document has grown.
---@param uri string
---@param version? integer
function M.more(uri, version)
  local bufnr = api.nvim_get_current_buf()
  if not config.values.growing or dismissed or not is_wanted() then
    return
  elseif uri ~= vim.uri_from_bufnr(bufnr) then
    return
  elseif pending or seen ~= place(bufnr) then
    ask_again = true -- by the answer, or by the update that is about to come
  elseif shown then
    ask(AUTOMATIC, extend)
  elseif not version or version == client.version(bufnr) then
    ask(AUTOMATIC, show)
  end
end

---Whether there is something to accept or dismiss.
---@return boolean
function M.is_visible()
  local _, rest = current()
  return rest ~= nil and rest ~= '' and vim.fn.pumvisible() == 0
end

---@return boolean
function M.is_waiting()
  return pending ~= nil
end

---Put the leading piece of the suggestion into the buffer.
---@param part midfill.Part
---@return boolean # false when there is nothing to accept
function M.accept(part)
  local item, rest = current()
  if not item or not rest or rest == '' then
    return false
  end
  local bufnr = api.nvim_get_current_buf()
  local row, col = cursor()
  local piece = text.piece(rest, part)
  local whole = piece == rest
  local lines = vim.split(piece, '\n', { plain = true })
  api.nvim_buf_set_text(bufnr, row, col, row, col + (whole and item.over or 0), lines)
  api.nvim_win_set_cursor(0, {
    row + #lines,
    (#lines == 1 and col or 0) + #lines[#lines],
  })
  if whole then
    drop_shown()
    if item.raw.command then
      client.request(bufnr, 'workspace/executeCommand', {
        command = item.raw.command.command,
        arguments = item.raw.command.arguments,
      }, function() end)
    end
  else
    draw()
    client.notify('textDocument/didPartiallyAcceptCompletion', {
      item = item.raw,
      acceptedLength = text.length(item.text:sub(1, #item.text - #rest + #piece), 'utf-16'),
    })
  end
  return true
end

---Show another suggestion: the next of the answer, or after the last known one, what the server
---has when asked explicitly.
---@param step integer 1 or -1
function M.cycle(step)
  if not is_wanted() then
    return
  elseif not shown then
    dismissed = false
    seen = place(api.nvim_get_current_buf())
    ask(INVOKED, show)
  elseif #shown.items > 1 then
    shown.index = (shown.index - 1 + step) % #shown.items + 1
    draw(true)
  else
    ask(INVOKED, add)
  end
end

---Hide the suggestion until the text or the cursor changes.
function M.dismiss()
  cancel()
  drop_shown()
  dismissed = true
end

return M
