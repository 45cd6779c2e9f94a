--- What the server answered, tied to the place in the buffer that was asked about.
---
--- The row is held by an extmark, so lines added above do no harm. Columns and neighbours are
--- held as text: a suggestion whose surroundings changed has no rest and is not shown.
local text = require('midfill.text')

local api = vim.api
local namespace = api.nvim_create_namespace('midfill.place')

---@class midfill.Question
---@field bufnr integer
---@field mark integer extmark on the row that was asked about
---@field row integer that row as the server knows it
---@field line string its text when the request left
---@field col integer byte column of the cursor then
---@field encoding string

---@class midfill.Item
---@field mark integer extmark on the row that it starts in
---@field head string what stood before its start on that row
---@field text string the whole text, from its start on
---@field tail string what stood after the cursor
---@field over integer bytes of `tail` that it replaces
---@field raw table the protocol's item, for notifications
---@field told? boolean the server knows that it was shown

local M = {}

---@param bufnr integer
---@param row integer
---@param col integer
---@param encoding string
---@return midfill.Question
function M.question(bufnr, row, col, encoding)
  return {
    bufnr = bufnr,
    mark = api.nvim_buf_set_extmark(bufnr, namespace, row, 0, { right_gravity = false }),
    row = row,
    line = api.nvim_buf_get_lines(bufnr, row, row + 1, true)[1],
    col = col,
    encoding = encoding,
  }
end

---@param question midfill.Question
function M.forget(question)
  if api.nvim_buf_is_valid(question.bufnr) then
    api.nvim_buf_del_extmark(question.bufnr, namespace, question.mark)
  end
end

---@param bufnr integer
---@param items midfill.Item[]
function M.forget_items(bufnr, items)
  if api.nvim_buf_is_valid(bufnr) then
    for _, item in ipairs(items) do
      api.nvim_buf_del_extmark(bufnr, namespace, item.mark)
    end
  end
end

---@param question midfill.Question
---@param raw table
---@return midfill.Item? # nil for what cannot be ghost text: snippets, ranges off the line
local function item(question, raw)
  if type(raw.insertText) ~= 'string' then
    return nil
  end
  local line, col = question.line, question.col
  local from, to = col, col
  if raw.range then
    local first, last = raw.range.start, raw.range['end']
    if first.line ~= question.row or last.line ~= question.row then
      return nil
    end
    from = text.byte_column(line, first.character, question.encoding)
    to = text.byte_column(line, last.character, question.encoding)
  end
  if from > col or to < col then
    return nil
  end
  local whole = text.to_buffer(raw.insertText, line)
  local over = line:sub(col + 1, to)
  if over ~= '' and vim.endswith(whole, over) then
    -- It puts back what it replaces, a closing bracket say: leave that alone.
    whole, over = whole:sub(1, -#over - 1), ''
  end
  return {
    mark = question.mark,
    head = line:sub(1, from),
    text = whole,
    tail = line:sub(col + 1),
    over = #over,
    raw = raw,
  }
end

---@param question midfill.Question
---@param result any an InlineCompletionList, a list of items, or nil
---@return midfill.Item[] # the question is forgotten when there are none
function M.items(question, result)
  local items = {} ---@type midfill.Item[]
  if type(result) == 'table' then
    for _, raw in ipairs(result.items or result) do
      items[#items + 1] = item(question, raw)
    end
  end
  if #items == 0 then
    M.forget(question)
  end
  return items
end

---What of an item is still to come at the cursor.
---@param bufnr integer
---@param of midfill.Item
---@param row integer the cursor's
---@param col integer
---@return string? rest nil when the item does not fit the buffer any more
function M.rest(bufnr, of, row, col)
  local mark = api.nvim_buf_get_extmark_by_id(bufnr, namespace, of.mark, {})
  local start, from = mark[1], #of.head
  if not start or start > row or (start == row and from > col) then
    return nil
  end
  local lines = api.nvim_buf_get_lines(bufnr, start, row + 1, false)
  if lines[1]:sub(1, from) ~= of.head or lines[#lines]:sub(col + 1) ~= of.tail then
    return nil
  end
  lines[#lines] = lines[#lines]:sub(1, col)
  lines[1] = lines[1]:sub(from + 1)
  local typed = table.concat(lines, '\n')
  if not vim.startswith(of.text, typed) then
    return nil
  end
  return of.text:sub(#typed + 1)
end

return M
